"""What the forest plot of ranked models shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from prognosis.validation import Ranking
from reports.contents.judged import NAME_SHOWN, with_limits
from reports.figures.ranking import RankedRow, RankingContent
from reports.study_tables import metric_text
from reports.wording import Wording, visible

# What a model that knows nothing has; other metrics have no such value.
CHANCE = {"harrell_c": 0.5, "uno_c": 0.5, "auc": 0.5, "ipa": 0.0}


def ranking_content(ranking: Ranking, unit: str, wording: Wording) -> RankingContent:
    """Put a ranking into words and numbers.

    Parameters
    ----------
    unit : of the horizon.
    """
    place = {
        "metric": ranking.metric,
        "horizon": None if math.isnan(ranking.horizon) else ranking.horizon,
        "threshold": None if math.isnan(ranking.threshold) else ranking.threshold,
    }
    metric = metric_text(place, unit, wording)
    direction = wording("figure_higher_is_better" if ranking.higher_is_better else "figure_lower_is_better")
    digits = 2 if ranking.metric in CHANCE else 3
    title = wording("figure_ranking", metric=metric)
    bootstrap = ranking.method.startswith(("bootstrap", "632+"))
    return RankingContent(
        rows=tuple(_row(line, digits, wording) for line in ranking.table.to_dict("records")),
        reference=CHANCE.get(ranking.metric),
        estimate_label=wording("figure_ranked_by", metric=metric, direction=direction),
        difference_label=wording("figure_to_the_best"),
        note=wording("figure_ranking_note_bootstrap" if bootstrap else "figure_ranking_note"),
        title=title,
        alt=wording("figure_ranking_alt", title=title),
    )


def _row(line: Mapping[Any, Any], digits: int, wording: Wording) -> RankedRow:
    names = ("estimate", "lower", "upper", "best_difference", "best_lower", "best_upper")
    estimate, lower, upper, difference, low, high = (float(line[name]) for name in names)
    p = float(line["best_p_holm"])
    apart = with_limits(difference, low, high, wording, 3)
    tested = f"{apart}; {_p_text(p)}" if math.isfinite(p) else wording("figure_the_best")
    return RankedRow(
        label=visible(str(line["model"]), NAME_SHOWN),
        estimate=estimate,
        lower=lower,
        upper=upper,
        difference=difference,
        difference_lower=low,
        difference_upper=high,
        text=with_limits(estimate, lower, upper, wording, digits),
        difference_text=tested if difference == 0 or math.isfinite(p) else apart,
    )


def _p_text(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)
