"""The observed risk by a horizon, and what every patient contributes to it: the infinitesimal jackknife, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.curves.counts import Counts
from prognosis.curves.hazard_steps import greenwood
from prognosis.curves.jackknife import Path
from prognosis.curves.rows import SortedRows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def observed_risk(rows: SortedRows, counts: Counts, horizons: Floats) -> tuple[Floats, Floats]:
    """Estimate the risk of the event of interest by each horizon, (h,), with the influence of each row, (n, h).

    1 - Kaplan-Meier, with competing events Aalen-Johansen. `counts` : of all causes, the one of interest first. The
    influence is the weight of a row times the derivative in it, in the order of the sorted rows; its squares sum to
    the variance of ``survfit(robust=TRUE)``.

    Source: the infinitesimal jackknife of R's ``survival::residuals.survfit``; see `jackknife_error`.
    """
    slopes = greenwood(counts)
    free = np.concatenate([[1.0], counts.survival[:-1]]) / counts.n_risk
    own = counts.n_event[:, 0]
    reached = np.cumsum(free * own)
    any_cause = Path(slopes.by_death[counts.place] * (rows.event > 0), slopes.by_risk)
    cause = Path(
        free[counts.place] * (rows.event == 1) + reached[counts.place] * any_cause.own,
        -free * own / counts.n_risk + reached * any_cause.risk,
    )
    last = np.searchsorted(counts.time, horizons, side="right") - 1
    risk = np.concatenate([[0.0], reached])[last + 1]
    influence = _influence_at(counts, cause, last) - risk * _influence_at(counts, any_cause, last)
    return risk, rows.weight[:, None] * influence


def _influence_at(counts: Counts, path: Path, last: Integers) -> Floats:
    """Return the influence of each row on a sum over the times up to each of `last`, (n, h)."""
    total = np.concatenate([[0.0], np.cumsum(path.risk)])
    place = counts.place[:, None]
    stop, start = np.minimum(place, last) + 1, np.minimum(counts.first[:, None], last + 1)
    return path.own[:, None] * (place <= last) + total[stop] - total[start]
