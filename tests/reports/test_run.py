"""A study file run end to end on the embedded cohort: files, numbers, manifest, faults."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cohorts.datasets import DATA, load_mgus2
from cohorts.endpoint import endpoint_from_dict
from cohorts.errors import DataContractError, FitError, RunError
from nomograms import Nomogram
from prognosis import Study, load_model
from prognosis.models import Cox
from reports.batch import report_patients
from reports.calculator import Calculator
from reports.demonstration import STUDY
from reports.output_folder import Run
from reports.patient import PatientReport
from reports.run import run_study
from reports.study import StudyReport
from reports.study_file import read_study_file
from reports.wording import Wording

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")

EXPECTED = {
    "results.json", "manifest.json", "table_one.csv", "table_one.html", "models/cox.prognosis", "nomogram_cox.pdf",
    "nomogram_cox.svg", "nomogram_cox.csv", "nomogram_cox.txt", "nomogram_cox.json", "study_report.pdf",
    "study_report.html", "model_card_cox.json",
    *(f"{name}_ai.{form}" for name in ("tripod", "probast") for form in ("pdf", "html", "json")),
    "figures/observed.pdf", "figures/observed.svg",
    *(f"figures/{name}_cox{rank}.{form}" for form in ("pdf", "svg") for name, rank in (
        ("optimism", ""), ("calibration", ""), ("instability", ""), ("beeswarm", ""),
        *(("dependence", f"_{rank}") for rank in (1, 2, 3, 4)))),
    "explanation_cox.parquet",
    *(f"patients/{i}.{suffix}" for i in ("90", "203", "402") for suffix in ("pdf", "html")),
}  # fmt: skip


# without the figures of the validation, where they are not the point
PLAIN = ("repeats = 4", "repeats = 4\nfigures = false")


def write_study(folder: Path, *changes: tuple[str, str], explained: bool = False) -> Path:
    """Copy the embedded study with fewer resamples and some changes, without its explanations unless they are asked."""
    for name in ("mgus2.csv", "mgus2.codebook.toml"):
        shutil.copyfile(DATA / name, folder / name)
    text = STUDY.read_text(encoding="utf-8").replace("repeats = 200", "repeats = 4")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    if not explained:
        text = text.replace("[reports]", "[reports]\nexplanations = false")
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1790000000")
        return run_study(write_study(folder, explained=True), folder / "out")


@pytest.fixture(scope="module")
def two_models(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two models without explanations, with axes from centile to centile, one patient and calculators."""
    folder = tmp_path_factory.mktemp("two")
    second = '[[models]]\nname = "small"\nkind = "cox"\npredictors = ["age", "sex"]\n\n[imputation]'
    centiles = 'model = "cox"\nlimits = "centiles"'
    path = write_study(
        folder,
        ("[imputation]", second),
        ('model = "cox"', centiles),
        ('["90", "203", "402"]', '["90"]'),
        ("[reports]", "[reports]\ncalculator = true"),
        (PLAIN[0], f'{PLAIN[1]}\nsubgroups = ["sex", "age"]\ncuts = {{ age = [35, 75] }}'),
    )
    return run_study(path, folder / "out")


def test_a_run_writes_the_calculator_of_every_regression(two_models: Run) -> None:
    for name in ("cox", "small"):
        written = (two_models.folder / f"calculator_{name}.html").read_text(encoding="utf-8")
        assert written == Calculator(load_model(two_models.folder / f"models/{name}.prognosis")).html()
        assert f"calculator_{name}.html" in two_models.files


@pytest.fixture(scope="module")
def results(done: Run) -> dict[str, Any]:
    return json.loads((done.folder / "results.json").read_text(encoding="utf-8"))


def test_every_file_is_there_and_in_the_list(done: Run) -> None:
    files = {str(path.relative_to(done.folder)) for path in done.folder.rglob("*") if path.is_file()}
    journal = {name for name in files if name.startswith("journal/")}
    assert {Path(name).suffix for name in journal} == {".jsonl", ""}
    assert files - journal == EXPECTED
    assert set(done.files) == EXPECTED


def test_the_manifest_names_every_file_by_its_digest(done: Run) -> None:
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["exit_state"] == "done"
    assert set(manifest["outputs"]) == EXPECTED - {"manifest.json"}
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256((done.folder / name).read_bytes()).hexdigest() == digest
    data = hashlib.sha256((DATA / "mgus2.csv").read_bytes()).hexdigest()
    assert manifest["inputs"]["mgus2.csv"] == data
    assert manifest["patients"] == {"90": "90", "203": "203", "402": "402"}
    assert {"bone-prognosis", "python", "numpy"} <= set(manifest["versions"])


