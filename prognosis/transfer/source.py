"""The source's coefficients as plain values, and their places among the columns of the target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.harmonisation.preparation import no_axis
from prognosis.limits import Bounds
from prognosis.preparation import Preparation

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
WAY_OUT = "fit the source without it, or use a transform that learns nothing (log, sqrt, square)"


def is_source(value: object) -> bool:
    """Tell whether a value is a mapping of terms to finite coefficients, or None."""
    if value is None:
        return True
    return isinstance(value, Mapping) and all(
        isinstance(term, str) and Bounds(-math.inf).allows(number) for term, number in value.items()
    )


def source_of(model: FittedModel) -> dict[str, float]:
    """Return the log hazard ratios of a fitted model by term, to be given to ``Transfer(source=...)``.

    Splines and scales that were learnt in the source mean something else in the target, so that such terms are refused.

    Raises
    ------
    FitError
        Y60 the model has no log hazard ratios of a time to event; Y62 a term has knots or scales of the source;
        D74 features that were harmonised.
    """
    estimate: Any = model.estimate
    if model.endpoint.kind == "binary" or not hasattr(estimate, "baseline") or not hasattr(estimate, "coefficients"):
        rule = f"a {model.kind} model has no log hazard ratios"
        raise FitError(Finding("Y60", rule, "fit the source by Cox or PenalisedCox"))
    raise_findings(no_axis(model.preparation, "in a transfer"), FitError)
    raise_findings(learnt_terms(model.preparation, model.preparation.predictors), FitError)
    return {name: float(value) for name, value in zip(estimate.names, estimate.coefficients, strict=True)}


def learnt_terms(preparation: Preparation, variables: Iterable[str]) -> list[Finding]:
    """Name the terms of some variables that depend on the rows they were learnt from (Y62)."""
    wanted = set(variables)
    found = []
    for term in preparation.terms:
        what = "a spline, whose knots" if term.knots else "scaled, by values that" if term.transform == "scaled" else ""
        if what and term.variable in wanted:
            rule = f"{term.variable} is {what} belong to one cohort: its coefficients cannot be carried over"
            found.append(Finding("Y62", rule, WAY_OUT, column=term.variable))
    return found


def aligned(source: Mapping[str, float], preparation: Preparation) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the source's coefficients in the order of the target's columns, 0 where there is none, and which it has.

    Raises
    ------
    FitError
        Y61 a term of the source is no column of the target; Y62 a shared term has knots or scales of its own.
    """
    names = preparation.names
    lost = [term for term in source if term not in names]
    if lost:
        rule = f"the source's terms {', '.join(lost)} are no columns of the target, which has {', '.join(names)}"
        way_out = "measure them, name them alike (grade=3), or refit the source without them"
        raise FitError(Finding("Y61", rule, way_out))
    shared = np.array([name in source for name in names])
    held = [name for column in preparation.columns if column.name in source for name in column.variables]
    raise_findings(learnt_terms(preparation, held), FitError)
    return np.array([float(source.get(name, 0.0)) for name in names]), shared
