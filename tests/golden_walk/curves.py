"""Survival curves, log-rank tests, Aalen-Johansen, cuminc and Gray's test against survival and cmprsk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.curves import aalen_johansen, gray_test, kaplan_meier, log_rank, restricted_mean
from prognosis.curves.kaplan_meier import SurvivalCurve
from tests.golden_walk.compared import Compared

FILES = ("km_*", "logrank_*", "aj_*")
LEFT_OUT = {
    "tau": "how far R was asked to integrate",
    "rho": "which weight R was asked for",
    "states": "names of the states, which are R's",
    "at.times": "times R was asked for",
    "at.strata": "labels of the rows of at.*",
}
EXACT = 1e-12


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Every file of `FILES`."""
    rows = data(name.split("_")[1])
    topic = {"km": survival_curves, "logrank": log_rank_tests, "aj": incidences}[name.split("_")[0]]
    yield from topic(golden, rows)


def asked(golden: dict[str, Any], rows: pd.DataFrame) -> tuple[dict[str, Any], list[str]]:
    """Arguments for our functions, and the names on the right side of R's formula."""
    inside, right = re.fullmatch(r"Surv\((.*)\) ~ (.*)", golden["formula"]).groups()
    rows = rows.assign(gradef=rows["grade"]) if "grade" in rows else rows
    names = [name.strip() for name in inside.split(",")]
    arguments = {"time": rows[names[-2]], "event": rows[names[-1].replace("evf", "ev")]}
    if len(names) == 3:
        arguments["entry"] = rows[names[0]]
    if golden.get("weights"):
        arguments["weight"] = rows[golden["weights"]]
    return {key: values.to_numpy() for key, values in arguments.items()}, re.findall(r"[a-z.]+\w*", right)


def curves_by_group(golden: dict[str, Any], rows: pd.DataFrame, **more: Any) -> dict[str, SurvivalCurve]:
    """Our curves under R's labels."""
    arguments, right = asked(golden, rows)
    if not right:
        return {"all": kaplan_meier(**arguments, **more)}
    curves = kaplan_meier(**arguments, group=labels_of(rows, right[0]), **more)
    return {f"{right[0]}={label}": curve for label, curve in curves.items()}


def labels_of(rows: pd.DataFrame, name: str) -> Any:
    """The groups of a formula."""
    return rows["grade" if name == "gradef" else name].to_numpy()


def survival_curves(golden: dict[str, Any], rows: pd.DataFrame) -> Iterator[Compared]:
    """Files of g_km."""
    curves = curves_by_group(golden, rows)
    each = list(curves.values())
    robust = each[0].robust

    def joined(values: Callable[[SurvivalCurve], Any]) -> Any:
        return np.concatenate([values(curve) for curve in each])

    if golden["curve"]["strata"] is None:
        yield Compared("curve.strata", np.nan, 0)
    else:
        for label, curve in curves.items():
            yield Compared(f"curve.strata.{label}", len(curve.time), 0)
    fields = {"time": "time", "n_risk": "n_risk", "n_event": "n_event", "n_censor": "n_censor", "surv": "survival"}
    fields |= {"cumhaz": "cumulative_hazard", "std_chaz": "std_err_hazard"}
    # With weights that are no counts R holds the error of S where it holds that of log S otherwise.
    fields["std_err_of_log_surv"] = "std_err_survival" if robust else "std_err"
    for theirs, ours in fields.items():
        yield Compared(f"curve.{theirs}", joined(lambda curve, ours=ours: getattr(curve, ours)), EXACT)
    for scale in golden["ci"]:
        for side, name in enumerate(("lower", "upper")):
            yield Compared(f"ci.{scale}.{name}", joined(lambda c, s=scale, i=side: c.limits(s)[i]), EXACT)
        quantiles = np.array([curve.quantile([0.25, 0.5, 0.75], interval=scale) for curve in each])
        for place, name in enumerate(("q25_50_75", "q_lower", "q_upper")):
            yield Compared(f"ci.{scale}.{name}", quantiles[:, place], EXACT)
    for estimator, name in (("fleming-harrington", "fleming_harrington"), ("nelson-aalen", "nelson_aalen")):
        others = curves_by_group(golden, rows, estimator=estimator).values()
        yield Compared(f"{name}_surv", np.concatenate([curve.survival for curve in others]), EXACT)
        if estimator == "nelson-aalen":
            yield Compared(f"{name}_cumhaz", np.concatenate([curve.cumulative_hazard for curve in others]), EXACT)
    yield from survival_table(golden, rows, each)


