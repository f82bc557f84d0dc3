"""What a nomogram tells of a patient: points, their total, the linear predictor and the risk, exact and not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cohorts.errors import Finding, PredictionError, raise_findings
from nomograms.options import Patient, admitted, one_row
from nomograms.points import Points, Value, contribution
from nomograms.strata import named_stratum, risk_by, stratum_of

if TYPE_CHECKING:
    from prognosis.model import FittedModel


class Answers:
    """Answers of a model on the scale of points.

    Parameters
    ----------
    model : that answers. horizons : of the risks. scale : from values to points and to the linear predictor.
    """

    if TYPE_CHECKING:
        model: FittedModel
        horizons: tuple[float, ...]

        @property
        def scale(self) -> Points:
            """Axes of all predictors with their points."""

    @property
    def questions(self) -> tuple[float | None, ...]:
        """The horizons; for a binary endpoint, which has no time, the one question is None."""
        return self.horizons or (None,)

    def points(self, patient: Patient) -> dict[str, float]:
        """Return the points of a patient, exact and not read off ticks.

        Parameters
        ----------
        patient : values of some or all predictors by name, or a frame of one row; other keys are not looked at.

        Returns
        -------
        dict
            Points by predictor. Interacting predictors share one entry, under the one that stands on the axis; it is
            left out while any of them is unknown. Values beyond an axis get points beyond it, also below 0.

        Raises
        ------
        PredictionError
            A value that the model refuses: P02, P03, P07, P09.
        """
        known = self.admitted(patient)
        return {
            group.variables[0]: float(
                (
                    contribution(self.model, group.variables, {name: [known[name]] for name in group.variables})[0]
                    - group.minimum
                )
                * self.scale.per_unit
            )
            for group in self.scale.groups
            if all(name in known for name in group.variables)
        }

    def admitted(self, patient: Patient) -> dict[str, Value]:
        """Return the known predictors of a patient, checked as `FittedModel.predict` checks them."""
        return admitted(self.model, patient)

    def total(self, patient: Patient) -> float:
        """Return the total points of a patient with all predictors known; P01 names those that are absent."""
        return self._sum(self.points(patient))

    def _sum(self, points: Mapping[str, float]) -> float:
        absent = [name for group in self.scale.groups if group.variables[0] not in points for name in group.variables]
        rule = "column {} is missing: the total needs all predictors"
        findings = [Finding("P01", rule.format(name), "add the value", column=name) for name in absent]
        raise_findings(findings, PredictionError)
        return float(sum(points[group.variables[0]] for group in self.scale.groups))

    def linear_predictor(self, points: float | Mapping[str, float]) -> float:
        """Return the linear predictor of total points, or of their parts, against the training means.

        For Cox a log relative hazard, for a logistic model a log odds ratio.
        """
        centre = float(self.model.estimate.means @ self.model.estimate.coefficients)
        return self._uncentred(points) - centre

    def _uncentred(self, points: float | Mapping[str, float]) -> float:
        total = self._sum(points) if isinstance(points, Mapping) else float(points)
        return total / self.scale.per_unit + self.scale.constant

    def risk(self, points: float | Mapping[str, float], stratum: str | None = None) -> pd.Series:
        """Return the probability of the event by each horizon for total points, or for the mapping `points` gave.

        Parameters
        ----------
        points : total or parts. stratum : of a stratified model, named as in it: ``sex=F``.

        Returns
        -------
        Series by horizon, of one value for a binary endpoint; not a number where the stratum has no risk.

        Raises
        ------
        PredictionError
            G20 a stratified model without `stratum`; P01 a part of the points is missing.
        """
        return self.risk_in(points, named_stratum(self.model, stratum))

    def risk_in(self, points: float | Mapping[str, float], stratum: int) -> pd.Series:
        """Return the same for a stratum by its number."""
        at = np.array([self._uncentred(points)])
        values = [float(risk_by(self.model, at, horizon, stratum)[0]) for horizon in self.questions]
        index = [float("nan") if horizon is None else horizon for horizon in self.questions]
        return pd.Series(values, index=pd.Index(index, name="horizon"), name="risk")

    def stratum(self, patient: Patient) -> int:
        """Return the number of the stratum that a patient belongs to, 0 without strata; P01 to P03 as `points`."""
        return stratum_of(self.model, one_row(patient))
