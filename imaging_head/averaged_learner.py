"""Several learners instead of one: each trained anew with a validation part of its own, their answers averaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from cohorts.errors import Finding, FitError
from cohorts.outcome import Outcome
from imaging_head.learner import FittedLearner, Learner
from imaging_head.radiographs import Squares


@dataclass(frozen=True)
class AveragedLearner:
    """A learner fitted `members` times: with other random numbers, and other patients in the validation part.

    Nets of few films differ much from one training to the next; their mean is better than nearly all of them, and no
    patient is lost to validation in all of them (Lakshminarayanan and colleagues 2017, NeurIPS). It costs as many
    trainings.

    Parameters
    ----------
    learner : of each member. members : their number. task : of the random numbers; `with_task` sets it.
    """

    learner: Learner
    members: int = 3
    task: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.members < 1:
            raise FitError(Finding("I50", f"{self.members} members make no mean", "at least one"))

    def with_task(self, *task: int) -> AveragedLearner:
        """Return the learner with random numbers of its own."""
        return replace(self, task=task)

    def member(self, number: int) -> Learner:
        """Return the learner of one member, with its random numbers."""
        return self.learner.with_task(*self.task, number)

    def fit(self, films: Squares, outcome: Outcome) -> AveragedFit:
        """Fit every member to the same films; raises what the learner raises."""
        return AveragedFit(tuple(self.member(number).fit(films, outcome) for number in range(self.members)))


@dataclass(frozen=True, eq=False)
class AveragedFit:
    """Fitted members.

    Parameters
    ----------
    members : each calibrated by patients that it alone left out.
    """

    members: tuple[FittedLearner, ...]

    def linear_predictor(self, films: Squares) -> pd.Series:
        """Return the mean linear predictor of each patient.

        Means vary less than the scores of one member: risks that follow from them are rather too moderate.
        """
        return _mean(lambda member: member.linear_predictor(films), self.members)

    def predict(self, films: Squares) -> pd.Series:
        """Return the mean risk of each patient, 0 to 1."""
        return _mean(lambda member: member.predict(films), self.members)


def _mean(answer: Callable[[FittedLearner], pd.Series], members: tuple[FittedLearner, ...]) -> pd.Series:
    answers = [answer(member) for member in members]
    return pd.concat(answers, axis=1).mean(axis=1).rename(answers[0].name)
