"""A binary outcome beside predicted risks, checked; and estimates that know what each patient adds to their error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, PredictionError, raise_findings
from prognosis.normal import two_sided_p, z_of_level
from prognosis.outcome import read_outcome

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class BinaryPredictions:
    """Outcome and prediction of n patients.

    Parameters
    ----------
    event : (n,). risk : (n,) predicted probability of the event, or a marker that is high for the event.
    """

    event: Flags
    risk: Floats

    @property
    def base_rate(self) -> float:
        """Share of patients with the event: what a model without predictors says of everyone."""
        return float(self.event.mean())


def read_predictions(event: NDArray[Any], risk: NDArray[Any], probability: bool = True) -> BinaryPredictions:
    """Check a binary outcome and its predictions.

    Parameters
    ----------
    event : (n,) 0 or 1, or structured with the field ``event``. risk : (n,). probability : False allows any marker.

    Raises
    ------
    DataContractError
        The codes of `read_outcome`; M01 a prediction is missing or infinite; V20 the lengths differ, or no
        numbers; M09 a risk outside 0 to 1; M03 no patient with the event, or none without.
    """
    happened = read_outcome(np.asarray(event), timed=False).event == 1
    try:
        predicted = np.asarray(risk, float)
    except (TypeError, ValueError) as error:
        way_out = "give one number a patient"
        raise DataContractError(Finding("V20", "the predictions are no numbers", way_out)) from error
    if predicted.shape != happened.shape:
        rule = f"{len(happened)} outcomes beside predictions of shape {predicted.shape}"
        raise DataContractError(Finding("V20", rule, "give one prediction a patient, in the order of the outcomes"))
    raise_findings(_faults(happened, predicted, probability), DataContractError)
    return BinaryPredictions(happened, predicted)


def _faults(event: Flags, risk: Floats, probability: bool) -> list[Finding]:
    faults = []
    absent = ~np.isfinite(risk)
    if absent.any():
        rule = f"the score is missing or infinite for {int(absent.sum())} of {len(risk)} patients"
        faults.append(Finding("M01", rule, "complete the predictors of these patients", rows=_places(absent)))
    outside = ~absent & ((risk < 0) | (risk > 1))
    if probability and outside.any():
        rule = "a risk is a probability from 0 to 1"
        faults.append(Finding("M09", rule, "turn linear predictors into probabilities first", rows=_places(outside)))
    if not event.any() or event.all():
        which = "0 events" if not event.any() else "every patient has the event"
        rule = f"{which} in n={len(event)} patients: there is nothing to tell apart"
        faults.append(Finding("M03", rule, "validate in patients with and without the event"))
    return faults


def _places(rows: Flags) -> tuple[str, ...]:
    return tuple(str(place) for place in np.flatnonzero(rows))


@dataclass(frozen=True)
class Estimated:
    """Estimates with normal-theory errors from influence values.

    Parameters
    ----------
    names : (k,) what is estimated. estimate : (k,).
    influence : (n, k) share of each patient in the error: the standard error is the root of the sum of squares, so
        that the error of a difference in the same patients follows from the difference of the influences.
    bounds : range of the quantity, at which limits are cut.
    """

    names: tuple[str, ...]
    estimate: Floats
    influence: Floats
    bounds: tuple[float, float] = (-np.inf, np.inf)

    @property
    def std_err(self) -> Floats:
        """Standard errors, (k,)."""
        return np.asarray(np.sqrt((self.influence**2).sum(axis=0)))

    @property
    def z(self) -> Floats:
        """Estimate over error, (k,); 0 where both are 0."""
        error = self.std_err
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((error == 0) & (self.estimate == 0), 0.0, self.estimate / error)

    @property
    def p(self) -> Floats:
        """Two-sided p-values of Wald's test that the quantity is 0, (k,)."""
        return two_sided_p(self.z)

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Wald's limits, (k,) each."""
        width = z_of_level(level) * self.std_err
        return np.clip(self.estimate - width, *self.bounds), np.clip(self.estimate + width, *self.bounds)

    def minus(self, other: Estimated) -> Estimated:
        """Return the paired difference from the same quantities in the same patients.

        Raises
        ------
        PredictionError
            V23 when they are other quantities or other numbers of patients.
        """
        if self.names != other.names or self.influence.shape != other.influence.shape:
            rule = (
                f"{', '.join(self.names)} in {len(self.influence)} patients against {', '.join(other.names)} in "
                f"{len(other.influence)}"
            )
            raise PredictionError(Finding("V23", rule, "a paired difference needs the same patients and quantities"))
        return Estimated(self.names, self.estimate - other.estimate, self.influence - other.influence)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return a line for each quantity: metric, estimate, std_err, lower, upper."""
        lower, upper = self.limits(level)
        columns = {"metric": self.names, "estimate": self.estimate, "std_err": self.std_err}
        return pd.DataFrame({**columns, "lower": lower, "upper": upper})


def influence_of_mean(each: Floats) -> Floats:
    """Influence values, (n, k), of the means of (n, k) values: their error is the sample sd over the root of n."""
    n = len(each)
    return np.asarray((each - each.mean(axis=0)) / np.sqrt(n * (n - 1.0)))
