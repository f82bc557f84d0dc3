"""How long 1,000,000 patients take to be staged by every system of myeloma; writes benchmarks/results/staging.json.

The inputs are made up and one value in ten is missing, so that the completions are at work.
"""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Cohort
from cohorts.diseases import myeloma
from cohorts.staging import AboveNormal, Category, Measured
from cohorts.staging.system import flat
from cohorts.version import __version__

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "staging.json"
SIZE = 1_000_000
MISSING = 0.1


def made_cohort() -> Cohort:
    """Return patients with every input of every system, uniform over what is possible near the cut-offs."""
    random = np.random.default_rng(2026)
    columns: dict[str, Any] = {}
    for system in myeloma.STAGES.values():
        for each in flat(system, ()).inputs:
            missing = random.random(SIZE) < MISSING
            if isinstance(each, Category):
                levels = list(myeloma.CODEBOOK[each.column].levels or ())
                codes = np.where(missing, -1, random.integers(0, len(levels), SIZE))
                columns[each.column] = pd.Categorical.from_codes(codes, levels)
                continue
            if isinstance(each, Measured):
                values = random.uniform(0.5 * each.cuts[0].at, 1.4 * each.cuts[-1].at, SIZE)
            else:
                high = 500 if isinstance(each, AboveNormal) else 2
                values = random.integers(0, high, SIZE) + (100.0 if isinstance(each, AboveNormal) else 0.0)
            columns[each.column] = np.where(missing, np.nan, values)
    names = tuple(columns)
    # a biallelic loss without the loss would be refused
    columns["del1p32_biallelic"] = np.where(columns["del1p32"] == 1, columns["del1p32_biallelic"], 0.0)
    index = pd.Index([f"P{row}" for row in range(SIZE)], name="patient", dtype=object)
    return Cohort(pd.DataFrame(columns, index=index), myeloma.CODEBOOK.only(("patient", *names)))


def main() -> None:
    """Time every system once, the first use of its table included."""
    cohort = made_cohort()
    found = {}
    for name, system in myeloma.STAGES.items():
        limited = any(isinstance(each, AboveNormal) for each in flat(system, ()).inputs)
        start = time.perf_counter()
        staged = system.stage(cohort, normal={"ldh": 250} if limited else None, name=f"{name}_computed")
        found[name] = {
            "seconds": round(time.perf_counter() - start, 2),
            "indeterminate": round(float(staged.table["stage"].isna().mean()), 4),
            "combinations": int(np.prod([len(each.classes) + 1 for each in flat(system, ()).inputs])),
        }
    result = {"patients": SIZE, "missing": MISSING, "systems": found, "version": __version__,
              "python": platform.python_version(), "machine": platform.machine()}  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
