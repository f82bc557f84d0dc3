"""The words of the figure: both languages, numbers, user texts, the example's sum, the caption."""

from __future__ import annotations

import math
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomograms import Nomogram
from nomograms.caption import caption_of
from nomograms.example import example_of, in_words, rounded_parts
from nomograms.wording import SENTENCES, number, outcome_label, percent, plain, time_text, value_text
from tests.nomograms.hand_made import hand_made


@pytest.mark.parametrize("key", SENTENCES)
def test_both_languages_ask_for_the_same_values(key):
    english, chinese = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in SENTENCES[key])
    assert english == chinese


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.30000000000000004, "0.3"), (12.0, "12"), (-2.5, "−2.5"), (1000000.0, "1000000"), (1e-4, "0.0001")],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("risk", "text"),
    [(0.0, "<0.1"), (0.004, "0.4"), (0.0096, "1"), (0.45, "45"), (0.9904, "99"), (0.995, "99.5"), (0.99999, ">99.9")],
)
def test_risks_are_never_written_as_nought_or_certain(risk, text):
    assert percent(risk) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  a \n b\t c ", "a b c"),
        ("$\\frac{$", "$\\frac{$"),
        ("abc\u202edef", "abc<U+202E>def"),
        ("nul\x00", "nul<U+0000>"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_user_texts_show_what_they_are(text, shown):
    assert plain(text) == shown


def test_values_as_declared():
    assert value_text("IgG kappa") == "IgG kappa"
    assert value_text(np.float64(13.1)) == "13.1"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("progression_or_death", "Risk of progression or death by 60 months, %"),
        ("pfs", "Risk of the event (pfs) by 60 months, %"),
        ("event_free_survival", "Risk of the event (event free survival) by 60 months, %"),
    ],
)
def test_names_of_endpoints_that_name_no_event(name, label):
    assert outcome_label(name, "60 months", "en").replace("\u00a0", " ") == label
    assert name.replace("_", " ") in outcome_label(name, "60个月", "zh")


@given(st.lists(st.floats(-200, 200), min_size=1, max_size=12))
def test_printed_points_add_up_to_the_printed_total(parts):
    shown = [float(text.replace("−", "-")) for text in rounded_parts(parts)]
    assert round(sum(shown), 6) == pytest.approx(round(sum(parts), 1), abs=0.0501)
    assert all(abs(a - b) <= 0.1 + 1e-9 for a, b in zip(shown, parts, strict=True))
    assert all("." in text for text in rounded_parts(parts))


def test_largest_remainders_by_hand():
    """Three times 0.04 is 0.12 or 0.1; the first of equal remainders gets the tenth."""
    assert rounded_parts([0.04, 0.04, 0.04]) == ["0.1", "0.0", "0.0"]
    assert rounded_parts([10.0, -2.5]) == ["10.0", "−2.5"]


def test_the_sum_in_words_by_hand(simple):
    words = in_words(simple, example_of(simple, {"age": 66.5, "sex": "M"}))
    risk12, risk60 = (f"{100 * risk:.0f}" for risk in simple.risk(98.0))
    assert words.replace("\u00a0", " ") == (
        f"Patient: Age 66.5 years (73.0) + Sex M (25.0) = 98.0 points; risk of the event {risk12} % by 12 months, "
        f"{risk60} % by 60 months."
    )


def test_without_a_patient_the_example_is_a_typical_one_and_says_so(simple):
    example = example_of(simple, None)
    assert example.values == {"age": 55.0, "sex": "F"}
    assert in_words(simple, example).startswith(
        "Example (a typical patient: median of each number, commonest category)"
    )


def test_partners_stand_beside_the_predictor_that_carries_their_points(crossed_model):
    patient = {"age": 33, "therapy": "yes", "gradef": "3", "size": 45, "nodes": 9}
    nomogram = Nomogram(crossed_model)
    words = in_words(nomogram, example_of(nomogram, patient))
    assert f"Age 33 years with Hormonal therapy yes ({nomogram.points(patient)['age']:.1f})" in words


def test_the_caption_tells_where_the_figure_comes_from(simple):
    caption = " ".join(caption_of(simple, example_of(simple, None))).replace("\u00a0", " ")
    parts = [
        "How to read: find",
        "102 patients with 40 events",
        "Endpoint: progression or death",
        "time zero: diagnosis",
        "risk by 12, 60 months",
        "Model of 2026-01-31, hash 01234567.",
        "nearest half millimetre (figure 180 mm wide)",
        f"at most {math.ceil(1000 * simple.reading_error.largest) / 10:.1f} percentage points",
        "over 2,000 combinations",
    ]
    for part in parts:
        assert part in caption
    assert "brackets" not in caption
    assert "folds" not in caption
    assert "Arrows" not in caption
    assert "Grey bars on the lines: how the patients of the cohort are spread." in caption
    assert "gives no interval of its risks" in caption


def test_the_caption_explains_only_what_is_drawn(crossed_model, folded_model):
    crossed, folded = (Nomogram(model, limits="centiles") for model in (crossed_model, folded_model))
    assert "name another characteristic in brackets" in caption_of(crossed, example_of(crossed, None))[0]
    assert "folds" not in caption_of(crossed, example_of(crossed, None))[0]
    caption = caption_of(folded, example_of(folded, None))
    assert "Where a curve folds back" in caption[0]
    extremes = folded.points({"nodes": 51})["nodes"]
    assert f"Positive nodes: 51 = {extremes:.1f} points" in caption[2]
    assert "Progesterone receptor, fmol/l: 2380 = −" in caption[2]


def test_chinese_sentences_use_the_chinese_labels():
    nomogram = Nomogram(hand_made([0.04, 0.5]), language="zh")
    caption = caption_of(nomogram, example_of(nomogram, {"age": 66.5, "sex": "M"}))
    assert caption[1].startswith("患者：年龄 66.5 岁（73.0） + 性别 M（25.0） = 98.0分；")
    assert "60\u00a0" not in caption[1]
    assert "102例患者" in caption[3]


def test_one_year_is_no_years():
    assert [time_text(t, "years", "en") for t in (1.0, 1.5, 3.0)] == ["1\u00a0year", "1.5\u00a0years", "3\u00a0years"]
    assert time_text(1.0, "months", "zh") == "1个月"
    assert time_text(1.0, "visits", "en") == "1\u00a0visits"
