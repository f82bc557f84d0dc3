"""Bands of out-of-fold risk: equally many patients, never too few, and what was observed in each."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.datasets import load_mgus2, mgus2_progression, mgus2_progression_free
from cohorts.errors import ModelFileError
from prognosis import Study, load_model
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.curves.kaplan_meier import kaplan_meier
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from prognosis.persistence.content import content_of
from prognosis.persistence.restoring import model_from
from prognosis.validation import CrossValidation
from prognosis.validation.risk_bands import RiskBand, RiskBands, risk_bands, wilson

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
NO_TIME = np.array([np.nan])


def binary(event):
    return SurvivalArrays(np.full(len(event), np.nan), np.asarray(event, np.int64))


def timed(seed, n, compete=False):
    random = np.random.default_rng(seed)
    risk = random.random(n)
    time = random.exponential(20 * (1.2 - risk)).round(1) + 0.1
    event = (time < 30).astype(np.int64)
    if compete:
        event[random.random(n) < 0.3] = 2
    return SurvivalArrays(np.minimum(time, 30.0), event), risk


@pytest.mark.parametrize(("share", "n", "lower", "upper"), [
    (0.25, 60, 0.157765, 0.372321), (1.0, 50, 0.928652, 1.0), (0.0, 50, 0.0, 0.071348)])  # fmt: skip
def test_score_intervals_are_wilsons(share, n, lower, upper):
    """Expected: R, ``prop.test(15, 60, correct = FALSE)$conf.int`` and so on."""
    assert wilson(share, n) == pytest.approx((share, lower, upper), abs=5e-6)


def test_two_bands_by_hand():
    risk = np.concatenate([np.linspace(0.1, 0.3, 60), np.linspace(0.5, 0.9, 60)])
    event = np.zeros(120, int)
    event[:12], event[60:90] = 1, 1
    ((found,),) = [risk_bands(binary(event), risk[:, None], NO_TIME)]
    low, high = found.bands
    assert found.horizon is None
    assert (low.low, low.high, high.high) == pytest.approx((0.1, 0.4, 0.9))
    assert (low.people, low.events, low.observed, low.predicted) == pytest.approx((60, 12, 0.2, 0.2))
    assert (high.people, high.events, high.observed, high.predicted) == pytest.approx((60, 30, 0.5, 0.7))
    assert (low.lower, low.upper) == pytest.approx(wilson(0.2, 60)[1:])
    assert [found.of(risk) for risk in (0.1, 0.39, 0.4, 0.9, 0.09, 0.91)] == [low, low, high, high, None, None]


def test_rare_events_are_divided_by_expected_events():
    """1,000 patients, 60 events, most of them in the upper fifth: halves would leave 6 in the lower one."""
    risk = np.sort(np.random.default_rng(0).beta(0.5, 8, 1000))
    event = np.zeros(1000, int)
    event[np.searchsorted(np.cumsum(risk) / risk.sum(), (np.arange(60) + 0.5) / 60)] = 1
    assert event[:500].sum() < 10
    (found,) = risk_bands(binary(event), risk[:, None], NO_TIME)
    assert len(found.bands) == 3
    assert [band.events for band in found.bands] == pytest.approx([20, 20, 20], abs=1)
    assert found.bands[0].people > 700 > 2 * found.bands[2].people


@pytest.mark.parametrize("compete", [False, True])
def test_each_band_is_observed_as_its_patients_alone(compete):
    outcome, risk = timed(3, 500, compete)
    (found,) = risk_bands(outcome, risk[:, None], np.array([12.0]))
    assert len(found.bands) > 2
    for band in found.bands:
        inside = (risk >= band.low) & ((risk < band.high) | (band is found.bands[-1]))
        time, event = outcome.time[inside], outcome.event[inside]
        if compete:
            table = aalen_johansen(time, event).table().query("time <= 12").iloc[-1]
            expected = table[["incidence", "lower", "upper"]].to_list()
        else:
            table = kaplan_meier(time, event).table().query("time <= 12").iloc[-1]
            expected = [1 - table["survival"], 1 - table["upper"], 1 - table["lower"]]
        assert [band.observed, band.lower, band.upper] == pytest.approx(expected, abs=1e-12)
        assert (band.people, band.events) == (inside.sum(), ((event == 1) & (time <= 12)).sum())
        assert band.predicted == pytest.approx(risk[inside].mean())


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(60, 700), st.booleans(), st.sampled_from([0.01, 0.1, 1e-9]))
def test_laws_of_bands(seed, n, compete, grid):
    outcome, risk = timed(seed, n, compete)
    risk = np.round(risk / grid) * grid if grid > 1e-6 else risk
    risk = np.clip(risk, 0, 1)
    (found,) = risk_bands(outcome, risk[:, None], np.array([10.0]))
    bands = found.bands
    if not bands:
        return
    assert 2 <= len(bands) <= 10
    assert sum(band.people for band in bands) == n
    assert all(band.people >= 50 and band.events >= 10 for band in bands)
    assert all(a.high == b.low for a, b in pairwise(bands))
    assert (bands[0].low, bands[-1].high) == (risk.min(), risk.max())
    assert all(found.of(float(x)) is not None for x in risk[:20])
    assert RiskBands.restore(json.loads(json.dumps(found.to_dict()))) == found


def test_the_upper_end_is_open_where_nobody_is_left():
    """A curve that falls to 0 has no limit there: that of the last time with somebody left stands, not 100 to 100."""
    outcome, risk = timed(1, 120)
    ended = replace(outcome, time=np.where(risk > 0.5, outcome.time / 40, outcome.time), event=np.ones(120, np.int64))
    (found,) = risk_bands(ended, risk[:, None], np.array([25.0]))
    top = found.bands[-1]
    assert (top.observed, top.upper) == (1.0, 1.0)
    assert 0.8 < top.lower < 1.0


def test_few_people_few_events_or_a_short_follow_up_give_no_bands():
    outcome, risk = timed(2, 500)
    (few,) = risk_bands(outcome.take(slice(0, 99)), risk[:99, None], np.array([12.0]))
    (rare,) = risk_bands(binary(np.arange(500) < 19), risk[:, None], NO_TIME)
    (far,) = risk_bands(outcome, risk[:, None], np.array([31.0]))
    (unknown,) = risk_bands(outcome, np.full((500, 1), np.nan), np.array([12.0]))
    assert [each.bands for each in (few, rare, far, unknown)] == [(), (), (), ()]


def test_clusters_are_people_and_rows_of_no_weight_nobody():
    outcome, risk = timed(4, 300)
    twice = np.repeat(np.arange(150), 2)
    (single,) = risk_bands(outcome, risk[:, None], np.array([12.0]))
    (paired,) = risk_bands(outcome, np.sort(risk)[:, None], np.array([12.0]), cluster=twice)
    assert len(single.bands) > len(paired.bands)
    weight = (np.arange(300) < 200).astype(float)
    (weighted,) = risk_bands(outcome, risk[:, None], np.array([12.0]), weight=weight)
    assert sum(band.people for band in weighted.bands) == 200


GOOD = RiskBand(0.1, 0.4, 60, 12, 0.2, 0.2, 0.1, 0.3)


@pytest.mark.parametrize("wrong", [{"people": 49}, {"events": 9}, {"observed": 0.5}, {"lower": -0.1},
                                   {"predicted": 0.5}, {"upper": float("nan")}, {"high": 1.1}, {"people": True},
                                   ])  # fmt: skip
def test_bands_that_cannot_be_are_refused(wrong):
    with pytest.raises(ModelFileError, match="L07"):
        RiskBand(**(asdict(GOOD) | wrong))


def test_bands_with_a_gap_are_refused():
    stored = {"horizon": 12.0, "bands": [asdict(GOOD), asdict(replace(GOOD, low=0.5, high=0.9, predicted=0.6))]}
    with pytest.raises(ModelFileError, match="do not join"):
        RiskBands.restore(stored)


@pytest.fixture(scope="module")
def validated():
    study = Study(load_mgus2(), mgus2_progression_free(), ("age", "hgb"), seed=1, missing="complete_cases")
    model = study.fit(Cox(), name="cox")
    return study, model, study.validate(model, "bootstrap", 20, metrics="harrell_c")


def test_resamples_are_followed_by_one_division_and_folds_give_their_own(validated):
    study, model, resampled = validated
    folds = study.validate(model, CrossValidation(None, 1), metrics="harrell_c")
    assert folds.bands == resampled.bands
    assert [each.horizon for each in folds.bands["cox"]] == [60.0, 120.0, 240.0]
    held = folds.held_out["cox"]
    direct = risk_bands(SurvivalArrays(study.outcome.time, study.outcome.event), held.risk, held.horizons)
    assert folds.bands["cox"] == direct
    assert study.validate(model, "bootstrap", 4, metrics="harrell_c").bands == {}


def test_the_file_keeps_them_and_an_older_file_does_without(validated, tmp_path):
    _, model, resampled = validated
    model = model.with_validation(resampled)
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    assert loaded.validation.bands == resampled.bands
    content, arrays = content_of(model)
    older = json.loads(json.dumps(content))
    del older["validation"]["bands"]
    assert model_from(older, arrays, verified=False).validation.bands == {}
    assert content_of(model_from(older, arrays, verified=False))[0] == older
    few = json.loads(json.dumps(content))
    few["validation"]["bands"]["cox"][0]["bands"][0]["people"] = 20
    with pytest.raises(ModelFileError, match="fewer than 50"):
        model_from(few, arrays, verified=False)


def test_competing_events_are_observed_with_the_others_competing():
    study = Study(load_mgus2(), mgus2_progression(), ("age", "mspike"), seed=1, missing="complete_cases")
    model = study.fit(Cox(), name="cox")
    found = study.validate(model, CrossValidation(5, 1), metrics="harrell_c").bands["cox"]
    assert all(band.observed < 0.4 for each in found for band in each.bands)
