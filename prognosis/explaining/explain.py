"""The way from patients and a model to an explanation: which method answers, and what it is asked."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import PrognosisWarning
from prognosis.estimate import NO_HORIZON
from prognosis.explaining.background import Background, Given, background_of
from prognosis.explaining.explanation import Explanation, Parts, Scale
from prognosis.explaining.forest_values import forest_values
from prognosis.explaining.linear import linear_values, native_values
from prognosis.explaining.methods import WITHOUT, WORDS, Method, chosen_method
from prognosis.explaining.played import played_values
from prognosis.patients import Patients, PatientTable
from prognosis.prediction import Remark
from prognosis.progress import shown

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
OVER: dict[Method, str] = {
    "path-dependent": "the training patients who went the same way through each tree",
    "linear": "the training means of all columns (a published model: its reference patient)",
    "native": "the training patients who went the same way through each tree",
}


class How(TypedDict, total=False):
    """Options of `FittedModel.explain`; their meaning: see `explain`."""

    scale: Scale
    method: Method | None
    background: Given
    seed: int
    progress: Callable[[int, int], None] | None


@dataclass(frozen=True)
class Wanted:
    """How to explain: see `explain`."""

    scale: Scale = "risk"
    method: Method | None = None
    background: Given = None
    seed: int = 0
    progress: Callable[[int, int], None] | None = None


def explain(model: FittedModel, patients: Patients, horizons: Any, wanted: Wanted) -> Explanation:
    """Return what each predictor adds to the predictions of some patients: Shapley values, exact where they can be.

    Parameters
    ----------
    patients, horizons : as `FittedModel.predict`. wanted : `scale` is ``risk``, the probability of the event by each
        horizon, or ``linear_predictor``, which has no horizon; `method` : see below; `background` : patients whose
        values stand in for those that are left out, default a sample of the training rows; ``"profile"``: made-up
        patients with the distributions and correlations that the model remembers, which a loaded model has too.
        `seed` : of that sample and of random orders; `progress` : function of (done, all).

    Returns
    -------
    Explanation. Its method, by default the first that the model has:

    - risk: ``path-dependent`` and ``interventional`` for a forest, exact for the whole curve; for any model
      ``enumeration`` of all coalitions (up to 12 variables; on request up to 16), exact against the background, and
      ``permutation``, sampled, with standard errors.
    - linear predictor: ``linear`` (coefficients times the distance from the training means) or ``native`` (boosting);
      for any model the two general ones.

    With a background given, the first method that uses one. The clinical variables are the players: all columns of a
    spline, a category or an interaction enter with their variable. Strata and offset stay those of the patient.
    For a patient with missing predictors contributions are averaged over the draws, as the prediction is, and say how
    the imputed values are used; errors are averaged too, from above.

    Raises
    ------
    PredictionError
        X01 contributions that do not add up; X02 no background, X07 nothing to make one up from; X03 a method that is
        not to be had; X04 a background with gaps; X05, X06 too many variables; S14 scale, method or background; P01 to
        P12 as `FittedModel.predict`.
    """
    method = chosen_method(model, wanted.scale, wanted.method, horizons, given=wanted.background is not None)
    background = None if method in WITHOUT else background_of(model, wanted.background, wanted.seed)
    table, times, prediction, remarks = _answered(model, patients, horizons, wanted)
    parts = _averaged(model, table.frame, times, method, background, wanted)
    return Explanation(
        ids=table.ids,
        variables=model.predictors,
        labels={name: model.codebook[name].text() for name in model.predictors},
        horizons=times,
        unit=model.unit if wanted.scale == "risk" else "",
        values=parts.values,
        base=parts.base,
        prediction=prediction,
        scale=wanted.scale,
        method=WORDS[method],
        reference=OVER[method] if background is None else background.text,
        patients=table.frame[list(model.predictors)],
        background=0 if background is None else len(background.weight),
        made_up=background is not None and background.made_up,
        error=parts.error,
        remarks=remarks,
    )


def _answered(
    model: FittedModel, patients: Patients, horizons: Any, wanted: Wanted
) -> tuple[PatientTable, Floats, Floats, tuple[Remark, ...]]:
    """Return the checked patients, the horizons, the predictions to be explained, (m, h), and remarks on them."""
    if wanted.scale == "linear_predictor":
        table = model.door.admit(patients)
        return table, NO_HORIZON, model.answering.linear_predictor(table.frame)[:, None], table.remarks
    answer = model.predict(patients, horizons)
    with warnings.catch_warnings():
        # said once, by the prediction
        warnings.simplefilter("ignore", PrognosisWarning)
        return model.door.admit(patients), answer.horizons, answer.risk, answer.remarks


def _averaged(
    model: FittedModel,
    frame: pd.DataFrame,
    times: Floats,
    method: Method,
    background: Background | None,
    wanted: Wanted,
) -> Parts:
    """Return the contributions, averaged over the draws of missing values."""

    def answer(rows: pd.DataFrame) -> tuple[Floats, ...]:
        return _parts(model, rows, times, method, background, wanted).arrays

    if model.imputation is None:
        return _parts(model, frame, times, method, background, wanted)
    values, base, *error = model.imputation.averaged(frame, answer, seed=model.seed)
    return Parts(values, base, error[0] if error else None)


def _parts(
    model: FittedModel, rows: pd.DataFrame, times: Floats, method: Method, background: Background | None, wanted: Wanted
) -> Parts:
    """Return the contributions of complete rows."""
    if method in ("path-dependent", "interventional"):
        design = model.preparation.design(rows)
        return forest_values(model.estimate, model.predictors, design, times, background)
    if background is None:
        find = linear_values if method == "linear" else native_values
        return find(model.estimate, model.preparation, model.preparation.design(rows), model.answering.offset_of(rows))
    orders = wanted.seed if method == "permutation" else None
    with shown("explanations", wanted.progress) as report:
        asked = times if wanted.scale == "risk" else None
        return played_values(model, rows, asked, background, orders, report)
