"""Updating a model in another cohort: by hand, by its laws, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cohorts import Binary, TimeToEvent
from cohorts.errors import FitError, LeakageError, PredictionError, PrognosisWarning
from prognosis import load_model
from prognosis.metrics.observed_expected import calibration_intercept
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic, PenalisedCox
from prognosis.new_cohort import read_new_cohort
from prognosis.outcome import SurvivalArrays
from prognosis.updating.changes import see
from prognosis.updating.comparison import closed_test
from prognosis.updating.likelihoods import Level, NewRows, nested_models
from tests.prognosis import made
from tests.prognosis.new_cohorts import other_cohort, other_patients, quiet

PREDICTORS = ["age", "albumin", "sex", "grade"]


@pytest.fixture(scope="module")
def cox():
    return made.fit()


@pytest.fixture(scope="module")
def logistic():
    return made.study(endpoint=made.ENDPOINTS["binary"]).fit(Logistic())


@pytest.fixture(scope="module")
def new():
    return other_cohort(300)


def rows(event, eta, exposure=None, centred=None):
    event, eta = np.array(event, bool), np.array(eta, float)
    given = None if exposure is None else np.array(exposure, float)
    columns = eta[:, None] if centred is None else centred
    names = tuple(f"x{j}" for j in range(columns.shape[1]))
    return NewRows(event, columns, names, eta, np.zeros(len(eta)), given)


def test_a_new_level_by_hand():
    """Two events where one is expected: the hazard doubles. Log-likelihood: sum of log rates less expected events."""
    found = nested_models(rows([1, 1, 0], [0, 0, 0], [0.25, 0.25, 0.5]), ("original", "intercept"))
    assert found["original"].loglik == pytest.approx(-1.0)
    assert found["intercept"].intercept == pytest.approx(math.log(2))
    assert found["intercept"].loglik == pytest.approx(2 * math.log(2) - 2)
    assert found["intercept"].intercept_error == pytest.approx(1 / math.sqrt(2))


def test_a_new_slope_by_hand():
    """Two groups with 1 of 1 and 8 of 2 expected: rates 1 and 4, so the slope of the log hazard ratio log(2) is 2."""
    event = [1] + [1] * 8
    eta = [0.0] + [math.log(2)] * 8
    found = nested_models(rows(event, eta, [1.0] + [0.125] * 8), ("slope",))["slope"]
    assert found.slope == pytest.approx(math.log(8) / math.log(2))
    found = nested_models(rows(event, eta, [1.0] + [0.25] * 8), ("slope",))["slope"]
    assert (found.intercept, found.slope) == (pytest.approx(0.0, abs=1e-9), pytest.approx(2.0))


def test_a_new_intercept_of_a_binary_outcome_by_hand():
    """3 of 4 have the event where the log odds were 0: the intercept is log 3, its variance 1 / (4 * 3/4 * 1/4)."""
    found = nested_models(rows([1, 1, 1, 0], [0, 0, 0, 0]), ("original", "intercept"))
    assert found["original"].loglik == pytest.approx(4 * math.log(0.5))
    assert found["intercept"].intercept == pytest.approx(math.log(3))
    assert found["intercept"].intercept_error == pytest.approx(math.sqrt(4 / 3))


@pytest.mark.parametrize(
    ("logliks", "chosen"),
    [((-100, -99, -98.5, -97), "original"), ((-110, -99, -98.5, -97), "intercept"), ((-110, -108, -98.5, -97), "slope"),
     ((-120, -115, -110, -97), "refit")],
)  # fmt: skip
def test_the_closed_test_picks_the_first_that_is_not_rejected(logliks, chosen):
    """Four parameters: limits 9.49 (4), 7.81 (3) and 5.99 (2 degrees of freedom)."""
    parameters = dict(zip(("original", "intercept", "slope", "refit"), (0, 1, 2, 4), strict=True))
    models = {name: Level(loglik, p) for (name, p), loglik in zip(parameters.items(), logliks, strict=True)}
    picked, table = closed_test(models)
    assert picked == chosen
    assert table.loc[table["chosen"], "model"].tolist() == [chosen]
    assert table["df"].tolist() == [4, 3, 2, 0]
    assert table["chi_square"].tolist()[:3] == [2 * (logliks[3] - loglik) for loglik in logliks[:3]]


def test_the_new_level_makes_expected_events_observed(cox, new):
    found = cox.updating(new, "intercept")
    again = found.updated.updating(new, "intercept")
    assert again.expected == pytest.approx(found.observed)
    assert again.intercept == pytest.approx(0.0, abs=1e-12)
    before, after = (model.predict(new, [24]).risk[:, 0] for model in (cox, found.updated))
    ratio = np.log1p(-after) / np.log1p(-before)
    np.testing.assert_allclose(ratio, math.exp(found.intercept), rtol=1e-10)
    assert (found.updated.predict(new, [24]).upper - found.updated.predict(new, [24]).lower > 0).all()


@pytest.mark.parametrize("kind", ["cox", "logistic"])
def test_a_new_slope_leaves_nothing_to_recalibrate(kind, new, request):
    model = request.getfixturevalue(kind)
    found = model.updating(new, "slope")
    again = found.updated.updating(new, "slope")
    assert again.slope == pytest.approx(1.0, abs=1e-8)
    np.testing.assert_allclose(again.updated.estimate.coefficients, found.updated.estimate.coefficients, rtol=1e-7)
    np.testing.assert_allclose(again.updated.predict(new, [24] if kind == "cox" else None).risk,
                               found.updated.predict(new, [24] if kind == "cox" else None).risk, rtol=1e-7)  # fmt: skip
    ratio = found.updated.estimate.coefficients / model.estimate.coefficients
    np.testing.assert_allclose(ratio, found.slope)


def test_a_new_intercept_makes_the_mean_risk_the_share_of_events(logistic, new):
    found = logistic.updating(new, "intercept")
    risk = found.updated.predict(new).risk[:, 0]
    assert risk.mean() == pytest.approx(found.observed / found.n)
    before = logistic.predict(new).risk[:, 0]
    np.testing.assert_allclose(np.log(risk / (1 - risk)) - np.log(before / (1 - before)), found.intercept)


def test_a_refit_is_the_fit_to_the_new_patients(new):
    """With the knots of the model: the fit to the new patients with those knots given is the same."""
    model = made.fit(Cox(splines={"age": 3}))
    found = model.updated(new, "refit")
    knots = list(model.preparation.terms[0].knots)
    frame = other_patients(300)
    plain = Cox(splines={"age": knots}).fit(frame[PREDICTORS], made.outcome_of(frame))
    np.testing.assert_allclose(found.estimate.coefficients, plain.estimate_.coefficients, rtol=1e-10)
    assert found.preparation == model.preparation
    assert (found.n, found.events, found.cohort) == (300, int(frame["event"].sum()), "frame")
    assert found.profile["age"].mean == pytest.approx(frame["age"].mean())


def test_larger_models_fit_better(cox, logistic, new):
    for model in (cox, logistic):
        loglik = model.updating(new, "closed-test").table["loglik"].to_numpy()
        assert (np.diff(loglik) >= -1e-9).all()


@pytest.mark.parametrize("method", ["intercept", "slope", "refit"])
@pytest.mark.parametrize(
    ("recipe", "kind"),
    [(Cox(), "time_to_event"), (Cox(strata=["centre"]), "time_to_event"), (Cox(penalty="firth"), "time_to_event"),
     (Cox(offset="response"), "time_to_event"), (PenalisedCox(penalty=0.05), "time_to_event"), (Logistic(), "binary"),
     (Logistic(penalty="firth"), "binary"), (Logistic(penalty="lasso", strength=0.02), "binary")],
    ids=lambda value: str(value),
)  # fmt: skip
def test_an_updated_model_says_so_and_survives_its_file(recipe, kind, method, new, tmp_path):
    with quiet():
        model = made.study(endpoint=made.ENDPOINTS[kind], **_response(recipe)).fit(recipe)
        updated = model.updated(new, method)
    note = updated.warnings[-1]
    assert note.code == "E10"
    assert f"{len(new)} patients" in note.rule
    assert updated.name != model.name
    assert updated.hash != model.hash
    assert updated.validation is None
    horizons = [12, 24] if kind == "time_to_event" else None
    loaded = load_model(updated.save(tmp_path / "m.prognosis"))
    assert loaded.hash == updated.hash
    assert loaded.warnings[-1].rule == note.rule
    columns = other_patients(20)[[*PREDICTORS, "centre", "response"]]
    shown, again = (one.predict(columns[[*one.door.columns]], horizons).table for one in (updated, loaded))
    pd.testing.assert_frame_equal(shown, again, check_exact=True)


def _response(recipe):
    book = made.codebook(response={"kind": "numeric"})
    return {"book": book} if recipe.get_params().get("offset") else {}


def test_an_offset_is_fixed_and_only_the_rest_gets_a_slope():
    book = made.codebook(response={"kind": "numeric"})
    model = made.fit(Cox(offset="response"), book=book)
    new = other_cohort(300, book=book)
    found = model.updating(new, "slope")
    frame = other_patients(300)
    eta = model.linear_predictor(new) - frame["response"].to_numpy()
    plain = Cox(offset="response").fit(
        pd.DataFrame({"eta": eta, "response": frame["response"]}), made.outcome_of(frame)
    )
    assert found.slope == pytest.approx(plain.estimate_.coefficients[0], rel=1e-9)


def test_strata_keep_their_own_baselines(new):
    model = made.fit(Cox(strata=["centre"]))
    level, slope = (model.updating(new, method) for method in ("intercept", "slope"))
    np.testing.assert_allclose(level.updated.estimate.baseline.cumulative_hazard,
                               math.exp(level.intercept) * model.estimate.baseline.cumulative_hazard)  # fmt: skip
    assert len(slope.updated.strata_follow_up) == 2
    north = other_patients(300).query("centre == 'north'")
    with pytest.raises(FitError, match=r"E06.*centre=south"):
        model.updating(other_cohort(frame=north), "slope")


def test_delayed_entry_takes_away_the_time_before_entry():
    endpoint = replace(made.ENDPOINT, entry="start")
    model = made.fit(endpoint=endpoint)
    found = model.updating(other_cohort(300), "intercept")
    frame = other_patients(300)
    start, end = (_hazard(model, frame, frame[name].to_numpy()) for name in ("start", "months"))
    assert found.expected == pytest.approx((end - start).sum(), rel=1e-9)


def _hazard(model, frame, times):
    """Cumulative hazard of each patient at an own time, by `predict`."""
    risk = model.predict(frame[PREDICTORS], np.unique(times[times > 0])).risk
    place = np.searchsorted(np.unique(times[times > 0]), times)
    return np.where(times > 0, -np.log1p(-risk[np.arange(len(times)), np.minimum(place, risk.shape[1] - 1)]), 0.0)


def test_imputed_predictors_are_averaged_over_the_draws():
    frame = made.patients(200)
    frame.loc[frame.index[:40], "albumin"] = np.nan
    with pytest.warns(PrognosisWarning):
        model = made.fit(frame=frame, missing="chained")
    gaps = other_patients(200)
    gaps.loc[gaps.index[:30], "albumin"] = np.nan
    found = model.updating(other_cohort(frame=gaps), "slope")
    seen = see(model, read_new_cohort(model, other_cohort(frame=gaps)))
    np.testing.assert_allclose(seen.nested.linear_predictor, model.linear_predictor(other_cohort(frame=gaps)))
    assert 0.5 < found.slope < 1.5
    with pytest.raises(FitError, match="E08"):
        model.updating(other_cohort(frame=gaps), "refit")


def test_follow_up_beyond_the_models_does_not_count(cox):
    frame = other_patients(300)
    frame.loc[frame.index[:5], ["months", "event"]] = [300.0, 1]
    with pytest.warns(PrognosisWarning, match="E12.*5 patients"):
        found = cox.updating(other_cohort(frame=frame), "intercept")
    assert found.observed == frame["event"].sum() - 5
    assert found.events == frame["event"].sum()


def test_a_fine_gray_model_gets_its_level_at_the_last_horizon(new, tmp_path):
    """The intercept by pseudo-values at 48 months; hazards by it times higher, and nothing is left to change."""
    with quiet():
        model = made.study(endpoint=made.ENDPOINTS["competing"]).fit(FineGray())
    found = model.updating(new, "intercept")
    frame = other_patients(300)
    outcome = SurvivalArrays(frame["months"].to_numpy(), frame["first"].to_numpy(np.int64))
    wanted = calibration_intercept(outcome, model.predict(new, 48).risk, 48)
    assert found.intercept == pytest.approx(float(wanted.estimate[0]))
    assert found.intercept_error == pytest.approx(float(wanted.std_err[0]))
    ratio = np.log1p(-found.updated.predict(new, [12, 48]).risk) / np.log1p(-model.predict(new, [12, 48]).risk)
    np.testing.assert_allclose(ratio, math.exp(found.intercept))
    assert found.updated.updating(new, "intercept").intercept == pytest.approx(0.0, abs=1e-8)
    assert load_model(found.updated.save(tmp_path / "m.prognosis")).hash == found.updated.hash
    early = frame.assign(months=frame["months"].clip(upper=8))
    assert refused(model, other_cohort(frame=early)) == "E04"


def test_few_events_are_said(cox):
    frame = other_patients(60)
    frame["event"] = np.where(np.arange(60) < 6, 1, 0)
    with pytest.warns(PrognosisWarning, match="E11.*6 events"):
        found = cox.updating(other_cohort(frame=frame), "intercept")
    assert "E11" in {finding.code for finding in found.updated.warnings}


def refused(model, cohort, method="intercept", error=FitError, **options):
    with pytest.raises(error) as caught:
        model.updating(cohort, method, **options)
    return caught.value.code


def test_what_no_likelihood_answers_is_refused(cox, new):
    for recipe, methods in ((FineGray(), ("slope", "closed-test")), (Cox(), ("intercept", "slope", "closed-test"))):
        with quiet():
            model = made.study(endpoint=made.ENDPOINTS["competing"]).fit(recipe)
            assert model.updated(new, "refit").warnings[-1].code == "E10"
        assert {refused(model, new, method) for method in methods} == {"E07"}
    assert refused(made.fit(AcceleratedFailureTime()), new) == "E07"
    assert refused(made.fit(Cox(penalty="firth")), new, "closed-test") == "E07"
    assert refused(cox, new, "shrink") == "S14"


def test_a_cohort_that_cannot_serve_is_refused(cox, new):
    assert refused(cox, other_patients(50), error=PredictionError) == "E01"
    assert refused(cox, new, endpoint=Binary("early", event="early"), error=PredictionError) == "E02"
    later = TimeToEvent("efs", time="months", event="event", unit="months", origin="relapse")
    assert refused(cox, new, endpoint=later, error=PredictionError) == "E02"
    assert refused(cox, made.cohort(), error=LeakageError) == "C25"
    frame = other_patients(50).assign(grade=pd.Categorical(["low"] * 50, categories=["low", "middle", "high"]))
    assert refused(cox, other_cohort(frame=frame), "closed-test") in ("C03", "C01", "C07", "E05")


def test_equal_ids_of_other_patients_are_no_leak(cox):
    frame = other_patients(100).set_axis(pd.Index([f"P{place:03d}" for place in range(100)], name="pid"))
    with pytest.warns(PrognosisWarning, match="E03.*100 ids"):
        found = cox.updating(other_cohort(frame=frame), "intercept")
    assert found.n == 100


def test_an_overfitted_direction_is_shrunk():
    """True slope of one half: the estimate lies near it, and the predictions are spread less."""
    draw = np.random.default_rng(8)
    eta = draw.normal(0, 1, 4000)
    event = draw.random(4000) < expit(0.5 * eta - 0.5)
    found = nested_models(rows(event, eta), ("slope",))["slope"]
    assert found.slope == pytest.approx(0.5, abs=3 * found.slope_error)
    assert found.slope_error == pytest.approx(1 / math.sqrt((0.23 * np.ones(4000)).sum()), rel=0.1)
