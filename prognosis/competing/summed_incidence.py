"""Whether the predicted incidences of all causes leave room for staying free of events.

Fine-Gray models of several causes are fitted one by one: nothing keeps their incidences from summing to more than 1.
Source: Austin, Steyerberg and Putter (2021), Statistics in Medicine 40:4200-4212.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.competing.fine_gray_regression import fit_fine_gray
from prognosis.competing.fine_gray_variance import fitted_rows
from prognosis.competing.subdistribution import CompetingRows, build_subdistribution

Floats = NDArray[np.float64]


def cause_incidence(rows: CompetingRows, cause: int, horizon: float, weighting: str = "crr") -> Floats:
    """Cumulative incidence of one cause by the horizon in the training rows, (n,), by a Fine-Gray model of its own."""
    sets = build_subdistribution(rows, cause, weighting)
    fit = fit_fine_gray(rows, sets, efron=weighting == "finegray")
    at = fitted_rows(rows, sets, fit, weighting)
    reached = float(at.hazard[sets.risk_sets.time <= horizon].sum())
    return np.asarray(-np.expm1(-np.exp(at.eta) * reached), float)


def summed_incidence(
    rows: CompetingRows, horizon: float, *, weighting: str = "crr", known: Floats | None = None
) -> Floats:
    """Sum the cumulative incidences of all causes by the horizon in the training rows, (n,).

    Parameters
    ----------
    rows : the covariates of every cause. horizon : in the unit of the outcome. known : (n,) incidence of cause 1, where
        it has been fitted already.

    Raises
    ------
    FitError
        C04, C05, N01, N04 when a cause cannot be fitted with these columns.
    """
    causes = [int(cause) for cause in np.unique(rows.outcome.event) if cause > 0]
    total = np.zeros(len(rows.weight)) if known is None else known.copy()
    for cause in causes if known is None else causes[1:]:
        total += cause_incidence(rows, cause, horizon, weighting)
    return total


def check_summed_incidence(rows: CompetingRows, horizon: float, known: Floats, weighting: str = "crr") -> list[Finding]:
    """Warn (T31) of training patients whose incidences sum to more than 1, or that this could not be checked."""
    if not (rows.outcome.event > 1).any():
        rule = "the outcome has no competing event: the Fine-Gray model is a Cox model"
        return [Finding("T33", rule, "declare a TimeToEvent endpoint", severity="warning")]
    try:
        total = summed_incidence(rows, horizon, weighting=weighting, known=known)
    except FitError as error:
        rule = f"a competing cause has no Fine-Gray model with these columns ({error.findings[0].rule})"
        return [Finding("T31", f"{rule}: the sum of all incidences was not checked", "none needed", severity="warning")]
    over = int((total > 1).sum())
    if not over:
        return []
    rule = (
        f"the incidences of all causes by {horizon:g}, each by its own Fine-Gray model, sum to more than 1 for {over} "
        f"of {len(total)} training patients (at most {total.max():.4f})"
    )
    advice = "be wary of high risks late in the follow-up, or use Cox, which combines cause-specific hazards"
    return [Finding("T31", rule, advice, severity="warning")]
