"""Which markers may show progression in whom: what was measurable at the start; unknown is not unmeasurable."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from cohorts.timeline.days import texts
from cohorts.timeline.imwg import CLOSE, ProgressionRule
from cohorts.timeline.measures import FEWEST, MEASURES

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Normal ratio of kappa to lambda.
RATIO = (0.26, 1.65)


def followed(
    rule: ProgressionRule,
    patient: Integers,
    day: Floats,
    values: Mapping[str, Floats],
    start: Floats,
    ids: NDArray[np.object_],
) -> tuple[dict[str, Floats], list[Finding]]:
    """Return the markers with a value only where they count for the patient, and whose markers could not be judged.

    Light chains count where serum and urine were known to be unmeasurable at the start, the marrow where the light
    chains were too. Rows are sorted by patient and day.
    """
    n, nothing = len(start), np.full(len(start), np.nan)

    def at_start(name: str, usable: Mask | None = None) -> Floats:
        if name not in values:
            return nothing
        rows = np.isfinite(values[name]) & (day <= start[patient])
        rows = rows if usable is None else rows & usable
        found = np.full(n, np.nan)
        found[patient[rows]] = values[name][rows]
        return found

    serum, urine = at_start("serum_m"), at_start("urine_m")
    measurable = [
        _reaches(level, limit, rule) for level, limit in zip((serum, urine), rule.measurable[:2], strict=True)
    ]
    markers = {name: value for name, value in values.items() if name not in ("kappa", "lambda")}
    if "kappa" in values:
        both = np.isfinite(values["kappa"]) & np.isfinite(values["lambda"])
        kappa, lambda_ = at_start("kappa", both), at_start("lambda", both)
        markers["dflc"], chains = _involved(rule, patient, values, kappa, lambda_)
    else:
        chains = _reaches(at_start("dflc"), rule.measurable[2], rule)
    no_protein = (measurable[0] == 0) & (measurable[1] == 0)
    nothing_else = no_protein & (chains == 0)
    unknown = (measurable[0] != 1) & (measurable[1] != 1) & ~no_protein
    findings = _too_small({"serum_m": serum, "urine_m": urine}, rule)
    doubts = {"dflc": unknown, "marrow": unknown | (no_protein & np.isnan(chains))}
    for name, counts in (("dflc", no_protein), ("marrow", nothing_else)):
        if name not in markers:
            continue
        findings += _unknown(name, doubts[name], patient[np.isfinite(markers[name])], ids)
        markers[name] = np.where(counts[patient], markers[name], np.nan)
    return markers, findings


def _reaches(level: Floats, limit: float, rule: ProgressionRule) -> Floats:
    """Return 1 measurable, 0 not, not a number where it is not known."""
    known = np.where(level >= limit * (1 - CLOSE), 1.0, 0.0)
    return np.where(np.isnan(level), 0.0 if rule.unmeasured == "unmeasurable" else np.nan, known)


def _involved(
    rule: ProgressionRule, patient: Integers, values: Mapping[str, Floats], kappa: Floats, lambda_: Floats
) -> tuple[Floats, Floats]:
    """Return involved minus uninvolved light chain by row, and by patient whether it was measurable at the start.

    The involved chain is that of the abnormal ratio at the start; where the ratio was normal there is none.
    """
    is_kappa, is_lambda = kappa > RATIO[1] * lambda_, kappa < RATIO[0] * lambda_
    difference = (values["kappa"] - values["lambda"]) * np.where(is_kappa, 1.0, np.where(is_lambda, -1.0, np.nan))[
        patient
    ]
    involved = np.where(is_kappa, kappa, np.where(is_lambda, lambda_, np.where(np.isnan(kappa), np.nan, 0.0)))
    return difference, _reaches(involved, rule.measurable[2], rule)


def _unknown(name: str, doubt: Mask, having: Integers, ids: NDArray[np.object_]) -> list[Finding]:
    """Name patients whose values of a marker are not used because nobody knows whether others were measurable."""
    rows = np.unique(having[doubt[having]])
    if not len(rows):
        return []
    rule = (
        f"{MEASURES[name].label} are not used in {len(rows)} patients: what else was measurable at the start is unknown"
    )
    way_out = "add the values at the start, or declare unmeasured='unmeasurable'"
    return [Finding("D59", rule, way_out, name, texts(ids[rows]), severity="warning")]


def _too_small(levels: Mapping[str, Floats], rule: ProgressionRule) -> list[Finding]:
    """Doubt a unit in which nobody who has the protein has a measurable amount."""
    found = []
    for (name, level), limit in zip(levels.items(), rule.measurable[:2], strict=True):
        some = level[level > 0]
        if len(some) >= FEWEST and some.max() < limit:
            text = f"{MEASURES[name].label}: none of {len(some)} patients reaches {limit:g} {MEASURES[name].unit}"
            found.append(
                Finding("D58", f"{text} at the start", "is the declared unit right?", name, severity="warning")
            )
    return found
