"""New patients at the door of a model: columns, levels, units and ranges are checked before any risk is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Codebook, Cohort, Variable
from cohorts.columns import level_text
from cohorts.errors import Finding, PredictionError, raise_findings, warn_findings
from prognosis.patient_remarks import imputed, not_known, other_population, outside
from prognosis.prediction import Remark
from prognosis.profile import LevelProfile, NumericProfile, Profile

# Factors by which laboratories' units differ: g/L and g/dL, creatinine and glucose to mol, milli.
UNIT_FACTORS = (10.0, 88.4, 18.0, 1000.0)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PatientTable:
    """Checked patients: typed predictors (and columns of strata and offset), index = ids, and remarks.

    `door` : what they were checked by; no other takes them unchecked.
    """

    frame: pd.DataFrame
    remarks: tuple[Remark, ...]
    door: object = None

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids as text."""
        return tuple(str(row) for row in self.frame.index)


Rows: TypeAlias = pd.DataFrame | Mapping[str, object] | Cohort
# Rows as they come, or those that this door has let in before.
Patients: TypeAlias = Rows | PatientTable


@dataclass(frozen=True)
class Door:
    """What a model knows to check new patients by.

    Parameters
    ----------
    codebook : declarations of the predictors. profile : their distribution in the training cohort.
    id_column : name of the id column. extra : columns of strata and offset that prediction needs.
    imputes : True where the model has a stored imputation, so that a predictor may be missing. gaps : the same where
        it has a rule of its own for missing values.
    """

    codebook: Codebook
    profile: Profile
    id_column: str
    extra: tuple[str, ...] = ()
    imputes: bool = False
    gaps: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns a patient must have."""
        return (*self.codebook, *self.extra)

    def admit(self, patients: Patients) -> PatientTable:
        """Check patients and return them typed; those that were admitted before are not checked again.

        Raises
        ------
        PredictionError
            All findings at once: P01 missing column, P02 missing value, P03 unknown category, P05 no column names,
            P07 value outside the allowed range, P09 value in another unit, I01 duplicate id, C02 duplicate column,
            C10 text for a number.
        """
        if isinstance(patients, PatientTable):
            if self.let_in(patients):
                return patients
            patients = patients.frame
        raw = _as_rows(patients, self.id_column)
        names = list(self.columns)
        raise_findings(_duplicate_columns(raw, names), PredictionError)
        absent = [name for name in names if name not in raw.columns]
        raise_findings((_absent(name) for name in absent), PredictionError)
        remarks: list[Remark] = []
        if not isinstance(patients, Cohort):
            remarks += _extra_columns([str(c) for c in raw.columns if c not in names and c != self.id_column])
        else:
            raise_findings(_other_units(patients.codebook, self.codebook), PredictionError)
        raw = raw if list(raw.columns) == names else raw[names]
        findings = _duplicate_ids(raw) + _missing(raw[list(self.extra)] if self.imputes or self.gaps else raw)
        raise_findings(findings, PredictionError)
        remarks += (not_known if self.gaps else imputed)(raw[list(self.codebook)] if self.extra else raw)
        columns = {}
        for name in names:
            if name in self.codebook:
                columns[name], faults = _typed(raw[name], self.codebook[name], self.profile[name])
                findings += faults
            else:
                columns[name] = raw[name]
        raise_findings(findings, PredictionError)
        frame = pd.DataFrame(columns, index=raw.index)
        for name in self.codebook:
            remarks += outside(columns[name], self.profile[name], self.codebook[name])
            remarks += other_population(columns[name], self.codebook[name])
        return PatientTable(frame, tuple(remarks), self)

    def let_in(self, table: PatientTable) -> bool:
        """Tell whether a table was checked by this very door: the same declarations and profile, not equal ones."""
        other = table.door
        return (
            isinstance(other, Door)
            and (other.codebook is self.codebook and other.profile is self.profile)
            and (other.extra, other.imputes, other.gaps) == (self.extra, self.imputes, self.gaps)
        )


def _as_rows(patients: Rows, id_column: str) -> pd.DataFrame:
    if isinstance(patients, Cohort):
        return patients.frame
    if isinstance(patients, Mapping):
        patient = dict(patients)
        name = str(patient.pop(id_column, "patient"))
        return pd.DataFrame({key: [value] for key, value in patient.items()}, index=pd.Index([name]))
    if not isinstance(patients, pd.DataFrame):
        rule = "column names required: a bare array says nothing about its columns"
        raise PredictionError(Finding("P05", rule, "give a DataFrame or a mapping with the predictors' names"))
    rows = patients.set_index(id_column) if id_column in patients.columns else patients
    return rows.set_axis(pd.Index([str(row) for row in rows.index], dtype=object), axis="index")


def _absent(name: str) -> Finding:
    return Finding("P01", f"column {name} is missing", "add the column; the model needs it", column=name)


def _extra_columns(names: Sequence[str]) -> list[Remark]:
    if not names:
        return []
    listed = ", ".join(names)
    finding = Finding("P06", "the model does not use it; ignored", "none needed", column=listed, severity="warning")
    warn_findings([finding], stacklevel=6)
    return [Remark("P06", f"ignored, not part of the model: column {name}", column=name) for name in names]


def _duplicate_columns(raw: pd.DataFrame, names: Sequence[str]) -> list[Finding]:
    if raw.columns.is_unique:
        return []
    return [
        Finding("C02", f"two columns bear the name {name}", "leave one of them out", name)
        for name in names
        if (raw.columns == name).sum() > 1
    ]


def _other_units(given: Codebook, expected: Codebook) -> list[Finding]:
    """Columns that a cohort's own codebook declares in another unit than the model's."""
    return [
        Finding("P09", f"unit {given[name].unit}, expected {variable.unit}", f"convert to {variable.unit}", name)
        for name, variable in expected.items()
        if name in given and given[name].unit and variable.unit and given[name].unit != variable.unit
    ]


def _duplicate_ids(raw: pd.DataFrame) -> list[Finding]:
    twice = raw.index[raw.index.duplicated()].unique()
    if not len(twice):
        return []
    return [Finding("I01", "duplicate patient id", "give each patient an id of its own", rows=tuple(map(str, twice)))]


def _missing(raw: pd.DataFrame) -> list[Finding]:
    gone = raw.isna().to_numpy()
    return [
        Finding(
            "P02",
            f"column {name} is missing for {int(rows.sum())} patient(s)",
            "this model has no imputation for new patients: complete the value",
            column=str(name),
            rows=tuple(str(row) for row in raw.index[rows]),
        )
        for name, rows in zip(raw.columns, gone.T, strict=True)
        if rows.any()
    ]


def _numbers_with_gaps(column: pd.Series) -> pd.Series:
    """Return a column of numbers in which a missing one is None, or which holds nothing else, as floats."""
    if column.dtype != object or not column.isna().any():
        return column
    known = column.dropna()
    if not all(isinstance(value, Real) and not isinstance(value, bool) for value in known):
        return column
    return column.where(column.notna(), np.nan).astype(float)


def _typed(
    column: pd.Series, variable: Variable, profile: NumericProfile | LevelProfile
) -> tuple[pd.Series, list[Finding]]:
    if isinstance(profile, LevelProfile):
        return _categories(column, profile)
    if column.empty:
        return column.astype(float), []
    column = _numbers_with_gaps(column)
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)
    if not is_number or (pd.api.types.is_bool_dtype(column) and not _is_binary(variable, profile)):
        rule = f"{'string ' if column.dtype == object else ''}dtype {column.dtype} in a numeric predictor"
        finding = Finding("C10", rule, "give numbers", variable.name, tuple(column.index), repr(column.iloc[0]))
        return column, [finding]
    x = column.astype(float)
    return x, _range_faults(x.dropna(), variable, profile)


def _is_binary(variable: Variable, profile: NumericProfile) -> bool:
    return variable.kind == "binary" or (bool(profile.values) and set(profile.values) <= {0.0, 1.0})


def _categories(column: pd.Series, profile: LevelProfile) -> tuple[pd.Series, list[Finding]]:
    place = {level: code for code, level in enumerate(profile.levels)}

    def text(cell: object) -> str:
        # 4.0 is the level 4 where the codebook says so
        return str(cell) if str(cell) in place else level_text(cell)

    gone = column.isna().to_numpy()
    texts = [None if absent else text(cell) for cell, absent in zip(column.astype(object), gone, strict=True)]
    codes = np.array([-1 if known is None else place.get(known, -1) for known in texts], dtype=np.int64)
    typed = pd.Series(pd.Categorical.from_codes(codes, list(profile.levels)), index=column.index, name=column.name)
    unknown = (codes < 0) & ~gone
    if not unknown.any():
        return typed, []
    listed = dict.fromkeys(known for known, strange in zip(texts, unknown, strict=True) if strange)
    values = ", ".join(map(repr, listed))
    rule = f"unknown category {values}; known levels: {', '.join(profile.levels)}"
    advice = "correct the value; a category unseen in training has no estimate and is never mapped to the reference"
    rows = tuple(str(row) for row in column.index[unknown])
    return typed, [Finding("P03", rule, advice, str(column.name), rows, values)]


def _range_faults(x: pd.Series, variable: Variable, profile: NumericProfile) -> list[Finding]:
    values = x.to_numpy()
    if _is_binary(variable, profile):
        wrong = ~np.isin(values, (0.0, 1.0))
        rule = "unknown category; known levels: 0, 1"
        return [_range_finding("P03", rule, "give 0 or 1", x, wrong)] if wrong.any() else []
    low, high = variable.limits or _widened(profile)
    unit = f" {variable.unit}" if variable.unit else ""
    other = _in_other_unit(values, variable, profile)
    outside = (~np.isfinite(values) | (values < low) | (values > high)) & ~other
    findings = []
    if other.any():
        rule = (
            f"value in another unit? {variable.text()} is expected in {variable.unit}: the training cohort has "
            f"{profile.p1:g} to {profile.p99:g} (1st to 99th percentile)"
        )
        findings.append(_range_finding("P09", rule, f"convert to {variable.unit} (expected {variable.unit})", x, other))
    if outside.any():
        rule = f"outside the allowed range {low:g} to {high:g}{unit} of {variable.text()}"
        findings.append(_range_finding("P07", rule, "correct the value", x, outside))
    return findings


def _range_finding(code: str, rule: str, way_out: str, x: pd.Series, where: Mask) -> Finding:
    values = ", ".join(f"{value:g}" for value in x[where].unique()[:5])
    return Finding(code, rule, way_out, str(x.name), tuple(str(row) for row in x.index[where]), values)


def _widened(profile: NumericProfile) -> tuple[float, float]:
    """Without declared limits: no further from the training range than its own width."""
    width = profile.maximum - profile.minimum
    return profile.minimum - width, profile.maximum + width


def _in_other_unit(x: Floats, variable: Variable, profile: NumericProfile) -> Mask:
    """Where a unit's factor, larger than the natural spread, brings an outlying concentration into the usual range."""
    found = np.zeros(len(x), bool)
    if not variable.unit or "/" not in variable.unit or profile.p1 <= 0:
        return found
    spread = profile.p99 / profile.p1
    with np.errstate(over="ignore"):
        for factor in (f for f in UNIT_FACTORS if f > 1.2 * spread):
            found |= _between(x * factor, profile.p1, profile.p99) | _between(x / factor, profile.p1, profile.p99)
    usual = _between(x, profile.minimum, profile.maximum)
    if variable.plausible:
        usual |= _between(x, *variable.plausible)
    return found & ~usual


def _between(x: Floats, low: float, high: float) -> Mask:
    return np.asarray((x >= low) & (x <= high))
