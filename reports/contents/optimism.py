"""What the forest plot of an internal validation shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from prognosis.validation import Validation
from reports.contents.judged import NAME_SHOWN, with_limits
from reports.figures.optimism import OptimismBlock, OptimismContent, OptimismRow
from reports.performance import RESAMPLED
from reports.study_tables import metric_text
from reports.wording import Wording, visible

# Metrics on one scale, the value that they are compared with, and the key of what it means.
SCALES = (
    (("harrell_c", "uno_c", "auc"), 0.5, "figure_reference_half"),
    (("calibration_slope", "oe_ratio"), 1.0, "figure_reference_one"),
    (("ipa",), 0.0, "figure_reference_none"),
    (("brier", "ibs", "calibration_intercept", "ici", "e50", "e90"), 0.0, "figure_reference_zero"),
    (("net_benefit",), 0.0, "figure_reference_nobody"),
)


def optimism_content(validation: Validation, model: str, unit: str, wording: Wording) -> OptimismContent:
    """Sort the lines of one model into blocks of one scale; metrics without a reference stay in the table.

    Parameters
    ----------
    unit : of the horizons.
    """
    table = validation.of(model)
    blocks = [_block(table, names, reference, key, unit, wording) for names, reference, key in SCALES]
    title = wording("figure_optimism", model=visible(model, NAME_SHOWN))
    corrected = "figure_corrected" if validation.method in RESAMPLED else "figure_left_out"
    return OptimismContent(
        blocks=tuple(block for block in blocks if block.rows),
        apparent_label=wording("figure_apparent"),
        corrected_label=wording(corrected),
        title=title,
        alt=wording("figure_optimism_alt", title=title),
    )


def _block(
    table: pd.DataFrame, metrics: tuple[str, ...], reference: float, key: str, unit: str, wording: Wording
) -> OptimismBlock:
    lines = table[table["metric"].isin(metrics)].to_dict("records")
    return OptimismBlock(tuple(_row(line, unit, wording) for line in lines), reference, wording(key))


def _row(line: Mapping[Any, Any], unit: str, wording: Wording) -> OptimismRow:
    place = {
        "metric": line["metric"],
        **{name: None if pd.isna(line[name]) else line[name] for name in ("horizon", "threshold")},
    }
    values = {name: float(line[name]) for name in ("apparent", "corrected", "lower", "upper")}
    unknown, digits = float("nan"), 2 if line["metric"] in SCALES[0][0] + SCALES[1][0] else 3
    return OptimismRow(
        label=metric_text(place, unit, wording),
        **values,
        apparent_text=with_limits(values["apparent"], unknown, unknown, wording, digits),
        corrected_text=with_limits(values["corrected"], values["lower"], values["upper"], wording, digits),
    )
