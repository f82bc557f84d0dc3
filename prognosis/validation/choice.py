"""Which validation suits which model: the package chooses, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.validation.divisions import GivenFolds, GroupCombinations, InternalExternal, Temporal
from prognosis.validation.plans import Bootstrap, Bootstrap632, CrossValidation, Plan

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

# Events a column: below, the optimism bootstrap leaves some optimism in.
SPARE = 10
PLANS = (Bootstrap, Bootstrap632, CrossValidation, GivenFolds, GroupCombinations, InternalExternal, Temporal)
METHODS = ("bootstrap", "632+", "cross-validation", "internal-external", "group-combinations")


def declared_plan(
    study: Study, models: Sequence[FittedModel], method: str | Plan | None, repeats: int | None, by: str | None
) -> tuple[Plan, str, list[Finding]]:
    """Return the plan, why it was chosen ("" where it was asked for), and what speaks against it.

    Raises
    ------
    FitError
        V01 an unknown method or an impossible number; V04 a method that needs a column; V10 repeats or a column that
        the method has no use for.
    """
    doubts = {model.name: why for model in models if (why := _flattered(model))}
    plan, why = _chosen(study, doubts, repeats) if method is None else (_asked(study, method, repeats, by), "")
    raise_findings(_unheard(plan, repeats, by), FitError)
    told = method is not None and plan.method == "bootstrap"
    return plan, why, [_doubt(name, reason) for name, reason in doubts.items()] if told else []


def _unheard(plan: Plan, repeats: int | None, by: str | None) -> list[Finding]:
    """Find what was asked for and would not be done (V10)."""
    findings = []
    if repeats is not None and repeats != plan.repeats:
        rule = f"repeats={repeats}, where this {plan.method} has {plan.repeats}"
        findings.append(Finding("V10", rule, "leave repeats out: the plan, or the given division, says how many"))
    if by is not None and by != plan.by:
        rule = f"by={by!r}, where this {plan.method} divides by {plan.by or 'chance, or given folds'}"
        way_out = 'leave it out, or method="internal-external" or "group-combinations"'
        findings.append(Finding("V10", rule, way_out))
    return findings


def _chosen(study: Study, doubts: dict[str, str], repeats: int | None) -> tuple[Plan, str]:
    if study.folds is not None:
        return _study_folds(study), "cross-validation by the study's own folds"
    if not doubts:
        why = f"optimism bootstrap: no model selects predictors, and each has at least {SPARE} events a column"
        return Bootstrap(200 if repeats is None else repeats), why
    name, why = next(iter(doubts.items()))
    return CrossValidation(repeats=10 if repeats is None else repeats), f"repeated cross-validation: model {name} {why}"


def _asked(study: Study, method: str | Plan, repeats: int | None, by: str | None) -> Plan:
    if isinstance(method, PLANS):
        return method
    if method == "bootstrap":
        return Bootstrap(200 if repeats is None else repeats)
    if method == "632+":
        return Bootstrap632(200 if repeats is None else repeats)
    if method == "cross-validation":
        return (
            _study_folds(study)
            if study.folds is not None
            else CrossValidation(repeats=10 if repeats is None else repeats)
        )
    if method in ("internal-external", "group-combinations"):
        if by is None:
            rule = f"{method} by which column?"
            raise FitError(Finding("V04", rule, f'method="{method}", by="centre"'))
        return InternalExternal(by) if method == "internal-external" else GroupCombinations(by)
    rule = f"unknown validation method {method!r}"
    raise FitError(Finding("V01", rule, f"one of {', '.join(METHODS)}, or a plan such as Temporal(by, after)"))


def _study_folds(study: Study) -> Plan:
    assignment = study.folds.assignment if study.folds is not None else {}
    return GivenFolds(tuple(int(assignment[patient]) for patient in study.outcome.ids))


def _flattered(model: FittedModel) -> str:
    """Say why the optimism bootstrap would flatter a model, "" where it does not."""
    if model.freshly_fitted().held_out_only:
        return "chooses among predictors or splits, which the optimism bootstrap flatters"
    columns = len(model.preparation.names)
    if model.events < SPARE * columns:
        return f"has {model.events} events for {columns} columns, fewer than {SPARE} each"
    return ""


def _doubt(name: str, why: str) -> Finding:
    rule = f"model {name} {why}: the optimism bootstrap leaves some of its optimism in"
    advice = 'read the corrected values as the best case, or validate with method="cross-validation"'
    return Finding("V03", rule, advice, severity="warning")
