"""What the tests of survival forests share: made-up rows, a slow log-rank statistic, and every candidate of a node."""

from __future__ import annotations

import numpy as np

from prognosis.forest.sampling import draw_from
from prognosis.kernels.forest_rows import Rule
from prognosis.outcome import SurvivalArrays


def rows(n=300, p=5, seed=0, causes=1):
    """Return values that a float of 32 bits holds, and an outcome with ties; every third feature is binary."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, p)).round(2)
    X[:, ::3] = X[:, ::3] > 0
    X = X.astype(np.float32).astype(float)
    time = np.ceil(draw.exponential(60 * np.exp(-0.6 * X[:, 0] - 0.5 * X[:, 1])))
    censored = np.ceil(draw.uniform(1, 150, n))
    cause = draw.integers(1, causes + 1, n)
    return X, SurvivalArrays(np.minimum(time, censored), np.where(time <= censored, cause, 0))


def drawn(n=300, p=5, seed=0, causes=1, **options):
    """Return made-up rows as a forest draws from them."""
    X, outcome = rows(n, p, seed, causes)
    return draw_from(X, outcome, np.ones(n), None, (seed,), **options)


def rule(draws, leaf, causes=1):
    """Return a rule in which every cause counts the same."""
    return Rule(draws, leaf, np.ones(causes))


def log_rank(left, time, event, weight, cause=1):
    """Observed minus expected events of the left group and its variance, summed over the event times one by one."""
    u = v = 0.0
    for t in np.unique(time[event == cause]):
        at_risk, here = time >= t, (time == t) & (event == cause)
        y, yl = weight[at_risk].sum(), weight[at_risk & left].sum()
        d, dl = weight[here].sum(), weight[here & left].sum()
        u += dl - d * yl / y
        v += d * (y - d) / (y * y * (y - 1)) * yl * (y - yl) if y > 1 else 0.0
    return u, v


def statistic(left, time, event, weight, causes=1):
    """Composite log-rank statistic; -1 where nothing varies."""
    parts = [log_rank(left, time, event, weight, cause) for cause in range(1, causes + 1)]
    u, v = (sum(part) for part in zip(*parts, strict=True))
    return u * u / v if v > 1e-10 else -1.0


def candidates(X, leaf):
    """Yield every split of a node by one feature that leaves enough rows on both sides."""
    for column in X.T:
        for value in np.unique(column)[:-1]:
            left = column <= value
            if min(left.sum(), (~left).sum()) >= leaf:
                yield left


def nodes_of(tree, X):
    """Yield each node of a tree with the rows of X that reach it."""
    reach = {0: np.arange(len(X))}
    for node, feature in enumerate(tree.feature):
        own = reach[node]
        yield node, own
        if feature >= 0:
            left = X[own, feature] <= tree.threshold[node]
            reach[tree.child[node]], reach[tree.child[node] + 1] = own[left], own[~left]
