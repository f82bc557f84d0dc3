"""Who and what the numbers are for, which model gave them, and what it cannot do: the fixed facts of a page."""

from __future__ import annotations

from prognosis.model import FittedModel
from reports.formatting import count, duration
from reports.patient_kinds import is_published, kind_words
from reports.wording import Wording, visible

HASH_SHOWN = 12
SOURCE_SHOWN = 120
# What is said of patients with missing values.
GAPS = {"complete_cases": "limit_complete_cases", "chained": "limit_chained", "own side": "limit_own_side"}
DEATHS = {"en": "death", "zh": "死亡"}
Lines = tuple[tuple[str, str], ...]


def event_name(model: FittedModel, wording: Wording) -> str:
    """Return what the event is called: the codebook's label, else the endpoint's name, marked as such."""
    label = model.event_label.get(wording.language) or model.event_label.get("en")
    # the name of an endpoint often names the opposite of its event: "progression-free survival"
    if label:
        return visible(label)
    key = "event_of_defined" if model.endpoint.definition.strip() else "event_of_endpoint"
    return wording(key, name=visible(model.endpoint.name))


def deaths_name(model: FittedModel, wording: Wording) -> str:
    """Return what the deaths among the events are called, as the endpoint declares it."""
    label = getattr(model.endpoint, "deaths_label", None) or DEATHS
    return visible(label.get(wording.language) or label.get("en") or DEATHS[wording.language])


def about_lines(model: FittedModel, wording: Wording) -> Lines:
    """Return the event, its definition, the origin of time, and the patients the model was made from."""
    definition = visible(model.endpoint.definition.strip())
    origin = visible(model.origin) if model.origin else wording("no_origin")
    return (
        (wording("about_event"), event_name(model, wording)),
        *(((wording("about_definition"), definition),) if definition else ()),
        (wording("about_origin"), origin),
        (wording("about_population"), _population(model, wording)),
    )


def _population(model: FittedModel, wording: Wording) -> str:
    people = {"n": count(model.n, wording), "events": count(model.events, wording)}
    if is_published(model):
        return wording("population_published", source=visible(model.cohort, SOURCE_SHOWN), **people)
    if model.follow_up is None:
        return wording("population_binary", **people)
    longest = duration(model.max_follow_up or 0.0, model.unit, wording)
    text = wording("population", median=_median(model, wording), longest=longest, **people)
    if model.deaths is None:
        return text
    known = {"part": count(model.deaths.count, wording), "events": people["events"]}
    return text + wording("population_parts", label=deaths_name(model, wording), **known)


def _median(model: FittedModel, wording: Wording) -> str:
    median = model.median_follow_up
    return wording("not_reached") if median is None else duration(round(median, 1), model.unit, wording)


def model_lines(model: FittedModel, wording: Wording) -> Lines:
    """Return name and kind, date and version, hash, and whether the file was compared with a checksum."""
    return (
        (wording("model_name"), wording("model_kind", name=visible(model.name), kind=kind_words(model, wording))),
        (
            wording("model_made"),
            wording("model_version", created=visible(model.created), version=visible(model.version)),
        ),
        (wording("model_hash"), model.hash[:HASH_SHOWN]),
        (wording("model_status"), wording("verified" if model.verified else "unverified")),
    )


def limits_of(model: FittedModel, wording: Wording) -> tuple[str, ...]:
    """Return what the page cannot do, and which doubts were recorded when the model was made."""
    at = {"origin": visible(model.origin)}
    sentences = [
        wording("limit_person"),
        wording("limit_treatment"),
        wording("limit_population", **at) if model.origin else wording("limit_population_binary"),
    ]
    if model.missing in GAPS:
        sentences.append(wording(GAPS[model.missing]))
    if model.deaths is not None:
        sentences.append(wording("limit_parts", label=deaths_name(model, wording)))
    found = {finding.code for finding in model.warnings}
    sentences += [wording(f"limit_{code}") for code in sorted(found) if wording.has(f"limit_{code}")]
    # those that are told above in words are not counted again
    told = {code for code in found if wording.has(f"limit_{code}")} | ({"C16"} if model.missing in GAPS else set())
    others = sum(finding.code not in told for finding in model.warnings)
    if others:
        sentences.append(wording("limit_warnings" if others > 1 else "limit_warning", n=others))
    return tuple(sentences)
