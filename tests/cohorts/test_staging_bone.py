"""Stages of bone tumours: AJCC by edition and site, Enneking; by hand and for every combination."""

from __future__ import annotations

from itertools import product

import pytest

from cohorts.diseases.bone_staging import ENNEKING_BENIGN, ajcc, ajcc_t, enneking_malignant
from cohorts.errors import DataContractError
from tests.cohorts.made_stages import agrees, cohort_of

SIZE, YES = [8.0, 8.1], [0, 1]
N, M = ["N0", "N1"], ["M0", "M1a", "M1b"]
GRADES = {7: ["G1", "G2", "G3", "G4"], 8: ["G1", "G2", "G3"]}
# T, N, M, grade: stage, from the manuals' tables
TABLE = {
    7: {
        ("T1", "N0", "M0", "G1"): "IA", ("T1", "N0", "M0", "G2"): "IA", ("T1", "N0", "M0", "G3"): "IIA",
        ("T1", "N0", "M0", "G4"): "IIA", ("T2", "N0", "M0", "G1"): "IB", ("T2", "N0", "M0", "G2"): "IB",
        ("T2", "N0", "M0", "G3"): "IIB", ("T2", "N0", "M0", "G4"): "IIB", ("T3", "N0", "M0", "G1"): "IB",
        ("T3", "N0", "M0", "G2"): "IB", ("T3", "N0", "M0", "G3"): "III", ("T3", "N0", "M0", "G4"): "III",
    },
    8: {
        ("T1", "N0", "M0", "G1"): "IA", ("T1", "N0", "M0", "G2"): "IIA", ("T1", "N0", "M0", "G3"): "IIA",
        ("T2", "N0", "M0", "G1"): "IB", ("T2", "N0", "M0", "G2"): "IIB", ("T2", "N0", "M0", "G3"): "IIB",
        ("T3", "N0", "M0", "G1"): "IB", ("T3", "N0", "M0", "G2"): "III", ("T3", "N0", "M0", "G3"): "III",
    },
}  # fmt: skip
for edition, rows in TABLE.items():
    for t, g in product(("T1", "T2", "T3"), GRADES[edition]):
        rows |= {(t, "N0", "M1a", g): "IVA", (t, "N0", "M1b", g): "IVB"}
        rows |= {(t, "N1", m, g): "IVB" for m in M}


def looked_up(edition):
    def oracle(site, size, discontinuous, n, m, grade):
        t = "T3" if discontinuous else "T1" if size <= 8 else "T2"
        return None if edition == 8 and site != "trunk" else TABLE[edition][t, n, m, grade]

    return oracle


def stages(system, columns, **options):
    values = system.stage(cohort_of(columns), **options).table["stage"]
    return [None if value != value else value for value in values.astype(object)]


def test_every_combination_of_the_eighth_edition():
    values = {"site": ["trunk", "spine", "pelvis"], "size_cm": SIZE, "discontinuous_tumour": YES,
              "nodes": N, "m_category": M, "grade": GRADES[8]}  # fmt: skip
    assert agrees(ajcc(8), values, looked_up(8)) == 4 * 3 * 3 * 3 * 4 * 4


def test_every_combination_of_the_seventh_edition():
    values = {"size_cm": SIZE, "discontinuous_tumour": YES, "nodes": N, "m_category": M, "grade": GRADES[7]}
    assert agrees(ajcc(7), values, lambda *row: looked_up(7)("any", *row)) == 3 * 3 * 3 * 4 * 5


def recorded(edition, t, n, m, grade, site="appendicular"):
    columns = {"t_category": [t], "nodes": [n], "m_category": [m], "grade": [grade], "site": [site]}
    scale = {"kind": "ordinal", "levels": [*GRADES[edition], *({grade} - set(GRADES[edition]))]}
    if grade.startswith("Grade"):
        scale["levels"] = ["Grade I", "Grade II", "Grade III"]
    table = ajcc(edition).stage(cohort_of(columns, grade=scale), {"t": "t_category"}).table
    return table["possible"].iloc[0]


