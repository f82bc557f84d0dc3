"""Score residuals and robust covariance: the counting-process integral written out, and what follows from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.cox.residuals import score_residuals
from prognosis.models import Cox
from prognosis.risk_sets import build_risk_sets
from prognosis.robust_errors import robust_covariance
from tests.prognosis.made import outcome_of, patients


def draw_rows(seed, n, *, entry, strata, weights):
    draw = np.random.default_rng(seed)
    time = draw.integers(1, 8, n).astype(float)
    event = draw.random(n) < 0.6
    event[0] = True
    return {
        "design": draw.normal(size=(n, 2)),
        "eta": draw.normal(size=n),
        "time": time,
        "event": event,
        "entry": (draw.integers(0, 7, n) % time).astype(float) if entry else None,
        "stratum": draw.permutation(np.arange(n) % 2) if strata else None,
        "weight": draw.choice([0.5, 1.0, 2.0], n) if weights else None,
    }


rows = st.builds(
    draw_rows,
    st.integers(0, 100_000),
    st.integers(3, 25),
    entry=st.booleans(),
    strata=st.booleans(),
    weights=st.booleans(),
)


def slow(drawn, efron):
    """Sum of (x - mean) dM over the event times; Efron's ties are m equal steps, each with a share of the tied."""
    n = len(drawn["time"])
    entry = drawn["entry"] if drawn["entry"] is not None else np.full(n, -1.0)
    stratum = drawn["stratum"] if drawn["stratum"] is not None else np.zeros(n)
    weight = drawn["weight"] if drawn["weight"] is not None else np.ones(n)
    x, risk = drawn["design"], np.exp(drawn["eta"])
    out = np.zeros_like(x)
    for s in np.unique(stratum):
        for t in np.unique(drawn["time"][drawn["event"] & (stratum == s)]):
            at_risk = (stratum == s) & (entry < t) & (drawn["time"] >= t)
            dead = (stratum == s) & drawn["event"] & (drawn["time"] == t)
            m, mean_weight = dead.sum(), weight[dead].mean()
            for k in range(m):
                share = k / m if efron else 0.0
                present = at_risk - share * dead  # the tied are partly gone
                total = (weight * risk * present).sum()
                mean = (weight * risk * present) @ x / total
                out[dead] += (x[dead] - mean) / m
                out -= (x - mean) * (risk * present * mean_weight / total)[:, None]
    return out


@settings(max_examples=60)
@given(rows, st.booleans())
def test_residuals_by_the_integral(drawn, efron):
    sets = build_risk_sets(*(drawn[key] for key in ("time", "event", "entry", "stratum", "weight")))
    ours = score_residuals(drawn["design"], drawn["eta"], sets, efron)
    np.testing.assert_allclose(ours, slow(drawn, efron), rtol=1e-9, atol=1e-11)


@settings(max_examples=20)
@given(rows)
def test_the_origin_of_the_columns_does_not_matter(drawn):
    sets = build_risk_sets(*(drawn[key] for key in ("time", "event", "entry", "stratum", "weight")))
    moved = score_residuals(drawn["design"] + 100.0, drawn["eta"], sets)
    np.testing.assert_allclose(moved, score_residuals(drawn["design"], drawn["eta"], sets), atol=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("entry", [False, True])
def test_weighted_residuals_sum_to_the_score_which_is_zero(ties, entry):
    frame = patients(200)
    cox = Cox(ties=ties, weights="weight").fit(frame[["age", "albumin", "weight"]], outcome_of(frame, entry))
    kept = cox.training_
    residuals = score_residuals(kept.design, kept.linear_predictor, kept.risk_sets, ties == "efron")
    scale = np.abs(residuals).sum(axis=0)
    np.testing.assert_allclose(frame["weight"].to_numpy() @ residuals / scale, 0, atol=1e-10)


def test_the_sandwich_by_hand():
    residuals, weight = np.array([[1.0], [-2.0], [1.0], [0.5]]), np.array([1.0, 1.0, 2.0, 1.0])
    covariance = np.array([[0.5]])
    assert robust_covariance(residuals, weight, covariance)[0, 0] == pytest.approx(0.25 * (1 + 4 + 4 + 0.25))
    clustered = robust_covariance(residuals, weight, covariance, np.array([0, 0, 1, 1]))
    assert clustered[0, 0] == pytest.approx(0.25 * ((1 - 2) ** 2 + (2 + 0.5) ** 2))


def test_names_of_clusters_do_not_matter():
    frame = patients(150).assign(site=np.arange(150) % 10)
    covariances = []
    for names in (frame["site"], frame["site"].map(lambda k: f"site {9 - k}"), frame["site"] * 1000.5):
        cox = Cox(cluster="site").fit(frame[["age", "albumin"]].assign(site=names), outcome_of(frame))
        covariances.append(cox.estimate_.covariance)
    np.testing.assert_allclose(covariances[1], covariances[0], rtol=1e-12)
    np.testing.assert_allclose(covariances[2], covariances[0], rtol=1e-12)


def test_too_few_clusters_are_refused():
    residuals = np.array([[1.0, 0.5], [-1.0, -0.5]])
    with pytest.raises(FitError, match="2 clusters for 2 parameters") as caught:
        robust_covariance(residuals, np.ones(2), np.eye(2), np.array([0, 1]))
    assert caught.value.code == "C29"


def test_it_agrees_with_leaving_one_out():
    """The robust variance approximates the jackknife: refit without each patient in turn."""
    frame = patients(80)
    x, y = frame[["age", "albumin"]], outcome_of(frame)
    robust = Cox(cluster="id").fit(x.assign(id=range(80)), y).estimate_
    without = np.array([
        Cox().fit(x.drop(index=row), np.delete(y, place)).estimate_.coefficients for place, row in enumerate(x.index)
    ])  # fmt: skip
    jackknife = (without - robust.coefficients).T @ (without - robust.coefficients)
    np.testing.assert_allclose(np.sqrt(np.diag(jackknife)), np.sqrt(np.diag(robust.covariance)), rtol=0.12)


def test_robust_errors_widen_when_patients_come_twice():
    frame = patients(120)
    twice = frame.loc[np.repeat(frame.index, 2)].reset_index()
    naive = Cox(ties="breslow").fit(twice[["age", "albumin"]], outcome_of(twice)).estimate_
    robust = Cox(ties="breslow", cluster="pid").fit(twice[["age", "albumin", "pid"]], outcome_of(twice)).estimate_
    assert (np.diag(robust.covariance) > 1.5 * np.diag(naive.covariance)).all()
    np.testing.assert_array_equal(robust.coefficients, naive.coefficients)
