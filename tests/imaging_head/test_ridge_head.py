"""Ridge regression of heads on features: by scikit-learn, by its own score equations; what left-out patients choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cohorts.errors import FitError, ImageError
from imaging_head.head import ClassHead
from imaging_head.radiographs import Squares
from imaging_head.ridge_fit import deal_parts, left_out_outputs, ridge_path
from imaging_head.ridge_head import RidgeHead
from imaging_head.survival_heads import CoxHead
from tests.imaging_head.tiny import binary, films, timed, tiny

QUICK = RidgeHead("some.pt", image_size=32, seed=3, device="cpu", numbers="float32", network=tiny)


def features(n=60, k=80, seed=0):
    """More features than patients, of very unequal spread, and not centred."""
    draw = np.random.default_rng(seed)
    return 2 + draw.standard_normal((n, k)) * np.geomspace(3, 0.01, k)


def scaled(columns):
    centred = columns - columns.mean(0)
    return centred / np.sqrt((centred**2).sum(1).mean())


def spread(columns):
    return np.sqrt(((columns - columns.mean(0)) ** 2).sum(1).mean())


class TestPath:
    def test_two_classes_are_scikit_learns_logistic_regression(self):
        from sklearn.linear_model import LogisticRegression

        columns = features()
        event = (columns[:, 0] + np.random.default_rng(1).standard_normal(60) * 4 > 2).astype(int)
        head, penalty = ClassHead(), 0.03
        layer = ridge_path(head, torch.tensor(columns), head.targets(event), (1.0, penalty))[-1]
        # two outputs share what one coefficient b is: b^2 / 2
        wanted = LogisticRegression(C=2 / (60 * penalty), tol=1e-10, max_iter=10_000).fit(scaled(columns), event)
        weight = layer.weight.numpy()
        np.testing.assert_allclose((weight[:, 1] - weight[:, 0]) * spread(columns), wanted.coef_[0], atol=2e-5)
        odds = layer.of(torch.tensor(columns)).numpy()
        np.testing.assert_allclose(odds[:, 1] - odds[:, 0], wanted.decision_function(scaled(columns)), atol=5e-5)

    def test_cox_solves_its_score_equations(self):
        columns, draw = features(40), np.random.default_rng(2)
        time = draw.exponential(np.exp(-0.3 * (columns[:, 0] - 2)))
        event = (draw.random(40) < 0.7).astype(int)
        head, penalty = CoxHead(), 0.1
        layer = ridge_path(head, torch.tensor(columns), head.targets(event, time), (penalty,))[0]
        shown, risk = scaled(columns), np.exp(layer.of(torch.tensor(columns)).numpy()[:, 0])
        score = np.zeros(shown.shape[1])
        for row in np.flatnonzero(event):
            there = time >= time[row]
            score += shown[row] - risk[there] @ shown[there] / risk[there].sum()
        np.testing.assert_allclose(
            score / event.sum(), penalty * layer.weight.numpy()[:, 0] * spread(columns), atol=1e-6
        )

    def test_a_unit_of_the_features_changes_nothing_and_penalties_shrink(self):
        columns, head = features(), CoxHead()
        targets = head.targets(np.ones(60), np.random.default_rng(3).exponential(size=60))
        here, there = (
            ridge_path(head, torch.tensor(each), targets, (1.0, 0.01)) for each in (columns, 50 * columns - 7)
        )
        outputs = here[1].of(torch.tensor(columns))
        np.testing.assert_allclose(there[1].of(torch.tensor(50 * columns - 7)) - outputs, 0, atol=1e-6)
        assert outputs.std() > 3 * here[0].of(torch.tensor(columns)).std() > 0

    def test_features_that_are_all_alike_say_nothing(self):
        head = ClassHead()
        layer = ridge_path(head, torch.ones(6, 3, dtype=torch.float64), head.targets([0, 0, 0, 0, 1, 1]), (1.0,))[0]
        odds = layer.of(torch.ones(1, 3, dtype=torch.float64))[0]
        assert float(odds[1] - odds[0]) == pytest.approx(np.log(2 / 4), abs=1e-5)


class TestLeftOut:
    def test_a_patients_own_outcome_does_not_matter(self):
        columns, draw = torch.tensor(features()), np.random.default_rng(4)
        event, head = draw.integers(0, 2, 60), ClassHead()
        part = deal_parts(binary([f"p{i}" for i in range(60)], event), draw)
        first = left_out_outputs(head, columns, head.targets(event), part, (1.0, 0.1))
        event[part == 2] = 1 - event[part == 2]
        again = left_out_outputs(head, columns, head.targets(event), part, (1.0, 0.1))
        assert torch.equal(first[:, part == 2], again[:, part == 2])
        assert not torch.allclose(first[:, part == 0], again[:, part == 0])

    def test_parts_are_even_in_every_class_and_know_no_order(self):
        ids, event = np.array([f"p{i:02d}" for i in range(33)]), np.repeat([0, 1], [21, 12])
        part = deal_parts(binary(ids, event), np.random.default_rng(0))
        assert np.ptp(np.bincount(part)) <= 1
        assert all(np.ptp(np.bincount(part[event == code])) <= 1 for code in (0, 1))
        turned = deal_parts(binary(ids[::-1], event[::-1]), np.random.default_rng(0))
        assert (turned[::-1] == part).all()
        assert deal_parts(binary(ids[:24], event[:24]), np.random.default_rng(0)).max() == 2

    @pytest.mark.parametrize("event", [[1, 1, 1, 1], [0, 0, 0, 1]])
    def test_i95_too_few_to_choose_by(self, event):
        with pytest.raises(FitError, match="I95"):
            deal_parts(binary("abcd", event), np.random.default_rng(0))


class TestLearner:
    def test_only_the_last_layer_learns_and_new_films_are_told_apart(self):
        seen, outcome = films(60)
        fitted = QUICK.fit(seen, outcome)
        start, _ = tiny(2, 3)
        assert torch.equal(fitted.network.conv1.weight, start.conv1.weight)
        new, truth = films(20, seed=9)
        score = fitted.linear_predictor(new)
        assert score[truth.event == 1].min() > score[truth.event == 0].max()
        np.testing.assert_allclose(fitted.predict(new), 1 / (1 + np.exp(-score)), rtol=1e-9)

    def test_neither_order_nor_strangers_matter(self):
        seen, outcome = films(40)
        turned = Squares(seen.pixels[::-1].copy(), seen.patients[::-1])
        backwards = binary(outcome.ids[::-1], outcome.event[::-1])
        first, again = QUICK.fit(seen, outcome), QUICK.fit(turned, backwards)
        np.testing.assert_allclose(first.linear_predictor(seen), again.linear_predictor(seen), atol=1e-4)
        fewer = binary(outcome.ids[:30], outcome.event[:30])
        np.testing.assert_array_equal(
            QUICK.fit(seen, fewer).linear_predictor(seen), QUICK.fit(seen.of(fewer.ids), fewer).linear_predictor(seen)
        )

    def test_times_give_a_calibrated_log_hazard_and_risks(self):
        seen, outcome = films(80)
        draw = np.random.default_rng(5)
        time = draw.exponential(np.where(outcome.event == 1, 5.0, 30.0))
        fitted = QUICK.fit(seen, timed(outcome.ids, np.minimum(time, 20), time < 20))
        new, truth = films(60, seed=8)
        score = fitted.linear_predictor(new).to_numpy()
        assert score[truth.event == 1].mean() - score[truth.event == 0].mean() == pytest.approx(np.log(6), abs=0.6)
        risk = fitted.risks(new, [10.0])[10.0]
        assert risk[truth.event == 1].mean() == pytest.approx(1 - np.exp(-2), abs=0.12)
        assert risk[truth.event == 0].mean() == pytest.approx(1 - np.exp(-1 / 3), abs=0.12)

    def test_what_cannot_be_answered_is_refused(self):
        seen, outcome = films(20)
        with pytest.raises(ImageError, match="I54"):
            replace(QUICK, image_size=64).fit(seen, outcome)
        late = replace(timed(outcome.ids, np.full(20, 3.0), outcome.event), entry=np.ones(20))
        with pytest.raises(FitError, match="I56"):
            QUICK.fit(seen, late)
