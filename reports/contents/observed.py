"""What the figure of observed curves shows: all patients of a cohort, or groups by the risk a model gave them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import PrognosisWarning
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.curves.kaplan_meier import kaplan_meier
from prognosis.outcome import SurvivalArrays
from reports.contents.judged import Judged, floats
from reports.figures.observed import ObservedContent, ObservedGroup
from reports.formatting import unit_text
from reports.patient_answers import axis_ticks, short_origin
from reports.wording import Wording, visible

Floats = NDArray[np.float64]
STEPS = 48
# Fewer patients at risk than these tell nothing of a time.
FEW = 10
# A curve of fewer events than these is too rough to be told from the next one.
EVENTS_A_GROUP, MOST_GROUPS = 10, 4


class _Curve(NamedTuple):
    """Steps from time 0 on: share with the event by each time with its limits (log scale, R's default)."""

    time: Floats
    risk: Floats
    lower: Floats
    upper: Floats

    def at(self, when: Floats) -> tuple[Floats, Floats, Floats]:
        """Return share and limits at some times; not a number after the last time."""
        place = np.searchsorted(self.time, when, side="right") - 1
        known = (when <= self.time[-1]) | (self.risk[-1] == 1)
        shown = (np.where(known, values[place], np.nan) for values in (self.risk, self.lower, self.upper))
        risk, lower, upper = shown
        return risk, lower, upper


def observed_content(
    outcome: SurvivalArrays, horizons: Sequence[float], unit: str, origin: str, wording: Wording
) -> ObservedContent | None:
    """Observe all patients; None where too few are followed for any curve.

    Parameters
    ----------
    outcome : of the patients analysed, each counted once. horizons : of the study, () for none. unit : of time.
    origin : what time zero is.
    """
    title = wording("figure_observed_course")
    return _content([(np.ones(len(outcome.time), bool), "", ())], outcome, horizons, (unit, origin), title, wording)


def risk_groups_content(judged: Judged, origin: str, wording: Wording) -> ObservedContent | None:
    """Observe groups of patients by their marker; None where the events allow no two groups.

    As many groups as there are tens of events, four at most, cut at quantiles; equal markers stay together, as in
    `ExternalValidation.risk_groups`.

    Parameters
    ----------
    judged : risks of patients whom the model did not learn from. origin : what time zero is.
    """
    e = judged.evaluation
    many = min(int((e.outcome.event == 1).sum()) // EVENTS_A_GROUP, MOST_GROUPS)
    if many < 2 or not len(e.horizons):
        return None
    borders = np.unique(np.quantile(e.marker, np.arange(1, many) / many))
    codes = np.searchsorted(borders, e.marker, side="left")
    found = np.unique(codes)
    if len(found) < 2:
        return None
    parts = []
    for number, code in enumerate(found):
        inside = codes == code
        key = "figure_risk_group_lowest" if number == 0 else "figure_risk_group"
        key = "figure_risk_group_highest" if number == len(found) - 1 else key
        label = wording(key, number=number + 1)
        parts.append((inside, label, floats(e.risk[inside].mean(axis=0))))
    title = wording("figure_risk_groups", model=judged.shown_name)
    return _content(parts, e.outcome, floats(e.horizons), (judged.unit, origin), title, wording)


Part = tuple[NDArray[np.bool_], str, tuple[float, ...]]


def _content(
    parts: Sequence[Part],
    outcome: SurvivalArrays,
    horizons: Sequence[float],
    time: tuple[str, str],
    title: str,
    wording: Wording,
) -> ObservedContent | None:
    end = _end(outcome, horizons)
    if not end > 0:
        return None
    within = tuple(h for h in horizons if h <= end)
    ticks = axis_ticks(within or (end,), end, time[0])
    read = np.unique([*np.linspace(0, end, STEPS + 1), *ticks, *within])
    competing = bool((outcome.event > 1).any())
    groups = tuple(_group(part, outcome.take(part[0]), read, (ticks, end, len(within)), wording) for part in parts)
    return ObservedContent(
        groups=groups,
        times=floats(read),
        horizons=within,
        ticks=ticks,
        time_label=wording("time_label", unit=unit_text(time[0], wording), origin=short_origin(visible(time[1]))),
        risk_label=wording("figure_observed_share"),
        band_label=wording("figure_observed_by_aj" if competing else "figure_observed_by_km"),
        predicted_label=wording("figure_mean_predicted"),
        at_risk_label=wording("at_risk"),
        title=title,
        alt=wording("figure_observed_alt", title=title, counts="; ".join(g.counts for g in groups)),
    )


def _end(outcome: SurvivalArrays, horizons: Sequence[float]) -> float:
    """Last horizon, or the last time; without horizons the last time with some patients at risk."""
    ordered = np.sort(outcome.time)
    if len(horizons):
        return float(min(max(horizons), ordered[-1]))
    return float(ordered[-min(FEW, len(ordered))])


def _group(
    part: Part, outcome: SurvivalArrays, read: Floats, axis: tuple[tuple[float, ...], float, int], wording: Wording
) -> ObservedGroup:
    _, label, predicted = part
    ticks, end, horizons = axis
    curve = _curve(outcome)
    shown = curve.time <= end
    risk, lower, upper = curve.at(read)
    counts = wording("figure_group_counts", n=len(outcome.time), events=int((outcome.event == 1).sum()))
    return ObservedGroup(
        label=label or wording("figure_all_patients"),
        counts=counts,
        time=floats(curve.time[shown]),
        risk=floats(curve.risk[shown]),
        lower=floats(curve.lower[shown]),
        upper=floats(curve.upper[shown]),
        read=floats(risk),
        read_lower=floats(lower),
        read_upper=floats(upper),
        at_risk=_at_risk(outcome, read),
        at_ticks=_at_risk(outcome, np.asarray(ticks)),
        predicted=predicted[:horizons],
    )


def _curve(outcome: SurvivalArrays) -> _Curve:
    with warnings.catch_warnings():
        # that a curve ends early is seen by the numbers at risk
        warnings.simplefilter("ignore", PrognosisWarning)
        happened = outcome.event == 1
        if (outcome.event > 1).any() and happened.any():
            found = aalen_johansen(outcome.time, outcome.event, entry=outcome.entry)
            place = 1 + found.causes.index(1)
            lower, upper = (side[:, place] for side in found.limits())
            time, risk = found.time, found.probability[:, place]
        else:
            curve = kaplan_meier(outcome.time, happened.astype(int), entry=outcome.entry)
            low, high = curve.limits()
            time, risk, lower, upper = curve.time, 1 - curve.survival, 1 - high, 1 - low
    nought = np.zeros(1)
    return _Curve(*(np.concatenate([nought, values]) for values in (time, risk, lower, upper)))


def _at_risk(outcome: SurvivalArrays, when: Floats) -> tuple[int, ...]:
    """Patients watched just before some times; at time 0 those who are watched from the start on."""
    entered = np.zeros(len(outcome.time)) if outcome.entry is None else outcome.entry
    return tuple(int(((outcome.time >= t) & ((entered < t) | (entered == 0))).sum()) for t in when)
