"""All metrics of some patients with their limits: by influence where it is known, else by resampling the patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PrognosisError
from prognosis.evaluation import Evaluation
from prognosis.external.judging import Judging
from prognosis.metrics.index import Index

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PLACE = ["horizon", "metric", "threshold"]
LIMITS = (0.025, 0.975)
# Limits are not given where more than this share of the resamples cannot be measured.
MISSING_SHARE = 0.05
ANALYTIC, BOOTSTRAP = "analytic", "bootstrap"


class Measures(NamedTuple):
    """Table horizon, metric, threshold, estimate, lower, upper, limits (how made); what is missing why."""

    table: pd.DataFrame
    reasons: tuple[Finding, ...]


def measure_all(
    judging: Judging, chosen: Sequence[Index], rows: Integers, repeats: int, seed: int, *, place: str = ""
) -> Measures:
    """Measure everything in some patients.

    Parameters
    ----------
    rows : (m,) of the patients. repeats, seed : resamples of patients, with the predictions fixed, for metrics whose
        error is not known otherwise. place : where, for the reasons.

    Returns
    -------
    Measures; what cannot be measured is not a number, with the reason (E13).
    """
    evaluation = judging.evaluation(rows)
    read = {index.name: _read(evaluation, index) for index in chosen}
    open_ended = [index for index in chosen if _lacks_limits(read[index.name][0])]
    limits = _resampled(judging, open_ended, rows, repeats, seed) if repeats and open_ended else {}
    lines: list[tuple[object, ...]] = []
    for index in chosen:
        found: list[Found] = [(*values, ANALYTIC) for values in read[index.name][0]]
        for k, (value, lower, *_) in enumerate(found):
            if index.name in limits and np.isfinite(value) and not np.isfinite(lower):
                low, high = limits[index.name][:, k]
                found[k] = (value, float(low), float(high), BOOTSTRAP)
        by_place = dict(zip(_keys(evaluation, index), found, strict=True))
        lines += [_line(index, key, by_place) for key in index.places(judging.horizons, evaluation.thresholds)]
    reasons = _reasons([(index, *why) for index in chosen for why in read[index.name][1]], place)
    table = pd.DataFrame(lines, columns=[*PLACE, "estimate", "lower", "upper", "limits"])
    return Measures(table, reasons)


Triple = tuple[float, float, float]
Key = tuple[float, float]
Found = tuple[float, float, float, str]


def _lacks_limits(found: list[Triple]) -> bool:
    return any(np.isfinite(value) and not np.isfinite(lower) for value, lower, _ in found)


def _read(evaluation: Evaluation, index: Index) -> tuple[list[Triple], list[tuple[float, Finding]]]:
    """Measure at all places; one horizon that cannot be measured does not spoil the others."""
    places = index.places(evaluation.horizons, evaluation.thresholds)
    if not places:
        return [], []
    try:
        found = index.measure(evaluation, True)
    except PrognosisError as error:
        if not index.by_horizon or len(evaluation.horizons) == 1:
            return [(np.nan, np.nan, np.nan)] * len(places), [(places[0][0], error.findings[0])]
        parts = [_read(evaluation.at(place), index) for place in range(len(evaluation.horizons))]
        return [value for part, _ in parts for value in part], [why for _, reasons in parts for why in reasons]
    columns = (np.asarray(part, float).tolist() for part in (found.estimate, found.lower, found.upper))
    return list(zip(*columns, strict=True)), []


def _keys(evaluation: Evaluation, index: Index) -> list[Key]:
    return [_key(*place) for place in index.places(evaluation.horizons, evaluation.thresholds)]


def _key(horizon: float, threshold: float) -> Key:
    """Places as keys: what is not a number equals nothing."""
    return (-1.0 if np.isnan(horizon) else horizon, -1.0 if np.isnan(threshold) else threshold)


def _line(index: Index, place: tuple[float, float], found: Mapping[Key, Found]) -> tuple[object, ...]:
    value, lower, upper, how = found.get(_key(*place), (np.nan, np.nan, np.nan, ""))
    return (place[0], index.name, place[1], value, lower, upper, how if np.isfinite(lower) else "")


def _reasons(failed: Sequence[tuple[Index, float, Finding]], place: str) -> tuple[Finding, ...]:
    """Say once what cannot be measured for the same reason."""
    hindered: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for index, horizon, finding in failed:
        by_metric = hindered.setdefault((finding.code, finding.rule, finding.way_out), {})
        by_metric.setdefault(index.name, []).append(horizon)
    found = []
    for (code, rule, way_out), by_metric in hindered.items():
        where = ", ".join(_at(name, horizons) for name, horizons in by_metric.items())
        found.append(Finding("E13", f"{where}{place} cannot be measured: {code} {rule}", way_out, severity="warning"))
    return tuple(found)


def _at(name: str, horizons: Sequence[float]) -> str:
    known = [f"{horizon:g}" for horizon in dict.fromkeys(horizons) if not np.isnan(horizon)]
    return f"{name} at {' and '.join(known)}" if known else name


def _resampled(judging: Judging, chosen: Sequence[Index], rows: Integers, repeats: int, seed: int) -> dict[str, Floats]:
    """Percentile limits, (2, k) by metric, over resamples of the patients that all metrics share."""
    values: dict[str, list[Floats]] = {index.name: [] for index in chosen}
    for task in range(repeats):
        draw = np.random.default_rng(np.random.SeedSequence([seed, task]))
        evaluation = judging.evaluation(rows[draw.integers(0, len(rows), len(rows))])
        for index in chosen:
            values[index.name].append(index.values(evaluation))
    return {name: _percentiles(np.array(found)) for name, found in values.items()}


def _percentiles(found: Floats) -> Floats:
    """Limits over the resamples, (2, k); not a number where too many of them cannot be measured."""
    missing = ~np.isfinite(found)
    gone = missing.mean(axis=0) > MISSING_SHARE
    known = np.where(gone, 0.0, np.where(missing, np.nan, found))
    return np.where(gone, np.nan, np.nanquantile(known, LIMITS, axis=0))
