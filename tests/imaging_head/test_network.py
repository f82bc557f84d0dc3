"""ResNet34 is torchvision's; heads and their losses are what the books say, by hand and by independent programs."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from cohorts import Cohort, TimeToEvent
from cohorts.errors import FitError, ImageError
from imaging_head import network as net
from imaging_head.head import ClassHead, balanced
from imaging_head.survival_heads import CoxHead, DiscreteTimeHead, interval_breaks
from imaging_head.temperature import fit_temperature
from imaging_head.weights_file import read_weights
from prognosis import Study
from prognosis.models import Cox


@pytest.fixture(scope="module")
def colour():
    """A state dict as torchvision's: three colours, 1000 classes."""
    return {name: value.clone() for name, value in net.resnet34(1000, seed=5, channels=3).state_dict().items()}


@pytest.fixture(scope="module")
def grey():
    return net.resnet34(2, seed=9)


def saved(tensors, path):
    torch.save(tensors, path)
    return path


class TestNetwork:
    def test_it_is_resnet34(self, grey):
        assert net.count_parameters(grey) == 21_279_426
        assert net.count_blocks(grey) == 16
        assert grey.conv1.stride == (2, 2)
        assert grey(torch.zeros(2, 1, 64, 64)).shape == (2, 2)
        names = set(grey.state_dict())
        assert {"layer2.0.downsample.0.weight", "layer4.2.bn2.running_var", "fc.bias"} <= names
        assert "layer2.0.downsample.0.bias" not in names

    def test_a_seed_decides_all_and_disturbs_nothing(self, grey):
        torch.manual_seed(3)
        before = torch.random.get_rng_state()
        one, two = net.resnet34(2, seed=9), net.resnet34(2, seed=8)
        assert torch.equal(one.fc.weight, grey.fc.weight)
        assert torch.equal(one.layer4[2].conv2.weight, grey.layer4[2].conv2.weight)
        assert not torch.equal(two.fc.weight, grey.fc.weight)
        assert torch.equal(before, torch.random.get_rng_state())
        with pytest.raises(ImageError, match="I31"):
            net.resnet34(0)

    def test_weights_in_colour_load_strictly_and_see_grey_alike(self, colour, tmp_path):
        assert (
            sum(value.numel() for name, value in colour.items() if "running" not in name and "num" not in name)
            == 21_797_672
        )
        grey, origin = net.make_network(1, seed=9, weights=saved(colour, tmp_path / "resnet34.pth"))
        three = net.resnet34(1000, channels=3)
        three.load_state_dict(colour)
        films = torch.rand(2, 1, 64, 64)
        with torch.inference_mode():
            wanted = net.trunk(three.eval())(films.expand(-1, 3, -1, -1))
            assert torch.allclose(net.trunk(grey.eval())(films), wanted, atol=1e-5)
            assert torch.allclose(grey(films), grey.fc(wanted), atol=1e-5)
        assert wanted.shape == (2, net.FEATURES)
        assert (origin.kind, origin.file) == ("file", "resnet34.pth")
        assert origin.sha256 in origin.text

    def test_old_files_do_not_count_batches(self, colour, grey):
        old = {name: value for name, value in colour.items() if not name.endswith("num_batches_tracked")}
        first = grey.fc.weight.clone()
        net.load_trunk(grey, net.WeightsFile(old, "old.pth", ""))
        assert torch.equal(grey.layer3[1].conv2.weight, colour["layer3.1.conv2.weight"])
        assert torch.equal(grey.fc.weight, first)

    def test_safetensors_and_a_digest(self, tmp_path):
        save_file({"a": torch.arange(3.0)}, tmp_path / "w.safetensors")
        found = read_weights(tmp_path / "w.safetensors")
        assert found.tensors["a"].tolist() == [0, 1, 2]
        assert read_weights(tmp_path / "w.safetensors", found.sha256.upper()).sha256 == found.sha256
        with pytest.raises(ImageError, match=r"I30.*expected"):
            read_weights(tmp_path / "w.safetensors", sha256="0" * 64)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda state: state.pop("layer1.0.conv1.weight"), "missing: layer1.0.conv1.weight"),
            (lambda state: state.update({"layer1.9.x": torch.ones(1)}), "unknown: layer1.9.x"),
            (lambda state: state.update({"bn1.bias": torch.ones(3)}), r"shape: bn1.bias is (3,), expected (64,)"),
        ],
    )
    def test_i31_a_misfit_is_named_and_nothing_is_loaded(self, colour, grey, change, words):
        state = {**colour, "layer1.0.conv2.weight": torch.zeros(64, 64, 3, 3)}
        change(state)
        before = grey.layer1[0].conv2.weight.clone()
        with pytest.raises(ImageError) as error:
            net.load_trunk(grey, net.WeightsFile(state, "w.pth", ""))
        assert error.value.code == "I31"
        assert words in str(error.value)
        assert torch.equal(grey.layer1[0].conv2.weight, before)

    def test_i30_what_is_no_plain_state_dict_is_refused_and_never_run(self, tmp_path):
        class Bomb:
            def __reduce__(self):
                return (warnings.warn, ("code of a file was run",))

        (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 64)
        (tmp_path / "broken.pth").write_bytes(b"PK" + b"\xff" * 64)
        files = [
            saved({"a": Bomb()}, tmp_path / "bomb.pth"),
            saved({"epoch": 3}, tmp_path / "checkpoint.pth"),
            saved([torch.ones(1)], tmp_path / "list.pth"),
            saved({"a": torch.tensor([np.nan])}, tmp_path / "nan.pth"),
            *(tmp_path / name for name in ("broken.safetensors", "broken.pth", "absent.pth")),
        ]
        for file in files:
            with pytest.raises(ImageError, match="I30"):
                read_weights(file)

    def test_random_weights_are_said_to_be_random(self):
        assert net.Origin("random", 4).text == "ResNet34 from random weights (seed 4); no pretraining"

    def test_grey_is_put_on_the_networks_scale(self):
        scaled = net.standardised(torch.tensor([[[0.449, 0.675]]]))
        assert scaled.shape == (1, 1, 1, 2)
        assert scaled.flatten().tolist() == pytest.approx([0, 1], abs=1e-6)


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


