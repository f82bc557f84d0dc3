"""The added value of a score that is learnt from the outcome: a one-sided permutation test that learns it each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cohorts import Outcome
from cohorts.errors import Finding, FitError
from prognosis.added_value.question import ClinicalModel, clinical_model
from prognosis.environment import environment
from prognosis.execution import IN_PROCESS, Execution, TaskFailure, run_tasks
from prognosis.progress import shown

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Below this no p-value reaches .05.
FEWEST = 19
FAILED_SHARE = 0.05
STREAM = 4


class Scores(Protocol):
    """What learns a score of patients from their outcomes, out of fold."""

    @property
    def identity(self) -> bytes:
        """Digest of everything that decides the scores, for a journal."""
        ...

    def __call__(self, outcome: Outcome, fold: Integers, task: int) -> Floats:
        """Return the score of each patient of an outcome, (n,), learnt from the other folds; `task` seeds it."""
        ...


@dataclass(frozen=True, eq=False)
class AddedValue:
    """Whether a score adds to a clinical model.

    Parameters
    ----------
    p : one-sided, of the hypothesis that follow-up depends on the clinical predictors alone.
    statistic : root of the likelihood ratio of the score beside the clinical columns, negative where its coefficient
        is. permuted : (B,) the same where outcomes were dealt out anew.
    coefficient : of the score in the observed patients, log hazard or log odds ratio per unit.
    model, score : names. failed : permutations that could not be fitted; they count against the score.
    """

    p: float
    statistic: float
    permuted: Floats
    coefficient: float
    model: str
    score: str
    failed: int = 0

    @property
    def permutations(self) -> int:
        """Number of permutations."""
        return len(self.permuted)

    def __str__(self) -> str:
        said = f"{self.score} beyond {self.model}: p = {self.p:.3g}, one-sided, {self.permutations} permutations"
        return f"{said} (signed root {self.statistic:.2f}, permuted {np.nanmean(self.permuted):.2f} on average)"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; a permutation that failed is null."""
        plain = [None if np.isnan(value) else float(value) for value in self.permuted]
        return {**asdict(self), "permuted": plain, "permutations": self.permutations}


def added_value(
    study: Study,
    model: FittedModel,
    scores: Scores,
    permutations: int = 199,
    *,
    score: str = "score",
    execution: Execution = IN_PROCESS,
    progress: Callable[[int, int], None] | None = None,
) -> AddedValue:
    """Test whether a learnt score adds to a clinical model, with everything that learns it repeated.

    Parameters
    ----------
    study : with folds, by which the score is learnt. model : clinical, fitted by it: `Cox` or `Logistic`.
    scores : learns out-of-fold scores. permutations : p-values are multiples of 1 / (permutations + 1).
    score : its name. execution : workers and journal; the result does not depend on them.

    Returns
    -------
    p = (1 + permuted statistics that reach the observed one) / (permutations + 1).

    Raises
    ------
    FitError
        V40 a model that the test does not take; V41 fewer than 19 permutations; V42 a study without folds; V43 the
        observed score cannot be had, or more than 5 % of the permutations fail.

    Notes
    -----
    An out-of-fold score of noise is no ordinary column: its patients were scored by models that saw the others'
    outcomes. Taken as a column, its likelihood ratio rejects several times too often, and in the wrong direction. Here
    each permutation deals outcomes (with their fold) out anew among the patients, by the hazards or odds of the
    clinical model (`deal_follow_ups`), and learns the score from them. A patient's image and clinical values stay
    together: that an image shows age does not count as added value.

    The hypothesis is that the outcome depends on the patient by the clinical model alone: the model must be right
    (what it misses of the clinical predictors, an image may find), censoring must depend on nothing, and patients must
    be independent.
    """
    question = clinical_model(study, model)
    whole: Any = permutations
    if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < FEWEST:
        raise FitError(Finding("V41", f"permutations={permutations!r}", f"a whole number from {FEWEST}; 199 is usual"))
    if study.folds is None:
        raise FitError(
            Finding("V42", "the study has no folds to learn a score by", "Study(..., folds=make_folds(...))")
        )
    fold = study.folds.assignment.loc[list(study.outcome.ids)].to_numpy(np.int64)
    work = _Permuted(question, study.outcome, fold, scores, study.seed)
    with shown("permutations", progress) as report:
        key = work.key if execution.journal else ""
        tasks = range(permutations + 1)
        found = run_tasks(work, tasks, execution, key, lambda done: report(0, permutations + 1, done))
    return _judged(found, model.name, score)


def _judged(found: list[Floats | TaskFailure], model: str, score: str) -> AddedValue:
    observed, *others = found
    if isinstance(observed, TaskFailure):
        rule = f"the score cannot be learnt or fitted beside the clinical model: {observed.message}"
        raise FitError(Finding("V43", rule, "mend the cause"))
    failures = [each for each in others if isinstance(each, TaskFailure)]
    if len(failures) > FAILED_SHARE * len(others):
        rule = f"{len(failures)} of {len(others)} permutations failed, for example: {failures[0].message}"
        raise FitError(Finding("V43", rule, "merge rare categories, or use fewer clinical columns"))
    permuted = np.array([np.nan if isinstance(each, TaskFailure) else each[0] for each in others])
    # a permutation without a value counts against the score
    reached = int((~(permuted < observed[0])).sum())
    p = (1 + reached) / (len(others) + 1)
    return AddedValue(p, float(observed[0]), permuted, float(observed[1]), model, score, len(failures))


@dataclass(frozen=True, eq=False)
class _Permuted:
    """Task 0: the observed outcomes; others: outcomes dealt out anew. Result: signed root and coefficient."""

    question: ClinicalModel
    outcome: Outcome
    fold: Integers
    scores: Scores
    seed: int

    def __call__(self, task: int) -> Floats:
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, task, STREAM]))
        patient = self.question.deal(rng) if task else np.arange(len(self.fold))
        ids = tuple(self.outcome.ids[row] for row in patient)
        score = self.scores(replace(self.outcome, ids=ids), self.fold, task)
        return np.array(self.question.signed_root(patient, score))

    @property
    def key(self) -> str:
        asked = (environment(), self.seed, self.outcome.ids, self.question.names, self.question.efron)
        digest = hashlib.sha256(repr(asked).encode())
        numbers = (self.question.design, self.outcome.time, self.outcome.event, self.fold, self.question.stratum)
        for part in numbers:
            digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
        digest.update(self.scores.identity)
        return digest.hexdigest()
