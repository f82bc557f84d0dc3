"""What the figure of learning curves shows."""

from __future__ import annotations

import numpy as np

from cohorts.errors import Finding, RunError
from prognosis.learning_curve import LearningCurve
from reports.contents.judged import NAME_SHOWN, floats
from reports.figures.learning_curve import MARKS, LearningContent, LearningLine
from reports.study_tables import metric_text
from reports.wording import Wording, visible

# Of predictions that have nothing to do with the outcome.
CHANCE = {"harrell_c": 0.5, "uno_c": 0.5, "auc": 0.5, "ipa": 0.0}


def learning_content(found: LearningCurve, unit: str, wording: Wording) -> LearningContent:
    """Show one line a model.

    Parameters
    ----------
    found : of `prognosis.learning_curve`. unit : of time, "" for a binary endpoint.

    Raises
    ------
    RunError
        Y69 more models than the figure can tell apart.
    """
    names = list(dict.fromkeys(found.table["model"]))
    if len(names) > len(MARKS):
        rule = f"{len(names)} learning curves in one figure"
        raise RunError(Finding("Y69", rule, f"show at most {len(MARKS)} models"))
    lines = []
    for name in names:
        rows = found.table[found.table["model"] == name]
        values = {key: floats(rows[key].to_numpy(float)) for key in ("mean", "lower", "upper")}
        lines.append(LearningLine(visible(name, NAME_SHOWN), **values))
    horizon = None if np.isnan(found.horizon) else found.horizon
    metric = metric_text({"metric": found.metric, "horizon": horizon}, unit, wording)
    title = wording("figure_learning")
    repeats = int(found.runs["repeat"].nunique())
    return LearningContent(
        sizes=tuple(int(size) for size in dict.fromkeys(found.table["size"])),
        lines=tuple(lines),
        reference=CHANCE.get(found.metric),
        size_label=wording("learning_size"),
        metric_label=wording("learning_metric", metric=metric),
        note=wording("learning_note", repeats=repeats, left_out=found.left_out),
        title=title,
        alt=wording("figure_learning_alt", title=title, metric=metric),
    )
