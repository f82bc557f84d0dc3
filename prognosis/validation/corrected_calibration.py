"""The calibration curve of a model inside its own cohort, corrected for the optimism of judging it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.execution import Execution
from prognosis.metrics.calibration_curve import CalibrationCurve, calibration_curve
from prognosis.outcome import SurvivalArrays
from prognosis.refits import Judged, Refits
from prognosis.validation.plans import Bootstrap, PlanRows
from prognosis.validation.resampled import in_resamples, over_resamples
from prognosis.validation.summary import mean_of_known

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CorrectedCalibration:
    """Observed risk as a function of the predicted one, corrected for optimism, at m predicted risks.

    Parameters
    ----------
    model : name. horizon : of the risks. predicted, apparent, corrected : (m,).
    lower, upper : (m,) pointwise band of the apparent curve, moved by the same correction.
    risk : (n,) predicted risks of the patients. failed : resamples without a curve. warnings : findings.

    Notes
    -----
    Sources: ``rms::calibrate`` (Harrell 2015); the curve is that of `calibration_curve`.
    """

    model: str
    horizon: float
    predicted: Floats
    apparent: Floats
    corrected: Floats
    lower: Floats
    upper: Floats
    risk: Floats
    failed: int
    warnings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One line a point: predicted, apparent, corrected, lower, upper."""
        names = ("predicted", "apparent", "corrected", "lower", "upper")
        return pd.DataFrame({name: getattr(self, name) for name in names})


@dataclass(frozen=True, eq=False)
class _Optimism:
    """Task: by how much the curve is better in the resample of a refit than in the original rows, (m,)."""

    refits: Refits
    judged: Judged
    rows: PlanRows
    plan: Bootstrap
    places: Floats

    def __call__(self, index: int) -> Floats:
        task = self.plan.task(self.rows, index)
        risk = self.refits(task.train, index + 1).risk
        inside, outside = (
            _curve(self.judged.outcome.take(chosen), risk[chosen], self.judged.horizons, self.places).observed[0]
            for chosen in (task.train, task.test)
        )
        return inside - outside


def corrected_calibration(
    study: Study,
    model: FittedModel,
    horizon: float | None,
    repeats: int,
    execution: Execution,
    progress: Callable[[int, int], None] | None,
) -> CorrectedCalibration:
    """Correct a calibration curve by the mean optimism of bootstrap resamples at each predicted risk.

    Raises
    ------
    FitError
        V01 a model of another study; V07 no horizon; V08 a binary outcome, or case weights; M10 when more than 5 % of
        the resamples cannot be fitted or have no curve; what `calibration_curve` raises.
    """
    raise_findings(_unsuited(study, model), FitError)
    asked = in_resamples(study, model, horizon, repeats)
    judged = asked.recipe.judged(asked.X, asked.y, asked.times)
    risk = asked.recipe.answers(asked.X, asked.y, asked.times).risk
    apparent = _curve(judged.outcome, risk, asked.times, None)
    work = _Optimism(asked.refits, judged, asked.rows, asked.plan, apparent.predicted[0])
    kept, findings = over_resamples("calibration", model.name, work, repeats, execution, progress)
    return _assembled(model.name, apparent, kept, repeats - len(kept), tuple(findings))


def _assembled(
    name: str, apparent: CalibrationCurve, kept: Floats, failed: int, findings: tuple[Finding, ...]
) -> CorrectedCalibration:
    # a place beyond the risks of a resample has no curve there; beyond those of all, no correction is known
    optimism = mean_of_known(kept)
    curve, (lower, upper) = apparent.observed[0], apparent.limits()
    corrected, low, high = (np.clip(values - optimism, 0.0, 1.0) for values in (curve, lower[0], upper[0]))
    return CorrectedCalibration(
        model=name,
        horizon=float(apparent.horizons[0]),
        predicted=apparent.predicted[0],
        apparent=curve,
        corrected=corrected,
        lower=low,
        upper=high,
        risk=apparent.risk[:, 0],
        failed=failed,
        warnings=(*apparent.warnings, *findings),
    )


def _curve(outcome: SurvivalArrays, risk: Floats, horizons: Floats, at: Floats | None) -> CalibrationCurve:
    return calibration_curve(outcome, risk, horizons, method="pseudo-values" if outcome.entry is None else "cox", at=at)


def _unsuited(study: Study, model: FittedModel) -> list[Finding]:
    if study.endpoint.kind == "binary":
        rule, advice = "a corrected curve of a binary outcome is not made", "validate by cross-validation"
        return [Finding("V08", rule, advice)]
    if getattr(model.recipe, "weights", None):
        return [Finding("V08", "a calibration curve does not count case weights", "fit without weights")]
    return []
