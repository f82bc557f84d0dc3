"""How the cohort is spread along an axis: grey bars, from the shares that the model's profile keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nomograms.axes import place, turning_points
from nomograms.layout import Layout
from nomograms.points import Axis, is_whole
from nomograms.rows import Bar
from prognosis.profile import QUANTILES, LevelProfile, NumericProfile

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]

STEP = 2.0  # millimetres that a bar of a number takes
WIDE = 0.25  # share of the cohort above which a bin of the histogram is too wide
SLIM = 1.0  # that of a level


def crowd_of(model: FittedModel, axis: Axis, layout: Layout) -> tuple[Bar, ...]:
    """Return the bars of an axis, the tallest of height 1; none where a curve folds back or shares are unknown.

    Shares are those of the whole cohort, also on an axis for some patients only. Values beyond the axis have no bar.
    """
    profile = model.profile[axis.variable]
    x = place(axis.fine_points, layout)
    if isinstance(profile, LevelProfile):
        known = dict(zip(profile.levels, profile.shares, strict=False))
        return _at(x, np.array([known.get(str(value), 0.0) for value in axis.fine]))
    if not profile.density or turning_points(x) or np.ptp(x) < 2 * STEP:
        return ()
    if axis.discrete:
        return _at(x, _shares(profile, np.array(axis.fine, float)))
    return _along(profile, np.array(axis.fine, float), x)


def _shares(profile: NumericProfile, values: Floats) -> Floats:
    """Share of each of the few values of a number, by its bin; none where two of them fell into one bin."""
    edges, share = np.array(profile.edges), np.array(profile.density)
    at = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(share) - 1)
    return share[at] if len(np.unique(at)) == len(at) else np.zeros(len(at))


def _at(x: Floats, share: Floats) -> tuple[Bar, ...]:
    top = share.max(initial=0.0)
    return tuple(
        Bar(float(where) - SLIM / 2, float(where) + SLIM / 2, float(part / top))
        for where, part in zip(x, share, strict=True)
        if part > 0
    )


def _along(profile: NumericProfile, values: Floats, x: Floats) -> tuple[Bar, ...]:
    """Share of the cohort in equal steps of the line, between the values that the axis has there."""
    end = float(x.max())
    bins = np.append(np.arange(x.min(), end - STEP / 4, STEP), end)
    order = np.argsort(x, kind="stable")
    where = np.interp(bins, x[order], values[order])
    below = _share_below(profile, where)
    share = np.abs(np.diff(below))
    top = share.max(initial=0.0)
    return tuple(
        Bar(float(left), float(right), float(part / top))
        for left, right, part in zip(bins[:-1], bins[1:], share, strict=True)
        if top > 0 and part > 0
    )


def _share_below(profile: NumericProfile, values: Floats) -> Floats:
    """Share of the cohort below values, from the histogram and the quantiles that say more than it does.

    A count stands for all numbers nearer to it than to its neighbours, so that its patients are seen around it.
    """
    edges, shares = np.array(profile.edges), np.concatenate([[0.0], np.cumsum(profile.density)])
    quantiles = np.array([getattr(profile, name) for name in QUANTILES])
    # a bin that holds much of the cohort is too wide for its shape; a value at several quantiles is one many have
    bins = np.clip(np.searchsorted(edges, quantiles, side="right") - 1, 0, len(profile.density) - 1)
    tied = (quantiles[:, None] == quantiles).sum(axis=1) > 1
    telling = tied | (np.array(profile.density)[bins] > WIDE)
    known = np.concatenate([edges, quantiles[telling]])
    shares = np.concatenate([shares, np.array(list(QUANTILES.values()))[telling]])
    at = np.unique(known)
    upto = np.maximum.accumulate([shares[known == value].max() for value in at])
    half = 0.5 if is_whole(profile) else 0.0
    start = at[0] - max(half, np.ptp(edges) * 1e-9)
    return np.interp(values, [start, *(at + half)], [0.0, *upto], left=0.0)
