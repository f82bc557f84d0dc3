"""What keeps the reading error of a figure below the declared bound: ticks, and where they do not do, a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cohorts.errors import Finding, PredictionError
from nomograms.layout import CLOSEST, DISTANCES, Layout
from nomograms.points import grid_of
from nomograms.reading import Drawn, ReadingError, Sample, draw_patients, read_total, reading_error
from nomograms.score_table import GRAINS, ScoreTable, score_table
from nomograms.tails import tails_of

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram
    from prognosis.patients import Patients

BOUND = 0.005  # half a percentage point of risk


def check_bound(bound: float) -> None:
    """Refuse a bound of the reading error that is no share of risk (G25)."""
    if not 0 < bound < 1:
        rule = f"bound={bound!r} is no reading error"
        raise PredictionError(Finding("G25", rule, "a probability: 0.005 is half a percentage point", value=str(bound)))


@dataclass(frozen=True)
class Ruled:
    """How a figure is ruled, and how exactly it is read.

    Parameters
    ----------
    layout : with the distance of the ticks. lines : reading error of the lines. scores : table of points and risks,
        where it is printed. error : reading error of the table, or else that of the lines.
    """

    layout: Layout
    lines: ReadingError
    scores: ScoreTable | None
    error: ReadingError


def as_drawn(nomogram: Nomogram, layout: Layout, scores: ScoreTable | None = None) -> Drawn:
    """Return what a reader of the figure sees in this layout."""
    scale = nomogram.scale
    tails = {
        axis.name: sum(tails_of(nomogram.model, scale, group, axis), ())
        for group in scale.groups
        for axis in group.axes
    }
    return Drawn(scale, nomogram.outcomes, nomogram.total_ticks[-1], layout, tails, scores)


def ruled(nomogram: Nomogram) -> Ruled:
    """Return the layout with the fewest ticks that keep below the bound, else with the most, and then a score table.

    The table is as short as the bound allows. A figure for one column, where it would be very high, has it on request
    only.
    """
    sample = draw_patients(nomogram.model, nomogram.limits)
    layout, lines = _with_ticks(nomogram, sample)
    wanted = nomogram.score_table
    if wanted is None:
        wanted = lines.largest > nomogram.bound and not layout.stacked
    if not wanted:
        return Ruled(layout, lines, None, lines)
    *shorter, longest = range(len(GRAINS))
    tried = (_with_scores(nomogram, layout, sample, grain) for grain in shorter)
    found = next((found for found in tried if found[1].largest <= nomogram.bound), None)
    return Ruled(layout, lines, *(found or _with_scores(nomogram, layout, sample, longest)))


def _with_ticks(nomogram: Nomogram, sample: Sample) -> tuple[Layout, ReadingError]:
    drawn = as_drawn(nomogram, Layout(nomogram.width))

    def tried(closest: float) -> tuple[Layout, ReadingError]:
        layout = Layout(nomogram.width, closest)
        return layout, reading_error(nomogram.model, replace(drawn, layout=layout), sample)

    most = tried(CLOSEST)
    if most[1].largest > nomogram.bound:
        return most
    fewer = (tried(closest) for closest in DISTANCES[:-1])
    return next((found for found in fewer if found[1].largest <= nomogram.bound), most)


def _with_scores(nomogram: Nomogram, layout: Layout, sample: Sample, grain: int) -> tuple[ScoreTable, ReadingError]:
    model, scale, outcomes = nomogram.model, nomogram.scale, nomogram.outcomes
    # the totals that patients have decide which are printed
    drawn = as_drawn(nomogram, layout, score_table(model, scale, outcomes, (0.0, nomogram.total_ticks[-1]), grain))
    totals = read_total(drawn, sample)
    scores = score_table(model, scale, outcomes, (float(totals.min()), float(totals.max())), grain)
    return scores, reading_error(model, replace(drawn, scores=scores), sample)


def error_in(nomogram: Nomogram, patients: Patients) -> ReadingError:
    """Measure the reading error in given patients; see `Nomogram.reading_error_in`."""
    model = nomogram.model
    frame = model.door.admit(patients).frame
    rows = frame[frame[list(model.predictors)].notna().all(axis=1)]
    for name in model.predictors:
        grid = grid_of(model, name, nomogram.limits)
        if grid.discrete:
            rows = rows[rows[name].astype(object).isin(grid.values)]
    if not len(rows):
        rule = "none of the patients can be placed on the figure"
        raise PredictionError(Finding("G26", rule, "give patients with all predictors known"))
    stratum = model.answering.stratum(rows)
    sample = {name: np.array(rows[name].tolist(), dtype=object) for name in model.predictors}
    strata = np.zeros(len(rows), np.int64) if stratum is None else stratum
    return reading_error(model, as_drawn(nomogram, nomogram.layout, nomogram.scores), sample, strata, seed=None)


def over_bound(nomogram: Nomogram) -> tuple[Finding, ...]:
    """Warn (G25) of a figure that cannot be read as exactly as declared."""
    error = nomogram.reading_error
    if error.largest <= nomogram.bound:
        return ()
    rule = (
        f"the figure ({error.by}) is read with an error of up to {100 * error.largest:.1f} percentage points "
        f"({100 * error.mean:.1f} on average), above the declared {100 * nomogram.bound:g}"
    )
    table = "" if nomogram.scores is not None else "print the score table (score_table=True, or 180 mm wide), "
    advice = f"{table}draw wider (width=260), or use predict where it matters"
    return (Finding("G25", rule, advice, value=f"{100 * error.largest:.1f}", severity="warning"),)
