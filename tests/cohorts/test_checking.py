"""Checks of a whole table: limits, sentinels, dates, identity, privacy, rows told twice."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook
from cohorts.checking import check_table
from cohorts.identity import personal_columns, row_ids
from cohorts.plausibility import identical_rows, outside_limits, sentinels
from cohorts.variable import Variable
from tests.cohorts.made import changed, codebook, only, patients


def check(frame, book=None):
    return check_table(frame, book or codebook()).findings


def values(numbers):
    return pd.Series(np.asarray(numbers, dtype=float), index=[f"P{place}" for place in range(len(numbers))])


class TestLimits:
    AGE = Variable(name="age", kind="numeric", unit="years", limits=(18, 110), plausible=(20, 90))

    def test_hard_limits_are_errors(self):
        finding = only(outside_limits(values([17.9, 50, 400]), self.AGE))
        assert (finding.code, finding.severity, finding.rows) == ("C13", "error", ("P0", "P2"))
        assert finding.value == "{17.9,400}"
        assert "18 to 110 years" in finding.rule

    def test_the_plausible_range_warns(self):
        finding = only(outside_limits(values([19, 50, 95]), self.AGE))
        assert (finding.code, finding.severity, finding.rows) == ("C19", "warning", ("P0", "P2"))

    def test_the_ends_belong_to_the_range(self):
        assert outside_limits(values([20, 90, np.nan]), self.AGE) == []
        assert [finding.code for finding in outside_limits(values([18, 110]), self.AGE)] == ["C19"]

    def test_time_has_limits_too(self):
        book = codebook(months={"kind": "time", "unit": "months", "limits": [0, 120]})
        finding = only(check(changed("months", [5], 500), book))
        assert (finding.code, finding.rows) == ("C13", ("P005",))


class TestSentinels:
    MEASURED = Variable(name="crp", kind="numeric")

    def column(self, code, times=4):
        return values([*np.linspace(0.2, 40, 60), *[code] * times])

    @pytest.mark.parametrize("code", [999, -1, -9, 9999])
    def test_a_repeated_code_far_away_is_doubted(self, code):
        finding = only(sentinels(self.column(code), self.MEASURED))
        assert (finding.code, finding.severity) == ("C15", "warning")
        assert finding.rows == ("P60", "P61", "P62", "P63")
        assert "missing_codes" in finding.way_out

    def test_a_value_among_others_is_none(self):
        assert sentinels(values([*range(60, 140), 99, 99, 99]), self.MEASURED) == []
        assert sentinels(self.column(999, times=2), self.MEASURED) == []
        assert sentinels(values([*np.linspace(-5, 5, 60), -1, -1, -1]), self.MEASURED) == []

    def test_a_scale_of_few_codes_is_none(self):
        assert sentinels(values([-1, 0, 1] * 20), self.MEASURED) == []

    def test_declared_limits_speak_for_themselves(self):
        assert sentinels(self.column(999), Variable(name="crp", kind="numeric", limits=(0, 1000))) == []


class TestIds:
    def test_bytes_are_kept(self):
        ids = [" a", "a", "A", "00123", "a\u0301", "á", "1.0", "1"]
        assert row_ids(pd.Series(ids, name="pid"), text=True) == (ids, [])

    def test_a_duplicate_names_id_and_rows(self):
        finding = only(row_ids(pd.Series(["a", "b", "a", "c", "a"], name="pid"), text=True)[1])
        assert finding.code == "I01"
        assert "duplicate patient id: a in rows 1 and 3 and 5" in finding.rule
        assert finding.rows == ("a",)

    def test_missing_ids(self):
        ids, findings = row_ids(pd.Series(["a", "", "b", ""], name="pid"), text=True)
        assert (only(findings).code, only(findings).rows) == ("I02", ("row 2", "row 4"))
        assert ids[1] == "row 2"

    @pytest.mark.parametrize("cell", [1.5, True, pd.Timestamp("2020-01-01"), 1e17])
    def test_ids_a_typed_file_cannot_hold(self, cell):
        assert only(row_ids(pd.Series([cell, "b"], dtype=object, name="pid"), text=False)[1]).code == "I03"

    def test_typed_ids(self):
        ids, findings = row_ids(pd.Series([7, 8.0, "x", np.int64(9)], dtype=object, name="pid"), text=False)
        assert (ids, findings) == (["7", "8", "x", "9"], [])

    def test_national_numbers_as_ids(self):
        finding = only(row_ids(pd.Series(["11010519491231002X", "440524188001010014"], name="pid"), text=True)[1])
        assert (finding.code, finding.severity) == ("R08", "warning")
        assert "11010519491231002X" not in str(finding)


class TestPrivacy:
    @pytest.mark.parametrize(
        "name",
        ["name", "Name", "patient_name", "PatientName", "surname", "last name", "date_of_birth", "birth_date", "DOB",
         "national_id", "NationalID", "id_card", "ssn", "phone_number", "email", "姓名", "身份证号", "出生日期",
         "birthday", "dateOfBirth"],
    )  # fmt: skip
    def test_columns_that_name_a_person(self, name):
        assert name in only(personal_columns(["age", name])).rule

    @pytest.mark.parametrize(
        "name", ["age", "pid", "drug_name", "id", "birth_weight", "gene_name", "number", "named", "mrd"]
    )
    def test_columns_that_do_not(self, name):
        assert personal_columns([name]) == []

    def test_one_finding_for_all(self):
        finding = only(personal_columns(["name", "dob", "age"], file="f.csv"))
        assert (finding.column, finding.file) == ("name, dob", "f.csv")


class TestIdenticalRows:
    def test_one_patient_under_two_ids(self):
        frame = patients().iloc[[*range(40), 3, 3]].assign(pid=[f"Q{place}" for place in range(42)])
        finding = only(check(frame))
        assert (finding.code, finding.rows) == ("C24", ("Q3", "Q40", "Q41"))

    def test_an_id_given_twice_is_told_once(self):
        frame = patients().iloc[[*range(40), 3]]
        assert only(check(frame)).code == "I01"

    def test_few_and_coarse_columns_agree_by_chance(self):
        frame = pd.DataFrame({"a": [1.0, 2.0] * 50, "b": [0.0, 1.0] * 50})
        assert identical_rows(frame) == []

    def test_missing_values_count_as_equal(self):
        frame = patients(60)[["age", "albumin", "months"]].astype(float)
        frame.loc[[5, 6]] = [60.0, np.nan, 12.5]
        assert only(identical_rows(frame)).rows == ("5", "6")


DATES = {
    "born": {"kind": "date", "date_format": "%Y-%m-%d"},
    "seen": {"kind": "date", "date_format": "%Y-%m-%d", "not_before": "born"},
}


class TestDates:
    def test_the_day_of_the_lock_is_allowed(self):
        book = codebook({"data_lock": "2020-06-01"}, **DATES)
        frame = patients(born="2000-01-01", seen="2020-06-01")
        assert check(frame, book) == ()
        frame.loc[4, "seen"] = "2020-06-02"
        finding = only(check(frame, book))
        assert (finding.code, finding.column, finding.rows, finding.value) == ("T19", "seen", ("P004",), "2020-06-02")

    def test_without_a_lock_nothing_lies_in_the_future(self):
        tomorrow = dt.date.today() + dt.timedelta(days=2)
        finding = only(check(patients(born="2000-01-01", seen=str(tomorrow)), codebook(**DATES)))
        assert "none is declared" in finding.rule

    def test_a_lock_that_is_no_date(self):
        book = codebook({"data_lock": "last year"}, **DATES)
        assert only(check(patients(born="2000-01-01", seen="2001-01-01"), book)).code == "S03"

    def test_order_with_missing_dates(self):
        frame = patients(born="2000-01-01", seen="2001-01-01")
        frame.loc[0, "born"], frame.loc[1, "seen"] = "", ""
        assert check(frame, codebook(**DATES)) == ()

    def test_not_before_a_column_that_is_no_date(self):
        book = codebook(born={"kind": "numeric"}, seen=DATES["seen"])
        assert only(check(patients(born=1.0, seen="2001-01-01"), book)).code == "S01"


class TestDeclarations:
    def test_absent_and_undeclared_columns(self):
        found = check(patients(extra=1).drop(columns="albumin"))
        assert [(finding.code, finding.severity) for finding in found] == [("S01", "error"), ("S04", "warning")]
        assert found[0].column == "albumin"

    @pytest.mark.parametrize("ids", [0, 2])
    def test_exactly_one_id(self, ids):
        names = {f"pid{place}": {"kind": "id"} for place in range(ids)}
        book = Codebook.from_dict({"variables": {"age": {"kind": "numeric"}, **names}})
        frame = pd.DataFrame({"age": [1.0], **{name: ["a"] for name in names}})
        assert only(check(frame, book)).code == "S05"

    def test_the_file_is_named_in_every_finding(self):
        checked = check_table(changed("age", [0], 300), codebook(), file="cohort.csv")
        assert only(checked.findings).file == "cohort.csv"


def test_a_unit_fault_hides_the_limits_it_explains():
    frame = patients(100)
    frame.loc[:29, "albumin"] = (frame.loc[:29, "albumin"] / 10).round(2)
    assert only(check(frame)).code == "C11"
