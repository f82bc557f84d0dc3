"""The numbers of a regression as plain values, from which a calculator gives the same risks as `FittedModel.predict`.

Aggregates only, as in a model file: coefficients, covariances, baselines at event times, the observed curve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.competing.fine_gray_estimate import FineGrayEstimate
from prognosis.cox.estimate import CoxEstimate
from prognosis.early_relapse.estimate import EarlyEstimate
from prognosis.harmonisation.preparation import no_axis
from prognosis.imputation.number_scale import SHARES
from prognosis.imputation.stored import DRAWS, SWEEPS
from prognosis.imputation.stored_column import StoredColumn
from prognosis.joint_distance import OFF_PLANE
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.model import FittedModel
from prognosis.normal import z_of_level
from prognosis.parametric.estimate import ParametricEstimate
from prognosis.published.estimate import PublishedHazard

LEVEL = 0.95
WAY_OUT = "give risks with predict, or draw Nomogram.approximate(model), which states its fidelity"


def refusals_of(model: FittedModel) -> list[Finding]:
    """Return what stands against a calculator: R60 a kind of model that it cannot compute, R61 an offset, R62 no time.

    A calculator computes the very model; an approximation of another one would need its error on every line.
    """
    if estimate_kind(model) is None:
        rule = f"no calculator of a model of kind {model.kind}: it computes regressions only"
        return [Finding("R60", rule, WAY_OUT, value=model.kind)]
    findings = no_axis(model.preparation, "in a calculator")
    if offset := getattr(model.recipe, "offset", None):
        rule = "the model has an offset, for which the calculator has no field"
        findings.append(Finding("R61", rule, "make it a predictor, or use predict", column=offset))
    if model.follow_up is not None and not times_of(model):
        rule = "no horizon: the calculator needs a time to give the risk at"
        findings.append(Finding("R62", rule, "declare horizons in the endpoint"))
    return findings


def estimate_kind(model: FittedModel) -> str | None:
    """Name the formula by which the risk follows from the linear predictor; None where the calculator has none."""
    estimate = inner_estimate(model)
    if isinstance(estimate, CoxEstimate | FineGrayEstimate):
        return "hazard"
    if isinstance(estimate, CauseSpecificEstimate):
        return "causes"
    if isinstance(estimate, ParametricEstimate):
        return "log_time"
    if isinstance(estimate, PublishedHazard):
        return "published"
    return "odds" if isinstance(estimate, LogisticEstimate) else None


def inner_estimate(model: FittedModel) -> Any:
    """Return the estimate, of a model of a window that of its binary outcome."""
    return model.estimate.inner if isinstance(model.estimate, EarlyEstimate) else model.estimate


def times_of(model: FittedModel) -> tuple[float, ...]:
    """Return the horizons; none for a binary endpoint."""
    return () if model.follow_up is None else tuple(float(horizon) for horizon in model.horizons)


def numbers_of(model: FittedModel) -> dict[str, Any]:
    """Return preparation, estimate, imputation and joint distance of a model that the calculator can compute."""
    estimate = inner_estimate(model)
    kind = str(estimate_kind(model))
    shared = {"kind": kind, "coefficients": _list(estimate.coefficients), "means": _list(estimate.means)}
    window = model.estimate.window if isinstance(model.estimate, EarlyEstimate) else None
    return {
        "z": z_of_level(LEVEL),
        "preparation": _preparation(model),
        "estimate": shared | OWN[kind](estimate) | {"window": window},
        "joint": _joint(model),
        "imputation": _imputation(model),
        "end": model.max_follow_up,
    }


def _list(values: NDArray[Any]) -> list[Any] | None:
    """Return an array as lists; None where it is not known (the errors of a penalised fit)."""
    numbers = np.asarray(values, float)
    return numbers.tolist() if np.isfinite(numbers).all() else None


def _preparation(model: FittedModel) -> dict[str, Any]:
    terms = [
        {
            "levels": None if term.levels is None else len(term.levels),
            "transform": term.transform,
            "shift": term.shift,
            "scale": term.scale,
            "knots": None if term.knots is None else list(term.knots),
        }
        for term in model.preparation.terms
    ]
    place = {name: index for index, name in enumerate(model.predictors)}
    return {"terms": terms, "interactions": [[place[a], place[b]] for a, b in model.preparation.interactions]}


def _hazard(estimate: CoxEstimate | FineGrayEstimate) -> dict[str, Any]:
    base = estimate.baseline
    # an error that is not known leaves no limits, as in Python
    known = all(np.isfinite(part).all() for part in (base.variance, base.mean_hazard))
    return {
        "covariance": _list(estimate.covariance) if known else None,
        "time": _list(base.time),
        "edges": [int(edge) for edge in base.edges],
        "cumulative_hazard": _list(base.cumulative_hazard),
        "variance": _list(base.variance),
        "mean_hazard": _list(base.mean_hazard),
        "ends": _list(base.end),
    }


def _causes(estimate: CauseSpecificEstimate) -> dict[str, Any]:
    """Return each cause's coefficients, and the steps of all hazards at the times of any event, stratum by stratum."""
    strata = [estimate.steps(place) for place in range(len(estimate.end))]
    covariances = [_list(model.covariance) for model in estimate.models]
    known = all(matrix is not None for matrix in covariances) and all(
        np.isfinite(part).all() for _, steps in strata for part in steps
    )
    return {
        "causes": [{"coefficients": _list(one.coefficients), "means": _list(one.means)} for one in estimate.models],
        "covariance": covariances if known else None,
        "product_limit": estimate.survival == "product-limit",
        "time": _list(estimate.event_times),
        "ends": _list(estimate.end),
        "strata": [{"time": _list(grid), "steps": _each_step(*steps)} for grid, steps in strata],
    }


