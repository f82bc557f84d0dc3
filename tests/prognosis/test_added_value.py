"""The added-value test: who gets which follow-up, by hand; the statistic against two fits; p-values; refusals."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import prod

import numpy as np
import pytest

from cohorts import Binary, TimeToEvent, make_folds
from cohorts.errors import Finding, FitError, PrognosisWarning
from prognosis import Study
from prognosis.added_value import added_value
from prognosis.added_value.dealing import deal_events, deal_follow_ups
from prognosis.added_value.question import clinical_model
from prognosis.execution import Execution
from prognosis.models import Cox, Logistic, PenalisedCox
from tests.prognosis import made

BINARY = Binary("relapse", event="event")


def refused(code, words, build):
    with pytest.raises(FitError, match=words) as caught:
        build()
    assert caught.value.code == code


def shares(draw, of, times=2000):
    """How often each outcome of a draw comes; its standard error is .011 at most."""
    found: dict = {}
    rng = np.random.default_rng(5)
    for _ in range(times):
        key = of(draw(rng))
        found[key] = found.get(key, 0) + 1 / times
    return found


# Dealing ----------------------------------------------------------------------------------------------------------


def test_follow_ups_go_to_the_patients_by_their_hazards_by_hand():
    """Event, censoring, event at 1, 2, 3: P(a, b, c) = h_a / sum h * 1/2 * 1, over all six ways."""
    hazard = np.array([1.0, 2.0, 4.0])
    time, event = np.array([1.0, 2.0, 3.0]), np.array([True, False, True])
    found = shares(lambda rng: deal_follow_ups(time, event, np.log(hazard), None, rng), lambda dealt: tuple(dealt))
    wanted = {(a, b, c): hazard[a] / 7 / 2 for a, b, c in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1),
                                                           (2, 1, 0)]}  # fmt: skip
    for way, share in wanted.items():
        assert found[way] == pytest.approx(share, abs=0.035)


def test_two_events_in_a_row_are_drawn_without_replacement():
    """Events at 1 and 2, censored at 3, in another order of rows: h_a / 7 * h_b / (7 - h_a)."""
    hazard = np.array([1.0, 2.0, 4.0])
    time, event = np.array([3.0, 1.0, 2.0]), np.array([False, True, True])
    found = shares(lambda rng: deal_follow_ups(time, event, np.log(hazard), None, rng), lambda dealt: tuple(dealt))
    for (last, first, second), share in found.items():
        wanted = hazard[first] / 7 * hazard[second] / (7 - hazard[first])
        assert share == pytest.approx(wanted, abs=0.035), (last, first, second)


def test_every_follow_up_goes_to_somebody_and_stays_in_its_stratum():
    rng = np.random.default_rng(1)
    time, event, stratum = rng.exponential(size=50), rng.random(50) < 0.5, rng.integers(3, size=50)
    dealt = deal_follow_ups(time, event, rng.normal(size=50), stratum, rng)
    np.testing.assert_array_equal(np.sort(dealt), np.arange(50))
    np.testing.assert_array_equal(stratum[dealt], stratum)
    assert (dealt != np.arange(50)).sum() > 30


def test_an_event_comes_before_a_censoring_at_the_same_time():
    """If the censored one left first, a patient of hazard 1e9 would escape the event half of the time."""
    time, event, eta = np.ones(2), np.array([False, True]), np.array([0.0, 20.0])
    found = shares(lambda rng: deal_follow_ups(time, event, eta, None, rng), lambda dealt: int(dealt[1]), 200)
    assert found == {1: pytest.approx(1.0)}


def test_binary_outcomes_are_drawn_given_their_number_by_hand():
    odds = np.array([0.5, 1.0, 2.0])
    found = shares(lambda rng: deal_events(np.array([True, False, True]), np.log(odds), rng),
                   lambda dealt: frozenset(dealt[[0, 2]].tolist()))  # fmt: skip
    pairs = [frozenset(pair) for pair in ((0, 1), (0, 2), (1, 2))]
    total = sum(prod(odds[list(pair)]) for pair in pairs)
    for pair in pairs:
        assert found[pair] == pytest.approx(prod(odds[list(pair)]) / total, abs=0.035)
    few, rng = np.full(40, -9.0), np.random.default_rng(1)
    refused("V43", "hardly possible", lambda: deal_events(np.ones(40, bool), few, rng))


# The statistic and its p-value ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        frame = made.patients(120)
        cohort = made.cohort(frame=frame)
        return Study(cohort, made.ENDPOINT, ["age", "sex"], seed=3, folds=make_folds(cohort, made.ENDPOINT, 4, 1))


@pytest.fixture(scope="module")
def cox(study):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return study.fit(Cox(splines={"age": 3}), name="clinical")


@dataclass(frozen=True)
class Given:
    """Scores that do not depend on the outcome: of task 0, and for all others noise of their own."""

    observed: tuple[float, ...]
    fails: tuple[int, ...] = ()
    identity: bytes = b"given"

    def __call__(self, outcome, fold, task):
        if task in self.fails:
            raise FitError(Finding("I35", "no such luck", ""))
        assert len(set(outcome.ids)) == len(fold) == 120
        values = self.observed if task == 0 else np.random.default_rng(task).normal(size=120)
        return np.array(values)


def told(study):
    """A score that knows the follow-up, but for noise."""
    return tuple(-np.log(study.outcome.time) + np.random.default_rng(8).normal(size=120))


def test_the_signed_root_is_that_of_two_fits(study, cox):
    score = np.random.default_rng(2).normal(size=120)
    question = clinical_model(study, cox)
    root, coefficient = question.signed_root(np.arange(120), score)
    y = study.outcome.to_structured()
    both = Cox(splines={"age": 3}).fit(study.frame.assign(film=score), y).estimate_
    ratio = 2 * (both.loglik[1] - cox.estimate.loglik[1])
    assert abs(root) == pytest.approx(np.sqrt(ratio), rel=1e-9)
    assert coefficient == pytest.approx(both.coefficients[-1], rel=1e-9)
    assert np.sign(root) == np.sign(coefficient)
    turned = question.signed_root(np.arange(120), -score)
    assert turned == pytest.approx((-root, -coefficient), rel=1e-9)
    assert question.signed_root(np.arange(120), np.full(120, 0.1)) == (0.0, 0.0)
    # who has which outcome decides, not the order in which patients stand
    order = np.random.default_rng(3).permutation(120)
    fitted = Cox(splines={"age": 3}).fit(study.frame.iloc[order].assign(film=score), y).estimate_.loglik[1]
    without = Cox(splines={"age": 3}).fit(study.frame.iloc[order], y).estimate_.loglik[1]
    assert abs(question.signed_root(order, score)[0]) == pytest.approx(np.sqrt(2 * (fitted - without)), rel=1e-6)


def test_p_counts_the_permutations_that_reach_the_observed_statistic(study, cox):
    """A score that is the follow-up itself reaches the smallest p-value; one that points the wrong way the largest."""
    good = told(study)
    found = added_value(study, cox, Given(good), 39, score="film")
    assert found.p == pytest.approx(1 / 40)
    assert found.statistic > found.permuted.max() > 0 > found.permuted.min()
    assert str(found).startswith("film beyond clinical: p = 0.025, one-sided, 39 permutations")
    assert found.to_dict()["permutations"] == 39
    wrong = added_value(study, cox, Given(tuple(-np.array(good))), 39)
    assert wrong.p == 1.0
    assert wrong.coefficient == pytest.approx(-found.coefficient)
    np.testing.assert_array_equal(wrong.permuted, found.permuted)


def test_a_permutation_that_fails_counts_against_the_score_and_many_are_refused(study, cox):
    good = told(study)
    found = added_value(study, cox, Given(good, fails=(7,)), 39)
    assert found.failed == 1
    assert found.p == pytest.approx(2 / 40)
    assert found.to_dict()["permuted"][6] is None
    refused("V43", "3 of 39 permutations.*no such luck", lambda: added_value(study, cox, Given(good, (1, 2, 3)), 39))
    refused("V43", "cannot be learnt", lambda: added_value(study, cox, Given(good, (0,)), 39))


def test_a_journal_gives_the_same(study, cox, tmp_path):
    given = Given(told(study))
    first = added_value(study, cox, given, 19, execution=Execution(journal=tmp_path))
    done = []
    kept = Execution(journal=tmp_path)
    again = added_value(study, cox, given, 19, execution=kept, progress=lambda *n: done.append(n))
    np.testing.assert_array_equal(first.permuted, again.permuted)
    assert done == [(20, 20)]
    np.testing.assert_array_equal(added_value(study, cox, given, 19).permuted, first.permuted)


def test_of_a_binary_outcome():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        frame = made.patients(120)
        cohort = made.cohort(frame=frame)
        study = Study(cohort, BINARY, ["age", "sex"], folds=make_folds(cohort, BINARY, 4, 1))
        model = study.fit(Logistic())
    score = np.random.default_rng(4).normal(size=120)
    root, coefficient = clinical_model(study, model).signed_root(np.arange(120), score)
    both = Logistic().fit(study.frame.assign(film=score), study.outcome.to_structured()).estimate_
    assert abs(root) == pytest.approx(np.sqrt(2 * (both.loglik[1] - model.estimate.loglik[1])), rel=1e-9)
    assert coefficient == pytest.approx(both.coefficients[-1], rel=1e-9)
    good = tuple(study.outcome.event + 0.5 * score)
    assert added_value(study, model, Given(good), 19).p == pytest.approx(0.05)


def test_what_is_refused(study, cox):
    given = Given(told(study))
    refused("V41", "permutations=18.*199", lambda: added_value(study, cox, given, 18))
    refused("V41", "permutations=True", lambda: added_value(study, cox, given, True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        for recipe, words in [(Cox(ridge=1.0), "ridge"), (Cox(penalty="firth"), "penalty"), (Cox(cluster="weight"),
                              "cluster"), (PenalisedCox(), "penalised_cox")]:  # fmt: skip
            model = study.fit(recipe)
            refused("V40", words, lambda model=model: added_value(study, model, given, 19))
        bare = Study(study.cohort, study.endpoint, ["age", "sex"])
        refused("V42", "no folds", lambda: added_value(bare, bare.fit(Cox()), given, 19))
        fewer = study.cohort.without(study.cohort.ids[:1], "moved")
        other = Study(fewer, study.endpoint, ["age", "sex"], folds=study.folds)
        refused("V01", "not fitted by this study", lambda: added_value(other, cox, given, 19))
        part = study.fit(Cox(), predictors=["age"])
        assert added_value(study, part, given, 19).p < 1
    assert isinstance(study.endpoint, TimeToEvent)
