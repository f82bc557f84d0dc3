"""Baseline of a Fine-Gray model: the cumulative subdistribution hazard with what its standard errors need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.competing.fine_gray_variance import FineGrayRows, carried_risk, martingale_parts, running
from prognosis.competing.observation_weights import ObservationWeights
from prognosis.cox.baseline import Baseline
from prognosis.kernels.subdistribution import state_covariance

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def fine_gray_baseline(
    at: FineGrayRows, covariance: Floats, influence: Floats, multiplier: Floats, cluster: Integers | None = None
) -> Baseline:
    """Estimate the cumulative subdistribution hazard at the training means.

    Parameters
    ----------
    covariance : (p, p) of the coefficients. influence : (n, p) of each row on them, times `multiplier`.
    multiplier : (n,) how often a row counts. cluster : (n,) cluster 0, 1, ... or None.

    Notes
    -----
    With weights that count as known (`at.censoring` False) the variance is that of R's ``survfit(coxph)``. Else it is
    the sum of squared influences, as that of the coefficients: `Baseline.variance` holds what the coefficients leave
    unexplained, `Baseline.mean_hazard` minus the regression of the hazard on the coefficients.
    """
    means = np.cumsum(at.mean_hazard, axis=0)
    if at.censoring:
        own, crossed = _hazard_variance(at, influence, multiplier, cluster)
        explained = np.linalg.solve(covariance, crossed.T).T
        means = means - explained
        variance = np.maximum(own - (crossed * explained).sum(axis=1), 0.0)
    else:
        variance = np.cumsum(at.sums.ties[:, 3])
    return Baseline(
        time=at.sets.risk_sets.time,
        edges=np.array([0, len(variance)], np.int64),
        cumulative_hazard=np.cumsum(at.hazard),
        variance=variance,
        mean_hazard=means,
        end=np.array([at.sets.time.max()]),
    )


def _hazard_variance(
    at: FineGrayRows, influence: Floats, multiplier: Floats, cluster: Integers | None
) -> tuple[Floats, Floats]:
    """Variance of the hazard for known coefficients, (G,), and its covariance with the coefficients, (G, p).

    What a row has added to the hazard by time t is linear in a few curves of t, with factors that change only when the
    row enters and when it leaves: 1, sum dL/S0, and for each censoring group sum W dL/S0 and its product with the
    censoring martingale.
    """
    r = at.sets.risk_sets
    step = at.hazard / at.sums.s0
    past = np.concatenate([[0.0], np.cumsum(step)])
    risk = np.exp(at.eta)
    enter, leave = np.zeros((2, len(risk), 2 + 2 * len(at.sets.observation)))
    enter[:, 0], enter[:, 1] = risk * past[r.first], -risk
    leave[:, 0], leave[:, 1] = -risk * past[r.last], risk
    died = r.death >= 0
    leave[died, 0] += 1 / at.sums.s0[r.death[died]]
    curves = [np.ones(len(step)), past[1:]]
    for c, w in enumerate(at.sets.observation):
        weighted = np.concatenate([[0.0], np.cumsum(at.sets.competing.at[c] * step)])
        curves += [weighted[1:], _add_group(at, c, w, weighted, enter, leave)]
    who = np.arange(len(risk)) if cluster is None else cluster
    # Who enters or leaves at an event time has done so when the curve is read there.
    enters = r.first if at.sets.entry is None else _from(r.time, r.first, at.sets.entry)
    when = np.concatenate([enters, _from(r.time, r.last, at.sets.time)])
    order = np.argsort(when, kind="stable")
    changes = np.concatenate([enter, leave]) * np.tile(multiplier, 2)[:, None]
    path = (np.tile(np.arange(len(risk)), 2)[order], when[order], np.ascontiguousarray(changes[order]))
    basis = np.ascontiguousarray(np.column_stack(curves))
    own, crossed = state_covariance(path, basis, who, np.ascontiguousarray(influence), int(who.max()) + 1)
    return np.asarray(own, float), np.asarray(crossed, float)


def _from(times: Floats, after: Integers, own: Floats) -> Integers:
    """Index of the first event time at or after the own time, from that of the first after it."""
    before = np.maximum(after - 1, 0)
    return np.where((after > 0) & (times[before] == own), before, after).astype(np.int64)


def _add_group(
    at: FineGrayRows, c: int, w: ObservationWeights, weighted: Floats, enter: Floats, leave: Floats
) -> Floats:
    """Add the rows of a censoring group after a competing event, and the share of all in its weights."""
    k, column = at.sets.competing, 2 + 2 * c
    mine = k.group == c
    share = np.exp(at.eta)[k.row[mine]] / k.own[mine]
    leave[k.row[mine], 0] += share * weighted[k.start[mine]]
    leave[k.row[mine], column] -= share
    carried = carried_risk(at, c, w.time, np.ones((len(at.eta), 1)))
    times = at.sets.risk_sets.time
    carried = np.column_stack([carried, carried * weighted[np.searchsorted(times, w.time), None]])
    begin, end = martingale_parts(carried, at, c, w)
    for state, part in ((enter, begin), (leave, end)):
        state[:, column] += part[:, 0]
        state[:, 0] -= part[:, 1]
    inside = at.sets.group == c
    enter[inside, column + 1], leave[inside, column + 1] = -1.0, 1.0
    hazards = w.censored / w.at_risk - w.entered / w.present
    until = running(carried * hazards[:, None])[np.searchsorted(w.time, times, side="right")]
    return np.asarray(weighted[1:] * until[:, 0] - until[:, 1], float)