@pytest.mark.parametrize(
    ("row", "possible"),
    [
        (("T1", "NX", "M0", "G1"), "IA"),
        (("T1", "N0", "M0", "GX"), "IA"),
        (("TX", "N0", "M1a", "G2"), "IVA"),
        (("TX", "N0", "M0", "G2"), "IIA or IIB or III"),
        (("T2", "N0", "MX", "G2"), "IIB or IVA or IVB"),
        (("T2", "N0", "M1", "G2"), "IVA or IVB"),
        (("T2", "N1", "M1", "G2"), "IVB"),
        (("2", "N1", "1a", "high"), "IVB"),
        (("T3", "0", "0", "low"), "IB"),
        (("T3", "N0", "M0", "Grade III"), "III"),
    ],
)
def test_what_cannot_be_assessed(row, possible):
    assert recorded(8, *row) == possible


def test_one_grade_means_different_things_in_the_editions():
    assert recorded(7, "T1", "N0", "M0", "G2") == "IA"
    assert recorded(8, "T1", "N0", "M0", "G2") == "IIA"
    with pytest.raises(DataContractError, match="scale G1, G2, G3; the codebook declares G1, G2, G3, G4") as caught:
        recorded(8, "T1", "N0", "M0", "G4")
    assert caught.value.code == "D14"


def test_grades_of_three_tiers_are_not_those_of_the_seventh_edition():
    columns = {
        "t_category": ["T1"] * 3,
        "nodes": ["N0"] * 3,
        "m_category": ["M0"] * 3,
        "grade": ["G1", "G2", "G3"],
    }
    with pytest.raises(DataContractError, match="scale G1, G2, G3, G4; the codebook declares G1, G2, G3"):
        ajcc(7).stage(cohort_of(columns), {"t": "t_category"})
    translated = {"grade": {"G1": "low", "G2": "high", "G3": "high"}}
    staged = ajcc(7).stage(cohort_of(columns), {"t": "t_category"}, read_as=translated)
    assert staged.values.tolist() == ["IA", "IIA", "IIA"]
    numbers = {"kind": "numeric"}
    with pytest.raises(DataContractError, match="declares no levels"):
        ajcc(7).stage(cohort_of(columns | {"grade": [1, 2, 3]}, grade=numbers), {"t": "t_category"})


def test_spine_and_pelvis_have_no_group_in_the_eighth_edition_only():
    assert recorded(8, "T4a", "N0", "M1a", "G3", site="spine") == "no stage exists"
    assert recorded(7, "T2", "N0", "M0", "G3", site="pelvis") == "IIB"
    columns = {"site": ["spine", "limb"], "size_cm": [5.0, 5.0], "discontinuous_tumour": [0, 0],
               "nodes": ["N0"] * 2, "m_category": ["M0"] * 2, "grade": ["low"] * 2}  # fmt: skip
    staged = ajcc(8).stage(cohort_of(columns))
    assert stages(ajcc(8), columns) == [None, "IA"]
    assert [(each.code, each.rows) for each in staged.findings] == [("D11", ("P0",))]


def test_a_category_that_the_site_does_not_have_is_a_contradiction():
    with pytest.raises(DataContractError, match="what is recorded of site, t cannot be true together") as caught:
        recorded(8, "T4", "N0", "M0", "G1")
    assert caught.value.findings[0].code == "D09"
    assert caught.value.findings[0].rows == ("P0",)


@pytest.mark.parametrize("edition", [6, 9, "8", True, None])
def test_other_editions_are_refused(edition):
    for system in (ajcc, ajcc_t):
        with pytest.raises(DataContractError) as caught:
            system(edition)
        assert caught.value.code == "D15"


def t_of(site, size=None, **special):
    columns = {
        "site": [site],
        "size_cm": [size],
        "discontinuous_tumour": [special.pop("discontinuous", 0)],
    }
    columns |= {name: [value] for name, value in special.items()}
    return ajcc_t(8).stage(cohort_of(columns)).table["possible"].iloc[0]


