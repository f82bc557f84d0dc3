"""One row of a table of performance: its patients, and where no patients give all its cells, which cell is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Literal

import numpy as np

from prognosis.audit.confusion import Labelling, Solutions, Tested, labelled, solutions
from prognosis.audit.printed import Printed
from prognosis.audit.rates import EXCHANGEABLE, RATES, Confusion

Kind = Literal["last digit", "decimal point", "digits exchanged", "other"]
# Solutions beyond this many are not listed: the nearest to the printed number is enough.
LISTED = 2_000
# Of more patients than this, some exchange of labels and some other size fit any row by chance.
FEW_PATIENTS = 500
# Patients that may have been counted wrongly.
FARTHEST = 3


@dataclass(frozen=True)
class Slip:
    """A cell that contradicts the others of its row.

    Parameters
    ----------
    label : of the cell. printed : the share that stands there. value : what the others give, the nearest to it.
    several : the others allow more than one value. confusion : patients that give `value`. kind : what went wrong.
    """

    label: str
    printed: Printed
    value: Fraction
    several: bool
    confusion: Confusion
    kind: Kind


@dataclass(frozen=True)
class RowReading:
    """A row and the patients behind it.

    Parameters
    ----------
    name : of the row. tested : its patients. printed : shares by printed label. labelling : what fits it.
    slips : the cells that may be wrong, where nothing fits all of them.
    """

    name: str
    tested: Tested
    printed: Mapping[str, Printed]
    labelling: Labelling
    slips: tuple[Slip, ...] = ()

    @property
    def confusion(self) -> Confusion | None:
        """The patients, where there is one answer only: by all cells, else by all but the one that is wrong."""
        if self.labelling.fits:
            return self.labelling.solutions.only
        return self.slips[0].confusion if len(self.slips) == 1 and not self.slips[0].several else None

    @property
    def cut(self) -> tuple[str, ...]:
        """Labels of the cells whose digits were cut off instead of rounded."""
        if self.labelling.rounding == "rounded" or not self.labelling.fits:
            return ()
        patients = next(iter(self.labelling.solutions))
        return tuple(label for label, cell in self.printed.items()
                     if not _rounds_to(patients.rate(self.labelling.meaning[label]), cell))  # fmt: skip


def read_row(name: str, tested: Tested, printed: Mapping[str, Printed], meaning: Mapping[str, str]) -> RowReading:
    """Find the patients behind a row under one meaning of its labels, or the cells that may be wrong."""
    own = {label: meaning[label] for label in printed}
    found = labelled(tested, printed, own)
    slips = () if found.fits else _slips(tested, printed, own)
    return RowReading(name, tested, printed, found, slips)


def exchanged(row: RowReading) -> list[tuple[str, str]]:
    """Return pairs of labels that fit the row when their numbers are exchanged; of few patients only."""
    if (row.tested.total or 0) > FEW_PATIENTS:
        return []
    meaning, found = row.labelling.meaning, []
    for first, second in combinations([label for label in row.printed if label in EXCHANGEABLE], 2):
        swapped = {**meaning, first: meaning[second], second: meaning[first]}
        if len(solutions(row.tested, {swapped[label]: cell for label, cell in row.printed.items()})):
            found.append((first, second))
    return found


def other_sizes(row: RowReading) -> list[tuple[int, int]]:
    """Return the numbers of patients with and without the outcome, nearest to those given, that the row would fit."""
    sides = row.tested.sides
    if sides is None or sum(sides) > FEW_PATIENTS or row.tested.known:
        return []
    for away in range(1, FARTHEST + 1):
        found = []
        for up in range(-away, away + 1):
            for side in {away - abs(up), abs(up) - away}:
                p, n = sides[0] + up, sides[1] + side
                if min(p, n) >= 1 and len(solutions(Tested(p, n), _meant(row))):
                    found.append((p, n))
        if found:
            return sorted(found)
    return []


def _meant(row: RowReading) -> dict[str, Printed]:
    return {row.labelling.meaning[label]: cell for label, cell in row.printed.items()}


def _slips(tested: Tested, printed: Mapping[str, Printed], meaning: Mapping[str, str]) -> tuple[Slip, ...]:
    """Leave each cell out in turn: where the others agree with each other it may be the wrong one."""
    found = []
    for label, cell in printed.items():
        others = {name: value for name, value in printed.items() if name != label}
        without = labelled(tested, others, {name: meaning[name] for name in others}).solutions
        if len(without):
            found.append(_slip(label, cell, without, meaning[label]))
    # a slip of the pen explains more than a wrong number of patients
    plain = [slip for slip in found if slip.kind != "other"]
    return tuple(plain if len(plain) == 1 and len(printed) > 1 else found)


def _slip(label: str, cell: Printed, without: Solutions, meant: str) -> Slip:
    if len(without) <= LISTED:
        rates = {patients: patients.rate(meant) for patients in without}
        known = {patients: rate for patients, rate in rates.items() if rate is not None}
    else:
        near = nearest(without, meant, cell.value)
        known = {patients: rate for patients in near if (rate := patients.rate(meant)) is not None}
    if not known:
        patients = next(iter(without))
        return Slip(label, cell, Fraction(0), True, patients, "other")
    patients = min(known, key=lambda each: abs(known[each] - cell.value))
    value = known[patients]
    several = len(without) > 1
    return Slip(label, cell, value, several, patients, _kind(cell, value))


def nearest(found: Solutions, name: str, value: Fraction) -> tuple[Confusion, ...]:
    """Return the two solutions with the rates nearest to a value, from below and above along the true negatives."""
    p, n, t = found.positives, found.negatives, found.tp
    a0, a1, b0, b1 = (np.broadcast_to(np.asarray(each, float), t.shape) for each in RATES[name](t, p, n))
    wanted, slope = float(value), a1 - float(value) * b1
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(slope == 0, found.lowest, (wanted * b0 - a0) / slope)
        sides = [np.clip(side(best), found.lowest, found.highest) for side in (np.floor, np.ceil)]
        away = [np.abs((a0 + a1 * s) / (b0 + b1 * s) - wanted) for s in sides]
    picked = [int(np.argmin(np.where(np.isfinite(gap), gap, np.inf))) for gap in away]
    return tuple(
        Confusion(int(t[at]), int(p[at] - t[at]), int(s[at]), int(n[at] - s[at]))
        for at, s in zip(picked, sides, strict=True)
    )


def _rounds_to(rate: Fraction | None, cell: Printed) -> bool:
    return rate is None or cell.rounded[0] <= rate <= cell.rounded[1]


def _kind(cell: Printed, value: Fraction) -> Kind:
    if abs(value - cell.value) <= cell.unit * Fraction(3, 2):
        return "last digit"
    for power in (10, 100, Fraction(1, 10), Fraction(1, 100)):
        moved = cell.value * power
        slack = cell.unit * max(power, 1) / 2
        if cell.value and abs(moved - value) <= slack:
            return "decimal point"
    shown = cell.as_printed(value)
    digits = cell.as_printed(cell.value)
    return "digits exchanged" if sorted(shown) == sorted(digits) and shown != digits else "other"
