"""Rows sorted by time once, from which resamples are drawn as counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prognosis.kernels.counted_cox import draw
from prognosis.risk_sets import TIE_TOLERANCE, close_times

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Drawn(NamedTuple):
    """Rows of a resample in the order of time, as the kernels take them.

    Parameters
    ----------
    rows, copies, leaves, own : (k,) row, how often it counts, index of the last event time up to its own (-1 without
        one), whether it has an event. at, events : (G,) place of each event time among the distinct times, and number
        of its events.
    """

    rows: Integers
    copies: Floats
    leaves: NDArray[np.int32]
    own: Flags
    at: Integers
    events: Integers


@dataclass(frozen=True, eq=False)
class CountedRows:
    """All rows of a study by time.

    Parameters
    ----------
    order : (n,) rows by time. time, died, run : (n,) in that order; `run` is the index of the distinct time, where
        times that differ by rounding only are one. starts : (R,) first time of each run.
    unsure : True where a resample may merge other times than all rows do: the tolerance depends on the times drawn.
    """

    order: Integers
    time: Floats
    died: Flags
    run: Integers
    starts: Floats
    unsure: bool

    def draw(self, rows: Integers) -> Drawn | None:
        """Draw rows (repeats allowed); None where their times do not merge as those of all rows do."""
        if len(rows) == len(self.order) and (rows == np.arange(len(rows))).all():
            return self.everybody
        counts = np.bincount(rows, minlength=len(self.order))
        if self.unsure and not self._merge_alike(counts):
            return None
        return Drawn(*draw(counts, self.order, self.run, self.died))

    @cached_property
    def everybody(self) -> Drawn:
        """Each row once."""
        return Drawn(*draw(np.ones(len(self.order), np.int64), self.order, self.run, self.died))

    def end(self, drawn: Drawn, time: Floats) -> float:
        """Last observed time of a resample; `time` (n,) in the rows' own order."""
        return float(time[drawn.rows].max())

    def number_by(self, drawn: Drawn, horizons: Floats) -> Integers:
        """Count the event times of a resample up to each horizon, (h,)."""
        return np.searchsorted(self.starts[drawn.at], horizons, side="right")

    def _merge_alike(self, counts: Integers) -> bool:
        kept = counts[self.order] > 0
        time, run = self.time[kept], self.run[kept]
        new = np.append(True, time[1:] != time[:-1])
        merged = np.append(False, np.diff(run[new]) == 0)
        return bool((close_times(time[new]) == merged).all())


def counted_rows(time: Floats, died: Flags, horizons: Floats) -> CountedRows | None:
    """Sort rows by time; None where a horizon falls between times that are merged, so that it matters who is drawn.

    Parameters
    ----------
    time, died : (n,). horizons : (h,).
    """
    order = np.argsort(time)
    ordered = time[order]
    new = np.append(True, ordered[1:] != ordered[:-1])
    values = ordered[new]
    close = close_times(values)
    first = np.maximum.accumulate(np.where(close, 0.0, values))
    if ((first[None, :] <= horizons[:, None]) & (horizons[:, None] < values[None, :]) & close[None, :]).any():
        return None
    run = (np.cumsum(~close) - 1)[np.cumsum(new) - 1]
    narrow = np.diff(values) <= TIE_TOLERANCE * max(1.0, float(values[-1]))
    return CountedRows(order, ordered, died[order], run, values[~close], bool(narrow.any()))
