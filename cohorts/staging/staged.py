"""Patients with their stage; where it is open: what is possible, and what would have to be known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import DataContractError, Finding
from cohorts.variable import Variable

Codes = npt.NDArray[np.int64]
Masks = npt.NDArray[np.uint64]
NO_STAGE = "no stage exists"
REASONS_SHOWN = 8


@dataclass(frozen=True, eq=False, repr=False)
class Staged:
    """A stage by patient.

    Parameters
    ----------
    variable : declaration of the new column.
    table : index = row ids; ``stage`` (missing where open), ``possible`` (all stages that what is missing allows,
        joined by "or"), ``missing`` (the inputs on which the stage depends and that are not known).
    inputs : input, column, how it was read (cut-offs in the unit of the column) and in how many it is known.
    findings : warnings: who could not be staged and why (D10), for whom no stage exists (D11), cut-offs that were
        converted (D20) or changed (D21).
    """

    variable: Variable
    table: pd.DataFrame
    inputs: pd.DataFrame
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        known = self.table["stage"].notna().sum()
        return f"Staged({self.variable.name}: {known} of {len(self.table)} patients)"

    @property
    def values(self) -> pd.Series:
        """The new column: ordered categories, or points."""
        return self.table["stage"].rename(self.variable.name)


@dataclass(frozen=True)
class Lookup:
    """Which stages every combination of classes allows, as `completions` makes it, and the names of axes and stages."""

    masks: Masks
    names: tuple[str, ...]
    stages: tuple[str, ...]

    def table(self, codes: Sequence[Codes], index: pd.Index, variable: Variable) -> pd.DataFrame:
        """Return stage, possible and missing of every patient.

        Raises
        ------
        DataContractError
            D09 known classes contradict each other.
        """
        sizes = self.masks.shape
        axes = [np.where(each < 0, size - 1, each) for each, size in zip(codes, sizes, strict=True)]
        places, row = np.unique(np.ravel_multi_index(axes, sizes), return_inverse=True)
        masks = self.masks.ravel()[places]
        if (masks == 0).any():
            self._contradicted(places, masks, row, index)
        stage = np.array([self._bit(mask) for mask in masks], np.int64)
        possible = np.array([self._possible(mask) for mask in masks], object)
        missing = np.array([self._missing(place, each) for place, each in zip(places, stage, strict=True)], object)
        values = self._values(stage[row], variable)
        columns = {"stage": values, "possible": possible[row], "missing": missing[row]}
        return pd.DataFrame(columns, index=index)

    def _values(self, stage: Codes, variable: Variable) -> pd.Categorical | npt.NDArray[np.float64]:
        if variable.kind == "numeric":
            points = np.array([np.nan, *map(float, self.stages)])
            return points[np.maximum(stage, 0)]
        return pd.Categorical.from_codes(np.maximum(stage, 0) - 1, categories=list(self.stages), ordered=True)

    def _bit(self, mask: np.uint64) -> int:
        """Return 1, 2, ... for one stage, 0 where none exists, -1 where several are possible."""
        return int(mask).bit_length() - 1 if int(mask).bit_count() == 1 else -1

    def _possible(self, mask: np.uint64) -> str:
        texts = [text for bit, text in enumerate((NO_STAGE, *self.stages)) if int(mask) >> bit & 1]
        return " or ".join([*texts[1:], NO_STAGE] if texts[0] == NO_STAGE else texts)

    def _missing(self, place: int, stage: int) -> str:
        """Return the unknown inputs on which the stage depends, whatever the other unknown ones are."""
        if stage >= 0:
            return ""
        at = np.unravel_index(place, self.masks.shape)
        unknown = [axis for axis, size in enumerate(self.masks.shape) if at[axis] == size - 1]
        part = self.masks[tuple(slice(None, -1) if axis in unknown else at[axis] for axis in range(len(at)))]
        decisive = [self.names[axis] for order, axis in enumerate(unknown) if _varies(part, order)]
        return ", ".join(decisive) or "a finer category"

    def _contradicted(self, places: Codes, masks: Masks, row: Codes, index: pd.Index) -> None:
        conflicts: dict[tuple[str, ...], list[int]] = {}
        for at in np.flatnonzero(masks == 0):
            conflicts.setdefault(self._conflict(int(places[at])), []).append(int(at))
        findings = []
        for names, wrong in conflicts.items():
            rows = tuple(map(str, index[np.isin(row, wrong)]))
            rule = f"what is recorded of {', '.join(names)} cannot be true together"
            findings.append(Finding("D09", rule, "correct the values", rows=rows))
        raise DataContractError(*findings)

    def _conflict(self, place: int) -> tuple[str, ...]:
        """Return the inputs that contradict each other: without any one of them there would be a stage."""
        at = list(np.unravel_index(place, self.masks.shape))
        for axis, size in enumerate(self.masks.shape):
            known, at[axis] = at[axis], np.intp(size - 1)
            if self.masks[tuple(at)] != 0:
                at[axis] = known
        return tuple(name for name, code, size in zip(self.names, at, self.masks.shape, strict=True) if code < size - 1)


def _varies(part: Masks, axis: int) -> bool:
    """Say whether the stage depends on one axis in some combination of the others; contradictions (0) say nothing."""
    first = np.moveaxis(part, axis, 0)
    real = first[:, ...] != 0
    joined = np.bitwise_or.reduce(first, axis=0, keepdims=True)
    return bool(((first != joined) & real).any())


def open_findings(table: pd.DataFrame, variable: Variable) -> list[Finding]:
    """Return who could not be staged, with the reasons counted (D10), and for whom no stage exists (D11)."""
    none = (table["stage"].isna() & (table["possible"] == NO_STAGE)).to_numpy()
    unclear = table["stage"].isna().to_numpy() & ~none
    findings = []
    if unclear.any():
        reasons = table.loc[unclear, "missing"].value_counts(sort=True)
        shown = "; ".join(f"{reason}: {count}" for reason, count in reasons.iloc[:REASONS_SHOWN].items())
        more = f"; {len(reasons) - REASONS_SHOWN} other reasons" if len(reasons) > REASONS_SHOWN else ""
        rule = f"{variable.name} is indeterminate in {unclear.sum()} of {len(table)} patients, not known: {shown}{more}"
        rows = tuple(map(str, table.index[unclear]))
        way_out = "the column is empty for them; complete the inputs, or impute those and not the stage"
        findings.append(Finding("D10", rule, way_out, variable.name, rows, severity="warning"))
    if none.any():
        rule = f"the system has no {variable.name} for {none.sum()} of {len(table)} patients"
        rows = tuple(map(str, table.index[none]))
        findings.append(Finding("D11", rule, "the column is empty for them", variable.name, rows, severity="warning"))
    return findings
