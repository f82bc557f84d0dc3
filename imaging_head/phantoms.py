"""Made-up radiographs of knees whose truth is known: normal, with a benign, with a malignant lesion of bone.

They look like films so that a network must learn shapes and not a mean; they are no substitute for films of patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Codebook, Cohort, TimeToEvent
from cohorts.errors import Finding, ImageError, raise_findings
from imaging_head.phantom_bones import Person, growth, knee
from imaging_head.phantom_lesions import Lesion, Signs, lesion_box, with_lesion
from imaging_head.phantom_scanners import Scanner, scanners
from imaging_head.radiographs import Radiographs

Floats = NDArray[np.float32]
NORMAL, BENIGN, MALIGNANT = "normal", "benign", "malignant"
# The cohort of the radiograph paper: one film each of 260 normal knees, 80 benign and 180 malignant tumours.
PUBLISHED: Mapping[str, int] = {NORMAL: 260, BENIGN: 80, MALIGNANT: 180}
AGES = {NORMAL: (36.1, 15.6), BENIGN: (29.4, 16.3), MALIGNANT: (24.5, 17.8)}
AGGRESSION = {NORMAL: (0.0, 0.0), BENIGN: (0.0, 0.35), MALIGNANT: (0.5, 1.0)}
# Aggression from which a lesion is of Lodwick's type IB, IC, II, III; benign ones are IA and IB.
LODWICK = (0.175, 0.425, 2 / 3, 5 / 6)
SITES = ("distal femur", "proximal tibia", "proximal fibula")
SHARES = {NORMAL: (0.5, 0.4, 0.1), BENIGN: (0.36, 0.54, 0.10), MALIGNANT: (0.506, 0.422, 0.072)}
# Log hazard ratios of metastasis: ten years of age, one grade, one standard deviation of aggression where it counts.
PER_TEN_YEARS, PER_GRADE, PER_AGGRESSION = 0.15, 0.35, 1.0
MONTHLY_HAZARD, HORIZONS = 0.012, (24.0, 60.0)
CODEBOOK = Path(__file__).with_name("phantoms.codebook.toml")
BOX = ("top", "bottom", "left", "right")
MEAN_AGGRESSION, SPREAD_AGGRESSION = 0.75, 0.5 / np.sqrt(12)


@dataclass(frozen=True, eq=False, repr=False)
class Phantoms:
    """Films and what is known of them.

    Parameters
    ----------
    pixels : (films, size, size), float32 from 0 to 1.
    table : one row a patient, index pid: what a hospital would have (group, age, sex, side, site, size_cm, grade,
        scanner, and for tumours months and metastasis).
    truth : the same patients: aggression (0 to 1, what the picture shows by its signs), hazard by month, risk at each
        horizon, and the box around the lesion and its mass in shares of the film's edge (top, bottom, left, right), not
        a number without one.
    """

    pixels: Floats
    table: pd.DataFrame
    truth: pd.DataFrame

    def __repr__(self) -> str:
        counts = self.table["group"].value_counts()
        return f"Phantoms({', '.join(f'{n} {group}' for group, n in counts.items())})"

    @property
    def films(self) -> Radiographs:
        """The films, one a patient."""
        return Radiographs.from_arrays(self.pixels, tuple(self.table.index))

    def only(self, *groups: str) -> Phantoms:
        """Return the patients of some groups."""
        kept = self.table["group"].isin(groups).to_numpy()
        return Phantoms(self.pixels[kept], self.table[kept], self.truth[kept])

    @property
    def lodwick(self) -> pd.Series:
        """Lodwick's type by aggression: 0 no lesion, 1 IA and 2 IB (benign), 3 IC, 4 II and 5 III (malignant)."""
        lesion = (self.table["group"] != NORMAL).astype(int)
        return (lesion * (1 + np.digitize(self.truth["aggression"], LODWICK))).rename("lodwick")

    def cohort(self) -> Cohort:
        """Return the table as a cohort of these patients."""
        book = Codebook.from_toml(CODEBOOK)
        # levels that nobody has here would be doubted
        here = {name: tuple(level for level in levels if (self.table[name] == level).any()) for name, levels in (
            ("group", (NORMAL, BENIGN, MALIGNANT)), ("scanner", tuple(self.table["scanner"].cat.categories))
        )}  # fmt: skip
        declared = {**book, **{name: book[name].model_copy(update={"levels": here[name]}) for name in here}}
        return Cohort.from_frame(self.table.reset_index(), id="pid", codebook=Codebook(declared, book.file))

    @property
    def endpoint(self) -> TimeToEvent:
        """Metastasis after diagnosis, in months; meant for malignant tumours."""
        return TimeToEvent("metastasis", time="months", event="metastasis", unit="months", origin="diagnosis",
                           horizons=HORIZONS)  # fmt: skip


