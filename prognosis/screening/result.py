"""The finished table of screened features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cohorts.errors import Finding
from prognosis.screening.effects import Measure


@dataclass(frozen=True)
class AbnormalityTable:
    """Effects of binary features on an endpoint, one model a feature; made by `screen_abnormalities`.

    Parameters
    ----------
    table : one line a feature in the order asked for. feature, label, present (the value that counts as present);
        n (patients in whom it was assessed), missing, carriers, prevalence (among the assessed), events_with,
        events_without; then the ratio under the name of `measure`, lower, upper (95 %), p, q (Benjamini and Hochberg
        over the features tested), method (``maximum likelihood``: Wald's limits and p; ``Firth``: those of the profile
        penalised likelihood), proportional_hazards_p, and reason: why it was not tested, or why Firth's penalty was
        needed. With covariates the same again with the prefix ``adjusted_``, for the patients whose covariates are
        known too; its q is over the adjusted tests.
    measure : ``hazard_ratio`` (with competing events cause-specific), ``subdistribution_hazard_ratio`` or
        ``odds_ratio``; above 1 where carriers have more events. endpoint : name of the endpoint.
    adjusted_for, strata : columns. n, events : patients of the study, and those with the event.
    warnings : findings.
    """

    table: pd.DataFrame
    measure: Measure
    endpoint: str
    adjusted_for: tuple[str, ...]
    strata: tuple[str, ...]
    n: int
    events: int
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        tested = int(self.table["p"].notna().sum())
        return f"AbnormalityTable({self.endpoint}: {tested} of {len(self.table)} features tested, {self.measure})"

    @property
    def tested(self) -> pd.DataFrame:
        """Lines of the features that were tested, the smallest p-value first."""
        return self.table[self.table["p"].notna()].sort_values("p", kind="stable", ignore_index=True)

    def found(self, rate: float = 0.05, *, adjusted: bool = False) -> pd.DataFrame:
        """Lines of the features that a false discovery rate admits, the smallest p-value first."""
        column = "adjusted_q" if adjusted else "q"
        tested = self.table[self.table[column] <= rate]
        return tested.sort_values(column.replace("q", "p"), kind="stable", ignore_index=True)

    def to_csv(self, path: str | Path) -> Path:
        """Write the table as CSV, with all digits."""
        self.table.to_csv(path, index=False)
        return Path(path)
