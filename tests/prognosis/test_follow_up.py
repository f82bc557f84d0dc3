"""What was observed: Kaplan-Meier with weights, delayed entry and strata, and the remarks that follow from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import PredictionError
from prognosis.curves.observed import observe
from prognosis.horizons import SPARSE, check_interval, checked_horizons, horizon_remarks
from prognosis.models import Cox
from tests.prognosis.made import TimeToEvent, fit, patients, study


def slow_curve(time, event, entry, weight):
    """Kaplan-Meier by its definition, one factor an event time."""
    times = np.unique(time)
    survival, out = 1.0, []
    for t in times:
        at_risk = weight[(entry < t) & (time >= t)].sum()
        survival *= 1 - weight[event & (time == t)].sum() / at_risk
        out.append(survival)
    return times, np.array(out)


@settings(max_examples=50)
@given(st.integers(0, 100_000), st.integers(1, 40), st.booleans(), st.booleans())
def test_kaplan_meier_by_its_definition(seed, n, delayed, weighted):
    draw = np.random.default_rng(seed)
    time = draw.integers(1, 9, n).astype(float)
    event = draw.random(n) < 0.5
    entry = np.floor(draw.random(n) * time) if delayed else np.full(n, -1.0)
    weight = draw.choice([0.5, 1.0, 3.0], n) if weighted else np.ones(n)
    curve = observe(time, event, entry if delayed else None, weight if weighted else None)
    times, survival = slow_curve(time, event, entry, weight)
    np.testing.assert_array_equal(curve.time, times)
    np.testing.assert_allclose(curve.survival, survival, atol=1e-12)
    np.testing.assert_array_equal(curve.at_risk, [((entry < t) & (time >= t)).sum() for t in times])


@settings(max_examples=50)
@given(st.integers(0, 100_000), st.integers(2, 40), st.booleans())
def test_median_follow_up_by_its_definition(seed, n, weighted):
    """Reverse Kaplan-Meier: censorings are the events, and those who died at the same time have left before."""
    draw = np.random.default_rng(seed)
    time = draw.integers(1, 9, n).astype(float)
    event = draw.random(n) < 0.5
    weight = draw.choice([1.0, 2.0], n) if weighted else np.ones(n)
    earlier = time - 0.5 * event
    _, curve = slow_curve(earlier, ~event, np.full(n, -1.0), weight)
    times = np.unique(earlier)
    low = curve <= 0.5 + 1e-12
    found = observe(time, event, weight=weight if weighted else None).median_follow_up
    if not low.any():
        assert found is None
    else:
        first = times[low][0]
        below = times[curve < 0.5 - 1e-12]
        assert found == ((first + below[0]) / 2 if len(below) else first)


def test_those_who_die_leave_before_those_who_are_censored():
    """Four patients; at 2 one dies and one is censored: of three left one is censored, 2/3; then 1/2 of that."""
    curve = observe(np.array([1.0, 2, 2, 3, 4]), np.array([True, True, False, False, False]))
    assert curve.median_follow_up == 3.0
    tied = observe(np.array([2.0, 2, 2, 2]), np.array([True, True, False, False]))
    assert tied.median_follow_up == 2.0
    half = observe(np.array([2.0, 2, 2, 3]), np.array([True, True, False, False]))
    assert half.median_follow_up == 2.5  # two are left, one of them censored: exactly one half until 3


def test_weighted_curve_equals_survfit(golden, golden_data):
    """The weighted curves of R, grade by grade: survfit(Surv(rfstime, status) ~ gradef, weights = wt)."""
    r = golden("km_gbsg_grade_weighted")
    rows, start = golden_data("gbsg"), 0
    for grade in (1, 2, 3):
        own = rows[rows["gradef"] == grade]
        weight = own["wt"].to_numpy()
        curve = observe(own["rfstime"].to_numpy(float), own["status"].to_numpy() == 1, weight=weight)
        stop = start + len(curve.time)
        np.testing.assert_array_equal(curve.time, r["curve"]["time"][start:stop])
        np.testing.assert_allclose(curve.survival, r["curve"]["surv"][start:stop], atol=1e-12)
        assert curve.median == (None if r["ci"]["log"]["q25_50_75"][grade - 1][1] == "NA" else pytest.approx(
            r["ci"]["log"]["q25_50_75"][grade - 1][1]))  # fmt: skip
        start = stop
    assert start == len(r["curve"]["time"])


def test_a_weight_of_k_is_k_patients_in_the_curve_but_one_at_risk():
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False])
    times = np.array([2, 1, 3, 1])
    weighted = observe(time, event, weight=times.astype(float))
    copied = observe(np.repeat(time, times), np.repeat(event, times))
    np.testing.assert_allclose(weighted.survival, copied.survival, rtol=1e-12)
    np.testing.assert_array_equal(weighted.at_risk, [4, 3, 2, 1])
    assert weighted.median == copied.median
    assert weighted.median_follow_up == copied.median_follow_up


def test_a_model_observes_its_own_rows_only():
    """Rows of weight zero are no part of the model: not of n, of the events, nor of the follow-up."""
    rows = patients(100)
    rows["weight"] = np.where(np.arange(100) < 10, 0.0, 1.0)
    rows.loc["P000", "months"] = 500.0
    with pytest.warns(UserWarning, match="10 rows have zero weights"):
        model = fit(Cox(weights="weight"), ["age"], frame=rows, horizons=[24])
    assert model.n == 90
    assert model.events == rows["event"].iloc[10:].sum()
    assert model.max_follow_up == rows["months"].iloc[10:].max()
    assert np.isfinite(model.predict({"age": 60}, [model.max_follow_up]).risk).all()


def test_the_observed_curve_counts_delayed_entry():
    endpoint = TimeToEvent(
        "efs", time="months", event="event", entry="start", unit="months", origin="registration", horizons=(12,)
    )
    rows = patients(200)
    model = study(["age"], frame=rows, endpoint=endpoint).fit(Cox())
    entry = rows["start"].to_numpy()
    times, survival = slow_curve(rows["months"].to_numpy(), rows["event"].to_numpy() == 1, entry, np.ones(200))
    np.testing.assert_allclose(model.follow_up.survival, survival, atol=1e-12)
    first = times[0]
    assert model.follow_up.at_risk[0] == ((entry < first) & (rows["months"] >= first)).sum() < 200


# ---------------------------------------------------------------- strata


@pytest.fixture(scope="module")
def stratified():
    """Patients of the north are followed for 20 months only."""
    rows = patients(400)
    short = rows["centre"] == "north"
    rows.loc[short & (rows["months"] > 20), "event"] = 0
    rows.loc[short, "months"] = rows.loc[short, "months"].clip(upper=20.0)
    return fit(Cox(strata=["centre"]), ["age", "albumin"], frame=rows), rows


PAIR = pd.DataFrame({"age": 60.0, "albumin": 38.0, "centre": ["south", "north"]}, index=["s", "n"])


def test_each_stratum_has_an_observed_curve(stratified):
    model, rows = stratified
    assert model.estimate.stratum_names == ("centre=north", "centre=south")
    for curve, name in zip(model.strata_follow_up, ("north", "south"), strict=True):
        own = rows[rows["centre"] == name]
        expected = observe(own["months"].to_numpy(), own["event"].to_numpy() == 1)
        np.testing.assert_array_equal(curve.survival, expected.survival)
        np.testing.assert_array_equal(curve.time, expected.time)
        assert model.observed(PAIR[PAIR["centre"] == name]).time[-1] == own["months"].max()
    assert model.follow_up.at_risk[0] == 400


def test_without_strata_everybody_is_compared_with_the_whole_cohort():
    model = fit(Cox(), ["age"], n=100, horizons=[24])
    assert model.strata_follow_up == ()
    assert model.observed({"age": 60}) is model.follow_up


def test_p10_the_reason_is_that_of_the_own_stratum(stratified):
    """Where a risk is missing, there is a reason beside it; where it is given, there is none."""
    found = stratified[0].predict(PAIR, [12, 19.9, 48])
    missing = np.isnan(found.risk)
    np.testing.assert_array_equal(missing, [[False, False, False], [False, False, True]])
    for row, patient in enumerate(found.ids):
        for column, horizon in enumerate(found.horizons):
            reasons = [remark for remark in found.remarks_on(patient, horizon) if remark.code == "P10"]
            assert len(reasons) == missing[row, column]
    (reason,) = [remark for remark in found.remarks if remark.code == "P10"]
    assert (reason.patient, reason.horizon) == ("n", 48)
    assert "max follow-up of 20 months of stratum centre=north" in reason.text


@settings(max_examples=25)
@given(st.lists(st.floats(0.01, 200), min_size=1, max_size=5, unique=True))
def test_law_a_missing_risk_always_has_a_reason(stratified, horizons):
    found = stratified[0].predict(PAIR, horizons)
    table = found.table
    explained = table["remarks"].str.contains("no risk is given")
    np.testing.assert_array_equal(explained, table["risk"].isna())
    np.testing.assert_array_equal(table["lower"].isna(), table["risk"].isna())
    np.testing.assert_array_equal(table["upper"].isna(), table["risk"].isna())


# ---------------------------------------------------------------- horizons


def test_remarks_on_horizons_by_hand():
    curve = observe(np.arange(1.0, 21), np.ones(20, bool))
    found = horizon_remarks(curve, np.array([1.0, 11.0, 12.0, 20.0, 20.5]), "months")
    assert [(remark.code, remark.horizon) for remark in found] == [("P11", 12.0), ("P11", 20.0), ("P10", 20.5)]
    assert SPARSE == 10
    assert "n at risk = 9" in found[0].text
    assert "n at risk = 1 " in found[1].text


@pytest.mark.parametrize("horizons", [12, 12.0, np.float32(12), [12], (12,), np.array([12]), pd.Series([12.0])])
def test_horizons_in_many_forms(horizons):
    np.testing.assert_array_equal(checked_horizons(horizons), [12.0])


@pytest.mark.parametrize(
    "horizons", ["12", ["12"], {"a": 12}, None, [None], [True], True, [[1, 2]], [], [0], [-1], [np.nan], [np.inf], 1j]
)
def test_p12_what_is_no_horizon(horizons):
    with pytest.raises(PredictionError) as caught:
        checked_horizons(horizons)
    assert caught.value.code == "P12"


@pytest.mark.parametrize(
    ("level", "interval"), [("0.95", "log"), (None, "log"), (True, "log"), (0.95, "LOG"), (0.95, 1)]
)
def test_s14_what_is_no_interval(level, interval):
    with pytest.raises(PredictionError) as caught:
        check_interval(level, interval)
    assert caught.value.code == "S14"
