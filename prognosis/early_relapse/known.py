"""Who had the event within a window, who is known not to have had it, and what stands for those censored before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.curves.observed import observe
from prognosis.metrics.weights import censoring_weights
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Censoring = Literal["ipcw", "exclude", "naive"]
CENSORINGS: tuple[str, ...] = get_args(Censoring)
# Times that differ by less than this part of themselves are one time.
SAME_TIME = 1e-9
# A patient who stands for more than this many.
LARGE_WEIGHT = 10.0
TRUE_SHARE = 'censoring="ipcw" is unbiased where censoring does not depend on the patients\' risk'


@dataclass(frozen=True)
class Known:
    """Patients of whom it is taken as known whether they had the event within the window.

    Parameters
    ----------
    rows : (k,) their places among all n, in order. early : (k,) True for the event of interest within the window.
    weight : (k,) patients for whom each stands. n : all patients. lost : number censored before the window ends.
    other : number with a competing event within the window, who count as free of the event. share : probability of
        the event by the window, Kaplan-Meier or Aalen-Johansen of all n.
    """

    rows: Integers
    early: Flags
    weight: Floats
    n: int
    lost: int
    other: int
    share: float

    @property
    def taken_share(self) -> float:
        """Weighted share of patients with the event, which the mean risk of a model follows."""
        return float(np.average(self.early, weights=self.weight))


def known_within(outcome: SurvivalArrays, window: float, censoring: Censoring) -> Known:
    """Turn censored follow-up into the event within a window.

    Parameters
    ----------
    outcome : of n patients. window : in their unit.
    censoring : what becomes of patients censored before the window ends. ``ipcw``: they are left out, and the others
        weighted by the inverse probability of being uncensored: 1/G(T-) at the event (of any cause), 1/G(window-) for
        who was followed that long, G the reverse Kaplan-Meier of these n patients. ``exclude``: left out without
        weights. ``naive``: they count as free of the event.

    Raises
    ------
    FitError
        W01 the window lies beyond the follow-up; W02 nobody had the event before it ends; W03 delayed entry.

    Notes
    -----
    Events come before censorings at the same time, so that who is censored exactly when the window ends is known to
    have come through it. Where nobody is, the weights are those of `censoring_weights` at the window. Sources:
    Zheng, Cai and Feng (2006); Blanche, Holt and Scheike (2023), ``wglm`` of the R package riskRegression.
    """
    before = window * (1 - SAME_TIME)
    happened = (outcome.event > 0) & (outcome.time <= window * (1 + SAME_TIME))
    early = happened & (outcome.event == 1)
    lost = (outcome.event == 0) & (outcome.time < before)
    faults = _faults(outcome, window, early & (outcome.time <= before))
    if faults:
        raise FitError(*faults)
    weight = np.ones(len(early))
    if censoring == "ipcw":
        seen = SurvivalArrays(outcome.time, outcome.event)
        weight = censoring_weights(seen, [before]).weights[:, 0]
    rows = np.arange(len(early)) if censoring == "naive" else np.flatnonzero(~lost)
    curve = observe(outcome.time, outcome.event)
    share = 1 - float(curve.at(window * (1 + SAME_TIME)))
    others = int((happened & ~early).sum())
    return Known(rows, early[rows], weight[rows], len(early), int(lost.sum()), others, share)


def _faults(outcome: SurvivalArrays, window: float, early: Flags) -> list[Finding]:
    if outcome.entry is not None and outcome.entry.any():
        rule = "patients enter after time 0 (delayed entry): who relapsed early is missing among them"
        return [Finding("W03", rule, "choose Cox and read its risk at the window, or patients seen from time 0")]
    last = float(outcome.time.max(initial=0.0))
    if last < window * (1 - SAME_TIME):
        rule = f"the window of {window:g} lies beyond the follow-up, which ends at {last:g}"
        return [Finding("W01", rule, "give a shorter window, in the unit of the endpoint")]
    if not early.any():
        rule = f"0 of {len(early)} patients had the event before {window:g}"
        return [Finding("W02", rule, "give a longer window, in the unit of the endpoint")]
    return []


def said_of(known: Known, window: float, censoring: Censoring) -> list[Finding]:
    """Say what the labels rest on: weights (W04, W05), the bias of leaving weights out (W06), other events (W07)."""
    found = []
    if known.lost:
        found.append(_weighted(known, window) if censoring == "ipcw" else _biased(known, window, censoring))
    if known.weight.max() > LARGE_WEIGHT:
        rule = f"one patient stands for {known.weight.max():.1f}: few were under observation until {window:g}"
        found.append(Finding("W05", rule, "give a shorter window, or choose Cox", severity="warning"))
    if known.other:
        rule = f"{known.other} patients had another event within {window:g}: they count as free of the event"
        advice = "declare a TimeToEvent endpoint if the other event is to count too"
        found.append(Finding("W07", rule, advice, severity="warning"))
    return found


def _weighted(known: Known, window: float) -> Finding:
    rule = (
        f"{known.lost} of {known.n} patients were censored before {window:g}; the others are weighted for them (up to "
        f"{known.weight.max():.2f}). The weights are estimated, from the reverse Kaplan-Meier of these patients; the "
        "robust errors take them as known, which makes intervals a little too wide"
    )
    advice = "right where censoring does not depend on the predictors; else choose Cox and read its risk at the window"
    return Finding("W04", rule, advice, severity="warning")


def _biased(known: Known, window: float, censoring: Censoring) -> Finding:
    done = "left out" if censoring == "exclude" else "counted as free of the event"
    curve = "Aalen-Johansen" if known.other else "Kaplan-Meier"
    bias = round(100 * (known.taken_share - known.share), 1) + 0.0  # no sign before nought
    rule = (
        f'censoring="{censoring}": {known.lost} of {known.n} patients were censored before {window:g} and are {done}, '
        f"so that {100 * known.taken_share:.1f} % have the event, against {100 * known.share:.1f} % by {curve}: risks "
        f"are biased by {bias:+.1f} percentage points on average"
    )
    return Finding("W06", rule, TRUE_SHARE, severity="warning")
