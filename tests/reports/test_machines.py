"""A run with machines of a binary endpoint: what is reported of them, and when their rows may be written."""

from __future__ import annotations

import json

import pytest

from cohorts.errors import ModelFileError
from prognosis import load_model
from reports.run import run_study
from tests.reports.test_other_models import HEAD

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
STUDY = (
    HEAD
    + """
[endpoint]
name = "death"
kind = "binary"
event = "death"
[imputation]
method = "complete_cases"
"""
)


def table(kind, *options):
    predictors = 'predictors = ["age", "sex", "hgb"]'
    return "\n".join(["[[models]]", f'name = "{kind}"', f'kind = "{kind}"', predictors, *options, ""])


def run(folder, *models):
    (folder / "study.toml").write_text(STUDY + "\n".join(models), encoding="utf-8")
    run_study(folder / "study.toml", folder / "out")
    results = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))
    return results, (folder / "out" / "study_report.html").read_text(encoding="utf-8")


def test_machines_are_reported_without_coefficients(tmp_path):
    machines = (
        table("decision_tree"),
        table("support_vector_machine", 'kernel = "linear"', "folds = 2"),
        table("ada_boost", "rounds = 5", "folds = 2"),
    )
    results, html = run(tmp_path, *machines)
    linear = results["models"]["support_vector_machine"]
    assert linear["coefficients"] == []
    assert linear["coefficients_reason"] == "a support_vector_machine model has no coefficients"
    assert [row["term"] for row in linear["terms"]] == ["age", "sex=M", "hgb"]
    assert linear["terms"][0]["weight"] > 0
    assert {"splits", "minimal_depth"} <= set(results["models"]["ada_boost"]["terms"][0])
    for kind in ("decision_tree", "support_vector_machine", "ada_boost"):
        assert "learnt from decision values of inner folds" in results["conventions"][kind]
        assert f"What {kind} tells of its terms" in html
    for words in ("Weight per standard deviation", "Minimal depth", "answers by prognosis predict"):
        assert words in html
    old, young = (
        load_model(tmp_path / "out" / "models" / "decision_tree.prognosis").predict(
            {"age": age, "sex": "M", "hgb": 13.0}
        )
        for age in (85.0, 50.0)
    )
    assert old.risk[0, 0] > young.risk[0, 0] + 0.2


def test_a_run_writes_patients_rows_only_where_the_study_file_says_so(tmp_path):
    machine = table("support_vector_machine", "folds = 2")
    with pytest.raises(ModelFileError, match=r"made of patients' rows.*true in a study file") as caught:
        run(tmp_path, machine)
    assert caught.value.code == "L21"
    assert not (tmp_path / "out" / "models" / "support_vector_machine.prognosis").exists()
    results, html = run(tmp_path, machine + "store_reference = true\n")
    assert "L21" in [warning["code"] for warning in results["warnings"]]
    assert "patient data" in html
    assert (tmp_path / "out" / "models" / "support_vector_machine.prognosis").exists()
