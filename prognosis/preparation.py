"""From raw predictors to design columns: dummies, transforms, splines and interactions, remembered from training.

Nothing is a formula string: every term is declared by values, and a new patient gets the training knots.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, PredictionError, raise_findings
from prognosis.column_checks import check_names, check_sizes, sound_columns
from prognosis.splines import default_knots, given_knots, spline_basis
from prognosis.transforms import DOMAIN, TRANSFORM_NAMES, transformed

Floats = NDArray[np.float64]
Knots = int | Sequence[float]


@dataclass(frozen=True)
class Column:
    """One design column: its rms name and the raw variables that it depends on."""

    name: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """Main effect of one raw variable.

    Parameters
    ----------
    variable : raw column. levels : categories, the first is the reference; None for a number.
    transform : closed list `TRANSFORM_NAMES`; ``scaled`` subtracts `shift` and divides by `scale`.
    knots : of the restricted cubic spline, on the transformed scale.
    """

    variable: str
    levels: tuple[str, ...] | None = None
    transform: str | None = None
    shift: float = 0.0
    scale: float = 1.0
    knots: tuple[float, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns as rms gives them: ``sex=M``, ``age``, ``age'``."""
        if self.levels is not None:
            return tuple(f"{self.variable}={level}" for level in self.levels[1:])
        stem = f"{self.transform}({self.variable})" if self.transform else self.variable
        return tuple(stem + "'" * bend for bend in range(len(self.knots) - 1 if self.knots else 1))

    def places(self, column: pd.Series) -> NDArray[np.int64]:
        """Place of each row's level, (n,); -1 where it is missing or unknown."""
        given = column.array if isinstance(column.dtype, pd.CategoricalDtype) else pd.Categorical(column)
        known = [_places(self.levels or ()).get(str(level), -1) for level in given.categories]
        return np.array([*known, -1])[given.codes]

    def values(self, column: pd.Series) -> Floats:
        """Design columns of this term, (n, k); not a number where the value is missing."""
        if self.levels is not None:
            place = self.places(column)[:, None]
            return np.where(place < 0, np.nan, place == np.arange(1, len(self.levels)))
        x = transformed(column.to_numpy(float), self.transform, self.shift, self.scale)
        return spline_basis(x, np.array(self.knots)) if self.knots else x[:, None]


@lru_cache(maxsize=256)
def _places(levels: tuple[str, ...]) -> Mapping[str, int]:
    if len(set(levels)) < len(levels):
        raise ValueError(f"a level is named twice among {', '.join(levels)}")
    return {level: code for code, level in enumerate(levels)}


