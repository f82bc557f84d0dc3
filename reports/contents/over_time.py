"""What the figure of AUC and Brier score over time shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import PrognosisError
from prognosis.metrics.accuracy import brier, null_brier
from prognosis.metrics.time_dependent import auc
from prognosis.outcome import SurvivalArrays
from reports.contents.judged import Judged, floats
from reports.figures.over_time import OverTimeContent
from reports.formatting import unit_text
from reports.patient_answers import axis_ticks, short_origin
from reports.wording import Wording, visible

Floats = NDArray[np.float64]
STEPS = 40
# Fewer events or patients still at risk than these tell nothing of a time.
FEW = 10


def times_to_judge(outcome: SurvivalArrays, last: float) -> Floats:
    """Return even times up to the last horizon at which enough events have happened and enough patients remain."""
    times = np.linspace(last / STEPS, last, STEPS)
    happened = np.sort(outcome.time[outcome.event == 1])
    events = np.searchsorted(happened, times, side="right")
    remain = len(outcome.time) - np.searchsorted(np.sort(outcome.time), times, side="left")
    return np.asarray(times[(events >= FEW) & (remain >= FEW)])


def over_time_content(
    judged: Judged, horizons: tuple[float, ...], origin: str, wording: Wording
) -> OverTimeContent | None:
    """Estimate AUC and Brier score at the horizons of the evaluation; None where they cannot be estimated.

    Parameters
    ----------
    judged : its horizons are the times of the figure. horizons : of the model, which have ticks.
    origin : what time zero is.
    """
    e = judged.evaluation
    try:
        area, score = auc(e.outcome, e.risk, e.horizons), brier(e.outcome, e.risk, e.horizons)
    except PrognosisError:
        return None
    null = null_brier(e.outcome, e.horizons, errors=False)
    last = float(e.horizons[-1])
    ticks = axis_ticks(tuple(h for h in horizons if h <= last) or (last,), last, judged.unit)
    title = wording("figure_over_time", model=judged.shown_name)
    return OverTimeContent(
        time=floats(e.horizons),
        auc=floats(area.estimate),
        auc_lower=floats(area.limits()[0]),
        auc_upper=floats(area.limits()[1]),
        brier=floats(score.estimate),
        brier_lower=floats(score.limits()[0]),
        brier_upper=floats(score.limits()[1]),
        null_brier=floats(null.estimate),
        ticks=ticks,
        at_risk=tuple(int((e.outcome.time >= tick).sum()) for tick in ticks),
        time_label=wording("time_label", unit=unit_text(judged.unit, wording), origin=short_origin(visible(origin))),
        auc_label=wording("figure_auc"),
        brier_label=wording("figure_brier"),
        model_label=judged.shown_name,
        band_label=wording("figure_band"),
        chance_label=wording("figure_chance"),
        null_label=wording("figure_kaplan_meier"),
        at_risk_label=wording("at_risk"),
        title=title,
        alt=wording("figure_over_time_alt", title=title),
        followed=tuple(int((e.outcome.time >= time).sum()) for time in e.horizons),
    )
