"""How far a person who reads the printed figure is from the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nomograms.axes import LENGTH, marks, risk_marks
from nomograms.outcomes import OutcomeAxis
from nomograms.points import LARGEST, Axis, Grid, Group, Limits, Points, Value, contribution, grid_of
from nomograms.strata import risk_by
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
Sample = Mapping[str, NDArray[Any]]

STEP = 0.5
COMBINATIONS = 2000
SEED = 20170


@dataclass(frozen=True)
class ReadingError:
    """Absolute difference in risk between the model and reading the printed figure.

    The rule: 2,000 patients are drawn from the predictors' marginal distributions in the model's profile, as a seeded
    Latin hypercube, within the drawn axes. Each value is found between the two neighbouring ticks of its axis by
    proportion, to the nearest half millimetre of the figure (180 mm wide), and so are its points. The points are
    added, the sum is found on the Total points ruler to the nearest half millimetre, and the risk is read there between
    the two neighbouring ticks of each risk axis by proportion.

    Parameters
    ----------
    largest, mean : over all patients, horizons and strata, as probabilities.
    by_horizon : (horizon, largest, mean) of each; the horizon of a binary endpoint is None.
    combinations, seed, step : number of patients, seed of the sample, reading accuracy in millimetres.
    """

    largest: float
    mean: float
    by_horizon: tuple[tuple[float | None, float, float], ...]
    combinations: int = COMBINATIONS
    seed: int = SEED
    step: float = STEP

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        rows = [{"horizon": horizon, "largest": largest, "mean": mean} for horizon, largest, mean in self.by_horizon]
        return {"largest": self.largest, "mean": self.mean, "by_horizon": rows, "combinations": self.combinations,
                "seed": self.seed, "step_mm": self.step}  # fmt: skip


def reading_error(
    model: FittedModel, points: Points, outcomes: Sequence[OutcomeAxis], ruler_end: float, limits: Limits
) -> ReadingError:
    """Read the figure for a sample of patients as `ReadingError` says, and compare with the model.

    Parameters
    ----------
    points, outcomes : scales of the nomogram. ruler_end : last value of the Total points ruler.
    limits : range of the axes, as in `points_of`.
    """
    sample = draw_patients(model, limits)
    read_total = np.zeros(COMBINATIONS)
    exact = np.zeros(COMBINATIONS)
    for group in points.groups:
        read_total += read_points(group, sample)
        exact += contribution(model, group.variables, {name: list(sample[name]) for name in group.variables})
    differences: dict[float | None, list[Floats]] = {}
    for outcome in outcomes:
        risk = risk_by(model, exact, outcome.horizon, outcome.stratum)
        read = read_risk(outcome, read_total, ruler_end)
        differences.setdefault(outcome.horizon, []).append(np.abs(read - risk))
    by_horizon = tuple((horizon, float(np.max(parts)), float(np.mean(parts))) for horizon, parts in differences.items())
    every = [part for parts in differences.values() for part in parts]
    return ReadingError(float(np.max(every)), float(np.mean(every)), by_horizon)


def to_step(x: Floats) -> Floats:
    """Round places to the accuracy of the eye."""
    return np.round(x / STEP) * STEP


def read_points(group: Group, sample: Sample) -> Floats:
    """Read the points of a group of predictors for each patient off the drawn axis that fits the patient, (n,)."""
    out = np.full(COMBINATIONS, np.nan)
    for axis in group.axes:
        rows = np.ones(COMBINATIONS, bool)
        for partner, value in axis.setting:
            rows &= sample[partner] == value
        out[rows] = _read_axis(axis, sample[axis.variable][rows])
    return to_step(out) * LARGEST / LENGTH


def _read_axis(axis: Axis, values: NDArray[Any]) -> Floats:
    marked, x, _ = marks(axis)
    if isinstance(marked[0], str):
        return x[[marked.index(value) for value in values]]
    return np.interp(values.astype(float), np.array(marked, float), x)


def read_risk(outcome: OutcomeAxis, total: Floats, ruler_end: float) -> Floats:
    """Read the risk below a total off the drawn ticks of one horizon, (n,)."""
    drawn = risk_marks(outcome, ruler_end)
    x, risks = outcome.total_points[drawn] * LENGTH / ruler_end, outcome.risks[drawn]
    order = np.argsort(x)
    return np.interp(to_step(total * LENGTH / ruler_end), x[order], risks[order])


def draw_patients(model: FittedModel, limits: Limits, count: int = COMBINATIONS, task: int | None = None) -> Sample:
    """Draw patients from the marginal distributions of the profile as a Latin hypercube, each value on its axis.

    Source: McKay, Beckman and Conover (1979).
    """
    random = np.random.default_rng(np.random.SeedSequence([SEED] if task is None else [SEED, task]))
    sample = {}
    for name in model.predictors:
        share = (random.permutation(count) + random.random(count)) / count
        sample[name] = _quantiles(model, name, share, grid_of(model, name, limits))
    return sample


def _quantiles(model: FittedModel, name: str, share: Floats, grid: Grid) -> NDArray[Any]:
    profile = model.profile[name]
    if isinstance(profile, LevelProfile):
        upper = np.cumsum(profile.shares or (1.0,) * len(profile.levels))
        return np.array(profile.levels, dtype=object)[np.searchsorted(upper / upper[-1], share)]
    # a published model tells no distribution: even between its limits
    cumulative = np.concatenate(([0.0], np.cumsum(profile.density or (1.0,))))
    drawn = np.interp(share * cumulative[-1], cumulative, profile.edges)
    if grid.discrete:
        values = np.array(profile.values)
        return values[np.abs(drawn[:, None] - values).argmin(axis=1)]
    return np.clip(drawn, *_ends(grid.fine))


def _ends(values: tuple[Value, ...]) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
