"""Update a fitted model in another cohort: its level, its slope, or all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, warn_findings
from prognosis.competing.fine_gray_estimate import FineGrayEstimate
from prognosis.cox.estimate import CoxEstimate
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.new_cohort import NewCohort, read_new_cohort
from prognosis.parametric.estimate import ParametricEstimate
from prognosis.published.estimate import PublishedHazard
from prognosis.updating.changes import Change, Seen, change, see
from prognosis.updating.comparison import COLUMNS, closed_test, compared
from prognosis.updating.horizon_level import level_at_horizon
from prognosis.updating.likelihoods import Level, nested_models
from prognosis.updating.renewal import renewed
from prognosis.updating.result import Updating

if TYPE_CHECKING:
    from cohorts import Cohort
    from cohorts.endpoint import Endpoint
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
ASKED = ("intercept", "slope", "refit", "closed-test")
# Fewer events than these tell little of a new level, let alone of more.
FEW_EVENTS = 10
# Parameters of recipes whose fit maximises another likelihood than that of equal, independent patients.
ALTERED = ("weights", "cluster", "ridge", "penalty", "alpha")
NOTHING = Level(np.nan, 0, np.nan, np.nan, np.nan, np.nan)
DONE = {
    "intercept": "a new level",
    "slope": "a new slope of the linear predictor and a new baseline",
    "refit": "all coefficients and the baseline anew (knots and levels kept)",
}


def update_model(model: FittedModel, cohort: Cohort, method: str, endpoint: Endpoint | None = None) -> Updating:
    """See `FittedModel.updating`."""
    if method not in ASKED:
        raise FitError(Finding("S14", f"method={method!r} is not allowed", f"one of {', '.join(ASKED)}"))
    new = read_new_cohort(model, cohort, endpoint)
    _check_answerable(model, new, method)
    seen = see(model, new)
    chosen, levels, table = _choose(model, seen, method)
    found = levels.get(chosen, NOTHING)
    changed = change(model, seen, chosen, found)
    doubts = _doubts(seen, chosen)
    warn_findings(doubts, stacklevel=4)
    updated = model
    if chosen != "original":
        updated = renewed(changed.model, new, chosen, (_note(model, new, chosen, found, changed), *doubts))
    counted = bool(levels) and seen.nested is not None
    return Updating(
        model=model,
        updated=updated,
        method=method,
        chosen=chosen,
        cohort=new.cohort.name,
        n=new.n,
        events=new.events,
        observed=float(seen.nested.event.sum()) if counted and seen.nested else np.nan,
        expected=seen.nested.expected if counted and seen.nested else np.nan,
        intercept=found.intercept if chosen == "intercept" else np.nan,
        intercept_error=found.intercept_error if chosen == "intercept" else np.nan,
        slope=changed.slope,
        slope_error=changed.slope_error,
        table=table,
        warnings=(*new.warnings, *doubts),
    )


def _check_answerable(model: FittedModel, new: NewCohort, method: str) -> None:
    """Refuse what no likelihood answers for this kind of model.

    Raises
    ------
    FitError
        E07 the method does not exist for this kind of model; E08 patients with missing predictors are to be fitted.
    """
    counts = isinstance(model.estimate, CoxEstimate | LogisticEstimate)
    able = counts or method == "refit" or (isinstance(model.estimate, ParametricEstimate) and method == "slope")
    if isinstance(model.estimate, PublishedHazard | FineGrayEstimate):
        able |= method == "intercept" or (method == "slope" and model.endpoint.kind == "time_to_event")
    if not able:
        rule = f'no update "{method}" of a {model.kind} model of a {model.endpoint.kind} endpoint'
        raise FitError(Finding("E07", rule, 'method="refit", or fit a model to the new cohort with a Study'))
    altered = [name for name in ALTERED if model.recipe.get_params().get(name)]
    if method == "closed-test" and altered:
        rule = f"the closed test compares plain likelihoods, and this recipe has {', '.join(altered)}"
        raise FitError(Finding("E07", rule, 'choose "intercept" or "slope" yourself'))
    gaps = new.frame.isna().any(axis=1)
    if method in ("refit", "closed-test") and gaps.any():
        rule = "coefficients are not estimated from patients with missing predictors"
        rows = tuple(str(row) for row in new.frame.index[gaps])
        advice = 'complete them, or fit a model to the new cohort by a Study with missing="chained"'
        raise FitError(Finding("E08", rule, advice, rows=rows))


def _choose(model: FittedModel, seen: Seen, method: str) -> tuple[str, Mapping[str, Level], pd.DataFrame]:
    """Return the change to make, the nested models that were fitted, and their table."""
    altered = any(model.recipe.get_params().get(name) for name in ALTERED)
    if isinstance(model.estimate, PublishedHazard | FineGrayEstimate) and method == "intercept":
        times = np.array(model.horizons, float)
        level = level_at_horizon(model.estimate, seen.design, seen.new.outcome, times, seen.offset)
        return method, {method: level}, pd.DataFrame(columns=list(COLUMNS))
    if seen.nested is None or (method == "refit" and altered):
        return method, {}, pd.DataFrame(columns=list(COLUMNS))
    if method == "closed-test":
        levels = nested_models(seen.nested)
        chosen, table = closed_test(levels)
        return chosen, levels, table
    levels = nested_models(seen.nested, ("original", method))
    return method, levels, compared(levels, method)


def _note(model: FittedModel, new: NewCohort, chosen: str, found: Level, changed: Change) -> Finding:
    """Write into the model how it was updated; it stays there when the model is saved."""
    told = DONE[chosen]
    if chosen == "intercept":
        told += f", {found.intercept:+.4g} on the log scale (standard error {found.intercept_error:.2g})"
    if chosen == "slope":
        told += f", slope {changed.slope:.4g} (standard error {changed.slope_error:.2g})"
    rule = f"model {model.name} was updated in {new.cohort.name} ({new.n} patients, {new.events} events): {told}"
    advice = "validate it in other patients: in those of the update its performance is apparent"
    size = f"n={new.n}, events={new.events}"
    return Finding("E10", rule, advice, value=size, file=new.cohort.name, severity="warning")


def _doubts(seen: Seen, chosen: str) -> tuple[Finding, ...]:
    found = []
    if chosen != "original" and seen.new.events < FEW_EVENTS:
        rule = f"{seen.new.events} events in the new cohort, below {FEW_EVENTS}: the update is hardly known"
        found.append(Finding("E11", rule, "pool cohorts, or wait for more events", severity="warning"))
    if seen.cox is not None and seen.cox.cut and chosen in ("original", "intercept"):
        rule = f"{seen.cox.cut} patients were followed beyond the model's follow-up: their later time does not count"
        found.append(Finding("E12", rule, "none needed: the model says nothing of that time", severity="warning"))
    return tuple(found)
