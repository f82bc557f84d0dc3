"""What the tests of accelerated failure time models share."""

from __future__ import annotations

import numpy as np

from prognosis.outcome import SurvivalArrays
from prognosis.parametric.distributions import DISTRIBUTIONS
from prognosis.parametric.likelihood import log_times
from prognosis.parametric.regression import fit_parametric

NAMES = tuple(DISTRIBUTIONS)
VISIT = 60.0


def outcome(time, event, entry=None, last_free=None):
    """Outcome arrays from lists."""
    optional = (None if part is None else np.asarray(part, float) for part in (entry, last_free))
    return SurvivalArrays(np.asarray(time, float), np.asarray(event, np.int64), *optional)


def fit(design, seen, distribution="weibull", **options):
    """Fit a model to columns; no column at all where `design` is None."""
    columns = np.empty((len(seen.time), 0)) if design is None else np.asarray(design, float).reshape(len(seen.time), -1)
    names = tuple(f"x{j}" for j in range(columns.shape[1]))
    return fit_parametric(columns, log_times(seen), DISTRIBUTIONS[distribution], names, **options)


def survreg_table(fitted):
    """Coefficients with intercept and standard errors (with log scale), as R's ``survreg`` has them."""
    shift = np.eye(len(fitted.covariance))
    shift[0, 1 : len(fitted.means) + 1] = -fitted.means
    coefficients = np.append(fitted.location - fitted.means @ fitted.coefficients, fitted.coefficients)
    return coefficients, np.sqrt(np.diag(shift @ fitted.covariance @ shift.T))


def patients(n=80, seed=3, visits=True, entry=True):
    """Two columns and an outcome of every kind: exact, censored, between visits, from the start, entered late."""
    draw = np.random.default_rng(seed)
    x = np.column_stack([draw.normal(size=n), draw.integers(0, 2, n)])
    time = np.exp(1 + 0.4 * x[:, 0] - 0.5 * x[:, 1] + 0.6 * draw.logistic(size=n))
    censored = draw.uniform(1, 12, n)
    event = time <= censored
    start = np.where(draw.random(n) < 0.4, 0.5 * draw.random(n) * np.minimum(time, censored), 0.0)
    seen = np.minimum(time, censored)
    found = event & (draw.random(n) < 0.5) & visits
    last = np.where(found, np.maximum(np.floor(seen), start if entry else 0), np.nan)
    seen = np.where(found, np.floor(seen) + 1, seen)
    return x, outcome(seen, event, start if entry else None, last if visits else None)


def lung_at_visits(rows):
    """The lung data with two thirds of the deaths only known to the visit, every 60 days, that found them.

    Returns the predictors' rows and the outcome; the same as ``interval2`` in R with the limits of each row.
    """
    kept = rows.dropna(subset=["time", "dead", "age", "sex", "ph.ecog"]).reset_index(drop=True)
    time, died = kept["time"].to_numpy(float), kept["dead"].to_numpy(int)
    found = (died == 1) & (np.arange(1, len(kept) + 1) % 3 != 0)
    visit = np.where(found, np.ceil(time / VISIT) * VISIT, time)
    return kept, outcome(visit, died, None, np.where(found, visit - VISIT, np.nan))
