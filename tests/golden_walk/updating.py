"""Models updated in another cohort beside R's coxph, glm and survreg of the linear predictor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Binary, Cohort, TimeToEvent
from prognosis import Study
from prognosis.cox.baseline import cumulative_hazard
from prognosis.cox.recalibration import recalibrate_cox
from prognosis.models import AcceleratedFailureTime, Cox, Logistic
from prognosis.new_cohort import read_new_cohort
from prognosis.special_columns import SpecialColumns
from prognosis.updating.changes import see
from prognosis.updating.likelihoods import nested_models
from tests.golden_walk.compared import Compared
from tests.prognosis.new_cohorts import quiet

FILES = ("updating_*",)
LEFT_OUT = {"predictors": "how R was asked", "cox.times": "how R was asked"}
PREDICTORS = ("age", "nodes", "pgr", "hormon")
ENDPOINT = TimeToEvent("rfs", time="rfstime", event="status", unit="days", origin="surgery")
EARLY = Binary("relapse in two years", event="early")


def cohorts(data: Callable[[str], pd.DataFrame]) -> tuple[Cohort, Cohort]:
    """Patients of the training (Rotterdam) and of the update (German trial)."""
    trained, new = data("rotterdam_even_pid").rename(columns={"rfs": "status"}), data("gbsg")
    return _cohort(trained, "rotterdam"), _cohort(new, "gbsg")


def known_at_two_years(cohort: Cohort) -> Cohort:
    """Patients whose outcome at two years is known, with the column ``early``."""
    frame = cohort.frame
    frame = frame[(frame["rfstime"] > 730) | (frame["status"] == 1)]
    frame["early"] = ((frame["rfstime"] <= 730) & (frame["status"] == 1)).astype(int)
    return Cohort.from_frame(frame.rename_axis("pid"))


def _cohort(frame: pd.DataFrame, prefix: str) -> Cohort:
    kept = frame[[*PREDICTORS, "rfstime", "status"]].astype(float)
    return Cohort.from_frame(kept.set_axis([f"{prefix} {pid}" for pid in frame["pid"]]).rename_axis("pid"))


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare level, slope and refit of three kinds of model."""
    trained, new = cohorts(data)
    yield from _cox(golden["cox"], Study(trained, ENDPOINT, PREDICTORS).fit(Cox()), new)
    two, later = known_at_two_years(trained), known_at_two_years(new)
    yield from _logistic(golden["logistic"], Study(two, EARLY, PREDICTORS).fit(Logistic()), later)
    aft = Study(trained, ENDPOINT, PREDICTORS).fit(AcceleratedFailureTime()).updating(new, "slope")
    yield Compared("weibull.slope", aft.slope, 1e-8)
    yield Compared("weibull.slope_se", aft.slope_error, 1e-8)
    yield Compared("weibull.scale", aft.updated.estimate.scale, 1e-8)
    yield Compared("weibull.loglik", aft.updated.loglik, 1e-10)
    times = golden["cox"]["times"]
    yield Compared("weibull.slope_risk_first6", aft.updated.predict(_first(new), times).risk, 1e-8)


def _first(cohort: Cohort) -> pd.DataFrame:
    return cohort.view(PREDICTORS).head(6)


