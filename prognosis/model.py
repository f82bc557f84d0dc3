"""A fitted model: what was estimated, from whom, and the one verb for answers, `predict`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Cohort
from cohorts.endpoint import Endpoint
from cohorts.errors import Finding, FitError, PredictionError
from prognosis.cox.baseline import Interval
from prognosis.cox.diagnostics import Residual
from prognosis.cox.proportional_hazards import Transform
from prognosis.estimate import NO_HORIZON
from prognosis.evaluation import Evaluation
from prognosis.explaining.explain import How, Wanted, explain
from prognosis.explaining.explanation import Explanation
from prognosis.external.result import ExternalValidation
from prognosis.external.validate import Asked, validate_outside
from prognosis.horizons import check_between, check_interval, checked_horizons, horizon_remarks, stratum_remarks
from prognosis.model_record import ModelRecord
from prognosis.patients import Patients, PatientTable
from prognosis.persistence.writing import content_hash, save_model
from prognosis.prediction import Prediction, Remark, RiskCurve
from prognosis.profile import ObservedCurve
from prognosis.questions import anova, asked_of_fit, restricted_means, shrunken, survival_times
from prognosis.recipe import Recipe
from prognosis.updating.result import Updating
from prognosis.updating.update import update_model
from prognosis.validation import Validation

Floats = NDArray[np.float64]
UpdateMethod = Literal["intercept", "slope", "refit", "closed-test"]
# A curve that never falls says nothing of the patient.
QUIET = "stratum {} had no event in training: the risk of 0 stands for want of information"


@dataclass(frozen=True, eq=False, repr=False)
class FittedModel(ModelRecord):
    """A model that answers for new patients; made by `Study.fit` or `load_model`. Its parts: see `ModelRecord`."""

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
        remarks = (*table.remarks, *self._remarks(table, times))
        return Prediction(table.ids, times, self.unit, risk, lower, upper, level, interval, eta, remarks)

    def curve(self, patient: Patients, level: float = 0.95, interval: Interval = "log") -> RiskCurve:
        """Risk of one patient at every event time, from (0, 0) to the last follow-up.

        Raises
        ------
        PredictionError
            P15 when more than one patient is given, P12 for a binary endpoint, besides those of `predict`.
        """
        self._require_time("a curve over time")
        check_between(self.estimate, self.kind, self.unit)
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
        linear model with independent predictors. With cause-specific models: to the hazard of the event of interest,
        not to its absolute risk.
        """
        return self.answering.contributions(self.door.admit(patients).frame)

    def explain(self, patients: Patients, horizons: Sequence[float] | None = None, **how: Unpack[How]) -> Explanation:
        """Return what each predictor adds to the risk by each horizon; options: scale, method, ...: see `explain`."""
        return explain(self, patients, horizons, Wanted(**how))

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
        table: pd.DataFrame = asked_of_fit(self, "proportional_hazards", transform)
        return table

    def residuals(self, kind: Residual, by: Sequence[object] | None = None) -> pd.DataFrame:
        """Residuals of the training rows (Cox), as R's ``residuals.coxph``; see `cox.diagnostics.residuals_of`."""
        table: pd.DataFrame = asked_of_fit(self, "residuals", kind, by)
        return table

    def tests(self) -> pd.DataFrame:
        """Likelihood-ratio, Wald and score test of the whole model (Cox): test, chisq, df, p."""
        table: pd.DataFrame = asked_of_fit(self, "tests").table()
        return table

    def anova(self) -> pd.DataFrame:
        """Wald tests by term, as ``rms::anova``: term, part, chisq, df, p."""
        return anova(self)

    def out_of_bag(self, horizons: Sequence[float] = ()) -> Evaluation:
        """Training rows answered by the trees that did not see them (random survival forest), for any metric."""
        seen: Evaluation = asked_of_fit(self, "out_of_bag", horizons)
        return seen

    def importance(self, repeats: int = 10) -> pd.DataFrame:
        """Fall of the out-of-bag C when a variable is permuted (random survival forest): term, importance, se."""
        table: pd.DataFrame = asked_of_fit(self, "importance", repeats)
        return table

    def summary_at(self, level: float) -> pd.DataFrame:
        """Return the summary with limits of another level; by t where the model was pooled over imputed copies."""
        table: pd.DataFrame = self.estimate.summary(level)
        return table if self.pooled is None else self.pooled.with_t(table, level)

    def survival_time(
        self, patients: Patients, probability: float = 0.5, level: float = 0.95, interval: Interval = "log"
    ) -> pd.DataFrame:
        """Time by which the event has happened with this probability (.5: the median): id, time, lower, upper.

        Not a number where the curve does not get there within the follow-up. R: ``quantile(survfit(coxph))``.
        """
        return survival_times(self, patients, probability, level, interval)

    def restricted_mean(self, patients: Patients, tau: float) -> pd.DataFrame:
        """Mean survival time up to `tau`, the area under the patient's curve (Cox): id, mean, se."""
        return restricted_means(self, patients, tau)

    def shrunken(self, slope: float | None = None) -> FittedModel:
        """Return the model with all coefficients times `slope`, and the baseline estimated anew.

        Default: the corrected calibration slope of the attached validation, else the heuristic (LR - p) / LR.
        """
        return shrunken(self, slope)

    def validate(
        self,
        cohort: Cohort,
        horizons: Sequence[float] | float | None = None,
        *,
        metrics: Sequence[str] | str | None = None,
        thresholds: Sequence[float] = (),
        by: Sequence[str] | str = (),
        endpoint: Endpoint | None = None,
        repeats: int = 200,
    ) -> ExternalValidation:
        """Judge the model, as it is, in the patients of another cohort.

        Parameters
        ----------
        cohort : with the model's predictors and outcome. horizons : default the model's.
        metrics : names, or ``"all"``. thresholds : risks for net benefit and shares of decisions.
        by : columns whose groups are judged one by one too. endpoint : where the outcome has other columns or codes in
            this cohort. repeats : resamples of patients for metrics whose error is not known otherwise.

        Raises
        ------
        PredictionError, DataContractError, LeakageError
            E01, E02, C25, P01 to P09 and T01 to T38 as `read_new_cohort`; M03 no events; M12 an unknown metric; V26 a
            threshold that is not between 0 and 1; E14 a column of too many values to be groups.
        """
        return validate_outside(self, cohort, Asked(horizons, metrics, thresholds, by, endpoint, repeats))

    def updating(self, cohort: Cohort, method: UpdateMethod, endpoint: Endpoint | None = None) -> Updating:
        """Update the model in another cohort, and say what speaks for it.

        Parameters
        ----------
        cohort : with the model's predictors and outcome; every patient counts once. endpoint : see `validate`.
        method : ``"intercept"``, a new level: Cox multiplies its baseline hazard by observed over expected events
            (Crowson et al. 2016), logistic adds to the intercept. ``"slope"``: linear predictor times its coefficient
            in the cohort, baseline (intercept, scale) estimated anew. ``"refit"``: all coefficients anew; knots, levels
            and scales stay. ``"closed-test"``: the least of no change, level, slope and refit that is not rejected
            against the refit at .05 (Vergouwe et al. 2017); for Cox by the likelihood that keeps the baseline's shape.
            Fine-Gray and published hazards have their level read at the last horizon, by pseudo-values.

        Returns
        -------
        Updating, with the updated model and the likelihoods.

        Raises
        ------
        FitError
            E04 to E08 what cannot be estimated there; S14 an unknown method; those of the fit.
        PredictionError, DataContractError, LeakageError
            As `read_new_cohort`.
        """
        return update_model(self, cohort, method, endpoint)

    def updated(
        self, cohort: Cohort, method: UpdateMethod = "closed-test", endpoint: Endpoint | None = None
    ) -> FittedModel:
        """Return the model updated in another cohort; see `updating`. Its warnings say how it was updated (E10)."""
        return self.updating(cohort, method, endpoint).updated

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

    def save(self, path: str | Path, store_reference: bool = False) -> Path:
        """Write the model as data, ``NAME.prognosis``; `store_reference` : even where it holds patients' rows (L21)."""
        return save_model(self, Path(path), store_reference)

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
        if self.published:
            rule = f"a published model is known at its horizons only, and has nobody's outcome: it cannot give {what}"
            raise PredictionError(Finding("E18", rule, "use predict, or update the model in a cohort of your own"))
        return self.follow_up

    def _remarks(self, table: PatientTable, times: Floats) -> list[Remark]:
        together = self.answering.joint_remarks(table.frame, self.distance)
        if self.follow_up is None:
            return together
        if self.published:
            remarks: list[Remark] = self.estimate.remarks(times, self.unit)
            return together + remarks
        if hasattr(self.estimate, "window"):
            together = together + self.estimate.remarks(times, self.unit)
        stratum = self.answering.stratum(table.frame)
        if stratum is None:
            return together + horizon_remarks(self.follow_up, times, self.unit)
        names, pairs = self.estimate.stratum_names, list(zip(table.ids, stratum, strict=True))
        quiet = {s for s, curve in enumerate(self.strata_follow_up) if curve.survival[-1] == 1.0}
        said = [Remark("C28", QUIET.format(names[s]), patient=patient) for patient, s in pairs if s in quiet]
        return together + said + stratum_remarks(self.strata_follow_up, names, pairs, times, self.unit)
