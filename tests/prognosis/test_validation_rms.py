"""Corrected indexes of the likelihood inside the range that rms::validate has over five seeds."""

from __future__ import annotations

import pandas as pd
import pytest

from cohorts import Binary, Cohort, TimeToEvent
from prognosis import Study
from prognosis.models import Cox, Logistic

OF_RMS = {"R2": "r2", "Slope": "calibration_slope", "D": "d_index", "U": "u_index", "Q": "q_index", "g": "g_index",
          "B": "brier"}  # fmt: skip
SURVIVAL = ("R2", "Slope", "D", "U", "Q", "g")
BINARY = ("R2", "Slope", "D", "B", "g")


def gbsg(rows):
    frame = rows.astype({"gradef": str}).astype({"gradef": "category", "rfstime": float})
    endpoint = TimeToEvent("event", time="rfstime", event="status", unit="days", origin="surgery")
    return frame, endpoint, ["age", "size", "gradef", "nodes", "hormon"], Cox()


def mgus2(rows):
    """rms keeps the knots of the first fit, so they are given."""
    frame = rows.dropna(subset=["hgb", "creat", "mspike"]).astype({"sex": "category", "futime": float})
    endpoint = TimeToEvent("event", time="futime", event="death", unit="months", origin="diagnosis")
    return frame, endpoint, ["age", "sex", "hgb", "creat"], Cox(splines={"creat": [0.8, 1.1, 1.6]})


def rotterdam(rows):
    predictors = ["age", "size", "grade", "nodes", "chemo"]
    frame = rows.dropna(subset=["rec5", *predictors])
    size = pd.Categorical(frame["size"], categories=["<=20", "20-50", ">50"])
    return frame.assign(size=size), Binary("recurrence in five years", event="rec5"), predictors, Logistic()


@pytest.mark.parametrize(
    ("name", "data", "made", "rows"),
    [
        ("nomogram_cph_gbsg", "gbsg", gbsg, SURVIVAL),
        ("nomogram_cph_mgus2", "mgus2", mgus2, SURVIVAL),
        ("nomogram_lrm_rotterdam", "rotterdam_even_rec5", rotterdam, BINARY),
    ],
)
def test_every_index_lies_in_the_range_of_rms(golden, golden_data, name, data, made, rows):
    """Other resamples than R's: its range over five seeds is widened by two of its sd."""
    r = golden(name)["validate"]
    columns = ("apparent", "corrected_min", "corrected_max", "corrected_sd_over_seeds")
    rms = pd.DataFrame({key: r[key] for key in columns}, index=r["rows"])
    frame, endpoint, predictors, recipe = made(golden_data(data))
    outcome = [endpoint.event, *([] if endpoint.kind == "binary" else [endpoint.time])]
    kept = frame[[*predictors, *outcome]].set_axis([f"P{place}" for place in range(len(frame))]).rename_axis("pid")
    study = Study(Cohort.from_frame(kept), endpoint, predictors, seed=1)
    wanted = ["harrell_c", *(OF_RMS[row] for row in rows)]
    table = study.validate(study.fit(recipe), "bootstrap", repeats=r["B"], metrics=wanted).table.set_index("metric")
    somers = 2 * table.loc["harrell_c", ["apparent", "corrected"]].astype(float) - 1
    found = {"Dxy": somers} | {row: table.loc[OF_RMS[row]] for row in rows}
    for row, ours in found.items():
        theirs = rms.loc[row]
        spare = 2 * theirs["corrected_sd_over_seeds"]
        # lrm and cph stop at 1e-4
        assert ours["apparent"] == pytest.approx(theirs["apparent"], rel=1e-5), row
        assert theirs["corrected_min"] - spare <= ours["corrected"] <= theirs["corrected_max"] + spare, row
