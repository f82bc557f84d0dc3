"""What a page may say of a kind of model: what an effect of a predictor is called, and what the model does not tell."""

from __future__ import annotations

import math
from typing import Literal

from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.model import FittedModel
from prognosis.published.estimate import PublishedOdds
from reports.wording import Wording

Scale = Literal["hazard", "cause", "subdistribution", "odds", "time"]
# Scale of the linear predictor of the regressions; other kinds have no single effect of a value.
SCALES: dict[str, Scale] = {
    "cox": "hazard",
    "penalised_cox": "hazard",
    "transfer": "hazard",
    "accelerated_failure_time": "time",
    "fine_gray": "subdistribution",
    "logistic": "odds",
    "early_relapse": "odds",
}


def effect_scale(model: FittedModel) -> Scale | None:
    """Return what a coefficient of the model means, None where it has no coefficients."""
    if not hasattr(model.estimate, "coefficients"):
        return None
    if isinstance(model.estimate, CauseSpecificEstimate):
        return "cause"
    return SCALES.get(model.kind)


def printed_ratio(contribution: float, scale: Scale) -> float:
    """Return the ratio of hazards, odds or times that belongs to a contribution to the linear predictor."""
    # a higher linear predictor is an earlier event
    return math.exp(-contribution if scale == "time" else contribution)


def kind_words(model: FittedModel, wording: Wording) -> str:
    """Name the kind of model in clinical words; causes that are modelled apart, and published models, are said."""
    name = "cause_specific" if effect_scale(model) == "cause" else model.kind
    words = wording(f"kind_{name}")
    return wording("kind_published", kind=words) if is_published(model) else words


def is_published(model: FittedModel) -> bool:
    """Tell whether all that is known of the model is what a publication tells."""
    return model.published or isinstance(model.estimate, PublishedOdds)


def without_interval(model: FittedModel) -> str:
    """Return the key of the sentence that says why the risks have no interval."""
    return "no_interval_published" if is_published(model) else "no_interval_meaning"


def effect_manner(model: FittedModel) -> str:
    """Return the ending of the keys by which effects are worded: of times, against a reference patient, or usual."""
    if effect_scale(model) == "time":
        return "_time"
    return "_published" if is_published(model) else ""


def no_curve(model: FittedModel, wording: Wording) -> str:
    """Say why there is no curve over time; "" where there is one."""
    if model.endpoint.kind == "binary":
        return wording("no_curve_binary")
    if model.published:
        return wording("no_curve_published")
    if hasattr(model.estimate, "window"):
        return wording("no_curve_window")
    return ""
