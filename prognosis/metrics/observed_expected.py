"""Calibration at a horizon in numbers: observed over expected, calibration-in-the-large and calibration slope."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.curves.counts import Counts
from prognosis.curves.rows import check_choice
from prognosis.metrics.horizon_estimate import HorizonEstimate, estimate_of
from prognosis.metrics.incidence_influence import observed_risk
from prognosis.metrics.pseudo_regression import linked_risk, regress_pseudo_values
from prognosis.metrics.pseudo_values import pseudo_incidence
from prognosis.metrics.risk_comparison import compare_risks, ends_before, refuse_constant
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Expected = Literal["sampled", "fixed"]


def observed_expected(
    outcome: SurvivalArrays,
    risk: ArrayLike,
    horizons: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    expected: Expected = "sampled",
) -> HorizonEstimate:
    """Estimate the ratio of observed to expected risk by each horizon; above 1 the predictions are too low.

    Observed is 1 - Kaplan-Meier, with competing events Aalen-Johansen; expected the mean predicted risk.

    Parameters
    ----------
    outcome : event code 1 is of interest; delayed entry and case weights count. risk : (n, h) predicted probability
        of the event by each of the horizons, (h,).
    expected : ``sampled``, patients are a sample, so that their mean predicted risk varies with their observed one;
        ``fixed``, the predicted risks are constants, and the error is that of the observed risk alone (wider where
        the predictions discriminate).

    Returns
    -------
    HorizonEstimate, limits on the log scale by the delta method; 1 is perfect. Where the observed curve has come to
    its end (nobody is left, as after an event of the last patient) its error is unknown, as in ``survfit``: no limits
    (V44).

    Raises
    ------
    PredictionError, DataContractError
        M01 to M09 and P12 as `compare_risks`; V34 an expected risk of 0.
    FitError
        Q03 an unknown word for `expected`.

    Source: Debray et al. (2017); McLernon et al. (2023) use ``fixed`` with the variance 1 / events.
    """
    check_choice("expected", expected, get_args(Expected))
    c = compare_risks(outcome, risk, horizons, weight)
    raise_findings(_interrupted(c.horizons, c.counts), PredictionError)
    observed, influence = observed_risk(c.rows, c.counts, c.horizons)
    share = c.weight / c.weight.sum()
    mean = share @ c.risk
    raise_findings(_without_risk(c.horizons, mean), PredictionError)
    relative = c.given(influence) / observed
    if expected == "sampled":
        relative = relative - share[:, None] * (c.risk - mean) / mean
    ratio, ended = observed / mean, _nobody_left(c.counts, c.horizons)
    # an observed risk of 1 seems to have no error: the last patients at risk had the event, as one of them would have
    influence = np.where(ended, np.nan, relative * ratio)
    findings = tuple(_unknown_error(float(time)) for time in c.horizons[ended])
    return estimate_of("observed/expected", c.horizons, ratio, influence, 1.0, scale="log", findings=findings)


def calibration_intercept(outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike) -> HorizonEstimate:
    """Estimate calibration-in-the-large at each horizon: a in cloglog(observed) = a + cloglog(predicted).

    exp(a) is by how much the cumulative (subdistribution) hazard by the horizon is higher than predicted; 0 is
    perfect. Method: pseudo-values of the risk with the predicted one as offset and sandwich errors.

    Parameters
    ----------
    outcome, risk, horizons : as `observed_expected`.

    Raises
    ------
    PredictionError, FitError
        As `calibration_slope_at`.

    Source: Gerds, Andersen and Kattan (2014); van Geloven et al. (2022) (``geepack::geese`` on pseudo-values).
    """
    return _regress(outcome, risk, horizons, slope=False)


def calibration_slope_at(outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike) -> HorizonEstimate:
    """Estimate the calibration slope at each horizon: b in cloglog(observed) = a + b cloglog(predicted).

    1 is perfect; below 1 the predictions are too extreme. Method as `calibration_intercept`. A risk of exactly 0 or
    1 has no complementary log-log: it counts as .0001 or .9999, with a warning in the result (V34).

    Raises
    ------
    PredictionError
        M01 to M09 and P12 as `compare_risks`; V33 delayed entry; V35 the same risk for all (the slope only).
    FitError
        V37 the equations have no solution.

    Source: Royston (2014); van Geloven et al. (2022).
    """
    return _regress(outcome, risk, horizons, slope=True)


def _regress(outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike, *, slope: bool) -> HorizonEstimate:
    c = compare_risks(outcome, risk, horizons)
    if slope:
        refuse_constant(c.risk, c.horizons)
    values, (predicted, findings) = pseudo_incidence(outcome, horizons), linked_risk(c.risk, c.horizons)
    ones = np.ones(len(values))
    fits = [
        regress_pseudo_values(y, np.column_stack([ones, x])) if slope else regress_pseudo_values(y, ones[:, None], x)
        for y, x in zip(values.T, predicted.T, strict=True)
    ]
    name, perfect = ("calibration slope", 1.0) if slope else ("calibration intercept", 0.0)
    estimate, influence = (np.stack([getattr(fit, part)[..., -1] for fit in fits], -1) for part in PARTS)
    return estimate_of(name, c.horizons, estimate, influence, perfect, findings=findings)


PARTS = ("coefficients", "influence")


def _interrupted(horizons: Floats, counts: Counts) -> list[Finding]:
    rule = "everybody at risk early on has an event before t={:g}, but others enter later: observed risk is unknown"
    advice = "begin at a later time, when enough patients have entered"
    return [Finding("M05", rule.format(time), advice, "entry") for time in horizons if ends_before(counts, float(time))]


def _nobody_left(counts: Counts, horizons: Floats) -> NDArray[np.bool_]:
    """Tell by which horizons everybody under observation has had an event, (h,)."""
    left = np.concatenate([[1.0], counts.survival])
    ended: NDArray[np.bool_] = left[np.searchsorted(counts.time, horizons, side="right")] <= 0
    return ended


def _unknown_error(time: float) -> Finding:
    rule = f"all patients under observation have had an event by t={time:g}: the error of the observed risk is unknown"
    return Finding("V44", rule, "judge at an earlier horizon, with patients still at risk", severity="warning")


def _without_risk(horizons: Floats, mean: Floats) -> list[Finding]:
    rule = "the mean predicted risk is 0 at t={:g}: no event is expected"
    return [
        Finding("V34", rule.format(time), "leave this horizon out", "risk")
        for time, value in zip(horizons, mean, strict=True)
        if value == 0
    ]
