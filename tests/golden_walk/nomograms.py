"""Nomograms beside rms: the fit, its tests and predictions here; axes and points of Cox models in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from nomograms import Nomogram
from prognosis.models import Cox, Logistic
from tests.golden_walk.compared import Compared
from tests.nomograms.conftest import DEATH, GBSG, MGUS2, RECURRENCE, cohort_of

FILES = ("nomogram_*",)
LEFT_OUT = {
    "kind": "how R was asked",
    "adjust_to.*": "rms's datadist",
    "limits_rows": "rms's datadist",
    "profiles.*": "how R was asked",
    "times": "how R was asked",
    "spline_knots.*": "compared by the rcs files and by the coefficients",
    "stats.Max Deriv": "rounding error where lrm stopped",
    "stats.R2*": "rms's R2 of a Cox model is not computed; that of a logistic one is compared below",
    "stats.g": "rms's g of a Cox model is not computed; that of a logistic one is compared below",
    "stats.gr": "as g",
    "points.*": "compared by tests/nomograms",
    "points_xbeta.*": "uncentred sums that rms keeps beside its points",
    "total_points": "compared by tests/nomograms",
    "lp_axis.*": "an axis of linear predictors is not drawn",
    "fun_axes.*": "compared by tests/nomograms",
    "info.maxscale": "how R was asked",
    "info.*": "points_per_unit_lp of Cox models is compared below, the rest by tests/nomograms",
    "validate.*": "rms keeps knots and draws other resamples: compared as a range by tests/prognosis",
    "calibrate": "not computed yet: validation metrics",
}
STUDIES = {
    "nomogram_cph_mgus2": ("mgus2", MGUS2, "id", DEATH, ["age", "sex", "hgb", "creat"], {"creat": 3}),
    "nomogram_cph_gbsg": ("gbsg", GBSG, "pid", RECURRENCE, ["age", "size", "gradef", "nodes", "hormon"], {}),
}
FIT = 1e-8


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare one model of rms with ours."""
    yield from _logistic(golden, data) if name == "nomogram_lrm_rotterdam" else _cox(name, golden, data)


def _cox(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    from prognosis import Study

    source, declared, identity, endpoint, predictors, splines = STUDIES[name]
    rows = data(source).dropna(subset=[c for c in ("hgb", "creat", "mspike") if c in declared])
    rows = rows.astype({identity: str} | ({"gradef": str} if "gradef" in rows else {}))
    if source == "mgus2":
        rows = rows.assign(years=rows["futime"] / 12)
    else:
        rows = rows.assign(therapy=rows["hormon"].map({0: "no", 1: "yes"}))
    model = Study(cohort_of(rows, declared, identity), endpoint, predictors).fit(Cox(splines=splines))
    table = model.summary.set_index("term")
    for term in golden["coef"]:
        yield Compared(f"coef.{term}", table.loc[term, "coefficient"], FIT)
    yield Compared("var", model.estimate.covariance, FIT)
    yield Compared("center", model.estimate.means @ model.estimate.coefficients, FIT)
    yield from _statistics(model, golden)
    profiles = pd.DataFrame(golden["profiles"])
    asked = model.predict(profiles, golden["times"])
    yield Compared("lp_profiles", asked.linear_predictor, FIT)
    yield Compared("pred_profiles", 1 - asked.risk, FIT)
    scale = Nomogram(model, limits="rms").scale
    yield Compared("info.points_per_unit_lp", scale.per_unit, 1e-8)


def _statistics(model: Any, golden: dict[str, Any]) -> Iterator[Compared]:
    tests = model.tests().set_index("test")
    found, _ = model.freshly_fitted().concordance()
    ours = {
        "Obs": model.n,
        "Events": model.events,
        "Model L.R.": tests.loc["likelihood ratio", "chisq"],
        "d.f.": tests.loc["likelihood ratio", "df"],
        "Score": tests.loc["score", "chisq"],
        "Dxy": 2 * found.concordance - 1,
    }
    for key, value in ours.items():
        yield Compared(f"stats.{key}", value, FIT)
    # R's 1 - pchisq() ends at the rounding of 1
    for key, test in (("P", "likelihood ratio"), ("Score P", "score")):
        yield Compared(f"stats.{key}", tests.loc[test, "p"], 1e-15, relative=False)


def _logistic(golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    rows = data("rotterdam_even_rec5")
    levels = ["<=20", "20-50", ">50"]
    frame = rows[["age", "size", "grade", "nodes", "chemo"]].assign(size=pd.Categorical(rows["size"], levels))
    fitted = Logistic().fit(frame, rows["rec5"].to_numpy())
    estimate = fitted.estimate_
    values = dict(
        zip(("Intercept", *estimate.names), [estimate.intercept_at_zero, *estimate.coefficients], strict=True)
    )
    for term in golden["coef"]:
        yield Compared(f"coef.{term}", values[term], FIT)
    yield Compared("var", estimate.covariance_at_zero, FIT)
    statistics = fitted.statistics()
    for key in golden["stats"]:
        if key in statistics:
            small = key == "P"
            yield Compared(f"stats.{key}", statistics[key], 1e-15 if small else FIT, relative=not small)
    profiles = pd.DataFrame(golden["profiles"])
    profiles["size"] = pd.Categorical(profiles["size"], levels)
    design = fitted.preparation_.design(profiles)
    yield Compared("lp_profiles", fitted.predict(profiles) + estimate.intercept, FIT)
    yield Compared("pred_profiles", estimate.risk(design, np.array([np.nan]))[0][:, 0], FIT)