class TestClasses:
    def test_the_loss_by_hand(self):
        logits = tensor([0, 0], [0, np.log(3)])
        assert float(ClassHead().loss(logits, torch.tensor([0, 1]))) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)
        weighted = ClassHead(weights=(1.0, 3.0)).loss(logits, torch.tensor([0, 1]))
        assert float(weighted) == pytest.approx((np.log(2) + 3 * np.log(4 / 3)) / 4)

    def test_a_constant_network_trained_with_weights_answers_the_base_rate(self):
        event = np.r_[np.zeros(90, int), np.ones(10, int)]
        head = ClassHead(weights=balanced(event))
        assert head.weights == pytest.approx((100 / 180, 100 / 20))
        bias = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
        head.loss(bias.expand(100, 2), head.targets(event)).backward()
        # even odds are the optimum of the weighted loss
        assert bias.grad.abs().max().item() < 1e-12
        assert head.probabilities(head.corrected(bias))[0, 1] == pytest.approx(0.1, abs=1e-6)

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: ClassHead(1),
            lambda: ClassHead(3, (1.0, 1.0)),
            lambda: ClassHead(2, (1.0, 0.0)),
            lambda: ClassHead(2).targets([0, 2]),
            lambda: ClassHead(2).targets([0, 1], [3.0, 4.0]),
            lambda: balanced([0, 0, 0]),
            lambda: balanced([0, 1, 2]),
            lambda: CoxHead().targets([0, 1]),
            lambda: CoxHead().targets([0, 1], [1.0, 0.0]),
            lambda: CoxHead().targets([0, 2], [1.0, 1.0]),
            lambda: DiscreteTimeHead((0.0, 2.0, 1.0)),
            lambda: interval_breaks([1, 0], [1.0, 2.0], 2),
            lambda: interval_breaks([1, 0], [1.0, 2.0], 1, horizons=[3.0]),
            lambda: fit_temperature(ClassHead(), tensor([np.nan, 1.0]), torch.tensor([0])),
        ],
    )
    def test_i35_what_means_nothing_is_refused(self, wrong):
        with pytest.raises(FitError, match="I35"):
            wrong()


