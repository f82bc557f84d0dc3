"""Every error and warning of the package, on one page.

A check never stops at the first fault: it collects `Finding` values and raises them together.
Each finding carries a stable code, so that scripts and tests can rely on it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

ROWS_SHOWN = 10


@dataclass(frozen=True)
class Finding:
    """One fault or doubt about the input: where it is, what it is, and the way out.

    Parameters
    ----------
    code : stable identifier of the rule, for example ``T05``.
    rule : what was found and which rule it breaks, in the language of the trade.
    way_out : what the user can do about it.
    column, file, value : where it was found; None where it does not apply.
    rows : ids of the rows concerned, as the user gave them.
    severity : ``error`` stops the work, ``warning`` is recorded and shown.
    """

    code: str
    rule: str
    way_out: str = ""
    column: str | None = None
    rows: tuple[str, ...] = ()
    value: str | None = None
    file: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = [f"file {self.file}"] if self.file else []
        place += [f"column {self.column}"] if self.column else []
        place += [_name_rows(self.rows)] if self.rows else []
        place += [f"value {self.value}"] if self.value else []
        where = ", ".join(place) + ": " if place else ""
        advice = f" Way out: {self.way_out}" if self.way_out else ""
        return f"[{self.code}] {where}{self.rule}{advice}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values for JSON."""
        return {**asdict(self), "rows": list(self.rows), "message": str(self)}


def _name_rows(rows: Sequence[str]) -> str:
    shown = ", ".join(str(row) for row in rows[:ROWS_SHOWN])
    more = len(rows) - ROWS_SHOWN
    return f"row ids {shown}" + (f" and {more} more ({len(rows)} in all)" if more > 0 else "")


class PrognosisError(Exception):
    """Base of all errors raised on purpose; `code` is that of the first finding."""

    def __init__(self, *findings: Finding) -> None:
        self.findings: tuple[Finding, ...] = findings
        self.code = findings[0].code if findings else ""
        super().__init__("\n".join(str(finding) for finding in findings))

    def __reduce__(self) -> tuple[type[PrognosisError], tuple[Finding, ...]]:
        # an error travels back from other processes, and is made again of its findings
        return type(self), self.findings


class DataContractError(PrognosisError):
    """The table, its codebook or the endpoint breaks a declared or necessary rule."""


class FitError(PrognosisError):
    """The model cannot be estimated from these rows."""


class PredictionError(PrognosisError):
    """These patients or horizons cannot be answered by this model."""


class LeakageError(PrognosisError):
    """Something of the test set or of the future would reach the training."""


class ModelFileError(PrognosisError):
    """The model file is damaged, foreign, unsafe or of another schema."""


class ImageError(PrognosisError):
    """An image cannot be read or does not fit the study."""


class RunError(PrognosisError):
    """A run cannot start or cannot write its results."""


class PrognosisWarning(UserWarning):
    """A finding that does not stop the work; it is also kept in the result."""


def raise_findings(findings: Iterable[Finding], error: type[PrognosisError]) -> None:
    """Raise all findings of severity ``error`` together, if there are any."""
    faults = [finding for finding in findings if finding.severity == "error"]
    if faults:
        raise error(*faults)


def warn_findings(findings: Iterable[Finding], stacklevel: int = 3) -> None:
    """Show each finding of severity ``warning`` as a `PrognosisWarning`."""
    for finding in findings:
        if finding.severity == "warning":
            warnings.warn(str(finding), PrognosisWarning, stacklevel=stacklevel)
