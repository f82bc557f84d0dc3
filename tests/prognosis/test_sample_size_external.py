"""Patients for an external validation: published sizes, closed forms by hand, simulated cohorts of that size, laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import beta

from cohorts.errors import FitError, PrognosisWarning
from prognosis.cox.regression import fit_cox
from prognosis.metrics.concordance import concordance
from prognosis.metrics.observed_expected import observed_expected
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from prognosis.sample_size_external import NormalPredictor, sample_size_external_binary
from prognosis.sample_size_external_survival import sample_size_external_survival

CONSISTENT = NormalPredictor(-1.75, 1.22)
FOLLOWED = (2.0, 8.0)


def sizes(found):
    return [criterion.n for criterion in found.criteria]


@pytest.mark.parametrize(
    ("linear_predictor", "slope"),
    [
        (NormalPredictor(-5, 2.5), 4544),
        (logit(beta(0.5, 0.5).ppf((np.arange(200_000) + 0.5) / 200_000)), 1644),
    ],
)
def test_sizes_of_pmvalsampsize(linear_predictor, slope):
    """Its test cases: 905 (O/E), 4544 or 1644 (slope, a million draws), 4252 (C)."""
    with pytest.warns(PrognosisWarning, match="Z09"):
        found = sample_size_external_binary(0.018, linear_predictor, c_statistic=0.8, oe_width=1)
    assert sizes(found)[0] == 906  # R's steps of 0.0001 end at 905
    assert sizes(found)[1] == pytest.approx(slope, rel=5e-3)
    assert sizes(found)[2] == 4252
    assert found.n == max(sizes(found)) == found.binding.n
    assert found.events == pytest.approx(found.n * 0.018)


def test_a_consistent_example_of_pmvalsampsize():
    """2958 patients (its slope, a million draws) for a prevalence of .2, C .78 and a predictor normal (-1.75, 1.22)."""
    found = sample_size_external_binary(0.2, CONSISTENT, c_statistic=0.78)
    assert found.n == found.criteria[1].n == pytest.approx(2958, rel=5e-3)


def test_the_formulas_by_hand():
    """Ten of a value 0 and ten of a value 2: informations by hand; half of the patients have the event."""
    values = np.repeat([-1.0, 1.0], 10)
    found = sample_size_external_binary(0.5, values)
    p = 1 / (1 + math.exp(-1))
    # the mean is 0, so that the information of the slope is p (1 - p) times the mean square, which is 1
    assert found.criteria[1].n == math.ceil((2 * 1.96 / 0.2) ** 2 / (p * (1 - p)))
    assert found.criteria[0].n == math.ceil(1 / (math.asinh(0.1) / 1.96) ** 2)
    # an event is at 1 with probability p, a non-event with 1 - p
    c = p * p + 0.5 * 2 * p * (1 - p)
    assert found.c_statistic == pytest.approx(c, abs=1e-12)

    def error(n):
        share = (1 - c) / (2 - c) + c / (1 + c)
        return math.sqrt(c * (1 - c) * (1 + (n / 2 - 1) * share) / (n * n * 0.25))

    n = found.criteria[2].n
    assert error(n) <= 0.1 / (2 * 1.96) < error(n - 1)


def test_the_net_benefit_in_simulated_cohorts():
    """2,000 cohorts of the size asked for: the spread of the standardised net benefit is what was aimed at."""
    found = sample_size_external_binary(0.201, CONSISTENT, threshold=0.25)
    needed, rng = found.criteria[3], np.random.default_rng(3)
    assert needed.name == "standardised net benefit at 0.25"
    risk = expit(rng.normal(-1.75, 1.22, (2000, needed.n)))
    event, positive = rng.random(risk.shape) < risk, risk >= 0.25
    benefit = ((positive & event).mean(axis=1) - (positive & ~event).mean(axis=1) / 3) / event.mean(axis=1)
    assert 2 * 1.96 * benefit.std() == pytest.approx(0.2, rel=0.06)


def test_what_was_assumed_must_agree():
    with pytest.warns(PrognosisWarning, match=r"Z09.*a prevalence of 0.201, not 0.4 and a C of 0.782, not 0.7"):
        sample_size_external_binary(0.4, CONSISTENT, c_statistic=0.7)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((1.0, CONSISTENT), "Z07"),
        ((0.2, NormalPredictor(0, 0)), "Z08"),
        ((0.2, [0.1, 0.2]), "Z08"),
        ((0.2, [np.nan] * 30), "Z08"),
        ((0.2, ["a"] * 30), "Z08"),
        ((0.2, [1.0] * 30), "Z08"),
    ],
)
def test_what_is_no_question_is_refused(arguments, code):
    with pytest.raises(FitError) as caught:
        sample_size_external_binary(*arguments)
    assert caught.value.code == code


def test_the_widths_are_in_their_limits():
    with pytest.raises(FitError, match=r"oe_width=0 .*threshold=1.2|threshold=1.2") as caught:
        sample_size_external_binary(0.2, CONSISTENT, oe_width=0, threshold=1.2)
    assert [finding.code for finding in caught.value.findings] == ["Z07", "Z07"]


def test_survival_sizes_without_censoring_before_the_horizon():
    """Nobody leaves before the horizon: the error of log O/E is that of a share, (1 - risk) / (n risk)."""
    found = sample_size_external_survival(0.3, 1.0, NormalPredictor(0, 0.7), FOLLOWED)
    assert found.criteria[0].n == pytest.approx(0.7 / 0.3 / (math.asinh(0.1) / 1.96) ** 2, rel=0.03)
    # a weak predictor: the information of an event is the variance of the predictor among those at risk
    weak = sample_size_external_survival(0.3, 1.0, NormalPredictor(5, 0.05), FOLLOWED)
    assert weak.criteria[1].events == pytest.approx((2 * 1.96 / 0.2) ** 2 / 0.05**2, rel=0.03)
    assert weak.c_statistic == pytest.approx(0.5 + 0.05 / math.sqrt(4 * math.pi), abs=0.005)


def test_survival_cohorts_of_the_size_are_as_precise_as_aimed_at():
    """300 cohorts of 400 patients, drawn otherwise: the spread there, taken to the size asked for."""
    found = sample_size_external_survival(0.4, 3.0, NormalPredictor(0, 0.8), FOLLOWED, shape=1.3)
    rng, size, values = np.random.default_rng(1), 400, []
    for _ in range(300):
        eta = 0.8 * rng.normal(size=size)
        # the hazard at 0 that gives an overall risk of .4 by 3, found by a grid
        time = 3 * (rng.exponential(size=size) / np.exp(LEVEL + eta)) ** (1 / 1.3)
        end = rng.uniform(*FOLLOWED, size)
        outcome = SurvivalArrays(np.minimum(time, end), (time <= end).astype(np.int64))
        risk = -np.expm1(-np.exp(LEVEL + eta))
        ratio = observed_expected(outcome, np.full((size, 1), OVERALL), [3.0]).estimate[0]
        sets = build_risk_sets(outcome.time, outcome.event == 1)
        slope = fit_cox(eta[:, None], sets, ("eta",)).coefficients[0]
        values.append((math.log(ratio), slope, concordance(outcome.time, outcome.event == 1, risk).concordance))
    aimed = np.array([math.asinh(0.1), 0.1, 0.05]) / 1.96
    needed = size * (np.std(values, axis=0) / aimed) ** 2
    np.testing.assert_allclose(sizes(found), needed, rtol=0.2)
    assert found.c_statistic == pytest.approx(np.mean(values, axis=0)[2], abs=0.004)


GRID = np.linspace(-6, 6, 2001)
DENSITY = np.exp(-(GRID**2) / 2) / np.exp(-(GRID**2) / 2).sum()
LEVELS = np.linspace(-2, 0, 4001)
OVERALL = 0.4
LEVEL = LEVELS[np.argmin(np.abs(-np.expm1(-np.exp(LEVELS[:, None] + 0.8 * GRID)) @ DENSITY - OVERALL))]


def test_laws_of_survival_sizes():
    """Half the width asks for four times the patients; values of patients serve as their distribution does."""
    half = sample_size_external_survival(0.4, 3.0, NormalPredictor(0, 0.8), FOLLOWED, slope_width=0.1)
    whole = sample_size_external_survival(0.4, 3.0, NormalPredictor(2, 0.8), FOLLOWED)
    assert half.criteria[1].n == pytest.approx(4 * whole.criteria[1].n, abs=4)
    assert sizes(half)[::2] == sizes(whole)[::2]
    values = 0.8 * np.random.default_rng(4).normal(size=3000)
    np.testing.assert_allclose(sizes(sample_size_external_survival(0.4, 3.0, values, FOLLOWED)), sizes(whole), rtol=0.1)
    assert whole.table().columns.tolist() == ["name", "width", "n", "events", "driver"]
    assert whole.binding.name == "calibration slope"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((0.4, 9.0, CONSISTENT, FOLLOWED), "Z10", "nobody is followed beyond the horizon 9"),
        ((0.4, 3.0, CONSISTENT, (8.0, 2.0)), "Z07", "no limits of follow-up"),
        ((1.4, 3.0, CONSISTENT, FOLLOWED), "Z07", "risk=1.4"),
        ((0.4, -1.0, CONSISTENT, FOLLOWED), "Z07", "horizon"),
        ((0.4, 3.0, [1.0], FOLLOWED), "Z08", "no list of enough numbers"),
    ],
)
def test_what_is_no_survival_question_is_refused(arguments, code, words):
    with pytest.raises(FitError, match=words) as caught:
        sample_size_external_survival(*arguments)
    assert caught.value.code == code
