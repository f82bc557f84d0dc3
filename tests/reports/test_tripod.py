"""TRIPOD+AI, model card and methods: every item answered or asked of the author, and every answer true of the run."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pypdf
import pytest

from cohorts.errors import RunError
from prognosis import FittedModel, Study
from prognosis.models import Cox
from prognosis.models.harmonised import Harmonised
from reports.methods import methods_paragraphs
from reports.model_card import model_card
from reports.plain_values import plain_value
from reports.results import results_of
from reports.study_file import read_study_file
from reports.tripod import save_tripod, tripod_content, tripod_dict, tripod_of
from reports.tripod_answers import ANSWERS
from reports.tripod_items import items
from reports.wording import Wording
from tests.reports.conftest import IMAGE, LINK, PREDICTORS, SCRIPT
from tests.reports.rendered import Tags, pdf_text, squeezed

ENGLISH = Wording("en")


@pytest.fixture(scope="module")
def results(study: Study, model: FittedModel) -> dict[str, Any]:
    table_one = study.cohort.table_one(columns=list(PREDICTORS))
    found = results_of("Progression after MGUS", study, [model], {}, table_one)
    return json.loads(json.dumps(found, allow_nan=False))


def said(results: dict[str, Any], item: str) -> str:
    return next(each.text for each in tripod_of(results, {}) if each.item.item == item)


def test_the_52_items_are_those_of_the_statement(shared: Path) -> None:
    text = (shared / "reference" / "tripod_ai.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+[a-g]?) \| ([^|]+) \| ([^|]+) \| ([DE,]+) \| (\w+) \|$", text, re.MULTILINE)
    listed = [(item.item, item.section, item.asks, ",".join(item.applies), item.who) for item in items()]
    assert listed == rows
    assert len(listed) == 52


def test_who_can_answer_answers(results: dict[str, Any]) -> None:
    """The run says something to every item that it can know, nothing to the others, and each of these asks."""
    assert set(ANSWERS) == {item.item for item in items() if item.who != "author"}
    for each in tripod_of(results, {}):
        assert bool(each.text) == (each.item.who != "author"), each.item.item
        asks = each.state.endswith("to complete")
        assert bool(each.author) == asks, each.item.item
        assert asks or each.item.who == "run", each.item.item


def test_the_answers_are_those_of_this_run(results: dict[str, Any], model: FittedModel, study: Study) -> None:
    left = study.flow.iloc[1:-1]["n"].sum()
    endpoint, own = results["endpoint"], results["models"]["cox"]
    assert f"{endpoint['n']} were analysed; {endpoint['events']} of them had the event" in said(results, "20a")
    assert str(study.flow.iloc[0]["n"]) in said(results, "20a")
    assert str(left) in said(results, "11") or left == 0
    assert f"cox: {model.n} patients, {model.events} events." in said(results, "21")
    assert f"{model.events / len(own['means']):.1f} events per column ({len(own['means'])} columns)" in said(
        results, "10"
    )
    assert model.hash in said(results, "22")
    assert f"{100 * endpoint['events'] / endpoint['n']:.0f} % of the patients had the event" in said(results, "13")
    c = next(line for line in results["validation"]["cox"] if line["metric"] == "harrell_c")
    assert f"Harrell's C {c['corrected']:.3f} ({c['lower']:.3f} to {c['upper']:.3f})" in said(results, "23a")
    assert all(warning["message"][:60] in said(results, "26") for warning in results["warnings"])
    assert "Development with internal validation. No external cohort" in said(results, "4")


def test_what_a_run_lacks_is_said_and_asked_for(results: dict[str, Any]) -> None:
    bare = copy.deepcopy(results) | {"validation": {}, "validation_method": {}}
    assert "without any validation" in said(bare, "4")
    assert "Not measured" in said(bare, "23a")
    assert "not validated" in model_card(bare, "cox")["limits"][0]
    assert "Developed and validated inside" in model_card(results, "cox")["limits"][0]
    assert "was not validated" in said(bare, "12c")
    by_item = {each.item.item: each for each in tripod_of(bare, {})}
    assert by_item["5b"].state == "filled; author to complete"
    dated = copy.deepcopy(results)
    dated["cohort"]["dates"] = {"diagnosed": ["1994-02-01", "2001-11-30"]}
    by_item = {each.item.item: each for each in tripod_of(dated, {})}
    assert "diagnosed 1994-02-01 to 2001-11-30" in by_item["5b"].text
    assert by_item["5b"].state == "filled from the run"
    late = copy.deepcopy(results)
    late["predictors"]["age"]["timing"] = "post-baseline"
    assert "Measured after the start: age." in said(late, "9b")


def changed(results: dict[str, Any], given: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    other = copy.deepcopy(results)
    other["models"]["cox"] |= facts
    other["models"]["cox"]["options"] |= given or {}
    return other


def test_a_lasso_chooses_in_the_data(results: dict[str, Any]) -> None:
    terms = copy.deepcopy(results["models"]["cox"]["coefficients"])
    terms[0]["estimate"] = 0
    lasso = changed(results, {"alpha": 1.0, "folds": 10}, kind="penalised_cox", coefficients=terms)
    assert f"chosen by a penalty: 1 of {len(terms)} columns have no effect" in said(lasso, "9a")
    assert f"The penalty left 1 of {len(terms)} columns without effect" in said(lasso, "12c")
    assert "Standardised inside every fit." in said(lasso, "12b")
    assert "folds = 10" in said(lasso, "12c")
    assert "none chosen in the data" in said(results, "9a")
    assert model_card(lasso, "cox")["chosen_in_the_data"]["penalty"]
    idle = changed(results, {"penalty": None, "folds": 10, "rule": "minimum"}, kind="logistic")
    assert "folds = 10" not in said(idle, "12c")
    assert "rule" not in said(idle, "12c")


def test_a_recipe_inside_and_tables_of_options_are_told(results: dict[str, Any]) -> None:
    inside = {"kind": "logistic", "penalty": "lasso", "folds": 10, "interactions": [["age", "sex"]], "cluster": "id"}
    options = {"recipe": inside, "window": 24, "monotone": {"age": 1}}
    window = changed(results, kind="early_relapse", options=options)
    building = said(window, "12c")
    assert f"({ENGLISH('kind_logistic')}) on " in building
    for words in ("Products: age x sex.", "window = 24", "monotone = (age 1)", "folds = 10", "The penalty left 0 of"):
        assert words in building
    assert said(window, "12d") == "Strata and clusters: cox: id."


def test_candidates_and_the_rarer_outcome_are_counted(results: dict[str, Any]) -> None:
    chosen = {"selector": "backward", "kept": ["age"], "candidates": ["age", "hgb", "creat", "sex"], "table": []}
    events, columns = results["models"]["cox"]["events"], len(results["models"]["cox"]["means"])
    assert f"{events / 4:.1f} per candidate before the selection" in said(changed(results, selection=chosen), "10")
    window = changed(results, kind="early_relapse", n=events + 7)
    assert f"{7 / columns:.1f} others per column" in said(window, "10")
    assert f"cox: {events + 7} of {results['endpoint']['n']} patients for the fit" in said(window, "12a")
    often = changed(results, n=events + 8)
    often["endpoint"] |= {"kind": "binary"}
    assert f"{8 / columns:.1f} others per column" in said(often, "10")


def test_plots_folds_and_strata_are_those_of_the_run(results: dict[str, Any]) -> None:
    assert "No plots of the validation were drawn." in said(results, "12e")
    assert "Plots: calibration, instability." in said(
        results | {"figures": ["calibration_cox", "instability_cox", "ranking"]}, "12e"
    )
    other = changed(results, {"strata": ["sex"], "cluster": "centre"})
    other["validation_method"]["cox"] |= {"method": "cross-validation", "folds": 5, "repeats": 2}
    assert "5-fold cross-validation (repeats: 2)" in said(other, "12a")
    assert "by 5-fold cross-validation (repeats: 2)" in said(other, "12c")
    assert said(other, "12d") == "Strata and clusters: cox: sex, centre."
    other["endpoint"] |= {"kind": "competing"}
    assert ENGLISH("kind_cause_specific") in said(other, "12c")


def test_an_authors_text_is_whole_or_refused(results: dict[str, Any]) -> None:
    answered = {each.item.item: each for each in tripod_of(results, {"17": "Approved\n by  all.\n", "18a": "  \n"})}
    assert answered["17"].author == "Approved by all."
    assert answered["18a"].state == "author to complete"
    with pytest.raises(RunError, match=r"\[U02\].*'17' has 2001 characters"):
        tripod_of(results, {"17": "x" * 2001})


def test_an_author_answers_in_the_study_file(results: dict[str, Any], tmp_path: Path) -> None:
    answered = {each.item.item: each for each in tripod_of(results, {"17": "Approved by the committee (1 of 2001)."})}
    assert answered["17"].state == "filled by the author"
    assert answered["17"].author.startswith("Approved")
    with pytest.raises(RunError, match=r"\[U02\].*item '28'.*1, 2, 3a"):
        tripod_of(results, {"28": "x"})
    file = tmp_path / "study.toml"
    text = """
