"""The way from raw predictors to design columns that goes through a harmonisation, and its place in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.harmonisation.harmonisation import Harmonisation
from prognosis.preparation import Preparation


@dataclass(frozen=True)
class HarmonisedPreparation(Preparation):
    """A preparation whose features are harmonised first; see `Preparation`.

    Parameters
    ----------
    harmonisation : of the features among the terms.
    """

    harmonisation: Harmonisation = field(kw_only=True)

    @classmethod
    def of(cls, preparation: Preparation, harmonisation: Harmonisation) -> HarmonisedPreparation:
        """Put a harmonisation before a preparation that was learnt from harmonised rows."""
        parts = {part.name: getattr(preparation, part.name) for part in fields(Preparation)}
        return cls(**parts, harmonisation=harmonisation.only(preparation.predictors))

    def design(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return the uncentred design matrix, (n, p), of harmonised values; raises as `Preparation.design` does."""
        return super().design(self.harmonisation.applied(frame))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the model file."""
        return {**super().to_dict(), "harmonisation": self.harmonisation.to_dict()}


def needed_besides(preparation: Preparation) -> Mapping[str, object]:
    """Columns besides the predictors that patients must have to be harmonised, with a value for an example."""
    if not isinstance(preparation, HarmonisedPreparation):
        return {}
    mine = preparation.harmonisation.needed
    return {name: value for name, value in mine.items() if name not in preparation.predictors}


def levels_besides(preparation: Preparation) -> dict[str, tuple[str, ...] | None]:
    """Return the levels of the columns of `needed_besides`, None for numbers."""
    if not isinstance(preparation, HarmonisedPreparation):
        return {}
    own = preparation.harmonisation
    terms = () if own.covariates is None else own.covariates.terms
    known = {own.batch: own.levels, **{term.variable: term.levels for term in terms}}
    return {name: known[name] for name in needed_besides(preparation)}


def no_axis(preparation: Preparation, where: str) -> list[Finding]:
    """Refuse (D74) a nomogram, calculator and the like of a model whose features were harmonised; [] for others."""
    if not isinstance(preparation, HarmonisedPreparation):
        return []
    batch = preparation.harmonisation.batch
    rule = f"features were harmonised by {batch}: their values as measured have no place {where}"
    return [Finding("D74", rule, "use predict, which takes the effect of the scanner out", batch)]


def preparation_from(stored: Mapping[str, Any]) -> Preparation:
    """Rebuild the preparation of a model file, with a harmonisation where it has one."""
    plain = Preparation.from_dict(stored)
    if "harmonisation" not in stored:
        return plain
    return HarmonisedPreparation.of(plain, Harmonisation.from_dict(stored["harmonisation"]))
