"""One tuning: candidates drawn, compared in the inner folds, and the winner fitted to all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from cohorts.errors import Finding, FitError
from prognosis.evaluation import NONE
from prognosis.metrics.indexes import chosen_indexes
from prognosis.outcome import SurvivalArrays
from prognosis.recipe import Recipe
from prognosis.tuning.candidates import Candidates, Grid, draw_candidates
from prognosis.tuning.inner_folds import INNER, Dealing, inner_folds
from prognosis.tuning.result import Tuning
from prognosis.tuning.search import Choice, Measure, Rows, Scores, choose, scores_of

Floats = NDArray[np.float64]


class Rules(NamedTuple):
    """How a tuning is done; see `Tuned`."""

    budget: int
    folds: int
    repeats: int
    metric: str | None
    one_standard_error: bool
    seed: int
    task: int


def tune(recipe: Any, grid: Grid, rows: Rows, rules: Rules, horizon: float | None) -> tuple[Tuning, Any]:
    """Return what was found, and the winner fitted to all rows.

    Parameters
    ----------
    recipe : unfitted. horizon : of metrics that need one, None where none is declared.

    Raises
    ------
    FitError
        V01 fewer events than folds; Y33 no candidate could be fitted and judged; Y37 a metric that ranks nothing or
        lacks its horizon; what the recipe raises of all rows.
    PredictionError
        M12 a metric that this outcome does not have.
    """
    measure = measure_of(rules.metric, rows.outcome, horizon)
    folds = inner_folds(
        rows.X, rows.outcome, rows.together, Dealing(rules.folds, rules.repeats, rules.seed, rules.task)
    )
    candidates = draw_candidates(grid, rules.budget, rules.seed, rules.task)
    makers = [Maker(recipe, candidates.of(place), rules.task) for place in range(len(candidates.settings))]
    scores = scores_of([maker.inner for maker in makers], rows, folds, measure)
    if not np.isfinite(scores.values).any():
        # what stands against all the rows is said in its own words
        makers[0].final().of_patients(rows.patient).fit(rows.X, rows.y)
    upwards = bool(measure.metric.higher_is_better)
    choice = choose(scores, rules.folds, higher_is_better=upwards, one_standard_error=rules.one_standard_error)
    found = _tuning(candidates, scores, choice, rules, measure)
    return found, makers[choice.chosen].final().of_patients(rows.patient).fit(rows.X, rows.y)


@dataclass(frozen=True)
class Maker:
    """Makes unfitted copies of a recipe with the parameters of one candidate.

    Parameters
    ----------
    recipe : judged at the study's horizon. setting : parameters. task : number of the resample.
    """

    recipe: Recipe
    setting: Mapping[str, Any]
    task: int

    def inner(self, fold: int) -> Any:
        """Return the candidate for one inner fold; random steps have a stream for each, the same for all candidates."""
        return self._made(int(np.random.SeedSequence([self.task, INNER, fold]).generate_state(1)[0]))

    def final(self) -> Any:
        """Return the candidate for all rows."""
        return self._made(self.task)

    def _made(self, task: int) -> Any:
        fresh: Any = self.recipe.fresh()
        fresh.set_params(**{name: _own_copy(value) for name, value in self.setting.items()})
        if task:
            known = fresh.get_params(deep=True)
            fresh.set_params(**{name: task for name in known if name.rpartition("__")[2] == "task"})
        return fresh


def _own_copy(value: Any) -> Any:
    return clone(value) if hasattr(value, "get_params") else value


def measure_of(metric: str | None, outcome: SurvivalArrays, horizon: float | None) -> Measure:
    """Return the metric that compares candidates or pipelines, with its horizon.

    Parameters
    ----------
    metric : name; None: Harrell's C, for a binary outcome the log loss. horizon : None where none is declared.

    Raises
    ------
    PredictionError
        M12 a metric that this kind of outcome does not have, or that needs a horizon.
    FitError
        Y37 a metric that is no scale from bad to good, or of no use in a single fold.
    """
    kind = "binary" if not outcome.timed else "competing" if (outcome.event > 1).any() else "time_to_event"
    name = metric or ("log_loss" if kind == "binary" else "harrell_c")
    index = chosen_indexes([name], kind, (), int(horizon is not None))[0]
    if index.higher_is_better is None or index.pooled:
        rule = f"{name} cannot choose: it is no scale from bad to good that a single fold can be measured by"
        raise FitError(Finding("Y37", rule, "harrell_c, auc, brier or log_loss"))
    if kind == "binary":
        return Measure(index, np.array([np.nan]))
    return Measure(index, np.array([horizon], float) if index.by_horizon else NONE)


def _tuning(candidates: Candidates, scores: Scores, choice: Choice, rules: Rules, measure: Measure) -> Tuning:
    known = np.isfinite(choice.mean)
    mean, se = (
        tuple(float(value) if ok else None for value, ok in zip(part, known, strict=True))
        for part in (choice.mean, choice.se)
    )
    failed = tuple("" if ok else reason for ok, reason in zip(known, scores.failed, strict=True))
    by_horizon = measure.metric.by_horizon and len(measure.horizons) and np.isfinite(measure.horizons[0])
    return Tuning(
        names=candidates.names,
        settings=tuple(tuple(map(_plain, setting)) for setting in candidates.settings),
        metric=measure.metric.name,
        horizon=float(measure.horizons[0]) if by_horizon else None,
        higher_is_better=bool(measure.metric.higher_is_better),
        mean=mean,
        se=se,
        failed=failed,
        chosen=choice.chosen,
        folds=rules.folds,
        repeats=rules.repeats,
        used=choice.used,
        size=candidates.size,
        budget=rules.budget,
        one_standard_error=rules.one_standard_error,
    )


def _plain(value: Any) -> Any:
    """Return a value as a model file holds it; recipes and the like as text."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else " ".join(repr(value).split())
