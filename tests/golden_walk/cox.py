"""R's coxph: every value of every Cox golden file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from prognosis.cox.baseline import cumulative_hazard
from prognosis.cox.breslow_baseline import with_breslow_baseline
from prognosis.cox.diagnostics import residuals_of
from prognosis.cox.hypothesis_tests import cox_tests
from prognosis.cox.proportional_hazards import proportional_hazards_test
from prognosis.metrics.concordance import concordance
from prognosis.models import Cox
from tests.golden_walk.compared import Compared
from tests.prognosis.made import COX_CASES, Golden

FILES = ("cox_[!u]*",)
LEFT_OUT = {
    "profiles.*": "the patients that R was asked about",
    "surv_at_times.*.times": "the horizons that R was asked about",
    "baseline_cumhaz_at_x0.strata": "names of the strata, by which the rows of hazard are found",
}
EXACT = 1e-8


@dataclass(frozen=True)
class Fitted:
    """Our fit of one golden case; values by R's names of the coefficients."""

    case: Golden
    golden: dict[str, Any]
    rows: pd.DataFrame
    cox: Cox

    @property
    def estimate(self):
        return self.cox.estimate_

    @cached_property
    def order(self):
        """Our column of each of R's coefficients."""
        names = self.cox.estimate_.names
        return [names.index(self.case.terms.get(term, term)) for term in self.golden["coef"]]

    @cached_property
    def x(self):
        """Uncentred design."""
        return self.cox.preparation_.design(self.case.frame(self.rows))

    @cached_property
    def origin(self):
        """Means as R takes them: columns of -1, 0 and 1 stay at zero."""
        return np.where(np.isin(self.x, (-1, 0, 1)).all(axis=0), 0.0, self.estimate.means)

    def named(self, path, values, tolerance=EXACT):
        """One comparison for each coefficient."""
        for term, column in zip(self.golden["coef"], self.order, strict=True):
            yield Compared(f"{path}.{term}", values[column], tolerance)

    def profiles(self):
        frame = pd.DataFrame(self.golden["profiles"])
        for name, levels in self.case.levels.items():
            frame[name] = pd.Categorical(frame[name].astype(str), categories=list(levels))
        return self.cox.preparation_.design(frame[list(self.case.predictors)])


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    stem, ties = name.removeprefix("cox_").rsplit("_", 1)
    case = COX_CASES[stem]
    rows = case.complete(data(case.data))
    f = Fitted(case, golden, rows, Cox(ties=ties, **case.options).fit(case.frame(rows), case.outcome(rows)))
    yield from _coefficients(f)
    yield from _tests(f)
    yield from _baseline(f)
    if "profiles" in golden:
        yield from _profiles(f)
    yield from _proportional_hazards(f)
    yield from _residuals(f)
    if "robust_se" in golden:
        yield from _clustered(f, data)


def _coefficients(f: Fitted) -> Iterator[Compared]:
    e, table = f.estimate, f.estimate.summary()
    yield Compared("n", len(f.rows), 0.0)
    yield Compared("nevent", f.rows[f.case.event].sum(), 0.0)
    yield Compared("vcov", e.covariance[np.ix_(f.order, f.order)], EXACT)
    yield Compared("ci95", np.log(table[["lower", "upper"]].to_numpy()[f.order]), EXACT)
    yield Compared("loglik", e.loglik, EXACT)
    yield from f.named("coef", e.coefficients)
    for path, column in (("se", "se"), ("z", "z"), ("p", "p")):
        yield from f.named(path, table[column])
    yield from f.named("means", f.origin)


def _tests(f: Fitted) -> Iterator[Compared]:
    found = cox_tests(f.estimate, int(f.rows[f.case.event].sum()))
    for path, test in (("lrt", found.likelihood_ratio), ("score", found.score)):
        for key, value in zip(("test", "df", "pvalue"), test, strict=True):
            yield Compared(f"{path}.{key}", value, EXACT)
    # summary(coxph) rounds Wald's statistic to two digits, but not its p-value.
    yield Compared("wald.test", found.wald.statistic, 0.005 + 1e-9, relative=False)
    yield Compared("wald.df", found.wald.df, 0.0)
    yield Compared("wald.pvalue", found.wald.p, EXACT)
    yield Compared("aic", found.aic, EXACT)
    yield Compared("bic", found.bic, EXACT)
    kept, outcome = f.cox.training_, f.case.outcome(f.rows)
    c = concordance(
        outcome["time"],
        outcome["event"] == 1,
        kept.linear_predictor,
        weight=kept.weight,
        entry=outcome["entry"] if f.case.entry else None,
        stratum=kept.stratum,
    )
    yield Compared("concordance.C", c.concordance, 1e-10)
    yield Compared("concordance.se(C)", c.se, 1e-10)


