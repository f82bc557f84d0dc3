"""The table that travels: immutable rows with their codebook and the ledger of rows left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from cohorts.checking import check_table, codebook_of_dtypes
from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.table_one import table_one
from cohorts.variable import Codebook

if TYPE_CHECKING:
    from pathlib import Path

    from cohorts.cytogenetics.evidence import Rules
    from cohorts.score import Score
    from cohorts.staging.system import StagingSystem
    from cohorts.timeline.derived import Derived

READ = "rows read"
KEPT = "rows kept"
LEFT_OUT = "left out: "


@dataclass(frozen=True)
class LedgerEntry:
    """One line of the account of rows: a step, its number of rows, and their ids where rows were left out."""

    step: str
    n: int
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """Immutable checked table of patients; made by `read_cohort` or `Cohort.from_frame`.

    Parameters
    ----------
    table : values by column, index = row ids as text; not to be changed, use `frame` for a copy.
    codebook : declaration of the id and of every column.
    name : file name, or ``"frame"``.
    sha256 : digest of the file, None for a frame.
    warnings : findings that did not stop the reading.
    ledger : ``rows read`` first, then one entry for each group of rows left out.
    scores : of images, added by `with_score`.
    """

    table: pd.DataFrame
    codebook: Codebook
    name: str = "frame"
    sha256: str | None = None
    warnings: tuple[Finding, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    scores: tuple[Score, ...] = ()

    def __post_init__(self) -> None:
        if not self.ledger:
            object.__setattr__(self, "ledger", (LedgerEntry(READ, len(self.table)),))
        left_out = sum(entry.n for entry in self.ledger[1:])
        if self.ledger[0].n != len(self.table) + left_out:
            raise ValueError("the ledger does not account for every row")

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Cohort({self.name}: {len(self)} patients, {self.table.shape[1]} columns)"

    @property
    def frame(self) -> pd.DataFrame:
        """Copy of the values; index = row ids (text), one column for each declared variable but the id."""
        return self.table.copy()

    @property
    def ids(self) -> tuple[str, ...]:
        """Row ids in the file's order."""
        return tuple(self.table.index)

    @property
    def flow(self) -> pd.DataFrame:
        """The ledger as a frame with the columns step and n; the last line is the rows kept."""
        steps = [(entry.step, entry.n) for entry in self.ledger] + [(KEPT, len(self))]
        return pd.DataFrame(steps, columns=["step", "n"])

    def view(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return a copy of some columns only.

        Raises
        ------
        DataContractError
            A column does not exist (S01).
        """
        absent = [name for name in columns if name not in self.table.columns]
        if absent:
            way_out = f"the cohort has {', '.join(self.table.columns)}"
            faults = [Finding("S01", "the cohort has no such column", way_out, column=name) for name in absent]
            raise DataContractError(*faults)
        return self.table[list(dict.fromkeys(columns))].copy()

    def without(self, rows: Sequence[str], reason: str) -> Cohort:
        """Return the cohort without some patients; the ledger tells who is left out and why.

        Raises
        ------
        DataContractError
            A row id does not exist (S08).
        """
        asked = tuple(dict.fromkeys(str(row) for row in rows))
        unknown = tuple(row for row in asked if row not in self.table.index)
        if unknown:
            raise DataContractError(Finding("S08", "the cohort has no such rows", "check the ids", rows=unknown))
        if not asked:
            return self
        entry = LedgerEntry(LEFT_OUT + reason, len(asked), asked)
        return replace(self, table=self.table.drop(index=list(asked)), ledger=(*self.ledger, entry))

    def with_score(self, score: Score) -> Cohort:
        """Return the cohort with an image score as a numeric predictor; a study knows by it how it was made.

        A patient's value is the one made without the patient's own fold; patients without a score have none.

        Raises
        ------
        DataContractError
            L14 the score is of patients that the cohort does not have, or its name is taken.
        LeakageError
            L15 the score was made by a model that saw these patients.
        """
        score.check_for(tuple(self.codebook), self.ids)
        table = self.table.assign(**{score.name: score.of(self.ids)})
        book = Codebook({**self.codebook, score.name: score.variable}, self.codebook.file)
        return replace(self, table=table, codebook=book, scores=(*self.scores, score))

    def with_stage(
        self, system: StagingSystem, columns: Mapping[str, str | None] | None = None, **options: Any
    ) -> Cohort:
        """Return the cohort with a stage, computed from its columns; empty where what is missing could change it.

        `columns` and the options (name, normal, read_as) are those of `StagingSystem.stage`, and so are the errors. Who
        could not be staged, and why, is among the warnings.
        """
        staged = system.stage(self, columns, **options)
        table = self.table.assign(**{staged.variable.name: staged.values})
        book = Codebook({**self.codebook, staged.variable.name: staged.variable}, self.codebook.file)
        return replace(self, table=table, codebook=book, warnings=(*self.warnings, *staged.findings))

    def with_cytogenetics(
        self,
        karyotype: str | None = None,
        fish: str | pd.DataFrame | None = None,
        features: Sequence[str] | None = None,
        *,
        prevalence: float = 0.0,
        rules: Rules | None = None,
    ) -> Cohort:
        """Return the cohort with abnormalities read from karyotypes and FISH: 1 present, 0 absent, empty where neither.

        Parameters
        ----------
        karyotype : text column of karyotypes. fish : text column of ``nuc ish`` strings, or a table for
            `cohorts.cytogenetics.fish_from_table`.
        features : names out of `cohorts.cytogenetics.ABNORMALITIES` and `DEFINITIONS`; None: all that at least one
            patient can be assessed for. ``del17p_fraction_percent`` and the like: the share of purified cells in FISH.
            prevalence : the least share of patients with it, of those assessable.
        rules : how karyotype and FISH become one answer, cut-offs, purified cells.

        Notes
        -----
        What was not read, and where karyotype and FISH disagree, is among the warnings, with the row ids;
        `cohorts.cytogenetics.cytogenetics_of` has every part, and what each source says by itself.

        Raises
        ------
        DataContractError
            S01, H40 to H44, H50 to H54; see `cohorts.cytogenetics.cytogenetics_of`.
        """
        from cohorts.cytogenetics.patients import Asked, cytogenetics_of

        asked = Asked(None if features is None else tuple(features), prevalence)
        read = cytogenetics_of(self, karyotype, fish, asked, rules)
        table = pd.concat([self.table, read.frame.set_axis(self.table.index)], axis=1)
        book = Codebook({**self.codebook, **{each.name: each for each in read.variables}}, self.codebook.file)
        return replace(self, table=table, codebook=book, warnings=(*self.warnings, *read.findings))

    def with_outcome(self, derived: Derived) -> Cohort:
        """Return the cohort with the columns of an outcome derived from dates; see `cohorts.timeline`.

        Patients whom the outcome left out (a landmark) are left out here, with its reason in the ledger.

        Raises
        ------
        DataContractError
            D65 a column is there already, or a patient of the cohort has no outcome.
        """
        kept = self
        for reason, rows in derived.left_out:
            kept = kept.without([row for row in rows if row in self.table.index], reason)
        columns = derived.columns_of(kept.ids, tuple(self.codebook))
        book = Codebook({**self.codebook, **derived.variables}, self.codebook.file)
        warned = (*self.warnings, *derived.warnings)
        return replace(kept, table=kept.table.assign(**columns), codebook=book, warnings=warned)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, id: str = "pid", codebook: Codebook | str | Path | None = None) -> Cohort:  # noqa: A002
        """Build a cohort from a frame in memory.

        Parameters
        ----------
        frame : one row a patient.
        id : name of the column (or of the index) with the row ids.
        codebook : declaration of the columns. Without it kinds come from the dtypes alone: numbers, booleans,
            categories and datetimes; every unit counts as undeclared, and object columns are refused.

        Raises
        ------
        DataContractError
            Every finding of the table at once, as in `read_cohort`.
        """
        columns = frame if id in frame.columns or frame.index.name != id else frame.reset_index()
        columns = columns.rename(columns=str)
        raise_findings(_repeated_names(columns), DataContractError)
        if codebook is None:
            book, findings = codebook_of_dtypes(columns, id)
            raise_findings(findings, DataContractError)
        else:
            book = codebook if isinstance(codebook, Codebook) else Codebook.from_toml(codebook)
        checked = check_table(columns, book, id_column=id)
        raise_findings(checked.findings, DataContractError)
        return cls(checked.frame, book, warnings=tuple(checked.findings))

    def table_one(self, by: str | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Summarise the cohort, by group where `by` names a column; see `cohorts.table_one.table_one`."""
        return table_one(self.table, self.codebook, by=by, columns=columns)


def _repeated_names(frame: pd.DataFrame) -> list[Finding]:
    repeated = frame.columns[frame.columns.duplicated()].unique()
    rule = "the column name occurs more than once"
    return [Finding("F06", rule, "rename or drop one of them", column=name) for name in repeated]
