"""The answer of every model: probability of the event by each horizon, with interval and remarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Remark:
    """Something the reader of a risk must know.

    Parameters
    ----------
    code : stable identifier. text : the remark in words.
    patient, column, horizon : what it is about; None for all.
    """

    code: str
    text: str
    patient: str | None = None
    column: str | None = None
    horizon: float | None = None


@dataclass(frozen=True)
class Prediction:
    """Probability of the event by each horizon.

    Parameters
    ----------
    ids : n patients. horizons : (h,) in `unit`; for a binary endpoint the one "horizon" is not a number.
    unit : time unit, "" for a binary endpoint.
    risk, lower, upper : (n, h) probability with its interval; not a number beyond the follow-up, see `remarks`.
    level : of the interval. interval : the scale it was made on.
    linear_predictor : (n,) against a patient at the training means; for Cox a log relative hazard.
    remarks : what must be known about these numbers.

    Notes
    -----
    The risk is the probability of the event of interest, with competing events competing where there are any. The
    interval covers the uncertainty of the model's estimate, not one person's fate: the person will have the event or
    will not.
    """

    ids: tuple[str, ...]
    horizons: Floats
    unit: str
    risk: Floats
    lower: Floats
    upper: Floats
    level: float
    interval: str
    linear_predictor: Floats
    remarks: tuple[Remark, ...] = ()

    def remarks_on(self, patient: str, horizon: float | None = None) -> tuple[Remark, ...]:
        """Remarks that concern a patient (and a horizon), those for everybody included."""
        return tuple(
            remark
            for remark in self.remarks
            if remark.patient in (None, patient) and (horizon is None or remark.horizon in (None, horizon))
        )

    @property
    def table(self) -> pd.DataFrame:
        """One line a patient and horizon: id, horizon, risk, lower, upper, linear_predictor, remarks."""
        n, h = self.risk.shape
        by_patient: dict[str | None, list[int]] = {}
        for place, remark in enumerate(self.remarks):
            by_patient.setdefault(remark.patient, []).append(place)
        everybody = by_patient.get(None, [])
        about = {patient: sorted((*everybody, *by_patient.get(patient, ()))) for patient in self.ids}
        texts = [
            "; ".join(self.remarks[k].text for k in about[patient] if self.remarks[k].horizon in (None, horizon))
            for patient in self.ids
            for horizon in map(float, self.horizons)
        ]
        return pd.DataFrame(
            {
                "id": np.repeat(np.array(self.ids, dtype=object), h),
                "horizon": np.tile(self.horizons, n),
                "risk": self.risk.ravel(),
                "lower": self.lower.ravel(),
                "upper": self.upper.ravel(),
                "linear_predictor": np.repeat(self.linear_predictor, h),
                "remarks": pd.Series(texts, dtype=object),
            }
        )


@dataclass(frozen=True)
class RiskCurve:
    """Risk of one patient over time: a right-continuous step function that starts at (0, 0), with its interval."""

    time: Floats
    risk: Floats
    lower: Floats
    upper: Floats

    def at(self, t: float) -> float:
        """Risk by time t; not a number beyond the last time of the curve.

        Raises
        ------
        PredictionError
            P12 for a negative time or one that is no number.
        """
        if not t >= 0:
            raise PredictionError(Finding("P12", f"time {t:g} is no time since the origin", "give a time from 0 on"))
        if t > self.time[-1]:
            return float("nan")
        return float(self.risk[np.searchsorted(self.time, t, side="right") - 1])
