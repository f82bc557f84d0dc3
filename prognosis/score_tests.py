"""Score tests of many predictors, each alone: no model is fitted, so a thousand of them cost one pass over the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, expit

from prognosis.logistic.likelihood import Likelihood, maximise, standardise
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Information below this share of what a column could have is rounding: the column says nothing in these rows.
EMPTY = 1e-10
# Numbers held at once in a block of columns.
BLOCK = 4_000_000


class ScoreTests(NamedTuple):
    """Rao's statistic of each predictor, degrees of freedom and p-value, (k,) each; 0, 0 and 1 of a constant one."""

    statistic: Floats
    df: Integers
    p: Floats


class _Pairs(NamedTuple):
    """Columns whose products are needed: each with itself and with the others of its predictor."""

    left: Integers
    right: Integers
    owner: Integers


def cox_score_tests(
    design: Floats, owner: Integers, sets: RiskSets, offset: Floats | None = None, *, efron: bool = True
) -> ScoreTests:
    """Test each predictor by the partial likelihood at zero; the log-rank test of two groups without ties.

    Parameters
    ----------
    design : (n, p) columns. owner : (p,) ascending: the predictor, 0 to k - 1, that each column is of.
    sets : risk sets with case weights and strata. offset : (n,).

    Notes
    -----
    Equal to the score test of R's ``coxph`` on the columns of one predictor. O(n p), but for the columns of one
    predictor among themselves. Source: Cox (1972); Efron (1977) for ties.
    """
    eta = np.zeros(len(design)) if offset is None else offset - offset.max()
    hazard = sets.weight * np.exp(eta)
    parts = [_cox_parts(block, pairs, sets, hazard, efron) for block, pairs in _blocks(design, owner)]
    return _tests(owner, parts)


def logistic_score_tests(
    design: Floats, owner: Integers, event: NDArray[np.bool_], weight: Floats, offset: Floats | None = None
) -> ScoreTests:
    """Test each predictor by the logistic likelihood with an intercept alone; Pearson's chi-square of a 2 x 2 table.

    Parameters
    ----------
    design : (n, p) columns. owner : see `cox_score_tests`. event, weight, offset : (n,).

    Raises
    ------
    FitError
        C31 all rows have the event, or none has.
    """
    rows = standardise(np.empty((len(event), 0)), event, (), weight, offset)
    null = maximise(Likelihood(rows), rows.start()).beta
    residual, chance = weight * rows.residuals(null), expit(rows.log_odds(null))
    variance = weight * chance * (1 - chance)
    parts = []
    for block, (left, right, mine) in _blocks(design, owner):
        mean = variance @ block / variance.sum()
        centred = block - mean
        # the residuals sum to zero, so that any centre will do for the score
        parts.append((residual @ centred, variance @ (centred[:, left] * centred[:, right]), _Pairs(left, right, mine)))
    return _tests(owner, parts)


