"""What a selector chose, step by step and with its statistics: a part of the fitted model and of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COUNTS = ("df", "hits", "pairs")


@dataclass(frozen=True, eq=False)
class Path:
    """The steps of a choice.

    Parameters
    ----------
    action : (s,) ``add``, ``drop``, ``stop``, ... predictor : (s,) whom it concerns, "" for none.
    measures : (m,) names of what is measured after each step. values : (s, m), not a number where nothing is.
    """

    action: tuple[str, ...] = ()
    predictor: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    values: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @classmethod
    def of(cls, measures: Sequence[str], steps: Sequence[tuple[str, str, Sequence[float]]]) -> Path:
        """Put steps (action, predictor, values) together."""
        values = np.array([list(step[2]) for step in steps], float).reshape(len(steps), len(measures))
        return cls(tuple(step[0] for step in steps), tuple(step[1] for step in steps), tuple(measures), values)

    @property
    def table(self) -> pd.DataFrame:
        """One line a step: step (from 1), action, predictor, and what was measured."""
        told = pd.DataFrame(
            {"step": range(1, len(self.action) + 1), "action": self.action, "predictor": self.predictor}
        )
        measured = pd.DataFrame(self.values.reshape(len(told), len(self.measures)), columns=list(self.measures))
        return pd.concat([told, measured], axis=1)


@dataclass(frozen=True, eq=False)
class Selection:
    """Which of the candidates were kept, by which selector, and why.

    Parameters
    ----------
    selector : its kind. settings : its parameters. candidates : (k,) predictors. columns : number of their design
    columns. kept : in the candidates' order. always : forced in. statistics : (m,) names of what was computed of each
    candidate. values : (k, m), not a number where it was not. decision : (k,) in words. ranking : the candidates in the
    order in which they are shown, the best first. path : the steps.
    """

    selector: str
    settings: Mapping[str, Any]
    candidates: tuple[str, ...]
    columns: int
    kept: tuple[str, ...]
    always: tuple[str, ...]
    statistics: tuple[str, ...]
    values: Floats
    decision: tuple[str, ...]
    ranking: tuple[str, ...]
    path: Path = field(default_factory=Path)

    @property
    def table(self) -> pd.DataFrame:
        """One line a candidate, the best first: predictor, the statistics, decision, kept."""
        numbers = {name: self.values[:, j] for j, name in enumerate(self.statistics)}
        counts = {name: values.astype(np.int64) for name, values in numbers.items() if name in COUNTS}
        kept = [name in self.kept for name in self.candidates]
        columns = {"predictor": self.candidates, **numbers, **counts, "decision": self.decision, "kept": kept}
        place = {name: number for number, name in enumerate(self.candidates)}
        return pd.DataFrame(columns).iloc[[place[name] for name in self.ranking]].reset_index(drop=True)

    @property
    def consistent(self) -> bool:
        """Tell whether the parts name the same candidates and have their lengths."""
        known, sizes = set(self.candidates), self.values.shape
        whole = len(known) == len(self.candidates) == len(self.decision) == len(self.ranking) == sizes[0]
        named = known == set(self.ranking) and {*self.kept, *self.always} <= known
        steps = len(self.path.action) == len(self.path.predictor) == len(self.path.values)
        told = {*self.path.predictor} <= known | {""} and self.path.values.shape[1] == len(self.path.measures)
        return whole and named and steps and told and sizes[1] == len(self.statistics)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file, and which of them are known: a file holds finite numbers only."""
        parts = {"values": self.values, "path": self.path.values}
        known = {f"{name}_known": np.isfinite(part).astype(float) for name, part in parts.items()}
        return {name: np.where(np.isfinite(part), part, 0.0) for name, part in parts.items()} | known

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        names = ("selector", "candidates", "columns", "kept", "always", "statistics", "decision", "ranking")
        path = {name: list(getattr(self.path, name)) for name in ("action", "predictor", "measures")}
        return {name: getattr(self, name) for name in names} | {"settings": dict(self.settings), "path": path}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Selection:
        """Rebuild from `to_dict` and `arrays`."""
        parts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
        }
        path = {name: tuple(value) for name, value in stored["path"].items()}
        values, steps = (np.where(arrays[f"{name}_known"] == 1, arrays[name], np.nan) for name in ("values", "path"))
        return cls(**{**parts, "values": values, "path": Path(**path, values=steps)})
