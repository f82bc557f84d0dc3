"""A study file that takes codebook, endpoint and stage from a disease by name."""

from __future__ import annotations

import json
import warnings

import pytest

from cohorts.errors import DataContractError, PrognosisWarning, RunError
from cohorts.simulation import simulate_myeloma
from reports.declared_diseases import endpoint_table
from reports.run import run_study
from reports.study_file import read_study_file

STUDY = """
[study]
title = "Progression by stage"
seed = 1
[cohort]
file = "made.csv"
codebook = "myeloma"
[endpoint]
disease = "myeloma"
name = "pfs"
horizons = [12, 24]
[[stages]]
disease = "myeloma"
system = "r_iss"
normal = { ldh = 250 }
[[models]]
name = "cox"
kind = "cox"
predictors = ["age", "r_iss"]
[imputation]
method = "complete_cases"
"""


@pytest.fixture
def written(tmp_path):
    def write(text=STUDY):
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        return tmp_path / "study.toml"

    simulate_myeloma(400, 1, missing=0.05).cohort.frame.reset_index().to_csv(tmp_path / "made.csv", index=False)
    return write


def test_a_run_takes_everything_from_the_disease(written, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        run = run_study(written(), tmp_path / "out")
    assert {"D10"} <= {finding.code for finding in run.warnings}
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert "r_iss=III" in json.dumps(results)
    assert "IMWG" in json.dumps(results["endpoint"])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["inputs"]) == {"study.toml", "made.csv"}


def test_an_endpoint_of_a_disease_keeps_what_is_not_changed(written):
    table = endpoint_table(read_study_file(written()))
    assert (table["kind"], table["time"], table["horizons"]) == ("time_to_event", "pfs_months", [12.0, 24.0])
    own = STUDY.replace('disease = "myeloma"\nname = "pfs"', 'name = "pfs"\ntime = "pfs_months"')
    assert "kind" not in endpoint_table(read_study_file(written(own)))


@pytest.mark.parametrize(
    ("old", "new", "error", "code"),
    [
        ('system = "r_iss"', 'system = "tnm"', DataContractError, "D18"),
        ('name = "pfs"', 'name = "dfs"', DataContractError, "D18"),
        ("normal = { ldh = 250 }", "", DataContractError, "D04"),
        ("normal = { ldh = 250 }", "limits = 3", RunError, "U02"),
        ("normal =", "columns = { t_14_16 = true }\nnormal =", RunError, "U02"),
    ],
)
def test_what_is_wrong_is_refused(old, new, error, code, written, tmp_path):
    study = written(STUDY.replace(old, new))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        with pytest.raises(error) as caught:
            run_study(study, tmp_path / "out")
    assert caught.value.code == code


def test_a_stage_that_nobody_can_have_is_left_out_and_said(written, tmp_path):
    """t(14;16) assessed in nobody: then nobody can be stage I, of which no effect is estimated."""
    study = written(STUDY.replace("normal =", "columns = { t_14_16 = false }\nnormal ="))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        done = run_study(study, tmp_path / "out")
    (said,) = [finding for finding in done.warnings if finding.code == "C42"]
    assert "category 'I' of" in said.rule
    assert "the reference is 'II'" in said.rule
