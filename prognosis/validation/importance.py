"""How much worse a model judges patients left out when a predictor is dealt out anew among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, LeakageError, PredictionError, raise_findings
from prognosis.execution import IN_PROCESS, Execution
from prognosis.metrics.index import Index
from prognosis.metrics.indexes import chosen_indexes, indexes
from prognosis.refits import Judged, RecipeRefits
from prognosis.validation.engine import check_models
from prognosis.validation.leaks import check_apart
from prognosis.validation.plans import CrossValidation, PlanRows, at_least
from prognosis.validation.resampled import asked_horizon, over_resamples
from prognosis.validation.rows import plan_rows
from prognosis.validation.summary import mean_of_tasks

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
# Permutations have a stream of their own beside those of the refits.
PERMUTING = 2**31


@dataclass(frozen=True, eq=False)
class PermutationImportance:
    """Falls of a metric in patients left out.

    Parameters
    ----------
    model : name. metric : name. horizon : not a number where the metric has none. value : mean of the metric in the
        patients left out, nothing permuted.
    table : one line a predictor: term, importance, sd (over the folds), lower, upper (95 %), by importance.
    falls : (folds, predictors) of each fold, mean over its permutations. terms : (predictors,) of its columns.
    higher_is_better : of the metric; where it is not, its rise counts. warnings : findings.

    Notes
    -----
    A predictor that others can stand for has little importance in any model that knows them; near 0, and below it by
    chance, is what says nothing more. It is no effect on the patients. Interval: Nadeau and Bengio (2003), since the
    training parts of the folds overlap. Sources: Breiman (2001); Fisher, Rudin and Dominici (2019).
    """

    model: str
    metric: str
    horizon: float
    value: float
    table: pd.DataFrame
    falls: Floats
    terms: tuple[str, ...]
    higher_is_better: bool
    warnings: tuple[Finding, ...] = ()


def permutation_importance(
    study: Study,
    model: FittedModel,
    metric: str | None = None,
    horizon: float | None = None,
    *,
    plan: CrossValidation | None = None,
    permutations: int = 5,
    execution: Execution = IN_PROCESS,
    progress: Callable[[int, int], None] | None = None,
) -> PermutationImportance:
    """Refit a model in every fold and permute each predictor among the patients left out.

    Parameters
    ----------
    study : question. model : fitted by it. metric : default Harrell's C, for a binary outcome ``auc``. horizon : of
        metrics that have one, default the study's last. plan : folds and repeats, default one division.
    permutations : of each predictor in each fold.

    Raises
    ------
    FitError
        V01 a model of another study; V07 no horizon; M10 when more than 5 % of the folds cannot be fitted.
    PredictionError
        M12 an unknown metric; F31 one without a better end; M15 one that cannot be measured in the folds.
    LeakageError
        L19 a cluster in training and test; L16 a stored score, which belongs to its own folds.
    """
    raise_findings(check_models(study, [model]), FitError)
    at_least(permutations, 1, "each predictor is permuted at least once", "permutations=5 is usual")
    chosen = _chosen(study, metric)
    asked, recipe = plan or CrossValidation(repeats=1), model.freshly_fitted().honest()
    X, y = study.columns_of(recipe), study.outcome.to_structured()
    stored = [score.name for score in study.cohort.scores if score.name in X.columns]
    if stored:
        rule = f"score {', '.join(stored)} is stored: its values belong to folds of their own"
        raise LeakageError(Finding("L16", rule, "validate with and without it, and compare", ", ".join(stored)))
    times = _times(study, chosen, horizon)
    terms = tuple(model.candidates)
    rows = plan_rows(study, X, recipe, None)
    asked.task(rows, asked.count(rows) - 1)
    raise_findings(check_apart(asked, rows, study.outcome.ids), LeakageError)
    work = _Permuted(recipe, X, y, recipe.judged(X, y, times), asked, rows, chosen.name, terms, permutations)
    found, findings = over_resamples("importance", model.name, work, asked.count(rows), execution, progress)
    return _summarised(model.name, work, found, tuple(findings))


def _chosen(study: Study, metric: str | None) -> Index:
    """Return the metric; it must have a better end (F31)."""
    default = "auc" if study.endpoint.kind == "binary" else "harrell_c"
    (chosen,) = chosen_indexes([metric or default], study.endpoint.kind, (), 1)
    if chosen.higher_is_better is None or chosen.by_threshold or chosen.pooled or chosen.grid:
        rule = f"{chosen.name} has no better end in a fold, so that nothing says how much a predictor matters for it"
        raise PredictionError(Finding("F31", rule, "ask for harrell_c, auc, brier or ipa"))
    return chosen


def _times(study: Study, chosen: Index, horizon: float | None) -> Floats:
    if study.endpoint.kind == "binary":
        return np.array([asked_horizon(study, horizon)])
    if not chosen.by_horizon and horizon is not None:
        raise FitError(Finding("V07", f"{chosen.name} has no horizon", "leave horizon out"))
    return np.array([asked_horizon(study, horizon)]) if chosen.by_horizon else np.empty(0)


@dataclass(frozen=True, eq=False)
class _Permuted:
    """Task: the metric in the patients whom a fold leaves out, and its fall by predictor, (1 + predictors,)."""

    recipe: Any
    X: pd.DataFrame
    y: NDArray[np.void]
    judged: Judged
    plan: CrossValidation
    rows: PlanRows
    metric: str
    terms: tuple[str, ...]
    permutations: int

    def __call__(self, index: int) -> Floats:
        train, test, _ = self.plan.task(self.rows, index)
        refit = RecipeRefits(self.recipe, self.X, self.y, self.judged.horizons).fitted(train, index + 1)
        X, y = self.X.iloc[test], self.y[test]
        judged = self.recipe.judged(X, y, self.judged.horizons)
        own = self._value(refit, judged, X, y)
        falls = np.empty((self.permutations, len(self.terms)))
        for place, term in enumerate(self.terms):
            draw = np.random.default_rng(np.random.SeedSequence([self.rows.seed, index, PERMUTING, place]))
            for repeat in range(self.permutations):
                dealt = X[term].iloc[draw.permutation(len(X))].set_axis(X.index)
                falls[repeat, place] = own - self._value(refit, judged, X.assign(**{term: dealt}), y)
        return np.concatenate([[own], falls.mean(axis=0)])

    def _value(self, refit: Any, judged: Judged, X: pd.DataFrame, y: NDArray[np.void]) -> float:
        answers = refit.answers(X, y, self.judged.horizons)
        return float(indexes()[self.metric].values(judged.evaluation(answers, np.arange(len(X))))[0])


def _summarised(name: str, work: _Permuted, found: Floats, findings: tuple[Finding, ...]) -> PermutationImportance:
    """Put mean, spread and interval over the folds together; a fall of an error counts as a rise."""
    index, trained = indexes()[work.metric], work.rows.n - work.rows.n / work.plan.folds_of(work.rows)
    falls = found[:, 1:] if index.higher_is_better else -found[:, 1:]
    known = np.isfinite(found).all(axis=1)
    if known.sum() < 2:
        rule = f"{work.metric} could be measured in {known.sum()} of {len(found)} folds"
        raise PredictionError(Finding("M15", rule, "fewer folds, or another metric"))
    mean, _, reach = mean_of_tasks(falls, (work.rows.n - trained) / trained)
    table = pd.DataFrame(
        {
            "term": work.terms,
            "importance": mean,
            "sd": falls[known].std(axis=0, ddof=1),
            "lower": mean - reach,
            "upper": mean + reach,
        }
    ).sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    horizon = float(work.judged.horizons[0]) if len(work.judged.horizons) else float("nan")
    value, higher = float(found[known, 0].mean()), bool(index.higher_is_better)
    return PermutationImportance(name, work.metric, horizon, value, table, falls, work.terms, higher, findings)
