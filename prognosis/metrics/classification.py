"""Sensitivity, specificity, predictive values and accuracy at a threshold, beside what a constant model reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv

from cohorts.errors import Finding, PredictionError
from prognosis.metrics.binary_predictions import BinaryPredictions, Estimated, read_predictions
from prognosis.metrics.roc import roc_curve

Floats = NDArray[np.float64]

METRICS = ("sensitivity", "specificity", "ppv", "npv", "accuracy")


@dataclass(frozen=True)
class Proportion:
    """A count of a total; the share is not a number where the total is 0."""

    count: int
    total: int

    @property
    def estimate(self) -> float:
        """The share."""
        return self.count / self.total if self.total else float("nan")

    def limits(self, level: float = 0.95, times: int = 1) -> tuple[float, float]:
        """Exact limits. Source: Clopper and Pearson (1934); ``binom.test``. 0 to 1 where the total is 0.

        Parameters
        ----------
        times : decisions counted for each patient. They are not independent: the limits are those of one decision each,
            count and total so many times fewer; too wide where a patient's decisions differ, for given models never
            too narrow.
        """
        tail, count, rest = (1 - level) / 2, self.count / times, (self.total - self.count) / times
        lower = float(betaincinv(count, rest + 1, tail)) if count else 0.0
        upper = float(betaincinv(count + 1, rest, 1 - tail)) if rest else 1.0
        return lower, upper


@dataclass(frozen=True)
class Classification:
    """A prediction cut at a threshold, beside the outcome.

    Parameters
    ----------
    threshold : a patient is positive from it on.
    true_positives, false_positives, true_negatives, false_negatives : numbers of patients.
    errors : the five `METRICS` with influence values, for paired differences of two predictions.
    warnings : those of a threshold that was chosen in these patients.
    """

    threshold: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    errors: Estimated
    warnings: tuple[Finding, ...] = ()

    @property
    def proportions(self) -> dict[str, Proportion]:
        """Each of the `METRICS` and the base rate as a count of a total."""
        hit, alarm = self.true_positives, self.false_positives
        rest, missed = self.true_negatives, self.false_negatives
        n = hit + alarm + rest + missed
        return {
            "sensitivity": Proportion(hit, hit + missed),
            "specificity": Proportion(rest, rest + alarm),
            "ppv": Proportion(hit, hit + alarm),
            "npv": Proportion(rest, rest + missed),
            "accuracy": Proportion(hit + rest, n),
            "base_rate": Proportion(hit + missed, n),
        }

    @property
    def constant_model(self) -> dict[str, float]:
        """What the model reaches that calls every patient by the commoner outcome (the event in a draw)."""
        base = self.proportions["base_rate"].estimate
        unknown, positive = float("nan"), base >= 0.5
        return {
            "sensitivity": float(positive),
            "specificity": float(not positive),
            "ppv": base if positive else unknown,
            "npv": unknown if positive else 1 - base,
            "accuracy": max(base, 1 - base),
            "base_rate": base,
        }

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return a line for each metric: count, total, estimate, exact lower and upper, and the constant model's."""
        lines = [
            (name, part.count, part.total, part.estimate, *part.limits(level), self.constant_model[name])
            for name, part in self.proportions.items()
        ]
        columns = ["metric", "count", "total", "estimate", "lower", "upper", "constant_model"]
        return pd.DataFrame(lines, columns=columns)


@dataclass(frozen=True)
class ChosenThreshold:
    """A threshold that was looked for in the data.

    Parameters
    ----------
    threshold : a patient is positive from it on. sensitivity, specificity : in the patients that chose it.
    warnings : V25, that the choice is a part of the model's fit; V27 where no threshold is of use.
    """

    threshold: float
    sensitivity: float
    specificity: float
    warnings: tuple[Finding, ...]

    @property
    def youden(self) -> float:
        """Youden's index: sensitivity plus specificity minus 1."""
        return self.sensitivity + self.specificity - 1


def classify(event: NDArray[Any], risk: NDArray[Any], threshold: float | ChosenThreshold) -> Classification:
    """Cut predicted risks at a threshold and compare with the outcome.

    Parameters
    ----------
    event : (n,) 0 or 1. risk : (n,) risk or any marker that is high for the event.
    threshold : positive from it on; a `ChosenThreshold` leaves its warnings in the result.

    Raises
    ------
    DataContractError
        See `read_predictions`.
    PredictionError
        V26 the threshold is not a number.
    """
    rows = read_predictions(event, risk, probability=False)
    warnings: tuple[Finding, ...] = ()
    if isinstance(threshold, ChosenThreshold):
        cut, warnings = threshold.threshold, threshold.warnings
    else:
        cut = float(threshold)
    if np.isnan(cut):
        raise PredictionError(Finding("V26", "the threshold is not a number", "give the risk from which to treat"))
    positive = rows.risk >= cut
    hit, alarm = int((positive & rows.event).sum()), int((positive & ~rows.event).sum())
    return Classification(
        threshold=cut,
        true_positives=hit,
        false_positives=alarm,
        true_negatives=int((~rows.event).sum()) - alarm,
        false_negatives=int(rows.event.sum()) - hit,
        errors=_with_influence(rows, positive),
        warnings=warnings,
    )


def youden_threshold(event: NDArray[Any], risk: NDArray[Any]) -> ChosenThreshold:
    """Look for the threshold with the largest sum of sensitivity and specificity; the lowest of several.

    The threshold lies midway between two predictions. Sensitivity and specificity in the same patients are too high:
    within a validation the search belongs into every resample. Where no threshold is better than calling all patients
    alike, it is minus infinity (a warning V27 says so). Source: Youden (1950); ``pROC::coords(x = "best")``.

    Raises
    ------
    DataContractError
        See `read_predictions`.
    """
    curve = roc_curve(event, risk)
    index = curve.sensitivity + curve.specificity
    # Thresholds fall; equal sums can differ by rounding.
    best = int(np.flatnonzero(index >= index.max() - 1e-12)[-1])
    threshold = float(curve.threshold[best])
    return ChosenThreshold(
        threshold=threshold,
        sensitivity=float(curve.sensitivity[best]),
        specificity=float(curve.specificity[best]),
        warnings=_doubts(threshold),
    )


def _doubts(threshold: float) -> tuple[Finding, ...]:
    """Say that the threshold was chosen, and where it is no choice at all."""
    rule = (
        f"the threshold {threshold:.4g} was chosen in these patients: this counts as selection, and sensitivity and "
        "specificity here are too high"
    )
    advice = "fix the threshold beforehand, or choose it anew in every resample"
    chosen = Finding("V25", rule, advice, severity="warning")
    if np.isfinite(threshold):
        return (chosen,)
    rule = "no threshold does better than calling all patients alike: all are called positive"
    return chosen, Finding("V27", rule, "check that the prediction is high for the event", severity="warning")


def _with_influence(rows: BinaryPredictions, positive: NDArray[np.bool_]) -> Estimated:
    """Estimate the five shares, each a mean over the patients it is asked of."""
    right = positive == rows.event
    asked = np.column_stack([rows.event, ~rows.event, positive, ~positive, np.ones(len(positive), bool)])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (asked & right[:, None]).sum(axis=0) / asked.sum(axis=0)
        influence = np.where(asked, right[:, None] - share, 0.0) / asked.sum(axis=0)
    return Estimated(METRICS, share, influence, (0.0, 1.0))
