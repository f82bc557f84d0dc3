"""``[[scores]]`` of a study file: cross-fitted image scores become predictors, and their folds those of the study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cohorts import Cohort, Folds, Score
from cohorts.errors import Finding, LeakageError, RunError, raise_findings
from cohorts.score_file import about_file, read_score
from reports.study_file import StudyFile, ValidationTable

RESAMPLED = ("bootstrap", "632+")


def declared_scores(declared: StudyFile, home: Path) -> tuple[Score, ...]:
    """Read the scores that the study file names.

    Raises
    ------
    DataContractError
        L13 files that are no score; F01 to F18 tables that cannot be read.
    LeakageError
        L16, L17, L18 a validation that a score would leak into: found before anything is fitted.
    RunError
        U02 a score that no model uses.
    """
    scores = tuple(read_score(home / table.file) for table in declared.scores)
    used = [score for score in scores if score.name in declared.predictors]
    raise_findings(_unused(declared, scores), RunError)
    if declared.validation is not None and used:
        raise_findings(_leaks(declared.validation, used), LeakageError)
    return scores


def with_declared_scores(cohort: Cohort, scores: Sequence[Score]) -> Cohort:
    """Return the cohort with the scores as predictors.

    Raises
    ------
    DataContractError
        L14 a score of patients that the cohort does not have, or whose name is taken.
    """
    for score in scores:
        cohort = cohort.with_score(score)
    return cohort


def declared_folds(cohort: Cohort) -> Folds | None:
    """Return the folds that all models of the study are validated by; None where no score asks for its own."""
    return cohort.scores[0].folds if cohort.scores else None


def score_files(declared: StudyFile, home: Path) -> list[Path]:
    """Return the files of the scores: the tables, and what says how they were made."""
    tables = [home / table.file for table in declared.scores]
    return [file for table in tables for file in (table, about_file(table))]


def _unused(declared: StudyFile, scores: Sequence[Score]) -> list[Finding]:
    way_out = "add it to the predictors of a model, or leave it out"
    return [
        Finding("U02", f"[[scores]] score {score.name} is a predictor of no model", way_out)
        for score in scores
        if score.name not in declared.predictors
    ]


def _leaks(table: ValidationTable, scores: Sequence[Score]) -> list[Finding]:
    way_out = 'leave method, folds and repeats out, or method = "cross-validation": the score\'s own folds are taken'
    findings = []
    for score in scores:
        if table.method in RESAMPLED:
            rule = f"[validation] by {table.method}: the networks of score {score.name} saw whom a resample leaves out"
            findings.append(Finding("L17", rule, way_out, score.name))
        elif table.method not in (None, "cross-validation") or table.folds is not None or table.repeats is not None:
            rule = f"[validation] asks for other divisions than the folds that score {score.name} was made by"
            findings.append(Finding("L18", rule, way_out, score.name))
        if not score.nested:
            rule = f"score {score.name} is plain: networks that scored the training patients saw the test patients"
            findings.append(Finding("L16", rule, "cross-fit it nested, or leave [validation] out", score.name))
        if not score.folds.assignment.equals(scores[0].folds.assignment):
            rule = f"scores {scores[0].name} and {score.name} were made by different folds"
            findings.append(Finding("L18", rule, "cross-fit both with the same folds", score.name))
    return findings
