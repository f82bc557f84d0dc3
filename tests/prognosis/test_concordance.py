"""Harrell's C: R's counts on real data, and a pair-by-pair count as oracle on ties, weights, strata and entry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis.evaluation import Evaluation
from prognosis.kernels.concordance import concordance_counts
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made import structured


def by_pairs(time, event, marker, weight, entry, stratum):
    """Count pair by pair: i has the event, j is under observation at that time and leaves later."""
    concordant = discordant = tied = 0.0
    for i in np.flatnonzero(event):
        for j in range(len(time)):
            later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if i == j or not later or stratum[i] != stratum[j] or entry[j] >= time[i]:
                continue
            pair = weight[i] * weight[j]
            concordant += pair * (marker[i] > marker[j])
            discordant += pair * (marker[i] < marker[j])
            tied += pair * (marker[i] == marker[j])
    return concordant, discordant, tied


ROWS = st.lists(
    st.tuples(
        st.integers(1, 8), st.booleans(), st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0]),
        st.floats(0, 0.99), st.integers(0, 1),
    ),
    min_size=2, max_size=25,
)  # fmt: skip


@given(ROWS, st.booleans(), st.booleans())
def test_the_tree_counts_what_pairs_count(rows, delayed, stratified):
    time, event, marker, weight, share, stratum = (np.array(column) for column in zip(*rows, strict=True))
    time, marker = time.astype(float), marker.astype(float)
    entry = np.floor(share * time) if delayed else np.full(len(time), -1.0)
    strata = stratum.astype(np.int64) if stratified else np.zeros(len(time), np.int64)
    found = concordance_counts(
        time, event, marker, weight=weight, entry=entry if delayed else None, stratum=strata if stratified else None
    )
    expected = by_pairs(time, event, marker, weight, entry, strata)
    np.testing.assert_allclose([found.concordant, found.discordant, found.tied_marker], expected, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "data", "columns", "time", "event", "weight"),
    [
        ("concordance_lung", "lung", ["age", "sex", "ph.ecog"], "time", "dead", None),
        ("concordance_gbsg_weighted", "gbsg", ["age", "nodes", "hormon"], "rfstime", "status", "wt"),
    ],
)
@pytest.mark.parametrize("rounded", [False, True])
def test_counts_equal_r(golden, golden_data, name, data, columns, time, event, weight, rounded):
    """Case M08: tied markers and tied times as R counts them, to 1e-10."""
    rows = golden_data(data).dropna(subset=columns)
    r = golden(name)
    marker = Cox().fit(rows[columns], structured(rows[time].to_numpy(float), rows[event])).predict(rows[columns])
    marker += r["lp_first6"][0] - marker[0]  # R's origin, which decides the rounding
    weights = None if weight is None else rows[weight].to_numpy(float)
    found = concordance_counts(
        rows[time].to_numpy(float),
        rows[event].to_numpy() == 1,
        np.round(marker, 1) if rounded else marker,
        weight=weights,
    )
    expected = r["n_rounded" if rounded else "n"]
    assert found.concordance == pytest.approx(expected["C"], abs=1e-10)
    counts = (found.concordant, found.discordant, found.tied_marker)
    assert counts == pytest.approx([expected["count"][key] for key in ("concordant", "discordant", "tied.x")])


def test_by_hand():
    """Three patients, one event at 1: compared with both others; the marker is higher than one and equal to one."""
    found = concordance_counts(np.array([1.0, 2.0, 3.0]), np.array([True, False, False]), np.array([5.0, 5.0, 1.0]))
    assert (found.concordant, found.discordant, found.tied_marker) == (1.0, 0.0, 1.0)
    assert found.concordance == 0.75


def test_direction_a_higher_risk_for_an_earlier_event_is_one_and_its_reverse_nought():
    time, event = np.arange(1.0, 9.0), np.ones(8, bool)
    assert harrell_c(Evaluation(SurvivalArrays(time, event.astype(np.int64)), -time)) == 1.0
    assert harrell_c(Evaluation(SurvivalArrays(time, event.astype(np.int64)), time)) == 0.0
    assert harrell_c(Evaluation(SurvivalArrays(time, event.astype(np.int64)), np.zeros(8))) == 0.5


def test_without_a_comparable_pair_there_is_no_number():
    assert np.isnan(
        harrell_c(Evaluation(SurvivalArrays(np.array([1.0, 2.0]), np.zeros(2, np.int64)), np.array([0.0, 1.0])))
    )


def test_times_that_differ_by_rounding_are_one_time():
    time = np.array([1.0, 1.0 + 1e-12, 2.0])
    event = np.array([True, True, False])
    assert harrell_c(Evaluation(SurvivalArrays(time, event.astype(np.int64)), np.array([0.0, 1.0, 0.5]))) == 0.5
