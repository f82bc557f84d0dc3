"""Monoclonal gammopathy of undetermined significance: progression, death competing, seen from referral on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cohorts.endpoint import Competing
from cohorts.errors import DataContractError, Finding
from cohorts.simulation.effects import Effect, Terms, linear_predictor
from cohorts.simulation.latent import loaded, measured, measured_log, picked
from cohorts.simulation.missingness import Mechanism, missing_probability, with_missing
from cohorts.simulation.simulated import Asked, Parts, Simulated, assembled, centre_column
from cohorts.simulation.times import CompetingWeibulls, Weibull

MGUS2 = "seen: mgus2 of R's survival package, cause-specific Cox model, 1,338 patients"
EFFECTS = (
    Effect("progression", "age", 1.011, MGUS2, 70),
    Effect("progression", "male", 1.10, MGUS2),
    Effect("progression", "haemoglobin_g_dl", 0.874, MGUS2, 13.3),
    Effect("progression", "creatinine_mg_dl", 0.865, MGUS2, 1.1),
    Effect("progression", "m_protein_g_dl", 2.49, MGUS2, 1.2),
    Effect("death", "age", 1.061, MGUS2, 70),
    Effect("death", "male", 1.63, MGUS2),
    Effect("death", "haemoglobin_g_dl", 0.880, MGUS2, 13.3),
    Effect("death", "creatinine_mg_dl", 1.056, MGUS2, 1.1),
    Effect("death", "m_protein_g_dl", 0.941, MGUS2, 1.2),
)
# [chosen] levels near those of mgus2: progression 6 and 10 % by 10 and 20 years, death before it 54 and 72 %.
TIMES = CompetingWeibulls(Weibull(1.0, 860), Weibull(1.0, 150))
HORIZONS = (60, 120, 240)
FOLLOW_UP = (24.0, 420.0)
LATEST_REFERRAL = 60.0


def simulate_monoclonal_gammopathy(
    n: int,
    seed: int,
    *,
    centres: int = 1,
    centre_spread: float = 0.2,
    missing: float = 0.0,
    mechanism: Mechanism = "mcar",
    delayed_entry: bool = False,
) -> Simulated:
    """Make up a cohort of monoclonal gammopathy of undetermined significance with its truth.

    Parameters are those of `simulate_myeloma`; values missing are haemoglobin, creatinine and M-protein.

    Parameters
    ----------
    delayed_entry : patients are referred 0 to 60 months after diagnosis [chosen], and who progressed, died or was lost
        before is not in the cohort (left truncation): the endpoint has an entry, and a model that ignores it is wrong.
        The cohort then has n patients left of more; true risks are from diagnosis on.

    Returns
    -------
    Simulated
        Endpoint ``progression``, in months from diagnosis, death before it competing.

    Raises
    ------
    DataContractError
        An argument that cannot be met (D30 to D35); centres so bad that too few live until referral (D36).
    """
    asked = Asked("monoclonal_gammopathy", n, seed, centres, centre_spread, missing, mechanism)
    # about a quarter has gone by the time of referral
    drawn = replace(asked, n=2 * n + 50) if delayed_entry else asked
    centre, effect = drawn.centre_of()
    frame = _patients(drawn)
    terms = terms_of(frame)
    one, two = (linear_predictor(EFFECTS, name, terms) + effect for name in ("progression", "death"))
    rng = drawn.generator("outcome")
    time, first = TIMES.draw(one, two, rng)
    closed = rng.uniform(*FOLLOW_UP, drawn.n)
    entry = rng.uniform(0, LATEST_REFERRAL, drawn.n) if delayed_entry else np.zeros(drawn.n)
    months, entry = np.ceil(np.minimum(time, closed) * 100) / 100, np.floor(entry * 100) / 100
    truth = {"progression_linear_predictor": one, "death_linear_predictor": two}
    truth |= {f"progression_risk_{t}": TIMES.risk(t, one, two) for t in HORIZONS}
    truth |= {"first_event_months": time, "centre_effect": effect}
    frame = frame.assign(
        entry_months=entry, follow_up_months=months, follow_up_event=np.where(time <= closed, np.where(first, 1, 2), 0)
    )
    if centres > 1:
        frame["centre"] = centre_column(centre, centres)
    kept = np.flatnonzero(months > entry)[:n]
    if len(kept) < n:
        rule = f"of {drawn.n} patients only {len(kept)} are followed still at referral"
        raise DataContractError(Finding("D36", rule, "ask for less spread between centres"))
    chance = missing_probability(missing, mechanism, frame["age"].to_numpy(float)[kept])
    columns = ("haemoglobin_g_dl", "creatinine_mg_dl", "m_protein_g_dl")
    frame = with_missing(frame.iloc[kept].set_index(asked.ids("MG")), columns, chance, asked.generator("missing"))
    truth = {name: values[kept] for name, values in truth.items()}
    terms = {name: values[kept] for name, values in terms.items()}
    if not delayed_entry:
        frame = frame.drop(columns="entry_months")
    return assembled(asked, Parts(frame, _endpoints(delayed_entry), truth, EFFECTS, terms))


def _patients(asked: Asked) -> pd.DataFrame:
    rng = asked.generator("covariates")
    age = rng.standard_normal(asked.n)
    marrow = loaded(age, -0.18, rng)
    return pd.DataFrame(
        {
            "age": measured(age, 24, 99, 0, 70.6, 12.1),
            "sex": pd.Categorical.from_codes(picked(rng, (0.456, 0.544), asked.n), ["female", "male"]),
            "haemoglobin_g_dl": measured(marrow, 5, 19, 1, 13.3, 2.0),
            "creatinine_mg_dl": measured_log(loaded(marrow, -0.24, rng), 0.4, 15, 1, 1.1, 0.35),
            "m_protein_g_dl": measured(rng.standard_normal(asked.n), 0, 3, 1, 1.16, 0.57),
        },
        index=asked.ids("MG"),
    )


def terms_of(frame: pd.DataFrame) -> Terms:
    """Return everything an effect names, from complete values."""
    names = ("age", "haemoglobin_g_dl", "creatinine_mg_dl", "m_protein_g_dl")
    return {**{name: frame[name].to_numpy(float) for name in names}, "male": (frame["sex"] == "male").to_numpy()}


def _endpoints(delayed_entry: bool) -> dict[str, Competing]:
    return {
        "progression": Competing(
            "progression",
            time="follow_up_months",
            event="follow_up_event",
            entry="entry_months" if delayed_entry else None,
            unit="months",
            origin="diagnosis of MGUS",
            horizons=tuple(float(t) for t in HORIZONS),
            definition="Time from diagnosis to a plasma-cell malignancy; death before it competes.",
        )
    }
