"""The paragraphs under a nomogram: how to read it, the worked patient, the model, the reading error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nomograms.axes import place, turning_points
from nomograms.crowd import crowd_of
from nomograms.example import Example, axis_label, in_words, one_decimal, risks_text
from nomograms.families import family_text, machine_text
from nomograms.performance import performance_of
from nomograms.points import Axis
from nomograms.tails import tails_of
from nomograms.wording import (
    event_name,
    joined,
    label_of,
    number,
    plain,
    sentence,
    stratum_text,
    time_text,
    unit_text,
)
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram
    from nomograms.reading import ReadingError

HASH_SHOWN = 8


def caption_of(nomogram: Nomogram, example: Example) -> tuple[str, ...]:
    """Return the paragraphs of the caption."""
    language = nomogram.language
    recipe = [sentence("recipe", language)]
    axes = [axis for group in nomogram.scale.drawn for axis in group.axes]
    if any(axis.setting for axis in axes):
        recipe.append(sentence("recipe_setting", language))
    if any(_folds(nomogram, axis) for axis in axes):
        recipe.append(sentence("recipe_fold", language))
    recipe += _strata(nomogram)
    recipe += [] if nomogram.scores is None else [sentence("recipe_table", language)]
    extremes = _extremes(nomogram)
    tails = [sentence("tails", language, extremes=sentence("semicolon", language).join(extremes))] if extremes else []
    paragraphs = (
        recipe,
        _fidelity(nomogram, example),
        [in_words(nomogram, example)],
        tails,
        [*_bars(nomogram), *_intervals(nomogram, example)],
        [_model(nomogram), *_about(nomogram), *performance_of(nomogram.source, language)],
        _error(nomogram),
    )
    gap = "" if language == "zh" else " "
    return tuple(gap.join(parts) for parts in paragraphs if parts)


def paragraphs_of(nomogram: Nomogram, example: Example) -> tuple[str, ...]:
    """Return what a page without a picture says below its tables: all but how a figure is read."""
    language = nomogram.language
    parts = (
        [*_strata(nomogram), *_fidelity(nomogram, example)],
        [in_words(nomogram, example)],
        [_model(nomogram), *_about(nomogram), *performance_of(nomogram.source, language)],
    )
    gap = "" if language == "zh" else " "
    return tuple(gap.join(part) for part in parts if part)


def _bars(nomogram: Nomogram) -> list[str]:
    """Say what the bars on the lines are, where there are any."""
    axes = [axis for group in nomogram.scale.drawn for axis in group.axes]
    known = any(crowd_of(nomogram.model, axis, nomogram.layout) for axis in axes)
    return [sentence("crowd", nomogram.language)] if known else []


def _intervals(nomogram: Nomogram, example: Example) -> list[str]:
    """Say what the intervals are, or that the model has none."""
    language = nomogram.language
    if not nomogram.intervals:
        return [sentence("no_interval", language)]
    who = sentence("example" if example.is_typical else "patient", language)
    return [sentence("intervals", language, who=who.lower())]


def _fidelity(nomogram: Nomogram, example: Example) -> list[str]:
    """Say that an approximation is one, how good it is, and what the model itself says of the worked patient."""
    near, language = nomogram.approximation, nomogram.language
    if near is None or example.own is None:
        return []
    machine, found = machine_text(near.model, language), near.fidelity
    told = sentence(
        "fidelity",
        language,
        machine=machine,
        n=_count(found.patients, language),
        judged=sentence("judged_given" if found.given else "judged_drawn", language),
        # rounded down: never better than it is
        r2=f"{int(1000 * found.r_squared) / 1000:g}",
        mean=f"{100 * found.mean:.1f}",
        largest=f"{100 * found.largest:.0f}",
    )
    own = sentence("own_risk", language, machine=machine, risks=risks_text(nomogram, example.own))
    return [told, own]


def _strata(nomogram: Nomogram) -> list[str]:
    """Say that strata share the points, and where one has no risk."""
    model, language = nomogram.model, nomogram.language
    names = [stratum_text(name) for name in model.estimate.stratum_names]
    if not names:
        return []
    drawn = {(axis.stratum, axis.horizon) for axis in nomogram.outcomes}
    return [sentence("strata", language, strata=sentence("semicolon", language).join(names))] + [
        sentence("stratum_silent", language, stratum=name, time=time_text(horizon, model.unit, language))
        for place, name in enumerate(names)
        for horizon in nomogram.horizons
        if (place, horizon) not in drawn
    ]


def _about(nomogram: Nomogram) -> list[str]:
    """Say what else must be known of the model: competing events, an update, predictors without effect."""
    model, language = nomogram.model, nomogram.language
    told = [sentence("competing", language)] if model.endpoint.kind == "competing" else []
    told += [
        sentence("updated", language, cohort=plain(note.file), size=plain(note.value), name=plain(model.name))
        for note in model.warnings
        if note.code == "E10"
    ]
    if any(note.code == "Z06" for note in model.warnings):
        told.append(sentence("shrunken", language))
    silent = [name for group in nomogram.scale.groups if not group.has_effect for name in group.variables]
    if silent:
        listed = joined([label_of(model.codebook[name], language) for name in silent], language)
        told.append(sentence("no_effect", language, variables=listed))
    return told


def _folds(nomogram: Nomogram, axis: Axis) -> bool:
    return not axis.discrete and bool(turning_points(place(axis.fine_points, nomogram.layout)))


def _extremes(nomogram: Nomogram) -> list[str]:
    """Values of the cohort that lie beyond an axis, with their points."""
    model, language, out = nomogram.model, nomogram.language, []
    for group in nomogram.scale.drawn:
        for axis in group.axes:
            told = [
                sentence("at", language, value=number(float(f"{value:.4g}")), points=one_decimal(points))
                for tail in tails_of(model, nomogram.scale, group, axis)
                for value, points in tail
            ]
            if told:
                label = axis_label(model.codebook, axis, language)
                out.append(sentence("extreme", language, label=label, values=joined(told, language)))
    return out


def _model(nomogram: Nomogram) -> str:
    model, language = nomogram.model, nomogram.language
    definition = plain(model.endpoint.definition).rstrip(".")
    return sentence(
        "model" if nomogram.horizons else "model_binary",
        language,
        family=family_text(model, language),
        n=_count(model.n, language),
        events=_count(model.events, language),
        event=event_name(model, language),
        definition=sentence("definition", language, definition=definition) if definition else "",
        origin=plain(model.origin),
        horizons=joined([number(horizon) for horizon in nomogram.horizons], language),
        unit=unit_text(model.unit, language),
        date=model.created,
        hash=nomogram.source.hash[:HASH_SHOWN],
    )


def _count(value: int, language: str) -> str:
    return f"{value:,}" if language == "en" else str(value)


def _error(nomogram: Nomogram) -> list[str]:
    error, language = nomogram.reading_error_of_lines, nomogram.language
    told = [
        sentence(
            "error",
            language,
            width=number(nomogram.width),
            n=_count(error.combinations, language),
            drawn=sentence("drawn_even" if _unknown_distribution(nomogram) else "drawn_cohort", language),
            **_sizes(error),
        )
    ]
    told += [] if nomogram.scores is None else [sentence("error_table", language, **_sizes(nomogram.reading_error))]
    over = [sentence("over_bound", language, bound=f"{100 * nomogram.bound:g}")] if nomogram.findings else []
    return [*told, *over]


def _sizes(error: ReadingError) -> dict[str, str]:
    # rounded up: never better than it is
    return {"largest": f"{np.ceil(1000 * error.largest - 1e-9) / 10:.1f}", "mean": f"{100 * error.mean:.1f}"}


def _unknown_distribution(nomogram: Nomogram) -> bool:
    """Whether the model tells no distribution of its predictors, as a published one."""
    profiles = [nomogram.model.profile[name] for name in nomogram.model.predictors]
    return not any(entry.shares if isinstance(entry, LevelProfile) else entry.density for entry in profiles)
