"""From checked patients to numbers: linear predictor and risk, averaged where a predictor had to be imputed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.cox.baseline import Interval
from prognosis.estimate import require_coefficients
from prognosis.imputation.stored import StoredImputation
from prognosis.joint_distance import JointDistance, joint_remark
from prognosis.prediction import Remark
from prognosis.preparation import Preparation
from prognosis.special_columns import stratum_labels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answering:
    """What a model needs to answer for a typed frame of patients, in which known values are beyond doubt.

    Parameters
    ----------
    preparation, estimate, imputation, seed : of the model. offset : column with a fixed part, or None.
    """

    preparation: Preparation
    estimate: Any
    offset: str | None
    imputation: StoredImputation | None
    seed: int

    def risk(self, frame: pd.DataFrame, times: Floats, level: float, interval: Interval) -> tuple[Floats, ...]:
        """Risk, lower and upper limit, (m, h) each, and the linear predictor, (m,)."""

        def answer(rows: pd.DataFrame) -> tuple[Floats, ...]:
            design, offset = self.preparation.design(rows), self.offset_of(rows)
            stratum = self.stratum(rows)
            risk = self.estimate.risk(design, times, offset=offset, stratum=stratum, level=level, interval=interval)
            return (*risk, self.estimate.linear_predictor(design, offset))

        return self._averaged(frame, answer)

    def linear_predictor(self, frame: pd.DataFrame) -> Floats:
        """Linear predictor against the training means, (m,)."""

        def answer(rows: pd.DataFrame) -> tuple[Floats, ...]:
            return (self.estimate.linear_predictor(self.preparation.design(rows), self.offset_of(rows)),)

        return self._averaged(frame, answer)[0]

    def design(self, frame: pd.DataFrame) -> Floats:
        """Uncentred design columns, (m, p), averaged over the draws where predictors are imputed."""
        return self._averaged(frame, lambda rows: (self.preparation.design(rows),))[0]

    def contributions(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what each predictor adds to the linear predictor, patients x predictors."""
        require_coefficients(self.estimate, "contributions to a linear predictor")
        means, coefficients = self.estimate.means, self.estimate.coefficients
        (parts,) = self._averaged(frame, lambda rows: ((self.preparation.design(rows) - means) * coefficients,))
        out = pd.DataFrame(0.0, index=[str(row) for row in frame.index], columns=list(self.preparation.predictors))
        for part, column in zip(parts.T, self.preparation.columns, strict=True):
            for variable in column.variables:
                out[variable] += part / len(column.variables)
        return out

    def joint_remarks(self, frame: pd.DataFrame, distance: JointDistance | None) -> list[Remark]:
        """Say (P08) whose known values, each usual perhaps, are together unlike any training patient's."""
        known = frame[list(self.preparation.predictors)].notna().all(axis=1).to_numpy()
        if distance is None or not known.any():
            return []
        rows = frame[known]
        squared = distance.squared(self.preparation.design(rows))
        return [
            Remark("P08", joint_remark(float(d), distance.limit), patient=str(row))
            for row, d in zip(rows.index, squared, strict=True)
            if d > distance.limit
        ]

    def stratum(self, frame: pd.DataFrame) -> NDArray[np.int64] | None:
        """Index of each patient's stratum, None for a model without strata.

        Raises
        ------
        PredictionError
            P03 a stratum that the model was not trained with.
        """
        if not self.estimate.strata:
            return None
        labels = stratum_labels(frame, self.estimate.strata)
        known = self.estimate.stratum_names
        unknown = ~labels.isin(known)
        if unknown.any():
            rows = tuple(str(row) for row in frame.index[unknown])
            rule = f"unknown category: stratum {labels[unknown].iloc[0]}; known levels: {'; '.join(known)}"
            raise PredictionError(Finding("P03", rule, "correct the value", ", ".join(self.estimate.strata), rows))
        return labels.map({name: index for index, name in enumerate(known)}).to_numpy(np.int64)

    def _averaged(
        self, frame: pd.DataFrame, answer: Callable[[pd.DataFrame], tuple[Floats, ...]]
    ) -> tuple[Floats, ...]:
        return answer(frame) if self.imputation is None else self.imputation.averaged(frame, answer, seed=self.seed)

    def offset_of(self, rows: pd.DataFrame) -> Floats | None:
        """Return the fixed part of the linear predictor, (m,), or None."""
        return rows[self.offset].to_numpy(float) if self.offset else None
