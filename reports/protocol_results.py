"""Every number of a run of the protocols as plain values; one that does not exist is null with its reason."""

from __future__ import annotations

from typing import Any

import pandas as pd

from imaging_head.protocol_measures import Measures
from imaging_head.protocol_run import Rounds
from imaging_head.strata import GROUP, STRATUM
from reports.plain_values import plain_value, records
from reports.protocol_asked import Done
from reports.results import software

SCHEMA_VERSION = 1
NO_SPREAD = "all rounds that have it have the same value: no spread to make an interval of"
NOBODY = "nobody was called so: the share has no total"
NO_SLOPE = "the probabilities separate the sides, are all alike, or are 0 or 1"
SHARES = ("ppv", "npv")
CONVENTIONS = {
    "unit": "the patient, with all of his films: groups, training, test and every count",
    "rounds": "shares: Clopper and Pearson's exact limits; auc: DeLong; brier, calibration: Wald by influence values",
    "pooled": "decisions of all rounds; limits exact, as if each patient had been judged once",
    "means": "mean over the rounds; interval by t with the variance of Nadeau and Bengio (2003)",
    "gains": "image minus the other, in the same rounds, interval and p as of the means; of brier, below 0 is better",
    "majority": "everybody gets the share of the event among the training patients",
    "age": "logistic model with age alone, of the training patients, Firth's penalty",
    "probability": "of the event, calibrated inside the training part; positive from the threshold on",
}


def protocol_results(done: Done) -> dict[str, Any]:
    """Return the content of ``results.json``."""
    table = done.labelled.table
    sizes = table.groupby([GROUP, STRATUM]).size().rename("patients").reset_index()
    return {
        "schema_version": SCHEMA_VERSION,
        "films": {"index": done.files, "films": done.films, "patients": len(table)},
        "left_out": dict(done.labelled.left_out),
        "settings": plain_value(vars(done.settings)),
        "network": done.network,
        "groups": records(sizes.assign(**{GROUP: sizes[GROUP] + 1})),
        "tasks": {name: _task(rounds, measures) for name, (rounds, measures) in done.tasks.items()},
        "warnings": [{"code": finding.code, "message": str(finding)} for finding in done.warnings],
        "conventions": CONVENTIONS,
        "software": software(),
    }


def _task(rounds: Rounds, measures: Measures) -> dict[str, Any]:
    contrast = rounds.contrast
    return {
        "event": list(contrast.event),
        "other": list(contrast.other),
        "test_groups": contrast.test_groups,
        "threshold": measures.threshold,
        "patients": rounds.patients,
        "times_tested": rounds.times_tested,
        "rounds": [
            {"round": each.number, "groups": [group + 1 for group in each.groups], "trained": len(each.train),
             "trained_events": int(each.train.sum()), "tested": len(each.test), "events": int(each.test.sum())}
            for each in rounds.made
        ],
        "performance": _explained(measures.rounds),
        "pooled": _explained(measures.pooled),
        "means": _explained(measures.means),
        "gains": _explained(measures.gains),
    }  # fmt: skip


def _explained(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows; a count that a metric does not have is left away, a number that does not exist has a reason."""
    found = []
    for row in records(table):
        if row.get("count", 0) is None:
            row = {key: value for key, value in row.items() if key not in ("count", "total")}
        row |= {key: int(row[key]) for key in ("count", "total") if key in row}
        missing = [key for key, value in row.items() if value is None]
        if missing:
            single = "estimate" in missing
            row["reason"] = NO_SPREAD if not single else NOBODY if row["metric"] in SHARES else NO_SLOPE
        found.append(row)
    return found
