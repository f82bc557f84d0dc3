"""What a paper printed, as it is declared for an audit: tables of performance, tests, shares and sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cohorts.errors import PrognosisError
from prognosis.audit.auc_intervals import as_share
from prognosis.audit.confusion import FIELDS, Tested, shares
from prognosis.audit.printed import Printed, read_printed
from prognosis.audit.rates import RATES, RATIOS


def _number(value: Any) -> Printed:
    try:
        return read_printed(value)
    except PrognosisError as error:
        raise ValueError(error.findings[0].rule + ": " + error.findings[0].way_out) from None


def _plain(value: Any) -> Any:
    """Keep what would steer a terminal, and line breaks, out of names."""
    if isinstance(value, str) and not value.isprintable():
        message = "a name has no control characters and no line breaks"
        raise ValueError(message)
    return value


def _p_value(value: Any) -> tuple[bool, Printed]:
    """Read a p-value: whether it is printed as "<", and the number."""
    text = str(value).strip()
    below = text.startswith("<")
    read = _number(text.removeprefix("<").removeprefix("=").strip() if isinstance(value, str) else value)
    if not 0 <= read.value <= 1:
        message = "a p-value lies between 0 and 1"
        raise ValueError(message)
    return below, read


Number = Annotated[Printed, BeforeValidator(_number)]
PValue = Annotated[tuple[bool, Printed], BeforeValidator(_p_value)]
Count = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
Name = Annotated[str, BeforeValidator(_plain)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, strict=False)


class Row(_Table):
    """One row of a table of performance; rates and AUC as printed, what is empty is left out."""

    name: Name
    positives: Count | None = None
    negatives: Count | None = None
    patients: Count | None = None
    tp: Count | None = None
    fn: Count | None = None
    tn: Count | None = None
    fp: Count | None = None
    sensitivity: Number | None = None
    specificity: Number | None = None
    ppv: Number | None = None
    npv: Number | None = None
    accuracy: Number | None = None
    balanced_accuracy: Number | None = None
    f1: Number | None = None
    youden: Number | None = None
    false_positive_rate: Number | None = None
    false_negative_rate: Number | None = None
    error_rate: Number | None = None
    positive_likelihood_ratio: Number | None = None
    negative_likelihood_ratio: Number | None = None
    auc: Number | None = None
    auc_interval: tuple[Number, Number] | None = None

    @property
    def cells(self) -> dict[str, Printed]:
        """Printed rates by their labels."""
        return {name: value for name in RATES if (value := getattr(self, name)) is not None}


class Performance(_Table):
    """``[[performance]]``: rows of rates, each about the same patients unless a row says otherwise.

    `unit` : of the rates. `trained` : patients that each row's model was trained on, where rows are rounds of one
    resampling. `summary` : mean, or mean and standard deviation, of a column as printed below the rows.
    `averaged` : every row is a mean over rounds, so that no whole patients stand behind it.
    `auc_half_widths` : smallest and largest half-width of the printed intervals, where the limits are not at hand.
    """

    name: Name
    unit: Literal["percent", "fraction"]
    rows: tuple[Row, ...] = Field(min_length=1, max_length=1000)
    positives: Count | None = None
    negatives: Count | None = None
    patients: Count | None = None
    trained: Annotated[int, Field(ge=1)] | None = None
    summary: Mapping[str, tuple[Number, Number] | tuple[Number]] = {}
    averaged: bool = False
    auc_half_widths: tuple[Number, Number] | None = None
    level: float = Field(default=0.95, gt=0.5, lt=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Performance:
        names = [row.name for row in self.rows]
        faults = [f"two rows are called {name}" for name in dict.fromkeys(names) if names.count(name) > 1]
        known = (*RATES, "auc")
        faults += [f"summary of {name}: one of {', '.join(known)}" for name in self.summary if name not in known]
        for row in self.rows:
            faults += [f"row {row.name}: {fault}" for fault in self._faults_of(row)]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of(self, row: Row) -> list[str]:
        faults = []
        values = [row.auc, *(row.auc_interval or ())]
        for check in (lambda: self.shares_of(row), lambda: self.tested(row),
                      lambda: [as_share(value) for value in values if value is not None]):  # fmt: skip
            try:
                check()
            except PrognosisError as error:
                faults += [f"{found.rule} {found.value or ''} ({found.way_out})" for found in error.findings]
        return faults

    def shares_of(self, row: Row) -> dict[str, Printed]:
        """Return the rates of a row as shares, by their printed labels."""
        return shares(row.cells, self.unit)

    def tested(self, row: Row) -> Tested:
        """Return the patients of a row: its own numbers where it has any, else those of the table."""
        own = (row.positives, row.negatives, row.patients)
        three = own if any(value is not None for value in own) else (self.positives, self.negatives, self.patients)
        fields = tuple((name, getattr(row, name)) for name in FIELDS if getattr(row, name) is not None)
        return Tested(*three, fields)

    def percent(self, label: str) -> bool:
        """Whether a column is printed in percent."""
        return self.unit == "percent" and label not in (*RATIOS, "auc")


class Share(_Table):
    """``[[shares]]``: a number of patients of a total, with the share as printed; `interval` its limits."""

    name: Name
    count: Count
    of: Annotated[int, Field(ge=1, le=10_000_000, strict=True)]
    printed: Number | None = None
    interval: tuple[Number, Number] | None = None
    unit: Literal["percent", "fraction"] = "percent"
    level: float = Field(default=0.95, gt=0.5, lt=1)

    @model_validator(mode="after")
    def _possible(self) -> Share:
        if self.count > self.of:
            message = f"{self.count} of {self.of} patients"
            raise ValueError(message)
        return self


class Sum(_Table):
    """``[[sums]]``: numbers of patients that should add up to a total."""

    name: Name
    parts: tuple[Count, ...] = Field(min_length=2)
    total: Count


class Counts(_Table):
    """``[[counts]]``: patients by group (lines) and category, with the test as printed."""

    name: Name
    counts: tuple[tuple[Count, ...], ...] = Field(min_length=2, max_length=100)
    statistic: Number | None = None
    p: PValue | None = None


class Group(_Table):
    """A group of ``[[means]]``: its size, mean and standard deviation."""

    name: Name
    n: Annotated[int, Field(ge=2, le=10_000_000)]
    mean: Number
    sd: Number


class Means(_Table):
    """``[[means]]``: a measurement by group, with the test as printed; `statistic` is F, or t of two groups.

    `told_apart` : the groups that the model of the paper tells from each other, two lists of their names.
    """

    name: Name
    groups: tuple[Group, ...] = Field(min_length=2, max_length=100)
    statistic: Number | None = None
    p: PValue | None = None
    told_apart: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    @model_validator(mode="after")
    def _names_groups(self) -> Means:
        known = [group.name for group in self.groups]
        unknown = [name for side in self.told_apart or () for name in side if name not in known]
        if unknown or any(not side for side in self.told_apart or ()):
            message = f"told_apart names {', '.join(unknown) or 'no group'}; the groups are {', '.join(known)}"
            raise ValueError(message)
        return self


class PrintedTest(_Table):
    """``[[tests]]``: a statistic with its degrees of freedom and p-value, where the data behind it are not printed."""

    name: Name
    kind: Literal["chi-squared", "f", "t", "z"]
    statistic: Number
    p: PValue
    df: tuple[Annotated[float, Field(gt=0, lt=1e9)], ...] = ()


class Publication(_Table):
    """A whole file: what one paper printed."""

    title: Name
    source: Name = ""
    performance: tuple[Performance, ...] = ()
    counts: tuple[Counts, ...] = ()
    means: tuple[Means, ...] = ()
    tests: tuple[PrintedTest, ...] = ()
    shares: tuple[Share, ...] = ()
    sums: tuple[Sum, ...] = ()

    @model_validator(mode="after")
    def _has_something(self) -> Publication:
        parts = (self.performance, self.counts, self.means, self.tests, self.shares, self.sums)
        if not any(parts):
            message = "nothing to check: give at least one of performance, counts, means, tests, shares, sums"
            raise ValueError(message)
        return self
