"""Nomograms of models without points: the surrogate finds what is additive, says how faithful it is, or is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cohorts.errors import PredictionError
from nomograms import Nomogram
from nomograms.caption import caption_of
from nomograms.example import example_of
from nomograms.surrogate import fit_surrogate
from prognosis import Study
from prognosis.models import Cox, RandomSurvivalForest
from tests.nomograms.conftest import RECURRENCE

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
PREDICTORS = ["age", "size", "gradef", "nodes", "pgr"]
PATIENT = {"age": 33, "gradef": "3", "size": 45, "nodes": 9, "pgr": 10}


@pytest.fixture(scope="module")
def forest(gbsg):
    return Study(gbsg, RECURRENCE, PREDICTORS).fit(RandomSurvivalForest(trees=40, min_leaf=30))


@pytest.fixture(scope="module")
def drawn(forest, gbsg):
    return Nomogram.approximate(forest, [1095], limits="centiles", patients=gbsg)


@pytest.mark.parametrize("odds", [False, True])
def test_an_additive_risk_is_found_exactly(odds):
    """Two horizons on one linear predictor, the second half as steep; slopes average 1."""
    x = np.random.default_rng(1).normal(size=(400, 3)) * [1, 10, 0.1] + [0, 60, 2]
    beta, level, slope = np.array([0.4, -0.03, 2.0]), np.array([-1.5, -0.5]), np.array([4 / 3, 2 / 3])
    eta = level + ((x - x.mean(axis=0)) @ beta)[:, None] * slope
    risk = 1 / (1 + np.exp(-eta)) if odds else -np.expm1(-np.exp(eta))
    found = fit_surrogate(x, ("a", "b", "c"), risk, np.array([12.0, 60.0]), odds=odds)
    np.testing.assert_allclose(found.coefficients, beta, rtol=1e-5)
    np.testing.assert_allclose(found.level, level, rtol=1e-5)
    np.testing.assert_allclose(found.slope, slope, rtol=1e-5)
    given = found.risk_at(x @ found.coefficients, [60.0, 12.0, 24.0])
    np.testing.assert_allclose(given[:, :2], risk[:, ::-1], atol=1e-6)
    assert np.isnan(given[:, 2]).all()


def test_horizons_that_order_patients_against_each_other_are_refused():
    x = np.random.default_rng(2).normal(size=(300, 1))
    risk = 1 / (1 + np.exp(-np.column_stack([x, -x])))
    with pytest.raises(PredictionError, match=r"\[G23\].*orders patients otherwise.*one nomogram a horizon"):
        fit_surrogate(x, ("x",), risk, np.array([12.0, 60.0]), odds=True)
    with pytest.raises(PredictionError, match=r"\[G23\] the model gives everybody the same risk"):
        fit_surrogate(x, ("x",), np.full((300, 1), 0.3), np.array([12.0]), odds=True)


def test_the_surrogate_of_a_cox_model_is_the_cox_model(gbsg):
    """A model that is additive already: fidelity 1, and the points of its own nomogram."""
    model = Study(gbsg, RECURRENCE, PREDICTORS).fit(Cox())
    exact, near = Nomogram(model), Nomogram.approximate(model)
    assert near.approximation.fidelity.r_squared > 0.9999
    assert near.approximation.fidelity.largest < 0.01
    for name, points in exact.points(PATIENT).items():
        assert near.points(PATIENT)[name] == pytest.approx(points, abs=2)
    np.testing.assert_allclose(near.risk(near.points(PATIENT)), model.predict(PATIENT).risk[0], atol=0.005)


def test_fidelity_is_what_a_second_hand_finds_in_the_patients_given(drawn, forest, gbsg):
    """Every patient of the cohort through points, total and risk, against the forest's own answer."""
    rows = gbsg.frame[PREDICTORS]
    read = np.array([drawn.risk(drawn.total(row))[1095] for row in rows.head(60).to_dict("records")])
    whole = drawn.model.answering.risk(rows, np.array([1095.0]), 0.95, "log")[0][:, 0]
    np.testing.assert_allclose(read, whole[:60], atol=1e-10)
    own = forest.predict(gbsg, [1095]).risk[:, 0]
    found = drawn.approximation.fidelity
    assert (found.patients, found.given) == (686, True)
    assert found.mean == pytest.approx(np.abs(whole - own).mean(), abs=1e-12)
    assert found.largest == pytest.approx(np.abs(whole - own).max(), abs=1e-12)
    assert found.r_squared == pytest.approx(1 - ((whole - own) ** 2).sum() / ((own - own.mean()) ** 2).sum())
    assert 0.9 < found.r_squared < 0.99


def test_the_figure_says_that_it_is_an_approximation_and_what_the_model_says(drawn, forest):
    caption = caption_of(drawn, example_of(drawn, PATIENT))
    found, own = drawn.approximation.fidelity, 100 * forest.predict(PATIENT, [1095]).risk[0, 0]
    assert caption[1].startswith("An approximation, not the model itself: against the random survival forest's own")
    assert f"in 686 patients given the figure has R\u00b2 {int(1000 * found.r_squared) / 1000:g}" in caption[1]
    assert f"{100 * found.mean:.1f} percentage points off on average and up to {100 * found.largest:.0f}." in caption[1]
    assert f"itself gives this patient {own:.0f} % by 1095\u00a0days." in caption[1]
    assert any(f"hash {forest.hash[:8]}" in part for part in caption)
    assert drawn.source is forest
    told = drawn.to_dict()["approximation"]
    assert (told["of"], told["patients"], told["given"]) == ("random_survival_forest", 686, True)
    assert "approximation" not in Nomogram(drawn.model, [1095]).to_dict()


def test_an_unfaithful_surrogate_is_refused_with_its_numbers(forest):
    with pytest.raises(PredictionError, match=r"\[G22\] .*random_survival_forest model with R2 0\.\d\d, below 0\.99"):
        Nomogram.approximate(forest, [1095], fidelity=0.99)
    with pytest.raises(PredictionError, match=r"\[G23\].*fidelity=0\.3 is no R2 from 0\.5"):
        Nomogram.approximate(forest, [1095], fidelity=0.3)


def test_patients_drawn_and_the_surrogate_are_the_same_every_time(forest):
    one, two = (Nomogram.approximate(forest, [1095]) for _ in range(2))
    assert one.to_dict() == two.to_dict()
    assert one.approximation.fidelity.given is False
    assert one.approximation.fidelity.patients == 2000


def test_interactions_get_one_axis_a_level(forest):
    crossed = Nomogram.approximate(forest, [1095], interactions=[("nodes", "gradef")])
    names = {axis.name for axis in crossed.scale.axes}
    assert {"nodes (gradef=1)", "nodes (gradef=2)", "nodes (gradef=3)"} < names


def test_what_cannot_be_approximated_is_said(forest, gbsg):
    with pytest.raises(PredictionError, match=r"\[P12\].*a binary endpoint has no horizon"):
        Nomogram.approximate(forest, [])
    with pytest.raises(PredictionError, match=r"\[G21\].*no risk at one of these horizons"):
        Nomogram.approximate(forest, [99999])
    with pytest.raises(PredictionError, match=r"\[G23\] 29 patients .*too few"):
        Nomogram.approximate(forest, [1095], patients=gbsg.frame[PREDICTORS].head(29))
    stratified = replace(
        forest, estimate=replace(Study(gbsg, RECURRENCE, ["age"]).fit(Cox(strata=["gradef"])).estimate)
    )
    with pytest.raises(PredictionError, match=r"\[G23\] column gradef: .*the model has strata"):
        Nomogram.approximate(stratified, [1095])
