"""What would reach the training from the patients who judge a model: refused here, before the first refit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cohorts.errors import Finding, LeakageError, raise_findings
from prognosis.validation.plans import Bootstrap, Bootstrap632, CrossValidation, Plan, PlanRows
from prognosis.validation.result import Validation

if TYPE_CHECKING:
    from prognosis.model import FittedModel

# Plans that keep or draw clusters whole by construction.
WHOLE_CLUSTERS = (Bootstrap, Bootstrap632, CrossValidation)
LEAKY = "{} (leaky: {} outside the resamples)"
DONE = {"selection": "predictors were selected", "harmonisation": "features were harmonised"}


def honest_beside_leaky(models: Sequence[FittedModel]) -> list[FittedModel]:
    """Put the honest twin of every model that leaks by declaration before it; the leaky one is named so.

    Raises
    ------
    LeakageError
        L12 a recipe that leaks, and does not say that it reproduces published numbers.
    """
    out: list[FittedModel] = []
    for model in models:
        training = model.training
        if training is None or not training.fitted.leaks:
            out.append(model)
            continue
        raise_findings(training.fitted.leaks, LeakageError)
        honest = replace(model, training=replace(training, fitted=training.fitted.honest()))
        out += [honest, replace(model, name=LEAKY.format(model.name, training.fitted.leaking))]
    return out


def told_side_by_side(validation: Validation, models: Sequence[FittedModel]) -> Validation:
    """Return the validation with a warning (L12) for each leaky model: its numbers beside the honest ones."""
    findings = [
        _comparison(validation, honest.name, leaky)
        for honest, leaky in pairwise(models)
        if leaky.training is not None and leaky.training.fitted.leaks
    ]
    return replace(validation, warnings=(*validation.warnings, *findings)) if findings else validation


def _comparison(validation: Validation, honest: str, leaky: FittedModel) -> Finding:
    both = validation.of(honest).assign(leaky=validation.of(leaky.name)["corrected"])
    lines = [
        f"{line.metric}{'' if np.isnan(line.horizon) else f' at {line.horizon:g}'} {line.corrected:.3g} honest, "
        f"{line.leaky:.3g} leaky"
        for line in both.itertuples()
    ]
    what = leaky.training.fitted.leaking if leaky.training is not None else ""
    done = " and ".join(DONE[part] for part in what.split(" and "))
    rule = f"model {honest}: {done} outside the resamples to reproduce published numbers: "
    way_out = "report the honest numbers, of the lines that bear the model's own name"
    return Finding("L12", rule + "; ".join(lines), way_out, severity="warning")


def check_apart(plan: Plan, rows: PlanRows, ids: Sequence[str]) -> list[Finding]:
    """Find clusters (L19), patients of several rows say, that a plan would put in training and test at once."""
    if rows.cluster is None or isinstance(plan, WHOLE_CLUSTERS):
        return []
    both = np.zeros(rows.n, bool)
    for index in range(plan.count(rows)):
        task = plan.task(rows, index)
        shared = np.intersect1d(rows.cluster[task.train], rows.cluster[task.test])
        both |= np.isin(rows.cluster, shared)
    if not both.any():
        return []
    count = len(pd.unique(rows.cluster[both]))
    rule = f"{count} clusters (patients with several rows, say) are in training and test at once"
    way_out = "make_folds(..., together=...) keeps them in one fold; or method='cross-validation' without own folds"
    return [Finding("L19", rule, way_out, rows=tuple(np.array(ids, object)[both]))]
