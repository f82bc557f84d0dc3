"""Stages of myeloma: hand-written tables, every combination against a slow reading, every cut-off from both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort
from cohorts.diseases import myeloma
from cohorts.errors import DataContractError
from cohorts.staging import Cut
from tests.cohorts.made_stages import agrees, cohort_of

B2M, ALBUMIN, LDH = [3.49, 3.5, 5.49, 5.5], [3.4, 3.5], [250.0, 250.1]
YES = [0, 1]
ROMAN = ["I", "II", "III"]
LIMIT = {"normal": {"ldh": 250}}


def stages(system, columns, named=None, **options):
    values = system.stage(cohort_of(columns), named, **options).table["stage"]
    return [None if value != value else value for value in values.astype(object)]


# Written from the definitions by other expressions than those of the package.


def iss(b2m, albumin):
    return ["I", "II", "III"][2 if b2m >= 5.5 else 0 if b2m < 3.5 <= albumin else 1]


def r_iss(b2m, albumin, del17p, t414, t1416, ldh):
    bad = del17p + t414 + t1416 + (ldh > 250) > 0
    return {("I", False): "I", ("III", True): "III"}.get((iss(b2m, albumin), bad), "II")


def r2_iss(b2m, albumin, del17p, ldh, t414, gain1q):
    double = {"I": 0, "II": 2, "III": 3}[iss(b2m, albumin)] + 2 * (del17p + (ldh > 250) + t414) + gain1q
    return "I" if double == 0 else "II" if double <= 2 else "III" if double <= 5 else "IV"


def rw_iss(age, ecog, t1416, b2m, albumin, ldh, del17p):
    double = 4 * (age > 70) + min(2 * ecog, 4) + 2 * t1416 + ROMAN.index(iss(b2m, albumin))
    double += (ldh > 250) + del17p
    return "I" if double <= 4 else "II" if double <= 6 else "III" if double <= 9 else "IV"


def ebmt(b2m, albumin, response, karnofsky):
    points = ROMAN.index(iss(b2m, albumin)) + (karnofsky <= 70)
    points += {"CR": 0, "VGPR": 0, "PR": 1, "MR": 2, "SD": 2, "PD": 4}[response]
    return "4+" if points > 3 else str(points)


def s_ermm(ldh, t414, del17p, albumin, bmpc, chain):
    return 5.0 * (ldh > 250) + 5 * t414 + 3 * del17p + 3 * (albumin < 3.5) + 3 * (bmpc > 60) + 2 * (chain == "lambda")


def ims(fraction, tp53, t414, t1416, t1420, gain1q, b2m, creatinine):
    if fraction > 20 or tp53 or (b2m >= 5.5 and creatinine < 1.2):
        return "high"
    return "high" if gain1q and (t414 or t1416 or t1420) else "standard"


def test_every_combination_of_iss():
    assert agrees(myeloma.ISS, {"b2m_mg_l": B2M, "albumin_g_dl": ALBUMIN}, iss) == 15


def test_every_combination_of_r_iss():
    values = {"b2m_mg_l": B2M, "albumin_g_dl": ALBUMIN, "del17p": YES, "t_4_14": YES, "t_14_16": YES, "ldh_u_l": LDH}
    assert agrees(myeloma.R_ISS, values, r_iss, **LIMIT) == 1215


def test_every_combination_of_r2_iss():
    values = {"b2m_mg_l": B2M, "albumin_g_dl": ALBUMIN, "del17p": YES, "ldh_u_l": LDH, "t_4_14": YES, "gain_1q21": YES}
    assert agrees(myeloma.R2_ISS, values, r2_iss, **LIMIT) == 1215


def test_every_combination_of_rw_iss():
    values = {"age": [70, 70.1], "ecog": [0, 1, 2], "t_14_16": YES, "b2m_mg_l": B2M, "albumin_g_dl": ALBUMIN,
              "ldh_u_l": LDH, "del17p": YES}  # fmt: skip
    assert agrees(myeloma.RW_ISS, values, rw_iss, **LIMIT) == 3 * 4 * 3 * 5 * 27


def test_every_combination_of_ebmt():
    responses = ["CR", "VGPR", "PR", "MR", "SD", "PD"]
    values = {
        "b2m_mg_l": B2M,
        "albumin_g_dl": ALBUMIN,
        "response_at_transplant": responses,
        "karnofsky_percent": [70, 71],
    }
    assert agrees(myeloma.EBMT_ER, values, ebmt) == 5 * 3 * 7 * 3


def test_every_combination_of_s_ermm():
    values = {"ldh_u_l": LDH, "t_4_14": YES, "del17p": YES, "albumin_g_dl": ALBUMIN, "plasma_cells_percent": [60, 60.1],
              "light_chain": ["kappa", "lambda"]}  # fmt: skip
    assert agrees(myeloma.S_ERMM, values, s_ermm, **LIMIT) == 3**6


def test_every_combination_of_ims_without_1p():
    values = {"del17p_fraction_percent": [20, 20.1], "tp53_mutation": YES, "t_4_14": YES, "t_14_16": YES,
              "t_14_20": YES,
              "gain_1q21": YES, "b2m_mg_l": [5.49, 5.5], "creatinine_mg_dl": [1.19, 1.2]}  # fmt: skip
    columns = {"del1p32": "none", "del1p32_biallelic": "none"}
    system = myeloma.IMS_2025

    class Without:
        numeric = system.numeric

        @staticmethod
        def stage(cohort):
            rows = cohort.frame.reset_index()
            made = cohort_of({name: [None if v != v else v for v in rows[name]] for name in values} |
                             {name: [0] * len(rows) for name in columns})  # fmt: skip
            return system.stage(made, {name: name for name in columns})

    assert agrees(Without, values, ims) == 3**8


@pytest.mark.parametrize(
    ("del1p32", "biallelic", "gain_1q", "t_14_20", "stage"),
    [
        (1, 0, 0, 0, "standard"),
        (1, 0, 1, 0, "high"),
        (1, 0, 0, 1, "high"),
        (1, 1, 0, 0, "high"),
        (0, 0, 0, 1, "standard"),
        (0, 0, 1, 0, "standard"),
        (0, None, 1, 0, "standard"),
        (1, None, 1, 0, "high"),
        (1, None, 0, 0, None),
        (None, 1, 0, 0, "high"),
        (None, 0, 1, 0, None),
        (None, 0, 0, 0, "standard"),
    ],
)
def test_ims_and_1p(del1p32, biallelic, gain_1q, t_14_20, stage):
    columns = {name: [0] for name in ("tp53_mutation", "t_4_14", "t_14_16")}
    columns |= {"del17p_fraction_percent": [5.0], "b2m_mg_l": [2.0], "creatinine_mg_dl": [1.0]}
    columns |= {"del1p32": [del1p32], "del1p32_biallelic": [biallelic], "gain_1q21": [gain_1q], "t_14_20": [t_14_20]}
    assert stages(myeloma.IMS_2025, columns) == [stage]


# By hand, from the definitions as printed.


@pytest.mark.parametrize(
    ("b2m", "albumin", "stage"),
    [
        (3.4, 3.5, "I"),
        (3.4, 3.4, "II"),
        (3.5, 3.5, "II"),
        (5.4, 2.0, "II"),
        (5.5, 4.0, "III"),
        (5.5, 2.0, "III"),
        (3.4, None, None),
        (3.5, None, "II"),
        (5.5, None, "III"),
        (None, 4.0, None),
        (None, 3.4, None),
        (None, None, None),
    ],
)
def test_iss_by_hand(b2m, albumin, stage):
    assert stages(myeloma.ISS, {"b2m_mg_l": [b2m], "albumin_g_dl": [albumin]}) == [stage]


@pytest.mark.parametrize(
    ("iss_stage", "cytogenetics", "ldh", "stage"),
    [
        ("I", 0, 0, "I"),
        ("I", 1, 0, "II"),
        ("I", 0, 1, "II"),
        ("II", 1, 1, "II"),
        ("II", None, None, "II"),
        ("III", 0, 0, "II"),
        ("III", 1, 0, "III"),
        ("III", 0, 1, "III"),
        ("III", None, 1, "III"),
        ("III", None, 0, None),
        ("I", None, 0, None),
        ("I", 1, None, "II"),
        (None, 0, 0, None),
        (None, 1, 1, None),
    ],
)
def test_r_iss_by_hand_of_recorded_parts(iss_stage, cytogenetics, ldh, stage):
    columns = {"iss": [iss_stage, "II"], "cyto": [cytogenetics, 0], "high_ldh": [ldh, 0]}
    named = {"iss": "iss", "high_risk_cytogenetics": "cyto", "ldh": "high_ldh"}
    assert stages(myeloma.R_ISS, columns, named)[0] == stage


@pytest.mark.parametrize(
    ("row", "stage"),
    [  # ISS, del(17p), LDH above normal, t(4;14), 1q+
        (("I", 0, 0, 0, 0), "I"),
        (("I", 0, 0, 0, 1), "II"),
        (("I", 1, 0, 0, 0), "II"),
        (("I", 1, 0, 0, 1), "III"),
        (("II", 0, 0, 0, 0), "II"),
        (("II", 0, 0, 0, 1), "III"),
        (("II", 1, 0, 0, 1), "III"),
        (("III", 0, 0, 0, 0), "III"),
        (("III", 1, 0, 0, 0), "III"),
        (("III", 1, 0, 0, 1), "IV"),
        (("II", 1, 1, 0, 0), "IV"),
        (("III", 1, 1, 1, 1), "IV"),
        (("I", 1, 1, 0, 1), "III"),
        (("I", 1, 1, 1, 0), "IV"),
    ],
)
def test_r2_iss_by_hand(row, stage):
    names = ("iss", "del17p", "ldh", "t_4_14", "gain_1q")
    columns = {name: [value, "II" if name == "iss" else 0] for name, value in zip(names, row, strict=True)}
    assert stages(myeloma.R2_ISS, columns, {name: name for name in names})[0] == stage


def test_what_could_still_be_is_named():
    columns = {"b2m_mg_l": [None, 6.0], "albumin_g_dl": [3.0, 4.0], "ldh_u_l": [200, 200], "del17p": [0, 0],
               "t_4_14": [0, None], "t_14_16": [None, 0]}  # fmt: skip
    table = myeloma.R_ISS.stage(cohort_of(columns), **LIMIT).table
    # ISS II or III without high LDH: only with t(14;16) known too could it be III
    assert table["possible"].tolist() == ["II or III", "II or III"]
    assert table["missing"].tolist() == ["b2m, t_14_16", "t_4_14"]


def test_an_unknown_input_that_cannot_matter_is_not_named():
    columns = {
        "b2m_mg_l": [2.0],
        "albumin_g_dl": [None],
        "ldh_u_l": [200],
        "del17p": [1],
        "t_4_14": [None],
        "t_14_16": [0],
    }
    table = myeloma.R_ISS.stage(cohort_of(columns), **LIMIT).table
    assert table["stage"].tolist() == ["II"]
    assert table["missing"].tolist() == [""]


def test_sources_that_differ_at_the_boundary():
    columns = {"b2m_mg_l": [5.5], "albumin_g_dl": [4.0]}
    changed = myeloma.ISS.with_cuts(b2m=(Cut(3.5), Cut(5.5, "above")))
    assert stages(changed, columns) == ["II"]
    finding = changed.stage(cohort_of(columns)).findings[0]
    assert (finding.code, finding.severity) == ("D21", "warning")
    assert "> 5.5 instead of >= 3.5 and >= 5.5" in finding.rule
    nested = myeloma.R_ISS.with_cuts(b2m=(Cut(3.5), Cut(5.5, "above")))
    assert len(nested.altered) == 1
    assert myeloma.ISS.with_cuts(b2m=(Cut(3.5), Cut(5.5))).altered == ()


def test_del17p_at_twenty_per_cent_by_either_source():
    columns = {
        name: [0]
        for name in ("tp53_mutation", "t_4_14", "t_14_16", "t_14_20", "gain_1q21", "del1p32", "del1p32_biallelic")
    }
    columns |= {"del17p_fraction_percent": [20.0], "b2m_mg_l": [2.0], "creatinine_mg_dl": [1.0]}
    assert stages(myeloma.IMS_2025, columns) == ["standard"]
    assert stages(myeloma.IMS_2025.with_cuts(del17p_fraction=Cut(20)), columns) == ["high"]


def test_contradictions_are_named_once_whatever_else_is_recorded():
    names = ("tp53_mutation", "t_4_14", "t_14_16", "t_14_20", "gain_1q21")
    columns = {name: [0, 1, None, 0] for name in names} | {"del1p32": [0, 0, 0, 1], "del1p32_biallelic": [1, 1, 1, 1]}
    columns |= {"del17p_fraction_percent": [50.0] * 4, "b2m_mg_l": [2.0, 6.0, None, 2.0], "creatinine_mg_dl": [1.0] * 4}
    with pytest.raises(DataContractError) as caught:
        myeloma.IMS_2025.stage(cohort_of(columns))
    (finding,) = caught.value.findings
    assert (finding.code, finding.rows) == ("D09", ("P0", "P1", "P2"))
    assert "of del1p32, del1p32_biallelic cannot" in finding.rule


def test_our_iss_of_a_real_cohort(shared):
    units = {"age": "years", "b2m_mg_l": "mg/L", "albumin_g_dl": "g/dL", "hgb_g_dl": "g/dL"}
    book = {name: {"kind": "numeric", "unit": unit} for name, unit in units.items()} | {"pid": {"kind": "id"}}
    rows = pd.read_csv(shared / "data" / "mm_uams_tt2" / "mm_uams_tt2.csv")[list(book)]
    cohort = Cohort.from_frame(rows, "pid", Codebook.from_dict({"variables": book}))
    staged = myeloma.ISS.stage(cohort)
    frame = cohort.frame
    by_hand = np.select(
        [frame["b2m_mg_l"] >= 5.5, (frame["b2m_mg_l"] < 3.5) & (frame["albumin_g_dl"] >= 3.5)], ["III", "I"], "II"
    )
    known = frame["b2m_mg_l"].notna().to_numpy()
    assert (staged.table["stage"].astype(object)[known] == by_hand[known]).all()
    assert len(frame) == 351
    assert staged.table["stage"].isna().sum() == 1
