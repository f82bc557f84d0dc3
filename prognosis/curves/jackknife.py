"""The infinitesimal jackknife of a curve without its n times k matrix: sums of squared influence by time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prognosis.curves.counts import Counts
from prognosis.curves.rows import Floats


class Path(NamedTuple):
    """Influence of a row over time: `own` (n,) from its own event on, `risk` (k,) for each time at risk."""

    own: Floats
    risk: Floats


def influence_products(counts: Counts, weight: Floats, one: Path, two: Path) -> Floats:
    """Sum over the rows weight**2 times the product of two influences, by each time, (k,).

    A row at risk at the times first..place has by time j the influence ``own * (place <= j)`` plus the sum of
    ``risk`` over its times up to j. So rows that have left hold a constant, and rows still at risk a difference of
    cumulative sums: everything is a running sum. Source: Therneau's infinitesimal jackknife in ``survfit``.
    """
    k, squared = len(counts.time), weight**2
    sums = [np.concatenate([[0.0], np.cumsum(path.risk)]) for path in (one, two)]
    start = [total[counts.first] for total in sums]
    final = [
        path.own + total[counts.place + 1] - begun for path, total, begun in zip((one, two), sums, start, strict=True)
    ]

    def at_risk_after(values: Floats) -> Floats:
        entered = np.cumsum(np.bincount(counts.first, weights=values, minlength=k))
        return np.asarray(entered - np.cumsum(np.bincount(counts.place, weights=values, minlength=k)), float)

    gone = np.cumsum(np.bincount(counts.place, weights=squared * final[0] * final[1], minlength=k))
    a, b = sums[0][1:], sums[1][1:]
    total = gone + a * b * at_risk_after(squared)
    if counts.first.any():
        total = total - a * at_risk_after(squared * start[1]) - b * at_risk_after(squared * start[0])
        total = total + at_risk_after(squared * start[0] * start[1])
    # Between events nothing changes but the rounding, and a flat piece of a curve must be flat to the last bit.
    latest = np.maximum.accumulate(np.where(counts.tied > 0, np.arange(k), -1))
    return np.where(latest >= 0, total[latest], 0.0)
