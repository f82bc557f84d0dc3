"""Another cohort at the door of a model: its patients typed, its outcome checked, nobody of the training among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Binary, Cohort
from cohorts.errors import Finding, LeakageError, PredictionError, raise_findings, warn_findings
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.patient_overlap import patient_overlap
from prognosis.prediction import Remark

if TYPE_CHECKING:
    from cohorts.endpoint import Endpoint
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
# Rows of the design are compared at this many decimals of a standard deviation.
DECIMALS = 6


@dataclass(frozen=True, eq=False)
class NewCohort:
    """Patients of another cohort as a model sees them.

    Parameters
    ----------
    cohort : those with a usable outcome. frame : (n, ...) typed predictors and columns of strata and offset.
    outcome : (n,). endpoint : the outcome was read by, without horizons. warnings : findings.
    """

    cohort: Cohort
    frame: pd.DataFrame
    outcome: SurvivalArrays
    endpoint: Endpoint
    warnings: tuple[Finding, ...] = ()

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.frame)

    @property
    def events(self) -> int:
        """Events of interest."""
        return int((self.outcome.event == 1).sum())

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids as text."""
        return tuple(str(row) for row in self.frame.index)

    def columns(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of the cohort in the order of the patients; raises (S01) where there is none."""
        return self.cohort.view(tuple(names)).loc[list(self.frame.index)]


def read_new_cohort(model: FittedModel, cohort: Cohort, endpoint: Endpoint | None = None) -> NewCohort:
    """Check another cohort for a model.

    Parameters
    ----------
    cohort : patients with the model's predictors and outcome. endpoint : where the outcome has other columns or codes
        in this cohort; of the model's kind, unit and origin.

    Raises
    ------
    PredictionError
        E01 no cohort; E02 an endpoint of another kind, unit or origin; P01 to P09 as `FittedModel.predict`.
    DataContractError
        Faults of the outcome (T01 to T38).
    LeakageError
        C25 patients of the training are among them.
    """
    if not isinstance(cohort, Cohort):
        rule = f"{type(cohort).__name__} is no cohort: the outcome of other patients must be declared and checked"
        raise PredictionError(Finding("E01", rule, "read_cohort(file, codebook), or Cohort.from_frame(frame)"))
    asked: Any = _declared(model, endpoint)
    outcome = asked.outcome(cohort)
    usable = cohort.without(outcome.dropped, "time 0 with an event") if outcome.dropped else cohort
    table = model.door.admit(usable)
    frame = table.frame
    arrays = read_outcome(outcome.to_structured(), timed=not isinstance(asked, Binary))
    doubts = _overlap(model, frame, arrays)
    raise_findings(doubts, LeakageError)
    warn_findings((*outcome.warnings, *doubts), stacklevel=5)
    return NewCohort(usable, frame, arrays, asked, (*outcome.warnings, *_others(table.remarks), *doubts))


def _others(remarks: tuple[Remark, ...]) -> list[Finding]:
    """Count the patients whom the training cohort would not have included; the door has warned of them."""
    said: dict[str, list[str]] = {}
    for remark in remarks:
        if remark.code == "P16":
            said.setdefault(remark.text, []).append(str(remark.patient))
    advice = "the performance is that in other patients, too"
    return [Finding("P16", text, advice, rows=tuple(rows), severity="warning") for text, rows in said.items()]


def _declared(model: FittedModel, endpoint: Endpoint | None) -> Endpoint:
    """Return the endpoint to read the outcome by; horizons are judged one by one later."""
    own: Any = model.endpoint
    asked: Any = own if endpoint is None else endpoint
    if not isinstance(asked, type(own)):
        rule = f"a {getattr(asked, 'kind', type(asked).__name__)} endpoint for a model of a {own.kind} endpoint"
        raise PredictionError(Finding("E02", rule, f"declare the outcome as {type(own).__name__}"))
    if isinstance(asked, Binary):
        return asked
    other = [name for name in ("unit", "origin") if getattr(asked, name) != getattr(own, name)]
    if other:
        told = "; ".join(f"{name} {getattr(asked, name)!r} for {getattr(own, name)!r}" for name in other)
        rule = f"the outcome has another {' and '.join(other)} than the model's ({told})"
        raise PredictionError(Finding("E02", rule, "convert the times, and declare what time 0 is as the model does"))
    return replace(asked, horizons=())


def _overlap(model: FittedModel, frame: pd.DataFrame, outcome: SurvivalArrays) -> list[Finding]:
    """Find patients of the training, where their rows are at hand.

    An id alone proves nothing: every hospital counts its patients from 1. The same id with the same predictors does.
    """
    training: Any = model.training
    if training is None:
        return []
    trained: Any = getattr(training.fitted, "training_", None)
    design = None if trained is None else getattr(trained, "design", None)
    known = frame[list(model.predictors)].notna().all(axis=1).to_numpy()
    if design is None or len(design) != len(training.ids):
        return patient_overlap(pd.DataFrame(index=list(training.ids)), frame[[]])
    # Of imputed copies the first one's rows are kept, centred at its own means.
    means = getattr(getattr(training.fitted, "fits_", (training.fitted,))[0].estimate_, "means", 0.0)
    scale = np.where(design.std(axis=0) > 0, design.std(axis=0), 1.0)
    names = model.preparation.names
    old = _rows(design / scale, names, trained.outcome, training.ids)
    standardised = (model.preparation.design(frame[known]) - means) / scale
    new = _rows(standardised, names, outcome.take(known), frame.index[known])
    return _same_patients(old, new, names, set(training.ids) & set(map(str, frame.index)))


def _rows(standardised: Floats, names: tuple[str, ...], outcome: SurvivalArrays, ids: Any) -> pd.DataFrame:
    columns = {name: np.round(column, DECIMALS) + 0.0 for name, column in zip(names, standardised.T, strict=True)}
    followed = {"follow-up time": outcome.time} if outcome.timed else {}
    return pd.DataFrame({**columns, **followed, "outcome": outcome.event}, index=[str(row) for row in ids])


def _same_patients(old: pd.DataFrame, new: pd.DataFrame, names: tuple[str, ...], shared: set[str]) -> list[Finding]:
    predictors = list(names)
    both = [row for row in new.index if row in shared]
    equal = (old.loc[both, predictors].to_numpy() == new.loc[both, predictors].to_numpy()).all(axis=1)
    alone = ~old[predictors].duplicated(keep=False)
    same = [row for row, is_equal in zip(both, equal, strict=True) if is_equal and alone[row]]
    findings = patient_overlap(old.loc[same, []], new.loc[same, []])
    numbered = len(shared) - len(same)
    if numbered:
        rule = f"{numbered} ids are also ids of the training; their predictors differ, so they count as other patients"
        findings.append(Finding("E03", rule, "look whether the cohorts overlap", severity="warning"))
    if "follow-up time" not in old.columns:
        # Without a time equal rows are too common to mean anything.
        return findings
    trained = old.set_axis([f"{row} (training)" for row in old.index])
    others = [row for row in new.index if row not in set(same)]
    return findings + patient_overlap(trained, new.loc[others], identical_rows="warning")
