"""What radiographs add to a clinical model: the permutation test with networks trained anew each time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts import Outcome
from cohorts.errors import Finding, FitError
from imaging_head.cross_fit import Networks, told
from imaging_head.cross_fit_checks import check_cross_fit
from imaging_head.learner import Learner
from imaging_head.radiographs import Squares
from prognosis import FittedModel, Study
from prognosis.added_value import AddedValue, added_value
from prognosis.execution import IN_PROCESS, Execution

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
STREAM = 2


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Scores of films by networks trained without the patient's fold; see `prognosis.added_value.Scores`."""

    learner: Learner
    films: Squares

    @property
    def identity(self) -> bytes:
        """Digest of learner and films."""
        asked = (told(self.learner), self.films.patients, self.films.pixels.shape)
        digest = hashlib.sha256(repr(asked).encode())
        digest.update(np.ascontiguousarray(self.films.pixels).tobytes())
        return digest.digest()

    def __call__(self, outcome: Outcome, fold: Integers, task: int) -> Floats:
        """Train one network a fold and score its patients, (n,) in the order of the outcome."""
        networks = Networks(self.learner, self.films, outcome, fold, (STREAM, task))
        values = np.empty(len(fold))
        for left_out in range(int(fold.max()) + 1):
            values[fold == left_out] = networks.scores(networks.fit((left_out,)), (left_out,))
        return values


def image_added_value(
    learner: Learner,
    films: Squares,
    study: Study,
    model: FittedModel,
    permutations: int = 199,
    *,
    name: str = "radiograph",
    execution: Execution = IN_PROCESS,
) -> AddedValue:
    """Test whether what a learner finds in films adds to a clinical model.

    Parameters
    ----------
    learner : unfitted. films : of the study's patients. study : with the folds of the score; model : fitted by it.
    permutations : each trains one network a fold: for ResNet34 choose ``frozen=True``. The rest: `added_value`.

    Raises
    ------
    FitError, DataContractError, LeakageError, ImageError
        As `added_value` and `cross_fit`.
    """
    if study.folds is None:
        raise FitError(
            Finding("V42", "the study has no folds to learn a score by", "Study(..., folds=make_folds(...))")
        )
    check_cross_fit(films, study.cohort, study.outcome, study.folds, nested=False)
    scores = OutOfFold(learner, films.of(study.outcome.ids))
    return added_value(study, model, scores, permutations, score=name, execution=execution)
