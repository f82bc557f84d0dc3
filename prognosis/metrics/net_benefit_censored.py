"""Net benefit at a horizon of treating those at high predicted risk, from censored and competing-risk outcomes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.curves.counts import count
from prognosis.metrics.incidence_influence import observed_risk
from prognosis.metrics.risk_comparison import RiskComparison, compare_risks, ends_before
from prognosis.normal import z_of_level
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
STRATEGIES = ("model", "treat all", "treat none")


@dataclass(frozen=True)
class NetBenefit:
    """Net benefit of a strategy at h horizons and m thresholds.

    Parameters
    ----------
    strategy : what is done, or a difference of two. horizons : (h,). thresholds : (m,) risks from which on to treat.
    treated : (h, m) share of the patients treated. true_positive, false_positive : (h, m) share of all patients who
        are treated and have the event by the horizon, or not.
    estimate : (h, m) true_positive - false_positive * threshold / (1 - threshold). std_err : (h, m).
    influence : (n, h, m) of each patient. warnings : what the reader must know.
    """

    strategy: str
    horizons: Floats
    thresholds: Floats
    treated: Floats
    true_positive: Floats
    false_positive: Floats
    estimate: Floats
    std_err: Floats
    influence: Floats
    warnings: tuple[Finding, ...] = ()

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return lower and upper confidence limits, (h, m) each."""
        width = z_of_level(level) * self.std_err
        return self.estimate - width, self.estimate + width

    def gain(self, over: NetBenefit) -> NetBenefit:
        """Return the paired difference to another strategy for the same patients, with its error.

        Raises
        ------
        PredictionError
            V39 when horizons, thresholds or patients differ.
        """
        same = self.influence.shape == over.influence.shape
        if not same or (self.thresholds != over.thresholds).any() or (self.horizons != over.horizons).any():
            rule = "strategies are compared at the same horizons and thresholds in the same patients"
            raise PredictionError(Finding("V39", rule, "compute both net benefits alike"))
        names = ("treated", "true_positive", "false_positive", "estimate", "influence")
        change = {name: getattr(self, name) - getattr(over, name) for name in names}
        error = np.sqrt((change["influence"] ** 2).sum(axis=0))
        title = f"{self.strategy} minus {over.strategy}"
        warnings = self.warnings + tuple(finding for finding in over.warnings if finding not in self.warnings)
        return replace(self, strategy=title, std_err=error, warnings=warnings, **change)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """List one row a horizon and threshold."""
        lower, upper = self.limits(level)
        names = ("treated", "true_positive", "false_positive", "estimate", "std_err")
        columns = {name: getattr(self, name).ravel() for name in names}
        return pd.DataFrame(
            {
                "strategy": self.strategy,
                "horizon": np.repeat(self.horizons, len(self.thresholds)),
                "threshold": np.tile(self.thresholds, len(self.horizons)),
                **columns,
                "lower": lower.ravel(),
                "upper": upper.ravel(),
            }
        )


def net_benefit_censored(
    outcome: SurvivalArrays,
    risk: ArrayLike,
    horizons: ArrayLike,
    thresholds: ArrayLike,
    *,
    weight: ArrayLike | None = None,
) -> dict[str, NetBenefit]:
    """Estimate the net benefit of treating by the predicted risk, of treating all and of treating none.

    A patient is treated whose predicted risk by the horizon is at least the threshold. The share of events among the
    treated is 1 - Kaplan-Meier within them, with competing events Aalen-Johansen.

    Parameters
    ----------
    outcome : event code 1 is of interest; delayed entry and case weights count. risk : (n, h). horizons : (h,).
    thresholds : (m,) between 0 and 1.

    Returns
    -------
    NetBenefit by the names ``model``, ``treat all``, ``treat none``; not a number (with a warning V38) where the
    follow-up of the treated ends before the horizon

    Raises
    ------
    PredictionError, DataContractError
        M01 to M09 and P12 as `compare_risks`; V36 thresholds.

    Source: Vickers, Cronin, Elkin and Gonen (2008); ``dcurves::dca``. Errors by the infinitesimal jackknife, the
    share of treated patients and the curve within them together; they hold the influence of every patient, of which
    n * h * m numbers are kept.
    """
    c = compare_risks(outcome, risk, horizons, weight)
    levels = np.atleast_1d(np.asarray(thresholds, float))
    if levels.ndim != 1 or not len(levels) or not ((levels > 0) & (levels < 1)).all():
        raise PredictionError(Finding("V36", "thresholds must lie between 0 and 1", "give such risks", "thresholds"))
    sorted_risk = c.risk[c.rows.order]
    by_model = [[_treat(c, sorted_risk[:, j] >= level, j) for level in levels] for j in range(len(c.horizons))]
    everybody = np.ones(len(sorted_risk), bool)
    to_all = [[_treat(c, everybody, j)] * len(levels) for j in range(len(c.horizons))]
    to_none = [[_treat(c, ~everybody, j)] * len(levels) for j in range(len(c.horizons))]
    cells = zip(STRATEGIES, (by_model, to_all, to_none), strict=True)
    return {name: _assemble(c, name, levels, found) for name, found in cells}


Cell = tuple[float, float, Floats, Floats]  # share treated, share with the event among all, influences on both, (n,)


def _treat(c: RiskComparison, treated: NDArray[np.bool_], j: int) -> Cell:
    """Return the shares of patients treated, and treated with the event by a horizon, with their influences."""
    rows, n = c.rows.take(treated), len(treated)
    if not treated.any():
        return 0.0, 0.0, np.zeros(n), np.zeros(n)
    counts, horizon = count(rows, c.causes), c.horizons[j : j + 1]
    (risk,), influence = observed_risk(rows, counts, horizon)
    if ends_before(counts, float(horizon[0])):
        risk = np.nan
    portion = c.rows.weight / c.rows.weight.sum()
    share = float(portion[treated].sum())
    of_share = portion * (treated - share)
    of_events = risk * of_share
    of_events[treated] += share * influence[:, 0]
    return share, share * float(risk), of_share, of_events


def _assemble(c: RiskComparison, strategy: str, thresholds: Floats, cells: list[list[Cell]]) -> NetBenefit:
    treated, events = (np.array([[cell[part] for cell in row] for row in cells]) for part in (0, 1))
    of_share, of_events = (
        np.stack([np.stack([cell[part] for cell in row], -1) for row in cells], 1) for part in (2, 3)
    )
    odds, rule = thresholds / (1 - thresholds), "follow-up of the treated ({}) ends before t={:g} at the thresholds {}"
    influence = c.given(of_events * (1 + odds) - of_share * odds)
    findings = [
        Finding("V38", rule.format(strategy, horizon, ", ".join(f"{t:g}" for t in thresholds[missing])),
                "leave these thresholds out", severity="warning")
        for horizon, missing in zip(c.horizons, np.isnan(events), strict=True) if missing.any()
    ]  # fmt: skip
    return NetBenefit(
        strategy=strategy,
        horizons=c.horizons,
        thresholds=thresholds,
        treated=treated,
        true_positive=events,
        false_positive=treated - events,
        estimate=events - (treated - events) * odds,
        std_err=np.sqrt((influence**2).sum(axis=0)),
        influence=influence,
        warnings=tuple(findings),
    )
