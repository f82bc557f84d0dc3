"""Smooth calibration curves: observed against predicted risk at a horizon, with a pointwise band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.cox.baseline import baseline_of, cumulative_hazard
from prognosis.cox.regression import fit_cox
from prognosis.curves.rows import check_choice
from prognosis.metrics.pseudo_regression import cloglog, inverse_cloglog, linked_risk, regress_pseudo_values
from prognosis.metrics.pseudo_values import pseudo_incidence
from prognosis.metrics.risk_comparison import compare_risks, refuse, refuse_constant
from prognosis.normal import z_of_level
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from prognosis.splines import default_knots, spline_basis

Floats = NDArray[np.float64]
Method = Literal["pseudo-values", "cox"]
# The curve is drawn between these quantiles of the predicted risk, at this many places.
DRAWN, PLACES = (0.01, 0.99), 100


@dataclass(frozen=True)
class CalibrationCurve:
    """Observed risk as a smooth function of the predicted one, at each of h horizons.

    Parameters
    ----------
    method : ``pseudo-values`` or ``cox``. horizons : (h,).
    predicted, observed : (h, m) points of the curves. std_err : (h, m) of cloglog(observed).
    risk, smoothed : (n, h) predicted risk of each patient and the curve there.
    knots : (h, k) knots of the spline on the scale of cloglog(predicted). warnings : what the reader must know.
    """

    method: Method
    horizons: Floats
    predicted: Floats
    observed: Floats
    std_err: Floats
    risk: Floats
    smoothed: Floats
    knots: Floats
    warnings: tuple[Finding, ...] = ()

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the pointwise band: lower and upper limits of the observed risk, (h, m) each.

        A band at a point, not of the whole curve: it holds the true risk there in `level` of samples.
        """
        eta, width = cloglog(self.observed), z_of_level(level) * self.std_err
        return inverse_cloglog(eta - width), inverse_cloglog(eta + width)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """List the points of all curves: horizon, predicted, observed, lower, upper."""
        lower, upper = self.limits(level)
        columns = {"predicted": self.predicted, "observed": self.observed, "lower": lower, "upper": upper}
        horizon = np.repeat(self.horizons, self.predicted.shape[1])
        return pd.DataFrame({"horizon": horizon} | {name: values.ravel() for name, values in columns.items()})

    def errors(self) -> CalibrationErrors:
        """Summarise the distance of the curve from the diagonal over the patients."""
        return calibration_errors(self.risk, self.smoothed, self.horizons)


@dataclass(frozen=True)
class CalibrationErrors:
    """Distance of smoothed observed from predicted risk over the patients, (h,) each; 0 is perfect.

    `ici` mean (integrated calibration index), `e50` median, `e90` 90th percentile, `emax` maximum. They have no
    simple error: resample the patients.
    """

    horizons: Floats
    ici: Floats
    e50: Floats
    e90: Floats
    emax: Floats

    def table(self) -> pd.DataFrame:
        """List one row a horizon."""
        names = ("ici", "e50", "e90", "emax")
        return pd.DataFrame({"horizon": self.horizons} | {name: getattr(self, name) for name in names})


def calibration_errors(risk: Floats, smoothed: Floats, horizons: Floats) -> CalibrationErrors:
    """Return ICI, E50, E90 and Emax from predicted and smoothed observed risks, (n, h) each.

    Source: Austin and Steyerberg (2019); Austin, Harrell and van Klaveren (2020).
    """
    distance = np.abs(np.asarray(smoothed) - risk)
    e50, e90, emax = np.quantile(distance, [0.5, 0.9, 1.0], axis=0)
    return CalibrationErrors(np.asarray(horizons, float), distance.mean(axis=0), e50, e90, emax)