@pytest.mark.parametrize(
    ("site", "size", "special", "t"),
    [
        ("limb", 8.0, {}, "T1"),
        ("limb", 8.1, {}, "T2"),
        ("limb", 2.0, {"discontinuous": 1}, "T3"),
        ("limb", None, {"discontinuous": 1}, "T3"),
        ("limb", None, {}, "T1 or T2"),
        ("spine", 20.0, {"vertebral_segments": 2}, "T1 or T3 or T4a or T4b"),
        ("pelvis", 8.0, {"pelvic_segments": 1, "extraosseous": 0, "sacroiliac_joint": 0, "pelvic_vessels": 0}, "T1a"),
        ("pelvis", 8.1, {"pelvic_segments": 1, "extraosseous": 0, "sacroiliac_joint": 0, "pelvic_vessels": 0}, "T1b"),
        ("pelvis", 8.0, {"pelvic_segments": 1, "extraosseous": 1, "sacroiliac_joint": 0, "pelvic_vessels": 0}, "T2a"),
        ("pelvis", 8.1, {"pelvic_segments": 2, "extraosseous": 0, "sacroiliac_joint": 0, "pelvic_vessels": 0}, "T2b"),
        ("pelvis", 8.0, {"pelvic_segments": 2, "extraosseous": 1, "sacroiliac_joint": 0, "pelvic_vessels": 0}, "T3a"),
        ("pelvis", 9.0, {"pelvic_segments": 2, "extraosseous": 1, "sacroiliac_joint": 0, "pelvic_vessels": 0}, "T3b"),
        ("pelvis", 9.0, {"pelvic_segments": 3, "medial_to_foramen": 0, "pelvic_vessels": 0}, "T4"),
        ("pelvis", 9.0, {"sacroiliac_joint": 1, "medial_to_foramen": 0, "pelvic_vessels": 0}, "T4"),
        ("pelvis", 9.0, {"sacroiliac_joint": 1, "medial_to_foramen": 1, "pelvic_vessels": 0}, "T4a"),
        ("pelvis", None, {"pelvic_vessels": 1}, "T4b"),
    ],
)
def test_t_of_each_site(site, size, special, t):
    assert t_of(site, size, **special) == t


@pytest.mark.parametrize(
    ("segments", "apart", "canal", "vessels", "t"),
    [(1, 0, 0, 0, "T1"), (2, 0, 0, 0, "T1"), (3, 0, 0, 0, "T2"), (4, 0, 0, 0, "T3"), (9, 0, 0, 0, "T3"),
     (2, 1, 0, 0, "T3"), (1, 0, 1, 0, "T4a"), (4, 1, 1, 0, "T4a"), (1, 0, 1, 1, "T4b"), (1, 0, 0, 1, "T4b")],
)  # fmt: skip
def test_t_of_the_spine(segments, apart, canal, vessels, t):
    special = {"vertebral_segments": segments, "not_adjacent": apart, "spinal_canal": canal, "great_vessels": vessels}
    assert t_of("spine", **special) == t


def test_medial_to_the_foramen_without_the_joint_is_a_contradiction():
    with pytest.raises(DataContractError, match="of site, sacroiliac_joint, medial_to_foramen cannot be true together"):
        t_of("pelvis", 5.0, medial_to_foramen=1, sacroiliac_joint=0)


def test_sizes_in_millimetres():
    columns = {"size_cm": [80, 80.1, 35], "discontinuous_tumour": [0, 0, 0]}
    cohort = cohort_of(columns, {"size_cm": "mm"})
    assert ajcc_t(7).stage(cohort).table["stage"].tolist() == ["T1", "T2", "T1"]
    with pytest.raises(DataContractError) as caught:
        ajcc_t(7).stage(cohort_of(columns))
    assert (caught.value.code, caught.value.findings[0].rows) == ("D08", ("P0", "P1"))


def enneking(grade, compartment, metastasis):
    if metastasis:
        return "III"
    return {"low": "I", "high": "II"}[grade] + {"intra": "A", "extra": "B"}[compartment]


def test_every_combination_of_enneking():
    values = {"surgical_grade": ["low", "high"], "compartment": ["intra", "extra"], "metastasis_at_diagnosis": YES}
    assert agrees(enneking_malignant(), values, enneking) == 27
    columns = {"surgical_grade": ["G1", "G2", None], "compartment": ["T1", "extracompartmental", "intra"],
               "metastasis_at_diagnosis": [1, 1, 1]}  # fmt: skip
    assert stages(enneking_malignant(True), columns) == ["IIIA", "IIIB", "IIIA"]


def test_enneking_of_benign_tumours_and_an_unknown_word():
    assert stages(ENNEKING_BENIGN, {"behaviour": ["latent", "Active", "3", None]}) == ["1", "2", "3", None]
    with pytest.raises(DataContractError, match="not understood: 'G3'"):
        stages(
            enneking_malignant(), {"surgical_grade": ["G3"], "compartment": ["intra"], "metastasis_at_diagnosis": [0]}
        )
