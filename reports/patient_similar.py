"""What was observed in patients who were given a similar risk: one sentence beside each answer."""

from __future__ import annotations

import math

from prognosis.model import FittedModel
from prognosis.validation.risk_bands import EVENTS, PEOPLE, RiskBand, RiskBands
from reports.formatting import count
from reports.frequencies import frequency
from reports.wording import Wording

# Of a risk: whoever was given one further off is not called similar.
FAR = 0.2


def bands_at(model: FittedModel, horizon: float) -> RiskBands | None:
    """Return the bands of out-of-fold risk that the model's validation has at a horizon."""
    found = () if model.validation is None else model.validation.bands.get(model.name, ())
    wanted = horizon if math.isfinite(horizon) else None
    return next((bands for bands in found if bands.horizon == wanted), None)


def similar_band(model: FittedModel, horizon: float, risk: float) -> RiskBand | None:
    """Return the band of a risk, None without bands or beyond all of them."""
    bands = bands_at(model, horizon)
    return None if bands is None else bands.of(risk)


def similar_text(model: FittedModel, horizon: float, risk: float, wording: Wording) -> str:
    """Say what happened to patients of a similar out-of-fold risk; "" where the validation gave nobody such a risk."""
    bands = bands_at(model, horizon)
    if bands is None:
        return ""
    if not bands.bands:
        return wording("similar_few", people=PEOPLE, events=EVENTS)
    band = bands.of(risk)
    if band is None:
        return wording("similar_higher" if risk > bands.bands[-1].high else "similar_lower")
    middle = (band.low + band.high) / 2
    observed = frequency(band.observed, band.lower, band.upper, wording)
    wide = max(risk - band.low, band.high - risk) > FAR
    return wording(
        "similar_wide" if wide else "similar_observed",
        between=frequency(middle, band.low, band.high, wording).interval_event,
        average=frequency(band.predicted, band.low, band.high, wording).event_text,
        n=observed.event_text,
        interval=observed.interval_event,
        people=count(band.people, wording),
    )


def has_bands(model: FittedModel) -> bool:
    """Tell whether the validation gave patients risks by models made without them."""
    return model.validation is not None and model.name in model.validation.bands
