"""Time-dependent area under the ROC curve from censored data, with competing events too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError, warn_findings
from prognosis.kernels.horizon_scores import auc_area, auc_parts, rows_in_order
from prognosis.metrics.by_horizon import checked_risk, measure
from prognosis.metrics.measured import Measured
from prognosis.metrics.weights import CensoringWeights, censoring_weights
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def auc(outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike, *, errors: bool = True) -> Measured:
    """Estimate the time-dependent area under the ROC curve, cases by and controls after each horizon.

    Parameters
    ----------
    outcome : of n patients. risk : (n, h) probability of the event by each horizon, or any number that is higher for
        a higher risk; (n,) when the horizons share it. horizons : (h,).
    errors : False leaves standard errors and influence out (not a number, and no rows).

    Returns
    -------
    Area, .5 for an uninformative risk; a case is who had the event of interest by the horizon, a control who is still
    at risk after it or (competing risks) had another event by it.

    Raises
    ------
    PredictionError
        M03, M05, M07, N29, P12 of `censoring_weights`; M05 when a horizon leaves no control.
    DataContractError
        M01, M09 a risk that is missing, or not one a patient and horizon.

    Warns
    -----
    M04 when all patients have the same risk at a horizon.

    Notes
    -----
    Sources: Uno et al. (2007), Blanche et al. (2013), with the influence function that counts the estimation of the
    weights; equals ``riskRegression::Score(metrics="auc", cens.model="km")``. Cost O(n log n) in all where the
    horizons order the patients alike, as risks of proportional hazards do, else for each horizon.
    """
    weights = censoring_weights(outcome, horizons)
    scores = checked_risk(risk, (len(weights.time), len(weights.horizons)), probability=False)
    constant = find_constant(scores)
    warn_findings(constant)
    return replace(auc_of(weights, scores, errors=errors), warnings=constant)


def auc_of(weights: CensoringWeights, scores: Floats, *, errors: bool = True) -> Measured:
    """Estimate the same with given weights and checked scores, (n, h); M05 when a horizon leaves no control."""
    _check_controls(weights)
    return measure("AUC", weights, _areas(scores, weights, errors), errors=errors)


def find_constant(scores: Floats) -> tuple[Finding, ...]:
    """Warn (M04) of columns that give all patients one number."""
    columns = np.flatnonzero(scores[0] == scores[-1])
    constant = int((scores[:, columns] == scores[0, columns]).all(axis=0).sum())
    if not constant:
        return ()
    where = "" if constant == scores.shape[1] else f" at {constant} of {scores.shape[1]} horizons"
    rule = f"all patients have the same score{where}: C=0.5 by ties"
    return (Finding("M04", rule, "use predictors that tell patients apart", severity="warning"),)


def _areas(scores: Floats, weights: CensoringWeights, errors: bool) -> Iterator[tuple[float, Floats]]:
    """Area and parts of each horizon; patients are sorted again only where a horizon orders them differently."""
    w, parts = weights, np.empty(len(weights.time) if errors else 0)
    order = np.argsort(scores[:, 0])
    columns = rows_in_order(scores, order)
    by_score, (case, control) = _in_order(order, w), w.once_left
    for j, (known, at_horizon) in enumerate(zip(w.known, w.at_horizon, strict=True)):
        values, rows = columns[min(j, len(columns) - 1)], by_score
        if (values[1:] < values[:-1]).any():
            order = np.argsort(scores[:, j])
            values, rows = scores[order, j], _in_order(order, w)
        found = auc_area(values, *rows, known, 1 / at_horizon, parts)
        if errors:
            auc_parts(found, case, control, known, 1 / at_horizon, parts)
        yield found[0], parts


def _in_order(order: Integers, w: CensoringWeights) -> tuple[Integers, Floats, Floats]:
    """Place in time, and weight as a case and as a control once an event has happened, in an order of the patients."""
    place = np.empty(len(order), np.int64)
    place[w.order] = np.arange(len(order))
    place = place[order]
    case, control = w.once_left
    return place, case[place], control[place]


def _check_controls(weights: CensoringWeights) -> None:
    n, competed = len(weights.time), np.append(0, np.cumsum(weights.event > 1))[weights.known]
    faults = [
        Finding("M05", f"nobody is free of the event after {t:g}", f"give horizons below tau={weights.time[-1]:g}")
        for t in weights.horizons[(weights.known == n) & (competed == 0)]
    ]
    if faults:
        raise PredictionError(*faults)
