"""A column to classes: cut-offs are brought to the unit of the column, texts to categories; nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.columns import level_text
from cohorts.errors import Finding
from cohorts.event_codes import show_values
from cohorts.staging.asked import Asked
from cohorts.staging.inputs import AboveNormal, Category, Cut, Input, Measured

if TYPE_CHECKING:
    from cohorts.cohort import Cohort
    from cohorts.variable import Variable

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PRESENT = ("1", "yes", "present", "positive", "pos", "true", "abnormal", "+", "有", "是", "阳性")
ABSENT = ("0", "no", "absent", "negative", "neg", "false", "normal", "-", "无", "否", "阴性")
HIGH, NOT_HIGH = ("high", "elevated", "above", "aboveuln", ">uln"), ("normal", "notabove", "low", "<=uln")
# A unit that says that the values are multiples of the upper limit of normal already.
MULTIPLES = ("uln", "xuln", "×uln")


@dataclass(frozen=True)
class Read:
    """Class of every patient by one input (-1 not known), how it was read in words, and what was found."""

    codes: Codes
    how: str
    findings: tuple[Finding, ...] = ()


def classes_of(asked_for: Input, column: str | None, cohort: Cohort, asked: Asked) -> Read:
    """Read one input of all patients; faults come as findings of severity ``error`` (D02 to D05, D08)."""
    if column is None:
        return Read(np.full(len(cohort), -1, np.int64), "assessed in nobody")
    values = cohort.table[column]
    spelled = asked.read_as.get(asked_for.name, {})
    if isinstance(asked_for, Measured):
        return _measured(asked_for, values, cohort)
    if isinstance(asked_for, AboveNormal) and cohort.codebook[column].kind == "numeric":
        return _against_normal(asked_for, values, cohort, asked.normal.get(asked_for.name))
    if asked_for.name in asked.normal:
        rule = f"{asked_for.name} is recorded as above normal or not: it takes no upper limit of normal"
        return _failed(cohort, Finding("D04", rule, "leave normal out, or name the measured column", column))
    return _recorded(asked_for, values, cohort, spelled)


def plain(text: str) -> str:
    """Return a unit or category without case, spaces and the two ways of writing micro."""
    return "".join(text.lower().split()).replace("µ", "u").replace("μ", "u")


def _failed(cohort: Cohort, *findings: Finding) -> Read:
    return Read(np.full(len(cohort), -1, np.int64), "", findings)


def _measured(asked_for: Measured, values: pd.Series, cohort: Cohort) -> Read:
    column = str(values.name)
    variable = cohort.codebook[column]
    if variable.kind not in ("numeric", "time"):
        rule = f"{asked_for.name} is a measurement, and the column is {variable.kind}"
        return _failed(cohort, Finding("D05", rule, "name the column of the measured values", column))
    factor = _factor(asked_for, variable.unit)
    if isinstance(factor, Finding):
        return _failed(cohort, factor)
    numbers = values.to_numpy(np.float64)
    unit = variable.unit or ""
    faults = _impossible(asked_for, numbers, factor, values)
    if faults:
        return _failed(cohort, *faults)
    # the cut-off is converted, not the values: 35 g/L is then exactly on the boundary
    cuts = [Cut(round(cut.at * factor, 9), cut.upper_class) for cut in asked_for.cuts]
    codes = _above(numbers, cuts)
    how = f"{' and '.join(map(str, cuts))} {unit}".strip()
    if factor == 1:
        return Read(codes, how)
    first = next(iter(asked_for.units))
    rule = f"{asked_for.name}: the cut-offs {' and '.join(map(str, asked_for.cuts))} {first} were converted to {how}"
    rule += f" (1 {first} = {factor:g} {unit})"
    return Read(codes, how, (Finding("D20", rule, "check the unit of the column", column, severity="warning"),))


def _above(numbers: Floats, cuts: list[Cut]) -> Codes:
    codes = np.zeros(len(numbers), np.int64)
    for cut in cuts:
        codes += numbers >= cut.at if cut.upper_class == "at or above" else numbers > cut.at
    return np.where(np.isnan(numbers), -1, codes)


def _factor(asked_for: Measured, unit: str | None) -> float | Finding:
    if not asked_for.units:
        if unit is None or plain(unit) in ("1", "points", "score", "count"):
            return 1.0
        rule = f"{asked_for.name} is a number without a unit, the codebook says {unit}"
        return Finding("D03", rule, "name the right column, or correct the codebook", asked_for.column)
    accepted = ", ".join(asked_for.units)
    if unit is None:
        rule = f"the unit of {asked_for.name} is not declared: the cut-offs are in {next(iter(asked_for.units))}"
        return Finding("D02", rule, f"declare the unit in the codebook, one of {accepted}", asked_for.column)
    known = {plain(each): factor for each, factor in asked_for.units.items()}
    if plain(unit) not in known:
        rule = f"{asked_for.name} in {unit} cannot be compared with cut-offs in {next(iter(asked_for.units))}"
        return Finding("D03", rule, f"give it in one of {accepted}", asked_for.column)
    return known[plain(unit)]


def _impossible(asked_for: Measured, numbers: Floats, factor: float, values: pd.Series) -> list[Finding]:
    low, high = (bound * factor for bound in asked_for.possible)
    wrong = (numbers < low) | (numbers > high)
    way_out = "correct the values or the unit in the codebook"
    if wrong.any():
        rule = f"{asked_for.name} outside {low:g} to {high:g} cannot be in the declared unit"
        return [_rows("D08", rule, way_out, values, wrong)]
    known = numbers[~np.isnan(numbers)]
    if asked_for.least_maximum is not None and len(known) and known.max() < asked_for.least_maximum * factor:
        rule = f"{asked_for.name}: no value reaches {asked_for.least_maximum * factor:g}: it is in another unit"
        if known.max() > 0:
            return [_rows("D08", rule, way_out, values, numbers == known.max())]
    return []


def _against_normal(asked_for: AboveNormal, values: pd.Series, cohort: Cohort, limit: float | str | None) -> Read:
    column = str(values.name)
    unit = cohort.codebook[column].unit
    name = asked_for.name
    if unit is None:
        way_out = "declare its unit in the codebook"
        return _failed(cohort, Finding("D02", f"the unit of {name} is not declared", way_out, column))
    multiples = plain(unit) in MULTIPLES
    if multiples != (limit is None):
        rule = "multiples of the upper limit need no other limit" if multiples else "no upper limit of normal is given"
        rule = f"{name} in {unit}: {rule}"
        way_out = f"leave normal out, or correct the unit: normal={{'{name}': 250}} or the column of the limits"
        return _failed(cohort, Finding("D04", rule, way_out, column))
    limits = np.ones(len(cohort)) if limit is None else _limits(name, limit, unit, cohort)
    if isinstance(limits, Finding):
        return _failed(cohort, limits)
    numbers = values.to_numpy(np.float64)
    with np.errstate(invalid="ignore"):
        share = numbers / limits
    low, high = asked_for.possible
    wrong = (share < low) | (share > high)
    if wrong.any():
        rule = f"{name} below {low:g} or above {high:g} times its upper limit of normal cannot be in the same unit"
        return _failed(cohort, _rows("D08", rule, "correct the values or the limit", values, wrong))
    codes = np.where(np.isnan(numbers) | np.isnan(limits), -1, (numbers > limits).astype(np.int64))
    shown = "1" if limit is None else f"{limit:g}" if not isinstance(limit, str) else f"column {limit}"
    return Read(codes, f"> {shown} {unit}")


def _limits(name: str, limit: float | str, unit: str, cohort: Cohort) -> Floats | Finding:
    way_out = "give the upper limit in the unit of the column, a number above 0"
    if not isinstance(limit, str):
        if isinstance(limit, bool) or not 0 < limit < np.inf:
            return Finding("D04", f"{limit!r} is no upper limit of normal of {name}", way_out)
        return np.full(len(cohort), float(limit))
    if limit not in cohort.codebook or limit not in cohort.table:
        return Finding("S01", f"the cohort has no column with limits of {name}", "name an existing one", limit)
    variable = cohort.codebook[limit]
    if variable.kind != "numeric" or plain(variable.unit or "") != plain(unit):
        rule = f"limits of {name}: kind {variable.kind}, unit {variable.unit}; the values are in {unit}"
        return Finding("D04", rule, "declare the column numeric, in the same unit", limit)
    numbers = cohort.table[limit].to_numpy(np.float64)
    if (numbers <= 0).any() or np.isinf(numbers).any():
        return _rows("D04", f"limits of {name} that are not above 0", way_out, cohort.table[limit], numbers <= 0)
    return numbers


def _recorded(asked_for: Input, values: pd.Series, cohort: Cohort, spelled: Mapping[str, str | None]) -> Read:
    """Read texts, and the numbers 0 and 1 of a binary column, as classes."""
    column = str(values.name)
    variable = cohort.codebook[column]
    plain_kinds = ("binary", "numeric") if isinstance(asked_for, Category) else ("binary",)
    if not variable.is_categorical and variable.kind not in plain_kinds:
        rule = f"{asked_for.name} is {' or '.join(asked_for.classes)}, and the column is {variable.kind}"
        way_out = "declare it binary (0 and 1), or give its levels"
        return _failed(cohort, Finding("D05", rule, way_out, column))
    texts, found = pd.factorize(values)
    meaning = _spellings(asked_for)
    unknown = [name for name in spelled.values() if name is not None and name not in asked_for.classes]
    if unknown:
        rule = f"read_as gives {', '.join(map(repr, unknown))} for {asked_for.name}"
        return _failed(cohort, Finding("D05", rule, f"its classes are {', '.join(asked_for.classes)}", column))
    meaning |= {plain(text): name for text, name in spelled.items()}
    if isinstance(asked_for, Category) and (fault := _another_scale(asked_for, variable, meaning)):
        return _failed(cohort, fault)
    codes, strange = [], []
    for each in map(level_text, found):
        if plain(each) not in meaning:
            strange.append(each)
        name = meaning.get(plain(each))
        codes.append(-1 if name is None else asked_for.classes.index(name))
    if strange:
        rule = f"{asked_for.name} is {' or '.join(asked_for.classes)}; not understood: {', '.join(map(repr, strange))}"
        way_out = f"say what they mean, read_as={{'{asked_for.name}': {{{strange[0]!r}: {asked_for.classes[0]!r}}}}}"
        return _failed(cohort, Finding("D05", rule, way_out, column))
    # the last entry serves code -1, an empty cell
    return Read(np.array([*codes, -1], np.int64)[texts], "as recorded")


def _another_scale(asked_for: Category, variable: Variable, meaning: Mapping[str, str | None]) -> Finding | None:
    declared = [meaning.get(plain(level), level) for level in variable.levels or ()]
    numbered = {level for level in declared if level is not None and level not in asked_for.off_scale}
    if not asked_for.scale or numbered == set(asked_for.scale) or (declared and not numbered):
        return None
    shown = ", ".join(sorted(numbered)) or "no levels"
    rule = f"{asked_for.name} is needed on the scale {', '.join(asked_for.scale)}; the codebook declares {shown}"
    way_out = "declare every level of the scale that was used, or translate the column with read_as into "
    return Finding("D14", rule, way_out + ", ".join(asked_for.off_scale), variable.name)


def _spellings(asked_for: Input) -> dict[str, str | None]:
    meaning: dict[str, str | None] = {plain(name): name for name in asked_for.classes}
    if isinstance(asked_for, Category):
        return meaning | {plain(text): name for text, name in asked_for.spellings.items()}
    lower, upper = asked_for.classes
    words = (HIGH, NOT_HIGH) if isinstance(asked_for, AboveNormal) else (PRESENT, ABSENT)
    meaning |= dict.fromkeys(words[0], upper) | dict.fromkeys(words[1], lower)
    return meaning | {"0": lower, "1": upper, "0.0": lower, "1.0": upper}


def _rows(code: str, rule: str, way_out: str, values: pd.Series, wrong: npt.NDArray[np.bool_]) -> Finding:
    rows = tuple(map(str, values.index[wrong]))
    shown = show_values(np.unique(values.to_numpy(np.float64)[wrong]))
    return Finding(code, rule, way_out, str(values.name), rows, shown)
