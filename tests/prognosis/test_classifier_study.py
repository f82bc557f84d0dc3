"""Classifiers in a study: validation, other cohorts, model files that hold patients' rows or none."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import FitError, ModelFileError, PrognosisWarning
from prognosis import load_model
from prognosis.models import AdaBoost, DecisionTree, ExtraTrees, Logistic, NeuralNetwork, SupportVectorMachine
from tests.prognosis import made
from tests.prognosis.made_classes import SMALL

PREDICTORS = ["age", "albumin", "sex", "grade"]
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def study(frame=None, n=150, **options):
    return made.study(PREDICTORS, n=n, frame=frame, endpoint=made.ENDPOINTS["binary"], **options)


@pytest.fixture(scope="module")
def models():
    """Every machine in one study."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        asked = study()
        return {name: asked.fit(recipe, name=name) for name, recipe in SMALL.items()}


def test_a_validation_judges_a_machine_beside_a_regression_in_the_same_folds_with_the_base_rate():
    asked = study()
    recipes = [asked.fit(Logistic()), asked.fit(SupportVectorMachine()), asked.fit(DecisionTree())]
    found = asked.validate(recipes, method="cross-validation", repeats=1, metrics="all", thresholds=[0.5])
    table = found.table.set_index(["model", "metric"])["corrected"]
    measured = {"auc", "brier", "oe_ratio", "net_benefit", "accuracy", "sensitivity", "specificity"}
    for model in found.table["model"].unique():
        assert measured <= set(table[model].dropna().index)
        assert table[model, "base_rate"] == pytest.approx(asked.outcome.to_structured()["event"].mean(), abs=0.02)
    assert 0.5 < table["support_vector_machine", "auc"] < 0.8
    gain = found.gain(of=recipes[1], over=recipes[0]).set_index("metric")
    difference = table["support_vector_machine", "brier"] - table["logistic", "brier"]
    assert gain.loc["brier", "difference"] == pytest.approx(difference)


def test_the_package_chooses_patients_left_out_for_a_machine():
    asked = study(n=100)
    found = asked.validate([asked.fit(SupportVectorMachine())], repeats=1)
    assert found.method == "cross-validation"
    assert "flatters" in found.choice


@pytest.mark.parametrize("name", SMALL)
def test_in_another_cohort_it_is_judged_refitted_but_not_updated(name, models):
    other = made.cohort(200, made.patients(200, seed=3))
    table = models[name].validate(other, repeats=20).table.set_index("metric")["estimate"]
    assert table["base_rate"] == pytest.approx(made.patients(200, seed=3)["early"].mean())
    assert {"auc", "brier", "calibration_slope"} <= set(table.index)
    with pytest.raises(FitError, match='no update "slope"') as caught:
        models[name].updated(other, "slope")
    assert caught.value.code == "E07"
    again = models[name].updated(other, "refit")
    assert ("L21" in [finding.code for finding in again.warnings]) == (name == "rbf")


@pytest.mark.parametrize("name", SMALL)
def test_a_file_of_patients_rows_is_written_on_request_only(name, models, tmp_path):
    model, path = models[name], tmp_path / "m.prognosis"
    if name == "rbf":
        with pytest.raises(ModelFileError, match=r"made of patients' rows.*store_reference=True") as caught:
            model.save(path)
        assert caught.value.code == "L21"
        assert not path.exists()
        model.save(path, store_reference=True)
    else:
        model.save(path)
    loaded = load_model(path)
    assert ("L21" in [finding.code for finding in loaded.warnings]) == (name == "rbf")
    new = made.patients(40, seed=8)[PREDICTORS]
    np.testing.assert_array_equal(loaded.predict(new).risk, model.predict(new).risk)
    if name == "rbf":
        (said,) = (finding for finding in loaded.warnings if finding.code == "L21")
        assert f"{len(model.estimate.trained.machine.dual)} patients" in said.rule


def test_a_loaded_machine_answers_without_the_library_that_trained_it(models, tmp_path):
    for name, model in models.items():
        model.save(tmp_path / f"{name}.prognosis", store_reference=True)
    script = (
        "import sys; from pathlib import Path; from prognosis import load_model\n"
        "patient = {'age': 60.0, 'albumin': 38.0, 'sex': 'F', 'grade': 'low'}\n"
        f"files = sorted(Path({str(tmp_path)!r}).glob('*.prognosis'))\n"
        "assert all(0 < load_model(file).predict(patient).risk[0, 0] < 1 for file in files) and len(files) == 6\n"
        "heavy = {'sklearn.svm', 'sklearn.ensemble', 'sklearn.neural_network', 'sklearn.tree', 'sklearn.isotonic'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_summaries_tell_what_the_machine_can_tell(models):
    assert list(models["linear"].summary.columns) == ["term", "weight", "mean", "sd"]
    assert list(models["rbf"].summary["term"]) == ["age", "albumin", "sex=M", "grade=middle", "grade=high"]
    assert list(models["extra"].summary.columns) == ["term", "splits", "unused", "minimal_depth"]
    assert set(models["ada"].summary["term"]) == set(PREDICTORS)
    linear = models["linear"].summary.set_index("term")["weight"]
    assert linear["age"] > 0 > linear["albumin"]


@pytest.mark.parametrize("name", SMALL)
def test_there_are_no_intervals_and_no_coefficients_and_that_is_said(name, models):
    answer = models[name].predict(made.patients(5)[PREDICTORS])
    assert np.isnan(answer.lower).all()
    assert np.isnan(answer.upper).all()
    assert "B24" in [finding.code for finding in models[name].warnings]
    with pytest.raises(FitError, match="no coefficients") as caught:
        models[name].contributions(made.patients(5)[PREDICTORS])
    assert caught.value.code == "N03"


def test_a_time_to_event_is_refused_with_the_way_out():
    for recipe in (SupportVectorMachine(), DecisionTree(), NeuralNetwork(), ExtraTrees(), AdaBoost()):
        with pytest.raises(FitError, match="EarlyRelapse") as caught:
            made.study(PREDICTORS, n=100).fit(recipe)
        assert caught.value.code == "T30"


def test_rows_of_weight_zero_do_not_count():
    frame = made.patients(150)
    weight = np.where(np.arange(150) < 120, 2.0, 0.0)
    recipe = SupportVectorMachine(weights="weight")
    ours = study(frame.assign(weight=weight)).fit(recipe)
    theirs = study(frame.iloc[:120].assign(weight=2.0)).fit(recipe)
    np.testing.assert_array_equal(ours.predict(frame[PREDICTORS]).risk, theirs.predict(frame[PREDICTORS]).risk)
    assert isinstance(ours.summary, pd.DataFrame)
