"""Heat maps: what they add up to, whose score they explain, and that random weights change them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from monai.networks.nets.resnet import ResNet
from torch import nn

from cohorts import Folds, Score
from cohorts.errors import ImageError
from cohorts.outcome import Outcome
from imaging_head import Film
from imaging_head.averaged_learner import AveragedFit
from imaging_head.cross_fit import CrossFitted, Networks
from imaging_head.explained_network import Scored, score_of, tensor_of
from imaging_head.fitted_head import score_of as numbers_of
from imaging_head.grad_cam import grad_cam
from imaging_head.gradient_shap import gradient_shap
from imaging_head.head import ClassHead
from imaging_head.heatmap import HeatMap, average
from imaging_head.heatmap_checks import Randomised, random_weights_check, randomised
from imaging_head.overlay import outlined, overlay
from imaging_head.radiographs import Squares
from imaging_head.score_maps import explain_score
from imaging_head.survival_heads import CoxHead, DiscreteTimeHead
from imaging_head.temperature import Temperature

SIZE = 64


def small(outputs: int, seed: int) -> nn.Module:
    """Make a network of ResNet34's shape with few channels, whose batch statistics are no longer those of the start."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = ResNet("basic", [1, 1, 1, 1], [4, 8, 8, 8], 2, 1, conv1_t_stride=2, num_classes=outputs)
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.uniform_(part.running_mean, -0.3, 0.3)  # type: ignore[arg-type]
                nn.init.uniform_(part.running_var, 0.5, 1.5)  # type: ignore[arg-type]
    return net.eval()


TWO = ClassHead(2)


def learner(head: Any = TWO, seed: int = 1, mirror: bool = True, **more: Any) -> Randomised:
    return Randomised(small(head.outputs, seed), head, Temperature(1.7), mirror, **more)


@pytest.fixture(scope="module")
def films() -> Squares:
    pixels = np.random.default_rng(0).random((5, SIZE, SIZE), np.float32)
    return Squares(pixels, tuple("abcde"))


HEADS = [(ClassHead(2, weights=(0.5, 2.0)), None), (ClassHead(4), None), (CoxHead(), None),
         (DiscreteTimeHead((0.0, 10.0, 30.0, 60.0)), 24.0)]  # fmt: skip


@pytest.mark.parametrize(("head", "horizon"), HEADS)
def test_the_score_is_the_learners_own(head: Any, horizon: float | None) -> None:
    outputs = torch.randn(50, head.outputs, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    assert score_of(head, outputs, horizon).numpy() == pytest.approx(numbers_of(head, outputs, horizon), abs=1e-6)


@pytest.mark.parametrize("mirror", [False, True])
def test_cells_and_constant_add_up_to_the_score(films: Squares, mirror: bool) -> None:
    """Of the last layer the score is the mean of all cells' parts, and the bias of the linear layer."""
    fitted = learner(mirror=mirror)
    bias = fitted.network.fc.bias.detach().numpy()  # type: ignore[union-attr, operator]
    scores = fitted.linear_predictor(films)
    for found in grad_cam(fitted, films):
        assert found.cells == (2, 2)
        assert found.score == pytest.approx(scores[found.patient], abs=1e-5)
        assert found.constant == pytest.approx((bias[1] - bias[0]) / 1.7, abs=1e-4)


def test_a_cell_is_what_the_score_loses_without_it(films: Squares) -> None:
    fitted = learner(mirror=False)
    found = grad_cam(fitted, films.of(["b"]))[0]
    views = tensor_of(films.of(["b"]))
    seen: list[torch.Tensor] = []
    fitted.network.layer4.register_forward_hook(lambda _m, _i, out: seen.append(out))  # type: ignore[union-attr, operator]
    fitted.network(views)
    weight = fitted.network.fc.weight.detach()  # type: ignore[union-attr, operator]
    parts = torch.einsum("c,chw->hw", weight[1] - weight[0], seen[0][0].detach()) / (4 * 1.7)
    wide = torch.nn.functional.interpolate(parts[None, None], (SIZE, SIZE), mode="bilinear")[0, 0]
    assert found.values == pytest.approx(wide.numpy(), abs=1e-6)


def test_against_a_background_the_constant_is_its_mean_score(films: Squares) -> None:
    fitted, behind = learner(), films.of(["a", "c", "d"])
    found = grad_cam(fitted, films, behind)
    assert found[1].constant == pytest.approx(fitted.linear_predictor(behind).mean(), abs=1e-4)
    alone = grad_cam(fitted, films.of(["b"]), behind)[0]
    assert alone.values == pytest.approx(found[1].values, abs=1e-6)


def test_a_mirrored_film_has_the_mirrored_map(films: Squares) -> None:
    fitted = learner(mirror=True)
    turned = Squares(np.ascontiguousarray(films.pixels[..., ::-1]), films.patients)
    for one, other in zip(grad_cam(fitted, films), grad_cam(fitted, turned), strict=True):
        assert one.values == pytest.approx(other.values[:, ::-1], abs=1e-5)


def test_pixels_add_up_and_do_not_depend_on_other_films(films: Squares) -> None:
    fitted, behind = learner(CoxHead()), films.of(["a", "c"])
    state = np.random.get_state()[1]  # noqa: NPY002
    found = gradient_shap(fitted, films.of(["b", "e"]), behind, samples=120, seed=4)
    base = fitted.linear_predictor(behind).mean()
    gap = [heat.score - base - heat.values.sum() for heat in found]
    assert np.abs(gap).max() < 0.35 * max(abs(heat.score - base) for heat in found)
    again = gradient_shap(fitted, films.of(["e"]), behind, samples=120, seed=4)[0]
    assert np.array_equal(again.values, found[1].values)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_the_network_is_left_as_it_was(films: Squares) -> None:
    fitted = learner()
    fitted.network.requires_grad_(False)
    before = {name: value.clone() for name, value in fitted.network.state_dict().items()}
    first, second = grad_cam(fitted, films), grad_cam(fitted, films)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(first, second, strict=True))
    assert all(torch.equal(value, before[name]) for name, value in fitted.network.state_dict().items())
    assert not any(part._forward_hooks or part._backward_hooks for part in fitted.network.modules())
    assert all(part.grad is None and not part.requires_grad for part in fitted.network.parameters())


