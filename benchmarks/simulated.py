"""Made-up cohorts for the simulations, and what a fitted model truly reaches in their population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from cohorts import TimeToEvent
from prognosis.cox.regression import fit_cox
from prognosis.metrics.concordance import concordance
from prognosis.risk_sets import build_risk_sets

Floats = NDArray[np.float64]

COLUMNS = tuple(f"x{place}" for place in range(1, 9))
HORIZON = 1.0
ENDPOINT = TimeToEvent("event", time="years", event="event", unit="years", origin="start", horizons=(HORIZON,))
# Large enough that its own error is a tenth of that of a sample, which widens a spread by a two-hundredth.
POPULATION = 50_000


@dataclass(frozen=True)
class Design:
    """A truth, and what is measured of it.

    Parameters
    ----------
    n : patients. beta : log hazard ratios of eight predictors. hazard : where they are 0. latest : censoring time.
    metrics : whose intervals are judged.
    """

    n: int
    beta: tuple[float, ...]
    hazard: float = 1.0
    latest: float = 2.0
    metrics: tuple[str, ...] = ("harrell_c",)


ALL = ("harrell_c", "auc", "brier", "calibration_slope")
DESIGNS = {
    "n = 300, strong signal, 60 % events": Design(300, (0.8, 0.5, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0), metrics=ALL),
    "n = 300, weak signal, 60 % events": Design(300, (0.25, 0.15, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0)),
    "n = 500, middling signal, 40 % events": Design(500, (0.5, 0.3, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0), 0.45),
    "n = 150, middling signal, 60 % events": Design(150, (0.5, 0.3, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0)),
}


class Drawn(NamedTuple):
    """Patients: (n, 8) predictors, time to the event, time of observation, and whether it ended with the event."""

    x: Floats
    time_to_event: Floats
    time: Floats
    event: NDArray[np.bool_]


def draw(design: Design, rng: np.random.Generator, n: int | None = None) -> Drawn:
    """Draw patients: six normal predictors, two binary ones, constant hazards, uniform censoring."""
    n = design.n if n is None else n
    x = rng.normal(size=(n, len(COLUMNS)))
    x[:, [1, 4]] = np.where(x[:, [1, 4]] > 0, 1.0, -1.0)
    time_to_event = rng.exponential(size=n) * np.exp(-x @ np.array(design.beta)) / design.hazard
    censored = rng.uniform(0.3, design.latest, n)
    return Drawn(x, time_to_event, np.minimum(time_to_event, censored), time_to_event <= censored)


def frame_of(drawn: Drawn) -> pd.DataFrame:
    """Table of a study; the index holds the ids."""
    ids = pd.Index([f"P{place}" for place in range(len(drawn.x))], name="pid")
    return pd.DataFrame(drawn.x, ids, list(COLUMNS)).assign(years=drawn.time, event=drawn.event.astype(int))


@dataclass(frozen=True)
class Population:
    """Many patients of one truth."""

    drawn: Drawn

    @classmethod
    def of(cls, design: Design) -> Population:
        """Draw them; always the same."""
        return cls(draw(design, np.random.default_rng(20261121), POPULATION))

    def measures(self, model: Any) -> dict[str, float]:
        """Measure a fitted Cox model: C under the design's censoring, AUC and Brier score without any, slope."""
        drawn, estimate = self.drawn, model.estimate
        eta = (drawn.x - estimate.means) @ estimate.coefficients
        risk = estimate.risk(drawn.x, np.array([HORIZON]))[0][:, 0]
        early = drawn.time_to_event <= HORIZON
        events = int(early.sum())
        area = (rankdata(risk)[early].sum() - events * (events + 1) / 2) / (events * (len(risk) - events))
        sets = build_risk_sets(drawn.time, drawn.event)
        return {
            "harrell_c": concordance(drawn.time, drawn.event, eta).concordance,
            "auc": float(area),
            "brier": float(((early - risk) ** 2).mean()),
            "calibration_slope": float(fit_cox(np.ascontiguousarray(eta[:, None]), sets, ("eta",)).coefficients[0]),
        }