@dataclass(frozen=True)
class Preparation:
    """The remembered way from a frame of raw predictors to the design matrix.

    Parameters
    ----------
    terms : one `Term` a predictor, in order. interactions : pairs of predictors whose columns are multiplied.
    gaps : True where the model has a rule for missing values: their columns are not a number; else they are refused.
    """

    terms: tuple[Term, ...]
    interactions: tuple[tuple[str, str], ...] = ()
    gaps: bool = False

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        splines: Mapping[str, Knots] | None = None,
        transforms: Mapping[str, str] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        *,
        gaps: bool = False,
    ) -> Preparation:
        """Learn levels, scales and knots from the training rows.

        Parameters
        ----------
        frame : raw predictors; pd.Categorical columns become dummies, numbers and booleans stay.
        splines : number of knots, or the knots, by variable. transforms : by variable. interactions : pairs.
        gaps : see the class.

        Raises
        ------
        FitError
            A declaration names an unknown variable or transform, or knots cannot be placed.
        DataContractError
            S13 a value lies outside the domain of its transform; C10 a column is text.
        """
        splines, transforms = dict(splines or {}), dict(transforms or {})
        pairs = tuple((str(a), str(b)) for a, b in interactions)
        raise_findings(_check_declarations(frame, splines, transforms, pairs), FitError)
        terms = []
        for name in map(str, frame.columns):
            column = frame[name]
            if isinstance(column.dtype, pd.CategoricalDtype):
                terms.append(Term(name, levels=tuple(str(level) for level in column.cat.categories)))
            else:
                terms.append(_numeric_term(name, column, transforms.get(name), splines.get(name)))
        learned = cls(tuple(terms), pairs, gaps)
        crossed = [f"{a} * {b}" for a, b in pairs]
        raise_findings(check_names(learned.names, [*learned.predictors, *crossed]), FitError)
        return learned

    @property
    def columns(self) -> tuple[Column, ...]:
        """All design columns in order: main terms, then interactions."""
        main = [Column(name, (term.variable,)) for term in self.terms for name in term.names]
        by_variable = {term.variable: term for term in self.terms}
        # As rms: the columns of the first variable run fastest.
        crossed = [
            Column(f"{left} * {right}", (a, b))
            for a, b in self.interactions
            for right in by_variable[b].names
            for left in by_variable[a].names
        ]
        return (*main, *crossed)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the design columns."""
        return tuple(column.name for column in self.columns)

    @property
    def predictors(self) -> tuple[str, ...]:
        """Raw variables in order."""
        return tuple(term.variable for term in self.terms)

    def design(self, frame: pd.DataFrame) -> Floats:
        """Return the uncentred design matrix, (n, p), C-contiguous.

        Raises
        ------
        PredictionError
            All findings at once: P01 a column is absent, P02 a value is missing, P03 a category is unknown, C10 a
            number is text or a date, C27 infinite or nearly so, S13 a value lies outside the domain of its transform.
        """
        raise_findings(_check_values(frame, self.terms, self.gaps), PredictionError)
        blocks = {term.variable: term.values(frame[term.variable]) for term in self.terms}
        crossed = [
            (blocks[b][:, :, None] * blocks[a][:, None, :]).reshape(len(frame), blocks[a].shape[1] * blocks[b].shape[1])
            for a, b in self.interactions
        ]
        return np.ascontiguousarray(np.hstack([*blocks.values(), *crossed]))

    def terms_of_test(self) -> dict[str, list[int]]:
        """Design columns of each term as R tests them together: a factor, a spline, an interaction."""
        groups: dict[str, list[int]] = {}
        for index, column in enumerate(self.columns):
            groups.setdefault(" * ".join(column.variables), []).append(index)
        return groups

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the model file."""
        return {
            "terms": [vars(term) for term in self.terms],
            "interactions": [list(pair) for pair in self.interactions],
            **({"gaps": True} if self.gaps else {}),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Preparation:
        """Rebuild from `to_dict`."""
        fields: list[dict[str, Any]] = [
            {key: tuple(value) if isinstance(value, list) else value for key, value in term.items()}
            for term in stored["terms"]
        ]
        pairs = tuple((a, b) for a, b in stored["interactions"])
        return cls(tuple(Term(**term) for term in fields), pairs, stored.get("gaps") is True)


def _numeric_term(name: str, column: pd.Series, transform: str | None, knots: Knots | None) -> Term:
    x = column.to_numpy(float)
    term = Term(name, transform=transform)
    if transform in DOMAIN:
        raise_findings(_check_domains(column.to_frame(name), (term,)), DataContractError)
    shift, scale = (float(x.mean()), float(x.std(ddof=1)) or 1.0) if transform == "scaled" else (0.0, 1.0)
    if knots is None:
        return Term(name, transform=transform, shift=shift, scale=scale)
    if isinstance(knots, numbers.Integral):
        placed = default_knots(transformed(x, transform, shift, scale), int(knots), name)
    else:
        with np.errstate(all="ignore"):
            placed = given_knots(transformed(np.asarray(knots, float), transform, shift, scale), name)
    return Term(name, transform=transform, shift=shift, scale=scale, knots=tuple(float(k) for k in placed))


def _check_declarations(
    frame: pd.DataFrame, splines: Mapping[str, Any], transforms: Mapping[str, str], pairs: Sequence[tuple[str, str]]
) -> list[Finding]:
    known = [str(name) for name in frame.columns]
    used = [("splines", name) for name in splines] + [("transforms", name) for name in transforms]
    used += [("interactions", name) for pair in pairs for name in pair]
    findings = [
        Finding("S12", f"{where} names '{name}', which is not a predictor", f"predictors: {', '.join(known)}", name)
        for where, name in used
        if name not in known
    ]
    findings += [
        Finding("S12", f"unknown transform '{value}'", f"one of {', '.join(TRANSFORM_NAMES)}", name)
        for name, value in transforms.items()
        if value not in TRANSFORM_NAMES
    ]
    findings += [
        Finding("S12", "a category has no spline and no transform", "take it out of splines and transforms", name)
        for name in known
        if isinstance(frame[name].dtype, pd.CategoricalDtype) and (name in splines or name in transforms)
    ]
    findings += [
        Finding("S12", f"'{a}' cannot interact with itself", "name two predictors", a) for a, b in pairs if a == b
    ]
    findings += [
        Finding("C10", f"string dtype ({frame[name].dtype}): numbers or declared categories are needed",
                "declare the column in the codebook, or make it a pd.Categorical with its levels in order", name)
        for name in known
        if not isinstance(frame[name].dtype, pd.CategoricalDtype) and not _is_real(frame[name])
    ]  # fmt: skip
    return findings


def _is_real(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def _check_values(frame: pd.DataFrame, terms: Sequence[Term], gaps: bool) -> list[Finding]:
    """Find absent, missing and unknown values; none is ever taken for the reference category."""
    absent = [term.variable for term in terms if term.variable not in frame.columns]
    if absent:
        return [Finding("P01", f"column {name} is missing", "add the column", name) for name in absent]
    findings = []
    sound = sound_columns(frame[[term.variable for term in terms if term.levels is None]])
    for term in (term for term in terms if term.variable not in sound):
        column = frame[term.variable]
        gone = column.isna().to_numpy()
        if gone.any() and not gaps:
            rule = f"column {term.variable} is missing for {int(gone.sum())} patient(s)"
            findings.append(Finding("P02", rule, "complete the value", term.variable, _ids(frame, gone)))
        if term.levels is not None:
            unknown = (term.places(column) < 0) & ~gone
            if unknown.any():
                values = ", ".join(repr(str(value)) for value in column[unknown].unique())
                rule = f"unknown category {values}; known levels: {', '.join(term.levels)}"
                findings.append(Finding("P03", rule, "correct the value", term.variable, _ids(frame, unknown), values))
        elif not _is_real(column.infer_objects()):
            rule = f"{column.dtype} dtype: numbers are needed"
            findings.append(Finding("C10", rule, "give numbers", term.variable))
        else:
            findings += check_sizes(column)
    return findings or _check_domains(frame, terms)


def _ids(frame: pd.DataFrame, rows: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(str(row) for row in frame.index[rows])


def _check_domains(frame: pd.DataFrame, terms: Sequence[Term]) -> list[Finding]:
    findings = []
    for term in terms:
        if term.transform is None or term.transform not in DOMAIN:
            continue
        bound, closed = DOMAIN[term.transform]
        x = frame[term.variable].to_numpy(float)
        outside = x < bound if closed else x <= bound
        if outside.any():
            rule = f"{term.transform} is not defined for values {'below' if closed else 'of or below'} {bound:g}"
            advice = "use log1p or sqrt, or correct the values"
            findings.append(Finding("S13", rule, advice, term.variable, _ids(frame, outside)))
    return findings
