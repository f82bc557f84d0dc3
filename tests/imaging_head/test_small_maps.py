"""A convolution of a small map by one matrix product gives what the convolution gives, and its gradients."""

import pytest
import torch
from torch import nn

from imaging_head.network import resnet34
from imaging_head.small_maps import FEW, SmallMapConvolution


def both(stride):
    torch.manual_seed(3)
    plain = nn.Conv2d(5, 7, 3, stride=stride, padding=1, bias=False)
    return plain, SmallMapConvolution.of(plain)


@pytest.mark.parametrize(("edge", "stride"), [(1, 1), (2, 1), (3, 1), (3, 2), (5, 2), (6, 2)])
def test_same_maps_and_gradients(edge, stride):
    plain, ours = both(stride)
    maps, weigh = torch.randn(4, 5, edge, edge, requires_grad=True), None
    found = []
    for layer in (plain, ours):
        answer = layer(maps)
        weigh = torch.randn(answer.shape, generator=torch.Generator().manual_seed(1)) if weigh is None else weigh
        found.append((answer.detach(), *torch.autograd.grad((answer * weigh).sum(), (maps, layer.weight))))
    assert found[0][0].shape[2] * found[0][0].shape[3] <= FEW
    for expected, got in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_large_maps_and_answers_are_convolved(monkeypatch):
    _, ours = both(1)
    used = []
    convolve = nn.Conv2d.forward
    monkeypatch.setattr(nn.Conv2d, "forward", lambda layer, maps: (used.append(1), convolve(layer, maps))[1])
    ours(torch.randn(2, 5, 4, 4))
    with torch.no_grad():
        ours(torch.randn(2, 5, 3, 3))
    assert len(used) == 2
    ours(torch.randn(2, 5, 3, 3))
    assert len(used) == 2


def test_weights_are_shared_and_named_as_before():
    plain, ours = both(1)
    assert ours.weight is plain.weight
    assert list(ours.state_dict()) == ["weight"]
    kinds = [type(layer) for layer in resnet34().layer4.modules()]
    assert kinds.count(SmallMapConvolution) == 6


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 1, bias=False)])
def test_other_convolutions_are_refused(layer):
    with pytest.raises(ValueError, match="not a plain convolution"):
        SmallMapConvolution.of(layer)
