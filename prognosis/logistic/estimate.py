"""What a fitted logistic model is: intercept, coefficients and covariance, and the answers that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from cohorts.errors import Finding, PredictionError
from prognosis.cox.baseline import Interval
from prognosis.linear_predictor import linear_predictor_of
from prognosis.logistic.profile import Profile
from prognosis.logistic.regression import LogisticRegression
from prognosis.normal import two_sided_p, z_of_level

Floats = NDArray[np.float64]

# The level whose profile limits a Firth fit keeps.
PROFILE_LEVEL = 0.95
INTERCEPT = "Intercept"
ARRAYS = ("coefficients", "means")
COVARIANCES = ("joint_covariance", "naive_covariance")


@dataclass(frozen=True)
class LogisticEstimate:
    """Estimates of a logistic model on design columns.

    Parameters
    ----------
    names : (p,) design columns. coefficients : (p,) log odds ratios. means : (p,) training means, the origin.
    intercept : log odds at the training means.
    joint_covariance : (1 + p, 1 + p) of (log odds at the means, coefficients), model-based, or robust where `robust`
        says so; not a number for the lasso, whose errors nobody knows. naive_covariance : model-based.
    loglik : log-likelihood of the null model and of this one; with Firth's penalty for "firth", without penalty else.
    freedom : degrees of freedom of the coefficients; under a ridge penalty the effective number, for the lasso the
        number of coefficients that are not zero.
    penalty : "" (maximum likelihood), "firth", "ridge" or "lasso". strength : of a ridge or lasso penalty, else 0.
    robust : how the covariance was made: "", "robust" or "cluster".
    source : profile likelihood of the training rows, for limits after Firth's fit; never saved.
    stored_profile : what a model file keeps of it: see `profile`.
    """

    names: tuple[str, ...]
    coefficients: Floats
    means: Floats
    intercept: float
    joint_covariance: Floats
    naive_covariance: Floats
    loglik: tuple[float, float]
    freedom: float
    penalty: str = ""
    strength: float = 0.0
    robust: str = ""
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()
    source: Profile | None = field(default=None, repr=False, compare=False)
    stored_profile: Floats | None = field(default=None, repr=False)

    @cached_property
    def profile(self) -> Floats:
        """Profile of Firth's fit, (1 + p, 3), computed when first asked for; (0, 3) for other fits.

        A line for the intercept at zero and for each coefficient: 95 % limits, and the signed root of the likelihood
        ratio statistic for zero.
        """
        if self.stored_profile is not None:
            return self.stored_profile
        return np.empty((0, 3)) if self.source is None else self.source.table(PROFILE_LEVEL)

    @property
    def event_times(self) -> Floats:
        """None: a binary outcome has no time."""
        return np.empty(0)

    @property
    def covariance(self) -> Floats:
        """Covariance of the coefficients, (p, p)."""
        return self.joint_covariance[1:, 1:]

    @property
    def intercept_at_zero(self) -> float:
        """Log odds where all columns are zero: the intercept that R prints."""
        return float(self.intercept - self.means @ self.coefficients)

    @property
    def covariance_at_zero(self) -> Floats:
        """Covariance of (intercept at zero, coefficients), (1 + p, 1 + p): R's ``vcov(glm)``."""
        moved = np.eye(len(self.means) + 1)
        moved[0, 1:] = -self.means
        return np.asarray(moved @ self.joint_covariance @ moved.T)

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log odds ratio against a patient at the training means of all columns, (m,).

        R's ``predict(type = "link")`` is `intercept` higher.
        """
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
        """Estimate the probability of the event with its limits, (m, 1) each; a binary outcome has no horizon.

        The limits are Wald's on the scale of the log odds, whatever `interval` says (it names scales of survival), and
        hold for the estimated probability, not for one person's fate. Not a number for the lasso.
        """
        del horizons, stratum, interval
        log_odds = self.intercept + self.linear_predictor(design, offset)
        centred = np.column_stack([np.ones(len(design)), design - self.means])
        se = np.sqrt(np.maximum(((centred @ self.joint_covariance) * centred).sum(axis=1), 0.0))
        width = z_of_level(level) * se
        risk, lower, upper = (expit(log_odds + shift)[:, None] for shift in (0.0, -width, width))
        return risk, lower, upper

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:
        """Probability of the event for uncentred ``design @ coefficients``, (m, 1)."""
        del horizons, stratum
        return np.asarray(expit(self.intercept_at_zero + np.asarray(linear_predictor, float)))[:, None]

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of terms: coefficient, se, odds_ratio, lower, upper (of the odds ratio), z, p.

        The first line is the intercept at zero of all columns (its ``odds_ratio`` are the odds there). Limits and
        p-values are Wald's; after Firth's fit they come from the profile of the penalised likelihood, as in ``logistf``
        (z is the signed root of its chi-squared statistic). The lasso has coefficients only.

        Raises
        ------
        PredictionError
            C33 after Firth's fit, once saved, for a level other than 0.95: its profile needs the training rows.
        """
        coefficient = np.concatenate([[self.intercept_at_zero], self.coefficients])
        se = np.sqrt(np.diag(self.covariance_at_zero))
        # A column in tiny units has an odds ratio beyond all numbers; a robust error can be zero.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            lower, upper, z = self._limits(coefficient, se, level)
            ratio = np.exp([coefficient, lower, upper])
        return pd.DataFrame(
            {
                "term": (INTERCEPT, *self.names),
                "coefficient": coefficient,
                "se": se,
                "odds_ratio": ratio[0],
                "lower": ratio[1],
                "upper": ratio[2],
                "z": z,
                "p": two_sided_p(z),
            }
        )

    def _limits(self, coefficient: Floats, se: Floats, level: float) -> tuple[Floats, Floats, Floats]:
        if not len(self.profile):
            width = z_of_level(level) * se
            return coefficient - width, coefficient + width, coefficient / se
        lower, upper, z = self.profile.T
        if level != PROFILE_LEVEL:
            if self.source is None:
                rule = f"a saved Firth fit keeps its profile limits for the level {PROFILE_LEVEL:g} only, not {level:g}"
                raise PredictionError(Finding("C33", rule, "ask the freshly fitted model"))
            lower, upper = self.source.limits(level).T
        return lower, upper, z

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file; what is not a number (the lasso's errors) is left out."""
        numbers = {name: getattr(self, name) for name in (*ARRAYS, *COVARIANCES, "profile")}
        return {name: values for name, values in numbers.items() if np.isfinite(values).all()}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "names": list(self.names),
            "intercept": self.intercept,
            "loglik": list(self.loglik),
            "freedom": self.freedom,
            "penalty": self.penalty,
            "strength": self.strength,
            "robust": self.robust,
            "strata": list(self.strata),
            "stratum_names": list(self.stratum_names),
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LogisticEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        unknown = np.full((len(stored["names"]) + 1,) * 2, np.nan)
        numbers: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
        numbers |= {name: arrays.get(name, unknown) for name in COVARIANCES}
        return cls(stored_profile=arrays["profile"], **numbers, **plain)


def estimate_from(fit: LogisticRegression, names: tuple[str, ...], penalty: str) -> LogisticEstimate:
    """Estimate with the model-based covariance of a fit."""
    return LogisticEstimate(
        names=names,
        coefficients=fit.coefficients,
        means=fit.means,
        intercept=fit.intercept,
        joint_covariance=fit.joint_covariance,
        naive_covariance=fit.joint_covariance,
        loglik=fit.loglik,
        freedom=fit.freedom,
        penalty=penalty,
    )
