"""What a fitted Fine-Gray model is: coefficients, covariance and baseline, and the answers that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.competing.fine_gray_baseline import fine_gray_baseline
from prognosis.competing.fine_gray_regression import fit_fine_gray
from prognosis.competing.fine_gray_variance import fitted_rows, score_shares
from prognosis.competing.subdistribution import CompetingRows, build_subdistribution
from prognosis.cox.baseline import Baseline, Interval, cumulative_hazard, risk_with_interval
from prognosis.linear_predictor import linear_predictor_of
from prognosis.normal import two_sided_p, z_of_level
from prognosis.robust_errors import robust_covariance

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class FineGrayEstimate:
    """Estimates of a proportional subdistribution hazards model on design columns.

    Parameters
    ----------
    names : (p,) design columns. coefficients : (p,) log subdistribution hazard ratios. means : (p,) training means,
        the origin.
    covariance : (p, p) Fine and Gray's, with the estimated censoring (``crr``), or the sandwich over patients with the
        weights as known (``finegray``). naive_covariance : (p, p) inverse of the information.
    baseline : cumulative subdistribution hazard at the training means.
    loglik : log pseudo-likelihood at zero and at the estimate.
    weighting : ``crr`` or ``finegray``. robust : "" or "cluster".
    """

    names: tuple[str, ...]
    coefficients: Floats
    means: Floats
    covariance: Floats
    naive_covariance: Floats
    baseline: Baseline
    loglik: tuple[float, float]
    weighting: str
    robust: str = ""

    # One baseline for all: censoring may differ between groups, the subdistribution hazard's shape may not.
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def event_times(self) -> Floats:
        """Distinct times of the event of interest."""
        return self.baseline.time

    @property
    def end(self) -> Floats:
        """Last observed time, (1,); beyond it the risk is not a number."""
        return self.baseline.end

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log relative subdistribution hazard against a patient at the training means, (m,)."""
        return linear_predictor_of(design, self.means, self.coefficients, offset)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: Integers | None = None,  # noqa: ARG002
        level: float = 0.95,
        interval: Interval = "log",
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the cumulative incidence ``F = 1 - exp(-hazard)`` by each horizon with its limits, each (m, h).

        `design` is uncentred; there are no strata. Limits are normal on the scale of 1 - F that `interval` names:
        ``log``, ``log-log`` or ``plain``. Not a number beyond the last observed time.
        """
        times = np.asarray(horizons, float)
        centred, eta = design - self.means, self.linear_predictor(design, offset)
        at = self.baseline.position(times)
        hazard, se = cumulative_hazard(self.baseline, centred, eta, self.covariance, at)
        hazard[:, times > self.end[0]] = np.nan
        return risk_with_interval(hazard, se, z_of_level(level), interval)

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:
        """Cumulative incidence by each horizon for uncentred ``design @ coefficients``, (m, h)."""
        times = np.asarray(horizons, float)
        at = self.baseline.position(times, stratum)
        hazard = np.where(at >= 0, self.baseline.cumulative_hazard[np.maximum(at, 0)], 0.0)
        hazard = np.where(times > self.end[0], np.nan, hazard)
        relative = np.exp(np.asarray(linear_predictor, float) - self.means @ self.coefficients)
        return -np.expm1(-relative[:, None] * hazard)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table: term, coefficient, se, subdistribution_hazard_ratio, lower, upper (of the ratio), z, p (Wald)."""
        se = np.sqrt(np.diag(self.covariance))
        width = z_of_level(level) * se
        # A column in tiny units has a ratio beyond all numbers; a robust error can be zero.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            z = self.coefficients / se
            ratio = np.exp([self.coefficients, self.coefficients - width, self.coefficients + width])
        columns = (self.names, self.coefficients, se, *ratio, z, two_sided_p(z))
        titles = ("term", "coefficient", "se", "subdistribution_hazard_ratio", "lower", "upper", "z", "p")
        return pd.DataFrame(dict(zip(titles, columns, strict=True)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        own = ("coefficients", "means", "covariance", "naive_covariance")
        return {key: getattr(self, key) for key in own} | {key: getattr(self.baseline, key) for key in BASELINE}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "names": list(self.names),
            "loglik": list(self.loglik),
            "weighting": self.weighting,
            "robust": self.robust,
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> FineGrayEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        numbers: dict[str, Any] = {key: value for key, value in arrays.items() if key not in BASELINE}
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        return cls(baseline=Baseline(**{key: arrays[key] for key in BASELINE}), **numbers, **plain)


BASELINE = ("time", "edges", "cumulative_hazard", "variance", "mean_hazard", "end")


def estimate_fine_gray(
    rows: CompetingRows, cause: int = 1, weighting: str = "crr", cluster: Integers | None = None
) -> FineGrayEstimate:
    """Fit a Fine-Gray model to one cause, with all that its answers need.

    Parameters
    ----------
    weighting : ``crr`` (default) as R's ``cmprsk::crr``: Breslow's ties; ordinary Kaplan-Meier of censoring, deaths
        still at risk; Fine and Gray's covariance with the censoring term. ``finegray`` as R's ``survival::finegray``
        with ``coxph(cluster = id)``: Efron's ties; those with an event leave before censorings at the same time; the
        weights count as known.
    cluster : (n,) cluster 0, 1, ... whose patients are not independent.

    Notes
    -----
    Case weights that are all whole numbers count equal patients under ``crr`` (they enter the distribution of
    censoring and equal duplicated rows); others are sampling weights with robust errors. Under ``finegray`` all are
    sampling weights, which R leaves out of the distribution of censoring.

    Raises
    ------
    FitError
        C04, C05, N01, N04 as `fit_fine_gray`, T32 as `build_subdistribution`, C29 too few clusters.
    """
    sets = build_subdistribution(rows, cause, weighting)
    fit = fit_fine_gray(rows, sets, efron=weighting == "finegray")
    at = fitted_rows(rows, sets, fit, weighting)
    naive: Floats = np.asarray(np.linalg.inv(fit.information), float)
    counts = weighting == "crr" and cluster is None and bool((rows.weight == np.round(rows.weight)).all())
    multiplier = np.asarray(np.sqrt(rows.weight) if counts else rows.weight, float)
    shares = score_shares(at)
    covariance = robust_covariance(shares, multiplier, naive, cluster)
    influence = (shares * multiplier[:, None]) @ naive
    return FineGrayEstimate(
        names=rows.names,
        coefficients=fit.coefficients,
        means=fit.means,
        covariance=covariance,
        naive_covariance=naive,
        baseline=fine_gray_baseline(at, covariance, influence, multiplier, cluster),
        loglik=fit.loglik,
        weighting=weighting,
        robust="" if cluster is None else "cluster",
    )
