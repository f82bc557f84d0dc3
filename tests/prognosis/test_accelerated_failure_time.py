"""The recipe and what it leaves: signs, risks with limits, quantiles, tables, files, studies with visits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from cohorts import Codebook, Cohort
from cohorts.errors import DataContractError, FitError, PredictionError
from prognosis import Study, load_model
from prognosis.metrics.indexes.calibration import calibration_slope
from prognosis.models import AcceleratedFailureTime, Cox
from prognosis.parametric.estimate import ParametricEstimate
from tests.prognosis import made
from tests.prognosis.made_parametric import NAMES, VISIT, fit, lung_at_visits, outcome

COLUMNS = ["age", "sex", "ph.ecog"]
SCALES = ["log", "log-log", "plain"]
each_distribution = pytest.mark.parametrize("distribution", NAMES)


@pytest.fixture(scope="module")
def lung(golden_data):
    return golden_data("lung").dropna(subset=["time", "dead", *COLUMNS])


@pytest.fixture(scope="module")
def models(lung):
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    return {name: AcceleratedFailureTime(name).fit(lung[COLUMNS], y) for name in NAMES}


def survival(estimate, theta, design, time):
    """S(t) by the formulas of the textbook, from (intercept, log time ratios, log scale)."""
    p = len(estimate.names)
    scale = np.exp(theta[p + 1]) if len(theta) > p + 1 else 1.0
    w = (np.log(time) - theta[0] - design @ theta[1 : p + 1]) / scale
    if estimate.distribution == "lognormal":
        return norm.sf(w)
    return 1 / (1 + np.exp(w)) if estimate.distribution == "loglogistic" else np.exp(-np.exp(w))


def theta_of(estimate):
    free = [] if estimate.distribution == "exponential" else [np.log(estimate.scale)]
    return np.array([estimate.intercept, *estimate.log_time_ratios, *free])


@each_distribution
@pytest.mark.parametrize("interval", SCALES)
def test_risk_and_its_limits_are_the_delta_method_on_the_scale_asked(models, lung, distribution, interval):
    model = models[distribution]
    estimate, design = model.estimate_, model.preparation_.design(lung.head(1))
    to, back = {
        "log": (np.log, np.exp),
        "log-log": (lambda s: np.log(-np.log(s)), lambda x: np.exp(-np.exp(x))),
        "plain": (lambda s: s, lambda x: x),
    }[interval]
    theta, time = theta_of(estimate), 400.0
    at = survival(estimate, theta, design[0], time)
    steps = np.eye(len(theta)) * 1e-6
    slope = [
        (to(survival(estimate, theta + e, design[0], time)) - to(survival(estimate, theta - e, design[0], time))) / 2e-6
        for e in steps
    ]
    width = 1.6448536269514722 * np.sqrt(np.array(slope) @ estimate.survreg_covariance @ slope)
    expected = [1 - at, *sorted(1 - back(to(at) + sign * width) for sign in (-1, 1))]
    ours = estimate.risk(design, np.array([time]), level=0.9, interval=interval)
    np.testing.assert_allclose(np.ravel(ours), expected, rtol=1e-6)


@each_distribution
def test_risk_by_two_ways_and_its_ends(models, lung, distribution):
    model = models[distribution]
    estimate, design = model.estimate_, model.preparation_.design(lung)
    times = np.array([0.0, 1e-12, 30.0, 365.0, 1022.0, 1023.0])
    risk, lower, upper = estimate.risk(design, times, interval="log-log")
    np.testing.assert_allclose(estimate.risk_at(design @ estimate.coefficients, times), risk, rtol=1e-9, atol=1e-15)
    assert (risk[:, 0] == 0).all()
    assert (upper[:, 0] == 0).all()
    assert np.isnan(risk[:, 5]).all()
    assert np.isnan(lower[:, 5]).all()
    known = slice(0, 5)
    assert (np.diff(risk[:, known], axis=1) >= 0).all()
    assert ((lower <= risk) & (risk <= upper))[:, known].all()


@each_distribution
def test_the_linear_predictor_is_higher_for_a_higher_risk(models, lung, distribution):
    model = models[distribution]
    estimate, eta = model.estimate_, model.predict(lung)
    risk = estimate.risk(model.preparation_.design(lung), np.array([365.0]))[0][:, 0]
    assert (np.diff(risk[np.argsort(eta)]) >= -1e-14).all()
    assert eta.mean() == pytest.approx(0, abs=1e-12)
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    assert 0.6 < model.score(lung[COLUMNS], y) < 0.7
    assert calibration_slope(model.evaluation(lung[COLUMNS], y)) == pytest.approx(1, rel=1e-9)


@each_distribution
def test_mean_risk_is_near_kaplan_meier(models, lung, distribution):
    model = models[distribution]
    observed = model.observed()[0]
    # Hazards rise in these patients, which only a Weibull time can follow.
    allowed = {"weibull": 0.03, "loglogistic": 0.06, "lognormal": 0.08, "exponential": 0.09}[distribution]
    for time in (180.0, 365.0, 700.0):
        mean = model.estimate_.risk(model.preparation_.design(lung), np.array([time]))[0].mean()
        assert mean == pytest.approx(1 - observed.at(time), abs=allowed)


def test_weibull_hazard_ratio_is_that_of_its_hazards(models, lung):
    estimate = models["weibull"].estimate_
    table = estimate.summary().set_index("term")
    assert table.loc["sex", "hazard_ratio"] == pytest.approx(np.exp(-0.40109054119345 / 0.731108992164631), rel=1e-10)
    assert table.loc["sex", "time_ratio"] == pytest.approx(np.exp(0.40109054119345), rel=1e-10)
    design = np.tile(lung[COLUMNS].mean().to_numpy(), (2, 1))
    design[1, 1] += 1
    hazards = -np.log1p(-estimate.risk(design, np.array([100.0, 500.0]))[0])
    np.testing.assert_allclose(hazards[1] / hazards[0], table.loc["sex", "hazard_ratio"], rtol=1e-10)
    width = np.log(table["hazard_ratio_upper"] / table["hazard_ratio"]) / 1.9599639845400545
    theta, p = theta_of(estimate), 3
    for j in range(p):
        slope = np.zeros(p + 2)
        slope[j + 1], slope[p + 1] = -1 / estimate.scale, theta[j + 1] / estimate.scale
        assert width.iloc[j] == pytest.approx(np.sqrt(slope @ estimate.survreg_covariance @ slope), rel=1e-9)
    assert "hazard_ratio" not in models["lognormal"].estimate_.summary()


def test_exponential_hazard_ratio_needs_no_scale(models):
    table = models["exponential"].estimate_.summary()
    np.testing.assert_allclose(table["hazard_ratio_upper"], 1 / table["lower"], rtol=1e-12)


def test_weibull_and_cox_agree_about_these_patients(models, lung):
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    cox = Cox().fit(lung[COLUMNS], y).estimate_.coefficients
    ours = np.log(models["weibull"].estimate_.summary()["hazard_ratio"])
    np.testing.assert_allclose(ours, cox, atol=0.05)


@each_distribution
@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_a_quantile_is_the_time_with_this_risk(models, lung, distribution, probability):
    model = models[distribution]
    design = model.preparation_.design(lung.head(1))
    time, lower, upper = model.estimate_.quantile(design, probability)
    assert model.estimate_.risk(design, time)[0][0, 0] == pytest.approx(probability, rel=1e-10)
    assert lower < time < upper


def test_a_quantile_beyond_the_follow_up_is_not_a_number_unless_asked(models, lung):
    estimate, design = models["weibull"].estimate_, models["weibull"].preparation_.design(lung.head(1))
    time, lower, upper = estimate.quantile(design, 0.992)
    assert np.isnan([time[0], upper[0]]).all()
    assert lower[0] < estimate.end[0]
    assert estimate.quantile(design, 0.992, extrapolate=True)[0][0] > estimate.end[0]


@pytest.mark.parametrize("probability", [0, 1, -0.2, np.nan])
def test_impossible_quantiles_are_refused(models, lung, probability):
    with pytest.raises(PredictionError, match="is not allowed") as caught:
        models["weibull"].estimate_.quantile(models["weibull"].preparation_.design(lung), probability)
    assert caught.value.code == "S14"


@each_distribution
def test_plain_values_and_back(models, lung, distribution):
    estimate = models[distribution].estimate_
    back = ParametricEstimate.restore(json.loads(json.dumps(estimate.to_dict())), estimate.arrays())
    design = models[distribution].preparation_.design(lung)
    for one, other in zip(estimate.risk(design, [100.0]), back.risk(design, [100.0]), strict=True):
        np.testing.assert_array_equal(one, other)
    pd.testing.assert_frame_equal(back.summary(), estimate.summary())


def test_an_offset_makes_the_event_later_as_in_r(lung):
    rows = lung.assign(fixed=0.01 * lung["age"])
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    model = AcceleratedFailureTime(offset="fixed").fit(rows[["sex", "fixed"]], y)
    free = fit(rows[["sex"]], outcome(lung["time"], lung["dead"]), offset=rows["fixed"].to_numpy())
    np.testing.assert_allclose(model.estimate_.log_time_ratios, free.coefficients, rtol=1e-12)
    later = rows.assign(fixed=rows["fixed"] + 1)
    np.testing.assert_allclose(model.predict(later) - model.predict(rows), -1, rtol=1e-12)
    design = model.preparation_.design(rows)
    early, late = (
        model.estimate_.quantile(design, offset=t["fixed"].to_numpy(), extrapolate=True)[0] for t in (rows, later)
    )
    np.testing.assert_allclose(late / early, np.e, rtol=1e-12)


def test_fractional_weights_warn_without_a_cluster(lung):
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    X = lung[[*COLUMNS, "wt"]].assign(row=np.arange(len(lung)))
    plain = AcceleratedFailureTime(weights="wt").fit(X.drop(columns="row"), y)
    assert [(finding.code, finding.severity) for finding in plain.warnings_ if finding.code == "N34"] == [
        ("N34", "warning")
    ]
    robust = AcceleratedFailureTime(weights="wt", cluster="row").fit(X, y)
    assert not [finding for finding in robust.warnings_ if finding.code == "N34"]
    assert robust.estimate_.robust == "cluster"
    np.testing.assert_array_equal(robust.estimate_.coefficients, plain.estimate_.coefficients)
    assert (robust.estimate_.covariance != plain.estimate_.covariance).all()


def test_splines_interactions_and_transforms_are_those_of_cox(lung):
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    terms = {"splines": {"age": 4}, "interactions": [("age", "sex")]}
    ours, cox = AcceleratedFailureTime(**terms).fit(lung[COLUMNS], y), Cox(**terms).fit(lung[COLUMNS], y)
    assert ours.estimate_.names == cox.estimate_.names


@pytest.mark.parametrize(
    ("options", "words"),
    [({"distribution": "gamma"}, "distribution='gamma'"), ({"weights": 3}, "weights=3")],
)
def test_parameters_outside_their_limits_are_refused(lung, options, words):
    y = made.structured(lung["time"].to_numpy(float), lung["dead"].to_numpy(int))
    with pytest.raises(FitError, match=words) as caught:
        AcceleratedFailureTime(**options).fit(lung[COLUMNS], y)
    assert caught.value.code == "S14"


def test_separation_is_refused_naming_the_category():
    frame = made.patients(200)
    frame["relapse"] = np.where(frame["event"] == 1, 0.0, frame["relapse"])
    with pytest.raises(FitError, match="0 events") as caught:
        AcceleratedFailureTime().fit(frame[["age", "relapse"]], made.outcome_of(frame))
    assert caught.value.code == "C05"
    assert caught.value.findings[0].column == "relapse"


def test_an_event_at_time_zero_is_refused():
    frame = made.patients(60)
    y = made.outcome_of(frame)
    y["time"][0], y["event"][0] = 0.0, 1
    with pytest.raises(DataContractError, match="events at time 0"):
        AcceleratedFailureTime().fit(frame[["age"]], y)


@pytest.fixture(scope="module")
def study(golden_data):
    """A cohort with a column of last visits."""
    rows, seen = lung_at_visits(golden_data("lung"))
    frame = rows[COLUMNS].assign(months=seen.time, event=seen.event, free=np.nan_to_num(seen.last_free, nan=-1.0))
    # An exact time may also be written as the time itself; censored rows ignore what stands there.
    frame["free"] = np.where(frame["free"] < 0, frame["months"], frame["free"])
    frame.index = pd.Index([f"P{place:03d}" for place in range(len(frame))], name="pid")
    variables = {name: {"kind": "numeric"} for name in COLUMNS}
    book = {**variables, "pid": {"kind": "id"}, "event": made.VARIABLES["event"]}
    book |= {name: {"kind": "time", "unit": "days", "timing": "post-baseline"} for name in ("months", "free")}
    endpoint = replace(made.ENDPOINT, unit="days", horizons=(180.0, 365.0), last_free="free")
    cohort = Cohort.from_frame(frame, "pid", Codebook.from_dict({"variables": book}))
    return Study(cohort, endpoint, COLUMNS)


def test_a_study_with_visits_is_fitted_by_the_intervals(study, golden_data):
    rows, seen = lung_at_visits(golden_data("lung"))
    model = study.fit(AcceleratedFailureTime())
    expected = fit(rows[COLUMNS], seen)
    np.testing.assert_allclose(model.estimate.log_time_ratios, expected.coefficients, rtol=1e-12)
    assert model.max_follow_up >= VISIT


def test_cox_refuses_visits(study):
    with pytest.raises(FitError, match="last_free"):
        study.fit(Cox())


def test_saved_and_loaded_it_answers_the_same(study, golden_data, tmp_path):
    model = study.fit(AcceleratedFailureTime("loglogistic"))
    loaded = load_model(model.save(tmp_path / "aft.prognosis"))
    patients = golden_data("lung")[COLUMNS].head(5)
    one, other = model.predict(patients), loaded.predict(patients)
    np.testing.assert_array_equal(one.risk, other.risk)
    np.testing.assert_array_equal(one.upper, other.upper)
    assert loaded.endpoint == model.endpoint


def test_contributions_sum_to_the_linear_predictor(study, golden_data):
    model = study.fit(AcceleratedFailureTime())
    patients = golden_data("lung")[COLUMNS].head(5)
    parts = model.contributions(patients)
    np.testing.assert_allclose(parts.sum(axis=1), model.linear_predictor(patients), rtol=1e-10)
    older = patients.assign(age=patients["age"] + 10)
    assert (model.predict(older).risk > model.predict(patients).risk).all()
