"""Concordance with every weighting of time and its error: pair by pair, by derivative, by hand and R's numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import PredictionError
from prognosis.kernels.concordance import concordance_counts
from prognosis.metrics.concordance import clustered_se, concordance

KINDS = ("n", "S", "S/G", "n/G2", "I")
ROWS = st.lists(
    st.tuples(
        st.integers(1, 8), st.booleans(), st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0]),
        st.floats(0, 0.99), st.integers(0, 1),
    ),
    min_size=2, max_size=25,
)  # fmt: skip


def curve_weight(kind, t, time, event, weight, entry):
    """Weight of a pair whose earlier event is at t, the curves written out just before t."""
    if kind == "n" or event.sum() < 2:
        return 1.0
    at_risk = weight[(entry < t) & (time >= t)].sum()
    survival = censoring = 1.0
    for u in np.unique(time[time < t]):
        n = weight[(entry < u) & (time >= u)].sum()
        died, lost = (weight[(time == u) & (event == dead)].sum() for dead in (True, False))
        survival *= 1 - died / n
        censoring *= 1 - lost / (n - died) if lost else 1
    if kind == "I":
        return 1 / at_risk
    if kind == "n/G2":
        return 1 / censoring**2
    # where nobody is left uncensored, only the weight without censoring exists
    return weight.sum() * survival / (at_risk * (censoring if kind == "S/G" else 1.0))


def by_pairs(time, event, marker, weight, entry, stratum, kind, tau):
    """Sums of each row's partners (concordant, discordant, tied) and the five counts, pair by pair."""
    n = len(time)
    sums, ties = np.zeros((n, 3)), np.zeros(2)
    for i in np.flatnonzero(event):
        own = stratum == stratum[i]
        factor = curve_weight(kind, time[i], *(part[own] for part in (time, event, weight, entry)))
        factor *= time[i] <= tau
        for j in np.flatnonzero(own):
            if j != i and event[j] and time[j] == time[i]:
                ties[int(marker[i] == marker[j])] += factor * weight[i] * weight[j] / 2
            elif j != i and (time[j] > time[i] or time[j] == time[i]) and entry[j] < time[i]:
                which = 0 if marker[i] > marker[j] else 1 if marker[i] < marker[j] else 2
                sums[i, which] += factor * weight[j]
                sums[j, which] += factor * weight[i]
    return sums, np.concatenate([weight @ sums / 2, ties])


@settings(max_examples=80)
@given(ROWS, st.booleans(), st.booleans(), st.sampled_from(KINDS), st.sampled_from([4.0, np.inf]))
def test_value_counts_and_influence_are_those_of_the_pairs(rows, delayed, stratified, kind, tau):
    time, event, marker, weight, share, stratum = (np.array(column) for column in zip(*rows, strict=True))
    time, marker = time.astype(float), marker.astype(float)
    delayed = delayed and "G" not in kind
    entry = np.floor(share * time) if delayed else np.full(len(time), -1.0)
    strata = stratum.astype(np.int64) if stratified else np.zeros(len(time), np.int64)
    found = concordance(
        time, event, marker, weight=weight, entry=entry if delayed else None,
        stratum=strata if stratified else None, time_weight=kind, tau=None if np.isinf(tau) else tau,
    )  # fmt: skip
    sums, counts = by_pairs(time, event, marker, weight, entry, strata, kind, tau)
    np.testing.assert_allclose(found.pairs, counts, rtol=1e-9, atol=1e-9)
    comparable = counts[:3].sum()
    if comparable < 1e-9:
        assert np.isnan(found.concordance)
        assert np.isnan(found.se)
        return
    c = (counts[0] + counts[2] / 2) / comparable
    assert found.concordance == pytest.approx(c, abs=1e-10)
    # The change of C with a row's weight, the weights by time held: its pairs' surplus over C.
    influence = weight * (sums[:, 0] + sums[:, 2] / 2 - c * sums.sum(axis=1)) / comparable
    np.testing.assert_allclose(found.influence, influence, atol=1e-9)
    assert found.se == pytest.approx(np.sqrt((influence**2).sum()), abs=1e-9)


def test_three_patients_by_hand():
    """One event, compared with two: once concordant, once tied. C = 3/4."""
    found = concordance(np.array([1.0, 2, 3]), np.array([True, False, False]), np.array([5.0, 5, 1]))
    assert found.concordance == 0.75
    assert found.pairs == (1.0, 0.0, 1.0, 0.0, 0.0)
    np.testing.assert_allclose(found.influence, [0, -0.125, 0.125], atol=1e-15)
    assert found.se == pytest.approx(np.sqrt(2) / 8)


def test_unos_weights_by_hand():
    """Before the events at 1, 3 and 4 the share uncensored is 1, 3/4 (one of four lost at 2) and 3/4."""
    time, event = np.array([1.0, 2, 2, 3, 4, 5]), np.array([True, True, False, True, True, False])
    marker = np.array([3.0, 1, 2, 5, 2, 4])
    found = concordance(time, event, marker, time_weight="n/G2")
    np.testing.assert_allclose(found.pairs[:2], [3 + 16 / 9 * 2, 6 + 16 / 9], rtol=1e-12)
    # R 4.2, survival 3.5: concordance(..., timewt = "n/G2", reverse = TRUE)
    assert found.se**2 == pytest.approx(0.01869013, rel=1e-6)


