"""A mean over rounds of training and testing that share patients, with an interval that knows of the overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cohorts.errors import Finding, PredictionError
from prognosis.horizons import check_interval
from prognosis.validation.summary import mean_of_tasks, p_of_mean


@dataclass(frozen=True)
class OverlapCorrected:
    """Mean of one value a round.

    Parameters
    ----------
    mean : of the rounds that have a value. sd : sample standard deviation over them (n - 1).
    std_err, lower, upper : of the mean, corrected for the overlap; not a number with fewer than two rounds, or where
        all have the same value: their spread says nothing then.
    p : two-sided, of the mean being `null`. rounds : that have a value.
    """

    mean: float
    sd: float
    std_err: float
    lower: float
    upper: float
    p: float
    rounds: int


def overlap_corrected(
    values: Sequence[float],
    tested: int,
    trained: int,
    null: float = 0.0,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    level: float = 0.95,
) -> OverlapCorrected:
    """Average values of rounds in which most training patients, and some tested ones, are the same.

    Parameters
    ----------
    values : one a round; not a number where a round has none. tested, trained : patients in a round.
    null : the mean under the hypothesis that `p` is about. bounds : of the quantity, at which limits are cut.

    Raises
    ------
    PredictionError
        V01 numbers of patients below 1.

    Notes
    -----
    Source: Nadeau and Bengio (2003), "Inference for the generalization error": the variance of the mean of J rounds is
    (1 / J + tested / trained) times that of the values, and t has J - 1 degrees of freedom. With 1 / J alone, as if
    the rounds were independent, the interval is far too narrow.
    """
    check_interval(level, "log")
    if min(tested, trained) < 1:
        rule = f"{tested} patients tested and {trained} trained on"
        raise PredictionError(Finding("V01", rule, "give the numbers of one round"))
    column = np.asarray(values, float)[:, None]
    known = int(np.isfinite(column).sum())
    mean, error, reach = (float(part[0]) for part in mean_of_tasks(column, tested / trained, level))
    sd = float(error / np.sqrt(1 / known + tested / trained)) if known > 1 else float("nan")
    # rounding apart, all the same
    if not sd > 1e-12 * max(1.0, abs(mean)):
        unknown = float("nan")
        return OverlapCorrected(mean, sd, unknown, unknown, unknown, unknown, known)
    p = p_of_mean(np.array([mean - null]), np.array([error]), np.array([known]))
    lower, upper = np.clip([mean - reach, mean + reach], *bounds)
    return OverlapCorrected(mean, sd, error, float(lower), float(upper), float(p[0]), known)
