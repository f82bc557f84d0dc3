"""Whether numbers given as risks are risks: survival probabilities look alike and turn every judgement round."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError, warn_findings
from prognosis.curves.observed import observe
from prognosis.metrics.by_horizon import checked_risk
from prognosis.metrics.concordance_index import concordance_index
from prognosis.metrics.weights import check_events
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]


def check_direction(
    outcome: SurvivalArrays,
    risk: ArrayLike,
    horizons: ArrayLike,
    *,
    declared: Literal["risk", "survival"] | None = None,
    external: bool = False,
) -> tuple[Finding, ...]:
    """Refuse survival probabilities where the probability of the event is expected.

    Undeclared numbers are refused when the upper 95 % limit of their C is below one half and they fall with the
    horizon or their mean is nearer to 1 - observed than to observed.

    Parameters
    ----------
    outcome : of n patients, binary too. risk : (n, h), or (n,) for one horizon. horizons : (h,), unused if binary.
    declared : what the numbers were said to be; those declared as risks are not doubted.
    external : True for a model in another cohort, where a model may truly fail: a warning instead of an error.

    Returns
    -------
    The warning, or nothing.

    Raises
    ------
    PredictionError
        M02 numbers that are declared as survival, or look like it; M03 nobody had the event.
    DataContractError
        M01, M09 risks that are missing, no probabilities, or not one a patient and horizon.
    """
    way_out = "give risk = 1 - survival, or declare the numbers as risks"
    if declared == "survival":
        rule = (
            "orientation: survival probabilities are given where the risk of the event is expected (C would be 1 - C)"
        )
        raise PredictionError(Finding("M02", rule, "give risk = 1 - survival"))
    check_events(outcome)
    times = np.atleast_1d(np.asarray(horizons, float))
    values = checked_risk(risk, (len(outcome.event), len(times)))
    if declared == "risk" or np.ptp(values[:, -1]) == 0:
        return ()
    found = concordance_index(outcome, values[:, -1])
    upper = float(found.limits()[1][0])
    signs = _signs(outcome, values, times)
    if upper >= 0.5 or not signs:
        return ()
    rule = f"orientation: C={found.estimate[0]:.3f} (upper limit {upper:.3f}), and {' and '.join(signs)}"
    if not external:
        raise PredictionError(Finding("M02", f"{rule}: these are survival probabilities, not risks", way_out))
    doubt = (Finding("M02", f"{rule}: survival may have been given for risk", way_out, severity="warning"),)
    warn_findings(doubt)
    return doubt


def _signs(outcome: SurvivalArrays, risk: Floats, times: Floats) -> list[str]:
    """Say what speaks for survival probabilities, beside the concordance."""
    signs = []
    mean = risk.mean(axis=0)
    if risk.shape[1] > 1 and mean[np.argmax(times)] < mean[np.argmin(times)]:
        signs.append("they fall with the horizon")
    observed = _observed(outcome, times)
    known = np.isfinite(observed)
    if np.abs(mean - 1 + observed)[known].sum() < np.abs(mean - observed)[known].sum():
        signs.append(f"their mean {mean[known].mean():.3f} is nearer to 1 - observed than to the observed "
                     f"{observed[known].mean():.3f}")  # fmt: skip
    return signs


def _observed(outcome: SurvivalArrays, times: Floats) -> Floats:
    """Estimate the observed risk by each horizon (not a number after the last time), or the share of events."""
    if not outcome.timed:
        return np.full(len(times), (outcome.event == 1).mean())
    curve = observe(outcome.time, outcome.event, outcome.entry)
    free = np.append(1.0, curve.survival)[np.searchsorted(curve.time, times, side="right")]
    return np.where(times > curve.time[-1], np.nan, 1 - free)
