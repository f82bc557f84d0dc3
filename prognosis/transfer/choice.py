"""Weight of the source and penalty of what differs from it, chosen in patients left out of inner folds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from prognosis.penalised.cox_path import PenalisedPath, fit_path
from prognosis.penalised.cox_validation import CoxRows, cross_validate
from prognosis.penalised.penalty_choice import PenaltyCurve

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
# On columns of unit variance and per patient, as glmnet's: from hardly a difference to hardly a penalty.
PENALTIES = np.geomspace(10.0, 1e-3, 9)


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen.

    Parameters
    ----------
    weight : of the source. coefficients : (p,) full log hazard ratios. penalty : of the difference from the source.
    loglik_null : log partial likelihood of the offset alone. curve : loss over the penalties at this weight.
    tried : (k,) weights. loss : (k,) cross-validated loss an event of each, at its best penalty. alone : that of the
        target alone.
    """

    weight: float
    coefficients: Floats
    penalty: float
    curve: PenaltyCurve
    tried: Floats
    loss: Floats
    alone: float


def choose(
    rows: CoxRows, source: Floats, free: NDArray[np.bool_], weights: tuple[float, ...], fold: Integers
) -> Choice:
    """Choose the weight, and the ridge penalty of the columns `free` to differ from the weighted source.

    The loss is the partial-likelihood deviance an event in patients left out (Verweij and van Houwelingen, 1993). Of
    weights of equal loss the smallest is taken.

    Parameters
    ----------
    rows : of the target. source : (p,) its coefficients. free : (p,). weights : to try. fold : (n,) of each row.
    """
    eta = rows.design @ source
    tried = [_at(rows, weight, eta, free, fold) for weight in weights]
    loss = np.array([curve.mean.min() for _, curve in tried])
    best = int(np.argmin(loss))
    path, curve = tried[best]
    place = curve.chosen("minimum")
    difference = np.zeros(len(source))
    if free.any():
        difference[free] = path.coefficients[place]
    among = 0.0 in weights and free.all()
    alone = loss[weights.index(0.0)] if among else _at(rows, 0.0, eta, np.ones_like(free), fold)[1].mean.min()
    return Choice(
        weight=float(weights[best]),
        coefficients=weights[best] * source + difference,
        penalty=float(path.penalty[place]),
        curve=curve,
        tried=np.array(weights, float),
        loss=loss,
        alone=float(alone),
    )


def _at(
    rows: CoxRows, weight: float, eta: Floats, free: NDArray[np.bool_], fold: Integers
) -> tuple[PenalisedPath, PenaltyCurve]:
    """Fit and judge all penalties at one weight of the source's linear predictor."""
    given = 0.0 if rows.offset is None else rows.offset
    # A column of zeros stays out of the fit: where nothing is free, the source is judged as it is.
    design = np.ascontiguousarray(rows.design[:, free]) if free.any() else np.zeros((len(eta), 1))
    shifted = replace(rows, design=design, offset=given + weight * eta)
    penalties = PENALTIES if free.any() else PENALTIES[:1]
    path = fit_path(shifted.likelihood(), 0.0, penalties)
    return path, cross_validate(shifted, path, 0.0, fold)
