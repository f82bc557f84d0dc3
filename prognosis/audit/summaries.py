"""The line of means and standard deviations below a table, made again from its rows: as printed, and as rebuilt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from prognosis.audit.auc_intervals import as_share
from prognosis.audit.finding import AuditFinding, joined
from prognosis.audit.printed import Printed
from prognosis.audit.published import Performance
from prognosis.audit.rates import WORDS, Confusion
from prognosis.audit.rows import RowReading
from prognosis.audit.spread import Spread, spread_of

# Cells that may be exchanged for what the other cells of their rows give, at most so many at a time.
MOST_MENDED = 3


@dataclass(frozen=True)
class Column:
    """A column with a summary, all as shares.

    Parameters
    ----------
    label : of the column. cells : printed, by row. exact : rebuilt from patients, by row; only where all are.
    mended : what contradicted cells should be, by row. mean, sd : as printed.
    """

    label: str
    cells: Mapping[str, Printed]
    exact: Mapping[str, Fraction]
    mended: Mapping[str, Fraction]
    mean: Printed
    sd: Printed | None

    def spread(self, changed: Mapping[str, Fraction] | None = None) -> Spread:
        """Return mean and standard deviation of the printed cells, some of them changed."""
        rows = [
            Printed(cell.text, changed[name], cell.unit) if changed and name in changed else cell
            for name, cell in self.cells.items()
        ]
        return spread_of(rows, False, self.mean, self.sd)

    def exact_spread(self) -> Spread | None:
        """Return mean and standard deviation of the rebuilt rates, None where a row has none."""
        if set(self.exact) != set(self.cells):
            return None
        rows = [Printed("", self.exact[name], Fraction(1)) for name in self.cells]
        return spread_of(rows, True, self.mean, self.sd)

    @property
    def printed(self) -> str:
        """The summary as it stands."""
        return self.mean.text + (f" ± {self.sd.text}" if self.sd else "")


def columns_of(table: Performance, rows: list[RowReading], slips: Mapping[str, str]) -> list[Column]:
    """Return the columns that have a summary and two rows or more.

    Parameters
    ----------
    rows : as they were read. slips : row to the label of the cell that is known to be wrong in it.
    """
    found = []
    read = {row.name: row for row in rows}
    for label, values in table.summary.items():
        cells = _cells(table, label)
        if len(cells) < 2:
            continue
        exact: dict[str, Fraction] = {}
        mended: dict[str, Fraction] = {}
        for name in cells:
            row = read.get(name)
            patients = settled(row, slips.get(name)) if row else None
            if row and label in row.labelling.meaning and patients:
                rate = patients.rate(row.labelling.meaning[label])
                if rate is not None:
                    exact[name] = rate
            for slip in row.slips if row else ():
                if slip.label == label:
                    mended[name] = slip.value
        share = [_as_share(table, label, value) for value in values]
        found.append(Column(label, cells, exact, mended, share[0], share[1] if len(share) > 1 else None))
    return found


def _cells(table: Performance, label: str) -> dict[str, Printed]:
    if label == "auc":
        return {row.name: as_share(row.auc) for row in table.rows if row.auc is not None}
    shares = {row.name: table.shares_of(row) for row in table.rows}
    return {name: cells[label] for name, cells in shares.items() if label in cells}


def _as_share(table: Performance, label: str, value: Printed) -> Printed:
    if label == "auc":
        return as_share(value)
    return value.of_percent() if table.percent(label) else value


def settled(row: RowReading, wrong: str | None) -> Confusion | None:
    """Return the patients of a row: by all its cells, or by all but the one that is known to be wrong."""
    if row.labelling.fits or wrong is None:
        return row.confusion
    return next((slip.confusion for slip in row.slips if slip.label == wrong and not slip.several), None)


def wrong_cells(table: Performance, rows: list[RowReading]) -> dict[str, str]:
    """Return the cell that is wrong in each row that contradicts itself, where that is known.

    It is known where only one can be; else the summary below its column may decide: it fits the mended cell and not the
    printed one.
    """
    found = {row.name: row.slips[0].label for row in rows if len(row.slips) == 1}
    for column in columns_of(table, rows, found):
        if not column.spread().fits:
            mended = next(_mending(column), None)
            found |= {name: column.label for name in mended or () if name not in found}
    return found


def _mending(column: Column) -> Iterator[dict[str, Fraction]]:
    """Yield the smallest sets of mended cells with which the printed summary agrees."""
    for size in range(1, min(len(column.mended), MOST_MENDED) + 1):
        for names in combinations(column.mended, size):
            changed = {name: column.mended[name] for name in names}
            if column.spread(changed).fits:
                yield changed


def summary_findings(table: Performance, columns: list[Column], wrong: Mapping[str, str]) -> list[AuditFinding]:
    """Say where the printed mean and standard deviation are not those of the rows, or hold a wrong cell."""
    found = []
    for column in columns:
        literal, exact = column.spread(), column.exact_spread()
        place = f"{table.name}, summary of {WORDS[column.label]}"
        slipped = {name: value for name, value in column.mended.items() if wrong.get(name) == column.label}
        if literal.fits:
            if spoilt := _spoiling(column, slipped):
                found.append(AuditFinding("A15", "contradiction", place, _with_slip(table, column, spoilt)))
        elif mended := next(_mending(column), None):
            words = (
                f"{column.printed} needs {_cells_told(table, column, mended)}: it was not made from the printed rows"
            )
            found.append(AuditFinding("A13", "contradiction", place, words))
        elif exact is None or not exact.fits:
            words = f"{column.printed} is not that of the rows, which is {_told(table, column, literal)}"
            if literal.mean_fits and literal.error_fits:
                words += ": what is printed is the standard error of the mean"
            found.append(AuditFinding("A13", "contradiction", place, words))
    return found


def _spoiling(column: Column, slipped: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Return the fewest wrong cells without which the printed summary would be another; empty if it would not."""
    for size in range(1, min(len(slipped), MOST_MENDED) + 1):
        for names in combinations(slipped, size):
            changed = {name: slipped[name] for name in names}
            if not column.spread(changed).fits:
                return changed
    return {}


