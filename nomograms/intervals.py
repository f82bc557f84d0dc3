"""How uncertain the model's risks are: intervals of usual patients on the risk lines, and of the worked patient.

The interval of a risk depends on all values of a patient, not on the total alone. So it is shown for the patients
around the 10th, 50th and 90th centile of the total, the median of a hundred each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nomograms.outcomes import STEPS, OutcomeAxis
from nomograms.points import Value, contribution
from nomograms.reading import draw_patients
from nomograms.strata import risk_by
from prognosis.estimate import NO_HORIZON

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram

Floats = NDArray[np.float64]

CENTILES = (0.1, 0.5, 0.9)
AROUND = 100
LEVEL = 0.95


@dataclass(frozen=True)
class Usual:
    """Interval, in total points, of the risk of patients around a total, on the axis of one horizon and stratum."""

    total: float
    lower: float
    upper: float


def limits_of(nomogram: Nomogram, values: Mapping[str, Value], stratum: int) -> dict[float | None, tuple[float, float]]:
    """Return the 95 % limits of a patient's risk by horizon, as `predict` gives them; {} where the model has none."""
    frame = pd.DataFrame({name: [value] for name, value in values.items()})
    lower, upper = _limits(nomogram, frame, nomogram.questions, stratum)
    found = zip(nomogram.questions, lower[0], upper[0], strict=True)
    return {horizon: (float(low), float(high)) for horizon, low, high in found if np.isfinite([low, high]).all()}


def total_at(nomogram: Nomogram, axis: OutcomeAxis, risks: Floats) -> Floats:
    """Return the total points at which the axis has these risks, (n,); beyond what is drawn too."""
    scale = nomogram.scale
    reach = nomogram.total_ticks[-1] / scale.per_unit
    grid = np.linspace(scale.constant - reach, scale.constant + 2 * reach, 4 * STEPS)
    known, first = np.unique(risk_by(nomogram.model, grid, axis.horizon, axis.stratum), return_index=True)
    return np.asarray((np.interp(risks, known, grid[first]) - scale.constant) * scale.per_unit)


def usual_intervals(nomogram: Nomogram) -> dict[tuple[int, float | None], tuple[Usual, ...]]:
    """Return the intervals of usual patients for every axis, by stratum and horizon; {} where the model has none."""
    if not has_limits(nomogram):
        return {}
    sample = draw_patients(nomogram.model, nomogram.limits)
    frame = pd.DataFrame({name: list(values) for name, values in sample.items()})
    scale = nomogram.scale
    eta = sum(
        contribution(nomogram.model, g.variables, {n: list(sample[n]) for n in g.variables}) for g in scale.groups
    )
    total = (np.asarray(eta) - scale.constant) * scale.per_unit
    near = [np.argsort(np.abs(total - np.quantile(total, share)), kind="stable")[:AROUND] for share in CENTILES]
    rows = np.concatenate(near)
    found: dict[tuple[int, float | None], tuple[Usual, ...]] = {}
    for axis in nomogram.outcomes:
        lower, upper = _limits(nomogram, frame.iloc[rows], (axis.horizon,), axis.stratum)
        ends = [total_at(nomogram, axis, part[:, 0]) - total[rows] for part in (lower, upper)]
        middles = [float(np.quantile(total, share)) for share in CENTILES]
        shifts = [np.nanmedian(end.reshape(len(CENTILES), AROUND), axis=1) for end in ends]
        parts = zip(middles, shifts[0], shifts[1], strict=True)
        found[axis.stratum, axis.horizon] = tuple(Usual(m, m + float(low), m + float(high)) for m, low, high in parts)
    return found


def has_limits(nomogram: Nomogram) -> bool:
    """Whether the model knows how uncertain its risks are: a lasso, a published table and a surrogate do not."""
    covariance = np.asarray(getattr(nomogram.model.estimate, "covariance", np.nan), float)
    return bool(np.isfinite(covariance).all())


def _limits(
    nomogram: Nomogram, frame: pd.DataFrame, horizons: tuple[float | None, ...], stratum: int
) -> tuple[Floats, Floats]:
    model = nomogram.model
    times = NO_HORIZON if horizons == (None,) else np.array(horizons, float)
    strata = np.full(len(frame), stratum) if model.estimate.stratum_names else None
    _, lower, upper = model.estimate.risk(
        model.preparation.design(frame), times, stratum=strata, level=LEVEL, interval="log"
    )
    return np.asarray(lower, float), np.asarray(upper, float)
