"""What the tests of explanations share: Shapley values by asking every coalition one by one, and the tree-path rule."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np

from prognosis.explaining.forest_values import nodes_of


def shapley(worth, players):
    """Return Shapley values, (players, ...), from a function of a set of players: the definition, term by term."""
    values, once = [], cache(lambda known: worth(set(known)))
    for i in range(players):
        others = [j for j in range(players) if j != i]
        total = 0.0
        for size in range(players):
            share = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
            for some in itertools.combinations(others, size):
                total = total + share * (once(frozenset({*some, i})) - once(frozenset(some)))
        values.append(total)
    return np.array(values)


def leaf_curve(nodes, node, horizons):
    """Return the cumulative incidence of a leaf by each horizon."""
    out = np.zeros(horizons + 1)
    for entry in range(nodes.start[node], nodes.start[node + 1]):
        out[nodes.step[entry]] += nodes.rise[entry]
    return np.cumsum(out)[:horizons]


def along_paths(model, row, known, times):
    """Return the risk when only some variables are known: at the others' splits, by the rows that went each way."""
    nodes = nodes_of(model.estimate, model.predictors, np.array(times, float))

    def below(node):
        feature = nodes.feature[node]
        if feature < 0:
            return leaf_curve(nodes, node, len(times))
        left = nodes.child[node]
        if nodes.player[feature] in known:
            goes_left = nodes.gap_left[node] == 1 if np.isnan(row[feature]) else row[feature] <= nodes.threshold[node]
            return below(left if goes_left else left + 1)
        parts = (nodes.cover[child] / nodes.cover[node] * below(child) for child in (left, left + 1))
        return sum(parts)

    return np.mean([below(root) for root in nodes.roots[:-1]], axis=0)
