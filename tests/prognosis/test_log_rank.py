"""Log-rank test: by hand, R's numbers, the score test of Cox's model as oracle, laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from cohorts.errors import DataContractError, FitError
from prognosis.curves import log_rank
from tests.prognosis.curve_rows import SEEDS, TINY, coarse_rows, late_mgus2


def test_six_rows_by_hand():
    found = log_rank(TINY["time"], TINY["status"], TINY["x"])
    assert found.groups == (0, 1)
    assert found.n.tolist() == [3, 3]
    assert found.observed.tolist() == [[2], [2]]
    np.testing.assert_allclose(found.expected, [[3], [1]], rtol=1e-15)
    # 1/4 at time 1; at time 6 two deaths of four: 2 * 1/4 * 3/4 * 2/3.
    np.testing.assert_allclose(found.variance, [[0.5, -0.5], [-0.5, 0.5]], rtol=1e-15)
    np.testing.assert_allclose([found.chisq, found.p], [2, 0.15729920705028513], rtol=1e-13)
    assert found.df == 1


def test_weights_of_the_family_by_hand():
    # S(t-) is 1 at time 1, 5/6 at time 6 and 5/12 at time 9, where one group alone is at risk.
    found = log_rank(TINY["time"], TINY["status"], TINY["x"], rho=1)
    np.testing.assert_allclose(found.observed[:, 0], [5 / 6 + 5 / 12, 1 + 5 / 6], rtol=1e-15)
    np.testing.assert_allclose(found.expected[:, 0], [1 / 2 + 2 * 5 / 6 * 3 / 4 + 5 / 12, 1 / 2 + 2 * 5 / 6 / 4])
    np.testing.assert_allclose(found.variance[0, 0], 1 / 4 + (5 / 6) ** 2 / 4, rtol=1e-14)


def test_strata_with_power_equal_r():
    # survdiff(Surv(etime, e) ~ g + strata(sex), m, rho = .5)
    m = late_mgus2()
    found = log_rank(m["etime"], m["e"], m["g"], stratum=m["sex"], rho=0.5)
    assert found.observed.shape == (3, 2)
    np.testing.assert_allclose(found.chisq, 261.99393312727, rtol=1e-12)


def test_delayed_entry_is_the_score_test_of_r():
    # summary(coxph(Surv(late + id / 1e5, etime + id / 1e5, e) ~ factor(g), m))$sctest; without ties the two are one
    m = late_mgus2()
    shift = m["id"] / 1e5
    found = log_rank(m["etime"] + shift, m["e"], m["g"], entry=m["late"] + shift)
    np.testing.assert_allclose(found.chisq, 285.35692431928, rtol=1e-12)
    np.testing.assert_allclose(found.p, 1.0852535062237e-62, rtol=1e-10)
    assert found.df == 2


def slow_log_rank(time, event, entry, group):
    """Observed, expected and variance of the first group, one event time after the other."""
    observed = expected = variance = 0.0
    for when in np.unique(time[event == 1]):
        risk = (entry < when) & (time >= when)
        dies = risk & (time == when) & (event == 1)
        y, own, d = risk.sum(), (risk & (group == 0)).sum(), dies.sum()
        observed += (dies & (group == 0)).sum()
        expected += d * own / y
        variance += d * own / y * (1 - own / y) * (y - d) / (y - 1) if y > 1 else 0
    return observed, expected, variance


@given(SEEDS)
def test_a_loop_over_times_gives_the_same(seed):
    rows = coarse_rows(seed)
    del rows["weight"]
    group = np.arange(30) % 2
    found = log_rank(**rows, group=group)
    observed, expected, variance = slow_log_rank(**rows, group=group)
    np.testing.assert_allclose(
        [found.observed[0, 0], found.expected[0, 0], found.variance[0, 0]], [observed, expected, variance]
    )
    np.testing.assert_allclose(found.chisq, (observed - expected) ** 2 / variance, rtol=1e-10)


@given(SEEDS)
def test_laws(seed):
    rows = coarse_rows(seed, n=60)
    del rows["weight"]
    group, stratum = np.arange(60) % 3, np.arange(60) // 30
    found = log_rank(**rows, group=group, stratum=stratum, rho=0.5)
    np.testing.assert_allclose(found.observed.sum(axis=0), found.expected.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.variance.sum(axis=0), 0, atol=1e-12)
    renamed = log_rank(**rows, group=np.array(["c", "a", "b"])[group], stratum=-stratum, rho=0.5)
    np.testing.assert_allclose(renamed.chisq, found.chisq, rtol=1e-9)
    assert renamed.groups == ("a", "b", "c")
    # Strata are summed: each one alone gives its part.
    parts = [
        log_rank(**{k: v[stratum == s] for k, v in rows.items()}, group=group[stratum == s], rho=0.5) for s in (0, 1)
    ]
    np.testing.assert_allclose(found.variance, parts[0].variance + parts[1].variance, rtol=1e-10, atol=1e-13)


def test_a_clear_difference_is_found_and_none_is_not():
    draw = np.random.default_rng(0)
    time, group = draw.exponential(size=600), np.arange(600) % 2
    assert log_rank(time * (1 + group), np.ones(600), group).p < 1e-6
    assert log_rank(time, np.ones(600), group).p > 0.05


def test_a_group_that_leaves_before_the_first_event_takes_no_part():
    found = log_rank([1, 1, 2, 3, 4, 5], [0, 0, 1, 1, 1, 0], list("aabbcc"))
    assert found.df == 1
    assert found.expected[0, 0] == 0
    np.testing.assert_allclose(found.chisq, log_rank([2, 3, 4, 5], [1, 1, 1, 0], list("bbcc")).chisq, rtol=1e-14)


def test_what_is_refused():
    with pytest.raises(FitError, match=r"\[Q06\] column group: 1 with rows, at least 2"):
        log_rank([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(FitError, match=r"\[Q07\].*never at risk together"):
        log_rank([1, 2, 3], [0, 0, 1], ["a", "a", "b"])
    with pytest.raises(FitError, match=r"\[Q07\].*never at risk together"):
        log_rank([1, 2, 3, 4] * 2, [1] * 8, list("ababcdcd"), stratum=[0] * 4 + [1] * 4)
    with pytest.raises(DataContractError, match=r"\[Q07\].*events compete.*gray_test"):
        log_rank([1, 2], [1, 2], ["a", "b"])
    with pytest.raises(DataContractError, match=r"\[Q02\] column stratum, row ids 0"):
        log_rank([2, 1], [1, 1], ["a", "b"], stratum=[None, "x"])
    with pytest.raises(FitError, match=r"\[Q03\].*rho=nan"):
        log_rank([1, 2], [1, 1], ["a", "b"], rho=float("nan"))
