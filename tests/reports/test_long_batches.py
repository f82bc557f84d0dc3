"""Reports on many patients: a kill costs the page in flight, the end is the same to the byte."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cohorts import Cohort
from cohorts.errors import RunError
from prognosis import FittedModel
from prognosis.execution import Execution
from reports import command_line
from reports.batch import report_patients
from reports.output_folder import LOCK
from tests.reports.test_long_runs import assert_same_run, journal_lines, manifest_of, outputs_of, started, stop_when

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
COUNT = 4


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")


@pytest.fixture(scope="module")
def files(unvalidated: FittedModel, patients: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Files of a model and of a table of four patients."""
    folder = tmp_path_factory.mktemp("files")
    rows = patients.head(COUNT).rename_axis("id")
    rows.to_csv(folder / "patients.csv")
    return unvalidated.save(folder / "cox.prognosis"), folder / "patients.csv"


def call(*arguments: object) -> int:
    """Call the command in this process and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["prognosis", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
    return int(ended.value.code or 0)


def test_kill_9_in_the_batch_and_resume(files: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Case K02: resume skips the finished, no torn PDF, the manifest is complete."""
    out, unbroken = tmp_path / "out", tmp_path / "unbroken"
    assert call("report", *files, "--out", unbroken) == 0
    assert len(outputs_of(unbroken)) == 2 * COUNT
    process = started("report", *files, "--out", out)
    code, _ = stop_when(process, lambda: len(journal_lines(out)) >= 2, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert (out / LOCK).exists()
    whole = outputs_of(unbroken)
    there = {name: data for name, data in outputs_of(out).items() if name.endswith((".pdf", ".html"))}
    assert all(whole[name] == data for name, data in there.items())
    finished = {name for line in journal_lines(out) for name in json.loads(json.loads(line)["content"][5:])}
    assert 4 <= len(finished) < 2 * COUNT
    written = {name: (out / name).stat().st_mtime_ns for name in finished}
    assert call("report", *files, "--out", out, "--resume") == 0
    assert "going on with the run in this folder" in capsys.readouterr().err
    assert written == {name: (out / name).stat().st_mtime_ns for name in finished}
    assert_same_run(out, unbroken)
    for name, digest in manifest_of(out)["outputs"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest


def test_a_page_that_was_changed_or_lost_is_written_again(
    unvalidated: FittedModel, mgus2: Cohort, patients: pd.DataFrame, tmp_path: Path
) -> None:
    two = mgus2.without([each for each in mgus2.ids if each not in patients.index[:2]], "two patients")
    done = report_patients(unvalidated, two, tmp_path)
    before = outputs_of(done.folder)
    first, second = (str(name) for name in patients.index[:2])
    (done.folder / "patients" / f"{first}.pdf").write_bytes(b"%PDF")
    (done.folder / "patients" / f"{second}.html").unlink()
    assert set(report_patients(unvalidated, two, tmp_path, resume=True).files) == set(done.files)
    assert outputs_of(done.folder) == before


def test_a_resume_with_another_table_or_model_is_refused(
    unvalidated: FittedModel, model: FittedModel, mgus2: Cohort, patients: pd.DataFrame, tmp_path: Path
) -> None:
    one, other = (
        Cohort.from_frame(
            mgus2.frame.loc[[name]].reset_index(names="id"), id="id", codebook=mgus2.codebook
        ) for name in patients.index[:2]
    )  # fmt: skip
    report_patients(unvalidated, one, tmp_path)
    with pytest.raises(RunError, match=r"\[K07\] file frame: it has changed"):
        report_patients(unvalidated, other, tmp_path, resume=True)
    with pytest.raises(RunError, match=r"\[K07\] file model: it has changed"):
        report_patients(model, one, tmp_path, resume=True)


def test_one_bad_patient_does_not_stop_two_processes(unvalidated: FittedModel, mgus2: Cohort, tmp_path: Path) -> None:
    incomplete = mgus2.frame[["hgb", "creat", "mspike"]].isna().any(axis=1)
    broken = str(incomplete.index[incomplete][0])
    three = mgus2.without([each for each in mgus2.ids if each not in ("90", "203", broken)], "three patients")
    with pytest.raises(RunError, match="1 of 3 patients could not be answered"):
        report_patients(unvalidated, three, tmp_path, execution=Execution(workers=2))
    assert (tmp_path / "patients" / "90.pdf").is_file()
    assert (tmp_path / "patients" / "203.pdf").is_file()
    assert list(json.loads((tmp_path / "failures.json").read_text())) == [broken]
    with pytest.raises(RunError, match="1 of 3 patients could not be answered"):
        report_patients(unvalidated, three, tmp_path, resume=True)
    assert set(manifest_of(tmp_path)["patients"]) == {"90", "203"}
