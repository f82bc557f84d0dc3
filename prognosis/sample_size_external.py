"""How many patients an external validation of a binary model needs: precise O/E, calibration slope, C and net benefit.

Source: Riley et al., Statistics in Medicine 2021 (40:4230); R's ``pmvalsampsize`` 0.1.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

from cohorts.errors import Finding, FitError, raise_findings, warn_findings

Floats = NDArray[np.float64]
# Half-width of an interval in standard errors, as printed in the papers.
Z = 1.96
# Grid over a normal linear predictor, in standard deviations; the rest has a probability of 1e-16.
REACH, PLACES = 8.5, 4001
# Fewer values than this are no distribution.
FEWEST = 20
# A linear predictor that implies another prevalence (relatively) or another C than was given contradicts it.
APART_RELATIVE, APART_C = 0.1, 0.03


@dataclass(frozen=True)
class NormalPredictor:
    """A linear predictor that is normal in the new patients, with this mean and standard deviation."""

    mean: float
    sd: float


@dataclass(frozen=True)
class Precision:
    """Smallest cohort in which one measure is precise.

    Parameters
    ----------
    name : of the measure. width : of its 95 % interval that is aimed at. n : patients. events : expected among them.
    driver : what makes this number large or small.
    """

    name: str
    width: float
    n: int
    events: float
    driver: str


@dataclass(frozen=True)
class ExternalSampleSize:
    """Smallest cohort for the external validation of a model.

    Parameters
    ----------
    n, events : of the most demanding measure. criteria : one for each measure. risk : overall risk assumed.
    c_statistic : assumed.
    """

    n: int
    events: float
    criteria: tuple[Precision, ...]
    risk: float
    c_statistic: float

    @property
    def binding(self) -> Precision:
        """The measure that needs most patients."""
        return max(self.criteria, key=lambda criterion: criterion.n)

    def table(self) -> pd.DataFrame:
        """One line a measure: name, width, n, events, driver."""
        return pd.DataFrame(list(self.criteria))

    @classmethod
    def of(cls, criteria: tuple[Precision, ...], risk: float, c_statistic: float) -> ExternalSampleSize:
        """Put the measures together."""
        most = max(criteria, key=lambda criterion: criterion.n)
        return cls(most.n, most.events, criteria, risk, c_statistic)


def sample_size_external_binary(
    prevalence: float,
    linear_predictor: NormalPredictor | ArrayLike,
    *,
    c_statistic: float | None = None,
    oe_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
    threshold: float | None = None,
    net_benefit_width: float = 0.2,
) -> ExternalSampleSize:
    """Patients needed to validate a logistic model in other patients.

    Parameters
    ----------
    prevalence : share of the new patients with the event. linear_predictor : its distribution in them, log odds; values
        of patients (at least 20) or a `NormalPredictor`.
    c_statistic : anticipated; default what the linear predictor implies if the model is calibrated.
    oe_width, slope_width, c_width : of the 95 % intervals aimed at. threshold : risk from which on one would treat;
        with it, net_benefit_width is that of the standardised net benefit (net benefit / prevalence).

    Raises
    ------
    FitError
        Z07 a value out of its limits, Z08 a linear predictor that is no distribution.

    Warns
    -----
    PrognosisWarning
        Z09 the linear predictor implies another prevalence or C than were given.

    Notes
    -----
    The model is taken to be calibrated. ``pmvalsampsize`` has the same formulas, but draws a million patients where
    the expectations are integrated here, and stops its search for the standard error of O/E (in steps of 0.0001) just
    beyond the width asked for, so that its number for O/E is up to 0.3 % smaller.
    """
    widths = {"oe_width": oe_width, "slope_width": slope_width, "c_width": c_width}
    faults = [fault for name, value in (widths | {"net_benefit_width": net_benefit_width}).items()
              for fault in outside(name, value, 0, math.inf)]  # fmt: skip
    given = {"prevalence": (prevalence, 0), "c_statistic": (c_statistic, 0.5), "threshold": (threshold, 0)}
    for name, (value, lowest) in given.items():
        faults += outside(name, value, lowest, 1) if value is not None else []
    raise_findings([*faults, *unusable(linear_predictor)], FitError)
    spread = _Spread.of(linear_predictor)
    warn_findings(_contradictions(spread, prevalence, c_statistic))
    c = spread.c_statistic if c_statistic is None else c_statistic
    sized = [
        ("observed/expected", oe_width, _n_of_ratio(prevalence, oe_width), f"the share of events, {prevalence:.3g}"),
        ("calibration slope", slope_width, _n_of_slope(spread, slope_width),
         f"the spread of the linear predictor, sd {spread.sd:.3g}"),
        ("C statistic", c_width, _n_of_c(c, prevalence, c_width), f"the share of events, and a C of {c:.3g}"),
    ]  # fmt: skip
    if threshold is not None:
        n, driver = _n_of_net_benefit(spread, prevalence, threshold, net_benefit_width)
        sized.append((f"standardised net benefit at {threshold:g}", net_benefit_width, n, driver))
    criteria = tuple(Precision(name, width, n, n * prevalence, driver) for name, width, n, driver in sized)
    return ExternalSampleSize.of(criteria, prevalence, c)


def log_ratio_error(width: float) -> float:
    """Return the standard error of a log ratio of 1 whose 95 % interval has this width on the scale of the ratio."""
    return math.asinh(width / 2) / Z


def outside(name: str, value: float, lowest: float, highest: float) -> list[Finding]:
    """Check that a number lies between two others (Z07)."""
    if lowest < value < highest:
        return []
    way_out = f"give a number above {lowest:g}" + (f" and below {highest:g}" if math.isfinite(highest) else "")
    return [Finding("Z07", f"{name}={value!r} is out of its limits", way_out)]


def unusable(linear_predictor: NormalPredictor | ArrayLike) -> list[Finding]:
    """Check that a linear predictor is a distribution (Z08)."""
    way_out = f"give NormalPredictor(mean, sd) or the values of at least {FEWEST} patients"
    if isinstance(linear_predictor, NormalPredictor):
        known = math.isfinite(linear_predictor.mean) and 0 < linear_predictor.sd < math.inf
        return (
            []
            if known
            else [Finding("Z08", f"{linear_predictor}: no finite mean, or an sd that is not above 0", way_out)]
        )
    values = np.asarray(linear_predictor)
    if values.ndim != 1 or len(values) < FEWEST or values.dtype.kind not in "iuf":
        return [Finding("Z08", "the linear predictor is no list of enough numbers", way_out)]
    if not np.isfinite(values).all() or np.ptp(values) == 0:
        return [Finding("Z08", "the linear predictor is missing or infinite somewhere, or the same for all", way_out)]
    return []


def quantiles(linear_predictor: NormalPredictor | ArrayLike, shares: Floats) -> Floats:
    """Quantiles of a linear predictor."""
    if isinstance(linear_predictor, NormalPredictor):
        return np.asarray(linear_predictor.mean + linear_predictor.sd * ndtri(shares))
    return np.asarray(np.quantile(np.asarray(linear_predictor, float), shares))


class _Spread(NamedTuple):
    """Values of a linear predictor in increasing order with their probabilities, and the risk at each, (m,)."""

    value: Floats
    weight: Floats
    risk: Floats

    @classmethod
    def of(cls, given: NormalPredictor | ArrayLike) -> _Spread:
        if isinstance(given, NormalPredictor):
            z = np.linspace(-REACH, REACH, PLACES)
            value, density = given.mean + given.sd * z, np.exp(-(z**2) / 2)
        else:
            value, count = np.unique(np.asarray(given, float), return_counts=True)
            density = count.astype(float)
        return cls(value, density / density.sum(), expit(value))

    @property
    def prevalence(self) -> float:
        return float(self.weight @ self.risk)

    @property
    def sd(self) -> float:
        return math.sqrt(float(self.weight @ (self.value - self.weight @ self.value) ** 2))

    @property
    def c_statistic(self) -> float:
        """C of a calibrated model: how often an event has the higher value than a non-event, ties half."""
        events, others = self.weight * self.risk, self.weight * (1 - self.risk)
        lower = np.cumsum(others) - others / 2
        return float(events @ lower / (events.sum() * others.sum()))


def _contradictions(spread: _Spread, prevalence: float, c_statistic: float | None) -> list[Finding]:
    found = []
    if abs(spread.prevalence / prevalence - 1) > APART_RELATIVE:
        found.append(f"a prevalence of {spread.prevalence:.3g}, not {prevalence:.3g}")
    if c_statistic is not None and abs(spread.c_statistic - c_statistic) > APART_C:
        found.append(f"a C of {spread.c_statistic:.3g}, not {c_statistic:.3g}")
    rule = f"calibrated risks of this linear predictor have {' and '.join(found)}"
    way_out = "give the linear predictor of the patients of the validation, not of the development"
    return [Finding("Z09", rule, way_out, severity="warning")] if found else []


def _n_of_ratio(prevalence: float, width: float) -> int:
    """Solve var(log O/E) = (1 - prevalence) / (n prevalence) for n."""
    return math.ceil((1 - prevalence) / (prevalence * log_ratio_error(width) ** 2))


def _n_of_slope(spread: _Spread, width: float) -> int:
    """Invert the information that a patient brings on intercept and slope, where they are 0 and 1."""
    information = spread.weight * spread.risk * (1 - spread.risk)
    intercept, both, slope = (float(information @ spread.value**power) for power in (0, 1, 2))
    variance = intercept / (intercept * slope - both**2)
    return math.ceil(variance * (2 * Z / width) ** 2)


def _n_of_c(c: float, prevalence: float, width: float) -> int:
    """Solve the variance of C for n: Newcombe (2006), method 4 with both groups' sizes replaced by their mean."""
    share = (1 - c) / (2 - c) + c / (1 + c)
    asked = prevalence * (1 - prevalence) * (width / (2 * Z)) ** 2
    # asked n^2 = c (1 - c) (1 + (n / 2 - 1) share)
    slope, level = c * (1 - c) * share / 2, c * (1 - c) * (1 - share)
    return math.ceil((slope + math.sqrt(slope**2 + 4 * asked * level)) / (2 * asked))


def _n_of_net_benefit(spread: _Spread, prevalence: float, threshold: float, width: float) -> tuple[int, str]:
    """Solve the variance of sensitivity - (1 - specificity) odds / prevalence odds for n; say what it rests on."""
    positive = spread.risk >= threshold
    events, others = spread.weight * spread.risk, spread.weight * (1 - spread.risk)
    sensitivity, false = (float(part[positive].sum() / part.sum()) for part in (events, others))
    odds = (1 - prevalence) / prevalence * threshold / (1 - threshold)
    variance = (
        sensitivity * (1 - sensitivity) / prevalence
        + odds**2 * false * (1 - false) / (1 - prevalence)
        + odds**2 * false**2 / (prevalence * (1 - prevalence))
    )
    n = max(math.ceil(variance * (2 * Z / width) ** 2), 1)
    return n, f"the share of events, with sensitivity {sensitivity:.2f} and specificity {1 - false:.2f} there"
