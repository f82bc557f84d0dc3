"""Reclassification: by hand, by its laws, and how it flatters noise, which is why it warns."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import DataContractError, PredictionError, PrognosisWarning
from prognosis.metrics.reclassification import reclassification
from prognosis.outcome import SurvivalArrays

pytestmark = pytest.mark.filterwarnings("ignore:.*M14")


def binary(event):
    return SurvivalArrays(np.full(len(event), np.nan), np.array(event, np.int64))


def test_by_hand():
    """Of two events one moves up, one stays; of four others one moves down, one up, two stay."""
    outcome = binary([1, 1, 0, 0, 0, 0])
    old = [0.1, 0.6, 0.6, 0.1, 0.1, 0.7]
    new = [0.5, 0.8, 0.2, 0.3, 0.4, 0.9]
    found = reclassification(outcome, new, old, None, [0.25])
    assert found.events.tolist() == [[0, 1], [0, 1]]
    assert found.others.tolist() == [[0, 2], [1, 1]]
    assert found.nri_events == 0.5
    assert found.nri_others == -0.25
    assert found.std_err[0] == pytest.approx(np.sqrt(0.25 * 0.5 + 0.25 * 0.5) / np.sqrt(2))
    assert found.idi == pytest.approx((0.65 - 0.35) - (0.45 - 0.375))
    assert found.table()["part"].tolist() == ["events", "others"]


def test_the_same_prediction_changes_nothing_and_the_reverse_has_the_other_sign():
    draw = np.random.default_rng(1)
    risk, other, event = draw.uniform(size=80), draw.uniform(size=80), draw.uniform(size=80) < 0.4
    same = reclassification(binary(event), risk, risk, None, [0.2, 0.5])
    assert (same.nri_events, same.nri_others, same.idi) == (0, 0, 0)
    there, back = (reclassification(binary(event), *pair, None, [0.2, 0.5]) for pair in ((risk, other), (other, risk)))
    assert there.nri_events == -back.nri_events
    np.testing.assert_array_equal(there.events, back.events.T)


def test_without_censoring_weights_are_one_and_censored_patients_are_spread():
    time = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    event = np.array([1, 1, 0, 1, 0, 0, 0, 0])
    old, new = np.linspace(0.8, 0.1, 8), np.linspace(0.9, 0.05, 8)
    known = reclassification(SurvivalArrays(time, np.array([1, 1, 1, 1, 1, 0, 0, 0])), new, old, 5.5, [0.5])
    assert known.events.sum() == 5
    assert known.others.sum() == 3
    spread = reclassification(SurvivalArrays(time, event), new, old, 4.5, [0.5])
    # censored at 3 among 6 at risk: who remains counts 6 / 5
    assert spread.events.sum() == pytest.approx(2 + 6 / 5)
    assert spread.others.sum() == pytest.approx(4 * 6 / 5)


def test_it_warns_and_with_reason():
    """A useless marker, added by an overfitted model that exaggerates, seems to reclassify well."""
    draw = np.random.default_rng(3)
    event = draw.uniform(size=4000) < 0.3
    calibrated = np.full(4000, 0.3)
    wild = np.clip(0.3 + 0.25 * draw.normal(size=4000), 0.01, 0.99)
    with pytest.warns(PrognosisWarning, match="M14.*can favour a model that is worse"):
        found = reclassification(binary(event), wild, calibrated, None, [0.3])
    assert abs(found.nri_events) < 0.6
    assert found.warnings[0].code == "M14"
    assert found.nri_others > 0.4


def test_what_cannot_be_judged_is_refused():
    outcome = SurvivalArrays(np.array([1.0, 2, 3]), np.array([1, 0, 1]))
    with pytest.raises(PredictionError, match="M09"):
        reclassification(outcome, [0.1, 0.2, 0.3], [0.1, 0.2, 0.3], None, [0.2])
    with pytest.raises(PredictionError, match="V26"):
        reclassification(outcome, [0.1, 0.2, 0.3], [0.1, 0.2, 0.3], 2.5, [1.5])
    with pytest.raises(DataContractError, match="M01"):
        reclassification(outcome, [0.1, np.nan, 0.3], [0.1, 0.2, 0.3], 2.5, [0.2])
