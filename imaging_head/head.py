"""What the last layer of a network says: classes, a Cox model or hazards of intervals, with loss and probabilities.

A head is a value without state: `targets` makes tensors of an outcome, `loss` is what training makes small, `corrected`
takes out of the outputs what class weights put in, `likelihood` is the plain loss that temperature scaling uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]
Tensor = torch.Tensor


class Head(Protocol):
    """The meaning of a network's outputs."""

    @property
    def outputs(self) -> int:
        """Size of the last layer."""
        ...

    def targets(self, event: ArrayLike, time: ArrayLike | None = None) -> Tensor:
        """Return the outcome as the losses take it, one row a film."""
        ...

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the training loss of some films, one number."""
        ...

    def corrected(self, outputs: Tensor) -> Tensor:
        """Return the outputs as if no class had been weighted."""
        ...

    def likelihood(self, corrected: Tensor, targets: Tensor) -> Tensor:
        """Return the mean negative log-likelihood of corrected outputs, without weights."""
        ...


@dataclass(frozen=True)
class ClassHead:
    """Two or more classes by the cross-entropy of a softmax.

    Parameters
    ----------
    classes : their number; 2 is a binary outcome whose second class is the event.
    weights : of the classes in the loss, or None for equal ones; see `balanced`.
    """

    classes: int = 2
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        weights = self.weights
        if self.classes < 2 or (weights is not None and (len(weights) != self.classes or not min(weights) > 0)):
            rule = f"{self.classes} classes with the weights {weights}"
            raise FitError(Finding("I35", rule, "at least two classes, and a positive weight for each"))

    @property
    def outputs(self) -> int:
        """One output a class."""
        return self.classes

    def targets(self, event: ArrayLike, time: ArrayLike | None = None) -> Tensor:
        """Return classes 0 to k - 1, (films,) int64.

        Raises
        ------
        FitError
            I35 a code that is no class, or an outcome with times.
        """
        codes = np.asarray(event)
        if time is not None and np.isfinite(np.asarray(time, float)).any():
            rule = "a time to event is no class"
            raise FitError(Finding("I35", rule, "use CoxHead or DiscreteTimeHead, or a binary endpoint at a horizon"))
        if codes.size and not np.isin(codes, np.arange(self.classes)).all():
            found = sorted({str(code) for code in codes.tolist()})[:10]
            rule = f"classes {', '.join(found)}, expected 0 to {self.classes - 1}"
            raise FitError(Finding("I35", rule, "number the classes from 0"))
        return torch.as_tensor(codes.astype(np.int64))

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy, each film weighted by its class, divided by the sum of weights."""
        weight = (
            None if self.weights is None else torch.tensor(self.weights, dtype=outputs.dtype, device=outputs.device)
        )
        return torch.nn.functional.cross_entropy(outputs, targets, weight=weight)

    def corrected(self, outputs: Tensor) -> Tensor:
        """Return log-odds of the classes as they are, not as they were weighted.

        A network trained with class weights w answers for classes that are w times as frequent; log w is subtracted
        (Elkan 2001; King and Zeng 2001). Without this step a balanced loss overstates every rare event.
        """
        if self.weights is None:
            return outputs
        return outputs - torch.log(torch.tensor(self.weights, dtype=outputs.dtype, device=outputs.device))

    def likelihood(self, corrected: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        return torch.nn.functional.cross_entropy(corrected, targets)

    def probabilities(self, corrected: Tensor) -> Floats:
        """Return the probability of each class, (films, classes)."""
        softened: Floats = torch.softmax(corrected.detach().double(), dim=1).cpu().numpy()
        return softened


def balanced(event: ArrayLike, classes: int = 2) -> tuple[float, ...]:
    """Return class weights n / (k n_c) of training films, so that every class counts the same in the loss.

    Raises
    ------
    FitError
        I35 a class has no film.
    """
    counts = np.bincount(np.asarray(event, np.int64), minlength=classes)
    if len(counts) > classes or not counts.all():
        rule = f"films by class: {counts.tolist()}; every class from 0 to {classes - 1} needs some in the training part"
        raise FitError(Finding("I35", rule, "merge rare classes, or use fewer folds"))
    return tuple((counts.sum() / (classes * counts)).tolist())


def censored_targets(event: ArrayLike, time: ArrayLike | None, kind: Literal["Cox", "discrete-time"]) -> Tensor:
    """Return times and events, (films, 2) float64.

    Raises
    ------
    FitError
        I35 no times, times that are missing or not positive, competing events.
    """
    codes = np.asarray(event, np.int64)
    times = np.full(codes.shape, np.nan) if time is None else np.asarray(time, np.float64)
    findings: list[tuple[Any, str, str]] = [
        (~np.isfinite(times) | (times <= 0), "times that are missing or not positive", "give a time-to-event endpoint"),
        (codes > 1, f"competing events, which a {kind} head does not answer", "take the event and treat others apart"),
        (codes < 0, "negative event codes", "0 censored, 1 event"),
    ]
    faults = [
        Finding("I35", f"{int(np.sum(bad))} films with {rule}", way) for bad, rule, way in findings if np.any(bad)
    ]
    if faults:
        raise FitError(*faults)
    return torch.as_tensor(np.column_stack([times, codes.astype(np.float64)]))
