"""ResNet34 from random weights on 798 real knee films: osteoarthritis (Kellgren-Lawrence grade 2 on), cross-fitted.

Writes benchmarks/results/knee_films.json. Every group of near-duplicates is one patient: its films are in one fold, its
score is their mean, and it counts once. On the same folds: PCA and logistic regression, and mean grey alone. Then the
grade in three ordered classes (0 or 1, 2, 3 or 4). Needs ../shared/data/knee_xray_kl; an hour and more on two cores.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import datetime as dt
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from benchmarks.knee_rounds import MIRRORED
from cohorts import Binary, Cohort, Folds, make_folds
from cohorts.outcome import Outcome
from imaging_head import Radiographs
from imaging_head.averaged_learner import AveragedLearner
from imaging_head.checkpoints import array_digest, digest_of
from imaging_head.cross_fit import taken, told
from imaging_head.fitted_head import FittedHead
from imaging_head.head import ClassHead
from imaging_head.precision import choose_precision
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.training import Schedule
from prognosis.execution import Execution, run_tasks
from prognosis.metrics.binary_calibration import binary_calibration
from prognosis.metrics.roc import compare_paired, roc_auc

HERE = Path(__file__).resolve().parent
JOURNAL = HERE.parent / "results" / "knee_films_journal"
RESULT = HERE / "results" / "knee_films.json"
DATA = HERE.parents[1] / "shared" / "data" / "knee_xray_kl"
SIZE, FOLDS, SEED = 96, 10, 2026
MEMBER = ResNet34Head(image_size=SIZE, epochs=20, seed=SEED, validation=0.1, schedule=Schedule(batch=16))
LEARNER = AveragedLearner(MEMBER, 2)
# a smaller budget
GRADER = AveragedLearner(replace(MEMBER, head=ClassHead(3), epochs=12), 1)
CLASSES = (0, 0, 1, 2, 2)
RESAMPLES = 2000
Floats = NDArray[np.float64]
logger = logging.getLogger("knee_films")


def read() -> tuple[Squares, pd.DataFrame]:
    """Films as squares, and a table of patients (groups of near-duplicates) with the grade of the first reader."""
    labels = pd.read_csv(DATA / "labels.csv", dtype={"near_duplicate_group": str})
    labels = labels.replace({"near_duplicate_group": MIRRORED})
    index = labels[["file", "near_duplicate_group"]]
    films = Radiographs.from_frame(index, file="file", patient="near_duplicate_group", root=DATA / "images")
    by_patient = labels.groupby("near_duplicate_group", sort=False)
    table = pd.DataFrame({"oa": by_patient["oa_kl_ge2"].max(), "grade": by_patient["kl_reader1"].max()})
    assert (by_patient["oa_kl_ge2"].nunique() == 1).all()
    return films.squares(SIZE, workers=2, cut=False), table.rename_axis("pid").reset_index()


def plain(films: Squares, table: pd.DataFrame, folds: Folds, make: Callable[[Squares], Floats], model: Any) -> Floats:
    """Out-of-fold log-odds of each patient by a model of scikit-learn, the mean over the patient's films."""
    columns, whose = make(films), np.array(films.patients)
    fold, event = (dict(zip(table["pid"], column, strict=True)) for column in (folds.assignment, table["oa"]))
    of_film, y = np.array([fold[p] for p in whose]), np.array([event[p] for p in whose])
    score = np.empty(len(whose))
    for k in range(FOLDS):
        score[of_film == k] = model.fit(columns[of_film != k], y[of_film != k]).decision_function(columns[of_film == k])
    return pd.Series(score).groupby(whose).mean().loc[table["pid"]].to_numpy()


def small(films: Squares) -> Floats:
    """Every second pixel's mean: 48 x 48."""
    return films.pixels.reshape(len(films), 48, 2, 48, 2).mean(axis=(2, 4)).reshape(len(films), -1).astype(float)


def brightness(films: Squares) -> Floats:
    """Mean grey."""
    return films.pixels.mean(axis=(1, 2), dtype=float)[:, None]


def judged(event: NDArray[np.int64], score: Floats) -> dict[str, Any]:
    """AUC by DeLong, calibration and Brier score with 95 % limits."""
    area, found = roc_auc(event, score), binary_calibration(event, 1 / (1 + np.exp(-score)))
    table = pd.concat([area.table(), found.table()]).set_index("metric")[["estimate", "lower", "upper"]]
    return {
        name: [round(float(value), 4) for value in row] for name, row in zip(table.index, table.to_numpy(), strict=True)
    }


@dataclass(frozen=True)
class Members:
    """Task: one member of one fold; first all folds of the first member, so that a stopped run has whole members."""

    learner: AveragedLearner
    films: Squares
    outcome: Outcome
    fold: NDArray[np.int64]

    def __call__(self, task: int) -> Floats:
        """Return the answers for the fold's patients, (patients, outputs) as one row: log-odds, or class by class."""
        torch.set_num_threads(1)
        member, k = divmod(task, FOLDS)
        train = taken(self.outcome, np.flatnonzero(self.fold != k))
        fitted = self.learner.with_task(1, k).member(member).fit(self.films.of(train.ids), train)
        ids = [self.outcome.ids[row] for row in np.flatnonzero(self.fold == k)]
        films = self.films.of(ids)
        several = isinstance(fitted, FittedHead) and fitted.head.outputs > 2
        found = fitted.probabilities(films) if several else fitted.linear_predictor(films).to_frame()
        return found.loc[ids].to_numpy().ravel()


