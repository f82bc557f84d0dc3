"""The content of a patient's page: every number is the model's, rounded as printed and no further."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts import Cohort
from cohorts.errors import DataContractError, Finding, PredictionError, PrognosisWarning, RunError
from prognosis import FittedModel, Study, load_model
from prognosis.models import Cox
from reports import PatientReport
from reports.filenames import ID_LIMIT
from reports.frequencies import of_hundred
from reports.patient import shown_id
from reports.performance import performance_sentences
from reports.wording import Wording
from tests.reports.conftest import PREDICTORS

PATIENT = {"id": "MM-1", "age": 73.0, "sex": "M", "hgb": 14.8, "creat": 1.8, "mspike": 1.9}


def page_of(model: FittedModel, patient: Any = PATIENT, **options: Any) -> Any:
    return PatientReport(model, patient, **options).page


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("row", [0, 89, 402, 700])
def test_risks_are_those_of_the_prediction(model: FittedModel, patients: pd.DataFrame, language: str, row: int) -> None:
    patient = patients.iloc[[row]]
    prediction = model.predict(patient)
    answers = page_of(model, patient, language=language).answers
    assert [answer.horizon for answer in answers] == [60.0, 120.0, 240.0]
    for k, answer in enumerate(answers):
        assert (answer.risk, answer.lower, answer.upper) == tuple(
            float(array[0, k]) for array in (prediction.risk, prediction.lower, prediction.upper)
        )
        assert answer.people is not None
        assert answer.people.event == of_hundred(float(prediction.risk[0, k]))
        assert answer.people.event_text in answer.event_count
        assert answer.people.interval_event in answer.event_interval
        assert answer.people.without_text in answer.without_count
        assert answer.cohort == pytest.approx(1 - model.follow_up.at(answer.horizon), abs=1e-15)


@settings(max_examples=25)
@given(
    age=st.floats(30, 95),
    sex=st.sampled_from("FM"),
    hgb=st.floats(7, 18),
    creat=st.floats(0.5, 6),
    mspike=st.floats(0, 3),
    language=st.sampled_from(["en", "zh"]),
)
def test_laws_of_the_page(model: FittedModel, language: str, **patient: Any) -> None:
    page = page_of(model, patient, language=language)
    for answer in page.answers:
        assert answer.people.event + answer.people.without == 100
        assert answer.people.lower <= answer.people.event <= answer.people.upper
    contributions = [row.contribution for row in page.inputs]
    assert [abs(c) for c in contributions] == sorted((abs(c) for c in contributions), reverse=True)
    assert math.exp(sum(contributions)) == pytest.approx(page.together_ratio, rel=1e-9)
    for row in page.inputs:
        assert row.hazard_ratio == pytest.approx(math.exp(row.contribution))
        assert row.direction == ("about" if abs(row.contribution) < math.log(1.05) else row.direction)
        assert row.direction != ("lowers" if row.contribution > 0 else "raises")


def test_inputs_with_units_range_and_share(model: FittedModel) -> None:
    rows = {row.name: row for row in page_of(model).inputs}
    assert set(rows) == set(PREDICTORS)
    assert rows["hgb"].label == "Haemoglobin"
    assert rows["hgb"].value_text == "14.8 g/dL"
    assert rows["hgb"].typical_text == "13.5 (7.8 to 17.3)"
    assert rows["sex"].typical_text == "54 % have this"
    assert {row.name: row.label for row in page_of(model, language="zh").inputs}["age"] == "诊断年龄"
    assert {row.name: row.value_text for row in page_of(model, language="zh").inputs}["age"] == "73 岁"


def test_a_value_outside_the_training_range_is_flagged(model: FittedModel) -> None:
    rows = {row.name: row for row in page_of(model, {**PATIENT, "creat": 9.0}).inputs}
    assert rows["creat"].flags == (
        "outside the usual range of the patients the model was made from (0.6 to 5.7): less certain",
    )
    assert rows["age"].flags == ()
    chinese = {row.name: row for row in page_of(model, {**PATIENT, "creat": 9.0}, language="zh").inputs}
    assert "0.6至5.7" in chinese["creat"].flags[0]


def test_who_and_what_the_numbers_are_for(model: FittedModel) -> None:
    about = dict(page_of(model).about)
    assert about["The event"] == "Progression or death"
    assert about["Endpoint"].startswith("Time from the diagnosis of MGUS")
    assert about["Time runs from"] == "diagnosis of MGUS"
    assert about["Made from"].startswith(f"{model.n:,} patients, {model.events} of them with the event")
    assert "184 months, at most 424 months" in about["Made from"]
    assert page_of(model).headings["answers"] == "Of 100 people like this patient: Progression or death"
    assert dict(page_of(model, language="zh").about)["事件"] == "进展或死亡"


def test_without_a_label_the_endpoint_is_named_as_such(model: FittedModel) -> None:
    unlabelled = dataclasses.replace(model, event_label={})
    assert dict(page_of(unlabelled).about)["The event"].startswith(
        "the event of the endpoint “progression_free_survival”"
    )


def test_the_model_is_named_with_version_hash_and_state(model: FittedModel, tmp_path: Path) -> None:
    lines = dict(page_of(model).model)
    assert lines["Model"] == "cox (Cox regression)"
    assert lines["Made"] == f"{model.created}, bone-prognosis {model.version}"
    assert model.hash.startswith(lines["Hash"])
    assert len(lines["Hash"]) == 12
    assert "not verified" in lines["Check"]
    verified = dataclasses.replace(load_model(model.save(tmp_path / "m.prognosis")), verified=True)
    assert page_of(verified).verified
    assert dict(page_of(verified).model)["Check"].startswith("file verified")


def test_performance_is_corrected_and_says_that_nothing_external_is_known(model: FittedModel) -> None:
    assert model.validation is not None
    table = model.validation.table.set_index("metric")["corrected"]
    text = " ".join(page_of(model).performance)
    assert f"C index {table['harrell_c']:.2f} (95 % interval" in text
    assert f"in about {100 * table['harrell_c']:.0f} of 100 pairs" in text
    assert f"Calibration slope {table['calibration_slope']:.2f}" in text
    assert "bootstrap, 4 repeats" in text
    assert "no external validation" in text


def test_not_validated_is_said_plainly(unvalidated: FittedModel) -> None:
    assert page_of(unvalidated).performance == (
        "Not validated: how well these risks hold in other patients is unknown.",
    )
    assert page_of(unvalidated, language="zh").performance[0].startswith("未经验证")


def test_an_index_without_an_interval_says_so(model: FittedModel) -> None:
    assert model.validation is not None
    table = model.validation.table.assign(lower=np.nan, upper=np.nan)
    bare = model.with_validation(dataclasses.replace(model.validation, table=table[table["metric"] == "harrell_c"]))
    sentences = performance_sentences(bare, Wording("en"))
    assert "(no interval computed)" in sentences[0]
    assert not any("slope" in sentence for sentence in sentences)


def test_limits_name_the_person_the_treatment_and_the_time(model: FittedModel) -> None:
    text = " ".join(page_of(model).limits)
    for words in ("cannot say what will happen to this person", "no advice on treatment", "at diagnosis of MGUS",
                  "missing values were left out"):  # fmt: skip
        assert words in text
    assert "not the fate of one person" in page_of(model).answers_note
    assert "not shown to cause it" in page_of(model).inputs_note


def test_warnings_of_the_fit_are_told_in_words_and_the_others_counted(model: FittedModel) -> None:
    doubtful = Finding("N10", "proportional hazards are doubtful", severity="warning")
    text = " ".join(page_of(dataclasses.replace(model, warnings=(*model.warnings, doubtful))).limits)
    assert {finding.code for finding in model.warnings} == {"C16"}
    assert "missing values were left out" in text
    assert "seems to change over time" in text
    # both are told: a code says nothing to an oncologist
    assert "notes for statisticians" not in text
    assert not re.search(r"\b[A-Z]\d\d\b", text)
    for n, said in ((1, "One more note for statisticians was"), (3, "3 more notes for statisticians were")):
        others = tuple(Finding("U20", f"doubt {k}", severity="warning") for k in range(n))
        noted = dataclasses.replace(model, warnings=(*model.warnings, doubtful, *others))
        assert page_of(noted).limits[-1].startswith(said)
    zh = page_of(noted, language="zh").limits[-1]
    assert zh == "建模时另有3条供统计人员查看的提示，见研究报告。"


def test_mapping_frame_and_cohort_give_the_same_page(model: FittedModel, mgus2: Cohort) -> None:
    frame = mgus2.frame.loc[["203"], list(PREDICTORS)]
    one = mgus2.without([i for i in mgus2.ids if i != "203"], "test")
    pages = [page_of(model, given) for given in ({"id": "203", **frame.iloc[0].to_dict()}, frame, one)]
    assert pages[0] == pages[1] == pages[2]
    assert pages[0].patient_id == "203"


def test_a_mapping_may_come_without_an_id(model: FittedModel) -> None:
    assert page_of(model, {name: PATIENT[name] for name in PREDICTORS}).patient_id == "(no id given)"


def test_more_than_one_patient_is_refused(model: FittedModel, patients: pd.DataFrame) -> None:
    with pytest.raises(PredictionError, match="2 rows") as caught:
        PatientReport(model, patients.iloc[:2])
    assert caught.value.code == "R15"


def test_too_many_horizons_are_refused(model: FittedModel) -> None:
    with pytest.raises(PredictionError, match="at most 6 horizons") as caught:
        PatientReport(dataclasses.replace(model, horizons=tuple(range(10, 80, 10))), PATIENT)
    assert caught.value.code == "R16"


def test_an_unused_column_is_warned_about_and_not_on_the_page(model: FittedModel) -> None:
    with pytest.warns(PrognosisWarning, match="P06"):
        page = page_of(model, {**PATIENT, "shoe_size": 44.0})
    assert "shoe_size" not in json.dumps(page.to_dict())


def test_what_the_model_refuses_is_refused(model: FittedModel) -> None:
    with pytest.raises(PredictionError, match="P07"):
        PatientReport(model, {**PATIENT, "age": 400.0})
    with pytest.raises(PredictionError, match="P02"):
        PatientReport(model, {**PATIENT, "hgb": float("nan")})


def test_an_unknown_language_is_refused(model: FittedModel) -> None:
    with pytest.raises(RunError, match="R11"):
        PatientReport(model, PATIENT, language="de")


def test_a_drawing_that_is_no_svg_is_refused(model: FittedModel) -> None:
    with pytest.raises(RunError, match="no SVG") as caught:
        PatientReport(model, PATIENT, nomogram="<svg></svg>")
    assert caught.value.code == "R14"


def test_r07_a_text_for_an_id(model: FittedModel) -> None:
    with pytest.raises(DataContractError, match="R07"):
        PatientReport(model, {**PATIENT, "id": "x" * (ID_LIMIT + 1)})


def test_a_long_id_is_cut_and_told_apart_by_its_digest() -> None:
    first, second = (shown_id("x" * 100 + end) for end in "ab")
    assert first != second
    assert len(first) < 90
    assert shown_id("x" * 48) == "x" * 48


def test_a_stratum_is_shown_without_an_effect(mgus2: Cohort, study: Study) -> None:
    stratified = Study(mgus2, study.endpoint, predictors=("age", "hgb"), seed=1, missing="complete_cases").fit(
        Cox(strata=["sex"]), name="by sex"
    )
    row = page_of(stratified, {"age": 70.0, "hgb": 13.0, "sex": "F"}).inputs[-1]
    assert (row.name, row.value_text, row.contribution, row.effect_text) == ("sex", "F", 0.0, "baseline of its own")


def test_the_page_is_a_value(model: FittedModel) -> None:
    report = PatientReport(model, PATIENT, date="2026-12-01")
    assert report == PatientReport(model, PATIENT, date="2026-12-01")
    assert report.page.date == "2026-12-01"
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.page.patient_id = "x"
    assert report.to_dict() == report.page.to_dict()
