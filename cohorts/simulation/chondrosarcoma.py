"""Chondrosarcoma: metastasis at diagnosis and later, with the predictors of registries."""

from __future__ import annotations

import pandas as pd

from cohorts.simulation.effects import Effect, Terms
from cohorts.simulation.latent import classes, loaded, measured, measured_log, picked
from cohorts.simulation.metastases import AT_DIAGNOSIS, DEATH, LATER, Course, followed, sarcoma, sarcoma_endpoints
from cohorts.simulation.missingness import Mechanism, missing_probability, with_missing
from cohorts.simulation.simulated import Asked, Parts, Simulated, centre_column
from cohorts.simulation.times import CompetingWeibulls, Weibull

SITES = {"extremity": 0.44, "pelvis": 0.22, "spine": 0.08, "thoracic cage": 0.21, "craniofacial": 0.05}
GRADES = {"I": 0.42, "II": 0.38, "III": 0.20}
NODES = {"N0": 0.95, "N1": 0.01, "NX": 0.04}
DEDIFFERENTIATED_OF_GRADE_III = 0.25
SONG = "seen: Song 2018"

EFFECTS = (
    Effect(AT_DIAGNOSIS, "age>=60", 1.87, SONG),
    Effect(AT_DIAGNOSIS, "site=spine", 1.78, SONG),
    Effect(AT_DIAGNOSIS, "site=thoracic cage", 2.03, SONG),
    Effect(AT_DIAGNOSIS, "site=craniofacial", 5.51, SONG),
    Effect(AT_DIAGNOSIS, "grade=II", 1.85, SONG),
    Effect(AT_DIAGNOSIS, "grade=III", 4.02, SONG),
    Effect(AT_DIAGNOSIS, "size 5-10 cm", 2.8, "chosen"),
    Effect(AT_DIAGNOSIS, "size>10 cm", 7.14, SONG),
    Effect(AT_DIAGNOSIS, "nodes=N1", 6.0, "chosen"),
    Effect(AT_DIAGNOSIS, "nodes=NX", 2.5, "chosen"),
    Effect(AT_DIAGNOSIS, "dedifferentiated", 2.2, "chosen (the direction was seen: Nguyen 2019)"),
    Effect(AT_DIAGNOSIS, "male", 1.4, "chosen"),
    Effect(LATER, "grade=II", 1.9, "chosen (as at diagnosis)"),
    Effect(LATER, "grade=III", 4.0, "chosen (as at diagnosis)"),
    Effect(LATER, "dedifferentiated", 2.2, "chosen (as at diagnosis)"),
    Effect(LATER, "size_cm", 1.066, "seen: preprint, odds at diagnosis, by cm", 8),
    Effect(LATER, "site=pelvis", 1.4, "chosen"),
    Effect(DEATH, "age", 1.07, "chosen (general mortality)", 50),
    Effect(DEATH, "male", 1.4, "chosen (general mortality)"),
)
# The intercept gives 5.1 % at diagnosis [seen: 69 of 1,365]; survival after metastasis has 14 months as its median and
# 28 % at five years [seen]; the levels of metastasis later and of other deaths are chosen.
COURSE = Course(
    EFFECTS,
    intercept=-5.77,
    later=CompetingWeibulls(Weibull(0.8, 1400), Weibull(0.8, 900)),
    after=Weibull(0.41, 14),
    horizons=(24, 60, 120),
    follow_up=(12, 180),
)


def simulate_chondrosarcoma(
    n: int,
    seed: int,
    *,
    centres: int = 1,
    centre_spread: float = 0.2,
    missing: float = 0.0,
    mechanism: Mechanism = "mcar",
    metastasis_free: bool = False,
) -> Simulated:
    """Make up a cohort of chondrosarcoma of bone with its truth.

    Parameters are those of `simulate_myeloma`; values missing are grade, size and nodes. With `metastasis_free` the
    cohort has only those without metastasis at diagnosis (fewer than n), whom the endpoint ``metastasis`` is about.

    Returns
    -------
    Simulated
        Endpoints ``metastasis_at_diagnosis``, ``metastasis`` (later, in months, death before it competes) and ``os``.
        `surgery` is post-baseline: it follows from what was found at diagnosis and is refused as a predictor of it.

    Raises
    ------
    DataContractError
        An argument that cannot be met (D30 to D35).
    """
    asked = Asked("chondrosarcoma", n, seed, centres, centre_spread, missing, mechanism)
    centre, effect = asked.centre_of()
    frame = _patients(asked)
    terms = terms_of(frame)
    truth, observed = followed(asked, terms, COURSE, effect)
    chance = missing_probability(missing, mechanism, frame["age"].to_numpy(float))
    frame = with_missing(frame, ("grade", "size_cm", "nodes"), chance, asked.generator("missing")).assign(**observed)
    if centres > 1:
        frame["centre"] = centre_column(centre, centres)
    parts = Parts(frame, sarcoma_endpoints(COURSE.horizons), truth, EFFECTS, terms)
    return sarcoma(asked, parts, metastasis_free)


def _patients(asked: Asked) -> pd.DataFrame:
    rng = asked.generator("covariates")
    aggressive = rng.standard_normal(asked.n)
    grade = classes(loaded(aggressive, 0.15, rng), GRADES)
    third = grade == 2
    return pd.DataFrame(
        {
            "age": measured(rng.standard_normal(asked.n), 18, 95, 0, 52, 17),
            "sex": pd.Categorical.from_codes(picked(rng, (0.45, 0.55), asked.n), ["female", "male"]),
            "site": pd.Categorical.from_codes(picked(rng, tuple(SITES.values()), asked.n), list(SITES)),
            "grade": pd.Categorical.from_codes(grade, list(GRADES), ordered=True),
            "dedifferentiated": (third & (rng.random(asked.n) < DEDIFFERENTIATED_OF_GRADE_III)).astype(float),
            "size_cm": measured_log(loaded(aggressive, 0.15, rng), 1, 40, 1, 7.5, 0.45),
            "nodes": pd.Categorical.from_codes(picked(rng, tuple(NODES.values()), asked.n), list(NODES)),
        },
        index=asked.ids("CS"),
    )


def terms_of(frame: pd.DataFrame) -> Terms:
    """Return everything an effect names, from complete values."""
    size = frame["size_cm"].to_numpy(float)
    levels = {
        f"{name}={level}": (frame[name] == level).to_numpy()
        for name in ("site", "grade", "nodes")
        for level in frame[name].cat.categories[1:]
    }
    return {
        "age": frame["age"].to_numpy(float),
        "age>=60": (frame["age"] >= 60).to_numpy(),
        "male": (frame["sex"] == "male").to_numpy(),
        "size_cm": size,
        "size 5-10 cm": (size > 5) & (size <= 10),
        "size>10 cm": size > 10,
        "dedifferentiated": frame["dedifferentiated"].to_numpy() == 1,
        **levels,
    }
