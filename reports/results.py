"""Content of ``results.json``: every number of a run under stable keys; a missing one is null with a reason."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cohorts.errors import Finding, FitError
from cohorts.version import __version__
from nomograms import Nomogram
from prognosis import FittedModel, Study
from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.cox.baseline import Baseline
from prognosis.metrics.discrimination import harrell_c
from prognosis.validation import Validation
from reports.chosen import chosen_facts
from reports.conventions import conventions_of
from reports.formatting import p_value
from reports.plain_values import number, plain_value, records

SCHEMA_VERSION = 1
LIBRARIES = ("numpy", "pandas", "scipy", "numba", "scikit-learn", "matplotlib", "typst", "Jinja2")
# Level of the proportional hazards test below which a run says so: globally, or for a term after Bonferroni.
DOUBTFUL = 0.05


def results_of(
    title: str,
    study: Study,
    models: Sequence[FittedModel],
    nomograms: Mapping[str, Nomogram],
    table_one: pd.DataFrame,
) -> dict[str, Any]:
    """Collect the numbers of a run as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "study": {"title": title, "seed": study.seed, "horizons": list(study.horizons), "missing": study.missing},
        "cohort": cohort_facts(study),
        "predictors": {name: study.cohort.codebook[name].to_dict() for name in study.predictors},
        "flow": records(study.flow),
        "endpoint": endpoint_facts(study),
        "table_one": records(table_one.reset_index()),
        "models": {model.name: model_facts(model) for model in models},
        "validation_method": {m.name: _method(m.validation) for m in models if m.validation is not None},
        "validation": {m.name: _validation(m.validation.of(m.name)) for m in models if m.validation is not None},
        "external": {},
        "nomograms": {name: nomogram.to_dict() for name, nomogram in nomograms.items()},
        "warnings": [{"code": f.code, "message": str(f)} for f in all_warnings(study, models)],
        "conventions": conventions_of(models),
        "software": software(),
    }


def all_warnings(study: Study, models: Sequence[FittedModel]) -> list[Finding]:
    """Every warning once, in order of appearance."""
    found = [*study.warnings, *(finding for model in models for finding in model.warnings)]
    found += [finding for model in models if model.validation for finding in model.validation.warnings]
    return list({str(finding): finding for finding in found}.values())


def _hazards_test(model: FittedModel) -> tuple[pd.DataFrame | None, str]:
    """Return the test of proportional hazards, or why there is none (dependent columns under a penalty)."""
    try:
        return model.proportional_hazards(), ""
    except FitError as error:
        return None, error.findings[0].rule


def doubtful_hazards(model: FittedModel) -> list[Finding]:
    """Say which effects change over time, where the global test or one term (Bonferroni) says so."""
    table, _ = _hazards_test(model)
    if table is None:
        return []
    if "cause" not in table:
        return _doubts(model, table, "")
    return [finding for cause, part in table.groupby("cause") for finding in _doubts(model, part, f" of event {cause}")]


def _doubts(model: FittedModel, table: pd.DataFrame, which: str) -> list[Finding]:
    whole = table[table["term"] == "GLOBAL"].iloc[0]
    single = table[table["term"] != "GLOBAL"]
    if whole["p"] >= DOUBTFUL and single["p"].min() >= DOUBTFUL / len(single):
        return []
    terms = single[single["p"] < DOUBTFUL]
    named = ", ".join(f"{row.term} (p {p_value(row.p)})" for row in terms.itertuples()) or "no single term"
    test = f"global test p {p_value(whole['p'])}"
    rule = f"model {model.name}: proportional hazards{which} are doubtful ({test}): {named}"
    advice = "look at the effect over time; consider strata, a transform, or shorter horizons"
    return [Finding("N10", rule, advice, severity="warning")]


