"""Restricted mean survival time: the mean time free of the event up to tau, and how two groups differ in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from cohorts.errors import Finding, FitError, PredictionError
from prognosis.curves.counts import Counts, count
from prognosis.curves.hazard_steps import greenwood, path_of
from prognosis.curves.rows import Floats, SortedRows, group_rows, sort_rows
from prognosis.curves.step_curves import restricted_mean_of
from prognosis.normal import two_sided_p, z_of_level


@dataclass(frozen=True)
class RestrictedMean:
    """Area under Kaplan-Meier's curve from time zero to tau, with its standard error, in the unit of the times."""

    mean: float
    std_err: float
    tau: float

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """Return normal limits."""
        width = _z(level) * self.std_err
        return self.mean - width, self.mean + width


@dataclass(frozen=True)
class RestrictedMeanContrast:
    """Difference (one minus two) and ratio (one over two) of the restricted means of two independent groups.

    Limits of the ratio and its p-value are normal on the log scale; std_err_log_ratio belongs to that scale.
    """

    tau: float
    difference: float
    std_err: float
    difference_limits: tuple[float, float]
    difference_p: float
    ratio: float
    std_err_log_ratio: float
    ratio_limits: tuple[float, float]
    ratio_p: float


@overload
def restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    tau: float,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: None = None,
    robust: bool = False,
) -> RestrictedMean: ...


@overload
def restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    tau: float,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: ArrayLike,
    robust: bool = False,
) -> dict[Any, RestrictedMean]: ...


def restricted_mean(
    time: ArrayLike,
    event: ArrayLike,
    tau: float,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: ArrayLike | None = None,
    robust: bool = False,
) -> RestrictedMean | dict[Any, RestrictedMean]:
    """Estimate the mean time free of the event up to tau of a sample, or of each group.

    Parameters
    ----------
    time, event, entry, weight, group : see `kaplan_meier`. tau : the same for all groups.
    robust : standard error by the infinitesimal jackknife; else Greenwood's with weights taken for counts, as R's
        ``print(survfit, rmean=tau)`` has it even for weights that are no counts.

    Raises
    ------
    PredictionError
        Q05 when tau is not positive, or beyond the last time of a group whose curve has not reached 0; R carries the
        curve on unasked.
    DataContractError
        as `kaplan_meier`.
    """
    rows = sort_rows(time, event, entry=entry, weight=weight)
    groups = group_rows(rows, group)
    means = {label: _estimate(rows.take(mask), float(tau), robust, label) for label, mask in groups.masks()}
    return means["all"] if group is None else means


def compare_restricted_means(
    one: RestrictedMean, two: RestrictedMean, *, level: float = 0.95
) -> RestrictedMeanContrast:
    """Contrast two independent groups: difference one - two and ratio one / two, with intervals and Wald tests.

    Source: Royston and Parmar (2013); limits of the ratio by the delta method on the log scale (Uno et al. 2014).

    Raises
    ------
    FitError
        Q04 for a level outside (0, 1); Q05 when they were estimated up to different times; Q07 without any event.
    """
    if one.tau != two.tau:
        raise FitError(Finding("Q05", f"restricted means up to {one.tau:g} and {two.tau:g}", "use one tau", "tau"))
    if not (one.std_err or two.std_err) or not (one.mean and two.mean):
        rule = f"no event in either group by {one.tau:g}, or nobody free of it at any time: nothing to compare"
        raise FitError(Finding("Q07", rule, "choose another tau", "tau"))
    z = _z(level)
    difference, spread = one.mean - two.mean, float(np.hypot(one.std_err, two.std_err))
    log_ratio = float(np.log(one.mean / two.mean))
    spread_log = float(np.hypot(one.std_err / one.mean, two.std_err / two.mean))
    return RestrictedMeanContrast(
        tau=one.tau,
        difference=difference,
        std_err=spread,
        difference_limits=(difference - z * spread, difference + z * spread),
        difference_p=float(two_sided_p(np.array(difference / spread))),
        ratio=float(np.exp(log_ratio)),
        std_err_log_ratio=spread_log,
        ratio_limits=(float(np.exp(log_ratio - z * spread_log)), float(np.exp(log_ratio + z * spread_log))),
        ratio_p=float(two_sided_p(np.array(log_ratio / spread_log))),
    )


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise FitError(Finding("Q04", f"level={level} is no confidence level", "a number between 0 and 1", "level"))
    return z_of_level(level)


def _estimate(rows: SortedRows, tau: float, robust: bool, label: object) -> RestrictedMean:
    counts = count(rows)
    survival, end = counts.survival, counts.time[-1]
    if not tau > 0 or (tau > end and survival[-1] > 0):
        rule = f"tau={tau:g} is not within the follow-up, which ends at {end:g} ({label})"
        raise PredictionError(Finding("Q05", rule, f"give a tau in (0, {end:g}]", "tau"))
    mean = float(restricted_mean_of(counts.time, survival, tau))
    after = _area_after(counts, survival, tau)
    slopes = greenwood(counts)
    if not robust:
        return RestrictedMean(mean, float(np.sqrt(np.sum(after**2 * slopes.variance))), tau)
    path = path_of(slopes, counts, rows)
    summed = np.concatenate([[0.0], np.cumsum(path.risk * after)])
    influence = path.own * after[counts.place] + summed[counts.place + 1] - summed[counts.first]
    return RestrictedMean(mean, float(np.sqrt(np.sum((rows.weight * influence) ** 2))), tau)


def _area_after(counts: Counts, survival: Floats, tau: float) -> Floats:
    """Area under the curve between each time and tau, (k,); 0 for times after tau."""
    pieces = survival * np.diff(np.minimum(counts.time, tau), append=tau)
    return np.cumsum(pieces[::-1])[::-1]
