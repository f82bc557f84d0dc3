"""Stages of primary bone tumours: TNM by the 7th and the 8th edition of the AJCC, and Enneking's surgical stages."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from cohorts.errors import DataContractError, Finding
from cohorts.staging import Category, Cut, Derived, Measured, Presence, StagingSystem
from cohorts.staging.system import Classes, Verdict

PRESENT = "present"
SIZE = Measured("size", "size_cm", (Cut(8, "above"),), ("up to 8 cm", "above 8 cm"), (0.1, 60), {"cm": 1.0, "mm": 10.0})
DISCONTINUOUS = Presence("discontinuous", "discontinuous_tumour")
# "axial" may be trunk, spine or pelvis
SITE = Category(
    "site", "site", ("appendicular", "spine", "pelvis"),
    dict.fromkeys(("limb", "extremity", "trunk", "thoraciccage", "skull", "face", "facialbones", "craniofacial"),
                  "appendicular") | {"vertebra": "spine", "pelvic": "pelvis", "axial": None},
)  # fmt: skip
NODES = Category("n", "nodes", ("N0", "N1"), {"0": "N0", "1": "N1", "nx": "N0"})
METASTASIS = Category(
    "m", "m_category", ("M0", "M1a", "M1b", "M1"), {"0": "M0", "1a": "M1a", "1b": "M1b", "1": "M1", "mx": None}
)
GROUPS = ("IA", "IB", "IIA", "IIB", "III", "IVA", "IVB")
T_CATEGORIES = ("T1", "T1a", "T1b", "T2", "T2a", "T2b", "T3", "T3a", "T3b", "T4", "T4a", "T4b")
LOW_GRADE = {7: ("G1", "G2", "GX", "low"), 8: ("G1", "GX", "low")}
TIERS = {7: ("G1", "G2", "G3", "G4"), 8: ("G1", "G2", "G3")}
WITHOUT_TIERS = ("GX", "low", "high")
GRADE_TEXTS = {
    **{f"{form}{number}": f"G{number}" for form in ("", "grade") for number in (1, 2, 3)},
    **{f"{form}{roman}": f"G{len(roman)}" for form in ("", "grade") for roman in ("i", "ii", "iii")},
    "lowgrade": "low",
    "highgrade": "high",
}
FOUR = {"4": "G4", "iv": "G4", "grade4": "G4", "gradeiv": "G4"}


def _t_by_size(of: Classes) -> Verdict:
    if of["discontinuous"] == PRESENT:
        return "T3"
    return "T1" if of["size"] == "up to 8 cm" else "T2"


_T_BY_SIZE = StagingSystem(
    "t_category",
    {"en": "T category", "zh": "T分类"},
    ("T1", "T2", "T3"),
    (SIZE, DISCONTINUOUS),
    _t_by_size,
    "AJCC: T1 up to 8 cm, T2 above 8 cm, T3 discontinuous tumours in the primary bone",
)
# a column of T may hold the categories of spine and pelvis, which no group is made of
_T = Derived(_T_BY_SIZE, Category("t", "t_category", ("T1", "T2", "T3", "T4"), {
    **{f"{form}{number}": f"T{number}" for form in ("", "t") for number in (1, 2, 3, 4)},
    **{f"t{number}{letter}": f"T{number}" for number in (1, 2, 3, 4) for letter in "ab"}, "tx": None,
}))  # fmt: skip


def _group(of: Classes, edition: int) -> Verdict:
    if edition == 8 and of["site"] != "appendicular":
        return None
    if of["t"] == "T4":
        return ()
    if of["n"] == "N1" or of["m"] == "M1b":
        return "IVB"
    if of["m"] != "M0":
        return "IVA" if of["m"] == "M1a" else ("IVA", "IVB")
    if of["grade"] in LOW_GRADE[edition]:
        return "IA" if of["t"] == "T1" else "IB"
    return {"T1": "IIA", "T2": "IIB", "T3": "III"}[str(of["t"])]


@lru_cache
def ajcc(edition: Literal[7, 8]) -> StagingSystem:
    """Return the stage groups of bone sarcomas, IA to IVB.

    Parameters
    ----------
    edition : of the AJCC manual. The 7th (diagnoses 2010 to 2017) has one T for all sites and four grades, of which
        G1 and G2 are low; the 8th (from 2018) has three, of which G1 is low, and no group for spine and pelvis, where
        `ajcc_t`, N and M are all there is. The codebook must declare the grades of the edition's scale (D14): G2 of
        three is another grade than G2 of four.

    Notes
    -----
    NX counts as N0, GX as low grade, as the manual says; TX and MX are not known. M1 without a letter is lung or other.

    Raises
    ------
    DataContractError
        D15 another edition.
    """
    _check_edition(edition)
    texts = GRADE_TEXTS | (FOUR if edition == 7 else {})
    grade = Category("grade", "grade", (*TIERS[edition], *WITHOUT_TIERS), texts, TIERS[edition], WITHOUT_TIERS)
    inputs = (_T, NODES, METASTASIS, grade)
    return StagingSystem(
        f"ajcc{edition}",
        {"en": f"AJCC stage ({edition}th edition)", "zh": f"AJCC分期（第{edition}版）"},
        GROUPS,
        inputs if edition == 7 else (SITE, *inputs),
        lambda of: _group(of, edition),
        f"AJCC cancer staging manual, {edition}th edition, bone",
    )


def _t(of: Classes) -> Verdict:
    if of["site"] == "appendicular":
        return _t_by_size(of)
    return _t_spine(of) if of["site"] == "spine" else _t_pelvis(of)


def _t_spine(of: Classes) -> Verdict:
    if of["great_vessels"] == PRESENT:
        return "T4b"
    if of["spinal_canal"] == PRESENT:
        return "T4a"
    if of["not_adjacent"] == PRESENT:
        return "T3"
    return {"1 or 2": "T1", "3": "T2", "4 or more": "T3"}[of["vertebral_segments"]]


def _t_pelvis(of: Classes) -> Verdict:
    if of["medial_to_foramen"] == PRESENT and of["sacroiliac_joint"] != PRESENT:
        return ()
    if of["pelvic_vessels"] == PRESENT:
        return "T4b"
    if of["medial_to_foramen"] == PRESENT:
        return "T4a"
    if of["sacroiliac_joint"] == PRESENT or of["pelvic_segments"] == "3 or more":
        return "T4"
    number = 1 + (of["pelvic_segments"] == "2") + (of["extraosseous"] == PRESENT)
    return f"T{number}{'a' if of['size'] == 'up to 8 cm' else 'b'}"


@lru_cache
def ajcc_t(edition: Literal[7, 8]) -> StagingSystem:
    """Return the T category; in the 8th edition of each site by its own rule.

    What concerns one site only (segments, canal, vessels, extension) may be absent from the cohort; a patient of that
    site is then indeterminate.

    Raises
    ------
    DataContractError
        D15 another edition.
    """
    _check_edition(edition)
    if edition == 7:
        return _T_BY_SIZE
    special = [
        Presence(name, name, needed=False)
        for name in ("not_adjacent", "spinal_canal", "great_vessels", "extraosseous", "sacroiliac_joint",
                     "medial_to_foramen", "pelvic_vessels")
    ]  # fmt: skip
    vertebrae = Measured(
        "vertebral_segments",
        "vertebral_segments",
        (Cut(3), Cut(4)),
        ("1 or 2", "3", "4 or more"),
        (1, 30),
        needed=False,
    )
    segments = Measured(
        "pelvic_segments", "pelvic_segments", (Cut(2), Cut(3)), ("1", "2", "3 or more"), (1, 4), needed=False
    )
    return StagingSystem(
        "t_category",
        {"en": "T category (8th edition)", "zh": "T分类（第8版）"},
        T_CATEGORIES,
        (SITE, SIZE, DISCONTINUOUS, vertebrae, segments, *special),
        _t,
        "AJCC cancer staging manual, 8th edition, bone: appendicular skeleton, trunk, skull and face by size; spine by "
        "segments, canal (T4a) and great vessels (T4b); pelvis by segments and extraosseous extension (a up to 8 cm, b "
        "above), T4 three segments or across the sacroiliac joint, T4a medial to the sacral foramen, T4b vessels",
    )


def _check_edition(edition: object) -> None:
    if edition not in (7, 8) or isinstance(edition, bool):
        raise DataContractError(Finding("D15", f"edition {edition!r} of the AJCC manual", "give 7 or 8"))


ENNEKING_GRADE = Category(
    "grade", "surgical_grade", ("low", "high"), {"g1": "low", "g2": "high", "lowgrade": "low", "highgrade": "high"}
)
COMPARTMENT = Category(
    "compartment", "compartment", ("intracompartmental", "extracompartmental"),
    {"intra": "intracompartmental", "t1": "intracompartmental", "extra": "extracompartmental",
     "t2": "extracompartmental"},
)  # fmt: skip
ANY_METASTASIS = Presence("metastasis", "metastasis_at_diagnosis", ("M0", "M1"))


def _enneking(of: Classes, by_compartment: bool) -> Verdict:
    letter = "A" if of["compartment"] == "intracompartmental" else "B"
    if of["metastasis"] == "M1":
        return f"III{letter}" if by_compartment else "III"
    return ("I" if of["grade"] == "low" else "II") + letter


@lru_cache
def enneking_malignant(stage_three_by_compartment: bool = False) -> StagingSystem:
    """Return Enneking's surgical stage of a malignant tumour; III, or IIIA and IIIB, is any regional or distant one."""
    last = ("IIIA", "IIIB") if stage_three_by_compartment else ("III",)
    return StagingSystem(
        "enneking",
        {"en": "Enneking stage", "zh": "Enneking分期"},
        ("IA", "IB", "IIA", "IIB", *last),
        (ENNEKING_GRADE, COMPARTMENT, ANY_METASTASIS),
        lambda of: _enneking(of, stage_three_by_compartment),
        "Enneking et al., Clin Orthop 1980: I low, II high grade; A intra-, B extracompartmental; III any metastasis, "
        "regional or distant",
    )


ENNEKING_BENIGN = StagingSystem(
    "enneking_benign",
    {"en": "Enneking stage (benign)", "zh": "Enneking分期（良性）"},
    ("1", "2", "3"),
    (Category("behaviour", "behaviour", ("latent", "active", "aggressive"),
              {"1": "latent", "2": "active", "3": "aggressive"}),),
    lambda of: {"latent": "1", "active": "2", "aggressive": "3"}[of["behaviour"]],
    "Enneking: 1 latent, 2 active, 3 aggressive",
)  # fmt: skip
