"""The long table of assessments: one row a patient and day, measures with declared units, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.identity import row_ids
from cohorts.timeline.days import days_of, texts
from cohorts.timeline.measures import MEASURES, converted, light_chain_unit_faults

Floats = NDArray[np.float64]
ENOUGH = ("serum_m", "urine_m", "dflc", "marrow", "lesions")


@dataclass(frozen=True, eq=False)
class Assessments:
    """Assessments of disease, one row a patient and day.

    Parameters
    ----------
    frame : long table; the order of its rows does not matter. patient, date : its columns of the id and of the day.
    units : unit of every measure that is read, by column. Columns and units: ``serum_m`` g/dL or g/L; ``urine_m``
        mg/24h or g/24h; ``kappa`` and ``lambda``, or ``dflc`` (involved minus uninvolved), mg/dL or mg/L; ``marrow``
        % or fraction; ``lesions`` yes/no (1 = new or enlarged since the assessment before); ``calcium`` mg/dL or
        mmol/L. An empty cell means not measured; below the limit of detection is 0.

    Attributes
    ----------
    ids : distinct row ids. code, day : (m,) place among them and day of each row. values : (m,) by measure, in its
        first unit.

    Raises
    ------
    DataContractError
        All findings at once: S01 a column is not there, D50 no dates, D54 two rows of one patient on one day,
        D56 a unit is not declared or unknown, D57 values that the declared unit cannot have, I02 rows without an id,
        I03 ids that are no texts or numbers.
    """

    frame: pd.DataFrame
    units: Mapping[str, str]
    patient: str = "pid"
    date: str = "date"
    ids: NDArray[np.object_] = field(init=False, repr=False)
    code: NDArray[np.int64] = field(init=False, repr=False)
    day: Floats = field(init=False, repr=False)
    values: Mapping[str, Floats] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        raise_findings(self._layout_faults(), DataContractError)
        ids, code, findings = _row_patients(self.frame[self.patient])
        patient = ids[code]
        day, faults = days_of(self.frame[self.date], self.date, patient)
        findings += [*faults, *self._row_faults(patient, code, day)]
        values = {}
        for name, unit in self.units.items():
            values[name], faults = converted(self.frame[name], MEASURES[name], unit, patient)
            findings += faults
        if not findings and {"kappa", "lambda"} <= set(values):
            findings += light_chain_unit_faults(values["kappa"], values["lambda"], self.units["kappa"])
        raise_findings(findings, DataContractError)
        for name, value in (("ids", ids), ("code", code), ("day", day), ("values", values)):
            object.__setattr__(self, name, value)

    def _layout_faults(self) -> list[Finding]:
        columns = self.frame.columns
        wanted = (self.patient, self.date, *self.units)
        way_out = f"the table has {', '.join(map(str, columns))}"
        found = [Finding("S01", "the table has no such column", way_out, column=x) for x in wanted if x not in columns]
        known = ", ".join(MEASURES)
        found += [
            Finding("D56", f"{name} is no measure of an assessment", f"the measures are {known}", column=name)
            for name in self.units
            if name not in MEASURES
        ]
        found += [
            Finding("D56", f"the unit of {name} is not declared", f"give units={{'{name}': ...}}", column=name)
            for name in columns
            if name in MEASURES and name not in self.units
        ]
        if not set(self.units) & {*ENOUGH, "kappa"}:
            rule = "no measure of disease is declared"
            found.append(Finding("D56", rule, f"declare at least one of {', '.join(ENOUGH)}, or kappa and lambda"))
        chains = set(self.units) & {"kappa", "lambda", "dflc"}
        if chains and chains not in ({"dflc"}, {"kappa", "lambda"}):
            rule = f"free light chains as {', '.join(sorted(chains))}"
            found.append(Finding("D56", rule, "give kappa and lambda, or dflc"))
        return found

    def _row_faults(self, patient: NDArray[np.object_], code: NDArray[np.int64], day: Floats) -> list[Finding]:
        found = []
        # a column that holds no dates at all has its own finding
        undated = np.isnan(day) & self.frame[self.date].isna().to_numpy()
        if undated.any():
            rule = f"{undated.sum()} assessments without a date"
            found.append(Finding("D50", rule, "complete the dates", self.date, texts(patient[undated])))
        twice = pd.DataFrame({"patient": code, "day": day}).duplicated(keep=False).to_numpy() & ~undated
        if twice.any():
            rule = "two assessments of one patient on one day: which value counts is not said"
            found.append(Finding("D54", rule, "keep one row a patient and day", self.date, texts(patient[twice])))
        return found


def _row_patients(column: pd.Series) -> tuple[NDArray[np.object_], NDArray[np.int64], list[Finding]]:
    """Return the distinct ids, as the table of patients would read them, and the place of every row's among them."""
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    ids, findings = row_ids(pd.Series(distinct), False)
    return np.asarray(ids, dtype=object), codes.astype(np.int64), findings
