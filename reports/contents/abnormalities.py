"""What the forest plot of screened features shows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from cohorts.errors import Finding, RunError
from prognosis.screening import AbnormalityTable
from prognosis.screening.effects import FIRTH
from reports.figures.abnormalities import AbnormalityContent, AbnormalityLine, Bar
from reports.formatting import p_value
from reports.wording import Wording, visible

Order = Literal["prevalence", "effect"]
SHOWN = 60
LARGEST = 1000


def abnormality_content(found: AbnormalityTable, wording: Wording, order: Order = "prevalence") -> AbnormalityContent:
    """Collect the features that were tested, the most prevalent (or the largest ratio) first.

    Parameters
    ----------
    order : ``prevalence`` or ``effect``. At most 60 features are drawn, those first in that order; the note says so.

    Raises
    ------
    RunError
        W16 no feature was tested: there is nothing to draw.
    """
    tested = found.table[found.table["p"].notna()]
    if tested.empty:
        rule = f"none of {len(found.table)} features was tested"
        raise RunError(Finding("W16", rule, "look at the column reason of the table"))
    key = "prevalence" if order == "prevalence" else found.measure
    shown = tested.sort_values(key, ascending=False, kind="stable").head(SHOWN)
    title = wording("figure_abnormalities", endpoint=visible(found.endpoint))
    lines = tuple(_line(row, found, wording) for row in shown.to_dict(orient="records"))
    return AbnormalityContent(
        lines=lines,
        feature=wording("figure_abnormality"),
        carriers=wording("figure_carriers"),
        events=wording("figure_events_with_without"),
        ratio=wording("figure_ratio_interval", ratio=wording(f"effect_{found.measure}")),
        q="q",
        note=_note(found, tested, lines, wording),
        title=title,
        alt=wording("figure_abnormalities_alt", title=title, shown=len(lines), n=len(found.table)),
    )


def _line(row: dict[Any, Any], found: AbnormalityTable, wording: Wording) -> AbnormalityLine:
    prefixes = ("", "adjusted_") if found.adjusted_for and not np.isnan(row["adjusted_p"]) else ("",)
    return AbnormalityLine(
        name=visible(row["label"] if row["present"] in ("1", "True") else f"{row['label']}: {row['present']}"),
        carriers=f"{row['carriers']} ({100 * row['prevalence']:.0f} %)",
        events=f"{row['events_with']} / {row['events_without']}",
        bars=tuple(_bar(row, prefix, found.measure, wording) for prefix in prefixes),
    )


def _bar(row: dict[Any, Any], prefix: str, measure: str, wording: Wording) -> Bar:
    ratio, lower, upper, q = (float(row[f"{prefix}{name}"]) for name in (measure, "lower", "upper", "q"))
    penalised = row[f"{prefix}method"] == FIRTH
    return Bar(ratio, lower, upper, _interval(ratio, lower, upper, wording), _q(q), penalised)


def _interval(ratio: float, lower: float, upper: float, wording: Wording) -> str:
    value, low, high = (_ratio(number) for number in (ratio, lower, upper))
    return wording("figure_value_interval", value=value, lower=low, upper=high)


def _ratio(value: float) -> str:
    """Two decimals, two digits where it is small; never nought."""
    if value > LARGEST:
        return f"> {LARGEST}"
    return f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def _q(value: float) -> str:
    return f"{value:.2f}" if value >= 0.095 else p_value(value)


def _note(
    found: AbnormalityTable, tested: pd.DataFrame, lines: tuple[AbnormalityLine, ...], wording: Wording
) -> tuple[str, ...]:
    """Say what is drawn how, and what is not drawn."""
    note = [wording("figure_abnormality_q")]
    if found.adjusted_for:
        note.append(wording("figure_abnormality_adjusted", names=visible(", ".join(found.adjusted_for))))
    if any(bar.penalised for line in lines for bar in line.bars):
        note.append(wording("figure_abnormality_firth"))
    if len(tested) < len(found.table):
        note.append(wording("figure_abnormality_untested", n=len(found.table) - len(tested)))
    if len(lines) < len(tested):
        note.append(wording("figure_abnormality_more", n=len(tested) - len(lines)))
    return tuple(note)