def _cox(golden: dict[str, Any], model: Any, new: Cohort) -> Iterator[Compared]:
    six, times = _first(new), golden["times"]
    yield from _named("cox.coef", golden["coef"], model.estimate.coefficients)
    yield Compared("cox.lp_first6", model.linear_predictor(six), 1e-8)
    level, slope, refit, test = (model.updating(new, how) for how in ("intercept", "slope", "refit", "closed-test"))
    yield Compared("cox.observed", level.observed, 0.0)
    yield Compared("cox.expected", level.expected, 1e-10)
    yield Compared("cox.intercept", level.intercept, 1e-8)
    yield Compared("cox.intercept_se", level.intercept_error, 1e-8)
    yield Compared("cox.level_risk_first6", level.updated.predict(six, times).risk, 1e-8)
    seen = see(model, read_new_cohort(model, new))
    poisson = nested_models(seen.nested)["slope"]
    yield Compared("cox.poisson_slope", poisson.slope, 1e-8)
    yield Compared("cox.poisson_slope_se", poisson.slope_error, 1e-8)
    yield Compared("cox.poisson_loglik", test.table["loglik"], 1e-10)
    yield Compared("cox.slope", slope.slope, 1e-8)
    yield Compared("cox.slope_se", slope.slope_error, 1e-8)
    again = recalibrate_cox(seen.new.outcome, seen.nested.linear_predictor, SpecialColumns(np.ones(seen.new.n)))
    yield Compared("cox.loglik_null_given_refitted", [slope.updated.loglik[0], again.given, slope.updated.loglik[1]],
                   1e-10)  # fmt: skip
    yield Compared("cox.slope_surv_first6", 1 - slope.updated.predict(six, times).risk, 1e-8)
    yield Compared("cox.slope_std_err_first6", _error(model, slope, six, times), 1e-8)
    yield from _named("cox.refit_coef", golden["refit_coef"], refit.updated.estimate.coefficients)
    yield from _named("cox.refit_se", golden["refit_se"], np.sqrt(np.diag(refit.updated.estimate.covariance)))
    yield Compared("cox.refit_loglik", refit.updated.loglik, 1e-10)
    with quiet():
        c = model.validate(new, metrics=["harrell_c"]).table["estimate"]
    yield Compared("cox.concordance", c, 1e-10)


def _error(model: Any, found: Any, rows: pd.DataFrame, times: Any) -> Any:
    """Error of the cumulative hazard as R gives it: the linear predictor counts as known, and only its slope varies."""
    estimate = found.updated.estimate
    known = estimate.covariance - found.slope**2 * model.estimate.covariance
    design = model.preparation.design(rows)
    at = estimate.baseline.position(np.array(times, float))
    eta = estimate.linear_predictor(design)
    return cumulative_hazard(estimate.baseline, design - estimate.means, eta, known, at)[1]


def _logistic(golden: dict[str, Any], model: Any, new: Cohort) -> Iterator[Compared]:
    six = _first(new)
    estimate = model.estimate
    yield from _named("logistic.coef", golden["coef"], [estimate.intercept_at_zero, *estimate.coefficients])
    level, slope, refit, test = (model.updating(new, how) for how in ("intercept", "slope", "refit", "closed-test"))
    yield Compared("logistic.n", level.n, 0.0)
    yield Compared("logistic.events", level.events, 0.0)
    yield Compared("logistic.intercept", level.intercept, 1e-8)
    yield Compared("logistic.intercept_se", level.intercept_error, 1e-8)
    yield Compared("logistic.level_risk_first6", level.updated.predict(six).risk[:, 0], 1e-8)
    start = slope.updated.estimate.intercept - slope.slope * estimate.intercept
    yield Compared("logistic.slope", [start, slope.slope], 1e-8)
    yield Compared("logistic.slope_vcov", _of_the_predictor(model, slope), 1e-8)
    yield Compared("logistic.slope_risk_first6", slope.updated.predict(six).risk[:, 0], 1e-8)
    yield Compared("logistic.loglik", test.table["loglik"], 1e-10)
    again = refit.updated.estimate
    yield from _named("logistic.refit_coef", golden["refit_coef"], [again.intercept_at_zero, *again.coefficients])


def _of_the_predictor(model: Any, found: Any) -> Any:
    """Covariance of R's intercept and slope: of the log odds, not of their distance from the training means."""
    before, after = model.estimate, found.updated.estimate
    joint = after.joint_covariance.copy()
    joint[1:, 1:] -= found.slope**2 * before.covariance
    back = before.coefficients / (before.coefficients @ before.coefficients)
    moved = np.vstack([np.append(1.0, -before.intercept * back), np.append(0.0, back)])
    return moved @ joint @ moved.T


def _named(path: str, theirs: dict[str, float], ours: Any) -> Iterator[Compared]:
    for key, value in zip(theirs, ours, strict=True):
        yield Compared(f"{path}.{key}", value, 1e-8)