def _baseline(f: Fitted) -> Iterator[Compared]:
    """At covariates zero, at all times of the rows; and its last value at R's means."""
    e, path = f.estimate, "baseline_cumhaz_at_x0"
    kept = f.cox.training_
    strata = np.zeros(len(f.rows), int) if kept.stratum is None else kept.stratum
    times = [np.unique(f.rows.loc[strata == s, f.case.time]) for s in range(len(e.baseline.end))]
    hazard = []
    for s, when in enumerate(times):
        at = e.baseline.position(when, s)
        hazard.append(np.where(at >= 0, e.baseline.cumulative_hazard[at], 0.0))
    at_zero = np.concatenate(hazard) * np.exp(-e.means @ e.coefficients)
    yield Compared(f"{path}.time", np.concatenate(times), 1e-12)
    yield Compared(f"{path}.hazard", at_zero, EXACT)
    at_means = at_zero[-1] * np.exp(f.origin @ e.coefficients)
    yield Compared("baseline_cumhaz_at_means_last", at_means, EXACT)


def _profiles(f: Fitted) -> Iterator[Compared]:
    e, x = f.estimate, f.profiles()
    times = np.array(f.golden["surv_at_times"]["log"]["times"], float)
    at = e.baseline.position(times)
    hazard, se = cumulative_hazard(e.baseline, x - e.means, e.linear_predictor(x), e.covariance, at)
    for interval in ("log", "log-log", "plain"):
        risk, lower, upper = e.risk(x, times, interval=interval)
        limits = {"surv": 1 - risk, "lower": 1 - upper, "upper": 1 - lower, "std_err": np.exp(-hazard) * se}
        for key, value in limits.items():
            yield Compared(f"surv_at_times.{interval}.{key}", value.T, EXACT)
    breslow = with_breslow_baseline(e, f.cox.training_).risk(x, times)[0]
    yield Compared("surv_at_times_aalen", 1 - breslow.T, EXACT)
    yield Compared("lp_profiles_zero_ref", x @ e.coefficients, EXACT)
    yield Compared("lp_profiles_sample_ref", replace(e, means=f.origin).linear_predictor(x), EXACT)


def _proportional_hazards(f: Fitted) -> Iterator[Compared]:
    """Every column as a term of its own, as R was asked (terms=FALSE)."""
    kept = f.cox.training_
    for transform in f.golden["zph"]:
        table = proportional_hazards_test(
            kept.design,
            kept.linear_predictor,
            kept.risk_sets,
            {term: [column] for term, column in zip(f.golden["coef"], f.order, strict=True)},
            entry=kept.outcome.entry,
            time=kept.outcome.time,
            transform=transform,
            efron=f.cox.ties == "efron",
        )
        for key in ("chisq", "df", "p"):
            yield Compared(f"zph.{transform}.{key}", table[key], 1e-6)


def _residuals(f: Fitted) -> Iterator[Compared]:
    for kind in f.golden["resid"]:
        table = residuals_of(f.estimate, f.cox.training_, kind)
        values = table.to_numpy()[:, f.order] if table.shape[1] == len(f.order) > 1 else table.to_numpy()
        # A sum over rows that is zero is known to rounding only.
        size = float(np.abs(values).sum(axis=0).max())
        yield Compared(f"resid.{kind}.first6", values[:6], 1e-7)
        yield Compared(f"resid.{kind}.sum", values.sum(axis=0), 1e-10 * size, relative=False)
        yield Compared(f"resid.{kind}.sumsq", (values**2).sum(axis=0), 1e-7)


def _clustered(f: Fitted, data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """R leaves rows without a cluster out of that fit."""
    cluster = f.golden["cluster"]
    rows = f.case.complete(data(f.case.data)).dropna(subset=[cluster]).reset_index(drop=True)
    cox = Cox(ties=f.cox.ties, cluster=cluster, **f.case.options)
    cox.fit(f.case.frame(rows).assign(**{cluster: rows[cluster]}), f.case.outcome(rows))
    yield from f.named("robust_se", np.sqrt(np.diag(cox.estimate_.covariance)))
