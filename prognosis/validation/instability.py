"""How much a patient's risk depends on who happened to be in the training cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.execution import Execution
from prognosis.refits import Refits
from prognosis.validation.plans import Bootstrap, PlanRows
from prognosis.validation.resampled import in_resamples, over_resamples

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
    asked = in_resamples(study, model, horizon, repeats)
    work = _Resampled(asked.refits, asked.rows, asked.plan)
    kept, findings = over_resamples("instability", model.name, work, repeats, execution, progress)
    risk = asked.recipe.answers(asked.X, asked.y, asked.times).risk[:, 0]
    time, failed = float(asked.times[0]), repeats - len(kept)
    return Instability(model.name, study.outcome.ids, time, risk, kept, failed, tuple(findings))
