"""The numbers of a nomogram as plain values, for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nomograms.wording import event_name, label_of, outcome_label, time_text

if TYPE_CHECKING:
    from nomograms.medians import MedianAxis
    from nomograms.nomogram import Nomogram
    from nomograms.outcomes import OutcomeAxis


def plain_values(nomogram: Nomogram) -> dict[str, Any]:
    """Return scales, total, outcomes and reading error; see `Nomogram.to_dict`."""
    total = {
        "ticks": list(nomogram.total_ticks),
        "largest": nomogram.scale.largest_total,
        "points_per_unit": nomogram.scale.per_unit,
        "linear_predictor_at_zero": nomogram.linear_predictor(0.0),
    }
    near = nomogram.approximation
    medians = [_median(nomogram, axis) for axis in nomogram.medians]
    return (
        {
            "scales": _scales(nomogram),
            "total": total,
            "outcomes": [_outcome(nomogram, axis) for axis in nomogram.outcomes],
            "reading_error": nomogram.reading_error.to_dict()
            | {"bound": nomogram.bound}
            | ({} if nomogram.scores is None else {"of_lines": nomogram.reading_error_of_lines.to_dict()}),
        }
        | ({"medians": medians} if nomogram.median else {})
        | ({} if near is None else {"approximation": near.to_dict()})
    )


def _scales(nomogram: Nomogram) -> list[dict[str, Any]]:
    codebook = nomogram.model.codebook
    return [
        {
            "variable": axis.variable,
            "label": label_of(codebook[axis.variable], nomogram.language),
            "unit": codebook[axis.variable].unit,
            "setting": dict(axis.setting),
            "ticks": [{"value": v, "points": float(p)} for v, p in zip(axis.values, axis.points, strict=True)],
        }
        for axis in nomogram.scale.axes
    ]


def _median(nomogram: Nomogram, axis: MedianAxis) -> dict[str, Any]:
    names = nomogram.model.estimate.stratum_names
    ticks = [{"time": float(t), "total_points": float(p)} for t, p in zip(axis.times, axis.total_points, strict=True)]
    told = {"unit": nomogram.model.unit, "ticks": ticks}
    return told | ({"stratum": names[axis.stratum]} if names else {})


def _outcome(nomogram: Nomogram, axis: OutcomeAxis) -> dict[str, Any]:
    model, language = nomogram.model, nomogram.language
    time = None if axis.horizon is None else time_text(axis.horizon, model.unit, language)
    told = {
        "horizon": axis.horizon,
        "unit": model.unit,
        "label": outcome_label(event_name(model, language), time, language),
        "ticks": [
            {"risk": float(r), "total_points": float(t)} for r, t in zip(axis.risks, axis.total_points, strict=True)
        ],
    }
    names = model.estimate.stratum_names
    return told | ({"stratum": names[axis.stratum]} if names else {})
