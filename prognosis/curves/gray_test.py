"""Gray's test of equal cumulative incidence in groups where events compete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from cohorts.errors import Finding, FitError
from prognosis.curves.rows import Floats, Integers, SortedRows, check_power, group_rows, sort_rows


@dataclass(frozen=True)
class GrayTest:
    """Result of Gray's test of g groups for one cause.

    Parameters
    ----------
    groups : labels. cause : event code compared. score : (g - 1,) of all groups but the last, summed over strata.
    variance : (g - 1, g - 1) its covariance. chisq, df, p : the test. rho : power of the weight.
    """

    groups: tuple[Any, ...]
    cause: int
    score: Floats
    variance: Floats
    chisq: float
    df: int
    p: float
    rho: float


def gray_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    cause: int = 1,
    stratum: ArrayLike | None = None,
    rho: float = 0.0,
) -> GrayTest:
    """Test whether groups have one cumulative incidence of a cause.

    The subdistribution hazards are compared with the weight (1 - F(t-))**rho, F being the incidence of all groups
    together within the stratum. Neither case weights nor delayed entry, as in R.

    Parameters
    ----------
    time, event : (n,) follow-up, and 0 for censored, 1, 2, ... for the cause. group, stratum : (n,) labels.

    Raises
    ------
    FitError
        Q03 rho no number; Q06 fewer than two groups; Q07 no event of the cause, none at which groups could be
        compared, or a weight that is not defined since the pooled incidence passes 1 (small groups that die out).
    DataContractError
        Q01 lengths; Q02 missing labels; the codes of the outcome.

    Source: Gray (1988); R's ``cmprsk::cuminc``.
    """
    check_power(rho)
    rows = sort_rows(time, event)
    groups, strata = group_rows(rows, group, fewest=2), group_rows(rows, stratum, "stratum")
    g = len(groups.labels)
    if not (rows.event == cause).any():
        raise FitError(Finding("Q07", f"no event of cause {cause}", "name a cause that occurs", "cause"))
    parts = [_compare(_tally(rows.take(mask), groups.codes[mask], g, cause), rho) for _, mask in strata.masks()]
    score, variance = (np.sum([part[i] for part in parts], axis=0)[(slice(g - 1),) * (i + 1)] for i in range(2))
    if not np.isfinite(variance).all():
        rule = f"the weight (1 - F)**{rho:g} is not defined: the pooled incidence of cause {cause} passes 1"
        raise FitError(Finding("Q07", rule, "use rho=0", "rho"))
    if np.linalg.matrix_rank(variance) < g - 1:
        rule = f"a group is never at risk together with others at an event of cause {cause}"
        raise FitError(Finding("Q07", rule, "merge groups, or leave the group out", "group"))
    chisq = float(score @ np.linalg.solve(variance, score))
    return GrayTest(groups.labels, cause, score, variance, chisq, g - 1, float(chdtrc(g - 1, chisq)), float(rho))


@dataclass(frozen=True)
class _Tally:
    """Of each time with an event and each group, (k, g): at risk, events of the cause and of others."""

    y: Floats
    own: Floats
    other: Floats


def _tally(rows: SortedRows, codes: Integers, g: int, cause: int) -> _Tally:
    place = np.cumsum(np.concatenate([[True], rows.time[1:] != rows.time[:-1]])) - 1

    def by_time(chosen: Any) -> Floats:
        table = np.bincount(place[chosen] * g + codes[chosen], minlength=(place[-1] + 1) * g)
        return table.reshape(-1, g).astype(float)

    y = np.cumsum(by_time(slice(None))[::-1], axis=0)[::-1]
    own, ended = by_time(rows.event == cause), by_time(rows.event > 0)
    happens = ended.any(axis=1)
    return _Tally(y[happens], own[happens], (ended - own)[happens])


def _compare(tally: _Tally, rho: float) -> tuple[Floats, Floats]:
    """Score (g,) and covariance (g, g) within one stratum, in the notation of Gray (1988), section 2."""
    y, own, other = tally.y, tally.own, tally.other
    d = own.sum(axis=1)[:, None]
    exposed = y > 0
    safe = np.where(exposed, y, 1.0)
    after = np.cumprod(np.where(exposed, 1 - (own + other) / safe, 1.0), axis=0)
    before = np.vstack([np.ones(y.shape[1]), after[:-1]])
    # A group that is at risk has not died out, so that S(t-) is not 0 there.
    free = np.where(exposed, before, 1.0)
    incidence = np.cumsum(free * own / safe, axis=0)
    risk = y / free
    total = risk.sum(axis=1, keepdims=True)
    pooled = np.cumsum(d / total, axis=0)
    pooled_before = np.vstack([[0.0], pooled[:-1]])
    # Where a group has died out the pooled incidence may pass 1; the caller refuses what comes of it.
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = (1 - pooled_before) ** rho
    still = risk * (1 - np.vstack([np.zeros(y.shape[1]), incidence[:-1]]))
    score = (weight * (own - d * still / still.sum(axis=1, keepdims=True))).sum(axis=0)

    spread = risk[:, :, None] * np.eye(y.shape[1]) - risk[:, :, None] * risk[:, None, :] / total[:, :, None]
    spread = weight[:, :, None] * spread
    drift = np.cumsum(spread * (d / (total * (1 - pooled_before)))[:, :, None], axis=0)
    rest = drift[-1] - drift
    lasting = np.divide(1 - pooled, after, out=np.ones_like(after), where=after > 0)
    slope = np.where(after > 0, 1 - lasting, 1.0)
    of_own = np.where(exposed, _correct_ties(d, total * free) * free * d / (total * safe), 0.0)
    of_other = np.where(after > 0, _correct_ties(other, safe) * (free / safe) ** 2 * other * lasting**2, 0.0)
    one = spread + slope[:, None, :] * rest
    variance = np.einsum("tik,tk,tjk->ij", one, of_own, one, optimize=True)
    return score, variance + np.einsum("tik,tk,tjk->ij", rest, of_other, rest, optimize=True)


def _correct_ties(d: Floats, y: Floats) -> Floats:
    return np.where(d > 1, 1 - (d - 1) / np.where(d > 1, y - 1, 1.0), 1.0)
