"""Declared effects: which term acts on which outcome, how strongly, and where the number comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
# Values of the terms that an effect may name, one array a term.
Terms = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Effect:
    """One coefficient of the truth.

    Parameters
    ----------
    outcome : what it acts on, for example ``pfs``.
    term : name of a column, or ``column=level``.
    ratio : hazard ratio, or odds ratio of a binary outcome, for one unit of the term.
    source : ``seen: publication`` where the number was read, ``chosen`` (with the reason) where it was not.
    reference : value of the term at which the effect is 0.
    """

    outcome: str
    term: str
    ratio: float
    source: str
    reference: float = 0.0

    def __post_init__(self) -> None:
        if not self.source.startswith(("seen: ", "chosen")):
            raise ValueError(f"effect of {self.term}: a source begins with 'seen: ' or 'chosen'")

    @property
    def log_effect(self) -> float:
        """The coefficient: log hazard ratio or log odds ratio."""
        return math.log(self.ratio)


def linear_predictor(effects: Sequence[Effect], outcome: str, terms: Terms) -> Floats:
    """Return the sum of the effects on an outcome, one value a patient."""
    chosen = [effect for effect in effects if effect.outcome == outcome]
    total = np.zeros(len(terms[chosen[0].term]))
    for effect in chosen:
        total += effect.log_effect * (np.asarray(terms[effect.term], dtype=float) - effect.reference)
    return total


def effects_table(effects: Sequence[Effect]) -> pd.DataFrame:
    """Return the effects as a frame: outcome, term, ratio, log_effect, reference, source."""
    rows = [(e.outcome, e.term, e.ratio, e.log_effect, e.reference, e.source) for e in effects]
    return pd.DataFrame(rows, columns=["outcome", "term", "ratio", "log_effect", "reference", "source"])
