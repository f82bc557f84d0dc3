"""Values of the cohort beyond the ends of an axis: their points are written in the caption, and read from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nomograms.points import Axis, Group, Points, contribution
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Written = tuple[tuple[float, float], ...]

# Points by which a straight line from the end of the axis to the extreme may miss; else values between are written.
STRAIGHT = 0.5
BETWEEN = 3


def tails_of(model: FittedModel, scale: Points, group: Group, axis: Axis) -> tuple[Written, Written]:
    """Return values below and above an axis with their points, ascending; in between a reader takes proportions.

    The extremes of the cohort, and where points do not go straight there, three values on the way.
    """
    profile = model.profile[axis.variable]
    if axis.discrete or isinstance(profile, LevelProfile):
        return (), ()
    ends, found = (float(axis.fine[0]), float(axis.fine[-1])), list[Written]()
    for end, extreme, beyond in (
        (ends[0], profile.minimum, profile.minimum < ends[0]),
        (ends[1], profile.maximum, profile.maximum > ends[1]),
    ):
        if not beyond:
            found.append(())
            continue
        # places in the middle, rounded as the extreme is
        values = np.linspace(end, extreme, BETWEEN + 2)
        held = {axis.variable: list(values)} | {name: [level] * len(values) for name, level in axis.setting}
        points = (contribution(model, group.variables, held) - group.minimum) * scale.per_unit
        straight = np.abs(points - np.linspace(points[0], points[-1], len(points))).max() <= STRAIGHT
        kept = slice(len(values) - 1, None) if straight else slice(1, None)
        found.append(tuple(sorted((float(v), float(p)) for v, p in zip(values[kept], points[kept], strict=True))))
    return found[0], found[1]
