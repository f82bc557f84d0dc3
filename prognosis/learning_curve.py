"""How well models predict patients left out, by the number of patients they learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, LeakageError, PredictionError, PrognosisError, raise_findings
from prognosis.asked import asked_of
from prognosis.execution import IN_PROCESS, Execution
from prognosis.metrics.index import Index
from prognosis.metrics.indexes import chosen_indexes, indexes
from prognosis.recipe import Recipe
from prognosis.refits import RecipeRefits
from prognosis.validation.resampled import asked_horizon, over_resamples
from prognosis.validation.rows import cluster_of

if TYPE_CHECKING:
    from prognosis.study import Study

Floats = NDArray[np.float64]
# Draws have a stream of their own beside those of validations.
DRAWING = 2**30
FEWEST, FEWEST_LEFT_OUT = 10, 30


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """A metric in patients left out, by size of the training sample.

    Parameters
    ----------
    metric : name. horizon : not a number where the metric has none. left_out : patients who judge every fit.
    runs : repeat, model, size, value; not a number where the fit was not possible.
    table : model, size, mean, lower and upper (10 % and 90 % of the repeats: the spread between samples of that size,
        no interval of the mean), fitted (repeats in which the model could be fitted).
    warnings : findings.
    """

    metric: str
    horizon: float
    left_out: int
    runs: pd.DataFrame
    table: pd.DataFrame
    warnings: tuple[Finding, ...] = ()


def learning_curve(
    study: Study,
    recipes: Mapping[str, Recipe],
    sizes: Sequence[int],
    repeats: int = 20,
    metric: str | None = None,
    horizon: float | None = None,
    *,
    execution: Execution = IN_PROCESS,
    progress: Callable[[int, int], None] | None = None,
) -> LearningCurve:
    """Fit every recipe to samples of growing size and judge it in patients who are in none of them.

    In every repeat the patients are put into a new order: the first of them train, a larger sample contains the
    smaller ones, and those beyond the largest size judge all fits of the repeat. Everything a recipe chooses is chosen
    anew in every fit.

    Parameters
    ----------
    study : the patients. recipes : by name. sizes : training patients, ascending. repeats : orders.
    metric : default Harrell's C, for a binary outcome ``auc``. horizon : of a metric that has one.

    Raises
    ------
    FitError
        Y65 sizes that the study cannot give, Y66 rows of clusters; M10 when more than 5 % of the repeats fail.
    LeakageError
        L16 a stored image score, which belongs to folds of its own.
    PredictionError
        M12 an unknown metric, Y67 one that is no single number of a fold.
    """
    asked = tuple(int(size) for size in sizes)
    raise_findings(_size_faults(asked, sizes, repeats, recipes, len(study.outcome)), FitError)
    chosen = _metric_of(study, metric)
    times = np.array([asked_horizon(study, horizon)]) if chosen.by_horizon else np.empty(0)
    if study.endpoint.kind == "binary":
        times = np.array([np.nan])
    ready = {name: asked_of(study, recipe).honest() for name, recipe in recipes.items()}
    grouped = [name for name, recipe in ready.items() if cluster_of(recipe) is not None]
    if grouped:
        rule = f"{', '.join(grouped)}: rows of one cluster would stand in training and test"
        raise FitError(Finding("Y66", rule, "leave the cluster out, with one row a patient"))
    frames = {name: study.columns_of(recipe) for name, recipe in ready.items()}
    stored = sorted({s.name for s in study.cohort.scores for frame in frames.values() if s.name in frame.columns})
    if stored:
        rule = f"score {', '.join(stored)} is stored: its values belong to folds of their own"
        raise LeakageError(Finding("L16", rule, "leave it out", ", ".join(stored)))
    work = _Learning(ready, frames, study.outcome.to_structured(), times, chosen.name, asked, study.seed)
    found, findings = over_resamples("learning curve", "all models", work, repeats, execution, progress)
    return _summarised(work, found, len(study.outcome) - asked[-1], tuple(findings))


@dataclass(frozen=True, eq=False)
class _Learning:
    """Task: one order of the patients; the metric by model and size, (models * sizes,)."""

    recipes: Mapping[str, Any]
    frames: Mapping[str, pd.DataFrame]
    y: NDArray[np.void]
    times: Floats
    metric: str
    sizes: tuple[int, ...]
    seed: int

    def __call__(self, index: int) -> Floats:
        order = np.random.default_rng(np.random.SeedSequence([self.seed, DRAWING, index])).permutation(len(self.y))
        test = np.sort(order[self.sizes[-1] :])
        return np.array([self._value(name, order[:size], test, index) for name in self.recipes for size in self.sizes])

    def _value(self, name: str, train: NDArray[np.int64], test: NDArray[np.int64], index: int) -> float:
        recipe, frame = self.recipes[name], self.frames[name]
        try:
            refit = RecipeRefits(recipe, frame, self.y, self.times).fitted(np.sort(train), index + 1)
        except FitError:
            return float("nan")  # counted in the table: small samples have too few events for some models
        X, y = frame.iloc[test], self.y[test]
        evaluation = refit.judged(X, y, self.times).evaluation(refit.answers(X, y, self.times), np.arange(len(test)))
        try:
            return float(indexes()[self.metric].values(evaluation)[0])
        except PrognosisError:
            return float("nan")


def _size_faults(
    asked: tuple[int, ...], given: Sequence[object], repeats: int, recipes: Mapping[str, Recipe], n: int
) -> list[Finding]:
    found = []
    whole = all(isinstance(size, int | np.integer) and not isinstance(size, bool) for size in given)
    if not asked or not whole or list(asked) != sorted(set(asked)) or asked[0] < FEWEST:
        rule = f"sizes {list(given)}"
        found.append(Finding("Y65", rule, f"give ascending whole numbers of at least {FEWEST} patients"))
    elif asked[-1] > n - FEWEST_LEFT_OUT:
        rule = f"size {asked[-1]} leaves fewer than {FEWEST_LEFT_OUT} of {n} patients to judge it"
        found.append(Finding("Y65", rule, f"largest size: at most {n - FEWEST_LEFT_OUT}"))
    if repeats < 2:
        found.append(Finding("Y65", f"{repeats} repeats show no spread", "repeats=20 is usual"))
    if not recipes:
        found.append(Finding("Y65", "no model", "give recipes by name"))
    return found


def _metric_of(study: Study, metric: str | None) -> Index:
    default = "auc" if study.endpoint.kind == "binary" else "harrell_c"
    (chosen,) = chosen_indexes([metric or default], study.endpoint.kind, (), 1)
    if chosen.by_threshold or chosen.pooled or chosen.grid:
        rule = f"{chosen.name} is no single number of the patients left out"
        raise PredictionError(Finding("Y67", rule, "ask for harrell_c, auc, brier or ipa"))
    return chosen


def _summarised(work: _Learning, found: Floats, left_out: int, findings: tuple[Finding, ...]) -> LearningCurve:
    names, sizes = list(work.recipes), work.sizes
    cube = found.reshape(len(found), len(names), len(sizes))
    labels = pd.MultiIndex.from_product([range(len(found)), names, sizes], names=["repeat", "model", "size"])
    runs = pd.DataFrame({"value": cube.ravel()}, index=labels).reset_index()
    groups = runs.groupby(["model", "size"], sort=False)["value"]
    table = pd.DataFrame(
        {
            "mean": groups.mean(),
            "lower": groups.quantile(0.1),
            "upper": groups.quantile(0.9),
            "fitted": groups.count(),
        }
    ).reset_index()
    horizon = float(work.times[0]) if len(work.times) else float("nan")
    few = table[table["fitted"] < len(found)]
    if len(few):
        told = ", ".join(f"{row.model} at {row.size} ({row.fitted} of {len(found)})" for row in few.itertuples())
        rule = f"could not be fitted in every repeat: {told}; its mean is that of the others"
        findings = (*findings, Finding("Y68", rule, "larger sizes, or a penalised model", severity="warning"))
    return LearningCurve(work.metric, horizon, left_out, runs, table, findings)
