"""Why does a model perform otherwise in another cohort? Other patients (case mix), or other effects (drift)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

from cohorts.errors import Finding, PrognosisError
from prognosis.cohort_shift import cohort_shift
from prognosis.joint_distance import JointDistance
from prognosis.new_cohort import NewCohort
from prognosis.normal import two_sided_p
from prognosis.profile import LevelProfile, NumericProfile, Profile
from prognosis.updating.renewal import refitted

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
DRIFT = ("term", "old", "new", "difference", "se", "z", "p")


@dataclass(frozen=True, eq=False)
class Transport:
    """Case mix and drift of a model in a new cohort.

    Parameters
    ----------
    shift : standardised mean differences by column, see `cohort_shift`.
    linear_predictor : cohort (training, new), mean, sd. A smaller sd: patients more alike, and a lower C is expected.
    membership : C of the best linear combination of the design columns that tells the two cohorts apart; .5: alike.
    drift : coefficients refitted in the new cohort beside the model's: term, old, new, difference, se (of the
        difference), z, p; with cause-specific models those of the event of interest; empty where they cannot be
        refitted. chi_square, df, p : Wald's test of all differences.
    warnings : findings.

    Notes
    -----
    Source: Debray et al. (2015), J Clin Epidemiol 68:279. `membership` is Phi(sqrt(d' (S1 + S2)^-1 d)) of means and
    covariances (Su and Liu 1993), as if the columns were jointly normal: nobody's rows are needed.
    """

    shift: pd.DataFrame
    linear_predictor: pd.DataFrame
    membership: float
    drift: pd.DataFrame
    chi_square: float
    df: int
    p: float
    warnings: tuple[Finding, ...] = ()


def transport_of(model: FittedModel, new: NewCohort, eta: Floats) -> Transport:
    """Compare the new cohort with the training cohort; `eta` is the linear predictor of its patients, (n,)."""
    known = new.frame[list(model.predictors)].notna().all(axis=1).to_numpy()
    described = described_columns(model.profile)
    shift = cohort_shift({name: described[name] for name in described if new.frame[name].notna().any()}, new.frame)
    drift, test, findings = _drift(model, new)
    design = model.preparation.design(new.frame[known]) if known.any() else np.empty((0, 0))
    return Transport(
        shift=shift,
        linear_predictor=_spread(model, eta),
        membership=_membership(model.distance, design),
        drift=drift,
        chi_square=test[0],
        df=test[1],
        p=test[2],
        warnings=tuple(findings),
    )


def described_columns(profile: Profile) -> Profile:
    """Columns whose distribution in the training is known; of a published model only the range may be."""

    def is_known(entry: NumericProfile | LevelProfile) -> bool:
        return len(entry.shares if isinstance(entry, LevelProfile) else entry.density) > 0

    return {name: entry for name, entry in profile.items() if is_known(entry)}


def _spread(model: FittedModel, eta: Floats) -> pd.DataFrame:
    mean, sd, estimate, distance = np.nan, np.nan, model.estimate, model.distance
    if distance is not None and hasattr(estimate, "coefficients"):
        along = (distance.scale * estimate.coefficients) @ distance.axes
        mean = float((distance.mean - estimate.means) @ estimate.coefficients)
        sd = float(np.sqrt((along**2 * distance.spread).sum()))
    rows = [("training", mean, sd), ("new", float(eta.mean()), float(eta.std(ddof=1)))]
    return pd.DataFrame(rows, columns=["cohort", "mean", "sd"])


def _membership(distance: JointDistance | None, design: Floats) -> float:
    """C of the best linear combination; not a number where a covariance is not known."""
    if distance is None or len(design) <= design.shape[1] + 1:
        return float("nan")
    standardised = (design - distance.mean) / distance.scale
    before = (distance.axes * distance.spread) @ distance.axes.T
    both = before + np.cov(standardised, rowvar=False).reshape(before.shape)
    gap = standardised.mean(axis=0)
    return float(ndtr(np.sqrt(max(float(gap @ np.linalg.pinv(both) @ gap), 0.0))))


Test = tuple[float, int, float]


def _drift(model: FittedModel, new: NewCohort) -> tuple[pd.DataFrame, Test, list[Finding]]:
    empty, unknown = pd.DataFrame(columns=list(DRIFT)), (float("nan"), 0, float("nan"))
    estimate: Any = model.estimate
    if not hasattr(estimate, "coefficients"):
        # Trees have no effects that could drift.
        return empty, unknown, []
    if new.frame.isna().any().any():
        return empty, unknown, [_no_drift("patients lack predictors")]
    try:
        again: Any = refitted(model, new, quiet=True).estimate
    except PrognosisError as error:
        return empty, unknown, [_no_drift(f"{error.code} {error.findings[0].rule}")]
    difference = again.coefficients - estimate.coefficients
    covariance = again.covariance + estimate.covariance
    se = np.sqrt(np.diag(covariance))
    z = difference / se
    columns = (estimate.names, estimate.coefficients, again.coefficients, difference, se, z, two_sided_p(z))
    table = pd.DataFrame(dict(zip(DRIFT, columns, strict=True)))
    if not np.isfinite(covariance).all():
        return table, unknown, []
    statistic = float(difference @ np.linalg.pinv(covariance) @ difference)
    return table, (statistic, len(difference), float(chdtrc(len(difference), statistic))), []


def _no_drift(why: str) -> Finding:
    rule = f"the coefficients were not refitted in the new cohort, so their drift is not known: {why}"
    return Finding("E16", rule, "validate in a cohort where the model can be fitted", severity="warning")
