"""From rows to a boosted estimate of one event: how many trees, the trees, their slope and the level of the risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cohorts.errors import Finding, FitError
from prognosis.boosting.cross_fit import CrossFit, cross_fit
from prognosis.boosting.estimate import Asked, BoostedEstimate
from prognosis.boosting.growing import Growth, grow
from prognosis.boosting.losses import CoxLoss, LogisticLoss
from prognosis.boosting.rows import BoostedRows
from prognosis.cox.baseline import Baseline, baseline_of
from prognosis.penalised.penalty_choice import deal_folds

Floats = NDArray[np.float64]
# Of a margin: below the first nothing would be left to order patients by, beyond the last nothing is known.
SLOPES = (0.05, 20.0)
# Steps of Newton's method for the log odds; it converges in some four.
NEWTON_STEPS = 50


@dataclass(frozen=True)
class Inner:
    """What is learnt in patients left out of inner folds.

    Parameters
    ----------
    trees : most. patience : see `cross_fit`; None grows all. folds : how many. calibrate : whether slope and level come
        from the rows left out.
    """

    trees: int
    patience: int | None
    folds: int
    calibrate: bool


def fit_boosted(
    rows: BoostedRows, asked: Asked, growth: Growth, inner: Inner, end: float
) -> tuple[BoostedEstimate, Floats]:
    """Estimate one event.

    Parameters
    ----------
    end : last observed time; not used for a binary outcome.

    Returns
    -------
    The estimate, and the loss of all patients left out of inner folds by the number of trees, (0,) without folds.

    Raises
    ------
    FitError
        B02 fewer events than inner folds.
    """
    found = _crossed(rows, growth, inner)
    ensemble = grow(rows.X, rows.loss, growth, rows.unit, inner.trees) if found is None else found.ensemble
    margin = ensemble.margin(rows.X)
    level = float(np.average(margin, weights=rows.loss.weight))
    believed = margin - level if found is None or not inner.calibrate else found.margin
    slope = slope_of(rows.loss, believed) if inner.calibrate else 1.0
    steps, intercept = _level(rows.loss, slope * believed, end)
    estimate = BoostedEstimate(asked, ensemble, level, slope, steps, intercept)
    return estimate, np.empty(0) if found is None else found.loss


def _crossed(rows: BoostedRows, growth: Growth, inner: Inner) -> CrossFit | None:
    if inner.patience is None and not inner.calibrate:
        return None
    happened = rows.happened
    scarce = [np.unique(rows.unit[happened]), np.unique(rows.unit[~happened])]
    fewest = len(scarce[0]) if isinstance(rows.loss, CoxLoss) else min(map(len, scarce))
    if fewest < inner.folds:
        rule = f"{fewest} patients with the rarer outcome cannot be dealt into {inner.folds} folds"
        way_out = "fewer folds; or calibrate=False with early_stopping=None, whose risks are too extreme; or Cox"
        raise FitError(Finding("B02", rule, way_out))
    seed = int(np.random.SeedSequence([*growth.seed, 3]).generate_state(1)[0])
    fold = deal_folds(happened, inner.folds, seed, cluster=rows.unit)
    return cross_fit(rows.X, rows.loss, growth, rows.unit, fold, inner.trees, inner.patience)


def slope_of(loss: CoxLoss | LogisticLoss, margin: Floats) -> float:
    """Estimate the coefficient of a margin by maximum likelihood, within `SLOPES`; 1 for a margin without spread."""
    from scipy.optimize import brentq

    if not np.ptp(margin) > 0:
        return 1.0

    def derivative(slope: float) -> float:
        eta = slope * margin
        shift = _log_odds(loss, eta) if isinstance(loss, LogisticLoss) else 0.0
        return float(loss.derivatives(shift + eta)[0] @ margin)

    low, high = SLOPES
    # convex: the derivative grows
    if derivative(low) >= 0:
        return low
    return high if derivative(high) <= 0 else float(brentq(derivative, low, high, xtol=1e-10))


def _level(loss: CoxLoss | LogisticLoss, eta: Floats, end: float) -> tuple[Baseline | None, float]:
    """Return the cumulative hazard, or the log odds, of a patient whose linear predictor is 0."""
    if isinstance(loss, LogisticLoss):
        return None, _log_odds(loss, eta)
    none = np.empty((len(eta), 0))
    return baseline_of(none, eta, loss.risk_sets, np.array([end]), loss.efron), float("nan")


def _log_odds(loss: LogisticLoss, eta: Floats) -> float:
    """Return the shift of the linear predictor at which as many events are expected as there were."""
    shift, observed = loss.start, float(loss.weight @ loss.event)
    for _ in range(NEWTON_STEPS):
        p = expit(shift + eta)
        step = float((observed - loss.weight @ p) / (loss.weight @ (p * (1 - p))))
        shift += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-12:
            break
    return shift
