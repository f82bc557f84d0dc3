"""What a study's rows spare each refit: the same C and the same weights for censoring, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.evaluation import Recalibration
from prognosis.metrics.discrimination import harrell_c
from prognosis.outcome import SurvivalArrays
from prognosis.refits import Answers, Judged


def made(n, seed, codes=2, ties=True):
    draw = np.random.default_rng(seed)
    time = draw.integers(1, 12, n).astype(float) if ties else draw.exponential(size=n)
    marker = np.round(draw.normal(size=n), 1 if ties else 9)
    outcome = SurvivalArrays(time, draw.integers(0, codes, n))
    answers = Answers(marker, marker, draw.uniform(size=(n, 1)), lambda _: Recalibration(np.nan))
    return outcome, answers, draw


@settings(max_examples=60, deadline=None)
@given(n=st.integers(8, 60), seed=st.integers(0, 10**6), codes=st.integers(2, 3), ties=st.booleans())
def test_c_of_a_resample_by_counts_is_that_of_its_rows(n, seed, codes, ties):
    outcome, answers, draw = made(n, seed, codes, ties)
    judged = Judged(outcome, None, None, np.array([5.0]))
    for rows in (draw.integers(0, n, n), np.arange(n), np.flatnonzero(draw.uniform(size=n) < 0.5)):
        seen = judged.evaluation(answers, rows)
        assert seen.quick_concordance is not None
        plain = harrell_c(replace(seen, quick_concordance=None))
        np.testing.assert_equal(harrell_c(seen), plain)


def test_a_binary_outcome_too():
    draw = np.random.default_rng(2)
    event, marker = draw.integers(0, 2, 50), np.round(draw.normal(size=50), 1)
    judged = Judged(SurvivalArrays(np.full(50, np.nan), event), None, None, np.array([np.nan]))
    answers = Answers(marker, marker, np.full((50, 1), 0.3), lambda _: Recalibration(np.nan))
    seen = judged.evaluation(answers, draw.integers(0, 50, 50))
    assert harrell_c(seen) == harrell_c(replace(seen, quick_concordance=None))


def test_weights_of_all_rows_are_estimated_once():
    outcome, answers, draw = made(60, 4)
    judged = Judged(outcome, None, None, np.array([3.0, 5.0]))
    everybody = judged.evaluation(answers, np.arange(60))
    assert everybody.censoring is judged.evaluation(answers, np.arange(60)).censoring
    plain = replace(everybody, quick_censoring=None).censoring
    np.testing.assert_array_equal(everybody.censoring.weights, plain.weights)
    some = judged.evaluation(answers, draw.integers(0, 60, 60))
    assert some.quick_censoring is None
    assert everybody.at(1).censoring.horizons.tolist() == [5.0]


@pytest.mark.parametrize("what", ["weight", "stratum", "entry"])
def test_what_counts_do_not_know_goes_the_plain_way(what):
    outcome, answers, draw = made(40, 5)
    given_ = {"weight": draw.uniform(1, 2, 40), "stratum": draw.integers(0, 2, 40)}
    if what == "entry":
        outcome = SurvivalArrays(outcome.time, outcome.event, outcome.time * 0.5)
    judged = Judged(outcome, given_.get(what) if what == "weight" else None,
                    given_.get(what) if what == "stratum" else None, np.array([5.0]))  # fmt: skip
    seen = judged.evaluation(answers, np.arange(40))
    assert seen.quick_concordance is None
    assert 0 <= harrell_c(seen) <= 1
