"""The study report: the results in words and tables, enough to predict by hand, escaped, the same bytes twice."""

from __future__ import annotations

import copy
import html
import io
import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest

from cohorts.errors import PrognosisWarning, RunError
from nomograms import Nomogram
from prognosis import FittedModel, Study
from prognosis.models import EarlyRelapse, Logistic, RandomSurvivalForest
from reports import StudyReport
from reports.figures.canvas import Picture
from reports.flow_diagram import flow_diagram
from reports.fonts import choose_fonts
from reports.page import texts
from reports.results import endpoint_facts, model_facts, results_of
from reports.study_tables import figures_of, model_tables
from reports.wording import Wording
from tests.prognosis import made
from tests.reports.conftest import IMAGE, LINK, MARKUP, MATH, PREDICTORS, SCRIPT, with_chinese_font
from tests.reports.rendered import assert_asks_for_nothing, pdf_text, squeezed

LANGUAGES = ["en", pytest.param("zh", marks=with_chinese_font)]


@pytest.fixture(scope="module")
def results(study: Study, model: FittedModel) -> dict[str, Any]:
    table_one = study.cohort.table_one(columns=list(PREDICTORS))
    found = results_of("Progression after MGUS", study, [model], {}, table_one)
    return json.loads(json.dumps(found, allow_nan=False))


@pytest.fixture(scope="module")
def drawing(model: FittedModel) -> str:
    return Nomogram(model).svg()


def table(report: StudyReport, key: str, language: str = "en") -> dict[str, Any]:
    """Return the table whose title a sentence gives."""
    title = (
        Wording(language)(key, name="cox")
        if "{name}" in Wording(language)(key, name="{name}")
        else Wording(language)(key)
    )
    return next(item for item in report.content["tables"] if item["title"] == title)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_pdf_and_html(results: dict[str, Any], drawing: str, language: str, tmp_path: Path) -> None:
    report = StudyReport(results, {"nomogram": drawing}, language)
    on_pdf = pdf_text(report.save(tmp_path / "s.pdf").read_bytes())
    markup = report.save(tmp_path / "s.html").read_text(encoding="utf-8")
    on_html = squeezed(html.unescape(re.sub(r"<[^>]+>", "", markup)))
    content = report.to_dict()
    for key in ("language", "created", "nomogram_alt"):
        content.pop(key)
    # what stands there only where it is needed: no warning, sentences in plain words, curves to read
    headings = {k: v for k, v in content["headings"].items() if k not in ("none", "summary", "read", "listed")}
    shown = list(texts({**content, "headings": headings}))
    footer = report.content["headings"]["page"]
    assert len(shown) > 100
    assert [text for text in shown if squeezed(text) not in on_pdf] == []
    assert [text for text in shown if squeezed(text) not in on_html and text != footer] == []
    assert_asks_for_nothing(markup)


def test_numbers_are_those_of_the_model(results: dict[str, Any], model: FittedModel) -> None:
    report = StudyReport(results, {})
    rows = {row[0]: row for row in table(report, "study_coefficients")["rows"]}
    summary = model.summary.set_index("term")
    assert list(rows) == list(summary.index)
    for term, row in rows.items():
        line = summary.loc[term]
        assert float(row[1]) == pytest.approx(line["coefficient"], rel=1e-5)
        assert float(row[3]) == pytest.approx(line["hazard_ratio"], rel=5e-3)
        assert row[4] == f"{line['lower']:.3g} to {line['upper']:.3g}"
    assert "creat: " in table(report, "study_coefficients")["note"]
    flow = table(report, "study_flow")["rows"]
    assert flow[0] == ["rows read", "1384"]
    assert flow[-1] == ["rows kept", "1338"]
    zph = {row[0]: row for row in table(report, "study_zph")["rows"]}
    tested = model.proportional_hazards().set_index("term")
    assert float(zph["age"][1]) == pytest.approx(tested.loc["age", "chisq"], rel=1e-3)
    assert zph["GLOBAL"][3] == "< 0.001"


def test_a_third_party_can_predict_from_the_printed_report(
    results: dict[str, Any], model: FittedModel, patients: pd.DataFrame
) -> None:
    report = StudyReport(results, {})
    rows = table(report, "study_coefficients")["rows"]
    coefficient, mean = (np.array([float(row[k]) for row in rows]) for k in (1, 6))
    survival = [float(row[1]) for row in table(report, "study_baseline")["rows"]]
    some = patients.iloc[::130]
    linear = (model.preparation.design(some) - mean) @ coefficient
    by_hand = np.array([[1 - s ** math.exp(eta) for s in survival] for eta in linear])
    np.testing.assert_allclose(by_hand, model.predict(some).risk, atol=1e-4)