def efron_by_hand(eta, time, event):
    """Efron's partial likelihood by its definition, one event time after the other."""
    total = 0.0
    for moment in np.unique(time[event == 1]):
        died = np.exp(eta[(time == moment) & (event == 1)])
        risk = np.exp(eta[time >= moment]).sum()
        total += np.log(died).sum() - sum(np.log(risk - step / len(died) * died.sum()) for step in range(len(died)))
    return -total / max(1, event.sum())


@pytest.fixture(scope="module")
def survival():
    rng = np.random.default_rng(4)
    eta = rng.normal(size=60)
    time = np.ceil(rng.exponential(np.exp(-0.6 * eta)) * 6)
    event = (rng.random(60) < 0.7).astype(int)
    return torch.as_tensor(eta), CoxHead().targets(event, time)


class TestCox:
    @given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 1), st.floats(-3, 3)), min_size=1, max_size=12))
    def test_the_loss_is_efrons_by_its_definition(self, rows):
        time, event, eta = (np.array(column, float) for column in zip(*rows, strict=True))
        loss = CoxHead().loss(torch.as_tensor(eta)[:, None], CoxHead().targets(event, time))
        assert float(loss) == pytest.approx(efron_by_hand(eta, time, event), abs=1e-9)

    def test_huge_predictors_overflow_nowhere(self):
        eta = torch.tensor([[500.0], [-500.0], [0.0]], dtype=torch.float64, requires_grad=True)
        loss = CoxHead().loss(eta, CoxHead().targets([1, 1, 1], [1.0, 2.0, 2.0]))
        loss.backward()
        # the event at 1 has the largest predictor and costs nothing; the tied two cost 500 and log 2
        assert loss.item() == pytest.approx((500 - np.log(2)) / 3)
        assert torch.isfinite(eta.grad).all()

    def test_half_precision_is_widened(self, survival):
        eta, targets = survival
        whole, half = CoxHead().loss(eta, targets), CoxHead().loss(eta.to(torch.bfloat16), targets)
        assert half.dtype == torch.float32
        assert half.item() == pytest.approx(CoxHead().loss(eta.to(torch.bfloat16).double(), targets).item(), rel=1e-5)
        assert half.item() == pytest.approx(whole.item(), rel=0.02)

    def test_a_batch_without_events_pulls_nowhere(self):
        eta = torch.randn(3, 1, requires_grad=True)
        loss = CoxHead().loss(eta, CoxHead().targets([0, 0, 0], [1.0, 2.0, 3.0]))
        loss.backward()
        assert (loss.item(), eta.grad.abs().sum().item()) == (0, 0)

    def test_temperature_and_baseline_are_the_cox_models(self, survival):
        eta, targets = survival
        learnt = fit_temperature(CoxHead(), 3 * eta[:, None], targets)
        columns = {"eta": 3 * eta.numpy(), "time": targets[:, 0].numpy(), "event": targets[:, 1].numpy().astype(int)}
        cohort = Cohort.from_frame(pd.DataFrame({"pid": [f"p{i}" for i in range(60)], **columns}))
        horizons = [2.0, 5.0]
        endpoint = TimeToEvent("os", time="time", event="event", unit="months", origin="x", horizons=horizons)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = Study(cohort, endpoint=endpoint, predictors=["eta"], seed=1).fit(Cox())
            wanted = model.predict(cohort, horizons).risk
        assert 1 / learnt.value == pytest.approx(model.summary["coefficient"].iloc[0], rel=1e-6)
        scaled = learnt.of(3 * eta[:, None])
        risk = CoxHead().baseline(scaled, targets).risk(scaled, [*horizons, 1e6])
        assert risk[:, :2] == pytest.approx(np.asarray(wanted), rel=1e-5)
        assert np.isnan(risk[:, 2]).all()
        assert learnt.after < learnt.before


