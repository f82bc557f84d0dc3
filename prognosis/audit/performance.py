"""A table of performance: the patients behind it, what its labels are, where it contradicts itself, what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cohorts.errors import PrognosisError
from prognosis.audit.auc_intervals import as_share
from prognosis.audit.confusion import Tested, solutions
from prognosis.audit.finding import AuditFinding
from prognosis.audit.identities import identity_findings
from prognosis.audit.interval_findings import auc_findings
from prognosis.audit.labelling import Meaning, choose_meaning, label_findings
from prognosis.audit.printed import Printed
from prognosis.audit.published import Performance
from prognosis.audit.rates import Confusion
from prognosis.audit.rounds import majority_share, over_rounds, pooled
from prognosis.audit.rows import RowReading, read_row
from prognosis.audit.slip_words import row_findings, unchecked, unchecked_columns
from prognosis.audit.summaries import columns_of, convention_of, settled, summary_findings, wrong_cells

Cells = dict[str, Printed]
REBUILT = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "balanced_accuracy")
# Above this, an accuracy is said to be told from that of calling everybody alike.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class PerformanceAudit:
    """What an audit finds in one table.

    Parameters
    ----------
    name : of the table. findings : in the order of the table, remarks last. meaning : of the labels, None where no row
        could be turned into patients. rows : as they were read. wrong : row to its wrong cell, where that is known.
    patients : numbers of patients of every row that has one answer only.
    convention : denominator of its standard deviations, and whether the printed rows alone say so; None if unknown.
    """

    name: str
    findings: tuple[AuditFinding, ...]
    meaning: Meaning | None = None
    rows: tuple[RowReading, ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    patients: Mapping[str, Confusion] = field(default_factory=dict)
    convention: tuple[str, bool] | None = None

    def lines(self) -> list[dict[str, Any]]:
        """Return one mapping a row: row, tp, fn, tn, fp and the rates that follow; None where they are unknown."""
        found = []
        for row in self.rows:
            patients = self.patients.get(row.name)
            counts = {name: getattr(patients, name, None) for name in ("tp", "fn", "tn", "fp")}
            rates = {name: _float(patients.rate(name)) if patients else None for name in REBUILT}
            found.append({"row": row.name, **counts, **rates, "solutions": len(row.labelling.solutions)})
        return found


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def audit_performance(table: Performance) -> PerformanceAudit:
    """Check a table of performance.

    Parameters
    ----------
    table : as declared.

    Returns
    -------
    Findings on labels, rows, summaries and AUC intervals, and what the patients behind the table say. A table that was
    made from patients, rounded half up or half to even, has no finding but remarks.
    """
    checkable, open_, findings = _checkable(table)
    telling = [(tested, cells) for _, tested, cells in checkable if len(cells) + len(tested.known) > 1]
    meaning = choose_meaning(telling or [each[1:] for each in checkable])
    labels = {label for _, _, cells in checkable for label in cells}
    meant = {label: meaning.of.get(label, label) for label in labels}
    rows = [read_row(name, tested, cells, meant) for name, tested, cells in checkable]
    wrong = wrong_cells(table, rows)
    columns = columns_of(table, rows, wrong)
    patients = {row.name: known for row in rows if (known := settled(row, wrong.get(row.name)))}
    found = [
        *label_findings(table.name, meaning),
        *row_findings(table, rows),
        *findings,
        *summary_findings(table, columns, wrong),
        *auc_findings(table, rows),
        *unchecked(table, open_),
        *unchecked_columns(table),
        *_remarks(table, rows, patients),
    ]
    return PerformanceAudit(table.name, tuple(found), meaning, tuple(rows), wrong, patients, convention_of(columns))


def _checkable(table: Performance) -> tuple[list[tuple[str, Tested, Cells]], dict[str, str], list[AuditFinding]]:
    """Part rows into those that can be turned into patients, others with the reason, and what these contradict."""
    checkable: list[tuple[str, Tested, Cells]] = []
    open_: dict[str, str] = {}
    findings: list[AuditFinding] = []
    for row in table.rows:
        cells, tested = table.shares_of(row), table.tested(row)
        reason = _reason(table, tested, cells)
        if cells and reason:
            open_[row.name] = reason
            # rounds differ in their patients: what holds in each need not hold of the means
            findings += [] if table.averaged else identity_findings(f"{table.name}, row {row.name}", cells)
        elif cells:
            checkable.append((row.name, tested, cells))
    return checkable, open_, findings


def _reason(table: Performance, tested: Tested, cells: Cells) -> str:
    """Say why no patients can be looked for; empty where they can."""
    if table.averaged:
        return "means over rounds stand for no whole patients"
    try:
        solutions(tested, cells)
    except PrognosisError as error:
        return error.findings[0].rule
    return ""


def _remarks(table: Performance, rows: list[RowReading], patients: Mapping[str, Confusion]) -> list[AuditFinding]:
    found, several = [], sum(len(row.labelling.solutions) > 1 for row in rows)
    if several:
        words = f"the printed digits leave more than one answer in {several} of {len(rows)} rows"
        found.append(AuditFinding("A22", "remark", table.name, words))
    if patients:
        found.append(AuditFinding("A22", "remark", table.name, _pooled_words(patients, len(rows))))
    return found + _over_rounds(table, rows, patients)


def _pooled_words(patients: Mapping[str, Confusion], rows: int) -> str:
    """Say what all rows say together, and what a model would reach that calls everybody alike."""
    together = pooled(list(patients.values()))
    rates = {name: together.rate(name) for name in REBUILT}
    told = {name: "undefined" if rate is None else f"{float(rate) * 100:.1f} %" for name, rate in rates.items()}
    start = f"{len(patients)} of {rows} rows pooled" if rows > 1 else "the row"
    base = (together.tp + together.fn) / (together.tp + together.fn + together.tn + together.fp)
    return (
        f"{start}: {together}; sensitivity {told['sensitivity']}, specificity {told['specificity']}, PPV "
        f"{told['ppv']}, NPV {told['npv']}, balanced accuracy {told['balanced_accuracy']}; accuracy "
        f"{told['accuracy']} beside {majority_share(together) * 100:.1f} % for calling everybody alike (base rate "
        f"{base * 100:.1f} %)"
    )


def _over_rounds(table: Performance, rows: list[RowReading], patients: Mapping[str, Confusion]) -> list[AuditFinding]:
    """Give the means over rounds of one resampling with the error that counts their overlap."""
    totals = [total for row in table.rows if (total := table.tested(row).total)]
    if table.trained is None or not totals:
        return []
    tested, found = float(np.mean(totals)), []
    aucs = [float(as_share(row.auc).value) for row in table.rows if row.auc is not None]
    if len(aucs) > 1:
        auc = over_rounds(aucs, tested, table.trained, table.level)
        limits = f"{max(auc.lower, 0):.3f} to {min(auc.upper, 1):.3f}"
        found.append(f"mean AUC {auc.mean:.3f}, {table.level * 100:g} % interval {limits}")
    gains = [float(each.rate("accuracy") or 0) - majority_share(each) for each in patients.values()]
    if len(gains) > 1 and len(patients) == len(rows):
        gain = over_rounds(gains, tested, table.trained, table.level)
        verdict = "cannot be told from none" if gain.p > SIGNIFICANT else "is more than chance"
        verdict = verdict if gain.mean > 0 or gain.p > SIGNIFICANT else "is a loss"
        found.append(
            f"accuracy gains {gain.mean * 100:.1f} points ({gain.lower * 100:.1f} to {gain.upper * 100:.1f}, p "
            f"{'< 0.001' if gain.p < 0.001 else f'= {gain.p:.3f}'}) over calling everybody alike, which {verdict}"
        )
    if not found:
        return []
    words = f"{'; '.join(found)} (corrected for the overlap of the rounds: {tested:g} tested, {table.trained} trained)"
    return [AuditFinding("A22", "remark", table.name, words)]
