"""Ridge regression of any head on features of films: a path of penalties, chosen by patients left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from cohorts.outcome import Outcome
from imaging_head.head import Head
from imaging_head.starting_outputs import starting_outputs

Tensor = torch.Tensor
Integers = NDArray[np.int64]
PARTS = 5
# Singular values below this share of the largest are rounding.
RANK = 1e-7


@dataclass(frozen=True, eq=False)
class Layer:
    """A linear layer: features (n, k) to outputs (n, m) by ``features @ weight + bias``.

    Parameters
    ----------
    weight : (k, m), bias : (m,), float64.
    """

    weight: Tensor
    bias: Tensor

    def of(self, features: Tensor) -> Tensor:
        """Return the outputs, (n, m)."""
        return features @ self.weight + self.bias


def ridge_path(head: Head, features: Tensor, targets: Tensor, penalties: Sequence[float]) -> tuple[Layer, ...]:
    """Return the layers that make the head's loss plus half the penalty times the squared weights smallest.

    Parameters
    ----------
    features : (n, k) float64. targets : by `head.targets`. penalties : falling; each fit starts from the one before.

    Notes
    -----
    Weights are counted where the features are centred and together have variance 1, so that a penalty means the same
    for any trunk; the bias is free. The loss is the head's own: a mean by film, for Cox by event.
    """
    middle = features.mean(0)
    centred = features - middle
    spread = float(centred.square().sum(1).mean().sqrt())
    if spread == 0:
        spread = 1.0
    # in the directions of the films: as many unknowns as films, and the same solution
    left, values, right = torch.linalg.svd(centred / spread, full_matrices=False)
    kept = values > RANK * values.max()
    scores, back = left[:, kept] * values[kept], right[kept].T / spread
    weight = torch.zeros(int(kept.sum()), head.outputs, dtype=torch.float64)
    bias = starting_outputs(head, targets).double()
    layers = []
    for penalty in penalties:
        weight, bias = _smallest(head, scores, targets, penalty, (weight, bias))
        layers.append(Layer(back @ weight, bias - middle @ (back @ weight)))
    return tuple(layers)


def left_out_outputs(
    head: Head, features: Tensor, targets: Tensor, part: Integers, penalties: Sequence[float]
) -> Tensor:
    """Return the outputs of every patient by the layers of the other parts, (penalties, n, outputs)."""
    found = torch.empty(len(penalties), len(features), head.outputs, dtype=torch.float64)
    for out in np.unique(part):
        there, others = (torch.as_tensor(np.flatnonzero(mask)) for mask in (part == out, part != out))
        for place, layer in enumerate(ridge_path(head, features[others], targets[others], penalties)):
            found[place, there] = layer.of(features[there])
    return found


def deal_parts(outcome: Outcome, rng: np.random.Generator) -> Integers:
    """Deal patients into five parts (fewer where a class has fewer), (n,): every class evenly, whatever their order.

    Raises
    ------
    FitError
        I95 one class only, or fewer than two patients of one.
    """
    classes, counts = np.unique(outcome.event, return_counts=True)
    if len(classes) < 2 or counts.min() < 2:
        rule = f"patients by class: {dict(zip(classes.tolist(), counts.tolist(), strict=True))}"
        way_out = "the penalty is chosen by patients left out, which needs two of each class: use fewer folds"
        raise FitError(Finding("I95", rule, way_out))
    parts = min(PARTS, int(counts.min()))
    by_id = np.argsort(np.asarray(outcome.ids, dtype=object), kind="stable")
    part = np.empty(len(outcome), np.int64)
    dealt = 0
    for code in classes:
        rows = rng.permutation(by_id[outcome.event[by_id] == code])
        # a class goes on where the last one ended, so that parts are of equal size
        part[rows] = (dealt + np.arange(len(rows))) % parts
        dealt += len(rows)
    return part


def _smallest(
    head: Head, scores: Tensor, targets: Tensor, penalty: float, start: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    weight, bias = (each.clone().requires_grad_(True) for each in start)
    search = torch.optim.LBFGS([weight, bias], max_iter=100, tolerance_grad=1e-7, tolerance_change=1e-11,
                               line_search_fn="strong_wolfe")  # fmt: skip

    def objective() -> Tensor:
        search.zero_grad()
        found = head.loss(scores @ weight + bias, targets) + penalty / 2 * weight.square().sum()
        found.backward()
        return found

    search.step(objective)
    return weight.detach(), bias.detach()
