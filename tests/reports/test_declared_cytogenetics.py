"""Karyotypes and FISH in a study file: from text to a fitted model, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, RunError
from reports.run import run_study
from reports.study_file import read_study_file

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
CODEBOOK = """
[variables]
pid = { kind = "id" }
karyotype = { kind = "text" }
age = { kind = "numeric", unit = "years" }
months = { kind = "time", unit = "months" }
event = { kind = "event", values = { censored = 0, event = 1 } }
"""
STUDY = """
[study]
title = "Karyotypes"
[cohort]
file = "cohort.csv"
codebook = "codebook.toml"
[cytogenetics]
karyotype = "karyotype"
fish_table = "fish.csv"
features = ["del17p", "gain_1q21"]
[endpoint]
name = "death"
kind = "time_to_event"
time = "months"
event = "event"
unit = "months"
origin = "diagnosis"
[[models]]
name = "cox"
kind = "cox"
predictors = ["age", "del17p"]
[imputation]
method = "complete_cases"
[reports]
explanations = false
"""


def write(folder: Path, **changes: str) -> Path:
    """Write a cohort of 120 whose del(17p) doubles the hazard; every third has FISH only."""
    draw = np.random.default_rng(20261121)
    deleted = draw.random(120) < 0.4
    months = draw.exponential(20 / (1 + 2 * deleted)).round(2) + 0.01
    metaphases = np.where(deleted, "46,XX,+7,del(17)(p13)[5]/46,XX[15]", "47,XX,+7[10]/46,XX[10]")
    only_fish = np.arange(120) % 3 == 0
    table = pd.DataFrame({
        "pid": [f"P{n}" for n in range(120)], "karyotype": np.where(only_fish, "", metaphases),
        "age": draw.normal(65, 8, 120).round(), "months": months, "event": (draw.random(120) < 0.8).astype(int),
    })  # fmt: skip
    table.to_csv(folder / "cohort.csv", index=False)
    fish = pd.DataFrame({
        "patient": table.pid, "probe": "TP53/D17Z1", "pattern": np.where(deleted, "1/2", "2/2"),
        "positive": 120, "counted": 200, "enriched": "yes",
    })  # fmt: skip
    fish.loc[~deleted, "positive"] = 200
    fish[only_fish].to_csv(folder / "fish.csv", index=False)
    (folder / "codebook.toml").write_text(CODEBOOK, encoding="utf-8")
    text = STUDY
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def test_a_study_of_karyotypes_and_fish(tmp_path):
    done = run_study(write(tmp_path), tmp_path / "out")
    results = json.loads((done.folder / "results.json").read_text(encoding="utf-8"))
    terms = {line["term"]: line for line in results["models"]["cox"]["coefficients"]}
    assert results["models"]["cox"]["n"] == 120
    assert 0.5 < terms["del17p"]["estimate"] < 1.7
    manifest = json.loads((done.folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["inputs"]) == {"study.toml", "cohort.csv", "codebook.toml", "fish.csv"}


def test_without_the_table_the_abnormality_is_unknown_as_before(tmp_path):
    path = write(tmp_path, **{STUDY[STUDY.index("[cytogenetics]") : STUDY.index("[endpoint]")]: ""})
    with pytest.raises(DataContractError, match="S01"):
        run_study(path, tmp_path / "out")


def test_what_is_refused(tmp_path):
    path = write(tmp_path, **{'karyotype = "karyotype"': 'karyotype = "karyotype"\nfish = "karyotype"'})
    with pytest.raises(RunError, match="U02"):
        read_study_file(path)
    path = write(tmp_path, **{'"fish.csv"': '"none.csv"'})
    with pytest.raises(RunError, match="U01"):
        run_study(path, tmp_path / "out")
    path = write(tmp_path, gain_1q21="gain_1z")
    with pytest.raises(DataContractError, match="H52"):
        run_study(path, tmp_path / "out")
    path = write(tmp_path)
    (tmp_path / "fish.csv").write_text("patient,probe\nP0,TP53\n", encoding="utf-8")
    with pytest.raises(DataContractError, match="H40"):
        run_study(path, tmp_path / "out")
    (tmp_path / "fish.csv").write_bytes(b"")
    with pytest.raises(RunError, match="U01"):
        run_study(path, tmp_path / "out")
