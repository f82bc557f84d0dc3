"""Heads for a time to event: Cox's partial likelihood, and hazards of intervals; both give risks by a horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, FitError
from imaging_head.head import Tensor, censored_targets

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoxHead:
    """A linear predictor by Cox's partial likelihood with Efron's ties.

    Notes
    -----
    In training each batch is a cohort of its own: its risk sets hold the batch's films only, so batches need events.
    The loss is divided by the number of events; a batch without an event has loss 0.
    """

    @property
    def outputs(self) -> int:
        """One output, the linear predictor."""
        return 1

    def targets(self, event: ArrayLike, time: ArrayLike | None = None) -> Tensor:
        """Return times and events; see `head.censored_targets`."""
        return censored_targets(event, time, "Cox")

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log partial likelihood by event."""
        sums = _risk_sums(outputs.reshape(-1), targets)
        events = max(1, len(sums.eta))
        return (sums.log_sum - sums.eta).sum() / events

    def corrected(self, outputs: Tensor) -> Tensor:
        """Return the outputs: nothing is weighted."""
        return outputs

    def likelihood(self, corrected: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log partial likelihood by event."""
        return self.loss(corrected, targets)

    def baseline(self, corrected: Tensor, targets: Tensor) -> Baseline:
        """Return the cumulative hazard at linear predictor 0, by Efron's increments, from films with known outcome."""
        sums = _risk_sums(corrected.detach().double().cpu().reshape(-1), targets.cpu())
        times, place = np.unique(sums.time.numpy(), return_inverse=True)
        steps = np.bincount(place, weights=np.exp(-sums.log_sum.numpy()), minlength=len(times))
        return Baseline(times, np.cumsum(steps), float(targets[:, 0].max()))


@dataclass(frozen=True, eq=False)
class Baseline:
    """Cumulative baseline hazard, a step function.

    Parameters
    ----------
    times : (k,) distinct event times. hazard : (k,) cumulative, from each time on. end : last time observed.
    """

    times: Floats
    hazard: Floats
    end: float

    def risk(self, corrected: Tensor, horizons: Sequence[float]) -> Floats:
        """Return the probability of the event by each horizon, (films, horizons); not a number beyond follow-up."""
        predictor = corrected.detach().double().reshape(-1, 1).cpu().numpy()
        at = np.searchsorted(self.times, np.asarray(horizons, float), side="right")
        cumulative = np.where(np.asarray(horizons) <= self.end, np.r_[0.0, self.hazard][at], np.nan)
        risk: Floats = -np.expm1(-cumulative * np.exp(predictor))
        return risk


@dataclass(frozen=True)
class DiscreteTimeHead:
    """Hazards of consecutive intervals, each a logistic output (Gensheimer and Narasimhan 2019, PeerJ 7:e6257).

    Parameters
    ----------
    breaks : 0 and the ends of the intervals, rising; see `interval_breaks`.

    Notes
    -----
    A film with an event survived all intervals before that of its time and died in it; a censored one survived every
    interval of which it lived at least half. What lies beyond the last break counts as survival of all intervals.
    """

    breaks: tuple[float, ...]

    def __post_init__(self) -> None:
        steps = np.diff(self.breaks)
        if len(steps) < 1 or self.breaks[0] != 0 or not (steps > 0).all() or not np.isfinite(self.breaks).all():
            rule = f"breaks {self.breaks}: 0 first, then rising ends of intervals"
            raise FitError(Finding("I35", rule, "make them by interval_breaks"))

    @property
    def outputs(self) -> int:
        """One output an interval."""
        return len(self.breaks) - 1

    def targets(self, event: ArrayLike, time: ArrayLike | None = None) -> Tensor:
        """Return times and events; see `head.censored_targets`."""
        return censored_targets(event, time, "discrete-time")

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean negative log-likelihood by film."""
        survived, died = self._intervals(targets, outputs)
        # log h = logsigmoid(x), log(1 - h) = logsigmoid(-x)
        alive = survived * torch.nn.functional.logsigmoid(-outputs)
        return -(alive + died * torch.nn.functional.logsigmoid(outputs)).sum() / len(outputs)

    def corrected(self, outputs: Tensor) -> Tensor:
        """Return the outputs: nothing is weighted."""
        return outputs

    def likelihood(self, corrected: Tensor, targets: Tensor) -> Tensor:
        """Return the mean negative log-likelihood by film."""
        return self.loss(corrected, targets)

    def risk(self, corrected: Tensor, horizons: Sequence[float]) -> Floats:
        """Return the probability of the event by each horizon, (films, horizons); not a number beyond the last break.

        Within an interval the hazard is constant: choose the horizons among the breaks and nothing is interpolated.
        """
        log_alive = torch.nn.functional.logsigmoid(-corrected.detach().double()).cpu().numpy()
        cumulative = np.concatenate([np.zeros((len(log_alive), 1)), -np.cumsum(log_alive, axis=1)], axis=1)
        at = [np.interp(horizons, self.breaks, row, right=np.nan) for row in cumulative]
        risk: Floats = -np.expm1(-np.array(at).reshape(len(log_alive), len(horizons)))
        return risk

    def _intervals(self, targets: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return which intervals each film survived and in which it died, (films, intervals) of 0 and 1."""
        time, event = targets[:, :1], targets[:, 1:] == 1
        breaks = torch.tensor(self.breaks, dtype=targets.dtype)
        start, end = breaks[:-1], breaks[1:]
        inside = (time > start) & (time <= end)
        half = time >= (start + end) / 2
        survived = torch.where(event, time > end, half)
        return survived.to(outputs), (inside & event).to(outputs)


def interval_breaks(
    event: ArrayLike, time: ArrayLike, intervals: int = 10, horizons: Sequence[float] = ()
) -> tuple[float, ...]:
    """Return breaks at quantiles of the event times of training films, with the horizons among them.

    Raises
    ------
    FitError
        I35 fewer events than intervals, or a horizon outside the follow-up.
    """
    times, codes = np.asarray(time, float), np.asarray(event)
    events = np.sort(times[codes == 1])
    if not 1 <= intervals <= len(events):
        rule = f"{intervals} intervals for {len(events)} events"
        raise FitError(Finding("I35", rule, "at least one interval, and an event for each"))
    beyond = [float(h) for h in horizons if not 0 < h <= times.max()]
    if beyond:
        rule = f"horizons {beyond} outside the follow-up, which ends at {times.max():g}"
        raise FitError(Finding("I35", rule, "choose horizons within the follow-up"))
    inner = np.quantile(events, np.arange(1, intervals) / intervals, method="inverted_cdf")
    return tuple(np.unique(np.r_[0.0, inner, times.max(), np.asarray(horizons, float)]).tolist())


@dataclass(frozen=True, eq=False)
class _RiskSums:
    """Events in order of time: their linear predictors, times, and the log of Efron's sum over those at risk."""

    eta: Tensor
    time: Tensor
    log_sum: Tensor


def _risk_sums(eta: Tensor, targets: Tensor) -> _RiskSums:
    # sums of exponentials need more than half precision
    eta = eta if eta.dtype == torch.float64 else eta.float()
    time, event = targets[:, 0].to(eta.device), targets[:, 1].to(eta.device) == 1
    order = torch.argsort(time, stable=True)
    eta, time, event = eta[order], time[order], event[order]
    # from the last film back: log of the sum over those with this time or later
    at_risk = torch.logcumsumexp(eta.flip(0), 0).flip(0)
    first = torch.searchsorted(time, time[event])
    died, place = eta[event], time[event]
    groups, group, count = torch.unique_consecutive(place, return_inverse=True, return_counts=True)
    largest = torch.full((len(groups),), -torch.inf, dtype=eta.dtype, device=eta.device)
    largest = largest.scatter_reduce(0, group, died.detach(), "amax")
    tied = torch.zeros_like(largest).scatter_add(0, group, torch.exp(died - largest[group]))
    log_tied = torch.log(tied) + largest
    # the l-th of d tied events sees the tied ones less l / d of themselves (Efron)
    rank = torch.arange(len(place), device=eta.device) - (torch.cumsum(count, 0) - count)[group]
    share = rank.to(eta.dtype) / count[group]
    log_sum = at_risk[first] + torch.log1p(-share * torch.exp(log_tied[group] - at_risk[first]))
    return _RiskSums(died, place, log_sum)
