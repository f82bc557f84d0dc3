"""The rows that stand in for a variable that is not known: a sample of the training rows, or given patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.patients import Patients

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
# Training rows that are drawn where no background is given.
ROWS = 100


@dataclass(frozen=True, eq=False)
class Background:
    """Rows of a background: design (b, columns), uncentred; weight (b,), sum 1; text in words."""

    design: Floats
    weight: Floats
    text: str


def background_of(model: FittedModel, given: Patients | None, seed: int) -> Background:
    """Return the background of an explanation.

    Parameters
    ----------
    given : patients with known predictors, each counting once; None for `ROWS` training rows, drawn by `seed`.

    Raises
    ------
    PredictionError
        X02 no patients are given and the model holds none; X04 none given, or values missing; P01 to P09 for the rest.
    """
    return _training_rows(model, seed) if given is None else _given_rows(model, given)


def _given_rows(model: FittedModel, given: Patients) -> Background:
    frame = model.door.admit(given).frame
    gaps = frame[list(model.predictors)].isna().any(axis=1)
    # without imputation a gap that the door admits is a value of its own
    if frame.empty or (model.imputation is not None and gaps.any()):
        rule = "the background holds no patient" if frame.empty else "the background has missing values"
        rows = tuple(str(row) for row in frame.index[gaps])
        raise PredictionError(Finding("X04", rule, "give patients whose predictors are all known", rows=rows))
    count = len(frame)
    return Background(model.preparation.design(frame), np.full(count, 1 / count), f"{count} patients given")


def _training_rows(model: FittedModel, seed: int) -> Background:
    if model.training is None:
        rule = "this explanation averages over patients, and a model file holds none"
        way_out = 'give some, background=cohort or a frame; or ask for scale="linear_predictor" of a regression'
        raise PredictionError(Finding("X02", rule, way_out))
    kept: Any = model.training.fitted
    # of models pooled over imputed copies: the first copy, which is complete
    source: Any = kept.fits_[0] if hasattr(kept, "fits_") else kept
    rows = source.training_
    design, weight = rows.design + source.estimate_.means, rows.weight
    count = len(design)
    # sorted: the order of the training rows has no influence
    order = np.lexsort((weight, *design.T[::-1]))
    drawn = order
    if count > ROWS:
        drawn = order[np.sort(np.random.default_rng(np.random.SeedSequence([seed])).permutation(count)[:ROWS])]
    text = (
        f"{len(drawn)} of {count} training patients, drawn at random" if count > ROWS else f"{count} training patients"
    )
    return Background(design[drawn], weight[drawn] / weight[drawn].sum(), text)
