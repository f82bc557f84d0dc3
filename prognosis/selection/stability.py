"""Stability selection: predictors that the lasso finds in most halves of the patients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.limits import Limit, Shape
from prognosis.outcome import pairs_of
from prognosis.selection.candidates import Candidates
from prognosis.selection.lasso_path import lasso_path
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import Selector, whole

Floats = NDArray[np.float64]
HALVING = 1


class StabilitySelection(Selector):
    """Keep predictors that are among the first to enter the lasso in a large share of random halves of the patients.

    Parameters
    ----------
    threshold : share of the halves from which on a predictor is kept, above 1/2 and at most 1.
    errors : bound on the expected number of predictors kept in error (per-family error rate).
    halves : how many random halves are drawn, at least 20.

    Notes
    -----
    In every half the first q predictors to enter the path count, q the whole part of
    sqrt(errors (2 threshold - 1) k), for then the expected number of errors among k candidates is at most
    q^2 / ((2 threshold - 1) k); the bound takes noise predictors for exchangeable and the lasso for no worse than
    guessing. Where several enter at once, those with the larger standardised coefficient come first. Patients, not
    rows, are halved; halves have their share of the events. Predictors that are forced in do not count among the q.
    Source: Meinshausen and Buehlmann (2010), theorem 1; ``stabs::stabsel(sampling.type = "MB")``.
    """

    kind: ClassVar[str] = "stability"
    words: ClassVar[str] = "stability selection"
    limits: ClassVar[Mapping[str, Limit]] = {
        "threshold": Shape("a number above 0.5 and at most 1", lambda x: isinstance(x, float | int) and 0.5 < x <= 1),
        "errors": Shape(
            "a number above 0", lambda x: isinstance(x, float | int) and not isinstance(x, bool) and 0 < x < math.inf
        ),
        "halves": whole(20),
    }

    def __init__(self, threshold: float = 0.75, errors: float = 1.0, halves: int = 100) -> None:
        self.threshold = threshold
        self.errors = errors
        self.halves = halves

    def choose(self, candidates: Candidates) -> Selection:
        """Draw halves, fit the path in each, count who enters first.

        Raises
        ------
        FitError
            Y05 the bound leaves no predictor to a half; S20 none is stable; N17, N22 as the lasso.
        """
        candidates.require_events()
        rows, k = candidates.in_order(), len(candidates.free)
        q = self.first(k)
        count, draw = np.zeros(len(rows.names)), rows.draw(HALVING)
        free = rows.places(rows.free)
        for _ in range(self.halves):
            entered = first_to_enter(rows.take(_half(rows, draw)), free, q)
            count[entered] += 1
        frequency = count / self.halves
        kept = [name for name, often in zip(rows.names, frequency, strict=True) if often >= self.threshold]
        bound = q * q / ((2 * self.threshold - 1) * k) if k else 0.0
        path = Path.of(("q", "threshold", "errors_expected_at_most"), [("bound", "", (q, self.threshold, bound))])
        return self.selected(candidates, kept, {"frequency": frequency}, rank=-frequency, path=path)

    def first(self, k: int) -> int:
        """Return how many predictors count in a half, by the bound; all candidates at most.

        Raises
        ------
        FitError
            Y05 less than one.
        """
        q = min(math.floor(math.sqrt(self.errors * (2 * self.threshold - 1) * k) + 1e-9), k)
        if q < 1 and k:
            rule = f"errors={self.errors:g} at threshold {self.threshold:g} leaves no place for any of {k} predictors"
            raise FitError(Finding("Y05", rule, "more errors allowed, or a higher threshold"))
        return q


def first_to_enter(rows: Candidates, free: NDArray[np.int64], q: int) -> NDArray[np.int64]:
    """Return the places of the first q predictors of the lasso's path, fewer where the path ends before."""
    _, coefficients = lasso_path(rows)
    columns = rows.columns
    scaled = np.abs(coefficients) * columns.design.std(axis=0)
    size = np.zeros((len(scaled), len(columns.names)))
    for step, values in enumerate(scaled):
        np.maximum.at(size[step], columns.owner, values)
    size = size[:, free]
    entered = size > 0
    when = np.where(entered.any(axis=0), entered.argmax(axis=0), len(size))
    at_entry = size[np.minimum(when, len(size) - 1), np.arange(len(free))]
    order = np.lexsort((np.arange(len(free)), -at_entry, when))[:q]
    return np.asarray(free[order[when[order] < len(size)]])


def _half(rows: Candidates, draw: np.random.Generator) -> NDArray[np.int64]:
    """Draw half of the patients (rounded up), with half of those with an event among them."""
    _, happened = pairs_of(rows.outcome)
    together = rows.special.together
    unit = np.arange(len(happened)) if together is None else np.unique(together, return_inverse=True)[1]
    ill = np.zeros(unit.max() + 1, bool)
    np.logical_or.at(ill, unit, happened)
    parts = [np.flatnonzero(ill), np.flatnonzero(~ill)]
    taken = [draw.permutation(part)[: math.ceil(len(part) / 2)] for part in parts]
    return np.flatnonzero(np.isin(unit, np.concatenate(taken)))
