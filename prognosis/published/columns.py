"""The design columns of a published model, declared by values, and the columns of its reference patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Codebook, Variable
from cohorts.errors import DataContractError, Finding
from prognosis.preparation import Preparation, Term
from prognosis.recipe import Recipe
from prognosis.splines import given_knots
from prognosis.transforms import TRANSFORMS, transformed

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """How raw predictors become columns.

    Parameters
    ----------
    splines : knots of restricted cubic splines by variable (Harrell's basis), on the scale of the variable.
    transforms : by variable, one of log, log1p, sqrt, square. interactions : pairs of predictors.
    """

    splines: Mapping[str, Sequence[float]] = field(default_factory=dict)
    transforms: Mapping[str, str] = field(default_factory=dict)
    interactions: Sequence[tuple[str, str]] = ()

    def recipe(self, kind: type[Recipe]) -> Recipe:
        """Return the recipe that would fit these columns."""
        options: dict[str, Any] = {
            "splines": {name: list(map(float, knots)) for name, knots in self.splines.items()} or None,
            "transforms": dict(self.transforms) or None,
            "interactions": [tuple(pair) for pair in self.interactions],
        }
        return kind(**options)


def columns_of(codebook: Codebook, terms: Sequence[str], columns: Columns) -> Preparation:
    """Find the predictors that the terms name, in the order of the codebook.

    Raises
    ------
    DataContractError
        E17 a declaration names what is no predictor, a transform that is not known, or no term fits the codebook.
    FitError
        S10 knots that cannot be used.
    """
    _check(codebook, columns)
    made = {name: _term(variable, columns) for name, variable in codebook.items() if variable.kind in KINDS}
    mains = [term for term in made.values() if set(term.names) & set(terms)]
    pairs = tuple((str(a), str(b)) for a, b in columns.interactions)
    absent = sorted({name for pair in pairs for name in pair} - {term.variable for term in mains})
    if not mains or absent:
        rule = f"no coefficient of {', '.join(absent) or 'any predictor in the codebook'}"
        raise DataContractError(Finding("E17", rule, f"terms of the codebook: {_listed(made)}"))
    return Preparation(tuple(mains), pairs)


KINDS = ("numeric", "binary", "nominal", "ordinal")


def _term(variable: Variable, columns: Columns) -> Term:
    name = variable.name
    if variable.levels is not None:
        return Term(name, levels=variable.levels)
    transform, knots = columns.transforms.get(name), columns.splines.get(name)
    if knots is None:
        return Term(name, transform=transform)
    with np.errstate(all="ignore"):
        placed = given_knots(transformed(np.asarray(knots, float), transform), name)
    return Term(name, transform=transform, knots=tuple(map(float, placed)))


def _check(codebook: Codebook, columns: Columns) -> None:
    numbers = [name for name, v in codebook.items() if v.kind in KINDS and v.levels is None]
    findings = [
        Finding("E17", f"{where} names '{name}', which is no numeric predictor", f"one of {', '.join(numbers)}", name)
        for where in ("splines", "transforms")
        for name in getattr(columns, where)
        if name not in numbers
    ]
    findings += [
        Finding("E17", f"unknown transform '{value}'", f"one of {', '.join(TRANSFORMS)}; "
                "turn the coefficient of a scaled variable back to its unit", name)
        for name, value in columns.transforms.items()
        if value not in TRANSFORMS
    ]  # fmt: skip
    if findings:
        raise DataContractError(*findings)


def _listed(terms: Mapping[str, Term]) -> str:
    return ", ".join(name for term in terms.values() for name in term.names)


def reference_of(reference: Any, preparation: Preparation, codebook: Codebook) -> Floats:
    """Return the columns of the patient whose baseline is published, (p,).

    Raises
    ------
    DataContractError
        E17 neither "zero", nor a number for every column, nor a value for every predictor.
    PredictionError
        P03 a level that is not declared, S13 a value outside the domain of its transform.
    """
    if isinstance(reference, str) and reference == "zero":
        return np.zeros(len(preparation.names))
    given = dict(reference) if isinstance(reference, Mapping) else {}
    main = [name for term in preparation.terms for name in term.names]
    if set(given) == set(preparation.predictors):
        return preparation.design(_patient(given, codebook))[0]
    if set(given) == set(preparation.names) and len(main) == len(preparation.names):
        return np.array([float(given[name]) for name in preparation.names])
    rule = f"the reference is {reference!r}"
    advice = f'"zero", means of {", ".join(preparation.names)}, or a patient: {", ".join(preparation.predictors)}'
    raise DataContractError(Finding("E17", rule, advice))


def _patient(given: Mapping[str, Any], codebook: Codebook) -> pd.DataFrame:
    """Write the reference patient as a frame of one row."""
    columns = {}
    for name, variable in codebook.items():
        value: Any = float(given[name]) if variable.levels is None else str(given[name])
        if variable.levels is not None:
            value = pd.Categorical([value], categories=[*variable.levels, *_other(value, variable)])
        columns[name] = pd.Series(value, index=["reference"])
    return pd.DataFrame(columns)


def _other(value: Any, variable: Variable) -> list[str]:
    """Keep an unknown level, so that it is refused and not taken for a missing one."""
    return [] if str(value) in (variable.levels or ()) else [str(value)]
