"""Tables of FISH: the same answers as from strings, and rows that cannot be are refused by patient."""

from __future__ import annotations

import pandas as pd
import pytest

from cohorts.cytogenetics import parse_fish
from cohorts.cytogenetics.fish_table import COLUMNS, fish_from_table
from cohorts.errors import DataContractError


def table(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.mark.parametrize(
    ("probe", "pattern", "string"),
    [
        ("TP53/D17Z1", "1/2", "(TP53x1,D17Z1x2)"),
        ("TP53/D17Z1", "TP53x1,D17Z1x2", "(TP53x1,D17Z1x2)"),
        ("FGFR3/IGH", "(FGFR3,IGH)x3(FGFR3 con IGHx2)", "(FGFR3,IGH)x3(FGFR3 con IGHx2)"),
        ("t(4;14)", "fusion", "(FGFR3,IGH)x3(FGFR3 con IGHx2)"),
        ("t(4; 14)", "normal", "(FGFR3,IGH)x2"),
        ("t(14;16)", "negative", "(MAF,IGH)x2"),
        ("IGH break-apart", "split", "(5'IGH sep 3'IGHx1)"),
        ("MYC BA", "normal", "(5'MYC con 3'MYCx2)"),
        ("1q21", "3", "(CKS1Bx3)"),
        ("CKS1B", "x4", "(CKS1Bx4)"),
        ("CKS1B", "3-4", "(CKS1Bx3-4)"),
        ("RB1", "deletion", "(RB1x0-1)"),
        ("CKS1B", "amplification", "(CKS1Bx4+)"),
        ("CKS1B", "gain", "(CKS1Bx3+)"),
        ("D13S319", 1, "(D13S319x1)"),
    ],
)
def test_a_row_says_what_the_string_says(probe, pattern, string):
    fish = fish_from_table(table(("7", probe, pattern, 60, 200, True)))["7"]
    assert fish.unread == ()
    assert fish.answers() == parse_fish(f"nuc ish{string}[60/200]").answers()


def test_rows_of_one_set_add_up_and_patients_stay_apart():
    read = fish_from_table(
        table(("1", "CKS1B", "3", 50, 200, "yes"), ("2", "TP53", "1", "90", "200", ""), ("1", "CKS1B", 4, 30, 200, 1))
    )
    assert list(read) == ["1", "2"]
    assert read["1"].fractions()["gain_1q21"] == pytest.approx(0.4)
    assert read["1"].features()["amp_1q21"] is False
    assert read["2"].features()["del17p"] is True
    assert read["2"].features()["t_4_14"] is None


@pytest.mark.parametrize("enriched", [False, "no", "", None, float("nan")])
def test_normal_cells_that_were_not_purified_are_missing(enriched):
    read = fish_from_table(table(("1", "TP53", "normal", None, 200, enriched)))["1"]
    assert set(read.features().values()) == {None}


def test_an_unread_pattern_is_kept_and_named():
    read = fish_from_table(table(("1", "TP53", "weird", 3, 200, True), ("1", "QQ1", "1", 3, 200, True)))["1"]
    assert read.unread == ("TP53: weird",)
    assert [finding.code for finding in read.findings] == ["H42", "H32"]
    assert set(read.features().values()) == {None}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("", "TP53", "1", 3, 200, True), "H41"),
        (("1", None, "1", 3, 200, True), "H41"),
        (("1", "TP53", "", 3, 200, True), "H41"),
        (("1", "TP53", "1", 201, 200, True), "H44"),
        (("1", "TP53", "1", 0, 0, True), "H44"),
        (("1", "TP53", "1", 3, None, True), "H44"),
        (("1", "TP53", "1", -3, 200, True), "H44"),
        (("1", "TP53", "1", 3.5, 200, True), "H44"),
        (("1", "TP53", "1", 3, 200, "perhaps"), "H44"),
    ],
)
def test_rows_that_cannot_be_are_refused(row, code):
    with pytest.raises(DataContractError) as error:
        fish_from_table(table(("9", "RB1", "1", 3, 200, True), row))
    assert [finding.code for finding in error.value.findings] == [code]


def test_a_pattern_twice_and_absent_columns_are_refused():
    with pytest.raises(DataContractError, match="H43") as error:
        fish_from_table(table(("1", "TP53", "1", 3, 200, True), ("1", "tp53", "1", 5, 200, True)))
    assert error.value.findings[0].rows == ("1",)
    with pytest.raises(DataContractError, match="no column enriched"):
        fish_from_table(table().drop(columns="enriched"))
    assert fish_from_table(table()) == {}
