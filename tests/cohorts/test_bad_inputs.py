"""The required behaviours of reading and coding, one test an id: kind, words, and the row, column or file named."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
import yaml

from cohorts import Codebook, neutralise, read_cohort
from cohorts.errors import DataContractError, PrognosisWarning
from cohorts.raw_table import MAX_BYTES, MAX_COLUMNS
from tests.cohorts.made import changed, codebook, endpoint, patients, write_csv

UNDECLARED_EVENT = {"kind": "event"}


class Folder:
    """A folder to write one broken file in and to read it from."""

    def __init__(self, path):
        self.path = path

    def read(self, frame, book=None, **options):
        written = {key: options.pop(key) for key in ("encoding", "separator", "decimal") if key in options}
        return read_cohort(write_csv(self.path, frame, **options), book or codebook(), **written)

    def read_text(self, text, book=None, encoding="utf-8"):
        path = self.path / "cohort.csv"
        path.write_bytes(text.encode(encoding))
        return read_cohort(path, book or codebook())

    def outcome(self, frame, book=None, **declared):
        return endpoint(**declared).outcome(self.read(frame, book))


def csv_text(n=40):
    return patients(n).to_csv(index=False)


def typed(folder, frame, book):
    path = folder.path / "cohort.parquet"
    frame.to_parquet(path)
    return read_cohort(path, book)


def broken_albumin(share, factor, limits, n=100):
    values = patients(n)["albumin"].copy()
    values[: int(share * n)] = (values[: int(share * n)] * factor).round(2)
    declared = {"kind": "numeric", "unit": "g/L"} | ({"limits": limits} if limits else {})
    return patients(n, albumin=values), codebook(albumin=declared)


def with_dates(folder):
    dated = {"kind": "date", "date_format": "%Y-%m-%d"}
    book = codebook(diagnosis=dated, progression=dated | {"not_before": "diagnosis"})
    frame = patients(diagnosis="2010-05-01", progression="2012-05-01")
    frame.loc[7, "progression"] = "2009-05-01"
    return folder.read(frame, book)


def torn(folder):
    return folder.read_text(csv_text().rstrip("\n").rsplit(",", 2)[0])


def oversized(folder):
    path = folder.path / "cohort.csv"
    with path.open("wb") as handle:
        handle.truncate(MAX_BYTES + 1)
    return read_cohort(path, codebook())


ERRORS = {
    "T02": (lambda f: f.outcome(changed("months", [0], 0)), ["row ids P000", "time 0", "zero_time"]),
    "T03": (lambda f: f.outcome(changed("months", [2, 3], "")), ["row ids P002, P003", "time", "missing count 2"]),
    "T05": (
        lambda f: f.outcome(patients(event=patients().event + 1), codebook(event=UNDECLARED_EVENT)),
        ["values {1,2}", "declare event_values", "column event"],
    ),
    "T06": (
        lambda f: f.outcome(patients(event=["yes", "no"] * 20), codebook(event=UNDECLARED_EVENT)),
        ["values {'no','yes'}", "declare event_values"],
    ),
    "T07": (
        lambda f: endpoint().outcome(
            typed(f, patients(event=patients().event.astype(str)), codebook(event=UNDECLARED_EVENT))
        ),
        ["string dtype", "'0','1'"],
    ),
    "T08": (
        lambda f: f.outcome(changed("event", [1, 5, 9], "")),
        ["row ids P001, P005, P009", "event missing"],
    ),
    "T10": (lambda f: f.outcome(changed("event", [4], -1)), ["value {-1}", "row ids P004"]),
    "T10-half": (
        lambda f: f.outcome(changed("event", [4], 0.5), codebook(event=UNDECLARED_EVENT)),
        ["value {0.5}", "row ids P004"],
    ),
    "T11": (lambda f: f.outcome(patients(event=0)), ["0 events", "n=40"]),
    "T16": (lambda f: codebook(months={"kind": "time"}), ["time unit", "months"]),
    "T16-endpoint": (lambda f: endpoint(unit=""), ["time unit"]),
    "T17": (lambda f: with_dates(f), ["patient ids", "progression < diagnosis", "P007"]),
    "T19": (
        lambda f: f.read(
            patients(seen=["2024-06-30"] * 39 + ["2025-01-02"]),
            codebook({"data_lock": "2024-12-31"}, seen={"kind": "date", "date_format": "%Y-%m-%d"}),
        ),
        ["data lock date 2024-12-31", "row ids P039"],
    ),
    "T21": (
        lambda f: f.outcome(
            patients(entry=[500.0] + [0.0] * 39), codebook(entry={"kind": "time", "unit": "months"}), entry="entry"
        ),
        ["row ids P000", "entry>=exit"],
    ),
    "C10": (
        lambda f: typed(f, patients(age=patients().age.astype(str)), codebook()),
        ["column age", "string dtype"],
    ),
    "C11": (
        lambda f: f.read(*broken_albumin(0.3, 0.1, (10, 70))),
        ["column albumin", "share of rows near 1/10 of the median", "30%", "expected range 10 to 70 g/L"],
    ),
    "C11-without-limits": (
        lambda f: f.read(*broken_albumin(0.3, 0.1, None)),
        ["column albumin", "share of rows near 1/10 of the median", "30%", "expected range"],
    ),
    "C11-reverse": (
        lambda f: f.read(*broken_albumin(0.3, 10, None)),
        ["column albumin", "share of rows near 10 times the median", "30%", "expected range"],
    ),
    "C12": (
        lambda f: f.read(*broken_albumin(1, 0.1, (10, 70))),
        ["column albumin", "expected unit g/L", "range 10 to 70", "median is 3.8"],
    ),
    "C14": (lambda f: f.read(changed("albumin", [3], "<0.5")), ["column albumin", "'<0.5'", "P003"]),
    "C14-upper": (lambda f: f.read(changed("albumin", [3], ">500")), ["column albumin", "'>500'"]),
    "C21": (lambda f: codebook(sex={"kind": "nominal"}), ["column sex", "levels"]),
    "C21-binary": (
        lambda f: f.read(patients(), codebook(sex={"kind": "binary"})),
        ["column sex", "levels", "'F', 'M'"],
    ),
    "F01": (lambda f: f.read_text(""), ["empty", "cohort.csv"]),
    "F01-header-only": (lambda f: f.read_text(csv_text().split("\n")[0] + "\n"), ["empty", "cohort.csv"]),
    "F03": (
        lambda f: f.read_text(csv_text().replace("P003", "患者3"), encoding="gbk"),
        ["line 5", "declare encoding", "cohort.csv"],
    ),
    "F05": (
        lambda f: f.read_text(csv_text().replace(",", ";")),
        ["1 column found", "separator", "';'"],
    ),
    "F06": (lambda f: f.read_text(csv_text().replace("albumin", "age", 1)), ["column name 'age'", "2 times"]),
    "F07": (
        lambda f: f.read_text(csv_text().replace("P003,", "P003,,", 1)),
        ["line 5 has 7 fields", "the header has 6 fields"],
    ),
    "F07-all-rows": (
        lambda f: f.read_text(csv_text().replace("\n", ",0\n").replace("event,0\n", "event\n")),
        ["40 ragged lines", "line 2 has 7 fields"],
    ),
    "F08": (torn, ["line 41", "4 of 6 fields", "expected rows or checksum"]),
    "F08-rows": (lambda f: f.read(patients(39), codebook({"rows": 40})), ["line", "expected rows 40", "found 39"]),
    "F08-checksum": (lambda f: f.read(patients(), codebook({"sha256": "0" * 64})), ["expected checksum"]),
    "F12": (lambda f: codebook(seen={"kind": "date"}), ["column seen", "declare date format"]),
    "F13-serial": (
        lambda f: f.read(patients(seen=44197), codebook(seen={"kind": "date", "date_format": "%Y-%m-%d"})),
        ["column seen", "value '44197'"],
    ),
    "F13-thousands": (lambda f: f.read(changed("albumin", [3], "1,234")), ["column albumin", "value '1,234'"]),
    "F13-full-width": (lambda f: f.read(changed("albumin", [3], "３８．５")), ["column albumin", "value '３８．５'"]),
    "F13-decimal": (lambda f: f.read(changed("albumin", [3], "38,5")), ["column albumin", "decimal", "value '38,5'"]),
    "F15-cell": (lambda f: f.read(changed("sex", [3], "x" * 10_000_000)), ["limit 100,000", "actual"]),
    "F15-columns": (
        lambda f: f.read_text(",".join(f"x{place}" for place in range(10_000)) + "\n"),
        [f"limit {MAX_COLUMNS:,}", "actual 10,000"],
    ),
    "F15-file": (oversized, [f"limit {MAX_BYTES:,}", f"actual {MAX_BYTES + 1:,}"]),
    "P10": (lambda f: f.outcome(patients(), horizons=[12, 5000]), ["horizon 5000", "max follow-up"]),
    "P12": (lambda f: f.outcome(patients(), horizons=[-5]), ["horizon -5"]),
    "P12-nan": (lambda f: f.outcome(patients(), horizons=[float("nan")]), ["horizon nan"]),
    "R07": (lambda f: f.read(changed("pid", [3], "x" * 50_000)), ["length 50000", "limit"]),
}

WARNINGS = {
    "T13": (lambda f: f.outcome(patients(event=1)).warnings, ["0 censored"]),
    "T14": (lambda f: f.outcome(patients(months=12)).warnings, ["1 distinct time"]),
    "C22": (
        lambda f: f.read(changed("sex", range(0, 36, 2), "M")).warnings,
        ["column sex", "level 'F'", "n=2"],
    ),
    "C24": (
        lambda f: f.read(patients().iloc[[*range(40), 4]].assign(pid=[f"Q{place}" for place in range(41)])).warnings,
        ["n identical rows: 2", "row ids Q4, Q40"],
    ),
    "R08": (
        lambda f: f.read(patients(patient_name="Li Lei"), codebook(patient_name=None)).warnings,
        ["columns", "patient_name"],
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error(case, tmp_path):
    action, words = ERRORS[case]
    with pytest.raises(DataContractError) as caught:
        action(Folder(tmp_path))
    assert [finding.code for finding in caught.value.findings] == [case[:3]]
    message = str(caught.value)
    for word in (case[:3], *words):
        assert word in message
    assert "Way out" in message


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
@pytest.mark.parametrize("case", WARNINGS)
def test_warning(case, tmp_path):
    action, words = WARNINGS[case]
    found = [finding for finding in action(Folder(tmp_path)) if finding.code == case]
    assert len(found) == 1
    assert found[0].severity == "warning"
    for word in words:
        assert word in str(found[0])


def test_warnings_of_reading_are_shown(tmp_path):
    with pytest.warns(PrognosisWarning, match=r"C22.*level 'F' n=2"):
        WARNINGS["C22"][0](Folder(tmp_path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_f04_marks_are_no_part_of_the_first_name(encoding, tmp_path):
    """F04: UTF-8 BOM and UTF-16; without a mark UTF-16 is declared."""
    declared = {"encoding": encoding} if encoding in ("utf-16-le", "utf-16-be") else {}
    path = write_csv(tmp_path, patients(), encoding=encoding)
    cohort = read_cohort(path, codebook(declared))
    assert cohort.table.index.name == "pid"
    assert cohort.ids == tuple(patients().pid)


def test_f11_only_declared_codes_are_missing(tmp_path):
    """F11: ids and levels that look like missing values stay text."""
    ids = ["NA", "null", "None", "nan", "N/A", "00123", "12345678901234567", " x ", "1e5", "TRUE", "-", "#N/A"]
    levels = ["None", "t(4;14)", "NA", "None"] * 3
    frame = pd.DataFrame({"pid": ids, "translocation": levels, "marker": ["1", "", "NE", "2"] * 3})
    book = Codebook.from_dict(
        {
            "variables": {
                "pid": {"kind": "id"},
                "translocation": {"kind": "nominal", "levels": ["None", "t(4;14)"], "missing_codes": ["NA"]},
                "marker": {"kind": "numeric", "missing_codes": ["NE"]},
            }
        }
    )
    with pytest.warns(PrognosisWarning, match="C22"):
        cohort = read_cohort(write_csv(tmp_path, frame), book)
    assert cohort.ids == tuple(ids)
    assert cohort.frame["translocation"].tolist()[:2] == ["None", "t(4;14)"]
    assert cohort.frame["translocation"].isna().tolist() == [False, False, True, False] * 3
    assert cohort.frame["marker"].tolist()[0] == 1
    assert cohort.frame["marker"].isna().tolist() == [False, True, True, False] * 3


def test_f14_formula_cells_round_trip(tmp_path):
    """F14: what goes out is text to a spreadsheet, what comes back is what went out."""
    risky = ["=1+1", "+1", "-3", "@x", "\tx", "\rx", "'=1", "''+1", "plain", "'quoted'"]
    frame = patients(10, pid=risky, sex=["=F", "M"] * 5)
    out = neutralise(frame)
    assert not out["pid"].str.match(r"[=+\-@\t\r]").any()
    assert out["sex"].tolist() == ["'=F", "M"] * 5
    pd.testing.assert_frame_equal(out[["age", "albumin"]], frame[["age", "albumin"]])
    # A bare CR ends a line unless the cell is quoted.
    path = write_csv(tmp_path, out, quoting=csv.QUOTE_NONNUMERIC)
    with pytest.warns(PrognosisWarning, match="C22"):
        back = read_cohort(path, codebook(sex={"kind": "binary", "levels": ["=F", "M"]}))
    assert back.ids == tuple(risky)
    assert back.frame["sex"].tolist() == ["=F", "M"] * 5


def test_negative_numbers_are_no_formulas():
    frame = pd.DataFrame({"x": [-3.0, 2.0], "y": ["-3", "2"]})
    assert neutralise(frame)["x"].tolist() == [-3, 2]
    assert neutralise(frame)["y"].tolist() == ["'-3", "2"]


def test_the_kinds_are_those_required(shared):
    required = yaml.safe_load((shared / "reference" / "bad_inputs.yaml").read_text(encoding="utf-8"))["cases"]
    kinds = {case["id"]: case["required"]["kind"] for case in required}
    assert {kinds[case[:3]] for case in ERRORS} == {"error"}
    assert {kinds[case] for case in WARNINGS} == {"warning"}
    assert {kinds[case] for case in ("F04", "F11", "F14")} == {"handle"}


def test_no_limit_no_missing_share_is_guessed(tmp_path):
    """A column that is half empty reads as it is, and the empty half is counted nowhere as a value."""
    frame = changed("albumin", range(0, 40, 2), "")
    cohort = Folder(tmp_path).read(frame)
    assert np.isnan(cohort.frame["albumin"]).sum() == 20