def survival_table(golden: dict[str, Any], rows: pd.DataFrame, curves: list[SurvivalCurve]) -> Iterator[Compared]:
    """``summary(survfit, rmean = tau)$table``."""
    arguments, right = asked(golden, rows)
    groups = labels_of(rows, right[0]) if right else np.zeros(len(rows))
    means = list(restricted_mean(**arguments, tau=golden["tau"], group=groups).values())
    records = np.unique(groups, return_counts=True)[1]
    table = [
        [n, c.n_risk.max(), c.n_risk[0], c.n_event.sum(), m.mean, m.std_err, *np.concatenate(c.quantile())]
        for n, c, m in zip(records, curves, means, strict=True)
    ]
    if right:
        yield Compared("rmst_table.values", table, EXACT)
        return
    for name, value in zip(golden["rmst_table"], table[0], strict=True):
        yield Compared(f"rmst_table.{name}", value, EXACT)


def log_rank_tests(golden: dict[str, Any], rows: pd.DataFrame) -> Iterator[Compared]:
    """Files of g_logrank."""
    _, right = asked(golden, rows)
    stratum = right[2] if "strata" in right else None
    rows = rows.dropna(subset=[stratum]) if stratum else rows
    arguments, _ = asked(golden, rows)
    strata = rows[stratum].to_numpy() if stratum else None
    test = log_rank(**arguments, group=labels_of(rows, right[0]), stratum=strata, rho=golden["rho"])
    for theirs, ours in {"n": "n", "obs": "observed", "exp": "expected", "var": "variance"}.items():
        yield Compared(theirs, getattr(test, ours), EXACT)
    for name in ("chisq", "df", "p"):
        yield Compared(name, getattr(test, name), 1e-11)


def incidences(golden: dict[str, Any], rows: pd.DataFrame) -> Iterator[Compared]:
    """Files of g_aj."""
    arguments, right = asked(golden, rows)
    if right:
        curves = aalen_johansen(**arguments, group=labels_of(rows, right[0]))
        for label, curve in curves.items():
            yield Compared(f"strata.{right[0]}={label}", len(curve.time), 0)
    else:
        curves = {"all": aalen_johansen(**arguments)}
    each, times = list(curves.values()), golden["at"]["times"]
    zeros = [np.zeros((len(curve.time), 2)) for curve in each]
    yield Compared("time", np.concatenate([curve.time for curve in each]), EXACT)
    yield Compared("n_risk", np.vstack([np.column_stack([c.n_risk, z]) for c, z in zip(each, zeros, strict=True)]), 0)
    yield Compared(
        "n_event", np.vstack([np.column_stack([z[:, :1], c.n_event]) for c, z in zip(each, zeros, strict=True)]), 0
    )
    yield Compared("pstate", np.vstack([curve.probability for curve in each]), EXACT)
    yield Compared("at.pstate", np.vstack([curve.at(times) for curve in each]), EXACT)
    yield Compared("at.std_err", np.vstack([curve.std_err_at(times) for curve in each]), 1e-11)
    for side, name in enumerate(("lower_log", "upper_log")):
        limits = [curve.rows_at(times, curve.limits()[side], np.full((1, 3), np.nan)) for curve in each]
        yield Compared(f"at.{name}", np.vstack(limits), 1e-11)


def compare_cuminc(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """The keys cuminc.* and gray.* of the files of Fine and Gray's model, on the rows that it uses."""
    rows = data("mgus2").dropna(subset=["age", "male", "mspike"])
    time, event, group = (rows[column].to_numpy() for column in ("etime", "ev", golden["cuminc"]["group"]))
    curves = aalen_johansen(time, event, group=group, errors="gray")
    times = golden["cuminc"]["times"]
    yield Compared("cuminc.times", times, 0)
    ordered = [(curve, cause) for cause in (1, 2) for curve in curves.values()]
    yield Compared("cuminc.est", [curve.at(times)[:, cause] for curve, cause in ordered], EXACT)
    yield Compared("cuminc.var", [curve.std_err_at(times)[:, cause] ** 2 for curve, cause in ordered], 1e-11)
    tests = [gray_test(time, event, group, cause=int(cause)) for cause in golden["gray"]["rows"]]
    for theirs, ours in {"stat": "chisq", "p": "p", "df": "df"}.items():
        yield Compared(f"gray.{theirs}", [getattr(test, ours) for test in tests], 1e-10)
