"""The finished associations of the columns of a cohort."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cohorts.errors import Finding


@dataclass(frozen=True)
class Associations:
    """Associations of every pair of columns; made by `associations`.

    Parameters
    ----------
    table : one line a pair and measure: first, second, measure, value, lower, upper (95 %), p, n (patients in whom both
        are known), missing (the others), reason (why there is no value). A pair of categories has three lines: its
        measure, and ``theils_u`` both ways, the share of the uncertainty of `first` that `second` takes away.
    columns, kinds, labels : in the order asked for. n : patients. bias_corrected : Cramer's V, by Bergsma (2013).
    warnings : findings.

    Notes
    -----
    The values of different measures are not comparable: 0.3 of a correlation is not 0.3 of Cramer's V.
    """

    table: pd.DataFrame
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    n: int
    bias_corrected: bool = True
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Associations({len(self.columns)} columns, {self.n} patients)"

    @property
    def matrix(self) -> pd.DataFrame:
        """Value of each pair by its own measure, columns x columns; 1 on the diagonal.

        Symmetric, unless all pairs were asked for Theil's U: that of the row, once the column is known.
        """
        return self._square("value", 1.0)

    @property
    def measures(self) -> pd.DataFrame:
        """Name of the measure of each pair, columns x columns; empty on the diagonal."""
        return self._square("measure", "")

    def theils_u(self) -> pd.DataFrame:
        """Theil's U of each pair of categories: the row's uncertainty that the column takes away."""
        lines = self.table[self.table["measure"] == "theils_u"]
        return lines.pivot_table(index="first", columns="second", values="value", sort=False)

    def to_csv(self, path: str | Path) -> Path:
        """Write the table as CSV, with all digits."""
        self.table.to_csv(path, index=False)
        return Path(path)

    def _square(self, what: str, diagonal: float | str) -> pd.DataFrame:
        uncertain = self.table["measure"] == "theils_u"
        both_ways = bool(uncertain.all())
        own = self.table if both_ways else self.table[~uncertain]
        square = pd.DataFrame(diagonal, index=list(self.columns), columns=list(self.columns))
        for first, second, value in zip(own["first"], own["second"], own[what], strict=True):
            square.loc[first, second] = value
            if not both_ways:
                square.loc[second, first] = value
        return square