def calibration_curve(
    outcome: SurvivalArrays,
    risk: ArrayLike,
    horizons: ArrayLike,
    *,
    method: Method = "pseudo-values",
    knots: int = 3,
    at: ArrayLike | None = None,
) -> CalibrationCurve:
    """Estimate the smooth calibration curve at each horizon with its pointwise band.

    Observed risk is modelled by a restricted cubic spline of cloglog(predicted risk), in which a perfect prediction
    is a straight line.

    Parameters
    ----------
    outcome : event code 1 is of interest. risk : (n, h) predicted probability of the event by each horizon, (h,).
    method : ``pseudo-values``, regression of jackknife pseudo-values with cloglog link, knows competing events, band
        by sandwich errors; ``cox``, a Cox model of the outcome on the spline, knows delayed entry, band by its
        model-based errors (those of R's ``survfit(coxph, conf.type="log-log")``).
    knots : of the spline, 3 to 5, at Harrell's quantiles.
    at : (m,) predicted risks at which the curves are wanted, not a number beyond the smallest and largest of the
        patients; None: 100 places between the first and the last percentile of each horizon.

    Raises
    ------
    PredictionError
        M01 to M09 and P12 as `compare_risks`; V33 delayed entry or competing events that the method does not know;
        V35 the same risk for all; V36 knots or places that are not allowed.
    FitError
        S11 too few different risks for the knots; V37 no curve describes them; Q03 an unknown method; for ``cox`` as
        `fit_cox`.

    Source: Royston (2014), Gerds, Andersen and Kattan (2014) for pseudo-values; Austin, Harrell and van Klaveren
    (2020) for ``cox``.
    """
    check_choice("method", method, get_args(Method))
    c = compare_risks(outcome, risk, horizons)
    refuse_constant(c.risk, c.horizons)
    linked, findings = linked_risk(c.risk, c.horizons)
    points = _points(inverse_cloglog(linked), knots, at)
    if method == "cox":
        refuse('method="cox"', competing=c.competing, way_out='method="pseudo-values"')
        curves = [
            _by_cox(outcome, c.horizons[j], _Spline.of(linked[:, j], knots, points[j])) for j in range(len(points))
        ]
    else:
        values = pseudo_incidence(outcome, c.horizons)
        curves = [_by_pseudo(values[:, j], _Spline.of(linked[:, j], knots, points[j])) for j in range(len(points))]
    observed, std_err, smoothed, places = (np.stack(part) for part in zip(*curves, strict=True))
    if at is not None:
        lowest, highest = c.risk.min(axis=0)[:, None], c.risk.max(axis=0)[:, None]
        inside = (lowest <= points) & (points <= highest)
        observed, std_err = (np.where(inside, part, np.nan) for part in (observed, std_err))
    return CalibrationCurve(method, c.horizons, points, observed, std_err, c.risk, smoothed.T, places, findings)


class _Spline(NamedTuple):
    """Knots and basis, at the patients (n, k - 1) and at the points of the curve (m, k - 1)."""

    knots: Floats
    patients: Floats
    points: Floats

    @classmethod
    def of(cls, linked: Floats, count: int, points: Floats) -> _Spline:
        knots = default_knots(linked, count, "predicted risk")
        return cls(knots, spline_basis(linked, knots), spline_basis(cloglog(points), knots))


Curve = tuple[Floats, Floats, Floats, Floats]  # at the points: observed and error; at the patients: observed; knots


def _by_pseudo(values: Floats, spline: _Spline) -> Curve:
    patients, points = (np.insert(basis, 0, 1.0, axis=1) for basis in (spline.patients, spline.points))
    fit = regress_pseudo_values(values, patients)
    error = np.sqrt(np.einsum("mi,ij,mj->m", points, fit.covariance, points))
    smoothed = inverse_cloglog(patients @ fit.coefficients)
    return inverse_cloglog(points @ fit.coefficients), error, smoothed, spline.knots


def _by_cox(outcome: SurvivalArrays, horizon: float, spline: _Spline) -> Curve:
    sets = build_risk_sets(outcome.time, outcome.event == 1, outcome.entry)
    names = tuple(f"spline {j + 1}" for j in range(spline.patients.shape[1]))
    fit = fit_cox(np.ascontiguousarray(spline.patients), sets, names)
    patients, points = spline.patients - fit.means, spline.points - fit.means
    eta = patients @ fit.coefficients
    baseline = baseline_of(np.ascontiguousarray(patients), eta, sets, outcome.time.max(keepdims=True), True)
    place = baseline.position(np.array([horizon]))
    hazard, error = cumulative_hazard(baseline, points, points @ fit.coefficients, fit.covariance, place)
    smoothed = -np.expm1(-np.exp(eta) * baseline.cumulative_hazard[place])
    return -np.expm1(-hazard[:, 0]), error[:, 0] / hazard[:, 0], smoothed, spline.knots


def _points(risk: Floats, knots: int, at: ArrayLike | None) -> Floats:
    """Return the predicted risks at which each curve is drawn, (h, m)."""
    if isinstance(knots, bool) or knots not in (3, 4, 5):
        raise PredictionError(Finding("V36", f"knots={knots!r}", "3, 4 or 5 knots", "knots"))
    if at is None:
        low, high = np.quantile(risk, DRAWN, axis=0)
        return np.linspace(low, high, PLACES, axis=1)
    places = np.asarray(at, float)
    outside = places.ndim != 1 or not len(places) or not ((places > 0) & (places < 1)).all()
    rule = "places of the curve must be predicted risks between 0 and 1"
    raise_findings([Finding("V36", rule, "give numbers above 0 and below 1", "at")] * outside, PredictionError)
    return np.tile(places, (risk.shape[1], 1))
