"""One marker followed over time: the lowest value so far, the rises that reach the criteria, and their confirmation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.timeline.imwg import ProgressionRule

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
LEVELS = ("lesions", "calcium")  # judged by the value alone, without a lowest one


@dataclass(frozen=True, eq=False)
class Signals:
    """Values of one marker that reach the criteria, sorted by patient and day.

    Parameters
    ----------
    patient : (k,) number. day, value, lowest : (k,). confirmed : (k,) day of the confirming value, not a number where
        none follows; the same day where none is asked for. unreferenced : patients without a value at the start, whose
        first later value is the reference.
    """

    patient: Integers
    day: Floats
    value: Floats
    lowest: Floats
    confirmed: Floats
    unreferenced: Integers


def signals(
    marker: str, rule: ProgressionRule, patient: Integers, day: Floats, value: Floats, start: Floats
) -> Signals:
    """Follow a marker; rows sorted by patient and day, `start` (n,) by patient number."""
    known = np.isfinite(value)
    patient, day, value = patient[known], day[known], value[known]
    before = day <= start[patient]
    # Only the latest value at or before the start is the baseline.
    superseded = np.append(before[1:] & (patient[1:] == patient[:-1]), False) if len(day) else before
    patient, day, value, before = patient[~superseded], day[~superseded], value[~superseded], before[~superseded]
    first = np.append(True, patient[1:] != patient[:-1]) if len(day) else before
    lowest = _lowest_before(patient, value, first, rule.nadir == "confirmed" and marker in rule.confirm)
    judged = ~before if marker in LEVELS else ~first
    reached = judged & rule.reached(marker, value, lowest)
    confirmed = _confirmation(reached, first, day) if marker in rule.confirm else day
    told = patient[first & ~before] if marker not in LEVELS else patient[:0]
    # The value that confirms is no finding of its own.
    new = reached & ~(np.append(False, reached[:-1]) & ~first) if len(day) else reached
    return Signals(patient[new], day[new], value[new], lowest[new], confirmed[new], told)


def _lowest_before(patient: Integers, value: Floats, first: Mask, confirmed: bool) -> Floats:
    """Return the lowest (confirmed) value strictly before each row, that of the first row being itself."""
    if not len(value):
        return value
    previous = np.append(value[0], value[:-1])
    # A value is confirmed as low by its neighbour: of each pair the higher one counts.
    own = np.where(first | ~np.array(confirmed), value, np.maximum(value, previous))
    running = pd.Series(own).groupby(patient).cummin().to_numpy()
    return np.where(first, value, np.append(running[0], running[:-1]))


def _confirmation(reached: Mask, first: Mask, day: Floats) -> Floats:
    """Return the day of the next value where that one reaches the criteria too."""
    if not len(day):
        return day
    follows = np.append(reached[1:] & ~first[1:], False)
    return np.where(follows, np.append(day[1:], np.nan), np.nan)
