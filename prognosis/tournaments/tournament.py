"""A tournament of pipelines: every one refitted in the same folds, the winner named with a corrected score."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PrognosisError, RunError, warn_findings
from prognosis.execution import IN_PROCESS, Execution
from prognosis.model import FittedModel
from prognosis.progress import shown
from prognosis.recipe import Recipe
from prognosis.tournaments.answers import Answered, Contest, answers_of
from prognosis.tournaments.correction import BootstrapCorrected, Corrected, Nested, corrected_by_draws
from prognosis.tournaments.nested import InnerScores, corrected_by_nesting
from prognosis.tournaments.pipelines import Field, Pipelines, gather
from prognosis.tournaments.result import Tournament
from prognosis.tournaments.scores import LOSSES, Measure, Scores, checked_metric
from prognosis.validation.divisions import GivenFolds
from prognosis.validation.plans import CrossValidation, Plan

if TYPE_CHECKING:
    from prognosis.study import Study

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Progress = Callable[[int, int], None]


def tournament(
    study: Study,
    pipelines: Pipelines,
    *,
    metric: str | None = None,
    correction: BootstrapCorrected | Nested | None = None,
    plan: Plan | None = None,
    execution: Execution = IN_PROCESS,
    progress: Progress | None = None,
) -> Tournament:
    """Compare pipelines on identical folds, and say what the winner is worth.

    The best of many pipelines looks good in the patients who chose it, also where nothing predicts anything. Its score
    there (`naive`) is never given without the corrected one.

    Parameters
    ----------
    study : rows, folds, horizons and seed, shared by all. pipelines : recipes by name (or a list, named by kind):
        a model, alone or inside `Selected`, `Tuned`, ...; of equals the first wins.
    metric : ``harrell_c`` (default; ``auc`` of a binary outcome, the same), of pairs within one fold; ``brier`` at the
        last horizon; ``log_loss`` of a binary outcome.
    correction : default `BootstrapCorrected()`, which fits nothing again; or `Nested()`.
    plan : that leaves everybody out once a repeat; default the study's folds, else ``CrossValidation(repeats=1)``.
    execution : workers, cluster and journal: the result is the same. progress : called with (done, all).

    Returns
    -------
    Tournament. A pipeline that fails in any fold is listed with the reason, and out of the race (Y45).

    Raises
    ------
    FitError
        V01 fewer than two pipelines or two of one name; S14, T30 of the recipes; V07 no horizon; Y43 a plan that does
        not leave everybody out; Y44 other weights, strata or clusters; Y45 all pipelines failed; Y46 nested folds that
        can choose nothing.
    LeakageError
        L12 a selection outside the resamples; L16 to L19 as `Study.validate`.
    PredictionError
        M11, M12 of the metric.

    Notes
    -----
    Pairs of patients are compared within one fold, since answers of models fitted to different folds have no common
    scale; the pairs of all folds count together. Sources: Tsamardinos, Greasidou and Borboudakis (2018); Varma and
    Simon (2006).
    """
    how = BootstrapCorrected() if correction is None else correction
    division = _plan(study) if plan is None else plan
    field = gather(study, pipelines, division, _horizons(study))
    measure = _measure(study, metric, field)
    contest = Contest(field, division)
    fits = len(field.pipelines) * contest.tasks
    total = fits + (contest.tasks if isinstance(how, Nested) else 0)
    with shown("tournament", progress) as report:
        answered = _judgeable(answers_of(contest, execution, partial(report, 0, total)), measure)
        contenders = _contenders(field, answered)
        judged = field.judged
        scores = measure.scores(judged.outcome, judged.stratum, answered.marker, answered.risk, answered.fold)
        if isinstance(how, Nested):
            inner = InnerScores(contest, measure, tuple(map(int, contenders)), how.folds)
            found = corrected_by_nesting(inner, answered, execution, partial(report, fits, total))
        else:
            found = _by_draws(field, scores, contenders, how, measure)
    result = _result(study, field, measure, (scores, answered, contenders, found), _words(how, contest))
    warn_findings(result.warnings)
    return result


def _horizons(study: Study) -> Floats:
    """Return the last horizon; of a binary endpoint one that is not a number; none where none is declared."""
    if study.endpoint.kind == "binary":
        return np.array([np.nan])
    return np.array([max(study.horizons)]) if study.horizons else np.empty(0)


def _plan(study: Study) -> Plan:
    if study.folds is None:
        return CrossValidation(repeats=1)
    return GivenFolds(tuple(int(study.folds.assignment[patient]) for patient in study.outcome.ids))


def _measure(study: Study, metric: str | None, field: Field) -> Measure:
    horizon = max(study.horizons) if study.horizons and study.endpoint.kind != "binary" else None
    name = checked_metric(metric, study.endpoint.kind, horizon, weighted=field.judged.weight is not None)
    return Measure(name, horizon if name == "brier" else None)


def _judgeable(answered: Answered, measure: Measure) -> Answered:
    """Put pipelines out that leave a patient without the answer that the metric needs."""
    values = answered.risk if measure.metric in LOSSES else answered.marker
    lacking = (~np.isfinite(values)).any(axis=1).sum(axis=1)
    reasons = [
        failed or (f"no answer that {measure.metric} can judge for {lacks} patients" if lacks else "")
        for failed, lacks in zip(answered.failed, lacking, strict=True)
    ]
    return answered._replace(failed=tuple(reasons))


def _contenders(field: Field, answered: Answered) -> Integers:
    contenders = np.flatnonzero([not reason for reason in answered.failed])
    if not len(contenders):
        reasons = "; ".join(f"{p.name}: {why}" for p, why in zip(field.pipelines, answered.failed, strict=True))
        raise FitError(Finding("Y45", f"every pipeline failed: {reasons}", "look at the first reason"))
    return contenders


def _by_draws(
    field: Field, scores: Scores, contenders: Integers, how: BootstrapCorrected, measure: Measure
) -> Corrected:
    n, cluster = field.rows.n, field.rows.cluster
    weight = np.ones(n) if field.judged.weight is None else field.judged.weight
    unit = np.arange(n) if cluster is None else cluster
    return corrected_by_draws(scores, weight, unit, field.rows.seed, how.draws, contenders, upwards=measure.upwards)


def _words(how: BootstrapCorrected | Nested, contest: Contest) -> str:
    times = f" in {contest.plan.repeats} repeats" if contest.plan.repeats > 1 else ""
    folds = f"{contest.tasks // contest.plan.repeats} folds{times}"
    if isinstance(how, Nested):
        return f"nested cross-validation, {folds}, {how.folds} inner ones; interval of Nadeau and Bengio"
    return f"bootstrap bias-corrected cross-validation, {folds}, {how.draws} draws; percentile interval"


def _result(
    study: Study,
    field: Field,
    measure: Measure,
    parts: tuple[Scores, Answered, Integers, Corrected],
    words: str,
) -> Tournament:
    scores, answered, contenders, found = parts
    weight = np.ones(field.rows.n) if field.judged.weight is None else field.judged.weight
    naive, shares = (np.full(len(field.pipelines), np.nan) for _ in range(2))
    naive[contenders] = [scores.of(weight[None, :], int(pipeline))[0] for pipeline in contenders]
    shares[contenders] = found.shares
    order = np.argsort(np.where(np.isnan(naive), np.inf, -naive if measure.upwards else naive), kind="stable")
    best = field.pipelines[order[0]]
    table = pd.DataFrame(
        {
            "pipeline": [field.pipelines[place].name for place in order],
            "naive": naive[order],
            "chosen": shares[order],
            "corrected": [found.estimate, *[np.nan] * (len(order) - 1)],
            "failed": [answered.failed[place] for place in order],
        }
    )
    model, unfitted = _fitted(study, best.recipe, best.name)
    return Tournament(
        table=table,
        metric=measure.metric,
        horizon=measure.horizon,
        higher_is_better=measure.upwards,
        winner=best.name,
        naive=float(naive[order[0]]),
        corrected=found.estimate,
        lower=found.lower,
        upper=found.upper,
        correction=words,
        model=model,
        ids=study.outcome.ids,
        warnings=(*_said(field, answered, found, words), *unfitted),
    )


def _fitted(study: Study, recipe: Recipe, name: str) -> tuple[FittedModel | None, list[Finding]]:
    try:
        return study.fit(recipe, name), []
    except RunError:
        raise
    except PrognosisError as error:
        rule = f"the winner {name} cannot be fitted to all patients: {error.code} {error.findings[0].rule}"
        return None, [Finding("Y47", rule, error.findings[0].way_out, severity="warning")]


def _said(field: Field, answered: Answered, found: Corrected, words: str) -> list[Finding]:
    """Warn of pipelines that failed (Y45), and of draws that could judge nobody (Y46)."""
    lost = [(p.name, why) for p, why in zip(field.pipelines, answered.failed, strict=True) if why]
    warnings = []
    if lost:
        listed = "; ".join(f"{name}: {why}" for name, why in lost)
        rule = f"{len(lost)} of {len(field.pipelines)} pipelines failed and are out of the tournament: {listed}"
        warnings.append(
            Finding("Y45", rule, "mend or leave them out: the winner is one of the others", severity="warning")
        )
    if found.unknown:
        rule = f"{words}: {found.unknown} draws had nobody to choose or to judge by"
        warnings.append(Finding("Y46", rule, "more patients, or fewer folds", severity="warning"))
    return warnings
