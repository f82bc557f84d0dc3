"""Calibration of risks of a binary outcome: by hand, by rms::val.prob, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import chi2

from cohorts.errors import DataContractError
from prognosis.metrics.binary_calibration import METRICS, binary_calibration, smooth_calibration, val_prob
from tests.prognosis.made_binary import EVENT, RISK, patients, small_cohorts

# Half of the first six patients and five of the last six have the event.
STEPS = np.repeat([0.25, 0.75], 6)
HAPPENED = np.array([0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1])


def log_likelihood(event, log_odds):
    return -np.logaddexp(0, np.where(event == 1, -log_odds, log_odds)).sum()


def test_two_groups_by_hand():
    """Intercept and slope map the predicted log odds, -log 3 and log 3, to the observed ones, 0 and log 5."""
    found = dict(zip(METRICS, binary_calibration(HAPPENED, STEPS).estimate, strict=True))
    brier = (3 * 0.25**2 + 3 * 0.75**2 + 0.75**2 + 5 * 0.25**2) / 12
    assert found["brier"] == pytest.approx(brier, rel=1e-14)
    assert found["ipa"] == pytest.approx(1 - brier / (2 / 3 * 1 / 3), rel=1e-13)
    assert found["oe_ratio"] == pytest.approx(8 / 6, rel=1e-14)
    assert found["calibration_slope"] == pytest.approx(np.log(5) / (2 * np.log(3)), rel=1e-12)
    stats = val_prob(HAPPENED, STEPS)
    assert stats["Slope"] == pytest.approx(np.log(5) / (2 * np.log(3)), rel=1e-12)
    assert stats["Intercept"] == pytest.approx(np.log(5) / 2, rel=1e-12)


def test_likelihoods_of_val_prob_by_hand():
    stats, n = val_prob(HAPPENED, STEPS), 12
    null = 8 * np.log(8 / 12) + 4 * np.log(4 / 12)
    given_ = log_likelihood(HAPPENED, logit(STEPS))
    best = 6 * np.log(0.5) + 5 * np.log(5 / 6) + np.log(1 / 6)
    assert stats["D:Chi-sq"] == pytest.approx(2 * (given_ - null), rel=1e-12)
    assert stats["D"] == pytest.approx((2 * (given_ - null) - 1) / n, rel=1e-12)
    assert stats["D:p"] == pytest.approx(chi2.sf(2 * (given_ - null), 1), rel=1e-12)
    assert stats["U:Chi-sq"] == pytest.approx(2 * (best - given_), rel=1e-12)
    assert stats["U:p"] == pytest.approx(chi2.sf(2 * (best - given_), 2), rel=1e-12)
    assert stats["Q"] == pytest.approx(stats["D"] - stats["U"], rel=1e-12)
    assert stats["C (ROC)"] == pytest.approx((15 + 0.5 * (3 * 3 + 5 * 1)) / 32, rel=1e-12)


def test_spiegelhalter_by_hand():
    """Each y - p is weighed by 1 - 2p: (-.25 * 3 + .75 * 3) / 2 from the first six, (.75 - 5 * .25) / 2 of the last."""
    top = 0.5 * (3 * -0.25 + 3 * 0.75) - 0.5 * (-0.75 + 5 * 0.25)
    z = top / np.sqrt(12 * 0.25 * 0.1875)
    assert val_prob(HAPPENED, STEPS)["S:z"] == pytest.approx(z, rel=1e-13)


def test_rms_says_the_same():
    """rms 6.5 on the twenty patients; intercept and slope from R's glm at full convergence, where lrm stops early."""
    stats = val_prob(EVENT, RISK)
    expected = {
        "Dxy": 0.32, "C (ROC)": 0.66, "R2": -0.02481136130942711, "D": -0.06843750081927027,
        "D:Chi-sq": -0.36875001638540539, "Brier": 0.24786145000000001, "Emax": 0.21203868311222882,
        "E90": 0.21203868311222882, "Eavg": 0.12684198964492127, "S:z": 1.53231317979168558,
        "S:p": 0.12544517028754415, "Intercept": 0.187246435130876, "Slope": 0.485651428109737,
    }  # fmt: skip
    for name, value in expected.items():
        assert stats[name] == pytest.approx(value, rel=1e-12), name
    assert stats["U:Chi-sq"] == pytest.approx(2.00192991233054940, rel=1e-9)


def test_errors_of_intercept_and_slope_are_the_sandwich_of_r():
    """sandwich::sandwich of R's glm, with the offset for the intercept alone."""
    found = binary_calibration(EVENT, RISK)
    place = METRICS.index("calibration_intercept")
    assert found.estimate[place:] == pytest.approx([0.412342722541305, 0.485651428109737], rel=1e-11)
    assert found.std_err[place:] == pytest.approx([0.570258381689478, 0.390299339037407], rel=1e-6)


def test_slow_likelihood_finds_the_same_line():
    event, risk = patients(shift=0.3, stretch=1.6)
    found = minimize(lambda b: -log_likelihood(event, b[0] + b[1] * logit(risk)), np.zeros(2), method="BFGS", tol=1e-9)
    stats = val_prob(event, risk)
    assert [stats["Intercept"], stats["Slope"]] == pytest.approx(found.x, abs=1e-6)


def test_influence_is_the_effect_of_one_patient_more():
    """A patient's weight moved a little moves each metric by the influence value, up to the n - 1 of a variance."""
    event, risk = patients(60, seed=2)
    whole = binary_calibration(event, risk)
    times = 400
    for i in (0, 7, 23):
        rows = np.append(np.tile(np.arange(60), times), i)
        more = binary_calibration(event[rows], risk[rows])
        moved = (more.estimate - whole.estimate) * times
        assert moved == pytest.approx(whole.influence[i], rel=0.02, abs=2e-5)


