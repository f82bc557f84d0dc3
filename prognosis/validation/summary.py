"""From the values of single tasks to corrected values and their intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtr, stdtrit

from prognosis.normal import z_of_level

Floats = NDArray[np.float64]
NORMAL = z_of_level(0.95)


class Corrected(NamedTuple):
    """Corrected values with their limits, (k,) each."""

    corrected: Floats
    lower: Floats
    upper: Floats


def corrected_by_optimism(apparent: Floats, found: Floats, fixed: NDArray[np.bool_], bounds: Floats) -> Corrected:
    """Subtract the mean optimism of the resamples.

    Parameters
    ----------
    apparent : (k,). found : (B, 3, k) of each resample: the refit in its resample, in the original rows, and the
        original model in the resample. fixed : (k,) metrics whose apparent value is fixed by construction.
    bounds : (k, 2) smallest and largest possible values.

    Notes
    -----
    The variance is that of the index over the resamples, as an estimate of its sampling error, and that of the
    refits in the original rows: the corrected index estimates the performance to be expected of such a model, and
    this model's own lies about it. Of a metric that is fixed when apparent it is that of the original model in the
    resamples. The error of the mean optimism is added. Limits are normal, on the logit scale where the bounds are 0
    and 1. Percentiles of the index in the resamples, shifted by the optimism (Noma et al. 2021), lie too high,
    since a resample is overfitted more than the cohort is.
    """
    optimism = found[:, 0] - found[:, 1]
    corrected = apparent - mean_of_known(optimism)
    sampling = np.where(fixed, _variance(found[:, 2]), _variance(found[:, 0]) + _variance(found[:, 1]))
    return _limited(corrected, np.sqrt(sampling + _variance(optimism) / len(found)), bounds)


class Scale(NamedTuple):
    """What is known of k metrics.

    `no_information` : (k,) value of predictions that know nothing. `upwards` : (k,) True where higher is better.
    `fixed` : (k,) True where the apparent value is fixed by construction. `bounds` : (k, 2) least and largest values.
    """

    no_information: Floats
    upwards: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    bounds: Floats


def corrected_by_632(apparent: Floats, found: Floats, scale: Scale) -> Corrected:
    """Weigh apparent values and those of the rows left out by the .632+ rule, .632 where no information is unknown.

    Parameters
    ----------
    apparent : (k,). found : (B, 3, k) of each resample: the refit in its resample, in the rows left out, and the
        original model in the resample.

    Notes
    -----
    Efron and Tibshirani (1997): weight .632 / (1 - .368 R) of the rows left out, with the relative overfitting R
    = (apparent - left out) / (apparent - no information) between 0 and 1; 0 where the apparent value is not better than
    both. Normal limits, by the variance of the index over the resamples, on the logit scale where the bounds are 0
    and 1.
    """
    outside, sign = mean_of_known(found[:, 1]), np.where(scale.upwards, 1.0, -1.0)
    lost, room = sign * (apparent - outside), sign * (apparent - scale.no_information)
    relative = np.divide(lost, room, out=np.zeros_like(lost), where=(lost > 0) & (room > 0))
    # beyond no information nothing more can be lost
    left_out = np.where(relative > 1, scale.no_information, outside)
    share = 0.632 / (1 - 0.368 * np.minimum(relative, 1.0))
    corrected = (1 - share) * apparent + share * left_out
    return _limited(corrected, np.sqrt(_variance(np.where(scale.fixed, found[:, 2], found[:, 0]))), scale.bounds)


def _limited(value: Floats, error: Floats, bounds: Floats) -> Corrected:
    """Return normal limits; on the logit scale where that is the range, but for values at its ends.

    A value stops at the ends: the noise of a resample can take an error that is near 0 below it.
    """
    low, high = bounds.T
    value = np.clip(value, low, high)
    reach = NORMAL * error
    between = (low == 0) & (high == 1) & (value > 0) & (value < 1)
    inside = np.where(between, value, 0.5)
    odds, width = logit(inside), reach / (inside * (1 - inside))
    lower = np.where(between, expit(odds - width), np.maximum(value - reach, low))
    upper = np.where(between, expit(odds + width), np.minimum(value + reach, high))
    return Corrected(value, lower, upper)


def mean_of_known(values: Floats) -> Floats:
    """Mean over the tasks of what is known, (k,); not a number where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _variance(values: Floats) -> Floats:
    """Sample variance over the tasks of what is known, (k,); not a number with fewer than two."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    squares = np.where(known, (values - mean_of_known(values)) ** 2, 0.0).sum(axis=0)
    return np.where(count > 1, squares / np.maximum(count - 1, 1), np.nan)


def mean_of_tasks(values: Floats, tested_to_trained: float, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Return mean, standard error and half-width of the interval over tasks, (k,) each; values that are missing apart.

    Parameters
    ----------
    values : (J, k) of the patients left out. tested_to_trained : mean ratio of the two numbers of patients.

    Notes
    -----
    Nadeau and Bengio (2003): the variance of the mean is (1 / J + tested / trained) times that of the values, t with
    J - 1 degrees of freedom. A single task has no interval.
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / count
        variance = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / (count - 1)
        error = np.sqrt((1 / count + tested_to_trained) * np.where(count > 1, variance, np.nan))
    reach = stdtrit(np.maximum(count - 1, 1), 0.5 + level / 2) * error
    return mean, error, reach


def p_of_mean(mean: Floats, error: Floats, count: NDArray[np.int64]) -> Floats:
    """Two-sided p-value of a mean over tasks being 0, (k,); 1 where all values are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where((error == 0) & (mean == 0), 0.0, np.abs(mean) / error)
    return np.asarray(2 * stdtr(np.maximum(count - 1, 1), -statistic))
