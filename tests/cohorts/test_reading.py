"""From file to cohort: declarations and calls that disagree, seals, all findings at once, and a real cohort broken."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cohorts
from cohorts import Codebook, check_file, datasets, read_cohort
from cohorts.errors import PrognosisWarning
from tests.cohorts.made import changed, codebook, endpoint, findings_of, only, patients, write_csv

ROOT = Path(__file__).resolve().parents[2]
UAMS_BOOK = ROOT / "examples" / "uams_tt2.codebook.toml"
EFS = {"time": "efs_months", "event": "efs_event", "zero_time": "drop"}


def test_a_cohort_knows_its_file(tmp_path):
    path = write_csv(tmp_path, patients())
    cohort = read_cohort(str(path), codebook())
    assert cohort.name == "cohort.csv"
    assert cohort.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert cohort.warnings == ()
    assert cohort.flow["n"].tolist() == [40, 40]
    np.testing.assert_array_equal(cohort.frame["albumin"], patients()["albumin"])


def test_the_codebook_may_be_a_file(tmp_path):
    book = tmp_path / "book.toml"
    book.write_text('[variables.pid]\nkind = "id"\n[variables.age]\nkind = "numeric"\n', encoding="utf-8")
    path = write_csv(tmp_path, patients()[["pid", "age"]])
    assert list(read_cohort(path, book).frame) == ["age"]


def test_all_findings_at_once(tmp_path):
    frame = changed("age", [1], "old").assign(months=["-3", *["4"] * 39], weight=70)
    frame.loc[5, "pid"] = "P004"
    found = findings_of(read_cohort, write_csv(tmp_path, frame), codebook({"rows": 41}, height={"kind": "numeric"}))
    assert [finding.code for finding in found] == ["F08", "S01", "I01", "C10", "T01"]
    assert all(finding.file == "cohort.csv" and finding.way_out for finding in found)


def test_check_file_tells_errors_and_warnings_without_raising(tmp_path):
    frame = changed("age", [1], "old").assign(weight=70)
    found = check_file(write_csv(tmp_path, frame), codebook())
    assert [(finding.code, finding.severity) for finding in found] == [("S04", "warning"), ("C10", "error")]
    assert only(check_file(tmp_path / "none.csv", codebook())).code == "S02"
    assert check_file(write_csv(tmp_path, patients()), codebook()) == ()


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({"separator": ","}, {"separator": ";"}),
        ({"decimal": "."}, {"decimal": ","}),
        ({"encoding": "gbk"}, {"encoding": "utf-8"}),
        ({"sheet": "A"}, {"sheet": "B"}),
    ],
)
def test_codebook_and_call_must_agree(declared, given, tmp_path):
    finding = only(findings_of(read_cohort, write_csv(tmp_path, patients()), codebook(declared), **given))
    assert finding.code == "S06"
    assert read_cohort(write_csv(tmp_path, patients()), codebook({"separator": ","}), separator=",").ids


@pytest.mark.parametrize("given", [{"decimal": ";"}, {"separator": ",,"}, {"separator": '"'}, {"decimal": ","}])
def test_impossible_layouts(given, tmp_path):
    assert only(findings_of(read_cohort, write_csv(tmp_path, patients()), codebook(), **given)).code == "S03"


def test_seals(tmp_path):
    path = write_csv(tmp_path, patients())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(read_cohort(path, codebook({"rows": 40, "sha256": digest.upper()}))) == 40
    path.write_bytes(path.read_bytes().replace(b"P007", b"P0x7"))
    assert "checksum" in only(findings_of(read_cohort, path, codebook({"rows": 40, "sha256": digest}))).rule


def test_warnings_are_shown_where_the_user_reads(tmp_path):
    path = write_csv(tmp_path, patients(weight=70))
    with pytest.warns(PrognosisWarning, match=r"S04.*weight") as shown:
        read_cohort(path, codebook())
    assert shown[0].filename == __file__


def test_export_and_reading_are_inverse(tmp_path):
    cohort = datasets.load_mgus2()
    path = tmp_path / "again.csv"
    cohort.frame.reset_index().to_csv(path, index=False)
    book = Codebook(dict(cohort.codebook))
    pd.testing.assert_frame_equal(read_cohort(path, book).frame, cohort.frame)


class TestMgus2:
    def test_counts_as_in_r(self):
        cohort = datasets.load_mgus2()
        frame = cohort.frame
        assert len(cohort) == 1384
        assert cohort.warnings == ()
        assert frame[["hgb", "creat", "mspike"]].isna().sum().tolist() == [13, 30, 11]
        assert (frame["pstat"] == 1).sum() == 115
        assert (frame["death"] == 1).sum() == 963
        assert frame["event"].value_counts().to_dict() == {2: 860, 0: 409, 1: 115}

    def test_derived_columns_follow_their_rule(self):
        frame = datasets.load_mgus2().frame
        progressed = frame["pstat"] == 1
        np.testing.assert_array_equal(frame["pfs_months"], np.where(progressed, frame["ptime"], frame["futime"]))
        np.testing.assert_array_equal(frame["pfs_event"] == 1, progressed | (frame["death"] == 1))
        np.testing.assert_array_equal(frame["etime"], frame["pfs_months"])
        assert ((frame["event"] == 1) == progressed).all()

    def test_the_endpoint(self):
        outcome = datasets.mgus2_progression_free().outcome(datasets.load_mgus2())
        assert outcome.event.sum() == 975
        assert outcome.warnings == ()
        assert outcome.time.max() == 424

    def test_the_columns_of_r_are_untouched(self, shared):
        original = pd.read_csv(shared / "data" / "mgus2" / "mgus2.csv", dtype=str)
        ours = pd.read_csv(datasets.DATA / "mgus2.csv", dtype=str)
        pd.testing.assert_frame_equal(ours[list(original)], original)

    def test_every_column_has_labels_in_both_languages(self):
        for variable in datasets.load_mgus2().codebook.values():
            assert set(variable.label) == {"en", "zh"}


class TestUams:
    """A real cohort with one thing broken gives one finding that names row and rule."""

    @pytest.fixture
    def rows(self, shared):
        return pd.read_csv(shared / "data" / "mm_uams_tt2" / "mm_uams_tt2.csv", dtype=str, keep_default_na=False)

    def outcome(self, folder, rows):
        return endpoint(**EFS).outcome(read_cohort(write_csv(folder, rows), UAMS_BOOK))

    @pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
    def test_the_unbroken_cohort_reads(self, rows, tmp_path):
        outcome = self.outcome(tmp_path, rows)
        assert (len(outcome), int(outcome.event.sum())) == (350, 198)
        assert outcome.dropped == ("UAMS0166",)

    def test_its_only_doubt_is_rare_isotypes(self, rows, tmp_path):
        finding = only(check_file(write_csv(tmp_path, rows), UAMS_BOOK))
        assert (finding.code, finding.column) == ("C22", "isotype")

    def broken(self, folder, rows):
        return only(findings_of(self.outcome, folder, rows))

    def test_event_coded_1_2(self, rows, tmp_path):
        events = rows["pid"][rows["efs_event"] == "1"]
        rows["efs_event"] = rows["efs_event"].map({"0": "1", "1": "2"})
        finding = self.broken(tmp_path, rows)
        assert (finding.code, finding.column, finding.rows) == ("T05", "efs_event", tuple(events))
        assert "values {1,2}" in finding.rule

    @pytest.mark.parametrize("factor", [10, 100])
    def test_albumin_in_another_unit_for_30_percent(self, rows, tmp_path, factor):
        chosen = rows.sample(frac=0.3, random_state=1).index
        rows.loc[chosen, "albumin_g_dl"] = (
            (rows.loc[chosen, "albumin_g_dl"].astype(float) * factor).round(1).astype(str)
        )
        finding = self.broken(tmp_path, rows)
        assert (finding.code, finding.column) == ("C11", "albumin_g_dl")
        assert set(finding.rows) == set(rows.loc[chosen, "pid"])
        assert "30% (105 of 351)" in finding.rule

    @pytest.mark.parametrize("whole_row", [True, False])
    def test_a_duplicated_patient(self, rows, tmp_path, whole_row):
        if whole_row:
            rows = pd.concat([rows, rows.iloc[[16]]])
        else:
            rows.loc[351 - 1, "pid"] = rows.loc[16, "pid"]
        finding = self.broken(tmp_path, rows)
        assert (finding.code, finding.rows) == ("I01", (rows["pid"].iloc[16],))
        assert f"in rows 17 and {len(rows)}" in finding.rule

    def test_a_time_of_minus_3(self, rows, tmp_path):
        rows.loc[7, "efs_months"] = "-3"
        finding = self.broken(tmp_path, rows)
        assert (finding.code, finding.column, finding.rows) == ("T01", "efs_months", (rows.loc[7, "pid"],))
        assert "negative time" in finding.rule

    def test_an_unseen_category(self, rows, tmp_path):
        rows.loc[7, "sex"] = "unknown"
        finding = self.broken(tmp_path, rows)
        assert (finding.code, finding.rows, finding.value) == ("C23", (rows.loc[7, "pid"],), "'unknown'")


def test_import_is_light():
    heavy = "tableone pyreadstat openpyxl scipy sklearn statsmodels matplotlib rich"
    code = f"import sys, cohorts; assert not set('{heavy}'.split()) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})


def test_everything_promised_is_there():
    assert all(hasattr(cohorts, name) for name in cohorts.__all__)
    assert {"read_cohort", "Cohort", "Codebook", "TimeToEvent", "Competing", "Binary", "make_folds"} <= set(
        cohorts.__all__
    )
