"""From checked rows to a Cox estimate: risk sets, coefficients, errors and baseline of one event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.baseline import estimate_baseline
from prognosis.cox.estimate import PROFILE_LEVEL, CoxEstimate
from prognosis.cox.firth import fit_firth_cox
from prognosis.cox.regression import CoxRegression, fit_cox
from prognosis.cox.residuals import score_residuals
from prognosis.regression import Rows, TrainingRows
from prognosis.risk_sets import RiskSets, build_risk_sets
from prognosis.robust_errors import robust_covariance

Floats = NDArray[np.float64]


def risk_sets_of(rows: Rows | TrainingRows, died: NDArray[np.bool_]) -> RiskSets:
    """Risk sets of one event; whoever has another one leaves at its time."""
    outcome, special = rows.outcome, rows.special
    return build_risk_sets(outcome.time, died, outcome.entry, special.stratum, special.weight)


def fit_event(
    rows: Rows,
    risk_sets: RiskSets,
    strata: tuple[str, ...],
    *,
    efron: bool = True,
    ridge: float = 0.0,
    firth: bool = False,
) -> CoxEstimate:
    """Estimate the Cox model of one event.

    Parameters
    ----------
    rows : of `Regression.prepare`. risk_sets : of the event. strata : columns that define the strata of the rows.
    efron : ties. ridge : penalty, see `fit_cox`. firth : Firth's penalty instead, see `fit_firth_cox`.

    Raises
    ------
    FitError
        As `fit_cox` or `fit_firth_cox`; C29 too few clusters for robust errors.
    """
    special, names, profile = rows.special, rows.preparation.names, None
    if firth:
        found = fit_firth_cox(rows.design, risk_sets, names, offset=special.offset, efron=efron, level=PROFILE_LEVEL)
        fit = found.regression
        signed_root = np.sign(fit.coefficients) * np.sqrt(found.chi_square)
        profile = np.column_stack([found.lower, found.upper, signed_root])
    else:
        fit = fit_cox(rows.design, risk_sets, names, offset=special.offset, efron=efron, ridge=ridge)
    covariance, robust = _covariance(fit, rows, risk_sets, efron)
    return CoxEstimate(
        names=names,
        coefficients=fit.coefficients,
        means=fit.means,
        covariance=covariance,
        naive_covariance=fit.covariance,
        baseline=estimate_baseline(fit, rows.design, risk_sets, last_times(rows), special.offset, efron),
        loglik=fit.loglik,
        score_test=fit.score_test,
        ties="efron" if efron else "breslow",
        robust=robust,
        strata=strata,
        stratum_names=special.stratum_names,
        # robust errors are Wald's: the profile knows nothing of clusters
        profile=None if robust else profile,
    )


def last_times(rows: Rows) -> Floats:
    """Last observed time of each stratum, (S,)."""
    time, special = rows.outcome.time, rows.special
    if special.stratum is None:
        return np.array([time.max()])
    return np.array([time[special.stratum == s].max() for s in range(len(special.stratum_names))])


def _covariance(fit: CoxRegression, rows: Rows, risk_sets: RiskSets, efron: bool) -> tuple[Floats, str]:
    """Model-based covariance; robust with clusters, or with weights that are no numbers of patients (as R)."""
    special = rows.special
    if special.cluster is None and not (special.weight != np.round(special.weight)).any():
        return fit.covariance, ""
    centred = np.ascontiguousarray(rows.design - fit.means)
    eta = centred @ fit.coefficients + (0.0 if special.offset is None else special.offset)
    residuals = score_residuals(centred, eta, risk_sets, efron)
    covariance = robust_covariance(residuals, special.weight, fit.covariance, special.cluster)
    return covariance, "robust" if special.cluster is None else "cluster"
