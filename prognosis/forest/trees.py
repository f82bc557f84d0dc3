"""A grown forest: trees as plain arrays, and the answers that need nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numba.core import config
from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError, raise_findings
from prognosis.kernels.forest_curves import (
    add_incidence,
    find_leaves,
    find_leaves_with_gaps,
    incidence_rises,
    mean_score,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Rows answered at a time: the leaves of a block stay small beside the forest.
BLOCK = 512
# Hazards of all causes at one time, added up: 1 but for rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Tree:
    """A tree. `feature`, `threshold`, `child`, `cover` : (nodes,); `start`, `time`, `hazard` : leaves; see `Forest`."""

    feature: NDArray[np.int32]
    threshold: Floats
    child: NDArray[np.int32]
    start: Integers
    time: NDArray[np.int32]
    hazard: Floats
    cover: Floats
    gap_left: NDArray[np.int8] | None = None


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees one after another.

    Parameters
    ----------
    roots : (trees + 1,) first node of each tree, and the number of nodes. feature : (nodes,) that a node asks, -1 in a
        leaf. threshold : (nodes,) values up to it go left. child : (nodes,) left child, the right one follows; 0 in a
        leaf. start : (nodes + 1,) cuts the entries by node. time : (entries,) index of an event time. hazard :
        (entries, causes) weight of the events over weight at risk there.
    cover : (nodes,) weight of the training rows in the bag that reached a node.
    event_times : (events,) of the training rows, increasing. end : last time at which one of them was observed.
    gap_left : (nodes,) 1 where a missing value goes left, else 0; None for a forest without a rule for missing values.

    Notes
    -----
    A leaf answers by the product limit of its hazards, 1 minus Kaplan-Meier (Aalen-Johansen with competing events);
    the forest by the mean over its trees.
    """

    roots: Integers
    feature: NDArray[np.int32]
    threshold: Floats
    child: NDArray[np.int32]
    start: Integers
    time: NDArray[np.int32]
    hazard: Floats
    cover: Floats
    event_times: Floats
    end: float
    gap_left: NDArray[np.int8] | None = None

    @classmethod
    def of(cls, trees: Sequence[Tree], event_times: Floats, end: float) -> Forest:
        """Put trees together."""
        nodes = np.concatenate([[0], np.cumsum([len(tree.feature) for tree in trees])])
        entries = np.concatenate([[0], np.cumsum([len(tree.time) for tree in trees])])
        inner = [np.where(t.feature >= 0, t.child + first, 0) for t, first in zip(trees, nodes[:-1], strict=True)]
        gaps = [tree.gap_left for tree in trees if tree.gap_left is not None]
        starts = [tree.start[:-1] + first for tree, first in zip(trees, entries[:-1], strict=True)]
        return cls(
            roots=nodes.astype(np.int64),
            feature=np.concatenate([tree.feature for tree in trees]),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            child=np.concatenate(inner).astype(np.int32),
            start=np.concatenate([*starts, entries[-1:]]).astype(np.int64),
            time=np.concatenate([tree.time for tree in trees]),
            hazard=np.vstack([tree.hazard for tree in trees]),
            cover=np.concatenate([tree.cover for tree in trees]),
            event_times=event_times,
            end=end,
            gap_left=np.concatenate(gaps) if len(gaps) == len(trees) else None,
        )

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.roots) - 1

    def leaves(self, X: Floats) -> NDArray[np.int32]:
        """Return the node of each tree in which each row ends, (trees, m)."""
        nodes = (self.feature, self.threshold, self.child)
        found: NDArray[np.int32]
        if self.gap_left is not None and np.isnan(X).any():
            found = find_leaves_with_gaps(X, *nodes, self.gap_left, self.roots[:-1])
        else:
            found = find_leaves(X, *nodes, self.roots[:-1])
        return found

    def risk(self, X: Floats, horizons: Floats, used: NDArray[np.bool_] | None = None) -> Floats:
        """Probability of event 1 by each horizon, (m, h); not a number beyond `end`.

        Parameters
        ----------
        X : (m, features). horizons : (h,) in any order. used : (trees, m) trees that answer for a row, default all.
        """
        times, place = np.unique(horizons, return_inverse=True)
        step, rises = self.steps(times)

        def answer(rows: slice) -> Floats:
            leaves, out = self.leaves(X[rows]), np.empty((len(X[rows]), len(times)))
            add_incidence(leaves, _of_rows(used, rows, leaves), self.start, step, rises, out)
            return out

        risk = _in_blocks(answer, len(X), (len(times),))[:, place]
        return np.where(horizons > self.end, np.nan, risk)

    def steps(self, times: Floats) -> tuple[Integers, Floats]:
        """Return the place of each entry among increasing times, and its rise of the incidence of event 1, (entries,).

        The first time that is not before the event; the number of times for an event beyond the last.
        """
        return np.searchsorted(times, self.event_times, side="left")[self.time], self._rises

    def mortality(self, X: Floats, used: NDArray[np.bool_] | None = None) -> Floats:
        """Return what orders rows by risk, (m,): the mean over trees of the cumulative hazard summed over event times.

        The number of events to be expected if everybody were like this patient (Ishwaran et al. 2008). With competing
        events: the time lost to event 1 by `end`, the area under its cumulative incidence (Ishwaran et al. 2014).
        """

        def answer(rows: slice) -> Floats:
            leaves = self.leaves(X[rows])
            mean: Floats = mean_score(leaves, _of_rows(used, rows, leaves), self._scores)
            return mean

        return _in_blocks(answer, len(X), ())

    @cached_property
    def _rises(self) -> Floats:
        rises: Floats = incidence_rises(self.start, self.hazard, 0)
        return rises

    @cached_property
    def _scores(self) -> Floats:
        """Mortality of each node, (nodes,); 0 of those that are no leaf."""
        if self.hazard.shape[1] == 1:
            entry = self.hazard[:, 0] * (len(self.event_times) - self.time)
        else:
            entry = self._rises * (self.end - self.event_times[self.time])
        node = np.repeat(np.arange(len(self.feature)), np.diff(self.start))
        scores = np.bincount(node, weights=entry, minlength=len(self.feature))
        return scores.astype(float)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "end"}
        if self.gap_left is None:
            del named["gap_left"]
        return named | {"last": np.array([self.end])}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], features: int) -> Forest:
        """Rebuild from `arrays`, of which nothing is believed: a wrong index would read foreign memory.

        Raises
        ------
        ModelFileError
            L07 arrays that are no forest.
        """
        kinds: dict[str, Any] = {
            "feature": np.int32,
            "child": np.int32,
            "time": np.int32,
            "roots": np.int64,
            "start": np.int64,
        }
        kinds |= {"gap_left": np.int8} if "gap_left" in arrays else {}
        named = {key: np.ascontiguousarray(value, kinds.get(key, np.float64)) for key, value in arrays.items()}
        last = named.pop("last")
        forest = cls(**named, end=float(last[0]))
        unlike = [key for key in kinds if not np.array_equal(named[key], arrays[key])]
        faults = [f"field {key} holds no whole numbers" for key in unlike] or _faults(forest, features)
        raise_findings((Finding("L07", fault, "get the file again") for fault in faults[:1]), ModelFileError)
        return forest


