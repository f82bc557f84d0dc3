"""The command `prognosis simulate`: what it writes can be read, checked and run."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from cohorts import Codebook, endpoint_from_dict, read_cohort
from cohorts.simulation import SIMULATORS
from cohorts.simulation.files import files_of
from reports import command_line
from reports.simulate_command import STARTERS
from reports.study_file import read_study_file

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Call the command in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["prognosis", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("disease", STARTERS)
def test_the_files_give_the_cohort_again(disease: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["--n", 150, "--seed", 4, "--centres", 3, "--missing", 0.1]
    assert call(monkeypatch, "simulate", disease, "--out", tmp_path / "made", *asked) == 0
    made = SIMULATORS[disease](150, 4, centres=3, missing=0.1)
    study = read_study_file(tmp_path / "made" / "study.toml")
    read = read_cohort(tmp_path / "made" / study.cohort.file, tmp_path / "made" / study.cohort.codebook)
    pd.testing.assert_frame_equal(read.frame, made.cohort.frame, check_dtype=False)
    assert dict(read.codebook) == dict(made.cohort.codebook)
    endpoint = endpoint_from_dict(study.endpoint)
    assert endpoint.to_dict() == made.endpoints[STARTERS[disease][0]].to_dict()
    assert len(endpoint.outcome(read)) == 150
    truth = pd.read_csv(tmp_path / "made" / "truth.csv", index_col="patient")
    assert tuple(truth.index) == read.ids
    effects = pd.read_csv(tmp_path / "made" / "effects.csv")
    assert effects["source"].str.match("seen: |chosen").all()


def test_the_study_file_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(monkeypatch, "simulate", "myeloma", "--out", tmp_path / "made", "--n", 300) == 0
    study = tmp_path / "made" / "study.toml"
    study.write_text(study.read_text() + '[validation]\nmethod = "bootstrap"\nrepeats = 5\nfigures = false\n')
    assert call(monkeypatch, "run", study, "--out", tmp_path / "results") == 0
    assert (tmp_path / "results" / "results.json").is_file()


def test_a_folder_with_other_files_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_text("x")
    assert call(monkeypatch, "simulate", "myeloma", "--out", tmp_path) == 1
    assert "U03" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["mine.csv"]


def test_impossible_numbers_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "simulate", "myeloma", "--out", tmp_path / "made", "--n", 0) == 1
    assert "D30" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_the_codebook_is_written_whole(tmp_path: Path) -> None:
    made = SIMULATORS["chondrosarcoma"](60, 1)
    (tmp_path / "c.toml").write_text(files_of(made)["codebook.toml"], encoding="utf-8")
    assert dict(Codebook.from_toml(tmp_path / "c.toml")) == dict(made.cohort.codebook)
