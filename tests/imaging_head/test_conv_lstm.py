"""The ConvLSTM cell by hand, and a learner that must tell the order of frames."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cohorts import Binary, Cohort, make_folds
from cohorts.errors import FitError, ImageError
from cohorts.outcome import Outcome
from imaging_head.conv_lstm import ConvLstmCell, ConvLstmClassifier, MeanFrameClassifier
from imaging_head.cross_fit import cross_fit
from imaging_head.dynamic_series import DynamicSeries
from imaging_head.phantom_series import simulate_series
from imaging_head.series_learner import SeriesLearner
from prognosis.metrics.roc import roc_auc

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def outcome_of(made):
    return Outcome(tuple(made.table.index), np.full(len(made.table), np.nan), made.table["event"].to_numpy())


@pytest.fixture(scope="module")
def ordered():
    return simulate_series(40, seed=1, order_only=True, size=16)


@pytest.fixture(scope="module")
def fitted(ordered):
    return SeriesLearner(epochs=10, hidden=4, rate=0.03, batch=8).fit(ordered.series, outcome_of(ordered))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def convolved(picture, weight):
    """Cross-correlation with zeros beyond the edge, (channels, rows, columns), by loops."""
    edge = weight.shape[-1] // 2
    wide = np.pad(picture, ((0, 0), (edge, edge), (edge, edge)))
    rows, columns = picture.shape[1:]
    return np.array(
        [
            [[(wide[:, r : r + 3, c : c + 3] * kernel).sum() for c in range(columns)] for r in range(rows)]
            for kernel in weight
        ]
    )


class TestCell:
    def test_a_step_is_that_of_the_paper(self):
        torch.manual_seed(3)
        cell = ConvLstmCell(2, 3).double()
        with torch.no_grad():
            for part in cell.parameters():
                part.copy_(torch.randn_like(part))
        rng = np.random.default_rng(0)
        x, h, c = rng.normal(size=(2, 4, 5)), rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 4, 5))
        weight, bias = (part.detach().numpy() for part in (cell.gates.weight, cell.gates.bias))
        wci, wcf, wco = cell.peepholes.detach().numpy()
        gate = [
            convolved(x, weight[3 * k : 3 * k + 3, :2])
            + convolved(h, weight[3 * k : 3 * k + 3, 2:])
            + bias[3 * k : 3 * k + 3, None, None]
            for k in range(4)
        ]
        i, f = sigmoid(gate[0] + wci * c), sigmoid(gate[1] + wcf * c)
        memory = f * c + i * np.tanh(gate[2])
        shown = sigmoid(gate[3] + wco * memory) * np.tanh(memory)
        found = cell(*(torch.as_tensor(x)[None],), tuple(torch.as_tensor(part)[None] for part in (h, c)))
        np.testing.assert_allclose(found[0][0].detach().numpy(), shown, rtol=1e-10)
        np.testing.assert_allclose(found[1][0].detach().numpy(), memory, rtol=1e-10)

    def test_it_begins_by_keeping(self):
        cell = ConvLstmCell(1, 2)
        bias = cell.gates.bias.detach().numpy()
        np.testing.assert_array_equal(bias, [0, 0, 1, 1, 0, 0, 0, 0])
        assert not cell.peepholes.any()

    def test_every_weight_gets_a_gradient(self):
        torch.manual_seed(0)
        for network in (ConvLstmClassifier(hidden=3), MeanFrameClassifier(hidden=3)):
            outputs = network(torch.randn(2, 4, 16, 16))
            assert outputs.shape == (2, 2)
            outputs.square().sum().backward()
            assert all(part.grad is not None and part.grad.abs().sum() > 0 for part in network.parameters())

    def test_the_gradient_is_the_slope(self):
        torch.manual_seed(1)
        cell = ConvLstmCell(1, 2).double()
        x, h, c = (torch.randn(1, channels, 3, 3).double() for channels in (1, 2, 2))
        way, step = torch.randn_like(c), 1e-6

        def two_steps(c):
            return cell(x, cell(x, (h, c)))[0].sum()

        start = c.clone().requires_grad_()
        two_steps(start).backward()
        with torch.no_grad():
            slope = (two_steps(c + step * way) - two_steps(c - step * way)) / (2 * step)
        assert float((start.grad * way).sum()) == pytest.approx(float(slope), rel=1e-6)

    def test_no_cell_of_an_even_kernel(self):
        for how in ((1, 2, 4), (0, 2, 3), (1, 0, 3)):
            with pytest.raises(ImageError) as failure:
                ConvLstmCell(*how)
            assert failure.value.code == "I89"


class TestLearner:
    def test_it_learns_the_order(self, ordered, fitted):
        assert fitted.losses[-1] < 0.3 < fitted.losses[0]
        others = simulate_series(40, seed=9, order_only=True, size=16)
        area = roc_auc(others.table["event"].to_numpy(), fitted.linear_predictor(others.series).to_numpy())
        assert area.estimate[0] > 0.9
        probability = fitted.predict(others.series)
        assert list(probability.index) == list(others.series.patients)
        assert ((probability > 0.5) == (fitted.linear_predictor(others.series) > 0)).all()
        # played the other way round, each is taken for the other
        turned = fitted.linear_predictor(others.series.in_order([0, *range(11, 0, -1)]))
        assert roc_auc(others.table["event"].to_numpy(), turned.to_numpy()).estimate[0] < 0.1

    def test_the_mean_frame_knows_no_order(self, ordered):
        blind = SeriesLearner("mean_frame", epochs=4, hidden=4).fit(ordered.series, outcome_of(ordered))
        assert len(blind.losses) == 4
        # the frame without contrast must stay where it is, as the scale is its
        mixed = ordered.series.in_order([0, *range(11, 0, -1)])
        np.testing.assert_allclose(
            blind.linear_predictor(mixed), blind.linear_predictor(ordered.series), rtol=1e-3, atol=1e-4
        )

    def test_the_same_seed_gives_the_same_bits(self, ordered):
        learner = SeriesLearner("mean_frame", epochs=2, hidden=2)
        first, again, other, task = (
            own.fit(ordered.series, outcome_of(ordered)).linear_predictor(ordered.series)
            for own in (learner, learner, SeriesLearner("mean_frame", epochs=2, hidden=2, seed=1), learner.with_task(3))
        )
        assert first.equals(again)
        assert not np.allclose(first, other)
        assert not np.allclose(first, task)

    def test_brightness_of_the_scanner_does_not_count(self, ordered, fitted):
        brighter = DynamicSeries(ordered.series.frames * 8, ordered.series.seconds, ordered.series.patients)
        np.testing.assert_allclose(
            fitted.linear_predictor(brighter), fitted.linear_predictor(ordered.series), rtol=1e-4, atol=1e-5
        )

    def test_series_of_other_times_are_refused(self, ordered, fitted):
        later = DynamicSeries(ordered.series.frames, tuple(s + 0.5 * (s > 0) for s in ordered.series.seconds),
                              ordered.series.patients)  # fmt: skip
        black = DynamicSeries(0 * ordered.series.frames, ordered.series.seconds, ordered.series.patients)
        for wrong, code in ((later, "I89"), (black, "I87")):
            with pytest.raises(ImageError) as failure:
                fitted.predict(wrong)
            assert failure.value.code == code

    @pytest.mark.parametrize(
        "how", [{"network": "net"}, {"epochs": 0}, {"batch": 0}, {"rate": 0.0}, {"calibration": 1.0}]
    )
    def test_settings_that_mean_nothing_are_refused(self, ordered, how):
        with pytest.raises(FitError) as failure:
            SeriesLearner(**how).fit(ordered.series, outcome_of(ordered))
        assert failure.value.code == "I89"

    def test_outcomes_that_are_no_classes_are_refused(self, ordered):
        ids, n = tuple(ordered.table.index), len(ordered.table)
        few, none = np.zeros(n, int), np.full(n, np.nan)
        few[:3] = 1
        for wrong in (Outcome(ids, none, few), Outcome(ids, np.ones(n), few), Outcome(ids, none, few + 1)):
            with pytest.raises(FitError) as failure:
                SeriesLearner(epochs=1).fit(ordered.series, wrong)
            assert failure.value.code == "I89"

    def test_cross_fitting_takes_series_as_it_takes_films(self, ordered):
        cohort, endpoint = Cohort.from_frame(ordered.table.reset_index(), id="pid"), Binary("order", event="event")
        folds = make_folds(cohort, endpoint, 2, seed=1)
        learner = SeriesLearner("mean_frame", epochs=1, hidden=2)
        score = cross_fit(learner, ordered.series, cohort, endpoint, folds, nested=False).score
        assert score.ids == cohort.ids
        assert np.isfinite(score.values).all()
