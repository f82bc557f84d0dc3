"""Figure of importance: what a forest rests on out of its bags, and any model in patients left out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cohorts.errors import Finding, FitError, PrognosisWarning
from prognosis import FittedModel, Study
from prognosis.execution import IN_PROCESS
from prognosis.models import Cox, RandomSurvivalForest
from prognosis.validation import CrossValidation
from prognosis.validation.importance import permutation_importance
from reports.contents.importance import forest_importance_content, importance_content
from reports.figures.importance import importance_figure
from reports.fonts import choose_fonts
from reports.internal_figures import internal_figures
from reports.wording import Wording
from tests.prognosis import made


@pytest.fixture(scope="module")
def study() -> Study:
    return made.study(["age", "albumin", "sex", "grade"], n=200, horizons=[24])


@pytest.fixture(scope="module")
def forest(study: Study) -> FittedModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return study.fit(RandomSurvivalForest(trees=20), name="forest")


def test_a_forest_shows_its_table_with_intervals_by_t_and_minimal_depths(forest: FittedModel) -> None:
    content = forest_importance_content(forest, Wording("en"), repeats=3)
    table = forest.importance(3).set_index("term")
    order = list(table["importance"].sort_values(ascending=False).index)
    assert content.labels == tuple(forest.codebook[name].text("en") for name in order)
    assert content.estimate == pytest.approx(table.loc[order, "importance"])
    np.testing.assert_allclose(
        np.subtract(content.upper, content.estimate), 4.302652729911275 * table.loc[order, "se"], rtol=1e-9
    )
    depth = forest.summary.set_index("term").loc[order, "minimal_depth"]
    assert content.depth == tuple(f"{value:.1f}" for value in depth)
    picture = importance_figure(content, choose_fonts("", "en"))
    assert picture.width == 180
    assert "Importance of the predictors in forest" in picture.title
    assert content.text[0] in picture.lettered


def test_any_model_shows_what_patients_left_out_lose_and_has_no_depths(study: Study) -> None:
    model = study.fit(Cox())
    plan = CrossValidation(folds=3, repeats=1)
    found = permutation_importance(study, model, "brier", 24, plan=plan, permutations=1)
    content = importance_content(found, model, Wording("zh"))
    assert content.depth == ()
    assert content.estimate == tuple(found.table["importance"])
    assert content.axis.startswith("留出患者中的上升")
    assert f"{found.value:.3f}" in content.axis
    drawn = importance_figure(importance_content(found, model, Wording("en")), choose_fonts("", "en"))
    assert drawn.height == 13 + 5 * 4 + 13


def test_a_validation_of_a_forest_draws_it_and_one_of_cox_does_not(
    study: Study, forest: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts, wording = choose_fonts("", "en"), Wording("en")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        found = study.validate([forest], CrossValidation(3, 1), metrics=["harrell_c"])
    assert "importance_forest" in internal_figures(study, forest, found, IN_PROCESS, fonts, wording).pictures
    cox = study.fit(Cox())
    judged = study.validate([cox], CrossValidation(3, 1), metrics=["harrell_c"])
    assert not [
        name for name in internal_figures(study, cox, judged, IN_PROCESS, fonts, wording).pictures if "imp" in name
    ]

    def refused(*_: object) -> None:
        raise FitError(Finding("F26", "all rows are in the bags", "grow more trees"))

    monkeypatch.setattr(FittedModel, "importance", refused)
    without = internal_figures(study, forest, found, IN_PROCESS, fonts, wording)
    assert "importance_forest" not in without.pictures
    assert [finding.code for finding in without.warnings] == ["R20"]
