"""A run with every kind of model and endpoint: results that a third party can use, and words that fit the model."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from cohorts.datasets import DATA
from cohorts.errors import RunError
from prognosis import load_model
from reports.command_line import app
from reports.run import run_study

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
HEAD = f"""
[study]
title = "Progression of MGUS"
seed = 7
[cohort]
file = "{DATA / "mgus2.csv"}"
codebook = "{DATA / "mgus2.codebook.toml"}"
"""
COMPETING = """
[endpoint]
name = "progression"
kind = "competing"
time = "etime"
event = "event"
unit = "months"
origin = "diagnosis of MGUS"
horizons = [60, 120]
"""
SURVIVAL = """
[endpoint]
name = "death"
kind = "time_to_event"
time = "futime"
event = "death"
unit = "months"
origin = "diagnosis of MGUS"
horizons = [60, 120]
"""
BINARY = """
[endpoint]
name = "died at all"
kind = "binary"
event = "death"
"""
CHAINED = """
[imputation]
method = "chained"
copies = 2
"""
PREDICTORS = 'predictors = ["age", "sex", "mspike"]'


def run(tmp_path, *parts):
    study = tmp_path / "study.toml"
    study.write_text(HEAD + "".join(parts), encoding="utf-8")
    done = run_study(study, tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"), parse_constant=refuse)
    return done, results, (tmp_path / "out" / "study_report.html").read_text(encoding="utf-8")


def refuse(text):
    raise AssertionError(f"{text} in results.json")


def models(*kinds):
    return "".join(f'\n[[models]]\nname = "{kind}"\nkind = "{kind}"\n{PREDICTORS}\n' for kind in kinds)


def test_competing_events_with_imputation(tmp_path):
    drawn = '\n[nomogram]\nmodel = "fine_gray"\n'
    done, results, html = run(tmp_path, COMPETING, models("cox", "fine_gray"), CHAINED, drawn)
    assert [axis["label"] for axis in results["nomograms"]["fine_gray"]["outcomes"]] == [
        f"Risk of progression by {horizon}\u00a0months,\u00a0%" for horizon in (60, 120)
    ]
    cox, fine_gray = results["models"]["cox"], results["models"]["fine_gray"]
    assert cox["baseline"] is None
    assert "no single baseline" in cox["baseline_reason"]
    assert set(cox["baselines"]) == {"1", "2"}
    assert [row["cause"] for row in cox["coefficients"]] == [1, 1, 1, 2, 2, 2]
    assert fine_gray["baseline"]["time"]
    assert fine_gray["covariance"] == "sandwich with the censoring term"
    assert results["conventions"]["imputation"].endswith("(R mice::pool)")
    for words in ("Subdistribution hazard ratio", "event 2: age", "Values imputed for cox", "Missing information",
                  "Log likelihoods are those of event 1."):  # fmt: skip
        assert words in html
    cells = pd.read_csv(tmp_path / "out" / "imputed_cox.csv")
    assert list(cells.columns) == ["id", "variable", "copy_1", "copy_2"]
    assert len(cells) == cox["imputation"]["variables"][2]["missing"] == 11
    assert str(tmp_path / "out" / "imputed_cox.csv") in [str(done.folder / name) for name in done.files]


def test_a_binary_endpoint_has_odds_ratios_and_no_time(tmp_path):
    _, results, html = run(tmp_path, BINARY, models("logistic"), CHAINED, '\n[nomogram]\nmodel = "logistic"\n')
    model = results["models"]["logistic"]
    assert model["max_follow_up"] is None
    assert results["endpoint"]["max_follow_up"] is None
    assert model["coefficients"][0]["term"] == "Intercept"
    assert "Odds ratio" in html
    assert "Hazard ratio" not in html
    assert "1 / (1 + exp(-L))" in html
    file = tmp_path / "out" / "models" / "logistic.prognosis"
    risk = load_model(file).predict({"age": 80.0, "sex": "M", "mspike": 1.0})
    assert 0.5 < risk.risk[0, 0] < 1
    (axis,) = results["nomograms"]["logistic"]["outcomes"]
    assert (axis["horizon"], axis["label"]) == (None, "Risk of death,\u00a0%")
    assert (tmp_path / "out" / "nomogram_logistic.pdf").read_bytes().startswith(b"%PDF")
    done = CliRunner().invoke(app, ["nomogram", str(file), "--out", str(tmp_path / "n.svg")])
    assert done.exit_code == 0, done.output


def test_time_ratios_and_a_lasso_without_errors(tmp_path):
    _, results, html = run(tmp_path, SURVIVAL, models("accelerated_failure_time", "penalised_cox"), CHAINED.replace(
        'method = "chained"\ncopies = 2', 'method = "complete_cases"'))  # fmt: skip
    parameters = results["models"]["accelerated_failure_time"]["parameters"]
    assert parameters["distribution"] == "weibull"
    assert parameters["scale"] > 0
    lasso = results["models"]["penalised_cox"]
    assert lasso["covariance"].startswith("none")
    assert all(row["se"] is None and row["lower"] is None for row in lasso["coefficients"])
    for words in ("Time ratio", "W of the weibull model", "not computed"):
        assert words in html


FOREST = """
[[models]]
name = "forest"
kind = "random_survival_forest"
trees = 20
predictors = ["age", "sex", "mspike"]
"""
COMPLETE = """
[imputation]
method = "complete_cases"
"""


def test_a_forest_is_reported_by_its_trees(tmp_path):
    drawn = '\n[nomogram]\nmodel = "forest"\napproximate = true\nfidelity = 0.5\n'
    _, results, html = run(tmp_path, SURVIVAL, FOREST, COMPLETE, drawn)
    near = results["nomograms"]["forest"]["approximation"]
    assert (near["of"], near["least_r_squared"], near["patients"]) == ("random_survival_forest", 0.5, 2000)
    forest = results["models"]["forest"]
    assert forest["coefficients"] == []
    assert forest["coefficients_reason"] == "a random_survival_forest model has no coefficients"
    assert [row["term"] for row in forest["splits"]] == ["age", "sex", "mspike"]
    assert 0.55 < forest["out_of_bag"]["harrell_c"] < 0.75
    assert "Kaplan-Meier curve of the leaf" in results["conventions"]["random_survival_forest"]
    for words in ("What the trees of forest ask", "Minimal depth", "the leaf that the patient falls into"):
        assert words in html
    patients = tmp_path / "patients.csv"
    patients.write_text("id,age,sex,mspike\nA,80,M,1.0\nB,55,F,1.0\n", encoding="utf-8")
    model = str(tmp_path / "out" / "models" / "forest.prognosis")
    done = CliRunner().invoke(app, ["predict", model, str(patients), "--out", str(tmp_path / "risks.csv")])
    assert done.exit_code == 0, done.output
    risks = pd.read_csv(tmp_path / "risks.csv")
    assert risks["risk"].notna().all()
    assert risks.loc[risks["id"] == "A", "risk"].max() > risks.loc[risks["id"] == "B", "risk"].max()
    done = CliRunner().invoke(app, ["nomogram", model, "--out", str(tmp_path / "n.pdf")])
    assert (done.exit_code, done.exception.code) == (1, "G04")
    done = CliRunner().invoke(app, ["report", model, str(patients), "--out", str(tmp_path / "pages")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "pages" / "patients" / "A.html").read_text(encoding="utf-8")
    assert "(random survival forest)" in page


def test_what_a_forest_does_not_have_is_refused_before_it_grows(tmp_path, monkeypatch):
    monkeypatch.setattr("prognosis.study.Study.fit", refuse)
    with pytest.raises(RunError) as caught:
        run(tmp_path, SURVIVAL, FOREST, COMPLETE, '[nomogram]\nmodel = "forest"\n')
    assert caught.value.code == "G04"


def test_events_found_at_a_visit_are_said_to_lie_late_in_the_observed_curve(tmp_path):
    rows = pd.read_csv(DATA / "mgus2.csv").head(400)
    rows.assign(seen=(rows["futime"] - 6).clip(lower=0)).to_csv(tmp_path / "visits.csv", index=False)
    book = (DATA / "mgus2.codebook.toml").read_text(encoding="utf-8")
    book = book[: book.index("rows = ")] + book[book.index("origin = ") :]
    visit = '\n[variables.seen]\nkind = "time"\nunit = "months"\ntiming = "post-baseline"\n'
    (tmp_path / "visits.codebook.toml").write_text(book + visit, encoding="utf-8")
    head = HEAD.replace(str(DATA / "mgus2"), str(tmp_path / "visits"))
    study = tmp_path / "study.toml"
    survival = SURVIVAL.replace("horizons", 'last_free = "seen"\nhorizons')
    model = models("accelerated_failure_time").replace(', "mspike"', "")
    study.write_text(head + survival + model, encoding="utf-8")
    run_study(study, tmp_path / "out")
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert "lie late" in results["conventions"]["visits"]
