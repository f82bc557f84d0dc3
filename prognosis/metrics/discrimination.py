"""How well a prediction orders the patients."""

from __future__ import annotations

from prognosis.evaluation import Evaluation
from prognosis.kernels.concordance import concordance_counts
from prognosis.risk_sets import merge_close_times, ordered_times


def harrell_c(evaluation: Evaluation) -> float:
    """Estimate Harrell's concordance: the share of comparable pairs in which the earlier event has the higher risk.

    Parameters
    ----------
    evaluation : outcome and marker (higher means a higher risk) of n patients; pairs are formed within
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
    if e.quick_concordance:
        return e.quick_concordance()
    exit_time, event = e.pairs
    if e.outcome.entry is not None:
        time, entry = merge_close_times(exit_time, e.outcome.entry)
        return concordance_counts(time, event, e.marker, weight=e.weight, entry=entry, stratum=e.stratum).concordance
    order, time = ordered_times(exit_time)
    weight = None if e.weight is None else e.weight[order]
    stratum = None if e.stratum is None else e.stratum[order]
    return concordance_counts(time, event[order], e.marker[order], weight=weight, stratum=stratum).concordance
