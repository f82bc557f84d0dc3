"""The recipe PenalisedCox: what it chooses, what it warns of, and its cross-validation by the definition."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from cohorts.errors import FitError, PrognosisError
from prognosis import load_model
from prognosis.models import Cox, PenalisedCox
from prognosis.penalised.cox_path import fit_path
from prognosis.penalised.cox_validation import CoxRows, cross_validate
from tests.prognosis.made import outcome_of, patients, study
from tests.prognosis.slow import log_likelihood

PREDICTORS = ["age", "albumin", "creat", "sex", "grade", "relapse"]


@pytest.fixture(scope="module")
def frame():
    return patients(300)


@pytest.fixture(scope="module")
def lasso(frame):
    return PenalisedCox(seed=1).fit(frame[PREDICTORS], outcome_of(frame))


def fit(frame, predictors=PREDICTORS, **options):
    auxiliary = [options[name] for name in ("weights", "cluster", "offset") if name in options]
    columns = [*predictors, *options.get("strata", ()), *auxiliary]
    return PenalisedCox(**options).fit(frame[columns], outcome_of(frame))


def test_the_summary_keeps_the_predictors_that_are_left_out(lasso):
    table = lasso.estimate_.summary()
    assert table["term"].tolist() == ["age", "albumin", "creat", "sex=M", "grade=middle", "grade=high", "relapse"]
    zero = table["coefficient"] == 0
    assert 0 < zero.sum() < len(table)
    assert set(lasso.estimate_.selected) == set(table["term"][~zero])
    assert (table["hazard_ratio"][zero] == 1).all()
    assert table[["se", "lower", "upper", "z", "p"]].isna().all().all()
    assert lasso.selects
    assert not PenalisedCox(alpha=0.0).selects


def test_there_are_no_intervals_and_a_warning_says_why(lasso, frame):
    estimate = lasso.estimate_
    risk, lower, upper = estimate.risk(lasso.preparation_.design(frame[PREDICTORS]), np.array([12.0, 24.0, 1e6]))
    assert ((risk[:, :2] > 0) & (risk[:, :2] < 1)).all()
    assert np.isnan(risk[:, 2]).all()
    assert np.isnan([lower, upper]).all()
    found = next(finding for finding in lasso.warnings_ if finding.code == "N20")
    assert found.severity == "warning"
    assert "bootstrap" in found.way_out


def test_the_risk_follows_from_the_coefficients_as_in_a_cox_model(lasso, frame):
    """A Cox fit with the lasso's linear predictor as offset (and a column that adds nothing) has its baseline."""
    design = lasso.preparation_.design(frame[PREDICTORS])
    e, times = lasso.estimate_, np.array([6.0, 24.0])
    uncentred = e.risk_at(design @ e.coefficients, times)
    np.testing.assert_allclose(e.risk(design, times)[0], uncentred, rtol=1e-12)
    eta = lasso.predict(frame[PREDICTORS])
    assert eta.mean() == pytest.approx(0, abs=1e-12)
    at_risk = [(frame["months"].to_numpy() >= t) for t in np.unique(frame["months"][frame["event"] == 1])]
    deaths = [((frame["months"] == t) & (frame["event"] == 1)).sum() for t in e.event_times]
    breslow = sum(
        d / np.exp(eta[rows]).sum() for d, rows, t in zip(deaths, at_risk, e.event_times, strict=True) if t <= 24
    )
    assert e.risk(design[:1], times)[0][0, 1] == pytest.approx(1 - np.exp(-breslow * np.exp(eta[0])), rel=1e-12)


def test_cross_validated_loss_by_the_definition(frame):
    """Deviance of all rows minus that of the rows without the fold, per event of the fold; plain loops."""
    rows = CoxRows(
        frame[["age", "albumin"]].to_numpy()[:60],
        frame["months"].to_numpy()[:60],
        frame["event"].to_numpy()[:60] == 1,
        np.ones(60),
    )
    path = fit_path(rows.likelihood(), 1.0, np.array([0.2, 0.05]))
    fold = rows.deal(3, seed=0)
    curve = cross_validate(rows, path, 1.0, fold)

    def deviance(kept, beta):
        part = {"x": rows.design[kept], "time": rows.time[kept], "event": rows.event[kept]}
        ties = np.unique(part["time"][part["event"]], return_counts=True)[1]
        return -2 * (log_likelihood(beta, part, "breslow") + (ties * np.log(ties)).sum())

    everyone = np.ones(60, bool)
    loss, weight = [], []
    for k in range(3):
        fitted = fit_path(rows.take(fold != k).likelihood(), 1.0, path.penalty).coefficients
        weight.append(rows.event[fold == k].sum())
        loss.append([(deviance(everyone, b) - deviance(fold != k, b)) / weight[-1] for b in fitted])
    np.testing.assert_allclose(curve.mean, np.average(loss, axis=0, weights=weight), rtol=1e-10)


def test_the_penalty_is_chosen_and_the_path_kept(lasso, frame):
    curve, estimate = lasso.estimate_.curve, lasso.estimate_
    assert estimate.penalty == curve.penalty[np.argmin(curve.mean)]
    assert (estimate.rule, estimate.folds) == ("minimum", 10)
    assert len(curve.penalty) == len(curve.nonzero) == len(curve.mean) == len(curve.se)
    assert curve.nonzero[0] == 0
    sparser = fit(frame, rule="one-standard-error", seed=1).estimate_
    assert sparser.penalty > estimate.penalty
    assert len(sparser.selected) <= len(estimate.selected)
    np.testing.assert_array_equal(sparser.curve.mean, curve.mean)


