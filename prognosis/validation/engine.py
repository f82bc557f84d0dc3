"""The engine of internal validation: every task refits the whole recipe, whatever the plan and the measure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, LeakageError, raise_findings
from prognosis.execution import IN_PROCESS, Execution, TaskFailure, run_tasks
from prognosis.metrics.indexes import chosen_indexes
from prognosis.progress import shown
from prognosis.validation.identity import key_of
from prognosis.validation.leaks import check_apart
from prognosis.validation.out_of_fold import bands_of
from prognosis.validation.plans import Plan
from prognosis.validation.ranking import UNPAIRED
from prognosis.validation.result import Validation
from prognosis.validation.rows import plan_rows
from prognosis.validation.stored_scores import refits_in
from prognosis.validation.tables import Found, held_out_of, raw_of, summarise
from prognosis.validation.work import Work, values_of

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
FAILED_SHARE = 0.05


@dataclass(frozen=True)
class Question:
    """What a validation is asked.

    Parameters
    ----------
    plan : of resampling. choice : why it was chosen, "" where it was asked for. doubts : what speaks against it.
    metrics, thresholds : see `chosen_indexes`. execution : where the tasks run.
    """

    plan: Plan
    choice: str = ""
    doubts: tuple[Finding, ...] = ()
    metrics: Sequence[str] | str | None = None
    thresholds: tuple[float, ...] = ()
    execution: Execution = IN_PROCESS


def validate_inside(
    study: Study, models: Sequence[FittedModel], question: Question, progress: Callable[[int, int], None] | None
) -> Validation:
    """Refit every model in every task of a plan and judge it.

    Raises
    ------
    FitError
        M10 when more than 5 % of the tasks of a model cannot be fitted; V04, V09 rows that the plan cannot divide.
    """
    studies = [own_study(study, model) for model in models]
    keys, works = zip(*(_work(own, model, question) for own, model in zip(studies, models, strict=True)), strict=True)
    counts = [work.plan.count(work.rows) for work in works]
    found = []
    with shown(question.plan.method, progress) as report:
        for number, (model, work) in enumerate(zip(models, works, strict=True)):
            done = partial(report, sum(counts[:number]), sum(counts))
            results = run_tasks(work, range(counts[number]), question.execution, keys[number], done)
            found.append(_found(model.name, work, results))
    parts = [summarise(each) for each in found]
    warnings = [*question.doubts, *_smooth_doubts(works[0]), *_unpaired(models, works)]
    for each, count, part in zip(found, counts, parts, strict=True):
        warnings += [*too_many_failures(each.name, each.failures, count), *part.warnings]
    return Validation(
        pd.concat([part.table for part in parts], ignore_index=True),
        pd.concat([raw_of(each) for each in found], ignore_index=True),
        question.plan.method,
        question.plan.repeats,
        study.seed,
        sum(len(each.failures) for each in found),
        tuple(warnings),
        question.choice,
        {each.name: held for each in found if (held := held_out_of(each, study.outcome.ids)) is not None},
        {
            each.name: bands
            for own, model, each in zip(studies, models, found, strict=True)
            if (bands := bands_of(own, model, each, question.execution))
        },
    )


def _smooth_doubts(work: Work) -> list[Finding]:
    """Warn (V11) of smooth calibration errors that only resamples correct: too little of the optimism goes."""
    smooth = [index.name for index in work.chosen if index.pooled]
    if not smooth or not work.resamples:
        return []
    rule = f"{', '.join(smooth)}: resamples correct smooth calibration errors too little, they stay too good"
    return [Finding("V11", rule, 'ask for them with method="cross-validation"', severity="warning")]


def _unpaired(models: Sequence[FittedModel], works: Sequence[Work]) -> list[Finding]:
    """Warn (Y40) of models that are judged otherwise than the first: by other resamples, weights or pairs."""
    first, judged = works[0].plan.task(works[0].rows, 0), works[0].judged
    apart, otherwise = [], []
    for model, work in zip(models, works, strict=True):
        if not np.array_equal(work.plan.task(work.rows, 0).train, first.train):
            apart.append(model.name)
        elif not (_same(work.judged.weight, judged.weight) and _same(work.judged.stratum, judged.stratum)):
            otherwise.append(model.name)
    said = (
        (apart, "keep other clusters together: their resamples are other patients", "cluster"),
        (otherwise, "have other weights or strata: they are judged by other patients or pairs", "weights and strata"),
    )
    return [
        Finding(
            UNPAIRED,
            f"{', '.join(names)} and {models[0].name} {rule}",
            f"declare the same {what} in all of them; differences between them are not paired",
            severity="warning",
        )
        for names, rule, what in said
        if names
    ]


def _same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def own_study(study: Study, model: FittedModel) -> Study:
    """Return the study of the model's own predictors, where they are some of this one's."""
    some = model.candidates != study.predictors and set(model.candidates) <= set(study.predictors)
    return study.of(model.candidates) if some and model.candidates else study


def check_models(study: Study, models: Sequence[FittedModel], *, fewer: bool = False) -> list[Finding]:
    """Check (V01) that models were fitted by this study, and are told apart by their names.

    The refits would be other models than the one judged, and the apparent values of other rows. `fewer` : models of
    some of its predictors will do, too.
    """
    if not models:
        return [Finding("V01", "no model to validate", "give the models that study.fit returned")]
    names = [model.name for model in models]
    findings = [
        Finding(
            "V01", f"model {name} was not fitted by this study", "fit it with study.fit, which shares rows and seed"
        )
        for name, model in zip(names, models, strict=True)
        if not _fitted_by(own_study(study, model) if fewer else study, model)
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    return findings + [
        Finding("V01", f"two models are called {name}", 'name them: study.fit(recipe, name="...")') for name in twice
    ]


def _fitted_by(study: Study, model: FittedModel) -> bool:
    """Tell whether question, patients and their data are those of the study."""
    training = model.training
    if training is None or (model.endpoint, model.candidates) != (study.endpoint, study.predictors):
        return False
    return training.ids == study.outcome.ids and training.rows == study.rows_of(training.fitted)


def _work(study: Study, model: FittedModel, question: Question) -> tuple[str, Work]:
    """Return what every task of a model needs, with its key in a journal ("" without one)."""
    recipe = model.freshly_fitted()
    X, y = study.columns_of(recipe), study.outcome.to_structured()
    horizons = np.array([np.nan] if study.endpoint.kind == "binary" else study.horizons, float)
    chosen = chosen_indexes(question.metrics, study.endpoint.kind, question.thresholds, len(study.horizons))
    rows = plan_rows(study, X, recipe, question.plan.by)
    # rows that cannot be divided are refused here, with the reason, not as a refit that failed
    question.plan.task(rows, question.plan.count(rows) - 1)
    raise_findings(check_apart(question.plan, rows, study.outcome.ids), LeakageError)
    work = Work(
        refits_in(study, recipe, X, y, horizons, question.plan),
        recipe.judged(X, y, horizons, question.thresholds),
        question.plan,
        rows,
        tuple(index.name for index in chosen),
        recipe.answers(X, y, horizons),
    )
    return key_of(model.name, work, recipe, X) if question.execution.journal else "", work


def _found(name: str, work: Work, results: Sequence[Floats | TaskFailure]) -> Found:
    failures = [result for result in results if isinstance(result, TaskFailure)]
    raise_findings(too_many_failures(name, failures, len(results)), FitError)
    kept = {task: result for task, result in enumerate(results) if not isinstance(result, TaskFailure)}
    everybody = work.judged.evaluation(work.original, np.arange(work.rows.n))
    return Found(name, work, values_of(everybody, work.chosen), kept, failures)


def too_many_failures(name: str, failures: Sequence[TaskFailure], count: int) -> list[Finding]:
    """Report (M10) tasks that failed: an error when more than a twentieth did, else a warning."""
    if not failures:
        return []
    codes = [failure.code for failure in failures]
    counted = ", ".join(f"{code} {codes.count(code)}" for code in sorted(set(codes)))
    rule = f"model {name}: {len(failures)} of {count} failed to fit in a resample; reasons: {counted}; for example: "
    # rows of a resample have numbers of their own, which nobody should take for ids of patients
    example = re.sub(r",? row ids? [^:]*(?=:)", "", failures[0].message).split(" Way out: ")[0]
    advice = "merge rare categories, use fewer predictors, or a penalty"
    severity: Literal["error", "warning"] = "error" if len(failures) > FAILED_SHARE * count else "warning"
    return [Finding("M10", rule + example, advice, severity=severity)]