def test_the_explanations_of_a_run_add_up_to_its_risks(done: Run) -> None:
    table = pd.read_parquet(done.folder / "explanation_cox.parquet")
    by_patient = table.groupby(["id", "horizon"])
    added = by_patient["contribution"].sum() + by_patient["base"].first()
    np.testing.assert_allclose(added, by_patient["prediction"].first(), atol=1e-8)
    report = (done.folder / "study_report.html").read_text(encoding="utf-8")
    assert "What the models look at" in report
    assert "associated, not caused" in report


def test_a_study_file_can_leave_explanations_out(two_models: Run) -> None:
    assert "study_report.pdf" in two_models.files
    assert not any("explanation" in name or "beeswarm" in name for name in two_models.files)


def test_a_study_file_can_leave_figures_of_the_validation_out(two_models: Run) -> None:
    assert not any(name.startswith(("figures/optimism", "figures/calibration")) for name in two_models.files)


def test_declared_subgroups_are_in_the_results_and_in_the_report(two_models: Run) -> None:
    results = json.loads((two_models.folder / "results.json").read_text(encoding="utf-8"))
    assert set(results["subgroups"]) == {"cox", "small"}
    groups = results["subgroups"]["cox"]["groups"]
    assert {"column", "group", "n", "events", "horizon", "metric", "estimate", "lower", "upper"} <= set(groups[0])
    assert [line["group"] for line in groups if line["metric"] == "harrell_c"] == [
        "F",
        "M",
        "< 35",
        "[35, 75)",
        ">= 75",
    ]
    few = [line for line in groups if line["group"] == "< 35"]
    assert all(line["estimate"] is None and "below 10" in line["reason"] for line in few)
    assert any(warning["code"] == "E15" for warning in results["warnings"])
    (table,) = (item for item in StudyReport(results, {}).content["tables"] if "groups of patients" in item["title"])
    rows = [row for row in table["rows"] if row[0] == "cox"]
    assert [row[3] for row in rows if row[1] == "Age at diagnosis: < 35"] == ["too few events to judge"]
    women = next(line for line in groups if line["group"] == "F" and line["metric"] == "harrell_c")
    assert rows[0][:5] == [
        "cox",
        "Sex: F",
        f"{women['n']} / {women['events']}",
        "Harrell's C",
        f"{women['estimate']:.3f}",
    ]


def test_results_hold_the_keys_that_scripts_rely_on(results: dict[str, Any]) -> None:
    assert {
        "schema_version",
        "flow",
        "endpoint",
        "table_one",
        "models",
        "validation",
        "external",
        "nomograms",
        "warnings",
    } <= set(results)
    model = results["models"]["cox"]
    assert {"coefficients", "loglik", "n", "events", "baseline"} <= set(model)
    assert {"term", "estimate", "se", "lower", "upper", "p"} <= set(model["coefficients"][0])
    assert len(model["baseline"]["time"]) == len(model["baseline"]["cumulative_hazard"])
    assert {"metric", "horizon", "apparent", "optimism", "corrected", "lower", "upper"} <= set(
        results["validation"]["cox"][0]
    )
    assert {"scales", "total", "outcomes", "reading_error"} <= set(results["nomograms"]["cox"])
    assert {"code", "message"} == set(results["warnings"][0])


def test_the_flow_accounts_for_every_row(results: dict[str, Any]) -> None:
    steps = {line["step"]: line["n"] for line in results["flow"]}
    assert steps["rows read"] == 1384
    assert steps["rows kept"] == results["models"]["cox"]["n"] == results["endpoint"]["n"] == 1338
    assert sum(n for step, n in steps.items() if step.startswith("left out")) == 46


def test_a_missing_number_is_null_with_a_reason(results: dict[str, Any]) -> None:
    rows = results["validation"]["cox"]
    assert {row["horizon"] for row in rows if row["metric"] == "auc"} == {60, 120, 240}
    for row in rows:
        if row["metric"] in ("harrell_c", "calibration_slope"):
            assert row["horizon"] is None
            assert "whole follow-up" in row["reason"]

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, float):
            assert math.isfinite(value)

    walk(results)


def test_the_numbers_are_those_of_the_interface(done: Run, results: dict[str, Any]) -> None:
    declared = read_study_file(STUDY)
    study = Study(
        load_mgus2(), endpoint_from_dict(declared.endpoint), declared.predictors, seed=2026, missing="complete_cases"
    )
    model = study.fit(Cox(splines={"creat": 3}), name="cox")
    stored = results["models"]["cox"]
    assert [row["estimate"] for row in stored["coefficients"]] == model.summary["coefficient"].tolist()
    assert stored["loglik"] == model.loglik[1]
    validation = study.validate(model, "bootstrap", repeats=4)
    assert [row["corrected"] for row in results["validation"]["cox"]] == validation.table["corrected"].tolist()
    loaded = load_model(done.folder / "models/cox.prognosis")
    patients = study.frame.iloc[:20]
    assert np.array_equal(loaded.predict(patients).risk, model.predict(patients).risk)
    assert loaded.hash == stored["hash"]


