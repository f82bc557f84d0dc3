"""Calibration in groups of predicted risk: mean predicted beside Kaplan-Meier or Aalen-Johansen, with limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.curves.counts import count
from prognosis.curves.hazard_steps import greenwood
from prognosis.curves.limits import Interval, limits_of
from prognosis.metrics.incidence_influence import observed_risk
from prognosis.metrics.risk_comparison import RiskComparison, compare_risks, ends_before
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationGroups:
    """Predicted and observed risk in groups of predicted risk, one row a horizon and group; arrays (r,).

    Parameters
    ----------
    horizon, group : group 1 has the lowest risks. patients, events : numbers, the events of interest by the horizon.
    at_risk : patients still followed at the horizon. predicted : (weighted) mean. observed : risk by the horizon, not
        a number where the follow-up of the group ends before. std_err : of the observed risk.
    competing : events compete. warnings : what the reader must know.
    """

    horizon: Floats
    group: NDArray[np.int64]
    patients: NDArray[np.int64]
    events: NDArray[np.int64]
    at_risk: NDArray[np.int64]
    predicted: Floats
    observed: Floats
    std_err: Floats
    competing: bool
    warnings: tuple[Finding, ...] = ()

    def limits(self, interval: Interval = "log", level: float = 0.95) -> tuple[Floats, Floats]:
        """Return limits of the observed risk, (r,) each, on a scale of `limits_of`.

        Source: ``survfit(conf.type=)``: 1 minus the limits of survival, or with competing events those of incidence.
        """
        if self.competing:
            return limits_of(self.observed, self.std_err, interval, level)
        lower, upper = limits_of(1 - self.observed, self.std_err, interval, level)
        return 1 - upper, 1 - lower

    def table(self, interval: Interval = "log", level: float = 0.95) -> pd.DataFrame:
        """List one row a horizon and group."""
        lower, upper = self.limits(interval, level)
        names = ("horizon", "group", "patients", "events", "at_risk", "predicted", "observed", "std_err")
        return pd.DataFrame({name: getattr(self, name) for name in names} | {"lower": lower, "upper": upper})


def calibration_groups(
    outcome: SurvivalArrays,
    risk: ArrayLike,
    horizons: ArrayLike,
    *,
    groups: int = 10,
    cuts: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> CalibrationGroups:
    """Compare predicted with observed risk in groups of predicted risk at each horizon.

    A second view beside `calibration_curve`: where the groups are cut changes the picture.

    Parameters
    ----------
    outcome : event code 1 is of interest; delayed entry and case weights count. risk : (n, h). horizons : (h,).
    groups : of equal size, by quantiles of the predicted risk (a value on a border belongs to the lower group).
    cuts : borders of the groups between 0 and 1 instead, the same for all horizons.

    Raises
    ------
    PredictionError, DataContractError
        M01 to M09 and P12 as `compare_risks`; V36 a number of groups or cuts that is not allowed, or so many equal
        risks that a single group is left.

    Source: Greenwood's standard errors; with competing events, or weights that are no counts, those of the
    infinitesimal jackknife, as ``survfit``.
    """
    c = compare_risks(outcome, risk, horizons, weight)
    found = [
        row
        for j, horizon in enumerate(c.horizons)
        for row in _rows_of(c, j, float(horizon), _borders(c.risk[:, j], groups, cuts))
    ]
    table = pd.DataFrame(found)
    unknown = table[table["observed"].isna()]
    warnings = tuple(
        Finding("V38", f"follow-up of group {group} ends before t={horizon:g}", "use fewer groups", severity="warning")
        for horizon, group in zip(unknown["horizon"], unknown["group"], strict=True)
    )
    return CalibrationGroups(
        **{name: table[name].to_numpy() for name in table}, competing=c.competing, warnings=warnings
    )


def _borders(risk: Floats, groups: int, cuts: ArrayLike | None) -> Floats:
    """Return the inner borders between groups."""
    if cuts is None:
        if isinstance(groups, bool) or groups != int(groups) or not 2 <= groups <= len(risk):
            raise PredictionError(Finding("V36", f"groups={groups!r}", "2 or more groups of patients", "groups"))
        borders = np.unique(np.quantile(risk, np.arange(1, int(groups)) / groups))
        borders = borders[borders < risk.max()]
    else:
        borders = np.asarray(cuts, float)
        if borders.ndim != 1 or not ((borders > 0) & (borders < 1)).all() or (np.diff(borders) <= 0).any():
            rule = "cuts must be increasing risks between 0 and 1"
            raise PredictionError(Finding("V36", rule, "give the inner borders of the groups", "cuts"))
    if not len(borders):
        raise PredictionError(Finding("V36", "a single group of risk is left", "use fewer groups, or cuts", "groups"))
    return borders


def _rows_of(c: RiskComparison, j: int, horizon: float, borders: Floats) -> list[dict[str, float | int]]:
    predicted = c.risk[c.rows.order, j]
    codes = np.searchsorted(borders, predicted, side="left")
    return [_row(c, codes == code, predicted, horizon, int(code) + 1) for code in np.unique(codes)]


def _row(
    c: RiskComparison, inside: NDArray[np.bool_], predicted: Floats, horizon: float, group: int
) -> dict[str, float | int]:
    rows = c.rows.take(inside)
    counts = count(rows, c.causes)
    (risk,), influence = observed_risk(rows, counts, np.array([horizon]))
    std_err = float(np.sqrt((influence**2).sum()))
    last = int(np.searchsorted(counts.time, horizon, side="right")) - 1
    if not c.competing and not (rows.weight % 1).any() and last >= 0:
        std_err = (1 - risk) * float(np.sqrt(greenwood(counts).variance[: last + 1].sum()))
    unknown = ends_before(counts, horizon)
    entered = True if rows.entry is None else rows.entry < horizon
    return {
        "horizon": horizon,
        "group": group,
        "patients": len(rows.time),
        "events": int(((rows.event == 1) & (rows.time <= horizon)).sum()),
        "at_risk": int(((rows.time >= horizon) & entered).sum()),
        "predicted": float(np.average(predicted[inside], weights=rows.weight)),
        "observed": np.nan if unknown else float(risk),
        "std_err": np.nan if unknown else std_err,
    }
