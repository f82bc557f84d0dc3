"""How far a person who reads the printed figure is from the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from nomograms.axes import marks, risk_marks
from nomograms.layout import LAYOUT, WIDTH, Layout
from nomograms.outcomes import OutcomeAxis
from nomograms.points import LARGEST, Axis, Grid, Group, Limits, Points, Value, contribution, grid_of
from nomograms.score_table import ScoreTable
from nomograms.strata import risk_by
from nomograms.tails import Written
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
Sample = Mapping[str, NDArray[Any]]
By = Literal["lines", "score table"]

STEP = 0.5
COMBINATIONS = 2000
SEED = 20170


@dataclass(frozen=True)
class Drawn:
    """What a reader sees: scales of points, risk axes, the last value of the Total points ruler, the layout.

    `tails` : points of values beyond the axes, as written in the caption, by name of the axis. `scores` : the score
    table; None where the lines are read.
    """

    points: Points
    outcomes: tuple[OutcomeAxis, ...]
    ruler_end: float
    layout: Layout = LAYOUT
    tails: Mapping[str, Written] = field(default_factory=dict)
    scores: ScoreTable | None = None


@dataclass(frozen=True)
class ReadingError:
    """Absolute difference in risk between the model and reading the printed figure.

    The rule: each value is found between the two neighbouring ticks of its axis by proportion, to the nearest half
    millimetre of the printed figure, and so are its points. The points are added, the sum is found on the Total points
    ruler to the nearest half millimetre, and the risk is read there between the two neighbouring ticks of each risk
    axis by proportion. Points of values beyond an axis are read in the caption.

    From a score table (`by` says so) points are read between two printed values by proportion, to the printed digit;
    they are added; the risk is read between two printed totals by proportion, to the printed tenth of a percent.
    Totals beyond the table are read off the lines.

    Without patients given, 2,000 are drawn from the predictors' marginal distributions in the model's profile, as a
    seeded Latin hypercube, within the drawn axes.

    Parameters
    ----------
    largest, mean : over all patients, horizons and strata, as probabilities.
    by_horizon : (horizon, largest, mean) of each; the horizon of a binary endpoint is None.
    combinations, seed, step : number of patients, seed of the sample (None: given patients), accuracy in millimetres.
    width : of the figure in millimetres. by : what is read, ``lines`` or ``score table``.
    off : given patients whose sum lies off the ruler, and who are left out.
    """

    largest: float
    mean: float
    by_horizon: tuple[tuple[float | None, float, float], ...]
    combinations: int = COMBINATIONS
    seed: int | None = SEED
    step: float = STEP
    width: float = WIDTH
    off: int = 0
    by: By = "lines"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        rows = [{"horizon": horizon, "largest": largest, "mean": mean} for horizon, largest, mean in self.by_horizon]
        return {"by": self.by, "largest": self.largest, "mean": self.mean, "by_horizon": rows, "seed": self.seed,
                "combinations": self.combinations, "step_mm": self.step, "width_mm": self.width,
                "off": self.off}  # fmt: skip


def reading_error(
    model: FittedModel, drawn: Drawn, sample: Sample, strata: NDArray[np.int64] | None = None, seed: int | None = SEED
) -> ReadingError:
    """Read the figure for patients as `ReadingError` says, and compare with the model.

    Parameters
    ----------
    sample : values by predictor, all on the axes or in the caption. strata : (n,) of given patients; drawn ones are
        read in every stratum. seed : of a drawn sample.

    Raises
    ------
    PredictionError
        G26 no patient is on the figure.
    """
    exact = sum(
        contribution(model, group.variables, {name: list(sample[name]) for name in group.variables})
        for group in drawn.points.groups
    )
    total = read_total(drawn, sample)
    step = STEP * drawn.ruler_end / drawn.layout.length
    on = np.asarray((total >= -step) & (total <= drawn.ruler_end + step))
    apart: dict[float | None, list[Floats]] = {}
    for place, outcome in enumerate(drawn.outcomes):
        rows = on if strata is None else on & (strata == outcome.stratum)
        risk = risk_by(model, np.asarray(exact)[rows], outcome.horizon, outcome.stratum)
        read = read_risk(outcome, total[rows], drawn.ruler_end, drawn.layout)
        if drawn.scores is not None:
            told = drawn.scores.read_risk(place, total[rows])
            read = np.where(np.isnan(told), read, told)
        apart.setdefault(outcome.horizon, []).append(np.abs(read - risk))
    every = np.concatenate([part for parts in apart.values() for part in parts])
    if not len(every):
        rule = "none of the patients can be placed on the figure"
        raise PredictionError(Finding("G26", rule, "give patients with all predictors known"))
    by_horizon = tuple(
        (horizon, float(whole.max()), float(whole.mean()))
        for horizon, whole in ((horizon, np.concatenate(parts)) for horizon, parts in apart.items())
        if len(whole)
    )
    return ReadingError(float(every.max()), float(every.mean()), by_horizon, len(on), seed,
                        width=drawn.layout.width, off=int((~on).sum()),
                        by="lines" if drawn.scores is None else "score table")  # fmt: skip


def read_total(drawn: Drawn, sample: Sample) -> Floats:
    """Read the points of each patient, on the lines or in the score table, and add them, (n,)."""
    parts = [read_points(group, sample, drawn.layout, drawn.tails, drawn.scores) for group in drawn.points.groups]
    return np.asarray(sum(parts), float)


def to_step(x: Floats) -> Floats:
    """Round places to the accuracy of the eye."""
    return np.round(x / STEP) * STEP


def read_points(
    group: Group,
    sample: Sample,
    layout: Layout = LAYOUT,
    tails: Mapping[str, Written] | None = None,
    scores: ScoreTable | None = None,
) -> Floats:
    """Read the points of a group of predictors for each patient, on the axis or table that fits the patient, (n,)."""
    count = len(sample[group.variables[0]])
    out = np.full(count, np.nan)
    for axis in group.axes:
        rows = np.ones(count, bool)
        for partner, value in axis.setting:
            rows &= sample[partner] == value
        values, written = sample[axis.variable][rows], (tails or {}).get(axis.name, ())
        # a predictor without effect has no line in the table
        printed = None if scores is None else scores.scored.get(axis.name)
        if printed is None:
            out[rows] = _read_axis(axis, values, layout, written)
        elif axis.discrete:
            out[rows] = printed.read(values)
        else:
            on = printed.read(values.astype(float))
            ends = tuple((float(printed.values[i]), float(printed.points[i])) for i in (0, -1))
            out[rows] = _with_tails(values.astype(float), on, (ends[0], ends[1]), written)
    return out


def _read_axis(axis: Axis, values: NDArray[Any], layout: Layout, tails: Written) -> Floats:
    """Read points off the ruler, those of values beyond the ends in the caption."""
    marked, x, _ = marks(axis, layout)
    scale = LARGEST / layout.length
    if isinstance(marked[0], str):
        return to_step(x[[marked.index(value) for value in values]]) * scale
    ticks, given = np.array(marked, float), values.astype(float)
    ends = tuple((float(ticks[i]), float(x[i] * scale)) for i in (0, -1))
    return _with_tails(given, to_step(np.interp(given, ticks, x)) * scale, (ends[0], ends[1]), tails)


def _with_tails(
    given: Floats, read: Floats, ends: tuple[tuple[float, float], tuple[float, float]], tails: Written
) -> Floats:
    """Put points from the caption in place of those of values beyond the ends (value and points of each)."""
    beyond = (given < ends[0][0]) | (given > ends[1][0])
    if not (tails and beyond.any()):
        return read
    told = np.round(np.interp(given, *np.array(sorted([*tails, *ends])).T), 1)
    return np.where(beyond, told, read)


def read_risk(outcome: OutcomeAxis, total: Floats, ruler_end: float, layout: Layout = LAYOUT) -> Floats:
    """Read the risk below a total off the drawn ticks of one horizon, (n,)."""
    drawn = risk_marks(outcome, ruler_end, layout)
    x, risks = outcome.total_points[drawn] * layout.length / ruler_end, outcome.risks[drawn]
    order = np.argsort(x)
    return np.interp(to_step(total * layout.length / ruler_end), x[order], risks[order])


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
