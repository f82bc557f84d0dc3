"""What the figure of importance shows: of a forest out of its bags, of any model in patients left out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from prognosis import FittedModel
from prognosis.validation.importance import PermutationImportance
from reports.contents.judged import NAME_SHOWN, with_limits
from reports.figures.importance import ImportanceContent
from reports.study_tables import metric_text
from reports.wording import Wording, visible

# The most important ones are drawn, of the others the number is said.
ROWS, LABEL_SHOWN, DIGITS = 25, 60, 3


def importance_content(found: PermutationImportance, model: FittedModel, wording: Wording) -> ImportanceContent:
    """Show the falls of a metric in patients left out, with intervals over the folds."""
    horizon = None if np.isnan(found.horizon) else found.horizon
    metric = metric_text({"metric": found.metric, "horizon": horizon}, model.unit, wording)
    key = "importance_left_out" if found.higher_is_better else "importance_left_out_error"
    return _content(found.table, {}, model, wording(key, metric=metric, value=f"{found.value:.3f}"), wording)


def forest_importance_content(model: FittedModel, wording: Wording, repeats: int = 10) -> ImportanceContent:
    """Show the falls of the out-of-bag C of a random survival forest, and the minimal depth of each predictor.

    Parameters
    ----------
    model : freshly fitted. repeats : permutations, at least 2, over which the intervals are (by t).
    """
    table = model.importance(repeats).sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    reach = stdtrit(repeats - 1, 0.975) * table["se"]
    shown = table.assign(lower=table["importance"] - reach, upper=table["importance"] + reach)
    depth = model.summary.set_index("term")["minimal_depth"]
    axis = wording("importance_out_of_bag", repeats=repeats)
    return _content(shown, {str(term): f"{value:.1f}" for term, value in depth.items()}, model, axis, wording)


def _content(
    table: pd.DataFrame, depth: Mapping[str, str], model: FittedModel, axis: str, wording: Wording
) -> ImportanceContent:
    rows = table.head(ROWS)
    title = wording("figure_importance", model=visible(model.name, NAME_SHOWN))
    values = {key: tuple(map(float, rows[key])) for key in ("importance", "lower", "upper")}
    lines = zip(*values.values(), strict=True)
    more = len(table) - len(rows)
    note = wording("importance_note") + (wording("importance_more", n=more) if more else "")
    return ImportanceContent(
        labels=tuple(_label(model, str(term), wording) for term in rows["term"]),
        estimate=values["importance"],
        lower=values["lower"],
        upper=values["upper"],
        text=tuple(with_limits(value, low, high, wording, DIGITS) for value, low, high in lines),
        depth=tuple(depth[str(term)] for term in rows["term"]) if depth else (),
        axis=axis,
        depth_label=wording("importance_depth"),
        note=note,
        title=title,
        alt=wording("figure_importance_alt", title=title),
    )


def _label(model: FittedModel, term: str, wording: Wording) -> str:
    """Name a predictor as the codebook does; one that the model did not keep, by its column."""
    text = model.codebook[term].text(wording.language) if term in model.codebook else term
    return visible(text, LABEL_SHOWN)
