"""Sarcomas with metastases: at diagnosis, or later with death competing; and death of any cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cohorts.endpoint import Binary, Competing, Endpoint, TimeToEvent
from cohorts.simulation.effects import Effect, Floats, Terms, linear_predictor
from cohorts.simulation.simulated import Asked, Parts, Simulated, assembled
from cohorts.simulation.times import CompetingWeibulls, Weibull

AT_DIAGNOSIS, LATER, DEATH = "metastasis_at_diagnosis", "metastasis", "death_without_metastasis"
# [chosen] share of patients operated on without and with metastases: known after diagnosis only, no predictor of it.
OPERATED = (0.92, 0.50)


@dataclass(frozen=True)
class Course:
    """The declared truth of one sarcoma.

    Parameters
    ----------
    effects : on metastasis at diagnosis (odds), on metastasis later and on death without one (hazards).
    intercept : log odds of metastasis at diagnosis with every term at its reference.
    later : hazards of metastasis and of death without one. after : time from metastasis to death.
    horizons, follow_up : months.
    """

    effects: tuple[Effect, ...]
    intercept: float
    later: CompetingWeibulls
    after: Weibull
    horizons: tuple[int, ...]
    follow_up: tuple[float, float]


def followed(asked: Asked, terms: Terms, course: Course, centre: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the truth, and what is observed until the data are closed."""
    rng = asked.generator("outcome")
    odds = course.intercept + linear_predictor(course.effects, AT_DIAGNOSIS, terms) + centre
    spread, death = (linear_predictor(course.effects, name, terms) + centre for name in (LATER, DEATH))
    chance = 1 / (1 + np.exp(-odds))
    metastatic = rng.random(asked.n) < chance
    time, first = course.later.draw(spread, death, rng)
    after = course.after.time_at(rng.standard_exponential(asked.n), np.zeros(asked.n))
    os = np.where(metastatic, after, time + np.where(first, after, 0))
    closed = rng.uniform(*course.follow_up, asked.n)
    kind = np.where(time <= closed, np.where(first, 1.0, 2.0), 0.0)
    truth = {
        f"{AT_DIAGNOSIS}_linear_predictor": odds,
        f"{AT_DIAGNOSIS}_risk": chance,
        f"{LATER}_linear_predictor": spread,
        **{f"{LATER}_risk_{t}": course.later.risk(t, spread, death) for t in course.horizons},
        "first_event_months": np.where(metastatic, np.nan, time),
        "os_months": os,
        "centre_effect": centre,
    }
    observed = {
        AT_DIAGNOSIS: metastatic.astype(float),
        "surgery": (rng.random(asked.n) < np.where(metastatic, OPERATED[1], OPERATED[0])).astype(float),
        "follow_up_months": np.where(metastatic, np.nan, _hundredths(np.minimum(time, closed))),
        "follow_up_event": np.where(metastatic, np.nan, kind),
        "os_months": _hundredths(np.minimum(os, closed)),
        "os_event": (os <= closed).astype(float),
    }
    return truth, observed


def sarcoma(asked: Asked, parts: Parts, metastasis_free: bool) -> Simulated:
    """Return the cohort; with `metastasis_free` without those who have metastases at diagnosis."""
    made = assembled(asked, parts)
    if not metastasis_free:
        return made
    return made.without(made.cohort.table.index[made.cohort.table[AT_DIAGNOSIS] == 1], "metastasis at diagnosis")


def sarcoma_endpoints(horizons: tuple[int, ...]) -> Mapping[str, Endpoint]:
    """Return metastasis at diagnosis, metastasis later with death competing, and overall survival."""
    times = tuple(float(t) for t in horizons)
    return {
        AT_DIAGNOSIS: Binary(AT_DIAGNOSIS, event=AT_DIAGNOSIS, definition="Distant metastasis found at diagnosis."),
        LATER: Competing(
            LATER,
            time="follow_up_months",
            event="follow_up_event",
            unit="months",
            origin="diagnosis",
            horizons=times,
            definition="Time to distant metastasis in patients without one at diagnosis; death before it competes.",
        ),
        "os": TimeToEvent(
            "os",
            time="os_months",
            event="os_event",
            unit="months",
            origin="diagnosis",
            horizons=times,
            definition="Time from diagnosis to death of any cause.",
        ),
    }


def _hundredths(months: Floats) -> Floats:
    """Round upwards to a hundredth of a month, so that nothing happens at time 0."""
    return np.asarray(np.ceil(months * 100) / 100)
