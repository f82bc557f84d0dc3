"""How much a patient's risk depends on who happened to be in the training cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, eq=False)
class Instability:
    """Risks of the same patients by models fitted to bootstrap resamples.

    Parameters
    ----------
    model : name. ids : n patients. horizon : not a number for a binary outcome. risk : (n,) of the model itself.
    resampled : (B, n) of the models of the resamples; not a number beyond such a model's follow-up.
    failed : resamples that could not be fitted. warnings : findings.

    Notes
    -----
    Source: Riley and Collins (2023), "Stability of clinical prediction models developed using statistical or machine
    learning methods"; the mean absolute prediction error (MAPE) is their index.
    """

    model: str
    ids: tuple[str, ...]
    horizon: float
    risk: Floats
    resampled: Floats
    failed: int
    warnings: tuple[Finding, ...] = ()

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the range that holds this share of the resampled models' risks of each patient, (n,) each."""
        lower, upper = np.nanquantile(self.resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return lower, upper

    @property
    def mape(self) -> Floats:
        """Mean absolute difference between a patient's risk by the resampled models and by the model, (n,)."""
        return np.asarray(np.nanmean(np.abs(self.resampled - self.risk), axis=0))

    def classified_otherwise(self, threshold: float) -> Floats:
        """Share of the resampled models that put a patient on the other side of a threshold, (n,)."""
        other = (self.resampled >= threshold) != (self.risk >= threshold)
        return np.asarray(np.nanmean(np.where(np.isfinite(self.resampled), other, np.nan), axis=0))

    @property
    def table(self) -> pd.DataFrame:
        """One line a patient: id, risk, lower, upper (95 %), mape."""
        lower, upper = self.limits()
        return pd.DataFrame({"id": self.ids, "risk": self.risk, "lower": lower, "upper": upper, "mape": self.mape})


@dataclass(frozen=True, eq=False)
class _Resampled:
    """Task: the risks of all patients by the model of one resample."""

    refits: Refits
    rows: PlanRows
    plan: Bootstrap

    def __call__(self, index: int) -> Floats:
        train = self.plan.task(self.rows, index).train
        return np.asarray(self.refits(train, index + 1).risk[:, 0])


def instability_of(
    study: Study,
    model: FittedModel,
    horizon: float | None,
    repeats: int,
    execution: Execution,
    progress: Callable[[int, int], None] | None,
) -> Instability:
    """Refit a model in bootstrap resamples and keep the risks of its own patients at one horizon.

    Raises
    ------
    FitError
        V01 a model of another study; V07 no horizon; M10 when more than 5 % of the resamples cannot be fitted.
    """
    raise_findings(check_models(study, [model]), FitError)
    time = asked_horizon(study, horizon)
    recipe = model.freshly_fitted().honest()
    X, y, times = study.columns_of(recipe), study.outcome.to_structured(), np.array([time])
    plan = Bootstrap(repeats)
    work = _Resampled(refits_in(study, recipe, X, y, times, plan), plan_rows(study, X, recipe, None), plan)
    with shown("instability", progress) as report:
        # without a key of its own in the journal: entries of another question would be taken for these
        apart = replace(execution, journal=None)
        results = run_tasks(work, range(repeats), apart, "", lambda done: report(0, repeats, done))
    failures = [result for result in results if isinstance(result, TaskFailure)]
    findings = too_many_failures(model.name, failures, repeats)
    raise_findings(findings, FitError)
    kept = np.array([result for result in results if not isinstance(result, TaskFailure)])
    risk = recipe.answers(X, y, times).risk[:, 0]
    return Instability(model.name, study.outcome.ids, time, risk, kept, len(failures), tuple(findings))


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
