"""What every simulator returns, what may be asked of it, and how its parts are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cohorts.cohort import Cohort
from cohorts.endpoint import Endpoint
from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.simulation.effects import Effect, Floats, effects_table
from cohorts.simulation.missingness import Mechanism
from cohorts.variable import Codebook

HERE = Path(__file__).parent
# A table of the largest cohorts must still fit into memory.
LARGEST = 5_000_000
MOST_CENTRES = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Simulated:
    """A made-up cohort with its truth.

    Parameters
    ----------
    cohort : what a hospital would have: codebook, missing values, censoring.
    endpoints : by name; they read the cohort's columns.
    truth : by row id: linear predictors, true risks at horizons (probability of the event by then), event times
        without censoring, effects of the centres.
    effects : the declared coefficients: outcome, term, ratio, log_effect, reference, source (seen or chosen).
    tables : further tables by name; ``complete`` holds the terms of the effects before any value was lost.
    """

    cohort: Cohort
    endpoints: Mapping[str, Endpoint]
    truth: pd.DataFrame
    effects: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]

    def __repr__(self) -> str:
        return f"Simulated({self.cohort.name}: {len(self.cohort)} patients, tables {', '.join(self.tables)})"

    def without(self, rows: Sequence[str], reason: str) -> Simulated:
        """Return it without some patients, in the cohort (whose ledger tells why) and in the truth."""
        kept = {
            name: table[~table["patient"].isin(rows)] if "patient" in table else table.drop(index=rows)
            for name, table in self.tables.items()
        }
        left = self.cohort.without(rows, reason)
        return replace(self, cohort=left, truth=self.truth.drop(index=rows), tables=kept)


def _number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(low <= value <= high)


def _whole(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | np.integer) and _number(value, low, high)


@dataclass(frozen=True)
class Asked:
    """What is asked of a simulator; see `simulate_myeloma`."""

    disease: str
    n: int
    seed: int
    centres: int = 1
    centre_spread: float = 0.2
    missing: float = 0.0
    mechanism: Mechanism = "mcar"

    def __post_init__(self) -> None:
        raise_findings(self._faults(), DataContractError)

    def _faults(self) -> Iterator[Finding]:
        chosen = self.mechanism in ("mcar", "mar")
        for code, name, fine, way_out in (
            ("D30", "n", _whole(self.n, 1, LARGEST), f"give a whole number of patients, 1 to {LARGEST:,}"),
            ("D31", "seed", _whole(self.seed, 0, np.inf), "give a whole number from 0 on"),
            ("D32", "centres", _whole(self.centres, 1, MOST_CENTRES), f"give a whole number, 1 to {MOST_CENTRES}"),
            ("D33", "centre_spread", _number(self.centre_spread, 0, 2), "give a standard deviation, 0 to 2"),
            ("D34", "missing", _number(self.missing, 0, 0.9), "give a share from 0 to 0.9"),
            ("D35", "mechanism", chosen, "give 'mcar' or 'mar'"),
        ):
            if not fine:
                yield Finding(code, f"{name}={getattr(self, name)!r} cannot be simulated", way_out)

    def generator(self, part: str) -> np.random.Generator:
        """Return the random numbers of one part, so that asking for more of one leaves the others as they are."""
        key = [self.seed, *self.disease.encode(), *part.encode()]
        return np.random.default_rng(np.random.SeedSequence(key))

    def centre_of(self) -> tuple[np.ndarray, Floats]:
        """Draw each patient's centre (0, 1, ...) and its effect on the log hazard; one centre has the effect 0."""
        rng = self.generator("centres")
        effects = rng.normal(0, self.centre_spread, self.centres) if self.centres > 1 else np.zeros(1)
        centre = rng.integers(0, self.centres, self.n)
        return centre, effects[centre]

    def ids(self, prefix: str) -> pd.Index:
        """Return ids of text; they say nothing about the patient."""
        width = max(4, len(str(self.n)))
        return pd.Index([f"{prefix}-{place:0{width}d}" for place in range(1, self.n + 1)], name="patient", dtype=object)


@dataclass(frozen=True)
class Parts:
    """The parts of a made-up cohort before they are checked."""

    frame: pd.DataFrame
    endpoints: Mapping[str, Endpoint]
    truth: Mapping[str, object]
    effects: tuple[Effect, ...]
    complete: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def assembled(asked: Asked, parts: Parts) -> Simulated:
    """Check the table against its codebook as any other file's, and return it with its truth."""
    codebook = Codebook.from_toml(HERE / f"{asked.disease}.codebook.toml")
    kept = {name: variable for name, variable in codebook.items() if name in parts.frame or variable.kind == "id"}
    if "centre" in kept:
        levels = tuple(map(str, parts.frame["centre"].cat.categories))
        kept["centre"] = kept["centre"].model_copy(update={"levels": levels})
    index = parts.frame.index
    cohort = Cohort.from_frame(parts.frame, id="patient", codebook=Codebook(kept, codebook.file))
    named = Cohort(cohort.table, cohort.codebook, f"simulated {asked.disease}", warnings=cohort.warnings)
    tables = {"complete": pd.DataFrame(dict(parts.complete), index=index), **parts.tables}
    return Simulated(
        named, parts.endpoints, pd.DataFrame(dict(parts.truth), index=index), effects_table(parts.effects), tables
    )


def centre_column(centre: np.ndarray, number: int) -> pd.Categorical:
    """Return the centres' names as a category."""
    names = [f"centre {place}" for place in range(1, number + 1)]
    return pd.Categorical.from_codes(centre, names)
