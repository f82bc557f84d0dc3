"""A nomogram of a model that has no points: an additive surrogate of its risk, and how faithful that is.

The surrogate learns the model's own answers for patients drawn from the distribution of the training predictors, none
of them a training patient; how well it answers is measured in others drawn likewise, or in given patients.
Source: Harrell, Regression Modeling Strategies, 5.5 (model approximation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PredictionError, raise_findings
from nomograms.reading import draw_patients
from nomograms.surrogate import Surrogate, fit_surrogate
from prognosis.estimate import NO_HORIZON
from prognosis.harmonisation.preparation import no_axis
from prognosis.preparation import Knots, Preparation

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.patients import Patients

Floats = NDArray[np.float64]

DRAWN = 8000
# Patients that the surrogate learns from, at most; as many others judge it.
EACH = 2000
FEWEST_JUDGED = 30
DRAW = 1
KNOTS = 5
LEAST = 0.9


@dataclass(frozen=True)
class Fidelity:
    """How well the surrogate gives the model's own risk.

    Parameters
    ----------
    r_squared : share of the variance of the model's risk, the least of all horizons.
    mean, largest : absolute difference of the risks over all patients and horizons, probabilities.
    by_horizon : (horizon or None, R2, mean, largest). patients : number of them.
    given : True where they were given, False where they were drawn from the training distribution.
    """

    r_squared: float
    mean: float
    largest: float
    by_horizon: tuple[tuple[float | None, float, float, float], ...]
    patients: int
    given: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        keys = ("horizon", "r_squared", "mean", "largest")
        rows = [dict(zip(keys, row, strict=True)) for row in self.by_horizon]
        return {"r_squared": self.r_squared, "mean": self.mean, "largest": self.largest, "by_horizon": rows,
                "patients": self.patients, "given": self.given}  # fmt: skip


@dataclass(frozen=True)
class Approximation:
    """The model that a nomogram approximates, how faithfully, and from which R2 on it is drawn."""

    model: FittedModel
    fidelity: Fidelity
    least: float

    def own_risk(self, patient: Mapping[str, Any], horizons: Sequence[float | None]) -> dict[float | None, float]:
        """Return the model's own risk of a patient by each horizon; None of a binary endpoint."""
        times = np.array([np.nan if horizon is None else horizon for horizon in horizons])
        risk = own_risk(self.model, self.model.door.admit(dict(patient)).frame, times)[0]
        return {horizon: float(value) for horizon, value in zip(horizons, risk, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"of": self.model.kind, "least_r_squared": self.least} | self.fidelity.to_dict()


def approximated(
    model: FittedModel,
    horizons: tuple[float, ...],
    interactions: Sequence[tuple[str, str]],
    knots: int,
    patients: Patients | None,
    least: float,
) -> tuple[FittedModel, Fidelity]:
    """Fit the surrogate and judge it; arguments as `Nomogram.approximate`.

    Returns
    -------
    The model with the surrogate in place of its preparation and estimate, and the fidelity.

    Raises
    ------
    PredictionError
        G22 the fidelity is below `least`; G23 what cannot be approximated; as `predict` for the patients.
    FitError
        As `Preparation.fit` for the interactions.
    """
    raise_findings(_refusals(model, horizons, least), PredictionError)
    times = np.array(horizons) if horizons else NO_HORIZON
    drawn = _drawn(model)
    learn, judge = drawn.iloc[::2], drawn.iloc[1::2] if patients is None else model.door.admit(patients).frame
    preparation = _preparation(learn[list(model.predictors)], interactions, knots)
    risk = own_risk(model, learn, times)
    if not np.isfinite(risk).all():
        rule = "the model gives no risk at one of these horizons"
        raise PredictionError(Finding("G21", rule, "give horizons within its follow-up or window"))
    odds = model.endpoint.kind == "binary"
    surrogate = fit_surrogate(preparation.design(learn), preparation.names, risk, times, odds=odds)
    fidelity = judged(surrogate, preparation, model, judge.dropna(), times, patients is not None)
    raise_findings(_too_coarse(model, fidelity, least), PredictionError)
    return replace(model, preparation=preparation, estimate=surrogate, imputation=None), fidelity


def own_risk(model: FittedModel, frame: pd.DataFrame, times: Floats) -> Floats:
    """Return the model's own risk of typed patients, (m, h)."""
    return np.asarray(model.answering.risk(frame, times, 0.95, "log")[0], float)


def judged(
    surrogate: Surrogate, preparation: Preparation, model: FittedModel, frame: pd.DataFrame, times: Floats, given: bool
) -> Fidelity:
    """Compare the risks of surrogate and model in patients.

    Raises
    ------
    PredictionError
        G23 fewer than 30 patients of whom everything is known.
    """
    if len(frame) < FEWEST_JUDGED:
        rule = f"{len(frame)} patients with all predictors known: too few to judge a surrogate by"
        raise PredictionError(Finding("G23", rule, f"give {FEWEST_JUDGED} or more, or none: patients are then drawn"))
    own = own_risk(model, frame, times)
    theirs = surrogate.risk_at(preparation.design(frame) @ surrogate.coefficients, times)
    apart = np.abs(theirs - own)
    r_squared = 1 - (apart**2).sum(axis=0) / np.maximum(((own - own.mean(axis=0)) ** 2).sum(axis=0), 1e-300)
    asked = [None if np.isnan(time) else float(time) for time in times]
    rows = zip(asked, r_squared, apart.mean(axis=0), apart.max(axis=0), strict=True)
    by_horizon = tuple((time, float(r2), float(mean), float(largest)) for time, r2, mean, largest in rows)
    return Fidelity(float(r_squared.min()), float(apart.mean()), float(apart.max()), by_horizon, len(frame), given)


def _refusals(model: FittedModel, horizons: tuple[float, ...], least: float) -> list[Finding]:
    findings = no_axis(model.preparation, "on a line of a nomogram")
    if model.estimate.strata:
        rule = "a surrogate has one set of risk lines, and the model has strata"
        findings.append(Finding("G23", rule, "make the stratum a predictor", column=", ".join(model.estimate.strata)))
    if bool(horizons) == (model.endpoint.kind == "binary"):
        rule = "a binary endpoint has no horizon, every other one needs one"
        findings.append(Finding("P12", rule, "leave horizons out, or give horizons=[...]"))
    if not 0.5 <= least < 1:
        rule = f"fidelity={least!r} is no R2 from 0.5 up to 1: less is no picture of the model"
        findings.append(Finding("G23", rule, "0.9 is the default"))
    return findings


def _too_coarse(model: FittedModel, fidelity: Fidelity, least: float) -> list[Finding]:
    if fidelity.r_squared >= least:
        return []
    rule = (
        f"lines and points give the risk of this {model.kind} model with R2 {fidelity.r_squared:.2f}, below {least:g}: "
        f"{100 * fidelity.mean:.1f} percentage points off on average, at most {100 * fidelity.largest:.0f}"
    )
    advice = "add interactions=[(a, b)] or knots, use predict, or state a lower fidelity= that the figure then prints"
    return [Finding("G22", rule, advice, value=f"{fidelity.r_squared:.2f}")]


def _drawn(model: FittedModel) -> pd.DataFrame:
    """Draw typed patients from the profile, those left out whose combination 99 % of the training patients are nearer.

    Their order is random, so that any part is a sample.
    """
    sample = draw_patients(model, "rms", DRAWN, DRAW)
    rows = pd.DataFrame({name: list(values) for name, values in sample.items()}, index=[str(i) for i in range(DRAWN)])
    frame = model.door.admit(rows).frame
    if model.distance is not None:
        usual = ~model.distance.outlying(model.preparation.design(frame))
        # where hardly anybody is usual, the margins say too little of the cohort to leave people out by
        frame = frame[usual] if usual.sum() >= EACH else frame
    return frame.iloc[: 2 * EACH]


def _preparation(frame: pd.DataFrame, interactions: Sequence[tuple[str, str]], knots: int) -> Preparation:
    """Splines of every number with as many of the knots as its values allow, categories as they are."""
    chosen: dict[str, Knots] = {}
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            continue
        for count in range(knots, 2, -1):
            try:
                Preparation.fit(frame[[name]], {name: count})
            except FitError:
                continue
            chosen[name] = count
            break
    return Preparation.fit(frame, chosen, None, interactions)
