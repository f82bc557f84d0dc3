"""Standard errors of the Fine-Gray model: against loops, derivatives by the case weights, the bootstrap and R."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prognosis.competing.fine_gray_estimate import estimate_fine_gray
from prognosis.competing.fine_gray_regression import fit_fine_gray
from prognosis.competing.subdistribution import CompetingRows, build_subdistribution
from prognosis.outcome import SurvivalArrays
from tests.prognosis import slow_fine_gray as slow
from tests.prognosis.test_fine_gray_by_hand import as_rows, drawn

PROFILES = np.array([[50, 0, 0.5], [75, 1, 2.0]])
TIMES = np.array([24, 60, 120, 240.0])


def standard_errors(estimate, design, times):
    """Standard errors of the incidence, read off the plain limits (so narrow that none is clipped)."""
    risk, lower, upper = estimate.risk(design, times, interval="plain", level=0.01)
    return risk, (upper - lower) / (2 * 0.012533469508069276)


@pytest.mark.parametrize("kind", [{}, {"ties": True}, {"entry": True}, {"ties": True, "entry": True}, {"groups": True}])
@pytest.mark.parametrize("clustered", [False, True])
def test_sums_of_squared_influences_by_loops(kind, clustered):
    rows = drawn(40, seed=5, **kind)
    cluster = np.arange(40) % 13 if clustered else None
    estimate = estimate_fine_gray(as_rows(rows), cluster=cluster)
    score, curve, means, hazard = slow.influences(estimate.coefficients, rows)
    beta = score @ estimate.naive_covariance
    total = curve - beta @ means.T
    ratio = np.exp(rows["x"][:6] @ estimate.coefficients)
    of_patient = (total[:, None, :] + (beta @ rows["x"][:6].T)[:, :, None] * hazard) * ratio[:, None]
    if clustered:
        beta, of_patient = (
            np.array([part[cluster == c].sum(axis=0) for c in range(13)]) for part in (beta, of_patient)
        )
    np.testing.assert_allclose(estimate.covariance, beta.T @ beta, rtol=1e-9)
    risk, se = standard_errors(estimate, rows["x"][:6], estimate.event_times)
    np.testing.assert_allclose(risk, 1 - np.exp(-ratio[:, None] * hazard), rtol=1e-10)
    expected = np.sqrt((of_patient**2).sum(axis=0)) * (1 - risk)
    np.testing.assert_allclose(se, expected, rtol=1e-7, atol=1e-12)


def test_influence_is_the_derivative_by_the_case_weight():
    """G estimated anew each time; the derivative of the product limit differs by 1 / number at risk."""
    rows = as_rows(drawn(150, seed=3))
    estimate = estimate_fine_gray(rows)
    moved = np.empty((150, 2))
    for i in range(150):
        ends = []
        for step in (1e-4, -1e-4):
            weight = np.ones(150)
            weight[i] += step
            changed = replace(rows, weight=weight)
            ends.append(fit_fine_gray(changed, build_subdistribution(changed)).coefficients)
        moved[i] = (ends[0] - ends[1]) / 2e-4
    np.testing.assert_allclose(moved.T @ moved, estimate.covariance, rtol=0.02)
    without = estimate_fine_gray(rows, weighting="finegray").covariance
    assert np.abs(without / estimate.covariance - 1).max() > 0.02


def test_the_bootstrap_agrees():
    rows = drawn(400, seed=8)
    whole = as_rows(rows)
    estimate = estimate_fine_gray(whole)
    times = np.quantile(rows["time"], [0.3, 0.6, 0.9])
    draw = np.random.default_rng(0)
    found = []
    for _ in range(250):
        sample = draw.integers(0, 400, 400)
        one = estimate_fine_gray(as_rows({name: values[sample] for name, values in rows.items()}))
        found.append(np.concatenate([one.coefficients, one.risk(rows["x"][:3], times)[0].ravel()]))
    _, se = standard_errors(estimate, rows["x"][:3], times)
    ours = np.concatenate([np.sqrt(np.diag(estimate.covariance)), se.ravel()])
    np.testing.assert_allclose(ours, np.std(found, axis=0), rtol=0.16)


@pytest.fixture(scope="module")
def mgus2(golden_data):
    rows = golden_data("mgus2").dropna(subset=["etime", "ev", "age", "male", "mspike"])
    design = np.ascontiguousarray(rows[["age", "male", "mspike"]].to_numpy(float))
    outcome = SurvivalArrays(rows["etime"].to_numpy(float), rows["ev"].to_numpy(np.int64))
    return CompetingRows(design, ("age", "male", "mspike"), outcome, np.ones(len(rows)))


def test_finegray_with_delayed_entry_equals_r(mgus2):
    """R: survival::finegray, coxph(cluster = id), survfit; entry at floor(etime * (7 id mod 10) / 13)."""
    number = np.arange(1, len(mgus2.weight) + 1)
    entry = np.floor(mgus2.outcome.time * (number * 7 % 10) / 13)
    rows = replace(mgus2, outcome=replace(mgus2.outcome, entry=entry))
    estimate = estimate_fine_gray(rows, weighting="finegray")
    np.testing.assert_allclose(estimate.coefficients, DELAYED["coef"], rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(np.diag(estimate.covariance)), DELAYED["se"], rtol=1e-10)
    risk, se = standard_errors(estimate, PROFILES, TIMES)
    np.testing.assert_allclose(risk, DELAYED["risk"], rtol=1e-10)
    np.testing.assert_allclose(se, DELAYED["risk_se"], rtol=1e-8)


def test_finegray_with_weights_and_clusters_equals_r(mgus2):
    """survival::finegray(weights = 0.5 + (id mod 5) / 4); coxph(cluster = id mod 200)."""
    number = np.arange(1, len(mgus2.weight) + 1)
    weighted = estimate_fine_gray(replace(mgus2, weight=0.5 + number % 5 / 4), weighting="finegray")
    np.testing.assert_allclose(weighted.coefficients, WEIGHTED["coef"], rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(np.diag(weighted.covariance)), WEIGHTED["se"], rtol=1e-10)
    plain = estimate_fine_gray(mgus2, weighting="finegray", cluster=number % 200)
    np.testing.assert_allclose(np.sqrt(np.diag(plain.covariance)), CLUSTERED, rtol=1e-10)
    risk, se = standard_errors(plain, PROFILES, TIMES)
    np.testing.assert_allclose(risk, PLAIN["risk"], rtol=1e-10)
    by_patient = estimate_fine_gray(mgus2, weighting="finegray")
    _, se = standard_errors(by_patient, PROFILES, TIMES)
    np.testing.assert_allclose(se, PLAIN["risk_se"], rtol=1e-8)


@pytest.mark.parametrize("short", [False, True])
def test_censoring_groups_equal_r(mgus2, short):
    """crr(cengroup): by sex, and by a third of the patients whose follow-up ends at 100.

    R's errors are up to 1 percent off here and not compared: ours are the derivatives by the case weights.
    """
    number = np.arange(1, len(mgus2.weight) + 1)
    third = number % 3 == 0
    time, event = mgus2.outcome.time, mgus2.outcome.event
    ended = SurvivalArrays(np.where(third, np.minimum(time, 100), time), np.where(third & (time > 100), 0, event))
    group = third if short else mgus2.design[:, 1] == 1
    rows = replace(mgus2, outcome=ended if short else mgus2.outcome, group=group.astype(np.int64))
    estimate = estimate_fine_gray(rows)
    expected = GROUPED[short]
    np.testing.assert_allclose(estimate.coefficients, expected["coef"], rtol=1e-10)
    assert estimate.loglik[1] == pytest.approx(expected["loglik"], rel=1e-12)
    jumps = estimate.baseline.cumulative_hazard[-1] * np.exp(-estimate.means @ estimate.coefficients)
    assert jumps == pytest.approx(expected["jumps"], rel=1e-10)
    np.testing.assert_allclose(np.sqrt(np.diag(estimate.covariance)), expected["se"], rtol=0.01)


DELAYED = {
    "coef": [-0.03940448090299, -0.3244309286328, 1.001985380711],
    "se": [0.006851446905935, 0.2132127305677, 0.1765020362996],
    "risk": [
        [0.04719293754018, 0.06192820750906, 0.07837800257052, 0.09378873247276],
        [0.05697239933028, 0.07463949408444, 0.09429236546486, 0.1126360763981],
    ],
    "risk_se": [
        [0.01474556721944, 0.01730183020809, 0.02018699037399, 0.023018379239],
        [0.0151211158808, 0.01688276468346, 0.01888008084045, 0.0209392451787],
    ],
}
WEIGHTED = {
    "coef": [-0.01827855959793, -0.1003989533658, 0.944375899633],
    "se": [0.006075400063923, 0.1984163336711, 0.1572793676233],
}
CLUSTERED = [0.006054320915326, 0.1904628437994, 0.1594088604017]
PLAIN = {
    "risk": [
        [0.01319303357044, 0.02602380000655, 0.04872770678321, 0.07592464850261],
        [0.02630743074908, 0.0515549093333, 0.09541451029627, 0.1465821086745],
    ],
    "risk_se": [
        [0.003859691692967, 0.006603780304735, 0.01132042466064, 0.01715071811664],
        [0.006384838593198, 0.01006881104519, 0.01603136443997, 0.02327474008709],
    ],
}
GROUPED = {
    False: {
        "coef": [-0.01692162987278, -0.1899255322995, 0.8884273332837],
        "se": [0.005814388844361, 0.1848647846116, 0.155190177369],
        "loglik": -773.910856476596,
        "jumps": 0.191572688654376,
    },
    True: {
        "coef": [-0.01435881757553, -0.2082740509171, 0.8549253749217],
        "se": [0.006288900243875, 0.1954736031984, 0.1644271067467],
        "loglik": -684.855141394733,
        "jumps": 0.193924101150719,
    },
}
