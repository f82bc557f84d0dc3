"""What an external validation found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.curves.observed import observe
from prognosis.evaluation import Evaluation
from prognosis.external.transport import Transport
from prognosis.metrics.binary_calibration import SmoothCalibration, smooth_calibration
from prognosis.metrics.calibration_curve import CalibrationCurve, calibration_curve
from prognosis.metrics.calibration_groups import CalibrationGroups, calibration_groups
from prognosis.metrics.net_benefit import decision_curve
from prognosis.metrics.net_benefit_censored import net_benefit_censored
from prognosis.profile import ObservedCurve

Floats = NDArray[np.float64]
COLUMNS = ("model", "horizon", "metric", "estimate", "lower", "upper", "threshold", "limits")
# Risks at which the decision curve is drawn.
DRAWN = np.linspace(0.02, 0.98, 49)
GROUPS = 4


@dataclass(frozen=True, eq=False)
class RiskGroup:
    """Patients between two quantiles of the predicted risk.

    Parameters
    ----------
    group : 1 has the lowest risks. n, events : numbers. predicted : (h,) mean predicted risk at the horizons.
    observed : Kaplan-Meier (Aalen-Johansen) curve; None for a binary outcome. rate : share of events among all.
    """

    group: int
    n: int
    events: int
    predicted: Floats
    observed: ObservedCurve | None
    rate: float


@dataclass(frozen=True, eq=False)
class ExternalValidation:
    """Performance of a model in another cohort.

    Parameters
    ----------
    table : model, horizon, metric, estimate, lower, upper (95 %), threshold, limits (``analytic``: by the influence
        of each patient, the likelihood or exactly; ``bootstrap``: percentiles over resampled patients with the
        predictions fixed). What cannot be measured is not a number; `warnings` say why (E13).
    subgroups : the same by group: column, group, n, events, ...; empty without `by`.
    transport : case mix and drift. cohort, n, events : where. repeats, seed : of the resampled patients.
    evaluation : answers and outcome of all patients, for the curves. warnings : findings.
    answers : what the judged model is known by. source : digest of the cohort's file, "" where it is no file.
    """

    model: str
    table: pd.DataFrame
    subgroups: pd.DataFrame
    transport: Transport
    cohort: str
    n: int
    events: int
    repeats: int
    seed: int
    evaluation: Evaluation
    warnings: tuple[Finding, ...] = ()
    answers: str = ""
    source: str = ""

    def __repr__(self) -> str:
        return f"ExternalValidation({self.model} in {self.cohort}: {self.n} patients, {self.events} events)"

    @property
    def horizons(self) -> Floats:
        """(h,) horizons that can be judged."""
        return self.evaluation.horizons

    @cached_property
    def calibration(self) -> CalibrationCurve | SmoothCalibration:
        """Smooth calibration curve with its band; of a binary outcome lowess, without band.

        Raises
        ------
        PredictionError, FitError
            As `calibration_curve`: too few events or different risks.
        """
        e = self.evaluation
        if not e.outcome.timed:
            return smooth_calibration(e.outcome.event, e.risk[:, 0])
        if e.outcome.entry is not None:
            return calibration_curve(e.outcome, e.risk, e.horizons, method="cox")
        return calibration_curve(e.outcome, e.risk, e.horizons)

    def calibration_groups(self, groups: int = 10) -> CalibrationGroups:
        """Predicted beside observed risk in groups of patients at each horizon; see `calibration_groups`."""
        e = self.evaluation
        return calibration_groups(e.outcome, e.risk, e.horizons, groups=groups)

    @cached_property
    def decision_curve(self) -> pd.DataFrame:
        """Net benefit at risks from .02 to .98: strategy, horizon, threshold, estimate, lower, upper."""
        e, names = self.evaluation, ["strategy", "horizon", "threshold", "estimate", "lower", "upper"]
        if not e.outcome.timed:
            found = decision_curve(e.outcome.event, e.risk[:, 0], DRAWN)
            parts = {"model": found.model.table(), "treat all": found.treat_all.table()}
            return pd.concat(
                [table.assign(strategy=name, horizon=np.nan) for name, table in parts.items()], ignore_index=True
            )[names]
        curves = net_benefit_censored(e.outcome, e.risk, e.horizons, DRAWN)
        return pd.concat([curves[name].table() for name in ("model", "treat all")], ignore_index=True)[names]

    def risk_groups(self, groups: int = GROUPS) -> tuple[RiskGroup, ...]:
        """Observed curves of equal groups by the predicted risk, for Kaplan-Meier figures.

        Groups are cut at quantiles of the marker in this cohort; equal markers stay together.
        """
        e = self.evaluation
        borders = np.unique(np.quantile(e.marker, np.arange(1, groups) / groups))
        place = np.searchsorted(borders, e.marker, side="left")
        return tuple(self._group(number + 1, place == code) for number, code in enumerate(np.unique(place)))

    def _group(self, number: int, inside: NDArray[np.bool_]) -> RiskGroup:
        e, part = self.evaluation, self.evaluation.outcome.take(inside)
        happened = part.event == 1
        observed = observe(part.time, part.event, part.entry) if part.timed else None
        predicted = e.risk[inside].mean(axis=0)
        return RiskGroup(number, int(inside.sum()), int(happened.sum()), predicted, observed, float(happened.mean()))