def software() -> dict[str, str]:
    """Versions of the package, of Python and of the libraries that make the numbers."""
    found = {"bone-prognosis": __version__, "python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in LIBRARIES}


def endpoint_facts(study: Study) -> dict[str, Any]:
    """Return the declared endpoint with patients, events and follow-up."""
    outcome = study.outcome
    return study.endpoint.to_dict() | {
        "n": len(outcome.ids),
        "events": int((outcome.event == 1).sum()),
        "competing_events": int((outcome.event > 1).sum()),
        "max_follow_up": number(float(outcome.time.max())),
    }


def cohort_facts(study: Study) -> dict[str, Any]:
    """Return file, digest, and first and last day of every date column of the patients analysed."""
    cohort, dates = study.cohort, {}
    for name, variable in cohort.codebook.items():
        if variable.kind == "date":
            known = cohort.table[name].dropna()
            dates[name] = [str(day)[:10] for day in (known.min(), known.max())] if len(known) else []
    return {"file": cohort.name, "sha256": cohort.sha256, "dates": dates}


def model_facts(model: FittedModel) -> dict[str, Any]:
    """Everything a third party needs to predict, and to judge the fit."""
    estimate = model.estimate
    tested, reason = _hazards_test(model)
    return {
        "kind": model.kind,
        "hash": model.hash,
        "created": model.created,
        "predictors": list(model.predictors),
        "options": {key: plain_value(value) for key, value in model.recipe.get_params(deep=False).items()},
        "n": model.n,
        "events": model.events,
        "max_follow_up": model.max_follow_up,
        "median_follow_up": number(model.median_follow_up),
        "loglik": number(model.loglik[1]),
        "loglik_null": number(model.loglik[0]),
        "covariance": _covariance_text(model),
        "parameters": {key: value for key, value in estimate.to_dict().items() if isinstance(value, str | int | float)},
        **_term_facts(model),
        "knots": {term.variable: list(term.knots) for term in model.preparation.terms if term.knots},
        "means": dict(zip(estimate.names, map(float, estimate.means), strict=True)),
        **_baseline_facts(model),
        "imputation": _imputation_facts(model),
        "proportional_hazards": None if tested is None else records(tested),
        "proportional_hazards_reason": reason,
        **chosen_facts(model),
    }


def _term_facts(model: FittedModel) -> dict[str, Any]:
    """Coefficients, or what a model without any tells of its terms; of a forest also its error out of the bags."""
    table = model.summary
    if "coefficient" in table:
        return {"coefficients": records(table.rename(columns={"coefficient": "estimate"}))}
    facts = {"coefficients": [], "coefficients_reason": f"a {model.kind} model has no coefficients"}
    if not hasattr(model.estimate, "forest"):
        return facts | {"terms": records(table)}
    return facts | {
        "splits": records(table),
        "out_of_bag": {"harrell_c": number(harrell_c(model.out_of_bag()))},
    }


def _imputation_facts(model: FittedModel) -> dict[str, Any] | None:
    """Return what was missing, what was imputed, and what that costs each term; null where nothing was imputed."""
    if model.pooled is None:
        return None
    fitted: Any = model.freshly_fitted()
    report = fitted.report_
    return {
        "copies": report.copies,
        "incomplete": report.incomplete,
        "variables": records(report.variables),
        "patterns": records(report.patterns),
        "values": records(report.values),
        "pooled": records(model.pooled.table),
    }


def _baseline_facts(model: FittedModel) -> dict[str, Any]:
    """Baseline hazard and the survival of an average patient, where the model has one baseline hazard."""
    baseline = getattr(model.estimate, "baseline", None)
    if not isinstance(baseline, Baseline):
        reason = f"a {model.kind} model of a {model.endpoint.kind} endpoint has no single baseline hazard"
        return {"baseline": None, "baseline_reason": reason, "baseline_survival": []} | _baselines_by_event(model)
    return {
        "baseline": _baseline_values(baseline, model.estimate.stratum_names),
        "baseline_survival": [
            {"horizon": horizon, "survival": number(float(1 - risk))} | ({"stratum": name} if name else {})
            for place, name in enumerate(model.estimate.stratum_names or ("",))
            for horizon, risk in zip(model.horizons, _mean_risk(model, place), strict=True)
        ],
    }


def _baseline_values(baseline: Baseline, strata: Sequence[str]) -> dict[str, Any]:
    return {
        "time": baseline.time.tolist(),
        "cumulative_hazard": baseline.cumulative_hazard.tolist(),
        "strata": list(strata),
        "edges": baseline.edges.tolist(),
    }


def _baselines_by_event(model: FittedModel) -> dict[str, Any]:
    """Return the baseline of every cause-specific model, by event code."""
    if not isinstance(model.estimate, CauseSpecificEstimate):
        return {}
    pairs = zip(model.estimate.causes, model.estimate.models, strict=True)
    return {"baselines": {str(cause): _baseline_values(one.baseline, one.stratum_names) for cause, one in pairs}}


def _covariance_text(model: FittedModel) -> str:
    if not hasattr(model.estimate, "covariance"):
        return "none: there are no coefficients"
    if not np.isfinite(model.estimate.covariance).all():
        return "none: selection leaves no valid standard errors"
    if model.kind == "fine_gray":
        return "sandwich with the censoring term"
    return getattr(model.estimate, "robust", "") or "model-based"


def _mean_risk(model: FittedModel, stratum: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    at_means = np.array([model.estimate.means @ model.estimate.coefficients])
    risk: np.ndarray[Any, np.dtype[np.float64]] = model.estimate.risk_at(at_means, np.array(model.horizons), stratum)[0]
    return risk


def _method(validation: Validation) -> dict[str, Any]:
    return {
        "method": validation.method,
        "repeats": validation.repeats,
        "folds": _folds(validation),
        "failed": validation.failed,
        "choice": validation.choice or "as asked",
    }


def _folds(validation: Validation) -> int | None:
    """Return the number of folds of a cross-validation, from the names of its tasks: "repeat 1, fold 10"."""
    if validation.method != "cross-validation":
        return None
    return max(int(task.rsplit(" ", 1)[-1]) for task in validation.raw["task"])


def _validation(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = records(table.drop(columns="model"))
    for row in rows:
        if row["horizon"] is None:
            row["reason"] = f"{row['metric']} is one number for the whole follow-up"
        if row["corrected"] is None:
            row["reason"] = "not measured in every task of the validation: see warnings V05"
        if row["threshold"] is None:
            del row["threshold"]
    return rows
