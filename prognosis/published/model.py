"""A published coefficient table as a model: it predicts, is validated and updated like one fitted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cohorts import Binary, Codebook, Competing, TimeToEvent
from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.version import __version__
from prognosis.model import FittedModel
from prognosis.models.cox import Cox
from prognosis.models.fine_gray import FineGray
from prognosis.models.logistic import Logistic
from prognosis.profile import LevelProfile, NumericProfile, ObservedCurve, Profile
from prognosis.published.checks import check_baseline, check_coefficients, check_publication, check_ranges
from prognosis.published.columns import Columns, columns_of, reference_of
from prognosis.published.estimate import NO_LIMITS, PublishedHazard, PublishedOdds

Floats = NDArray[np.float64]
Reference = Mapping[str, Any] | Literal["zero"]
NOTHING = np.empty(0)
PLAIN = Columns()


@dataclass(frozen=True)
class Publication:
    """Where a model comes from.

    Parameters
    ----------
    source : citation. date : of publication. n, events : patients and events that the coefficients were estimated from.
    ranges : smallest and largest value of the numeric predictors among them; default the limits in the codebook.
    """

    source: str
    date: str
    n: int
    events: int
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def published_model(
    name: str,
    endpoint: TimeToEvent | Competing | Binary,
    codebook: Codebook,
    coefficients: Mapping[str, float],
    baseline: Mapping[float, float] | float,
    reference: Reference,
    publication: Publication,
    columns: Columns = PLAIN,
) -> FittedModel:
    """Make a model of a published coefficient table.

    Parameters
    ----------
    name : of the model.
    endpoint : what it predicts: `TimeToEvent` (a Cox model), `Competing` (Fine-Gray) or `Binary` (logistic).
    codebook : declares the predictors: kinds, units, levels (the first is the reference level).
    coefficients : log hazard (odds) ratios, not the ratios, by term as rms names them: ``age``, ``grade=3``,
        ``log(b)``, ``age'``, ``age * sex=M``; every column of a predictor that is named.
    baseline : survival (with competing events 1 minus incidence) of the reference patient by horizon, ``{60: 0.83}``;
        for a binary endpoint the log odds of the reference patient, the intercept.
    reference : ``"zero"``, all columns 0 (all categories at their first level); or the means of the columns by term,
        as a centred Cox model is published; or a patient by predictor.
    publication : source and size. columns : splines, transforms and interactions.

    Returns
    -------
    FittedModel. Risks at the published horizons only, without intervals; remarks and warnings say so (E18, E19).

    Raises
    ------
    DataContractError
        E17 with all findings at once: terms that are missing or unknown, a baseline that is no survival, or falls not,
        a reference that is not complete, a predictor without range.
    """
    preparation = columns_of(codebook, tuple(coefficients), columns)
    named = codebook.only(preparation.predictors)
    findings = [
        *check_coefficients(coefficients, preparation.names),
        *check_publication(publication.n, publication.events),
    ]
    findings += [*check_baseline(baseline, isinstance(endpoint, Binary)), *check_ranges(named, publication.ranges)]
    raise_findings(findings, DataContractError)
    means = reference_of(reference, preparation, named)
    beta = np.array([float(coefficients[term]) for term in preparation.names])
    kind = Logistic if isinstance(endpoint, Binary) else FineGray if isinstance(endpoint, Competing) else Cox
    horizons = tuple(sorted(map(float, baseline))) if isinstance(baseline, Mapping) else ()
    label = codebook[endpoint.event].label if endpoint.event in codebook else {}
    return FittedModel(
        name=name,
        recipe=columns.recipe(kind),
        preparation=preparation,
        estimate=_estimate(preparation.names, beta, means, baseline),
        codebook=named,
        endpoint=endpoint,
        horizons=horizons,
        event_label=dict(label),
        n=int(publication.n),
        events=int(publication.events),
        profile=_ranges(named, publication.ranges),
        follow_up=ObservedCurve(NOTHING, NOTHING, NOTHING, None, None) if horizons else None,
        strata_follow_up=(),
        seed=0,
        missing=None,
        flow=(("patients of the publication", int(publication.n)),),
        warnings=(_note(publication, reference),),
        created=publication.date,
        version=__version__,
        id_column=codebook.id or "id",
        cohort=publication.source,
    )


def _estimate(
    names: tuple[str, ...], beta: Floats, means: Floats, baseline: Mapping[float, float] | float
) -> PublishedHazard | PublishedOdds:
    if not isinstance(baseline, Mapping):
        return PublishedOdds.known(names, beta, means, float(baseline))
    times = sorted(baseline)
    hazard = -np.log([float(baseline[time]) for time in times])
    return PublishedHazard(names, beta, means, np.array(times, float), np.asarray(hazard, float))


def _note(publication: Publication, reference: Reference) -> Finding:
    told = "the patient with all columns 0" if reference == "zero" else "the patient stated as the reference"
    rule = f"a published model ({publication.source}), its baseline that of {told}; {NO_LIMITS}"
    return Finding("E19", rule, "validate it in patients of your own before use", severity="warning")


def _ranges(codebook: Codebook, ranges: Mapping[str, tuple[float, float]]) -> Profile:
    """Ranges of the predictors; what a publication does not tell of their distribution stays empty."""
    profile: Profile = {}
    for name, variable in codebook.items():
        if variable.levels is not None:
            profile[name] = LevelProfile(variable.levels, (), variable.levels[0])
            continue
        binary = variable.kind == "binary"
        low, high = (0.0, 1.0) if binary else map(float, ranges.get(name) or variable.limits or (0.0, 0.0))
        middle = (low + high) / 2
        bounds = dict.fromkeys(("minimum", "p1", "p5", "p25"), low) | dict.fromkeys(
            ("p75", "p95", "p99", "maximum"), high
        )
        values = (0.0, 1.0) if binary else ()
        profile[name] = NumericProfile(
            **bounds, median=middle, mean=middle, sd=0.0, values=values, edges=(low, high), density=()
        )
    return profile
