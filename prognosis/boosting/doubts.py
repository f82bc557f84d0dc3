"""What a reader of a boosted model would otherwise take for granted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.boosting.competing import CauseSpecificBoosted
from prognosis.boosting.estimate import BoostedEstimate
from prognosis.boosting.fitting import SLOPES

# Of the different values of a feature.
TOLD_APART = 0.9


def doubts_of(
    estimate: BoostedEstimate | CauseSpecificBoosted, most: int, stopped: bool, min_child_weight: float
) -> list[Finding]:
    """Warn of trees that say nothing, or not enough, cause by cause.

    Parameters
    ----------
    most : trees that were allowed. stopped : whether their number was chosen. min_child_weight : of the recipe.
    """
    pairs: list[tuple[int, BoostedEstimate]]
    if isinstance(estimate, BoostedEstimate):
        pairs = [(1, estimate)]
    else:
        pairs = list(zip(estimate.causes, estimate.models, strict=True))
    found = []
    for cause, model in pairs:
        found += [about_cause(doubt, cause) for doubt in _doubts_of(model, most, stopped, min_child_weight)]
    return found


def check_single(X: NDArray[np.float64], names: tuple[str, ...]) -> list[Finding]:
    """Find features that 32 bits, which trees ask in, cannot hold, or not tell apart (B09).

    Parameters
    ----------
    X : (n, features) less their middle, missing values are not looked at. names : (features,).
    """
    found = []
    for name, whole in zip(names, X.T, strict=True):
        column = whole[~np.isnan(whole)]
        if np.abs(column).max() > np.finfo(np.float32).max:
            found.append(Finding("B09", f"values of {name} are beyond the numbers of trees", "change its unit", name))
            continue
        many, left = (len(np.unique(values)) for values in (column, column.astype(np.float32)))
        if left < TOLD_APART * many:
            rule = (
                f"of {many} values of {name} trees tell only {left} apart: far from its median they differ too little"
            )
            found.append(Finding("B09", rule, "look for two units, or two origins, in one column", name))
    return found


def doubts_of_gaps(X: NDArray[np.float64]) -> list[Finding]:
    """Warn (F28, as a forest does) that a missing value can itself predict; X (n, features)."""
    lacking = int(np.isnan(X).any(axis=1).sum())
    if not lacking:
        return []
    rule = f"{lacking} of {len(X)} patients lack a predictor: that a value is missing can itself predict"
    advice = "ask why values are missing, and whether they will be for the same reasons in patients to come"
    return [Finding("F28", rule, advice, severity="warning")]


def about_cause(finding: Finding, cause: int) -> Finding:
    """Say which competing cause a finding is about."""
    return finding if cause == 1 else replace(finding, rule=f"event {cause}: {finding.rule}")


def _doubts_of(model: BoostedEstimate, most: int, stopped: bool, min_child_weight: float) -> list[Finding]:
    if not model.ensemble.splits:
        rule = f"no tree has a split at min_child_weight={min_child_weight:g}: everybody has the same risk"
        way_out = "a smaller min_child_weight, more patients, or Cox"
        return [Finding("B03", rule, way_out, severity="warning")]
    found = []
    if model.slope == SLOPES[0]:
        rule = "patients left out are not ordered as the trees say: hardly any difference between risks is left"
        found.append(Finding("B04", rule, "the predictors may say nothing: validate", severity="warning"))
    if stopped and model.ensemble.trees == most:
        rule = f"the loss in patients left out is smallest with all of {most} trees: more might be better"
        found.append(Finding("B06", rule, "more trees, or a larger learning_rate", severity="warning"))
    return found
