"""Laws of a validation: nothing of patients left out reaches their predictions; names and company do not count."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PrognosisWarning
from prognosis.imputation.chained import Chained
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic, PenalisedCox, Screened
from prognosis.validation import (
    Bootstrap,
    Bootstrap632,
    CrossValidation,
    GroupCombinations,
    InternalExternal,
    Temporal,
)
from prognosis.validation.engine import Question, _work
from tests.prognosis import made

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
PREDICTORS = ["age", "albumin", "creat", "sex"]
FEW = Chained(copies=2, iterations=2)
TWO = [CrossValidation(3, 1), Bootstrap632(2)]
PLANS = [*TWO, InternalExternal("centre"), Temporal("age", 65), GroupCombinations("grade", 1)]
RECIPES = [
    ("time_to_event", Cox(splines={"age": 4}), None, PLANS),
    ("time_to_event", Cox(weights="weight", ties="breslow"), None, TWO),
    ("time_to_event", Cox(penalty="firth"), None, TWO),
    ("time_to_event", PenalisedCox(), None, PLANS),
    ("time_to_event", AcceleratedFailureTime(), None, TWO),
    ("time_to_event", Screened(keep=2), None, PLANS),
    ("competing", Cox(), None, TWO),
    ("competing", FineGray(), None, PLANS),
    ("binary", Logistic(), None, TWO),
    ("binary", Logistic(penalty="lasso"), None, TWO),
    ("time_to_event", Cox(splines={"age": 3}), FEW, PLANS),
    ("competing", FineGray(), FEW, TWO),
    ("binary", Logistic(), FEW, TWO),
]
CASES = [(kind, recipe, missing, plan) for kind, recipe, missing, plans in RECIPES for plan in plans]


def patients(missing):
    frame = made.patients(150)
    gone = np.random.default_rng(1).random(150) < 0.2
    return frame.assign(albumin=frame["albumin"].mask(gone)) if missing else frame


def work_of(kind, recipe, missing, frame, plan):
    study, model = fitted(kind, recipe, missing) if frame is None else fit_to(kind, recipe, missing, frame)
    return _work(study, model, Question(plan))[1]


@functools.cache
def fitted(kind, recipe, missing):
    """The same for all plans."""
    return fit_to(kind, recipe, missing, patients(missing))


def fit_to(kind, recipe, missing, frame):
    horizons = {} if kind == "binary" else {"horizons": [12, 24]}
    study = made.study(PREDICTORS, frame=frame, endpoint=made.ENDPOINTS[kind], seed=5, missing=missing, **horizons)
    return study, study.fit(recipe)


def spoilt(frame, test):
    """Give the patients left out other outcomes, and every second one other predictors; the rest of them judge."""
    draw, out = np.random.default_rng(2), frame.copy()
    ids = frame.index[test]
    for name in ("event", "first", "early"):
        out.loc[ids, name] = draw.permutation(out.loc[ids, name].to_numpy())
    out.loc[ids, "months"] = (draw.permutation(out.loc[ids, "months"].to_numpy()) * 0.7).round(3)
    other = ids[::2]
    for name in ("age", "albumin", "creat"):
        out.loc[other, name] = draw.permutation(out.loc[other, name].to_numpy()) + 3
    return out.assign(start=np.minimum(out["start"], out["months"] / 2)), test[1::2]


@pytest.mark.parametrize(("kind", "recipe", "missing", "plan"), CASES)
def test_nothing_of_patients_left_out_reaches_their_predictions(kind, recipe, missing, plan):
    """Levels, knots, imputation, screening, penalty, baseline: all are learnt from the others."""
    work = work_of(kind, recipe, missing, None, plan)
    task = work.plan.task(work.rows, 0)
    changed, judged = spoilt(patients(missing), task.test)
    again = work_of(kind, recipe, missing, changed, plan)
    assert not np.array_equal(again.judged.outcome.event[judged], work.judged.outcome.event[judged])
    before, after = work.refits(task.train, 1), again.refits(task.train, 1)
    for name in ("marker", "linear_predictor", "risk"):
        old, new = getattr(before, name)[judged], getattr(after, name)[judged]
        # a refit of a Cox model starts at the coefficients of all patients: where it stops, it differs by rounding
        np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("kind", "recipe"), [("time_to_event", Cox()), ("competing", FineGray())])
def test_the_law_would_see_a_leak(kind, recipe):
    """Fitted to the patients left out as well, the predictions of the others do change."""
    plan = CrossValidation(3, 1)
    work = work_of(kind, recipe, None, None, plan)
    changed, judged = spoilt(patients(None), work.plan.task(work.rows, 0).test)
    again, everybody = work_of(kind, recipe, None, changed, plan), np.arange(150)
    assert np.abs(work.refits(everybody, 1).risk[judged] - again.refits(everybody, 1).risk[judged]).max() > 0.01


@pytest.mark.parametrize("plan", [Bootstrap(3), CrossValidation(3, 1), Bootstrap632(3)], ids=lambda plan: plan.method)
@pytest.mark.parametrize(
    ("kind", "recipe"), [("time_to_event", Cox(strata=["centre"])), ("competing", FineGray()), ("binary", Logistic())]
)
def test_company_names_choice_and_order_do_not_count(kind, recipe, plan):
    def study_of(horizons=(12, 24), frame=None):
        more = {} if kind == "binary" else {"horizons": list(horizons)}
        return made.study(PREDICTORS[:2], n=120, frame=frame, endpoint=made.ENDPOINTS[kind], seed=5, **more)

    key = ["metric", "horizon", "threshold"]
    study = study_of()
    model = study.fit(recipe, name="one")
    ask = {"metrics": "all", "thresholds": [0.3, 0.5]}
    table = study.validate(model, plan, **ask).table
    some = study.validate(model, plan, metrics=["brier", "calibration_slope"]).table
    expected = table[table["metric"].isin(["brier", "calibration_slope"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected, check_exact=True)
    both = study.validate([study.fit(recipe, name="other"), model], plan, **ask)
    pd.testing.assert_frame_equal(both.of("one"), table, check_exact=True)
    pd.testing.assert_frame_equal(both.of("other").assign(model="one"), table, check_exact=True)
    assert (both.gain("one", "other")["difference"].dropna() == 0).all()
    turned = study_of((24, 12))
    found = turned.validate(turned.fit(recipe, name="one"), plan, **ask).table.sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(found, table.sort_values(key, ignore_index=True), rtol=1e-10, atol=1e-12)
    # an older unit of a predictor: the fit is the same but for its coefficients
    frame = made.patients(120)
    shifted = study_of(frame=frame.assign(albumin=frame["albumin"] + 20))
    moved = shifted.validate(shifted.fit(recipe, name="one"), plan, **ask).table
    pd.testing.assert_frame_equal(moved, table, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("recipe", [Cox(), Cox(strata=["centre"]), AcceleratedFailureTime()])
def test_the_order_of_the_rows_changes_the_resamples_only(recipe):
    frame = made.patients(120)
    mixed = frame.iloc[np.random.default_rng(3).permutation(120)]
    apparent = []
    for rows in (frame, mixed):
        study = made.study(["age", "albumin"], frame=rows, seed=5, horizons=[12])
        table = study.validate(study.fit(recipe), Bootstrap(2), metrics="all", thresholds=[0.4]).table
        apparent.append(table["apparent"].to_numpy())
    np.testing.assert_allclose(apparent[1], apparent[0], rtol=1e-10, atol=1e-12)


def test_m11_no_metric_at_a_horizon_leaves_case_weights_out_silently():
    """The base rate was that of the rows, not of what they weigh."""
    study = made.study(["age"], n=120, seed=5, horizons=[12])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", PrognosisWarning)
        table = study.validate(study.fit(Cox(weights="weight")), Bootstrap(2), metrics="all").table
    unknown = table[table["horizon"].notna()]
    assert unknown["corrected"].isna().all()
    assert any("M11" in str(warning.message) for warning in told)
