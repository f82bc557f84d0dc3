"""The same quantities by this package, lifelines and scikit-survival on the data sets of tests/golden."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import lifelines
import lifelines.statistics
import lifelines.utils
import numpy as np
import pandas as pd
import sksurv.compare
import sksurv.linear_model
import sksurv.metrics
import sksurv.nonparametric
import sksurv.util

from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.curves.kaplan_meier import kaplan_meier
from prognosis.curves.log_rank import log_rank
from prognosis.curves.restricted_mean import restricted_mean
from prognosis.metrics.accuracy import brier
from prognosis.metrics.concordance import concordance
from prognosis.metrics.time_dependent import auc
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic
from prognosis.outcome import read_outcome
from prognosis.splines import default_knots, spline_basis

DATA = Path(__file__).resolve().parents[1] / "tests" / "golden" / "data"
MGUS = ["age", "male", "hgb", "creat", "mspike"]
Values = dict[str, np.ndarray]


def read(name: str) -> pd.DataFrame:
    """Read a data set; of mgus2 the complete rows of the five predictors."""
    frame = pd.read_csv(DATA / f"{name}.csv")
    return frame.dropna(subset=MGUS).sort_values("id", ignore_index=True) if name == "mgus2" else frame


def outcome(time: pd.Series, event: pd.Series, entry: pd.Series | None = None) -> np.ndarray:
    """Build the structured outcome of our recipes."""
    parts = {"event": np.asarray(event, np.int64), "time": np.asarray(time, float)}
    if entry is not None:
        parts["entry"] = np.asarray(entry, float)
    out = np.empty(len(parts["time"]), [(name, values.dtype) for name, values in parts.items()])
    for name, values in parts.items():
        out[name] = values
    return out


def surv(time: pd.Series, event: pd.Series) -> np.ndarray:
    """Build the outcome of scikit-survival."""
    return sksurv.util.Surv.from_arrays(np.asarray(event) == 1, np.asarray(time, float))


def at(curve_times: np.ndarray, values: np.ndarray, times: list[float]) -> np.ndarray:
    """Read a step function."""
    return np.asarray(values)[np.searchsorted(curve_times, times, side="right") - 1]


def cox() -> dict[str, Values]:
    """Cox on mgus2: coefficients, survival and linear predictor of the first patient, proportional hazards."""
    m, times = read("mgus2"), [12.0, 60.0, 120.0]
    y, first = surv(m.futime, m.death), m[MGUS].iloc[:1]
    ours = Cox().fit(m[MGUS], outcome(m.futime, m.death))
    line = lifelines.CoxPHFitter().fit(m[[*MGUS, "futime", "death"]], "futime", "death")
    theirs = sksurv.linear_model.CoxPHSurvivalAnalysis().fit(m[MGUS], y)
    tested = lifelines.statistics.proportional_hazard_test(line, m[[*MGUS, "futime", "death"]], time_transform="km")
    step, zph = theirs.predict_survival_function(first)[0], ours.proportional_hazards().set_index("term")
    return {
        "ties": {"ours": ours.estimate_.coefficients, "lifelines": line.params_, "scikit-survival": theirs.coef_},
        "survival": {
            "ours": 1 - ours.estimate_.risk(ours.preparation_.design(first), np.array(times))[0],
            "lifelines": line.predict_survival_function(first, times=times),
            "scikit-survival": step(times),
        },
        "centre": {
            "ours": ours.predict(first),
            "lifelines": line.predict_log_partial_hazard(first),
            "scikit-survival": theirs.predict(first),
        },
        "zph": {"ours": zph.loc["age", "chisq"], "lifelines": tested.summary.loc["age", "test_statistic"]},
    }


def delayed_entry() -> dict[str, Values]:
    """Cox and Kaplan-Meier on heart in counting-process form."""
    h, x, times = read("heart"), ["age", "year", "surgery"], [30.0, 365.0]
    ours = Cox().fit(h[x], outcome(h.stop, h.event, h.start))
    line = lifelines.CoxPHFitter().fit(h[[*x, "start", "stop", "event"]], "stop", "event", entry_col="start")
    one = pd.DataFrame({"age": [0.0], "year": [3.0], "surgery": [0.0]})
    km = lifelines.KaplanMeierFitter().fit(h.stop, h.event, entry=h.start)
    when, curve = sksurv.nonparametric.kaplan_meier_estimator(h.event == 1, h.stop, time_enter=h.start)
    return {
        "entry_coefficients": {"ours": ours.estimate_.coefficients, "lifelines": line.params_},
        "entry_survival": {
            "ours": 1 - ours.estimate_.risk(one.to_numpy(), np.array(times))[0],
            "lifelines": line.predict_survival_function(one, times=times),
        },
        "entry_km": {
            "ours": kaplan_meier(h.stop, h.event, entry=h.start).at(times),
            "lifelines": km.survival_function_at_times(times),
            "scikit-survival": at(when, curve, times),
        },
    }


def weights() -> dict[str, Values]:
    """Errors of a Cox model with weights that are no counts, gbsg."""
    g, x = read("gbsg"), ["age", "nodes", "hormon"]
    ours = Cox(weights="wt").fit(g[[*x, "wt"]], outcome(g.rfstime, g.status))
    line = lifelines.CoxPHFitter().fit(g[[*x, "rfstime", "status", "wt"]], "rfstime", "status", weights_col="wt")
    return {"weights": {"ours": ours.estimate_.summary()["se"], "lifelines": line.standard_errors_}}


def curves() -> dict[str, Values]:
    """Kaplan-Meier on lung: limits, median, restricted mean, log-rank."""
    d = read("lung")
    ours, line = kaplan_meier(d.time, d.dead), lifelines.KaplanMeierFitter().fit(d.time, d.dead)
    limits, (low, high) = line.confidence_interval_survival_function_, ours.limits()
    when, curve, band = sksurv.nonparametric.kaplan_meier_estimator(d.dead == 1, d.time, conf_type="log-log")
    four = d[d.dead == 1].head(4)
    mean = restricted_mean(d.time, d.dead, 365.0)
    theirs = lifelines.utils.restricted_mean_survival_time(line, 365, return_variance=True)
    groups = [d[d.sex == sex] for sex in (1, 2)]
    logrank = lifelines.statistics.logrank_test(*(p.time for p in groups), *(p.dead for p in groups))
    return {
        "km_limits": {
            "ours": np.array([ours.at(365), at(ours.time, low, [365])[0], at(ours.time, high, [365])[0]]),
            "lifelines": np.array([line.predict(365), *at(limits.index, limits.to_numpy(), [365])[0]]),
            "scikit-survival": np.array([at(when, part, [365])[0] for part in (curve, *band)]),
        },
        "km_median": {
            "ours": np.ravel(ours.quantile()),
            "lifelines": np.append(
                line.median_survival_time_, lifelines.utils.median_survival_times(limits).to_numpy()
            ),
        },
        "median_flat": {
            "ours": kaplan_meier(four.time, four.dead).quantile()[0],
            "lifelines": lifelines.KaplanMeierFitter().fit(four.time, four.dead).median_survival_time_,
        },
        "rmst": {"ours": [mean.mean, mean.std_err], "lifelines": [theirs[0], np.sqrt(theirs[1])]},
        "logrank": {
            "ours": log_rank(d.time, d.dead, d.sex).chisq,
            "lifelines": logrank.test_statistic,
            "scikit-survival": sksurv.compare.compare_survival(surv(d.time, d.dead), d.sex)[0],
        },
    }


def competing() -> dict[str, Values]:
    """Incidence of progression on mgus2, death competing: Aalen-Johansen and Fine-Gray."""
    m, times = read("mgus2"), [60.0, 120.0, 240.0]
    when = m.ptime.where(m.pstat == 1, m.futime)
    cause = m.pstat.where(m.pstat == 1, 2 * m.death)
    ours = aalen_johansen(when, cause)
    line = lifelines.AalenJohansenFitter(seed=1).fit(when, cause, 1)
    grid, table, _ = sksurv.nonparametric.cumulative_incidence_competing_risks(cause, when, conf_type="log-log")
    fitted = [FineGray(weighting=way).fit(m[MGUS], outcome(when, cause)).estimate_ for way in ("crr", "finegray")]
    error = line.variance_
    return {
        "incidence": {
            "ours": ours.at(times)[:, 1],
            "lifelines": at(line.cumulative_density_.index, line.cumulative_density_.to_numpy()[:, 0], times),
            "scikit-survival": at(grid, table[1], times),
        },
        "incidence_error": {
            "ours": ours.std_err_at(times)[:, 1],
            "lifelines": np.sqrt(at(error.index, np.ravel(error.to_numpy()), times)),
        },
        "fine_gray": {"ours": fitted[0].coefficients},
        "fine_gray_error": {"ours": fitted[0].summary()["se"]},
        "fine_gray_rows": {"ours": fitted[1].coefficients},
    }


def markers() -> dict[str, Values]:
    """Concordance of the Cox linear predictor on mgus2 (months, many ties); AUC and Brier score on its other half."""
    m = read("mgus2")
    lp = Cox().fit(m[MGUS], outcome(m.futime, m.death)).predict(m[MGUS])
    y, died, time = surv(m.futime, m.death), m.death.to_numpy() == 1, m.futime.to_numpy(float)
    x, horizons = ["age", "hgb", "creat"], np.array([24.0, 60.0, 120.0])
    rows = pd.read_csv(DATA / "mgus2.csv").dropna(subset=x).reset_index(drop=True)
    train, test = rows[rows.index % 2 == 0], rows[rows.index % 2 == 1]
    fitted = Cox().fit(train[x], outcome(train.futime, train.death))
    risk = fitted.estimate_.risk(test[x].to_numpy(float), horizons)[0]
    tested, known = surv(test.futime, test.death), read_outcome(outcome(test.futime, test.death))
    return {
        "harrell": {
            "ours": concordance(time, died, lp).concordance,
            "lifelines": lifelines.utils.concordance_index(time, -lp, died),
            "scikit-survival": sksurv.metrics.concordance_index_censored(died, time, lp)[0],
        },
        "uno": {
            "ours": concordance(time, died, lp, time_weight="n/G2", tau=120.0).concordance,
            "scikit-survival": sksurv.metrics.concordance_index_ipcw(y, y, lp, tau=120)[0],
        },
        "auc": {
            "ours": auc(known, risk, horizons).estimate,
            "scikit-survival": sksurv.metrics.cumulative_dynamic_auc(tested, tested, risk, horizons)[0],
        },
        "brier": {
            "ours": brier(known, risk, horizons).estimate,
            "scikit-survival": sksurv.metrics.brier_score(tested, tested, 1 - risk, horizons)[1],
        },
    }


def regressions() -> dict[str, Values]:
    """Knots and basis of a spline, Weibull and logistic regression."""
    d, hgb = read("lung"), read("mgus2").hgb.to_numpy(float)
    knots = default_knots(hgb, 4)
    ours = AcceleratedFailureTime().fit(d[["age", "sex"]], outcome(d.time, d.dead)).estimate_
    line = lifelines.WeibullAFTFitter().fit(d[["age", "sex", "time", "dead"]], "time", "dead").params_
    binary = Logistic().fit(d[["age", "sex"]], d.dead.to_numpy()).estimate_
    return {
        "knots": {"ours": knots},
        "knots_basis": {"ours": spline_basis(np.array([10.0]), knots)[0, 1:]},
        "aft": {
            "ours": [ours.intercept, *ours.log_time_ratios, np.log(ours.scale)],
            "lifelines": [*(line["lambda_", name] for name in ("Intercept", "age", "sex")), -line["rho_", "Intercept"]],
        },
        "logistic": {"ours": [binary.intercept_at_zero, *binary.coefficients]},
    }


def measure() -> dict[str, Values]:
    """Run everything: numbers by quantity and package."""
    parts: tuple[Callable[[], dict[str, Values]], ...] = (
        *(cox, delayed_entry, weights, curves, competing, markers, regressions),
    )
    found: dict[str, Values] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in parts:
            found |= part()
    return {
        name: {package: np.ravel(np.asarray(values, float)) for package, values in by_package.items()}
        for name, by_package in found.items()
    }
