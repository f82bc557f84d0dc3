"""Times to events with a known law: Weibull hazards in proportion, competing causes, death after progression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cohorts.simulation.effects import Bools, Floats

# Newton's method climbs to the root from below; six to eight steps are usual.
STEPS = 60
CLOSE = 1e-12


@dataclass(frozen=True)
class Weibull:
    """Cumulative hazard ``log(2) (t / median)^shape exp(linear predictor)``: the median of who has predictor 0."""

    shape: float
    median: float

    def cumulative_hazard(self, time: Floats | float, predictor: Floats) -> Floats:
        """Return the cumulative hazard at a time for each linear predictor."""
        return np.asarray(np.log(2) * (np.asarray(time) / self.median) ** self.shape * np.exp(predictor))

    def time_at(self, hazard: Floats, predictor: Floats) -> Floats:
        """Return the time at which the cumulative hazard reaches a value."""
        return np.asarray(self.median * (hazard / np.log(2) * np.exp(-predictor)) ** (1 / self.shape))

    def risk(self, time: float, predictor: Floats) -> Floats:
        """Return the probability of the event by a time, where nothing competes."""
        return np.asarray(-np.expm1(-self.cumulative_hazard(time, predictor)))


def death_after_progression(start: Floats, ratio: Floats, first: Floats, rng: np.random.Generator) -> Floats:
    """Draw deaths after progression so that survival has a hazard in constant proportion to that of progression.

    Time is measured by the cumulative hazard L of progression or death. Its events are deaths with probability
    ``first``; the hazard of death after progression is the one of a Markov illness-death model that makes overall
    survival ``exp(-ratio * L)`` exactly, so that Cox models hold for both endpoints:
    ``((ratio exp(-ratio L) - first exp(-L)) / (exp(-ratio L) - exp(-L)))``.

    Parameters
    ----------
    start : L at progression. ratio : hazard of death over that of progression or death, in (first, 1).
    first : share of deaths among the first events.
    """
    q = 1 - ratio
    excess = (1 - first) / q - 1
    target = rng.standard_exponential(len(start))
    origin = np.log(-np.expm1(-q * start))
    now = start.copy()
    for _ in range(STEPS):
        falling = np.exp(-q * now)
        rising = -np.expm1(-q * now)
        reached = ratio * (now - start) + excess * (np.log(rising) - origin)
        step = (target - reached) / (ratio + excess * q * falling / rising)
        now += np.maximum(step, 0)
        if np.max(step / now, initial=0.0) < CLOSE:
            return now
    raise ArithmeticError("deaths after progression: Newton's method did not arrive")


@dataclass(frozen=True)
class CompetingWeibulls:
    """Two causes with hazards of the same shape over time, so that who is at which risk has a closed form."""

    first: Weibull
    second: Weibull

    def __post_init__(self) -> None:
        if self.first.shape != self.second.shape:
            raise ValueError("both causes need one shape")

    def draw(self, one: Floats, two: Floats, rng: np.random.Generator) -> tuple[Floats, Bools]:
        """Draw times and whether cause 1 came first, from the linear predictors of both causes."""
        level = self._level(one, two)
        time = self.first.time_at(rng.standard_exponential(len(one)), level)
        return time, np.asarray(rng.random(len(one)) < np.exp(one - level))

    def risk(self, time: float, one: Floats, two: Floats) -> Floats:
        """Return the probability of cause 1 by a time, cause 2 competing (the cumulative incidence)."""
        level = self._level(one, two)
        return np.asarray(np.exp(one - level) * self.first.risk(time, level))

    def _level(self, one: Floats, two: Floats) -> Floats:
        """Return the linear predictor of both causes together, in terms of the first baseline."""
        apart = self.first.shape * np.log(self.first.median / self.second.median)
        return np.logaddexp(one, two + apart)
