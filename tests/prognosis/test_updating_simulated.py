"""The closed test in simulated cohorts: a right model is kept, a new level and a new slope are found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from prognosis.updating.comparison import closed_test
from prognosis.updating.likelihoods import NewRows, nested_models

NAMES = ("a", "b", "c")
BETA = np.array([0.5, -0.4, 0.3])
N, COHORTS = 500, 200
# Enough to tell what is picked in most.
FEW = 60


def cohort(seed, shift=0.0, slope=1.0, other=0.0, timed=True):
    """Patients whose true log rate is shift + slope * model + other * a column that the model has wrong."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(N, 3))
    eta = x @ BETA
    true = shift + slope * eta + other * (x[:, 0] + x[:, 1])
    none = np.zeros(N)
    if not timed:
        return NewRows(draw.random(N) < expit(true), x, NAMES, eta, none)
    time, end = draw.exponential(np.exp(-true)), draw.uniform(0.3, 2.0, N)
    return NewRows(time <= end, x, NAMES, eta, none, np.minimum(time, end))


def picks(cohorts, **truth):
    chosen = [closed_test(nested_models(cohort(seed, **truth)))[0] for seed in range(cohorts)]
    return {name: chosen.count(name) / cohorts for name in ("original", "intercept", "slope", "refit")}


@pytest.mark.parametrize("timed", [True, False])
def test_a_right_model_is_kept_in_95_of_100_cohorts(timed):
    """Binomial limits of 200 cohorts at .95: .91 to .98 (three standard errors)."""
    assert 0.90 < picks(COHORTS, timed=timed)["original"] < 0.99


@pytest.mark.parametrize(
    ("truth", "chosen"),
    [({"shift": 0.5}, "intercept"), ({"slope": 0.4}, "slope"), ({"shift": 0.4, "slope": 0.4}, "slope"),
     ({"other": 0.7}, "refit")],
)  # fmt: skip
@pytest.mark.parametrize("timed", [True, False])
def test_what_is_wrong_is_found(truth, chosen, timed):
    """A level by half a log rate, predictions 2.5 times too extreme, an effect that is another."""
    assert picks(FEW, **truth, timed=timed)[chosen] > 0.8


def test_estimates_are_unbiased_and_their_errors_honest():
    """Level .5 and slope .4: means within three Monte Carlo errors, standard errors as the spread."""
    found = [nested_models(cohort(seed, shift=0.5, slope=0.4), ("slope",))["slope"] for seed in range(COHORTS)]
    for name, true in (("intercept", 0.5), ("slope", 0.4)):
        values = np.array([getattr(one, name) for one in found])
        errors = np.array([getattr(one, f"{name}_error") for one in found])
        assert abs(values.mean() - true) < 3 * values.std() / np.sqrt(COHORTS)
        assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.15)
