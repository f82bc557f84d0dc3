"""Multinomial logistic regression for imputation: it always has a finite maximum, however the classes separate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MAX_STEPS = 100
RIDGE = 1e-5
# Distance of the pseudo-observations from the mean, in standard deviations of the covariate.
APART = 0.5


@dataclass(frozen=True)
class Multinomial:
    """Coefficients ((classes - 1) * q,), class after class, and the Cholesky root of their information."""

    coefficients: Floats
    root: Floats

    def drawn(self, generator: np.random.Generator) -> Floats:
        """Draw from the normal posterior, ((classes - 1) * q,)."""
        return self.coefficients + np.linalg.solve(self.root.T, generator.standard_normal(len(self.coefficients)))


def fit_multinomial(scores: Floats, codes: Integers, classes: int) -> Multinomial:
    """Estimate log odds of each class against class 0.

    Parameters
    ----------
    scores : (n, q) standardised covariates, without intercept. codes : (n,) class 0, 1, ..., each at least once.

    Notes
    -----
    Pseudo-observations of small weight (q + 1 in all) keep separated classes finite: White, Daniel and Royston
    (2010), as ``mice:::augment``. A ridge of 1e-5 keeps the information regular.
    """
    scores, codes, weight = _augmented(scores, codes, classes)
    design = np.column_stack([np.ones(len(scores)), scores])
    target = (codes[:, None] == np.arange(1, classes)).astype(float)
    beta = np.zeros((classes - 1, design.shape[1]))
    value = _objective(design, target, weight, beta)
    for _ in range(MAX_STEPS):
        share = class_shares(design @ beta.T)[:, 1:]
        score = (weight[:, None] * (target - share)).T @ design - RIDGE * beta
        information = _information(design, share, weight)
        step = np.linalg.solve(information, score.ravel())
        gain, fraction = float(step @ score.ravel()), 1.0
        candidate = _objective(design, target, weight, beta + step.reshape(beta.shape))
        while not candidate >= value - 1e-9 * max(1.0, abs(value)) and fraction > 1e-6:
            fraction /= 2
            candidate = _objective(design, target, weight, beta + fraction * step.reshape(beta.shape))
        beta, value = beta + fraction * step.reshape(beta.shape), candidate
        if gain < 1e-10:
            break
    share = class_shares(design @ beta.T)[:, 1:]
    root = np.asarray(np.linalg.cholesky(_information(design, share, weight)), float)
    return Multinomial(beta.ravel(), root)


def class_shares(log_odds: Floats) -> Floats:
    """Probabilities of all classes, (n, classes), from log odds against class 0, (n, classes - 1)."""
    # Classes first in memory: sums over a short last axis are slow.
    top = np.zeros((log_odds.shape[1] + 1, len(log_odds)))
    top[1:] = log_odds.T
    top = np.exp(top - top.max(axis=0))
    return np.asarray((top / top.sum(axis=0)).T)


def chosen(shares: Floats, uniform: Floats) -> Integers:
    """Class of each row by inversion, (n,): the first whose cumulative probability exceeds the uniform number."""
    passed = np.cumsum(shares.T, axis=0)[:-1] < uniform
    return passed.sum(axis=0).astype(np.int64)


def _augmented(scores: Floats, codes: Integers, classes: int) -> tuple[Floats, Integers, Floats]:
    """Add two pseudo-observations for each covariate and class."""
    n, q = scores.shape
    weight = np.ones(n)
    if q == 0:
        return scores, codes, weight
    apart = np.repeat(np.eye(q), 2 * classes, axis=0) * np.tile([APART, -APART], q * classes)[:, None]
    extra = np.tile(np.repeat(np.arange(classes), 2), q)
    pseudo = np.full(len(extra), (q + 1) / len(extra))
    return np.vstack([scores, apart]), np.concatenate([codes, extra]), np.concatenate([weight, pseudo])


def _objective(design: Floats, target: Floats, weight: Floats, beta: Floats) -> float:
    log_odds = beta @ design.T
    top = np.maximum(log_odds.max(axis=0), 0.0)
    total = top + np.log(np.exp(-top) + np.exp(log_odds - top).sum(axis=0))
    return float(weight @ ((target.T * log_odds).sum(axis=0) - total)) - 0.5 * RIDGE * float((beta**2).sum())


def _information(design: Floats, share: Floats, weight: Floats) -> Floats:
    classes, q = share.shape[1], design.shape[1]
    out = np.empty((classes, q, classes, q))
    for a in range(classes):
        for b in range(a + 1):
            factor = weight * share[:, a] * ((a == b) - share[:, b])
            out[a, :, b, :] = (design * factor[:, None]).T @ design
            out[b, :, a, :] = out[a, :, b, :].T
    return out.reshape(classes * q, classes * q) + RIDGE * np.eye(classes * q)
