"""What a validation is of, as a digest: results of another question are never taken for its own."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from prognosis.environment import environment
from prognosis.validation.work import Work


def key_of(name: str, work: Work, recipe: Any, X: pd.DataFrame) -> str:
    """SHA-256 of everything that decides the values of a task: rows, outcome, recipe, plan, seed, metrics, versions."""
    digest = hashlib.sha256()
    judged = work.judged
    asked = (name, environment(), work.plan, work.rows.seed, work.rows.levels, work.metrics, judged.thresholds)
    digest.update(repr(asked).encode())
    numbers = (judged.outcome.time, judged.outcome.event, judged.outcome.entry, judged.outcome.last_free, judged.weight,
               judged.stratum, judged.horizons, work.rows.cluster, work.rows.group, work.rows.column,
               work.original.marker, work.original.linear_predictor, work.original.risk)  # fmt: skip
    for part in numbers:
        digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    digest.update(getattr(work.refits, "identity", b""))
    parameters = sorted((key, repr(value)) for key, value in recipe.get_params(deep=True).items())
    digest.update(repr((type(recipe).__name__, parameters, list(X.columns))).encode())
    digest.update(pd.util.hash_pandas_object(X, index=True).to_numpy().tobytes())
    return digest.hexdigest()
