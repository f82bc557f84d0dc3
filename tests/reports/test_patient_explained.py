"""The patient's page on the scale of the risk: people of 100 that each predictor adds, and no other patient's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pypdf
import pytest

from cohorts.errors import RunError
from prognosis import FittedModel, Study
from prognosis.models import Cox
from reports import PatientReport
from reports.patient_explained import on_risk_scale, replace_effect
from reports.wording import Wording
from tests.reports.conftest import with_chinese_font

LANGUAGES = ["en", pytest.param("zh", marks=with_chinese_font)]


@pytest.fixture(scope="module")
def explained(model: FittedModel, patients: pd.DataFrame):
    return model.explain(patients.iloc[[3, 40]], [60.0, 120.0])


def test_the_parts_are_those_of_the_explanation_and_the_page_says_of_what(model, patients, explained):
    page = PatientReport(model, patients.iloc[[40]], explanation=explained).page
    parts = {row.name: row.people for row in page.inputs}
    expected = dict(zip(explained.variables, 100 * explained.values[1, :, 1], strict=True))
    assert parts == pytest.approx(expected, abs=1e-12)
    sizes = [abs(row.people) for row in page.inputs]
    assert sizes == sorted(sizes, reverse=True)
    assert page.headings["effect"] == "Added to the risk within 120 months (10 years)"
    own, average = (round(100 * part[1, 1]) for part in (explained.prediction, explained.base))
    assert (
        page.together_text == f"All together: {own} of 100 within 120 months (10 years), {average} of 100 on average."
    )
    assert "averaged over 100 patients" in page.inputs_note
    assert "not shown to cause it" in page.inputs_note
    for row in page.inputs:
        assert row.direction == ("about" if abs(row.people) < 1 else "raises" if row.people > 0 else "lowers")
        assert (row.effect_text == "< 1 of 100") == (row.direction == "about")


def test_what_is_not_certain_is_not_all_of_100(model, patients, explained):
    """Nor is a small risk nobody's."""
    page = PatientReport(model, patients.iloc[[40]]).page
    prediction = replace(model.predict(patients.iloc[[40]], [60.0, 120.0]), risk=np.array([[0.5, 0.9996]]))
    parts = np.zeros_like(explained.values)
    parts[:, 0] = 0.9986
    shown = replace(explained, values=parts, prediction=np.full((2, 2), 0.9996), base=np.full((2, 2), 0.001))
    text = on_risk_scale(page, prediction, shown, Wording("en")).together_text
    assert text.startswith("All together: more than 99 of 100 within 120 months")
    assert text.endswith("fewer than 1 of 100 on average.")


@pytest.mark.parametrize(
    ("people", "text"), [(7.4, "+7 of 100"), (-2.5, "-3 of 100"), (0.99, "< 1 of 100"), (-1.0, "-1 of 100")]
)
def test_whole_people(model, patients, people, text):
    row = PatientReport(model, patients.iloc[[3]]).page.inputs[0]
    assert row.people is None
    assert replace_effect(row, people, Wording("en")).effect_text == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_page_stays_one_page(model, patients, explained, language, tmp_path):
    report = PatientReport(model, patients.iloc[[3]], language, explanation=explained)
    assert len(pypdf.PdfReader(report.save(tmp_path / "p.pdf")).pages) == 1
    html = report.save(tmp_path / "p.html").read_text(encoding="utf-8")
    assert report.page.inputs[0].effect_text in html


def test_another_patients_explanation_is_never_shown(model, patients, explained):
    shifted = replace(explained, base=explained.base + 0.01, prediction=explained.prediction + 0.01)
    wrong = [
        (patients.iloc[[7]], explained),
        (patients.iloc[[3]].assign(age=50.0), explained),
        (patients.iloc[[3]], shifted),
        (patients.iloc[[3]], model.explain(patients.iloc[[3]], [61.0])),
        (patients.iloc[[3]], model.explain(patients.iloc[[3]], scale="linear_predictor")),
        (patients.iloc[[3]], model.explain(patients.iloc[[3]], [10_000.0])),
    ]
    for patient, explanation in wrong:
        with pytest.raises(RunError, match="not one of this patient's risk") as caught:
            PatientReport(model, patient, explanation=explanation)
        assert caught.value.code == "X21"


def test_a_stratum_has_no_part_of_its_own(mgus2, study, patients):
    stratified = Study(mgus2, study.endpoint, predictors=["age", "creat"], seed=1, missing="complete_cases")
    model = stratified.fit(Cox(strata=["sex"]))
    patient = patients.iloc[[3]][["age", "creat", "sex"]]
    rows = PatientReport(model, patient, explanation=model.explain(patient)).page.inputs
    assert [row.people is None for row in rows] == [False, False, True]
    assert np.isfinite([row.people for row in rows[:2]]).all()
