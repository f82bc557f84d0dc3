"""The table of subgroups in the study report, from the results of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from reports.study_tables import Table, interval_text, metric_text, number_text
from reports.wording import Wording, visible

# AUC and Brier score at each horizon would bury these; they are in results.json.
SHOWN = ("harrell_c", "oe_ratio")


def subgroup_table_of(results: Mapping[str, Any], wording: Wording) -> Table | None:
    """Tabulate all groups of all models; None where none were declared. A group too small is one line that says so."""
    found = results.get("subgroups") or {}
    if not found:
        return None
    rows = tuple(row for model, facts in found.items() for row in _rows(model, facts, results, wording))
    keys = ("model", "group", "numbers", "metric", "estimate", "ci")
    sources = {facts["source"] for facts in found.values()}
    note = wording("study_subgroups_note" if sources == {"validation"} else "study_subgroups_note_divided")
    return Table(wording("study_subgroups"), tuple(wording(f"study_column_{key}") for key in keys), rows, note)


def _rows(
    model: str, facts: Mapping[str, Any], results: Mapping[str, Any], wording: Wording
) -> Iterator[tuple[str, ...]]:
    unit = results["endpoint"].get("unit", "")
    for (column, group), lines in groupby(facts["groups"], key=lambda line: (line["column"], line["group"])):
        listed: Sequence[Mapping[str, Any]] = list(lines)
        label = facts["labels"].get(column, {}).get(wording.language) or column
        words = results["predictors"].get(column, {}).get("level_labels", {})
        shown = words.get(wording.language, {}).get(group) or words.get("en", {}).get(group) or group
        about = (visible(model), visible(f"{label}: {shown}"), f"{listed[0]['n']} / {listed[0]['events']}")
        if all(line["estimate"] is None for line in listed):
            yield (*about, wording("study_subgroups_few"), wording("study_not_computed"), "")
            continue
        for line in (line for line in listed if line["metric"] in SHOWN or results["endpoint"]["kind"] == "binary"):
            value = number_text(line["estimate"], ".3f", wording)
            limits = "" if line["estimate"] is None else interval_text(line, ".3f", wording)
            yield (*about, metric_text(line, unit, wording), value, limits)
