"""Temperature scaling: one number, learnt inside the training part, that makes a network's probabilities honest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from cohorts.errors import Finding, FitError
from imaging_head.head import Head, Tensor

LOWEST, HIGHEST = 0.05, 20.0
# A likelihood that an end of the range reaches as well has no optimum inside it.
FLAT = 1e-9


@dataclass(frozen=True)
class Temperature:
    """The number by which corrected outputs are divided: above 1 the network was too sure of itself.

    Parameters
    ----------
    value : the temperature. before, after : mean negative log-likelihood of the films it was learnt from.
    findings : I36 where no value from .05 to 20 is best, and 1 is kept.
    """

    value: float = 1.0
    before: float = math.nan
    after: float = math.nan
    findings: tuple[Finding, ...] = ()

    def of(self, corrected: Tensor) -> Tensor:
        """Return scaled outputs; the order of the films does not change."""
        return corrected / self.value


def fit_temperature(head: Head, outputs: Tensor, targets: Tensor) -> Temperature:
    """Learn the temperature that makes the likelihood of left-out films largest (Guo and colleagues 2017, ICML).

    Parameters
    ----------
    head : whose likelihood counts. outputs, targets : of films that the network was not trained on, but which belong to
        the training part of the fold: never of test films.

    Notes
    -----
    For classes this is logistic regression on the log-odds without an intercept, for a Cox head the calibration slope.

    Raises
    ------
    FitError
        I35 no films, or outputs that are not finite.
    """
    from scipy.optimize import minimize_scalar

    corrected, targets = head.corrected(outputs.detach().double().cpu()), targets.cpu()
    if len(corrected) == 0 or not bool(torch.isfinite(corrected).all()):
        raise FitError(Finding("I35", "no finite outputs to calibrate", "keep some training films for calibration"))

    def loss(log_slope: float) -> float:
        # by the slope 1 / T the likelihood of every head is concave: one optimum
        return float(head.likelihood(corrected * math.exp(log_slope), targets))

    ends = (-math.log(HIGHEST), -math.log(LOWEST))
    best = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-10})
    before, after = loss(0.0), float(best.fun)
    if min(map(loss, ends)) > after + FLAT:
        return Temperature(math.exp(-best.x), before, after) if after < before else Temperature(1.0, before, before)
    rule = f"no best temperature from {LOWEST} to {HIGHEST}: the films are ordered perfectly or not at all, or no event"
    finding = Finding("I36", rule, "the scores stay as they are; use more films for calibration", severity="warning")
    return Temperature(1.0, before, before, (finding,))
