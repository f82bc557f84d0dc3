"""How many ticks a figure gets: as few as keep its reading error below the declared bound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cohorts.errors import Finding, PredictionError
from nomograms.layout import CLOSEST, DISTANCES, Layout
from nomograms.points import grid_of
from nomograms.reading import Drawn, ReadingError, draw_patients, reading_error
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


def as_drawn(nomogram: Nomogram, layout: Layout) -> Drawn:
    """Return what a reader of the figure sees in this layout."""
    scale = nomogram.scale
    tails = {
        axis.name: sum(tails_of(nomogram.model, scale, group, axis), ())
        for group in scale.groups
        for axis in group.axes
    }
    return Drawn(scale, nomogram.outcomes, nomogram.total_ticks[-1], layout, tails)


def ruled(nomogram: Nomogram) -> tuple[Layout, ReadingError]:
    """Return the layout with the fewest ticks that keep below the bound, else with the most, and its reading error."""
    sample = draw_patients(nomogram.model, nomogram.limits)
    drawn = as_drawn(nomogram, Layout(nomogram.width))

    def tried(closest: float) -> tuple[Layout, ReadingError]:
        layout = Layout(nomogram.width, closest)
        return layout, reading_error(nomogram.model, replace(drawn, layout=layout), sample)

    most = tried(CLOSEST)
    if most[1].largest > nomogram.bound:
        return most
    fewer = (tried(closest) for closest in DISTANCES[:-1])
    return next((found for found in fewer if found[1].largest <= nomogram.bound), most)


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
    return reading_error(model, as_drawn(nomogram, nomogram.layout), sample, strata, seed=None)


def over_bound(nomogram: Nomogram) -> tuple[Finding, ...]:
    """Warn (G25) of a figure that cannot be read as exactly as declared."""
    error = nomogram.reading_error
    if error.largest <= nomogram.bound:
        return ()
    rule = (
        f"the figure is read with an error of up to {100 * error.largest:.1f} percentage points "
        f"({100 * error.mean:.1f} on average), above the declared {100 * nomogram.bound:g}"
    )
    advice = "draw it wider (width=260), from the 1st to the 99th centile, or use predict where it matters"
    return (Finding("G25", rule, advice, value=f"{100 * error.largest:.1f}", severity="warning"),)
