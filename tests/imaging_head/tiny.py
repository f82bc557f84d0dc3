"""A small network in the place of ResNet34, and films that are told apart at a glance."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from cohorts.outcome import Outcome
from imaging_head.network import Origin
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.training import Schedule


class Tiny(nn.Module):
    """Two convolutions with batch normalisation, mean, last layer ``fc``, as ResNet34 names it."""

    def __init__(self, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.act = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2)
        self.rest = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(1))
        self.fc = nn.Linear(16, outputs)

    def forward(self, films):
        return self.fc(self.rest(self.conv2(self.act(self.bn1(self.conv1(films))))))


def tiny(outputs, seed, weights=None):
    """Return the small network, as `make_network` returns ResNet34."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Tiny(outputs), Origin("random" if weights is None else "file", seed, weights)


QUICK = ResNet34Head(
    image_size=32,
    epochs=8,
    seed=3,
    schedule=Schedule(batch=8, rate=0.02),
    device="cpu",
    numbers="float32",
    network=tiny,
)


def no_normalisation(outputs, seed, weights=None):
    """Return the small network without batch normalisation, which alone makes processes differ."""
    network, origin = tiny(outputs, seed, weights)
    network.bn1 = nn.Identity()
    return network, origin


def films(patients=40, size=32, each=1, seed=0):
    """Films with a bright square in every second patient, and their outcome."""
    draw = np.random.default_rng(seed)
    event = np.arange(patients) % 2
    pixels = draw.uniform(0, 0.5, (patients, each, size, size))
    pixels[event == 1, :, size // 3 : -size // 3, size // 3 : -size // 3] += 0.4
    ids = tuple(f"p{place:03d}" for place in range(patients))
    whose = tuple(np.repeat(ids, each).tolist())
    return Squares(pixels.reshape(-1, size, size).astype(np.float32), whose), binary(ids, event)


def binary(ids, event):
    return Outcome(tuple(ids), np.full(len(ids), np.nan), np.asarray(event, np.int64))


def timed(ids, time, event):
    return Outcome(tuple(ids), np.asarray(time, float), np.asarray(event, np.int64))
