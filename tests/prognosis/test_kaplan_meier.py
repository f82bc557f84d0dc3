"""Survival curves: by hand on six and ten rows, R's numbers, the jackknife's definition, laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from cohorts.errors import DataContractError, FitError, PredictionError, PrognosisWarning
from prognosis.curves import kaplan_meier
from tests.prognosis.curve_rows import COUNTING, SEEDS, TINY, coarse_rows, jackknife_by_differences, late_mgus2

ESTIMATORS = ("kaplan-meier", "nelson-aalen", "fleming-harrington")


def tiny(**more):
    return kaplan_meier(TINY["time"], TINY["status"], **more)


def test_six_rows_by_hand():
    curve = tiny()
    assert curve.time.tolist() == [1, 6, 8, 9]
    assert curve.n_risk.tolist() == [6, 4, 2, 1]
    assert curve.n_event.tolist() == [1, 2, 0, 1]
    assert curve.n_censor.tolist() == [1, 0, 1, 0]
    np.testing.assert_allclose(curve.survival, [5 / 6, 5 / 12, 5 / 12, 0], rtol=1e-15)
    np.testing.assert_allclose(curve.std_err[:3] ** 2, [1 / 30, 1 / 30 + 1 / 4, 1 / 30 + 1 / 4], rtol=1e-14)
    assert curve.std_err[3] == np.inf
    np.testing.assert_allclose(curve.cumulative_hazard, [1 / 6, 2 / 3, 2 / 3, 5 / 3], rtol=1e-15)
    np.testing.assert_allclose(curve.std_err_hazard**2, [1 / 36, 11 / 72, 11 / 72, 83 / 72], rtol=1e-14)


def test_six_rows_exponentials_of_hazards_by_hand():
    np.testing.assert_allclose(tiny(estimator="nelson-aalen").survival, np.exp([-1 / 6, -2 / 3, -2 / 3, -5 / 3]))
    curve = tiny(estimator="fleming-harrington")
    split = 1 / 6 + 1 / 4 + 1 / 3
    np.testing.assert_allclose(curve.cumulative_hazard, [1 / 6, split, split, split + 1], rtol=1e-15)
    np.testing.assert_allclose(curve.survival, np.exp(-curve.cumulative_hazard), rtol=1e-15)
    np.testing.assert_allclose(curve.std_err[1] ** 2, 1 / 36 + 1 / 16 + 1 / 9, rtol=1e-14)


def test_delayed_entry_by_hand():
    curve = kaplan_meier(COUNTING["stop"], COUNTING["event"], entry=COUNTING["start"])
    assert curve.n_risk.tolist() == [2, 3, 5, 4, 4, 5, 2, 1]
    np.testing.assert_allclose(curve.survival[:6], [1 / 2, 1 / 3, 4 / 15, 1 / 5, 3 / 20, 9 / 100], rtol=1e-14)
    steps = [1 / 2, 1 / 6, 1 / 20, 1 / 12, 1 / 12, 2 / 15]
    np.testing.assert_allclose(curve.std_err[:6] ** 2, np.cumsum(steps), rtol=1e-14)


@pytest.mark.parametrize(
    ("interval", "scale", "back", "slope"),
    [
        ("plain", lambda s: s, lambda x: x, lambda s: 1),
        ("log", np.log, np.exp, lambda s: 1 / s),
        ("log-log", lambda s: np.log(-np.log(s)), lambda x: np.exp(-np.exp(x)), lambda s: 1 / (s * np.log(s))),
        ("logit", lambda s: np.log(s / (1 - s)), lambda x: 1 / (1 + np.exp(-x)), lambda s: 1 / (s * (1 - s))),
        (
            "arcsin",
            lambda s: np.arcsin(np.sqrt(s)),
            lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
            lambda s: 1 / (2 * np.sqrt(s * (1 - s))),
        ),
    ],
)
def test_limits_are_normal_on_their_scale(interval, scale, back, slope):
    curve = kaplan_meier([1, 1, 2, 3, 5, 8, 9], [1, 0, 1, 1, 0, 1, 0])
    s = curve.survival
    width = 1.6448536269514722 * curve.std_err_survival * np.abs(slope(s))
    low, high = curve.limits(interval, level=0.9)
    np.testing.assert_allclose(low, np.maximum(np.sort([back(scale(s) - width), back(scale(s) + width)], axis=0)[0], 0))
    np.testing.assert_allclose(
        high, np.minimum(np.sort([back(scale(s) - width), back(scale(s) + width)], axis=0)[1], 1)
    )


def test_limits_are_unknown_where_the_scale_ends():
    curve = kaplan_meier([1, 2, 3], [0, 1, 1])
    for interval in ("log-log", "logit", "arcsin"):
        assert np.isnan(np.array(curve.limits(interval))[:, [0, 2]]).all()
    low, high = curve.limits("log")
    assert (low[0], high[0]) == (1, 1)
    assert np.isnan(low[2])
    assert np.isnan(high[2])


def test_at_is_unknown_after_the_follow_up():
    np.testing.assert_allclose(tiny().at([0, 0.5, 1, 7, 100]), [1, 1, 5 / 6, 5 / 12, 0], rtol=1e-15)
    assert np.isnan(kaplan_meier([1, 2], [1, 0]).at([2, 2.5])).tolist() == [False, True]


def test_weighted_delayed_entry_equals_r():
    # f <- survfit(Surv(late, etime, e) ~ 1, m, weights = w); summary(f, times = c(24, 120, 240))
    m = late_mgus2()
    curve = kaplan_meier(m["etime"], m["e"], entry=m["late"], weight=m["w"])
    place = np.searchsorted(curve.time, [24, 120, 240], side="right") - 1
    low, high = curve.limits()
    theirs = [
        [0.736756156321789, 0.368963466794544, 0.159314601338341],
        [0.015463726805721, 0.014594629873893, 0.014126097676871],
        [0.707062753123979, 0.341439249703714, 0.133900220719389],
        [0.767696546706482, 0.398706475448209, 0.189552653933148],
    ]
    ours = np.array([curve.survival, curve.std_err_survival, low, high])[:, place]
    np.testing.assert_allclose(ours, theirs, rtol=2e-13)
    assert np.array(curve.quantile([0.25, 0.5])).tolist() == [[22, 81], [15, 75], [29, 91]]
    # survfit(Surv(late, etime, e) ~ 1, m, weights = w, stype = 2, ctype = 2)
    curve = kaplan_meier(m["etime"], m["e"], entry=m["late"], weight=m["w"], estimator="fleming-harrington")
    theirs = [
        [0.736908081231354, 0.369228597312619, 0.15991543917311],
        [0.015443442348445, 0.014581694347137, 0.01405400193633],
    ]
    np.testing.assert_allclose(np.array([curve.survival, curve.std_err_survival])[:, place], theirs, rtol=2e-13)


def test_ten_rows_with_late_entry_equal_r():
    # In R: t <- c(2,4,4,6,7,9,9,11,12,15); e <- c(1,1,0,1,0,1,1,0,1,0); s <- c(0,0,1,1,2,0,3,4,2,0)
    time, event, entry = (
        [2, 4, 4, 6, 7, 9, 9, 11, 12, 15],
        [1, 1, 0, 1, 0, 1, 1, 0, 1, 0],
        [0, 0, 1, 1, 2, 0, 3, 4, 2, 0],
    )
    # survfit(Surv(s, t, e) ~ 1, weights = w)
    curve = kaplan_meier(time, event, entry=entry, weight=[0.5, 1, 1.5, 2, 0.5, 1, 1, 2, 1.5, 1])
    assert curve.n_risk.tolist() == [7, 9.5, 9, 7, 6.5, 4.5, 2.5, 1]
    events = np.flatnonzero(curve.n_event)
    np.testing.assert_allclose(
        [curve.survival[events], curve.std_err_survival[events], curve.std_err_hazard[events]],
        [
            [0.92857142857143, 0.83082706766917, 0.64619883040936, 0.44736842105263, 0.17894736842105],
            [0.07322806170616, 0.11462203094846, 0.16211002116756, 0.17447982885612, 0.16182561136228],
            [0.07322806170616, 0.12497524988384, 0.20146027174289, 0.28884270072063, 0.42846459887998],
        ],
        rtol=1e-12,
    )
    # survfit(Surv(s, t, e) ~ 1, stype = 2, ctype = 2)
    curve = kaplan_meier(time, event, entry=entry, estimator="fleming-harrington")
    np.testing.assert_allclose(
        np.array([curve.survival, curve.std_err, *curve.limits()])[:, events],
        [
            [0.84648172489061, 0.74701750031043, 0.64757296174574, 0.41291075063817, 0.250443029987009],
            [0.16666666666667, 0.20833333333333, 0.25260827588004, 0.40781238461219, 0.645221621648782],
            [0.61059137101578, 0.49658902979458, 0.39470093301976, 0.18566312639168, 0.070712356334331],
            [1, 1, 1, 0.91830451908310, 0.886997895707547],
        ],
        rtol=1e-12,
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_robust_errors_are_the_slopes_in_the_weights(estimator):
    rows = coarse_rows(5)

    def log_survival(weight):
        return np.log(kaplan_meier(**{**rows, "weight": weight}, estimator=estimator).survival)

    ours = kaplan_meier(**rows, estimator=estimator)
    assert ours.robust
    np.testing.assert_allclose(ours.std_err, jackknife_by_differences(log_survival, rows["weight"]), rtol=1e-7)


@given(SEEDS)
def test_order_and_scale_of_rows_do_not_matter(seed):
    rows = coarse_rows(seed)
    shuffled = np.random.default_rng(seed).permutation(len(rows["time"]))
    one, two = kaplan_meier(**rows), kaplan_meier(**{name: values[shuffled] for name, values in rows.items()})
    three = kaplan_meier(**{**rows, "time": rows["time"] * 8, "entry": rows["entry"] * 8, "weight": rows["weight"] * 2})
    for other in (two, three):
        np.testing.assert_allclose(other.survival, one.survival, rtol=1e-13)
        np.testing.assert_allclose(other.std_err, one.std_err, rtol=1e-11)


@pytest.mark.parametrize("estimator", ESTIMATORS[:2])
@given(seed=SEEDS)
def test_whole_weights_are_repeated_rows(estimator, seed):
    rows = coarse_rows(seed)
    rows["weight"] = np.ceil(rows["weight"])
    repeated = {name: np.repeat(rows[name], rows["weight"].astype(int)) for name in ("time", "event", "entry")}
    one, two = kaplan_meier(**rows, estimator=estimator), kaplan_meier(**repeated, estimator=estimator)
    for name in ("time", "n_risk", "n_event", "n_censor", "survival", "std_err", "std_err_hazard"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-12)


@given(SEEDS)
def test_a_row_split_in_two_is_the_same_row(seed):
    rows = coarse_rows(seed)
    cut = rows["entry"] + 0.5
    halves = {
        "time": np.concatenate([cut, rows["time"]]),
        "event": np.concatenate([0 * rows["event"], rows["event"]]),
        "entry": np.concatenate([rows["entry"], cut]),
        "weight": np.tile(rows["weight"], 2),
    }
    one, two = kaplan_meier(**rows), kaplan_meier(**halves)
    np.testing.assert_allclose(two.at(one.time), one.survival, rtol=1e-13)


@given(SEEDS)
def test_curves_fall_and_lie_within_their_limits(seed):
    rows = coarse_rows(seed)
    survivals = [kaplan_meier(**rows, estimator=estimator).survival for estimator in ESTIMATORS]
    assert all((np.diff(np.concatenate([[1.0], survival])) <= 0).all() for survival in survivals)
    assert (survivals[0] <= survivals[2]).all()
    assert (survivals[2] <= survivals[1] + 1e-15).all()
    curve = kaplan_meier(**rows)
    for interval in ("plain", "log", "log-log", "logit", "arcsin"):
        low, high = curve.limits(interval)
        known = ~np.isnan(low)
        assert (low[known] <= curve.survival[known]).all()
        assert (curve.survival[known] <= high[known]).all()


def test_groups_are_separate_samples_in_the_order_of_their_levels():
    rows = coarse_rows(3)
    sex = pd.Series(np.where(np.arange(30) % 3 == 0, "m", "f"), index=np.arange(30) + 7)
    curves = kaplan_meier(**rows, group=sex)
    assert list(curves) == ["f", "m"]
    alone = kaplan_meier(**{name: values[sex.to_numpy() == "m"] for name, values in rows.items()})
    np.testing.assert_array_equal(curves["m"].survival, alone.survival)
    np.testing.assert_array_equal(curves["m"].std_err, alone.std_err)
    assert list(kaplan_meier(**rows, group=pd.Categorical(sex, ["m", "f", "x"]))) == ["m", "f"]


def test_rounding_makes_no_new_times_and_weight_zero_no_rows():
    curve = kaplan_meier([0.1 + 0.2, 0.3, 1.0, 5.0], [1, 1, 0, 1], weight=[1, 1, 1, 0])
    assert curve.n_event.tolist() == [2, 0]
    assert curve.time.tolist() == [0.3, 1.0]


def test_fractions_that_sum_by_rounding_still_reach_zero():
    curve = kaplan_meier([1, 2, 2, 2], [1, 1, 1, 1], weight=[0.3, 0.1, 0.2, 0.4])
    assert curve.survival[-1] == 0
    assert curve.std_err_survival[-1] == 0
    assert np.isnan(kaplan_meier([1, 2], [1, 1]).std_err_survival[-1])


def test_table_lists_what_the_curve_holds():
    table = tiny().table("plain")
    assert list(table.columns) == [
        *("time", "n_risk", "n_event", "n_censor", "survival", "std_err", "lower", "upper"),
    ]
    np.testing.assert_array_equal(table["lower"], tiny().limits("plain")[0])


def test_a_risk_set_that_dies_out_early_is_told():
    with pytest.warns(PrognosisWarning, match="everybody at risk at 2 has the event.*2 rows enter later"):
        curve = kaplan_meier([2, 6, 7], [1, 1, 0], entry=[0, 3, 3])
    assert curve.survival.tolist() == [0, 0, 0]
    assert [finding.code for finding in curve.warnings] == ["Q09"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({"time": [1, 2], "event": [1]}, "Q01", "one value a row"),
        ({"time": [], "event": []}, "Q01", "at least one row"),
        ({"time": ["1", "2"], "event": [1, 0]}, "Q01", "numbers are needed"),
        ({"time": [1, 2], "event": [1, 0], "group": ["a"]}, "Q01", r"labels of shape \(1,\) for 2 rows"),
        ({"time": [1, 2], "event": [1, 0], "group": ["a", None]}, "Q02", "row ids 1: missing values"),
        ({"time": [1, 2], "event": [1, 2]}, "Q07", "row ids 1.*events compete.*aalen_johansen"),
        ({"time": [1, 2], "event": [1, 0], "weight": [1, -1]}, "T23", "row ids 1.*not negative"),
        ({"time": [1, 2], "event": [1, 0], "weight": [0, 0]}, "T23", "all weights are zero"),
        ({"time": [1, np.nan], "event": [1, 0]}, "T03", "time missing"),
        ({"time": [1, 2], "event": ["dead", "alive"]}, "T07", "give whole numbers"),
        ({"time": [1, 2], "event": [1, 0], "entry": [0, 2]}, "T21", "entry>=exit"),
        ({"time": [1, 0.3], "event": [1, 0], "entry": [0, 0.3 - 1e-12]}, "T21", "row ids 1.*rounding"),
    ],
)
def test_rows_that_are_refused(arguments, code, words):
    with pytest.raises(DataContractError, match=words) as caught:
        kaplan_meier(**arguments)
    assert caught.value.code == code


def test_words_and_shares_that_are_refused():
    with pytest.raises(FitError, match=r"\[Q03\].*estimator='breslow'.*nelson-aalen"):
        tiny(estimator="breslow")
    with pytest.raises(FitError, match=r"\[Q03\].*interval='loglog'.*log-log"):
        tiny().limits("loglog")
    with pytest.raises(FitError, match=r"\[Q04\].*level=95"):
        tiny().limits(level=95)
    with pytest.raises(PredictionError, match=r"\[Q04\].*outside 0 to 1"):
        tiny().quantile(50)
