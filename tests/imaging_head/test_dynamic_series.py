"""Dynamic series, their curves and what these are boiled down to: by hand on straight curves, then on phantoms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from cohorts.errors import ImageError, PredictionError
from imaging_head.dynamic_series import DynamicSeries
from imaging_head.kinetics import NAMES, hot_spot_curves, kinetics
from imaging_head.phantom_series import SECONDS, WASH_IN, WASH_OUT, simulate_series
from prognosis.classifiers.split_points import split_points
from prognosis.models import DecisionTree, ExtraTrees

TIMES = (-10.0, 0.0, 20.0, 40.0, 60.0, 80.0)


def curves(*rows, seconds=TIMES):
    return pd.DataFrame(rows, columns=list(seconds), dtype=float)


def series(frames, seconds=TIMES, patients=None):
    return DynamicSeries(frames, seconds, patients or tuple(f"p{row}" for row in range(len(frames))))


@pytest.fixture(scope="module")
def made():
    return simulate_series(300, seed=4, noise=0.01, wrong=0.0, size=16)


@pytest.fixture(scope="module")
def measured(made):
    return kinetics(hot_spot_curves(made.series, made.lesions))


class TestKinetics:
    def test_a_curve_by_hand(self):
        # from 0 by 80, 20, then down 10 and 30; at 67 s: 90 - 30 * 7 / 20
        found = kinetics(curves([0, 0, 80, 100, 90, 60]))
        np.testing.assert_allclose(found.to_numpy(), [[80, 100, 60 - (90 - 30 * 7 / 20)]])
        assert tuple(found.columns) == NAMES

    def test_the_wash_out_by_other_definitions(self):
        curve = curves([0, 0, 80, 100, 90, 60])
        assert kinetics(curve, reference="peak")["wash_out"].item() == -40
        # of a signal of 200 % of baseline
        assert kinetics(curve, reference="peak", wash_out_of="reference")["wash_out"].item() == -20
        assert kinetics(curve, reference=40)["wash_out"].item() == -40
        # persistent enhancement: positive from a fixed time, nothing from the peak
        rising = curves([0, 0, 10, 20, 30, 40])
        assert kinetics(rising, reference=40)["wash_out"].item() == 20
        assert kinetics(rising, reference="peak")["wash_out"].item() == 0

    @pytest.mark.parametrize(
        ("curve", "how"),
        [
            (curves([0, 1], seconds=(0, 20)), {}),
            (curves([0], seconds=(0,)), {}),
            (curves([1, 2, 3], seconds=(5, 20, 80)), {}),
            (curves([0, 0, 1, np.nan, 3, 4]), {}),
            (curves([0, 0, 1, 2, 3, -101]), {}),
            (curves([0, 0, 1, 2, 3, 4]), {"reference": 80}),
            (curves([0, 0, 1, 2, 3, 4]), {"reference": "middle"}),
            (curves([0, 0, 1, 2, 3, 4]), {"wash_out_of": "maximum"}),
        ],
    )
    def test_curves_that_say_nothing_are_refused(self, curve, how):
        with pytest.raises(ImageError) as failure:
            kinetics(curve, **how)
        assert failure.value.code == "I88"


class TestHotSpot:
    def test_the_spot_is_the_hottest_square_inside_the_lesion(self):
        frames = np.full((1, 6, 12, 12), 50.0)
        frames[0, 2:, 2:4, 2:4] = 100.0  # the lesion's: 100 %
        frames[0, 2:, 6:8, 6:8] = 75.0
        frames[0, 2:, 9:, 9:] = 400.0  # a vessel
        mask = np.zeros((1, 12, 12), bool)
        mask[0, :9, :9] = True
        found = hot_spot_curves(series(frames), mask, size=2)
        np.testing.assert_array_equal(found.to_numpy(), [[0, 0, 100, 100, 100, 100]])
        assert list(found.columns) == list(TIMES)
        # without a lesion the vessel is what is hottest
        assert hot_spot_curves(series(frames), size=2).to_numpy().max() == 700
        # three pixels: four of nine are hot
        assert hot_spot_curves(series(frames), mask, size=3).to_numpy().max() == pytest.approx(400 / 9)

    def test_frames_without_contrast_count_by_their_mean(self):
        frames = np.ones((1, 6, 3, 3)) * np.array([40, 60, 100, 100, 100, 100])[:, None, None]
        np.testing.assert_allclose(hot_spot_curves(series(frames)).to_numpy()[0], [-20, 20, 100, 100, 100, 100])

    def test_lesions_without_room_or_signal_are_named(self):
        frames = np.ones((3, 6, 8, 8))
        frames[2, :2] = 0
        masks = np.ones((3, 8, 8), bool)
        masks[1] = False
        with pytest.raises(ImageError) as failure:
            hot_spot_curves(series(frames), masks)
        assert failure.value.code == "I87"
        assert failure.value.findings[0].rows == ("p1", "p2")
        for wrong in (masks[:2], masks.astype(int)):
            with pytest.raises(ImageError):
                hot_spot_curves(series(frames), wrong)
        with pytest.raises(ImageError) as failure:
            hot_spot_curves(series(frames[:1]), size=9)
        assert failure.value.code == "I87"
        with pytest.raises(ImageError) as failure:
            hot_spot_curves(series(frames), size=0)
        assert failure.value.code == "I88"


class TestSeries:
    @pytest.mark.parametrize(
        ("frames", "seconds", "patients", "codes"),
        [
            (np.ones((2, 1, 4, 4)), (0,), None, ["I85"]),
            (np.ones((2, 3, 4, 4)), (1, 2, 3), None, ["I85"]),
            (np.ones((2, 3, 4, 4)), (0, 2, 2), None, ["I85"]),
            (np.ones((2, 3, 4, 4)), (0, 1, np.nan), None, ["I85"]),
            (np.ones((2, 3, 4)), (0, 1, 2), None, ["I85"]),
            (np.ones((2, 3, 4, 4)), (0, 1, 2), ("a", "a"), ["I86"]),
            (-np.ones((2, 3, 4, 4)), (0, 0, 0), ("a", "a"), ["I85", "I85", "I86"]),
            (np.full((1, 3, 4, 4), np.nan), (0, 1, 2), None, ["I85"]),
        ],
        ids=["one frame", "no baseline", "same time", "nan time", "3-D", "twice", "all at once", "nan"],
    )
    def test_series_that_are_none_are_refused(self, frames, seconds, patients, codes):
        with pytest.raises(ImageError) as failure:
            series(frames, seconds, patients)
        assert [finding.code for finding in failure.value.findings] == codes

    def test_some_patients_in_the_order_of_the_series(self, made):
        some = made.series.of(["V0005", "V0002"])
        assert some.patients == ("V0002", "V0005")
        np.testing.assert_array_equal(some.frames, made.series.frames[[1, 4]])
        with pytest.raises(ImageError) as failure:
            made.series.of(["V0002", "X"])
        assert failure.value.code == "I22"

    def test_another_order_names_each_frame_once(self, made):
        turned = made.series.in_order([0, *range(11, 0, -1)])
        np.testing.assert_array_equal(turned.frames[:, 1], made.series.frames[:, 11])
        with pytest.raises(ImageError):
            made.series.in_order([0] * 12)


class TestPhantoms:
    def test_kinetics_are_found_again(self, made, measured):
        away = measured - made.truth[list(NAMES)]
        # steps and the peak are maxima, which noise can only raise: by less than one point here
        assert away.mean().abs().max() < 1.5
        assert away["wash_out"].std() < 1

    def test_thresholds_are_recovered_to_two_points(self, made, measured):
        tree = DecisionTree(depth=2, min_leaf=5, pruning=0.0, calibration="none")
        outcome = np.array([(code,) for code in made.table["event"]], [("event", np.int64)])
        cuts = split_points(tree.fit(measured, outcome).estimate_)
        assert list(cuts["depth"]) == [0, 1]
        found = dict(zip(cuts["term"], cuts["threshold"], strict=True))
        assert found["wash_out"] == pytest.approx(WASH_OUT, abs=2)
        assert found["wash_in"] == pytest.approx(WASH_IN, abs=2)
        assert (cuts["within"] == "").tolist() == [True, False]
        # the same cuts as scikit-learn's own tree on raw columns
        own = DecisionTreeClassifier(max_depth=2, min_samples_leaf=5, random_state=0).fit(measured, made.table["event"])
        at = own.tree_.feature >= 0
        np.testing.assert_allclose(cuts["threshold"], own.tree_.threshold[at][:2], rtol=1e-6)
        share = own.tree_.value[:, 0, 1]
        assert cuts["share_up_to"][0] == pytest.approx(share[own.tree_.children_left[0]])
        assert cuts["share_above"][0] == pytest.approx(share[own.tree_.children_right[0]])

    def test_many_trees_have_no_thresholds_to_read(self, made, measured):
        outcome = np.array([(code,) for code in made.table["event"]], [("event", np.int64)])
        forest = ExtraTrees(trees=3, calibration="none").fit(measured, outcome)
        with pytest.raises(PredictionError) as failure:
            split_points(forest.estimate_)
        assert failure.value.code == "I94"

    def test_order_alone_leaves_every_mean_as_it_is(self):
        made = simulate_series(12, seed=2, order_only=True, size=16)
        forwards = made.table["event"].to_numpy() == 1
        assert 0 < forwards.sum() < 12
        again = simulate_series(3, seed=2, order_only=True, size=16)
        np.testing.assert_array_equal(again.series.frames, made.series.frames[:3])
        # forwards the steepest step is the first, backwards the first is among the least
        steps = np.diff(hot_spot_curves(made.series, made.lesions).to_numpy(), axis=1)
        late = steps[:, 1:].max(axis=1) < steps[:, 0]
        assert (late[forwards]).all()
        turned = made.series.in_order([0, *range(11, 0, -1)])
        np.testing.assert_allclose(turned.frames.mean(axis=1), made.series.frames.mean(axis=1), rtol=1e-5)

    def test_arguments_that_cannot_be_met_are_refused(self):
        for how in ({"patients": 0}, {"size": 8}, {"noise": -1}, {"wrong": 0.5}):
            with pytest.raises(ImageError) as failure:
                simulate_series(**{"patients": 2, **how})
            assert failure.value.code == "I40"
        assert len(SECONDS) == 12
