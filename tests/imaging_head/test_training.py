"""A network learns from films: direction, calibration, parts by patient, several films, heads, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from cohorts import Binary, Cohort, make_folds
from cohorts.errors import FitError, ImageError, PredictionError
from imaging_head.augmentation import PLAIN, Augmentation
from imaging_head.averaged_learner import AveragedLearner
from imaging_head.batch_norm import settle
from imaging_head.film_inputs import by_patient
from imaging_head.frozen_trunk import features_of
from imaging_head.head import ClassHead, balanced
from imaging_head.network import resnet34, standardised, trunk
from imaging_head.precision import Precision, choose_precision
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.starting_outputs import starting_outputs
from imaging_head.survival_heads import CoxHead, DiscreteTimeHead
from imaging_head.temperature import Temperature
from imaging_head.training import Schedule
from imaging_head.training_parts import split_patients
from tests.imaging_head.tiny import QUICK, binary, films, timed, tiny

FILMS, OUTCOME = films()


@pytest.fixture(scope="module")
def fitted():
    return QUICK.fit(FILMS, OUTCOME)


class TestFit:
    def test_the_loss_falls_and_the_event_scores_higher(self, fitted):
        assert fitted.history[-1].training_loss < 0.5 * fitted.history[0].training_loss
        new, truth = films(30, seed=9)
        score, risk = fitted.linear_predictor(new), fitted.predict(new)
        assert score[truth.event == 1].min() > score[truth.event == 0].max()
        assert tuple(score.index) == truth.ids
        # one calibrated output: log-odds and probability say the same
        np.testing.assert_allclose(risk, 1 / (1 + np.exp(-score)), rtol=1e-12)
        np.testing.assert_allclose(fitted.probabilities(new).sum(axis=1), 1)

    def test_the_best_epoch_is_kept(self, fitted):
        assert len(fitted.history) == 8
        assert [epoch.number for epoch in fitted.history] == list(range(1, 9))
        stopped = replace(QUICK, epochs=40, schedule=replace(QUICK.schedule, patience=1, rate=0.1)).fit(FILMS, OUTCOME)
        # the first half of the schedule is no end of a training, however good an epoch looks
        losses = [epoch.validation_loss for epoch in stopped.history][20:]
        assert len(losses) < 20
        assert int(np.argmin(losses)) == len(losses) - 2

    def test_one_seed_gives_one_network_and_nothing_else_is_disturbed(self, fitted):
        torch.manual_seed(5)
        before, threads = torch.random.get_rng_state(), torch.get_num_threads()
        again = QUICK.fit(FILMS, OUTCOME)
        assert torch.equal(before, torch.random.get_rng_state())
        assert torch.get_num_threads() == threads
        assert_equal_weights(fitted.network, again.network)
        assert fitted.temperature == again.temperature
        other = QUICK.with_task(2, 1).fit(FILMS, OUTCOME)
        assert not torch.equal(fitted.network.fc.weight, other.network.fc.weight)
        assert QUICK.task == ()

    def test_films_of_other_patients_are_left_alone(self, fitted):
        extra = films(6, seed=4)[0]
        more = Squares(np.concatenate([FILMS.pixels, extra.pixels]), (*FILMS.patients, *(f"q{i}" for i in range(6))))
        assert_equal_weights(fitted.network, QUICK.fit(more, OUTCOME).network)

    def test_calibration_is_learnt_from_left_out_patients(self):
        # outcomes that are half chance: the network is sure, its left-out patients are not
        draw = np.random.default_rng(1)
        event = np.where(draw.random(120) < 0.3, draw.integers(0, 2, 120), np.arange(120) % 2)
        seen, outcome = films(120)
        noisy = replace(QUICK, epochs=6, validation=0.4).fit(seen, binary(outcome.ids, event))
        assert noisy.temperature.after < noisy.temperature.before
        held = split_patients(seen, binary(outcome.ids, event), 0.4, np.random.default_rng([3, 11])).validated
        risk = noisy.predict(films(200, seed=8)[0])
        assert risk[::2].mean() == pytest.approx(event[held[held % 2 == 0]].mean(), abs=0.08)
        assert risk[1::2].mean() == pytest.approx(event[held[held % 2 == 1]].mean(), abs=0.08)

    def test_class_weights_do_not_move_probabilities(self):
        draw = np.random.default_rng(2)
        rare, outcome = films(90)
        event = (draw.random(90) < 0.2).astype(int)
        plain = replace(QUICK, epochs=2, augmentation=PLAIN)
        means = [plain.fit(rare, binary(outcome.ids, event)).predict(rare).mean(),
                 replace(plain, balance=True).fit(rare, binary(outcome.ids, event)).predict(rare).mean()]  # fmt: skip
        assert means == pytest.approx([event.mean(), event.mean()], abs=0.09)

    def test_half_precision_learns_too_and_answers_in_float32(self):
        half = replace(QUICK, numbers="bfloat16").fit(FILMS, OUTCOME)
        assert half.precision == Precision("cpu", "bfloat16")
        assert half.network.conv1.weight.dtype == torch.float32
        score = half.linear_predictor(FILMS)
        assert score[1::2].min() > score[::2].max()


class TestPatients:
    def test_parts_are_by_patient_and_class(self):
        event = np.repeat([0, 1, 2], [30, 10, 6])
        seen, outcome = films(46, each=3)
        outcome = binary(outcome.ids, event)
        parts = split_patients(seen, outcome, 0.2, np.random.default_rng(0))
        assert np.bincount(event[parts.validated]).tolist() == [6, 2, 2]
        learn, validate = ({seen.patients[row] for row in rows} for rows in (parts.learn, parts.validate))
        assert not learn & validate
        assert len(parts.learn) + len(parts.validate) == len(seen)
        assert validate == {outcome.ids[row] for row in parts.validated}

    def test_the_order_of_patients_does_not_matter(self):
        turned = binary(OUTCOME.ids[::-1], OUTCOME.event[::-1])
        one, two = (split_patients(FILMS, each, 0.3, np.random.default_rng(0)) for each in (OUTCOME, turned))
        assert {OUTCOME.ids[row] for row in one.validated} == {turned.ids[row] for row in two.validated}
        np.testing.assert_array_equal(one.learn, two.learn)

    def test_several_films_count_by_their_mean(self, fitted):
        two, outcome = films(4, each=2)
        together = fitted.linear_predictor(two)
        single = [fitted.linear_predictor(Squares(two.pixels[k::2], outcome.ids)) for k in (0, 1)]
        np.testing.assert_allclose(together, (single[0] + single[1]) / 2, atol=1e-5)
        # films of a patient need not lie side by side
        order = [0, 2, 4, 6, 1, 3, 5, 7]
        mixed = Squares(two.pixels[order], tuple(two.patients[row] for row in order))
        pd.testing.assert_series_equal(fitted.linear_predictor(mixed), together, rtol=1e-6)
        assert by_patient(torch.tensor([[1.0], [5.0], [3.0]]), np.array([4, 2, 4])).tolist() == [[5], [2]]


class TestHeads:
    def test_times_need_no_head_declared(self):
        seen, outcome = films(60)
        time = np.random.default_rng(0).exponential(np.where(outcome.event == 1, 3.0, 30.0))
        cox = QUICK.fit(seen, timed(outcome.ids, time, np.ones(60)))
        assert cox.horizon == pytest.approx(np.median(time))
        assert cox.predict(seen)[1::2].mean() > cox.predict(seen)[::2].mean() + 0.2
        risks = cox.risks(seen, [1.0, 5.0, 1e6])
        assert (risks[5.0] >= risks[1.0]).all()
        assert risks[1e6].isna().all()
        with pytest.raises(PredictionError, match="I55"):
            cox.probabilities(seen)

    def test_discrete_times(self):
        seen, outcome = films(60)
        time = np.random.default_rng(0).exponential(np.where(outcome.event == 1, 3.0, 30.0))
        head = replace(QUICK, head="discrete-time", horizon=4.0, epochs=20).fit(
            seen, timed(outcome.ids, time, np.ones(60))
        )
        assert isinstance(head.head, DiscreteTimeHead)
        assert 4.0 in head.head.breaks
        risk, score = head.predict(seen), head.linear_predictor(seen)
        assert risk[1::2].mean() > risk[::2].mean() + 0.2
        np.testing.assert_allclose(score, np.log(-np.log1p(-risk)))

    def test_ordered_classes(self):
        seen, outcome = films(60)
        seen.pixels[::3] *= 0.2
        event = np.where(np.arange(60) % 3 == 0, 0, 1 + outcome.event)
        three = replace(QUICK, head=ClassHead(3)).fit(seen, binary(outcome.ids, event))
        score, chances = three.linear_predictor(seen), three.probabilities(seen)
        share = (chances[1] + 2 * chances[2]) / 2
        np.testing.assert_allclose(score, np.log(share / (1 - share)), rtol=1e-6)
        assert score.groupby(event).mean().is_monotonic_increasing
        with pytest.raises(PredictionError, match="I55"):
            three.predict(seen)


class TestSeveralTrainings:
    def test_the_mean_of_members(self):
        learner = AveragedLearner(QUICK, 2).with_task(5)
        both = learner.fit(FILMS, OUTCOME)
        alone = [learner.member(number).fit(FILMS, OUTCOME) for number in range(2)]
        assert learner.member(1) == QUICK.with_task(5, 1)
        for question in ("linear_predictor", "predict"):
            one, two = (getattr(member, question)(FILMS) for member in alone)
            assert not one.equals(two)
            pd.testing.assert_series_equal(getattr(both, question)(FILMS), (one + two) / 2)
        with pytest.raises(FitError, match="I50"):
            AveragedLearner(QUICK, 0)

    def test_out_of_fold_scores(self):
        frame = pd.DataFrame({"pid": OUTCOME.ids, "sick": OUTCOME.event})
        cohort, endpoint = Cohort.from_frame(frame, id="pid"), Binary("sick", event="sick")
        folds = make_folds(cohort, endpoint, 2, 1)
        score = QUICK.cross_fit(FILMS, cohort, endpoint, folds, nested=False)
        assert min(score.values[OUTCOME.event == 1]) > max(score.values[OUTCOME.event == 0])


class TestStart:
    def test_the_constant_is_what_is_known_without_films(self):
        event = np.arange(50) < 10
        start = starting_outputs(ClassHead(), ClassHead().targets(event))
        assert float(start[1] - start[0]) == pytest.approx(np.log(10 / 40), abs=1e-4)
        even = ClassHead(weights=balanced(event))
        assert starting_outputs(even, even.targets(event)).tolist() == pytest.approx([0, 0], abs=1e-5)
        # ten die in the first interval, five of the rest in the second, the last holds no more than a bound
        head, time = DiscreteTimeHead((0.0, 1.0, 2.0, 3.0)), np.repeat([0.5, 1.5, 2.5], [10, 5, 35])
        start = starting_outputs(head, head.targets(np.ones(50), time))
        assert start.tolist() == pytest.approx([np.log(10 / 40), np.log(5 / 35), 4.0], abs=1e-3)
        assert starting_outputs(CoxHead(), CoxHead().targets(np.ones(50), time)).tolist() == [0.0]


class TestFrozen:
    def test_cached_features_are_the_trunks_and_only_the_last_layer_learns(self):
        frozen = replace(QUICK, frozen=True, epochs=20)
        start, _ = tiny(2, int(np.random.default_rng(np.random.SeedSequence([3])).integers(2**31)))
        head = frozen.fit(FILMS, OUTCOME)
        assert torch.equal(head.network.conv1.weight, start.conv1.weight)
        assert torch.equal(head.network.bn1.running_mean, start.bn1.running_mean)
        assert not torch.equal(head.network.fc.weight, start.fc.weight)
        score = head.linear_predictor(FILMS)
        assert score[1::2].mean() > score[::2].mean()
        assert [finding.code for finding in head.findings if finding.code == "I59"] == ["I59"]
        features = torch.as_tensor(features_of(head.network, FILMS, head.precision))
        with torch.inference_mode():
            network = head.network
            assert torch.allclose(network.fc(features), network(standardised(torch.as_tensor(FILMS.pixels))), atol=1e-5)
        assert replace(frozen, weights="some.pt").fit(FILMS, OUTCOME).findings == head.temperature.findings

    def test_features_of_resnet34(self):
        network = resnet34(2, seed=1)
        features = features_of(network, FILMS.of(OUTCOME.ids[:2]), Precision("cpu", "float32"))
        with torch.inference_mode():
            wanted = trunk(network.eval())(standardised(torch.as_tensor(FILMS.pixels[:2])))
        np.testing.assert_allclose(features, wanted, atol=1e-5)


class TestBatchNorm:
    def test_settled_means_are_those_of_the_films(self):
        layer = torch.nn.BatchNorm1d(2)
        values = torch.randn(64, 2, generator=torch.Generator().manual_seed(0)) * 3 + 5
        settle(layer, values.split(32), layer)
        np.testing.assert_allclose(layer.running_mean, values.mean(0), rtol=1e-5)
        halves = torch.stack([half.var(0) for half in values.split(32)]).mean(0)
        np.testing.assert_allclose(layer.running_var, halves, rtol=1e-5)
        assert layer.momentum == 0.1
        assert not layer.training

    def test_an_early_epoch_is_judged_as_it_will_be_used(self):
        short = replace(QUICK, epochs=1, mirror=False).fit(FILMS, OUTCOME)
        assert short.history[0].validation_loss == pytest.approx(short.temperature.after, abs=1e-5)


class TestAugmentation:
    def test_no_change_is_no_change(self):
        seen = torch.as_tensor(FILMS.pixels[:3])
        assert torch.allclose(PLAIN.changed(seen, np.random.default_rng(0)), seen, atol=1e-5)

    def test_each_change_does_what_it_says(self):
        film = torch.zeros(1, 32, 32)
        film[0, 12:20, 20:24] = 0.8

        def by(place, amount):
            amounts = torch.tensor([[1.0, 0, 0, 0, 0, 0, 0, 0]])
            amounts[0, place] = amount
            return PLAIN.applied(film, amounts)[0]

        assert torch.allclose(by(0, -1), film[0].flip(-1), atol=1e-5)
        # a quarter turn keeps the middle and moves the right end up or down
        assert torch.allclose(by(1, np.pi / 2), torch.rot90(film[0], 1), atol=1e-4)
        assert torch.allclose(by(2, 2 * 4 / 32), torch.roll(film[0], -4, 1), atol=1e-4)
        assert by(4, 0.3).sum() < film.sum()
        assert by(5, np.log(2))[15, 22] == pytest.approx(0.64)
        assert by(6, 0.5)[15, 22] == pytest.approx(0.95)
        assert by(7, 0.1)[15, 22] == pytest.approx(0.9)
        assert by(7, 0.5).max() == 1

    def test_amounts_are_drawn_evenly_to_both_sides(self):
        amounts = Augmentation().drawn(4000, np.random.default_rng(0))
        assert (amounts[:, 0] == -1).float().mean() == pytest.approx(0.5, abs=0.03)
        assert amounts[:, 1].abs().max() == pytest.approx(np.deg2rad(10), rel=0.01)
        assert amounts.mean(0)[1:].abs().max() < 0.01


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda: films(40, size=48), "I54"),
            (lambda: (FILMS, binary((*OUTCOME.ids, "absent"), [*OUTCOME.event, 0])), "I22"),
            (lambda: (FILMS, binary(OUTCOME.ids, np.zeros(40))), "I52"),
            (lambda: (FILMS, binary(OUTCOME.ids, np.arange(40) >= 37)), "I52"),
            (lambda: (FILMS, binary(OUTCOME.ids, np.arange(40) % 3)), "I35"),
            (lambda: (FILMS, timed(OUTCOME.ids, np.arange(40) + 1.0, np.zeros(40))), "I52"),
            (lambda: (FILMS, replace(timed(OUTCOME.ids, np.ones(40), OUTCOME.event), entry=np.zeros(40))), "I56"),
            (lambda: (FILMS, timed(OUTCOME.ids, np.ones(40), np.arange(40) % 3)), "I35"),
        ],
    )
    def test_films_and_outcomes(self, change, code):
        seen, outcome = change()
        with pytest.raises((ImageError, FitError), match=code):
            QUICK.fit(seen, outcome)

    def test_a_loss_that_is_not_finite_names_the_way_out(self):
        wild = replace(QUICK, schedule=Schedule(batch=8, rate=1e30))
        with pytest.raises(FitError, match=r"I53.*smaller learning rate"):
            wild.fit(FILMS, OUTCOME)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: Schedule(epochs=0),
            lambda: Schedule(batch=1),
            lambda: Schedule(rate=float("nan")),
            lambda: Schedule(memory=1.0),
            lambda: Augmentation(mirror=1.5),
            lambda: Augmentation(degrees=-1),
            lambda: ResNet34Head(validation=0.0),
            lambda: ResNet34Head(epochs=0),
            lambda: ResNet34Head(image_size=8),
            lambda: ResNet34Head(horizon=-1),
        ],
    )
    def test_parameters_that_cannot_be(self, make):
        with pytest.raises(FitError, match="I50"):
            make()

    def test_devices(self):
        with pytest.raises(FitError, match="I51"):
            choose_precision("tpu")
        if not torch.cuda.is_available():
            with pytest.raises(FitError, match="I51"):
                choose_precision("cuda")
            assert choose_precision("auto").device == "cpu"

    def test_new_films_of_another_size(self, fitted):
        dark = FILMS.pixels[:1].copy()
        dark[0, 3, 3] = np.nan
        odd = (films(4, size=48)[0], Squares(np.empty((0, 32, 32), np.float32), ()), Squares(dark, ("a",)),
               Squares(FILMS.pixels[:1] + 1, ("a",)))  # fmt: skip
        for wrong in odd:
            with pytest.raises(ImageError, match="I54"):
                fitted.predict(wrong)

    def test_perfect_films_say_that_nothing_was_calibrated(self, fitted):
        if fitted.temperature.findings:
            assert fitted.findings[-1].code == "I36"
            assert fitted.temperature == Temperature(1.0, fitted.temperature.before, fitted.temperature.before,
                                                     fitted.temperature.findings)  # fmt: skip


def assert_equal_weights(one, two):
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name
