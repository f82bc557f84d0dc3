"""Training films in two parts by patient: one that weights are learnt from, one that stops and calibrates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings
from cohorts.outcome import Outcome
from imaging_head.radiographs import Squares

Integers = NDArray[np.int64]
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of films and of patients.

    Parameters
    ----------
    patient : (films,) row of the outcome of each film's patient. learn, validate : rows of films.
    validated : rows of the outcome whose patients are in the validation part, rising.
    """

    patient: Integers
    learn: Integers
    validate: Integers
    validated: Integers


def split_patients(films: Squares, outcome: Outcome, share: float, rng: np.random.Generator) -> Parts:
    """Draw the validation part: `share` of the patients of every class (or of events and of censored).

    All films of a patient are in one part. The draw depends on the ids of the patients, not on their order.

    Parameters
    ----------
    films : of the outcome's patients. share : of patients, above 0 and below 1; at least two of each class are kept in
        either part.

    Raises
    ------
    FitError
        I52 a class (or the events) has too few patients for both parts, or there is one class only.
    """
    classes = np.unique(outcome.event)
    counts = {int(code): int(np.sum(outcome.event == code)) for code in classes}
    timed = bool(np.isfinite(outcome.time).any())
    few = [code for code, count in counts.items() if count < 2 * FEWEST and not (timed and code == 0)]
    faults = [] if len(counts) > 1 or (timed and 1 in counts) else [f"one class only ({_said(counts)})"]
    faults += [f"{_said(counts)}: every class needs at least {2 * FEWEST} patients"] if few else []
    way_out = "half of them learn, half calibrate: use fewer folds, merge rare classes, or get more patients"
    raise_findings((Finding("I52", rule, way_out) for rule in faults), FitError)
    by_id = np.argsort(np.asarray(outcome.ids, dtype=object), kind="stable")
    held: list[int] = []
    for code in classes:
        rows = by_id[outcome.event[by_id] == code]
        number = min(max(FEWEST, round(share * len(rows))), max(0, len(rows) - FEWEST))
        held += rng.permutation(rows)[:number].tolist()
    validated = np.sort(np.array(held, np.int64))
    place = {patient: row for row, patient in enumerate(outcome.ids)}
    patient = np.array([place[name] for name in films.patients], np.int64)
    inside = np.isin(patient, validated)
    return Parts(patient, np.flatnonzero(~inside), np.flatnonzero(inside), validated)


def _said(counts: dict[int, int]) -> str:
    return "patients by class: " + ", ".join(f"{code}: {count}" for code, count in counts.items())
