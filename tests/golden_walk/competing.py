"""R's competing risks regressions: cmprsk::crr, coxph on the rows of survival::finegray, riskRegression::CSC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.competing.cause_specific import fit_causes
from prognosis.metrics.accuracy import brier, null_brier
from prognosis.metrics.time_dependent import auc
from prognosis.models import Cox, FineGray
from prognosis.outcome import SurvivalArrays
from tests.golden_walk.compared import Compared
from tests.golden_walk.curves import compare_cuminc
from tests.golden_walk.scores import compare_measures
from tests.prognosis.made import structured

FILES = ("crr_*", "finegray_*", "csc_*")
LEFT_OUT = {
    "failcode": "what R was asked",
    "cencode": "what R was asked",
    "converged": "says that R's search ended",
    "times": "what R was asked",
    "profiles*": "what R was asked",
    "etype": "what R was asked",
    "rhs": "what R was asked",
    "cause": "what R was asked",
    "split": "says which rows R used",
    "cuminc.group": "what R was asked",
    "cuminc.curves": "names of R's curves",
    "*.model": "names R's rows",
    "*.times": "names R's rows",
}
PREDICTORS = ["age", "male", "mspike"]
PROFILES = pd.DataFrame({"age": [50.0, 75.0], "male": [0, 1], "mspike": [0.5, 2.0]})


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    rows = data("mgus2").dropna(subset=["etime", "ev", *PREDICTORS]).reset_index(drop=True)
    topic = {"crr": _crr, "finegray": _finegray, "csc": _csc}[name.partition("_")[0]]
    yield from topic(golden, rows)
    if "cuminc" in golden:
        yield from compare_cuminc(name, golden, data)


def outcome(rows, cause=1):
    """The structured outcome with one cause as the event of interest."""
    event = rows["ev"].to_numpy(int)
    return structured(rows["etime"].to_numpy(float), np.where(event == 0, 0, np.where(event == cause, 1, 2)))


def _crr(golden, rows):
    estimate = FineGray().fit(rows[PREDICTORS], outcome(rows, golden["failcode"])).estimate_
    yield Compared("n", len(rows), 0)
    yield from _coefficients(estimate, 1e-10)
    yield Compared("se", np.sqrt(np.diag(estimate.covariance)), 1e-10)
    yield Compared("var", estimate.covariance, 1e-10)
    yield Compared("loglik_null", estimate.loglik[0], 1e-12)
    yield Compared("loglik", estimate.loglik[1], 1e-12)
    # R's jumps are those of a patient with 0 in all columns.
    jumps = np.diff(estimate.baseline.cumulative_hazard, prepend=0) * np.exp(-estimate.means @ estimate.coefficients)
    yield Compared("uftime_head", estimate.event_times[:10], 0)
    yield Compared("bfitj_head", jumps[:10], 1e-10)
    yield Compared("bfitj_sum", jumps.sum(), 1e-10)
    risk, _, _ = estimate.risk(PROFILES.to_numpy(float), np.array(golden["times"], float))
    yield Compared("cif_at_times_rows_profiles", risk, 1e-10)


def _finegray(golden, rows):
    estimate = FineGray(weighting="finegray").fit(rows[PREDICTORS], outcome(rows)).estimate_
    yield from _coefficients(estimate, 1e-10)
    split = finegray_rows(rows)
    yield Compared("rows", len(split), 0)
    yield Compared("sum_wt", split["weight"].sum(), 1e-12)
    # R was not told which rows belong to a patient: its robust error takes each for a patient of its own.
    y = structured(split["stop"].to_numpy(), split["event"].to_numpy(), split["start"].to_numpy())
    by_row = Cox(weights="weight").fit(split[[*PREDICTORS, "weight"]], y).estimate_
    yield Compared("naive_se", np.sqrt(np.diag(by_row.covariance)), 1e-8)


def _csc(golden, rows):
    train = rows.iloc[::2]
    time, predictors = train["etime"].to_numpy(float), train[PREDICTORS]
    estimate = fit_causes(
        lambda died: Cox().fit(predictors, structured(time, died.astype(int))).estimate_, train["ev"].to_numpy(np.int64)
    )
    for cause, model in zip(estimate.causes, estimate.models, strict=True):
        # R stops its search at 1e-9 here.
        yield from _coefficients(model, 1e-8, f"coef.Cause {cause}.")
    times, test = np.array(golden["times"], float), rows.iloc[1::2]
    yield Compared("abs_risk_profiles", estimate.risk(PROFILES.to_numpy(float), times)[0], 1e-8)
    known = SurvivalArrays(test["etime"].to_numpy(float), test["ev"].to_numpy(np.int64))
    risk = estimate.risk(test[PREDICTORS].to_numpy(float), times)[0]
    yield from compare_measures("auc", "AUC", {"csc": auc(known, risk, times)})
    scores = {"Null model": null_brier(known, times), "csc": brier(known, risk, times)}
    yield from compare_measures("brier", "Brier", scores)


def _coefficients(estimate, tolerance, prefix="coef."):
    for term, coefficient in zip(estimate.names, estimate.coefficients, strict=True):
        yield Compared(f"{prefix}{term}", coefficient, tolerance)


def finegray_rows(rows):
    """Cut rows as ``survival::finegray``: who had a competing event stays, in weighted pieces between censorings."""
    time, event = rows["etime"].to_numpy(float), rows["ev"].to_numpy(int)
    cuts = np.unique(time[event == 0])
    at_risk = np.array([((time > cut) | ((time == cut) & (event == 0))).sum() for cut in cuts])
    left = np.array([((time == cut) & (event == 0)).sum() for cut in cuts])
    probability = np.concatenate([[1.0], np.cumprod(1 - left / at_risk)])
    ends = np.append(cuts, time.max())
    useful = np.unique(np.searchsorted(ends, time[event == 1]))
    pieces = []
    for row, (stop, code) in enumerate(zip(time, event, strict=True)):
        first = np.searchsorted(ends, stop)
        pieces.append((row, 0.0, ends[first] if code == 2 else stop, int(code == 1), 1.0))
        if code == 2:
            later = useful[useful > first]
            pieces += [(row, ends[k - 1], ends[k], 0, probability[k] / probability[first]) for k in later]
    table = pd.DataFrame(pieces, columns=["row", "start", "stop", "event", "weight"])
    return pd.concat([table, rows[PREDICTORS].iloc[table["row"]].reset_index(drop=True)], axis=1)
