"""What a fitted Cox model is: coefficients, covariance and baseline, and the answers that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.cox.baseline import Baseline, Interval, cumulative_hazard, risk_with_interval
from prognosis.linear_predictor import linear_predictor_of
from prognosis.normal import two_sided_p, z_of_level

Floats = NDArray[np.float64]

# The level whose profile limits a Firth fit keeps.
PROFILE_LEVEL = 0.95


@dataclass(frozen=True)
class CoxEstimate:
    """Estimates of a Cox model on design columns.

    Parameters
    ----------
    names : (p,) design columns. coefficients : (p,) log hazard ratios. means : (p,) training means, the origin.
    covariance : (p, p) model-based, or robust where `robust` says so. naive_covariance : (p, p) model-based.
    baseline : cumulative hazard of each stratum at the training means.
    stratum_names : labels of the strata, () without. strata : columns that define them.
    loglik : log partial likelihood at zero and at the estimate. score_test : Rao's statistic at zero.
    ties : ``efron`` or ``breslow``. robust : how the covariance was made: "", "robust" or "cluster".
    profile : after Firth's fit, (p, 3): profile penalised-likelihood limits (level .95) and the signed root of the
        likelihood-ratio statistic of each coefficient; they take the place of Wald's in `summary`.
    """

    names: tuple[str, ...]
    coefficients: Floats
    means: Floats
    covariance: Floats
    naive_covariance: Floats
    baseline: Baseline
    loglik: tuple[float, float]
    score_test: float
    ties: str
    robust: str = ""
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()
    profile: Floats | None = None

    @property
    def event_times(self) -> Floats:
        """Distinct event times of all strata."""
        return np.unique(self.baseline.time)

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log relative hazard against a patient at the training means of all columns, (m,), as ``rms::cph``."""
        return linear_predictor_of(design, self.means, self.coefficients, offset)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: NDArray[np.int64] | None = None,
        level: float = 0.95,
        interval: Interval = "log",
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the probability of the event by each horizon with its limits, each (m, h).

        `design` is uncentred; `stratum` gives each patient's stratum index. Not a number beyond the last observed
        time (of the stratum). The limits hold for the estimated curve, not for one person's fate. After a fit with
        time-varying covariates this is the risk of values that never change; `risk_along` takes a path.
        """
        m, h = len(design), len(horizons)
        z = z_of_level(level)
        centred, eta = design - self.means, self.linear_predictor(design, offset)
        hazard, se = np.empty((m, h)), np.empty((m, h))
        strata = np.zeros(m, np.int64) if stratum is None else stratum
        for s in np.unique(strata):
            rows = strata == s
            at = self.baseline.position(horizons, int(s))
            hazard[rows], se[rows] = cumulative_hazard(self.baseline, centred[rows], eta[rows], self.covariance, at)
            hazard[np.ix_(rows, horizons > self.baseline.end[s])] = np.nan
        return risk_with_interval(hazard, se, z, interval)

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:
        """Probability of the event by each horizon for uncentred ``design @ coefficients``, (m, h)."""
        times = np.asarray(horizons, float)
        at = self.baseline.position(times, stratum)
        hazard = np.where(at >= 0, self.baseline.cumulative_hazard[np.maximum(at, 0)], 0.0)
        hazard = np.where(times > self.baseline.end[stratum], np.nan, hazard)
        relative = np.exp(np.asarray(linear_predictor, float) - self.means @ self.coefficients)
        return -np.expm1(-relative[:, None] * hazard)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of terms: coefficient, se, hazard_ratio, lower, upper (of the hazard ratio), z, p.

        Wald's, but after Firth's fit of the profile penalised likelihood, as in ``coxphf``.

        Raises
        ------
        PredictionError
            C33 after Firth's fit for a level other than 0.95, whose profile was not kept.
        """
        se = np.sqrt(np.diag(self.covariance))
        # A column in tiny units has a hazard ratio beyond all numbers; a robust error can be zero.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            lower, upper, z = self._limits(se, level)
            ratio = np.exp([self.coefficients, lower, upper])
        return pd.DataFrame(
            {
                "term": self.names,
                "coefficient": self.coefficients,
                "se": se,
                "hazard_ratio": ratio[0],
                "lower": ratio[1],
                "upper": ratio[2],
                "z": z,
                "p": two_sided_p(z),
            }
        )

    def _limits(self, se: Floats, level: float) -> tuple[Floats, Floats, Floats]:
        if self.profile is None:
            width = z_of_level(level) * se
            return self.coefficients - width, self.coefficients + width, self.coefficients / se
        if level != PROFILE_LEVEL:
            rule = f"Firth's fit keeps its profile limits for the level {PROFILE_LEVEL:g} only, not {level:g}"
            raise PredictionError(Finding("C33", rule, f"ask for level={PROFILE_LEVEL:g}"))
        lower, upper, z = self.profile.T
        return lower, upper, z

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {
            "coefficients": self.coefficients,
            "means": self.means,
            "covariance": self.covariance,
            "naive_covariance": self.naive_covariance,
            "time": self.baseline.time,
            "edges": self.baseline.edges,
            "cumulative_hazard": self.baseline.cumulative_hazard,
            "variance": self.baseline.variance,
            "mean_hazard": self.baseline.mean_hazard,
            "end": self.baseline.end,
        } | ({} if self.profile is None else {"profile": self.profile})

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "names": list(self.names),
            "loglik": list(self.loglik),
            "score_test": self.score_test,
            "ties": self.ties,
            "robust": self.robust,
            "strata": list(self.strata),
            "stratum_names": list(self.stratum_names),
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> CoxEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        names = ("time", "edges", "cumulative_hazard", "variance", "mean_hazard", "end")
        numbers: dict[str, Any] = {
            key: arrays[key] for key in ("coefficients", "means", "covariance", "naive_covariance")
        }
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        baseline = Baseline(**{key: arrays[key] for key in names})
        return cls(baseline=baseline, profile=arrays.get("profile"), **numbers, **plain)
