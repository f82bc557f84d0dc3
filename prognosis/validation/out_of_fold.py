"""Everybody's risk by a model fitted without them, for what reports say of patients with a similar risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from prognosis.execution import Execution, TaskFailure, run_tasks
from prognosis.progress import shown
from prognosis.refits import Refits
from prognosis.validation.identity import key_of
from prognosis.validation.plans import CrossValidation, Plan, PlanRows
from prognosis.validation.risk_bands import EVENTS, PEOPLE, RiskBands, risk_bands
from prognosis.validation.tables import Found, held_out_of

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
# One division more is made after at least so many resamples only, which cost far more.
RESAMPLES = 20


@dataclass(frozen=True, eq=False)
class LeaveOut:
    """Task: risks of the patients of one fold by a model of the others, (m * h,)."""

    refits: Refits
    plan: Plan
    rows: PlanRows

    def __call__(self, index: int) -> Floats:
        """Fit without the fold and answer for it."""
        task = self.plan.task(self.rows, index)
        return self.refits(task.train, index + 1).risk[task.test].ravel()


def bands_of(study: Study, model: FittedModel, found: Found, execution: Execution) -> tuple[RiskBands, ...]:
    """Return bands of out-of-fold risk at each horizon, () where this validation gives nobody such a risk.

    A cross-validation gives them by its first repeat. After resamples (at least 20) the patients are divided once into
    10 folds (5 with fewer than 100 events), as `CrossValidation` does; a fold that cannot be fitted: no bands.
    """
    work = found.work
    held = held_out_of(found, study.outcome.ids)
    risk = held.risk if held is not None else _risk_once(study, model, found, execution)
    if risk is None:
        return ()
    judged = work.judged
    return risk_bands(judged.outcome, risk, judged.horizons, judged.weight, work.rows.cluster)


def _risk_once(study: Study, model: FittedModel, found: Found, execution: Execution) -> Floats | None:
    work, plan = found.work, CrossValidation(None, 1)
    events = int((work.rows.event == 1).sum())
    units = work.rows.n if work.rows.cluster is None else int(work.rows.cluster.max()) + 1
    enough = events >= 2 * EVENTS and units >= 2 * PEOPLE
    if not (work.resamples and len(found.results) >= RESAMPLES and enough and len(work.judged.horizons)):
        return None
    key, count = "", plan.count(work.rows)
    if execution.journal is not None:
        recipe = model.freshly_fitted()
        key = key_of(found.name, replace(work, plan=plan, metrics=("risk bands",)), recipe, study.columns_of(recipe))
    with shown("bands of risk") as report:
        done = partial(report, 0, count)
        results = run_tasks(LeaveOut(work.refits, plan, work.rows), range(count), execution, key, done)
    return _together(results, plan, work.rows, len(work.judged.horizons))


def _together(results: Sequence[Floats | TaskFailure], plan: Plan, rows: PlanRows, h: int) -> Floats | None:
    risk = np.full((rows.n, h), np.nan)
    for task, result in enumerate(results):
        if isinstance(result, TaskFailure):
            return None
        risk[plan.task(rows, task).test] = result.reshape(-1, h)
    return risk
