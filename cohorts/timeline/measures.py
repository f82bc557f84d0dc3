"""What is measured at an assessment of myeloma: units, the range that a unit allows, and conversion by declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from cohorts.timeline.days import texts

Floats = NDArray[np.float64]
CALCIUM_MG_DL = 4.0078  # mg/dL in 1 mmol/L: molar mass 40.078 g/mol


@dataclass(frozen=True)
class Measure:
    """One measure of an assessment.

    Parameters
    ----------
    name : column of the table of assessments. label : in words.
    units : factor to the first unit, by unit; the first one is that of the criteria.
    upper : largest value in the first unit that a patient can have; above it the unit must be wrong.
    """

    name: str
    label: str
    units: Mapping[str, float]
    upper: float

    @property
    def unit(self) -> str:
        """Unit in which the criteria are written."""
        return next(iter(self.units))


_LIGHT_CHAIN = {"mg/dL": 1.0, "mg/L": 0.1}
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.name: measure
        for measure in (
            Measure("serum_m", "serum M-protein", {"g/dL": 1.0, "g/L": 0.1}, 15.0),
            Measure("urine_m", "urine M-protein", {"mg/24h": 1.0, "g/24h": 1000.0}, 50_000.0),
            Measure("kappa", "kappa free light chains", _LIGHT_CHAIN, 10_000.0),
            Measure("lambda", "lambda free light chains", _LIGHT_CHAIN, 10_000.0),
            Measure("dflc", "involved minus uninvolved free light chains", _LIGHT_CHAIN, 10_000.0),
            Measure("marrow", "plasma cells in the marrow", {"%": 1.0, "fraction": 100.0}, 100.0),
            Measure("lesions", "new or enlarged bone lesion or plasmacytoma", {"yes/no": 1.0}, 1.0),
            Measure("calcium", "corrected serum calcium", {"mg/dL": 1.0, "mmol/L": CALCIUM_MG_DL}, 30.0),
        )
    }
)
# Median of the light chain that is not involved, mg/dL: normal 0.33 to 2.6; beyond these the unit is another.
UNINVOLVED = (0.06, 6.0)
FEWEST = 10


def converted(
    column: pd.Series, measure: Measure, unit: str, rows: NDArray[np.object_]
) -> tuple[Floats, list[Finding]]:
    """Return the values in the unit of the criteria, (n,), and what is wrong with them.

    Findings: D56 the unit is not one of the measure's, D57 values that are no numbers or that the unit cannot have.
    """
    nothing, name = np.full(len(column), np.nan), measure.name
    if unit not in measure.units:
        rule = f"unit {unit!r} of {measure.label}"
        return nothing, [Finding("D56", rule, f"declare one of {', '.join(measure.units)}", column=name)]
    if not (pd.api.types.is_numeric_dtype(column.dtype) or column.isna().all()):
        rule = f"{measure.label} is a number, not {column.dtype}"
        return nothing, [Finding("D57", rule, "convert the column; below a limit of detection is 0", column=name)]
    values = column.to_numpy(dtype=np.float64, na_value=np.nan) * measure.units[unit]
    lower = -measure.upper if name == "dflc" else 0.0
    wrong = ~np.isnan(values) & ~((values >= lower) & (values <= measure.upper))
    if name == "lesions":
        wrong |= ~np.isnan(values) & (values != 0) & (values != 1)
    if not wrong.any():
        return values, []
    rule = f"{measure.label} outside {lower:g} to {measure.upper:g} {measure.unit} when read as {unit}"
    way_out = f"correct the values, or the declared unit (one of {', '.join(measure.units)})"
    shown = f"{column.to_numpy(dtype=np.float64, na_value=np.nan)[wrong][0]:g}"
    return values, [Finding("D57", rule, way_out, name, texts(rows[wrong]), shown)]


def light_chain_unit_faults(kappa: Floats, lambda_: Floats, unit: str) -> list[Finding]:
    """Return D57 when the lower of the two light chains is, in the median, no concentration of this unit."""
    both = np.isfinite(kappa) & np.isfinite(lambda_)
    lower = np.minimum(kappa, lambda_)[both]
    if len(lower) < FEWEST or UNINVOLVED[0] <= np.median(lower) <= UNINVOLVED[1]:
        return []
    rule = f"the median of the lower of the two light chains is {np.median(lower):.3g} mg/dL when read as {unit}; "
    rule += "normal is 0.33 to 2.6 mg/dL (3.3 to 26 mg/L)"
    return [Finding("D57", rule, "correct the declared unit: mg/L and mg/dL differ by 10", column="kappa")]
