"""One of two predictors that say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.limits import Choice, Limit
from prognosis.selection.candidates import Candidates
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import Selector, share

Floats = NDArray[np.float64]


class Uncorrelated(Selector):
    """Drop one of two predictors whose correlation is too strong; the outcome is not looked at.

    Parameters
    ----------
    above : absolute correlation above which one of the two goes.
    method : ``pearson``, or ``spearman``, of the ranks.

    Notes
    -----
    The strongest pair comes first. Of its two that one goes whose mean absolute correlation with all that are still
    there is larger; of equal ones the later column; never one that is forced in. Numbers and binary predictors have a
    correlation, categories of more levels have none with anything, and stay. A predictor without any spread goes.
    Copies of a patient in a resample count as often as they stand there, case weights do not count.
    Source: the rule of ``caret::findCorrelation(exact = TRUE)``, which goes through the predictors and not the pairs.
    """

    kind: ClassVar[str] = "uncorrelated"
    words: ClassVar[str] = "a correlation filter"
    limits: ClassVar[Mapping[str, Limit]] = {"above": share(), "method": Choice(("pearson", "spearman"))}

    def __init__(self, above: float = 0.9, method: Literal["pearson", "spearman"] = "pearson") -> None:
        self.above = above
        self.method = method

    def choose(self, candidates: Candidates) -> Selection:
        """Drop from the strongest pair until no pair is too strong.

        Raises
        ------
        FitError
            S20 nothing differs between patients.
        """
        strength, numbers = self._strengths(candidates), _comparable(candidates.predictors)
        flat = numbers & (candidates.predictors.nunique() <= 1).to_numpy()
        forced = np.isin(candidates.names, candidates.always)
        out = flat & ~forced
        first = strength.max(axis=1)
        steps = [("drop", candidates.names[place], (np.nan,)) for place in np.flatnonzero(out)]
        while True:
            pair = _strongest(strength, out, forced)
            if pair is None or strength[pair] <= self.above:
                break
            value = float(strength[pair])
            going = _going(strength, out, forced, pair)
            out[going] = True
            steps.append(("drop", candidates.names[going], (value,)))
        kept = [name for name, gone in zip(candidates.names, out, strict=True) if not gone]
        measured = {"strongest": np.where(numbers, first, np.nan)}
        return self.selected(candidates, kept, measured, rank=out.astype(float), path=Path.of(("correlation",), steps))

    def _strengths(self, candidates: Candidates) -> Floats:
        """Absolute correlations, (k, k), 0 on the diagonal and of what cannot be compared."""
        comparable = _comparable(candidates.predictors)
        values = np.column_stack([_numbers(candidates.predictors[name]) for name in candidates.names]).astype(float)
        values[:, ~comparable] = 0.0
        if self.method == "spearman":
            values = pd.DataFrame(values).rank().to_numpy()
        varies = np.ptp(values, axis=0) > 0
        centred = values - values.mean(axis=0)
        centred = np.where(varies, centred / np.where(varies, np.sqrt((centred**2).sum(axis=0)), 1.0), 0.0)
        strength = np.minimum(np.abs(centred.T @ centred), 1.0)
        np.fill_diagonal(strength, 0.0)
        return np.asarray(strength)


def _comparable(predictors: pd.DataFrame) -> NDArray[np.bool_]:
    """Numbers, and categories of two levels."""
    categories = [isinstance(kind, pd.CategoricalDtype) for kind in predictors.dtypes]
    levels = [
        len(predictors[name].cat.categories) if told else 2 for name, told in zip(predictors, categories, strict=True)
    ]
    return np.array(levels) == 2


def _numbers(column: pd.Series) -> Floats:
    codes = column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column
    return codes.to_numpy(float)


def _strongest(strength: Floats, out: NDArray[np.bool_], forced: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return the pair that is strongest among those left of which one may go; of equal ones the first."""
    left = np.where(out[:, None] | out | (forced[:, None] & forced), -1.0, strength)
    place = int(np.argmax(np.triu(left, 1)))
    pair = (place // len(out), place % len(out))
    return None if pair[0] >= pair[1] else pair


def _going(strength: Floats, out: NDArray[np.bool_], forced: NDArray[np.bool_], pair: tuple[int, int]) -> int:
    """Return which of the two goes."""
    if forced[list(pair)].any():
        return pair[0] if forced[pair[1]] else pair[1]
    left = np.flatnonzero(~out)
    first, second = (strength[place, left].sum() for place in pair)
    return pair[0] if first > second else pair[1]
