"""Models whose calculators are compared with Python, and patients to compare them on."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Codebook, TimeToEvent
from prognosis import FittedModel, Publication, published_model
from prognosis.imputation.chained import Chained
from prognosis.models import AcceleratedFailureTime, Cox, EarlyRelapse, FineGray, Logistic, PenalisedCox
from tests.prognosis import made

PREDICTORS = ("age", "albumin", "creat", "sex", "grade", "relapse")
BOOK = {
    "age": {"kind": "numeric", "unit": "years", "limits": [18, 110], "inclusion": [40, 84],
            "label": {"en": "Age", "zh": "年龄"}},
    "albumin": {"kind": "numeric", "unit": "g/L", "limits": [5, 80], "label": {"en": "Albumin", "zh": "白蛋白"}},
    "creat": {"kind": "numeric", "unit": "mg/dL", "plausible": [0.2, 5]},
    "grade": {"kind": "nominal", "levels": ["low", "middle", "high", "unseen"]},
}  # fmt: skip
# Whom a publication was not made for, its model may answer for all the same.
GRADE = {"kind": "nominal", "levels": ["low", "middle", "high"], "inclusion": ["middle", "high"]}
BENT: dict[str, Any] = {"splines": {"age": 4, "albumin": 3}, "transforms": {"creat": "log", "albumin": "sqrt"}}
RECIPES = {
    "cox": Cox(**BENT, interactions=[("age", "sex"), ("grade", "relapse")], strata=["centre"]),
    "fine_gray": FineGray(splines={"age": 4}, transforms={"creat": "log1p"}),
    "causes": Cox(splines={"age": 4}, interactions=[("age", "sex")], strata=["centre"]),
    "logistic": Logistic(splines={"age": 4}, transforms={"creat": "scaled"}, interactions=[("albumin", "sex")]),
    "lasso": Logistic(penalty="lasso", strength=0.02),
    "early": EarlyRelapse(window=24),
    "penalised": PenalisedCox(penalty=0.02),
    "weibull": AcceleratedFailureTime(**BENT),
    "exponential": AcceleratedFailureTime(
        "exponential", transforms={"creat": "square"}, interactions=[("age", "albumin")]
    ),
    "lognormal": AcceleratedFailureTime("lognormal", transforms={"creat": "log"}),
    "loglogistic": AcceleratedFailureTime("loglogistic"),
    "imputed": Cox(transforms={"creat": "log"}, interactions=[("age", "sex")]),
}
KINDS = {"fine_gray": "competing", "causes": "competing", "logistic": "binary", "lasso": "binary"}
# A horizon with few at risk, or beyond the follow-up of one stratum; one that is not the window.
HORIZONS = {"cox": (12, 24, 80), "early": (12, 24)}
NAMES = (*RECIPES, "published")


@functools.cache
def fitted(name: str) -> FittedModel:
    """Return a model of 400 made-up patients; warnings are not the point."""
    if name == "published":
        return published()
    endpoint = made.ENDPOINTS[KINDS.get(name, "time_to_event")]
    if name in HORIZONS:
        endpoint = dataclasses.replace(endpoint, horizons=HORIZONS[name])
    options: dict[str, Any] = {"book": made.codebook(**BOOK), "endpoint": endpoint, "seed": 2**63 + 5}
    if name == "cox":
        options |= {"frame": shorter_in_the_south()}
    if name == "imputed":
        options |= {"frame": with_gaps(made.patients(400), 1), "missing": Chained(copies=2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made.study(PREDICTORS, **({"frame": made.patients(400)} | options)).fit(RECIPES[name])


def shorter_in_the_south() -> pd.DataFrame:
    """Return patients whom one of two centres follows for 40 months at most."""
    frame = made.patients(400)
    late = (frame["centre"] == "south") & (frame["months"] > 40)
    return frame.assign(months=frame["months"].mask(late, 40.0), event=frame["event"].mask(late, 0))


def published() -> FittedModel:
    """Return a model of which a publication gives two horizons."""
    book = Codebook.from_dict({"variables": made.VARIABLES | BOOK | {"grade": GRADE}}).only(("age", "grade", "relapse"))
    endpoint = TimeToEvent("recurrence", time="months", event="event", unit="months", origin="surgery")
    coefficients = {"age": 0.02, "grade=middle": 0.5, "grade=high": 1.0, "relapse": 0.3}
    paper = Publication("Doe et al. 2020", "2020-06-01", 400, 120)
    return published_model("doe", endpoint, book, coefficients, {24: 0.9, 60: 0.8}, "zero", paper)


def with_gaps(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return patients of whom a seventh of the values of four predictors is not known."""
    draw, out = np.random.default_rng(seed), frame.copy()
    for name in ("albumin", "creat", "grade", "relapse"):
        out.loc[draw.random(len(out)) < 1 / 7, name] = np.nan
    return out


@functools.cache
def patients(name: str, n: int = 500) -> pd.DataFrame:
    """Return random patients that a model lets in, many of them unusual; of an imputed model some with gaps."""
    draw, frame = np.random.default_rng(11), made.patients(n, seed=11)
    frame["age"] = np.where(draw.random(n) < 0.1, draw.uniform(18, 110, n), frame["age"])
    frame["albumin"] = np.where(draw.random(n) < 0.1, draw.uniform(20, 60, n).round(3), frame["albumin"])
    frame = frame[[*fitted(name).door.columns]]
    if name != "imputed":
        return frame
    out = with_gaps(frame, 5)
    # of the last of all, one value is known
    out.iloc[-1, 1:] = np.nan
    return out


def asked(model: FittedModel, frame: pd.DataFrame) -> list[list[float | None]]:
    """Return patients as the script of a calculator takes them, the stratum last where there are strata."""
    columns = [_places(model, name, frame[name]) for name in model.predictors]
    if model.estimate.strata:
        columns.append([float(place) for place in model.answering.stratum(frame)])
    return [list(row) for row in zip(*columns, strict=True)]


def _places(model: FittedModel, name: str, column: pd.Series) -> list[float | None]:
    term = next(term for term in model.preparation.terms if term.variable == name)
    return [None if pd.isna(value) else float(term.levels.index(value) if term.levels else value) for value in column]
