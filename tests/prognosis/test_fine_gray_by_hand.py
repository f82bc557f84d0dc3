"""Fine-Gray regression on rows that can be computed by hand, and against the definition in plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis.competing.fine_gray_estimate import estimate_fine_gray
from prognosis.competing.observation_weights import estimate_observation
from prognosis.competing.subdistribution import CompetingRows
from prognosis.cox.baseline import estimate_baseline
from prognosis.cox.regression import fit_cox
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from tests.prognosis import slow_fine_gray as slow

BY_HAND = {"x": [0, 1, 0, 0, 1, 1], "time": [1, 2, 3, 4, 5, 6], "event": [2, 1, 0, 1, 2, 0]}


def competing(x, time, event, entry=None, weight=None, group=None, offset=None):
    """Rows of a regression from plain lists."""
    design = np.ascontiguousarray(np.asarray(x, float).reshape(len(time), -1))
    names = tuple(f"x{j}" for j in range(design.shape[1]))
    starts = None if entry is None else np.asarray(entry, float)
    outcome = SurvivalArrays(np.asarray(time, float), np.asarray(event, np.int64), starts)
    counts = np.ones(len(time)) if weight is None else np.asarray(weight, float)
    return CompetingRows(design, names, outcome, counts, offset, group)


def drawn(n=60, seed=1, *, ties=False, entry=False, groups=False):
    """A small made-up cohort as the slow solvers take it."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 2))
    first = draw.exponential(np.exp(-0.5 * x[:, 0]))
    other = draw.exponential(1.5 * np.exp(0.4 * x[:, 1]))
    gone = draw.exponential(2.0, n)
    time = np.minimum(np.minimum(first, other), gone)
    event = np.where(gone <= time, 0, np.where(first <= other, 1, 2))
    time = np.ceil(time * 8) / 8 if ties else time
    start = np.full(n, -np.inf)
    if entry:
        # The first rows were there from the beginning, so that somebody always is.
        start = np.where(np.arange(n) < n // 2, 0.0, time * draw.uniform(0.05, 0.8, n))
        start = np.where(np.arange(n) < n // 2, 0.0, np.floor(start * 8) / 8) if ties else start
    group = draw.integers(0, 2, n) if groups else np.zeros(n, np.int64)
    return {"x": x, "time": time, "event": event, "entry": start, "weight": np.ones(n), "group": group}


def as_rows(rows):
    """The same cohort as the package takes it."""
    entry = rows["entry"] if np.isfinite(rows["entry"]).any() else None
    return competing(rows["x"], rows["time"], rows["event"], entry, rows["weight"], rows["group"])


def test_six_rows_by_hand():
    """Score 1/(1 + r) = 2 r / (1.75 + 2 r): the patient with the competing event counts 1, then G = 3/4."""
    estimate = estimate_fine_gray(competing(**BY_HAND))
    r = np.sqrt(0.875)
    assert estimate.coefficients[0] == pytest.approx(np.log(r), abs=1e-14)
    assert estimate.loglik[0] == pytest.approx(-np.log(6) - np.log(3.75), abs=1e-14)
    assert estimate.loglik[1] == pytest.approx(np.log(r) - np.log(3 + 3 * r) - np.log(1.75 + 2 * r), abs=1e-14)
    hazard = np.array([0, 1 / (3 + 3 * r), 1 / (3 + 3 * r) + 1 / (1.75 + 2 * r)])
    risk, _, _ = estimate.risk(np.array([[0.0], [1.0]]), np.array([1.9, 2, 5.5]))
    np.testing.assert_allclose(risk, 1 - np.exp(-np.outer([1, r], hazard)), atol=1e-14)


@pytest.mark.parametrize(("weighting", "w"), [("crr", 3 / 4), ("finegray", 2 / 3)])
def test_who_has_an_event_at_the_time_of_a_censoring(weighting, w):
    """Under crr still at risk of being censored (1 of 4), under finegray gone (1 of 3)."""
    rows = competing([0, 1, 0, 0, 1], [1, 2, 2, 3, 4], [2, 1, 0, 1, 1])
    estimate = estimate_fine_gray(rows, weighting=weighting)
    assert estimate.loglik[0] == pytest.approx(-np.log(5) - np.log(2 + w) - np.log(1 + w), abs=1e-14)


@pytest.mark.parametrize(("weighting", "second"), [("crr", 5.0), ("finegray", 4.0)])
def test_tied_events_by_breslow_and_by_efron(weighting, second):
    """Two of five at risk have the event at once; for the second Efron leaves one of them out."""
    rows = competing([0, 1, 0, 1, 0], [1, 2, 2, 3, 4], [2, 1, 1, 0, 0])
    estimate = estimate_fine_gray(rows, weighting=weighting)
    assert estimate.loglik[0] == pytest.approx(-np.log(5) - np.log(second), abs=1e-14)


def test_weights_with_delayed_entry_by_hand():
    """W = G / (1 - share that enters) from the first competing event (time 1) on."""
    time, event = np.array([1.0, 3, 4, 5]), np.array([2, 1, 0, 1])
    w = estimate_observation(time, event, np.array([0.0, 0, 0, 2]), np.ones(4), since=1.0)
    # At time 2 one of three enters: 1 / (2/3). At time 4 one of two is censored: times 1/2.
    np.testing.assert_allclose(w.before(np.array([1.0, 2, 3, 4, 5, 5.1])), [1, 1, 1.5, 1.5, 0.75, 0], rtol=1e-14)


@pytest.mark.parametrize("weighting", ["crr", "finegray"])
@pytest.mark.parametrize("kind", [{}, {"ties": True}, {"entry": True}, {"ties": True, "entry": True}, {"groups": True}])
def test_a_general_optimiser_of_the_plain_likelihood_agrees(kind, weighting):
    rows = drawn(**kind)
    expected = slow.coefficients(rows, events_first=weighting == "finegray", efron=weighting == "finegray")
    estimate = estimate_fine_gray(as_rows(rows), weighting=weighting)
    np.testing.assert_allclose(estimate.coefficients, expected, atol=2e-6)
    weight, times = slow.weights_of(rows, weighting == "finegray")
    at_end = slow.log_likelihood(estimate.coefficients, rows, weight, times, weighting == "finegray")
    assert estimate.loglik[1] == pytest.approx(at_end, rel=1e-12)


@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize(("weighting", "efron"), [("crr", False), ("finegray", True)])
def test_without_competing_events_it_is_the_cox_model(weighting, efron, entry):
    rows = drawn(ties=True, entry=entry)
    rows["event"] = (rows["event"] > 0).astype(np.int64)
    estimate = estimate_fine_gray(as_rows(rows), weighting=weighting)
    sets = build_risk_sets(rows["time"], rows["event"] == 1, rows["entry"] if entry else None)
    cox = fit_cox(rows["x"], sets, ("x0", "x1"), efron=efron)
    baseline = estimate_baseline(cox, rows["x"], sets, np.array([rows["time"].max()]), None, efron)
    np.testing.assert_allclose(estimate.coefficients, cox.coefficients, rtol=1e-12)
    np.testing.assert_allclose(estimate.naive_covariance, cox.covariance, rtol=1e-10)
    np.testing.assert_allclose(estimate.loglik, cox.loglik, rtol=1e-13)
    np.testing.assert_allclose(estimate.baseline.cumulative_hazard, baseline.cumulative_hazard, rtol=1e-12)


@given(seed=st.integers(0, 10_000), scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
def test_order_of_rows_and_scale_of_columns_do_not_matter(seed, scale, shift):
    rows = drawn(40, seed=seed, ties=True)
    first = estimate_fine_gray(as_rows(rows))
    order = np.random.default_rng(seed).permutation(40)
    moved = {name: values[order] for name, values in rows.items()}
    moved["x"] = (moved["x"] + shift) * [scale, 1.0]
    second = estimate_fine_gray(as_rows(moved))
    np.testing.assert_allclose(second.coefficients * [scale, 1.0], first.coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(second.loglik, first.loglik, rtol=1e-9)
    horizons = np.linspace(0.01, rows["time"].max(), 30)
    for one, other in zip(first.risk(rows["x"], horizons), second.risk(moved["x"], horizons), strict=True):
        np.testing.assert_allclose(other, one[order], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("kind", [{"ties": True}, {"entry": True}, {"groups": True}])
def test_whole_weights_count_equal_patients(kind):
    rows = drawn(50, **kind)
    counts = np.random.default_rng(2).integers(1, 4, 50)
    many = {name: np.repeat(values, counts, axis=0) for name, values in rows.items()}
    weighted = estimate_fine_gray(as_rows({**rows, "weight": counts.astype(float)}))
    repeated = estimate_fine_gray(as_rows(many))
    for name in ("coefficients", "covariance", "naive_covariance", "loglik", "means"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-9)
    for name in ("cumulative_hazard", "variance", "mean_hazard"):
        ours, theirs = getattr(weighted.baseline, name), getattr(repeated.baseline, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-12)


def test_curves_rise_inside_their_limits():
    rows = drawn(80)
    estimate = estimate_fine_gray(as_rows(rows))
    times = np.linspace(1e-3, rows["time"].max(), 200)
    for interval in ("log", "log-log", "plain"):
        risk, lower, upper = estimate.risk(rows["x"], times, interval=interval)
        assert (np.diff(risk, axis=1) >= 0).all()
        assert (lower <= risk).all()
        assert (risk <= upper).all()
        assert (lower >= 0).all()
        assert (upper <= 1).all()
    beyond, _, _ = estimate.risk(rows["x"], np.array([rows["time"].max() * 1.01]))
    assert np.isnan(beyond).all()
