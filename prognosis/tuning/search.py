"""The search: every candidate fitted and judged in the same inner folds, and the choice among them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PrognosisError, PrognosisWarning, RunError
from prognosis.metrics.index import Index
from prognosis.outcome import SurvivalArrays
from prognosis.tuning.inner_folds import Fold

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that candidates are fitted to.

    Parameters
    ----------
    X, y : raw predictors with auxiliary columns, and outcome. outcome : the same, read.
    together : (n,) rows that inner folds must not divide, None: none. patient : (n,) who a row is, None: each another.
    """

    X: pd.DataFrame
    y: NDArray[Any]
    outcome: SurvivalArrays
    together: Integers | None
    patient: Integers | None


class Measure(NamedTuple):
    """What candidates are compared by: a metric, and the horizon of its risks, (1,) or (0,)."""

    metric: Index
    horizons: Floats


class Scores(NamedTuple):
    """Scores by candidate and fold, (c, J), not a number where there is none, and the first reason of each, (c,)."""

    values: Floats
    failed: tuple[str, ...]


def scores_of(
    candidates: Sequence[Callable[[int], Any]], rows: Rows, folds: Sequence[Fold], measure: Measure
) -> Scores:
    """Fit every candidate to every fold and judge it by the rows left out.

    Parameters
    ----------
    candidates : make an unfitted recipe, given the number of the fold.
    """
    values = np.full((len(candidates), len(folds)), np.nan)
    failed = [""] * len(candidates)
    with warnings.catch_warnings():
        # what a candidate warns of in a part of the rows, the winner says of all of them
        warnings.simplefilter("ignore", PrognosisWarning)
        for c, candidate in enumerate(candidates):
            for number, fold in enumerate(folds):
                values[c, number], reason = _attempt(candidate(number), rows, fold, measure)
                failed[c] = failed[c] or reason
    return Scores(values, tuple(failed))


def _attempt(recipe: Any, rows: Rows, fold: Fold, measure: Measure) -> tuple[float, str]:
    """Score one candidate in one fold, or the reason why there is no score."""
    try:
        value = _score(recipe, rows, fold, measure)
    except RunError:
        raise
    except PrognosisError as error:
        return np.nan, f"{error.code} {error.findings[0].rule}"
    undefined = f"{measure.metric.name} is not defined in the patients of a fold (no two to compare)"
    return (value, "") if np.isfinite(value) else (np.nan, undefined)


def _score(recipe: Any, rows: Rows, fold: Fold, measure: Measure) -> float:
    patient = None if rows.patient is None else rows.patient[fold.train]
    fitted = recipe.of_patients(patient).fit(rows.X.iloc[fold.train], rows.y[fold.train])
    X, y = rows.X.iloc[fold.test], rows.y[fold.test]
    answers = fitted.answers(X, y, measure.horizons)
    judged = fitted.judged(X, y, measure.horizons).evaluation(answers, np.arange(len(X)))
    return float(measure.metric.measure(judged, False).estimate[0])


class Choice(NamedTuple):
    """Mean and error of each candidate, (c,), not a number where it failed; the winner; folds that were judged."""

    mean: Floats
    se: Floats
    chosen: int
    used: int


def choose(scores: Scores, folds: int, *, higher_is_better: bool, one_standard_error: bool) -> Choice:
    """Choose the best mean, the simpler of equals; or the simplest within one standard error of the best.

    Parameters
    ----------
    scores : candidates from the simplest on. folds : of one repeat.

    Notes
    -----
    A fold that judges no candidate counts for none; a candidate that lacks any other fold has failed: all are compared
    by the same patients. The rule of one standard error: Breiman et al. (1984), as ``cv.glmnet``.

    Raises
    ------
    FitError
        Y33 every candidate failed, or a single fold is left.
    """
    usable = np.isfinite(scores.values).any(axis=0)
    values = scores.values[:, usable]
    whole = np.isfinite(values).all(axis=1) if values.size else np.zeros(len(values), bool)
    if usable.sum() < 2 or not whole.any():
        raise FitError(_nobody(scores))
    mean = np.where(whole, values.mean(axis=1), np.nan)
    se = np.where(whole, values.std(axis=1, ddof=1) / np.sqrt(min(folds, usable.sum())), np.nan)
    loss = np.where(whole, -mean if higher_is_better else mean, np.inf)
    best = int(np.argmin(loss))
    within = loss[best] + (se[best] if one_standard_error else 0.0)
    # equal but for the last bits of a sum
    chosen = int(np.argmax(loss <= within + 1e-12 * max(1.0, abs(within))))
    return Choice(mean, se, chosen, int(usable.sum()))


def _nobody(scores: Scores) -> Finding:
    reasons = list(dict.fromkeys(reason for reason in scores.failed if reason))
    rule = f"none of {len(scores.failed)} candidates could be fitted and judged in the inner folds"
    return Finding("Y33", f"{rule}: {'; '.join(reasons[:3])}", "fewer folds, simpler candidates, or more patients")
