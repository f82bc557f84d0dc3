"""What the figures of an explanation show: contributions to a risk as people of 100, in clinical words and units."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, RunError
from cohorts.variable import Variable
from nomograms.wording import measure_text
from prognosis import FittedModel
from prognosis.explaining.explanation import Explanation
from prognosis.explaining.methods import WORDS
from reports.figures.beeswarm import BeeswarmContent
from reports.figures.dependence import DependenceContent
from reports.figures.over_time_explained import DecompositionContent
from reports.figures.waterfall import WaterfallContent
from reports.formatting import duration, unit_text
from reports.patient_answers import axis_ticks, short_origin
from reports.patient_inputs import value_text
from reports.wording import Wording, visible

Floats = NDArray[np.float64]
ROWS, LINES, LABEL_SHOWN, NAME_SHOWN, ID_SHOWN = 10, 5, 60, 20, 24
NOTES = {
    "path-dependent": "explained_path_dependent",
    "interventional": "explained_interventional",
    "enumeration": "explained_enumeration",
    "permutation": "explained_permutation",
}


def waterfall_content(
    model: FittedModel, explanation: Explanation, patient: int, place: int, wording: Wording
) -> WaterfallContent:
    """Return one patient's contributions to the risk by one horizon, the largest first, small ones together.

    Parameters
    ----------
    explanation : of risks. patient, place : which of its patients and horizons.

    Raises
    ------
    RunError
        X20 an explanation of something else, or no risk there.
    """
    _check(explanation, place, patient)
    values = 100 * explanation.values[patient, :, place]
    labels, given, parts = _largest(model, explanation, patient, values, wording)
    start, end = (100 * float(part[patient, place]) for part in (explanation.base, explanation.prediction))
    title = wording("figure_waterfall", patient=_named(explanation, patient), when=_when(explanation, place, wording))
    ends = wording("explained_start", n=f"{start:.1f}"), wording("explained_end", n=f"{end:.1f}")
    said = [f"{label} {value}".strip() for label, value in zip(labels, given, strict=True)]
    sentences = [sentence(what, value, wording) for what, value in zip(said, parts, strict=True)]
    return WaterfallContent(
        labels=labels,
        given=given,
        values=tuple(map(float, parts)),
        texts=tuple(signed(value) for value in parts),
        start=start,
        end=end,
        start_label=ends[0],
        end_label=ends[1],
        axis_label=wording("explained_axis"),
        note=_notes(explanation, wording),
        title=title,
        alt=wording(
            "figure_waterfall_alt", title=title, average=ends[0], patient=ends[1], sentences="; ".join(sentences)
        ),
    )


def beeswarm_content(model: FittedModel, explanation: Explanation, place: int, wording: Wording) -> BeeswarmContent:
    """Return the contributions of the most important predictors in all patients of an explanation.

    Raises
    ------
    RunError
        X20 an explanation of something else than risks, or no risk at this horizon.
    """
    _check(explanation, place)
    values = 100 * explanation.values[:, :, place]
    size = np.abs(values).mean(axis=0)
    order = np.argsort(-size, kind="stable")[:ROWS]
    names = [explanation.variables[k] for k in order]
    labels = tuple(_label_with_dark(model.codebook[name], wording) for name in names)
    title = wording("figure_beeswarm", n=len(values), when=_when(explanation, place, wording))
    return BeeswarmContent(
        labels=labels,
        values=tuple(tuple(map(float, values[:, k])) for k in order),
        level=tuple(tuple(map(float, _level(explanation.patients[name], model.codebook[name]))) for name in names),
        axis_label=wording("explained_adds"),
        low_label=wording("explained_low"),
        high_label=wording("explained_high"),
        unordered_label=wording("explained_unordered"),
        note=_notes(explanation, wording),
        title=title,
        alt=wording("figure_beeswarm_alt", title=title, label=labels[0], size=f"{size[order[0]]:.1f}"),
    )


def decomposition_content(
    model: FittedModel, explanation: Explanation, patient: int, wording: Wording
) -> DecompositionContent:
    """Return one patient's contributions at all horizons of an explanation, which should be many and ascend.

    Raises
    ------
    RunError
        X20 an explanation of something else than risks over time.
    """
    known = np.flatnonzero(np.isfinite(explanation.prediction[patient]))
    times = explanation.horizons[known]
    if len(times) < 2 or (np.diff(times) <= 0).any():
        rule = "a risk over time needs an explanation at several increasing horizons"
        raise RunError(Finding("X20", rule, "explain(patients, horizons=[...])"))
    _check(explanation, int(known[0]), patient)
    values = 100 * explanation.values[patient][:, known]
    order = np.argsort(-np.abs(values).max(axis=1), kind="stable")
    kept = order if len(order) <= LINES + 1 else order[:LINES]
    labels, given = _named_with_values(model, explanation, patient, kept, wording)
    lines = [values[k] for k in kept]
    if len(kept) < len(order):
        labels.append(wording("explained_others", n=len(order) - len(kept)))
        given.append("")
        lines.append(values[order[LINES:]].sum(axis=0))
    origin = short_origin(visible(model.origin))
    title = wording("figure_decomposition", patient=_named(explanation, patient))
    return DecompositionContent(
        time=(0.0, *map(float, times)),
        risk=(0.0, *map(float, 100 * explanation.prediction[patient, known])),
        base=(0.0, *map(float, 100 * explanation.base[patient, known])),
        labels=tuple(labels),
        given=tuple(given),
        values=tuple((0.0, *map(float, line)) for line in lines),
        ticks=axis_ticks((float(times[-1]),), float(times[-1]), model.unit),
        time_label=wording("time_label", unit=unit_text(model.unit, wording), origin=origin),
        risk_label=wording("explained_axis"),
        contribution_label=wording("explained_adds"),
        patient_label=_named(explanation, patient),
        base_label=wording("explained_average"),
        note=_notes(explanation, wording),
        title=title,
        alt=wording("figure_decomposition_alt", title=title),
    )


def dependence_content(
    model: FittedModel,
    explanation: Explanation,
    name: str,
    place: int,
    wording: Wording,
    cohort: pd.Series | None = None,
) -> DependenceContent:
    """Return the contributions of one predictor beside its values.

    Parameters
    ----------
    name : predictor. cohort : its values in a cohort, for the ticks; default those of the explained patients.

    Raises
    ------
    RunError
        X20 an explanation of something else than risks, no risk at this horizon, or no such predictor.
    """
    _check(explanation, place)
    if name not in explanation.variables:
        rule = f"'{name}' is no predictor of this explanation"
        raise RunError(Finding("X20", rule, f"one of {', '.join(explanation.variables)}"))
    variable, column = model.codebook[name], explanation.patients[name]
    categories = map(str, column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else ()
    levels = tuple(variable.level_text(level, wording.language) for level in categories)
    if not levels and variable.kind == "binary":
        levels = (wording("no"), wording("yes"))
    known = column.notna().to_numpy()
    x = column.cat.codes.to_numpy(float) if hasattr(column, "cat") else column.to_numpy(float)
    ticks = () if levels else tuple(map(float, (column if cohort is None else cohort).dropna()))
    short = visible(variable.text(wording.language), NAME_SHOWN)
    title = wording("figure_dependence", label=short, when=_when(explanation, place, wording))
    unit = visible(measure_text(variable.unit, wording.language)) if variable.unit else ""
    label = _label(variable, wording)
    rug = [wording("explained_rug", n=len(ticks))] if ticks else []
    place_of = explanation.variables.index(name)
    return DependenceContent(
        x=tuple(map(float, x[known])),
        values=tuple(map(float, 100 * explanation.values[known, place_of, place])),
        levels=tuple(visible(level) for level in levels),
        rug=ticks,
        x_label=wording("in_brackets", text=label, more=unit) if unit else label,
        y_label=wording("explained_adds"),
        note=(wording.joined([wording("explained_associated"), *rug]),),
        title=title,
        alt=wording("figure_dependence_alt", title=title, n=int(known.sum())),
    )


def sentence(what: str, value: float, wording: Wording) -> str:
    """Say what a predictor does to the risk, in whole people of 100."""
    people = int(np.floor(abs(value) + 0.5))
    if abs(value) < 1:
        return wording("explained_about", what=what)
    return wording("explained_raises" if value > 0 else "explained_lowers", what=what, n=people)


def signed(value: float) -> str:
    """Return a contribution with its sign and one decimal; nought has none."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def _check(explanation: Explanation, place: int, patient: int | None = None) -> None:
    if explanation.scale != "risk":
        rule = f"the figures of explanations show risks, not a {explanation.scale}"
        raise RunError(Finding("X20", rule, 'explain(patients, scale="risk")'))
    known = np.isfinite(explanation.prediction[slice(None) if patient is None else patient, place])
    if not known.all():
        rule = f"there is no risk at the horizon {explanation.horizons[place]:g}: it lies beyond what the model knows"
        raise RunError(Finding("X20", rule, "choose a horizon within the follow-up"))


