"""How well predicted risks of a binary outcome agree with what happened, as rms::val.prob and beyond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, expit, logit

from cohorts.errors import Finding, FitError
from prognosis.kernels.lowess import lowess
from prognosis.logistic.regression import fit_logistic
from prognosis.logistic.statistics import logistic_statistics
from prognosis.metrics.binary_predictions import BinaryPredictions, Estimated, influence_of_mean, read_predictions
from prognosis.normal import two_sided_p, z_of_level

Floats = NDArray[np.float64]

METRICS = ("brier", "ipa", "oe_ratio", "calibration_intercept", "calibration_slope")
PREDICTED = ("log odds of the predicted risk",)


@dataclass(frozen=True)
class BinaryCalibration(Estimated):
    """Accuracy and calibration of predicted risks with errors.

    Parameters
    ----------
    names, estimate, influence : of the five `METRICS`: Brier score; IPA (1 minus the Brier score over that of the base
        rate for everyone); observed over expected events; intercept with slope 1 (calibration in the large); slope.
    base_rate : share with the event. constant_brier : Brier score of the base rate for everyone.
    warnings : V29 risks of 0 or 1, left out of intercept and slope; why these cannot be estimated, if so.
    """

    base_rate: float = float("nan")
    constant_brier: float = float("nan")
    warnings: tuple[Finding, ...] = ()

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Wald's limits, (5,) each; of the observed over expected events on the log scale."""
        lower, upper = super().limits(level)
        place = METRICS.index("oe_ratio")
        ratio = self.estimate[place]
        factor = np.exp(z_of_level(level) * self.std_err[place] / ratio)
        lower[place], upper[place] = ratio / factor, ratio * factor
        return lower, upper


@dataclass(frozen=True)
class SmoothCalibration:
    """Smoothed observed against predicted risk.

    Parameters
    ----------
    risk, observed : (n,) predicted risk and the smooth (lowess) share of events there, by rising risk.
    """

    risk: Floats
    observed: Floats

    @property
    def distance(self) -> Floats:
        """Absolute distance of observed and predicted risk, (n,)."""
        return np.asarray(np.abs(self.observed - self.risk))

    @property
    def ici(self) -> float:
        """Mean distance: the integrated calibration index (``Eavg``)."""
        return float(self.distance.mean())

    @property
    def emax(self) -> float:
        """Largest distance."""
        return float(self.distance.max())

    def quantile(self, share: float) -> float:
        """Quantile of the distance: .5 for E50, .9 for E90."""
        return float(np.quantile(self.distance, share))


def smooth_calibration(event: NDArray[Any], risk: NDArray[Any]) -> SmoothCalibration:
    """Smooth the outcome over the predicted risk by local lines (Cleveland's lowess, no robustness steps).

    Raises
    ------
    DataContractError
        See `read_predictions`.

    Notes
    -----
    Sources: Harrell (2015), Austin and Steyerberg (2019); ``rms::val.prob``.
    """
    rows = read_predictions(event, risk)
    return SmoothCalibration(*lowess(rows.risk, rows.event.astype(float)))


