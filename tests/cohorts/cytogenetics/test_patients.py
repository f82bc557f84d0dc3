"""Cohorts with cytogenetics: columns, labels, gaps, warnings by row, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from cohorts import Codebook, Cohort
from cohorts.cytogenetics import ABNORMALITIES, DEFINITIONS, Rules, cytogenetics_of
from cohorts.cytogenetics.fish_table import COLUMNS
from cohorts.diseases import myeloma
from cohorts.errors import DataContractError
from cohorts.simulation import simulate_myeloma

KARYOTYPES = ["46,XX[20]", "45,XY,-13[10]/46,XY[10]", "46,XX,t(11;14)(q13;q32),foo(bar)[8]/46,XX[12]", None]
FISH = [
    "nuc ish(TP53x1,D17Z1x2)[90/200],(FGFR3,IGH)x2[200]",
    None,
    "nuc ish(CKS1Bx3,CDKN2Cx2)[90/200]",
    "nuc ish(TP53x2)[200]",
]
BOOK = Codebook.from_dict(
    {"variables": {"pid": {"kind": "id"}, "k": {"kind": "text"}, "f": {"kind": "text"}, "age": {"kind": "numeric"}}}
)


def cohort(**changed: object) -> Cohort:
    frame = pd.DataFrame({"pid": ["a", "b", "c", "d"], "k": KARYOTYPES, "f": FISH, "age": [50, 60, 70, 80], **changed})
    return Cohort.from_frame(frame, codebook=BOOK)


def refused(**arguments: object) -> list[str]:
    with pytest.raises(DataContractError) as error:
        cohort().with_cytogenetics(**arguments)
    return [finding.code for finding in error.value.findings]


def test_values_are_present_absent_or_missing():
    names = ["del17p", "loss_13", "t_4_14", "t_11_14", "gain_1q21", "r_iss_high_risk"]
    found = cohort().with_cytogenetics("k", "f", names)
    missing = float("nan")
    expected = pd.DataFrame(
        [
            [1.0, missing, 0.0, missing, missing, 1.0],
            [0.0, 1.0, missing, 0.0, 0.0, missing],
            [missing, missing, missing, 1.0, 1.0, missing],
            [0.0, missing, missing, missing, missing, missing],
        ],
        index=pd.Index(["a", "b", "c", "d"], name="pid", dtype=object),
        columns=names,
    )
    pd.testing.assert_frame_equal(found.frame[names], expected)
    assert list(found.frame.columns[:3]) == ["k", "f", "age"]
    assert len(cohort().frame.columns) == 3


def test_columns_are_declared():
    found = cohort().with_cytogenetics("k", "f")
    for name in found.frame.columns[3:]:
        variable = found.codebook[name]
        assert (variable.kind, variable.timing) == ("binary", "baseline")
        assert {"en", "zh"} <= set(variable.label)
        assert found.frame[name].notna().any()
        assert found.frame[name].dropna().isin([0, 1]).all()
    assert found.codebook["del17p"].text() == "Deletion of 17p (TP53)"
    described = cohort().with_cytogenetics("k", "f", ["del17p"]).table_one()
    assert not {"k", "f"} & set(described.index.get_level_values(0))


def test_what_was_noticed_names_the_rows():
    found = {finding.code: finding for finding in cohort().with_cytogenetics("k", "f").warnings}
    assert found["H01"].rows == ("c",)
    assert "foo" in found["H01"].value
    assert found["H56"].severity == "warning"
    assert "H56" not in {
        each.code for each in cohort().with_cytogenetics("k", "f", rules=Rules(purified=True)).warnings
    }
    table = cytogenetics_of(cohort(), "k", "f")
    assert set(table.notes.patient[table.notes.code == "H01"]) == {"c"}
    line = table.details.set_index(["patient", "abnormality"]).loc[("a", "del17p")]
    assert (line.present, line.fish, line.source, line.share) == (True, True, "FISH", 0.45)


def test_cells_that_were_not_purified_leave_gaps():
    found = cohort().with_cytogenetics("k", "f", ["del17p"], rules=Rules(purified=False))
    assert found.frame["del17p"].isna().tolist() == [False, False, True, True]


def test_disagreement_is_among_the_warnings():
    there = ["46,XX,del(17)(p13)[5]/46,XX[15]", *KARYOTYPES[1:3], "46,XX,del(17)(p13)[5]/46,XX[15]"]
    found = cohort(k=there).with_cytogenetics("k", "f", ["del17p"])
    assert next(each for each in found.warnings if each.code == "H45").rows == ("d",)
    assert found.frame["del17p"].tolist()[3] == 1


def test_a_table_of_fish():
    rows = [("a", "TP53", "1", 90, 200, True), ("d", "TP53", "normal", 200, 200, False)]
    found = cohort().with_cytogenetics(fish=pd.DataFrame(rows, columns=list(COLUMNS)), features=["del17p"])
    assert found.frame["del17p"].fillna(-1).tolist() == [1, -1, -1, -1]
    assert "H56" not in {each.code for each in found.warnings}


def test_rare_ones_are_left_out_and_named():
    everything = cohort().with_cytogenetics("k", "f")
    some = cohort().with_cytogenetics("k", "f", prevalence=0.3)
    left_out = set(everything.frame) - set(some.frame)
    assert {"loss_17", "t_4_14"} <= left_out
    assert {"del17p", "loss_13", "gain_1q21"} <= set(some.frame)
    said = next(each for each in some.warnings if each.code == "H55")
    assert all(name in said.rule for name in left_out)


def test_asked_for_and_never_assessable_is_an_empty_column():
    found = cohort().with_cytogenetics(fish="f", features=["hyperdiploid", "del17p"])
    assert found.frame["hyperdiploid"].isna().all()
    assert "hyperdiploid" in next(each for each in found.warnings if each.code == "H55").rule
    assert "hyperdiploid" not in cohort().with_cytogenetics(fish="f").frame


def test_refusals():
    assert refused() == ["H53"]
    assert refused(karyotype="nothing", features=["del17q9"]) == ["H52", "S01"]
    assert refused(karyotype="age") == ["H54"]
    assert refused(karyotype="k", prevalence=1.5) == ["H52"]
    assert refused(karyotype="k", features=["del17p", "del17p"]) == ["H52"]
    rows = [("z", "TP53", "1", 90, 200, True)]
    assert refused(fish=pd.DataFrame(rows, columns=list(COLUMNS))) == ["H51"]
    twice = cohort().with_cytogenetics("k")
    with pytest.raises(DataContractError, match="H50"):
        twice.with_cytogenetics("k")


def test_order_of_rows_does_not_matter():
    turned = cohort().frame.iloc[::-1].reset_index()
    found = Cohort.from_frame(turned, codebook=BOOK).with_cytogenetics("k", "f").frame
    pd.testing.assert_frame_equal(found.loc[["a", "b", "c", "d"]], cohort().with_cytogenetics("k", "f").frame)


def test_nobody_with_text():
    empty = cohort(k=[None] * 4).with_cytogenetics("k")
    assert list(empty.frame.columns) == ["k", "f", "age"]
    assert len({*ABNORMALITIES, *DEFINITIONS}) == len(ABNORMALITIES) + len(DEFINITIONS)


def test_shares_of_cells_are_columns_where_they_are_asked_for():
    name = "del17p_fraction_percent"
    fish = ["nuc ish(TP53x1)[90/200]", "nuc ish(TP53x1)[30/200]", "nuc ish(TP53x1)", "nuc ish(TP53x2)[200]"]
    found = cohort(f=fish).with_cytogenetics("k", "f", [name], prevalence=0.5)
    assert found.frame[name].fillna(-1).tolist() == [45, 15, -1, 0]
    assert (found.codebook[name].kind, found.codebook[name].unit) == ("numeric", "%")
    assert found.codebook[name].text() == "Cells with deletion of 17p (TP53)"
    unsorted = cohort(f=fish).with_cytogenetics("k", "f", [name], rules=Rules(purified=False))
    assert unsorted.frame[name].isna().all()
    assert refused(karyotype="k", features=["del99_fraction_percent"]) == ["H52"]


def test_simulated_charts_are_read_as_they_were_written():
    made = simulate_myeloma(300, 5, missing=0.2)
    read = simulate_myeloma(300, 5, missing=0.2, fish_columns=False)
    names = ["t_4_14", "t_11_14", "t_14_16", "del17p", "del1p32", "gain_1q21"]
    asked = [*names, "hyperdiploid", "del1p32_biallelic", "t_14_20", "del17p_fraction_percent"]
    found = read.cohort.with_cytogenetics("karyotype", read.tables["fish"], asked)
    for name in names:
        told, known = found.frame[name], made.cohort.frame[name]
        assert (told[known.notna()] == known[known.notna()]).mean() > 0.98
    assert not {"H01", "H04", "H31", "H42"} & {finding.code for finding in found.warnings}
    staged = found.with_stage(myeloma.R2_ISS, normal={"ldh": 250})
    assert staged.frame.iloc[:, -1].notna().mean() > 0.3
