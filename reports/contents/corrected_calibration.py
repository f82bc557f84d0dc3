"""What a calibration figure shows that was corrected for optimism inside the training cohort."""

from __future__ import annotations

import math

import numpy as np

from prognosis.validation import Validation
from prognosis.validation.corrected_calibration import CorrectedCalibration
from reports.contents.calibration import histogram_of
from reports.contents.judged import NAME_SHOWN, floats, with_limits
from reports.figures.calibration import CalibrationContent
from reports.formatting import duration
from reports.wording import Wording, visible

NONE: tuple[float, ...] = ()


def corrected_content(
    found: CorrectedCalibration, validation: Validation, unit: str, wording: Wording
) -> CalibrationContent:
    """Collect the corrected curve beside the apparent one, and the corrected indexes.

    Parameters
    ----------
    validation : of the same model, for the indexes. unit : of the horizon.
    """
    time = duration(found.horizon, unit, wording)
    title = wording("figure_calibration", model=visible(found.model, NAME_SHOWN), time=time)
    title = wording("figure_title_corrected", title=title)
    facts = _facts(found, validation, wording)
    edges, patients = histogram_of(found.risk)
    return CalibrationContent(
        floats(found.predicted), floats(found.corrected), floats(found.lower), floats(found.upper),
        NONE, NONE, NONE, NONE, edges, patients, facts,
        note="",
        predicted_label=wording("figure_predicted", time=time),
        observed_label=wording("figure_observed"),
        curve_label=wording("figure_curve_corrected"),
        band_label=wording("figure_band"),
        ideal_label=wording("figure_ideal"),
        groups_label="",
        patients_label=wording("figure_patients"),
        title=title,
        alt=wording("figure_calibration_alt", title=title, facts="; ".join(f"{name} {value}" for name, value in facts)),
        apparent=floats(found.apparent),
        apparent_label=wording("figure_curve_apparent"),
    )  # fmt: skip


def _facts(found: CorrectedCalibration, validation: Validation, wording: Wording) -> tuple[tuple[str, str], ...]:
    """Slope and observed over expected as corrected by the validation; mean distance of the corrected curve."""
    table = validation.of(found.model)
    lines = []
    for metric, key in (("calibration_slope", "metric_calibration_slope"), ("oe_ratio", "figure_observed_expected")):
        rows = table[(table["metric"] == metric) & (table["horizon"].isna() | (table["horizon"] == found.horizon))]
        if len(rows):
            corrected, lower, upper = (float(rows.iloc[0][name]) for name in ("corrected", "lower", "upper"))
            lines.append((wording(key), with_limits(corrected, lower, upper, wording)))
    smoothed = np.interp(found.risk, found.predicted, found.corrected)
    inside = (found.risk >= found.predicted[0]) & (found.risk <= found.predicted[-1])
    distance = float(np.abs(smoothed - found.risk)[inside].mean())
    return (*lines, (wording("metric_ici"), with_limits(distance, math.nan, math.nan, wording, 3)))
