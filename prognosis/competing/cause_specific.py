"""Cause-specific Cox models of every cause, combined into the absolute risk of one with the others competing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.cox.baseline import Interval, risk_with_interval
from prognosis.cox.estimate import CoxEstimate
from prognosis.kernels.absolute_risk import absolute_risk
from prognosis.normal import z_of_level

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SURVIVALS = ("product-limit", "exponential")


@dataclass(frozen=True)
class CauseSpecificEstimate:
    """One Cox model a cause on the same design columns; the first is of the event of interest.

    Parameters
    ----------
    models : K Cox models. causes : (K,) their event codes, the event of interest first.
    survival : of all causes together: ``product-limit`` (R's ``riskRegression::CSC``) or ``exponential``.
    """

    models: tuple[CoxEstimate, ...]
    causes: tuple[int, ...]
    survival: str = "product-limit"

    @property
    def names(self) -> tuple[str, ...]:
        """Design columns, (p,)."""
        return self.models[0].names

    @property
    def coefficients(self) -> Floats:
        """Log hazard ratios of the event of interest, (p,)."""
        return self.models[0].coefficients

    @property
    def means(self) -> Floats:
        """Training means, the origin, (p,)."""
        return self.models[0].means

    @property
    def covariance(self) -> Floats:
        """Covariance of the coefficients of the event of interest, (p, p)."""
        return self.models[0].covariance

    @property
    def loglik(self) -> tuple[float, float]:
        """Log partial likelihood of the event of interest at zero and at the estimate."""
        return self.models[0].loglik

    @property
    def strata(self) -> tuple[str, ...]:
        """Columns that define strata."""
        return self.models[0].strata

    @property
    def stratum_names(self) -> tuple[str, ...]:
        """Labels of the strata, () without."""
        return self.models[0].stratum_names

    @property
    def event_times(self) -> Floats:
        """Distinct times of the event of interest, where the risk steps."""
        return self.models[0].event_times

    @property
    def end(self) -> Floats:
        """Last observed time of each stratum."""
        return self.models[0].baseline.end

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log relative cause-specific hazard of the event of interest, (m,).

        A patient with more hazard may have less risk, where a competing event comes first more often.
        """
        return self.models[0].linear_predictor(design, offset)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: Integers | None = None,
        level: float = 0.95,
        interval: Interval = "log",
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the probability F of the event of interest by each horizon, with the others competing, (m, h) each.

        ``F(t) = sum of S(u-) dL1(u)`` over event times u <= t, S the survival free of every event. Limits are normal
        on the scale of 1 - F that `interval` names: ``log``, ``log-log`` or ``plain``. Not a number beyond the last
        observed time (of the stratum).

        Notes
        -----
        Sources: Benichou and Gail (1990); Ozenne et al. (2017). Errors by the delta method in the coefficients of every
        cause and all baseline steps, as those of R's ``survfit(coxph)``; ``riskRegression::predict.CauseSpecificCox``
        has the empirical variance of the influence functions instead (2 to 7 percent apart on half of mgus2,
        50 events).
        """
        risk, se = self.risk_with_error(design, horizons, offset=offset, stratum=stratum)
        # At risk 1 the scales end: the limit says no more than the estimate.
        with np.errstate(divide="ignore", invalid="ignore"):
            hazard = -np.log1p(-np.minimum(risk, 1.0))
            relative = np.where(risk < 1, se / (1 - risk), 0.0)
        return risk_with_interval(hazard, relative, z_of_level(level), interval)

    def risk_with_error(
        self, design: Floats, horizons: Floats, *, offset: Floats | None = None, stratum: Integers | None = None
    ) -> tuple[Floats, Floats]:
        """Probability of the event of interest by each horizon and its standard error, (m, h) each."""
        times = np.asarray(horizons, float)
        order = np.argsort(times, kind="stable")
        ratio = np.exp(np.column_stack([model.linear_predictor(design, offset) for model in self.models]))
        centred = np.stack([design - model.means for model in self.models])
        covariance = np.stack([model.covariance for model in self.models])
        risk, se = np.empty((2, len(design), len(times)))
        strata = np.zeros(len(design), np.int64) if stratum is None else stratum
        for s in np.unique(strata):
            rows = np.flatnonzero(strata == s)
            grid, steps = self.steps(int(s))
            until = np.searchsorted(grid, times[order], side="right")
            part = np.ascontiguousarray(centred[:, rows])
            found = absolute_risk(ratio[rows], part, steps, covariance, until, self.survival == "product-limit")
            at = np.ix_(rows, order)
            risk[at], se[at] = found[0], np.sqrt(found[1])
            beyond = np.ix_(rows, times > self.end[s])
            risk[beyond], se[beyond] = np.nan, np.nan
        return risk, se

    def risk_alone(self, design: Floats, horizons: Floats, offset: Floats | None = None, stratum: int = 0) -> Floats:
        """Probability of the event of interest by each horizon, (m, h), of patients of one stratum, without its error.

        The error takes most of the time of `risk`.
        """
        times = np.asarray(horizons, float)
        order = np.argsort(times, kind="stable")
        ratio = np.exp(np.column_stack([model.linear_predictor(design, offset) for model in self.models]))
        grid, (hazard, variance, drift) = self.steps(stratum)
        until, causes = np.searchsorted(grid, times[order], side="right"), len(self.models)
        steps = hazard, np.zeros_like(variance), drift[:, :, :0]
        none = np.zeros((causes, len(design), 0)), np.zeros((causes, 0, 0))
        risk = np.empty((len(design), len(times)))
        risk[:, order] = absolute_risk(ratio, none[0], steps, none[1], until, self.survival == "product-limit")[0]
        risk[:, times > self.end[stratum]] = np.nan
        return risk

    def cumulative_incidence(
        self, design: Floats, horizons: Floats, *, offset: Floats | None = None, stratum: Integers | None = None
    ) -> Floats:
        """Probability of every cause by each horizon, (m, h, K); with the survival free of events they sum to 1.

        Exactly for the product limit, within the size of a step for the exponential.
        """
        turned = [
            CauseSpecificEstimate(
                (model, *(other for other in self.models if other is not model)), self.causes, self.survival
            )
            for model in self.models
        ]
        parts = [each.risk_with_error(design, horizons, offset=offset, stratum=stratum)[0] for each in turned]
        return np.stack(parts, axis=2)

    def steps(self, s: int) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """Return the times of any event in a stratum and each cause's steps: hazard, variance, mean times hazard."""
        inside = [slice(model.baseline.edges[s], model.baseline.edges[s + 1]) for model in self.models]
        grid = np.unique(np.concatenate([m.baseline.time[part] for m, part in zip(self.models, inside, strict=True)]))
        causes, p = len(self.models), len(self.names)
        hazard, variance = np.zeros((2, len(grid), causes))
        drift = np.zeros((len(grid), causes, p))
        for k, (model, part) in enumerate(zip(self.models, inside, strict=True)):
            at = np.searchsorted(grid, model.baseline.time[part])
            hazard[at, k] = np.diff(model.baseline.cumulative_hazard[part], prepend=0.0)
            variance[at, k] = np.diff(model.baseline.variance[part], prepend=0.0)
            drift[at, k] = np.diff(model.baseline.mean_hazard[part], axis=0, prepend=0.0)
        return grid, (hazard, variance, drift)

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of the terms of every cause: cause, term, coefficient, se, hazard_ratio, lower, upper, z, p."""
        parts = [model.summary(level) for model in self.models]
        for cause, part in zip(self.causes, parts, strict=True):
            part.insert(0, "cause", cause)
        return pd.concat(parts, ignore_index=True)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file, ``CAUSE.coefficients`` and so on."""
        return {
            f"{cause}.{key}": value
            for cause, model in zip(self.causes, self.models, strict=True)
            for key, value in model.arrays().items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "causes": list(self.causes),
            "models": [model.to_dict() for model in self.models],
            "survival": self.survival,
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> CauseSpecificEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        models = []
        for cause, model in zip(stored["causes"], stored["models"], strict=True):
            own = {key.partition(".")[2]: value for key, value in arrays.items() if key.partition(".")[0] == str(cause)}
            models.append(CoxEstimate.restore(model, own))
        return cls(tuple(models), tuple(stored["causes"]), stored["survival"])


def fit_causes(
    fit_one: Callable[[NDArray[np.bool_]], CoxEstimate], event: Integers, survival: str = "product-limit"
) -> CauseSpecificEstimate:
    """Fit every cause by the same recipe.

    Parameters
    ----------
    fit_one : Cox model from the rows that have the event, (n,), all others counting as censored at their time.
    event : (n,) 0 censored, 1 the event of interest, 2, 3, ... competing. survival : ``product-limit`` or
        ``exponential``.

    Raises
    ------
    FitError
        What the fit of a cause raises; for a competing cause its findings say which.
    """
    causes = (1, *(int(code) for code in np.unique(event) if code > 1))
    models = [fit_one(event == 1)]
    for cause in causes[1:]:
        try:
            models.append(fit_one(event == cause))
        except FitError as error:
            raise FitError(*(_of_cause(finding, cause) for finding in error.findings)) from error
    return CauseSpecificEstimate(tuple(models), causes, survival)


def _of_cause(finding: Finding, cause: int) -> Finding:
    return replace(finding, rule=f"competing event {cause}: {finding.rule}")
