"""Learning curves: what they fit, whom they judge, and what they refuse."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PredictionError, PrognosisError
from prognosis.learning_curve import DRAWING, learning_curve
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, Logistic
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex"]


def silent(done, total):
    """Show no bar."""


@pytest.fixture(scope="module")
def study():
    return made.study(PREDICTORS, n=220, horizons=[24], seed=3)


@pytest.fixture(scope="module")
def curve(study):
    recipes = {"cox": Cox(), "small": Cox(ridge=50.0)}
    return learning_curve(study, recipes, [30, 60, 120], repeats=3, progress=silent)


def test_every_fit_is_that_of_its_own_rows_judged_in_the_others(study, curve):
    order = np.random.default_rng(np.random.SeedSequence([3, DRAWING, 1])).permutation(220)
    frame, y = study.frame, study.outcome.to_structured()
    train, test = np.sort(order[:60]), np.sort(order[120:])
    fitted = Cox().fit(frame.iloc[train], y[train])
    runs = curve.runs.set_index(["repeat", "model", "size"])["value"]
    assert runs[1, "cox", 60] == harrell_c(fitted.evaluation(frame.iloc[test], y[test]))
    assert curve.left_out == 100


def test_the_table_is_that_of_the_runs(curve):
    assert list(zip(curve.table["model"], curve.table["size"], strict=True)) == [
        (name, size) for name in ("cox", "small") for size in (30, 60, 120)
    ]
    values = curve.runs.query("model == 'cox' and size == 120")["value"]
    row = curve.table.iloc[2]
    assert (row["mean"], row["upper"], row["fitted"]) == (values.mean(), values.quantile(0.9), 3)
    assert curve.table["mean"].between(0.5, 0.85).all()


def test_a_horizon_and_a_binary_outcome(study):
    brier = learning_curve(study, {"cox": Cox()}, [50, 100], 2, "brier", progress=silent)
    assert brier.horizon == 24
    assert brier.table["mean"].between(0.05, 0.3).all()
    early = made.study(PREDICTORS, n=150, endpoint=made.ENDPOINTS["binary"])
    found = learning_curve(early, {"logistic": Logistic()}, [60], 2, progress=silent)
    assert found.metric == "auc"
    assert found.table["mean"][0] > 0.5


def test_what_could_not_be_fitted_is_counted_and_named(study):
    nearly = study.frame.assign(none=0.0)
    nearly.iloc[:6, -1] = 1.0
    frame = made.patients(220).assign(relapse=nearly["none"].to_numpy())
    rare = made.study([*PREDICTORS, "relapse"], frame=frame, horizons=[24])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = learning_curve(rare, {"cox": Cox()}, [20, 150], 6, progress=silent)
    assert found.table["fitted"].tolist()[0] < 6
    assert [finding.code for finding in found.warnings] == ["Y68"]
    assert pd.isna(found.runs["value"]).any()


@pytest.mark.parametrize("sizes", [[], [5], [60, 30], [60, 60], [50.5], [210], [True]])
def test_sizes_that_cannot_be_are_refused(study, sizes):
    with pytest.raises(PrognosisError, match="Y65"):
        learning_curve(study, {"cox": Cox()}, sizes, progress=silent)


def test_clusters_and_curves_of_metrics_are_refused(study):
    with pytest.raises(PrognosisError, match="Y66"):
        learning_curve(study, {"cox": Cox(cluster="centre")}, [60], progress=silent)
    with pytest.raises(PredictionError, match="Y67"):
        learning_curve(study, {"cox": Cox()}, [60], metric="ici", progress=silent)
    with pytest.raises(PrognosisError, match="Y65"):
        learning_curve(study, {}, [60], progress=silent)
    with pytest.raises(PrognosisError, match="Y65"):
        learning_curve(study, {"cox": Cox()}, [60], repeats=1, progress=silent)
