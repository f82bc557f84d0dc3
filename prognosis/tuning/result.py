"""What a tuning found: every candidate with its score in patients left out, and which one was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tuning:
    """Candidates of a tuning, the simplest first.

    Parameters
    ----------
    names : tuned parameters. settings : (c, parameters) values; a recipe among them as text.
    metric : by which they were compared. horizon : of the metric, None where it has none.
    higher_is_better : of the metric. mean, se : (c,) over the inner folds, None where a candidate failed; the error
        is the standard deviation over the folds by the root of their number (repeats do not make it smaller).
    failed : (c,) why a candidate could not be fitted or judged, "" where it could. chosen : place of the winner.
    folds, repeats, used : declared, and folds (of all repeats) that could be judged. size : settings of the whole grid.
    budget : most candidates. one_standard_error : the rule.
    """

    names: tuple[str, ...]
    settings: tuple[tuple[Any, ...], ...]
    metric: str
    horizon: float | None
    higher_is_better: bool
    mean: tuple[float | None, ...]
    se: tuple[float | None, ...]
    failed: tuple[str, ...]
    chosen: int
    folds: int
    repeats: int
    used: int
    size: int
    budget: int
    one_standard_error: bool

    @property
    def fits(self) -> int:
        """Fits that the search cost, with that of the winner to all rows."""
        return len(self.settings) * self.folds * self.repeats + 1

    @property
    def best(self) -> dict[str, Any]:
        """The chosen parameters."""
        return dict(zip(self.names, self.settings[self.chosen], strict=True))

    @property
    def table(self) -> pd.DataFrame:
        """One line a candidate, the best first: its parameters, mean, se, chosen, failed."""
        columns = {name: [setting[j] for setting in self.settings] for j, name in enumerate(self.names)}
        mean, se = (np.array([np.nan if v is None else v for v in part], float) for part in (self.mean, self.se))
        chosen = [place == self.chosen for place in range(len(self.settings))]
        table = pd.DataFrame({**columns, "mean": mean, "se": se, "chosen": chosen, "failed": self.failed})
        order = np.argsort(np.where(np.isnan(mean), np.inf, -mean if self.higher_is_better else mean), kind="stable")
        return table.iloc[order].reset_index(drop=True)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return no arrays: a model file holds the candidates among its values."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Tuning:  # noqa: ARG003
        """Rebuild from `to_dict`."""
        lists = {name: tuple(stored[name]) for name in ("names", "mean", "se", "failed")}
        parts: dict[str, Any] = {**stored, **lists, "settings": tuple(tuple(one) for one in stored["settings"])}
        return cls(**parts)

    def faults(self) -> list[str]:
        """Say what does not fit together, of a tuning out of a file."""
        count = len(self.settings)
        lengths = {count, len(self.mean), len(self.se), len(self.failed)}
        # out of a file it may be anything
        chosen: Any = self.chosen
        whole = isinstance(chosen, int) and 0 <= chosen < count
        if len(lengths) > 1 or any(len(one) != len(self.names) for one in self.settings) or not whole:
            return ["the tuning names other candidates than it compared"]
        return ["the tuning chose a candidate that failed"] if self.mean[self.chosen] is None else []
