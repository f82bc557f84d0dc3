"""CSV: encodings, separators and shape; the right file in every dress, and no wrong file in silence."""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Codebook, check_file, read_cohort
from cohorts.csv_file import CHUNK_CELLS, read_csv_file
from cohorts.errors import DataContractError, PrognosisWarning
from cohorts.raw_table import MAX_CELL
from tests.cohorts.made import codebook, findings_of, only, patients, write_csv

CHINESE = {"kind": "binary", "levels": ["女", "男"]}


def read_text(folder, text, wanted=("a", "b"), **options):
    path = folder / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv_file(path, options.get("separator", ","), options.get("encoding"), wanted, is_sealed=True)


def chinese_patients():
    return patients(sex=["女", "男"] * 20, pid=[f"患者{place}" for place in range(40)])


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_declared_encodings(encoding, tmp_path):
    path = write_csv(tmp_path, chinese_patients(), encoding=encoding)
    cohort = read_cohort(path, codebook({"encoding": encoding}, sex=CHINESE))
    assert cohort.ids[:2] == ("患者0", "患者1")
    assert cohort.frame["sex"].tolist() == ["女", "男"] * 20


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_proven_encodings_need_no_declaration(encoding, tmp_path):
    path = write_csv(tmp_path, chinese_patients(), encoding=encoding)
    assert read_cohort(path, codebook(sex=CHINESE)).ids[0] == "患者0"


@pytest.mark.parametrize("encoding", ["gbk", "gb18030"])
def test_undeclared_chinese_encoding_names_the_line(encoding, tmp_path):
    path = write_csv(tmp_path, chinese_patients(), encoding=encoding)
    finding = only(findings_of(read_cohort, path, codebook(sex=CHINESE)))
    assert finding.code == "F03"
    assert "line 2" in finding.rule
    assert "declare encoding" in finding.way_out


def test_the_line_of_a_late_fault(tmp_path):
    lines = ["a,b"] + ["1,2"] * 50_000 + ["1,é"]
    with pytest.raises(DataContractError, match="line 50002 is no utf-8 text"):
        read_text(tmp_path, "\n".join(lines).encode("latin-1"))


def test_a_broken_utf_16_file_names_the_line(tmp_path):
    with pytest.raises(DataContractError, match=r"F03.*line 3 is no utf-16"):
        read_text(tmp_path, "a,b\n1,2\n1,".encode("utf-16") + b"\x00\xd8\x0a\x00\x33")


def test_utf_16_without_mark_or_declaration(tmp_path):
    with pytest.raises(DataContractError, match=r"F10.*NUL byte.*UTF-16"):
        read_text(tmp_path, "a,b\n1,2\n".encode("utf-16-le"))


def test_declaration_against_the_mark(tmp_path):
    path = write_csv(tmp_path, patients(), encoding="utf-16")
    assert only(findings_of(read_cohort, path, codebook({"encoding": "gbk"}))).code == "F03"


def test_utf_8_read_as_gbk_is_doubted(tmp_path):
    path = write_csv(tmp_path, patients(pid=[f"张三{place}" for place in range(40)]))
    with pytest.warns(PrognosisWarning, match=r"F03.*valid UTF-8"):
        cohort = read_cohort(path, codebook({"encoding": "gb18030"}))
    assert cohort.ids[0] != "张三0"
    ascii_only = write_csv(tmp_path, patients())
    assert read_cohort(ascii_only, codebook({"encoding": "gb18030"})).warnings == ()


def test_unknown_encoding(tmp_path):
    path = write_csv(tmp_path, patients())
    assert "unknown encoding" in only(findings_of(read_cohort, path, codebook(), encoding="utf-9")).rule


@pytest.mark.parametrize(("separator", "decimal"), [(";", ","), ("\t", "."), ("|", ","), (";", ".")])
def test_declared_separator_and_decimal(separator, decimal, tmp_path):
    path = write_csv(tmp_path, patients(), sep=separator, decimal=decimal)
    cohort = read_cohort(path, codebook({"separator": separator, "decimal": decimal}))
    np.testing.assert_array_equal(cohort.frame["albumin"], patients()["albumin"])
    assert read_cohort(path, codebook(), separator=separator, decimal=decimal).ids == cohort.ids


def test_decimal_point_in_a_file_of_decimal_commas(tmp_path):
    path = write_csv(tmp_path, patients(), sep=";")
    codes = {finding.code for finding in findings_of(read_cohort, path, codebook({"separator": ";", "decimal": ","}))}
    assert codes == {"F13"}


def test_quotes_line_ends_and_line_breaks_in_cells(tmp_path):
    table = read_text(tmp_path, 'a,b\r\n"x, y","two\r\nlines"\r\n"say ""no""", z \r\n').frame
    assert table["a"].tolist() == ["x, y", 'say "no"']
    assert table["b"].tolist() == ["two\r\nlines", " z "]


