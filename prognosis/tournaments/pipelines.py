"""The pipelines of a tournament: named, checked, and judged by the same patients, folds and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, LeakageError, PrognosisError, raise_findings
from prognosis.asked import asked_of
from prognosis.imputation.multiply_imputed import MultiplyImputed
from prognosis.recipe import Recipe
from prognosis.refits import Judged, Refits
from prognosis.validation.leaks import check_apart
from prognosis.validation.plans import Plan, PlanRows
from prognosis.validation.rows import cluster_of, plan_rows
from prognosis.validation.stored_scores import refits_in
from prognosis.workers import TaskFailure

if TYPE_CHECKING:
    from prognosis.study import Study

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Pipelines = Mapping[str, Recipe] | Sequence[Recipe]


@dataclass(frozen=True, eq=False)
class Pipeline:
    """One pipeline, ready to be refitted.

    Parameters
    ----------
    name : in tables. recipe : as declared. asked : as the study asks it. X : its columns.
    refits : or why there are none.
    """

    name: str
    recipe: Recipe
    asked: Any
    X: pd.DataFrame
    refits: Refits | TaskFailure


@dataclass(frozen=True, eq=False)
class Field:
    """All pipelines with the patients that they compete for.

    Parameters
    ----------
    pipelines : in the order declared. judged : the patients, the same for all. rows : what the plan may know of them.
    """

    pipelines: tuple[Pipeline, ...]
    judged: Judged
    rows: PlanRows


def gather(study: Study, declared: Pipelines, plan: Plan, horizons: Floats) -> Field:
    """Check the pipelines and put them together.

    Raises
    ------
    FitError
        V01 fewer than two pipelines, or two of one name; S14, T30 as `Study.fit`, of all pipelines at once; Y43 a plan
        that does not leave everybody out once a repeat; Y44 pipelines with other weights, strata or clusters.
    LeakageError
        L12 a pipeline that leaks; L16 to L19 of stored scores and clusters.
    """
    named = _named(declared)
    asked = _asked(study, named)
    columns = [study.columns_of(recipe) for _, recipe in named]
    y = study.outcome.to_structured()
    judged = [_judged(each, X, y, horizons) for each, X in zip(asked, columns, strict=True)]
    raise_findings(_unequal(named, judged), FitError)
    keeping = next((place for place, (_, recipe) in enumerate(named) if cluster_of(recipe) is not None), 0)
    rows = plan_rows(study, columns[keeping], named[keeping][1], plan.by)
    raise_findings(_not_everybody(plan, rows), FitError)
    raise_findings(check_apart(plan, rows, study.outcome.ids), LeakageError)
    pipelines = [
        Pipeline(name, recipe, each, X, _refits(study, each, X, horizons, plan))
        for (name, recipe), each, X in zip(named, asked, columns, strict=True)
    ]
    return Field(tuple(pipelines), judged[0], rows)


def _named(declared: Pipelines) -> list[tuple[str, Recipe]]:
    """Return names and recipes; a sequence takes the kinds as names."""
    if isinstance(declared, Mapping):
        named = [(str(name), recipe) for name, recipe in declared.items()]
    else:
        named = [(getattr(recipe, "kind", "") or repr(recipe), recipe) for recipe in declared]
    if len(named) < 2:
        raise FitError(Finding("V01", f"a tournament of {len(named)} pipelines", "give at least two recipes"))
    names = [name for name, _ in named]
    raise_findings(
        (
            Finding("V01", f"two pipelines are called {name}", 'name them: {"lasso": ..., "forest": ...}')
            for name in sorted({name for name in names if names.count(name) > 1})
        ),
        FitError,
    )
    return named


def _asked(study: Study, named: Sequence[tuple[str, Recipe]]) -> list[Any]:
    """Ask every recipe before the first fit: what is wrong with the last must not cost the work on the others."""
    asked, faults = [], []
    for name, recipe in named:
        try:
            asked.append(asked_of(study, recipe))
        except FitError as error:
            faults += [Finding(f.code, f"pipeline {name}: {f.rule}", f.way_out) for f in error.findings]
    raise_findings(faults, FitError)
    # what reproduces published numbers has no place in a contest
    leaks = [
        Finding(leak.code, f"pipeline {name}: {leak.rule}", "inside=True")
        for (name, _), recipe in zip(named, asked, strict=True)
        for leak in recipe.leaks
    ]
    raise_findings(leaks, LeakageError)
    return asked


def _judged(asked: Any, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Judged:
    recipe = asked.recipe if isinstance(asked, MultiplyImputed) else asked
    judged: Judged = recipe.judged(X, y, horizons)
    return judged


def _unequal(named: Sequence[tuple[str, Recipe]], judged: Sequence[Judged]) -> list[Finding]:
    """Find pipelines that would be judged by other patients, pairs or folds than the first (Y44)."""
    findings = []
    first = judged[0]
    for (name, _), each in zip(named[1:], judged[1:], strict=True):
        if not (_same(each.weight, first.weight) and _same(each.stratum, first.stratum)):
            rule = f"pipelines {named[0][0]} and {name} have other weights or strata: they are judged by other patients"
            findings.append(Finding("Y44", rule, "declare the same weights and strata in all of them"))
    columns = sorted({column for _, recipe in named if (column := cluster_of(recipe)) is not None})
    if len(columns) > 1:
        rule = f"pipelines keep other clusters together: {', '.join(columns)}"
        findings.append(Finding("Y44", rule, "declare the same cluster in all of them"))
    return findings


def _same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _not_everybody(plan: Plan, rows: PlanRows) -> list[Finding]:
    """Check (Y43) that each repeat leaves every patient out once."""
    count = plan.count(rows)
    size, uneven = divmod(count, plan.repeats)
    for start in range(0, count, size or 1):
        tasks = [plan.task(rows, task) for task in range(start, min(start + size, count))]
        seen = any(len(np.intersect1d(task.train, task.test)) for task in tasks)
        together = np.sort(np.concatenate([task.test for task in tasks]))
        if uneven or seen or not np.array_equal(together, np.arange(rows.n)):
            rule = f"this {plan.method} does not leave every patient out exactly once a repeat"
            return [Finding("Y43", rule, "CrossValidation(folds, repeats), or the study's own folds")]
    return []


def _refits(study: Study, asked: Any, X: pd.DataFrame, horizons: Floats, plan: Plan) -> Refits | TaskFailure:
    """Return what refits a pipeline; a fault of its data is its failure, not that of the tournament."""
    try:
        return refits_in(study, asked, X, study.outcome.to_structured(), horizons, plan)
    except LeakageError:
        raise
    except PrognosisError as error:
        return TaskFailure(error.code, str(error))
