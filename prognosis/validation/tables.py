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
from prognosis.evaluation import Evaluation
from prognosis.execution import TaskFailure
from prognosis.metrics.index import Index
from prognosis.metrics.time_dependent import find_constant
from prognosis.validation.pooled import evaluation_of, left_out, pooled_values
from prognosis.validation.result import COLUMNS, HeldOut
from prognosis.validation.summary import (
    Corrected,
    Scale,
    corrected_by_632,
    corrected_by_optimism,
    mean_of_known,
    mean_of_tasks,
)
from prognosis.validation.work import Place, Work, places_of, reason_at

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

    @cached_property
    def fixed(self) -> NDArray[np.bool_]:
        """Tell which values follow from the fit itself when apparent, (k,)."""
        return np.array([_index_of(self, place).fixed_when_apparent for place in self.places], bool)

    @cached_property
    def pooled(self) -> NDArray[np.bool_]:
        """Tell which values are measured in all patients left out together, (k,)."""
        alone = not self.work.resamples
        return np.array([alone and _index_of(self, place).pooled for place in self.places], bool)

    @cached_property
    def together(self) -> Floats:
        """Pooled values of every whole division, (D, k)."""
        return pooled_values(self.work, self.results, self.pooled)

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
    missing = [_missing(found, number) for number in range(len(found.places))]
    corrected = _corrected(found)
    # without a single whole division nothing is known
    gone = np.array([lacks.mean() > MISSING_SHARE if len(lacks) else True for lacks in missing], bool)
    columns = {name: np.where(gone, np.nan, values) for name, values in corrected._asdict().items()}
    places = pd.DataFrame(found.places, columns=list(Place._fields))
    table = places.assign(
        model=found.name, apparent=found.apparent, optimism=found.apparent - columns["corrected"], **columns
    )
    return Summary(table[list(COLUMNS)], [*_constant(found), *_said(found, missing)])


def _missing(found: Found, number: int) -> NDArray[np.bool_]:
    """Tell which tasks, or divisions for a pooled metric, lack a value that the correction needs."""
    if found.pooled[number]:
        return ~np.isfinite(found.together[:, number])
    if found.work.plan.method != "bootstrap":
        return ~np.isfinite(found.held_out[:, number])
    needed = found.values[:, : 3 if found.fixed[number] else 2, number]
    return np.asarray(~np.isfinite(needed).all(axis=1))


def _constant(found: Found) -> list[Finding]:
    """Warn (M04) of a model that tells no two patients apart: its C of one half is no finding."""
    same = find_constant(found.work.original.marker[:, None])
    return [replace(finding, rule=f"model {found.name}: {finding.rule}") for finding in same]


def _corrected(found: Found) -> Corrected:
    """Correct by the rule of the plan; limits stop at the smallest and largest possible value."""
    bounds = np.array([_index_of(found, place).bounds for place in found.places]).reshape(-1, 2)
    return _resampled(found, bounds) if found.work.resamples else _left_out(found, bounds)


def _resampled(found: Found, bounds: Floats) -> Corrected:
    if found.work.plan.method == "bootstrap":
        return corrected_by_optimism(found.apparent, found.values, found.fixed, bounds)
    everybody = found.work.judged.evaluation(found.work.original, np.arange(found.work.rows.n))
    nothing = np.concatenate([index.without_information(everybody) for index in found.work.chosen])
    upwards = np.array([_index_of(found, place).higher_is_better is not False for place in found.places], bool)
    return corrected_by_632(found.apparent, found.values, Scale(nothing, upwards, found.fixed, bounds))


def _left_out(found: Found, bounds: Floats) -> Corrected:
    ratio = float((found.sizes[:, 1] / found.sizes[:, 0]).mean())
    mean, _, reach = mean_of_tasks(found.values, ratio)
    mean = np.where(found.pooled, mean_of_known(found.together), mean)
    return Corrected(mean, np.maximum(mean - reach, bounds[:, 0]), np.minimum(mean + reach, bounds[:, 1]))


