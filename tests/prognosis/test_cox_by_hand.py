"""Six rows worked out by hand: Therneau and Grambsch (2000), appendix E, and small cases of our own."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from prognosis.cox.residuals import score_residuals
from prognosis.models import Cox
from tests.prognosis.made import structured

TIME, DIED, X = np.array([1, 1, 6, 6, 8, 9.0]), np.array([1, 0, 1, 1, 0, 1]), np.array([1, 1, 1, 0, 0, 0.0])
BRESLOW = math.log((3 + math.sqrt(33)) / 2)
EFRON = 1.6768574855929


def six(ties="efron", **options):
    columns = {name: options.pop(name) for name in ("weight", "shift", "group") if name in options}
    return Cox(ties=ties, **options).fit(pd.DataFrame({"x": X, **columns}), structured(TIME, DIED))


def baseline_at_zero(cox):
    e = cox.estimate_
    return e.baseline.cumulative_hazard * math.exp(-float(e.means @ e.coefficients))


def test_breslow_coefficient_is_a_closed_form():
    assert six("breslow").estimate_.coefficients[0] == pytest.approx(BRESLOW, rel=1e-13)
    assert pytest.approx(1.475285, abs=5e-7) == BRESLOW


def test_efron_coefficient():
    assert six().estimate_.coefficients[0] == pytest.approx(EFRON, rel=1e-12)


def test_efron_coefficient_solves_the_score_equation():
    """2 = 3r/(3r+3) + r/(r+3) + (r/2)/(r/2+5/2) with r the hazard ratio."""
    r = math.exp(six().estimate_.coefficients[0])
    assert 3 * r / (3 * r + 3) + r / (r + 3) + (r / 2) / (r / 2 + 2.5) == pytest.approx(2, abs=1e-12)


@pytest.mark.parametrize(
    ("ties", "log_likelihood"),
    [
        ("breslow", lambda b, r: 2 * b - math.log(3 * r + 3) - 2 * math.log(r + 3)),
        ("efron", lambda b, r: 2 * b - math.log(3 * r + 3) - math.log(r + 3) - math.log(r / 2 + 2.5)),
    ],
)
def test_log_likelihood_written_out(ties, log_likelihood):
    e = six(ties).estimate_
    b = e.coefficients[0]
    assert e.loglik[0] == pytest.approx(log_likelihood(0, 1), rel=1e-14)
    assert e.loglik[1] == pytest.approx(log_likelihood(b, math.exp(b)), rel=1e-14)


@pytest.mark.parametrize(
    ("ties", "information"),
    [
        ("breslow", lambda r: r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2),
        ("efron", lambda r: r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2),
    ],
)
def test_information_written_out(ties, information):
    e = six(ties).estimate_
    assert 1 / e.covariance[0, 0] == pytest.approx(information(math.exp(e.coefficients[0])), rel=1e-12)


def test_score_test_written_out():
    """Breslow at zero: score 2 - 1/2 - 2/4 = 1, information 1/4 + 2 * 3/16 = 5/8."""
    assert six("breslow").estimate_.score_test == pytest.approx(8 / 5, rel=1e-14)


@pytest.mark.parametrize(
    ("ties", "steps"),
    [
        ("breslow", lambda r: [1 / (3 * r + 3), 2 / (r + 3), 1]),
        ("efron", lambda r: [1 / (3 * r + 3), 1 / (r + 3) + 2 / (r + 5), 1]),
    ],
)
def test_baseline_hazard_written_out(ties, steps):
    cox = six(ties)
    r = math.exp(cox.estimate_.coefficients[0])
    np.testing.assert_array_equal(cox.estimate_.event_times, [1, 6, 9])
    np.testing.assert_allclose(baseline_at_zero(cox), np.cumsum(steps(r)), rtol=1e-12)


def test_risk_is_zero_before_the_first_event_and_a_step_function_after_it():
    e = six().estimate_
    times = np.array([0.0, 0.5, 1 - 1e-9, 1.0, 3.0, 5.999, 6.0, 8.5, 9.0])
    risk, lower, upper = (values[0] for values in e.risk(np.array([[1.0]]), times))
    np.testing.assert_array_equal([risk[:3], lower[:3], upper[:3]], 0)
    assert risk[3] == risk[4] == risk[5] < risk[6] == risk[7] < risk[8] < 1


def test_no_risk_is_given_beyond_the_last_time():
    risk = six().estimate_.risk(np.array([[1.0]]), np.array([9.0, 9.001, 1e9]))[0]
    assert np.isfinite(risk[0, 0])
    assert np.isnan(risk[0, 1:]).all()


def test_breslow_variance_of_the_curve_written_out():
    """At x = 0 after the first event: h = 1/(3r+3), mean of x r/(r+1); variance h^2 + (h r/(r+1))^2 / information."""
    e = six("breslow").estimate_
    r = math.exp(e.coefficients[0])
    h, drift = 1 / (3 * r + 3), 1 / (3 * r + 3) * r / (r + 1)
    se = math.sqrt(h**2 + drift**2 * e.covariance[0, 0])
    upper = e.risk(np.array([[0.0]]), np.array([1.0]))[2][0, 0]
    assert upper == pytest.approx(1 - math.exp(-h - 1.959963984540054 * se), rel=1e-12)


@pytest.mark.parametrize(
    ("interval", "limits"),
    [
        ("log", lambda s, v, z: (s * math.exp(-z * v), min(1, s * math.exp(z * v)))),
        ("plain", lambda s, v, z: (max(0, s - z * v * s), min(1, s + z * v * s))),
        ("log-log", lambda s, v, z: (s ** math.exp(-z * v / math.log(s)), s ** math.exp(z * v / math.log(s)))),
    ],
)
def test_interval_scales_written_out(interval, limits):
    e = six().estimate_
    design, time = np.array([[0.0]]), np.array([6.0])
    risk, lower, upper = (values[0, 0] for values in e.risk(design, time, interval=interval, level=0.9))
    cumulated = -math.log(1 - risk)
    plain_upper = e.risk(design, time, interval="log", level=0.9)[2][0, 0]
    se = (-math.log(1 - plain_upper) - cumulated) / 1.6448536269514722
    low, high = limits(1 - risk, se, 1.6448536269514722)
    assert (1 - upper, 1 - lower) == (pytest.approx(low, rel=1e-10), pytest.approx(high, rel=1e-10))


def test_score_residuals_sum_to_the_score_which_is_zero():
    kept = six().training_
    residuals = score_residuals(kept.design, kept.linear_predictor, kept.risk_sets)
    assert residuals.sum() == pytest.approx(0, abs=1e-13)
    # Row 2, censored at 1, saw the first event only: -r (1 - r/(r+1)) / (3r+3)
    r = math.exp(EFRON)
    assert residuals[1, 0] == pytest.approx(-r * (1 - r / (r + 1)) / (3 * r + 3), rel=1e-10)


def test_counting_process_example_of_the_book(golden, golden_data):
    """Second test case of Therneau and Grambsch: Breslow coefficient -0.084526081."""
    rows = golden_data("tiny_counting")
    y = structured(rows["stop"], rows["event"], rows["start"])
    cox = Cox(ties="breslow").fit(rows[["x"]], y)
    assert cox.estimate_.coefficients[0] == pytest.approx(-0.084526081, abs=5e-10)
    r = math.exp(cox.estimate_.coefficients[0])
    steps = [1 / (r + 1), 1 / (r + 2), 1 / (3 * r + 2), 2 / (3 * r + 1), 1 / (3 * r + 1), 2 / (2 * r + 2)]
    np.testing.assert_allclose(np.diff(baseline_at_zero(cox), prepend=0)[:3], steps[:3], rtol=1e-10)


def test_delayed_entry_leaves_out_those_not_yet_seen():
    """Three rows: the one who enters at 2 is at risk at 3 but not at 1 and 2 (open on the left)."""
    y = structured([1, 2, 3.0, 4], [1, 1, 1, 0], [0, 0, 2, 0])
    cox = Cox(ties="breslow").fit(pd.DataFrame({"x": [0.0, 1, 1, 0]}), y)
    r = math.exp(cox.estimate_.coefficients[0])
    assert r / (2 + r) + 2 * r / (1 + r) == pytest.approx(2, abs=1e-12)
    steps = np.diff(baseline_at_zero(cox), prepend=0)
    np.testing.assert_allclose(steps, [1 / (2 + r), 1 / (1 + r), 1 / (1 + r)], rtol=1e-12)


def test_an_offset_is_a_coefficient_of_one():
    """With log 2 as offset where x = 1, the coefficient is smaller by log 2; the fitted hazards are the same."""
    plain, shifted = six(), six(offset="shift", shift=math.log(2) * X)
    assert shifted.estimate_.coefficients[0] == pytest.approx(EFRON - math.log(2), rel=1e-12)
    at_one = plain.estimate_.risk(np.array([[1.0]]), np.array([6.0]))[0]
    shifted_at_one = shifted.estimate_.risk(np.array([[1.0]]), np.array([6.0]), offset=np.array([math.log(2)]))[0]
    np.testing.assert_allclose(shifted_at_one, at_one, rtol=1e-12)


def test_weights_of_two_double_the_information():
    plain, doubled = six("breslow").estimate_, six("breslow", weights="weight", weight=2.0).estimate_
    np.testing.assert_allclose(doubled.coefficients, plain.coefficients, rtol=1e-12)
    np.testing.assert_allclose(doubled.covariance, plain.covariance / 2, rtol=1e-12)
    assert doubled.robust == ""


def test_strata_have_a_baseline_of_their_own():
    """Two strata of three rows, events at 1, 2 and at 1, 2, 3."""
    frame = pd.DataFrame({"x": [1.0, 0, 1, 0, 1, 0], "group": list("aaabbb")})
    cox = Cox(strata=["group"], ties="breslow").fit(frame, structured([1, 2, 3.0, 1, 2, 3], [1, 1, 0, 1, 1, 1]))
    e, r = cox.estimate_, math.exp(cox.estimate_.coefficients[0])
    assert e.stratum_names == ("group=a", "group=b")
    steps = np.diff(np.concatenate([[0], baseline_at_zero(cox)]))
    steps[2] = baseline_at_zero(cox)[2]
    np.testing.assert_allclose(steps, [1 / (2 * r + 1), 1 / (r + 1), 1 / (r + 2), 1 / (r + 1), 1], rtol=1e-12)