def _blocks(design: Floats, owner: Integers) -> Iterator[tuple[Floats, _Pairs]]:
    """Yield standardised columns of some whole predictors with the pairs among them."""
    most = max(1, BLOCK // max(1, len(design)))
    cuts = np.flatnonzero(np.diff(owner, prepend=-1)).tolist()
    starts = [0]
    for begin, end in zip(cuts, [*cuts[1:], len(owner)], strict=True):
        if end - starts[-1] > most and begin > starts[-1]:
            starts.append(begin)
    for begin, end in zip(starts, [*starts[1:], len(owner)], strict=True):
        yield _standardised(design[:, begin:end]), _pairs(owner[begin:end])


def _standardised(columns: Floats) -> Floats:
    spread = columns.std(axis=0)
    varies = np.ptp(columns, axis=0) > 0
    return np.asarray(np.where(varies, (columns - columns.mean(axis=0)) / np.where(varies, spread, 1.0), 0.0))


def _pairs(owner: Integers) -> _Pairs:
    cuts = np.flatnonzero(np.diff(owner, prepend=-1))
    groups = np.split(np.arange(len(owner)), cuts[1:])
    places = np.array([pair for group in groups for pair in combinations_with_replacement(group, 2)]).reshape(-1, 2)
    return _Pairs(places[:, 0], places[:, 1], owner[places[:, 0]])


def _cox_parts(
    columns: Floats, pairs: _Pairs, sets: RiskSets, hazard: Floats, efron: bool
) -> tuple[Floats, Floats, _Pairs]:
    """Score of each column and information of each pair at zero."""
    p = columns.shape[1]
    products = columns[:, pairs.left] * columns[:, pairs.right]
    moments = np.column_stack([np.ones(len(columns)), columns, products]) * hazard[:, None]
    at_risk = _sums_at_risk(moments, sets)
    died = np.flatnonzero(sets.death >= 0)
    # each of d tied deaths has a risk set of its own, from which Efron takes a share of the tied ones
    step = np.repeat(np.arange(len(sets.time)), sets.events)
    first = np.cumsum(sets.events) - sets.events
    if efron:
        order = died[np.argsort(sets.death[died], kind="stable")]
        tied = np.add.reduceat(moments[order], first, axis=0)
        share = (np.arange(len(step)) - first[step]) / sets.events[step]
        sums = at_risk[step] - share[:, None] * tied[step]
    else:
        sums = at_risk[step]
    weight = (sets.death_weight / sets.events)[step]
    mean = sums[:, 1 : p + 1] / sums[:, :1]
    score = sets.weight[died] @ columns[died] - weight @ mean
    spread = sums[:, p + 1 :] / sums[:, :1] - mean[:, pairs.left] * mean[:, pairs.right]
    return score, weight @ spread, pairs


def _sums_at_risk(moments: Floats, sets: RiskSets) -> Floats:
    """Sum rows over the risk set of each event time, (G, m), stratum by stratum."""
    ever = sets.first < sets.last
    starts = np.flatnonzero(sets.opens)
    stratum = np.searchsorted(starts, sets.first, side="right") - 1
    out = np.empty((len(sets.time), moments.shape[1]))
    for number, (begin, end) in enumerate(zip(starts, [*starts[1:], len(sets.time)], strict=True)):
        rows = np.flatnonzero(ever & (stratum == number))
        times = np.arange(begin, end)
        out[begin:end] = _beyond(moments[rows], sets.last[rows], times)
        if (sets.first[rows] > begin).any():
            out[begin:end] -= _beyond(moments[rows], sets.first[rows], times)
    return out


def _beyond(moments: Floats, place: Integers, times: Integers) -> Floats:
    """Sum the rows whose place lies after each time, (g, m)."""
    order = np.argsort(-place, kind="stable")
    summed = np.vstack([np.zeros(moments.shape[1]), np.cumsum(moments[order], axis=0)])
    return np.asarray(summed[np.searchsorted(-place[order], -times, side="left")])


def _tests(owner: Integers, parts: Sequence[tuple[Floats, Floats, _Pairs]]) -> ScoreTests:
    k = int(owner.max(initial=-1)) + 1
    statistic, df = np.zeros(k), np.zeros(k, np.int64)
    for score, information, pairs in parts:
        own = pairs.left == pairs.right
        full = _information_scale(information[own])
        alone = np.bincount(pairs.owner, minlength=k)[pairs.owner] == 1
        told = alone & (information > EMPTY * full)
        mine = pairs.owner[told]
        statistic[mine] = score[pairs.left[told]] ** 2 / information[told]
        df[mine] = 1
        for predictor in np.unique(pairs.owner[~alone]):
            of = pairs.owner == predictor
            statistic[predictor], df[predictor] = _joint(score, information[of], pairs.left[of], pairs.right[of], full)
    return ScoreTests(statistic, df, np.where(df > 0, chdtrc(np.maximum(df, 1), statistic), 1.0))


def _information_scale(diagonal: Floats) -> float:
    """Largest information of a standardised column: what all are measured against."""
    return float(diagonal.max(initial=0.0)) or 1.0


def _joint(score: Floats, information: Floats, left: Integers, right: Integers, full: float) -> tuple[float, int]:
    """Test several columns together, in the directions that have any information."""
    columns, first = np.unique(left), int(left.min())
    matrix = np.zeros((len(columns), len(columns)))
    matrix[left - first, right - first] = information
    matrix[right - first, left - first] = information
    values, axes = np.linalg.eigh(matrix)
    kept = values > EMPTY * full
    along = axes[:, kept].T @ score[columns]
    return float((along**2 / values[kept]).sum()), int(kept.sum())
