"""How stable a chosen set is: closed forms, chance, the published interval, and the way through a study."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import FitError, PrognosisWarning
from prognosis.models import Cox, PenalisedCox, Screened, Selected
from prognosis.selection import Backward
from prognosis.selection.set_stability import SelectionStability, nogueira
from tests.prognosis import made

CANDIDATES = ["age", "albumin", "creat", "sex", "grade", "relapse"]


def stability(chosen):
    chosen = np.array(chosen, bool)
    return SelectionStability("m", tuple("abcdefghij"[: chosen.shape[1]]), ("a",), chosen, 0)


def test_by_hand():
    """Sets {a, b}, {a, c}, {a, b} of four: Jaccard (1/3 + 1 + 1/3) / 3; variances 0, 1/3, 1/3, 0 against 1/4."""
    found = stability([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]])
    assert found.jaccard == pytest.approx(5 / 9)
    assert found.nogueira == pytest.approx(1 - (2 / 3 / 4) / 0.25)
    assert found.mean_size == 2
    table = found.table
    assert table["predictor"].tolist() == ["a", "b", "c", "d"]
    assert table["frequency"].tolist() == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert table["kept"].tolist() == [True, False, False, False]


def test_the_same_set_every_time_and_sets_by_chance():
    same = stability(np.tile([1, 1, 0, 0, 0], (20, 1)))
    assert (same.jaccard, same.nogueira) == (1.0, pytest.approx(1.0))
    assert same.limits() == (pytest.approx(1.0), pytest.approx(1.0))
    assert np.isnan(stability(np.ones((5, 3))).nogueira)
    draw = np.random.default_rng(0)
    values, errors = np.array([nogueira(draw.random((60, 10)) < 0.4) for _ in range(300)]).T
    assert abs(values.mean()) < 0.005
    # where all are chosen equally often the error of the first order vanishes, and the interval is too wide
    assert np.mean(np.abs(values) < 1.96 * errors) > 0.93


def test_the_interval_covers_where_some_are_chosen_more_often():
    draw, often = np.random.default_rng(1), np.array([0.9, 0.8, 0.5, 0.2, 0.1, 0.1])
    true = 1 - (often * (1 - often)).mean() / (often.mean() * (1 - often.mean()))
    values, errors = np.array([nogueira(draw.random((80, 6)) < often) for _ in range(300)]).T
    assert values.mean() == pytest.approx(true, abs=0.01)
    assert np.mean(np.abs(values - true) < 1.96 * errors) == pytest.approx(0.95, abs=0.04)


@given(st.integers(0, 10_000))
def test_neither_the_order_of_resamples_nor_of_candidates_counts(seed):
    draw = np.random.default_rng(seed)
    chosen = draw.random((7, 5)) < 0.5
    other = chosen[draw.permutation(7)][:, draw.permutation(5)]
    np.testing.assert_allclose(nogueira(chosen), nogueira(other), rtol=1e-9, atol=1e-12)
    assert stability(chosen).jaccard == pytest.approx(stability(other).jaccard)


def fit(recipe, n=200):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        study = made.study(CANDIDATES, n=n)
        return study, study.fit(recipe)


def test_a_study_tells_how_often_each_is_chosen():
    study, model = fit(Selected(Cox(), Backward(method="approximate"), always=["relapse"]))
    found = study.selection_stability(model, repeats=10)
    again = study.selection_stability(model, repeats=10)
    np.testing.assert_array_equal(found.chosen, again.chosen)
    table = found.table.set_index("predictor")
    assert table["frequency"]["relapse"] == 1.0
    assert table["frequency"]["age"] > table["frequency"]["creat"]
    assert tuple(name for name in CANDIDATES if table["kept"][name]) == model.predictors
    assert 0 < found.jaccard <= 1
    lower, upper = found.limits()
    assert lower < found.nogueira < upper


@pytest.mark.parametrize("recipe", [Screened(keep=2), PenalisedCox(rule="one-standard-error", folds=3)])
def test_so_do_screening_and_a_lasso(recipe):
    study, model = fit(recipe)
    found = study.selection_stability(model, repeats=4)
    assert found.chosen.shape == (4, 6)
    assert found.table["frequency"].between(0, 1).all()


def test_y09_a_model_that_chooses_nothing():
    study, model = fit(Cox())
    with pytest.raises(FitError, match="chooses no predictors") as caught:
        study.selection_stability(model, repeats=4)
    assert caught.value.code == "Y09"