def _with_slip(table: Performance, column: Column, slipped: Mapping[str, Fraction]) -> str:
    cells = joined([column.cells[name].text for name in slipped])
    right = _told(table, column, column.spread(slipped))
    mended = _cells_told(table, column, slipped)
    return f"{column.printed} was computed with the {cells} of the table; with {mended} it is {right}"


def _cells_told(table: Performance, column: Column, changed: Mapping[str, Fraction]) -> str:
    return joined([f"{_like(table, column, value)} in row {name}" for name, value in changed.items()])


def _like(table: Performance, column: Column, value: float | Fraction) -> str:
    scale = 100 if table.percent(column.label) else 1
    decimals = column.mean.decimals - (2 if scale == 100 else 0)
    return Printed("", Fraction(0), Fraction(1, 10 ** max(decimals, 0))).as_printed(Fraction(value) * scale)


def _told(table: Performance, column: Column, found: Spread) -> str:
    """Say mean and standard deviation, with n - 1 unless only n is what the table has elsewhere."""
    mean = _like(table, column, sum(found.mean) / 2)
    if column.sd is None:
        return mean
    by_sample, by_n = (_like(table, column, sum(each) / 2) for each in (found.of_sample, found.of_n))
    return f"{mean} ± {by_sample} (with n - 1; {by_n} with n)"


def convention_of(columns: list[Column]) -> tuple[str, bool] | None:
    """Return which denominator the standard deviations of a table have, and whether its printed rows alone say so.

    Returns
    -------
    ``n`` or ``n - 1`` where all columns allow it and one excludes the other; None where they do not tell.
    """
    for certain in (True, False):
        spreads = [column.spread() if certain else column.exact_spread() for column in columns if column.sd]
        told = [spread for spread in spreads if spread is not None and spread.fits]
        names = {spread.convention for spread in told if spread.convention}
        if len(names) == 1:
            return names.pop(), certain
    return None
