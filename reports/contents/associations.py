"""What the heat map of associations shows."""

from __future__ import annotations

import math

from cohorts.errors import Finding, RunError
from prognosis.association import Associations
from reports.figures.associations import MOST, AssociationCell, AssociationContent
from reports.wording import Wording, visible

# Signs of the measures, in the order of the legend; theils_u only where it was asked for.
SIGNS = {
    "spearman": "ρ",
    "point_biserial": "r",
    "phi": "φ",
    "cramers_v": "V",
    "correlation_ratio": "η",
    "theils_u": "U",
}


def association_content(found: Associations, wording: Wording) -> AssociationContent:
    """Collect the value of every pair by its own measure, below the diagonal.

    Raises
    ------
    RunError
        W17 more columns than fit on a page with their numbers.
    """
    k = len(found.columns)
    if k > MOST:
        rule = f"{k} columns, of which {MOST} fit on a page with their numbers"
        raise RunError(Finding("W17", rule, "ask for the associations of fewer columns; the table has all"))
    matrix, measures = found.matrix, found.measures
    cells = tuple(
        _cell(row, column, float(matrix.iloc[row, column]), str(measures.iloc[row, column]))
        for row in range(k)
        for column in range(row)
    )
    used = [measure for measure in SIGNS if measure in set(measures.to_numpy().ravel())]
    title = wording("figure_associations", n=found.n)
    signs = [wording("figure_sign", sign=SIGNS[name], measure=_called(name, found, wording)) for name in used]
    return AssociationContent(
        names=tuple(visible(label) for label in found.labels),
        cells=cells,
        legend=("; ".join(signs), wording("figure_associations_note")),
        title=title,
        alt=wording("figure_associations_alt", title=title, k=k),
    )


def _called(measure: str, found: Associations, wording: Wording) -> str:
    corrected = measure == "cramers_v" and found.bias_corrected
    return wording("association_cramers_v_corrected" if corrected else f"association_{measure}")


def _cell(row: int, column: int, value: float, measure: str) -> AssociationCell:
    if not math.isfinite(value):
        return AssociationCell(row, column, None, "–", SIGNS[measure])
    # no sign before nought
    return AssociationCell(row, column, value, f"{round(value, 2) + 0.0:.2f}", SIGNS[measure])
