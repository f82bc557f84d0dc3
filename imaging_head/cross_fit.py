"""Cross-fitting: every patient's score by networks that never saw the patient, on the folds of the study."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Cohort, Folds, Outcome, Score
from cohorts.endpoint import Endpoint
from cohorts.errors import Finding, FitError
from cohorts.version import __version__
from imaging_head.cross_fit_checks import check_cross_fit
from imaging_head.learner import FittedLearner, Learner
from imaging_head.radiographs import Squares
from prognosis.environment import code_digest, environment
from prognosis.execution import IN_PROCESS, Execution, FloatNotation, TaskFailure, run_noted
from prognosis.progress import shown

Floats = NDArray[np.float64]
# First word of a network's random numbers; the added-value test has another.
STREAM = 1
# Parameters of a learner that do not change what it learns.
BESIDE = ("task", "records")


@dataclass(frozen=True, eq=False)
class Networks:
    """What is needed to fit one network of a cross-fitting: it is known by the folds it never saw.

    Parameters
    ----------
    learner : unfitted. films : of the patients of the outcome. outcome : of all patients. fold : (n,) of the same.
    stream : first words of the random numbers.
    """

    learner: Learner
    films: Squares
    outcome: Outcome
    fold: NDArray[np.int64]
    stream: tuple[int, ...] = (STREAM,)

    def fit(self, without: Sequence[int]) -> FittedLearner:
        """Fit to the patients of the other folds; the random numbers are those of the folds left out."""
        rows = np.flatnonzero(~np.isin(self.fold, without))
        part = taken(self.outcome, rows)
        return self.learner.with_task(*self.stream, *map(int, without)).fit(self.films.of(part.ids), part)

    def scores(self, net: FittedLearner, folds: Sequence[int]) -> Floats:
        """Return the linear predictors of the patients of some folds, in the order of the outcome.

        Raises
        ------
        FitError
            I63 patients without a value, or a value that is not finite.
        """
        ids = [self.outcome.ids[row] for row in np.flatnonzero(np.isin(self.fold, folds))]
        values = net.linear_predictor(self.films.of(ids))
        by_patient = dict(zip(values.index, values.to_numpy(float), strict=True))
        found = np.array([by_patient.get(patient, np.nan) for patient in ids])
        bad = tuple(ids[place] for place in np.flatnonzero(~np.isfinite(found)))
        if bad or len(by_patient) < len(values):
            rule = (
                f"the network without fold {' and '.join(map(str, folds))} gives no finite score, or two of a patient"
            )
            raise FitError(Finding("I63", rule, "train with a smaller learning rate, and look at the films", rows=bad))
        return found


class Fitted(NamedTuple):
    """Scores of the patients whom a network never saw; the network itself where it serves new patients."""

    values: Floats
    net: FittedLearner | None


@dataclass(frozen=True, eq=False, repr=False)
class CrossFitted:
    """A cross-fitted score, and what scores new patients.

    Parameters
    ----------
    score : of the patients of the study, for `Cohort.with_score`. networks : what they were fitted to.
    nets : by fold, the networks that were trained without it; one that is absent (its numbers came from a journal) is
        fitted again when it is asked for, with the same result.
    """

    score: Score
    networks: Networks
    nets: Mapping[int, FittedLearner] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"CrossFitted({self.score!r})"

    def net(self, fold: int) -> FittedLearner:
        """Return the network that was trained without a fold."""
        return self.nets[fold] if fold in self.nets else self.networks.fit((fold,))

    def score_new(self, films: Squares) -> pd.Series:
        """Return the score of new patients: the mean of the networks that were each trained without one fold.

        Notes
        -----
        The coefficients of a model with this score were estimated from scores of exactly these networks, each in
        patients that it never saw, as the new ones are; a network trained on all patients would have another scale.
        The mean varies less than a single network, so that risks are rather too moderate than too extreme.
        """
        nets = [self.net(fold) for fold in range(self.score.folds.k)]
        return mean_score(nets, films).rename(self.score.name)


def cross_fit(
    learner: Learner,
    films: Squares,
    cohort: Cohort,
    endpoint: Endpoint,
    folds: Folds,
    *,
    nested: bool = True,
    name: str = "radiograph",
    execution: Execution = IN_PROCESS,
) -> CrossFitted:
    """Score every patient by networks that were not trained on the patient.

    Parameters
    ----------
    learner : what is fitted; see `Learner`. films : of the patients, several of one if need be.
    cohort, endpoint : the outcome: a binary event, or the time to one event.
    folds : of `cohorts.make_folds`, the same as those of the study.
    nested : also train what validation needs: in column j, patients of fold j have the score of the network that was
        trained without fold j, all others scores of networks that saw neither them nor fold j. False: only the former,
        which serves the fit of a final model.
    name : of the predictor. execution : workers and journal; the result does not depend on them.

    Returns
    -------
    The score (log odds of the event, or log relative hazard), and the networks for new patients.

    Raises
    ------
    ImageError
        I22 patients without a film, films of patients whom the cohort does not have.
    LeakageError
        I61 one picture, or its mirror image, in two folds.
    FitError
        I60 an endpoint that no network answers; I62 too few folds or events; I63 scores that are not finite; I64
        networks that could not be fitted.
    DataContractError
        V02 the folds do not place every patient; findings of the outcome.

    Notes
    -----
    The network without folds j and m scores m in column j and j in column m: k + k (k - 1) / 2 networks are enough for
    k (k + 1) sets of scores; 15 with five folds. Random numbers belong to the folds left out, so that neither order nor
    workers matter.
    """
    outcome = endpoint.outcome(cohort)
    check_cross_fit(films, cohort, outcome, folds, nested=nested)
    fold = folds.assignment.loc[list(outcome.ids)].to_numpy(np.int64)
    networks = Networks(learner, films.of(outcome.ids), outcome, fold)
    sets = left_out(folds.k, nested=nested)
    found = dict(zip(sets, _fitted(networks, sets, execution), strict=True))
    score = Score(
        name,
        outcome.ids,
        _values(found, fold, folds.k, nested=nested),
        folds,
        nested=nested,
        label=_label(name, cohort, endpoint),
        provenance=f"{told(learner)}, cross-fitted in {folds.k} folds by bone-prognosis {__version__}",
    )
    nets = {without[0]: each.net for without, each in found.items() if len(without) == 1 and each.net is not None}
    return CrossFitted(score, networks, nets)


def mean_score(nets: Sequence[FittedLearner], films: Squares) -> pd.Series:
    """Return the mean of what networks answer for patients, index = the patients."""
    return pd.concat([net.linear_predictor(films) for net in nets], axis=1).mean(axis=1)


def told(learner: Learner) -> str:
    """Return as text what decides a learner's result: not its task, nor where it keeps records."""
    given: Any = learner
    parts = [f"{each.name}={getattr(given, each.name)!r}" for each in fields(given) if each.name not in BESIDE]
    # the place of a function in memory is another in every process
    return re.sub(r" at 0x[0-9a-f]+", "", f"{type(learner).__name__}({', '.join(parts)})")