def _index_of(found: Found, place: Place) -> Index:
    return next(index for index in found.work.chosen if index.name == place.metric)


def _said(found: Found, missing: Sequence[NDArray[np.bool_]]) -> list[Finding]:
    """Name the values that some tasks lack, with the reason in the first of them (V05)."""
    lines: dict[str, tuple[str, list[str]]] = {}
    for number, (place, lacks) in enumerate(zip(found.places, missing, strict=True)):
        if len(lacks) and not lacks.any():
            continue
        code, why = _reason(found, number, int(np.argmax(lacks)) if len(lacks) else None)
        where = place.metric if np.isnan(place.horizon) else f"{place.metric} at {place.horizon:g}"
        together = " divisions" if found.pooled[number] else ""
        lines.setdefault(code, (why, []))[1].append(f"{where} ({int(lacks.sum())} of {len(lacks)}{together})")
    return [
        Finding(
            "V05",
            f"model {found.name}: not measured in every task: {', '.join(dict.fromkeys(places))}; for example: {why}",
            "values missing in more than 5 % of the tasks are not given; choose earlier horizons or larger folds",
            severity="warning",
        )
        for why, places in lines.values()
    ]


def _reason(found: Found, number: int, first: int | None) -> tuple[str, str]:
    """Code and words for why a value is not known in the first task (or division) that lacks it."""
    if first is None:
        return "no division", "in every division of the patients a refit failed"
    place = found.places[number]
    index = _index_of(found, place)
    reasons = (reason_at(evaluation, index, place.horizon) for evaluation in _judged(found, number, first))
    reason = next((each for each in reasons if each is not None), None)
    undefined = "not defined in these patients (no two to compare, nobody above the threshold) or for this model"
    return ("", undefined) if reason is None else (reason.code, f"{reason.code} {reason.rule}")


def _judged(found: Found, number: int, first: int) -> Iterator[Evaluation]:
    """Yield the evaluations that a value of a task (or division) is made of."""
    work = found.work
    if found.pooled[number]:
        yield evaluation_of(work, list(left_out(work, found.results, len(found.places)))[first])
        return
    task = list(found.results)[first]
    rows = work.plan.task(work.rows, task)
    answers = work.refits(rows.train, task + 1)
    yield work.judged.evaluation(answers, rows.test)
    if work.plan.method == "bootstrap":
        yield work.judged.evaluation(answers, rows.train)
        yield work.judged.evaluation(work.original, rows.train)


def _label(work: Work, task: int) -> str:
    """Name a task; rows of resamples are not drawn again for it."""
    return f"resample {task + 1}" if work.resamples else work.plan.task(work.rows, task).label


def raw_of(found: Found) -> pd.DataFrame:
    """List every value of every task."""
    k, tasks = len(found.places), list(found.results)
    places = pd.DataFrame(found.places, columns=list(Place._fields))
    labels = [_label(found.work, task) for task in tasks]
    table = pd.DataFrame({"model": found.name, **{name: np.tile(places[name], len(tasks)) for name in places},
                          "resample": np.repeat(np.array(tasks, np.int64), k),
                          "task": np.repeat(np.array(labels, object), k)})  # fmt: skip
    if found.work.resamples:
        names = ("in_resample", "in_original" if found.work.plan.method == "bootstrap" else "held_out",
                 "original_model_in_resample")  # fmt: skip
        return table.assign(**{name: found.values[:, place].ravel() for place, name in enumerate(names)})
    trained, tested = np.repeat(found.sizes, k, axis=0).T
    return table.assign(held_out=found.values.ravel(), trained=trained, tested=tested)


def held_out_of(found: Found, ids: Sequence[str]) -> HeldOut | None:
    """Return the risks of patients left out, of the first division that leaves everybody out; None without one."""
    work = found.work
    if work.resamples or not len(work.judged.horizons):
        return None
    for each in left_out(work, found.results, len(found.places)):
        if len(each.rows) == work.rows.n:
            return HeldOut(tuple(ids), work.judged.horizons, each.risk[np.argsort(each.rows)])
    return None
