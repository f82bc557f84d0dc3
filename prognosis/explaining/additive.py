"""What coalitions are worth to a model whose risk follows from one sum over variables: without making any design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.explaining.coalitions import ROWS_AT_ONCE, Masks

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AdditiveGame:
    """One patient's game with a linear predictor that is a sum of one part a variable: no interactions.

    Parameters
    ----------
    own : (variables,) parts of the patient. others : (b, variables) of the background. weight : (b,), sum 1.
    answer : linear predictors, uncentred, (r,) to risks, (r, h).
    """

    own: Floats
    others: Floats
    weight: Floats
    answer: Callable[[Floats], Floats]

    def worth(self, known: Masks) -> Floats:
        """Mean answer over the background, (k, h), for coalitions (k, variables)."""
        rest, moved = self.others.sum(axis=1), (self.own - self.others).T
        at_once = max(1, 10 * ROWS_AT_ONCE // len(rest))
        parts = []
        for first in range(0, len(known), at_once):
            eta = known[first : first + at_once].astype(float) @ moved + rest
            answers = self.answer(eta.ravel()).reshape(*eta.shape, -1)
            parts.append(np.einsum("kbh,b->kh", answers, self.weight))
        return np.concatenate(parts)
