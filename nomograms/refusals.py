"""What a nomogram cannot show, and the way out: models without points, horizons without risk, unknown options."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cohorts.errors import Finding
from cohorts.time_words import time_words
from nomograms.strata import risk_range
from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.harmonisation.preparation import no_axis

if TYPE_CHECKING:
    from prognosis.model import FittedModel

LIMITS = ("centiles", "rms")


def why_no_points(model: FittedModel) -> list[Finding]:
    """Return why a model has no points: causes combined, no coefficients, an offset; nothing where it has some."""
    estimate = model.estimate
    exact = hasattr(estimate, "coefficients") and hasattr(estimate, "risk_at")
    if not exact and isinstance(estimate, CauseSpecificEstimate):
        rule = "the endpoint has competing events: cause-specific models combine into risk without a single points axis"
        advice = (
            "fit FineGray, whose nomogram is exact, draw Nomogram.approximate(model) with its stated fidelity, "
            "a horizon at a time, or write the exact calculator"
        )
        return [Finding("G03", rule, advice)]
    if not exact:
        rule = f"no nomogram of a model of kind {model.kind}: no coefficients to give points for lead to its risk"
        advice = "draw Nomogram.approximate(model), which states its fidelity, or fit a regression such as Cox"
        return [Finding("G04", rule, advice, value=model.kind)]
    if harmonised := no_axis(model.preparation, "on a line of a nomogram"):
        return harmonised
    if getattr(model.recipe, "offset", None):
        advice = "make it a predictor, or use predict instead of a nomogram"
        return [Finding("G09", "the model has an offset, for which there is no axis", advice, model.recipe.offset)]
    return []


def refusals(model: FittedModel, horizons: tuple[float, ...], limits: str) -> list[Finding]:
    """Return all that stands against a nomogram of this model at these horizons."""
    if found := why_no_points(model):
        return found
    if model.endpoint.kind == "binary":
        rule = f"horizons={list(horizons)}, but a binary endpoint has no time"
        findings = [Finding("P12", rule, "leave the horizons out")] if horizons else []
    elif not horizons:
        findings = [Finding("G02", "no horizon: a nomogram needs a time to give risk at", "give horizons=[...]")]
    else:
        findings = [finding for horizon in horizons if (finding := _horizon_fault(model, horizon))]
    if limits not in LIMITS:
        rule, advice = f"limits {limits!r} are not known", "give 'centiles' or 'rms'"
        findings.append(Finding("G08", rule, advice, value=str(limits)))
    return findings


def _horizon_fault(model: FittedModel, horizon: float) -> Finding | None:
    unit, told = model.unit, f"{horizon:g}"
    if not (math.isfinite(horizon) and horizon > 0):
        return Finding("P12", f"horizon {told} is no positive time", f"give positive {unit}", value=told)
    if model.max_follow_up is not None and horizon > model.max_follow_up:
        last = time_words(model.max_follow_up, unit)
        rule = f"horizon {time_words(horizon, unit)} lies beyond the max follow-up of {last}"
        return Finding("P10", rule, "give an earlier horizon: nobody was observed that long", value=told)
    if all(risk_range(model, horizon, stratum) is None for stratum in range(max(1, len(model.estimate.stratum_names)))):
        known = ", ".join(f"{time:g}" for time in model.horizons)
        rule = f"the model gives no risk that differs between patients by {time_words(horizon, unit)}"
        return Finding("G21", rule, f"its own horizons are {known}; before the first event nobody has a risk",
                       value=told)  # fmt: skip
    return None
