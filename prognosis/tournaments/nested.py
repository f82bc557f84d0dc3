"""Nested cross-validation of a tournament: in every fold the winner is chosen by the other patients alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PrognosisError, RunError, raise_findings
from prognosis.execution import Execution, TaskFailure, run_tasks
from prognosis.tournaments.answers import Answered, Contest, key_of
from prognosis.tournaments.correction import Corrected
from prognosis.tournaments.scores import Measure
from prognosis.tuning.inner_folds import Dealing, Fold, inner_folds
from prognosis.validation.summary import mean_of_tasks

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class InnerScores:
    """Task: scores of the pipelines in inner folds of the patients that one fold is fitted to, (C,).

    Parameters
    ----------
    contest : of the outer folds. measure : that chooses. contenders : places of the pipelines that did not fail.
    folds : inner ones.
    """

    contest: Contest
    measure: Measure
    contenders: tuple[int, ...]
    folds: int

    def __call__(self, task: int) -> Floats:
        """Score every contender; not a number where one cannot be fitted."""
        field = self.contest.field
        train = self.contest.plan.task(field.rows, task).train
        outcome, cluster = field.judged.outcome.take(train), field.rows.cluster
        together = None if cluster is None else cluster[train]
        X = field.pipelines[0].X.iloc[train]
        inner = inner_folds(X, outcome, together, Dealing(self.folds, 1, field.rows.seed, task + 1))
        answers = [self._answers(pipeline, train, inner, task) for pipeline in self.contenders]
        fold = np.empty((1, len(train)), np.int64)
        for number, (_, test) in enumerate(inner):
            fold[0, test] = number
        weight, stratum = field.judged.weight, field.judged.stratum
        counted = np.ones((1, len(train))) if weight is None else weight[train][None, :]
        stratum = None if stratum is None else stratum[train]
        marker, risk = (np.array(part)[:, None, :] for part in zip(*answers, strict=True))
        scores = self.measure.scores(outcome, stratum, marker, risk, fold)
        known = np.isfinite(marker).all(axis=(1, 2))
        return np.array([scores.of(counted, c)[0] if known[c] else np.nan for c in range(len(answers))])

    def _answers(self, pipeline: int, train: Integers, inner: list[Fold], task: int) -> tuple[Floats, Floats]:
        """Marker and risk of the patients of the fit by models fitted without them, (m,); unknown where a fit fails."""
        marker, risk = np.full(len(train), np.nan), np.full(len(train), np.nan)
        refits = self.contest.field.pipelines[pipeline].refits
        if isinstance(refits, TaskFailure):
            return marker, risk
        for fold in inner:
            try:
                answers = refits(train[fold.train], task + 1)
            except RunError:
                raise
            except PrognosisError:
                # the outer fits say why; here the pipeline is not chosen
                return np.full(len(train), np.nan), risk
            rows = train[fold.test]
            marker[fold.test] = answers.marker[rows]
            if answers.risk.shape[1]:
                risk[fold.test] = answers.risk[rows, -1]
        return marker, risk


def corrected_by_nesting(
    work: InnerScores, answered: Answered, execution: Execution, done: Callable[[int], None]
) -> Corrected:
    """Judge in each fold the pipeline that the other patients chose.

    Returns
    -------
    The score of the chosen in all patients left out (pairs within one fold), averaged over the repeats; limits by t
    with the variance of Nadeau and Bengio (2003) over the folds.

    Raises
    ------
    FitError
        Y46 a fold whose patients could choose nothing.
    """
    contest, key = work.contest, ""
    if execution.journal:
        words = f"{key_of(contest)} {work.measure} {work.contenders} {work.folds}"
        key = hashlib.sha256(words.encode()).hexdigest()
    results = run_tasks(work, range(contest.tasks), execution, key, done)
    raise_findings(_undecided(results), FitError)
    inner = np.array(results)
    loss = np.where(np.isnan(inner), np.inf, -inner if work.measure.upwards else inner)
    chosen = np.array(work.contenders)[loss.argmin(axis=1)]
    marker, risk = _of_the_chosen(contest, answered, chosen)
    shares = np.array([(chosen == place).mean() for place in work.contenders])
    estimate = float(_score(work, marker, risk, answered.fold, slice(None), None))
    reach = _reach(work, marker, risk, answered)
    return Corrected(estimate, estimate - reach, estimate + reach, shares, 0)


def _undecided(results: list[Floats | TaskFailure]) -> list[Finding]:
    failures = [result for result in results if isinstance(result, TaskFailure)]
    lost = len(failures) + sum(
        bool(np.isnan(result).all()) for result in results if not isinstance(result, TaskFailure)
    )
    if not lost:
        return []
    example = f"; for example: {failures[0].message.split(' Way out: ')[0]}" if failures else ""
    rule = f"in {lost} of {len(results)} folds the other patients could choose no pipeline by inner folds{example}"
    return [Finding("Y46", rule, "fewer folds, or correction=BootstrapCorrected()")]


def _of_the_chosen(contest: Contest, answered: Answered, chosen: Integers) -> tuple[Floats, Floats]:
    """Answers for each patient left out by the pipeline chosen for the fold, (1, R, n) each."""
    marker, risk = (np.full((1, *part.shape[1:]), np.nan) for part in (answered.marker, answered.risk))
    size = contest.tasks // contest.plan.repeats
    for task, pipeline in enumerate(chosen):
        repeat, test = task // size, contest.plan.task(contest.field.rows, task).test
        marker[0, repeat, test] = answered.marker[pipeline, repeat, test]
        risk[0, repeat, test] = answered.risk[pipeline, repeat, test]
    return marker, risk


def _score(
    work: InnerScores, marker: Floats, risk: Floats, fold: Integers, repeats: slice, rows: Integers | None
) -> float:
    """Score of some repeats in some rows, None: all."""
    judged = work.contest.field.judged
    n = marker.shape[2]
    weight = np.ones(n) if judged.weight is None else judged.weight
    counted = weight if rows is None else np.where(np.isin(np.arange(n), rows), weight, 0.0)
    scores = work.measure.scores(judged.outcome, judged.stratum, marker[:, repeats], risk[:, repeats], fold[repeats])
    return float(scores.of(counted[None, :], 0)[0])


def _reach(work: InnerScores, marker: Floats, risk: Floats, answered: Answered) -> float:
    """Half-width of the interval, from the scores of the single folds."""
    contest = work.contest
    size = contest.tasks // contest.plan.repeats
    values, ratios = [], []
    for task in range(contest.tasks):
        train, test, _ = contest.plan.task(contest.field.rows, task)
        repeat = task // size
        values.append(_score(work, marker, risk, answered.fold, slice(repeat, repeat + 1), test))
        ratios.append(len(test) / len(train))
    _, _, reach = mean_of_tasks(np.array(values)[:, None], float(np.mean(ratios)))
    return float(reach[0])
