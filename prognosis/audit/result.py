"""The audit of one paper: every finding, and the page that says them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from prognosis.audit.finding import SEVERITIES, WRONG, AuditFinding
from prognosis.audit.performance import PerformanceAudit, audit_performance
from prognosis.audit.printed import rounded_text
from prognosis.audit.published import Publication
from prognosis.audit.reading import read_publication
from prognosis.audit.significance import counts_findings, means_findings, printed_test_findings
from prognosis.audit.totals import share_findings, sum_findings

WIDTH = 110
HEADINGS = {
    "contradiction": "Contradictions: no data give these numbers together",
    "mislabelled": "Mislabelled: right under another name",
    "too narrow": "Too narrow: intervals that understate their error",
    "convention": "Conventions to be named",
    "cannot be checked": "Cannot be checked: the paper does not say enough",
    "remark": "To be read beside the numbers",
}
PLURALS = {"contradiction": "contradictions", "convention": "conventions to be named"}
SINGULARS = {"convention": "convention to be named"}
NO_FAULT = "No fault found. That the numbers agree with each other does not make them true."


@dataclass(frozen=True)
class Audit:
    """What was found in a paper.

    Parameters
    ----------
    title, source : of the paper. findings : all, in the order of the file; remarks are no faults.
    tables : the tables of performance with the patients behind them.
    """

    title: str
    source: str
    findings: tuple[AuditFinding, ...]
    tables: tuple[PerformanceAudit, ...] = ()

    @property
    def faults(self) -> tuple[AuditFinding, ...]:
        """The findings that are no remarks."""
        return tuple(finding for finding in self.findings if finding.severity != "remark")

    @property
    def wrong(self) -> bool:
        """Whether anything contradicts itself, is mislabelled or too narrow."""
        return any(finding.severity in WRONG for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the audit as plain values for JSON; rates that are not known are None."""
        return {
            "title": self.title,
            "source": self.source,
            "wrong": self.wrong,
            "findings": [finding.to_dict() for finding in self.findings],
            "tables": [{"name": table.name, "rows": table.lines()} for table in self.tables],
        }

    def text(self) -> str:
        """Return the audit as a page of plain text."""
        return "\n".join(_page(self)) + "\n"


def audit(publication: Publication) -> Audit:
    """Check what a paper printed against itself.

    Parameters
    ----------
    publication : as `read_publication` gives it.

    Notes
    -----
    Everything is arithmetic on the printed digits: what agrees may still be wrong, and what contradicts itself may be
    a slip of the pen. No data of patients are needed.
    """
    tables = tuple(audit_performance(table) for table in publication.performance)
    found = [finding for table in tables for finding in table.findings]
    found += _conventions(tables)
    found += [finding for item in publication.means for finding in means_findings(item)]
    found += [finding for item in publication.counts for finding in counts_findings(item)]
    found += [finding for item in publication.tests for finding in printed_test_findings(item)]
    found += [finding for item in publication.shares for finding in share_findings(item)]
    found += [finding for item in publication.sums for finding in sum_findings(item)]
    return Audit(publication.title, publication.source, tuple(found), tables)


def audit_file(path: str | Path) -> Audit:
    """Read a file of published numbers and check it; errors as `read_publication`."""
    return audit(read_publication(path))


def _conventions(tables: tuple[PerformanceAudit, ...]) -> Iterator[AuditFinding]:
    """Say which denominator standard deviations have: a fault only where it is n, or differs between tables."""
    told = {table.name: table.convention for table in tables if table.convention}
    sure = {name: which for name, (which, certain) in told.items() if certain}
    for name, (which, certain) in told.items():
        doubt = "" if certain else "; from the rounded rows it may be the other"
        words = f"standard deviations have {which} in the denominator{doubt}"
        population = which == "n" and certain
        words += ": of a sample of rounds or patients n - 1 is meant" if population else ""
        yield AuditFinding("A14", "convention" if population else "remark", name, words)
    if len({which for which, _ in told.values()}) > 1:
        severity = "convention" if len(set(sure.values())) > 1 else "remark"
        names = "; ".join(f"{name}: {which}" for name, (which, _) in told.items())
        words = f"the tables differ in the denominator of their standard deviations ({names}): say which it is"
        yield AuditFinding("A14", severity, "all tables", words)  # type: ignore[arg-type]


def _page(audit: Audit) -> Iterator[str]:
    yield f"Audit: {audit.title}"
    yield from textwrap.wrap(audit.source, WIDTH)
    counts = {severity: sum(f.severity == severity for f in audit.findings) for severity in SEVERITIES[:-1]}
    told = ", ".join(
        f"{count} {(SINGULARS if count == 1 else PLURALS).get(severity, severity)}"
        for severity, count in counts.items()
        if count
    )
    yield told or NO_FAULT
    for severity in SEVERITIES:
        findings = [finding for finding in audit.findings if finding.severity == severity]
        if findings:
            yield from ("", HEADINGS[severity])
        for finding in findings:
            yield from textwrap.wrap(f"- {finding}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    for table in audit.tables:
        if table.rows:
            yield from ("", f"Patients behind {table.name}", *_rows(table))


def _rows(table: PerformanceAudit) -> Iterator[str]:
    heads = ("row", "TP", "FN", "TN", "FP", "accuracy", "sens.", "spec.", "PPV", "NPV", "balanced")
    width = max(len(heads[0]), *(len(row.name) for row in table.rows))
    yield f"{heads[0]:<{width}}" + "".join(f"{head:>6}" for head in heads[1:5]) + "".join(f"{h:>10}" for h in heads[5:])
    for line in table.lines():
        counts = [line[name] for name in ("tp", "fn", "tn", "fp")]
        rates = [line[name] for name in ("accuracy", "sensitivity", "specificity", "ppv", "npv", "balanced_accuracy")]
        start = f"{line['row']:<{width}}"
        if counts[0] is None:
            how = f"{line['solutions']} answers" if line["solutions"] else "no answer"
            yield f"{start}  {how}"
        else:
            shown = ["undefined" if rate is None else rounded_text(Fraction(f"{rate * 100:.9f}"), 1) for rate in rates]
            yield start + "".join(f"{count:>6}" for count in counts) + "".join(f"{rate:>10}" for rate in shown)
