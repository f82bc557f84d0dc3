"""The question before any model: cohort, endpoint, predictors, horizons, folds and seed, shared by all fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone

from cohorts import Binary, Cohort, Competing, Folds, Outcome, TimeToEvent, check_horizons
from cohorts.errors import DataContractError, Finding, FitError, raise_findings, warn_findings
from prognosis.assembly import assemble
from prognosis.chained_imputation import COPIES
from prognosis.column_checks import missing_findings
from prognosis.horizons import SPARSE
from prognosis.model import FittedModel
from prognosis.multiple_imputation import MultiplyImputed
from prognosis.recipe import Recipe
from prognosis.validation import Method, Validation, validate_by_bootstrap

Missing = Literal["complete_cases", "chained"]
Endpoint = TimeToEvent | Competing | Binary
PREDICTOR_KINDS = ("numeric", "binary", "nominal", "ordinal")


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
        ``"chained"`` imputes them by chained equations, fits every copy and pools; None (default) refuses them.
    copies : completed data sets for ``"chained"``; at least as many as percent of the patients are incomplete is
        good advice.
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
        missing: Missing | None = None,
        copies: int = COPIES,
        allow_post_baseline: Sequence[str] = (),
    ) -> None:
        if missing not in (None, "complete_cases", "chained"):
            way_out = 'missing="complete_cases" or missing="chained"'
            raise DataContractError(Finding("C16", f"unknown strategy for missing values {missing!r}", way_out))
        raise_findings(_check_seed(seed), DataContractError)
        self.endpoint = endpoint
        self.predictors = tuple(predictors)
        self.allow_post_baseline = tuple(allow_post_baseline)
        self.folds = folds
        self.seed = seed
        self.missing = missing
        self.copies = copies
        findings = _check_predictors(cohort, endpoint, self.predictors, tuple(allow_post_baseline))
        raise_findings(findings, DataContractError)
        usable, incomplete = _complete(cohort, self.predictors, missing)
        outcome = endpoint.outcome(usable)
        self.cohort = usable.without(outcome.dropped, "time 0 with an event") if outcome.dropped else usable
        self.outcome: Outcome = outcome
        if isinstance(horizons, str | bytes):
            # read letter by letter, "12" would be 1 and 2
            raise DataContractError(Finding("P12", f"horizons={horizons!r} is no list of numbers", "horizons=[12, 24]"))
        self.horizons = tuple(
            float(h) for h in (horizons if horizons is not None else getattr(endpoint, "horizons", ()))
        )
        raise_findings(_check_horizons(self.horizons, outcome, endpoint), DataContractError)
        raise_findings(_check_folds(folds, outcome.ids), DataContractError)
        overridden = [finding for finding in findings if finding.severity == "warning"]
        sparse = _sparse_horizons(self.horizons, outcome)
        self.warnings = (*cohort.warnings, *incomplete, *overridden, *outcome.warnings, *sparse)
        warn_findings((*overridden, *outcome.warnings, *sparse))

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

    def fit(self, recipe: Recipe, name: str | None = None) -> FittedModel:
        """Fit a recipe to the study's rows.

        Parameters
        ----------
        recipe : unfitted; it is copied. name : of the model in tables and files, default the recipe's kind.

        Raises
        ------
        FitError
            The recipe cannot answer this kind of endpoint, or cannot be estimated from these rows.
        """
        if self.endpoint.kind not in recipe.endpoints:
            rule = f"{type(recipe).__name__} cannot answer a {self.endpoint.kind} endpoint"
            advice = f"it answers {', '.join(recipe.endpoints)}: declare such an endpoint, or choose another model"
            raise FitError(Finding("T30", rule, advice))
        recipe.check_parameters()
        asked = clone(recipe)
        if self.missing == "chained":
            asked = MultiplyImputed(asked, copies=self.copies, seed=self.seed)
        fitted = asked.fit(self.columns_of(recipe), self.outcome.to_structured())
        warn_findings(fitted.warnings_)
        return assemble(self, fitted, name or recipe.kind)

    def columns_of(self, recipe: Recipe) -> pd.DataFrame:
        """Predictors and the recipe's auxiliary columns (strata, weights, ...) of the patients used."""
        wanted = dict.fromkeys((*self.predictors, *recipe.auxiliary))
        both = [name for name in recipe.auxiliary if name in self.predictors]
        if both:
            rule = f"{', '.join(both)} cannot be a predictor and a stratum, weight, cluster or offset at once"
            raise FitError(Finding("S16", rule, "take it out of the predictors"))
        named = tuple(name for name in recipe.auxiliary if name in self.cohort.codebook)
        raise_findings(_check_special(self.cohort, self.endpoint, named, self.allow_post_baseline), DataContractError)
        return self.cohort.view(tuple(wanted))

    def validate(
        self,
        models: FittedModel | Sequence[FittedModel],
        method: Method = "bootstrap",
        repeats: int = 200,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Validation:
        """Validate inside the cohort: the whole recipe is refitted in every resample.

        Parameters
        ----------
        models : fitted by this study. method : ``"bootstrap"``, Harrell's optimism bootstrap.
        repeats : number of resamples. progress : called with (done, all); default a bar on a terminal.

        Raises
        ------
        FitError
            M10 when more than 5 % of the resamples cannot be fitted; V01 for another method or a foreign model.
        """
        chosen = [models] if isinstance(models, FittedModel) else list(models)
        if method != "bootstrap":
            raise FitError(Finding("V01", f"unknown validation method {method!r}", 'method="bootstrap"'))
        if repeats < 2:
            raise FitError(
                Finding("V01", f"repeats={repeats}: a bootstrap needs at least 2 resamples", "repeats=200 is usual")
            )
        for model in chosen:
            if model.training is None or model.training.ids != self.outcome.ids:
                rule = f"model {model.name} was not fitted by this study"
                raise FitError(Finding("V01", rule, "fit it with study.fit, so that rows and seed are shared"))
        validation = validate_by_bootstrap(self, chosen, repeats, progress)
        warn_findings(validation.warnings)
        return validation


def _complete(cohort: Cohort, predictors: tuple[str, ...], missing: Missing | None) -> tuple[Cohort, list[Finding]]:
    """Refuse missing predictors, or leave those patients out and say how many."""
    frame = cohort.view(predictors)
    count = frame.isna().sum()
    if not count.any():
        return cohort, []
    if missing is None:
        raise DataContractError(*missing_findings(count, len(frame)))
    left_out = [str(row) for row in frame.index[frame.isna().any(axis=1)]]
    listed = ", ".join(f"{name} {n}" for name, n in count[count > 0].items())
    if missing == "chained":
        rule = f"{len(left_out)} of {len(frame)} patients lack a predictor and are imputed ({listed})"
        return cohort, [Finding("C16", rule, "the report of imputed values is in results.json", severity="warning")]
    rule = f"complete cases: {len(left_out)} of {len(frame)} patients left out for missing values ({listed})"
    finding = Finding("C16", rule, "they are counted in the flow", severity="warning")
    return cohort.without(left_out, f"missing predictor ({listed})"), [finding]


def _check_predictors(
    cohort: Cohort, endpoint: Endpoint, predictors: tuple[str, ...], allowed: tuple[str, ...]
) -> list[Finding]:
    known = ", ".join(cohort.codebook)
    findings: list[Finding] = []
    if not predictors:
        findings.append(Finding("S15", "no predictor", "name at least one predictor"))
    for name in sorted({name for name in predictors if predictors.count(name) > 1}):
        findings.append(
            Finding("C02", f"predictor {name} is named twice: columns {name} and {name}", "name it once", name)
        )
    for name in predictors:
        if name not in cohort.codebook:
            findings.append(Finding("S01", "the cohort has no such column", f"columns: {known}", name))
        elif name in endpoint.columns or cohort.codebook[name].kind in ("time", "event"):
            findings.append(
                Finding("C08", f"column {name} belongs to the outcome list", "take it out of the predictors", name)
            )
        elif cohort.codebook[name].kind not in PREDICTOR_KINDS:
            rule = f"a column of kind {cohort.codebook[name].kind} is no predictor"
            findings.append(Finding("S17", rule, "choose another column", name))
        elif cohort.codebook[name].timing == "post-baseline":
            findings.append(_post_baseline(name, name in allowed))
    return findings


def _check_special(
    cohort: Cohort, endpoint: Endpoint, names: tuple[str, ...], allowed: tuple[str, ...]
) -> list[Finding]:
    """Strata, weights, clusters and offsets must not carry the outcome or the future either."""
    findings = []
    for name in names:
        if name in endpoint.columns or cohort.codebook[name].kind in ("time", "event"):
            rule = f"column {name} belongs to the outcome list"
            findings.append(Finding("C08", rule, "choose another stratum, weight, cluster or offset", name))
        elif cohort.codebook[name].timing == "post-baseline":
            findings.append(_post_baseline(name, name in allowed))
    return findings


def _post_baseline(name: str, allowed: bool) -> Finding:
    rule = "a post-baseline predictor is not known at time zero: it leaks the future"
    advice = "take it out, or override with allow_post_baseline (the override is printed)"
    if allowed:
        return Finding("L11", f"{rule}; used all the same, as the study says", column=name, severity="warning")
    return Finding("L11", rule, advice, column=name)


def _check_folds(folds: Folds | None, ids: Sequence[str]) -> list[Finding]:
    """Folds must place every patient used, else some would be in no test set."""
    absent = [] if folds is None else sorted(set(ids) - set(folds.assignment.index))
    if not absent:
        return []
    rule = f"the folds do not place {len(absent)} of the patients"
    return [Finding("V02", rule, "make the folds from this cohort with make_folds", rows=tuple(absent))]


def _check_seed(seed: Any) -> list[Finding]:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        return [Finding("S14", f"seed={seed!r} is not allowed", "give a whole number from 0")]
    return []


def _sparse_horizons(horizons: Sequence[float], outcome: Outcome) -> list[Finding]:
    """Warn (P11) of horizons that hardly anybody was followed to."""
    entered = np.zeros(len(outcome)) if outcome.entry is None else outcome.entry
    left = {horizon: int(((outcome.time >= horizon) & (entered < horizon)).sum()) for horizon in horizons}
    return [
        Finding("P11", f"horizon {horizon:g}: only n at risk = {n}, below {SPARSE}",
                "ask for an earlier horizon; every risk at this one will carry the remark", severity="warning")
        for horizon, n in left.items()
        if n < SPARSE
    ]  # fmt: skip


def _check_horizons(horizons: Sequence[float], outcome: Outcome, endpoint: Endpoint) -> list[Finding]:
    return check_horizons(horizons, float(outcome.time.max()), getattr(endpoint, "unit", ""))
