"""How well a model does, in sentences; the same for the patient's page and the study report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from prognosis.external.record import ExternalRecord, RecordGroup, RecordLine
from prognosis.model import FittedModel
from reports.formatting import count, two_decimals
from reports.patient_inputs import value_text
from reports.patient_similar import has_bands
from reports.wording import Wording, visible

# Methods that correct the apparent values; the others measure in patients left out.
RESAMPLED = ("bootstrap", "632+")
# Groups of a patient for which a page has room.
MOST_GROUPS = 2


def performance_sentences(
    model: FittedModel, wording: Wording, values: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Return what is known about the model's performance; plainly that nothing is known where it is not validated.

    Parameters
    ----------
    values : of a patient's predictors, whose groups are told; None where no patient is spoken of.
    """
    if model.validation is None:
        unknown = wording("not_validated") if not model.external else wording("not_validated_inside")
        return (unknown, *(external_sentences(model, wording, values) if model.external else ()))
    table = model.validation.of(model.name)
    method, repeats = model.validation.method, model.validation.repeats
    key = "validated_how" if method in RESAMPLED else "validated_left_out"
    how = wording(key, method=wording(f"method_{method}"), repeats=repeats)
    measured = [_concordance(table, wording, model.endpoint.kind), _slope(table, wording) or _ratio(table, wording)]
    similar = "" if has_bands(model) else wording("similar_not_done")
    sentences = [*measured, how if any(measured) else "", similar, *external_sentences(model, wording, values)]
    return tuple(sentence for sentence in sentences if sentence)


def external_sentences(
    model: FittedModel, wording: Wording, values: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Return how the model did in other patients, the last recorded ones; plainly that nobody else has tested it."""
    if not model.external:
        return (wording("not_external"),)
    record = model.external[-1]
    told = wording(
        "external_recorded",
        cohort=visible(record.cohort),
        n=count(record.n, wording),
        events=count(record.events, wording),
        day=record.day,
        measures=_measures(record, model, wording),
    )
    more = len(model.external) - 1
    others = (wording("external_recorded_more", n=more),) if more else ()
    return (told, *_in_groups(model, values, wording), *others)


def _measures(part: ExternalRecord | RecordGroup, model: FittedModel, wording: Wording) -> str:
    named = (
        (part.line("harrell_c" if model.endpoint.kind != "binary" else "auc"), "external_c_short"),
        (part.line("oe_ratio"), "external_ratio_short"),
        (part.line("calibration_slope"), "external_slope_short"),
    )
    measured = [wording(key, value=_record_text(line, wording)) for line, key in named if line is not None]
    return wording("external_separator").join(measured)


def _in_groups(model: FittedModel, values: Mapping[str, Any] | None, wording: Wording) -> tuple[str, ...]:
    """Return how the model did among those alike in a group, or in which groups it was tested; that it was in none."""
    record = model.external[-1]
    if values is None and record.groups:
        columns = dict.fromkeys(group.column for group in record.groups)
        labels = ", ".join(visible(model.codebook[name].text(wording.language)) for name in columns)
        return (wording("external_tested_groups", columns=labels),)
    own = record.groups_of(values or {})
    told = tuple(_in_group(group, model, values or {}, wording) for group in own[:MOST_GROUPS])
    if len(own) > MOST_GROUPS:
        told = (*told, wording("external_in_more_groups", n=len(own) - MOST_GROUPS))
    return told or (wording("not_in_subgroups"),)


def _in_group(group: RecordGroup, model: FittedModel, values: Mapping[str, Any], wording: Wording) -> str:
    variable = model.codebook[group.column]
    return wording(
        "external_in_group",
        label=visible(variable.text(wording.language)),
        value=value_text(variable, values[group.column], wording),
        n=count(group.n, wording),
        events=count(group.events, wording),
        measures=_measures(group, model, wording),
    )


def _record_text(line: RecordLine, wording: Wording) -> str:
    if line.lower is None or line.upper is None:
        return two_decimals(line.estimate)
    return wording("figure_value_interval", value=two_decimals(line.estimate), lower=two_decimals(line.lower),
                   upper=two_decimals(line.upper))  # fmt: skip


def _concordance(table: pd.DataFrame, wording: Wording, kind: str) -> str:
    row = _row(table, "harrell_c")
    if row is None:
        return ""
    pairs = f"{100 * row['corrected']:.0f}"
    key = "performance_c_binary" if kind == "binary" else "performance_c"
    return wording(key, c=_with_interval(row, wording), pairs=pairs)


def _ratio(table: pd.DataFrame, wording: Wording) -> str:
    """Observed over predicted events at the last horizon, for models without a slope."""
    row = _row(table, "oe_ratio")
    return "" if row is None else wording("performance_ratio", ratio=_with_interval(row, wording))


def _slope(table: pd.DataFrame, wording: Wording) -> str:
    row = _row(table, "calibration_slope")
    return "" if row is None else wording("performance_slope", slope=_with_interval(row, wording))


def _row(table: pd.DataFrame, metric: str) -> pd.Series | None:
    rows = table[(table["metric"] == metric) & table["corrected"].notna()]
    return None if rows.empty else rows.iloc[-1]


def _with_interval(row: pd.Series, wording: Wording) -> str:
    corrected, lower, upper = (float(row[name]) for name in ("corrected", "lower", "upper"))
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return wording("without_interval", value=two_decimals(corrected))
    return wording("with_interval", value=two_decimals(corrected), lower=two_decimals(lower), upper=two_decimals(upper))