class TestDiscreteTime:
    HEAD = DiscreteTimeHead((0.0, 1.0, 2.0, 4.0))

    def test_the_loss_by_hand(self):
        hazard = np.array([0.1, 0.2, 0.5])
        logits = torch.as_tensor(np.log(hazard / (1 - hazard)))[None]
        said = {  # (time, event): likelihood
            (0.5, 1): 0.1,
            (1.0, 1): 0.1,
            (1.5, 1): 0.9 * 0.2,
            (1.4, 0): 0.9,
            (1.5, 0): 0.9 * 0.8,
            (4.0, 1): 0.9 * 0.8 * 0.5,
            (9.0, 0): 0.9 * 0.8 * 0.5,
            (9.0, 1): 0.9 * 0.8 * 0.5,
        }
        for (time, event), likelihood in said.items():
            loss = self.HEAD.loss(logits, self.HEAD.targets([event], [time]))
            assert float(loss) == pytest.approx(-np.log(likelihood))

    def test_risks_rise_from_zero_and_end_with_the_last_break(self):
        hazard = np.array([0.1, 0.2, 0.5])
        logits = torch.as_tensor(np.log(hazard / (1 - hazard)))[None].float()
        risk = self.HEAD.risk(logits, [0, 1, 2, 3, 4, 4.1])[0]
        assert risk[:5] == pytest.approx([0, 0.1, 0.28, 1 - 0.72 * np.sqrt(0.5), 0.64], abs=1e-6)
        assert np.isnan(risk[5])

    def test_breaks_are_quantiles_of_events_and_horizons(self):
        time = np.arange(1.0, 11.0)
        assert interval_breaks(np.ones(10), time, 2, [3.5]) == (0, 3.5, 5, 10)

    def test_free_hazards_fit_the_kaplan_meier_curve(self):
        rng = np.random.default_rng(2)
        time, event = np.ceil(rng.exponential(3, 80)).clip(1, 6), np.ones(80, int)
        head = DiscreteTimeHead((0.0, 1.0, 2.0, 3.0, 4.0, 5.0))
        died = [np.mean(time[time >= k] == k) for k in range(1, 6)]
        logits = torch.as_tensor(np.log(np.array(died) / (1 - np.array(died))))[None]
        targets = head.targets(event, time)
        best = head.loss(logits.expand(80, 5), targets)
        assert head.risk(logits, [3.0])[0, 0] == pytest.approx(np.mean(time <= 3))
        for place, step in itertools.product(range(5), (-0.05, 0.05)):
            moved = logits.clone()
            moved[0, place] += step
            assert head.loss(moved.expand(80, 5), targets) > best


class TestTemperature:
    def test_overconfident_classes_are_cooled_to_the_truth(self):
        # of 100 films with log-odds 4 (in truth log 3), 75 have the event; mirrored for the other class
        logits = torch.zeros(200, 2, dtype=torch.float64)
        logits[:100, 1], logits[100:, 0] = 4.0, 4.0
        event = np.r_[np.ones(75), np.zeros(25), np.ones(25), np.zeros(75)].astype(int)
        head = ClassHead()
        learnt = fit_temperature(head, logits, head.targets(event))
        assert learnt.value == pytest.approx(4 / np.log(3), rel=1e-6)
        assert head.probabilities(learnt.of(logits))[0, 1] == pytest.approx(0.75)
        assert learnt.findings == ()

    def test_class_weights_are_taken_out_first(self):
        head = ClassHead(weights=(1.0, 5.0))
        honest = torch.zeros(200, 2, dtype=torch.float64)
        honest[:100, 1], honest[100:, 0] = np.log(3), np.log(3)
        event = np.r_[np.ones(75), np.zeros(25), np.ones(25), np.zeros(75)].astype(int)
        trained = honest + torch.log(torch.tensor(head.weights))
        assert fit_temperature(head, trained, head.targets(event)).value == pytest.approx(1, abs=1e-4)

    def test_i36_where_no_temperature_is_best_the_scores_stay(self, survival):
        logits = tensor([0, 3], [3, 0])
        learnt = fit_temperature(ClassHead(), logits, torch.tensor([1, 0]))
        none = fit_temperature(CoxHead(), survival[0][:3, None], CoxHead().targets([0, 0, 0], [1.0, 2.0, 3.0]))
        for each in (learnt, none):
            assert (each.value, each.findings[0].code) == (1, "I36")
