"""Metrics of many patients: measured together in everybody whom one division of the cohort leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prognosis.evaluation import Evaluation, Recalibration
from prognosis.refits import Answers
from prognosis.validation.work import Work, values_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class LeftOut(NamedTuple):
    """Patients left out by one division, (m,) rows, and their risks by models fitted without them, (m, h)."""

    rows: Integers
    risk: Floats


def divisions_of(work: Work) -> list[range]:
    """Return the tasks of each division, which leaves a patient out once; a task alone where they overlap."""
    count, plan = work.plan.count(work.rows), work.plan
    size, out = count // plan.repeats, []
    for start in range(0, count, size):
        tasks = range(start, start + size)
        rows = np.concatenate([plan.task(work.rows, task).test for task in tasks])
        apart = len(np.unique(rows)) == len(rows)
        out += [tasks] if apart else [range(task, task + 1) for task in tasks]
    return out


def left_out(work: Work, results: Mapping[int, Floats], k: int) -> Iterator[LeftOut]:
    """Yield the patients left out by every division all of whose tasks are done; `k` values precede the risks."""
    h = len(work.judged.horizons)
    for tasks in divisions_of(work):
        if all(task in results for task in tasks):
            rows = np.concatenate([work.plan.task(work.rows, task).test for task in tasks])
            yield LeftOut(rows, np.concatenate([results[task][k:].reshape(-1, h) for task in tasks]))


def evaluation_of(work: Work, patients: LeftOut) -> Evaluation:
    """Put outcome and risks of patients left out together, for metrics of the risks; nothing else is known of them."""
    n, h = work.rows.n, len(work.judged.horizons)
    risk = np.full((n, h), np.nan)
    risk[patients.rows] = patients.risk
    answers = Answers(np.zeros(n), np.empty(0), risk, lambda _: Recalibration(np.nan))
    return work.judged.evaluation(answers, np.sort(patients.rows))


def pooled_values(work: Work, results: Mapping[int, Floats], pooled: NDArray[np.bool_]) -> Floats:
    """Measure what is `pooled`, (k,), in each whole division, (D, k); the others are not a number."""
    if not pooled.any():
        return np.empty((0, len(pooled)))
    chosen = [index for index in work.chosen if index.pooled]
    found = [values_of(evaluation_of(work, each), chosen) for each in left_out(work, results, len(pooled))]
    values = np.full((len(found), len(pooled)), np.nan)
    values[:, pooled] = np.array(found).reshape(len(found), pooled.sum())
    return values
