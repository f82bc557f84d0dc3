"""Giant cell tumour of bone: local recurrence after surgery, death or another operation competing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cohorts.endpoint import Competing
from cohorts.simulation.effects import Effect, Floats, Terms, linear_predictor
from cohorts.simulation.latent import measured_log, picked
from cohorts.simulation.missingness import Mechanism, missing_probability, with_missing
from cohorts.simulation.simulated import Asked, Parts, Simulated, assembled, centre_column
from cohorts.simulation.times import Weibull

SITES = {"distal femur": 0.30, "proximal tibia": 0.25, "distal radius": 0.15, "proximal fibula": 0.05, "other": 0.25}
TREATMENTS = {"resection": 0.35, "curettage": 0.30, "extensive curettage": 0.35}
CAMPANACCI = {"1": 0.10, "2": 0.45, "3": 0.45}
SOFT_TISSUE_OF_THREE, CEMENT_OF_CURETTED, DENOSUMAB = 0.70, 0.50, 0.15

EFFECTS = (
    Effect("recurrence", "treatment=curettage", 4.0, "chosen"),
    Effect("recurrence", "treatment=extensive curettage", 2.0, "chosen"),
    Effect("recurrence", "soft_tissue", 2.5, "chosen"),
    Effect("recurrence", "denosumab and curettage", 3.0, "chosen (3.04 was seen)"),
    Effect("recurrence", "radius or fibula", 2.0, "chosen"),
    Effect("recurrence", "age<30", 1.5, "chosen"),
    Effect("recurrence", "campanacci=3", 1.3, "chosen"),
    Effect("recurrence", "cement", 0.4, "chosen"),
)
# [chosen] 25 % recur; of these 80 % within 24 months; another operation or death in 1 % of patients a year.
INTERCEPT = -2.48
TO_RECURRENCE = Weibull(1.3, 12.55)
COMPETING_BY_MONTH = -np.log(0.99) / 12
HORIZONS = (12, 24, 60)
FOLLOW_UP = (12.0, 120.0)
STEPS = 4000


def simulate_giant_cell_tumour(
    n: int,
    seed: int,
    *,
    centres: int = 1,
    centre_spread: float = 0.2,
    missing: float = 0.0,
    mechanism: Mechanism = "mcar",
) -> Simulated:
    """Make up a cohort of operated giant cell tumours of bone with its truth.

    Parameters are those of `simulate_myeloma`; values missing are Campanacci's grade, size and soft-tissue extension.
    The origin is surgery, so the operation is known at baseline.

    Returns
    -------
    Simulated
        Endpoint ``recurrence``, in months. The truth's effects are odds ratios of ever recurring; time to recurrence is
        the same for all who do, so hazards are not in proportion, as they are not in the clinic.

    Raises
    ------
    DataContractError
        An argument that cannot be met (D30 to D35).
    """
    asked = Asked("giant_cell_tumour", n, seed, centres, centre_spread, missing, mechanism)
    centre, effect = asked.centre_of()
    frame = _patients(asked)
    terms = terms_of(frame)
    truth, observed = _outcome(asked, terms, effect)
    chance = missing_probability(missing, mechanism, frame["age"].to_numpy(float))
    frame = with_missing(frame, ("campanacci", "size_cm", "soft_tissue"), chance, asked.generator("missing"))
    frame = frame.assign(**observed)
    if centres > 1:
        frame["centre"] = centre_column(centre, centres)
    return assembled(asked, Parts(frame, _endpoints(), truth, EFFECTS, terms))


def _patients(asked: Asked) -> pd.DataFrame:
    rng = asked.generator("covariates")
    n = asked.n
    treatment = picked(rng, tuple(TREATMENTS.values()), n)
    campanacci = picked(rng, tuple(CAMPANACCI.values()), n)
    curetted = treatment > 0
    return pd.DataFrame(
        {
            "age": measured_log(rng.standard_normal(n), 14, 85, 0, 32, 0.36),
            "sex": pd.Categorical.from_codes(picked(rng, (0.53, 0.47), n), ["female", "male"]),
            "site": pd.Categorical.from_codes(picked(rng, tuple(SITES.values()), n), list(SITES)),
            "campanacci": pd.Categorical.from_codes(campanacci, list(CAMPANACCI), ordered=True),
            "size_cm": measured_log(rng.standard_normal(n), 1, 20, 1, 6.0, 0.35),
            "soft_tissue": ((campanacci == 2) & (rng.random(n) < SOFT_TISSUE_OF_THREE)).astype(float),
            "treatment": pd.Categorical.from_codes(treatment, list(TREATMENTS)),
            "cement": (curetted & (rng.random(n) < CEMENT_OF_CURETTED)).astype(float),
            "denosumab": (rng.random(n) < DENOSUMAB).astype(float),
        },
        index=asked.ids("GCT"),
    )


def terms_of(frame: pd.DataFrame) -> Terms:
    """Return everything an effect names, from complete values."""
    curetted = (frame["treatment"] != "resection").to_numpy()
    return {
        "treatment=curettage": (frame["treatment"] == "curettage").to_numpy(),
        "treatment=extensive curettage": (frame["treatment"] == "extensive curettage").to_numpy(),
        "soft_tissue": frame["soft_tissue"].to_numpy() == 1,
        "denosumab and curettage": (frame["denosumab"].to_numpy() == 1) & curetted,
        "radius or fibula": frame["site"].isin(["distal radius", "proximal fibula"]).to_numpy(),
        "age<30": (frame["age"] < 30).to_numpy(),
        "campanacci=3": (frame["campanacci"] == "3").to_numpy(),
        "cement": frame["cement"].to_numpy() == 1,
    }


def recurring_by(time: float) -> float:
    """Return the probability that who will recur has done so by a time, nothing having come before."""
    edges = np.linspace(0, time, STEPS + 1)
    reached = TO_RECURRENCE.risk(edges, np.zeros(STEPS + 1))  # type: ignore[arg-type]
    middle = (edges[1:] + edges[:-1]) / 2
    return float(np.sum(np.diff(reached) * np.exp(-COMPETING_BY_MONTH * middle)))


def _outcome(asked: Asked, terms: Terms, centre: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
    rng = asked.generator("outcome")
    predictor = INTERCEPT + linear_predictor(EFFECTS, "recurrence", terms) + centre
    chance = 1 / (1 + np.exp(-predictor))
    recurs = rng.random(asked.n) < chance
    recurrence = TO_RECURRENCE.time_at(rng.standard_exponential(asked.n), np.zeros(asked.n))
    other = rng.standard_exponential(asked.n) / COMPETING_BY_MONTH
    first = np.where(recurs, np.minimum(recurrence, other), other)
    closed = rng.uniform(*FOLLOW_UP, asked.n)
    kind = np.where(first > closed, 0.0, np.where(recurs & (recurrence < other), 1.0, 2.0))
    truth = {"recurrence_linear_predictor": predictor, "recurs": recurs.astype(float)}
    truth |= {f"recurrence_risk_{t}": chance * recurring_by(t) for t in HORIZONS}
    truth |= {"first_event_months": first, "centre_effect": centre}
    months = np.ceil(np.minimum(first, closed) * 100) / 100
    return truth, {"follow_up_months": months, "follow_up_event": kind}


def _endpoints() -> dict[str, Competing]:
    return {
        "recurrence": Competing(
            "recurrence",
            time="follow_up_months",
            event="follow_up_event",
            unit="months",
            origin="surgery",
            horizons=tuple(float(t) for t in HORIZONS),
            definition="Time from surgery to local recurrence; death or another operation of the site competes.",
        )
    }