def test_a_third_party_can_predict_from_the_results(done: Run, results: dict[str, Any]) -> None:
    """Coefficients, knots, means and baseline are enough: TRIPOD+AI item 22, checked by hand on one patient."""
    stored = results["models"]["cox"]
    k1, k2, k3 = stored["knots"]["creat"]
    x = {"age": 62.0, "sex=M": 0.0, "hgb": 13.6, "creat": 1.0, "mspike": 1.5}
    cube = lambda v: max(v, 0.0) ** 3  # noqa: E731
    bend = cube(1.0 - k1) - cube(1.0 - k2) * (k3 - k1) / (k3 - k2) + cube(1.0 - k3) * (k2 - k1) / (k3 - k2)
    x["creat'"] = bend / (k3 - k1) ** 2
    eta = sum(row["estimate"] * (x[row["term"]] - stored["means"][row["term"]]) for row in stored["coefficients"])
    before = [
        h for t, h in zip(stored["baseline"]["time"], stored["baseline"]["cumulative_hazard"], strict=True) if t <= 60
    ]
    by_hand = 1 - math.exp(-before[-1] * math.exp(eta))
    patient = {"age": 62.0, "sex": "F", "hgb": 13.6, "creat": 1.0, "mspike": 1.5}
    model = load_model(done.folder / "models/cox.prognosis")
    assert by_hand == pytest.approx(model.predict(patient, [60]).risk[0, 0], abs=1e-12)


