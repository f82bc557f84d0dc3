"""Net benefit of treating by predicted risk: decision curves, what to compare them with, and clinical impact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.metrics.binary_predictions import influence_of_mean, read_predictions
from prognosis.normal import z_of_level

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NetBenefit:
    """Net benefit of one way to treat, at t thresholds: true positives less weighted false positives, per patient.

    Parameters
    ----------
    threshold : (t,) risks from which one would treat; they say how many needless treatments a needed one is worth.
    estimate : (t,). influence : (n, t) share of each patient in the error (root of the sum of squares).
    """

    threshold: Floats
    estimate: Floats
    influence: Floats

    @property
    def std_err(self) -> Floats:
        """Standard errors, (t,)."""
        return np.asarray(np.sqrt((self.influence**2).sum(axis=0)))

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Pointwise Wald limits, (t,) each."""
        width = z_of_level(level) * self.std_err
        return self.estimate - width, self.estimate + width

    def minus(self, other: NetBenefit) -> NetBenefit:
        """Return the paired difference from another way to treat the same patients.

        Raises
        ------
        PredictionError
            V23 when thresholds or patients are others.
        """
        if self.influence.shape != other.influence.shape or not np.array_equal(self.threshold, other.threshold):
            rule = f"net benefit of shape {self.influence.shape} (patients, thresholds) against {other.influence.shape}"
            raise PredictionError(Finding("V23", rule, "a paired difference needs the same patients and thresholds"))
        return NetBenefit(self.threshold, self.estimate - other.estimate, self.influence - other.influence)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return a line for each threshold: threshold, estimate, std_err, lower, upper."""
        lower, upper = self.limits(level)
        columns = {"threshold": self.threshold, "estimate": self.estimate, "std_err": self.std_err}
        return pd.DataFrame({**columns, "lower": lower, "upper": upper})


@dataclass(frozen=True)
class DecisionCurve:
    """A model's net benefit beside that of treating all; treating none has net benefit 0.

    Parameters
    ----------
    model, treat_all : net benefits at the same thresholds.
    base_rate : observed risk. base_influence : (n,) share of each patient in its error.
    positives, true_positives : (t,) share of the patients at or above the threshold, and of those with the event too.
    """

    model: NetBenefit
    treat_all: NetBenefit
    base_rate: float
    base_influence: Floats
    positives: Floats
    true_positives: Floats

    @property
    def threshold(self) -> Floats:
        """Thresholds, (t,)."""
        return self.model.threshold

    def over_treat_all(self) -> NetBenefit:
        """Return the model's gain over treating all."""
        return self.model.minus(self.treat_all)

    def standardised(self) -> NetBenefit:
        """Return the model's net benefit as a part of the largest possible one, the base rate (relative utility)."""
        part = self.model.estimate / self.base_rate
        influence = (self.model.influence - self.base_influence[:, None] * part) / self.base_rate
        return NetBenefit(self.threshold, part, influence)

    def interventions_avoided(self, patients: float = 100.0) -> NetBenefit:
        """Return how many of some patients are spared needless treatment, against treating all, no event missed.

        Source: Vickers et al. (2008); ``dcurves::net_intervention_avoided``.
        """
        gain, worth = self.over_treat_all(), patients * (1 - self.threshold) / self.threshold
        return NetBenefit(self.threshold, gain.estimate * worth, gain.influence * worth)

    def clinical_impact(self, patients: float = 1000.0) -> pd.DataFrame:
        """Of so many patients, expected numbers at high risk, and at high risk with the event; a line a threshold.

        Source: Kerr et al. (2016); ``rmda::plot_clinical_impact``.
        """
        columns = {"threshold": self.threshold, "high_risk": patients * self.positives}
        return pd.DataFrame({**columns, "high_risk_with_event": patients * self.true_positives})

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return three lines a threshold: model, treat all, treat none with estimate, std_err, lower and upper."""
        nobody = NetBenefit(self.threshold, np.zeros(len(self.threshold)), np.zeros((1, len(self.threshold))))
        ways = {"model": self.model, "treat_all": self.treat_all, "treat_none": nobody}
        parts = [benefit.table(level).assign(strategy=way) for way, benefit in ways.items()]
        return pd.concat(parts, ignore_index=True)


def decision_curve(event: NDArray[Any], risk: NDArray[Any], thresholds: Any) -> DecisionCurve:
    """Estimate the net benefit of treating patients whose predicted risk is at or above a threshold.

    Parameters
    ----------
    event : (n,) 0 or 1. risk : (n,) predicted probability of the event. thresholds : (t,) between 0 and 1.

    Raises
    ------
    DataContractError
        See `read_predictions`.
    PredictionError
        V26 a threshold that is not between 0 and 1.

    Notes
    -----
    Sources: Vickers and Elkin (2006); Pepe et al. (2015) and Marsh et al. (2020) for the errors, which need no
    bootstrap: net benefit is a mean over patients. A curve says nothing on calibration in other patients.
    """
    rows = read_predictions(event, risk)
    cuts = read_thresholds(thresholds)
    odds = cuts / (1 - cuts)
    happened = rows.event[:, None]
    positive = rows.risk[:, None] >= cuts
    worth = np.where(happened, 1.0, -odds)
    return DecisionCurve(
        model=_mean_benefit(cuts, np.where(positive, worth, 0.0)),
        treat_all=_mean_benefit(cuts, worth),
        base_rate=rows.base_rate,
        base_influence=influence_of_mean(happened.astype(float))[:, 0],
        positives=positive.mean(axis=0),
        true_positives=(positive & happened).mean(axis=0),
    )


def read_thresholds(thresholds: Any) -> Floats:
    """Check thresholds of the risk, (t,).

    Raises
    ------
    PredictionError
        V26 a threshold that is not between 0 and 1.
    """
    cuts = np.atleast_1d(np.asarray(thresholds, float))
    if cuts.ndim != 1 or not ((cuts > 0) & (cuts < 1)).all():
        rule = "a threshold is a risk between 0 and 1, both excluded"
        wrong = ", ".join(f"{cut:g}" for cut in cuts.ravel()[~((cuts > 0) & (cuts < 1)).ravel()][:5])
        raise PredictionError(Finding("V26", rule, "give the risks at which one would begin to treat", value=wrong))
    return cuts


def _mean_benefit(threshold: Floats, each: Floats) -> NetBenefit:
    """Net benefit from what each patient brings, (n, t)."""
    return NetBenefit(threshold, each.mean(axis=0), influence_of_mean(each))