def out_of_fold(learner: AveragedLearner, films: Squares, outcome: Outcome, folds: Folds, outputs: int) -> Floats:
    """Answers of every member for patients that it never saw, (members, patients, outputs)."""
    fold = folds.assignment.to_numpy(np.int64)
    # of a member: their number may grow, and those that are done stay
    asked = [told(learner.learner), outcome.ids, outcome.event.tolist(), fold.tolist(), array_digest(films.pixels)]
    tasks = range(learner.members * FOLDS)
    work = Members(learner, films, outcome, fold)
    done = run_tasks(
        work, tasks, Execution(workers=2, journal=JOURNAL), digest_of(asked), lambda n: logger.info("%d", n)
    )
    answers = np.empty((learner.members, len(fold), outputs))
    for task, found in zip(tasks, done, strict=True):
        member, k = divmod(task, FOLDS)
        answers[member, fold == k] = np.asarray(found).reshape(-1, outputs)
    return answers


def graded(grade: NDArray[np.int64], chances: Floats) -> dict[str, Any]:
    """Three ordered classes: concordance over pairs of different class, AUC of each cut, agreement, Hand and Till."""
    places = np.random.default_rng(SEED).integers(len(grade), size=(RESAMPLES, len(grade)))
    drawn = pd.DataFrame([_ordinal(grade[rows], chances[rows]) for rows in places])
    found = {
        name: [round(v, 4) for v in (value, *drawn[name].quantile([0.025, 0.975]))]
        for name, value in _ordinal(grade, chances).items()
    }
    chosen = pd.crosstab(grade, chances.argmax(axis=1)).reindex(columns=range(3), fill_value=0)
    return {"classes": "grades 0-1, 2, 3-4", "patients": np.bincount(grade).tolist(), "learner": told(GRADER),
            **found, "truth_by_likeliest": chosen.to_numpy().tolist()}  # fmt: skip


def _ordinal(grade: NDArray[np.int64], chances: Floats) -> dict[str, float]:
    expected = chances @ np.arange(3)
    pairs, weights, both = [], [], []
    for low, high in combinations(range(3), 2):
        rows = np.isin(grade, (low, high))
        pairs.append(_area(grade[rows] == high, expected[rows]))
        weights.append(int((grade == low).sum() * (grade == high).sum()))
        both += [_area(grade[rows] == each, chances[rows, each]) for each in (low, high)]
    return {
        "concordance_of_mean_class": float(np.average(pairs, weights=weights)),
        "auc_hand_till": float(np.mean(both)),
        "auc_grade_2_or_more": _area(grade >= 1, chances[:, 1:].sum(axis=1)),
        "auc_grade_3_or_more": _area(grade >= 2, chances[:, 2]),
        "quadratic_kappa": _kappa(grade, chances.argmax(axis=1)),
    }


def _kappa(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Agreement beyond chance of class and likeliest class, a disagreement by two costing four times one by one."""
    cost = np.subtract.outer(np.arange(3), np.arange(3)) ** 2
    table = np.histogram2d(first, second, bins=[range(4), range(4)])[0] / len(first)
    return float(1 - (cost * table).sum() / (cost * np.outer(table.sum(1), table.sum(0))).sum())


def _area(event: NDArray[np.bool_], score: Floats) -> float:
    """Mann-Whitney's area; ties count half."""
    ranks = pd.Series(score).rank().to_numpy()
    ones = int(event.sum())
    return float((ranks[event].sum() - ones * (ones + 1) / 2) / (ones * (len(event) - ones)))


def main() -> None:
    """Measure and write."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if not DATA.is_dir():
        logger.info("skipped: %s is absent", DATA.name)
        return
    films, table = read()
    cohort = Cohort.from_frame(table.astype({"oa": bool}), id="pid")
    endpoint = Binary("oa", event="oa")
    folds, outcome = make_folds(cohort, endpoint, FOLDS, SEED), endpoint.outcome(cohort)
    event = outcome.event
    grade = np.array(CLASSES)[table["grade"]]
    members = out_of_fold(LEARNER, films, outcome, folds, 1)[..., 0]
    by_class = Outcome(outcome.ids, outcome.time, grade)
    chances = out_of_fold(GRADER, films, by_class, folds, 3).mean(axis=0)
    # a network that learnt three grades says how likely grade 2 or more is, too
    from_grades = np.log(chances[:, 1:].sum(axis=1) / chances[:, 0])
    together = (members.sum(axis=0) + from_grades) / (len(members) + 1)
    pca = make_pipeline(PCA(60, random_state=0), LogisticRegression(max_iter=5000))
    scores = {
        f"ResNet34, mean of {LEARNER.members}": members.mean(axis=0),
        **{f"ResNet34, member {number + 1}": score for number, score in enumerate(members)},
        "mean of these and of the network of three grades": together,
        "PCA(60) of 48 x 48 and logistic": plain(films, table, folds, small, pca),
        "mean grey": plain(films, table, folds, brightness, LogisticRegression()),
    }
    mean, *_, by_pca, _ = (roc_auc(event, score) for score in scores.values())
    gain = compare_paired(mean, by_pca)
    inside = [(folds.assignment == k).to_numpy() for k in range(FOLDS)]
    result = {
        "date": dt.date.today().isoformat(), "command": "python benchmarks/knee_films.py",
        "films": len(films), "patients": len(table), "with_event": int(event.sum()), "folds": FOLDS,
        "weights": "random, nothing pretrained", "learner": told(LEARNER),
        "machine": {"processes": 2, "threads_of_each": 1, **asdict(choose_precision())},
        "out_of_fold": {name: judged(event, score) for name, score in scores.items()},
        "auc_by_fold_mean": [round(float(roc_auc(event[k], members.mean(axis=0)[k]).estimate[0]), 4) for k in inside],
        "gain_over_pca": [round(float(v), 4) for v in (gain.difference, *gain.limits())],
    }  # fmt: skip
    result["three_ordered_classes"] = graded(grade, chances)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
