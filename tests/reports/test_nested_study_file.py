"""Recipes inside recipes in a study file: what they become, what is refused, and a run of the example."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cohorts import Cohort, TimeToEvent
from cohorts.errors import RunError
from prognosis import Study, load_model
from prognosis.models import Cox, EarlyRelapse, Logistic, RandomSurvivalForest, Screened, Selected, Tuned
from prognosis.selection.backward import Backward
from reports.contents.ranking import ranking_content
from reports.declared_recipes import answering_kind, recipe_of
from reports.results import model_facts
from reports.run import run_study
from reports.study_file import ModelTable
from reports.wording import Wording
from tests.reports.validation_pictures import ranking

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "gbsg_tuned.toml"


def table(kind, **options):
    return ModelTable(name="m", kind=kind, predictors=("a", "b"), **options)


def test_a_nested_table_becomes_the_recipe_inside():
    forest = {"kind": "random_survival_forest", "trees": 300}
    recipe = recipe_of(table("tuned", recipe=forest, grid={"min_leaf": [30, 15, 5]}, budget=9))
    assert isinstance(recipe, Tuned)
    assert isinstance(recipe.recipe, RandomSurvivalForest)
    assert (recipe.recipe.trees, recipe.grid, recipe.budget) == (300, {"min_leaf": [30, 15, 5]}, 9)
    recipe.check_parameters()


def test_selectors_and_deeper_nests():
    inner = {
        "kind": "selected",
        "recipe": {"kind": "cox", "interactions": [["a", "b"]]},
        "selector": {"kind": "backward"},
    }
    recipe = recipe_of(table("tuned", recipe=inner, grid={"recipe__ridge": [10.0, 0.0]}))
    assert isinstance(recipe.recipe, Selected)
    assert isinstance(recipe.recipe.selector, Backward)
    assert recipe.recipe.recipe.interactions == [("a", "b")]
    recipe.check_parameters()


def test_recipes_in_a_grid():
    inner = {"kind": "selected", "recipe": {"kind": "logistic"}}
    grid = {"recipe": [{"kind": "logistic"}, {"kind": "logistic", "penalty": "firth"}]}
    recipe = recipe_of(table("tuned", recipe=inner, grid=grid))
    assert [one.penalty for one in recipe.grid["recipe"]] == [None, "firth"]
    recipe.check_parameters()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"recipe": {"kind": "oracle"}}, "U04", r"model m, recipe: unknown kind 'oracle'.*cox"),
        ({"recipe": {"trees": 3}}, "U04", "model m, recipe: model without a kind.*random_survival_forest"),
        ({"recipe": {"kind": "cox", "trees": 3}}, "T24", "model m, recipe: Cox has no option trees.*ties"),
        ({"recipe": {"kind": "selected", "selector": {"kind": "magic"}}}, "U04",
         "model m, recipe, selector: unknown kind 'magic'.*backward"),
        ({"recipe": {"kind": "selected", "selector": {"kind": "backward", "luck": 1}}}, "T24",
         "model m, recipe, selector: Backward has no option luck"),
        ({"recipe": {"kind": "cox"}, "grid": {"recipe": [{"kind": "oracle"}]}}, "U04", "model m, grid.recipe: unknown"),
        ({"gird": {}}, "T24", "Tuned has no option gird.*grid"),
    ],
)  # fmt: skip
def test_what_is_written_wrong_is_refused_with_what_is_known(options, code, words):
    with pytest.raises(RunError, match=words) as caught:
        recipe_of(table("tuned", **options))
    assert caught.value.code == code


def test_the_kind_that_answers():
    assert answering_kind(Tuned(Screened(Cox()), grid={"keep": [1]}), timed=True) == "cox"
    assert answering_kind(Tuned(), timed=True) == "cox"
    assert answering_kind(Screened(), timed=False) == "logistic"
    assert answering_kind(Tuned(RandomSurvivalForest()), timed=True) == "random_survival_forest"
    assert answering_kind(Logistic(), timed=False) == "logistic"


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_the_example_runs_and_ranks_its_models(tmp_path):
    out = tmp_path / "out"
    run_study(EXAMPLE, out)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    ranking = results["ranking"]
    assert ranking["metric"] == "harrell_c"
    assert {line["model"] for line in ranking["models"]} == {"cox", "forest", "backward"}
    assert ranking["models"][0]["best_difference"] == 0
    assert ranking["models"][0]["best_p"] is None
    assert all(0.6 < line["estimate"] < 0.75 for line in ranking["models"])
    assert (out / "figures" / "ranking.pdf").read_bytes().startswith(b"%PDF")
    page = (out / "study_report.html").read_text(encoding="utf-8")
    assert "Models ranked by" in page
    forest = load_model(out / "models" / "forest.prognosis")
    assert len(forest.tuning.settings) == 3
    assert forest.kind == "random_survival_forest"
    kept = load_model(out / "models" / "backward.prognosis").selection.kept
    chosen = results["models"]["backward"]["selection"]
    assert (chosen["selector"], tuple(chosen["kept"])) == ("backward", kept)
    assert [line["predictor"] for line in chosen["table"] if line["kept"]] == list(kept)
    assert results["models"]["cox"]["selection"] is results["models"]["cox"]["tuning"] is None
    tuned = results["models"]["forest"]["tuning"]
    assert (tuned["best"], tuned["table"][0]["chosen"]) == (forest.tuning.best, True)
    for words in (
        f"backward (alpha=0.05, criterion=aic, method=refit, test=residual) kept {len(kept)} of 6 candidates",
        "3 of 6 settings compared",
        "the score of the winner here is too good",
    ):
        assert words in page
    assert {"Y34", "Y35"} <= {warning["code"] for warning in results["warnings"]}


def test_ranking_content_says_the_direction_the_best_and_what_is_unknown():
    content = ranking_content(ranking(), "months", Wording("en"))
    assert content.estimate_label == "Brier score at 24 months, lower is better (95 %)"
    assert [row.difference_text for row in content.rows] == [
        "the best here",
        "-0.008 (-0.031 to 0.015); p = .900",
        "-0.053 (-0.100 to -0.006); p < .001",
        "not known",
    ]
    assert content.rows[1].text == "0.705 (0.640 to 0.770)"
    assert content.reference is None
    assert content.note.startswith("Paired differences in the same patients left out")
    drawn = replace(ranking(), metric="harrell_c", horizon=float("nan"), method="bootstrap: normal")
    assert ranking_content(drawn, "months", Wording("en")).reference == 0.5
    assert "same resamples" in ranking_content(drawn, "months", Wording("en")).note


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_a_model_that_answers_through_another_says_so_in_the_results():
    draw = np.random.default_rng(5)
    frame = pd.DataFrame({"age": draw.normal(60, 9, 200), "months": draw.exponential(20, 200), "died": 1})
    endpoint = TimeToEvent("death", time="months", event="died", unit="months", origin="surgery", horizons=[12])
    study = Study(Cohort.from_frame(frame.rename_axis("pid").reset_index(), id="pid"), endpoint, ["age"], seed=1)
    recipe = Tuned(EarlyRelapse(Logistic(penalty="ridge"), window=12), grid={"recipe__strength": [9.0, 1.0]}, folds=2)
    options = json.loads(json.dumps(model_facts(study.fit(recipe))))["options"]
    assert options["window"] == 12
    assert options["recipe"]["kind"] == "logistic"
    assert options["recipe"]["penalty"] == "ridge"
    assert not [name for name in options if "__" in name]
