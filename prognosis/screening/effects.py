"""The effect of the first design column by each kind of model, with Firth's penalty where a column separates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import FitError
from prognosis.competing.fine_gray_estimate import estimate_fine_gray
from prognosis.competing.subdistribution import CompetingRows
from prognosis.cox.firth import fit_firth_cox
from prognosis.cox.proportional_hazards import proportional_hazards_test
from prognosis.cox.regression import fit_cox
from prognosis.logistic.likelihood import standardise
from prognosis.logistic.profile import Profile
from prognosis.logistic.regression import fit_logistic
from prognosis.normal import two_sided_p, z_of_level
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import RiskSets, build_risk_sets, merge_close_times

Floats = NDArray[np.float64]
LEVEL = 0.95
Z = z_of_level(LEVEL)
# A column separates the events: Cox and Fine-Gray models, logistic ones.
SEPARATED = ("C05", "C06")
Measure = Literal["hazard_ratio", "subdistribution_hazard_ratio", "odds_ratio"]
LIKELIHOOD, FIRTH = "maximum likelihood", "Firth"


@dataclass(frozen=True)
class FeatureRows:
    """Complete rows of one model: the feature, then the covariates.

    Parameters
    ----------
    design : (k, 1 + covariates). names : of its columns. outcome : of the k patients. stratum : (k,) index or None.
    """

    design: Floats
    names: tuple[str, ...]
    outcome: SurvivalArrays
    stratum: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Effect:
    """A log ratio with its 95 % limits and p-value; `proportional` : p of its proportional hazards test.

    `method` : maximum likelihood with Wald's limits and p, or Firth with those of the profile penalised likelihood.
    """

    estimate: float
    lower: float
    upper: float
    p: float
    method: str
    proportional: float = float("nan")


def estimate_effect(rows: FeatureRows, measure: Measure, *, separated: bool) -> Effect:
    """Estimate the effect of the first column.

    Parameters
    ----------
    separated : a group has no event, so that no maximum likelihood exists. Otherwise that is tried first.

    Raises
    ------
    FitError
        What the fit raises; C05 separated rows under ``subdistribution_hazard_ratio``, which has no penalised fit.
    """
    plain, penalised = FITS[measure]
    if separated and penalised is not None:
        return penalised(rows)
    try:
        return plain(rows)
    except FitError as error:
        if penalised is None or error.code not in SEPARATED:
            raise
    return penalised(rows)


def _wald(coefficient: float, variance: float, proportional: float = float("nan")) -> Effect:
    se = float(np.sqrt(variance))
    p = float(two_sided_p(np.array([coefficient / se]))[0])
    return Effect(coefficient, coefficient - Z * se, coefficient + Z * se, p, LIKELIHOOD, proportional)


def _risk_sets(rows: FeatureRows) -> RiskSets:
    outcome = rows.outcome
    return build_risk_sets(outcome.time, outcome.event == 1, outcome.entry, rows.stratum, np.ones(len(outcome.time)))


def _cox(rows: FeatureRows) -> Effect:
    """Cox model of the event of interest, Efron's ties, as ``coxph``; others leave the risk set at their time."""
    sets = _risk_sets(rows)
    fit = fit_cox(rows.design, sets, rows.names)
    outcome = rows.outcome
    time, *late = merge_close_times(outcome.time, *(() if outcome.entry is None else (outcome.entry,)))
    centred = np.ascontiguousarray(rows.design - fit.means)
    entry = late[0] if late else None
    test = proportional_hazards_test(
        centred, centred @ fit.coefficients, sets, {rows.names[0]: [0]}, entry=entry, time=time
    )
    return _wald(float(fit.coefficients[0]), float(fit.covariance[0, 0]), float(test["p"].iloc[0]))


def _firth_cox(rows: FeatureRows) -> Effect:
    """Firth's penalised Cox model, Efron's ties, limits and p of the profile; ``coxphf`` has Breslow's ties."""
    found = fit_firth_cox(rows.design, _risk_sets(rows), rows.names, level=LEVEL)
    coefficient = float(found.regression.coefficients[0])
    return Effect(coefficient, float(found.lower[0]), float(found.upper[0]), float(found.p[0]), FIRTH)


def _fine_gray(rows: FeatureRows) -> Effect:
    """Fine-Gray model as ``cmprsk::crr``."""
    whole = CompetingRows(rows.design, rows.names, rows.outcome, np.ones(len(rows.design)))
    fit = estimate_fine_gray(whole)
    return _wald(float(fit.coefficients[0]), float(fit.covariance[0, 0]))


def _logistic(rows: FeatureRows) -> Effect:
    """Logistic regression as ``glm``."""
    fit = fit_logistic(rows.design, rows.outcome.event == 1, rows.names)
    return _wald(float(fit.coefficients[0]), float(fit.joint_covariance[1, 1]))


def _firth_logistic(rows: FeatureRows) -> Effect:
    """Firth's penalised logistic regression, limits and p of the profile, as ``logistf``."""
    prepared = standardise(rows.design, rows.outcome.event == 1, rows.names, None, None)
    profile = Profile(prepared, firth=True)
    lower, upper = profile.limits(LEVEL)[1]
    p = float(two_sided_p(np.array([profile.deviate(1, 0.0)]))[0])
    return Effect(float(profile.best.beta[1] / prepared.scales[0]), float(lower), float(upper), p, FIRTH)


Fit = Callable[[FeatureRows], Effect]
FITS: Mapping[str, tuple[Fit, Fit | None]] = {
    "hazard_ratio": (_cox, _firth_cox),
    "subdistribution_hazard_ratio": (_fine_gray, None),
    "odds_ratio": (_logistic, _firth_logistic),
}
