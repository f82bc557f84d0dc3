"""Confidence limits of a probability on the scales of R's survfit."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from cohorts.errors import Finding, FitError
from prognosis.curves.rows import Floats, check_choice
from prognosis.normal import z_of_level

Interval = Literal["log", "log-log", "plain", "logit", "arcsin"]


def limits_of(probability: Floats, std_err: Floats, interval: Interval, level: float) -> tuple[Floats, Floats]:
    """Return lower and upper limits of probabilities from their standard errors, any shape.

    Not a number where the scale has no limits, as in R: at 0 on all scales but ``plain``, and at 1 on ``log-log``,
    ``logit`` and ``arcsin``. Source: ``survival::survfit`` (conf.type).

    Raises
    ------
    FitError
        Q03 for an unknown scale; Q04 for a level outside (0, 1).
    """
    check_choice("interval", interval, get_args(Interval))
    if not 0 < level < 1:
        raise FitError(Finding("Q04", f"level={level} is no confidence level", "a number between 0 and 1", "level"))
    p, z = probability, z_of_level(level)
    # Where the scale is infinite the answer is "not a number", which the caller is promised.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if interval == "plain":
            return np.maximum(p - z * std_err, 0.0), np.minimum(p + z * std_err, 1.0)
        inside = np.where(p > 0, p, np.nan)
        width = z * np.where(std_err == 0, 0.0, std_err / inside)
        if interval == "log":
            return inside * np.exp(-width), np.minimum(inside * np.exp(width), 1.0)
        if interval == "log-log":
            inside = np.where(p == 1, np.nan, inside)
            width = width / np.log(inside)
            return inside ** np.exp(-width), inside ** np.exp(width)
        if interval == "logit":
            odds, width = inside / (1 - inside), width * (1 + inside / (1 - inside))
            return 1 - 1 / (1 + odds * np.exp(-width)), 1 - 1 / (1 + odds * np.exp(width))
        angle, width = np.arcsin(np.sqrt(inside)), 0.5 * width * np.sqrt(inside / (1 - inside))
        return np.sin(np.maximum(0, angle - width)) ** 2, np.sin(np.minimum(np.pi / 2, angle + width)) ** 2
