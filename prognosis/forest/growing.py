"""Growing a forest: one tree a seed, by this package's kernel or by scikit-survival."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba.core import config
from numpy.typing import NDArray

from cohorts.errors import FitError
from prognosis.forest.sampling import Drawn
from prognosis.forest.scikit_survival import grow_with_scikit_survival
from prognosis.forest.trees import Forest, Tree, over_threads
from prognosis.kernels.forest_curves import leaf_hazards
from prognosis.kernels.forest_growth import grow_tree
from prognosis.kernels.forest_rows import Rule, room_for
from prognosis.memory import check_memory

Floats = NDArray[np.float64]
Grower = Literal["ours", "scikit-survival"]
GROWERS = ("ours", "scikit-survival")
# Bytes of a node (its five numbers), of a value with its code, and of a row in the scratch of a thread.
NODE_BYTES, CELL_BYTES, SCRATCH_BYTES = 32, 18, 128


def grow_forest(drawn: Drawn, rule: Rule, trees: int, grower: Grower = "ours", *, gaps: bool = False) -> Forest:
    """Grow a forest; the number of threads has no influence.

    Parameters
    ----------
    drawn : rows. rule : of a split. trees : how many. grower : ``ours``, this package's kernel, or
        ``scikit-survival``, on the same bags (one kind of event only). gaps : the trees keep a side for missing values.

    Raises
    ------
    FitError
        K11 the forest would not fit into memory; F20 scikit-survival cannot grow it.
    """
    rows = f"a forest of {trees} trees on {len(drawn.time)} rows and {len(drawn.event_times)} event times"
    way_out = "fewer trees, larger leaves, or times on a coarser time grid (weeks or months for days)"
    check_memory(forest_size(drawn, rule, trees), rows, way_out, FitError)

    def grow(tree: int) -> Tree:
        weight, seed = drawn.bag(tree)
        if grower == "scikit-survival":
            return grow_with_scikit_survival(drawn, weight, rule, seed)
        return grow_one(drawn, weight, rule, seed, gaps=gaps)

    return Forest.of(over_threads(grow, range(trees)), drawn.event_times, float(drawn.time[-1]))


def forest_size(drawn: Drawn, rule: Rule, trees: int) -> float:
    """Estimate from above the bytes that growing a forest takes, the trees and their copy into one forest included.

    A bag holds 63 % of the rows; a leaf at least `leaf` of them, and no more event times than events.
    """
    n, p, bag = len(drawn.time), drawn.X.shape[1], 1 - np.exp(-1)
    nodes = 2 * bag * n / rule.leaf + 1
    entries = bag * float((drawn.sample.event > 0).sum())
    kept = nodes * NODE_BYTES + entries * (4 + 8 * len(rule.cause))
    return trees * 2 * kept + n * p * CELL_BYTES + config.NUMBA_NUM_THREADS * n * (SCRATCH_BYTES + 2 * p)  # type: ignore[attr-defined]


def grow_one(drawn: Drawn, weight: Floats, rule: Rule, seed: int, *, gaps: bool = False) -> Tree:
    """Grow one tree on rows of these weights, (n,) in time order; `gaps`: it keeps a side for missing values."""
    room = room_for(drawn.sample, int((weight > 0).sum()))
    (feature, threshold, child, side), rows, low, high = grow_tree(drawn.sample, weight, rule, seed, room)
    place, event = drawn.sample.place, drawn.sample.event
    start, time, hazard = leaf_hazards(place, event, weight, (feature, rows, low, high), len(rule.cause))
    so_far = np.concatenate([[0.0], np.cumsum(weight[rows])])
    cover = so_far[high] - so_far[low]
    left = _sides(feature, child, side, cover) if gaps else None
    return Tree(feature, threshold, child, start, time, hazard, cover, left)


def _sides(
    feature: NDArray[np.int32], child: NDArray[np.int32], side: NDArray[np.int8], cover: Floats
) -> NDArray[np.int8]:
    """Return 1 where missing values go left, (nodes,); where nobody lacked the value: to the heavier side."""
    heavier = cover[child] >= cover[np.minimum(child + 1, len(child) - 1)]
    sides: NDArray[np.int8] = np.where(feature < 0, 0, np.where(side < 0, heavier, side)).astype(np.int8)
    return sides
