"""The paragraphs under a nomogram: how to read it, the worked patient, the model, the reading error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nomograms.axes import WIDTH, place, turning_points
from nomograms.example import Example, axis_label, in_words, one_decimal, risks_text
from nomograms.families import family_text, machine_text
from nomograms.points import Axis, contribution
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

HASH_SHOWN = 8


def caption_of(nomogram: Nomogram, example: Example) -> tuple[str, ...]:
    """Return the paragraphs of the caption."""
    language = nomogram.language
    recipe = [sentence("recipe", language)]
    axes = [axis for group in nomogram.scale.drawn for axis in group.axes]
    if any(axis.setting for axis in axes):
        recipe.append(sentence("recipe_setting", language))
    if any(_folds(axis) for axis in axes):
        recipe.append(sentence("recipe_fold", language))
    recipe += _strata(nomogram)
    extremes = _extremes(nomogram)
    tails = [sentence("tails", language, extremes=sentence("semicolon", language).join(extremes))] if extremes else []
    gap = "" if language == "zh" else " "
    told = gap.join([_model(nomogram), *_about(nomogram)])
    worked = in_words(nomogram, example)
    return (gap.join(recipe), *_fidelity(nomogram, example), worked, *tails, told, _error(nomogram))


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
    return [("" if language == "zh" else " ").join([told, own])]


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
    silent = [name for group in nomogram.scale.groups if not group.has_effect for name in group.variables]
    if silent:
        listed = joined([label_of(model.codebook[name], language) for name in silent], language)
        told.append(sentence("no_effect", language, variables=listed))
    return told


def _folds(axis: Axis) -> bool:
    return not axis.discrete and bool(turning_points(place(axis.fine_points)))


def _extremes(nomogram: Nomogram) -> list[str]:
    """Smallest and largest values of the cohort that lie beyond an axis, with their points."""
    model, language, out = nomogram.model, nomogram.language, []
    for group in nomogram.scale.drawn:
        for axis in group.axes:
            profile = model.profile[axis.variable]
            if axis.discrete or isinstance(profile, LevelProfile):
                continue
            beyond = [profile.minimum] if profile.minimum < float(axis.fine[0]) else []
            beyond += [profile.maximum] if profile.maximum > float(axis.fine[-1]) else []
            label = axis_label(model.codebook, axis, language)
            for value in beyond:
                held = {axis.variable: [value]} | {partner: [level] for partner, level in axis.setting}
                points = (contribution(model, group.variables, held)[0] - group.minimum) * nomogram.scale.per_unit
                text = one_decimal(float(points))
                out.append(sentence("extreme", language, label=label, value=number(value), points=text))
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


def _error(nomogram: Nomogram) -> str:
    error = nomogram.reading_error
    return sentence(
        "error",
        nomogram.language,
        width=number(WIDTH),
        largest=f"{100 * error.largest:.1f}",
        mean=f"{100 * error.mean:.1f}",
        n=_count(error.combinations, nomogram.language),
        drawn=sentence("drawn_even" if _unknown_distribution(nomogram) else "drawn_cohort", nomogram.language),
    )


def _unknown_distribution(nomogram: Nomogram) -> bool:
    """Whether the model tells no distribution of its predictors, as a published one."""
    profiles = [nomogram.model.profile[name] for name in nomogram.model.predictors]
    return not any(entry.shares if isinstance(entry, LevelProfile) else entry.density for entry in profiles)
