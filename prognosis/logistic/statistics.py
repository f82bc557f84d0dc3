"""The statistics that users of rms::lrm know, with its conventions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, expit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# lrm counts pairs whose probabilities lie in one of these many equal bins as tied.
BINS = 5000


def logistic_statistics(
    event: Flags,
    log_odds: Floats,
    loglik: tuple[float, float],
    freedom: float,
    weight: Floats | None = None,
    *,
    bins: int | None = BINS,
) -> dict[str, float]:
    """Summarise fit and discrimination of a logistic model as ``rms::lrm`` (6.5) prints them.

    Parameters
    ----------
    event, log_odds : (n,) outcome and linear predictor with intercept and offset. weight : (n,) case weights.
    loglik : of the null model (with the offset) and of the model, unpenalised. freedom : degrees of freedom, under a
        ridge penalty the effective number.
    bins : equal bins of the probability within which lrm calls a pair tied; None compares the probabilities
        themselves (the exact C differs in the fourth digit).

    Returns
    -------
    Obs, Model L.R., d.f., P, C, Dxy, Gamma, Tau-a, R2 (Nagelkerke) and R2(n), R2(p,n), R2(m), R2(p,m) with n
    observations and m effective ones (Cox and Snell's, the second and fourth adjusted for p), Brier, g, gr, gp (Gini's
    mean difference of log odds, its exponential, and of probabilities).

    Notes
    -----
    Weights count as repeated rows everywhere, also in g and gp, where lrm ignores them. Cost O(n log n).
    """
    weights = np.ones(len(event)) if weight is None else weight
    probability, total = expit(log_odds), float(weights.sum())
    ratio = 2 * (loglik[1] - loglik[0])
    ranked = probability if bins is None else np.floor(probability * bins)
    concordant, discordant, tied = count_pairs(event, ranked, weights)
    pairs = concordant + discordant + tied
    untied = concordant + discordant
    spread = gini_mean_difference(log_odds, weights)
    share = float(weights @ event) / total
    saturated = -2 * total * (share * np.log(share) + (1 - share) * np.log1p(-share))
    return {
        "Obs": float(len(event)),
        "Model L.R.": ratio,
        "d.f.": freedom,
        "P": float(chdtrc(freedom, max(ratio, 0.0))) if freedom > 0 else 1.0,
        "C": (concordant + tied / 2) / pairs,
        "Dxy": (concordant - discordant) / pairs,
        "Gamma": (concordant - discordant) / untied if untied > 0 else 0.0,
        "Tau-a": (concordant - discordant) / (total * (total - 1) / 2),
        "R2": -np.expm1(-ratio / total) / -np.expm1(-min(saturated, -2 * loglik[0]) / total),
        **_cox_snell(ratio, freedom, total, total * (1 - share**3 - (1 - share) ** 3)),
        "Brier": float(weights @ (probability - event) ** 2) / total,
        "g": spread,
        "gr": float(np.exp(spread)),
        "gp": gini_mean_difference(probability, weights),
    }


def count_pairs(event: Flags, marker: Floats, weight: Floats) -> tuple[float, float, float]:
    """Concordant, discordant and tied (weighted) pairs of an event and a non-event, in O(n log n)."""
    _, place = np.unique(marker, return_inverse=True)
    with_event = np.bincount(place, weight * event)
    without = np.bincount(place, weight * ~event)
    concordant = float(with_event @ (np.cumsum(without) - without))
    tied = float(with_event @ without)
    discordant = float(without @ (np.cumsum(with_event) - with_event))
    return concordant, discordant, tied


def gini_mean_difference(values: Floats, weight: Floats) -> float:
    """Mean absolute difference of two different rows, weights counting as repeated rows; ``Hmisc::GiniMd``."""
    order = np.argsort(values, kind="stable")
    sorted_values, weights = values[order] - np.average(values, weights=weight), weight[order]
    total, below = weights.sum(), np.cumsum(weights) - weights
    return float(2 * (weights * (2 * below + weights - total)) @ sorted_values / (total * (total - 1)))


def _cox_snell(ratio: float, freedom: float, total: float, effective: float) -> dict[str, float]:
    """R2 of Cox and Snell for the rows and for the effective number of rows, plain and adjusted; Hmisc::R2Measures."""
    found = {}
    for size in (total, effective):
        label = f"{round(size, 1):.15g}"
        found[f"R2({label})"] = float(-np.expm1(-ratio / size))
        found[f"R2({freedom:.15g},{label})"] = float(-np.expm1(-max(ratio - freedom, 0.0) / size))
    return found
