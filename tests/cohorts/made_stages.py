"""Cohorts of every combination of inputs, and a slow independent reading of what they allow."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from cohorts import Codebook, Cohort

UNITS = {
    "b2m_mg_l": "mg/L",
    "albumin_g_dl": "g/dL",
    "ldh_u_l": "U/L",
    "creatinine_mg_dl": "mg/dL",
    "age": "years",
    "karnofsky_percent": "%",
    "plasma_cells_percent": "%",
    "del17p_fraction_percent": "%",
    "size_cm": "cm",
}
NUMBERS = ("ecog", "vertebral_segments", "pelvic_segments")


def cohort_of(columns, units=UNITS, **declared):
    """Return a cohort of columns, lists with None where missing: numbers with a unit, texts as levels, else 0 and 1."""
    book, frame = {"pid": {"kind": "id"}}, {}
    for name, values in columns.items():
        texts = sorted({value for value in values if isinstance(value, str)})
        if name in declared:
            book[name] = declared[name]
        elif name in units or name in NUMBERS:
            book[name] = {"kind": "numeric", "unit": units.get(name), "one_unit_checked": True}
        elif texts:
            book[name] = {"kind": "nominal", "levels": texts}
        else:
            book[name] = {"kind": "binary"}
        frame[name] = pd.Series(values, dtype=object) if texts else np.array(values, float)
    rows = pd.DataFrame({"pid": [f"P{row}" for row in range(len(next(iter(frame.values()))))], **frame})
    return Cohort.from_frame(rows, "pid", Codebook.from_dict({"variables": book}))


def every_combination(values):
    """Return columns that hold every combination of the values and of "missing"."""
    rows = list(product(*([*each, None] for each in values.values())))
    return dict(zip(values, map(list, zip(*rows, strict=True)), strict=True)), rows


def slowly(values, rows, oracle):
    """Return for each row the set of stages that some completion by the values gives."""
    options = list(values.values())
    known = {}

    def stage_of(row):
        if row not in known:
            known[row] = oracle(*row)
        return known[row]

    def open_values(row):
        return [[value] if value is not None else each for value, each in zip(row, options, strict=True)]

    return [{stage_of(whole) for whole in product(*open_values(row))} for row in rows]


def agrees(system, values, oracle, **options):
    """Assert that a system says what the slow reading says, for every combination; return the number of rows."""
    columns, rows = every_combination(values)
    table = system.stage(cohort_of(columns), **options).table
    stages = table["stage"].astype(object).where(table["stage"].notna(), None)
    for row, stage, possible, allowed in zip(
        rows, stages, table["possible"], slowly(values, rows, oracle), strict=True
    ):
        expected = next(iter(allowed)) if len(allowed) == 1 else None
        assert stage == expected, (row, stage, allowed)
        shown = {float(text) if system.numeric else text for text in possible.split(" or ")}
        assert shown == {"no stage exists" if stage is None else stage for stage in allowed}, row
    return len(rows)
