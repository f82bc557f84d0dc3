"""Steps of the cumulative hazard at each time, their variance and how they hang on the weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prognosis.curves.counts import Counts
from prognosis.curves.jackknife import Path, influence_products
from prognosis.curves.rows import Floats, SortedRows


class Slopes(NamedTuple):
    """Of each step, (k,): its variance for counts, and its slope in the weight of a death and of a row at risk."""

    variance: Floats
    by_death: Floats
    by_risk: Floats


def nelson_aalen(counts: Counts) -> tuple[Floats, Slopes]:
    """Take steps d / Y. Source: ``survfit(ctype=1)``."""
    d, y = counts.deaths, counts.n_risk
    return d / y, Slopes(d / y**2, 1 / y, -d / y**2)


def fleming_harrington(counts: Counts) -> tuple[Floats, Slopes]:
    """Let tied events leave one after the other, each of their mean weight. Source: ``survfit(ctype=2)``."""
    owner = np.repeat(np.arange(len(counts.time)), counts.tied)
    earlier = np.arange(len(owner)) - (np.cumsum(counts.tied) - counts.tied)[owner]
    ties = counts.tied[owner]
    share = counts.deaths[owner] / ties
    left = counts.n_risk[owner] - earlier * share
    squares = share / left**2

    def summed(values: Floats) -> Floats:
        return np.asarray(np.bincount(owner, weights=values, minlength=len(counts.time)), float)

    return summed(share / left), Slopes(
        summed(squares), summed((1 / left + earlier * squares) / ties), -summed(squares)
    )


def greenwood(counts: Counts) -> Slopes:
    """Take the slopes of -log S of Kaplan-Meier; without the step to 0, after which nothing depends on a weight."""
    d, y = counts.deaths, counts.n_risk
    left = np.where(counts.last_dies, np.inf, y - d)
    return Slopes(d / (y * left), 1 / left, -d / (y * left))


def path_of(slopes: Slopes, counts: Counts, rows: SortedRows) -> Path:
    """Return the influence of every row on the summed steps."""
    return Path(slopes.by_death[counts.place] * (rows.event == 1), slopes.by_risk)


def standard_error(slopes: Slopes, counts: Counts, rows: SortedRows, robust: bool) -> Floats:
    """Return the standard error of the summed steps at each time: for counts, or by the infinitesimal jackknife."""
    if not robust:
        return np.sqrt(np.cumsum(slopes.variance))
    path = path_of(slopes, counts, rows)
    return np.sqrt(np.maximum(influence_products(counts, rows.weight, path, path), 0.0))
