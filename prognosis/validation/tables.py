"""From the values of tasks to the tables of a validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.evaluation import Recalibration
from prognosis.execution import TaskFailure
from prognosis.metrics.index import Index
from prognosis.metrics.time_dependent import find_constant
from prognosis.refits import Answers
from prognosis.validation.result import COLUMNS, HeldOut
from prognosis.validation.summary import Corrected, corrected_by_632, corrected_by_optimism, mean_of_tasks
from prognosis.validation.work import Place, Work, places_of, reason_at, values_of

Floats = NDArray[np.float64]
# A value that more than this share of the tasks lack is not given.
MISSING_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class Found:
    """What the tasks of one model found.

    Parameters
    ----------
    name : of the model. work : done in each task. apparent : (k,) values in the rows of the fit.
    results : arrays of the tasks that did not fail, by number; see `Work`. failures : of the others.
    """

    name: str
    work: Work
    apparent: Floats
    results: Mapping[int, Floats]
    failures: Sequence[TaskFailure]

    @cached_property
    def places(self) -> list[Place]:
        """Places of the k values."""
        return places_of(self.work.chosen, self.work.judged)

    @cached_property
    def values(self) -> Floats:
        """Values by task, (T, 3, k) of resamples or (T, k) of patients left out."""
        k = len(self.apparent)
        shape = (len(self.results), 3, k) if self.work.resamples else (len(self.results), k)
        width = int(np.prod(shape[1:]))
        return np.array([result[:width] for result in self.results.values()]).reshape(shape)

    @property
    def held_out(self) -> Floats:
        """Values in the rows that judge, (T, k)."""
        return self.values[:, 1] if self.work.resamples else self.values

    @cached_property
    def sizes(self) -> Floats:
        """Numbers of patients fitted and judged in each task, (T, 2)."""
        tasks = (self.work.plan.task(self.work.rows, task) for task in self.results)
        return np.array([(len(task.train), len(task.test)) for task in tasks], float).reshape(-1, 2)


class Summary(NamedTuple):
    """Table of one model, and what must be said about it."""

    table: pd.DataFrame
    warnings: list[Finding]


def summarise(found: Found) -> Summary:
    """Correct the apparent values; a value that too many tasks lack is not given, and said so (V05)."""
    missing = ~np.isfinite(found.held_out) & ~_pooled(found)
    share = missing.mean(axis=0)
    corrected = _corrected(found)
    gone = share > MISSING_SHARE
    columns = {name: np.where(gone, np.nan, values) for name, values in corrected._asdict().items()}
    places = pd.DataFrame(found.places, columns=list(Place._fields))
    table = places.assign(
        model=found.name, apparent=found.apparent, optimism=found.apparent - columns["corrected"], **columns
    )
    return Summary(table[list(COLUMNS)], [*_constant(found), *_said(found, missing)])


def _constant(found: Found) -> list[Finding]:
    """Warn (M04) of a model that tells no two patients apart: its C of one half is no finding."""
    same = find_constant(found.work.original.marker[:, None])
    return [replace(finding, rule=f"model {found.name}: {finding.rule}") for finding in same]


def _corrected(found: Found) -> Corrected:
    """Correct by the rule of the plan; limits stop at the smallest and largest possible value."""
    bounds = np.array([_index_of(found, place).bounds for place in found.places]).reshape(-1, 2)
    return _resampled(found, bounds) if found.work.resamples else _left_out(found, bounds)


def _resampled(found: Found, bounds: Floats) -> Corrected:
    fixed = np.array([_index_of(found, place).fixed_when_apparent for place in found.places], bool)
    if found.work.plan.method == "bootstrap":
        return corrected_by_optimism(found.apparent, found.values, fixed, bounds)
    everybody = found.work.judged.evaluation(found.work.original, np.arange(found.work.rows.n))
    nothing = np.concatenate([index.without_information(everybody) for index in found.work.chosen])
    return corrected_by_632(found.apparent, found.values, nothing, fixed, bounds)


def _left_out(found: Found, bounds: Floats) -> Corrected:
    ratio = float((found.sizes[:, 1] / found.sizes[:, 0]).mean())
    mean, _, reach = mean_of_tasks(found.values, ratio)
    mean = np.where(_pooled(found), _together(found), mean)
    return Corrected(mean, np.maximum(mean - reach, bounds[:, 0]), np.minimum(mean + reach, bounds[:, 1]))


def _pooled(found: Found) -> NDArray[np.bool_]:
    """Tell which values are measured in all patients left out together, (k,)."""
    alone = not found.work.resamples
    return np.array([alone and _index_of(found, place).pooled for place in found.places], bool)


def _together(found: Found) -> Floats:
    """Measure those in the risks of every repeat, and take the mean, (k,); not a number without a whole repeat."""
    if not _pooled(found).any():
        return np.full(len(found.places), np.nan)
    work, values = found.work, []
    for risk in repeats_of(found):
        answers = Answers(risk[:, 0], np.empty(0), risk, lambda _: Recalibration(np.nan))
        values.append(values_of(work.judged.evaluation(answers, np.arange(work.rows.n)), work.chosen))
    return np.mean(values, axis=0) if values else np.full(len(found.places), np.nan)


def repeats_of(found: Found) -> Iterator[Floats]:
    """Yield the risks of all patients, (n, h), of every repeat in which each is left out once."""
    work, h = found.work, len(found.work.judged.horizons)
    risk, seen = np.full((work.rows.n, h), np.nan), np.zeros(work.rows.n, np.int64)
    for number, result in found.results.items():
        test = work.plan.task(work.rows, number).test
        risk[test] = result[len(found.places) :].reshape(-1, h)
        seen[test] += 1
        if (seen == 1).all():
            yield risk
            risk, seen = np.full((work.rows.n, h), np.nan), np.zeros(work.rows.n, np.int64)


def _index_of(found: Found, place: Place) -> Index:
    return next(index for index in found.work.chosen if index.name == place.metric)


def _said(found: Found, missing: NDArray[np.bool_]) -> list[Finding]:
    """Name the values that some tasks lack, with the reason in the first of them (V05)."""
    lines: dict[str, tuple[str, list[str]]] = {}
    tasks = list(found.results)
    for number, place in enumerate(found.places):
        if not missing[:, number].any():
            continue
        first = tasks[int(np.flatnonzero(missing[:, number])[0])]
        code, why = _reason(found, first, place)
        where = place.metric if np.isnan(place.horizon) else f"{place.metric} at {place.horizon:g}"
        lines.setdefault(code, (why, []))[1].append(f"{where} ({int(missing[:, number].sum())} of {len(tasks)})")
    return [
        Finding(
            "V05",
            f"model {found.name}: not measured in every task: {', '.join(dict.fromkeys(places))}; for example: {why}",
            "values missing in more than 5 % of the tasks are not given; choose earlier horizons or larger folds",
            severity="warning",
        )
        for why, places in lines.values()
    ]


def _reason(found: Found, task: int, place: Place) -> tuple[str, str]:
    work = found.work
    rows = work.plan.task(work.rows, task)
    answers = work.refits(rows.train, task + 1)
    reason = reason_at(work.judged.evaluation(answers, rows.test), _index_of(found, place), place.horizon)
    return ("", "the value is not finite") if reason is None else (reason.code, f"{reason.code} {reason.rule}")


def raw_of(found: Found) -> pd.DataFrame:
    """List every value of every task."""
    k, tasks = len(found.places), list(found.results)
    places = pd.DataFrame(found.places, columns=list(Place._fields))
    table = pd.concat([places] * len(tasks), ignore_index=True) if tasks else places.iloc[:0]
    table.insert(0, "model", found.name)
    labels = [found.work.plan.task(found.work.rows, task).label for task in tasks]
    table = table.assign(resample=np.repeat(tasks, k), task=np.repeat(np.array(labels, object), k))
    if found.work.resamples:
        names = ("in_resample", "in_original" if found.work.plan.method == "bootstrap" else "held_out",
                 "original_model_in_resample")  # fmt: skip
        return table.assign(**{name: found.values[:, place].ravel() for place, name in enumerate(names)})
    trained, tested = np.repeat(found.sizes, k, axis=0).T
    return table.assign(held_out=found.values.ravel(), trained=trained, tested=tested)


def held_out_of(found: Found, ids: Sequence[str]) -> HeldOut | None:
    """Return the risks of patients left out, of the first repeat in which each is left out once; None without one."""
    horizons = found.work.judged.horizons
    if found.work.resamples or not len(horizons):
        return None
    return next((HeldOut(tuple(ids), horizons, risk) for risk in repeats_of(found)), None)
