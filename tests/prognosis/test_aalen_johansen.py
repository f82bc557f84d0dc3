"""Aalen-Johansen curves: by hand, R's numbers, the jackknife's definition, laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from cohorts.errors import DataContractError, FitError, PrognosisWarning
from prognosis.curves import aalen_johansen, kaplan_meier
from tests.prognosis.curve_rows import SEEDS, TINY, coarse_rows, jackknife_by_differences, late_mgus2

CAUSE = np.array([1, 0, 1, 2, 0, 1])
TIMES = [24, 120, 240]


def test_six_rows_with_ties_by_hand():
    curve = aalen_johansen(TINY["time"], CAUSE)
    assert curve.causes == (1, 2)
    assert curve.n_event.tolist() == [[1, 0], [1, 1], [0, 0], [1, 0]]
    np.testing.assert_allclose(curve.event_free, [5 / 6, 5 / 12, 5 / 12, 0], rtol=1e-15)
    np.testing.assert_allclose(curve.incidence[:, 0], [1 / 6, 3 / 8, 3 / 8, 19 / 24], rtol=1e-14)
    np.testing.assert_allclose(curve.incidence[:, 1], [0, 5 / 24, 5 / 24, 5 / 24], rtol=1e-14)
    # Nobody was censored before time 1: binomial.
    np.testing.assert_allclose(curve.std_err[0] ** 2, [5 / 36 / 6, 5 / 36 / 6, 0], rtol=1e-13)


def test_gray_variance_by_hand():
    # Time 1: (1 + F/S)^2/36 - 2F(1 + F/S)/(36 S) + F^2/(36 S^2) = 1/36, F = 1/6, S = 5/6.
    curve = aalen_johansen(TINY["time"], CAUSE, errors="gray")
    np.testing.assert_allclose(curve.std_err[0, 1] ** 2, 1 / 36, rtol=1e-14)
    assert curve.std_err[0, 2] == 0
    # No event of cause 2 after time 6: its error stays.
    np.testing.assert_allclose(curve.std_err[1:, 2], curve.std_err[1, 2], rtol=1e-12)
    assert curve.std_err[1, 2] > 0
    np.testing.assert_allclose(curve.std_err[:3, 0], kaplan_meier(TINY["time"], CAUSE > 0).std_err_survival[:3])


def test_weighted_delayed_entry_equals_r():
    # survfit(Surv(late, etime, factor(ev, 0:2)) ~ 1, m, weights = w, id = id, conf.type = "log-log"), times TIMES
    m = late_mgus2()
    curve = aalen_johansen(m["etime"], m["ev"], entry=m["late"], weight=m["w"])
    limits = [curve.rows_at(TIMES, side, np.full((1, 3), np.nan))[:, 1] for side in curve.limits("log-log")]
    theirs = [
        [0.017729031219937, 0.062114011384054, 0.093849498122062],
        [0.0039498021956411, 0.0070097880291607, 0.0096172789950667],
        [0.011178927246731, 0.049340296666945, 0.076101873268051],
        [0.026817324403925, 0.076829316820951, 0.113778350038281],
    ]
    np.testing.assert_allclose([curve.at(TIMES)[:, 1], curve.std_err_at(TIMES)[:, 1], *limits], theirs, rtol=5e-13)


def test_plain_limits_equal_r():
    # survfit(Surv(etime, factor(ev, 0:2)) ~ 1, m, conf.type = "plain")
    m = late_mgus2()
    curve = aalen_johansen(m["etime"], m["ev"])
    low, high = (curve.rows_at(TIMES, side, np.zeros((1, 3)))[:, 1] for side in curve.limits("plain"))
    np.testing.assert_allclose(low, [0.010476261673738, 0.050400589893772, 0.080635768626183], rtol=1e-12)
    np.testing.assert_allclose(high, [0.024247168209333, 0.077043746132454, 0.118991663244755], rtol=1e-12)


def test_jackknife_errors_are_the_slopes_in_the_weights():
    rows = coarse_rows(4, n=40, causes=3)

    def probability(weight):
        return aalen_johansen(**{**rows, "weight": weight}).probability

    ours = aalen_johansen(**rows).std_err
    np.testing.assert_allclose(ours, jackknife_by_differences(probability, rows["weight"]), rtol=1e-6, atol=1e-9)


def test_jackknife_errors_where_everybody_has_an_event():
    rows = {"time": np.array([1.0, 1, 2, 2, 3, 3]), "event": np.array([1, 0, 2, 1, 1, 2])}
    curve = aalen_johansen(**rows)
    assert curve.event_free[-1] == 0
    assert curve.std_err[-1, 0] == 0

    def probability(weight):
        return aalen_johansen(**rows, weight=weight).probability

    np.testing.assert_allclose(curve.std_err, jackknife_by_differences(probability, np.ones(6)), atol=1e-9)


def test_without_censoring_both_errors_are_nearly_binomial():
    draw = np.random.default_rng(2)
    time, event = draw.permutation(np.arange(1.0, 401)), draw.integers(1, 3, 400)
    curve = aalen_johansen(time, event)
    p = curve.probability
    np.testing.assert_allclose(curve.std_err, np.sqrt(p * (1 - p) / 400), atol=1e-10)
    gray = aalen_johansen(time, event, errors="gray")
    np.testing.assert_allclose(gray.std_err[20:, 1:], curve.std_err[20:, 1:], rtol=0.06)


@given(SEEDS)
def test_one_cause_is_kaplan_meier(seed):
    rows = coarse_rows(seed)
    curve, plain = aalen_johansen(**rows), kaplan_meier(**rows, robust=True)
    np.testing.assert_allclose(curve.event_free, plain.survival, rtol=1e-14)
    np.testing.assert_allclose(curve.incidence[:, 0], 1 - plain.survival, rtol=1e-12)
    for column in (0, 1):
        np.testing.assert_allclose(curve.std_err[:, column], plain.std_err_survival, rtol=1e-8, atol=1e-12)


@given(SEEDS)
def test_laws(seed):
    rows = coarse_rows(seed, causes=2)
    curve = aalen_johansen(**rows)
    np.testing.assert_allclose(curve.probability.sum(axis=1), 1, rtol=1e-13)
    assert (np.diff(curve.incidence, axis=0) >= 0).all()
    # Leaving the competing events out of the risk set can only raise the estimate: 1 - Kaplan-Meier is too high.
    naive = kaplan_meier(**{**rows, "event": (rows["event"] == 1).astype(int)})
    assert (curve.incidence[:, curve.causes.index(1)] <= 1 - naive.survival + 1e-12).all()
    order = np.random.default_rng(seed).permutation(len(rows["time"]))
    shuffled = aalen_johansen(**{name: values[order] for name, values in rows.items()})
    np.testing.assert_allclose(shuffled.std_err, curve.std_err, rtol=1e-7, atol=1e-10)


def test_groups_share_their_causes_and_unused_codes_are_kept():
    group = np.array(list("aaabbb"))
    curves = aalen_johansen(TINY["time"], [1, 0, 1, 3, 0, 3], group=group)
    assert [curve.causes for curve in curves.values()] == [(1, 3), (1, 3)]
    assert (curves["a"].incidence[:, 1] == 0).all()
    assert curves["b"].table(cause=3)["incidence"].iloc[-1] == 1
    np.testing.assert_array_equal(curves["b"].table(3)["std_err"], curves["b"].std_err[:, 2])


def test_at_is_unknown_after_the_follow_up():
    curve = aalen_johansen([1, 2, 3], [1, 2, 0])
    assert curve.at(0.5).tolist() == [[1, 0, 0]]
    assert curve.std_err_at(0.5).tolist() == [[0, 0, 0]]
    np.testing.assert_allclose(curve.at([1, 3]), [[2 / 3, 1 / 3, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-15)
    assert np.isnan(curve.at(3.5)).all()
    assert aalen_johansen([1, 2], [1, 2]).at(9).tolist() == [[0, 0.5, 0.5]]


def test_log_limits_are_unknown_where_nothing_has_happened():
    low, high = aalen_johansen([1, 2, 3], [1, 2, 0]).limits()
    assert np.isnan([low[0, 2], high[0, 2]]).all()
    assert 0 < low[1, 2] < 1 / 3 < high[1, 2] <= 1


def test_what_is_refused_or_told():
    with pytest.raises(FitError, match=r"\[Q07\].*no event of any cause"):
        aalen_johansen([1, 2], [0, 0])
    with pytest.raises(FitError, match=r"\[Q08\].*neither weights nor delayed entry.*jackknife"):
        aalen_johansen([1, 2], [1, 2], weight=[1, 2], errors="gray")
    with pytest.raises(FitError, match=r"\[Q08\]"):
        aalen_johansen([1, 2], [1, 2], entry=[0, 0], errors="gray")
    with pytest.raises(FitError, match=r"\[Q03\].*errors='robust'.*jackknife, gray"):
        aalen_johansen([1, 2], [1, 2], errors="robust")
    with pytest.raises(DataContractError, match=r"\[T10\].*whole number"):
        aalen_johansen([1, 2], [1, 1.5])
    with pytest.warns(PrognosisWarning, match="everybody at risk at 1 has the event.*1 rows enter later"):
        curve = aalen_johansen([1, 4], [1, 2], entry=[0, 2])
    assert curve.incidence[:, 1].tolist() == [0, 0]