def test_a_given_penalty_is_used_without_cross_validation(lasso, frame):
    given = fit(frame, penalty=lasso.estimate_.penalty)
    np.testing.assert_allclose(given.estimate_.coefficients, lasso.estimate_.coefficients, rtol=1e-6, atol=1e-9)
    assert given.estimate_.rule == ""
    assert given.estimate_.curve.mean.size == 0


def test_seed_and_order_of_the_rows(lasso, frame):
    again = fit(frame.sample(frac=1, random_state=3), seed=1)
    np.testing.assert_allclose(again.estimate_.coefficients, lasso.estimate_.coefficients, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(again.estimate_.curve.mean, lasso.estimate_.curve.mean, rtol=1e-9)
    other = fit(frame, seed=2)
    assert np.abs(other.estimate_.curve.mean - lasso.estimate_.curve.mean).max() > 1e-4


def test_a_small_penalty_approaches_the_cox_model_and_a_large_one_leaves_nothing(frame):
    cox = Cox(ties="breslow").fit(frame[PREDICTORS], outcome_of(frame))
    loose = fit(frame, penalty=1e-9)
    np.testing.assert_allclose(loose.estimate_.coefficients, cox.estimate_.coefficients, rtol=1e-4, atol=1e-6)
    assert loose.estimate_.loglik == pytest.approx(cox.estimate_.loglik, rel=1e-10)
    empty = fit(frame, penalty=10.0)
    assert empty.estimate_.selected == ()
    assert "N23" in [finding.code for finding in empty.warnings_]
    assert empty.estimate_.loglik[0] == pytest.approx(empty.estimate_.loglik[1], rel=1e-14)


def test_a_penalty_that_is_hardly_needed_is_said(frame):
    strong = frame.assign(months=np.exp(-frame["age"] / 8 + frame["albumin"] / 8))
    found = PenalisedCox(alpha=0.0).fit(strong[["age", "albumin"]], outcome_of(strong.assign(event=1)))
    assert "N24" in [finding.code for finding in found.warnings_]


def test_strata_weights_offset_cluster_and_efron_reach_the_fit(frame):
    draw = np.random.default_rng(5)
    frame = frame.assign(case=draw.integers(1, 3, 300) * 1.0, known=draw.normal(size=300), person=np.arange(300) // 2)
    plain = fit(frame, ["age", "albumin"], penalty=0.01).estimate_
    for options in ({"strata": ["centre"]}, {"weights": "case"}, {"offset": "known"}, {"ties": "efron"}):
        changed = fit(frame, ["age", "albumin"], penalty=0.01, **options).estimate_
        assert np.abs(changed.coefficients - plain.coefficients).max() > 1e-9
    stratified = fit(frame, ["age", "albumin"], penalty=0.01, strata=["centre"])
    assert stratified.estimate_.stratum_names == ("centre=north", "centre=south")
    clustered = fit(frame, ["age", "albumin"], cluster="person").estimate_
    assert np.abs(clustered.curve.mean[:5] - fit(frame, ["age", "albumin"]).estimate_.curve.mean[:5]).max() > 1e-6


def test_more_predictors_than_patients(frame):
    draw = np.random.default_rng(6)
    wide = frame[:60].assign(**{f"noise{j}": draw.normal(size=60) for j in range(80)})
    columns = ["age", "albumin", *(f"noise{j}" for j in range(80))]
    found = PenalisedCox(folds=5, rule="one-standard-error").fit(wide[columns], outcome_of(wide))
    assert len(found.estimate_.selected) < 40
    assert np.isfinite(found.predict(wide[columns])).all()


def test_saved_and_loaded(tmp_path):
    with pytest.warns(match=r"\[N20\]"):
        model = study(["age", "albumin", "sex"], n=200).fit(PenalisedCox(folds=5, rule="one-standard-error"))
    loaded = load_model(model.save(tmp_path / "lasso.prognosis"))
    ours, again = model.estimate, loaded.estimate
    assert again.to_dict() == ours.to_dict()
    for name in ("penalty", "nonzero", "mean", "se"):
        np.testing.assert_array_equal(getattr(again.curve, name), getattr(ours.curve, name))
    assert np.isnan(again.covariance).all()
    assert again.covariance.shape == (3, 3)


@pytest.mark.parametrize(
    "options",
    [{"alpha": 1.5}, {"alpha": "1"}, {"penalty": 0.0}, {"penalty": -1.0}, {"folds": 2}, {"folds": 5.5},
     {"rule": "best"}, {"ties": "exact"}, {"seed": -1}],
)  # fmt: skip
def test_parameters_outside_their_limits_are_refused(frame, options):
    with pytest.raises(PrognosisError, match=f"{next(iter(options))}=") as caught:
        fit(frame, ["age"], **options)
    assert caught.value.code == "S14"
    assert clone(PenalisedCox(**options)).get_params() == PenalisedCox(**options).get_params()


def test_fewer_events_than_folds_are_refused(frame):
    few = frame[frame["event"] == 0].head(50).copy()
    few.iloc[:6, few.columns.get_loc("event")] = 1
    with pytest.raises(FitError, match="6 events cannot be dealt into 10 folds"):
        fit(few, ["age", "albumin"])
