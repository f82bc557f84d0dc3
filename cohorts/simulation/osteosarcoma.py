"""Osteosarcoma: metastasis at diagnosis and later, with the predictors of registries and trials."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cohorts.simulation.effects import Effect, Terms
from cohorts.simulation.latent import measured, measured_log, picked
from cohorts.simulation.metastases import AT_DIAGNOSIS, DEATH, LATER, Course, followed, sarcoma, sarcoma_endpoints
from cohorts.simulation.missingness import Mechanism, missing_probability, with_missing
from cohorts.simulation.simulated import Asked, Parts, Simulated, centre_column
from cohorts.simulation.times import CompetingWeibulls, Weibull

HISTOLOGIES = {"conventional": 0.86, "telangiectatic": 0.05, "other": 0.09}
NODES = {"N0": 0.925, "N1": 0.02, "NX": 0.055}
AXIAL, YOUNG = 0.18, 0.75
REGISTRY, EURAMOS = "seen: registry, odds of any or of lung metastasis", "seen: EURAMOS-1, events after registration"

EFFECTS = (
    Effect(AT_DIAGNOSIS, "age>=60", 2.22, REGISTRY),
    Effect(AT_DIAGNOSIS, "axial", 2.47, REGISTRY),
    Effect(AT_DIAGNOSIS, "size_cm", 1.10, REGISTRY, 9),
    Effect(AT_DIAGNOSIS, "female", 0.59, REGISTRY),
    Effect(AT_DIAGNOSIS, "nodes=N1", 7.79, REGISTRY),
    Effect(AT_DIAGNOSIS, "nodes=NX", 2.04, REGISTRY),
    Effect(AT_DIAGNOSIS, "histology=telangiectatic", 0.24, REGISTRY),
    Effect(LATER, "axial", 1.53, EURAMOS),
    Effect(LATER, "histology=telangiectatic", 0.52, EURAMOS),
    Effect(LATER, "size_cm", 1.05, "chosen (half of the effect at diagnosis)", 9),
    Effect(LATER, "nodes=N1", 2.0, "chosen"),
    Effect(DEATH, "age", 1.07, "chosen (general mortality)", 50),
)
# The intercept gives 18.9 % at diagnosis [seen: 278 of 1,470]. Metastasis later is chosen so that about 65 % of the
# others are free of it at three years; survival after metastasis has a median of 24 months [chosen].
COURSE = Course(
    EFFECTS,
    intercept=-1.755,
    later=CompetingWeibulls(Weibull(0.55, 105), Weibull(0.55, 8000)),
    after=Weibull(0.8, 24),
    horizons=(24, 36, 60),
    follow_up=(12, 144),
)


def simulate_osteosarcoma(
    n: int,
    seed: int,
    *,
    centres: int = 1,
    centre_spread: float = 0.2,
    missing: float = 0.0,
    mechanism: Mechanism = "mcar",
    metastasis_free: bool = False,
) -> Simulated:
    """Make up a cohort of high-grade osteosarcoma with its truth.

    Parameters are those of `simulate_chondrosarcoma`; values missing are size, histology and nodes.
    Alkaline phosphatase has no effect.

    Returns
    -------
    Simulated
        Endpoints ``metastasis_at_diagnosis``, ``metastasis`` (later, in months, death before it competes) and ``os``.

    Raises
    ------
    DataContractError
        An argument that cannot be met (D30 to D35).
    """
    asked = Asked("osteosarcoma", n, seed, centres, centre_spread, missing, mechanism)
    centre, effect = asked.centre_of()
    frame = _patients(asked)
    terms = terms_of(frame)
    truth, observed = followed(asked, terms, COURSE, effect)
    chance = missing_probability(missing, mechanism, frame["age"].to_numpy(float))
    frame = with_missing(frame, ("size_cm", "histology", "nodes"), chance, asked.generator("missing"))
    frame = frame.assign(**observed)
    if centres > 1:
        frame["centre"] = centre_column(centre, centres)
    parts = Parts(frame, sarcoma_endpoints(COURSE.horizons), truth, EFFECTS, terms)
    return sarcoma(asked, parts, metastasis_free)


def _patients(asked: Asked) -> pd.DataFrame:
    rng = asked.generator("covariates")
    kinds = picked(rng, tuple(HISTOLOGIES.values()), asked.n)
    young = rng.random(asked.n) < YOUNG
    spread = rng.standard_normal(asked.n)
    # two ages: around puberty and late in life
    age = np.where(young, measured(spread, 4, 30, 0, 16, 5), measured(spread, 25, 90, 0, 50, 17))
    axial = rng.random(asked.n) < np.where(young, AXIAL * 0.6, AXIAL * 2.2)
    return pd.DataFrame(
        {
            "age": age,
            "sex": pd.Categorical.from_codes(picked(rng, (0.45, 0.55), asked.n), ["female", "male"]),
            "site": pd.Categorical.from_codes(axial.astype(np.int8), ["extremity", "axial"]),
            "histology": pd.Categorical.from_codes(kinds, list(HISTOLOGIES)),
            "size_cm": measured_log(rng.standard_normal(asked.n), 1, 40, 1, 9.0, 0.5),
            "nodes": pd.Categorical.from_codes(picked(rng, tuple(NODES.values()), asked.n), list(NODES)),
            "alp_u_l": measured_log(rng.standard_normal(asked.n), 20, 5000, 0, 160, 0.7),
        },
        index=asked.ids("OS"),
    )


def terms_of(frame: pd.DataFrame) -> Terms:
    """Return everything an effect names, from complete values."""
    return {
        "age": frame["age"].to_numpy(float),
        "age>=60": (frame["age"] >= 60).to_numpy(),
        "female": (frame["sex"] == "female").to_numpy(),
        "axial": (frame["site"] == "axial").to_numpy(),
        "size_cm": frame["size_cm"].to_numpy(float),
        "histology=telangiectatic": (frame["histology"] == "telangiectatic").to_numpy(),
        **{f"nodes={level}": (frame["nodes"] == level).to_numpy() for level in ("N1", "NX")},
    }
