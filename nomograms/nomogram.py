"""The nomogram of a fitted model as a value: points, total, risk; the drawing is made on request only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from cohorts.errors import Finding, PredictionError, raise_findings
from nomograms.outcomes import OutcomeAxis, outcome_axis, total_ticks
from nomograms.points import Limits, Points, Value, contribution, points_of
from nomograms.reading import ReadingError, reading_error
from nomograms.wording import check_language, label_of, outcome_label, time_text
from prognosis.patients import Door

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Patient: TypeAlias = Mapping[str, Any] | pd.DataFrame


@dataclass(frozen=True, init=False, eq=False)
class Nomogram:
    """Points for each predictor, their total, and the probability of the event by each horizon.

    The points are those of R's ``rms::nomogram``; reading them back gives the model's risk.

    Parameters
    ----------
    model : a fitted Cox model of a time-to-event endpoint, without strata.
    horizons : times of the risk axes in the endpoint's unit; None takes those of the model.
    limits : ``rms`` draws each axis over the full range seen in training; ``centiles`` from the 1st to the 99th
        centile, with the tails marked by arrows.
    language : of the printed figure, ``en`` or ``zh``.

    Raises
    ------
    PredictionError
        G01 the model has strata; G02 no horizon; G03 the endpoint has competing events; G04 not a Cox model; G05 two
        continuous predictors interact; G06 no predictor changes the risk; G07 unknown language; G08 unknown limits;
        G09 the model has an offset; P10, P12 a horizon beyond the follow-up or not above 0.
    """

    model: FittedModel
    horizons: tuple[float, ...]
    limits: Limits
    language: str

    def __init__(
        self, model: FittedModel, horizons: Sequence[float] | None = None, limits: str = "rms", language: str = "en"
    ) -> None:
        asked = tuple(sorted({float(horizon) for horizon in (model.horizons if horizons is None else horizons)}))
        raise_findings(_refusals(model, asked, limits), PredictionError)
        check_language(language)
        for name, value in (("model", model), ("horizons", asked), ("limits", limits), ("language", language)):
            object.__setattr__(self, name, value)
        self.scale  # noqa: B018  a nomogram that cannot be computed is refused at once

    @cached_property
    def scale(self) -> Points:
        """Axes of all predictors with their points."""
        return points_of(self.model, self.limits)

    @cached_property
    def total_ticks(self) -> tuple[float, ...]:
        """Labelled values of the Total points ruler, long enough for the worst combination of the axes."""
        return tuple(float(tick) for tick in total_ticks(self.scale.largest_total))

    @cached_property
    def outcomes(self) -> tuple[OutcomeAxis, ...]:
        """One risk axis a horizon."""
        return tuple(outcome_axis(self.model, self.scale, horizon, self.total_ticks[-1]) for horizon in self.horizons)

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
        """Return the log relative hazard of total points, or of their parts, against the training means."""
        centre = float(self.model.estimate.means @ self.model.estimate.coefficients)
        return self._uncentred(points) - centre

    def _uncentred(self, points: float | Mapping[str, float]) -> float:
        total = self._sum(points) if isinstance(points, Mapping) else float(points)
        return total / self.scale.per_unit + self.scale.constant

    def risk(self, points: float | Mapping[str, float]) -> pd.Series:
        """Return the probability of the event by each horizon for total points, or for the mapping `points` gave."""
        values = self.model.estimate.risk_at([self._uncentred(points)], self.horizons)[0]
        return pd.Series(values, index=pd.Index(self.horizons, name="horizon"), name="risk")

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers of the figure as plain values: scales, total, outcomes, reading_error."""
        codebook = self.model.codebook
        scales = [
            {
                "variable": axis.variable,
                "label": label_of(codebook[axis.variable], self.language),
                "unit": codebook[axis.variable].unit,
                "setting": dict(axis.setting),
                "ticks": [{"value": v, "points": float(p)} for v, p in zip(axis.values, axis.points, strict=True)],
            }
            for axis in self.scale.axes
        ]
        total = {
            "ticks": list(self.total_ticks),
            "largest": self.scale.largest_total,
            "points_per_unit": self.scale.per_unit,
            "linear_predictor_at_zero": self.linear_predictor(0.0),
        }
        outcomes = [
            {
                "horizon": axis.horizon,
                "unit": self.model.unit,
                "label": outcome_label(
                    self.model.event_text(self.language),
                    time_text(axis.horizon, self.model.unit, self.language),
                    self.language,
                ),
                "ticks": [
                    {"risk": float(r), "total_points": float(t)}
                    for r, t in zip(axis.risks, axis.total_points, strict=True)
                ],
            }
            for axis in self.outcomes
        ]
        return {"scales": scales, "total": total, "outcomes": outcomes, "reading_error": self.reading_error.to_dict()}

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


def _refusals(model: FittedModel, horizons: tuple[float, ...], limits: str) -> list[Finding]:
    if model.endpoint.kind == "competing" and model.kind == "fine_gray":
        rule = "nomograms of Fine-Gray models are not drawn yet"
        return [Finding("G04", rule, "use predict, whose table has every risk with its interval", value=model.kind)]
    if model.endpoint.kind == "competing":
        rule = "the endpoint has competing events: cause-specific models combine into risk without a single points axis"
        return [Finding("G03", rule, "use predict, whose table has every risk with its interval")]
    if model.kind != "cox":
        return [Finding("G04", f"no nomogram of a model of kind {model.kind}", "fit Cox", value=model.kind)]
    findings = []
    if model.estimate.strata:
        named = ", ".join(model.estimate.strata)
        rule = f"the model is stratified by {named}: each stratum has a baseline, and so risk axes, of its own"
        findings.append(Finding("G01", rule, "make the stratum a predictor, or fit one model a stratum", column=named))
    if getattr(model.recipe, "offset", None):
        way_out = "make it a predictor, or use predict instead of a nomogram"
        findings.append(
            Finding("G09", "the model has an offset, for which there is no axis", way_out, model.recipe.offset)
        )
    if not horizons:
        findings.append(Finding("G02", "no horizon: a nomogram needs a time to give risk at", "give horizons=[...]"))
    findings += [finding for horizon in horizons if (finding := _horizon_fault(model, horizon))]
    if limits not in ("rms", "centiles"):
        findings.append(
            Finding("G08", f"limits {limits!r} are not known", "give 'rms' or 'centiles'", value=str(limits))
        )
    return findings


def _horizon_fault(model: FittedModel, horizon: float) -> Finding | None:
    unit = model.unit
    if not (math.isfinite(horizon) and horizon > 0):
        return Finding("P12", f"horizon {horizon:g} is no positive time", f"give positive {unit}", value=f"{horizon:g}")
    if model.max_follow_up is not None and horizon > model.max_follow_up:
        rule = f"horizon {horizon:g} {unit} lies beyond the max follow-up of {model.max_follow_up:g} {unit}"
        return Finding("P10", rule, "give an earlier horizon: nobody was observed that long", value=f"{horizon:g}")
    return None
