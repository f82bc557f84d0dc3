"""The figure as a value: order and heights of rows, the example's marks, tails, folded lines, the caption's lines."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from nomograms import Nomogram
from nomograms.example import example_of
from nomograms.layout import LENGTH, MARGIN, WIDTH
from nomograms.sheet import BETWEEN, sheet_of, texts_of
from tests.nomograms.hand_made import hand_made


def measure(text):
    return 1.5 * len(text)


def sheet(nomogram, patient=None):
    return sheet_of(nomogram, example_of(nomogram, patient), measure, measure)


def test_rows_from_top_to_bottom(simple):
    rows = sheet(simple).rows
    assert [row.kind for row in rows] == ["points", "predictor", "predictor", "total", "risk", "risk"]
    assert [row.label[0] for row in rows[:4]] == ["Points", "Age, years", "Sex", "Total points"]
    assert " ".join(rows[4].label).replace("\u00a0", " ") == "Risk of progression or death by 12 months, %"
    assert rows[2].note == ("reference: F",)
    assert rows[1].note == ()


@pytest.mark.parametrize("fixture", ["mgus2_model", "gbsg_model", "crossed_model", "folded_model"])
def test_rows_never_share_height(fixture, request):
    nomogram = Nomogram(request.getfixturevalue(fixture), limits="centiles")
    page = sheet(nomogram)
    edges = [(row.y - row.above, row.y + row.below) for row in page.rows]
    assert edges[0][0] >= MARGIN - 1e-9
    assert all(below[0] - above[1] >= BETWEEN - 1e-9 for above, below in itertools.pairwise(edges))
    assert page.caption_top > edges[-1][1]
    assert page.height > page.caption_top
    assert all(measure(line) <= WIDTH - 2 * MARGIN for line in page.caption)


def test_the_example_stands_where_its_points_are(simple):
    page = sheet(simple, {"age": 66.5, "sex": "M"})
    assert page.heading == "Patient"
    points, age, sex, total, *risks = page.rows
    assert (points.entry, points.mark) == ("", None)
    assert (age.entry, age.mark) == ("73.0", pytest.approx(0.73 * LENGTH))
    assert (sex.entry, sex.mark) == ("25.0", pytest.approx(0.25 * LENGTH))
    assert (total.entry, total.mark) == ("98.0", pytest.approx(98 / 130 * LENGTH))
    assert [row.mark for row in risks] == [total.mark, total.mark]
    assert risks[1].entry == f"{100 * simple.risk(98.0)[60]:.0f} %"
    assert sheet(simple).heading == "Example"


def test_only_the_axis_that_fits_the_patient_is_marked(crossed_model):
    patient = {"age": 33, "therapy": "yes", "gradef": "3", "size": 45, "nodes": 9}
    rows = sheet(Nomogram(crossed_model), patient).rows
    entries = {" ".join(row.label).replace("\u00a0", " "): row.entry for row in rows if row.kind == "predictor"}
    assert entries["Age, years (Hormonal therapy = no)"] == ""
    assert entries["Age, years (Hormonal therapy = yes)"] != ""


def test_a_value_on_a_second_line_is_marked_there(folded_model):
    young, old = (
        {"age": age, "therapy": "no", "gradef": "2", "size": 25, "nodes": 3, "pgr": 30} for age in (30.0, 75.0)
    )
    for patient, line in ((young, 0), (old, 1)):
        rows = [row for row in sheet(Nomogram(folded_model), patient).rows if row.kind == "predictor"][:2]
        assert [row.mark is not None for row in rows] == [line == 0, line == 1]
    assert rows[1].label == ("(continued)",)


def test_tails_point_to_where_the_values_go():
    """Rising creatinine goes on to the right, a protective one to the left; complete axes have none."""
    frame = pd.DataFrame({"creat": np.concatenate([np.linspace(0.5, 2.5, 199), [22.0]])})
    declared = {"creat": {"kind": "numeric", "unit": "mg/dL"}}
    for coefficient, tails in ((1.0, (False, True)), (-1.0, (True, False))):
        nomogram = Nomogram(hand_made([coefficient], frame, declared), limits="centiles")
        assert sheet(nomogram).rows[1].tails == tails
        assert any("Arrows" in line for line in sheet(nomogram).caption)
    assert sheet(Nomogram(hand_made([1.0], frame, declared), limits="rms")).rows[1].tails == (False, False)


def test_long_labels_are_broken_into_the_column():
    declared = {
        "age": {
            "kind": "numeric",
            "unit": "years",
            "label": {"en": "Age of the patient at the time of the first biopsy"},
        },
        "sex": {"kind": "binary", "levels": ["F", "M"]},
    }
    rows = sheet(Nomogram(hand_made([0.04, 0.5], declared=declared))).rows
    assert len(rows[1].label) >= 3
    assert rows[1].above >= 1.5 * len(rows[1].label)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_font_is_chosen_by_everything_that_is_written(folded_model, language):
    """No character of the sheet may be missing from the texts by which the font is chosen."""
    nomogram = Nomogram(folded_model, limits="centiles", language=language)
    example = example_of(nomogram, None)
    known = set("".join(texts_of(nomogram, example))) | {"\n"}
    page = sheet_of(nomogram, example, measure, measure)
    written = [*page.caption, page.heading]
    for row in page.rows:
        written += [*row.label, *row.note, row.entry, *(label.text for label in row.strip.labels)]
    assert set("".join(written)) <= known
