"""What can be harmonised, and what is to be said of it: features that stay, batches that go with the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.harmonisation.harmonisation import Harmonisation
from prognosis.outcome import pairs_of, read_outcome


def is_number(column: pd.Series) -> bool:
    """Tell whether a column holds numbers, true and false not counted."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def is_measured(column: pd.Series) -> bool:
    """Tell whether a column is a measurement, and not just 0 and 1."""
    return is_number(column) and not column.isin((0, 1)).all()


def varying(frame: pd.DataFrame, features: Sequence[str], labels: pd.Series) -> tuple[str, ...]:
    """Return the features that vary within every batch; `labels` : (n,) of the batches."""
    spread = frame[list(features)].groupby(labels.to_numpy()).agg(np.ptp).min()
    return tuple(name for name in features if spread[name] != 0)


def said_of(own: Harmonisation, still: int) -> list[Finding]:
    """Say (D75) what was harmonised, and (D73) that `still` features could not be."""
    rule = (
        f"{len(own.features)} features were harmonised over {own.batch} {', '.join(own.levels)} (ComBat): errors and "
        "p-values of the model do not know of it"
    )
    way_out = f"new patients need their {own.batch}; one of another is refused"
    said = [Finding("D75", rule, way_out, own.batch, severity="warning")]
    if still:
        rule = f"{still} features do not vary within some {own.batch} and stay as they are"
        said.append(Finding("D73", rule, "leave them out of the predictors", own.batch, severity="warning"))
    return said


def confounded(labels: pd.Series, y: NDArray[Any], batch: str) -> list[Finding]:
    """Doubt (D72) batches in which all patients have the event, or none."""
    timed = "time" in (getattr(y, "dtype", np.dtype(float)).names or ())
    _, happened = pairs_of(read_outcome(y, timed))
    shares = pd.Series(np.asarray(happened, float)).groupby(labels.to_numpy()).mean()
    odd = [str(level) for level, share in shares.items() if share in (0.0, 1.0)]
    if not odd or len(shares) < 2:
        return []
    rule = f"{batch} {', '.join(odd)} has events only, or none: what ComBat takes out there may be the event's own mark"
    return [Finding("D72", rule, "leave that scanner out, or find others of its patients", batch, severity="warning")]
