"""Brier score at horizons from censored data, against the null model and over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.kernels.horizon_scores import brier_parts, brier_scores
from prognosis.metrics.by_horizon import checked_risk, measure
from prognosis.metrics.measured import Measured, from_influence
from prognosis.metrics.weights import CensoringWeights, censoring_weights
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
NOTHING = np.empty(0)


def brier(outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike, *, errors: bool = True) -> Measured:
    """Estimate the Brier score at each horizon: the mean squared distance of risk and outcome.

    Parameters
    ----------
    outcome : of n patients. risk : (n, h) probability of the event by each horizon. horizons : (h,).
    errors : False leaves standard errors and influence out (not a number, and no rows).

    Returns
    -------
    Score, 0 is best; compare it with `null_brier`, or see `prediction_accuracy`.

    Raises
    ------
    PredictionError
        M03, M05, M07, N29, P12 of `censoring_weights`.
    DataContractError
        M01, M09 a risk that is missing, no probability, or not one a patient and horizon.

    Notes
    -----
    Sources: Graf et al. (1999), Gerds and Schumacher (2006); equals ``riskRegression::Score(metrics="brier",
    cens.model="km")``, the estimation of the weights counted in the error.
    """
    weights = censoring_weights(outcome, horizons)
    return brier_of(weights, checked_risk(risk, (len(weights.time), len(weights.horizons))), errors=errors)


def null_brier(outcome: SurvivalArrays, horizons: ArrayLike, *, errors: bool = True) -> Measured:
    """Estimate the Brier score of giving all patients the observed risk: Kaplan-Meier's or Aalen-Johansen's.

    Raises as `brier`. The error is that of ``riskRegression::Score``, where the observed risk counts as given: no other
    risk for all has a lower score, so that its estimation changes the score to second order only.
    """
    return null_brier_of(censoring_weights(outcome, horizons), errors=errors)


def prediction_accuracy(
    outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike, *, errors: bool = True
) -> Measured:
    """Estimate the index of prediction accuracy, 1 - Brier / Brier of the null model.

    1 is perfect, 0 is no better than giving all patients the observed risk, below 0 worse than that. Raises as
    `brier`.

    Notes
    -----
    Source: Kattan and Gerds (2018); ``IPA`` of ``riskRegression::Score``, with the standard error by the delta method
    (R gives none).
    """
    weights = censoring_weights(outcome, horizons)
    model = brier_of(weights, checked_risk(risk, (len(weights.time), len(weights.horizons))), errors=errors)
    return accuracy_of(model, null_brier_of(weights, errors=errors))


def accuracy_of(model: Measured, null: Measured) -> Measured:
    """Estimate the index of prediction accuracy from the Brier scores of a model and of the null model.

    Not a number where the null model is never wrong (everybody or nobody has the event).
    """
    reference = np.where(null.estimate > 1e-12, null.estimate, np.nan)
    ratio = model.estimate / reference
    influence = (ratio * null.influence - model.influence) / reference
    return from_influence("IPA", model.horizons, 1 - ratio, influence, (-np.inf, 1.0))


def integrated_brier(score: Measured) -> Measured:
    """Integrate a Brier score over time, from 0 to each of its horizons, divided by the horizon.

    Parameters
    ----------
    score : of `brier` at ascending horizons; the finer they are, the nearer is the sum to the integral.

    Raises
    ------
    PredictionError
        P12 horizons that do not ascend.

    Notes
    -----
    ``IBS`` of ``riskRegression::Score(summary="ibs")``: the score counts from its horizon up to the next, and 0
    before the first horizon; so it is 0 at the first, and the score at the last horizon does not count.
    """
    times = score.horizons
    steps = np.diff(times)
    if (steps <= 0).any():
        raise PredictionError(Finding("P12", "horizons do not ascend", "sort them, each once"))
    estimate = np.append(0.0, np.cumsum(steps * score.estimate[:-1])) / times
    by_horizon = score.influence.T
    influence, running = np.empty(by_horizon.shape), np.zeros(by_horizon.shape[1])
    for j, step in enumerate(np.append(steps, 0.0)):
        np.divide(running, times[j], out=influence[j])
        running += step * by_horizon[j]
    return from_influence(f"integrated {score.name}", times, estimate, influence.T)


def null_brier_of(weights: CensoringWeights, *, errors: bool = True) -> Measured:
    """Estimate the Brier score of the observed risk with given weights."""
    everybody = np.broadcast_to(weights.observed, (len(weights.time), len(weights.horizons)))
    return brier_of(weights, everybody, errors=errors)


def brier_of(weights: CensoringWeights, risk: Floats, *, errors: bool = True) -> Measured:
    """Estimate the Brier score with given weights and checked risks, (n, h)."""
    # one sum for the score, so that it is the same to the last bit with errors and without
    scores = [float(score) for score in _bare_scores(risk, weights)]
    parts = _parts(risk, weights) if errors else [NOTHING] * len(scores)
    return measure("Brier score", weights, zip(scores, parts, strict=True), errors=errors)


def _bare_scores(risk: Floats, weights: CensoringWeights) -> Floats:
    """Score of each horizon."""
    place = np.empty(len(weights.order), np.int64)
    place[weights.order] = np.arange(len(place))
    case, control = (weight[place] for weight in weights.once_left)
    risks = np.ascontiguousarray(np.broadcast_to(risk, (len(place), len(weights.horizons))))
    return brier_scores(risks, place, case, control, weights.known, 1 / weights.at_horizon)


def _parts(risk: Floats, w: CensoringWeights) -> Floats:
    """Parts of each patient at each horizon, (h, n) by time."""
    risks = np.broadcast_to(risk, (len(w.time), len(w.horizons)))
    return brier_parts(risks, w.order, *w.once_left, w.known, 1 / w.at_horizon)
