"""Bootstrap resamples of a study for what is no metric: risks or curves of every refit at one horizon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.execution import Execution, TaskFailure, run_tasks
from prognosis.horizons import checked_horizons
from prognosis.progress import shown
from prognosis.refits import Refits
from prognosis.study_checks import check_study_horizons
from prognosis.validation.engine import check_models, too_many_failures
from prognosis.validation.plans import Bootstrap, PlanRows
from prognosis.validation.rows import plan_rows
from prognosis.validation.stored_scores import refits_in

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]


class InResamples(NamedTuple):
    """A model's recipe and its rows (X, y), what refits it, and how rows are drawn; `times` (1,) the horizon."""

    recipe: Any
    X: pd.DataFrame
    y: NDArray[np.void]
    times: Floats
    refits: Refits
    rows: PlanRows
    plan: Bootstrap


def in_resamples(study: Study, model: FittedModel, horizon: float | None, repeats: int) -> InResamples:
    """Prepare the refits of a model in bootstrap resamples of its study.

    Raises
    ------
    FitError
        V01 a model of another study, or too few resamples; V07 no horizon, or one of a binary outcome.
    PredictionError, DataContractError
        P12, P10 an impossible horizon.
    """
    raise_findings(check_models(study, [model]), FitError)
    times, plan = np.array([asked_horizon(study, horizon)]), Bootstrap(repeats)
    recipe = model.freshly_fitted().honest()
    X, y = study.columns_of(recipe), study.outcome.to_structured()
    refits = refits_in(study, recipe, X, y, times, plan)
    return InResamples(recipe, X, y, times, refits, plan_rows(study, X, recipe, None), plan)


def over_resamples(
    what: str,
    name: str,
    work: Callable[[int], Floats],
    repeats: int,
    execution: Execution,
    progress: Callable[[int, int], None] | None,
) -> tuple[Floats, list[Finding]]:
    """Do the work of every resample; return the results (one row each) and what must be said of those that failed.

    Raises
    ------
    FitError
        M10 more than 5 % of them failed.
    """
    with shown(what, progress) as report:
        # without a key of its own in the journal: entries of another question would be taken for these
        apart = replace(execution, journal=None)
        results = run_tasks(work, range(repeats), apart, "", lambda done: report(0, repeats, done))
    failures = [result for result in results if isinstance(result, TaskFailure)]
    findings = too_many_failures(name, failures, repeats)
    raise_findings(findings, FitError)
    return np.array([result for result in results if not isinstance(result, TaskFailure)]), findings


def asked_horizon(study: Study, horizon: float | None) -> float:
    """Return the horizon that is asked for, by default the study's last; not a number for a binary outcome.

    Raises
    ------
    FitError
        V07 no horizon, or one of a binary outcome.
    PredictionError
        P12 a horizon that is no positive number.
    DataContractError
        P10 one beyond the follow-up, where no risk is known.
    """
    if study.endpoint.kind == "binary":
        if horizon is not None:
            raise FitError(Finding("V07", "a binary outcome has no horizon", "leave horizon out"))
        return float("nan")
    if horizon is None and not study.horizons:
        raise FitError(Finding("V07", "risks at which horizon?", "give horizon=..., or declare horizons"))
    times = checked_horizons([max(study.horizons) if horizon is None else horizon])
    raise_findings(check_study_horizons(tuple(times), study.outcome, study.endpoint), DataContractError)
    return float(times[0])