@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n", "\r\n", "\r"])
def test_empty_lines_at_the_end_are_no_rows(tail, tmp_path):
    assert len(read_text(tmp_path, "a,b\n1,2\n3,4" + tail).frame) == 2


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("a,b\n1,2\n\n3,4\n", "F07", "line 3 has 0 fields"),
        ("a,b\n1,2,3\n3,4\n", "F07", "line 2 has 3 fields"),
        ("a,b\n1,2\n3\n", "F07", "line 3 has 1 fields"),
        ("a,b\n1,2\n3", "F08", "line 3 ends early with 1 of 2 fields"),
        ("a,b\n1,2\n3,4,5", "F07", "line 3 has 3 fields"),
        ('a,b\n1,2\n"3,4', "F08", "line 3: a quoted cell is still open"),
        ('a,b\n1,"2"x\n', "F18", "line 2: broken quoting"),
        ("a,b\n1,2\n3,\0\n", "F10", "line 3 holds a NUL byte"),
        ("a,b,\n1,2,3\n", "F09", "number 3"),
        ("a,b,a,b,b\n", "F06", "'b' occurs 3 times"),
        ("\n\n", "F01", "no header"),
        ("a,b\n", "F01", "header but no rows"),
        ("a;b\n1;2\n", "F05", "the header holds ';'"),
        ("only\n1\n", "F05", "1 column found"),
    ],
)
def test_broken_files(text, code, words, tmp_path):
    with pytest.raises(DataContractError, match=words) as caught:
        read_text(tmp_path, text)
    assert caught.value.findings[0].code == code
    assert all(finding.file == "t.csv" for finding in caught.value.findings)


def test_torn_and_ragged_are_two_findings(tmp_path):
    with pytest.raises(DataContractError) as caught:
        read_text(tmp_path, "a,b\n1\n2,3\n4")
    assert [finding.code for finding in caught.value.findings] == ["F08", "F07"]


def test_many_ragged_lines_are_counted_and_ten_shown(tmp_path):
    with pytest.raises(DataContractError, match="5000 ragged lines") as caught:
        read_text(tmp_path, "a,b\n" + "1\n" * 5000)
    assert str(caught.value).count("has 1 fields") == 10


def test_a_file_without_final_line_end_is_doubted_unless_sealed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4")
    doubt = only(read_csv_file(path, ",", None, ("a", "b")).findings)
    assert (doubt.code, doubt.severity) == ("F08", "warning")
    assert read_csv_file(path, ",", None, ("a", "b"), is_sealed=True).findings == ()


def test_a_cell_at_the_limit_passes(tmp_path):
    table = read_text(tmp_path, "a,b\n" + "x" * MAX_CELL + ",1\n")
    assert len(table.frame["a"][0]) == MAX_CELL
    with pytest.raises(DataContractError, match=f"column a: a cell is too long.*actual {MAX_CELL + 1:,}"):
        read_text(tmp_path, "a,b\n" + "x" * (MAX_CELL + 1) + ",1\n")


def test_undeclared_columns_are_checked_for_shape_and_left_out(tmp_path):
    table = read_text(tmp_path, "a,b,c\n1,2,3\n", wanted=("c", "a"))
    assert table.names == ("a", "b", "c")
    assert list(table.frame) == ["a", "c"]


def test_chunks_join_without_a_seam(tmp_path):
    n = CHUNK_CELLS + 3  # two columns: two full chunks and a rest
    table = read_text(tmp_path, "a,b\n" + "".join(f"{place},x\n" for place in range(n)))
    assert table.frame["a"].tolist() == [str(place) for place in range(n)]


def test_a_missing_file_and_a_folder(tmp_path):
    assert only(findings_of(read_cohort, tmp_path / "no.csv", codebook())).code == "S02"
    (tmp_path / "folder.csv").mkdir()
    assert only(findings_of(read_cohort, tmp_path / "folder.csv", codebook())).code == "S02"


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_law_every_text_survives_byte_for_byte(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("law") / "t.csv"
    quoted = ["".join(["a,b\n", *(f'"{_q(x)}","{_q(y)}"\n' for x, y in rows)])]
    path.write_bytes(quoted[0].encode())
    table = read_csv_file(path, ",", None, ("a", "b")).frame
    assert list(zip(table["a"], table["b"], strict=True)) == rows


def _q(text):
    return text.replace('"', '""')


@given(st.binary(max_size=200))
def test_law_any_bytes_give_a_table_or_a_finding(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(content)
    book = Codebook.from_dict({"variables": {"a": {"kind": "id"}, "b": {"kind": "numeric"}}})
    found = check_file(path, book)
    assert all(finding.code and finding.rule for finding in found)
    assert any(finding.severity == "error" for finding in found)


@given(
    st.lists(st.sampled_from([b"a,b", b"1,2", b"\n", b"\r\n", b",", b'"', b"\xef\xbb\xbf", b"x", b"'=1"]), max_size=25)
)
def test_law_mangled_tables_never_pass_with_another_shape(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("mangled") / "t.csv"
    path.write_bytes(b"a,b\n" + b"".join(parts))
    with contextlib.suppress(DataContractError):
        table = read_csv_file(path, ",", None, ("a", "b"))
        assert list(table.frame) == ["a", "b"]
        assert table.frame.notna().all(axis=None)


def test_a_warning_speaks_once(tmp_path):
    path = tmp_path / "cohort.csv"
    path.write_text(patients().to_csv(index=False).rstrip("\n"))
    with pytest.warns(PrognosisWarning, match="F08") as shown:
        cohort = read_cohort(path, codebook())
    assert len(shown) == 1
    assert only(cohort.warnings).code == "F08"
    assert pd.api.types.is_float_dtype(cohort.frame["age"].dtype)
