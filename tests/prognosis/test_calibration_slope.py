"""The calibration slope: a Cox coefficient of the linear predictor, 1 where the model was fitted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.cox.recalibration import recalibrate_cox
from prognosis.metrics.indexes.calibration import calibration_slope
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from prognosis.special_columns import SpecialColumns
from tests.prognosis.made import outcome_of, patients

PLAIN = SpecialColumns(np.ones(300))
OPTIONS = [
    {},
    {"ties": "breslow"},
    {"strata": ["centre"]},
    {"weights": "weight"},
    {"splines": {"age": 4}, "interactions": [("age", "albumin")]},
    {"strata": ["centre"], "weights": "weight", "ties": "breslow"},
]


@pytest.fixture(scope="module")
def frame():
    rows = patients(300)
    return rows.assign(months=np.ceil(rows["months"]), start=np.floor(rows["start"]) * 0.5)


def fitted(frame, entry=False, **options):
    recipe = Cox(**options)
    columns = ["age", "albumin", *recipe.auxiliary]
    y = outcome_of(frame, entry)
    return recipe.fit(frame[columns], y), frame[columns], y


@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_one_where_the_model_was_fitted(frame, options, entry):
    cox, X, y = fitted(frame, entry, **options)
    assert calibration_slope(cox.evaluation(X, y)) == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=20)
@given(st.floats(0.05, 20), st.floats(-50, 50))
def test_it_is_the_factor_by_which_predictions_are_too_modest(frame, factor, shift):
    """Predictions k times too extreme have the slope 1/k; the origin is of no importance."""
    cox, X, y = fitted(frame)
    e = cox.evaluation(X, y)
    changed = recalibrate_cox(e.outcome, factor * e.linear_predictor + shift, PLAIN)
    assert changed.slope == pytest.approx(1 / factor, rel=1e-7)


def test_a_turned_score_has_a_negative_slope(frame):
    cox, X, y = fitted(frame)
    e = cox.evaluation(X, y)
    assert recalibrate_cox(e.outcome, -e.linear_predictor, PLAIN).slope == pytest.approx(-1.0, abs=1e-9)


def test_a_shrunken_model_is_too_modest(frame):
    cox, X, y = fitted(frame, ridge=200.0)
    assert calibration_slope(cox.evaluation(X, y)) > 1.1


def test_an_overfitted_model_is_too_extreme_in_new_patients():
    """Twelve columns of noise: the slope in fresh rows lies below one."""
    draw = np.random.default_rng(8)
    noise = [f"n{k}" for k in range(12)]
    train, test = (rows.assign(**{n: draw.normal(size=len(rows)) for n in noise}) for rows in
                   (patients(90, seed=1), patients(400, seed=2)))  # fmt: skip
    columns = ["age", "albumin", *noise]
    cox = Cox().fit(train[columns], outcome_of(train))
    assert calibration_slope(cox.evaluation(test[columns], outcome_of(test))) < 0.9


def test_the_slope_of_an_equal_score_cannot_be_estimated():
    time, event = np.arange(1.0, 11), np.ones(10, np.int64)
    with pytest.raises(FitError, match="linear predictor is constant") as caught:
        recalibrate_cox(SurvivalArrays(time, event), np.full(10, 0.3), SpecialColumns(np.ones(10)))
    assert caught.value.code == "C01"


def test_a_score_that_separates_the_events_has_no_slope():
    time, event = np.arange(1.0, 21), np.ones(20, np.int64)
    with pytest.raises(FitError, match="linear predictor separates the events"):
        recalibrate_cox(SurvivalArrays(time, event), -time, SpecialColumns(np.ones(20)))


def test_strata_and_weights_of_the_model_count(frame):
    cox, X, y = fitted(frame, strata=["centre"], weights="weight")
    e = cox.evaluation(X, y)
    without = recalibrate_cox(e.outcome, e.linear_predictor, PLAIN)
    assert without.slope != pytest.approx(1.0, abs=1e-6)
