"""The words by which a model refuses or flags values, asked of the model itself: a calculator has the same ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cohorts.errors import Finding, PredictionError
from prognosis.column_checks import LARGEST
from prognosis.joint_distance import joint_remark
from prognosis.model import FittedModel
from prognosis.patient_remarks import imputed, other_population, outside
from prognosis.patients import UNIT_FACTORS
from prognosis.persistence.content import example_patients
from prognosis.profile import NumericProfile
from prognosis.transforms import DOMAIN

# Stands for a patient's value in words, written as no label or limit would be.
PROBE, PROBE_3, PROBE_6 = 1.2345678e300, "1.23e+300", "1.23457e+300"
STEPS = 40
Words = dict[str, str]


def words(finding: Finding) -> Words:
    """Return rule and way out of a finding."""
    return {"code": finding.code, "rule": finding.rule, "way_out": finding.way_out}


def refused(model: FittedModel, name: str, *values: object) -> list[Finding]:
    """Return why the model refuses usual patients with these values of one column; [] where it lets them in."""
    usual = example_patients(model.profile, dict.fromkeys(model.door.extra, ["0"] * 3)).loc[["middle"] * len(values)]
    rows = usual.set_axis([f"{place}" for place in range(len(values))]).assign(**{name: list(values)})
    try:
        with warnings.catch_warnings():
            # that a value lies outside the population is a remark, which is asked for by itself
            warnings.simplefilter("ignore")
            table = model.door.admit(rows)
            model.preparation.design(table.frame)
    except PredictionError as error:
        return list(error.findings)
    return []


def missing_words(model: FittedModel, name: str) -> Words:
    """Return how a model refuses an unknown value (P02), a stratum's too."""
    return next(words(finding) for finding in refused(model, name, None) if finding.code == "P02")


def nothing_known_words(model: FittedModel) -> Words | None:
    """Return how a model with an imputation refuses a patient of whom nothing is known (P17)."""
    if model.imputation is None:
        return None
    frame = model.door.admit(example_patients(model.profile, dict.fromkeys(model.door.extra, ["0"] * 3))).frame
    try:
        model.imputation.draws(frame.reindex(["nobody"]), 1, model.seed)
    except PredictionError as error:
        return words(error.findings[0])
    return None


def number_words(model: FittedModel, name: str) -> dict[str, Any]:
    """Return all that can be said of a number: refusals by code, and remarks in which `PROBE_6` is the value."""
    said = {
        finding.code: words(finding) for values in _probes(model, name) for finding in refused(model, name, *values)
    }
    profile, variable = model.profile[name], model.codebook[name]
    usual = outside(pd.Series([PROBE], ["patient"], name=name), profile, variable)
    return {"refusals": said, "unusual": usual[0].text if usual else None, "other": other_words(model, name, np.inf)}


def _probes(model: FittedModel, name: str) -> Iterator[list[float]]:
    """Values of which each calls for another word: beyond the range, too large, without a logarithm, another unit."""
    yield [np.inf]
    yield [2 * LARGEST]
    yield [-2 * LARGEST]
    profile = model.profile[name]
    term = next(term for term in model.preparation.terms if term.variable == name)
    if term.transform is not None and term.transform in DOMAIN:
        bound = DOMAIN[term.transform][0]
        yield [bound]
        yield [bound - 1]
    factors = factors_of(model, name)
    if isinstance(profile, NumericProfile) and factors:
        usual = np.linspace(profile.p1, profile.p99, STEPS)
        yield [float(x) for factor in factors for x in (*(usual * factor), *(usual / factor))]


def factors_of(model: FittedModel, name: str) -> list[float]:
    """Return the factors of other units that are told from the natural spread of a concentration."""
    profile, unit = model.profile[name], model.codebook[name].unit
    if not isinstance(profile, NumericProfile) or not unit or "/" not in unit or profile.p1 <= 0:
        return []
    return [factor for factor in UNIT_FACTORS if factor > 1.2 * (profile.p99 / profile.p1)]


def other_words(model: FittedModel, name: str, value: object) -> str | None:
    """Return what is said (P16) of a value outside the population of the model; None of one inside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        remarks = other_population(pd.Series([value], ["patient"], name=name), model.codebook[name])
    return remarks[0].text if remarks else None


def imputed_words(name: str) -> str:
    """Return what is said (P02) of an unknown value that is imputed."""
    return imputed(pd.DataFrame({name: [None]}, ["patient"]))[0].text


def joint_words(model: FittedModel) -> dict[str, str] | None:
    """Return what is said (P08) of a foreign combination, `PROBE_3` for its distance, and of an impossible one."""
    if model.distance is None:
        return None
    limit = model.distance.limit
    return {"far": joint_remark(PROBE, limit), "broken": joint_remark(np.inf, limit)}
