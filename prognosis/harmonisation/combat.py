"""ComBat: location and scale of each feature in each batch, shrunken towards those of the batch's other features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Relative change at which the iteration ends; sva's ComBat ends at 1e-4.
CLOSE, MOST_STEPS = 1e-10, 10_000


@dataclass(frozen=True, eq=False)
class BatchEffects:
    """Effects of b batches and q covariates on p features.

    Parameters
    ----------
    mean : (p,) where all covariates are 0, over the batches by their patients. coefficients : (q, p) of covariates.
    scale : (p,) residual standard deviation. shift, spread : (b, p) of the standardised feature in each batch: what is
        taken away, and what is divided by.
    """

    mean: Floats
    coefficients: Floats
    scale: Floats
    shift: Floats
    spread: Floats

    def removed(self, values: Floats, batch: Integers, covariates: Floats) -> Floats:
        """Return values, (n, p), without the effects of their batches, (n,); those of covariates, (n, q), stay."""
        expected = self.mean + covariates @ self.coefficients
        standardised = (values - expected) / self.scale
        adjusted: Floats = (standardised - self.shift[batch]) / self.spread[batch] * self.scale + expected
        return adjusted


def batch_effects(values: Floats, batch: Integers, covariates: Floats, *, shrink: bool) -> BatchEffects:
    """Estimate the effects.

    Parameters
    ----------
    values : (n, p) features, each with some spread in every batch. batch : (n,) from 0, at least two patients each.
    covariates : (n, q), independent of the batches. shrink : empirical Bayes, for p of at least 2; else each feature
        by itself.

    Notes
    -----
    Least squares on indicators of the batches and covariates; the residual variance divides by n, variances in a batch
    by their patients less 1. Priors: the shifts of a batch are normal over the features, the variances inverse gamma,
    both by moments; their posterior means depend on each other and are iterated.
    Source: Johnson, Li and Rabinovic (2007), Biostatistics 8:118; as ``sva::ComBat`` with ``par.prior = TRUE``.
    """
    member = (batch[:, None] == np.arange(batch.max() + 1)).astype(float)
    count = member.sum(axis=0)
    design = np.hstack([member, covariates])
    fitted = np.linalg.lstsq(design, values, rcond=None)[0]
    mean = count / count.sum() @ fitted[: len(count)]
    scale = np.sqrt(((values - design @ fitted) ** 2).mean(axis=0))
    expected = mean + covariates @ fitted[len(count) :]
    standardised = (values - expected) / scale
    shift = member.T @ standardised / count[:, None]
    variance = member.T @ (standardised - shift[batch]) ** 2 / (count - 1)[:, None]
    if shrink:
        found = [_shrunken(standardised[batch == k], shift[k], variance[k]) for k in range(len(count))]
        shift, variance = (np.array(part) for part in zip(*found, strict=True))
    return BatchEffects(mean, fitted[len(count) :], scale, shift, np.sqrt(variance))


def _shrunken(standardised: Floats, raw: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Posterior means of shift and variance, (p,) each, of one batch; `raw` : (p,) mean of each feature."""
    n, centre, between = len(standardised), raw.mean(), raw.var(ddof=1)
    average, differing = variance.mean(), variance.var(ddof=1)
    if differing <= (CLOSE * average) ** 2:
        # all features spread alike: the prior of the variance is a point
        variance = np.full_like(variance, average)
        return _towards(n, raw, centre, between, variance), variance
    shape = 2 + average**2 / differing
    rate, shift = average * (shape - 1), raw
    for _ in range(MOST_STEPS):
        before, shift = (shift, variance), _towards(n, raw, centre, between, variance)
        squares = ((standardised - shift) ** 2).sum(axis=0)
        variance = (rate + squares / 2) / (n / 2 + shape - 1)
        if max(np.abs(shift - before[0]).max(), np.abs(variance / before[1] - 1).max()) < CLOSE:
            return shift, variance
    rule = f"the effects of a batch did not settle in {MOST_STEPS} steps"
    raise FitError(Finding("D71", rule, "shrink=False estimates each feature by itself"))


def _towards(n: int, raw: Floats, centre: float, between: float, variance: Floats) -> Floats:
    """Posterior mean of the shift: between that of the feature and that of the batch, by their precision."""
    return (n * between * raw + variance * centre) / (n * between + variance)
