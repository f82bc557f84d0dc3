"""What each patient contributes to a Fine-Gray model: errors of the coefficients and of the baseline.

Influence of a patient = share in the score plus share in the estimated distribution of censoring (and of delayed
entry), as Fine and Gray (1999), section 3; the same for the baseline, after the arguments of Geskus (2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.competing.fine_gray_regression import FineGrayRegression, RiskSums, over_time, risk_sums
from prognosis.competing.observation_weights import ObservationWeights
from prognosis.competing.subdistribution import CompetingRows, Subdistribution

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FineGrayRows:
    """The rows at the estimate.

    Parameters
    ----------
    design : (n, p) centred. eta : (n,) linear predictor. sets, sums : risk sets and sums over them.
    censoring : False: the weights count as known, as in R's ``coxph`` on the rows of ``survival::finegray``.
    efron : ties of the fit.
    """

    design: Floats
    eta: Floats
    sets: Subdistribution
    sums: RiskSums
    censoring: bool
    efron: bool

    @property
    def hazard(self) -> Floats:
        """Increments of the baseline hazard, (G,)."""
        return self.sums.ties[:, 1]

    @property
    def mean_hazard(self) -> Floats:
        """Increments of risk-set mean times hazard, (G, p)."""
        ties = self.sums.ties
        return np.asarray(ties[:, 3, None] * self.sums.s1 - ties[:, 4, None] * self.sums.d1, float)


def fitted_rows(rows: CompetingRows, sets: Subdistribution, fit: FineGrayRegression, weighting: str) -> FineGrayRows:
    """Put the rows at the estimate."""
    efron = weighting == "finegray"
    design = np.ascontiguousarray(rows.design - fit.means)
    eta = design @ fit.coefficients + (0.0 if rows.offset is None else rows.offset)
    return FineGrayRows(design, eta, sets, risk_sums(design, eta, sets, efron), not efron, efron)


def score_shares(at: FineGrayRows) -> Floats:
    """Each row's share in the score, (n, p), without its case weight; the censoring term included where it counts."""
    r, ties = at.sets.risk_sets, at.sums.ties
    s1, d1 = at.sums.s1, at.sums.d1
    drift_tied = ties[:, 4, None] * s1 - ties[:, 5, None] * d1
    mean_of_ties = (ties[:, 1, None] * s1 - ties[:, 2, None] * d1) / r.death_weight[:, None]
    own = over_time(ties[:, 1:2], at.sets)[:, 0]
    shared = over_time(at.mean_hazard, at.sets)
    died = r.death >= 0
    own[died] -= ties[r.death[died], 2]
    shared[died] -= drift_tied[r.death[died]]
    share = -np.exp(at.eta)[:, None] * (at.design * own[:, None] - shared)
    share[died] += at.design[died] - mean_of_ties[r.death[died]]
    return share + _censoring_shares(at) if at.censoring else share


def _censoring_shares(at: FineGrayRows) -> Floats:
    """Share of each row in the score through the estimated weights."""
    out = np.zeros_like(at.design)
    means = at.sums.s1 / at.sums.s0[:, None]
    for c, w in enumerate(at.sets.observation):
        weighted = (at.sets.competing.at[c] * at.hazard)[:, None]
        tail0, tail1 = _tail(weighted, at, w.time), _tail(weighted * means, at, w.time)
        past = carried_risk(at, c, w.time, np.column_stack([np.ones(len(at.eta)), at.design]))
        carried = past[:, 1:] * tail0 - past[:, :1] * tail1
        begin, end = martingale_parts(carried, at, c, w)
        out += begin + end
    return out


def carried_risk(at: FineGrayRows, c: int, moments: Floats, values: Floats) -> Floats:
    """Sum values of the rows of a group with a competing event before each moment, times risk / W(own time).

    A weight W(t) / W(T) depends on the censorings T <= u < t; Fine and Gray's variance counts T < u <= t, and so does
    R's ``crr``. With tied times the two differ, in the third digit of the variance of mgus2.
    """
    k = at.sets.competing
    inside = k.group == c
    who, own = k.row[inside], k.own[inside]
    order = np.argsort(at.sets.time[who], kind="stable")
    who, own = who[order], own[order]
    added = values[who] * (at.sums.risk[who] / own)[:, None]
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(added, axis=0)])
    return np.asarray(total[np.searchsorted(at.sets.time[who], moments)], float)


def _tail(values: Floats, at: FineGrayRows, moments: Floats) -> Floats:
    """Sum values (G, k) over the event times from each moment on."""
    total = np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, values.shape[1]))])
    return np.asarray(total[np.searchsorted(at.sets.risk_sets.time, moments)], float)


def martingale_parts(carried: Floats, at: FineGrayRows, c: int, w: ObservationWeights) -> tuple[Floats, Floats]:
    """Integrate ``carried`` (U, k) against each row's martingales of censoring and, in reverse time, of entering.

    Returns
    -------
    What the row brings at its entry and what its end adds, both (n, k); zero for the rows of other groups.
    """
    begin, end = np.zeros((2, len(at.eta), carried.shape[1]))
    inside = np.flatnonzero(at.sets.group == c)
    time, gone = at.sets.time[inside], censored(at)[inside]
    leaving = carried / w.at_risk[:, None]
    left = running(leaving * w.censored[:, None])
    stop = -left[np.searchsorted(w.time, time, side="right")]
    stop[gone] += leaving[np.searchsorted(w.time, time[gone])]
    if at.sets.entry is not None:
        entry = at.sets.entry[inside]
        entering = carried / w.present[:, None]
        entered = running(entering * w.entered[:, None])
        first = np.searchsorted(w.time, entry)
        stop += entered[np.searchsorted(w.time, time)]
        begin[inside] = left[np.searchsorted(w.time, entry, side="right")] - entered[first]
        begin[inside] -= np.where(w.entered[first, None] > 0, entering[first], 0.0)
    end[inside] = stop
    return begin, end


def running(values: Floats) -> Floats:
    """Cumulative sums of (U, k) after 0, 1, ..., U rows."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])


def censored(at: FineGrayRows) -> NDArray[np.bool_]:
    """Tell which rows had no event of any cause."""
    gone = at.sets.risk_sets.death < 0
    gone[at.sets.competing.row] = False
    return np.asarray(gone, bool)
