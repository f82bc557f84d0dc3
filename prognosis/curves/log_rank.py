"""Log-rank test of equal survival in groups, with the G-rho family of weights and strata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from cohorts.errors import DataContractError, Finding, FitError
from prognosis.curves.counts import count
from prognosis.curves.rows import Floats, Integers, SortedRows, check_power, group_rows, sort_rows


@dataclass(frozen=True)
class LogRankTest:
    """Result of a log-rank test of g groups in s strata.

    Parameters
    ----------
    groups : labels. n : (g,) rows. observed, expected : (g, s) weighted events in each stratum.
    variance : (g, g) covariance of observed minus expected. chisq, df, p : the test. rho : power of the weight.
    """

    groups: tuple[Any, ...]
    n: Integers
    observed: Floats
    expected: Floats
    variance: Floats
    chisq: float
    df: int
    p: float
    rho: float


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    rho: float = 0.0,
) -> LogRankTest:
    """Test whether groups have one survival curve.

    Events at t count S(t-)**rho, S being Kaplan-Meier's curve of all groups together within the stratum: rho = 0 is
    the log-rank test, rho = 1 Peto and Peto's Wilcoxon. There are no case weights, as in R.

    Parameters
    ----------
    time, event : (n,) follow-up, and 1 for the event, 0 for censored. group, stratum : (n,) labels.
    entry : (n,) delayed entry; R's ``survdiff`` refuses it, the risk sets are the same as of a Cox model.

    Raises
    ------
    FitError
        Q03 rho no number; Q06 fewer than two groups; Q07 no event at which the groups could be compared.
    DataContractError
        Q01 lengths; Q02 missing labels; Q07 event codes above 1; the codes of the outcome.

    Source: Harrington and Fleming (1982); R's ``survdiff``.
    """
    check_power(rho)
    rows = sort_rows(time, event, entry=entry)
    if (rows.event > 1).any():
        rule = "event codes above 1: events compete"
        raise DataContractError(Finding("Q07", rule, "use gray_test, or code them as censored", "event"))
    groups, strata = group_rows(rows, group, fewest=2), group_rows(rows, stratum, "stratum")
    g = len(groups.labels)
    parts = [_compare(rows.take(mask), groups.codes[mask], g, rho) for _, mask in strata.masks()]
    observed, expected = (np.column_stack([part[i] for part in parts]) for i in range(2))
    variance = np.sum([part[2] for part in parts], axis=0)
    chisq, df = _chi_square(observed.sum(axis=1) - expected.sum(axis=1), expected.sum(axis=1) > 0, variance)
    return LogRankTest(
        groups=groups.labels,
        n=np.bincount(groups.codes, minlength=g),
        observed=observed,
        expected=expected,
        variance=variance,
        chisq=chisq,
        df=df,
        p=float(chdtrc(df, chisq)),
        rho=float(rho),
    )


def _compare(rows: SortedRows, codes: Integers, g: int, rho: float) -> tuple[Floats, Floats, Floats]:
    """Observed, expected (g,) and variance (g, g) within one stratum."""
    counts = count(rows)
    happens = counts.tied > 0
    when = counts.time[happens]
    d, y = counts.deaths[happens], counts.n_risk[happens]
    before = np.concatenate([[1.0], counts.survival[:-1]])[happens]
    worth = before**rho
    died = np.zeros((g, len(when)))
    own = rows.event == 1
    np.add.at(died, (codes[own], np.searchsorted(when, rows.time[own])), 1.0)
    share = np.stack([_at_risk(rows, codes == code, when) for code in range(g)]) / y
    spread = worth**2 * d * np.where(y > 1, (y - d) / np.maximum(y - 1, 1), 0.0)
    variance = np.diag(share @ spread) - (share * spread) @ share.T
    return died @ worth, share @ (d * worth), variance


def _at_risk(rows: SortedRows, mine: Any, when: Floats) -> Floats:
    """Rows of a group at risk just before each event time."""
    left = np.searchsorted(rows.time[mine], when, side="left")
    if rows.entry is None:
        return np.asarray(mine.sum() - left, float)
    return np.asarray(np.searchsorted(np.sort(rows.entry[mine]), when, side="left") - left, float)


def _chi_square(difference: Floats, exposed: Any, variance: Floats) -> tuple[float, int]:
    """Test on the groups that were ever at risk of an event, one of them left out."""
    used = np.flatnonzero(exposed)[1:]
    part, spread = difference[used], variance[np.ix_(used, used)]
    if not len(used) or np.linalg.matrix_rank(spread) < len(used):
        rule = "groups that are never at risk together at an event cannot be compared"
        raise FitError(Finding("Q07", rule, "merge groups, or compare other ones", "group"))
    return float(part @ np.linalg.solve(spread, part)), len(used)