def _largest(
    model: FittedModel, explanation: Explanation, patient: int, values: Floats, wording: Wording
) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """Return names, values and contributions of the largest, and of all others together."""
    order = np.argsort(-np.abs(values), kind="stable")
    kept = order if len(order) <= ROWS else order[: ROWS - 1]
    labels, given = _named_with_values(model, explanation, patient, kept, wording)
    parts = list(values[kept])
    if len(kept) < len(order):
        labels.append(wording("explained_others", n=len(order) - len(kept)))
        given.append("")
        parts.append(values[order[len(kept) :]].sum())
    return tuple(labels), tuple(given), np.array(parts)


def _named_with_values(
    model: FittedModel, explanation: Explanation, patient: int, kept: NDArray[np.int64], wording: Wording
) -> tuple[list[str], list[str]]:
    names = [explanation.variables[k] for k in kept]
    given = [value_text(model.codebook[name], explanation.patients[name].iloc[patient], wording) for name in names]
    return [_label(model.codebook[name], wording) for name in names], given


def _two(variable: Variable) -> bool:
    return len(variable.levels or ()) == 2


def _label_with_dark(variable: Variable, wording: Wording) -> str:
    """Name a predictor, and which of two categories is drawn dark."""
    label = _label(variable, wording)
    if not _two(variable) or variable.levels is None:
        return label
    level = variable.level_text(variable.levels[1], wording.language)
    return visible(wording("explained_dark", label=label, level=level), LABEL_SHOWN)


