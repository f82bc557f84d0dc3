"""Competing events in a forest: leaves by Aalen-Johansen, splits by all causes or by one, risks that add up."""

from __future__ import annotations

import functools
import warnings
from dataclasses import replace

import numpy as np
import pytest

from cohorts.errors import FitError, PrognosisWarning
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.forest.growing import grow_one
from prognosis.forest.sampling import draw_from
from prognosis.forest.trees import Forest
from prognosis.kernels.forest_rows import Rule
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import RandomSurvivalForest
from prognosis.outcome import SurvivalArrays
from prognosis.persistence.content import content_of, self_test_of
from tests.prognosis import made, made_forest
from tests.prognosis.test_hostile_model_files import opened

PREDICTORS = ["age", "albumin", "sex"]


@functools.cache
def fitted(**options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        recipe = RandomSurvivalForest(**{"trees": 60, **options})
        return made.fit(recipe, PREDICTORS, 300, endpoint=made.ENDPOINTS["competing"])


def test_one_leaf_by_hand():
    """Events 1, 2, 1 of four patients at 1, 2, 3: incidence of event 1 is 1/4, then 1/4 + 1/2 * 1/2."""
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 4]), np.array([1, 2, 1, 0]))
    drawn = draw_from(np.zeros((4, 1)), outcome, np.ones(4), None, (0,))
    tree = grow_one(drawn, np.ones(4), made_forest.rule(1, 2, causes=2), 0)
    assert tree.hazard.tolist() == [[1 / 4, 0], [0, 1 / 3], [1 / 2, 0]]
    forest = Forest.of([tree], drawn.event_times, 4.0)
    assert forest.risk(np.zeros((1, 1)), np.array([0.5, 1, 2, 3, 4])).tolist() == [[0, 0.25, 0.25, 0.5, 0.5]]
    # area under it up to 4: 1/4 from 1 on, 1/4 more from 3 on
    assert forest.mortality(np.zeros((1, 1))).tolist() == [1.0]


def test_a_leaf_is_the_aalen_johansen_curve_of_its_rows():
    X, outcome = made_forest.rows(150, 2, causes=2)
    drawn = draw_from(X, outcome, np.ones(150), None, (3,))
    weight, seed = drawn.bag(0)
    tree = grow_one(drawn, weight, made_forest.rule(2, 200, causes=2), seed)
    bag = weight > 0
    curve = aalen_johansen(drawn.time[bag], drawn.sample.event[bag].astype(np.int64), weight=weight[bag])
    times = np.array([5.0, 20, 60, 100])
    risk = Forest.of([tree], drawn.event_times, 150.0).risk(X[:1], times)
    np.testing.assert_allclose(risk[0], curve.at(times)[:, 1], rtol=1e-12)


def test_a_cause_specific_split_is_the_best_for_its_cause():
    X, outcome = made_forest.rows(120, 3, causes=2)
    drawn = draw_from(X, outcome, np.ones(120), None, (0,))
    event = drawn.sample.event
    for cause in (1, 2):
        tree = grow_one(drawn, np.ones(120), Rule(3, 10, np.eye(2)[cause - 1]), 0)
        left = drawn.X[:, tree.feature[0]] <= tree.threshold[0]
        every = [left, *made_forest.candidates(drawn.X, 10)]
        found, *others = (
            u * u / v for u, v in (made_forest.log_rank(s, drawn.time, event, np.ones(120), cause) for s in every)
        )
        assert found == pytest.approx(max(others), rel=1e-9)


def test_incidences_of_all_events_and_freedom_add_up_to_one():
    forest = fitted().estimate.forest
    swapped = replace(forest, hazard=forest.hazard[:, ::-1].copy())
    together = replace(forest, hazard=forest.hazard.sum(axis=1, keepdims=True))
    X, times = np.array([[60.0, 38, 0], [80, 30, 1]]), np.array([6.0, 24, 48])
    both = forest.risk(X, times) + swapped.risk(X, times)
    np.testing.assert_allclose(both, together.risk(X, times), rtol=1e-12)


def test_the_choice_of_the_split_changes_the_forest_and_both_find_the_event():
    kept = [fitted(competing=how) for how in ("composite", "cause-specific")]
    rows = made.patients(50)[PREDICTORS]
    first, second = (model.predict(rows, [24]).risk for model in kept)
    assert (first != second).any()
    for model in kept:
        assert harrell_c(model.out_of_bag()) > 0.55


def test_scikit_survival_does_not_know_competing_events():
    with pytest.raises(FitError, match="one kind of event") as caught:
        fitted(grower="scikit-survival")
    assert caught.value.code == "F20"


def test_a_file_whose_endpoint_forgets_the_competing_events_is_refused(tmp_path):
    model = fitted()
    content, arrays = content_of(model)
    changed = {**content, "endpoint": {**content["endpoint"], "kind": "time_to_event"}}
    assert opened(tmp_path / "m.prognosis", changed, arrays, self_test_of(model))
