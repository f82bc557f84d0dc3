"""How well a prediction orders the patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.kernels.concordance import concordance_counts
from prognosis.risk_sets import merge_close_times

Floats = NDArray[np.float64]


def harrell_c(
    time: Floats,
    event: NDArray[np.bool_],
    linear_predictor: Floats,
    *,
    entry: Floats | None = None,
    weight: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
) -> float:
    """Estimate Harrell's concordance: the share of comparable pairs in which the earlier event has the higher risk.

    Parameters
    ----------
    time, event, linear_predictor : (n,); a higher linear predictor means a higher risk.
    entry : (n,) delayed entry. weight : (n,) case weights. stratum : (n,) pairs count only within a stratum.

    Returns
    -------
    C, .5 for an uninformative marker; not a number when no pair is comparable.

    Notes
    -----
    Source: Harrell et al. (1982); ties as R's ``survival::concordance`` (``timewt="n"``), its merging of times that
    differ by rounding included.
    """
    if entry is None:
        (time,) = merge_close_times(time)
    else:
        time, entry = merge_close_times(time, entry)
    counts = concordance_counts(time, event, linear_predictor, weight=weight, entry=entry, stratum=stratum)
    return counts.concordance
