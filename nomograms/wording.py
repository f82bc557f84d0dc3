"""The words on a nomogram, in English and Chinese; a user's own labels stay as they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cohorts.errors import Finding, PredictionError
from nomograms.sentences import SENTENCES

if TYPE_CHECKING:
    from cohorts.variable import Variable
    from prognosis.model import FittedModel

LANGUAGES = ("en", "zh")
SHOWN = 200
# Longer numbers were computed, as a score is: nobody measures so many digits.
MEASURED = 9


def sentence(key: str, language: str, **values: object) -> str:
    """Return a sentence with its placeholders filled; a user's text in them is never interpreted."""
    return SENTENCES[key][LANGUAGES.index(language)].format(**values)


def check_language(language: str) -> None:
    """Refuse a language without wording (G07)."""
    if language not in LANGUAGES:
        rule = f"there is no wording in the language {language!r}"
        raise PredictionError(Finding("G07", rule, f"choose one of {', '.join(LANGUAGES)}", value=str(language)))


def number(value: float) -> str:
    """Return a number as people write it: 0.5, 12, −3; no exponent for everyday sizes."""
    return f"{value:.10g}".replace("-", "−")


def percent(risk: float) -> str:
    """Return a probability in whole percents, with one decimal below 1 and above 99 %, never as 0 or 100."""
    if risk < 0.0005:
        return "<0.1"
    if risk > 0.9995:
        return ">99.9"
    return f"{100 * risk:.1f}" if risk < 0.0095 or risk > 0.9905 else f"{100 * risk:.0f}"


def percent_tick(risk: float) -> str:
    """Return a round probability as the label of a tick, in percent."""
    return number(100 * risk)


def plain(text: object) -> str:
    """Return a user's text so that it shows what it is, on one line.

    White space becomes single spaces; control and format characters, which could hide text or turn it round, are
    written as ``<U+202E>``; very long texts are cut visibly.
    """
    words = " ".join(str(text).split())
    shown = "".join(f"<U+{ord(c):04X}>" if unicodedata.category(c)[0] == "C" else c for c in words[:SHOWN])
    return shown + ("…" if len(words) > SHOWN else "")


def value_text(value: Any) -> str:
    """Return a value of a predictor: levels as declared, numbers as given, computed ones with four digits."""
    return plain(value) if isinstance(value, str) else measured(float(value)).replace("-", "−")


def measured(value: float) -> str:
    """Return a number as it was given, without binary noise (13.1, 0.05); a computed one in four digits."""
    text = f"{value:.10g}"
    if len(text) <= MEASURED:
        return text
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def shown_value(variable: Variable, value: Any, language: str) -> str:
    """Return a value in words: a binary variable without levels, coded 0 and 1, says no and yes."""
    if variable.kind == "binary" and not isinstance(value, str) and float(value) in (0.0, 1.0):
        return sentence("yes" if float(value) else "no", language)
    if variable.is_categorical:
        return plain(variable.level_text(str(value), language))
    return value_text(value)


def label_of(variable: Variable, language: str) -> str:
    """Return the label of a predictor, without its unit."""
    return plain(variable.text(language))


def label_with_unit(variable: Variable, language: str) -> str:
    """Return the label with the unit where one is declared: ``Age, years``."""
    label = label_of(variable, language)
    if not variable.unit:
        return label
    return sentence("with_unit", language, label=label, unit=measure_text(variable.unit, language))


def measure_text(unit: str, language: str) -> str:
    """Return the unit of a measurement; years of age have a word of their own in Chinese."""
    return "岁" if language == "zh" and unit == "years" else plain(unit)


def joined(parts: Sequence[str], language: str) -> str:
    """Return parts as a list with the language's comma."""
    return sentence("list_mark", language).join(parts)


def time_text(horizon: float, unit: str, language: str) -> str:
    """Return a time with its unit: ``60 months``."""
    one = f"one_{unit}" if horizon == 1 and f"one_{unit}" in SENTENCES else unit
    return sentence("time", language, horizon=number(horizon), unit=unit_text(one, language))


def unit_text(unit: str, language: str) -> str:
    """Return the word of a time unit."""
    return sentence(unit, language) if unit in SENTENCES else plain(unit)


def event_text(name: str) -> str:
    """Return the endpoint's name as words: ``progression_or_death`` is ``progression or death``."""
    words = plain(name.replace("_", " "))
    # a label such as "Death" stands inside a sentence here; an abbreviation such as "PFS" keeps its capitals
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def event_name(model: FittedModel, language: str) -> str:
    """Return the event as it stands in a sentence.

    Where events compete and the endpoint has no words for its own, it is the endpoint's name: the label of their column
    names all of them.
    """
    endpoint = model.endpoint
    silent = endpoint.kind == "competing" and not getattr(endpoint, "event_label", None)
    return event_text(endpoint.name if silent else model.event_text(language))


def outcome_label(name: str, time: str | None, language: str) -> str:
    """Return the label of a risk axis, without a time where the endpoint has none.

    Names such as ``pfs`` or ``event-free survival`` name no event.
    """
    event = event_text(name)
    names_no_event = len(event) <= 4 or any(part in event.lower() for part in ("surviv", "free"))
    key = "risk" if time is not None else "risk_binary"
    return sentence(f"{key}_named" if names_no_event else key, language, event=event, time=time)


def stratum_text(name: str) -> str:
    """Return the name of a stratum as words: ``sex=F, centre=2`` is ``sex = F, centre = 2``."""
    return plain(name).replace("=", "\u00a0=\u00a0")
