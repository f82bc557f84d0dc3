"""One survival tree: the exact log-rank split of every node in O(log T) a row, on the raw event times.

Rows stand in time order, and every partition is stable, so the rows of each node stay in time order: one scan gives its
event times, and for each row the event times it outlived and its martingale residual. Moving a row (weight w, k event
times) to the left child changes the numerator by its residual and the variance ``sum a_t YL_t (Y_t - YL_t)``,
``a_t = d (Y - d) / (Y^2 (Y - 1))``, by ``w AY(k) - w^2 A(k) - 2 w sum_{t<k} a_t YL_t``; A and AY are running sums over
the event times, and the last sum comes from one Fenwick tree of pairs over the rows that have moved.
A threshold lies midway, by rank among all rows, in the gap between the two sides: of rows out of the bag with values in
the gap half go each way, on any monotone scale of the feature alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

SMALL = 48  # nodes up to this size are sorted by insertion, larger ones by counting
BYTE = 256
FENWICK = 25.0  # cost of one step of the Fenwick tree against one of the plain sum over event times
NOTHING = 1e-11  # a variance below this part of its scale is rounding


class Sample(NamedTuple):
    """Training rows in time order: codes of the features, ranges of their values, and the outcome.

    Parameters
    ----------
    code : (p, n) number of each row's value among those of the feature. codes : (p,) how many there are.
    low, high : (p, most codes) smallest and largest value of a code. place : (n,) index of the last event time that is
    not after the row's time, -1 before the first. event : (n,) 0 censored, j of cause j.
    """

    code: NDArray[np.uint16]
    codes: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    place: NDArray[np.int32]
    event: NDArray[np.int32]


class Rule(NamedTuple):
    """How a tree grows: features drawn a node, fewest different rows of a leaf, weight of each cause in the split."""

    draws: int
    leaf: int
    cause: NDArray[np.float64]


class Node(NamedTuple):
    """Scratch of the node in hand: per row, and per event time (one more for the running sums)."""

    weight: NDArray[np.float64]
    residual: NDArray[np.float64]
    outlived: NDArray[np.int32]
    rise: NDArray[np.float64]
    own: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    factor: NDArray[np.float64]
    summed: NDArray[np.float64]


class Order(NamedTuple):
    """Scratch of a feature: code of each row, order of the rows by it, counts, and sums over event times."""

    code: NDArray[np.int32]
    by: NDArray[np.int32]
    half: NDArray[np.int32]
    counts: NDArray[np.int32]
    moved: NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def grow_tree(sample, weight, rule, seed):
    """Grow one tree.

    Parameters
    ----------
    sample, rule : see there. weight : (n,) of the rows, 0 for those out of the bag. seed : of the draws of features.

    Returns
    -------
    feature (nodes,) -1 in a leaf; threshold (nodes,) values up to it go left; child (nodes,) number of the left child,
    which the right one follows; rows in the bag, sorted by node and time; low and high (nodes,) cut them.
    """
    np.random.seed(seed)  # noqa: NPY002  numba's own generator, one a thread
    rows = np.flatnonzero(weight > 0).astype(np.int32)
    n = rows.size
    most = 2 * (n // rule.leaf) + 3
    feature, threshold, child = np.full(most, -1, np.int32), np.zeros(most), np.zeros(most, np.int32)
    low, high = np.zeros(most, np.int32), np.zeros(most, np.int32)
    node, order = _scratch(n)
    spare, drawn = np.empty(n, np.int32), np.arange(sample.codes.size)
    high[0], nodes, at = n, 1, 0
    while at < nodes:
        own = rows[low[at] : high[at]]
        best, cut, middle = _best_split(sample, weight, rule, own, node, order, drawn)
        if best >= 0:
            left = _part(sample.code[best], cut, own, spare)
            feature[at], threshold[at], child[at] = best, middle, nodes
            low[nodes], high[nodes], high[nodes + 1] = low[at], low[at] + left, high[at]
            low[nodes + 1] = high[nodes]
            nodes += 2
        at += 1
    return feature[:nodes].copy(), threshold[:nodes].copy(), child[:nodes].copy(), rows, low[:nodes], high[:nodes]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _scratch(n):
    """Return the scratch of the largest node."""
    rows, times, whole = np.empty((4, n)), np.empty((3, n + 1)), np.empty((4, n), np.int32)
    node = Node(rows[0], rows[1], whole[3], rows[2], rows[3], times[0], times[1], times[2])
    return node, Order(whole[0], whole[1], whole[2], np.empty(BYTE + 1, np.int32), np.empty(2 * n + 4))


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _best_split(sample, weight, rule, own, node, order, drawn):
    """Return feature, largest code that goes left, and threshold of the best split; feature -1 for a leaf.

    Features are drawn without replacement until `draws` have been seen, and one of them was not constant.
    """
    best, cut, middle, most = -1, 0, 0.0, -1.0
    if own.size < 2 * rule.leaf:
        return best, cut, middle
    times, scale = _scan(sample, weight, rule.cause, own, node)
    p, varied = drawn.size if times else 0, 0
    for seen in range(p):
        if seen >= rule.draws and varied > 0:
            break
        other = seen + np.random.randint(p - seen)  # noqa: NPY002
        drawn[seen], drawn[other] = drawn[other], drawn[seen]
        j = drawn[seen]
        if not _gather(sample.code[j], own, order.code):
            continue
        varied += 1
        _sort(order, own.size, sample.codes[j])
        candidates = min(sample.codes[j] - 1, own.size - 2 * rule.leaf + 1)
        if candidates * times * 4.0 < own.size * FENWICK:
            gain, here, following = _walk_plainly(own.size, times, rule.leaf, NOTHING * scale, node, order)
        else:
            gain, here, following = _walk(own.size, times, rule.leaf, NOTHING * scale, node, order)
        if gain > most:
            most, best, cut = gain, j, here
            middle = _between(sample.high[j], sample.low[j], (here + following - 1) // 2)
    return best, cut, middle


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _between(high, low, code):
    """Return a threshold between two neighbouring codes of all rows: no rounding puts one of them on the other side."""
    middle = 0.5 * (high[code] + low[code + 1])
    return middle if middle < low[code + 1] else high[code]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _scan(sample, weight, cause, own, node):
    """Fill the node's event times and rows; return the number of event times and the scale of the variance."""
    m, times, first = own.size, 0, 0
    residual, a, ay, died = 0.0, 0.0, 0.0, np.zeros(cause.size)
    node.weight[:m] = weight[own]
    whole = at_risk = node.weight[:m].sum()
    node.summed[0] = 0.0
    while first < m:
        here, last, leaving, happened = sample.place[own[first]], first, 0.0, 0.0
        died[:] = 0.0
        while last < m and sample.place[own[last]] == here:
            kind = sample.event[own[last]]
            leaving += node.weight[last]
            if kind > 0 and cause[kind - 1] > 0.0:
                died[kind - 1] += node.weight[last]
                happened += node.weight[last]
            last += 1
        if happened > 0.0:
            factor = 0.0
            for j in range(cause.size):
                residual += cause[j] * died[j] / at_risk
                if at_risk > 1.0:
                    square = at_risk * at_risk * (at_risk - 1.0)
                    factor += cause[j] * cause[j] * died[j] * (at_risk - died[j]) / square
            node.at_risk[times], node.factor[times] = at_risk, factor
            a += factor
            ay += factor * at_risk
            times += 1
            node.summed[times] = a
        for q in range(first, last):
            w, kind = node.weight[q], sample.event[own[q]]
            node.outlived[q], node.rise[q], node.own[q] = times, w * a, w * (ay - w * a)
            node.residual[q] = w * ((cause[kind - 1] if kind > 0 else 0.0) - residual)
        at_risk -= leaving
        first = last
    return times, ay * whole


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _gather(code, own, out):
    """Copy the codes of the node's rows; False where all are one."""
    varied = False
    for q in range(own.size):
        out[q] = code[own[q]]
        varied |= out[q] != out[0]
    return varied


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sort(order, m, codes):
    """Order rows by code, stably: by insertion where they are few, else by one or two counts of a byte."""
    code, by = order.code, order.by
    if m <= SMALL and codes > 8:
        for q in range(m):
            back = q - 1
            while back >= 0 and code[by[back]] > code[q]:
                by[back + 1] = by[back]
                back -= 1
            by[back + 1] = q
        return
    _count_byte(code, by, by, order.counts, m, 0, True)
    if codes > BYTE:
        order.half[:m] = by[:m]
        _count_byte(code, order.half, by, order.counts, m, 8, False)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_byte(code, source, target, count, m, shift, first):
    """Write the rows to `target`, ordered stably by one byte of their codes; `first`: from their own order."""
    count[:] = 0
    for q in range(m):
        count[((code[q] >> shift) & (BYTE - 1)) + 1] += 1
    for b in range(BYTE):
        count[b + 1] += count[b]
    for q in range(m):
        row = q if first else source[q]
        b = (code[row] >> shift) & (BYTE - 1)
        target[count[b]], count[b] = row, count[b] + 1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _walk(m, times, leaf, nothing, node, order):
    """Move rows to the left in order; return the largest statistic, the code before and the code after its cut."""
    best, cut, following, u, v, left, moved = -1.0, 0, 0, 0.0, 0.0, 0.0, order.moved
    moved[: 2 * times + 2] = 0.0
    for q in range(m - leaf):
        row = order.by[q]
        w, outlived = node.weight[row], node.outlived[row]
        rise, weight, at = 0.0, 0.0, outlived
        while at > 0:
            rise += moved[2 * at]
            weight += moved[2 * at + 1]
            at &= at - 1
        v += node.own[row] - 2.0 * w * (rise + node.summed[outlived] * (left - weight))
        left += w
        u += node.residual[row]
        at = outlived + 1
        while at <= times:
            moved[2 * at] += node.rise[row]
            moved[2 * at + 1] += w
            at += at & -at
        here, after = order.code[row], order.code[order.by[q + 1]]
        if q + 1 >= leaf and here != after and v > nothing and u * u > best * v:
            best, cut, following = u * u / v, here, after
    return best, cut, following


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _walk_plainly(m, times, leaf, nothing, node, order):
    """Do the same with the variance summed over the event times at each cut: cheaper where there are few cuts."""
    best, cut, following, u, left, moved = -1.0, 0, 0, 0.0, 0.0, order.moved
    moved[: times + 1] = 0.0
    for q in range(m - leaf):
        row = order.by[q]
        u += node.residual[row]
        left += node.weight[row]
        moved[node.outlived[row]] += node.weight[row]
        here, after = order.code[row], order.code[order.by[q + 1]]
        if q + 1 < leaf or here == after:
            continue
        v, remaining = 0.0, left
        for t in range(times):
            remaining -= moved[t]
            v += node.factor[t] * remaining * (node.at_risk[t] - remaining)
        if v > nothing and u * u > best * v:
            best, cut, following = u * u / v, here, after
    return best, cut, following


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _part(code, cut, own, spare):
    """Put rows with a code up to `cut` before the others, each side in its order; return how many there are."""
    left, right = 0, 0
    for q in range(own.size):
        row = own[q]
        if code[row] <= cut:
            own[left] = row
            left += 1
        else:
            spare[right] = row
            right += 1
    own[left:] = spare[:right]
    return left
