"""What a calibration figure shows of a model's risks at one horizon."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import PrognosisError
from prognosis.metrics.binary_calibration import binary_calibration, smooth_calibration
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.metrics.calibration_groups import calibration_groups
from prognosis.metrics.horizon_estimate import HorizonEstimate
from prognosis.metrics.observed_expected import calibration_slope_at, observed_expected
from prognosis.outcome import SurvivalArrays
from reports.contents.judged import Judged, floats, with_limits
from reports.figures.calibration import CalibrationContent
from reports.wording import Wording

Floats = NDArray[np.float64]
BINS = 40
TAIL = 0.025
# A group with fewer events than about ten has an interval too wide to read.
EVENTS_A_GROUP, MOST_GROUPS = 10, 10


class _Smooth(NamedTuple):
    """Points of the curve and the distances from the diagonal; empty with the code of the reason without one."""

    predicted: tuple[float, ...] = ()
    observed: tuple[float, ...] = ()
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    ici: float = float("nan")
    e50: float = float("nan")
    e90: float = float("nan")
    code: str = ""


def calibration_content(judged: Judged, place: int, wording: Wording) -> CalibrationContent:
    """Collect the curve, the groups, the distribution of the risks and the indexes at one horizon.

    Parameters
    ----------
    place : number of the horizon.

    Notes
    -----
    As many groups as the events allow, ten at most. What cannot be estimated (all risks alike, say) is left out, and
    the figure says so.
    """
    outcome, risk, horizon = judged.at(place)
    smooth = _smooth(outcome, risk, horizon)
    predicted, observed, lower, upper, in_groups = _groups(outcome, risk, horizon)
    edges, patients = histogram_of(risk[:, 0])
    title = judged.title("figure_calibration", "figure_calibration_binary", place, wording)
    time = judged.when(place, wording)
    facts = _facts(outcome, risk, horizon, smooth, wording) if judged.timed else _binary_facts(judged, wording)
    shown = "; ".join(f"{name} {value}" for name, value in facts)
    return CalibrationContent(
        *smooth[:4],
        *(predicted, observed, lower, upper),
        edges=edges,
        patients=patients,
        facts=facts,
        note=wording("figure_no_curve", code=smooth.code) if smooth.code else "",
        predicted_label=wording("figure_predicted", time=time) if time else wording("figure_predicted_binary"),
        observed_label=wording("figure_observed"),
        curve_label=wording("figure_smooth"),
        band_label=wording("figure_band"),
        ideal_label=wording("figure_ideal"),
        groups_label=wording("figure_groups"),
        patients_label=wording("figure_patients"),
        title=title,
        alt=wording("figure_calibration_alt", title=title, facts=shown),
        group_patients=in_groups,
    )


def histogram_of(risk: Floats) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return edges and numbers of patients of the distribution of predicted risks, (n,)."""
    number, edges = np.histogram(risk, bins=BINS, range=_span(risk))
    return floats(edges), tuple(int(patients) for patients in number)


def _span(risk: Floats) -> tuple[float, float]:
    """Range of the histogram; equal risks get a narrow bar around them."""
    low, high = float(risk.min()), float(risk.max())
    if high - low > 0.005:
        return low, high
    return max(low - 0.01, 0.0), min(high + 0.01, 1.0)


def _smooth(outcome: SurvivalArrays, risk: Floats, horizon: Floats) -> _Smooth:
    try:
        curve = calibration_curve(outcome, risk, horizon, method="pseudo-values" if outcome.entry is None else "cox")
    except PrognosisError as error:
        return _Smooth(code=error.code)
    lower, upper = curve.limits()
    errors = curve.errors()
    predicted, observed, low, high = (floats(part[0]) for part in (curve.predicted, curve.observed, lower, upper))
    ici, e50, e90 = (float(part[0]) for part in (errors.ici, errors.e50, errors.e90))
    return _Smooth(predicted, observed, low, high, ici, e50, e90)


Points = tuple[float, ...]
Groups = tuple[Points, Points, Points, Points, tuple[int, ...]]


def _groups(outcome: SurvivalArrays, risk: Floats, horizon: Floats) -> Groups:
    """Predicted, observed, lower, upper and patients of each group; no groups where all risks are alike."""
    events = int(((outcome.event == 1) & (outcome.time <= horizon[0])).sum())
    try:
        found = calibration_groups(
            outcome, risk, horizon, groups=int(np.clip(events // EVENTS_A_GROUP, 2, MOST_GROUPS))
        )
    except PrognosisError:
        return (), (), (), (), ()
    lower, upper = found.limits("log-log")
    # Greenwood's error is 0 where nobody, or everybody, had the event: the exact limits of Clopper and Pearson there
    lower = np.where(found.observed == 1, TAIL ** (1 / found.patients), np.where(found.observed == 0, 0.0, lower))
    remain = np.maximum(found.at_risk, 1)
    upper = np.where(found.observed == 0, 1 - TAIL ** (1 / remain), np.where(found.observed == 1, 1.0, upper))
    patients = tuple(int(n) for n in found.patients)
    return floats(found.predicted), floats(found.observed), floats(lower), floats(upper), patients


Facts = tuple[tuple[str, str], ...]


def _facts(outcome: SurvivalArrays, risk: Floats, horizon: Floats, smooth: _Smooth, wording: Wording) -> Facts:
    by_time = int(((outcome.event == 1) & (outcome.time <= horizon[0])).sum())
    ratio = _estimate(observed_expected, outcome, risk, horizon)
    slope = _estimate(calibration_slope_at, outcome, risk, horizon)
    return (
        (wording("figure_counts"), f"{len(risk)} / {by_time}"),
        (wording("figure_observed_expected"), with_limits(*ratio, wording)),
        (wording("figure_slope"), with_limits(*slope, wording)),
        *_distances((smooth.ici, smooth.e50, smooth.e90), wording),
    )


def _binary_facts(judged: Judged, wording: Wording) -> Facts:
    """Slope of the log odds and distances by lowess, as in the tables (``rms::val.prob``)."""
    event, risk = judged.evaluation.outcome.event, judged.evaluation.risk[:, 0]
    found, smooth = binary_calibration(event, risk), smooth_calibration(event, risk)
    lower, upper = found.limits()
    ratio, slope = (
        (float(found.estimate[place]), float(lower[place]), float(upper[place]))
        for place in map(found.names.index, ("oe_ratio", "calibration_slope"))
    )
    return (
        (wording("figure_counts"), f"{len(risk)} / {int((event == 1).sum())}"),
        (wording("figure_observed_expected"), with_limits(*ratio, wording)),
        (wording("figure_slope_binary"), with_limits(*slope, wording)),
        *_distances((smooth.ici, smooth.quantile(0.5), smooth.quantile(0.9)), wording),
    )


def _distances(values: tuple[float, float, float], wording: Wording) -> Facts:
    ici, e50, e90 = (f"{value:.3f}" if np.isfinite(value) else wording("figure_unknown") for value in values)
    return (wording("metric_ici"), ici), (wording("metric_e50"), e50), (wording("metric_e90"), e90)


def _estimate(
    measure: Callable[[SurvivalArrays, Floats, Floats], HorizonEstimate],
    outcome: SurvivalArrays,
    risk: Floats,
    horizon: Floats,
) -> tuple[float, float, float]:
    """Estimate with limits; not a number where these patients do not allow it."""
    try:
        found = measure(outcome, risk, horizon)
    except PrognosisError:
        return (float("nan"),) * 3
    lower, upper = found.limits()
    return float(found.estimate[0]), float(lower[0]), float(upper[0])