def test_tied_times_by_hand():
    """Three events at once, of weight 1, 2 and 3; the markers of the first two are equal."""
    time, event = np.array([1.0, 1, 1, 2]), np.array([True, True, True, False])
    found = concordance(time, event, np.array([1.0, 1, 2, 0]), weight=np.array([1.0, 2, 3, 1]))
    assert found.pairs == (6.0, 0.0, 0.0, 1 * 3 + 2 * 3, 1 * 2)


def test_strata_and_clusters_equal_r(golden_data):
    """concordance(Surv(time, dead) ~ ph.ecog + strata(sex), timewt = "S", cluster = inst, reverse = TRUE)."""
    lung = golden_data("lung").dropna(subset=["age", "sex", "ph.ecog", "inst"])
    stratum, inst = (lung[name].to_numpy(np.int64) for name in ("sex", "inst"))
    outcome = lung["time"].to_numpy(float), lung["dead"].to_numpy() == 1
    found = concordance(*outcome, lung["ph.ecog"].to_numpy(), stratum=stratum, time_weight="S")
    assert found.concordance == pytest.approx(0.6043202659239824, rel=1e-13)
    assert clustered_se(found, inst) ** 2 == pytest.approx(0.0003980436670155, rel=1e-12)
    expected = [3508.756333783 + 1293.281332328, 1792.9606281008 + 626.0448688463, 3110.583883519 + 1090.085446471]
    np.testing.assert_allclose(found.pairs[:3], expected, rtol=1e-12)
    assert found.pairs.tied_time == pytest.approx(12.108079191478, rel=1e-12)
    assert found.pairs.tied_both == pytest.approx(5.352911980776, rel=1e-12)


def test_the_error_is_about_that_of_the_bootstrap():
    draw = np.random.default_rng(5)
    x = draw.normal(size=150)
    time, event = np.round(draw.exponential(np.exp(-x)), 2) + 0.01, draw.random(150) < 0.7
    found = concordance(time, event, x)
    again = [
        concordance(time[rows], event[rows], x[rows]).concordance
        for rows in (draw.integers(0, 150, 150) for _ in range(300))
    ]
    assert found.se == pytest.approx(np.std(again), rel=0.15)
    assert found.concordance == concordance_counts(time, event, x).concordance


def test_direction_and_scale():
    draw = np.random.default_rng(6)
    time, event, x = draw.exponential(size=60), draw.random(60) < 0.6, draw.normal(size=60)
    for kind in KINDS:
        found, reverse = (concordance(time, event, marker, time_weight=kind) for marker in (x, -x))
        assert found.concordance + reverse.concordance == pytest.approx(1, abs=1e-12)
        assert found.se == pytest.approx(reverse.se, rel=1e-10)
        assert concordance(time, event, -time, time_weight=kind).concordance == 1
        assert concordance(7 * time, event, np.exp(x), time_weight=kind).se == pytest.approx(found.se, rel=1e-10)
        assert np.abs(found.influence.sum()) < 1e-12


def test_the_order_of_rows_does_not_matter():
    draw = np.random.default_rng(7)
    time, x = draw.integers(1, 20, 80).astype(float), draw.integers(0, 9, 80).astype(float)
    event, stratum, order = draw.random(80) < 0.6, draw.integers(0, 3, 80), draw.permutation(80)
    found = concordance(time, event, x, stratum=stratum, time_weight="S")
    moved = concordance(time[order], event[order], x[order], stratum=stratum[order], time_weight="S")
    assert moved.concordance == pytest.approx(found.concordance, rel=1e-12)
    np.testing.assert_allclose(moved.influence, found.influence[order], atol=1e-14)


def test_without_censoring_uno_is_harrell():
    draw = np.random.default_rng(8)
    time, x = draw.exponential(size=40), draw.normal(size=40)
    uno, harrell = (concordance(time, np.ones(40, bool), x, time_weight=kind) for kind in ("n/G2", "n"))
    assert uno.concordance == harrell.concordance
    assert uno.se == harrell.se


def test_events_after_tau_do_not_count():
    draw = np.random.default_rng(9)
    time, x, event = draw.exponential(size=80), draw.normal(size=80), draw.random(80) < 0.7
    found = concordance(time, event, x, tau=1.0)
    censored = concordance(np.minimum(time, 1.0), event & (time <= 1), x)
    assert found.concordance == pytest.approx(censored.concordance, rel=1e-12)
    assert found.se == pytest.approx(censored.se, rel=1e-12)


def test_no_event_gives_no_number():
    found = concordance(np.array([1.0, 2]), np.zeros(2, bool), np.array([1.0, 2]), time_weight="S")
    assert np.isnan([found.concordance, found.se]).all()
    assert np.isnan(found.influence).all()


@pytest.mark.parametrize(
    ("kind", "entry", "words"),
    [
        ("G", None, "unknown weighting of time 'G'.*n, S, S/G, n/G2, I"),
        ("n/G2", np.zeros(2), "needs the censoring distribution, which delayed entry does not give"),
        ("S/G", np.zeros(2), "use n, S or I"),
    ],
)
def test_a_weighting_that_is_none_is_refused(kind, entry, words):
    with pytest.raises(PredictionError, match=words) as caught:
        concordance(np.array([1.0, 2]), np.ones(2, bool), np.array([1.0, 2]), entry=entry, time_weight=kind)
    assert caught.value.code == "N29"
