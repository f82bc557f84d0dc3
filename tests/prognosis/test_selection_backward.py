"""Backward elimination: equal to R's step, drop1 and rms::fastbw; predictors go whole; refused without likelihood."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import FitError
from prognosis.models import (
    AcceleratedFailureTime,
    Cox,
    FineGray,
    PenalisedCox,
    RandomSurvivalForest,
    Selected,
)
from prognosis.selection import Backward
from tests.golden_walk.selection import WAYS, chosen
from tests.prognosis import made

CANDIDATES = ("age", "albumin", "creat", "sex", "grade", "relapse")
quiet = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


@quiet
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["cox", "logistic"])
def test_as_in_r(kind, way, golden, golden_data):
    stored = golden("selection_backward")
    names, theirs = stored["predictors"][kind], stored[kind][way]
    ours = chosen(kind, way, stored, golden_data)
    assert [name for name in names if name in theirs["kept"]] == list(ours.kept)
    path = ours.path.table
    assert path["predictor"].tolist() == ["", *theirs["dropped"]]
    if way == "aic":
        np.testing.assert_allclose(path["aic"], theirs["aic"], rtol=1e-10)
    else:
        np.testing.assert_allclose(path["chisq"][1:], theirs["chisq"], rtol=1e-6)
    if way.startswith("fast"):
        np.testing.assert_allclose(path["aic"][1:], theirs["aic"], rtol=1e-6)


def test_each_step_is_the_best_by_brute_force():
    """Against plain fits of every subset on the way: each drop leaves the smallest AIC, and none lowers the last."""
    frame = made.patients(250)
    X, y = frame[list(CANDIDATES)], made.outcome_of(frame)

    def aic(names):
        estimate = Cox().fit(X[list(names)], y).estimate_
        return 2 * len(estimate.names) - 2 * estimate.loglik[1]

    chosen = Selected(Cox(), Backward()).choose(X, y)
    left = list(CANDIDATES)
    for _, step in chosen.path.table.iloc[1:].iterrows():
        costs = {name: aic([n for n in left if n != name]) for name in left}
        assert min(costs, key=costs.get) == step["predictor"]
        assert step["aic"] == pytest.approx(costs[step["predictor"]], rel=1e-10)
        left.remove(step["predictor"])
    assert chosen.kept == tuple(left)
    assert aic(left) < min(aic([n for n in left if n != name]) for name in left)
    assert chosen.table["kept"].tolist() == sorted(chosen.table["kept"], reverse=True)


@quiet
def test_a_factor_a_spline_and_an_interaction_go_whole():
    frame = made.patients(250)
    X, y = frame[list(CANDIDATES)], made.outcome_of(frame)
    for method in ("refit", "approximate"):
        recipe = Cox(splines={"creat": 3}, interactions=[("creat", "relapse"), ("age", "sex")])
        model = Selected(recipe, Backward("p", alpha=0.01, method=method)).fit(X, y)
        kept = model.selection_.kept
        assert "creat" not in kept
        assert set(model.preparation_.predictors) == set(kept)
        dropped = model.selection_.path.table.set_index("predictor")["df"]
        assert dropped["creat"] >= 2
        assert dropped["grade"] == 2 if "grade" in dropped else "grade" in kept


@quiet
def test_what_is_forced_in_stays_and_the_rest_is_chosen_beside_it():
    frame = made.patients(250)
    X, y = frame[list(CANDIDATES)], made.outcome_of(frame)
    chosen = Selected(Cox(), Backward(), always=["relapse", "creat"]).choose(X, y)
    assert {"relapse", "creat"} <= set(chosen.kept)
    assert chosen.table.set_index("predictor").loc[["relapse", "creat"], "decision"].tolist() == ["always", "always"]
    with pytest.raises(FitError, match="always names 'ldh'") as caught:
        Selected(Cox(), Backward(), always=["ldh"]).fit(X, y)
    assert caught.value.code == "Y01"
    only = Selected(Cox(), Backward("p", alpha=1e-30), always=["relapse"]).fit(X, y)
    assert only.selection_.kept == ("relapse",)
    with pytest.raises(FitError, match="none of 6 predictors is kept by backward elimination") as caught:
        Selected(Cox(), Backward("p", alpha=1e-30)).fit(X, y)
    assert caught.value.code == "S20"


@quiet
@pytest.mark.parametrize(
    ("recipe", "kind"), [(FineGray(), "competing"), (Cox(), "competing"), (AcceleratedFailureTime(), "time_to_event")]
)
def test_it_serves_every_model_with_a_likelihood(recipe, kind):
    study = made.study(CANDIDATES, n=250, endpoint=made.ENDPOINTS[kind])
    model = study.fit(Selected(recipe, Backward()))
    assert model.kind == recipe.kind
    assert 0 < len(model.predictors) < 6
    assert model.selection.path.table["aic"].is_monotonic_decreasing


@pytest.mark.parametrize(
    "recipe", [PenalisedCox(), Cox(ridge=1.0), Cox(penalty="firth"), RandomSurvivalForest(trees=2)]
)
def test_y02_without_a_likelihood(recipe):
    frame = made.patients(100)
    with pytest.raises(FitError, match="no likelihood by which") as caught:
        Selected(recipe, Backward()).fit(frame[["age", "creat"]], made.outcome_of(frame))
    assert caught.value.code == "Y02"


@quiet
def test_y02_no_wald_tests_of_cause_specific_models_together():
    frame = made.patients(200)
    y = made.structured(frame["months"].to_numpy(), frame["first"].to_numpy())
    with pytest.raises(FitError, match="cause-specific") as caught:
        Selected(Cox(), Backward(method="approximate")).fit(frame[["age", "creat"]], y)
    assert caught.value.code == "Y02"