def _each_step(hazard: NDArray[Any], variance: NDArray[Any], drift: NDArray[Any]) -> list[Any]:
    """Return the steps one time after another, each cause's in it; what is not known of an error counts as 0."""
    parts = (hazard.tolist(), np.nan_to_num(variance).tolist(), np.nan_to_num(drift).tolist())
    return [
        [dict(zip(("hazard", "variance", "drift"), cause, strict=True)) for cause in zip(*at, strict=True)]
        for at in zip(*parts, strict=True)
    ]


def _log_time(estimate: ParametricEstimate) -> dict[str, Any]:
    return {
        "distribution": estimate.distribution,
        "location": estimate.location,
        "scale": estimate.scale,
        "covariance": _list(estimate.joint_covariance),
        "time": _list(estimate.event_times),
        "ends": _list(estimate.end),
    }


def _published(estimate: PublishedHazard) -> dict[str, Any]:
    return {"time": _list(estimate.time), "cumulative_hazard": _list(estimate.cumulative_hazard)}


def _odds(estimate: LogisticEstimate) -> dict[str, Any]:
    return {"intercept": estimate.intercept, "covariance": _list(estimate.joint_covariance)}


# Numbers of each formula besides coefficients and means.
OWN: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "hazard": _hazard,
    "causes": _causes,
    "log_time": _log_time,
    "published": _published,
    "odds": _odds,
}


def _joint(model: FittedModel) -> dict[str, Any] | None:
    known = model.distance
    if known is None or not np.isfinite(known.limit):
        return None
    return {name: _list(array) for name, array in known.arrays().items()} | {
        "limit": known.limit,
        "off_plane": OFF_PLANE,
    }


def takes_unknown(model: FittedModel) -> bool:
    """Tell whether a predictor may be unknown: the model has an imputation for new patients, of its own predictors."""
    return model.imputation is not None and set(model.imputation.predictors) == set(model.predictors)


def _imputation(model: FittedModel) -> dict[str, Any] | None:
    """Return the stored imputation, whose draws the calculator repeats number by number."""
    stored = model.imputation
    if stored is None or not takes_unknown(model):
        return None
    places = {name: index for index, name in enumerate(model.predictors)}
    return {
        "draws": DRAWS,
        "sweeps": SWEEPS,
        "shares": SHARES.tolist(),
        # a 64-bit number, which JSON's readers round
        "seed": str(model.seed % 2**64),
        "columns": [_imputed_column(model, column, places[column.name]) for column in stored.columns],
    }


def _imputed_column(model: FittedModel, column: StoredColumn, place: int) -> dict[str, Any]:
    told = {
        "place": place,
        "coefficients": column.coefficients.tolist(),
        "residual": column.residual,
        "shares": column.shares.tolist(),
        # from the place of a level in the form to its place here
        "levels": _level_places(model, column) if column.levels else None,
    }
    if column.scale is None:
        return told
    values = np.unique(column.scale.percentiles)
    return told | {
        "values": values.tolist(),
        "scores": column.scale.score(values).tolist(),
        "percentiles": column.scale.percentiles.tolist(),
        "whole": column.scale.whole,
    }


def _level_places(model: FittedModel, column: StoredColumn) -> list[int]:
    term = next(term for term in model.preparation.terms if term.variable == column.name)
    return [column.levels.index(level) for level in term.levels or ()]
