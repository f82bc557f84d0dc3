"""Small models whose every number is known: real preparation and profile, given coefficients, constant hazard."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from cohorts import Codebook, TimeToEvent
from prognosis.preparation import Preparation
from prognosis.profile import profile_of

HAZARD = 0.01  # a month, at the training means
FRAME = pd.DataFrame(
    {
        "age": np.repeat(np.linspace(30.0, 80.0, 51), 2),
        "sex": pd.Categorical(["F", "M", "F"] * 34, categories=["F", "M"]),
    }
)
DECLARED = {
    "age": {"kind": "numeric", "unit": "years", "label": {"en": "Age", "zh": "年龄"}},
    "sex": {"kind": "binary", "levels": ["F", "M"], "label": {"en": "Sex", "zh": "性别"}},
}


class Estimate:
    """A proportional hazards model with a constant baseline hazard."""

    def __init__(self, coefficients, means):
        self.coefficients, self.means, self.strata = np.asarray(coefficients, float), means, ()
        self.stratum_names = ()

    def risk_at(self, linear_predictor, horizons, stratum=0):
        centred = np.asarray(linear_predictor, float) - self.means @ self.coefficients
        return -np.expm1(-HAZARD * np.exp(centred)[:, None] * np.asarray(horizons, float))


def hand_made(coefficients, frame=FRAME, declared=None, endpoint=None, **preparation):
    """A model with these coefficients, in the order of its design columns."""
    prepared = Preparation.fit(frame, **preparation)
    estimate = Estimate(coefficients, prepared.design(frame).mean(axis=0))
    endpoint = endpoint or TimeToEvent(
        "progression_or_death", time="t", event="e", unit="months", origin="diagnosis", horizons=(12, 60)
    )
    return SimpleNamespace(
        kind="cox",
        recipe=SimpleNamespace(),
        preparation=prepared,
        estimate=estimate,
        predictors=prepared.predictors,
        codebook=Codebook.from_dict({"variables": DECLARED if declared is None else declared}),
        endpoint=endpoint,
        event_text=lambda language: endpoint.name,
        horizons=endpoint.horizons,
        unit=getattr(endpoint, "unit", ""),
        warnings=(),
        published=False,
        strata_follow_up=(),
        origin=getattr(endpoint, "origin", ""),
        max_follow_up=120.0,
        profile=profile_of(frame),
        n=len(frame),
        events=40,
        created="2026-01-31",
        hash="0123456789abcdef",
    )