def test_the_same_run_gives_the_same_bytes(done: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    again = run_study(write_study(tmp_path, explained=True), tmp_path / "out")
    for name in EXPECTED - {"manifest.json"}:
        assert (again.folder / name).read_bytes() == (done.folder / name).read_bytes(), name


def test_points_on_a_patients_page_are_those_of_the_studys_nomogram(two_models: Run, tmp_path: Path) -> None:
    model = load_model(two_models.folder / "models/cox.prognosis")
    patient = load_mgus2().view(model.predictors).loc[["90"]]
    drawn = Nomogram(model, limits="centiles").svg(patient, caption=False)
    page = PatientReport(model, patient, nomogram=drawn, explanation="own")
    page.save(tmp_path / "expected.html")
    # the loaded model is not verified either: the pages are equal to the byte
    assert (two_models.folder / "patients/90.html").read_bytes() == (tmp_path / "expected.html").read_bytes()


def test_doubtful_hazards_reach_the_model_file_and_the_page(done: Run) -> None:
    model = load_model(done.folder / "models/cox.prognosis")
    assert "N10" in {finding.code for finding in model.warnings}
    assert Wording("en")("limit_N10") in (done.folder / "patients/90.html").read_text(encoding="utf-8")


def test_two_models_share_the_rows(two_models: Run) -> None:
    models = json.loads((two_models.folder / "results.json").read_text(encoding="utf-8"))["models"]
    assert models["small"]["n"] == models["cox"]["n"] == 1338
    assert [row["term"] for row in models["small"]["coefficients"]] == ["age", "sex=M"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (('method = "complete_cases"', 'method = "mean"'), RunError, "imputation.method"),
        (('"90", "203"', '"90", "99999"'), DataContractError, "row ids 99999"),
        (('"age", "sex"', '"age", "pfs_event"'), DataContractError, "belongs to the outcome list"),
        (("horizons = [60, 120, 240]", "horizons = [60, 900]"), DataContractError, "beyond the max follow-up of 424"),
        (("horizons = [60, 120, 240]", 'horizons = "24"'), DataContractError, "no list of numbers"),
        (("horizons = [60, 120, 240]", "horizons = []"), RunError, "declares no horizons"),
        (("splines = { creat = 3 }", 'splines = ["creat"]'), FitError, "splines must be a mapping"),
        (("splines = { creat = 3 }", 'strata = "sex"'), FitError, "strata must be a list"),
        (('kind = "time_to_event"', 'kind = "binary"'), DataContractError, "unknown keys"),
        (('time = "pfs_months"', 'time = "etime"'), None, ""),
        (('event = "pfs_event"', 'event = "event"'), DataContractError, "competing"),
        (("splines = { creat = 3 }", "splines = { sex = 3 }"), FitError, "a category has no spline"),
        (("splines = { creat = 3 }", "stratas = ['sex']"), RunError, "Cox has no option stratas"),
        (('file = "mgus2.csv"', 'file = "none.csv"'), RunError, "No such file"),
    ],
)
def test_a_fault_stops_the_run_and_is_in_the_manifest(
    tmp_path: Path, change: tuple[str, str], error: type[Exception] | None, words: str
) -> None:
    if error is None:
        path = write_study(tmp_path, change, PLAIN, ('["90", "203", "402"]', '["90"]'))
        assert run_study(path, tmp_path / "out").files
        return
    path = write_study(tmp_path, change, ("repeats = 4", "repeats = 2"))
    with pytest.raises(error, match=words):
        run_study(path, tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    if manifest.exists():
        assert json.loads(manifest.read_text())["exit_state"] == f"failed: {error.__name__}"
    assert not (tmp_path / "out" / ".lock").exists()
    assert not list(tmp_path.rglob("*.part"))


def test_where_there_is_no_hazards_test_the_reason_stands(tmp_path: Path) -> None:
    """Two columns that depend on each other: only a penalty fits them, and the score test does not exist."""
    twin = 'predictors = ["age", "again"]'
    path = write_study(
        tmp_path,
        ('predictors = ["age", "sex", "hgb", "creat", "mspike"]', twin),
        ("splines = { creat = 3 }", "ridge = 1.0"),
        ('[imputation]\nmethod = "complete_cases"', ""),
        ('"90", "203", "402"', '"90"'),
        PLAIN,
    )
    table = (tmp_path / "mgus2.csv").read_text(encoding="utf-8").splitlines()
    age = table[0].split(",").index("age")
    rows = [line + "," + ("again" if k == 0 else line.split(",")[age]) for k, line in enumerate(table)]
    (tmp_path / "mgus2.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    codebook = tmp_path / "mgus2.codebook.toml"
    lines = [line for line in codebook.read_text(encoding="utf-8").splitlines() if not line.startswith("sha256")]
    codebook.write_text("\n".join([*lines, "[variables.again]", 'kind = "numeric"']) + "\n", encoding="utf-8")
    done = run_study(path, tmp_path / "out")
    model = json.loads((done.folder / "results.json").read_text(encoding="utf-8"))["models"]["cox"]
    assert model["proportional_hazards"] is None
    assert "depend on each other" in model["proportional_hazards_reason"]
    assert "depend on each other" in (done.folder / "study_report.html").read_text(encoding="utf-8")


def test_missing_predictors_are_refused_without_a_declared_strategy(tmp_path: Path) -> None:
    path = write_study(tmp_path, ('[imputation]\nmethod = "complete_cases"', ""))
    with pytest.raises(
        DataContractError, match=r"missing values without a declared strategy.*creat 30 \(2.2 percent\)"
    ):
        run_study(path, tmp_path / "out")


def test_ids_never_become_paths(tmp_path: Path) -> None:
    """Case R01: hostile ids are written inside the folder, under hashed names that the manifest maps."""
    path = write_study(tmp_path, ('"90", "203", "402"', '"../../evil", "CON"'), PLAIN)
    table = (tmp_path / "mgus2.csv").read_text(encoding="utf-8").splitlines()
    table[1] = "../../evil," + table[1].split(",", 1)[1]
    table[2] = "CON," + table[2].split(",", 1)[1]
    (tmp_path / "mgus2.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    codebook = tmp_path / "mgus2.codebook.toml"
    lines = [line for line in codebook.read_text(encoding="utf-8").splitlines() if not line.startswith("sha256")]
    codebook.write_text("\n".join(lines), encoding="utf-8")
    done = run_study(path, tmp_path / "deep" / "er" / "out")
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["patients"]) == {"../../evil", "CON"}
    for name in manifest["patients"].values():
        assert name.startswith("patient-")
        assert (done.folder / "patients" / f"{name}.pdf").is_file()
    outside = {item.name for item in tmp_path.iterdir()} | {item.name for item in (tmp_path / "deep").iterdir()}
    assert outside == {"mgus2.csv", "mgus2.codebook.toml", "study.toml", "deep", "er"}


def test_one_patient_who_cannot_be_answered_does_not_stop_the_others(done: Run, tmp_path: Path) -> None:
    model = load_model(done.folder / "models/cox.prognosis")
    cohort = load_mgus2()
    incomplete = cohort.frame[["hgb", "creat", "mspike"]].isna().any(axis=1)
    broken = str(incomplete.index[incomplete][0])
    two = cohort.without([i for i in cohort.ids if i not in ("90", broken)], "two patients")
    with pytest.raises(RunError, match="1 of 2 patients could not be answered") as caught:
        report_patients(model, two, tmp_path / "out")
    assert caught.value.code == "U06"
    assert (tmp_path / "out" / "patients" / "90.pdf").is_file()
    failures = json.loads((tmp_path / "out" / "failures.json").read_text())
    assert list(failures) == [broken]
    assert "[P02]" in failures[broken]
