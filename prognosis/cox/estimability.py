"""What a likelihood of relative hazards (Cox, Fine-Gray) refuses: no maximum, dependent columns, extreme values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.newton import ROUNDING, Maximum, inverse_of, named, vanished_direction

Floats = NDArray[np.float64]

# In standard deviations of the column: a larger coefficient or standard error means that nothing was learnt.
LARGEST = 1e4
# Beyond this distance from the mean, a relative hazard comes near the limits of the arithmetic (exp(709)).
FARTHEST = 500.0


@dataclass(frozen=True)
class Estimability:
    """Checks of a fit on standardised columns; `likelihood` and `remedy` are words of the messages."""

    names: tuple[str, ...]
    likelihood: str
    remedy: str

    def inverse(self, information: Floats, beta: Floats) -> Floats:
        """Inverse of the information, or the monotone likelihood that made it singular (C05)."""
        inverse = inverse_of(information)
        if not np.isfinite(inverse).all():
            # The information vanishes because one coefficient has run away: it is the largest.
            weight = np.abs(beta) if beta.any() else 1 / np.maximum(np.diag(information), np.finfo(float).tiny)
            raise self._monotone(named(self.names, weight, 0.5))
        return inverse

    def check_independent(self, at_zero: Floats) -> None:
        """Refuse several columns of which the information is rounding in some direction (C04)."""
        values, axes = np.linalg.eigh(at_zero)
        involved = named(self.names, np.abs(axes[:, 0]), 0.05)
        if values[0] < ROUNDING * values[-1] and len(involved) > 1:
            raise _dependent(involved)

    def check_converged(self, found: Maximum) -> None:
        """Refuse a search that came to no end (N01)."""
        if not found.converged:
            rule = f"the {self.likelihood} was not maximised in {found.iterations} Newton steps"
            raise FitError(Finding("N01", rule, f"look for extreme values, or use a penalised fit: {self.remedy}"))

    def check_known(self, at_zero: Floats, at_end: Floats, beta: Floats, covariance: Floats) -> None:
        """Refuse a direction in which the likelihood keeps growing (C05) or never had information (C04)."""
        direction = vanished_direction(at_zero, at_end)
        if direction is not None:
            raise self._monotone(named(self.names, direction, 0.05))
        too_large = np.maximum(np.abs(beta), np.sqrt(np.diag(covariance))) > LARGEST
        involved = [name for name, wrong in zip(self.names, too_large, strict=True) if wrong]
        if len(involved) == 1:
            raise self._monotone(involved)
        if involved:
            raise _dependent(involved)

    def check_extremes(self, columns: Floats, beta: Floats, offset: Floats) -> None:
        """Refuse a patient so far from the mean that hazards cannot be computed (N04)."""
        eta = columns @ beta + offset
        row = int(np.argmax(np.abs(eta)))
        if abs(eta[row]) > FARTHEST:
            column = self.names[int(np.argmax(np.abs(columns[row] * beta)))]
            rule = f"extreme values: a patient's log hazard lies {eta[row]:.3g} from the mean, most of it from {column}"
            raise FitError(Finding("N04", rule, "look for wrong values, or use a transform such as log", column))

    def _monotone(self, columns: list[str]) -> FitError:
        which = ", ".join(columns)
        rule = (
            f"{which} separates the events: the likelihood keeps growing as the coefficient goes to infinity "
            "(monotone likelihood)"
        )
        advice = f"merge categories, leave the variable out, or use a penalised fit: {self.remedy}"
        return FitError(Finding("C05", rule, advice, which))


def _dependent(columns: list[str]) -> FitError:
    listed = ", ".join(columns)
    rule = f"columns {listed} are nearly dependent in these risk sets (condition number beyond all use)"
    return FitError(Finding("C04", rule, "leave one of them out, or use a ridge penalty: Cox(ridge=1.0)", listed))
