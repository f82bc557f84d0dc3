"""Models by one metric in the same resamples, with the difference of each to the best and to a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.metrics.index import Index
from prognosis.metrics.indexes import indexes
from prognosis.validation.comparison import gain_of

Floats = NDArray[np.float64]
DIFFERENCE = ("difference", "lower", "upper", "p", "p_holm")
UNPAIRED = "Y40"


@dataclass(frozen=True, eq=False)
class Ranking:
    """Models from the best to the worst.

    Parameters
    ----------
    table : one line a model: rank (none where the model has no value), model, estimate, lower, upper (corrected, or in
        patients left out), and of the difference to the best: best_difference, best_lower, best_upper, best_p,
        best_p_holm; of that to the reference the same with reference_, where one was declared.
    metric : name. horizon, threshold : not a number where it has none. higher_is_better : its direction.
    best, reference : names; None where no reference was declared. method : of the intervals, in words.

    Notes
    -----
    A difference is the model's value less the other's, in the metric's own direction. p-values are adjusted after Holm
    (1979), those to the best and those to the reference apart. The best was found in the same resamples: p-values
    against it are for orientation, those against a reference declared beforehand are tests.
    """

    table: pd.DataFrame
    metric: str
    horizon: float
    threshold: float
    higher_is_better: bool
    best: str
    reference: str | None
    method: str


@dataclass(frozen=True)
class Asked:
    """What models are ranked by; see `Validation.ranking`."""

    metric: str | None = None
    horizon: float | None = None
    threshold: float | None = None
    reference: str | None = None


def rank_models(
    table: pd.DataFrame, raw: pd.DataFrame, method: str, warnings: Sequence[Finding], asked: Asked
) -> Ranking:
    """Rank the models of a validation by its table and its single values.

    Raises
    ------
    PredictionError
        Y40 models whose resamples were not the same patients; Y41 a metric that is no scale from bad to good, or was
        not measured; V06 an unknown reference, or a validation out of a model file, without single values.
    """
    raise_findings(_unsuited(raw, warnings), PredictionError)
    index = _metric(table, asked.metric)
    lines = _lines(table, index, asked)
    values = lines.set_index("model")
    models = list(values.index)
    if asked.reference is not None and asked.reference not in models:
        rule = f"model {asked.reference} was not validated here"
        raise PredictionError(Finding("V06", rule, f"the models are {', '.join(models)}"))
    upwards = bool(index.higher_is_better)
    order = np.argsort(values["corrected"].to_numpy() * (-1 if upwards else 1), kind="stable")
    ranked = [models[place] for place in order]
    known = values["corrected"].notna()
    found = values.loc[ranked, ["corrected", "lower", "upper"]].rename(columns={"corrected": "estimate"}).reset_index()
    ranks = pd.array([place + 1 if known[name] else None for place, name in enumerate(ranked)], dtype="Int64")
    found.insert(0, "rank", ranks)
    place = lines.iloc[0]
    own = raw[raw["metric"] == index.name]
    for label, other in (("best", ranked[0]), ("reference", asked.reference)):
        if other is not None:
            found = _with_differences(found, lines, own, label, other)
    return Ranking(
        table=found,
        metric=index.name,
        horizon=float(place["horizon"]),
        threshold=float(place["threshold"]),
        higher_is_better=upwards,
        best=ranked[0],
        reference=asked.reference,
        method=_method(method, len(ranked)),
    )


def _unsuited(raw: pd.DataFrame, warnings: Sequence[Finding]) -> list[Finding]:
    if raw.empty:
        rule = "the validation of a model file has no single values to compare models by"
        return [Finding("V06", rule, "validate the models together with their study")]
    return [Finding(UNPAIRED, f.rule, f.way_out) for f in warnings if f.code == UNPAIRED]


def _metric(table: pd.DataFrame, asked: str | None) -> Index:
    """Return the metric asked for; by default the area under the curve of a binary outcome, else Harrell's C."""
    known = {name: indexes()[name] for name in dict.fromkeys(table["metric"])}
    usable = [name for name, index in known.items() if index.higher_is_better is not None]
    if asked is None:
        binary = table.loc[table["metric"] == "auc", "horizon"].isna().any()
        preferred = ["auc", "harrell_c"] if binary else ["harrell_c"]
        asked = next((name for name in (*preferred, *usable) if name in usable), None)
    if asked is None or asked not in usable:
        rule = f"models cannot be ranked by {asked}: it was not measured, or is no scale from bad to good"
        raise PredictionError(Finding("Y41", rule, f"choose among {', '.join(usable) or 'harrell_c, auc, brier'}"))
    return known[asked]


def _lines(table: pd.DataFrame, index: Index, asked: Asked) -> pd.DataFrame:
    """Return one line a model, at the place asked for; default the last horizon where all have a value."""
    lines = table[table["metric"] == index.name]
    for name in ("horizon", "threshold"):
        lines = _at(lines, name, getattr(asked, name), index.name)
    return lines


def _at(lines: pd.DataFrame, name: str, asked: float | None, metric: str) -> pd.DataFrame:
    places = lines[name].dropna().unique()
    if asked is None:
        if not len(places):
            return lines
        known = lines["corrected"].notna().groupby(lines[name])
        everywhere = next((found for found in (known.all(), known.any()) if found.any()), None)
        return lines[lines[name] == (max(places) if everywhere is None else max(everywhere.index[everywhere]))]
    if asked not in places:
        rule = f"{metric} was not measured at {name} {asked:g}"
        advice = f"{name}s: {', '.join(f'{place:g}' for place in places) or 'none'}"
        raise PredictionError(Finding("Y41", rule, advice))
    return lines[lines[name] == asked]


def _with_differences(
    found: pd.DataFrame, lines: pd.DataFrame, raw: pd.DataFrame, label: str, other: str
) -> pd.DataFrame:
    """Add the differences to one model; to itself it is 0, without limits."""
    place = lines.iloc[0]
    for name in ("horizon", "threshold"):
        raw = raw[raw[name] == place[name]] if pd.notna(place[name]) else raw
    values = np.full((len(found), 4), np.nan)
    for row, model in enumerate(found["model"]):
        if model == other:
            values[row, 0] = 0.0
        else:
            gain = gain_of(lines, raw, model, other, 0.95).iloc[0]
            values[row] = [gain[name] for name in DIFFERENCE[:4]]
    columns = np.column_stack([values, holm(values[:, 3])])
    return found.assign(**{f"{label}_{name}": columns[:, j] for j, name in enumerate(DIFFERENCE)})


def holm(p: Floats) -> Floats:
    """Adjust p-values for their number after Holm (1979), (k,); unknown ones stay so and are not counted."""
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    stepped = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(stepped), 1.0) if len(order) else stepped
    return out


def _method(method: str, models: int) -> str:
    if method in ("bootstrap", "632+"):
        how = "normal interval and test of the paired differences in the same resamples"
    else:
        how = "paired differences in the same patients left out, t with the variance of Nadeau and Bengio (2003)"
    return f"{method}: {how}; p adjusted after Holm for {max(models - 1, 0)} comparisons"
