"""The nomogram on a page: the shared paper and a patient's marks make the same figure as one drawing, in any order."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from cohorts import Cohort
from cohorts.errors import RunError
from nomograms import Nomogram, page_drawing
from nomograms.drawing import UNDER, drawn_parts, title_of
from nomograms.example import example_of
from nomograms.sheet import sheet_of
from prognosis import Study
from prognosis.models import Cox
from tests.nomograms.conftest import DEATH
from tests.nomograms.hand_made import hand_made

YOUNG, OLD = {"age": 35.0, "sex": "F"}, {"age": 75.0, "sex": "M"}


@pytest.fixture(scope="module")
def nomogram() -> Nomogram:
    return Nomogram(hand_made([0.04, 0.5]))


def marks(svg: str) -> Counter[str]:
    """Count everything that is drawn: paths that are no definitions, and where glyphs and markers stand."""
    drawn = re.sub(r"<defs>.*?</defs>", "", svg, flags=re.DOTALL)
    return Counter(re.findall(r'<path d="[^"]*"|<use [^>]*x="[^"]*" y="[^"]*"|<use [^>]*>|transform="[^"]*"', drawn))


def test_two_layers_are_one_figure(nomogram: Nomogram) -> None:
    whole = drawn_parts(nomogram, example_of(nomogram, OLD), "svg", title_of(nomogram), caption=False).decode()
    layered = nomogram.svg(OLD, caption=False)
    assert marks(layered) == marks(whole)
    ET.fromstring(layered)


def test_a_page_has_the_risk_lines_of_its_patients_stratum(mgus2: Cohort) -> None:
    """Also on the shared paper: each stratum's own, whoever was drawn first."""
    stratified = Nomogram(Study(mgus2, DEATH, ["age", "hgb"]).fit(Cox(strata=["sex"])), horizons=[60])
    for sex in "FMF":
        patient = {"age": 70, "sex": sex, "hgb": 11}
        example = example_of(stratified, patient)
        (row,) = (row for row in sheet_of(stratified, example, len, None).rows if row.kind == "risk")
        assert " ".join(row.label).endswith(f"(sex\u00a0=\u00a0{sex})")
        whole = drawn_parts(stratified, example, "svg", title_of(stratified), caption=False).decode()
        assert marks(stratified.svg(patient, caption=False)) == marks(whole)


def test_drop_lines_lie_behind_the_lettering(nomogram: Nomogram) -> None:
    svg = nomogram.svg(OLD, caption=False)
    assert svg.index('id="patch_1"') < svg.index(f'id="{UNDER}"') < svg.index('id="text_1"')


def test_a_patient_is_drawn_the_same_whoever_came_before(nomogram: Nomogram) -> None:
    first, second = (nomogram.svg(patient, caption=False) for patient in (YOUNG, OLD))
    page_drawing._paper.cache_clear()
    assert [nomogram.svg(patient, caption=False) for patient in (OLD, YOUNG)] == [second, first]
    assert first != second


def test_a_drawing_without_a_place_is_refused(nomogram: Nomogram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_drawing, "SHEET", b"no such thing")
    with pytest.raises(RunError, match="R42"):
        nomogram.svg(OLD, caption=False)
