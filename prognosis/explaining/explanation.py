"""What each predictor adds to a patient's risk, as a value that sums to the prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.prediction import Remark

Floats = NDArray[np.float64]
Scale = Literal["risk", "linear_predictor"]
SCALES = ("risk", "linear_predictor")
# Largest distance of base and contributions from the prediction, of 1 or of the prediction if that is larger.
TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class Parts:
    """Contributions of m patients, (m, variables, h), what they start from, (m, h), and their errors, or None."""

    values: Floats
    base: Floats
    error: Floats | None

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """Values, base and, where there are some, errors: what is averaged over imputed draws."""
        return (self.values, self.base) if self.error is None else (self.values, self.base, self.error)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Contributions of the predictors to the predictions of some patients: Shapley values.

    Parameters
    ----------
    ids : patients. variables : clinical predictors, each with all of its columns (spline, levels); `labels` : their
        English names. horizons : (h,) in `unit`; not a number for a binary endpoint and for the linear predictor.
    values : (patients, variables, h) what each variable adds. base : (patients, h) the prediction with no variable
        known. prediction : (patients, h), base and values added up.
    scale : ``risk``, probability of the event by the horizon, or ``linear_predictor``.
    method : how, in words. reference : what a variable that is not known is averaged over, in words.
    patients : (patients, variables) their values, checked and typed; a missing one was imputed for the answer.
    background : number of patients that it is averaged over; 0 where no background was used. made_up : True where
        they are made up from the profile of the training cohort.
    error : standard errors of values that were sampled, (patients, variables, h); None where they are exact.
    remarks : what must be known about the predictions.

    Notes
    -----
    A contribution says how the model uses a value, not what would happen if it were changed: associated, not caused.
    """

    ids: tuple[str, ...]
    variables: tuple[str, ...]
    labels: Mapping[str, str]
    horizons: Floats
    unit: str
    values: Floats
    base: Floats
    prediction: Floats
    scale: Scale
    method: str
    reference: str
    patients: pd.DataFrame
    background: int = 0
    made_up: bool = False
    error: Floats | None = None
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        """Check that base and contributions add up to the prediction.

        Raises
        ------
        PredictionError
            X01 they do not: the numbers would be wrong.
        """
        total = self.base + self.values.sum(axis=1)
        unlike = np.isnan(total) != np.isnan(self.prediction)
        with np.errstate(invalid="ignore"):
            unlike |= np.abs(total - self.prediction) > TOLERANCE * np.maximum(1.0, np.abs(self.prediction))
        if unlike.any():
            rows = tuple(np.array(self.ids, dtype=object)[unlike.any(axis=1)])
            rule = f"contributions ({self.method}) do not add up to the prediction"
            raise PredictionError(Finding("X01", rule, "report this: the explanation would be wrong", rows=rows))

    @property
    def global_importance(self) -> pd.DataFrame:
        """Mean size of the contributions over the patients: variable, horizon, importance; largest first."""
        size = np.abs(self.values).mean(axis=0)
        table = pd.DataFrame(
            {
                "variable": np.repeat(np.array(self.variables, dtype=object), len(self.horizons)),
                "horizon": np.tile(self.horizons, len(self.variables)),
                "importance": size.ravel(),
            }
        )
        return table.sort_values(["horizon", "importance"], ascending=[True, False], kind="stable", ignore_index=True)

    @property
    def table(self) -> pd.DataFrame:
        """One line a patient, horizon, variable: id, horizon, variable, value, contribution, error, base, prediction.

        `value` is text, as it was given; `error` is not a number where the contribution is exact.
        """
        m, v, h = self.values.shape
        error = np.full_like(self.values, np.nan) if self.error is None else self.error
        texts = self.patients[list(self.variables)].astype(object).to_numpy()

        def lines(part: Floats) -> Floats:
            return np.repeat(part[:, :, None], v, axis=2).ravel()

        return pd.DataFrame(
            {
                "id": np.repeat(np.array(self.ids, dtype=object), v * h),
                "horizon": np.tile(np.repeat(self.horizons, v), m),
                "variable": np.tile(np.array(self.variables, dtype=object), m * h),
                "value": ["" if pd.isna(cell) else str(cell) for row in texts for _ in range(h) for cell in row],
                "contribution": self.values.transpose(0, 2, 1).ravel(),
                "error": error.transpose(0, 2, 1).ravel(),
                "base": lines(self.base),
                "prediction": lines(self.prediction),
            }
        )