def _label(variable: Variable, wording: Wording) -> str:
    return visible(variable.text(wording.language), LABEL_SHOWN)


def _level(column: pd.Series, variable: Variable) -> Floats:
    """Place of each value among all, 0 to 1; not a number for three categories without an order, and where unknown."""
    if variable.is_categorical and variable.kind != "ordinal" and not _two(variable):
        return np.full(len(column), np.nan)
    values = column.cat.codes.where(column.notna()) if hasattr(column, "cat") else column
    ranks = values.rank().to_numpy(float)
    low, high = np.nanmin(ranks, initial=np.inf), np.nanmax(ranks, initial=-np.inf)
    return (ranks - low) / (high - low) if high > low else np.where(np.isnan(ranks), np.nan, 0.5)


def _named(explanation: Explanation, patient: int) -> str:
    return visible(explanation.ids[patient], ID_SHOWN)


def _when(explanation: Explanation, place: int, wording: Wording) -> str:
    horizon = float(explanation.horizons[place])
    return "" if np.isnan(horizon) else wording("explained_when", time=duration(horizon, explanation.unit, wording))


def method_note(explanation: Explanation, wording: Wording) -> str:
    """Say how an explanation of risks was made."""
    method = next(name for name, words in WORDS.items() if words == explanation.method)
    error = 0.0 if explanation.error is None else 100 * float(np.nanmax(explanation.error, initial=0.0))
    if explanation.made_up:
        key = "explained_made_up" if explanation.error is None else "explained_made_up_sampled"
        return wording(key, n=explanation.background, error=f"{error:.2g}")
    return wording(NOTES[method], n=explanation.background, error=f"{error:.2g}")


def _notes(explanation: Explanation, wording: Wording) -> tuple[str, str]:
    return method_note(explanation, wording), wording("association")
