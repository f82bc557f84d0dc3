"""The nomogram of a fitted model as a value: points, total, risk; the drawing is made on request only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

import numpy as np
import pandas as pd

from cohorts.errors import Finding, PredictionError, raise_findings
from nomograms.approximation import KNOTS, LEAST, Approximation, approximated
from nomograms.outcomes import OutcomeAxis, outcome_axes, total_ticks
from nomograms.points import Limits, Points, Value, contribution, points_of
from nomograms.reading import ReadingError, reading_error
from nomograms.refusals import refusals
from nomograms.strata import named_stratum, risk_by, stratum_of
from nomograms.told import plain_values
from nomograms.wording import check_language
from prognosis.patients import Door
from prognosis.published.columns import Columns
from prognosis.published.model import PLAIN, published_model

if TYPE_CHECKING:
    from cohorts import Codebook
    from cohorts.endpoint import Endpoint
    from prognosis.model import FittedModel
    from prognosis.patients import Patients
    from prognosis.published.model import Publication, Reference

Patient: TypeAlias = Mapping[str, Any] | pd.DataFrame


class Options(TypedDict, total=False):
    """How a nomogram is drawn: the options of `Nomogram`."""

    limits: str
    language: str


class SurrogateOptions(Options, total=False):
    """The same and how a surrogate is made and judged."""

    interactions: Sequence[tuple[str, str]]
    knots: int
    patients: Patients | None


class PublishedOptions(Options, total=False):
    """The same, the horizons, and the columns of a published model."""

    horizons: Sequence[float] | None
    columns: Columns


@dataclass(frozen=True, init=False, eq=False)
class Nomogram:
    """Points for each predictor, their total, and the probability of the event by each horizon.

    The points are those of R's ``rms::nomogram``; reading them back gives the model's risk.

    Parameters
    ----------
    model : a fitted or published model with coefficients: Cox (also with strata, penalised, pooled, updated), Fine-Gray
        (its risk is the cumulative incidence), accelerated failure time, logistic.
    horizons : times of the risk axes in the endpoint's unit; None takes those of the model, or the window of a model
        of early relapse; none for a binary endpoint.
    limits : ``rms`` draws each axis over the full range seen in training; ``centiles`` from the 1st to the 99th
        centile, with the tails marked by arrows.
    language : of the printed figure, ``en`` or ``zh``.

    Raises
    ------
    PredictionError
        G02 no horizon; G03 cause-specific models have no points; G04 nor has a model without coefficients; G05 two
        continuous predictors interact; G06 no predictor changes the risk; G07 unknown language; G08 unknown limits;
        G09 the model has an offset; G21 a horizon at which the model gives no risk; P10, P12 a horizon beyond the
        follow-up, not above 0, or for a binary endpoint.
    """

    model: FittedModel
    horizons: tuple[float, ...]
    limits: Limits
    language: str
    approximation: Approximation | None = None

    def __init__(
        self, model: FittedModel, horizons: Sequence[float] | None = None, limits: str = "rms", language: str = "en"
    ) -> None:
        asked = tuple(sorted({float(horizon) for horizon in (_own_horizons(model) if horizons is None else horizons)}))
        raise_findings(refusals(model, asked, limits), PredictionError)
        check_language(language)
        for name, value in (("model", model), ("horizons", asked), ("limits", limits), ("language", language)):
            object.__setattr__(self, name, value)
        self.scale  # noqa: B018  a nomogram that cannot be computed is refused at once

    @classmethod
    def from_published(
        cls,
        name: str,
        endpoint: Endpoint,
        codebook: Codebook,
        coefficients: Mapping[str, float],
        baseline: Mapping[float, float] | float,
        reference: Reference,
        publication: Publication,
        **options: Unpack[PublishedOptions],
    ) -> Nomogram:
        """Make the nomogram of a published coefficient table.

        Parameters
        ----------
        name, endpoint, codebook, coefficients, baseline, reference, publication : as `published_model`.
        columns : splines, transforms and interactions, as `published_model`. Others : as for a fitted model.

        Raises
        ------
        DataContractError
            E17 as `published_model`.
        PredictionError
            As for a fitted model; G21 a horizon at which the baseline is not published.
        """
        told = (name, endpoint, codebook, coefficients, baseline, reference, publication)
        drawn: Any = {key: value for key, value in options.items() if key != "columns"}
        return cls(published_model(*told, options.get("columns", PLAIN)), **drawn)

    @classmethod
    def approximate(
        cls,
        model: FittedModel,
        horizons: Sequence[float] | None = None,
        *,
        fidelity: float = LEAST,
        **options: Unpack[SurrogateOptions],
    ) -> Nomogram:
        """Make the nomogram of an additive surrogate of any model: a forest, boosting, cause-specific Cox.

        Restricted cubic splines of each number, and levels, on the complementary log-log (binary: logit) scale of the
        risk, fitted by least squares to the model's own risks of patients drawn from the training distribution. The
        figure prints how faithful it is.

        Parameters
        ----------
        model, horizons : as for a nomogram. fidelity : the least R2 between both risks, at every horizon.
        interactions : pairs that share axes, one of each pair a category. knots : of every spline, 3 to 10; default 5.
        patients : frame or cohort in whom the fidelity is measured; default others drawn from the training
            distribution. Others : as for a nomogram.

        Raises
        ------
        PredictionError
            G22 the surrogate is less faithful than `fidelity`; G23 a model with strata, the same risk for all, or
            horizons that contradict each other; G21 a horizon without risk; those of a nomogram.
        """
        own = _own_horizons(model) if horizons is None else horizons
        asked = tuple(sorted({float(horizon) for horizon in own}))
        crossed, knots = options.pop("interactions", ()), options.pop("knots", KNOTS)
        patients = options.pop("patients", None)
        surrogate, found = approximated(model, asked, crossed, knots, patients, fidelity)
        drawn: Any = options
        nomogram = cls(surrogate, asked, **drawn)
        object.__setattr__(nomogram, "approximation", Approximation(model, found, fidelity))
        return nomogram

    @property
    def source(self) -> FittedModel:
        """The model that the figure is of, also where it shows a surrogate."""
        return self.model if self.approximation is None else self.approximation.model

    @cached_property
    def scale(self) -> Points:
        """Axes of all predictors with their points."""
        return points_of(self.model, self.limits)

    @cached_property
    def total_ticks(self) -> tuple[float, ...]:
        """Labelled values of the Total points ruler, long enough for the worst combination of the axes."""
        return tuple(float(tick) for tick in total_ticks(self.scale.largest_total))

    @property
    def questions(self) -> tuple[float | None, ...]:
        """The horizons; for a binary endpoint, which has no time, the one question is None."""
        return self.horizons or (None,)

    @cached_property
    def outcomes(self) -> tuple[OutcomeAxis, ...]:
        """One risk axis a horizon, in each stratum that has a risk there."""
        return outcome_axes(self.model, self.scale, self.questions, self.total_ticks[-1])

    @cached_property
    def reading_error(self) -> ReadingError:
        """Largest and mean absolute difference in risk between the model and reading the printed figure."""
        return reading_error(self.model, self.scale, self.outcomes, self.total_ticks[-1], self.limits)

    @property
    def table(self) -> pd.DataFrame:
        """Labelled values of all axes: variable (as rms names the axis), value, points."""
        rows = [
            (axis.name, value, float(points))
            for axis in self.scale.axes
            for value, points in zip(axis.values, axis.points, strict=True)
        ]
        return pd.DataFrame(rows, columns=["variable", "value", "points"])

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
        known = _one_row(patient)
        given = {name: known[name] for name in self.model.predictors if name in known}
        rule = "column {} is missing: an unknown value has no place on an axis"
        gone = [Finding("P02", rule.format(n), "complete it, or use predict", n) for n in given if pd.isna(given[n])]
        raise_findings(gone, PredictionError)
        if not given:
            rule = "the patient has none of the predictors"
            raise PredictionError(Finding("P01", rule, f"the predictors are {', '.join(self.model.predictors)}"))
        door = Door(self.model.codebook.only(tuple(given)), self.model.profile, id_column="")
        row = door.admit(given).frame.iloc[0]
        return {str(name): value if isinstance(value, str) else float(value) for name, value in row.items()}

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
        return stratum_of(self.model, _one_row(patient))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers of the figure as plain values: scales, total, outcomes, reading_error."""
        return plain_values(self)

    def svg(self, patient: Patient | None = None, *, caption: bool = True) -> str:
        """Return the figure as SVG text; without its caption the rows stand closer, to be a part of a page."""
        from nomograms.drawing import drawn_figure

        return drawn_figure(self, patient, "svg", caption=caption).decode()

    def save(self, path: str | Path, patient: Patient | None = None) -> Path:
        """Draw the nomogram and write it as PDF, SVG or PNG, by the suffix; the same call gives the same bytes.

        Parameters
        ----------
        path : file to write, ending in .pdf, .svg or .png.
        patient : worked example with drop lines; None takes a typical patient (medians, commonest levels), so named.

        Raises
        ------
        PredictionError
            The patient lacks a predictor or has a value that the model refuses.
        RunError
            G10 another suffix; G11 no font for a script; G12 a character that no font has.
        """
        from nomograms.drawing import save_figure  # matplotlib is imported only when something is drawn

        return save_figure(self, Path(path), patient)


def _one_row(patient: Patient) -> Mapping[str, Any]:
    """Return a frame of one row as a mapping; a mapping stays what it is."""
    if not isinstance(patient, pd.DataFrame):
        return patient
    if len(patient) != 1:
        rule = f"{len(patient)} patients given"
        raise PredictionError(Finding("P15", rule, "one patient is drawn on a nomogram: give a frame of one row"))
    return {str(name): value for name, value in patient.iloc[0].items()}


def _own_horizons(model: FittedModel) -> tuple[float, ...]:
    """Horizons of the model; one of early relapse answers for its window only."""
    window = getattr(model.estimate, "window", None)
    return model.horizons if window is None else (float(window),)