[study]
title = "t"
[cohort]
file = "a.csv"
codebook = "a.toml"
[endpoint]
name = "e"
[[models]]
name = "m"
kind = "cox"
predictors = ["a"]
[tripod_ai]
"""
    file.write_text(text + '17 = "Approved."\n18a = "Nobody paid."\n')
    assert read_study_file(file).tripod_ai == {"17": "Approved.", "18a": "Nobody paid."}
    file.write_text(text + '99 = "x"\n')
    with pytest.raises(RunError, match="item '99'"):
        read_study_file(file)


def test_the_pages_hold_every_text(results: dict[str, Any], tmp_path: Path) -> None:
    answered = tripod_of(results, {})
    made = {suffix: save_tripod(answered, "MGUS", "2026-01-02", tmp_path / f"t.{suffix}") for suffix in ("pdf", "html")}
    on_pdf, on_html = pdf_text(made["pdf"].read_bytes()), squeezed(made["html"].read_text(encoding="utf-8"))
    for section in tripod_content(answered, "MGUS", "2026-01-02")["sections"]:
        for row in section["rows"]:
            for text in (row["asks"], row["author"]):
                assert squeezed(text) in on_pdf
            assert squeezed(row["item"]) in on_html
    assert pypdf.PdfReader(made["pdf"]).metadata["/Title"] == "TRIPOD+AI checklist: MGUS"
    again = save_tripod(answered, "MGUS", "2026-01-02", tmp_path / "again.pdf")
    assert again.read_bytes() == made["pdf"].read_bytes()


@pytest.mark.parametrize("hostile", [SCRIPT, IMAGE, LINK])
def test_texts_of_users_stay_texts(results: dict[str, Any], hostile: str, tmp_path: Path) -> None:
    marked = copy.deepcopy(results)
    marked["study"]["title"] = marked["endpoint"]["name"] = hostile
    marked["predictors"]["age"]["label"] = {"en": hostile}
    answered = tripod_of(marked, {"17": hostile})
    page = save_tripod(answered, hostile, "2026-01-02", tmp_path / "t.html").read_text(encoding="utf-8")
    found = Tags(page)
    assert not {"script", "link", "img", "iframe", "form", "base", "a"} & set(found.tags)
    assert found.sources == []
    assert "default-src 'none'" in page
    assert hostile not in page


def test_the_checklist_is_plain_values(results: dict[str, Any]) -> None:
    found = tripod_dict(tripod_of(results, {}))
    assert json.loads(json.dumps(found)) == found
    assert set(found["items"][0]) == {"item", "section", "asks", "applies", "who", "state", "text", "author"}


def test_the_card_of_a_model(results: dict[str, Any], model: FittedModel) -> None:
    card = model_card(results, "cox")
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert (card["model"]["hash"], card["training"]["patients"]) == (model.hash, model.n)
    assert list(card["inputs"]) == list(model.predictors)
    assert card["performance"]["measured"] == results["validation"]["cox"]
    assert card["chosen_in_the_data"] == {"selection": False, "tuning": False, "penalty": False}
    assert any("treatment" in text for text in card["intended_use"]["not_for"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_methods_tell_what_was_done(results: dict[str, Any], language: str) -> None:
    wording = Wording(language)
    cohort, cox, software = methods_paragraphs(results, wording)
    endpoint, facts = results["endpoint"], results["validation_method"]["cox"]
    assert str(endpoint["n"]) in cohort
    assert str(endpoint["events"]) in cohort
    assert wording("kind_cox") in cox
    assert str(facts["repeats"]) in cox
    assert wording(f"method_{facts['method']}") in cox
    assert results["software"]["bone-prognosis"] in software


def test_methods_of_other_runs(results: dict[str, Any]) -> None:
    """Competing events, imputation, selection and tuning, a binary outcome: each has its sentence, and only then."""
    plain = " ".join(methods_paragraphs(results, ENGLISH))
    other = copy.deepcopy(results)
    other["endpoint"] |= {"competing_events": 31}
    other["study"]["missing"] = "chained"
    other["models"]["cox"] |= {
        "imputation": {"copies": 7},
        "selection": {"selector": "lasso", "kept": ["age"], "candidates": ["age", "hgb"], "table": []},
        "tuning": {"metric": "harrell_c", "folds": 4, "table": [{}, {}], "best": {"ridge": 2.0}},
    }
    found = " ".join(methods_paragraphs(other, ENGLISH))
    for words in ("A competing event came first in 31.", "in 7 copies",
                  "Of 2 candidate predictors the selection (lasso) kept 1",
                  "2 settings were compared by Harrell's C in 4 inner folds", "chosen here: ridge = 2.0"):  # fmt: skip
        assert words in found
        assert words not in plain
    other["endpoint"] = {"kind": "binary", "name": "response", "n": 10, "events": 4, "competing_events": 0}
    other["models"]["cox"]["median_follow_up"] = None
    assert "Time runs from" not in " ".join(methods_paragraphs(other, ENGLISH))


def test_methods_tell_how_scanners_were_harmonised(results: dict[str, Any]) -> None:
    recipe = Harmonised(Cox(), batch="scanner", keep=("age",))
    options = {key: plain_value(value) for key, value in recipe.get_params(deep=False).items()}
    other = copy.deepcopy(results)
    other["models"]["cox"] |= {"kind": "harmonised", "options": options}
    found = " ".join(methods_paragraphs(other, ENGLISH))
    assert "The effects of scanner on location and scale of the features were taken out by ComBat" in found
    assert "(empirical Bayes; Johnson, Li and Rabinovic 2007), learnt anew from the training patients" in found
    assert "What goes with age stayed in them." in found
    options |= {"shrink": False, "inside": False, "keep": []}
    found = " ".join(methods_paragraphs(other, ENGLISH))
    assert "(without empirical Bayes; Johnson, Li and Rabinovic 2007), learnt once from all patients" in found
    assert "stayed in them" not in found
    options["batch"] = None
    assert "ComBat" not in " ".join(methods_paragraphs(other, ENGLISH))
