"""How well a prediction orders the patients."""

from __future__ import annotations

from prognosis.kernels.concordance import concordance_counts
from prognosis.recipe import Evaluation
from prognosis.risk_sets import merge_close_times


def harrell_c(evaluation: Evaluation) -> float:
    """Estimate Harrell's concordance: the share of comparable pairs in which the earlier event has the higher risk.

    Parameters
    ----------
    evaluation : outcome and linear predictor (higher means a higher risk) of n patients; pairs are formed within
        strata, weighted by case weights, and among those at risk where entry is delayed.

    Returns
    -------
    C, .5 for an uninformative marker; not a number when no pair is comparable.

    Notes
    -----
    Source: Harrell et al. (1982); ties as R's ``survival::concordance`` (``timewt="n"``), its merging of times that
    differ by rounding included.
    """
    e = evaluation
    if e.entry is None:
        (time,), entry = merge_close_times(e.time), None
    else:
        time, entry = merge_close_times(e.time, e.entry)
    counts = concordance_counts(time, e.event, e.linear_predictor, weight=e.weight, entry=entry, stratum=e.stratum)
    return counts.concordance