def _faults(forest: Forest, features: int) -> list[str]:
    """Say what is no forest; the first fault may be the cause of the others."""
    roots, start, times = forest.roots, forest.start, forest.event_times
    nodes, inner = len(forest.feature), forest.feature >= 0
    tree = np.searchsorted(roots, np.arange(nodes), side="right")
    last = roots[np.clip(tree, 0, len(roots) - 1)] - 1
    node = np.repeat(np.arange(nodes), np.maximum(np.diff(start), 0))
    within = node[1:] == node[:-1] if len(node) == len(forest.time) else np.empty(0, bool)
    checks = {
        "roots do not cut the nodes": roots[0] == 0 and roots[-1] == nodes and (np.diff(roots) > 0).all(),
        "features are unknown": (forest.feature >= -1).all() and (forest.feature < features).all(),
        "sides are neither left nor right": forest.gap_left is None or np.isin(forest.gap_left, (0, 1)).all(),
        "children lie outside their tree": (
            (forest.child[inner] > np.flatnonzero(inner)) & (forest.child[inner] < last[inner])
        ).all(),
        "curves do not fit the leaves": (
            start[0] == 0 and start[-1] == len(forest.time) == len(node) and (np.diff(start)[inner] == 0).all()
        ),
        "event times are unknown": (forest.time >= 0).all() and (forest.time < len(times)).all(),
        "times of a leaf do not increase": len(within) == 0 or (np.diff(forest.time)[within] > 0).all(),
        "hazards are no probabilities": (
            forest.hazard.shape[1] > 0
            and (forest.hazard >= 0).all()
            and (forest.hazard.sum(axis=1) <= 1 + ROUNDING).all()
        ),
        "covers do not add up": (forest.cover > 0).all() and _adds_up(forest, np.flatnonzero(inner)),
        "event times do not increase": (
            len(times) > 0 and times[0] >= 0 and (np.diff(times) > 0).all() and forest.end >= times[-1]
        ),
    }
    return [f"the forest's {words}" for words, right in checks.items() if not right]


def _adds_up(forest: Forest, inner: Integers) -> bool:
    """Tell whether the rows of every node are those of its children; only asked where the children are known."""
    left = np.clip(forest.child[inner], 0, len(forest.cover) - 2)
    return bool(np.isclose(forest.cover[left] + forest.cover[left + 1], forest.cover[inner], rtol=1e-9).all())


def _of_rows(used: NDArray[np.bool_] | None, rows: slice, leaves: NDArray[np.int32]) -> NDArray[np.bool_]:
    return np.ones(leaves.shape, np.bool_) if used is None else used[:, rows]


def _in_blocks(answer: Callable[[slice], Floats], m: int, shape: tuple[int, ...]) -> Floats:
    """Answer block by block over threads; no row's answer depends on the blocks."""
    blocks = [slice(first, first + BLOCK) for first in range(0, m, BLOCK)]
    return np.concatenate([np.empty((0, *shape)), *over_threads(answer, blocks)])


def over_threads(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Do `work` on each item, results in order, with as many threads as numba may use (one in a worker process)."""
    threads = min(config.NUMBA_NUM_THREADS, len(items))  # type: ignore[attr-defined]
    if threads < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
