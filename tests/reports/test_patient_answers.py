"""Risks at the horizons, what is said where there is none, and the curve with its ticks."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis import FittedModel
from reports.patient_answers import axis_ticks
from tests.reports.conftest import PREDICTORS
from tests.reports.test_patient import PATIENT, page_of


def test_beyond_the_follow_up_there_is_a_reason_and_no_number(model: FittedModel) -> None:
    far = dataclasses.replace(model, horizons=(60.0, 500.0))
    near, beyond = page_of(far).answers
    assert near.people is not None
    assert (beyond.risk, beyond.people, beyond.cohort, beyond.event_count) == (None, None, None, "")
    assert (
        beyond.reason
        == "No number can be given: no patient the model was made from was followed longer than 424 months."
    )
    json.dumps(page_of(far).to_dict(), allow_nan=False)
    assert "424" in page_of(far, language="zh").answers[1].reason


def test_few_at_risk_is_remarked(model: FittedModel) -> None:
    late = dataclasses.replace(model, horizons=(60.0, 400.0))
    left = model.follow_up.number_at_risk(400.0)
    assert left < 10
    near, sparse = page_of(late).answers
    assert near.remarks == ()
    assert f"only {left} of the patients" in sparse.remarks[0]


def test_the_curve_is_the_models_and_agrees_with_the_answers(model: FittedModel) -> None:
    page = page_of(model)
    curve = model.curve({name: PATIENT[name] for name in PREDICTORS})
    np.testing.assert_array_equal(page.curve.risk, curve.risk)
    np.testing.assert_array_equal(page.curve.lower, curve.lower)
    assert (page.curve.time[0], page.curve.risk[0]) == (0.0, 0.0)
    for answer in page.answers:
        place = np.searchsorted(page.curve.time, answer.horizon, side="right") - 1
        assert page.curve.risk[place] == pytest.approx(answer.risk, abs=1e-12)
    assert page.curve.ticks == (0.0, 60.0, 120.0, 180.0, 240.0)
    assert page.curve.at_risk[0] == model.n
    assert list(page.curve.at_risk) == sorted(page.curve.at_risk, reverse=True)
    np.testing.assert_allclose(page.curve.cohort_risk[1:], 1 - model.follow_up.survival)


@pytest.mark.parametrize(
    ("horizons", "follow_up", "unit", "ticks"),
    [
        ((12, 24, 36), 60, "months", (0, 6, 12, 18, 24, 30, 36)),
        ((60,), 100, "months", (0, 10, 20, 30, 40, 50, 60)),
        ((1, 3, 5), 8, "years", (0, 1, 2, 3, 4, 5)),
        ((60, 500), 100, "months", (0, 20, 40, 60, 80, 100)),
        ((60, 100), 90, "months", (0, 15, 30, 45, 60, 75, 90)),
        ((7, 11), 20, "years", (0, 2, 4, 6, 8, 10)),
        ((12, 36, 60, 120, 240, 420), 424, "months", (0, 120, 240, 360)),
        ((90, 365), 400, "days", (0, 100, 200, 300)),
    ],
)
def test_ticks_meet_the_horizons(
    horizons: tuple[float, ...], follow_up: float, unit: str, ticks: tuple[float, ...]
) -> None:
    assert axis_ticks(horizons, follow_up, unit) == ticks


@given(st.lists(st.floats(0.1, 5000), min_size=1, max_size=6), st.floats(1, 5000), st.sampled_from(["months", "days"]))
def test_laws_of_ticks(horizons: list[float], follow_up: float, unit: str) -> None:
    ticks = axis_ticks(tuple(horizons), follow_up, unit)
    assert ticks[0] == 0
    assert 1 <= len(ticks) - 1 <= 6
    assert ticks[-1] <= min(max(horizons), follow_up) * (1 + 1e-9)


def test_a_long_origin_is_cut_below_the_axis_only(model: FittedModel) -> None:
    long = dataclasses.replace(model, endpoint=dataclasses.replace(model.endpoint, origin="day " * 30))
    page = page_of(long)
    assert page.curve.time_label == "months since " + ("day " * 30)[:28] + "…"
    assert ("day " * 30) in dict(page.about)["Time runs from"]
    wide = dataclasses.replace(model, endpoint=dataclasses.replace(model.endpoint, origin="诊" * 30))
    assert page_of(wide).curve.time_label == "months since " + "诊" * 14 + "…"
