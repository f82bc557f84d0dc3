"""Every declared effect of the simulators as the table of their documentation."""

from __future__ import annotations

from collections.abc import Mapping

from cohorts.simulation import chondrosarcoma, giant_cell_tumour, monoclonal_gammopathy, myeloma_effects, osteosarcoma
from cohorts.simulation.effects import Effect

EFFECTS: Mapping[str, tuple[Effect, ...]] = {
    "myeloma": myeloma_effects.EFFECTS,
    "chondrosarcoma": chondrosarcoma.EFFECTS,
    "osteosarcoma": osteosarcoma.EFFECTS,
    "giant_cell_tumour": giant_cell_tumour.EFFECTS,
    "monoclonal_gammopathy": monoclonal_gammopathy.EFFECTS,
}
# Odds ratios; everything else is a hazard ratio.
ODDS = ("metastasis_at_diagnosis", "recurrence")


def effects_markdown() -> str:
    """Return one table a disease: outcome, term, ratio, reference, source."""
    return "\n\n".join(_table(disease, effects) for disease, effects in EFFECTS.items())


def _table(disease: str, effects: tuple[Effect, ...]) -> str:
    lines = [f"### {disease}", "", "| outcome | term | ratio | for one unit from | source |", "|---|---|---|---|---|"]
    for effect in effects:
        kind = "OR" if effect.outcome in ODDS else "HR"
        reference = f"{effect.reference:g}" if effect.reference else ""
        lines.append(
            f"| {effect.outcome} | {effect.term} | {kind} {effect.ratio:.3g} | {reference} | {effect.source} |"
        )
    return "\n".join(lines)
