"""The paragraphs under a nomogram: how to read it, the worked patient, the model, the reading error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nomograms.axes import WIDTH, place, turning_points
from nomograms.example import Example, axis_label, in_words, one_decimal
from nomograms.points import Axis, contribution
from nomograms.wording import event_text, joined, number, plain, sentence, unit_text
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram

HASH_SHOWN = 8


def caption_of(nomogram: Nomogram, example: Example) -> tuple[str, ...]:
    """Return the paragraphs of the caption."""
    language = nomogram.language
    recipe = [sentence("recipe", language)]
    if any(axis.setting for axis in nomogram.scale.axes):
        recipe.append(sentence("recipe_setting", language))
    if any(_folds(axis) for axis in nomogram.scale.axes):
        recipe.append(sentence("recipe_fold", language))
    extremes = _extremes(nomogram)
    tails = [sentence("tails", language, extremes=sentence("semicolon", language).join(extremes))] if extremes else []
    gap = "" if language == "zh" else " "
    return (gap.join(recipe), in_words(nomogram, example), *tails, _model(nomogram), _error(nomogram))


def _folds(axis: Axis) -> bool:
    return not axis.discrete and bool(turning_points(place(axis.fine_points)))


def _extremes(nomogram: Nomogram) -> list[str]:
    """Smallest and largest values of the cohort that lie beyond an axis, with their points."""
    model, language, out = nomogram.model, nomogram.language, []
    for group in nomogram.scale.groups:
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
        "model",
        language,
        n=_count(model.n, language),
        events=_count(model.events, language),
        event=event_text(model.event_text(language)),
        definition=sentence("definition", language, definition=definition) if definition else "",
        origin=plain(model.origin),
        horizons=joined([number(horizon) for horizon in nomogram.horizons], language),
        unit=unit_text(model.unit, language),
        date=model.created,
        hash=model.hash[:HASH_SHOWN],
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
    )
