"""What came out of a task of the protocols, in sentences that a clinician can take at their word."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from imaging_head.protocol_measures import Measures
from imaging_head.protocol_run import AGE_ONLY, IMAGE, MAJORITY, Rounds
from reports.contents.judged import with_limits
from reports.formatting import p_value, two_decimals
from reports.wording import Wording, visible

CHANCE = 0.5


def sentences_of(rounds: Rounds, measures: Measures, wording: Wording) -> list[str]:
    """Say how it was done, how well the films tell the sides apart, and what is reached without them."""
    parts = [
        [_design(rounds, wording)],
        _area(measures, wording),
        _accuracy(rounds, measures, wording),
        _age(rounds, measures, wording),
        _pooled(rounds, measures, wording),
        _calibration(measures, wording),
    ]
    return [wording.joined(part) for part in parts if part]


def _names(rounds: Rounds) -> dict[str, str]:
    return {"event": visible(rounds.contrast.event_name), "other": visible(rounds.contrast.other_name)}


def _design(rounds: Rounds, wording: Wording) -> str:
    made = rounds.made
    return wording(
        "rounds_design",
        **_names(rounds),
        rounds=len(made),
        trained=spanned(len(each.train) for each in made),
        trained_events=spanned(int(each.train.sum()) for each in made),
        tested=spanned(len(each.test) for each in made),
        events=spanned(int(each.test.sum()) for each in made),
        judged=wording("rounds_judged", times=rounds.times_tested)
        if rounds.times_tested > 1
        else wording("rounds_judged_once"),
    )


def spanned(values: Iterable[int]) -> str:
    """Return a number, or the range of several."""
    found = sorted(set(values))
    return str(found[0]) if len(found) == 1 else f"{found[0]}–{found[-1]}"


def _value(line: pd.Series, wording: Wording, column: str = "mean", digits: int = 2) -> str:
    return with_limits(line[column], line["lower"], line["upper"], wording, digits)


def _area(measures: Measures, wording: Wording) -> list[str]:
    line = measures.mean_of("auc")
    shown = wording("rounds_auc", auc=_value(line, wording))
    if math.isnan(line["lower"]):
        return [shown, wording("rounds_no_spread")]
    above, below = line["lower"] > CHANCE, line["upper"] < CHANCE
    return [shown, wording("rounds_auc_above" if above else "rounds_auc_below" if below else "rounds_auc_chance")]


def _accuracy(rounds: Rounds, measures: Measures, wording: Wording) -> list[str]:
    """Compare with calling everybody by the commoner side, which a bare accuracy hides."""
    gain = measures.gains.set_index(["metric", "over"]).loc[("accuracy", MAJORITY)]
    names = _names(rounds)
    share = rounds.predictions["majority"].mean()
    shown = wording(
        "rounds_accuracy",
        accuracy=_value(measures.mean_of("accuracy"), wording),
        side=names["event" if share >= measures.threshold else "other"],
        majority=two_decimals(measures.mean_of("accuracy", MAJORITY)["mean"]),
        difference=_value(gain, wording, "difference"),
    )
    if math.isnan(gain["p"]):
        return [shown]
    verdict = "rounds_better" if gain["lower"] > 0 else "rounds_worse" if gain["upper"] < 0 else "rounds_not_better"
    return [shown, wording(verdict, p=p_value(gain["p"]))]


def _age(rounds: Rounds, measures: Measures, wording: Wording) -> list[str]:
    if AGE_ONLY not in rounds.predictors:
        return [wording("rounds_no_age")]
    line = measures.mean_of("auc", AGE_ONLY)
    gain = measures.gains.set_index(["metric", "over"]).loc[("auc", AGE_ONLY)]
    difference = _value(gain, wording, "difference")
    if not math.isnan(gain["p"]):
        difference = wording("rounds_with_p", value=difference, p=p_value(gain["p"]))
    told = wording("rounds_age", auc=_value(line, wording), difference=difference)
    # without spread the area itself has to say whether age tells the sides apart
    telling = line["lower"] > CHANCE if not math.isnan(line["lower"]) else abs(line["mean"] - CHANCE) > 0
    return [told, wording("rounds_age_tells") if telling else ""]


def _pooled(rounds: Rounds, measures: Measures, wording: Wording) -> list[str]:
    lines = measures.pooled[measures.pooled["predictor"] == IMAGE].set_index("metric")
    shown = {
        metric: _value(lines.loc[metric], wording, "estimate")
        for metric in ("sensitivity", "specificity", "ppv", "npv")
    }
    return [wording("rounds_pooled", threshold=f"{measures.threshold:g}", **_names(rounds), **shown)]


def _calibration(measures: Measures, wording: Wording) -> list[str]:
    found = measures.means.set_index(["predictor", "metric"])
    if (IMAGE, "calibration_slope") not in found.index:
        return []
    return [wording("performance_slope", slope=_value(found.loc[(IMAGE, "calibration_slope")], wording))]
