"""Excel, Parquet, SPSS, Stata and SAS: the same cohort from every format, and what these formats do in silence."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from cohorts import Codebook, read_cohort, typed_files
from cohorts.errors import PrognosisWarning
from tests.cohorts.made import codebook, findings_of, only, patients

HERE = Path(__file__).parent
WRITERS = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".xlsx": lambda frame, path: frame.to_excel(path, index=False),
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".sav": lambda frame, path: pyreadstat.write_sav(frame, path),
    ".zsav": lambda frame, path: pyreadstat.write_sav(frame, path, compress=True),
    ".dta": lambda frame, path: pyreadstat.write_dta(frame, path),
    ".xpt": lambda frame, path: pyreadstat.write_xport(frame, path),
}
TYPED = [ending for ending in WRITERS if ending != ".csv"]


def write(folder, frame, ending):
    path = folder / f"cohort{ending}"
    WRITERS[ending](frame, str(path))
    return path


def workbook(folder, rows, sheet="Sheet", more=()):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for name in more:
        book.create_sheet(name)
    path = folder / "cohort.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("ending", TYPED)
def test_every_format_gives_the_same_cohort(ending, tmp_path):
    frame = patients()
    frame.loc[3, "albumin"] = np.nan
    cohort = read_cohort(write(tmp_path, frame, ending), codebook())
    reference = read_cohort(write(tmp_path, frame, ".csv"), codebook())
    pd.testing.assert_frame_equal(cohort.frame, reference.frame)
    assert cohort.name == f"cohort{ending}"
    assert len(cohort.sha256) == 64


def test_sas7bdat(tmp_path):
    path = tmp_path / "small.sas7bdat"
    path.write_bytes(gzip.decompress((HERE / "data" / "small.sas7bdat.gz").read_bytes()))
    with pytest.warns(PrognosisWarning, match="C22"):
        cohort = read_cohort(path, codebook(without=("albumin",)))
    assert cohort.ids == ("00123", "NA", "M-3")
    assert cohort.frame["sex"].tolist() == ["F", "M", "F"]
    assert cohort.frame["age"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize("ending", TYPED)
def test_numbers_stored_as_text_are_refused_unless_declared(ending, tmp_path):
    frame = patients(albumin=patients()["albumin"].astype(str))
    path = write(tmp_path, frame, ending)
    finding = only(findings_of(read_cohort, path, codebook()))
    assert (finding.code, finding.column) == ("C10", "albumin")
    declared = {"kind": "numeric", "unit": "g/L", "stored_as_text": True}
    np.testing.assert_array_equal(read_cohort(path, codebook(albumin=declared)).frame["albumin"], patients()["albumin"])


@pytest.mark.parametrize("ending", [".xlsx", ".parquet", ".sav"])
def test_dates(ending, tmp_path):
    seen = [dt.date(2020, 1, 31)] * 39 + [None]
    frame = patients(seen=seen)
    cohort = read_cohort(write(tmp_path, frame, ending), codebook(seen={"kind": "date", "date_format": "%Y-%m-%d"}))
    assert cohort.frame["seen"].iloc[0] == pd.Timestamp("2020-01-31")
    assert cohort.frame["seen"].isna().sum() == 1


@pytest.mark.parametrize("ending", TYPED)
def test_codes_of_levels_and_ids_lose_their_decimal_point(ending, tmp_path):
    frame = patients(pid=range(1, 41), sex=[1, 2] * 20)
    cohort = read_cohort(write(tmp_path, frame, ending), codebook(sex={"kind": "binary", "levels": ["1", "2"]}))
    assert cohort.ids[:3] == ("1", "2", "3")
    assert cohort.frame["sex"].tolist() == ["1", "2"] * 20


def test_missing_codes_in_a_typed_file(tmp_path):
    frame = patients(albumin=[999.0, *patients()["albumin"][1:]])
    declared = {"kind": "numeric", "missing_codes": ["999"], "limits": [10, 70]}
    cohort = read_cohort(write(tmp_path, frame, ".sav"), codebook(albumin=declared))
    assert cohort.frame["albumin"].isna().tolist() == [True] + [False] * 39


def test_spss_user_missing_values_are_named(tmp_path):
    path = tmp_path / "cohort.sav"
    frame = patients(albumin=[999.0, *patients()["albumin"][1:]])
    pyreadstat.write_sav(frame, path, missing_ranges={"albumin": [999]})
    with pytest.warns(PrognosisWarning, match="F19.*albumin"):
        cohort = read_cohort(path, codebook())
    assert cohort.frame["albumin"].isna().sum() == 1


def test_excel_dates_in_a_column_of_numbers(tmp_path):
    frame = patients()
    frame["albumin"] = frame["albumin"].astype(object)
    frame.loc[5, "albumin"] = dt.datetime(2024, 3, 4)
    finding = only(findings_of(read_cohort, write(tmp_path, frame, ".xlsx"), codebook()))
    assert (finding.code, finding.column, finding.rows) == ("F13", "albumin", ("P005",))


def test_excel_serial_dates(tmp_path):
    book = codebook(seen={"kind": "date", "date_format": "%Y-%m-%d"})
    finding = only(findings_of(read_cohort, write(tmp_path, patients(seen=44197), ".xlsx"), book))
    assert (finding.code, finding.value) == ("F13", "44197")


class TestExcel:
    BOOK = Codebook.from_dict({"variables": {"pid": {"kind": "id"}, "x": {"kind": "numeric"}}})

    def test_empty_rows_and_columns_of_formatting_are_no_data(self, tmp_path):
        path = workbook(tmp_path, [["pid", "x", None], ["a", 1, None], ["b", 2.5], [None, None, None]])
        cohort = read_cohort(path, self.BOOK)
        assert cohort.frame["x"].tolist() == [1, 2.5]

    def test_an_empty_row_inside_has_no_id(self, tmp_path):
        path = workbook(tmp_path, [["pid", "x"], ["a", 1], [None, None], ["b", 2]])
        finding = only(findings_of(read_cohort, path, self.BOOK))
        assert (finding.code, finding.rows) == ("I02", ("row 2",))

    def test_which_sheet_is_declared(self, tmp_path):
        path = workbook(tmp_path, [["pid", "x"], ["a", 1]], sheet="Data", more=["Notes"])
        finding = only(findings_of(read_cohort, path, self.BOOK))
        assert finding.code == "F17"
        assert "'Data', 'Notes'" in finding.rule
        assert read_cohort(path, self.BOOK, sheet="Data").ids == ("a",)
        assert only(findings_of(read_cohort, path, self.BOOK, sheet="data")).code == "F17"
        assert only(findings_of(read_cohort, path, self.BOOK, sheet="Notes")).code == "F01"

    def test_formula_without_a_stored_value(self, tmp_path):
        path = workbook(tmp_path, [["pid", "x"], ["a", 1], ["b", "=B2*2"]])
        finding = only(findings_of(read_cohort, path, self.BOOK))
        assert finding.code == "F16"
        assert "B3" in finding.rule

    def test_error_cells_are_no_missing_values(self, tmp_path):
        path = workbook(tmp_path, [["pid", "x"], ["a", 1], ["b", "#N/A"]])
        finding = only(findings_of(read_cohort, path, self.BOOK))
        assert (finding.code, finding.rows, finding.value) == ("C10", ("b",), "'#N/A'")

    def test_ids_of_more_than_15_digits(self, tmp_path):
        path = workbook(tmp_path, [["pid", "x"], [12345678901234568, 1], ["b", 2]])
        assert only(findings_of(read_cohort, path, self.BOOK)).code == "I03"

    def test_header_faults(self, tmp_path):
        assert only(findings_of(read_cohort, workbook(tmp_path, [["x", "x"], [1, 2]]), self.BOOK)).code == "F06"
        assert only(findings_of(read_cohort, workbook(tmp_path, [["x", None], [1, 2]]), self.BOOK)).code == "F09"
        assert only(findings_of(read_cohort, workbook(tmp_path, [["pid", "x"]]), self.BOOK)).code == "F01"

    def test_a_zip_bomb_is_measured_before_it_is_opened(self, tmp_path, monkeypatch):
        path = workbook(tmp_path, [["pid", "x"], ["a", 1]])
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/big.xml", b"0" * 3_000_000)
        monkeypatch.setattr("cohorts.raw_table.MAX_BYTES", 2_000_000)
        finding = only(findings_of(read_cohort, path, self.BOOK))
        assert finding.code == "F15"
        assert "limit 2,000,000" in finding.rule

    def test_truth_values(self, tmp_path):
        book = Codebook.from_dict({"variables": {"pid": {"kind": "id"}, "x": {"kind": "binary"}}})
        path = workbook(tmp_path, [["pid", "x"], ["a", True], ["b", False], ["c", None]])
        values = read_cohort(path, book).frame["x"]
        assert values.tolist()[:2] == [1, 0]
        assert np.isnan(values.iloc[2])


class TestParquet:
    def test_the_id_may_be_the_stored_index(self, tmp_path):
        path = tmp_path / "cohort.parquet"
        patients().set_index("pid").to_parquet(path)
        assert read_cohort(path, codebook()).ids[0] == "P000"

    def test_whole_number_ids_beside_a_gap(self, tmp_path):
        path = tmp_path / "cohort.parquet"
        pq.write_table(pa.table({"pid": pa.array([2**60 + 1, None]), "x": [1.0, 2.0]}), path)
        book = Codebook.from_dict({"variables": {"pid": {"kind": "id"}, "x": {"kind": "numeric"}}})
        assert only(findings_of(read_cohort, path, book)).code == "I02"

    def test_nested_columns_are_refused(self, tmp_path):
        path = tmp_path / "cohort.parquet"
        pq.write_table(pa.table({"pid": ["a"], "x": [[1.0, 2.0]]}), path)
        book = Codebook.from_dict({"variables": {"pid": {"kind": "id"}, "x": {"kind": "numeric"}}})
        assert "lists or records" in only(findings_of(read_cohort, path, book)).rule

    def test_categories_and_nullable_types(self, tmp_path):
        path = tmp_path / "cohort.parquet"
        frame = patients().astype({"age": "Int64", "sex": "category", "albumin": "Float64"})
        frame.loc[2, "age"] = pd.NA
        frame.to_parquet(path)
        cohort = read_cohort(path, codebook())
        assert np.isnan(cohort.frame["age"].iloc[2])
        assert cohort.frame["sex"].tolist() == ["F", "M"] * 20


@pytest.mark.parametrize("ending", [*TYPED, ".sas7bdat"])
@pytest.mark.parametrize("content", [b"not a file of this kind", b"PK\x03\x04 torn"])
def test_damaged_files(ending, content, tmp_path):
    path = tmp_path / f"cohort{ending}"
    path.write_bytes(content)
    finding = only(findings_of(read_cohort, path, codebook()))
    assert (finding.code, finding.file) == ("F18", path.name)


@pytest.mark.parametrize("ending", [*TYPED, ".sas7bdat", ".csv"])
def test_empty_files(ending, tmp_path):
    path = tmp_path / f"cohort{ending}"
    path.touch()
    assert only(findings_of(read_cohort, path, codebook())).code == "F01"


@pytest.mark.parametrize("ending", [".parquet", ".sav", ".dta"])
def test_files_without_rows(ending, tmp_path):
    assert only(findings_of(read_cohort, write(tmp_path, patients().iloc[:0], ending), codebook())).code == "F01"


@pytest.mark.parametrize("name", ["cohort.xls", "cohort", "cohort.csv.gz"])
def test_unknown_formats_are_named(name, tmp_path):
    (tmp_path / name).write_bytes(b"x")
    finding = only(findings_of(read_cohort, tmp_path / name, codebook()))
    assert finding.code == "S07"
    assert ".parquet" in finding.way_out


def test_heavy_libraries_are_imported_inside_functions_only():
    assert not {"openpyxl", "pyreadstat", "pyarrow"} & set(vars(typed_files))
