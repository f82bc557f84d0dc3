"""How one incomplete predictor is drawn given all the others: predictive mean matching, multinomial logistic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imputation.multinomial import chosen, class_shares, fit_multinomial

Floats = NDArray[np.float64]

DONORS = 5
# Directions with a smaller share of the largest variance are taken as exact dependence (mice's ridge: 1e-5).
SMALLEST = 1e-5


@dataclass(frozen=True)
class Directions:
    """Uncorrelated directions of unit variance in a set of covariates; constant and dependent ones left out.

    Parameters
    ----------
    mean : (q,) origin. axes : (q, r) from covariates to scores.
    """

    mean: Floats
    axes: Floats

    @classmethod
    def of(cls, covariates: Floats) -> Directions:
        """Find the directions in which some rows vary, (n, q)."""
        mean = covariates.mean(axis=0)
        centred = covariates - mean
        spread = np.sqrt((centred**2).mean(axis=0))
        varies = spread > 1e-10 * np.maximum(np.abs(mean), np.finfo(float).tiny)
        scaled = centred[:, varies] / spread[varies]
        variance, axes = np.linalg.eigh(scaled.T @ scaled / len(covariates))
        kept = variance > SMALLEST * variance.max(initial=0.0)
        out = np.zeros((len(mean), int(kept.sum())))
        out[varies] = axes[:, kept] / np.sqrt(variance[kept]) / spread[varies][:, None]
        return cls(mean, out)

    def scores(self, covariates: Floats) -> Floats:
        """Coordinates of rows, (n, r)."""
        return np.asarray((covariates - self.mean) @ self.axes)


def draw_number(y: Floats, known: Floats, unknown: Floats, generator: np.random.Generator) -> Floats:
    """Draw missing numbers by predictive mean matching, (m,): every drawn value is one that was observed.

    Parameters
    ----------
    y : (n,) observed values. known : (n, q) covariates of the same rows. unknown : (m, q) of the rows to fill.

    Notes
    -----
    As ``mice.impute.pmm``: coefficients are drawn from their posterior under a flat prior; the predicted mean of a
    known row by the estimate is matched to that of an unknown row by the draw (type 1 of van Buuren 2018, section
    3.4); one of the five nearest is chosen at random.
    """
    n = len(y)
    directions = Directions.of(known)
    scores = directions.scores(known)
    mean = float(y.mean())
    estimate = scores.T @ (y - mean) / n
    fitted = mean + scores @ estimate
    freedom = max(n - scores.shape[1] - 1, 1)
    spread = np.sqrt(((y - fitted) ** 2).sum() / generator.chisquare(freedom))
    noise = spread * generator.standard_normal(1 + len(estimate)) / np.sqrt(n)
    predicted = mean + noise[0] + directions.scores(unknown) @ (estimate + noise[1:])
    return y[_matched(fitted, predicted, generator)]


def _matched(known: Floats, unknown: Floats, generator: np.random.Generator) -> NDArray[np.int64]:
    """One of the nearest known rows for each unknown row; among equally near ones any."""
    n = len(known)
    donors = min(DONORS, n)
    # Equal patients may have fitted values that differ in the last bit.
    digits = 9 - int(np.floor(np.log10(np.ptp(known)))) if np.ptp(known) > 0 else 9
    rounded = np.round(known, digits)
    order = np.argsort(rounded, kind="stable")
    ranked = rounded[order]
    first = np.clip(np.searchsorted(ranked, unknown) - donors, 0, max(n - 2 * donors, 0))
    window = first[:, None] + np.arange(min(2 * donors, n))
    distance = np.abs(ranked[window] - unknown[:, None])
    nearest = np.argsort(distance, axis=1, kind="stable")[:, :donors]
    rows = np.arange(len(unknown))
    value = ranked[window[rows, nearest[rows, generator.integers(0, donors, len(unknown))]]]
    low, high = (np.searchsorted(ranked, value, side=side) for side in ("left", "right"))
    return np.asarray(order[generator.integers(low, high)])


def draw_category(codes: Floats, known: Floats, unknown: Floats, generator: np.random.Generator) -> Floats:
    """Draw missing categories by multinomial logistic regression, (m,) places of levels.

    A level that nobody was observed in is never drawn. Coefficients are drawn from their normal posterior (``mice``
    does so for two levels and leaves it out for more). Ordered categories are drawn in the same way: the multinomial
    model holds under proportional odds as well as without them.
    """
    levels, places = np.unique(codes, return_inverse=True)
    if len(levels) == 1:
        return np.full(len(unknown), levels[0])
    directions = Directions.of(known)
    model = fit_multinomial(directions.scores(known), places.astype(np.int64), len(levels))
    beta = model.drawn(generator).reshape(len(levels) - 1, -1)
    log_odds = beta[:, 0] + directions.scores(unknown) @ beta[:, 1:].T
    return levels[chosen(class_shares(log_odds), generator.random(len(unknown)))]
