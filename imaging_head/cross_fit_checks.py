"""What cross-fitting refuses before the first network is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cohorts import Cohort, Folds, Outcome
from cohorts.errors import DataContractError, Finding, FitError, ImageError, LeakageError, raise_findings
from imaging_head.index_file import PATIENT
from imaging_head.linking import hashed
from imaging_head.radiographs import Squares
from prognosis.study_checks import check_folds

NAMED = 10


def check_cross_fit(films: Squares, cohort: Cohort, outcome: Outcome, folds: Folds, *, nested: bool) -> None:
    """Check films, outcome and folds together; see `cross_fit` for what is raised."""
    raise_findings(_unanswerable(outcome), FitError)
    raise_findings(check_folds(folds, outcome.ids), DataContractError)
    raise_findings(_unmatched(films, cohort, outcome), ImageError)
    fold = folds.assignment.loc[list(outcome.ids)].to_numpy(np.int64)
    raise_findings(_too_few(outcome, fold, folds.k, nested=nested), FitError)
    raise_findings(in_two_folds(films.of(outcome.ids), folds), LeakageError)


def _unanswerable(outcome: Outcome) -> Iterator[Finding]:
    """Yield I60: what no head of a network answers, and would be read otherwise."""
    if (outcome.event > 1).any():
        rule = "competing events: a network scores one event"
        yield Finding("I60", rule, "declare a TimeToEvent whose event_values count the other events as censored")
    if outcome.entry is not None:
        yield Finding("I60", "delayed entry: networks take everybody as seen from time zero", "leave entry out")
    if outcome.last_free is not None:
        yield Finding("I60", "events found at a visit: networks take exact times", "leave last_free out")


def _unmatched(films: Squares, cohort: Cohort, outcome: Outcome) -> Iterator[Finding]:
    """Yield I22: patients without a film, and films of strangers, who are named by a digest only."""
    filmed = set(films.patients)
    without = tuple(patient for patient in outcome.ids if patient not in filmed)
    if without:
        way_out = 'leave them out before the folds are made: cohort.without([...], "no film")'
        yield Finding("I22", f"{len(without)} patients have no film: no score can be made", way_out, PATIENT, without)
    unknown = sorted(filmed - set(cohort.ids))
    if unknown:
        rule = f"{len(unknown)} patients with films are not in the cohort: #{', #'.join(map(hashed, unknown[:NAMED]))}"
        yield Finding("I22", rule, "leave out their films, or name them as the cohort does", PATIENT)


def _too_few(outcome: Outcome, fold: NDArray[np.int64], k: int, *, nested: bool) -> Iterator[Finding]:
    """Yield I62: no fold left to train on, a fold without patients, a training part without events."""
    if nested and k < 3:
        rule = "nested cross-fitting in two folds: without both nobody is left to train on"
        yield Finding("I62", rule, "make at least three folds; five are usual")
        return
    events = np.bincount(fold[outcome.event == 1], minlength=k)
    others = np.bincount(fold[outcome.event != 1], minlength=k)
    empty = np.flatnonzero(events + others == 0)
    if len(empty):
        rule = f"nobody with an outcome is in fold {', '.join(map(str, empty))}"
        yield Finding("I62", rule, "make the folds from this cohort and endpoint with make_folds")
    # the folds left out may be those with the most events
    kept = k - (2 if nested else 1)
    for what, counts in (("events", events), ("patients without the event", others)):
        least = int(np.sort(counts)[:kept].sum())
        if least < 2:
            rule = f"a network would be trained on {least} {what}"
            yield Finding("I62", rule, "make fewer folds, or use a cohort with more events")


def in_two_folds(films: Squares, folds: Folds) -> Iterator[Finding]:
    """Yield I61: the same picture, or its mirror image, of two patients in different folds."""
    first: dict[bytes, int] = {}
    for row, picture in enumerate(films.pixels):
        ways = [hashlib.sha256(np.ascontiguousarray(way).tobytes()).digest() for way in (picture, picture[:, ::-1])]
        # the same for a picture and its mirror image
        before = first.setdefault(min(ways), row)
        one, other = films.patients[before], films.patients[row]
        if folds.assignment[one] != folds.assignment[other]:
            rule = "one picture, or its mirror image, belongs to two patients of different folds: training and test"
            way_out = "leave one out, or deal such patients into one fold: make_folds(..., together=...)"
            yield Finding("I61", rule, way_out, PATIENT, (one, other))
