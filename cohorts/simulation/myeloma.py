"""Newly diagnosed multiple myeloma: laboratory, karyotype and FISH as the chart writes them, progression and death."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cohorts.endpoint import Competing, TimeToEvent
from cohorts.errors import DataContractError, Finding
from cohorts.simulation import myeloma_effects as declared
from cohorts.simulation.effects import Bools, Floats, Terms, linear_predictor
from cohorts.simulation.fish_cells import PANEL, fish_table
from cohorts.simulation.latent import classes, loaded, measured, measured_log, picked, present
from cohorts.simulation.metaphases import clone_share, karyotypes, trisomies
from cohorts.simulation.missingness import Mechanism, lost, missing_probability, with_missing
from cohorts.simulation.simulated import Asked, Parts, Simulated, assembled, centre_column
from cohorts.simulation.times import death_after_progression

LABORATORY = ("b2m_mg_l", "albumin_g_dl", "ldh_u_l", "creatinine_mg_dl", "haemoglobin_g_dl", "plasma_cells_percent")
LDH_LIMIT = 250.0


@dataclass(frozen=True, eq=False)
class Patients:
    """Truth at diagnosis: laboratory values, cytogenetic findings, and who has a clone that divides."""

    values: Mapping[str, np.ndarray]
    findings: Mapping[str, Bools]
    dividing: Bools

    @property
    def terms(self) -> Terms:
        """Everything an effect may name. Seed abnormalities count where metaphases show them."""
        b2m, albumin = self.values["b2m_mg_l"], self.values["albumin_g_dl"]
        third = b2m >= 5.5
        first = (b2m < 3.5) & (albumin >= 3.5)
        stages = {"iss=II": ~first & ~third, "iss=III": third, "ldh_high": self.values["ldh_u_l"] > LDH_LIMIT}
        return {"age": self.values["age"], **stages, **self.findings}


def simulate_myeloma(
    n: int,
    seed: int,
    *,
    centres: int = 1,
    centre_spread: float = 0.2,
    missing: float = 0.0,
    mechanism: Mechanism = "mcar",
    fish_columns: bool = True,
    follow_up: tuple[float, float] = declared.FOLLOW_UP,
) -> Simulated:
    """Make up a cohort of newly diagnosed multiple myeloma with its truth.

    Parameters
    ----------
    n : patients. seed : the same seed gives the same cohort; a smaller n is another cohort, not its beginning.
    centres : number of hospitals; each has its own level of the log hazard, normal with `centre_spread`.
    missing : share of missing laboratory values, FISH probes and karyotypes.
    mechanism : ``mcar`` by chance alone, ``mar`` more often in older patients (age is always recorded).
    fish_columns : the cohort has one column a finding, as the FISH table shows it; False leaves that to the reader of
        karyotypes and FISH (`Cohort.with_cytogenetics`).
    follow_up : shortest and longest time until the data are closed, in months; uniform between them.

    Returns
    -------
    Simulated
        Endpoints ``pfs``, ``os`` and ``progression`` (death before it competes), in months. The column ``karyotype``
        holds ISCN; tables: ``fish`` (patient, probe, pattern, positive, counted, enriched) and ``complete``.

    Raises
    ------
    DataContractError
        An argument that cannot be met (D30 to D35, D37).

    Notes
    -----
    Progression or death, and death, both follow Cox models with a Weibull baseline: death after progression has the
    hazard that makes this so (`death_after_progression`). Where the effects on death would exceed those on
    progression, which no data could show, the hazard of death is held at 95 % of it (``held`` in the truth).
    """
    asked = Asked("myeloma", n, seed, centres, centre_spread, missing, mechanism)
    if not (0 <= follow_up[0] < follow_up[1] < np.inf):
        rule = f"follow_up={follow_up!r} cannot be simulated"
        raise DataContractError(Finding("D37", rule, "give the shortest and the longest follow-up in months"))
    centre, centre_effect = asked.centre_of()
    patients = draw_patients(asked)
    truth, outcome = _outcome(asked, patients.terms, centre_effect, follow_up)
    ids = asked.ids("MM")
    values = {**patients.values, **outcome}
    if centres > 1:
        values["centre"] = centre_column(centre, centres)
    rng = asked.generator("missing")
    chance = missing_probability(missing, mechanism, patients.values["age"])
    done = {probe.feature: ~lost(chance, rng) for probe in PANEL}
    frame = with_missing(pd.DataFrame(values, index=ids), LABORATORY, chance, rng)
    if fish_columns:
        frame = frame.assign(**_fish_columns(patients.findings, done))
    karyotype, fish = _cytogenetics(asked, patients, done, ids)
    frame = frame.assign(karyotype=karyotype.mask(lost(chance, rng), None))
    truth = {**truth, "centre_effect": centre_effect}
    return assembled(asked, Parts(frame, _endpoints(), truth, declared.EFFECTS, patients.terms, {"fish": fish}))


def draw_patients(asked: Asked) -> Patients:
    """Draw the patients at diagnosis, before anything is lost."""
    rng = asked.generator("covariates")
    burden = rng.standard_normal(asked.n)
    protein = loaded(burden, 0.7, rng)
    values = {
        "age": measured(rng.standard_normal(asked.n), 30, 90, 0, 66, 10),
        "sex": pd.Categorical.from_codes(picked(rng, (0.45, 0.55), asked.n), ["female", "male"]),
        "isotype": pd.Categorical.from_codes(
            picked(rng, (0.55, 0.23, 0.18, 0.04), asked.n), ["IgG", "IgA", "light chain", "other"]
        ),
        "light_chain": pd.Categorical.from_codes(picked(rng, (0.65, 0.35), asked.n), ["kappa", "lambda"]),
        "ecog": pd.Categorical.from_codes(
            classes(loaded(burden, 0.3, rng), {"0": 0.35, "1": 0.40, "2": 0.17, "3": 0.08}), list("0123"), ordered=True
        ),
        "b2m_mg_l": measured_log(protein, 0.8, 60, 1, 3.17, 0.779),
        "albumin_g_dl": measured(loaded(burden, -0.6, rng), 1.5, 5.5, 1, 3.62, 0.6),
        "ldh_u_l": measured_log(loaded(burden, 0.35, rng), 60, 3000, 0, 180, 0.304),
        "creatinine_mg_dl": measured_log(loaded(protein, 0.55, rng), 0.4, 15, 2, 1.0, 0.45),
        "haemoglobin_g_dl": measured(loaded(burden, -0.5, rng), 4, 18, 1, 10.8, 1.9),
        "plasma_cells_percent": measured(loaded(burden, 0.4, rng), 10, 100, 0, 42, 22),
    }
    dividing = rng.random(asked.n) < declared.DIVIDING
    return Patients(values, _findings(burden, dividing, rng), dividing)


def _findings(burden: Floats, dividing: Bools, rng: np.random.Generator) -> dict[str, Bools]:
    igh = classes(loaded(burden, 0.25, rng), declared.IGH)
    found = {name: igh == place for place, name in enumerate(declared.IGH) if name not in ("none", "other_igh")}
    copies = loaded(burden, 0.35, rng)
    found |= {name: present(copies, declared.SHARES[name]) for name in ("gain_1q21", "amp_1q21")}
    for name, loading in (("del17p", 0.3), ("del1p32", 0.25), ("del13q", 0.2)):
        found[name] = present(loaded(burden, loading, rng), declared.SHARES[name])
    chance = np.where(igh == list(declared.IGH).index("none"), *declared.HYPERDIPLOID.values())
    found["hyperdiploid"] = rng.random(len(burden)) < chance
    odd = trisomies(found["hyperdiploid"], declared.ODD, rng)
    seen = {name: dividing & (rng.random(len(burden)) < share) for name, share in declared.METAPHASE.items()}
    seen["loss_21"] &= ~odd["gain_21"]
    seen["gain_1"] = (
        dividing & found["gain_1q21"] & ~found["del1p32"] & (rng.random(len(burden)) < declared.GAIN_1_OF_GAINED)
    )
    seen["loss_13"] = dividing & found["del13q"] & (rng.random(len(burden)) < declared.LOSS_13_OF_DELETED)
    return {**found, **{name: each & dividing for name, each in odd.items()}, **seen}


def _outcome(
    asked: Asked, terms: Terms, centre: Floats, follow_up: tuple[float, float]
) -> tuple[dict[str, Floats], dict[str, np.ndarray]]:
    """Return the truth, and what is observed until the data are closed."""
    first = linear_predictor(declared.EFFECTS, "pfs", terms) + centre
    asked_for = linear_predictor(declared.EFFECTS, "os", terms) + centre
    level = (declared.PFS_TIME.median / declared.OS_TIME.median) ** declared.PFS_TIME.shape
    highest = first + np.log(declared.HIGHEST_RATIO / level)
    death = np.minimum(asked_for, highest)
    ratio = level * np.exp(death - first)
    rng = asked.generator("outcome")
    start = rng.standard_exponential(asked.n)
    dies_first = rng.random(asked.n) < declared.DEATH_FIRST * ratio
    end = np.where(dies_first, start, death_after_progression(start, ratio, declared.DEATH_FIRST * ratio, rng))
    pfs, os = (declared.PFS_TIME.time_at(each, first) for each in (start, end))
    truth = {"pfs_linear_predictor": first, "os_linear_predictor": death}
    truth |= {f"pfs_risk_{t}": declared.PFS_TIME.risk(t, first) for t in declared.HORIZONS}
    truth |= {f"os_risk_{t}": declared.OS_TIME.risk(t, death) for t in declared.HORIZONS}
    truth |= {"pfs_months": pfs, "os_months": os, "held": asked_for > highest}
    closed = rng.uniform(*follow_up, asked.n)
    observed = {"pfs_months": np.minimum(pfs, closed), "os_months": np.minimum(os, closed)}
    # Upwards to a hundredth of a month: no event at time 0, and death never before progression.
    months = {name: np.ceil(each * 100) / 100 for name, each in observed.items()}
    events = {"pfs_event": pfs <= closed, "os_event": os <= closed}
    kind = np.where(pfs <= closed, np.where(dies_first, 2, 1), 0)
    return truth, {**months, **{name: each.astype(int) for name, each in events.items()}, "first_event": kind}


def _fish_columns(findings: Mapping[str, Bools], done: Mapping[str, Bools]) -> dict[str, Floats]:
    """Return each finding as 1, 0, or missing where its probe set was not hybridised."""
    known = {**done, "amp_1q21": done["gain_1q21"]}
    return {name: np.where(known[name], findings[name], np.nan) for name in known}


def _cytogenetics(
    asked: Asked, patients: Patients, done: Mapping[str, Bools], ids: pd.Index
) -> tuple[pd.Series, pd.DataFrame]:
    rng = asked.generator("cytogenetics")
    male = np.asarray(patients.values["sex"] == "male")
    texts = pd.Series(karyotypes(patients.findings, male, patients.dividing, rng), index=ids, dtype=object)
    return texts, fish_table(ids, patients.findings, done, clone_share(asked.n, rng), rng)


def _endpoints() -> dict[str, TimeToEvent]:
    """Return progression-free survival, overall survival, and progression with death competing."""
    horizons = tuple(float(t) for t in declared.HORIZONS)
    return {
        "pfs": TimeToEvent(
            "pfs",
            time="pfs_months",
            event="pfs_event",
            horizons=horizons,
            definition="Time from diagnosis to progression or death, whichever comes first.",
            unit="months",
            origin="diagnosis",
        ),
        "os": TimeToEvent(
            "os",
            time="os_months",
            event="os_event",
            horizons=horizons,
            definition="Time from diagnosis to death of any cause.",
            unit="months",
            origin="diagnosis",
        ),
        "progression": Competing(
            "progression",
            time="pfs_months",
            event="first_event",
            horizons=horizons,
            definition="Time from diagnosis to progression; death before it competes.",
            unit="months",
            origin="diagnosis",
        ),
    }
