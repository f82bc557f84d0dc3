"""A fitted model: what was estimated, from whom, and the one verb for answers, `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Binary, Codebook, Competing, TimeToEvent
from cohorts.errors import Finding, FitError, PredictionError
from prognosis.answering import Answering
from prognosis.baseline import Interval
from prognosis.estimate import NO_HORIZON
from prognosis.horizons import check_interval, checked_horizons, horizon_remarks
from prognosis.model_file import content_hash, save_model
from prognosis.patients import Door, Patients, PatientTable
from prognosis.pooling import Pooled
from prognosis.prediction import Prediction, Remark, RiskCurve
from prognosis.preparation import Preparation
from prognosis.profile import ObservedCurve, Profile
from prognosis.proportional_hazards import Transform
from prognosis.recipe import Recipe
from prognosis.stored_imputation import StoredImputation
from prognosis.validation import Validation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """What only a freshly fitted model has: the ids of its rows and the fitted recipe. Never saved."""

    ids: tuple[str, ...]
    fitted: Recipe


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model and everything it needs to answer for new patients; made by `Study.fit` or `load_model`.

    Parameters
    ----------
    name : in tables and files. recipe : unfitted parameters. preparation : from raw predictors to columns.
    estimate : the numbers. codebook : of the predictors. endpoint, horizons : the question.
    event_label : what the event is called, by language. n, events : training patients and events.
    profile : aggregate distribution of the predictors. seed : of the study.
    follow_up : observed curve of the training cohort, None for a binary endpoint; strata_follow_up : of each stratum.
    missing : declared strategy for missing values. flow : rows read, left out and kept. warnings : findings.
    created : date. version : of the package. id_column : name of the id column. cohort : name of the file.
    validation : attached by `with_validation`. training : None after loading.
    imputation : completes patients whose predictors are not all known, None where they are refused.
    pooled : details of the pooling over imputed copies.
    verified : True when `load_model` matched a digest that the user got elsewhere.
    """

    name: str
    recipe: Recipe
    preparation: Preparation
    estimate: Any
    codebook: Codebook
    endpoint: TimeToEvent | Competing | Binary
    horizons: tuple[float, ...]
    event_label: Mapping[str, str]
    n: int
    events: int
    profile: Profile
    follow_up: ObservedCurve | None
    strata_follow_up: tuple[ObservedCurve, ...]
    seed: int
    missing: str | None
    flow: tuple[tuple[str, int], ...]
    warnings: tuple[Finding, ...]
    created: str
    version: str
    id_column: str
    cohort: str
    validation: Validation | None = None
    imputation: StoredImputation | None = field(default=None, repr=False)
    pooled: Pooled | None = field(default=None, repr=False)
    training: Training | None = field(default=None, repr=False)
    verified: bool = False

    @property
    def kind(self) -> str:
        """Kind of the recipe, ``cox``."""
        return self.recipe.kind

    @property
    def predictors(self) -> tuple[str, ...]:
        """Raw predictors in order."""
        return self.preparation.predictors

    @property
    def unit(self) -> str:
        """Time unit of horizons and curves, "" for a binary endpoint."""
        return str(getattr(self.endpoint, "unit", ""))

    @property
    def origin(self) -> str:
        """What time 0 is, "" for a binary endpoint."""
        return str(getattr(self.endpoint, "origin", ""))

    @property
    def max_follow_up(self) -> float | None:
        """Last observed time, in the endpoint's unit; there is no risk beyond it. None for a binary endpoint."""
        return None if self.follow_up is None else float(self.follow_up.time[-1])

    @property
    def median_follow_up(self) -> float | None:
        """Median follow-up by reverse Kaplan-Meier; None if not reached, or for a binary endpoint."""
        return None if self.follow_up is None else self.follow_up.median_follow_up

    @property
    def summary(self) -> pd.DataFrame:
        """Terms with coefficient, se, hazard (or odds, time) ratio, 95 % limits, z and p."""
        table: pd.DataFrame = self.estimate.summary()
        return table if self.pooled is None else self.pooled.with_t(table)

    @property
    def loglik(self) -> tuple[float, float]:
        """Log (partial) likelihood without predictors and at the estimate."""
        return self.estimate.loglik[0], self.estimate.loglik[1]

    def event_text(self, language: str = "en") -> str:
        """Name the event: the codebook's label of the event column in this language, else the endpoint's name."""
        return self.event_label.get(language) or self.endpoint.name

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the model's content, as written in its file."""
        return content_hash(self)

    def predict(
        self,
        patients: Patients,
        horizons: list[float] | tuple[float, ...] | Floats | None = None,
        level: float = 0.95,
        interval: Interval = "log",
    ) -> Prediction:
        """Probability of the event by each horizon.

        Parameters
        ----------
        patients : frame of raw predictors (index or id column = id), mapping of one patient, or cohort.
        horizons : times in the endpoint's unit; default the study's; none for a binary endpoint.
        level : of the interval. interval : scale of the limits: ``log`` (R's default), ``log-log`` or ``plain``.

        Returns
        -------
        Prediction; beyond the follow-up the risk is not a number and a remark says why.

        Raises
        ------
        PredictionError
            P01 to P09 for the patients, P12 for a horizon that is no positive number, S14 for level or interval.
        """
        times = self._times(horizons)
        check_interval(level, interval)
        table = self.door.admit(patients)
        risk, lower, upper, eta = self.answering.risk(table.frame, times, level, interval)
        remarks = (*table.remarks, *self._horizon_remarks(table, times))
        return Prediction(table.ids, times, self.unit, risk, lower, upper, level, interval, eta, remarks)

    def curve(self, patient: Patients, level: float = 0.95, interval: Interval = "log") -> RiskCurve:
        """Risk of one patient at every event time, from (0, 0) to the last follow-up.

        Raises
        ------
        PredictionError
            P15 when more than one patient is given, P12 for a binary endpoint, besides those of `predict`.
        """
        self._require_time("a curve over time")
        check_interval(level, interval)
        table = self.door.admit(patient)
        if len(table.ids) != 1:
            raise PredictionError(
                Finding("P15", f"{len(table.ids)} patients given", "a curve is drawn for one patient")
            )
        times = np.unique(np.concatenate([self.estimate.event_times, [self.max_follow_up]]))
        risk, lower, upper, _ = self.answering.risk(table.frame, times, level, interval)
        known = np.isfinite(risk[0])
        start = np.zeros(1)
        rows = (np.concatenate([start, values[0][known]]) for values in (risk, lower, upper))
        return RiskCurve(np.concatenate([start, times[known]]), *rows)

    def contributions(self, patients: Patients) -> pd.DataFrame:
        """Return what each predictor adds to the linear predictor, patients x predictors.

        Coefficients times the distance from the training mean, columns of a spline or factor summed, those of an
        interaction shared equally. Rows sum to the linear predictor (less an offset): the exact SHAP values of a
        linear model with independent predictors.
        """
        return self.answering.contributions(self.door.admit(patients).frame)

    def observed(self, patient: Patients) -> ObservedCurve:
        """Observed curve of the training patients that this one is compared with: the stratum, or the whole cohort."""
        whole = self._require_time("an observed curve")
        stratum = self.answering.stratum(self.door.admit(patient).frame)
        return whole if stratum is None else self.strata_follow_up[int(stratum[0])]

    def linear_predictor(self, patients: Patients) -> Floats:
        """Linear predictor against a patient at the training means, (n,), as ``rms::cph``; for Cox a log hazard."""
        return self.answering.linear_predictor(self.door.admit(patients).frame)

    def proportional_hazards(self, transform: Transform = "km") -> pd.DataFrame:
        """Score test of proportional hazards by term and globally, as R's ``cox.zph``: term, chisq, df, p."""
        fitted: Any = self.freshly_fitted()
        if not hasattr(fitted, "proportional_hazards"):
            raise FitError(Finding("N03", f"{self.kind} models have no proportional hazards test", "none needed"))
        table: pd.DataFrame = fitted.proportional_hazards(transform)
        return table

    def freshly_fitted(self) -> Recipe:
        """Return the fitted recipe with its training rows.

        Raises
        ------
        FitError
            N03 after loading: a model file holds no patient's rows.
        """
        if self.training is None:
            rule = "this needs the training rows, which a model file does not hold"
            raise FitError(Finding("N03", rule, "fit the model again with its study"))
        return self.training.fitted

    def with_validation(self, validation: Validation) -> FittedModel:
        """Return the model with the validation that reports show."""
        return replace(self, validation=validation)

    def save(self, path: str | Path) -> Path:
        """Write the model as data, ``NAME.prognosis``; see `load_model`."""
        return save_model(self, Path(path))

    @property
    def door(self) -> Door:
        """What new patients are checked by."""
        extra = tuple(self.estimate.strata) + ((self.recipe.offset,) if getattr(self.recipe, "offset", None) else ())
        return Door(self.codebook, self.profile, self.id_column, extra, imputes=self.imputation is not None)

    @property
    def answering(self) -> Answering:
        """What turns checked patients into numbers."""
        offset = getattr(self.recipe, "offset", None)
        return Answering(self.preparation, self.estimate, offset, self.imputation, self.seed)

    def _times(self, horizons: Any) -> Floats:
        if self.follow_up is None:
            if horizons is not None:
                rule = f"horizons={horizons!r}, but a binary endpoint has no time"
                raise PredictionError(Finding("P12", rule, "predict without horizons"))
            return NO_HORIZON
        return checked_horizons(self.horizons if horizons is None else horizons)

    def _require_time(self, what: str) -> ObservedCurve:
        if self.follow_up is None:
            rule = f"a binary endpoint has no time, and so no horizon for {what}"
            raise PredictionError(Finding("P12", rule, "use predict, which gives one probability a patient"))
        return self.follow_up

    def _horizon_remarks(self, table: PatientTable, times: Floats) -> list[Remark]:
        if self.follow_up is None:
            return []
        stratum = self.answering.stratum(table.frame)
        if stratum is None:
            return horizon_remarks(self.follow_up, times, self.unit)
        return [
            replace(remark, patient=patient)
            for patient, s in zip(table.ids, stratum, strict=True)
            for remark in horizon_remarks(self.strata_follow_up[s], times, self.unit, self.estimate.stratum_names[s])
        ]
