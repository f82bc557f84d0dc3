"""Decision curves: by hand, their identities, errors against the bootstrap, paired differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from cohorts.errors import DataContractError, PredictionError
from prognosis.metrics.net_benefit import decision_curve
from tests.prognosis.made_binary import EVENT, RISK, patients, small_cohorts

CUTS = np.array([0.1, 0.2, 0.3, 0.5])
# Ten patients, four with the event.
TEN = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
THEIR = np.array([0.9, 0.6, 0.4, 0.1, 0.7, 0.3, 0.2, 0.2, 0.1, 0.05])


def test_net_benefit_by_hand():
    """From .2 on: 3 true and 4 false positives of ten; from .5: 2 and 1."""
    curve = decision_curve(TEN, THEIR, [0.2, 0.5])
    assert curve.model.estimate == pytest.approx([(3 - 4 * 0.25) / 10, (2 - 1) / 10], rel=1e-14)
    assert curve.treat_all.estimate == pytest.approx([(4 - 6 * 0.25) / 10, (4 - 6) / 10], rel=1e-14)
    assert curve.base_rate == 0.4
    assert curve.standardised().estimate == pytest.approx([0.5, 0.25], rel=1e-14)


def test_error_by_hand():
    """At .5 the ten patients bring 1, 1, 0, 0, -1 and five times 0."""
    error = np.std([1, 1, 0, 0, -1, 0, 0, 0, 0, 0], ddof=1) / np.sqrt(10)
    curve = decision_curve(TEN, THEIR, 0.5)
    assert curve.model.std_err == pytest.approx([error], rel=1e-13)
    lower, upper = curve.model.limits()
    assert (upper - lower)[0] == pytest.approx(2 * 1.959963984540054 * error, rel=1e-12)


def test_clinical_impact_of_a_thousand():
    impact = decision_curve(TEN, THEIR, [0.2, 0.5]).clinical_impact()
    assert impact["high_risk"].tolist() == pytest.approx([700, 300])
    assert impact["high_risk_with_event"].tolist() == pytest.approx([300, 200])


def test_interventions_avoided():
    """At .2 the model loses .05 against treating all, which is 20 of 100 more treated, at equal true positives."""
    curve = decision_curve(TEN, THEIR, [0.2])
    assert curve.over_treat_all().estimate == pytest.approx([-0.05])
    assert curve.interventions_avoided().estimate == pytest.approx([-20.0])


@given(small_cohorts(), st.floats(0.01, 0.99))
def test_laws(cohort, cut):
    """No way to treat is worth more than the base rate; a perfect model reaches it; none treated is worth nothing."""
    event, risk = cohort
    curve = decision_curve(event, risk, [cut])
    assert curve.model.estimate[0] <= curve.base_rate + 1e-15
    assert decision_curve(event, event, [cut]).model.estimate[0] == pytest.approx(curve.base_rate)
    everyone, nobody = (decision_curve(event, np.full(len(event), same), [cut]) for same in (1.0, 0.0))
    assert everyone.model.estimate == pytest.approx(curve.treat_all.estimate)
    assert nobody.model.estimate[0] == 0
    assert np.abs(curve.model.influence.sum(axis=0)).max() < 1e-12


def test_treat_all_crosses_zero_at_the_base_rate():
    curve = decision_curve(EVENT, RISK, [0.499999, EVENT.mean(), 0.500001])
    below, at, above = curve.treat_all.estimate
    assert at == pytest.approx(0.0, abs=1e-15)
    assert below > 0 > above


def test_errors_are_the_bootstrap_s():
    event, risk = patients(300)
    curve, draw = decision_curve(event, risk, CUTS), np.random.default_rng(0)
    other = decision_curve(event, expit(0.7 + 0.4 * logit(risk)), CUTS)
    repeats = []
    for _ in range(1500):
        rows = draw.integers(0, 300, 300)
        again = decision_curve(event[rows], risk[rows], CUTS)
        spoilt = decision_curve(event[rows], expit(0.7 + 0.4 * logit(risk[rows])), CUTS)
        repeats.append([again.model.estimate, again.standardised().estimate, again.over_treat_all().estimate,
                        again.model.estimate - spoilt.model.estimate])  # fmt: skip
    closed = [curve.model, curve.standardised(), curve.over_treat_all(), curve.model.minus(other.model)]
    for theirs, ours in zip(np.std(repeats, axis=0), closed, strict=True):
        assert ours.std_err == pytest.approx(theirs, rel=0.08, abs=1e-4)


def test_a_paired_difference_is_sharper():
    event, risk = patients()
    one, two = (decision_curve(event, each, CUTS).model for each in (risk, expit(0.3 + logit(risk))))
    gain = one.minus(two)
    assert gain.estimate == pytest.approx(one.estimate - two.estimate)
    assert (gain.std_err < np.hypot(one.std_err, two.std_err)).all()


def test_miscalibration_costs():
    """Risks twice too extreme or too high have less net benefit than the right ones, in many patients."""
    event, risk = patients(20_000, digits=6)
    right = decision_curve(event, risk, CUTS).model
    for wrong in (expit(1 + logit(risk)), expit(logit(risk) - 1)):
        gain = right.minus(decision_curve(event, wrong, CUTS).model)
        assert (gain.estimate > 0).all()


def test_table_has_all_three_ways():
    table = decision_curve(TEN, THEIR, [0.2, 0.5]).table()
    assert table["strategy"].tolist() == ["model"] * 2 + ["treat_all"] * 2 + ["treat_none"] * 2
    nobody = table[table["strategy"] == "treat_none"]
    assert (nobody[["estimate", "std_err", "lower", "upper"]] == 0).all(axis=None)


@pytest.mark.parametrize("cut", [0.0, 1.0, -0.1, np.nan])
def test_thresholds_are_risks(cut):
    with pytest.raises(PredictionError, match="between 0 and 1") as caught:
        decision_curve(TEN, THEIR, [0.2, cut])
    assert caught.value.code == "V26"


def test_other_thresholds_are_no_pair():
    with pytest.raises(PredictionError, match="same patients and thresholds") as caught:
        decision_curve(TEN, THEIR, [0.2]).model.minus(decision_curve(TEN, THEIR, [0.3]).model)
    assert caught.value.code == "V23"


def test_risks_are_probabilities():
    with pytest.raises(DataContractError, match="probability"):
        decision_curve(TEN, logit(THEIR), [0.2])