def test_validation_and_question(results: dict[str, Any], model: FittedModel) -> None:
    report = StudyReport(results, {})
    assert model.validation is not None
    corrected = model.validation.table.set_index("metric")["corrected"]
    rows = {row[1]: row for row in table(report, "study_validation")["rows"]}
    assert rows["Harrell's C"][4] == f"{corrected['harrell_c']:.3f}"
    assert rows["Calibration slope"][4] == f"{corrected['calibration_slope']:.3f}"
    lines = dict(report.content["question"])
    assert lines["Time runs from"] == "diagnosis of MGUS"
    assert lines["Horizons"] == "60, 120, 240 months"
    assert lines["Patients / events"] == "1338 / 950"
    assert lines["Seed"] == "1"
    assert lines["Missing predictors"].startswith("complete cases")
    assert dict(StudyReport(results, {}, "zh").content["question"])["预测时间点"] == "60, 120, 240个月"
    assert lines["Hash"] == model.hash
    assert "bone-prognosis" in report.content["software"]
    assert any("Efron" in line for line in report.content["conventions"])
    assert any("external validation" in line for line in report.content["limits"])


def test_without_validation_there_is_no_such_table(study: Study, unvalidated: FittedModel) -> None:
    found = results_of("t", study, [unvalidated], {}, study.cohort.table_one(columns=["age"]))
    titles = [item["title"] for item in StudyReport(found, {}).content["tables"]]
    assert Wording("en")("study_validation") not in titles


def test_a_number_that_does_not_exist_is_said_in_words(results: dict[str, Any]) -> None:
    changed = copy.deepcopy(results)
    changed["validation"]["cox"][0] |= {"lower": None, "upper": None}
    changed["models"]["cox"]["coefficients"][0] |= {"se": None, "p": None, "lower": None}
    changed["models"]["cox"]["baseline_survival"][2]["survival"] = None
    report = StudyReport(changed, {})
    assert table(report, "study_validation")["rows"][0][5] == "not computed"
    assert [table(report, "study_coefficients")["rows"][0][k] for k in (2, 4, 5)] == ["not computed"] * 3
    assert table(report, "study_baseline")["rows"][2] == ["240 months (20 years)", "not computed"]


