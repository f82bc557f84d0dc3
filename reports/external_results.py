"""Content of ``external.json``: every number of a validation in other patients; a missing one is null with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding
from prognosis import FittedModel
from reports.external_content import Findings
from reports.plain_values import records
from reports.results import software

SCHEMA_VERSION = 1
UPDATED = ("observed", "expected", "intercept", "intercept_error", "slope", "slope_error")


def external_results(found: Findings, cohort: Cohort, recorded: FittedModel) -> dict[str, Any]:
    """Collect the numbers as plain values; ``external.NAME[]`` has the shape of ``results.json``."""
    model, external = found.model, found.external
    transport, timed = external.transport, external.evaluation.outcome.timed
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {"name": model.name, "kind": model.kind, "hash": model.hash, "verified": model.verified},
        "endpoint": model.endpoint.to_dict(),
        "cohort": {"file": found.file, "n": external.n, "events": external.events, "flow": records(cohort.flow)},
        "external": {model.name: lines_with_reasons(external.table.drop(columns="model"), external.warnings, timed)},
        "subgroups": lines_with_reasons(external.subgroups, external.warnings, timed),
        "transport": {
            "case_mix": records(transport.shift),
            "linear_predictor": records(transport.linear_predictor),
            **_numbers({"membership": transport.membership}),
            "drift": records(transport.drift),
            "drift_test": _numbers({"chi_square": transport.chi_square, "df": transport.df, "p": transport.p}),
        },
        "updating": _updating(found),
        # null where nothing was written into a model file
        "recorded": recorded.external[-1].to_dict() | {"hash": recorded.hash} if recorded is not model else None,
        "repeats": external.repeats,
        "seed": external.seed,
        "warnings": [{"code": finding.code, "message": str(finding)} for finding in found.warnings],
        "software": software(),
    }


def lines_with_reasons(table: pd.DataFrame, warnings: tuple[Finding, ...], timed: bool) -> list[dict[str, Any]]:
    """Return the lines of a table of metrics; where there is no estimate, why. `timed`: no binary outcome."""
    rows = records(table)
    for row in rows:
        if row["horizon"] is None:
            whole = f"{row['metric']} is one number for the whole follow-up"
            row["reason"] = whole if timed else "a binary outcome has no horizon"
        if row["estimate"] is None:
            row["reason"] = _reason(row, warnings)
        elif row["lower"] is None or row["upper"] is None:
            row["reason"] = "no error is known for this estimate"
        if row["threshold"] is None:
            del row["threshold"]
    return rows


def _reason(row: Mapping[str, Any], warnings: tuple[Finding, ...]) -> str:
    """Find the warning that speaks of this metric, of its horizon, or of its group."""
    time = "" if row["horizon"] is None else f" {row['horizon']:g} "
    beyond = [f.rule for f in warnings if f.code == "E13" and time and f"horizon{time}" in f"{f.rule} "]
    unfollowed = [f.rule for f in warnings if f.code == "E13" and time and f"at{time}" in f"{f.rule} "]
    own = [f.rule for f in warnings if f.rule.startswith(row["metric"]) and (not time or time.strip() in f.rule)]
    few = [f.rule for f in warnings if f.code == "E15" and f"{row.get('column')}={row.get('group')}" in f.rule]
    return next(iter([*few, *own, *beyond, *unfollowed]), "it cannot be estimated in these patients")


def _updating(found: Findings) -> dict[str, Any]:
    """Return the closed test; null with the reason where there is none."""
    updating = found.updating
    if updating is None:
        return {"chosen": None, "reason": found.reason, "table": []}
    numbers = _numbers({name: getattr(updating, name) for name in UPDATED})
    return {"chosen": updating.chosen, **numbers, "table": records(updating.table)}


def _numbers(values: Mapping[str, float]) -> dict[str, Any]:
    """Return plain values; what is not a number becomes null."""
    return records(pd.DataFrame([values], dtype=object))[0]
