"""What a training cohort showed: its curve, numbers at risk and median follow-up, for the model to remember."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.curves.counts import count
from prognosis.curves.rows import sort_rows
from prognosis.profile import ObservedCurve

Floats = NDArray[np.float64]


def observe(
    time: Floats, event: NDArray[Any], entry: Floats | None = None, weight: Floats | None = None
) -> ObservedCurve:
    """Estimate the observed curve of a cohort, delayed entry and case weights counted.

    `event` holds 0 censored, 1 event, 2 and more competing events. The curves are weighted; `at_risk` counts patients.

    Source: Kaplan and Meier (1958); with competing events 1 minus the incidence of the event of interest (Aalen and
    Johansen 1978); reverse Kaplan-Meier (Schemper and Smith 1996) for follow-up, where events leave before
    censorings at the same time.
    """
    rows = sort_rows(time, event, entry=entry, weight=weight)
    causes = (1, *(int(cause) for cause in np.unique(rows.event[rows.event > 1])))
    counts, patients = count(rows, causes), count(replace(rows, weight=np.ones(len(rows.time))), causes)
    survival, left = counts.survival, counts.n_risk - counts.deaths
    under_observation = np.cumprod(1 - counts.n_censor / np.where(left > 1e-12 * counts.n_risk, left, 1.0))
    free = survival
    if len(causes) > 1:
        before = np.concatenate([[1.0], survival[:-1]])
        free = 1 - np.cumsum(before * counts.n_event[:, 0] / counts.n_risk)
    medians = (_median(counts.time, curve) for curve in (free, under_observation))
    return ObservedCurve(counts.time, np.maximum(free, 0.0), patients.n_risk, *medians)


def _median(times: Floats, curve: NDArray[Any]) -> float | None:
    """Median as R's survfit prints it: the midpoint of the flat part where the curve is exactly one half.

    (`quantile_of` is R's quantile(), which differs where the curve ends on one half.)
    """
    reached = np.flatnonzero(curve <= 0.5 + 1e-12)
    if not len(reached):
        return None
    first = reached[0]
    below = np.flatnonzero(curve < 0.5 - 1e-12)
    end = below[0] if len(below) else first
    return float((times[first] + times[max(end, first)]) / 2)
