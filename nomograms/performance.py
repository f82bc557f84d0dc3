"""How well the model discriminates, in a sentence for the caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nomograms.wording import plain, sentence

if TYPE_CHECKING:
    from prognosis.model import FittedModel

INDEXES = ("harrell_c", "auc")
# Methods that correct what is seen in the training rows; the others measure in patients left out.
CORRECTING = ("bootstrap", "632+")


def performance_of(model: FittedModel, language: str) -> list[str]:
    """Return the concordance, or the AUC of a binary endpoint, that the attached validation found; [] without one."""
    validation = getattr(model, "validation", None)
    if validation is None:
        return []
    table = validation.of(model.name)
    for index in INDEXES:
        rows = table[table["metric"] == index]
        if rows.empty:
            continue
        row = rows.iloc[0]
        value = f"{row['corrected']:.2f}"
        if np.isfinite([row["lower"], row["upper"]]).all():
            value = sentence("bounds", language, value=value, lower=f"{row['lower']:.2f}", upper=f"{row['upper']:.2f}")
        method = validation.method
        key = f"corrected_{method}" if method in CORRECTING else "corrected_left_out"
        told = sentence(key, language, method=plain(method))
        return [sentence("performance", language, index=sentence(f"index_{index}", language), value=value, method=told)]
    return []