def test_random_weights_change_the_map(films: Squares) -> None:
    check = random_weights_check(
        learner(), films, lambda net, some: grad_cam(net, some, layer="layer2"), ("fc", "conv1")
    )
    assert list(check.means.index) == ["fc", "conv1"]
    assert check.table.shape == (10, 4)
    assert check.table["ssim"].between(-1, 1).all()
    same = random_weights_check(learner(), films, lambda _net, some: grad_cam(learner(), some), ("fc",))
    assert same.means.to_numpy() == pytest.approx(1.0)
    assert not same.passed
    assert check.means["spearman"].max() < 0.999


def test_randomised_layers_and_no_others() -> None:
    fitted = learner()
    other = randomised(fitted, ("fc", "layer4"), seed=2).network.state_dict()
    changed = {
        name.split(".")[0] for name, value in fitted.network.state_dict().items() if not torch.equal(value, other[name])
    }
    assert changed == {"fc", "layer4"}


def test_a_map_of_another_score_is_refused(films: Squares) -> None:
    @dataclass(frozen=True, eq=False)
    class Other(Randomised):
        def linear_predictor(self, films: Squares) -> pd.Series:
            return super().linear_predictor(films) + 0.1

    fitted = learner()
    other = Other(fitted.network, fitted.head, fitted.temperature)
    for explain in (lambda: grad_cam(other, films), lambda: gradient_shap(other, films, films, 1)):
        with pytest.raises(ImageError, match=r"I71.*0\.1 away"):
            explain()


def test_what_cannot_be_mapped_is_refused(films: Squares) -> None:
    fitted, none = learner(), Squares(np.empty((0, SIZE, SIZE), np.float32), ())
    refused = [
        (lambda: grad_cam(fitted, films, layer="layer5"), "I70.*layer5"),
        (lambda: grad_cam(fitted, films, none), "I70.*0 films"),
        (lambda: gradient_shap(fitted, films, Squares(np.zeros((1, 8, 8), np.float32), ("x",))), r"I70.*\(8, 8\)"),
        (lambda: gradient_shap(fitted, films, films, samples=0), "I70.*0 samples"),
        (lambda: random_weights_check(fitted, films, grad_cam, ("head",)), "I70.*head"),
        (lambda: overlay(np.zeros((9, 9), np.float32), made(np.zeros((8, 8)))), "I70"),
        (lambda: average((made(np.zeros((8, 8))), made(np.zeros((9, 9))))), "I70.*2 kinds"),
        (lambda: made(np.zeros((8, 9))).on(Film(np.zeros((8, 9), np.float32), "f")), "I70.*no|not that of a square"),
    ]
    for explain, words in refused:
        with pytest.raises(ImageError, match=words):
            explain()  # type: ignore[no-untyped-call]


