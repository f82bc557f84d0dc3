"""A model's answers for the patients of another cohort, beside what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.evaluation import Evaluation, Recalibration
from prognosis.new_cohort import NewCohort
from prognosis.outcome import SurvivalArrays
from prognosis.refits import Answers, Judged
from prognosis.special_columns import SpecialColumns

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Judging:
    """Answers for n patients at the horizons that can be judged.

    Parameters
    ----------
    answers : of the model. judged : outcome, horizons and thresholds. horizons : (h,) all that were asked for.
    beyond : why a horizon cannot be judged, by the horizon.
    """

    answers: Answers
    judged: Judged
    horizons: Floats
    beyond: dict[float, Finding]

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.answers.marker)

    def evaluation(self, rows: Integers | None = None) -> Evaluation:
        """Answers and outcome of some patients (repeats allowed), all without `rows`."""
        return self.judged.evaluation(self.answers, np.arange(self.n) if rows is None else rows)


def judge(model: FittedModel, new: NewCohort, horizons: Floats, thresholds: tuple[float, ...]) -> Judging:
    """Let the model answer for all patients.

    Risks are the model's own, averaged over the draws where a predictor is imputed. Pairs and risk sets of a
    stratified model are those within strata. Every patient counts once.
    """
    answering = model.answering
    risk, _, _, eta = answering.risk(new.frame, horizons, 0.95, "log")
    beyond = _beyond(model, new, horizons, risk)
    usable = np.array([float(h) not in beyond for h in horizons], bool)
    stratum = answering.stratum(new.frame)
    # Cause-specific hazards have no linear predictor that orders the patients by their absolute risk.
    marker = risk[:, usable][:, -1] if hasattr(model.estimate, "causes") and usable.any() else eta
    answers = Answers(marker, eta, risk[:, usable], partial(_recalibrated, model.recipe, new.outcome, stratum, eta))
    judged = Judged(new.outcome, None, stratum, horizons[usable], thresholds)
    return Judging(answers, judged, horizons, beyond)


def _recalibrated(
    recipe: Any, outcome: SurvivalArrays, stratum: Integers | None, eta: Floats, rows: Integers
) -> Recalibration:
    special = SpecialColumns(np.ones(len(rows)), None if stratum is None else stratum[rows])
    found: Recalibration = recipe.recalibrated(outcome.take(rows), special, eta[rows])
    return found


def _beyond(model: FittedModel, new: NewCohort, horizons: Floats, risk: Floats) -> dict[float, Finding]:
    """Say which horizons the model, or the new cohort, knows nothing of."""
    if not new.outcome.timed:
        return {}
    last, found = float(new.outcome.time.max()), {}
    for horizon, column in zip(map(float, horizons), risk.T, strict=True):
        if not np.isfinite(column).all():
            rule = (
                f"the model gives no risk at {horizon:g} {model.unit} for {int((~np.isfinite(column)).sum())} patients"
            )
            found[horizon] = Finding("E13", rule, "choose a horizon within its follow-up", severity="warning")
        elif horizon > last:
            rule = f"horizon {horizon:g} {model.unit} lies beyond the follow-up of the new cohort ({last:g})"
            found[horizon] = Finding("E13", rule, "choose an earlier horizon", severity="warning")
    return found
