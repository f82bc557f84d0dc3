"""Rows as a tree sees them: in time order, values as codes; and the rows that each tree draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.kernels.forest_rows import Sample
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Codes are numbers of 16 bits; a feature of more different values is cut into as many groups of equal size.
MOST_CODES = 65_535


@dataclass(frozen=True, eq=False)
class Drawn:
    """What every tree of a forest draws from.

    Parameters
    ----------
    sample : rows in time order. order : (n,) their numbers in the data. weight : (n,) case weights, in time order.
    unit : (n,) whom each row belongs to, in time order: rows of one unit are drawn together. event_times : (events,).
    X : (n, features) values, in time order. time : (n,). seed : of the forest and its resample.
    """

    sample: Sample
    order: Integers
    weight: Floats
    unit: Integers
    event_times: Floats
    X: Floats
    time: Floats
    seed: tuple[int, ...]

    def bag(self, tree: int) -> tuple[Floats, int]:
        """Return the weight of each row in one tree, (n,), 0 out of its bag, and the seed of its growth.

        As many units as there are, drawn with replacement.
        """
        # from 1: a sequence that ends in 0 is that without it, the stream of the resample itself
        draw = np.random.default_rng(np.random.SeedSequence([*self.seed, tree + 1]))
        units = int(self.unit[-1] if len(self.unit) == 1 else self.unit.max()) + 1
        times = np.bincount(draw.integers(0, units, units), minlength=units)
        return times[self.unit] * self.weight, int(draw.integers(2**32))


def draw_from(
    X: Floats,
    outcome: SurvivalArrays,
    weight: Floats,
    unit: Integers | None,
    seed: tuple[int, ...],
    most: int | None = None,
) -> Drawn:
    """Sort and code the rows of a forest; the order in which they come has no influence.

    Parameters
    ----------
    X : (n, features), not a number where missing. outcome, weight : (n,). unit : (n,) rows drawn together, or None.
    seed : whole numbers. most : different values of a feature, above which it is cut into groups of equal size.
    """
    order = _in_time(X, outcome, weight)
    X, time, event = np.ascontiguousarray(X[order]), outcome.time[order], outcome.event[order]
    event_times = np.unique(time[event > 0])
    coded = [_codes(column, min(most or MOST_CODES, MOST_CODES)) for column in X.T]
    codes = np.array([len(low) for _, low, _ in coded], np.int64)
    low, high = (np.full((len(coded), int(codes.max())), np.inf) for _ in range(2))
    for j, (_, smallest, largest) in enumerate(coded):
        low[j, : codes[j]], high[j, : codes[j]] = smallest, largest
    sample = Sample(
        code=np.stack([code for code, _, _ in coded]),
        codes=codes,
        gaps=np.asarray(np.isnan(X).any(axis=0), np.int64),
        low=low,
        high=high,
        place=(np.searchsorted(event_times, time, side="right") - 1).astype(np.int32),
        event=event.astype(np.int32),
    )
    units = np.arange(len(order)) if unit is None else _by_appearance(unit[order])
    return Drawn(sample, order, weight[order], units, event_times, X, time, seed)


def _in_time(X: Floats, outcome: SurvivalArrays, weight: Floats) -> Integers:
    """Order rows by time and event; those that are equal in both, by their values."""
    order = np.lexsort((outcome.event, outcome.time))
    key = np.column_stack([outcome.time, outcome.event])[order]
    new = np.concatenate([[True], (key[1:] != key[:-1]).any(axis=1)])
    run = np.cumsum(new)
    tied = np.flatnonzero(np.bincount(run)[run] > 1)
    rows = order[tied]
    order[tied] = rows[np.lexsort((weight[rows], *X[rows].T[::-1], run[tied]))]
    return order


def _codes(column: Floats, most: int) -> tuple[NDArray[np.uint16], Floats, Floats]:
    """Return the code of each row, and the smallest and largest value of each code; a missing value has the next."""
    gap = np.isnan(column)
    if gap.any():
        known, low, high = _codes(column[~gap], most)
        all_codes = np.full(len(column), len(low), np.uint16)
        all_codes[~gap] = known
        return all_codes, low, high
    values, code, times = np.unique(column, return_inverse=True, return_counts=True)
    if len(values) <= most:
        return code.astype(np.uint16), values, values
    below = np.cumsum(times) - times
    _, group = np.unique(below * most // len(column), return_inverse=True)
    new = np.flatnonzero(np.diff(group)) + 1
    low, high = values[np.concatenate([[0], new])], values[np.concatenate([new - 1, [len(values) - 1]])]
    return group[code].astype(np.uint16), low, high


def _by_appearance(unit: Integers) -> Integers:
    """Return numbers of units in the order of their first rows."""
    _, first, code = np.unique(unit, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[code]
