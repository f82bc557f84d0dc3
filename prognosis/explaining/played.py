"""Explaining any model by asking it about coalitions of variables, the others taken from background rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.explaining.additive import AdditiveGame
from prognosis.explaining.background import Background, is_additive
from prognosis.explaining.coalitions import Columns, Game, Played
from prognosis.explaining.enumeration import enumerated
from prognosis.explaining.explanation import Parts
from prognosis.explaining.linear import by_variable
from prognosis.explaining.permutation import random_orders, sampled
from prognosis.progress import Report

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]


def played_values(
    model: FittedModel,
    rows: pd.DataFrame,
    times: Floats | None,
    background: Background,
    orders: int | None,
    report: Report,
) -> Parts:
    """Return what each variable of each patient adds; stratum and offset stay those of the patient.

    Parameters
    ----------
    times : (h,) horizons of the risk, or None for the linear predictor. orders : seed of random orders, or None for all
        coalitions. report : see `shown`.
    """
    columns, design = Columns.of(model.preparation), model.preparation.design(rows)
    offset, stratum = model.answering.offset_of(rows), model.answering.stratum(rows)
    found: list[tuple[Floats, Floats, Floats | None]] = []
    for i, own in enumerate(design):
        fixed = (None if offset is None else float(offset[i]), None if stratum is None else int(stratum[i]))
        game: Played = (
            _additive(model, own, background, times, fixed)
            if times is not None and is_additive(model)
            else Game(columns, own, background, partial(_answer, model.estimate, times, fixed))
        )
        if orders is None:
            found.append((*enumerated(game, len(model.predictors)), None))
        else:
            found.append(sampled(game, random_orders(len(model.predictors), orders)))
        report(i, len(design), 1)
    h = 1 if times is None else len(times)
    shape = (len(design), len(model.predictors), h)
    values, bases, errors = zip(*found, strict=True) if found else ((), (), ())
    error = None if orders is None else np.array(errors, float).reshape(shape)
    return Parts(np.array(values, float).reshape(shape), np.array(bases, float).reshape(len(design), h), error)


def _additive(
    model: FittedModel, own: Floats, background: Background, times: Floats, fixed: tuple[float | None, int | None]
) -> AdditiveGame:
    """Return the game of a patient by the parts that variables have in the linear predictor."""
    estimate, (offset, stratum) = model.estimate, fixed
    parts = by_variable(np.vstack([own, background.design]) * estimate.coefficients, model.preparation)

    def answer(eta: Floats) -> Floats:
        risk: Floats = estimate.risk_at(eta + (offset or 0.0), times, stratum or 0)
        return risk

    return AdditiveGame(parts[0], parts[1:], background.weight, answer)


def _answer(estimate: Any, times: Floats | None, fixed: tuple[float | None, int | None], design: Floats) -> Floats:
    """Return the risks, (r, h), or the linear predictor, (r, 1), of design rows with one offset and stratum."""
    offset, stratum = fixed
    added = None if offset is None else np.full(len(design), offset)
    if times is None:
        eta: Floats = estimate.linear_predictor(design, added)[:, None]
        return eta
    if hasattr(estimate, "risk_alone"):
        alone: Floats = estimate.risk_alone(design, times, added, stratum or 0)
        return alone
    if hasattr(estimate, "risk_at"):
        # the same without the limits, which take most of the time
        origin = float(estimate.means @ estimate.coefficients)
        risk: Floats = estimate.risk_at(estimate.linear_predictor(design, added) + origin, times, stratum or 0)
        return risk
    strata = None if stratum is None else np.full(len(design), stratum)
    whole: Floats = estimate.risk(design, times, offset=added, stratum=strata)[0]
    return whole
