"""What a network says before it has seen a film: the outputs that fit an outcome best without any."""

from __future__ import annotations

import torch

from imaging_head.head import Head, Tensor

# where every film of an interval had its event, the best output would be infinite
FURTHEST = 4.0


def starting_outputs(head: Head, targets: Tensor) -> Tensor:
    """Return the constant outputs with the smallest loss, (outputs,) float32, none beyond -4 to 4.

    As biases of the last layer they spare a training its first epochs, in which it would learn no more than how often
    the event is (Lin and colleagues 2017, ICCV). Rare events and hazards of many intervals need it most.
    """
    constant = torch.zeros(head.outputs, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([constant], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        found = head.loss(constant.expand(len(targets), -1), targets)
        found.backward()
        return found

    search.step(loss)
    # a constant that bears on nothing (Cox) stays at 0
    return constant.detach().nan_to_num(0.0).clamp(-FURTHEST, FURTHEST).float()
