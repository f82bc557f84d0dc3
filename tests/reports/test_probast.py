"""PROBAST+AI: 16 and 18 questions, the facts of the run, answers only where facts alone decide, and no judgement."""

from __future__ import annotations

import copy
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from prognosis import FittedModel, Study
from reports.probast import probast_dict, probast_of, questions, save_probast
from reports.results import results_of
from tests.reports.conftest import IMAGE, PREDICTORS, SCRIPT
from tests.reports.rendered import squeezed


@pytest.fixture(scope="module")
def results(study: Study, model: FittedModel) -> dict[str, Any]:
    found = results_of("MGUS", study, [model], {}, study.cohort.table_one(columns=list(PREDICTORS)))
    return json.loads(json.dumps(found, allow_nan=False))


def answers(results: dict[str, Any]) -> dict[tuple[str, str], tuple[str | None, str]]:
    lines = probast_dict(probast_of(results))["items"]
    return {(line["part"], line["item"]): (line["answer"], line["text"]) for line in lines}


def test_there_are_16_questions_on_development_and_18_on_evaluation() -> None:
    numbers = {part: [q.item for q in questions() if q.part == part] for part in ("development", "evaluation")}
    first = ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4"]
    assert numbers["development"] == [*first, *(f"4.{k}" for k in range(1, 6))]
    assert numbers["evaluation"] == [*first, *(f"4.{k}" for k in range(1, 8))]
    assert all(q.prompt or q.who == "run" for q in questions())


def test_facts_are_those_of_the_run_and_only_facts_are_answers(results: dict[str, Any]) -> None:
    found = answers(results)
    assert "1384 patients read" in found["development", "1.1"][1]
    assert "missing predictor (hgb 13, creat 30, mspike 11): 46" in found["development", "1.3"][1]
    assert "1338 patients, 950 events" in found["development", "4.1"][1]
    assert "last seen" in found["development", "4.3"][1]
    given = {key: answer for key, (answer, _) in found.items() if answer is not None}
    assert given == {
        ("development", "4.4"): "NA", ("evaluation", "4.1"): "Y", ("evaluation", "4.4"): "NA",
        ("evaluation", "4.5"): "NA", ("evaluation", "4.6"): "PY",
    }  # fmt: skip
    assert found["development", "2.3"] == (None, "")
    assert "run cannot know" in found["evaluation", "4.6"][1]


def test_another_validation_gives_other_answers(results: dict[str, Any]) -> None:
    divided = copy.deepcopy(results)
    divided["validation_method"]["cox"]["method"] = "cross-validation"
    assert answers(divided)["evaluation", "4.5"][0] == "PY"
    without = copy.deepcopy(results) | {"validation": {}, "validation_method": {}}
    found = answers(without)
    assert found["evaluation", "4.1"][0] == "N"
    assert found["evaluation", "4.6"] == ("NA", "There was no resampling.")
    assert found["evaluation", "1.1"] == (None, "Nothing was evaluated.")
    weighted = copy.deepcopy(results)
    weighted["models"]["cox"]["options"]["event_weight"] = 3.0
    found = answers(weighted)
    assert (found["development", "4.4"][0], found["evaluation", "4.4"][0]) == ("Y", "Y")


def test_nothing_is_judged_and_texts_stay_texts(results: dict[str, Any], tmp_path: Path) -> None:
    changed = copy.deepcopy(results)
    changed["cohort"]["file"] = f"{SCRIPT} {IMAGE}"
    answered = probast_of(changed)
    page = save_probast(answered, SCRIPT, "2026-11-21", tmp_path / "p.html").read_text(encoding="utf-8")
    shown = squeezed(html.unescape(re.sub(r"<[^>]+>", "", page)))
    assert squeezed(f"{SCRIPT} {IMAGE}") in shown
    for each in answered:
        assert squeezed(each.text) in shown
        if each.question.who != "run":
            assert squeezed(each.question.prompt) in shown
    assert not re.search(r"<(script|img|link)", page)
    told = " ".join(each.text for each in answered)
    assert not re.search(r"(low|high|unclear) (risk|concern|quality)", told, re.IGNORECASE)
    assert "no judgement stands here" in page