def test_a_stratified_model_has_a_baseline_a_stratum(results: dict[str, Any]) -> None:
    changed = copy.deepcopy(results)
    changed["models"]["cox"]["baseline"]["strata"] = ["sex=F", "sex=M"]
    lines = changed["models"]["cox"]["baseline_survival"]
    changed["models"]["cox"]["baseline_survival"] = [
        {**line, "stratum": stratum} for stratum in ("sex=F", "sex=M") for line in lines
    ]
    found = table(StudyReport(changed, {}), "study_baseline")
    assert [row[0] for row in found["rows"]] == ["sex=F"] * len(lines) + ["sex=M"] * len(lines)
    assert found["columns"][0] == "Stratum"
    changed["models"]["cox"]["baseline"]["strata"] = []
    changed["models"]["cox"]["baseline_survival"] = []
    with pytest.raises(StopIteration):
        table(StudyReport(changed, {}), "study_baseline")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_is_tagged_and_the_same_twice(
    results: dict[str, Any], drawing: str, language: str, tmp_path: Path
) -> None:
    report = StudyReport(results, {"nomogram": drawing}, language)
    first, second = (report.save(tmp_path / name).read_bytes() for name in ("a.pdf", "b.pdf"))
    assert first == second
    root: Any = pypdf.PdfReader(io.BytesIO(first)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert report.save(tmp_path / "a.html").read_bytes() == report.save(tmp_path / "b.html").read_bytes()
    assert json.loads(report.save(tmp_path / "a.json").read_text(encoding="utf-8"))["title"] == "Progression after MGUS"


def test_r03_r04_r05_hostile_texts_are_literal(results: dict[str, Any], tmp_path: Path) -> None:
    changed = copy.deepcopy(results)
    changed["study"]["title"] = f"{SCRIPT} {MARKUP}"
    changed["endpoint"] |= {"definition": IMAGE, "origin": MATH}
    changed["table_one"][1]["variable"] = LINK
    changed["warnings"] = [{"code": "X", "message": f"{MATH} {SCRIPT}"}]
    report = StudyReport(changed, {})
    on_pdf = pdf_text(report.save(tmp_path / "s.pdf").read_bytes())
    markup = report.save(tmp_path / "s.html").read_text(encoding="utf-8")
    on_html = html.unescape(re.sub(r"<[^>]+>", "", markup))
    for text in (SCRIPT, MARKUP, IMAGE, MATH, LINK):
        assert squeezed(text) in on_pdf
        assert text in on_html
    for tag in ("<script", "<link", "<img"):
        assert tag not in markup


def test_an_unknown_language_is_refused(results: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="R11"):
        StudyReport(results, {}, "fr")


def test_results_without_a_key_of_the_interface_are_refused(results: dict[str, Any]) -> None:
    with pytest.raises(KeyError, match="endpoint"):
        StudyReport({key: value for key, value in results.items() if key != "endpoint"}, {})


def test_the_diagram_accounts_for_every_patient(results: dict[str, Any]) -> None:
    read, analysed = flow_diagram(results, Wording("en"))
    assert read == {
        "kept": "1,384 patients read",
        "left": "46 left out: missing predictor (hgb 13, creat 30, mspike 11)",
    }
    events = results["endpoint"]["events"]
    assert (
        analysed["kept"]
        == f"1,338 patients analysed: {events} with the event; {1338 - events} without it when last seen"
    )
    other = copy.deepcopy(results)
    other["endpoint"] |= {"competing_events": 88}
    other["flow"].insert(1, {"step": "left out: before 1970", "n": 4})
    first, second, last = (box["kept"] for box in flow_diagram(other, Wording("en")))
    assert (first, second) == ("1,384 patients read", "1,380 patients")
    assert f"; 88 with a competing event first; {1338 - events - 88} without it when last seen" in last
    other["endpoint"] |= {"kind": "binary", "competing_events": 0}
    assert flow_diagram(other, Wording("en"))[-1]["kept"].endswith(f"; {1338 - events} without it")


def test_the_caption_of_a_figure_names_its_model_where_there_are_several():
    picture = Picture("<svg/>", "<svg/>", 180.0, 60.0, "Calibration", "what it shows", choose_fonts("", "en"))
    names = ("calibration_cox_2", "calibration_cox", "calibration_cox_2_1", "ranking")
    pictures = dict.fromkeys(names, picture)
    kinds = ("ranking", "calibration")
    captions = [figure["caption"] for figure in figures_of(pictures, kinds, Wording("en"), ["cox", "cox_2"])]
    assert captions == ["cox_2: Calibration", "cox: Calibration", "cox_2: Calibration", "Calibration"]
    assert {figure["caption"] for figure in figures_of(pictures, kinds, Wording("en"), ["cox"])} == {"Calibration"}
    assert figures_of(pictures, (), Wording("en"), ["cox", "cox_2"]) == []


def equation_of(recipe: Any, kind: str, horizons: list[float] | None) -> tuple[FittedModel, dict[str, Any], str]:
    """Return a fitted model, its facts, and how the report says that it predicts."""
    predictors = ["age", "albumin"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        asked = made.study(predictors, n=150, endpoint=made.ENDPOINTS[kind], horizons=horizons)
        fitted = asked.fit(recipe)
    facts = model_facts(fitted)
    return fitted, facts, model_tables("m", facts, endpoint_facts(asked), Wording("en"))[-1].note


def test_early_relapse_is_told_by_its_own_equation() -> None:
    fitted, facts, told = equation_of(EarlyRelapse(Logistic(), 12), "time_to_event", [12.0])
    assert told.startswith("Risk = 1 / (1 + exp(-L))")
    patient = {"age": 61.0, "albumin": 38.0}
    sums = sum(line["estimate"] * patient.get(line["term"], 1.0) for line in facts["coefficients"])
    assert 1 / (1 + math.exp(-sums)) == pytest.approx(fitted.predict(patient).risk[0, 0], rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "words"), [("competing", "Aalen-Johansen incidence"), ("time_to_event", "1 minus the Kaplan-Meier curve")]
)
def test_a_forest_is_told_by_the_curve_of_its_leaves(kind: str, words: str) -> None:
    _, _, told = equation_of(RandomSurvivalForest(trees=5), kind, [12.0])
    assert words in told
