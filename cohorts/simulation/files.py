"""A simulated cohort as the files that a hospital's would be, and its truth beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cohorts.export import neutralise
from cohorts.simulation.simulated import Simulated

COHORT, CODEBOOK = "cohort.csv", "codebook.toml"


def files_of(simulated: Simulated) -> dict[str, str]:
    """Return file names and contents: the cohort with its codebook; truth, effects and further tables for the judge.

    `read_cohort("cohort.csv", "codebook.toml")` gives the simulated cohort again.
    """
    tables = {f"{name}.csv": table for name, table in simulated.tables.items()}
    return {
        COHORT: _csv(_whole_numbers(simulated.cohort.frame)),
        CODEBOOK: codebook_toml(simulated),
        "truth.csv": _csv(simulated.truth),
        "effects.csv": simulated.effects.to_csv(index=False),
        **{name: table.to_csv(index=False) if "patient" in table else _csv(table) for name, table in tables.items()},
    }


def codebook_toml(simulated: Simulated) -> str:
    """Return the codebook as TOML."""
    declared = simulated.cohort.codebook.to_dict()
    lines = [*table("file", declared["file"])] if declared["file"] else []
    for name, fields in declared["variables"].items():
        lines += table(f"variables.{name}", fields)
    return "\n".join(lines)


def table(name: str, fields: Mapping[str, Any]) -> list[str]:
    """Return a table of plain values as lines of TOML, an empty line last."""
    return [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in fields.items()), ""]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON's texts, numbers and booleans are TOML's
    return json.dumps(value, ensure_ascii=False)


def _whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return codes and counts without a decimal point, as a hospital writes them."""
    numeric = frame.select_dtypes("number")
    whole = [name for name in numeric if (numeric[name].dropna() % 1 == 0).all()]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _csv(frame: pd.DataFrame) -> str:
    return neutralise(frame).to_csv(index_label="patient")
