"""The made-up radiomic cohorts hold what they promise, and the examples' pages print what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cohorts.errors import ImageError
from imaging_head.radiomic_names import ORIGINAL
from imaging_head.simulated_radiomics import simulate_radiomics
from prognosis.models import Cox

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "examples").glob("radiomics_*/README.md"))


def test_the_share_and_the_effect_are_those_asked_for():
    made = simulate_radiomics(600, 7, effect=1.0, share=0.3)
    assert made.features == list(ORIGINAL)
    assert 0.24 < made.table["event"].mean() < 0.42
    y = np.zeros(600, [("event", int), ("time", float)])
    y["event"], y["time"] = made.table["event"], made.table["months"]
    found = Cox().fit(made.truth[["heterogeneity"]], y)
    assert found.estimate_.coefficients[0] == pytest.approx(1.0, abs=0.25)
    common = np.corrcoef(made.table["original_shape_Elongation"], made.truth["heterogeneity"])[0, 1]
    assert common == pytest.approx(0.8, abs=0.05)


def test_scanners_shift_and_scale_and_a_patient_depends_on_nobody_else():
    one, two = simulate_radiomics(80, 3, scanners=2), simulate_radiomics(40, 3, scanners=2)
    assert one.table.iloc[:40].equals(two.table)
    right = simulate_radiomics(80, 3)
    first = (one.table["scanner"] == "A").to_numpy()
    assert one.table.loc[first, one.features].equals(right.table.loc[first, right.features])
    name = "original_firstorder_Mean"
    straight = np.polyfit(right.table.loc[~first, name], one.table.loc[~first, name], 1)
    np.testing.assert_allclose(np.polyval(straight, right.table.loc[~first, name]), one.table.loc[~first, name])
    assert straight[0] > 1.1
    assert len(one.cohort(slice(0, 30))) == 30
    with pytest.raises(ImageError, match="scanners=0") as caught:
        simulate_radiomics(10, scanners=0)
    assert caught.value.code == "I84"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_the_pages_print_what_was_measured(page):
    """Every number with three digits of a page's tables stands in the committed results."""
    measured = json.loads((ROOT / "benchmarks" / "results" / "radiomics_examples.json").read_text(encoding="utf-8"))
    name = page.parent.name.removeprefix("radiomics_")
    runs = {effect: run["found"] for effect, run in measured.items() if effect.startswith(name)}
    assert runs
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert len(next(page.parent.glob("*.py")).read_text(encoding="utf-8").splitlines()) <= 45
    for found in runs.values():
        for line in found:
            shown = line if isinstance(line, str) else f"{line.get('corrected', line.get('estimate')):.2f}".lstrip("0")
            assert shown in text
