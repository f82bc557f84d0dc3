"""The rounds of a protocol, done: a learner fitted to the training films, and its answers for the tested ones."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError, LeakageError, PrognosisError, RunError, raise_findings
from cohorts.folds import Folds
from cohorts.outcome import Outcome
from imaging_head.cross_fit import told as described
from imaging_head.cross_fit_checks import in_two_folds
from imaging_head.learner import Learner
from imaging_head.protocol_baselines import baseline_risks
from imaging_head.protocols import Contrast, Round
from imaging_head.radiographs import Squares
from imaging_head.strata import GROUP, STRATUM
from prognosis.environment import code_digest, environment
from prognosis.execution import FloatNotation
from prognosis.journal import opened

Floats = NDArray[np.float64]
# What is judged: the films, and beside them what needs none.
IMAGE, MAJORITY, AGE_ONLY = "image", "majority", "age"


@dataclass(frozen=True, eq=False, repr=False)
class Rounds:
    """What the rounds of a contrast gave.

    Parameters
    ----------
    contrast : that was asked. made : the rounds.
    predictions : one row a tested patient and round: round, patient, stratum, group (from 1), event, risk (the
        learner's probability of the event), log_odds, majority (share of the event among the training patients), and
        age (the risk by age alone) where ages are known. Nobody's values come from a round that trained on him.
    """

    contrast: Contrast
    made: tuple[Round, ...]
    predictions: pd.DataFrame

    def __repr__(self) -> str:
        return f"Rounds({self.contrast.name}: {len(self.made)} rounds, {self.patients} patients)"

    @property
    def patients(self) -> int:
        """Patients who take part."""
        return int(self.predictions["patient"].nunique())

    @property
    def times_tested(self) -> int:
        """Rounds in which each patient is tested, the same for all."""
        return len(self.predictions) // self.patients

    @property
    def predictors(self) -> dict[str, str]:
        """Column of `predictions` by what it predicts from: image, majority, age."""
        named = {IMAGE: "risk", MAJORITY: "majority", AGE_ONLY: "age"}
        return {name: column for name, column in named.items() if column in self.predictions}


@dataclass(frozen=True)
class Progress:
    """How far the rounds of a contrast are; `left` seconds by the mean of the rounds done here, None before one is."""

    contrast: str
    done: int
    rounds: int
    left: float | None


def run_rounds(
    contrast: Contrast,
    table: pd.DataFrame,
    films: Squares,
    learner: Learner,
    journal: Path | None = None,
    told: Callable[[Progress], None] = lambda _: None,
) -> Rounds:
    """Fit the learner in every round to the films of the training patients, and ask it for the tested ones.

    Parameters
    ----------
    contrast : see `Contrast`. table : index = patients; stratum, group (see `GroupsOfStrata.deal`), and age for the
        comparison with it.
    films : of these patients, and maybe of others. learner : unfitted; each round has random numbers of its own.
    journal : folder in which finished rounds are written down and found again, for a learner that is a dataclass; the
        result is the same without.
    told : called at the beginning and after each round.

    Raises
    ------
    ImageError
        I22 a patient without a film; I69 of `Contrast.rounds`.
    LeakageError
        I61 one picture, or its mirror image, in two groups; I66 a patient listed twice.
    RunError
        I68 a round that could not be fitted, or whose answer is none: it ends the run, since a mean over the other
        rounds would be that of another protocol. J01, K03 of the journal.
    """
    made = contrast.rounds(table)
    everybody = pd.Index(made[0].train.index.union(made[0].test.index))
    films = films.of(tuple(everybody))
    groups = pd.Series(pd.factorize(table.loc[everybody, GROUP], sort=True)[0], everybody)
    raise_findings(in_two_folds(films, Folds(groups, int(groups.max()) + 1, 0)), LeakageError)
    baselines = baseline_risks(made, table)
    answers = _answers(contrast, made, films, learner, journal, told)
    parts = [
        _lines(each, table, answer).join(baselines[each.number], on="patient")
        for each, answer in zip(made, answers, strict=True)
    ]
    return Rounds(contrast, made, pd.concat(parts, ignore_index=True))


def _answers(
    contrast: Contrast,
    made: tuple[Round, ...],
    films: Squares,
    learner: Learner,
    journal: Path | None,
    told: Callable[[Progress], None],
) -> list[Floats]:
    notation, found = FloatNotation(), []
    with nullcontext() if journal is None else opened(journal, _key(contrast, made, films, learner)) as book:
        known = {} if book is None else {task: notation.read(text) for task, text in book.contents.items()}
        told(Progress(contrast.name, len(known), len(made), None))
        start, here = time.monotonic(), 0
        for each in made:
            if each.number not in known:
                known[each.number] = _answer(contrast, each, films, learner)
                here += 1
                if book is not None:
                    book.append(each.number, notation.write(known[each.number]))
                left = (time.monotonic() - start) / here * (len(made) - len(known))
                told(Progress(contrast.name, len(known), len(made), left))
            found.append(known[each.number])
    return found


def _answer(contrast: Contrast, each: Round, films: Squares, learner: Learner) -> Floats:
    """Return risks and log-odds of the tested patients, (2 n,), in the order of the round."""
    try:
        outcome = Outcome(tuple(each.train.index), np.full(len(each.train), np.nan), each.train.to_numpy(np.int64))
        # contrasts of one study differ in their numbers, whatever they are asked in
        own = learner.with_task(zlib.crc32(contrast.name.encode()), each.number)
        fitted = own.fit(films.of(outcome.ids), outcome)
        tested = films.of(tuple(each.test.index))
        columns = (fitted.predict(tested), fitted.linear_predictor(tested))
        return np.concatenate([_checked(column, each) for column in columns])
    except PrognosisError as error:
        advice = "mend it and give the same command with --resume: the rounds before it are kept"
        why = [replace(finding, severity="error") for finding in error.findings]
        told = Finding("I68", f"{contrast.name}, round {each.number} could not be done", advice)
        raise RunError(told, *why) from error


def _checked(column: pd.Series, each: Round) -> Floats:
    """Return the values of the tested patients; a learner that answers for others, or not at all, is refused."""
    named = column.set_axis(column.index.map(str))
    same = len(named) == len(each.test) and set(named.index) == set(each.test.index)
    if not same or not np.isfinite(named.to_numpy(float)).all():
        rule = f"the learner answers for {len(named)} patients, asked were {len(each.test)}, or not in finite numbers"
        raise ImageError(Finding("I68", rule, "a learner gives one number a patient"))
    return named.loc[list(each.test.index)].to_numpy(float)


def _lines(each: Round, table: pd.DataFrame, answer: Floats) -> pd.DataFrame:
    patients = each.test.index
    risk, log_odds = answer[: len(patients)], answer[len(patients) :]
    columns = {
        "round": each.number, "patient": patients, "stratum": table.loc[patients, STRATUM].to_numpy(),
        "group": table.loc[patients, GROUP].to_numpy() + 1, "event": each.test.to_numpy(), "risk": risk,
        "log_odds": log_odds,
    }  # fmt: skip
    lines = pd.DataFrame(columns)
    outside = lines["patient"][(risk < 0) | (risk > 1)]
    rule = "the learner gives a probability outside 0 to 1"
    raise_findings([Finding("I68", rule, "give probabilities", rows=tuple(outside))] if len(outside) else [], RunError)
    return lines


def _key(contrast: Contrast, made: tuple[Round, ...], films: Squares, learner: Learner) -> str:
    """Digest of everything that decides the answers."""
    code = (environment(), code_digest(("imaging_head",)))
    whole = hashlib.sha256(repr((described(learner), code, contrast, films.patients, films.pixels.shape)).encode())
    for each in made:
        whole.update(
            repr((each.number, [(side.index.tolist(), side.tolist()) for side in (each.train, each.test)])).encode()
        )
    whole.update(np.ascontiguousarray(films.pixels).tobytes())
    return whole.hexdigest()
