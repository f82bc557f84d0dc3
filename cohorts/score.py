"""A risk score of images, made out of fold, with what is needed to keep it out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, LeakageError, raise_findings
from cohorts.folds import Folds
from cohorts.variable import Variable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """Score of each patient by networks that never saw the patient, and the folds they were trained by.

    Parameters
    ----------
    name : of the predictor. ids : (n,) patients, as the cohort names them.
    values : nested: (n, k); in column j the patients of fold j are scored by a network trained without fold j, and all
        others by inner networks that saw neither them nor fold j. Plain: (n,), each by the network trained without the
        patient's own fold.
    folds : that the networks were trained by. nested : True for the (n, k) values, which validation needs.
    out_of_fold : False for scores of patients that the network was trained on; no study takes them.
    label : text for people by language. provenance : network, data and weights, for the report.

    Notes
    -----
    Column j at fold j is what a plain score holds, and what a model fitted to all patients uses. A plain score does not
    validate: a training patient's value comes from a network that saw the test patients' outcomes. A score by a network
    that was trained on other patients altogether is no stored score but a measured column of the cohort.

    Raises
    ------
    DataContractError
        L13 all faults at once: a name that is none, patients named twice or placed in no fold, values of another shape
        or not finite, nested values that are the same in every column.
    """

    name: str
    ids: tuple[str, ...]
    values: Floats
    folds: Folds
    nested: bool = True
    out_of_fold: bool = True
    label: Mapping[str, str] = field(default_factory=dict)
    provenance: str = ""

    def __post_init__(self) -> None:
        given = np.array(self.values)
        values = given.astype(float) if given.dtype.kind in "fiu" else np.full(given.shape, np.nan)
        values = values[:, None] if values.ndim == 1 else values
        values.setflags(write=False)
        object.__setattr__(self, "ids", tuple(str(patient) for patient in self.ids))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "label", dict(self.label))
        raise_findings(self._faults(), DataContractError)

    @classmethod
    def from_frame(cls, name: str, frame: pd.DataFrame | pd.Series, folds: Folds, **declared: object) -> Score:
        """Build a score from a frame, index = ids: k columns in the order of the folds (nested), or one (plain)."""
        columns = 1 if isinstance(frame, pd.Series) else frame.shape[1]
        options: dict[str, object] = {"nested": columns > 1, **declared}
        return cls(name, tuple(frame.index), frame.to_numpy(), folds, **options)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        kind = "nested" if self.nested else "plain"
        return f"Score({self.name}: {len(self.ids)} patients, {kind}, {self.folds.k} folds)"

    @property
    def variable(self) -> Variable:
        """Declaration of the predictor."""
        return Variable(name=self.name, kind="numeric", label=self.label)

    def of(self, ids: Sequence[str]) -> Floats:
        """Return the values of patients by networks trained without their folds, (m,); not a number where none is."""
        if not self.nested:
            return self._taken(self.values[:, 0], ids)
        own = self.folds.assignment.loc[list(self.ids)].to_numpy(np.int64)
        return self._taken(self.values[np.arange(len(own)), own], ids)

    def in_fold(self, ids: Sequence[str], fold: int) -> Floats:
        """Return the values that patients have where one fold is the test set, (m,)."""
        return self._taken(self.values[:, fold], ids)

    def check_for(self, columns: Sequence[str], ids: Sequence[str]) -> None:
        """Check that a cohort with these columns and patients can take the score; see `Cohort.with_score`."""
        if not self.out_of_fold:
            rule = f"score {self.name} is in-sample: its network was trained with the outcomes of these patients"
            way_out = "score every patient by a network that did not see the patient (cross-fitting)"
            raise LeakageError(Finding("L15", rule, way_out, self.name))
        findings = []
        if self.name in columns:
            findings.append(Finding("L14", "the cohort has such a column", "name the score otherwise", self.name))
        known = set(ids)
        unknown = tuple(patient for patient in self.ids if patient not in known)
        if unknown:
            rule = f"{len(unknown)} patients of the score are not in the cohort"
            findings.append(Finding("L14", rule, "give the score of this cohort's ids only", self.name, unknown))
        raise_findings(findings, DataContractError)

    def _taken(self, values: Floats, ids: Sequence[str]) -> Floats:
        place = {patient: row for row, patient in enumerate(self.ids)}
        rows = np.array([place.get(patient, -1) for patient in ids], np.int64)
        return np.where(rows >= 0, values[rows], np.nan)

    def _faults(self) -> list[Finding]:
        if not self.name:
            return [Finding("L13", "the score has no name", "name the column that it becomes")]
        width = self.folds.k if self.nested else 1
        if self.values.shape != (len(self.ids), width) or not self.ids:
            kind = "nested" if self.nested else "plain"
            rule = f"values of the shape {self.values.shape} for {len(self.ids)} patients"
            way_out = f"a {kind} score of {self.folds.k} folds has {width} column(s)"
            return [Finding("L13", rule, way_out, self.name)]
        return [*self._row_faults(), *self._contradictions()]

    def _row_faults(self) -> list[Finding]:
        ids = pd.Index(self.ids)
        faults = [
            ("patients are named twice", "score each patient once", ids.duplicated()),
            ("the folds do not place these patients", "give the folds that it was made by",
             ~ids.isin(self.folds.assignment.index)),
            ("the score is missing or infinite", "leave out patients without a score",
             ~np.isfinite(self.values).all(axis=1)),
        ]  # fmt: skip
        return [
            Finding("L13", rule, way_out, self.name, tuple(ids[rows].unique()))
            for rule, way_out, rows in faults
            if rows.any()
        ]

    def _contradictions(self) -> list[Finding]:
        findings = []
        if self.nested and len(self.ids) > 1 and (np.ptp(self.values, axis=1) == 0).all():
            rule = "every patient has the same value in all folds: no inner networks were trained"
            findings.append(Finding("L13", rule, "declare nested=False", self.name))
        if self.nested and not self.out_of_fold:
            rule = "a nested score is out of fold by construction"
            findings.append(Finding("L13", rule, "declare nested=False with out_of_fold=False", self.name))
        return findings
