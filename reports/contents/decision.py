"""What a decision curve shows of a model's risks at one horizon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import PredictionError
from prognosis.metrics.net_benefit_censored import net_benefit_censored
from reports.contents.judged import Judged, floats
from reports.figures.decision import DecisionContent
from reports.wording import Wording

Floats = NDArray[np.float64]
DRAWN = 50
PATIENTS = 1000


def decision_content(
    judged: Judged, place: int, wording: Wording, thresholds: Sequence[float] = ()
) -> DecisionContent | None:
    """Estimate net benefit and clinical impact at one horizon; None where no event happened by it.

    Parameters
    ----------
    thresholds : marked on the curve, which runs from .01 to where few patients have a higher risk, or to the largest
        of them where that is further.

    """
    outcome, risk, horizon = judged.at(place)
    cuts = drawn_thresholds(risk[:, 0], thresholds)
    try:
        found = net_benefit_censored(outcome, risk, horizon, cuts)
    except PredictionError:
        return None
    model, everybody = found["model"], found["treat all"]
    lower, upper = model.limits()
    title = judged.title("figure_decision", "figure_decision_binary", place, wording)
    return DecisionContent(
        thresholds=floats(cuts),
        marked=floats(np.unique(np.asarray(thresholds, float))),
        model=floats(model.estimate[0]),
        lower=floats(lower[0]),
        upper=floats(upper[0]),
        treat_all=floats(everybody.estimate[0]),
        high_risk=floats(PATIENTS * model.treated[0]),
        with_event=floats(PATIENTS * model.true_positive[0]),
        threshold_label=wording("figure_threshold"),
        benefit_label=wording("figure_net_benefit"),
        model_label=wording("figure_by_model", model=judged.shown_name),
        band_label=wording("figure_band"),
        all_label=wording("figure_treat_all"),
        none_label=wording("figure_treat_none"),
        impact_label=wording("figure_of_1000"),
        high_risk_label=wording("figure_high_risk"),
        with_event_label=wording("figure_high_risk_event"),
        title=title,
        alt=wording("figure_decision_alt", title=title),
    )


def drawn_thresholds(risk: Floats, thresholds: Sequence[float]) -> Floats:
    """Return even steps as far as risks reach, further for a higher asked threshold, and the asked ones themselves."""
    # a curve that began at the lowest asked threshold would hide those at which the model decides anything
    last = float(np.clip(np.quantile(risk, 0.99), 0.05, 0.99))
    asked = np.asarray(thresholds, float)
    even = np.linspace(0.01, max(last, *asked), DRAWN) if len(asked) else np.linspace(0.01, last, DRAWN)
    return np.unique(np.concatenate([asked, even]))
