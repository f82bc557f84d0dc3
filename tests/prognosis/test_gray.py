"""Gray's test: R's numbers, the log-rank score where nothing competes, laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from cohorts.errors import DataContractError, FitError
from prognosis.curves import aalen_johansen, gray_test, log_rank
from tests.prognosis.curve_rows import SEEDS, coarse_rows, late_mgus2


def test_four_rows_by_hand():
    # At time 1 both groups have two at risk: score 1 - 1/2; variance 1/8 from each group. At time 3 group a has
    # nobody under observation, so that b is compared with nobody. cuminc(1:4, c(1,2,1,0), c(1,1,2,2)): 1.
    found = gray_test([1, 2, 3, 4], [1, 2, 1, 0], ["a", "a", "b", "b"])
    np.testing.assert_allclose([found.score[0], found.variance[0, 0], found.chisq], [1 / 2, 1 / 4, 1], rtol=1e-15)
    np.testing.assert_allclose(found.p, 0.317310507862914, rtol=1e-14)
    assert (found.groups, found.df) == (("a", "b"), 1)


@pytest.mark.parametrize(
    ("rho", "cause", "chisq", "p"),
    [
        # cuminc(etime, ev, g, sex, rho = rho)$Tests
        (0, 1, 4.6860752607461, 0.096035474438299),
        (0, 2, 274.9962272589613, None),
        (1, 1, 4.0173680530052, 0.1341651162844),
        (1, 2, 220.0439190453265, None),
    ],
)
def test_strata_and_power_equal_r(rho, cause, chisq, p):
    m = late_mgus2()
    found = gray_test(m["etime"], m["ev"], m["g"], cause=cause, stratum=m["sex"], rho=rho)
    np.testing.assert_allclose(found.chisq, chisq, rtol=1e-12)
    assert found.df == 2
    # R takes 1 - pchisq, which is 0 in the far tail.
    if p is None:
        assert 0 < found.p < 1e-40
    else:
        np.testing.assert_allclose(found.p, p, rtol=1e-11)


@pytest.mark.parametrize(
    ("cause", "chisq"),
    # t <- c(2,4,1,3,4,7,9,5,8,8,6,3); e <- c(1,2,2,1,2,1,2,1,0,1,2,0); cuminc(t, e, rep(1:3, each = 4))$Tests
    # Group 1 dies out at time 4, the one branch where nobody is left free of events.
    [(1, 4.56017756027263), (2, 1.50511422810388)],
)
def test_a_group_that_dies_out_equals_r(cause, chisq):
    time, event = [2, 4, 1, 3, 4, 7, 9, 5, 8, 8, 6, 3], [1, 2, 2, 1, 2, 1, 2, 1, 0, 1, 2, 0]
    np.testing.assert_allclose(gray_test(time, event, np.repeat([1, 2, 3], 4), cause=cause).chisq, chisq, rtol=1e-12)


@given(SEEDS)
def test_the_score_is_that_of_the_log_rank_test_where_nothing_competes(seed):
    rows = coarse_rows(seed, delayed=False)
    del rows["weight"]
    group = np.arange(30) % 2
    found, plain = gray_test(**rows, group=group), log_rank(**rows, group=group)
    np.testing.assert_allclose(found.score[0], plain.observed[0, 0] - plain.expected[0, 0], atol=1e-10)


def slow_gray(time, event, group, rho):
    """Score and variance of the first of two groups as Gray's paper writes them: sums over times and groups."""

    def risk(k, t):
        return ((group == k) & (time >= t)).sum()

    def died(k, t, cause):
        return ((group == k) & (time == t) & (event == cause)).sum()

    free, incidence, pooled, score, drift = [1.0, 1.0], [0.0, 0.0], 0.0, 0.0, np.zeros(2)
    steps = []
    for t in np.unique(time[event > 0]):
        at = [k for k in (0, 1) if risk(k, t)]
        h = {k: risk(k, t) / free[k] for k in at}
        total, d = sum(h.values()), sum(died(k, t, 1) for k in (0, 1))
        weight = (1 - pooled) ** rho
        still = {k: h[k] * (1 - incidence[k]) for k in at}
        if 0 in at:
            score += weight * (died(0, t, 1) - d * still[0] / sum(still.values()))
        a = np.array([weight * h[0] * ((k == 0) - h[k] / total) if {0, k} <= set(at) else 0.0 for k in (0, 1)])
        drift = drift + a * d / (total * (1 - pooled))
        after = [free[k] * (1 - (died(k, t, 1) + died(k, t, 2)) / risk(k, t)) if k in at else free[k] for k in (0, 1)]
        pooled += d / total
        for k in at:
            left = (1 - pooled) / after[k] if after[k] > 0 else 0.0
            ties = 1 - (d - 1) / (total * free[k] - 1) if d > 1 else 1
            steps.append((k, a[k], 1 - left, drift[k], ties * free[k] * d / (total * risk(k, t))))
            m, y = died(k, t, 2), risk(k, t)
            if m and after[k] > 0:
                ties = 1 - (m - 1) / (y - 1) if m > 1 else 1
                steps.append((k, 0.0, -left, drift[k], ties * free[k] ** 2 * m / y**2))
            incidence[k] += free[k] * died(k, t, 1) / y
        free = after
    return score, sum(size * (a + slope * (drift[k] - then)) ** 2 for k, a, slope, then, size in steps)