def taken(outcome: Outcome, rows: NDArray[np.int64]) -> Outcome:
    """Return the outcome of some patients."""
    return Outcome(tuple(outcome.ids[row] for row in rows), outcome.time[rows], outcome.event[rows])


def left_out(k: int, *, nested: bool) -> list[tuple[int, ...]]:
    """List the sets of folds that networks are trained without: each alone and, nested, every two."""
    alone: list[tuple[int, ...]] = [(fold,) for fold in range(k)]
    return [*alone, *combinations(range(k), 2)] if nested else alone


@dataclass(frozen=True, eq=False)
class _Work:
    """Task: fit the network without some folds and score those."""

    networks: Networks
    sets: Sequence[tuple[int, ...]]

    def __call__(self, task: int) -> Fitted:
        without = self.sets[task]
        net = self.networks.fit(without)
        # those without two folds serve no new patient: they would only take room
        return Fitted(self.networks.scores(net, without), net if len(without) == 1 else None)


class _Notation:
    """Scores in a journal; networks are not kept there."""

    def write(self, result: Fitted) -> str:
        """Return the scores as text."""
        return FloatNotation().write(result.values)

    def read(self, text: str) -> Fitted:
        """Return the scores without their network."""
        return Fitted(FloatNotation().read(text), None)


def _fitted(networks: Networks, sets: Sequence[tuple[int, ...]], execution: Execution) -> list[Fitted]:
    key = _key(networks, sets) if execution.journal else ""
    with shown("networks") as report:
        work = _Work(networks, sets)
        results = run_noted(work, range(len(sets)), execution, key, lambda n: report(0, len(sets), n), _Notation())
    failures = [result for result in results if isinstance(result, TaskFailure)]
    if failures:
        rule = f"{len(failures)} of {len(sets)} networks could not be fitted, for example: {failures[0].message}"
        raise FitError(Finding("I64", rule, "mend the cause; without every network there is no score"))
    return [result for result in results if not isinstance(result, TaskFailure)]


def _values(found: Mapping[tuple[int, ...], Fitted], fold: NDArray[np.int64], k: int, *, nested: bool) -> Floats:
    """Put the scores in their places, (n, k) nested or (n,)."""
    values = np.full((len(fold), k), np.nan)
    for without, each in found.items():
        own = fold[np.isin(fold, without)]
        for scored in without:
            # seen from the other fold, or from its own where it is left out alone
            column = without[0] if scored == without[-1] else without[-1]
            values[fold == scored, column] = each.values[own == scored]
    return values if nested else values[np.arange(len(fold)), fold]


def _label(name: str, cohort: Cohort, endpoint: Endpoint) -> dict[str, str]:
    """Say in words what the score is, by language."""
    event: Mapping[str, str] = endpoint.event_label or cohort.codebook[endpoint.event].label
    binary = endpoint.kind == "binary"
    scale = "log odds" if binary else "log hazard"
    label = {"en": f"{name.capitalize()} score ({scale} of {event.get('en', endpoint.name).lower()})"}
    if "zh" in event:
        label["zh"] = f"影像评分（{event['zh']}的{'对数优势' if binary else '对数风险'}）"
    return label


def _key(networks: Networks, sets: Sequence[tuple[int, ...]]) -> str:
    """Digest of everything that decides the scores."""
    outcome, films = networks.outcome, networks.films
    code = (environment(), code_digest(("imaging_head",)))
    asked: Any = (told(networks.learner), code, sets, outcome.ids, films.patients, films.pixels.shape)
    digest = hashlib.sha256(repr(asked).encode())
    for part in (networks.fold, outcome.time, outcome.event, films.pixels):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
