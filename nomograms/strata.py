"""From a linear predictor to the risk of each stratum, and which stratum a patient belongs to.

A model without strata has one, number 0. The covariates share one points scale; each stratum has risk axes of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.estimate import NO_HORIZON

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]

# Linear predictors, in both directions from the origin, over which any effect on the risk is seen.
FAR = 5.0
NO_DIFFERENCE = 1e-12


def risk_by(model: FittedModel, linear_predictor: Floats, horizon: float | None, stratum: int = 0) -> Floats:
    """Probability of the event by a horizon (None: a binary endpoint) for uncentred linear predictors, (n,)."""
    times = NO_HORIZON if horizon is None else np.array([horizon])
    return np.asarray(model.estimate.risk_at(np.asarray(linear_predictor, float), times, stratum), float)[:, 0]


def risk_range(model: FittedModel, horizon: float | None, stratum: int) -> tuple[float, float] | None:
    """Risk of a low and a high linear predictor; None where there is no risk, or the same for all.

    So beyond the follow-up of a stratum, before its first event, and between the horizons of a published model.
    """
    origin = float(model.estimate.means @ model.estimate.coefficients)
    low, high = risk_by(model, np.array([origin - FAR, origin + FAR]), horizon, stratum)
    return (float(low), float(high)) if high - low > NO_DIFFERENCE else None


def stratum_of(model: FittedModel, patient: Mapping[str, Any]) -> int:
    """Return the stratum of a patient, 0 without strata.

    Raises
    ------
    PredictionError
        P01 a column of the strata is absent, P02 its value is missing, P03 a stratum that the model does not know.
    """
    columns = model.estimate.strata
    if not columns:
        return 0
    absent = [name for name in columns if name not in patient]
    rule = "column {} is missing: each stratum has risk axes of its own"
    raise_findings([Finding("P01", rule.format(n), "add the value", n) for n in absent], PredictionError)
    gone = [Finding("P02", rule.format(n), "complete it", n) for n in columns if pd.isna(patient[n])]
    raise_findings(gone, PredictionError)
    found = model.answering.stratum(pd.DataFrame({name: [patient[name]] for name in columns}))
    return 0 if found is None else int(found[0])


def named_stratum(model: FittedModel, name: str | None) -> int:
    """Return the number of a stratum named as in the model, ``sex=F``.

    Raises
    ------
    PredictionError
        G20 a stratified model and no name, or one that it does not have.
    """
    names = model.estimate.stratum_names
    if not names and name is None:
        return 0
    if name not in names:
        rule = "the risk of total points differs between strata" if names else "the model has no strata"
        advice = f"give stratum=, one of {'; '.join(names)}" if names else "leave stratum out"
        raise PredictionError(Finding("G20", rule, advice, value=name))
    return names.index(name)


def commonest_stratum(model: FittedModel) -> int:
    """Return the stratum with the most patients at the start."""
    sizes = [curve.at_risk.max(initial=0) for curve in model.strata_follow_up]
    return int(np.argmax(sizes)) if sizes else 0
