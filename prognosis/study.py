"""The question before any model: cohort, endpoint, predictors, horizons, folds and seed, shared by all fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Literal

import pandas as pd

from cohorts import Binary, Cohort, Folds, Outcome
from cohorts.errors import DataContractError, Finding, FitError, raise_findings, warn_findings
from cohorts.unused_levels import without_unused_levels
from prognosis.asked import asked_of
from prognosis.assembly import assemble
from prognosis.execution import IN_PROCESS, Execution
from prognosis.imputation.chained import Chained
from prognosis.metrics.net_benefit import read_thresholds
from prognosis.model import FittedModel
from prognosis.recipe import Recipe
from prognosis.regression import Regression
from prognosis.sample_size_shortfall import events_shortfall
from prognosis.selection.set_stability import SelectionStability, selection_stability_of
from prognosis.study_checks import (
    Endpoint,
    check_folds,
    check_predictors,
    check_seed,
    check_special,
    check_study_horizons,
    check_subset,
    complete_rows,
    declared_horizons,
    declared_strategy,
    sparse_horizons,
)
from prognosis.validation.choice import declared_plan
from prognosis.validation.corrected_calibration import CorrectedCalibration, corrected_calibration
from prognosis.validation.engine import Question, check_models, validate_inside
from prognosis.validation.instability import Instability, instability_of
from prognosis.validation.leaks import honest_beside_leaky, told_side_by_side
from prognosis.validation.plans import Plan
from prognosis.validation.result import Validation
from prognosis.validation.rows import rows_digest

Missing = Literal["complete_cases", "chained", "own side"]


class Study:
    """A prognostic question on one cohort; every model fitted by it shares rows, folds and seed.

    Parameters
    ----------
    cohort : checked patients. endpoint : what is predicted.
    predictors : columns measured at time zero.
    horizons : times in the endpoint's unit; default the endpoint's own.
    folds : patient-level folds of `cohorts.make_folds` for validation by folds, or None.
    seed : of every random step, combined with the index of the task.
    missing : ``"complete_cases"`` leaves out patients with a missing predictor and counts them in `flow`;
        ``"chained"`` or ``Chained(copies=5)`` imputes them by chained equations, fits every copy and pools (at least
        as many copies as percent of the patients are incomplete is good advice); ``"own side"`` keeps them as they are
        for models that have a rule (``RandomSurvivalForest(missing="own side")``), while others refuse them; None
        (default) refuses them.
    allow_post_baseline : predictors that are used although the codebook calls them post-baseline.

    Raises
    ------
    DataContractError
        All findings at once: the outcome (T01 to T26), missing values (C16), predictors that do not exist (S01),
        that belong to the outcome or are post-baseline (C08), a horizon beyond the follow-up (P10), a seed that is no
        whole number from 0 (S14).
    """

    def __init__(
        self,
        cohort: Cohort,
        endpoint: Endpoint,
        predictors: Sequence[str],
        *,
        horizons: Sequence[float] | None = None,
        folds: Folds | None = None,
        seed: int = 0,
        missing: Missing | Chained | None = None,
        allow_post_baseline: Sequence[str] = (),
    ) -> None:
        self.missing, self.imputation = declared_strategy(missing)
        raise_findings(check_seed(seed), DataContractError)
        self.endpoint = endpoint
        # one predictor by its name, not by its letters
        self.predictors = (predictors,) if isinstance(predictors, str) else tuple(predictors)
        self.allow_post_baseline = tuple(allow_post_baseline)
        # of the study that this one is a part of
        self._whole = self.predictors
        self.folds = folds
        self.seed = seed
        findings = check_predictors(cohort, endpoint, self.predictors, tuple(allow_post_baseline))
        raise_findings(findings, DataContractError)
        usable, incomplete = complete_rows(cohort, self.predictors, self.missing)
        outcome = endpoint.outcome(usable)
        analysed = usable.without(outcome.dropped, "time 0 with an event") if outcome.dropped else usable
        self.cohort, unused = without_unused_levels(analysed, self.predictors)
        self.outcome: Outcome = outcome
        self.horizons = declared_horizons(horizons, endpoint)
        raise_findings(check_study_horizons(self.horizons, outcome, endpoint), DataContractError)
        raise_findings(check_folds(folds, outcome.ids), DataContractError)
        overridden = [finding for finding in findings if finding.severity == "warning"]
        sparse = sparse_horizons(self.horizons, outcome)
        own = (*overridden, *unused, *outcome.warnings, *sparse)
        self.warnings = (*cohort.warnings, *incomplete, *own)
        warn_findings(own)

    @property
    def frame(self) -> pd.DataFrame:
        """Predictors of the patients used, index = ids."""
        return self.cohort.view(self.predictors)

    @property
    def flow(self) -> pd.DataFrame:
        """Rows read, rows left out with the reason, rows kept."""
        return self.cohort.flow

    def __repr__(self) -> str:
        events = int((self.outcome.event == 1).sum())
        listed = ", ".join(self.predictors)
        return f"Study({self.endpoint.name}: {len(self.cohort)} patients, {events} events, predictors {listed})"

    def of(self, predictors: Sequence[str]) -> Study:
        """Return the same question asked of some of the predictors: same patients, folds and seed.

        Models that it fits are validated by this study beside its own: what do the other predictors add?

        Raises
        ------
        DataContractError
            S15 no predictor, C02 one named twice, S01 one that this study does not have.
        """
        some = (predictors,) if isinstance(predictors, str) else tuple(predictors)
        raise_findings(check_subset(some, self.predictors), DataContractError)
        part = copy(self)
        part.predictors = some
        return part

    def fit(self, recipe: Recipe, name: str | None = None, predictors: Sequence[str] | None = None) -> FittedModel:
        """Fit a recipe to the study's rows.

        Parameters
        ----------
        recipe : unfitted; it is copied. name : of the model in tables and files, default the recipe's kind.
        predictors : some of the study's, default all; see `of`.

        Raises
        ------
        FitError
            The recipe cannot answer this kind of endpoint, or cannot be estimated from these rows.
        """
        if predictors is not None:
            return self.of(predictors).fit(recipe, name)
        fitted = asked_of(self, recipe).fit(self.columns_of(recipe), self.outcome.to_structured())
        small = self._shortfall(fitted)
        warn_findings((*fitted.warnings_, *small))
        return assemble(self, fitted, name or recipe.kind, small)

    def _shortfall(self, fitted: Any) -> list[Finding]:
        """Say by Riley's criteria whether there are patients enough for the columns of a regression (Z01)."""
        if not isinstance(fitted.answering_recipe, Regression):
            return []
        selection = getattr(fitted, "selection_", None)
        outcome, timed = self.outcome, not isinstance(self.endpoint, Binary)
        entered = 0.0 if outcome.entry is None else outcome.entry
        return events_shortfall(
            len(outcome),
            int((outcome.event == 1).sum()),
            len(fitted.preparation_.names) if selection is None else selection.columns,
            follow_up=float((outcome.time - entered).sum()) if timed else None,
            timepoint=max(self.horizons) if timed and self.horizons else None,
        )

    def columns_of(self, recipe: Recipe) -> pd.DataFrame:
        """Predictors and the recipe's auxiliary columns (strata, weights, ...) of the patients used."""
        wanted = dict.fromkeys((*self.predictors, *recipe.auxiliary))
        both = [name for name in recipe.auxiliary if name in self.predictors]
        if both:
            rule = f"{', '.join(both)} cannot be a predictor and a stratum, weight, cluster or offset at once"
            raise FitError(Finding("S16", rule, "take it out of the predictors"))
        named = tuple(name for name in recipe.auxiliary if name in self.cohort.codebook)
        raise_findings(check_special(self.cohort, self.endpoint, named, self.allow_post_baseline), DataContractError)
        return self.cohort.view(tuple(wanted))

    def rows_of(self, recipe: Recipe) -> str:
        """Digest of what a recipe is fitted to here: raw columns, outcome, and what they are a part of."""
        digest = rows_digest(self.columns_of(recipe), self.outcome.to_structured())
        return digest if self.predictors == self._whole else f"{digest} among {', '.join(self._whole)}"

    def validate(
        self,
        models: FittedModel | Sequence[FittedModel],
        method: str | Plan | None = None,
        repeats: int | None = None,
        *,
        metrics: Sequence[str] | str | None = None,
        thresholds: float | Sequence[float] = (),
        by: str | None = None,
        execution: Execution = IN_PROCESS,
        progress: Callable[[int, int], None] | None = None,
    ) -> Validation:
        """Validate inside the cohort: the whole recipe is refitted in every task.

        Parameters
        ----------
        models : fitted by this study, or by `of` some of its predictors; all are judged by the same method and rows.
        method : ``"bootstrap"``, ``"632+"``, ``"cross-validation"``, ``"internal-external"``, ``"group-combinations"``
            or a plan such as ``Temporal("year", after=2015)``. Default: the package chooses and says why
            (`Validation.choice`): the optimism bootstrap where no model selects and each has 10 events a column, else
            repeated cross-validation, which also judges forests and boosting fairly.
        repeats : resamples (default 200), or repeats of the cross-validation (default 10).
        metrics : names, or ``"all"``; default C, slope, and at the study's horizons AUC, Brier score, IPA and observed
            over expected. thresholds : risks for net benefit and shares of decisions.
        by : column of the centre or group for the methods that leave those out.
        execution : workers, cluster and journal. progress : called with (done, all); default a bar on a terminal.

        Raises
        ------
        FitError
            M10 when more than 5 % of the refits fail; V01 another method or a foreign model; V04 an unusable column;
            V09 given folds that do not place every patient; V10 repeats or a column that the method has no use for.
        LeakageError
            L12 a selection outside the resamples; L16 to L18 a stored image score that this method would leak; L19 a
            cluster in training and test.
        PredictionError
            M12 an unknown metric; M15 none at all; V26 a threshold that is not between 0 and 1.
        """
        chosen = [models] if isinstance(models, FittedModel) else list(models)
        raise_findings(check_models(self, chosen, fewer=True), FitError)
        chosen = honest_beside_leaky(chosen)
        plan, choice, doubts = declared_plan(self, chosen, method, repeats, by)
        cuts = tuple(dict.fromkeys(map(float, read_thresholds(thresholds))))
        question = Question(plan, choice, tuple(doubts), metrics, cuts, execution)
        validation = told_side_by_side(validate_inside(self, chosen, question, progress), chosen)
        warn_findings(validation.warnings)
        return validation

    def instability(
        self,
        model: FittedModel,
        horizon: float | None = None,
        repeats: int = 200,
        *,
        execution: Execution = IN_PROCESS,
        progress: Callable[[int, int], None] | None = None,
    ) -> Instability:
        """Show how the same patients' risks would differ, had other patients been in the training cohort.

        Parameters
        ----------
        model : fitted by this study. horizon : default the last of the study. repeats : bootstrap resamples.

        Raises
        ------
        FitError
            V01 a model of another study; V07 no horizon; M10 when more than 5 % of the resamples cannot be fitted.
        """
        found = instability_of(self, model, horizon, repeats, execution, progress)
        warn_findings(found.warnings)
        return found

    def selection_stability(
        self,
        model: FittedModel,
        repeats: int = 200,
        *,
        execution: Execution = IN_PROCESS,
        progress: Callable[[int, int], None] | None = None,
    ) -> SelectionStability:
        """Choose a model's predictors anew in bootstrap resamples; see `selection_stability_of`."""
        return selection_stability_of(self, model, repeats, execution, progress)

    def calibration(
        self,
        model: FittedModel,
        horizon: float | None = None,
        repeats: int = 200,
        *,
        execution: Execution = IN_PROCESS,
        progress: Callable[[int, int], None] | None = None,
    ) -> CorrectedCalibration:
        """Estimate the calibration curve at a horizon, corrected for optimism by bootstrap (``rms::calibrate``).

        Parameters
        ----------
        model : fitted by this study. horizon : default the last of the study. repeats : bootstrap resamples.

        Raises
        ------
        FitError
            V01 a model of another study; V07 no horizon; V08 a binary outcome or case weights; M10 when more than 5 %
            of the resamples fail.
        """
        found = corrected_calibration(self, model, horizon, repeats, execution, progress)
        warn_findings(found.warnings)
        return found