def simulate_knees(
    groups: Mapping[str, int] = PUBLISHED,
    seed: int = 0,
    size: int = 224,
    *,
    machines: int = 1,
    confounding: float = 0.0,
    informative: bool = True,
) -> Phantoms:
    """Make up films of knees from the front, one a patient, with their outcome.

    Parameters
    ----------
    groups : number of patients who are normal, benign, malignant. seed : decides everything; a patient does not depend
        on how many there are of the same or of other groups, nor a film's anatomy on its size in pixels.
    size : pixels of an edge; 190 mm. machines : scanners, by chance.
    confounding : share of malignant films that come from the last scanner whatever chance says (0 to 1), as where a
        tumour centre has a machine of its own: what a network learns from then is the machine.
    informative : whether what the film shows bears on metastasis beyond age and grade; if not, the films are the same
        and useless for the outcome.

    Raises
    ------
    ImageError
        I40 an argument that cannot be met.

    Notes
    -----
    Sites and ages as in the radiograph paper (2021, Prog Mod Biomed 21(15):2843); growth plates close at about 16.
    Log hazard ratios: age .15 by ten years, grade .35, aggression 1 by standard deviation (0 where uninformative); the
    grade is itself a coarse and noisy reading of aggression. The film shows five signs of aggression, each with an
    error of its own (standard deviation .12): of malignant tumours the best reading of all five has R2 = .88.
    """
    _check(groups, size, machines, confounding)
    kinds = scanners(machines, seed)
    rows, films = [], []
    for group in (NORMAL, BENIGN, MALIGNANT):
        for number in range(groups.get(group, 0)):
            patient = _Patient(group, number, seed)
            rows.append(patient.row(machines, confounding, informative))
            film, place = patient.film(size, kinds[rows[-1]["scanner"] - 1], rows[-1])
            films.append(film)
            rows[-1].update(zip(BOX, place, strict=True))
    every = pd.DataFrame(rows)
    # not sorted by group, as no hospital's table is
    order = np.random.default_rng(np.random.SeedSequence([seed, 3])).permutation(len(every))
    every = every.iloc[order].set_index(pd.Index([f"K{place + 1:04d}" for place in range(len(every))], name="pid"))
    every["scanner"] = pd.Categorical(every["scanner"].astype(str), [str(place + 1) for place in range(machines)])
    hidden = ["aggression", "hazard", *(f"risk_{horizon:g}" for horizon in HORIZONS), *BOX]
    return Phantoms(np.stack(films)[order], every.drop(columns=hidden), every[hidden])


def _check(groups: Mapping[str, int], size: int, machines: int, confounding: float) -> None:
    faults = [
        (not set(groups) <= set(AGES), f"groups {', '.join(groups)}", f"known are {', '.join(AGES)}"),
        (sum(groups.values()) < 1 or min(groups.values(), default=0) < 0, "no patients", "at least one in a group"),
        (not 16 <= size <= 2048, f"films of {size} pixels", "16 to 2048"),
        (machines < 1, f"{machines} machines", "at least one"),
        (not 0 <= confounding <= 1 or (confounding > 0 and machines < 2), f"confounding {confounding}",
         "a share, with at least two machines"),
    ]  # fmt: skip
    raise_findings((Finding("I40", rule, way_out) for wrong, rule, way_out in faults if wrong), ImageError)