@pytest.mark.parametrize("rho", [0, 1])
@given(seed=SEEDS)
def test_a_loop_over_times_and_groups_gives_the_same(rho, seed):
    rows = coarse_rows(seed, causes=2, delayed=False)
    group = np.arange(30) % 2
    found = gray_test(rows["time"], rows["event"], group, rho=rho)
    score, variance = slow_gray(rows["time"], rows["event"], group, rho)
    np.testing.assert_allclose([found.score[0], found.variance[0, 0]], [score, variance], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.chisq, score**2 / variance, rtol=1e-8, atol=1e-12)


@given(SEEDS)
def test_laws(seed):
    rows = coarse_rows(seed, n=60, causes=2, delayed=False)
    del rows["weight"]
    group, stratum = np.arange(60) % 3, np.arange(60) // 30
    found = gray_test(**rows, group=group, stratum=stratum)
    renamed = gray_test(**rows, group=np.array(["c", "a", "b"])[group], stratum=-stratum)
    np.testing.assert_allclose(renamed.chisq, found.chisq, rtol=1e-8)
    np.testing.assert_allclose(found.variance, found.variance.T, rtol=1e-10)
    longer = gray_test(rows["time"] ** 2, rows["event"], group, stratum=stratum)
    np.testing.assert_allclose(longer.chisq, found.chisq, rtol=1e-12)
    parts = [gray_test(rows["time"][stratum == s], rows["event"][stratum == s], group[stratum == s]) for s in (0, 1)]
    np.testing.assert_allclose(found.score, parts[0].score + parts[1].score, rtol=1e-9, atol=1e-12)


def test_it_tells_incidence_from_hazard():
    # The hazard of cause 1 is the same, but in group 1 cause 2 takes patients away: incidences differ.
    draw = np.random.default_rng(4)
    n = 3000
    group = np.arange(n) % 2
    one, two = draw.exponential(1.0, n), draw.exponential(np.where(group == 1, 0.5, 4.0))
    time, event = np.minimum(one, two), np.where(one < two, 1, 2)
    assert gray_test(time, event, group).p < 1e-10
    assert log_rank(time, event == 1, group).p > 0.05
    curves = aalen_johansen(time, event, group=group)
    assert curves[0].at(1)[0, 1] > curves[1].at(1)[0, 1]


def test_what_is_refused():
    with pytest.raises(FitError, match=r"\[Q07\].*no event of cause 3"):
        gray_test([1, 2], [1, 2], ["a", "b"], cause=3)
    with pytest.raises(FitError, match=r"\[Q06\] column group"):
        gray_test([1, 2], [1, 2], ["a", "a"])
    with pytest.raises(FitError, match=r"\[Q07\] column group: a group is never at risk"):
        gray_test([1, 2, 3, 4], [2, 0, 1, 1], ["a", "a", "b", "b"])
    with pytest.raises(DataContractError, match=r"\[Q01\].*for 3 rows"):
        gray_test([1, 2, 3], [1, 1, 0], ["a", "b"])
    with pytest.raises(FitError, match=r"\[Q03\].*rho=inf"):
        gray_test([1, 2], [1, 1], ["a", "b"], rho=float("inf"))
    # All of group a die early, so that the pooled incidence passes 1 before b's last event.
    with pytest.raises(FitError, match=r"\[Q07\].*pooled incidence of cause 1 passes 1"):
        gray_test([1, 2, 3, 4, 5, 6], [1] * 6, list("aaabbb"), rho=0.5)
