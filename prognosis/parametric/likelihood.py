"""Log-likelihood of log times of location-scale form: exact, right censored, between two visits, left truncated.

Written in the rates ``gamma = beta / scale`` and ``tau = 1 / scale``, in which w = tau log t - x gamma is linear, so
that without truncation the log-likelihood is concave and Newton finds its one maximum.
Source: Burridge (1981), Journal of the Royal Statistical Society B 43, 41-45.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.outcome import SurvivalArrays
from prognosis.parametric.distributions import Distribution

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Stands for the log of time 0: density and hazard are zero there to the last bit, yet 0 times it is a number.
LOG_ZERO = -1e8


@dataclass(frozen=True)
class LogTimes:
    """What is known of n log times, (n,) each.

    Parameters
    ----------
    last : log of the event time, of the visit that found the event, or of the time of censoring.
    first : log of the last time free of the event; read where `between`.
    exact, between : event observed, event known to lie in (first, last]; all others are right censored at `last`.
    entry : log of delayed entry, None without.
    """

    last: Floats
    first: Floats
    exact: Mask
    between: Mask
    entry: Floats | None

    def shifted(self, by: Floats | float) -> LogTimes:
        """Return log times less an offset or a centre."""
        entry = None if self.entry is None else self.entry - by
        return replace(self, last=self.last - by, first=self.first - by, entry=entry)


def log_times(outcome: SurvivalArrays) -> LogTimes:
    """Read an outcome on the log scale.

    An event whose `last_free` is missing or equal to its time is exact; censored rows ignore `last_free`.

    Raises
    ------
    DataContractError
        N30 an event at time 0, whose log does not exist; T35 `last_free` after the time that found the event,
        T36 negative or infinite, T38 before the entry.
    """
    time, happened = outcome.time, outcome.event == 1
    first = time if outcome.last_free is None else outcome.last_free
    known = happened & ~np.isnan(first)
    raise_findings(_faults(outcome, first, known), DataContractError)
    between = known & (first < time)
    raise_findings(_at_zero(time, happened), DataContractError)
    entry = None if outcome.entry is None else _log(outcome.entry)
    return LogTimes(_log(time), _log(np.where(between, first, time)), happened & ~between, between, entry)


def _log(time: Floats) -> Floats:
    positive = time > 0
    return np.where(positive, np.log(np.where(positive, time, 1.0)), LOG_ZERO)


def _at_zero(time: Floats, happened: Mask) -> list[Finding]:
    zero = happened & (time <= 0)
    if not zero.any():
        return []
    rule = f"{int(zero.sum())} events at time 0, where every parametric model gives none"
    return [Finding("N30", rule, "declare zero_time: 'drop', or a small positive time", rows=_places(zero))]


def _faults(outcome: SurvivalArrays, first: Floats, known: Mask) -> list[Finding]:
    finite = known & np.isfinite(first)
    faults = [
        ("T35", "last_free lies after the time that found the event", finite & (first > outcome.time)),
        ("T36", "last_free is negative or infinite", known & ((first < 0) | np.isinf(first))),
    ]
    if outcome.entry is not None:
        faults.append(("T38", "last_free lies before the entry", finite & (first >= 0) & (first < outcome.entry)))
    return [Finding(code, rule, "correct the outcome", rows=_places(rows)) for code, rule, rows in faults if rows.any()]


def _places(rows: Mask) -> tuple[str, ...]:
    return tuple(map(str, np.flatnonzero(rows)))


@dataclass(frozen=True)
class Pieces:
    """Each row's log-likelihood and its derivatives in x gamma and tau, (n,) each; the Jacobian -log t is left out."""

    value: Floats
    by_eta: Floats
    by_tau: Floats
    eta_eta: Floats
    eta_tau: Floats
    tau_tau: Floats


def pieces(times: LogTimes, eta: Floats, tau: np.float64, distribution: Distribution) -> Pieces:
    """Evaluate the log-likelihood of each row at ``eta = x gamma``."""
    out = np.zeros((6, len(eta)))
    censored = ~(times.exact | times.between)
    for rows, part in ((times.exact, _exact), (censored, _survivor), (times.between, _between)):
        if rows.any():
            out[:, rows] = part(times, rows, eta[rows], tau, distribution)
    if times.entry is not None:
        w = tau * times.entry - eta
        out -= _along(times.entry, *_survival(w, distribution))
    return Pieces(*out)


def _along(y: Floats, value: Floats, first: Floats, second: Floats) -> Floats:
    """Differentiate a function of w = tau y - eta by the chain rule, (6, n)."""
    return np.array([value, -first, y * first, second, -y * second, y**2 * second])


def _survival(w: Floats, distribution: Distribution) -> tuple[Floats, Floats, Floats]:
    return distribution.log_survival(w), -distribution.hazard(w), -distribution.hazard_slope(w)


def _exact(times: LogTimes, rows: Mask, eta: Floats, tau: np.float64, distribution: Distribution) -> Floats:
    y = times.last[rows]
    w = tau * y - eta
    out = _along(y, distribution.log_density(w), distribution.slope(w), distribution.curvature(w))
    out[0] += np.log(tau)
    out[2] += 1 / tau
    out[5] -= 1 / tau**2
    return out


def _survivor(times: LogTimes, rows: Mask, eta: Floats, tau: np.float64, distribution: Distribution) -> Floats:
    y = times.last[rows]
    return _along(y, *_survival(tau * y - eta, distribution))


def _between(times: LogTimes, rows: Mask, eta: Floats, tau: np.float64, distribution: Distribution) -> Floats:
    """log(S(a) - S(b)): every derivative is a difference of what b and a give, over the probability."""
    ya, yb = times.first[rows], times.last[rows]
    a, b = tau * ya - eta, tau * yb - eta
    value = distribution.log_between(a, b)
    fa, fb = (np.exp(distribution.log_density(w) - value) for w in (a, b))
    first, first_y = fb - fa, yb * fb - ya * fa
    ga, gb = fa * distribution.slope(a), fb * distribution.slope(b)
    return np.array(
        [
            value,
            -first,
            first_y,
            gb - ga - first**2,
            -(yb * gb - ya * ga) + first * first_y,
            yb**2 * gb - ya**2 * ga - first_y**2,
        ]
    )
