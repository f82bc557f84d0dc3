"""Area under the ROC curve of a binary outcome with DeLong's error, and tests between two areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from cohorts.errors import Finding
from prognosis.metrics.binary_predictions import BinaryPredictions, Estimated, read_predictions

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RocAuc(Estimated):
    """Area under the ROC curve; limits are cut at 0 and 1.

    Parameters
    ----------
    events, others : numbers of patients with and without the event.
    warnings : M04 a constant prediction; V24 an error of 0 that only says how small the sample is.
    """

    events: int = 0
    others: int = 0
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class AreaTest:
    """Difference of two areas (first minus second) with its test.

    Parameters
    ----------
    difference, std_err : of the areas. statistic, p : of the two-sided test of no difference.
    freedom : degrees of freedom of Student's t; infinite for the normal distribution of the paired test.
    """

    difference: float
    std_err: float
    statistic: float
    p: float
    freedom: float

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """Limits of the difference."""
        width = float(stdtrit(self.freedom, 0.5 + level / 2)) * self.std_err
        return self.difference - width, self.difference + width


@dataclass(frozen=True)
class RocCurve:
    """Sensitivity and specificity at every threshold; a patient is positive from the threshold on.

    Parameters
    ----------
    threshold : (k,) falling, midway between neighbouring predictions; the first (none positive) is infinite, the last
        (all positive) minus infinity. sensitivity, specificity : (k,).
    """

    threshold: Floats
    sensitivity: Floats
    specificity: Floats

    def table(self) -> pd.DataFrame:
        """Return a line for each threshold."""
        columns = {"threshold": self.threshold, "sensitivity": self.sensitivity}
        return pd.DataFrame({**columns, "specificity": self.specificity})


def roc_auc(event: NDArray[Any], marker: NDArray[Any]) -> RocAuc:
    """Estimate the area under the ROC curve: the chance that an event has the higher marker, ties half.

    Parameters
    ----------
    event : (n,) 0 or 1. marker : (n,) risk or any score that is high for the event; the direction is never turned.

    Raises
    ------
    DataContractError
        See `read_predictions`.

    Notes
    -----
    Sources: DeLong et al. (1988) in the O(n log n) of Sun and Xu (2014); ``pROC::auc``, ``var``, ``ci.auc``. The
    error is not a number with a single event or a single patient without.
    """
    rows = read_predictions(event, marker, probability=False)
    placed, area = _placements(rows)
    events, others = int(rows.event.sum()), int((~rows.event).sum())
    size = np.where(rows.event, events, others).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = (placed - area) / np.sqrt(size * (size - 1))
    return RocAuc(
        names=("auc",),
        estimate=np.array([area]),
        influence=influence[:, None],
        bounds=(0.0, 1.0),
        events=events,
        others=others,
        warnings=_doubts(rows, area),
    )


def compare_paired(first: RocAuc, second: RocAuc) -> AreaTest:
    """Test two predictions of the same patients against each other by DeLong's test.

    Raises
    ------
    PredictionError
        V23 when the numbers of patients differ.

    Notes
    -----
    Source: DeLong et al. (1988); ``pROC::roc.test(paired = TRUE, method = "delong")``.
    """
    found = first.minus(second)
    return AreaTest(
        difference=float(found.estimate[0]),
        std_err=float(found.std_err[0]),
        statistic=float(found.z[0]),
        p=float(found.p[0]),
        freedom=np.inf,
    )


def compare_unpaired(first: RocAuc, second: RocAuc) -> AreaTest:
    """Test areas from different patients against each other: Welch's t with Satterthwaite's degrees of freedom.

    Source: ``pROC::roc.test(paired = FALSE, method = "delong")``, which counts all patients of a curve, minus one, as
    the freedom of its variance.
    """
    variances = np.array([float(area.std_err[0]) ** 2 for area in (first, second)])
    sizes = np.array([area.events + area.others for area in (first, second)])
    difference = float(first.estimate[0] - second.estimate[0])
    total = float(variances.sum())
    if total == 0:
        statistic = float(np.copysign(np.inf, difference)) if difference else 0.0
        return AreaTest(difference, 0.0, statistic, float(difference == 0), np.inf)
    freedom = total**2 / float((variances**2 / (sizes - 1)).sum())
    error = float(np.sqrt(total))
    statistic = difference / error
    return AreaTest(difference, error, statistic, float(2 * stdtr(freedom, -abs(statistic))), freedom)


def roc_curve(event: NDArray[Any], marker: NDArray[Any]) -> RocCurve:
    """Return the empirical ROC curve; thresholds as ``pROC::roc`` with ``direction = "<"``. Cost O(n log n)."""
    rows = read_predictions(event, marker, probability=False)
    values, place = np.unique(rows.risk, return_inverse=True)
    # Halved first: the sum of two huge markers would be infinite.
    middle = values[:-1] / 2 + values[1:] / 2
    # Neighbours without a number between them: the upper one is its own threshold.
    middle = np.where(middle > values[:-1], middle, values[1:])
    with_event, without = (np.bincount(place, flags, len(values)) for flags in (rows.event, ~rows.event))
    positive, negative = np.cumsum(with_event[::-1]), np.cumsum(without[::-1])
    return RocCurve(
        threshold=np.concatenate([[np.inf], middle[::-1], [-np.inf]]),
        sensitivity=np.append(0.0, positive / positive[-1]),
        specificity=1 - np.append(0.0, negative / negative[-1]),
    )


def _placements(rows: BinaryPredictions) -> tuple[Floats, float]:
    """Share of the other group that a patient is on the right side of, (n,), and the area."""
    _, place = np.unique(rows.risk, return_inverse=True)
    with_event, without = (np.bincount(place, flags) for flags in (rows.event, ~rows.event))
    below = np.cumsum(without) - without / 2
    above = with_event.sum() - np.cumsum(with_event) + with_event / 2
    events, others = with_event.sum(), without.sum()
    placed = np.where(rows.event, below[place] / others, above[place] / events)
    return placed, float(with_event @ below / (events * others))


def _doubts(rows: BinaryPredictions, area: float) -> tuple[Finding, ...]:
    if np.ptp(rows.risk) == 0:
        rule = "the prediction is the same for all patients: C=0.5 by ties"
        return (Finding("M04", rule, "check that the model has predictors", severity="warning"),)
    if area in (0.0, 1.0):
        rule = "the groups do not overlap: DeLong's error is 0, which is the sample's smallness and no certainty"
        return (Finding("V24", rule, "quote the numbers of patients, not the interval", severity="warning"),)
    return ()
