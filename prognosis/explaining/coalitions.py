"""What a model answers when only some variables of a patient are known: the others come from background rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from prognosis.preparation import Preparation

if TYPE_CHECKING:
    from prognosis.explaining.background import Background

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Masks = NDArray[np.bool_]
# Rows that a model is asked about at a time.
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, eq=False)
class Columns:
    """Which variable each main design column belongs to, (main,), and the two main columns of each product, (k, 2)."""

    variable: Integers
    factors: Integers

    @classmethod
    def of(cls, preparation: Preparation) -> Columns:
        """Read them from a preparation; a product's name is the names of its factors, which are unique."""
        place = {variable: number for number, variable in enumerate(preparation.predictors)}
        main = [name for term in preparation.terms for name in term.names]
        owner = [place[term.variable] for term in preparation.terms for _ in term.names]
        by_variable = {term.variable: term.names for term in preparation.terms}
        factors = [
            (main.index(left), main.index(right))
            for a, b in preparation.interactions
            for right in by_variable[b]
            for left in by_variable[a]
        ]
        return cls(np.array(owner, np.int64), np.array(factors, np.int64).reshape(-1, 2))

    def mixed(self, known: Masks, own: Floats, others: Floats) -> Floats:
        """Return designs of one patient, (k, b, columns), whose unknown variables come from each of b rows.

        Parameters
        ----------
        known : (k, variables) coalitions. own : (columns,) of the patient. others : (b, columns).
        """
        main = len(self.variable)
        part = np.where(known[:, None, self.variable], own[:main], others[None, :, :main])
        products = part[:, :, self.factors[:, 0]] * part[:, :, self.factors[:, 1]]
        return np.concatenate([part, products], axis=2)


class Played(Protocol):
    """What a game must tell: the mean answer over the background, (k, h), for coalitions (k, variables)."""

    def worth(self, known: Masks) -> Floats:
        """Mean answers of coalitions."""


@dataclass(frozen=True, eq=False)
class Game:
    """One patient's game: what coalitions of his variables are worth.

    Parameters
    ----------
    columns : see there. own : (columns,) of the patient. background : rows. answer : (r, columns) to (r, h).
    """

    columns: Columns
    own: Floats
    background: Background
    answer: Callable[[Floats], Floats]

    def worth(self, known: Masks) -> Floats:
        """Mean answer over the background, (k, h), for coalitions (k, variables)."""
        rows, weight = self.background.design, self.background.weight
        at_once = max(1, ROWS_AT_ONCE // len(rows))
        parts = []
        for first in range(0, len(known), at_once):
            some = known[first : first + at_once]
            design = self.columns.mixed(some, self.own, rows).reshape(-1, rows.shape[1])
            answers = self.answer(np.ascontiguousarray(design)).reshape(len(some), len(rows), -1)
            parts.append(np.einsum("kbh,b->kh", answers, weight))
        return np.concatenate(parts)
