"""Which of many predictors are related to the outcome, each alone: the choice before a model is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.column_checks import check_complete, check_rows
from prognosis.outcome import SurvivalArrays, pairs_of, read_outcome
from prognosis.preparation import Preparation
from prognosis.recipe import Recipe
from prognosis.risk_sets import build_risk_sets
from prognosis.score_tests import ScoreTests, cox_score_tests, logistic_score_tests
from prognosis.special_columns import SpecialColumns, keep_weighted, read_special_columns

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Screening:
    """Univariate score tests of all candidates, and which of them were kept.

    Parameters
    ----------
    candidates : (k,) predictors. columns : number of their design columns.
    statistic, df, p : (k,) score test of each alone. kept : in the candidates' order.
    keep : most that are kept, None without limit. alpha : p-value that the kept ones are below, None without limit.
    """

    candidates: tuple[str, ...]
    columns: int
    statistic: Floats
    df: NDArray[np.int64]
    p: Floats
    kept: tuple[str, ...]
    keep: int | None
    alpha: float | None

    @property
    def table(self) -> pd.DataFrame:
        """One line a candidate, smallest p-value first: predictor, chisq, df, p, kept."""
        kept = [name in self.kept for name in self.candidates]
        columns = {"predictor": self.candidates, "chisq": self.statistic, "df": self.df, "p": self.p, "kept": kept}
        return pd.DataFrame(columns).iloc[_ranked(self.statistic, self.p)].reset_index(drop=True)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {"statistic": self.statistic, "df": self.df, "p": self.p}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {name: getattr(self, name) for name in ("candidates", "columns", "kept", "keep", "alpha")}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Screening:
        """Rebuild from `to_dict` and `arrays`."""
        lists = {name: tuple(stored[name]) for name in ("candidates", "kept")}
        parts: dict[str, Any] = {**stored, **lists, **arrays}
        return cls(**parts)


def screen(
    recipe: Recipe, frame: pd.DataFrame, y: NDArray[Any], keep: int | None = None, alpha: float | None = None
) -> Screening:
    """Test every predictor alone and choose.

    Parameters
    ----------
    recipe : whose splines, transforms, strata, weights, offset and ties the tests use. y : (n,) outcome.
    frame : (n, predictors and auxiliary columns). keep, alpha : see `Screening`.

    Returns
    -------
    Screening; of equal p-values the larger statistic comes first, then the earlier column.

    Notes
    -----
    A predictor is tested with all its columns (levels, spline): degrees of freedom differ, p-values compare. With
    competing events by the cause-specific hazard of the event of interest; delayed entry counts.

    Raises
    ------
    FitError
        S20 no predictor has a p-value below `alpha`, or none any spread; T11, C18 no events or hardly any rows.
    DataContractError
        C16 missing values, C27 infinite ones.
    """
    outcome = read_outcome(y, timed="binary" not in recipe.endpoints)
    raise_findings(_check_lengths(frame, outcome), DataContractError)
    frame, outcome, special, _ = keep_weighted(frame, outcome, _special_of(recipe, frame))
    predictors = frame.drop(columns=list(recipe.auxiliary))
    raise_findings(check_complete(predictors), DataContractError)
    design, owner, candidates = _candidate_columns(recipe, predictors)
    tests = _tests(recipe, design, owner, outcome, special)
    chosen = _chosen(tests, keep, alpha)
    if not len(chosen):
        raise FitError(_none_passes(tests, alpha))
    kept = tuple(candidates[place] for place in np.sort(chosen))
    return Screening(candidates, design.shape[1], *tests, kept, keep, alpha)


def _none_passes(tests: ScoreTests, alpha: float | None) -> Finding:
    if alpha is None or not tests.df.any():
        return Finding("S20", f"none of {len(tests.p)} predictors differs between patients", "check the columns")
    rule = f"none of {len(tests.p)} predictors has a p-value below {alpha:g}; the smallest is {tests.p.min():.3g}"
    return Finding("S20", rule, "a larger alpha, or alpha=None with keep=10: the predictors may say nothing")


def _check_lengths(frame: pd.DataFrame, outcome: SurvivalArrays) -> list[Finding]:
    if len(frame) == len(outcome.event):
        return []
    rule = f"X has {len(frame)} rows, y has {len(outcome.event)}"
    return [Finding("S18", rule, "give one outcome for each row")]


def _special_of(recipe: Recipe, frame: pd.DataFrame) -> SpecialColumns:
    return read_special_columns(
        frame,
        strata=tuple(getattr(recipe, "strata", ())),
        weights=getattr(recipe, "weights", None),
        cluster=getattr(recipe, "cluster", None),
        offset=getattr(recipe, "offset", None),
    )


def _candidate_columns(recipe: Recipe, predictors: pd.DataFrame) -> tuple[Floats, NDArray[np.int64], tuple[str, ...]]:
    """Design columns of all predictors, the predictor that each is of, and the predictors' names.

    Plain numbers, which can be thousands, are taken as one block; categories and what the recipe bends by themselves.
    """
    splines, transforms = (getattr(recipe, name, None) or {} for name in ("splines", "transforms"))
    names = tuple(map(str, predictors.columns))
    real = {dtype: _is_real(dtype) for dtype in set(predictors.dtypes)}
    bent = {*splines, *transforms}
    plain = np.array([real[d] and name not in bent for name, d in zip(names, predictors.dtypes, strict=True)])
    blocks, owners = [predictors.loc[:, plain].to_numpy(float)], [np.flatnonzero(plain)]
    if bent or not plain.all():
        other = predictors.loc[:, ~plain]
        preparation = Preparation.fit(other, splines, transforms)
        blocks.append(preparation.design(other))
        place = {name: number for number, name in enumerate(names)}
        owners.append(np.array([place[column.variables[0]] for column in preparation.columns], np.int64))
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.hstack(blocks)[:, order], owner[order], names


def _is_real(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)


def _tests(
    recipe: Recipe, design: Floats, owner: NDArray[np.int64], outcome: SurvivalArrays, special: SpecialColumns
) -> ScoreTests:
    event = outcome.event == 1
    if not outcome.timed:
        return logistic_score_tests(design, owner, event, special.weight, special.offset)
    _, happened = pairs_of(outcome)
    if len(event) < 3 or not happened.any():
        raise FitError(*check_rows(len(event), design.shape[1], int(happened.sum()), penalised=True))
    sets = build_risk_sets(outcome.time, event, outcome.entry, special.stratum, special.weight)
    efron = getattr(recipe, "ties", "efron") == "efron"
    return cox_score_tests(design, owner, sets, special.offset, efron=efron)


def _ranked(statistic: Floats, p: Floats) -> NDArray[np.int64]:
    return np.lexsort((np.arange(len(p)), -statistic, p))


def _chosen(tests: ScoreTests, keep: int | None, alpha: float | None) -> NDArray[np.int64]:
    """Places of the kept; a predictor without any spread is never among them."""
    ranked = _ranked(tests.statistic, tests.p)
    usable = (tests.df > 0) & (tests.p < (2.0 if alpha is None else alpha))
    return ranked[usable[ranked]][:keep]
