"""Table 1 and the account of patients in the language of a report: results.json holds them in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nomograms.wording import measure_text
from reports.wording import Wording

Results = Mapping[str, Any]
HEADS = {"variable": "table_variable", "level": "table_level", "Missing": "table_missing", "Overall": "table_overall"}
STATISTICS = {"mean (SD)": "table_mean", "median [Q1,Q3]": "table_median", "n (%)": "table_share"}
LEFT_OUT = "left out: "
# What the package itself writes into the account; reasons of a study's own are in its own words.
STEPS = {"rows read": "flow_read", "rows kept": "flow_kept"}
REASONS = {"time 0 with an event": "flow_time_zero"}
MISSING = re.compile(r"missing predictor \((.*)\)")


def head_words(name: str, wording: Wording) -> str:
    """Return the heading of a column of Table 1."""
    return wording(HEADS[name]) if name in HEADS else name


def row_words(text: str, predictors: Results, wording: Wording) -> str:
    """Return the label of a row of Table 1: predictor, unit and what is told of it."""
    for name, variable in predictors.items():
        labels, unit = variable.get("label", {}), variable.get("unit")
        own = labels.get(wording.language)
        for label in {labels.get("en") or name, name}:
            english = f"{label} ({unit}), " if unit else f"{label}, "
            told = text.removeprefix(english)
            if own and text.startswith(english) and told in STATISTICS:
                shown = wording("in_brackets", text=own, more=measure_text(unit, wording.language)) if unit else own
                return wording("table_row", label=shown, statistic=wording(STATISTICS[told]))
    return text


def level_words(row: str, level: str, predictors: Results, wording: Wording) -> str:
    """Return a level of a row of Table 1 in the words that the codebook has for it."""
    for name, variable in predictors.items():
        label = variable.get("label", {}).get("en") or name
        if row in (f"{label}, n (%)", f"{name}, n (%)"):
            words = variable.get("level_labels", {})
            return str(words.get(wording.language, {}).get(level, level))
    return level


def step_words(step: str, wording: Wording) -> str:
    """Return a line of the account of patients."""
    if step in STEPS:
        return wording(STEPS[step])
    if not step.startswith(LEFT_OUT):
        return step
    return wording("flow_left_out", reason=reason_words(step.removeprefix(LEFT_OUT), wording))


def reason_words(reason: str, wording: Wording) -> str:
    """Return why patients were left out."""
    if missing := MISSING.fullmatch(reason):
        return wording("flow_missing", columns=missing[1])
    return wording(REASONS[reason]) if reason in REASONS else reason
