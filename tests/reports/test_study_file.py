"""The study file: unknown words are refused, all faults at once, with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from cohorts.errors import RunError
from prognosis.validation import CrossValidation, GroupCombinations, Temporal
from reports.declared_recipes import recipe_of
from reports.study_file import ModelTable, read_study_file
from reports.study_validation import plan_of

GOOD = """
[study]
title = "t"
seed = 3
[cohort]
file = "c.csv"
codebook = "c.toml"
[endpoint]
name = "death"
kind = "time_to_event"
time = "t"
event = "e"
unit = "months"
origin = "diagnosis"
[[models]]
name = "cox"
kind = "cox"
predictors = ["a", "b"]
splines = { a = 3 }
[[models]]
name = "small"
kind = "cox"
predictors = ["b", "c"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    study = read_study_file(write(tmp_path, GOOD))
    assert study.study.seed == 3
    assert study.predictors == ("a", "b", "c")
    assert study.models[0].options == {"splines": {"a": 3}}
    assert study.imputation is None
    assert study.validation is None


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("seed = 3", "sead = 3"), "U02", "unknown key study.sead"),
        (("seed = 3", "seed = -1"), "U02", "study.seed"),
        (('title = "t"', ""), "U02", "study.title"),
        (('name = "small"', 'name = "cox"'), "U02", "two models are called cox"),
        (('name = "small"', 'name = "../evil"'), "U02", "models.1.name"),
        (('predictors = ["b", "c"]', "predictors = []"), "U02", "models.1.predictors"),
        (("[study]", '[nomogram]\nmodel = "x"\n[study]'), "U02", "[nomogram] names the model x"),
        (("[study]", '[imputation]\nmethod = "mean"\n[study]'), "U02", "imputation.method"),
        (("[study]", "[validation]\nrepeats = 0\n[study]"), "U02", "validation.repeats"),
        (("[study]", '[validation]\nmethod = "bootstrap"\nrepeats = 1\n[study]'), "U02", "repeats = 2 or more"),
        (("[study]", '[validation]\nmethod = "bootstrap"\nfolds = 5\n[study]'), "U02", "takes no folds"),
        (("[study]", '[validation]\nmethod = "internal-external"\n[study]'), "U02", "needs by"),
        (("[study]", '[validation]\nmethod = "temporal"\nby = "year"\n[study]'), "U02", "needs after"),
        (("[study]", '[validation]\nby = "site"\n[study]'), "U02", "that the package chooses takes no by"),
        (("[study]", "[study"), "U01", "not valid TOML"),
    ],
)
def test_faults_are_named(tmp_path: Path, change: tuple[str, str], code: str, words: str) -> None:
    with pytest.raises(RunError) as caught:
        read_study_file(write(tmp_path, GOOD.replace(*change)))
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "study.toml" in str(caught.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("seed = 3", "sead = 3").replace('file = "c.csv"', "fil = 1")
    with pytest.raises(RunError) as caught:
        read_study_file(write(tmp_path, text))
    assert {"unknown key study.sead", "unknown key cohort.fil"} <= {f.rule for f in caught.value.findings}
    assert len(caught.value.findings) == 3  # and cohort.file is missing


def test_an_absent_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot read the study file: No such file"):
        read_study_file(tmp_path / "none.toml")


def test_options_become_the_recipe() -> None:
    table = ModelTable(
        name="m", kind="cox", predictors=("a", "b"), ties="breslow", interactions=[["a", "b"]], ridge=0.5
    )
    recipe = recipe_of(table)
    assert recipe.get_params()["ties"] == "breslow"
    assert recipe.get_params()["interactions"] == [("a", "b")]
    assert recipe.get_params()["ridge"] == 0.5


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RunError, match=r"unknown kind 'oracle'.*cox"):
        recipe_of(ModelTable(name="m", kind="oracle", predictors=("a",)))


def test_an_option_the_model_lacks_is_never_ignored() -> None:
    """Case T24 in the study file: the message names the option and the estimator."""
    with pytest.raises(RunError) as caught:
        recipe_of(ModelTable(name="m", kind="cox", predictors=("a",), sample_weights="w"))
    assert caught.value.code == "T24"
    assert "Cox has no option sample_weights" in str(caught.value)
    assert "weights" in caught.value.findings[0].way_out


@pytest.mark.parametrize(
    ("lines", "plan"),
    [
        ("repeats = 5", None),
        ('method = "632+"\nrepeats = 5', "632+"),
        ('method = "cross-validation"', "cross-validation"),
        ('method = "cross-validation"\nfolds = 4\nrepeats = 2', CrossValidation(4, 2)),
        ('method = "cross-validation"\nfolds = 4', CrossValidation(4, 10)),
        ('method = "internal-external"\nby = "site"', "internal-external"),
        ('method = "group-combinations"\nby = "site"\nk = 3', GroupCombinations("site", 3)),
        ('method = "group-combinations"\nby = "site"', "group-combinations"),
        ('method = "temporal"\nby = "year"\nafter = 2015', Temporal("year", 2015)),
        ('method = "temporal"\nby = "day"\nafter = "2015-06-30"', Temporal("day", "2015-06-30")),
    ],
)
def test_the_validation_table_says_which_plan(tmp_path: Path, lines: str, plan: object) -> None:
    study = read_study_file(write(tmp_path, GOOD.replace("[study]", f"[validation]\n{lines}\n[study]")))
    assert study.validation is not None
    assert plan_of(study.validation) == plan
