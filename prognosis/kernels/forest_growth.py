"""One survival tree: the exact log-rank split of every node in O(log T) a row, on the raw event times.

Rows stand in time order, and every partition is stable, so the rows of each node stay in time order: one scan gives its
event times, and for each row the event times it outlived and its martingale residual. Moving a row (weight w, k event
times) to the left child changes the numerator by its residual and the variance ``sum a_t YL_t (Y_t - YL_t)``,
``a_t = d (Y - d) / (Y^2 (Y - 1))``, by ``w AY(k) - w^2 A(k) - 2 w sum_{t<k} a_t YL_t``; A and AY are running sums over
the event times, and the last sum comes from one Fenwick tree of pairs over the rows that have moved.
A threshold lies midway, by rank among all rows, in the gap between the two sides: of rows out of the bag with values in
the gap half go each way, on any monotone scale of the feature alike.
Missing values of a feature go together: each cut is tried with them on its right and on its left, and they alone
against the others (missingness incorporated in attributes, Twala, Jones and Hand 2008).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from prognosis.kernels.forest_rows import AHEAD, BYTE, NEAR, Node, Order, Rule, Sample  # noqa: F401  caches name them

SMALL = 48  # nodes up to this size are sorted by insertion, larger ones by counting
FENWICK = 25.0  # cost of one step of the Fenwick tree against one of the plain sum over event times
BEYOND = 1e300  # no value is as large, and a model file holds no infinite number
NOTHING = 1e-11  # a variance below this part of its scale is rounding


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def grow_tree(sample, weight, rule, seed, room):
    """Grow one tree.

    Parameters
    ----------
    sample, rule, room : see there. weight : (n,) of the rows, 0 for those out of the bag. seed : of draws of features.

    Returns
    -------
    feature (nodes,) -1 in a leaf; threshold (nodes,) values up to it go left; child (nodes,) number of the left child,
    which the right one follows; side (nodes,) to which missing values go, 1 left, 0 right, -1 where nobody lacked one;
    rows in the bag, sorted by node and time; low and high (nodes,) cut them.
    """
    np.random.seed(seed)  # noqa: NPY002  numba's own generator, one a thread
    rows = np.flatnonzero(weight > 0).astype(np.int32)
    most = 2 * (rows.size // rule.leaf) + 3
    feature, threshold, side = np.full(most, -1, np.int32), np.zeros(most), np.full(most, -1, np.int8)
    child, low, high = np.zeros((3, most), np.int32)
    near, near_weight, origin, spare, node, order = room
    drawn, packed = np.arange(sample.codes.size), np.zeros(most, np.bool_)
    high[0], nodes, at = rows.size, 1, 0
    while at < nodes:
        own = rows[low[at] : high[at]]
        if not packed[at] and 2 * rule.leaf <= own.size <= NEAR < weight.size:
            _pack(sample, weight, own, low[at], near, near_weight, origin)
            packed[at] = True
        seen, w = (near, near_weight) if packed[at] else (sample, weight)
        best, cut, middle, missing = _best_split(seen, w, rule, own, node, order, drawn)
        if best >= 0:
            left = _part(seen.code[best], cut, sample.codes[best] if missing == 1 else -1, own, spare)
            feature[at], threshold[at], child[at], side[at] = best, middle, nodes, missing
            low[nodes], high[nodes], high[nodes + 1] = low[at], low[at] + left, high[at]
            low[nodes + 1], packed[nodes], packed[nodes + 1] = high[nodes], packed[at], packed[at]
            nodes += 2
        at += 1
    for leaf in np.flatnonzero(packed[:nodes] & (feature[:nodes] < 0)):
        rows[low[leaf] : high[leaf]] = origin[rows[low[leaf] : high[leaf]]]
    grown = feature[:nodes].copy(), threshold[:nodes].copy(), child[:nodes].copy(), side[:nodes].copy()
    return grown, rows, low[:nodes], high[:nodes]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pack(sample, weight, own, first, near, near_weight, origin):
    """Copy the rows of a node next to each other and number them anew, from `first`; `origin` keeps who they are."""
    last = first + own.size
    origin[first:last], near_weight[first:last] = own, weight[own]
    near.place[first:last], near.event[first:last] = sample.place[own], sample.event[own]
    for j in range(sample.codes.size):
        near.code[j, first:last] = sample.code[j][own]
    own[:] = np.arange(first, last)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _best_split(sample, weight, rule, own, node, order, drawn):
    """Return feature (-1 for a leaf), largest code that goes left, threshold and side of missing values of the best.

    Features are drawn without replacement until `draws` have been seen, and one of them was not constant.
    """
    best, cut, middle, side, most, m = -1, 0, 0.0, -1, -1.0, own.size
    if m < 2 * rule.leaf:
        return best, cut, middle, side
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
        _sort(order, m, sample.codes[j] + sample.gaps[j])
        candidates = min(sample.codes[j] + sample.gaps[j] - 1, m - 2 * rule.leaf + 1)
        plainly = candidates * times * 4.0 < m * FENWICK
        lacking = sample.gaps[j] > 0 and order.code[order.by[m - 1]] == sample.codes[j]
        for left in range(2 if lacking else 1):
            if left:
                _missing_first(order, m, sample.codes[j])
            if plainly:
                gain, here, following = _walk_plainly(m, times, rule.leaf, NOTHING * scale, node, order)
            else:
                gain, here, following = _walk(m, times, rule.leaf, NOTHING * scale, node, order)
            if gain > most:
                most, best, cut, side = gain, j, here, left if lacking else -1
                middle = _between(sample.high[j], sample.low[j], sample.codes[j], here, following)
    return best, cut, middle, side


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _between(high, low, codes, here, following):
    """Return a threshold between two neighbouring codes of a node, midway by rank among the codes of all rows.

    No rounding puts one of them on the other side; beyond all values where only the missing ones are on the other.
    """
    if here < 0 or following == codes:
        return -BEYOND if here < 0 else BEYOND
    code = (here + following - 1) // 2
    middle = 0.5 * (high[code] + low[code + 1])
    return middle if middle < low[code + 1] else high[code]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _missing_first(order, m, missing):
    """Move the rows whose value is missing, the last ones, before the others, with a code before all."""
    known = m
    while known > 0 and order.code[order.by[known - 1]] == missing:
        known -= 1
        order.code[order.by[known]] = -1
    order.half[: m - known] = order.by[known:m]
    order.half[m - known : m] = order.by[:known]
    order.by[:m] = order.half[:m]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _scan(sample, weight, cause, own, node):
    """Fill the node's event times and rows; return the number of event times and the scale of the variance."""
    m, times, first = own.size, 0, 0
    residual, a, ay, died, node.summed[0] = 0.0, 0.0, 0.0, np.zeros(cause.size), 0.0
    for q in range(m):
        node.row[q, 0] = weight[own[q]]
    whole = at_risk = node.row[:m, 0].sum()
    while first < m:
        here, last, leaving, happened = sample.place[own[first]], first, 0.0, 0.0
        died[:] = 0.0
        while last < m and sample.place[own[last]] == here:
            kind = sample.event[own[last]]
            leaving += node.row[last, 0]
            if kind > 0 and cause[kind - 1] > 0.0:
                died[kind - 1] += node.row[last, 0]
                happened += node.row[last, 0]
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
            w, kind = node.row[q, 0], sample.event[own[q]]
            node.row[q, 1] = w * ((cause[kind - 1] if kind > 0 else 0.0) - residual)
            node.row[q, 2], node.row[q, 3] = w * (ay - w * a), times
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
    # unsigned: an index that cannot be negative is not checked for that
    one, end = np.uint64(1), np.uint64(times)
    for q in range(m - leaf):
        if q % AHEAD == 0:
            _fetch(q, min(AHEAD, m - leaf - q), node, order)
        i = np.uint64(q % AHEAD)
        w, outlived = order.next_row[i, 0], np.uint64(order.next_code[i, 1])
        rise, weight, at, a = 0.0, 0.0, outlived, node.summed[outlived]
        while at > np.uint64(0):
            rise += moved[at << one]
            weight += moved[at << one | one]
            at &= at - one
        v += order.next_row[i, 2] - 2.0 * w * (rise + a * (left - weight))
        left += w
        u += order.next_row[i, 1]
        rise, at = w * a, outlived + one
        while at <= end:
            moved[at << one] += rise
            moved[at << one | one] += w
            at += at & (~at + one)
        here, after = order.next_code[i, 0], order.next_code[i + one, 0]
        if q + 1 >= leaf and here != after and v > nothing and u * u > best * v:
            best, cut, following = u * u / v, here, after
    return best, cut, following


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fetch(first, count, node, order):
    """Copy the next rows in the order of the feature, and the code after them: reads far apart wait together."""
    for i in range(count):
        row = np.uint64(order.by[first + i])
        for j in range(3):
            order.next_row[i, j] = node.row[row, j]
        order.next_code[i, 0], order.next_code[i, 1] = order.code[row], np.int32(node.row[row, 3])
    order.next_code[count, 0] = order.code[order.by[first + count]]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _walk_plainly(m, times, leaf, nothing, node, order):
    """Do the same with the variance summed over the event times at each cut: cheaper where there are few cuts."""
    best, cut, following, u, left, moved = -1.0, 0, 0, 0.0, 0.0, order.moved
    moved[: times + 1] = 0.0
    for q in range(m - leaf):
        row = order.by[q]
        w, u = node.row[row, 0], u + node.row[row, 1]
        left += w
        moved[int(node.row[row, 3])] += w
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
def _part(code, cut, also, own, spare):
    """Put rows with a code up to `cut`, or `also`, before the others, each side in its order; count them."""
    left, right = 0, 0
    for q in range(own.size):
        row = own[q]
        if code[row] <= cut or code[row] == also:
            own[left] = row
            left += 1
        else:
            spare[right] = row
            right += 1
    own[left:] = spare[:right]
    return left