class _Patient:
    """One patient of a group: the same for every number of others."""

    def __init__(self, group: str, number: int, seed: int) -> None:
        self.group = group
        place = list(AGES).index(group)
        streams = np.random.SeedSequence([seed, 2, place, number]).spawn(3)
        self.person, self.course, self.picture = (np.random.default_rng(stream) for stream in streams)

    def row(self, machines: int, confounding: float, informative: bool) -> dict[str, Any]:
        """Return the patient's line of the table, with the truth."""
        rng = self.person
        mean, spread = AGES[self.group]
        age = float(np.clip(rng.gamma((mean / spread) ** 2, spread**2 / mean), 4, 90).round())
        lesion = self.group != NORMAL
        # a child's bone is smaller, and so is what it can hold
        radius = growth(age) * float(np.clip(rng.lognormal(np.log(21 if self.group == MALIGNANT else 15), 0.3), 7, 38))
        wild = float(rng.uniform(*AGGRESSION[self.group]))
        standard = (wild - MEAN_AGGRESSION) / SPREAD_AGGRESSION
        grade = 1 + int(np.searchsorted((-0.7, 0.5), 0.5 * standard + 0.87 * rng.standard_normal()))
        site = SITES[int(rng.choice(3, p=SHARES[self.group]))]
        row = {
            "group": self.group, "age": age, "sex": str(rng.choice(["female", "male"])),
            "side": str(rng.choice(["R", "L"])),
            "site": site, "size_cm": round(radius / 5, 1) if lesion else None,
            "grade": str(grade) if self.group == MALIGNANT else None, "scanner": 1 + int(rng.integers(machines)),
        }  # fmt: skip
        if rng.random() < confounding and self.group == MALIGNANT:
            row["scanner"] = machines
        hazard = self._hazard(age, grade, standard if informative else 0.0)
        return {**row, **self._follow_up(hazard), "aggression": wild, "hazard": hazard, **_risks(hazard)}

    def film(self, size: int, scanner: Scanner, row: Mapping[str, Any]) -> tuple[Floats, tuple[float, ...]]:
        """Return the patient's film, (size, size), and the box around the lesion."""
        rng = self.picture
        person = Person(
            row["age"],
            rng.normal(1.03 if row["sex"] == "male" else 0.96, 0.03),
            rng.normal(0, 2.5),
            rng.normal(1, 0.08),
        )
        place = _place(row["site"], rng)
        anatomy, disease, grain, signs = rng.spawn(4)
        bones = knee(size, person, anatomy)
        if self.group == NORMAL:
            return scanner.film(bones.sponge + bones.cortex + bones.soft, row["side"], grain), (np.nan,) * 4
        lesion = Lesion(*place, row["size_cm"] * 5 / person.scale, Signs.drawn(row["aggression"], signs))
        film = scanner.film(with_lesion(bones, lesion, disease), row["side"], grain)
        return film, lesion_box(bones, lesion, mirrored=row["side"] == "L")

    def _hazard(self, age: float, grade: int, standard: float) -> float:
        if self.group != MALIGNANT:
            return 0.0
        log = PER_TEN_YEARS * (age - 25) / 10 + PER_GRADE * (grade - 2) + PER_AGGRESSION * standard
        return float(MONTHLY_HAZARD * np.exp(log))

    def _follow_up(self, hazard: float) -> dict[str, float | int]:
        end = self.course.uniform(24, 96)
        time = self.course.exponential(1 / hazard) if hazard > 0 else np.inf
        return {"months": round(float(min(time, end)) + 0.05, 1), "metastasis": int(time <= end)}


def _risks(hazard: float) -> dict[str, float]:
    return {f"risk_{horizon:g}": float(-np.expm1(-hazard * horizon)) for horizon in HORIZONS}


def _place(site: str, rng: np.random.Generator) -> tuple[float, float]:
    """Return the middle of a lesion in its bone, mm."""
    if site == "distal femur":
        return rng.uniform(-16, 16), rng.uniform(-52, -30)
    if site == "proximal tibia":
        return rng.uniform(-14, 18), rng.uniform(18, 38)
    return -32.0 + rng.uniform(-2, 2), rng.uniform(22, 34)
