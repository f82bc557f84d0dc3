"""The ranking of a run's models, where their single validations judged the same patients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from cohorts.errors import PredictionError
from prognosis import FittedModel
from prognosis.selection.candidates import innermost
from prognosis.validation import Ranking, Validation
from prognosis.validation.rows import cluster_of
from reports.contents.ranking import ranking_content
from reports.external_run import write_pictures
from reports.figures import Picture
from reports.figures.ranking import ranking_figure
from reports.fonts import choose_fonts
from reports.output_folder import OutputFolder
from reports.wording import Wording


def ranking_of(models: Sequence[FittedModel]) -> Ranking | None:
    """Rank freshly fitted models by their own validations.

    Returns
    -------
    None with fewer than two models, where the validations had other methods, resamples or patients, or where no metric
    was measured that ranks.
    """
    found = [model.validation for model in models if model.validation is not None]
    if len(found) < 2 or len(found) < len(models) or not _same_resamples(models, found):
        return None
    tables, raws = ([getattr(each, name) for each in found] for name in ("table", "raw"))
    together = replace(found[0], table=pd.concat(tables, ignore_index=True), raw=pd.concat(raws, ignore_index=True))
    try:
        return together.ranking()
    except PredictionError:
        # metrics were asked for that rank nothing: there is no ranking to show
        return None


def _same_resamples(models: Sequence[FittedModel], found: Sequence[Validation]) -> bool:
    """Tell whether the tasks of all validations were fitted to and judged by the same patients."""
    facts = [
        (
            each.method,
            each.repeats,
            each.seed,
            model.training and model.training.ids,
            *_judging(model),
        )
        for model, each in zip(models, found, strict=True)
    ]
    return all(one == facts[0] for one in facts)


def _judging(model: FittedModel) -> tuple[Any, ...]:
    """Columns that decide who is judged with whom: cluster, weights and strata."""
    declaring = innermost(model.freshly_fitted())
    weights, strata = getattr(declaring, "weights", None), getattr(declaring, "strata", None) or ()
    return cluster_of(declaring), weights, tuple(sorted(strata))


def ranking_results(ranking: Ranking | None) -> dict[str, Any] | None:
    """Return a ranking for ``results.json``; a number that does not exist is null."""
    if ranking is None:
        return None
    lines = [
        {name: None if pd.isna(value) else value for name, value in line.items()}
        for line in ranking.table.to_dict("records")
    ]
    return {
        "metric": ranking.metric,
        "horizon": None if math.isnan(ranking.horizon) else ranking.horizon,
        "higher_is_better": ranking.higher_is_better,
        "method": ranking.method,
        "models": lines,
    }


def draw_ranking(
    ranking: Ranking | None, models: Sequence[FittedModel], language: str, folder: OutputFolder
) -> dict[str, Picture]:
    """Draw a ranking into ``figures/ranking``; nothing where there is none."""
    if ranking is None:
        return {}
    fonts = choose_fonts("".join(model.name for model in models), language)
    shown = ranking_figure(ranking_content(ranking, models[0].unit, Wording(language)), fonts)
    write_pictures({"ranking": shown}, models[0].created, folder)
    return {"ranking": shown}
