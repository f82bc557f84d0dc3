"""What the tests of this room share: outcomes as arrays, made-up cohorts, and the cases that R computed."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Binary, Codebook, Cohort, Competing, TimeToEvent
from prognosis import Study
from prognosis.models import Cox

VARIABLES: dict[str, dict[str, Any]] = {
    "pid": {"kind": "id"},
    "age": {"kind": "numeric", "unit": "years", "limits": [18, 110]},
    "albumin": {"kind": "numeric", "unit": "g/L", "limits": [5, 80]},
    "creat": {"kind": "numeric", "unit": "mg/dL"},
    "sex": {"kind": "binary", "levels": ["F", "M"]},
    "grade": {"kind": "nominal", "levels": ["low", "middle", "high"]},
    "relapse": {"kind": "binary"},
    "centre": {"kind": "nominal", "levels": ["north", "south"]},
    "weight": {"kind": "numeric"},
    "start": {"kind": "time", "unit": "months", "timing": "post-baseline"},
    "months": {"kind": "time", "unit": "months", "timing": "post-baseline"},
    "event": {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"},
    "response": {"kind": "numeric", "timing": "post-baseline"},
    "first": {
        "kind": "event",
        "values": {"censored": 0, "event": 1, "competing": [2]},
        "timing": "post-baseline",
    },
    "early": {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"},
}
ENDPOINT = TimeToEvent("efs", time="months", event="event", unit="months", origin="registration", horizons=(12, 24, 48))
ENDPOINTS = {
    "time_to_event": ENDPOINT,
    "competing": Competing(
        "relapse", time="months", event="first", unit="months", origin="registration", horizons=(12, 24, 48)
    ),
    "binary": Binary("early relapse", event="early"),
}


def structured(time, event, entry=None):
    """Return the outcome as recipes take it."""
    fields = [("event", np.int64), ("time", float)] + ([("entry", float)] if entry is not None else [])
    y = np.empty(len(time), dtype=fields)
    y["event"], y["time"] = event, time
    if entry is not None:
        y["entry"] = entry
    return y


def patients(n=400, seed=20260101, **changed):
    """Return n made-up patients whose hazard depends on age, albumin, sex and grade; the index holds their ids."""
    return _drawn(n, seed).copy().assign(**changed)


@functools.cache
def _drawn(n, seed):
    draw = np.random.default_rng(seed)
    age = draw.integers(40, 85, n).astype(float)
    albumin = draw.normal(38, 4, n).round(1)
    sex = np.where(draw.random(n) < 0.45, "M", "F")
    grade = np.array(["low", "middle", "high"])[draw.integers(0, 3, n)]
    eta = 0.03 * (age - 62) - 0.08 * (albumin - 38) + 0.3 * (sex == "M") + 0.5 * (grade == "high")
    time = draw.exponential(30 * np.exp(-eta))
    censored = draw.uniform(6, 90, n)
    frame = pd.DataFrame(
        {
            "age": age,
            "albumin": albumin,
            "creat": np.exp(draw.normal(0, 0.4, n)).round(2),
            "sex": pd.Categorical(sex, categories=["F", "M"]),
            "grade": pd.Categorical(grade, categories=["low", "middle", "high"]),
            "relapse": (draw.random(n) < 0.3).astype(float),
            "centre": pd.Categorical(np.where(draw.random(n) < 0.5, "north", "south"), categories=["north", "south"]),
            "weight": draw.choice([0.5, 1.0, 1.5, 2.0], n),
            "start": (0.5 * draw.random(n) * np.minimum(time, censored)).round(2),
            "months": np.maximum(np.minimum(time, censored).round(2), 0.05),
            "event": (time <= censored).astype(int),
            "response": draw.normal(size=n),
        },
        index=pd.Index([f"P{place:03d}" for place in range(n)], name="pid"),
    )
    frame["start"] = np.minimum(frame["start"], frame["months"] / 2)
    died_first = (draw.random(n) < 0.35) & (frame["event"] == 1)
    return frame.assign(first=np.where(died_first, 2, frame["event"]), early=(time < 20).astype(int))


def outcome_of(frame, entry=False):
    """Return the structured outcome of made-up patients."""
    start = frame["start"].to_numpy() if entry else None
    return structured(frame["months"].to_numpy(), frame["event"].to_numpy(), start)


def codebook(**changed):
    """Return the codebook of the made-up patients, with some declarations replaced."""
    return Codebook.from_dict({"variables": {**VARIABLES, **changed}})


def cohort(n=400, frame=None, book=None):
    """Return the checked cohort of made-up patients; checked once, since it never changes."""
    if frame is None and book is None:
        return _checked(n)
    return Cohort.from_frame(patients(n) if frame is None else frame, "pid", book or codebook())


@functools.cache
def _checked(n):
    return Cohort.from_frame(patients(n), "pid", codebook())


def study(predictors=("age", "albumin", "sex", "grade"), n=400, frame=None, book=None, **options):
    """Return a study on made-up patients."""
    endpoint = options.pop("endpoint", ENDPOINT)
    return Study(cohort(n, frame, book), endpoint, list(predictors), **options)


def fit(recipe=None, predictors=("age", "albumin", "sex", "grade"), n=400, frame=None, **options):
    """Return a model fitted to made-up patients."""
    return study(predictors, n, frame, **options).fit(recipe or Cox())


@dataclass(frozen=True)
class Golden:
    """One Cox model that R fitted: its rows, columns and the recipe's auxiliary columns.

    `terms` maps R's coefficient names to ours.
    """

    data: str
    predictors: tuple[str, ...]
    time: str
    event: str
    entry: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)

    def frame(self, rows):
        """Predictors and auxiliary columns of some rows, categories with their levels."""
        auxiliary = [name for name in (*self.options.get("strata", ()), self.options.get("weights")) if name]
        out = rows[[*self.predictors, *auxiliary]].copy()
        for name, levels in self.levels.items():
            out[name] = pd.Categorical(out[name].astype(str), categories=list(levels))
        return out

    def outcome(self, rows):
        """Structured outcome of some rows."""
        entry = rows[self.entry].to_numpy(float) if self.entry else None
        return structured(rows[self.time].to_numpy(float), rows[self.event].to_numpy(int), entry)

    def complete(self, rows):
        """Rows that R uses: no missing value in a column of the model."""
        return rows.dropna(subset=[*self.frame(rows).columns, self.time, self.event]).reset_index(drop=True)


COX_CASES = {
    "tiny": Golden("tiny6", ("x",), "time", "status"),
    "tinycounting": Golden("tiny_counting", ("x",), "stop", "event", "start"),
    "lung": Golden("lung", ("age", "sex", "ph.ecog"), "time", "dead"),
    "gbsg": Golden(
        "gbsg",
        ("age", "meno", "size", "gradef", "nodes", "pgr", "er", "hormon"),
        "rfstime",
        "status",
        levels={"gradef": ("1", "2", "3")},
        terms={"gradef2": "gradef=2", "gradef3": "gradef=3"},
    ),
    "gbsg_weighted": Golden("gbsg", ("age", "nodes", "hormon"), "rfstime", "status", options={"weights": "wt"}),
    "mgus2": Golden("mgus2", ("age", "male", "hgb", "creat", "mspike"), "futime", "death"),
    "mgus2_strata": Golden("mgus2", ("age", "hgb", "creat"), "futime", "death", options={"strata": ["sex"]}),
    "heart_counting": Golden(
        "heart",
        ("age", "year", "surgery", "transplant"),
        "stop",
        "event",
        "start",
        levels={"transplant": ("0", "1")},
        terms={"transplant1": "transplant=1"},
    ),
}
