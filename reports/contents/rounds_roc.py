"""What the figure of a protocol's ROC curves shows."""

from __future__ import annotations

from imaging_head.protocol_measures import Measures
from imaging_head.protocol_run import AGE_ONLY, IMAGE, Rounds
from prognosis.metrics.roc import RocCurve, roc_curve
from prognosis.metrics.roc_mean import mean_roc
from reports.contents.judged import floats, with_limits
from reports.figures.rounds_roc import Curve, RoundsRocContent
from reports.wording import Wording, visible


def rounds_roc_content(rounds: Rounds, measures: Measures, wording: Wording) -> RoundsRocContent:
    """Take the curve of each round and their mean, whose area is the mean area; the same of age alone where known."""
    names = {"event": visible(rounds.contrast.event_name), "other": visible(rounds.contrast.other_name)}
    count, curves = len(rounds.made), _found(rounds, IMAGE)
    area = _area(measures, IMAGE, wording)
    title = wording("rounds_against", **names)
    alt = [wording("rounds_roc_alt", title=title, rounds=count, auc=area)]
    age = None
    if AGE_ONLY in rounds.predictors:
        label = wording("rounds_roc_age", auc=_area(measures, AGE_ONLY, wording))
        age, alt = _mean(_found(rounds, AGE_ONLY), label), [*alt, f"{label}."]
    return RoundsRocContent(
        rounds=tuple(Curve(floats(1 - curve.specificity), floats(curve.sensitivity)) for curve in curves),
        mean=_mean(curves, wording("rounds_roc_mean", rounds=count, auc=area)),
        age=age,
        rounds_label=wording("rounds_roc_single"),
        chance_label=wording("figure_chance"),
        false_positive_label=wording("rounds_false_positive"),
        sensitivity_label=wording("metric_sensitivity"),
        title=title,
        alt=wording.joined(alt),
    )


def _area(measures: Measures, predictor: str, wording: Wording) -> str:
    line = measures.mean_of("auc", predictor)
    return with_limits(line["mean"], line["lower"], line["upper"], wording)


def _found(rounds: Rounds, predictor: str) -> list[RocCurve]:
    column = rounds.predictors[predictor]
    parts = rounds.predictions.groupby("round")
    return [roc_curve(lines["event"].to_numpy(), lines[column].to_numpy()) for _, lines in parts]


def _mean(curves: list[RocCurve], label: str) -> Curve:
    across, up = mean_roc(curves)
    return Curve(floats(across), floats(up), label)
