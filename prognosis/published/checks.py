"""What a published table must be before it may answer for a patient: complete, finite, and a survival."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

from cohorts import Codebook
from cohorts.errors import Finding


def _number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(float(value))


def check_coefficients(coefficients: Mapping[str, Any], names: Sequence[str]) -> list[Finding]:
    """Every column has a finite coefficient, and there is none besides."""
    missing = [name for name in names if name not in coefficients]
    unknown = [name for name in coefficients if name not in names]
    wrong = [name for name in names if name in coefficients and not _number(coefficients[name])]
    faults = [
        (missing, "no coefficient of {}", "a level without a coefficient is no reference: give every column"),
        (unknown, "no column is called {}", f"the columns are {', '.join(names)}"),
        (wrong, "the coefficient of {} is no finite number", "give the log ratio"),
    ]
    return [Finding("E17", rule.format(", ".join(which)), advice) for which, rule, advice in faults if which]


def check_baseline(baseline: Any, binary: bool) -> list[Finding]:
    """Accept an intercept, or survivals between 0 and 1 at positive horizons that do not rise."""
    if binary:
        rule = f"baseline={baseline!r} is no intercept"
        return [] if _number(baseline) else [Finding("E17", rule, "give the log odds of the reference patient")]
    if not isinstance(baseline, Mapping) or not baseline:
        rule = f"baseline={baseline!r} gives no survival by horizon"
        return [Finding("E17", rule, "for example baseline={60: 0.83}, the survival of the reference patient")]
    if not all(_number(time) and time > 0 for time in baseline):
        return [Finding("E17", f"horizons {list(baseline)!r}", "give positive times in the endpoint's unit")]
    wrong = [value for value in baseline.values() if not _number(value) or not 0 < value < 1]
    if wrong:
        rule = f"baseline survival {wrong[0]!r} is no probability between 0 and 1"
        return [Finding("E17", rule, "give survival as a share, for example 0.83")]
    rises = [late for early, late in pairwise(sorted(baseline)) if baseline[late] > baseline[early]]
    rule = "the baseline rises with time at {:g}: is it the risk of the event?"
    return [Finding("E17", rule.format(time), "give survival = 1 - risk") for time in rises[:1]]


def check_publication(n: Any, events: Any) -> list[Finding]:
    """Patients and events are whole numbers."""
    if type(n) is int and type(events) is int and 0 < events <= n:
        return []
    return [Finding("E17", f"n={n!r}, events={events!r}", "say how many patients and events the table comes from")]


def check_ranges(codebook: Codebook, ranges: Mapping[str, Any]) -> list[Finding]:
    """Every numeric predictor has a range, outside which the model must not answer unasked."""
    findings = []
    for name, variable in codebook.items():
        given = ranges.get(name) or variable.limits
        usable = given is not None and len(given) == 2 and all(map(_number, given)) and given[0] < given[1]
        if variable.levels is None and variable.kind != "binary" and not usable:
            rule = f"no range of {name} among the patients of the publication"
            findings.append(Finding("E17", rule, f"Publication(ranges={{{name!r}: (lowest, highest)}})", name))
    return findings
