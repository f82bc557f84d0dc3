"""Made-up cohorts in which nothing is related to the outcome: whatever is found there is a leak."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from cohorts import Codebook, Cohort, TimeToEvent
from cohorts.errors import PrognosisWarning
from prognosis import Study
from prognosis.models import Screened
from prognosis.validation.plans import CrossValidation

ENDPOINT = TimeToEvent("os", time="months", event="event", unit="months", origin="surgery", horizons=(6,))


def codebook(genes):
    """Declare noise columns g0, g1, ... and the outcome."""
    variables = {"pid": {"kind": "id"}, **{f"g{j}": {"kind": "numeric"} for j in range(genes)}}
    variables["months"] = {"kind": "time", "unit": "months", "timing": "post-baseline"}
    variables["event"] = {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"}
    return Codebook.from_dict({"variables": variables})


def cohort(seed, genes=1000, n=100, book=None):
    """Return n patients with noise for predictors, about six in ten with the event; typed, so not read and checked."""
    draw = np.random.default_rng([seed, genes])
    ids = pd.Index([f"P{row:03d}" for row in range(n)], name="pid")
    frame = pd.DataFrame(draw.normal(size=(n, genes)), index=ids, columns=[f"g{j}" for j in range(genes)])
    event = (draw.random(n) < 0.6).astype(int)
    frame = frame.assign(months=draw.exponential(10, n).round(3) + 0.001, event=event)
    return Cohort(frame, book or codebook(genes))


def honest_and_leaky_c(seed, genes=1000, book=None):
    """Cross-validated Harrell C of five screened predictors: chosen anew in every fold, and chosen on everybody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        study = Study(cohort(seed, genes, book=book), ENDPOINT, [f"g{j}" for j in range(genes)], seed=seed)
        model = study.fit(Screened(keep=5, inside=False, reproduce_published=True))
        validation = study.validate(model, CrossValidation(folds=5, repeats=1), metrics=["harrell_c"])
    honest, leaky = validation.table["corrected"]
    return float(honest), float(leaky)