def test_limits_cover_the_truth():
    """Risks drawn right: Brier's score has a known mean, O/E and slope are 1, the intercept is 0."""
    covered = np.zeros(5)
    log_odds = np.random.default_rng(1).normal(-0.4, 1.2, 400)
    risk, draw = expit(log_odds), np.random.default_rng(6)
    truth = np.array([(risk * (1 - risk)).mean(), np.nan, 1.0, 0.0, 1.0])
    for _ in range(300):
        lower, upper = binary_calibration((draw.random(400) < risk).astype(int), risk).limits()
        covered += (lower <= truth) & (truth <= upper)
    covered = covered[~np.isnan(truth)] / 300
    assert (covered > 0.91).all()


def test_paired_difference_of_two_predictions():
    event, risk = patients()
    spoilt = expit(2 * logit(risk))
    gain = binary_calibration(event, risk).minus(binary_calibration(event, spoilt))
    each = (risk - event) ** 2 - (spoilt - event) ** 2
    assert gain.estimate[0] == pytest.approx(each.mean(), rel=1e-12)
    assert gain.std_err[0] == pytest.approx(each.std(ddof=1) / np.sqrt(len(each)), rel=1e-12)
    assert gain.estimate[METRICS.index("calibration_slope")] > 0


def test_the_base_rate_stands_beside():
    found = binary_calibration(HAPPENED, STEPS)
    assert found.base_rate == pytest.approx(2 / 3)
    assert found.constant_brier == pytest.approx(2 / 9)
    constant = binary_calibration(HAPPENED, np.full(12, 2 / 3))
    assert constant.estimate[1] == pytest.approx(0.0, abs=1e-14)


def test_observed_over_expected_has_limits_on_the_log_scale():
    found = binary_calibration(HAPPENED, STEPS)
    place = METRICS.index("oe_ratio")
    lower, upper = (limit[place] for limit in found.limits())
    assert np.sqrt(lower * upper) == pytest.approx(found.estimate[place], rel=1e-12)
    assert found.table().loc[place, "upper"] == upper


def test_smooth_distances():
    found = smooth_calibration(EVENT, RISK)
    assert found.emax == pytest.approx(np.abs(found.observed - found.risk).max())
    assert found.quantile(0.5) <= found.quantile(0.9) <= found.emax
    perfect = smooth_calibration(*patients(20_000, seed=9))
    assert perfect.ici < 0.02


@given(small_cohorts())
def test_laws(cohort):
    """Turning events and risks around keeps scores and slope and turns the intercept's sign."""
    event, risk = cohort
    found, turned = binary_calibration(event, risk), binary_calibration(1 - event, 1 - risk)
    expected = found.estimate * [1, 1, np.nan, -1, 1]
    keep = [0, 1, 3, 4]
    assert turned.estimate[keep] == pytest.approx(expected[keep], rel=1e-7, abs=1e-9, nan_ok=True)
    stats, back = val_prob(event, risk), val_prob(1 - event, 1 - risk)
    for name in ("Brier", "D", "U", "Emax", "Eavg"):
        assert back[name] == pytest.approx(stats[name], rel=1e-7, abs=1e-9, nan_ok=True)


def test_one_risk_for_all():
    """As val.prob: slope 0, the intercept of the base rate, nothing ranked, one degree of freedom."""
    event = np.array([1, 0, 0, 1, 0])
    stats, likelihood = val_prob(event, np.full(5, 0.3)), 2 * np.log(0.3) + 3 * np.log(0.7)
    best = 2 * np.log(0.4) + 3 * np.log(0.6)
    assert (stats["Slope"], stats["C (ROC)"], stats["R2"], stats["D"]) == (0.0, 0.5, 0.0, -0.2)
    assert stats["Intercept"] == pytest.approx(logit(0.4))
    assert stats["U:Chi-sq"] == pytest.approx(2 * (best - likelihood), rel=1e-12)
    assert stats["U:p"] == pytest.approx(chi2.sf(2 * (best - likelihood), 1), rel=1e-12)
    found = binary_calibration(event, np.full(5, 0.3))
    assert np.isnan(found.estimate[-1])
    assert "constant" in found.warnings[0].rule


def test_risks_of_0_and_1_are_left_out_of_the_line_and_named():
    event, risk = np.append(EVENT, [0, 1]), np.append(RISK, [0.0, 1.0])
    found, without = binary_calibration(event, risk), binary_calibration(EVENT, RISK)
    assert found.estimate[-1] == pytest.approx(without.estimate[-1], rel=1e-12)
    assert found.influence[-2:, -1].tolist() == [0, 0]
    assert [warning.code for warning in found.warnings] == ["V29"]
    assert val_prob(event, risk)["Slope"] == pytest.approx(val_prob(EVENT, RISK)["Slope"], rel=1e-12)


def test_separated_events_have_no_slope_and_a_reason():
    event, risk = np.array([0, 0, 0, 1, 1, 1]), np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.8])
    found = binary_calibration(event, risk)
    assert np.isnan(found.estimate[-1])
    assert np.isfinite(found.estimate[:-1]).all()
    assert [warning.code for warning in found.warnings] == ["C06"]
    assert np.isnan(val_prob(event, risk)["Slope"])


def test_linear_predictors_are_refused():
    with pytest.raises(DataContractError, match="probability") as caught:
        binary_calibration(EVENT, logit(RISK))
    assert caught.value.code == "M09"
