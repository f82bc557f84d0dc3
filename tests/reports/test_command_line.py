"""The command `prognosis`: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from cohorts.datasets import DATA, load_mgus2, mgus2_progression_free
from prognosis import FittedModel, Study
from prognosis.models import Cox
from reports import command_line
from reports.demonstration import STUDY

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
ROOT = Path(__file__).resolve().parents[2]
PATIENTS = "id,age,sex,hgb,creat,mspike\n90,62,F,13.6,1.0,1.5\n203,73,M,14.8,1.8,1.9\n"

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command in this process; returns exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["prognosis", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture(scope="module")
def fitted() -> FittedModel:
    study = Study(
        load_mgus2(), mgus2_progression_free(), ["age", "sex", "hgb", "creat", "mspike"], missing="complete_cases"
    )
    return study.fit(Cox())


@pytest.fixture
def model(fitted: FittedModel, tmp_path: Path) -> Path:
    return fitted.save(tmp_path / "cox.prognosis")


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text(PATIENTS, encoding="utf-8")
    return path


def test_help_teaches(call: Call) -> None:
    code, out, _ = call("--help")
    assert code == 0
    for word in ("demo", "check", "run", "predict", "report", "nomogram", "no treatment advice", "Exit codes"):
        assert word in out
    for command in ("demo", "check", "run", "predict", "report", "nomogram"):
        code, out, _ = call(command, "--help")
        assert code == 0
        assert "Usage" in out


def test_version(call: Call) -> None:
    assert call("--version")[1].startswith("bone-prognosis 0.")


def test_help_imports_nothing_heavy() -> None:
    """Fast by construction: the time itself depends on the machine."""
    code = (
        "import sys\nfrom reports.command_line import main\nsys.argv = ['prognosis', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "bad = {'torch', 'shap', 'sklearn', 'scipy', 'numba', 'matplotlib', 'typst'} & set(sys.modules)\n"
        "sys.exit(f'imported: {sorted(bad)}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [("dream",), ("run",), ("predict", "m"), ("demo", "--outt", "x")])
def test_wrong_usage_ends_with_2(call: Call, arguments: tuple[str, ...]) -> None:
    assert call(*arguments)[0] == 2


def test_check_passes_the_embedded_cohort(call: Call) -> None:
    code, out, _ = call("check", DATA / "mgus2.csv", "--codebook", DATA / "mgus2.codebook.toml")
    assert code == 0
    assert "rows read 1384" in " ".join(out.split())
    assert "missing: creat 30" in out
    assert out.rstrip().splitlines()[-1].startswith("ok:")


def test_check_as_json_and_with_an_error(call: Call, tmp_path: Path) -> None:
    text = (DATA / "mgus2.csv").read_text(encoding="utf-8").replace("\n1,88,", "\n1,eighty,", 1)
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    lines = (DATA / "mgus2.codebook.toml").read_text(encoding="utf-8").splitlines()
    (tmp_path / "c.toml").write_text("\n".join(x for x in lines if not x.startswith("sha256")), encoding="utf-8")
    code, out, err = call("check", tmp_path / "c.csv", "-c", tmp_path / "c.toml", "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["ok"] is False
    (finding,) = [f for f in answer["findings"] if f["severity"] == "error"]
    assert finding["column"] == "age"
    assert finding["rows"] == ["1"]
    assert "eighty" in finding["message"]
    assert "Traceback" not in err


def test_check_of_an_absent_file_is_one_line(call: Call, tmp_path: Path) -> None:
    code, out, err = call("check", tmp_path / "none.csv", "-c", DATA / "mgus2.codebook.toml")
    assert code == 1
    assert "none.csv" in out + err
    assert "Traceback" not in err


def test_predict_equals_python(call: Call, model: Path, patients: Path, fitted: FittedModel, tmp_path: Path) -> None:
    code, out, _ = call("predict", model, patients, "--out", tmp_path / "risks.csv", "--horizons", "60,120")
    assert code == 0
    assert "2 patients" in out
    written = pd.read_csv(tmp_path / "risks.csv", dtype={"id": str}, float_precision="round_trip")
    frame = pd.read_csv(patients, dtype={"id": str}).set_index("id")
    expected = fitted.predict(frame, [60, 120]).table
    assert written["id"].tolist() == expected["id"].tolist()
    for name in ("horizon", "risk", "lower", "upper"):
        assert written[name].tolist() == expected[name].tolist()


def test_predict_beyond_the_follow_up_leaves_the_cell_empty_and_says_why(
    call: Call, model: Path, patients: Path, tmp_path: Path
) -> None:
    code, _, err = call("predict", model, patients, "--out", tmp_path / "r.csv", "--horizons", "60,600")
    table = pd.read_csv(tmp_path / "r.csv")
    assert code == 0
    assert table.loc[table["horizon"] == 600, "risk"].isna().all()
    assert table.loc[table["horizon"] == 600, "remarks"].str.contains("max follow-up of 424").all()
    assert "beyond the max follow-up" in err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("90,62,F", "90,62,X", ("column sex", "row ids 90", "'X'", "'F', 'M'")),
        ("90,62,F", "90,,F", ("age", "row ids 90")),
        ("90,62,F", "90,400,F", ("age", "row ids 90", "400", "18", "110")),
        ("13.6", "136", ("hgb", "row ids 90", "136")),
        ("id,age", "id,years", ("column age",)),
        ("203,73", "90,73", ("duplicate", "90")),
        ("13.6", "<5", ("hgb", "row ids 90", "<5")),
    ],
)
def test_a_patient_who_cannot_be_answered_is_one_clear_finding(
    call: Call, model: Path, patients: Path, tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    patients.write_text(PATIENTS.replace(old, new), encoding="utf-8")
    code, _, err = call("predict", model, patients, "--out", tmp_path / "r.csv")
    assert code == 1
    assert err.count("error: ") == 1
    assert len([line for line in err.splitlines() if "[" in line and "]" in line]) == 1, err
    for word in words:
        assert word in err
    assert not (tmp_path / "r.csv").exists()


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(
    call: Call, model: Path, patients: Path, tmp_path: Path
) -> None:
    patients.write_text(PATIENTS.replace("90,62", '"=cmd|x!A1",62'), encoding="utf-8")
    code, _, _ = call("predict", model, patients, "--out", tmp_path / "r.csv")
    assert code == 0
    assert "'=cmd|x!A1" in (tmp_path / "r.csv").read_text()


def test_other_separators_are_declared(call: Call, model: Path, patients: Path, tmp_path: Path) -> None:
    patients.write_text(PATIENTS.replace(",", ";").replace(".", ","), encoding="utf-8")
    assert call("predict", model, patients, "--out", tmp_path / "r.csv")[0] == 1
    code, *_ = call("predict", model, patients, "--out", tmp_path / "r.csv", "--separator", ";", "--decimal", ",")
    assert code == 0
    assert call("predict", model, patients, "--out", tmp_path / "r.csv", "--decimal", "x")[0] == 2
    assert call("predict", model, patients, "--out", tmp_path / "r.csv", "--horizons", "a,b")[0] == 2


def test_a_digest_is_checked(call: Call, model: Path, patients: Path, fitted: FittedModel, tmp_path: Path) -> None:
    assert call("predict", model, patients, "--out", tmp_path / "r.csv", "--sha256", fitted.hash)[0] == 0
    code, _, err = call("predict", model, patients, "--out", tmp_path / "r.csv", "--sha256", "0" * 64)
    assert code == 1
    assert "sha256 expected" in err


def test_nomogram_with_a_patient(call: Call, model: Path, patients: Path, tmp_path: Path) -> None:
    out = tmp_path / "n.svg"
    code, printed, err = call("nomogram", model, "--out", out, "--patient", "203", "--patients", patients)
    assert code == 0, err
    assert printed.strip() == str(out)
    assert out.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert call("nomogram", model, "--out", out, "--patient", "203")[0] == 2
    page = tmp_path / "n.txt"
    code, _, err = call("nomogram", model, "--out", page, "--approximate", "--width", 85)
    assert code == 0, err
    told = page.read_text(encoding="utf-8")
    assert "An approximation, not the model itself" in told
    assert "Total points: Median time" not in told
    code, _, err = call("nomogram", model, "--out", page, "--median", "--approximate")
    assert (code, "G27" in err) == (1, True)
    code, _, err = call("nomogram", model, "--out", page, "--median")
    assert code == 0, err
    assert "Total points: Median time to" in page.read_text(encoding="utf-8")
    code, _, err = call("nomogram", model, "--out", out, "--patient", "7", "--patients", patients)
    assert code == 1
    assert "row ids 7" in err


def test_reports_for_a_table_of_patients(call: Call, model: Path, patients: Path, tmp_path: Path) -> None:
    code, out, err = call("report", model, patients, "--out", tmp_path / "reports")
    assert code == 0, err
    for name in ("90.pdf", "90.html", "203.pdf", "203.html"):
        assert (tmp_path / "reports" / "patients" / name).is_file()
        assert f"patients/{name}" in out
    manifest = json.loads((tmp_path / "reports" / "manifest.json").read_text())
    assert manifest["patients"] == {"90": "90", "203": "203"}


def test_the_risks_never_replace_an_input(call: Call, model: Path, patients: Path, tmp_path: Path) -> None:
    before = patients.read_bytes()
    for out in (patients, tmp_path / "risks.xlsx", tmp_path / "no_suffix"):
        assert call("predict", model, patients, "--out", out)[0] == 2
    assert patients.read_bytes() == before
    (tmp_path / "folder.csv").mkdir()
    code, _, err = call("predict", model, patients, "--out", tmp_path / "folder.csv")
    assert code == 1
    assert "cannot be written" in err
    assert not list(tmp_path.glob("*.part"))


def test_an_interrupt_is_one_line_and_130(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case K10 as far as a run goes: an interrupt inside a compiled kernel arrives as a SystemError."""
    import reports.run

    def stopped(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as inner:
            raise SystemError("returned a result with an exception set") from inner

    monkeypatch.setattr(reports.run, "_study", stopped)
    shutil.copytree(DATA, tmp_path / "study")
    shutil.copyfile(STUDY, tmp_path / "study" / STUDY.name)
    code, _, err = call("run", tmp_path / "study" / STUDY.name, "--out", tmp_path / "out")
    assert code == 130
    assert err.rstrip().splitlines()[-1].startswith("interrupted")
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["exit_state"] == "interrupted"
