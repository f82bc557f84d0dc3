"""Rubin's rules by hand, and a pooled Cox model that answers, is drawn and saved as any other."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, f

from cohorts.errors import FitError
from nomograms import Nomogram
from prognosis import load_model
from prognosis.cox.estimate import CoxEstimate
from prognosis.imputation.chained import impute_training
from prognosis.imputation.pooled_hazards import mean_baseline, pool_cox
from prognosis.imputation.pooling import Pooled, pool, pool_chi_squares
from prognosis.models import Cox
from prognosis.outcome import read_outcome
from tests.prognosis.incomplete import incomplete
from tests.prognosis.made import outcome_of, patients, structured, study

TERMS = [("a",), ("a",), ("a",)]


def three(complete_freedom=np.inf):
    """Estimates 1, 2, 3 with variance 2 each: within 2, between 1, total 2 + 4/3."""
    return pool(TERMS, [np.array([x]) for x in (1.0, 2.0, 3.0)], [np.array([[2.0]])] * 3, complete_freedom)


def test_rubins_rules_by_hand():
    pooled = three()
    assert pooled.estimate.tolist() == [2.0]
    assert pooled.total[0, 0] == pytest.approx(10 / 3)
    assert pooled.increase[0] == pytest.approx(2 / 3)
    assert pooled.share[0] == pytest.approx(0.4)
    assert pooled.freedom[0] == pytest.approx(2 / 0.16)
    assert pooled.missing_information[0] == pytest.approx((2 / 3 + 2 / 15.5) / (5 / 3))


def test_barnard_and_rubin_by_hand():
    # nu = 12.5 and 21 / 23 * 20 * 0.6 observed: their harmonic sum
    observed = 21 / 23 * 20 * 0.6
    assert three(20).freedom[0] == pytest.approx(12.5 * observed / (12.5 + observed))
    assert three(20).freedom[0] < three(1000).freedom[0] < three().freedom[0]


def test_freedom_below_one_counts_as_one_and_no_spread_gives_nearly_the_complete_freedom():
    assert (three(-4).complete_freedom == 1.0).all()
    equal = pool(TERMS, [np.array([1.0])] * 3, [np.array([[2.0]])] * 3, 50)
    assert equal.total[0, 0] == 2.0
    assert equal.freedom[0] == pytest.approx(51 / 53 * 50, rel=1e-3)


def test_the_whole_covariance_is_pooled():
    g = np.random.default_rng(1)
    estimates, roots = g.normal(size=(6, 2)), g.normal(size=(6, 2, 2))
    covariances = [root @ root.T for root in roots]
    pooled = pool([("a", "b")] * 6, list(estimates), covariances)
    expected = np.mean(covariances, axis=0) + (1 + 1 / 6) * np.cov(estimates.T)
    np.testing.assert_allclose(pooled.total, expected, rtol=1e-12)


def test_limits_are_wider_than_the_normal_ones_and_hold_the_estimate():
    summary = three(20).summary(0.9)
    se = np.sqrt(10 / 3)
    assert summary["upper"][0] - 2.0 > 1.645 * se
    assert summary["lower"][0] + summary["upper"][0] == pytest.approx(4.0)
    assert summary["p"][0] > 0.27  # normal: 0.273


def test_one_fit_or_other_terms_are_refused():
    with pytest.raises(FitError, match="at least two completed data sets") as caught:
        pool(TERMS[:1], [np.ones(1)], [np.ones((1, 1))])
    assert caught.value.code == "C39"
    with pytest.raises(FitError, match="different terms"):
        pool([("a",), ("b",)], [np.ones(1)] * 2, [np.ones((1, 1))] * 2)


@pytest.mark.parametrize("freedom", [20.0, np.inf])
def test_details_are_restored(freedom):
    pooled = three(freedom)
    back = Pooled.restore(json.loads(json.dumps(pooled.to_dict(), allow_nan=False)), pooled.arrays())
    assert back.table.equals(pooled.table)


@pytest.fixture(scope="module")
def fits():
    """Cox models of five completed copies, their designs and the common risk sets."""
    frame, outcome = incomplete(300)
    copies = impute_training(frame, outcome, iterations=3).copies
    models = [Cox().fit(copy, structured(outcome.time, outcome.event)) for copy in copies]
    designs = [model.preparation_.design(copy) for model, copy in zip(models, copies, strict=True)]
    return [model.estimate_ for model in models], designs, models[0].training_.risk_sets


def test_the_pooled_model_is_of_the_same_kind_with_one_origin(fits):
    estimates, designs, risk_sets = fits
    estimate, pooled = pool_cox(*fits)
    assert type(estimate) is CoxEstimate
    assert (pooled.complete_freedom == risk_sets.events.sum() - len(estimate.names)).all()
    np.testing.assert_allclose(estimate.coefficients, np.mean([one.coefficients for one in estimates], axis=0))
    np.testing.assert_allclose(estimate.means, np.mean([design.mean(axis=0) for design in designs], axis=0))
    np.testing.assert_array_equal(estimate.covariance, pooled.total)
    assert (np.diag(estimate.covariance) > np.mean([np.diag(one.covariance) for one in estimates], axis=0)).all()


def test_equal_copies_pool_to_the_fit_itself(fits):
    estimates, designs, risk_sets = fits
    estimate, _ = pool_cox([estimates[0]] * 3, [designs[0]] * 3, risk_sets)
    times = np.array([5.0, 20.0])
    for ours, own in zip(estimate.risk(designs[0][:9], times), estimates[0].risk(designs[0][:9], times), strict=True):
        np.testing.assert_allclose(ours, own, rtol=1e-9)


def test_risks_and_limits_agree_with_rubins_rules_on_every_patient(fits):
    # the pooled curve against pooling each patient's log cumulative hazard over the copies' own models
    estimates, designs, _ = fits
    estimate, _ = pool_cox(*fits)
    times, who = np.array([5.0, 12.0, 25.0]), designs[0][:40]
    answers = [one.risk(who, times, interval="log-log") for one in estimates]
    hazards = np.log([-np.log1p(-risk) for risk, _, _ in answers])
    errors = np.array([np.log(np.log1p(-high) / np.log1p(-risk)) / 1.959963984540054 for risk, _, high in answers])
    total = np.sqrt((errors**2).mean(axis=0) + (1 + 1 / 5) * hazards.var(axis=0, ddof=1))
    risk, _, upper = estimate.risk(who, times, interval="log-log")
    np.testing.assert_allclose(np.log(-np.log1p(-risk)), hazards.mean(axis=0), atol=0.02)
    ours = np.log(np.log1p(-upper) / np.log1p(-risk)) / 1.959963984540054
    np.testing.assert_allclose(ours, total, rtol=0.05)


def test_the_baseline_of_copies_at_one_origin_is_their_mean_with_more_variance(fits):
    one = fits[0][0].baseline
    other = replace(one, cumulative_hazard=one.cumulative_hazard * 1.1)
    mean = mean_baseline([one, other])
    np.testing.assert_allclose(mean.cumulative_hazard, 1.05 * one.cumulative_hazard)
    between = 1.5 * (0.1 * one.cumulative_hazard) ** 2 / 2
    np.testing.assert_allclose(mean.variance, one.variance + between)


def test_summary_of_the_pooled_model_uses_t(fits):
    estimate, pooled = pool_cox(*fits)
    table, by_normal = pooled.with_t(estimate.summary(0.9), 0.9), estimate.summary(0.9)
    assert list(table["term"]) == list(estimate.names)
    np.testing.assert_allclose(np.log(table["upper"]), pooled.summary(0.9)["upper"])
    assert (table["upper"] > by_normal["upper"]).all()
    assert (table["p"] >= by_normal["p"]).all()
    assert table["df"].between(1, float(pooled.complete_freedom[0])).all()
    np.testing.assert_array_equal(table["hazard_ratio"], by_normal["hazard_ratio"])
    extra = pooled.with_t(by_normal.assign(term=["other", *estimate.names[1:]]))
    assert np.isnan(extra["df"][0])
    assert extra["lower"][0] == by_normal["lower"][0]


def test_it_predicts_draws_a_nomogram_and_is_saved(tmp_path):
    rows = patients(300)
    gone = rows["albumin"].sample(frac=0.2, random_state=1).index
    asked = study(("age", "albumin", "grade"), frame=rows, horizons=[12.0])
    outcome, holes = (
        read_outcome(outcome_of(rows)),
        asked.frame.assign(albumin=asked.frame["albumin"].mask(asked.frame.index.isin(gone))),
    )
    copies = impute_training(holes, outcome, copies=3, iterations=2).copies
    models = [Cox().fit(copy, outcome_of(rows)) for copy in copies]
    designs = [model.preparation_.design(copy) for model, copy in zip(models, copies, strict=True)]
    estimate, _ = pool_cox([model.estimate_ for model in models], designs, models[0].training_.risk_sets)
    model = replace(asked.fit(Cox()), estimate=estimate)
    model.save(tmp_path / "pooled.prognosis")
    loaded = load_model(tmp_path / "pooled.prognosis")
    new = copies[1].iloc[:5]
    risk = model.predict(new).risk
    np.testing.assert_array_equal(loaded.predict(new).risk, risk)
    assert ((risk > 0) & (risk < 1)).all()
    nomogram = Nomogram(model)
    points = sum(nomogram.points(dict(new.iloc[0])).values())
    assert nomogram.risk(points)[12.0] == pytest.approx(risk[0, 0], abs=1e-6)


def test_chi_squares_by_the_d2_rule_by_hand():
    """Three tests on 2 df: the rule of Li and others written out; equal statistics are one test."""
    statistics = np.array([4.0, 9.0, 6.25])
    mean, p = pool_chi_squares(statistics, 2)
    increase = 4 / 3 * np.var([2.0, 3.0, 2.5], ddof=1)
    d2 = (mean / 2 - 4 / 2 * increase) / (1 + increase)
    assert mean == pytest.approx(19.25 / 3)
    assert p == pytest.approx(f.sf(d2, 2, 2 ** (-3 / 3) * 2 * (1 + 1 / increase) ** 2), rel=1e-10)
    assert pool_chi_squares(np.full(5, 6.0), 2)[1] == pytest.approx(np.exp(-3.0), rel=1e-12)
    assert chi2.sf(mean, 2) < p < 1
