"""A fitted model as plain values and arrays; nothing in it can execute."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.estimate import NO_HORIZON
from prognosis.harmonisation.preparation import needed_besides
from prognosis.profile import LevelProfile, ObservedCurve, Profile, profile_to_dict
from prognosis.recipe import Recipe
from prognosis.validation import Validation

if TYPE_CHECKING:
    from prognosis.model import FittedModel

SCHEMA = 4
Arrays = dict[str, NDArray[Any]]
FOLLOW_UP = ("time", "survival", "at_risk")


def content_of(model: FittedModel) -> tuple[dict[str, Any], Arrays]:
    """Return what the file holds: JSON values and arrays."""
    arrays = {f"estimate.{key}": value for key, value in model.estimate.arrays().items()}
    # the whole cohort is curve 0, the strata follow
    for number, curve in enumerate(_curves(model)):
        arrays |= {f"follow_up.{number}.{key}": getattr(curve, key) for key in FOLLOW_UP}
    parts = {
        "imputation": model.imputation,
        "pooled": model.pooled,
        "selection": model.selection,
        "tuning": model.tuning,
        "distance": model.distance,
    }
    for name, part in parts.items():
        arrays |= {} if part is None else {f"{name}.{key}": value for key, value in part.arrays().items()}
    content = {
        "schema": SCHEMA,
        "kind": model.kind,
        "name": model.name,
        "recipe": _plain(model.recipe.get_params(deep=False)),
        "preparation": _plain(model.preparation.to_dict()),
        "estimate_class": type(model.estimate).__name__,
        "estimate": _plain(model.estimate.to_dict()),
        "codebook": model.codebook.to_dict(),
        "endpoint": model.endpoint.to_dict(),
        "horizons": list(model.horizons),
        "event_label": dict(model.event_label),
        "n": model.n,
        "events": model.events,
        "profile": _plain(profile_to_dict(model.profile)),
        "follow_up": [{"median": curve.median, "median_follow_up": curve.median_follow_up} for curve in _curves(model)],
        "seed": model.seed,
        "missing": model.missing,
        "flow": [list(line) for line in model.flow],
        "warnings": [_finding_to_dict(finding) for finding in model.warnings],
        "created": model.created,
        "version": model.version,
        "id_column": model.id_column,
        "cohort": model.cohort,
        "validation": _validation_to_dict(model.validation),
        **{name: None if part is None else _plain(part.to_dict()) for name, part in parts.items()},
    }
    # left out where there are none, so that older files keep their hash
    content |= {} if model.deaths is None else {"deaths": model.deaths.to_dict()}
    content |= {"external": [_plain(record.to_dict()) for record in model.external]} if model.external else {}
    return content, arrays


def _curves(model: FittedModel) -> tuple[ObservedCurve, ...]:
    return () if model.follow_up is None else (model.follow_up, *model.strata_follow_up)


def example_patients(profile: Profile, extra: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Three synthetic patients (5th, 50th, 95th centile; levels in turn) for the self-test of a file."""
    columns: dict[str, Any] = {}
    for name, entry in profile.items():
        if isinstance(entry, LevelProfile):
            columns[name] = [entry.levels[i % len(entry.levels)] for i in range(3)]
        elif set(entry.values) <= {0.0, 1.0} and entry.values:
            columns[name] = [entry.values[i % len(entry.values)] for i in range(3)]
        else:
            columns[name] = [entry.p5, entry.median, entry.p95]
    return pd.DataFrame({**columns, **extra}, index=["low", "middle", "high"])


def self_test_of(model: FittedModel) -> dict[str, Any]:
    """Risks, with their limits, of the example patients at the model's horizons, to be met again after loading."""
    horizons = NO_HORIZON if model.max_follow_up is None else model.horizons or (model.max_follow_up / 2,)
    table = model.door.admit(example_patients(model.profile, extra_columns(model)))
    risk, lower, upper, eta = model.answering.risk(table.frame, np.array(horizons, float), 0.95, "log")
    curves = {"risk": risk, "lower": lower, "upper": upper}
    numbers = {name: [_numbers(row) for row in rows] for name, rows in curves.items()}
    return {"horizons": _numbers(horizons), "linear_predictor": _numbers(eta), **numbers}


def extra_columns(model: FittedModel) -> dict[str, list[Any]]:
    """Columns of strata, offset and batch that the door asks for; the self-test uses the first of each."""
    columns: dict[str, list[Any]] = {}
    first = dict(
        part.split("=", 1) for part in (model.estimate.stratum_names[:1] or ("",))[0].split(", ") if "=" in part
    )
    needed = needed_besides(model.preparation)
    for name in model.door.extra:
        columns[name] = [first.get(name, needed.get(name, 0.0))] * 3
    return columns


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _plain(value: Any) -> Any:
    """Tuples as lists, mappings as dicts, numpy scalars as numbers, a recipe within another as kind and parameters."""
    if isinstance(value, Recipe):
        return {"kind": value.kind, "parameters": _plain(value.get_params(deep=False))}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def _finding_to_dict(finding: Finding) -> dict[str, Any]:
    """Return a finding without row ids: a model file names no patient."""
    return {item.name: getattr(finding, item.name) for item in fields(Finding) if item.name != "rows"}


def _validation_to_dict(validation: Validation | None) -> dict[str, Any] | None:
    if validation is None:
        return None
    table = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
        for row in validation.table.to_dict(orient="records")
    ]
    bands = {name: [each.to_dict() for each in found] for name, found in validation.bands.items()}
    return ({"bands": bands} if bands else {}) | {
        "table": _plain(table),
        "method": validation.method,
        "repeats": validation.repeats,
        "seed": validation.seed,
        "failed": validation.failed,
        "choice": validation.choice,
        "warnings": [_finding_to_dict(finding) for finding in validation.warnings],
    }


def hash_of(content: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of values and arrays, independent of how they are packed."""
    digest = hashlib.sha256()
    digest.update(json.dumps(content, allow_nan=False, ensure_ascii=False, sort_keys=True).encode())
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
