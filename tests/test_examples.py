"""The example studies of simulated cohorts run, small; their scripts and the truth they are compared with answer."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from cohorts.simulation import simulate_chondrosarcoma, simulate_giant_cell_tumour, simulate_myeloma
from cohorts.simulation.files import files_of
from reports.run import run_study

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
# What makes a run short; the questions and the models stay.
SMALLER = {r"\bfolds = \d+": "folds = 2", r"\btrees = \d+": "trees = 10", r"\brounds = \d+": "rounds = 4"}
SWITCHED_OFF = "explanations = false"
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def script(path):
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copied(name, made, folder):
    """Write a smaller copy of a study beside a small cohort."""
    (folder / "simulated").mkdir()
    for file, content in files_of(made).items():
        (folder / "simulated" / file).write_text(content, encoding="utf-8")
    for source in (EXAMPLES / name).glob("*.toml"):
        text = source.read_text(encoding="utf-8")
        for pattern, small in SMALLER.items():
            text = re.sub(pattern, small, text)
        text = text.replace("repeats = 1", "repeats = 1\nfigures = false")
        if SWITCHED_OFF not in text:
            text = text.replace("[reports]", f"[reports]\n{SWITCHED_OFF}")
        (folder / source.name).write_text(text, encoding="utf-8")
    return folder / "study.toml"


def ran(name, made, folder):
    run_study(copied(name, made, folder), folder / "out")
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def test_myeloma_progression(tmp_path):
    results = ran("myeloma_progression", simulate_myeloma(250, 1883), tmp_path)
    assert {line["model"] for line in results["ranking"]["models"]} == {"cox", "forest", "stage"}
    assert results["ranking"]["metric"] == "harrell_c"
    assert "r_iss=III" in json.dumps(results)
    assert (tmp_path / "out" / "nomogram_cox.pdf").read_bytes().startswith(b"%PDF")
    found = script(EXAMPLES / "myeloma_progression" / "screen.py").screened(tmp_path).table.set_index("feature")
    # a normal karyotype of myeloma denies nothing: of most patients it is not known
    assert found.loc["hyperdiploid", "n"] < 125
    assert found.loc["gain_1q21", "n"] == 250


def test_chondrosarcoma_metastasis(tmp_path):
    results = ran("chondrosarcoma_metastasis", simulate_chondrosarcoma(500, 2), tmp_path)
    ranking = results["ranking"]
    assert {line["model"] for line in ranking["models"]} == {"logistic", "vectors", "tree", "net"}
    assert all(0.4 < line["estimate"] < 0.95 for line in ranking["models"])


def test_myeloma_early_relapse(tmp_path):
    results = ran("myeloma_early_relapse", simulate_myeloma(300, 2953), tmp_path)
    assert {line["model"] for line in results["ranking"]["models"]} == {"boruta", "logistic", "cox"}
    windows = {line["horizon"] for line in results["validation"]["boruta"] if line["horizon"] is not None}
    assert windows == {24.0}


def test_giant_cell_tumour_recurrence(tmp_path):
    results = ran("giant_cell_tumour_recurrence", simulate_giant_cell_tumour(410, 410), tmp_path)
    assert {line["model"] for line in results["ranking"]["models"]} == {"fine_gray", "operation"}
    assert results["endpoint"]["kind"] == "competing"


def test_the_truth_is_the_ceiling_of_large_cohorts(tmp_path):
    truth = script(EXAMPLES / "truth.py").true_concordance
    made = tmp_path / "study"
    made.mkdir()
    copied("chondrosarcoma_metastasis", simulate_chondrosarcoma(20_000, 3), made)
    at_diagnosis = truth(made / "simulated", "metastasis_at_diagnosis_linear_predictor", "metastasis_at_diagnosis")
    assert 0.76 < at_diagnosis < 0.82
    later = truth(made / "simulated", "metastasis_linear_predictor", "os_event", "os_months")
    assert 0.4 < later < at_diagnosis


@pytest.mark.parametrize("study", sorted(EXAMPLES.glob("*/study.toml")), ids=lambda path: path.parent.name)
def test_every_example_says_how_its_cohort_is_made(study):
    tomllib.loads(study.read_text(encoding="utf-8"))
    page = (study.parent / "README.md").read_text(encoding="utf-8")
    command = next(line for line in study.read_text(encoding="utf-8").splitlines() if "prognosis simulate" in line)
    assert command.removeprefix("# ") in page
    assert len(page.splitlines()) <= 60
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 40 for path in study.parent.glob("*.py"))


def test_two_readings():
    example = script(EXAMPLES / "two_readings" / "readings.py")
    page = example.study(15, 15).text()
    printed = (EXAMPLES / "two_readings" / "README.md").read_text(encoding="utf-8")
    for name, right in (("CT", "7 of 9"), ("MRI", "8 of 9"), ("CT or MRI", "8 of 9"), ("CT and MRI", "7 of 9")):
        assert re.search(rf"^  {name} +sensitivity +{right} ", page, re.MULTILINE)
        assert f"| {name} | {right} " in printed
    shares = example.joint_beats_single(range(20))
    # "or" is right more often in fewer studies than it is more sensitive in, and no study of 15 can show it
    assert shares["more sensitive"] > shares["more accurate"] > shares["significantly"] == 0


@pytest.mark.parametrize("folder", ["two_readings", "radiograph_paper_audit"])
def test_pages_of_small_examples_are_short(folder):
    assert len((EXAMPLES / folder / "README.md").read_text(encoding="utf-8").splitlines()) <= 60
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 40 for path in (EXAMPLES / folder).glob("*.py"))
