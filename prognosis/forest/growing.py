"""Growing a forest: one tree a seed, by this package's kernel or by scikit-survival."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from prognosis.forest.sampling import Drawn
from prognosis.forest.scikit_survival import grow_with_scikit_survival
from prognosis.forest.trees import Forest, Tree, over_threads
from prognosis.kernels.forest_curves import leaf_hazards
from prognosis.kernels.forest_growth import Rule, grow_tree

Floats = NDArray[np.float64]
Grower = Literal["ours", "scikit-survival"]
GROWERS = ("ours", "scikit-survival")


def grow_forest(drawn: Drawn, rule: Rule, trees: int, grower: Grower = "ours") -> Forest:
    """Grow a forest; the number of threads has no influence.

    Parameters
    ----------
    drawn : rows. rule : of a split. trees : how many. grower : ``ours``, this package's kernel, or
        ``scikit-survival``, on the same bags (one kind of event only).
    """

    def grow(tree: int) -> Tree:
        weight, seed = drawn.bag(tree)
        if grower == "scikit-survival":
            return grow_with_scikit_survival(drawn, weight, rule, seed)
        return grow_one(drawn, weight, rule, seed)

    return Forest.of(over_threads(grow, range(trees)), drawn.event_times, float(drawn.time[-1]))


def grow_one(drawn: Drawn, weight: Floats, rule: Rule, seed: int) -> Tree:
    """Grow one tree on rows of these weights, (n,) in time order."""
    feature, threshold, child, rows, low, high = grow_tree(drawn.sample, weight, rule, seed)
    place, event = drawn.sample.place, drawn.sample.event
    start, time, hazard = leaf_hazards(place, event, weight, (feature, rows, low, high), len(rule.cause))
    return Tree(feature, threshold, child, start, time, hazard)