def binary_calibration(event: NDArray[Any], risk: NDArray[Any]) -> BinaryCalibration:
    """Estimate the `METRICS` of predicted risks with influence-function errors.

    Parameters
    ----------
    event : (n,) 0 or 1. risk : (n,) predicted probability of the event.

    Raises
    ------
    DataContractError
        See `read_predictions`.

    Notes
    -----
    Sources: Brier (1950), Cox (1958), van Calster et al. (2016). Errors of intercept and slope are the sandwich's:
    they hold where the prediction is miscalibrated in other ways, too. A metric that cannot be estimated is not a
    number and `warnings` says why.
    """
    rows = read_predictions(event, risk)
    n, base = len(rows.risk), rows.base_rate
    happened = rows.event.astype(float)
    squared = influence_of_mean(((rows.risk - happened) ** 2)[:, None])[:, 0]
    occurred, expected = influence_of_mean(np.column_stack([happened, rows.risk])).T
    brier, constant, mean = float(((rows.risk - happened) ** 2).mean()), base * (1 - base), float(rows.risk.mean())
    intercept = _recalibrated(rows, _intercept)
    slope = _recalibrated(rows, _slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(base, mean)
        of_ratio = (occurred - ratio * expected) / mean
    of_ipa = (brier / constant * (1 - 2 * base) * occurred - squared) / constant
    found = (brier, 1 - brier / constant, ratio, intercept.value, slope.value)
    parts = (squared, of_ipa, of_ratio, intercept.influence, slope.influence)
    return BinaryCalibration(
        names=METRICS,
        estimate=np.array(found),
        influence=np.column_stack(parts).reshape(n, len(METRICS)),
        base_rate=base,
        constant_brier=constant,
        warnings=tuple(dict.fromkeys((*_certain(rows), *intercept.warnings, *slope.warnings))),
    )


def val_prob(event: NDArray[Any], risk: NDArray[Any]) -> dict[str, float]:
    """Summarise predicted risks as ``rms::val.prob`` (6.5) does, under its names.

    Parameters
    ----------
    event : (n,) 0 or 1. risk : (n,) predicted probability of the event.

    Returns
    -------
    Dxy, C (ROC), R2, D, D:Chi-sq, D:p, U, U:Chi-sq, U:p, Q, Brier, Intercept, Slope, Emax, E90, Eavg, S:z, S:p.

    Raises
    ------
    DataContractError
        See `read_predictions`.

    Notes
    -----
    Differences from R: Intercept, Slope and U are those of the maximum, where R stops early; D:p is given, where R 6.5
    has none. The same: pairs within one of 5000 bins of risk count as tied in C and Dxy (`roc_auc` does not do so); C,
    Dxy, R2, D, U, Q leave out patients with risks of 0 or 1. Intercept, Slope, U and Q are not a number where the
    risks separate the events. The same risk for all has slope 0 and the base rate's intercept.
    """
    rows = read_predictions(event, risk)
    smooth = smooth_calibration(rows.event, rows.risk)
    distances = (smooth.emax, smooth.quantile(0.9), smooth.ici)
    spread, z = rows.risk * (1 - rows.risk), float("nan")
    if (spread_of_z := float(((1 - 2 * rows.risk) ** 2 * spread).sum())) > 0:
        z = float(((rows.event - rows.risk) * (1 - 2 * rows.risk)).sum()) / np.sqrt(spread_of_z)
    found = _logistic_part(rows)
    line = {"Intercept": found.pop("Intercept"), "Slope": found.pop("Slope")}
    return {
        **found,
        "Brier": float(((rows.risk - rows.event) ** 2).mean()),
        **line,
        **dict(zip(("Emax", "E90", "Eavg"), distances, strict=True)),
        "S:z": z,
        "S:p": float(two_sided_p(np.array(z))),
    }


@dataclass(frozen=True)
class _Recalibrated:
    """One coefficient of the logistic recalibration with its influence values, (n,)."""

    value: float
    influence: Floats
    warnings: tuple[Finding, ...] = ()


def _recalibrated(rows: BinaryPredictions, fit: Callable[[BinaryPredictions, Floats], _Recalibrated]) -> _Recalibrated:
    """Estimate in the patients with risks between 0 and 1; not a number, with the reason, where there is no maximum."""
    inside = _between(rows)
    everyone = np.zeros(len(rows.risk))
    try:
        found = fit(BinaryPredictions(rows.event[inside], rows.risk[inside]), logit(rows.risk[inside]))
    except FitError as error:
        reasons = tuple(replace(finding, severity="warning") for finding in error.findings)
        return _Recalibrated(float("nan"), np.full(len(everyone), np.nan), reasons)
    everyone[inside] = found.influence
    return _Recalibrated(found.value, everyone)


def _intercept(rows: BinaryPredictions, log_odds: Floats) -> _Recalibrated:
    """Calibration in the large: the intercept where the slope is 1."""
    value = fit_logistic(np.empty((len(log_odds), 0)), rows.event, (), offset=log_odds).intercept
    risk = expit(log_odds + value)
    return _Recalibrated(value, (rows.event - risk) / float((risk * (1 - risk)).sum()))


def _slope(rows: BinaryPredictions, log_odds: Floats) -> _Recalibrated:
    """Coefficient of the predicted log odds."""
    fit = fit_logistic(log_odds[:, None], rows.event, PREDICTED)
    centred = log_odds - fit.means[0]
    residual = rows.event - expit(fit.intercept + fit.coefficients[0] * centred)
    pull = fit.joint_covariance[1, 0] + fit.joint_covariance[1, 1] * centred
    return _Recalibrated(float(fit.coefficients[0]), pull * residual)


def _between(rows: BinaryPredictions) -> NDArray[np.bool_]:
    return np.asarray((rows.risk > 0) & (rows.risk < 1))


def _certain(rows: BinaryPredictions) -> tuple[Finding, ...]:
    certain = int((~_between(rows)).sum())
    if not certain:
        return ()
    rule = f"{certain} of {len(rows.risk)} patients have a predicted risk of 0 or 1: intercept and slope leave them out"
    return (Finding("V29", rule, "no model knows this: look at how the risks were rounded", severity="warning"),)


def _logistic_part(rows: BinaryPredictions) -> dict[str, float]:
    """Statistics of the predicted log odds as a logistic model with intercept 0 and slope 1, and of its refit."""
    inside = _between(rows)
    event, log_odds = rows.event[inside], logit(rows.risk[inside])
    n = len(event)
    sign = np.where(event, 1.0, -1.0)
    if not event.any() or event.all():
        names = ("Dxy", "C (ROC)", "R2", "D", "D:Chi-sq", "D:p", "U", "U:Chi-sq", "U:p", "Q", "Intercept", "Slope")
        return dict.fromkeys(names, float("nan"))
    as_given, base = -float(np.logaddexp(0.0, -sign * log_odds).sum()), float(event.mean())
    null = n * (base * np.log(base) + (1 - base) * np.log1p(-base))
    constant = np.ptp(log_odds) == 0
    intercept, slope, best = (float(logit(base)), 0.0, null) if constant else _refit(event, log_odds)
    freedom, ratio = 1 if constant else 2, 0.0 if constant else 2 * (as_given - null)
    ranks = logistic_statistics(event, log_odds, (null, null if constant else as_given), 1)
    unreliability = 2 * (best - as_given)
    d, u = (ratio - 1) / n, (unreliability - freedom) / n
    return {
        "Dxy": ranks["Dxy"],
        "C (ROC)": ranks["C"],
        "R2": ranks["R2"],
        "D": d,
        "D:Chi-sq": ratio,
        "D:p": float(chdtrc(1, max(ratio, 0.0))),
        "U": u,
        "U:Chi-sq": unreliability,
        "U:p": float(chdtrc(freedom, max(unreliability, 0.0))),
        "Q": d - u,
        "Intercept": intercept,
        "Slope": slope,
    }


def _refit(event: NDArray[np.bool_], log_odds: Floats) -> tuple[float, float, float]:
    """Intercept, slope and log-likelihood of the recalibrated risks; not a number where there is no maximum."""
    try:
        fit = fit_logistic(log_odds[:, None], event, PREDICTED)
    except FitError:
        return (float("nan"),) * 3
    slope = float(fit.coefficients[0])
    return fit.intercept - slope * float(fit.means[0]), slope, fit.loglik[1]
