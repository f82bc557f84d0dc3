"""What is read off any step curve of survival: quantiles and the area up to a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cohorts.errors import Finding, PredictionError
from prognosis.curves.rows import Floats

TOLERANCE = float(np.sqrt(np.finfo(float).eps))


def quantile_of(times: ArrayLike, survival: ArrayLike, p: ArrayLike) -> Floats:
    """Find the times by which a share p has had the event, for one or many step curves.

    Where the curve is flat at exactly 1 - p, the midpoint of the flat piece; not a number where it is not reached.
    A curve that is not monotone (a limit may not be) gives the time of its smallest value that reaches p.

    Parameters
    ----------
    times : (k,) increasing, the curve being 1 from time zero to the first. survival : (k,) or (m, k).
    p : a share, or (q,) shares, of those with the event.

    Returns
    -------
    (q,) or (m, q)

    Raises
    ------
    PredictionError
        Q04 for p outside [0, 1].

    Source: R's ``quantile.survfit``; it gives NA for a single p that the curve reaches but for rounding, we do not.
    """
    shares = np.atleast_1d(np.asarray(p, float))
    if not ((shares >= 0) & (shares <= 1)).all():
        raise PredictionError(Finding("Q04", "a quantile outside 0 to 1", "give shares of those with the event", "p"))
    curves = np.asarray(survival, float)
    risk = np.pad(1 - np.atleast_2d(curves), ((0, 0), (1, 0)))
    when = np.concatenate([[0.0], np.asarray(times, float)])
    result = np.column_stack([_time_of(when, risk, share) for share in shares])
    return result if curves.ndim == 2 else result[0]


def _time_of(when: Floats, risk: Floats, share: float) -> Floats:
    if share == 0:
        return np.full(len(risk), when[0])
    reached = _first_at_least(when, risk, share - TOLERANCE)
    passed = _first_at_least(when, risk, share + TOLERANCE)
    passed = np.where(np.abs(risk[:, -1] - share) < TOLERANCE, when[-1], passed)
    return (reached + passed) / 2


def _first_at_least(when: Floats, risk: Floats, share: float) -> Floats:
    """Time of the smallest risk that is at least `share`, the first such time; not a number if none is."""
    candidates = np.where(risk >= share, risk, np.inf)
    place = candidates.argmin(axis=1)
    found = np.isfinite(candidates[np.arange(len(risk)), place])
    return np.where(found, when[place], np.nan)


def restricted_mean_of(times: ArrayLike, survival: ArrayLike, tau: float) -> Floats:
    """Return the area under one or many step curves from time zero to tau: the mean time free of the event up to tau.

    The last value is carried on to tau: whether the follow-up reaches so far, the caller has to judge.

    Parameters
    ----------
    times : (k,) increasing, the curve being 1 from time zero to the first. survival : (k,) or (m, k).

    Returns
    -------
    () or (m,), in the unit of the times
    """
    when = np.minimum(np.asarray(times, float), tau)
    before, widths = when[:1].sum() if len(when) else tau, np.diff(when, append=tau)
    return np.asarray(before + np.asarray(survival, float) @ widths, float)
