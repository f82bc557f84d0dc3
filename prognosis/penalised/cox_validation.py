"""Cross-validated partial-likelihood deviance of a penalised Cox path, as ``cv.glmnet(family = "cox")``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.penalised.cox_path import (
    PenalisedLikelihood,
    PenalisedPath,
    fit_path,
    log_partial_likelihood,
    saturated_loglik,
    standardise,
)
from prognosis.penalised.penalty_choice import PenaltyCurve, deal_folds, loss_curve
from prognosis.risk_sets import RiskSets, build_risk_sets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class CoxRows:
    """Rows of a Cox model as arrays, which can be divided into folds.

    Parameters
    ----------
    design : (n, p) uncentred. time, event, weight : (n,). entry, stratum, offset : (n,) or None.
    efron : Efron's approximation for tied events, else Breslow's.
    """

    design: Floats
    time: Floats
    event: Flags
    weight: Floats
    entry: Floats | None = None
    stratum: Integers | None = None
    offset: Floats | None = None
    efron: bool = False

    def take(self, rows: Flags) -> CoxRows:
        """Return some of the rows."""
        return CoxRows(
            np.ascontiguousarray(self.design[rows]),
            self.time[rows],
            self.event[rows],
            self.weight[rows],
            None if self.entry is None else self.entry[rows],
            None if self.stratum is None else self.stratum[rows],
            None if self.offset is None else self.offset[rows],
            self.efron,
        )

    def deal(self, folds: int, seed: int, cluster: Integers | None = None) -> Integers:
        """Deal the rows into folds with equal numbers of events, (n,); the order of the rows has no say."""
        absent = np.zeros(len(self.time))
        entry, offset = (absent if part is None else part for part in (self.entry, self.offset))
        keys = np.column_stack([self.time, self.event, entry, self.weight, offset, self.design])
        return deal_folds(self.event, folds, seed, cluster=cluster, order_by=keys)

    def risk_sets(self) -> RiskSets:
        """Sort the outcome."""
        return build_risk_sets(self.time, self.event, self.entry, self.stratum, self.weight)

    def likelihood(self) -> PenalisedLikelihood:
        """Partial likelihood of these rows on columns standardised in these rows."""
        return standardise(self.design, self.risk_sets(), self.offset, self.efron)

    def deviances(self, coefficients: Floats) -> Floats:
        """Partial-likelihood deviance in these rows at each row of (L, p) coefficients, (L,)."""
        risk_sets = self.risk_sets()
        eta = coefficients @ self.design.T + (0.0 if self.offset is None else self.offset)
        loglik = np.array([log_partial_likelihood(one, risk_sets, self.efron) for one in eta])
        return 2 * (saturated_loglik(risk_sets, self.efron) - loglik)


def cross_validate(rows: CoxRows, path: PenalisedPath, alpha: float, fold: Integers) -> PenaltyCurve:
    """Estimate the loss of every penalty of a path in patients who had no part in the fit.

    The loss of a fold is the deviance of all rows minus that of the rows without the fold, both at the coefficients
    fitted without it, per event of the fold: risk sets stay as large as they are ("grouped"; Verweij and van
    Houwelingen, 1993). Everything that is learnt, standard deviations too, is learnt without the fold.

    Parameters
    ----------
    fold : (n,) from `CoxRows.deal`.

    Notes
    -----
    ``cv.glmnet`` gives the same values when it is handed ``lambda``; left to itself it fits every fold at penalties
    of the fold's own and interpolates. With case weights it also rescales the weights of the two deviances
    differently; here they stay as given.
    """
    folds = int(fold.max()) + 1
    loss, weight = np.empty((folds, len(path.penalty))), np.empty(folds)
    for k in range(folds):
        training = rows.take(fold != k)
        fitted = fit_path(training.likelihood(), alpha, path.penalty).coefficients
        weight[k] = rows.weight[(fold == k) & rows.event].sum()
        loss[k] = (rows.deviances(fitted) - training.deviances(fitted)) / weight[k]
    return loss_curve(path.penalty, path.nonzero, loss, weight)