def made(values: Any, score: float = 1.0, patient: str = "a") -> HeatMap:
    return HeatMap(np.asarray(values, np.float32), "grad_cam", "layer4", (2, 2), score, 0.0, patient)


def test_a_map_lies_on_the_film_as_the_film_lies_in_its_square() -> None:
    """A film twice as high as wide, of pixels that are not square: a bright spot and its map stay together."""
    pixels = np.zeros((200, 60), np.float32)
    pixels[150:170, 10:20] = 1
    film = Film(pixels, "f", spacing=(0.2, 0.4))
    square = film.square(50)
    heat = made(square).on(film)
    assert heat.values.shape == (200, 60)
    inside = heat.values[146:174, 8:22].sum()
    assert inside > 0.75 * heat.values.sum() > 0


def test_mass_inside_a_box() -> None:
    values = np.zeros((10, 10))
    values[2:4, 2:4], values[8, 8], values[0, 0] = 1, 4, -5
    assert made(values).mass_inside((2, 4, 2, 4)) == 0.5
    assert made(values).mass_inside((0, 1, 0, 1), "lowered") == 1.0
    assert np.isnan(made(np.zeros((3, 3))).mass_inside((0, 1, 0, 1)))


def test_averages_are_those_of_the_scores() -> None:
    one, two = made(np.full((4, 4), 1.0), score=2.0), made(np.full((4, 4), 4.0), score=5.0)
    both = average((one, dataclasses.replace(two, averaged=2)))
    assert (both.score, both.averaged, float(both.values[0, 0])) == (3.5, 3, 2.5)


def test_the_film_stays_readable_under_the_colours() -> None:
    grey = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    values = np.zeros((64, 64))
    values[:16], values[16:32] = 1.0, -1.0
    painted = overlay(grey, made(values))
    assert np.array_equal(painted[40], np.repeat(grey[40][:, None], 3, axis=1))
    for row in (0, 20):
        light = painted[row] @ np.array([0.2126, 0.7152, 0.0722])
        assert (np.diff(light) >= 0.5 / 63 - 1e-6).all()
    assert painted[0, 0, 0] > painted[0, 0, 2]
    assert painted[20, 0, 2] > painted[20, 0, 0]
    lines = outlined(painted, made(values))
    white = (lines == 1).all(axis=2)
    assert white[15, :60].all()
    assert 0 < white[31, :60].mean() < 0.7
    assert not white[33:, :60].any()


def test_an_empty_map_paints_nothing() -> None:
    grey = np.full((8, 8), 0.3, np.float32)
    flat = made(np.zeros((8, 8)))
    assert flat.strongest == 0
    assert np.array_equal(outlined(overlay(grey, flat), flat), np.full((8, 8, 3), 0.3, np.float32))


def test_a_cross_fitted_score_is_explained_by_its_own_networks(films: Squares) -> None:
    """Patients of the study by the network that never saw them, new ones by the mean of all, members by theirs."""
    nets = {0: learner(seed=1), 1: AveragedFit((learner(seed=2), learner(seed=3)))}
    known = films.of(["a", "b", "c", "d"])
    fold = np.array([0, 1, 0, 1])
    outcome = Outcome(known.patients, np.full(4, np.nan), np.array([0, 1, 1, 0]))
    folds = Folds(pd.Series(fold, index=pd.Index(list("abcd"))), 2, 0)
    values = np.array([float(nets[own].linear_predictor(known)[p]) for p, own in zip("abcd", fold, strict=True)])  # type: ignore[attr-defined]
    score = Score("radiograph", known.patients, values, folds, nested=False)
    crossed = CrossFitted(score, Networks(None, known, outcome, fold), nets)  # type: ignore[arg-type]
    found = explain_score(crossed, films)
    assert [heat.averaged for heat in found] == [1, 2, 1, 2, 3]
    assert [heat.score for heat in found[:4]] == pytest.approx(list(values), abs=1e-5)
    new = films.of(["e"])
    assert found[4].score == pytest.approx(crossed.score_new(new)["e"], abs=1e-5)
    alone = explain_score(crossed, new, lambda net, some, _: grad_cam(net, some))[0]
    parts = [grad_cam(net, new)[0].values for net in (nets[0], *nets[1].members)]  # type: ignore[arg-type, attr-defined]
    assert alone.values == pytest.approx(parts[0] / 2 + (parts[1] + parts[2]) / 4, abs=1e-6)


def test_the_copy_answers_with_both_signs(films: Squares) -> None:
    both = Scored(learner())(tensor_of(films))
    assert torch.equal(both[:, 0], -both[:, 1])
