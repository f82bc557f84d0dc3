"""Columns by kind: what is read, what is refused, and that nothing becomes missing by itself."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.columns import typed_column
from cohorts.numeric_cells import numbers_of_text
from cohorts.variable import Variable
from tests.cohorts.made import only


def read(cells, text=True, decimal=".", **declared):
    column = pd.Series(
        cells, index=[f"P{place}" for place in range(len(cells))], dtype=object if not text else "string"
    )
    return typed_column(column, Variable(**{"name": "x", "kind": "numeric"} | declared), text, decimal)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1", 1), ("+1.5", 1.5), ("-3", -3), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1.2E-03", 0.0012), (" 7 ", 7),
     ("007", 7), ("0.1", 0.1), ("12345678901234567890", 12345678901234567890.0)],
)  # fmt: skip
def test_plain_numbers(cell, number):
    values, findings = read([cell])
    assert findings == []
    assert values.tolist() == [number]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        *((cell, "C14") for cell in ("<0.5", "> 500", "≤1", "＜2", "<LOD")),
        *(
            (cell, "F13")
            for cell in ("1,234", "38,5", "1 234", "1'234", "３８", "1.234.567", "12%", "3/4", "2021-03-04")
        ),
        *((cell, "C10") for cell in ("NA", "none", "n/a", "nan", "12 mg", "abc", "1e", "--1", "0x1F", "1_000", "?")),
        *((cell, "C27") for cell in ("inf", "-Infinity", "INF")),
    ],
)
def test_anything_else_is_named(cell, code):
    values, findings = read(["1", cell, ""])
    finding = only(findings)
    assert (finding.code, finding.column, finding.rows, finding.value) == (code, "x", ("P1",), repr(cell))
    assert values.isna().tolist() == [False, True, True]


def test_each_kind_of_fault_is_one_finding():
    _, findings = read(["<1", "<2", "1,5", "x", "y", "z", "w", "inf"])
    assert [(finding.code, len(finding.rows)) for finding in findings] == [
        ("C14", 2),
        ("C27", 1),
        ("F13", 1),
        ("C10", 4),
    ]
    assert findings[-1].value == "'x', 'y', 'z', ..."


def test_missing_codes_match_as_text_and_as_number():
    values, findings = read(["999", "999.0", "9.99e2", "NE", "", "1"], missing_codes=["999", "NE"])
    assert findings == []
    assert values.isna().tolist() == [True] * 5 + [False]


def test_decimal_comma():
    assert read(["38,5", "1", ",5", "-1,2e2"], decimal=",")[0].tolist() == [38.5, 1, 0.5, -120]
    assert only(read(["38.5"], decimal=",")[1]).code == "F13"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=20))
def test_law_numbers_are_read_to_the_last_bit(numbers):
    values, findings = numbers_of_text(pd.Series([repr(x) for x in numbers]), Variable(name="x", kind="numeric"))
    readable = [abs(np.log10(abs(x))) < 99 if x else True for x in numbers]
    assert all(value == number for value, number, fine in zip(values, numbers, readable, strict=True) if fine)
    assert all(readable) == (not findings)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=10))
def test_law_no_text_becomes_missing_in_silence(cells):
    values, findings = read(cells)
    named = {row for finding in findings for row in finding.rows}
    silent = {row for row, cell in zip(values.index, cells, strict=True) if np.isnan(values[row]) and cell.strip()}
    assert silent == named
    for row, cell in zip(values.index, cells, strict=True):
        if row not in named and cell.strip():
            assert values[row] == float(cell)


class TestTypedNumbers:
    def test_objects(self):
        values, findings = read([1, 2.5, None, np.nan, pd.NA, True, Decimal("3.25"), np.int64(7)], text=False)
        assert findings == []
        assert values.tolist()[:2] == [1, 2.5]
        assert values.isna().tolist() == [False, False, True, True, True, False, False, False]
        assert values.tolist()[5:] == [1, 3.25, 7]

    def test_text_beside_numbers(self):
        _, findings = read([1.0, "2", "<3", ""], text=False)
        assert [(finding.code, finding.rows) for finding in findings] == [("C10", ("P1",)), ("C14", ("P2",))]

    def test_text_declared_as_such(self):
        values, findings = read([1.0, "2", None], text=False, stored_as_text=True)
        assert findings == []
        assert values.tolist()[:2] == [1, 2]
        assert only(read(["2", "1,5"], text=False, stored_as_text=True)[1]).code == "F13"

    def test_infinite_numbers(self):
        assert only(read([1.0, -np.inf], text=False)[1]).code == "C27"

    @pytest.mark.parametrize("cell", [dt.datetime(2020, 1, 1), dt.timedelta(1), [1], 1j])
    def test_other_objects(self, cell):
        finding = only(read([1.0, cell], text=False)[1])
        assert (finding.code, finding.rows) == ("F13", ("P1",))

    def test_categories_of_numbers(self):
        column = pd.Series(pd.Categorical([2.0, 1.0, None]), index=list("abc"))
        values, _ = typed_column(column, Variable(name="x", kind="numeric"), text=False)
        assert values.tolist()[:2] == [2, 1]


class TestLevels:
    def test_declared_levels_keep_their_order(self):
        values, findings = read(["II", "I", ""], kind="ordinal", levels=["I", "II", "III"])
        assert findings == []
        assert list(values.cat.categories) == ["I", "II", "III"]
        assert values.cat.ordered
        assert values.tolist()[:2] == ["II", "I"]

    def test_nominal_levels_have_no_order(self):
        assert not read(["a"], kind="nominal", levels=["a", "b"])[0].cat.ordered

    def test_spelling_counts(self):
        finding = only(read(["male", "Male", "male "], kind="binary", levels=["female", "male"])[1])
        assert (finding.code, finding.rows, finding.value) == ("C23", ("P1", "P2"), "'Male', 'male '")
        assert "'female', 'male'" in finding.rule

    def test_typed_cells_become_the_levels_as_written(self):
        values, findings = read([1.0, 2, "3", True, None], text=False, kind="nominal", levels=["1", "2", "3", "True"])
        assert findings == []
        assert values.tolist()[:4] == ["1", "2", "3", "True"]

    def test_binary_without_levels(self):
        assert read(["0", "1.0", ""], kind="binary")[0].tolist()[:2] == [0, 1]
        assert only(read(["1", "2"], kind="binary")[1]).value == "{2}"
        finding = only(read(["0", "yes", "2"], kind="binary")[1])
        assert finding.code == "C21"
        assert set(finding.rows) == {"P1", "P2"}


class TestDates:
    def test_declared_format(self):
        values, findings = read(["03/04/2021", ""], kind="date", date_format="%d/%m/%Y")
        assert findings == []
        assert values.iloc[0] == pd.Timestamp("2021-04-03")
        assert values.isna().tolist() == [False, True]

    @pytest.mark.parametrize("cell", ["2021-13-01", "03/04/2021", "2021-02-30", "yesterday", "2021-01-01x"])
    def test_other_texts_are_named(self, cell):
        finding = only(read([cell, "2021-01-01"], kind="date", date_format="%Y-%m-%d")[1])
        assert (finding.code, finding.rows) == ("F12", ("P0",))

    def test_serial_numbers(self):
        found = read(["44197", "x"], kind="date", date_format="%Y-%m-%d")[1]
        assert [finding.code for finding in found] == ["F13", "F12"]
        assert only(read([44197.0], text=False, kind="date", date_format="%Y-%m-%d")[1]).code == "F13"

    def test_typed_dates(self):
        values, findings = read(
            [dt.date(2020, 5, 1), dt.datetime(2020, 5, 2), pd.Timestamp("2020-05-03"), None, "2020-05-04"],
            text=False, kind="date", date_format="%Y-%m-%d",
        )  # fmt: skip
        assert findings == []
        assert values.dt.day.tolist()[:3] == [1, 2, 3]

    def test_zones_are_left_off(self):
        column = pd.Series(pd.to_datetime(["2020-01-01 23:30"]).tz_localize("Asia/Shanghai"), index=["a"])
        values, _ = typed_column(column, Variable(name="x", kind="date", date_format="%Y-%m-%d"), text=False)
        assert values.iloc[0] == pd.Timestamp("2020-01-01 23:30")

    def test_missing_codes(self):
        values, findings = read(["UNK", "2020-01-01"], kind="date", date_format="%Y-%m-%d", missing_codes=["UNK"])
        assert findings == []
        assert values.isna().tolist() == [True, False]


class TestEvents:
    def test_text_codes_become_numbers_where_they_are_plain(self):
        values, findings = read(["1", "0.0", "", "yes"], kind="event")
        assert findings == []
        assert values.tolist() == [1, 0, None, "yes"]

    def test_declared_words_stay_words(self):
        values, _ = read(["1", "0"], kind="event", values={"censored": "0", "event": "1"})
        assert values.tolist() == ["1", "0"]

    def test_typed_text_is_not_read_as_a_number(self):
        assert read(["1", "0"], text=False, kind="event")[0].tolist() == ["1", "0"]
        assert read([1.0, 0.0, None], text=False, kind="event")[0].tolist() == [1, 0, None]

    def test_codes_against_the_declaration(self):
        finding = only(read(["1", "2"], kind="event", values={"censored": 0, "event": 1})[1])
        assert (finding.code, finding.rows) == ("T05", ("P1",))
        assert "declared are censored {0}, event {1}" in finding.rule


def test_negative_time():
    finding = only(read(["3", "-3"], kind="time", unit="months")[1])
    assert (finding.code, finding.rows, finding.value) == ("T01", ("P1",), "{-3}")
    assert "negative time" in finding.rule


@pytest.mark.parametrize("text", [True, False])
def test_texts_stay_as_they_are(text):
    cells = [" 46,XX[20] ", "", None, "NA", "normal", "'-Y"]
    values, findings = read(cells, text=text, kind="text", missing_codes=["NA"])
    assert findings == []
    assert values.tolist() == ["46,XX[20]", None, None, None, "normal", "-Y" if text else "'-Y"]
    assert values.dtype == object
    assert read([46.0], text=False, kind="text")[0].tolist() == ["46"]
