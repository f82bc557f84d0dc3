"""From total points to the risk of the event: the total ruler, the linear predictor, an axis for each horizon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nomograms.points import LARGEST, Points
from nomograms.pretty import pretty
from nomograms.strata import risk_by, risk_range
from nomograms.wording import percent_tick

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]

STEPS = 1000
FEW = 3
# Risks worth a tick, the roundest first; which of them are drawn depends on the room that they have.
ROUND_RISKS: tuple[tuple[float, ...], ...] = (
    (10, 20, 30, 40, 50, 60, 70, 80, 90),
    (1, 5, 95, 99),
    (15, 25, 35, 45, 55, 65, 75, 85),
    (0.1, 0.5, 2, 3, 7, 93, 97, 98, 99.5, 99.9),
    tuple(float(risk) for risk in range(4, 97) if risk % 5 and risk not in (7, 93)),
    tuple(half / 2 for half in range(3, 198, 2)),
    tuple(tenth / 10 for tenth in (*range(2, 20), *range(981, 999)) if tenth % 5),
)


@dataclass(frozen=True)
class OutcomeAxis:
    """Risk of the event by one horizon along the total points.

    Parameters
    ----------
    horizon : in the unit of the endpoint; None for a binary endpoint.
    risks : probabilities with a tick, ascending, (m,). total_points : their places, (m,).
    rank : 0 for the roundest risk, which is the last to be thinned out, (m,).
    stratum : number of the stratum whose risk this is; 0 without strata.
    """

    horizon: float | None
    risks: Floats
    total_points: Floats
    rank: NDArray[np.int64]
    stratum: int = 0

    @property
    def texts(self) -> list[str]:
        """What is written at each tick, in percent."""
        return [percent_tick(risk) for risk in self.risks]


def total_ticks(largest: float) -> Floats:
    """Return the ticks of the total ruler, from 0 to at least 100 and at least the largest total."""
    return pretty(0.0, max(LARGEST, largest))


def places(
    answer: Callable[[Floats], Floats], ticks: Sequence[float], lower: float, upper: float
) -> tuple[Floats, Floats]:
    """Invert a function of the linear predictor as rms does, by interpolation on 1000 steps.

    Parameters
    ----------
    answer : monotone function of the linear predictor, (n,) -> (n,). ticks : values to find.
    lower, upper : range of the linear predictor.

    Returns
    -------
    tuple
        The ticks that the range holds, and the linear predictor at each.
    """
    linear_predictor = np.linspace(lower, upper, STEPS)
    answers = answer(linear_predictor)
    order = np.argsort(answers, kind="stable")
    answers, first = np.unique(answers[order], return_index=True)
    wanted = np.asarray(ticks, float)
    wanted = wanted[(wanted >= answers[0]) & (wanted <= answers[-1])]
    return wanted, np.interp(wanted, answers, linear_predictor[order][first])


def outcome_axes(
    model: FittedModel, points: Points, horizons: Sequence[float | None], largest_total: float
) -> tuple[OutcomeAxis, ...]:
    """Make the axes of all strata and horizons, stratum by stratum.

    A stratum without risk at a horizon (nobody observed that long, no event before it) has no axis there.
    """
    return tuple(
        outcome_axis(model, points, horizon, largest_total, stratum)
        for stratum in range(max(1, len(model.estimate.stratum_names)))
        for horizon in horizons
        if risk_range(model, horizon, stratum) is not None
    )


def outcome_axis(
    model: FittedModel, points: Points, horizon: float | None, largest_total: float, stratum: int = 0
) -> OutcomeAxis:
    """Find the places of all round risks between 0 points and the end of the total ruler."""

    def risk(linear_predictor: Floats) -> Floats:
        return risk_by(model, linear_predictor, horizon, stratum)

    ranks = {risk / 100: rank for rank, risks in enumerate(ROUND_RISKS) for risk in risks}
    upper = points.constant + largest_total / points.per_unit
    found, linear_predictor = places(risk, sorted(ranks), points.constant, upper)
    if len(found) < FEW:
        low, high = risk(np.array([points.constant, upper]))
        ranks = {float(value): 0 for value in pretty(low, high)}
        found, linear_predictor = places(risk, sorted(ranks), points.constant, upper)
    rank = np.array([ranks[float(value)] for value in found], dtype=np.int64)
    return OutcomeAxis(horizon, found, (linear_predictor - points.constant) * points.per_unit, rank, stratum)
