"""Table 1, the account of patients and categories in Chinese; what has no Chinese words stays as it is."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from nomograms.wording import shown_value
from prognosis import FittedModel, Study
from reports.calculator_fields import fields_of
from reports.flow_diagram import flow_diagram
from reports.patient import PatientReport
from reports.results import results_of
from reports.study import StudyReport
from reports.told_tables import head_words, level_words, reason_words, row_words, step_words
from reports.wording import Wording
from tests.reports.conftest import PREDICTORS, with_chinese_font

ENGLISH, CHINESE = Wording("en"), Wording("zh")
SEX = {"label": {"en": "Sex", "zh": "性别"}, "level_labels": {"zh": {"F": "女"}}}
BOOK = {
    "age": {"label": {"en": "Age", "zh": "年龄"}, "unit": "years"},
    "sex": SEX,
    "grade": {"label": {"en": "Grade"}},
    "age_2": {"label": {"en": "Age (years), mean (SD)"}},
}


@pytest.mark.parametrize(
    ("row", "english", "chinese"),
    [
        ("Age (years), mean (SD)", "Age (years), mean (SD)", "年龄（岁），均值（标准差）"),
        ("Age (years), median [Q1,Q3]", "Age (years), median [Q1,Q3]", "年龄（岁），中位数 [Q1,Q3]"),
        ("Sex, n (%)", "Sex, n (%)", "性别，例数（%）"),
        ("sex, n (%)", "Sex, n (%)", "性别，例数（%）"),
        ("Grade, n (%)", "Grade, n (%)", "Grade, n (%)"),
        ("Sex, mode", "Sex, mode", "Sex, mode"),
        ("n", "n", "n"),
    ],
)
def test_rows_of_table_one(row: str, english: str, chinese: str) -> None:
    assert row_words(row, BOOK, ENGLISH) == english
    assert row_words(row, BOOK, CHINESE) == chinese


def test_levels_heads_and_steps() -> None:
    assert [level_words("Sex, n (%)", level, BOOK, CHINESE) for level in ("F", "M", "")] == ["女", "M", ""]
    assert level_words("Sex, n (%)", "F", BOOK, ENGLISH) == "F"
    assert level_words("Grade, n (%)", "F", BOOK, CHINESE) == "F"
    assert [head_words(name, CHINESE) for name in ("variable", "Missing", "Overall", "south")] == [
        "变量", "缺失", "全体", "south"
    ]  # fmt: skip
    steps = (
        "rows read",
        "left out: missing predictor (hgb 13, creat 30)",
        "left out: moved away",
        "rows kept",
        "other",
    )
    assert [step_words(step, ENGLISH) for step in steps] == list(steps)
    assert [step_words(step, CHINESE) for step in steps] == [
        "读入的行", "排除：预测变量缺失（hgb 13, creat 30）", "排除：moved away", "保留的行", "other"
    ]  # fmt: skip
    assert reason_words("time 0 with an event", CHINESE) == "时间为0时已发生事件"


@pytest.fixture(scope="module")
def results(study: Study, unvalidated: FittedModel) -> dict[str, Any]:
    return results_of("t", study, [unvalidated], {}, study.cohort.table_one(columns=list(PREDICTORS)))


def test_the_study_report_is_chinese_where_there_are_words(results: dict[str, Any]) -> None:
    flow, one = StudyReport(results, {}, "zh").content["tables"][:2]
    assert flow["rows"][1] == ["排除：预测变量缺失（hgb 13, creat 30, mspike 11）", "46"]
    assert one["columns"] == ["变量", "", "缺失", "全体"] or one["columns"][-2:] == ["缺失", "全体"]
    assert [row[1] for row in one["rows"] if row[0] == "性别，例数（%）"] == ["女", "男"]
    english = StudyReport(results, {}).content["tables"][1]
    assert [row[1] for row in english["rows"] if row[0] == "Sex, n (%)"] == ["F", "M"]
    assert [row[-1] for row in one["rows"]] == [row[-1] for row in english["rows"]]
    assert flow_diagram(results, CHINESE)[0]["left"].endswith("预测变量缺失（hgb 13, creat 30, mspike 11）")


@with_chinese_font
def test_pages_say_categories_in_words(unvalidated: FittedModel, patients: pd.DataFrame) -> None:
    for language, word in (("en", "F"), ("zh", "女")):
        report = PatientReport(unvalidated, patients[patients["sex"] == "F"].iloc[[0]], language=language)
        assert [row.value_text for row in report.page.inputs if row.name == "sex"] == [word]
        sex = next(field for field in fields_of(unvalidated, Wording(language)) if field["name"] == "sex")
        assert sex["options"][0]["text"] == word
        assert shown_value(unvalidated.codebook["sex"], "F", language) == word
