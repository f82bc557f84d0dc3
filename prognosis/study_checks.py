"""What a study's declarations must be: predictors, special columns, folds, horizons, seed and strategy for gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from cohorts import Binary, Cohort, Competing, Folds, Outcome, TimeToEvent, check_horizons
from cohorts.errors import DataContractError, Finding
from prognosis.column_checks import missing_findings
from prognosis.horizons import SPARSE
from prognosis.imputation.chained import Chained

Endpoint = TimeToEvent | Competing | Binary
PREDICTOR_KINDS = ("numeric", "binary", "nominal", "ordinal")


def declared_strategy(missing: Any) -> tuple[str | None, Chained | None]:
    """Return the name of the strategy for missing values, and how to impute.

    Raises
    ------
    DataContractError
        C16 an unknown strategy.
    """
    if isinstance(missing, Chained) or missing == "chained":
        return "chained", missing if isinstance(missing, Chained) else Chained()
    if missing not in (None, "complete_cases", "own side"):
        way_out = 'missing="complete_cases", "chained" or "own side"'
        raise DataContractError(Finding("C16", f"unknown strategy for missing values {missing!r}", way_out))
    return missing, None


def declared_horizons(horizons: Any, endpoint: Endpoint) -> tuple[float, ...]:
    """Return the horizons of a study: its own, else the endpoint's; each once.

    Raises
    ------
    DataContractError
        P12 text, which would be read letter by letter ("12" as 1 and 2).
    """
    if isinstance(horizons, Real) and not isinstance(horizons, bool):
        return (float(horizons),)
    if isinstance(horizons, str | bytes):
        raise DataContractError(Finding("P12", f"horizons={horizons!r} is no list of numbers", "horizons=[12, 24]"))
    given = horizons if horizons is not None else getattr(endpoint, "horizons", ())
    return tuple(dict.fromkeys(float(h) for h in given))


def check_predictors(
    cohort: Cohort, endpoint: Endpoint, predictors: tuple[str, ...], allowed: tuple[str, ...]
) -> list[Finding]:
    """Predictors exist, are named once, and carry neither the outcome nor the future (S15, C02, S01, C08, S17, L11)."""
    known = ", ".join(cohort.codebook)
    findings: list[Finding] = []
    if not predictors:
        findings.append(Finding("S15", "no predictor", "name at least one predictor"))
    for name in sorted(name for name, times in Counter(predictors).items() if times > 1):
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


def check_special(
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


def check_folds(folds: Folds | None, ids: Sequence[str]) -> list[Finding]:
    """Folds must place every patient used, else some would be in no test set."""
    absent = [] if folds is None else sorted(set(ids) - set(folds.assignment.index))
    if not absent:
        return []
    rule = f"the folds do not place {len(absent)} of the patients"
    return [Finding("V02", rule, "make the folds from this cohort with make_folds", rows=tuple(absent))]


def check_seed(seed: Any) -> list[Finding]:
    """Check that a seed is a whole number from 0 (S14)."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        return [Finding("S14", f"seed={seed!r} is not allowed", "give a whole number from 0")]
    return []


def sparse_horizons(horizons: Sequence[float], outcome: Outcome) -> list[Finding]:
    """Warn (P11) of horizons that hardly anybody was followed to."""
    entered = np.zeros(len(outcome)) if outcome.entry is None else outcome.entry
    left = {horizon: int(((outcome.time >= horizon) & (entered < horizon)).sum()) for horizon in horizons}
    return [
        Finding("P11", f"horizon {horizon:g}: only n at risk = {n}, below {SPARSE}",
                "ask for an earlier horizon; every risk at this one will carry the remark", severity="warning")
        for horizon, n in left.items()
        if n < SPARSE
    ]  # fmt: skip


def check_study_horizons(horizons: Sequence[float], outcome: Outcome, endpoint: Endpoint) -> list[Finding]:
    """Horizons are positive and not beyond the follow-up (P12, P10)."""
    return check_horizons(horizons, float(outcome.time.max()), getattr(endpoint, "unit", ""))


def check_subset(predictors: Sequence[str], known: Sequence[str]) -> list[Finding]:
    """Check some predictors of a study: at least one (S15), each once (C02), all of them the study's (S01)."""
    given = Counter(predictors)
    findings = [] if given else [Finding("S15", "no predictor", "name at least one predictor")]
    for name, times in given.items():
        if name not in known:
            findings.append(Finding("S01", "the study has no such predictor", f"it has {', '.join(known)}", name))
        elif times > 1:
            rule = f"predictor {name} is named twice: columns {name} and {name}"
            findings.append(Finding("C02", rule, "name it once", name))
    return findings


def complete_rows(cohort: Cohort, predictors: tuple[str, ...], missing: str | None) -> tuple[Cohort, list[Finding]]:
    """Refuse missing predictors, or leave those patients out and say how many.

    Raises
    ------
    DataContractError
        C16 missing values without a strategy.
    """
    frame = cohort.view(predictors)
    count = frame.isna().sum()
    if not count.any():
        return cohort, []
    if missing is None:
        raise DataContractError(*missing_findings(count, len(frame)))
    left_out = [str(row) for row in frame.index[frame.isna().any(axis=1)]]
    listed = ", ".join(f"{name} {n}" for name, n in count[count > 0].items())
    if missing == "own side":
        rule = f"{len(left_out)} of {len(frame)} patients lack a predictor and are kept as they are ({listed})"
        advice = 'models with missing="own side" take them, others refuse them'
        return cohort, [Finding("C16", rule, advice, severity="warning")]
    if missing == "chained":
        rule = f"{len(left_out)} of {len(frame)} patients lack a predictor and are imputed ({listed})"
        return cohort, [Finding("C16", rule, "the report of imputed values is in results.json", severity="warning")]
    rule = f"complete cases: {len(left_out)} of {len(frame)} patients left out for missing values ({listed})"
    finding = Finding("C16", rule, "they are counted in the flow", severity="warning")
    return cohort.without(left_out, f"missing predictor ({listed})"), [finding]
