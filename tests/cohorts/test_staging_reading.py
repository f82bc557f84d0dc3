"""What a stage is read from: units, limits of normal, spellings; what is refused, and what the cohort remembers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts import Codebook, Cohort
from cohorts.diseases import myeloma
from cohorts.errors import DataContractError
from cohorts.staging import Cut
from tests.cohorts.made_stages import UNITS, cohort_of

RISS = {"b2m_mg_l": [2.0, 6.0, None], "albumin_g_dl": [4.0, 3.0, 4.0], "ldh_u_l": [200, 300, 200], "del17p": [0, 0, 0],
        "t_4_14": [0, 1, 0], "t_14_16": [0, 0, 0]}  # fmt: skip
ISS = {"b2m_mg_l": [2.0, 4.0, 6.0], "albumin_g_dl": [4.0, 3.0, 4.0]}


def faults(system, cohort, columns=None, **options):
    with pytest.raises(DataContractError) as caught:
        system.stage(cohort, columns, **options)
    return [finding.code for finding in caught.value.findings], str(caught.value)


def stage_list(system, cohort, **options):
    return system.stage(cohort, **options).table["stage"].tolist()


@pytest.mark.parametrize(
    ("units", "b2m", "albumin", "stages"),
    [
        ({"b2m_mg_l": "mg/L", "albumin_g_dl": "g/L"}, [3.49, 3.5], [35.0, 35.0], ["I", "II"]),
        ({"b2m_mg_l": "mg/l", "albumin_g_dl": "g/L"}, [3.49, 3.49], [34.9, 35.0], ["II", "I"]),
        ({"b2m_mg_l": "µg/mL", "albumin_g_dl": "G/DL"}, [5.49, 5.5], [4.0, 4.0], ["II", "III"]),
        # 3.5 mg/L of 11.8 kDa are 296.625 nmol/L, 5.5 are 466.125
        ({"b2m_mg_l": "nmol/L", "albumin_g_dl": "g/dL"}, [296.6, 296.7], [4.0, 4.0], ["I", "II"]),
        ({"b2m_mg_l": "nmol/L", "albumin_g_dl": "g/dL"}, [466.1, 466.2], [4.0, 4.0], ["II", "III"]),
    ],
)
def test_cut_offs_go_to_the_unit_of_the_column(units, b2m, albumin, stages):
    cohort = cohort_of({"b2m_mg_l": b2m, "albumin_g_dl": albumin}, units)
    assert stage_list(myeloma.ISS, cohort) == stages


def test_creatinine_in_micromoles_turns_at_106():
    zero = [0, 0]
    names = ("tp53_mutation", "t_4_14", "t_14_16", "t_14_20", "gain_1q21", "del1p32", "del1p32_biallelic")
    columns = {"creatinine_mg_dl": [106.0, 106.1], "b2m_mg_l": [6.0, 6.0], "del17p_fraction_percent": [5.0, 0.0]}
    cohort = cohort_of(columns | dict.fromkeys(names, zero), UNITS | {"creatinine_mg_dl": "μmol/L"})
    assert stage_list(myeloma.IMS_2025, cohort) == ["high", "standard"]


def test_a_conversion_is_recorded():
    staged = myeloma.ISS.stage(cohort_of(ISS | {"albumin_g_dl": [40.0, 30.0, 40.0]}, UNITS | {"albumin_g_dl": "g/L"}))
    assert [finding.code for finding in staged.findings] == ["D20"]
    assert "1 g/dL = 10 g/L" in staged.findings[0].rule
    assert staged.inputs["read"].tolist() == [">= 3.5 and >= 5.5 mg/L", ">= 35 g/L"]
    assert staged.inputs["known"].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("units", "columns", "code", "words"),
    [
        ({"b2m_mg_l": None}, ISS, "D02", "unit of b2m is not declared"),
        ({"b2m_mg_l": "U/L"}, ISS, "D03", "cannot be compared"),
        ({"albumin_g_dl": "g/L"}, ISS, "D08", "cannot be in the declared unit"),
        ({}, ISS | {"albumin_g_dl": [40.0, 3.0, 4.0]}, "D08", "0.5 to 7.5"),
        ({}, ISS | {"b2m_mg_l": [-1.0, 3.0, 4.0]}, "D08", "row ids P0"),
        ({}, ISS | {"b2m_mg_l": [250.0, 300.0, 470.0]}, "D08", "row ids P0, P1, P2"),
        ({"b2m_mg_l": "nmol/L"}, ISS, "D08", "declared unit"),
    ],
)
def test_wrong_units_are_refused(units, columns, code, words):
    codes, message = faults(myeloma.ISS, cohort_of(columns, UNITS | units))
    assert codes == [code]
    assert words in message


def test_a_fraction_in_a_column_of_per_cent_is_refused():
    columns = {"del17p_fraction_percent": [0.0, 0.9, 0.3]}
    codes, message = faults(myeloma.IMS_2025.inputs[0].system, cohort_of(columns))
    assert codes == ["D08"]
    assert "another unit" in message
    cohort = cohort_of(columns, UNITS | {"del17p_fraction_percent": "fraction"})
    assert stage_list(myeloma.IMS_2025.inputs[0].system, cohort) == ["absent", "present", "present"]


def test_all_faults_come_at_once():
    cohort = cohort_of(RISS | {"del17p": ["yes", "deleted", "no"]}, UNITS | {"albumin_g_dl": None})
    codes, _ = faults(myeloma.R_ISS, cohort)
    assert codes == ["D02", "D05", "D04"]


@pytest.mark.parametrize("limit", [0, -1, True, float("inf"), float("nan")])
def test_an_impossible_limit_of_normal(limit):
    assert faults(myeloma.R_ISS, cohort_of(RISS), normal={"ldh": limit})[0] == ["D04"]


def test_the_limit_of_normal_belongs_to_normal():
    cohort = cohort_of(RISS | {"ldh_u_l": [250, 250, 251]})
    inputs = myeloma.R_ISS.stage(cohort, normal={"ldh": 250}).inputs
    assert inputs.set_index("input").loc["ldh", "read"] == "> 250 U/L"
    assert stage_list(myeloma.R_ISS, cohort, normal={"ldh": 250})[0] == "I"
    assert stage_list(myeloma.R_ISS, cohort, normal={"ldh": 249})[0] == "II"


def test_limits_of_normal_by_laboratory():
    columns = RISS | {
        "ldh_uln": [200, 300, 250],
        "b2m_mg_l": [2.0, 2.0, 2.0],
        "t_4_14": [0, 0, 0],
        "albumin_g_dl": [4.0] * 3,
    }
    columns["ldh_u_l"] = [201, 299, 240]
    units = UNITS | {"ldh_uln": "U/L"}
    assert stage_list(myeloma.R_ISS, cohort_of(columns, units), normal={"ldh": "ldh_uln"}) == ["II", "I", "I"]
    codes, message = faults(myeloma.R_ISS, cohort_of(columns, UNITS | {"ldh_uln": "ukat/L"}), normal={"ldh": "ldh_uln"})
    assert codes == ["D04"]
    assert "ukat/L" in message
    absent = columns | {"ldh_uln": [200, None, 250]}
    table = myeloma.R_ISS.stage(cohort_of(absent, units), normal={"ldh": "ldh_uln"}).table
    assert table["missing"].tolist() == ["", "ldh", ""]
    assert faults(myeloma.R_ISS, cohort_of(columns, units), normal={"ldh": "nowhere"})[0] == ["S01"]


def test_multiples_of_the_limit_need_no_limit():
    columns = RISS | {"ldh_u_l": [1.0, 1.1, 0.9]}
    cohort = cohort_of(columns, UNITS | {"ldh_u_l": "x ULN"})
    assert stage_list(myeloma.R_ISS, cohort)[:2] == ["I", "III"]
    assert faults(myeloma.R_ISS, cohort, normal={"ldh": 250})[0] == ["D04"]
    # multiples in a column that says U/L
    assert faults(myeloma.R_ISS, cohort_of(columns), normal={"ldh": 250})[0] == ["D08"]


def test_inputs_are_named_or_refused():
    cohort = cohort_of({name: values for name, values in RISS.items() if name != "t_14_16"})
    codes, message = faults(myeloma.R_ISS, cohort, normal={"ldh": 250})
    assert codes == ["D01"]
    assert "t_14_16" in message
    assert "high_risk_cytogenetics" in message
    staged = myeloma.R_ISS.stage(cohort, {"t_14_16": None}, normal={"ldh": 250})
    # ISS I without the other two and normal LDH: open; ISS III with t(4;14): III
    assert staged.table["possible"].tolist()[:2] == ["I or II", "III"]


@pytest.mark.parametrize(
    ("columns", "options", "code"),
    [
        ({"beta2": "b2m_mg_l"}, {}, "D01"),
        ({"b2m": "nowhere"}, {}, "S01"),
        ({}, {"normal": {"albumin": 3.5}}, "D01"),
        ({}, {"read_as": {"albumin2": {}}}, "D01"),
        ({"iss": None}, {}, "D01"),
        ({"iss": "b2m_mg_l", "b2m": "b2m_mg_l"}, {}, "D01"),
        ({"t_4_14": "ldh_u_l"}, {}, "D05"),
        ({"b2m": "t_4_14"}, {}, "D05"),
    ],
)
def test_wrong_names_are_refused(columns, options, code):
    codes, _ = faults(myeloma.R_ISS, cohort_of(RISS), columns, **({"normal": {"ldh": 250}} | options))
    assert code in codes


def test_a_name_that_is_taken():
    cohort = cohort_of(RISS | {"iss": ["I", "II", "III"]})
    assert faults(myeloma.ISS, cohort)[0] == ["D07"]
    assert "iss_computed" in cohort.with_stage(myeloma.ISS, name="iss_computed").codebook


@pytest.mark.parametrize(
    "words", [("no", "yes"), ("Negative", "Positive"), ("absent", "present"), ("无", "有"), ("-", "+")]
)
def test_words_for_present_and_absent_whatever_their_order(words):
    texts = [words[0], words[1], None]
    for levels in (list(words), list(words)[::-1]):
        declared = {"t_4_14": {"kind": "binary", "levels": levels}}
        cohort = cohort_of(RISS | {"t_4_14": texts, "b2m_mg_l": [6.0] * 3}, UNITS, **declared)
        possible = myeloma.R_ISS.stage(cohort, normal={"ldh": 400}).table["possible"].tolist()
        assert possible == ["II", "III", "II or III"]


def test_other_words_are_asked_for():
    cohort = cohort_of(RISS | {"t_4_14": ["intact", "fused", "no cells"], "b2m_mg_l": [6.0] * 3})
    codes, message = faults(myeloma.R_ISS, cohort, normal={"ldh": 400})
    assert codes == ["D05"]
    assert "'fused', 'no cells'" in message or "'intact', 'fused', 'no cells'" in message
    meaning = {"t_4_14": {"intact": "absent", "fused": "present", "no cells": None}}
    table = myeloma.R_ISS.stage(cohort, normal={"ldh": 400}, read_as=meaning).table
    assert table["possible"].tolist() == ["II", "III", "II or III"]
    assert faults(myeloma.R_ISS, cohort, normal={"ldh": 400}, read_as={"t_4_14": {"fused": "yes"}})[0] == ["D05"]


@pytest.mark.parametrize("cuts", [{"b2m": Cut(3)}, {"b2m": (Cut(5), Cut(4))}, {"ldh": Cut(1)}, {"nothing": Cut(1)}])
def test_impossible_cut_offs(cuts):
    with pytest.raises(DataContractError) as caught:
        myeloma.R_ISS.with_cuts(**cuts)
    assert caught.value.code == "D06"


def test_the_cohort_remembers_who_could_not_be_staged():
    cohort = cohort_of(RISS)
    staged = cohort.with_stage(myeloma.R_ISS, normal={"ldh": 250})
    assert "r_iss" not in cohort.codebook
    variable = staged.codebook["r_iss"]
    assert (variable.kind, variable.levels, variable.timing) == ("ordinal", ("I", "II", "III"), "baseline")
    assert variable.text("zh") == "修订国际分期系统（R-ISS）"
    values = staged.frame["r_iss"]
    assert values.cat.ordered
    assert values.astype(object).where(values.notna(), None).tolist() == ["I", "III", None]
    finding = staged.warnings[-1]
    assert (finding.code, finding.column, finding.rows) == ("D10", "r_iss", ("P2",))
    assert "1 of 3 patients, not known: b2m: 1" in finding.rule
    assert len(staged.flow) == len(cohort.flow)


def test_points_are_numbers():
    columns = RISS | {"plasma_cells_percent": [70.0, 50.0, 10.0], "light_chain": ["λ", "kappa", "kappa"]}
    staged = cohort_of(columns).with_stage(myeloma.S_ERMM, normal={"ldh": 250})
    assert staged.codebook["s_ermm"].kind == "numeric"
    assert staged.frame["s_ermm"].tolist() == [5.0, 13.0, 0.0]


def test_a_stage_of_later_values_is_later_itself():
    columns = ISS | {"response_at_transplant": ["CR", "PR", "PD"], "karnofsky_percent": [90.0, 70.0, 80.0]}
    later = {"kind": "nominal", "levels": ["CR", "PR", "PD"], "timing": "post-baseline"}
    staged = cohort_of(columns, UNITS, response_at_transplant=later).with_stage(myeloma.EBMT_ER)
    assert staged.codebook["ebmt_er"].timing == "post-baseline"
    assert staged.frame["ebmt_er"].tolist() == ["0", "3", "4+"]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0.3, 190), st.floats(0.6, 7.4)), min_size=1, max_size=20), st.randoms())
def test_order_and_unit_do_not_matter(rows, random):
    rows = [(round(b2m, 2), round(albumin, 2)) for b2m, albumin in rows]
    frame = pd.DataFrame(rows, columns=["b2m_mg_l", "albumin_g_dl"]).assign(pid=[f"P{row}" for row in range(len(rows))])
    shuffled = frame.sample(frac=1, random_state=random.randint(0, 99)).assign(
        albumin_g_dl=lambda table: (table["albumin_g_dl"] * 10).round(1)
    )

    def staged(table, unit):
        book = {"pid": {"kind": "id"}} | {
            name: {"kind": "numeric", "unit": each, "one_unit_checked": True}
            for name, each in (("b2m_mg_l", "mg/L"), ("albumin_g_dl", unit))
        }
        return myeloma.ISS.stage(Cohort.from_frame(table, "pid", Codebook.from_dict({"variables": book}))).values

    one, other = staged(frame, "g/dL"), staged(shuffled, "g/L")
    assert (one.astype(str) == other.astype(str).reindex(one.index)).all()


def test_a_stage_is_known_for_more_patients_where_more_is_known():
    draw = np.random.default_rng(5)
    whole = {"b2m_mg_l": draw.choice([2.0, 4.0, 6.0], 300), "albumin_g_dl": draw.choice([3.0, 4.0], 300),
             "ldh_u_l": draw.choice([200.0, 300.0], 300)}  # fmt: skip
    whole |= {name: draw.integers(0, 2, 300).astype(float) for name in ("del17p", "t_4_14", "t_14_16")}
    gone = {name: np.where(draw.random(300) < 0.4, np.nan, values) for name, values in whole.items()}
    known = myeloma.R_ISS.stage(cohort_of(whole), normal={"ldh": 250}).table["stage"]
    part = myeloma.R_ISS.stage(cohort_of(gone), normal={"ldh": 250}).table["stage"]
    assert known.notna().all()
    assert 0 < part.isna().sum() < 300
    assert (known[part.notna()] == part[part.notna()]).all()
