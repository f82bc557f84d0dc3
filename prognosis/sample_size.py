"""How many patients a prediction model needs before it is developed: Riley's criteria for binary and survival outcomes.

Sources: Riley et al., Statistics in Medicine 2019 (38:1276, part II) and BMJ 2020 (368:m441); R's ``pmsampsize`` 1.1.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.special import log_expit, logit

from cohorts.errors import Finding, FitError, raise_findings

# Width of the interval of the overall risk, as printed in the papers.
Z = 1.96
# Difference between apparent and adjusted Nagelkerke R2 that criterion (ii) allows.
OPTIMISM = 0.05
# Share of the largest Cox-Snell R2 that Riley et al. (2020) assume where nothing is known about the model.
DEFAULT_NAGELKERKE = 0.15
# Quadrature points of the integral over the linear predictor.
NODES = 120
# pmsampsize counts the events of so many patients, rounded up.
R_COHORT = 10_000


@dataclass(frozen=True)
class Criterion:
    """Smallest cohort that meets one criterion.

    Parameters
    ----------
    name : what it asks for. n : patients. events : expected among them. events_per_parameter : their quotient.
    shrinkage : expected uniform shrinkage at this n; not a number for the precision of the overall risk.
    """

    name: str
    n: int
    events: float
    events_per_parameter: float
    shrinkage: float


@dataclass(frozen=True)
class SampleSize:
    """Smallest cohort for developing a model, with what it was derived from.

    Parameters
    ----------
    n, events, events_per_parameter : of the most demanding criterion. criteria : the three.
    parameters : candidate parameters, selected or not. r_squared : assumed Cox-Snell R2. max_r_squared : its largest
        possible value. basis : where the R2 comes from, in words.
    risk : overall risk (by the time point). risk_interval : 95 % limits of an estimate of it from n patients.
    """

    n: int
    events: float
    events_per_parameter: float
    criteria: tuple[Criterion, ...]
    parameters: int
    r_squared: float
    max_r_squared: float
    basis: str
    risk: float
    risk_interval: tuple[float, float]

    @property
    def nagelkerke(self) -> float:
        """Assumed Nagelkerke R2: Cox-Snell as a share of its largest value."""
        return self.r_squared / self.max_r_squared

    @property
    def binding(self) -> Criterion:
        """The criterion that needs most patients."""
        return max(self.criteria, key=lambda criterion: criterion.n)

    def table(self) -> pd.DataFrame:
        """One line a criterion: name, n, events, events_per_parameter, shrinkage."""
        return pd.DataFrame(list(self.criteria))


def sample_size_binary(
    parameters: int,
    prevalence: float,
    *,
    r_squared: float | None = None,
    nagelkerke: float | None = None,
    c_statistic: float | None = None,
    shrinkage: float = 0.9,
    margin: float = 0.05,
) -> SampleSize:
    """Patients needed to develop a logistic model.

    Parameters
    ----------
    parameters : candidate parameters, each spline term and dummy. prevalence : share of patients with the event.
    r_squared : anticipated Cox-Snell R2, adjusted for optimism; or `nagelkerke`; or `c_statistic`
        (`cox_snell_from_c`); with none of them 15 % of the largest Cox-Snell R2.
    shrinkage : uniform shrinkage to be reached, criterion (i). margin : half-width of the interval of the overall risk.

    Raises
    ------
    FitError
        Z02 a value out of its limits, Z03 an R2 that no such model can have.

    Notes
    -----
    Equal to R's ``pmsampsize(type = "b")``, but for a C statistic: R draws a million patients and rounds to four
    digits, here the same expectation is integrated.
    """
    faults = [*_limits(parameters, shrinkage, margin), *_within("prevalence", prevalence, 1.0)]
    raise_findings([*faults, *_one_of(r_squared, nagelkerke, c_statistic)], FitError)
    top = max_cox_snell_binary(prevalence)
    assumed, basis = _assumed(r_squared, nagelkerke, top)
    if c_statistic is not None:
        assumed, basis = cox_snell_from_c(c_statistic, prevalence), f"a C statistic of {c_statistic:g}"
    overall = math.ceil((Z / margin) ** 2 * prevalence * (1 - prevalence))
    found = _criteria(parameters, assumed, top, shrinkage, overall, prevalence)
    n = max(criterion.n for criterion in found)
    width = Z * math.sqrt(prevalence * (1 - prevalence) / n)
    return _result(found, parameters, assumed, top, basis, (prevalence, prevalence - width, prevalence + width))


def sample_size_survival(
    parameters: int,
    rate: float,
    timepoint: float,
    mean_follow_up: float,
    *,
    r_squared: float | None = None,
    nagelkerke: float | None = None,
    shrinkage: float = 0.9,
    margin: float = 0.05,
) -> SampleSize:
    """Patients needed to develop a survival model.

    Parameters
    ----------
    parameters : candidate parameters. rate : events per unit of follow-up time. timepoint : horizon of the prediction.
    mean_follow_up : in the same unit. The others as in `sample_size_binary`.

    Raises
    ------
    FitError
        Z02 a value out of its limits, Z03 an R2 that no such model can have.

    Notes
    -----
    Equal to R's ``pmsampsize(type = "s")`` where the first two criteria bind, as they nearly always do. R has no n for
    the third: it prints the interval of the risk by the time point. Here n is raised until the wider (lower) half of
    that interval is within the margin, with a constant rate: risk = 1 - exp(-rate * timepoint).
    """
    times = {"rate": rate, "timepoint": timepoint, "mean_follow_up": mean_follow_up}
    faults = [fault for name, value in times.items() for fault in _within(name, value, math.inf)]
    raise_findings([*_limits(parameters, shrinkage, margin), *faults, *_one_of(r_squared, nagelkerke)], FitError)
    top = max_cox_snell_survival(rate, mean_follow_up)
    assumed, basis = _assumed(r_squared, nagelkerke, top)
    width = math.log1p(margin * math.exp(rate * timepoint)) / timepoint
    overall = math.ceil((Z / width) ** 2 * rate / mean_follow_up)
    found = _criteria(parameters, assumed, top, shrinkage, overall, rate * mean_follow_up)
    n = max(criterion.n for criterion in found)
    width = Z * math.sqrt(rate / (n * mean_follow_up))
    risk, lower, upper = (-math.expm1(-timepoint * value) for value in (rate, max(rate - width, 0.0), rate + width))
    return _result(found, parameters, assumed, top, basis, (risk, lower, upper))


def max_cox_snell_binary(prevalence: float) -> float:
    """Largest Cox-Snell R2 of a logistic model: 1 - exp(2 / n times the log-likelihood of the prevalence alone)."""
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log1p(-prevalence)
    return -math.expm1(2 * null)


def max_cox_snell_survival(rate: float, mean_follow_up: float) -> float:
    """Largest Cox-Snell R2 of a survival model, from an exponential model whose time unit is the mean follow-up."""
    events = math.ceil(rate * (mean_follow_up * R_COHORT)) / R_COHORT
    return -math.expm1(2 * (events * math.log(events) - events))


def cox_snell_from_c(c_statistic: float, prevalence: float) -> float:
    """Cox-Snell R2 of a logistic model with this C statistic, its linear predictor normal among events and non-events.

    Source: Riley, Van Calster and Collins (2021), Statistics in Medicine 40:859.

    Raises
    ------
    FitError
        Z02 unless 0.5 < C < 1 and 0 < prevalence < 1.
    """
    raise_findings([*_within("c_statistic", c_statistic, 1.0, 0.5), *_within("prevalence", prevalence, 1.0)], FitError)
    distance = math.sqrt(2) * NormalDist().inv_cdf(c_statistic)
    points, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()

    def log_odds(x: np.ndarray) -> np.ndarray:
        return np.asarray(logit(prevalence) + distance * x - distance**2 / 2)

    events = weights @ log_expit(log_odds(points + distance))
    others = weights @ log_expit(-log_odds(points))
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log1p(-prevalence)
    return float(-np.expm1(2 * (null - prevalence * events - (1 - prevalence) * others)))


def _criteria(
    parameters: int, r_squared: float, top: float, shrinkage: float, overall: int, share: float
) -> tuple[Criterion, ...]:
    """Build the three criteria; `share` is the expected number of events a patient."""
    raise_findings(_impossible(r_squared, top, shrinkage), FitError)
    second = r_squared / (r_squared + OPTIMISM * top)
    asked = (
        (f"(i) shrinkage of at least {shrinkage:g}", _patients(parameters, r_squared, shrinkage), shrinkage),
        (f"(ii) optimism of Nagelkerke R2 of at most {OPTIMISM:g}", _patients(parameters, r_squared, second), second),
        ("(iii) precise overall risk", overall, math.nan),
    )
    return tuple(Criterion(name, n, n * share, n * share / parameters, s) for name, n, s in asked)


def _patients(parameters: int, r_squared: float, shrinkage: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r_squared / shrinkage)))


def _result(
    found: tuple[Criterion, ...],
    parameters: int,
    r_squared: float,
    top: float,
    basis: str,
    risk: tuple[float, float, float],
) -> SampleSize:
    most = max(found, key=lambda criterion: criterion.n)
    numbers = (most.n, most.events, most.events_per_parameter)
    return SampleSize(*numbers, found, parameters, r_squared, top, basis, risk[0], (max(risk[1], 0.0), risk[2]))


def _assumed(r_squared: float | None, nagelkerke: float | None, top: float) -> tuple[float, str]:
    """Cox-Snell R2 and where it comes from."""
    if r_squared is not None:
        return r_squared, f"a Cox-Snell R2 of {r_squared:g}"
    if nagelkerke is not None:
        return nagelkerke * top, f"a Nagelkerke R2 of {nagelkerke:g}"
    return DEFAULT_NAGELKERKE * top, f"nothing known: {100 * DEFAULT_NAGELKERKE:g} % of the largest Cox-Snell R2"


def _limits(parameters: int, shrinkage: float, margin: float) -> list[Finding]:
    found = [*_within("shrinkage", shrinkage, 1.0), *_within("margin", margin, 0.5)]
    if not parameters >= 1 or parameters % 1:
        found.append(Finding("Z02", f"parameters={parameters!r}", "give a whole number of at least 1"))
    return found


def _within(name: str, value: float, upper: float, lower: float = 0.0) -> list[Finding]:
    if lower < value < upper:
        return []
    way_out = f"give a number above {lower:g}" + (f" and below {upper:g}" if math.isfinite(upper) else "")
    return [Finding("Z02", f"{name}={value!r} is out of its limits", way_out)]


def _one_of(*given: float | None) -> list[Finding]:
    if sum(value is not None for value in given) <= 1:
        return []
    return [Finding("Z02", "more than one of r_squared, nagelkerke and c_statistic", "give one of them, or none")]


def _impossible(r_squared: float, top: float, shrinkage: float) -> list[Finding]:
    limit = min(top, shrinkage)
    if 0 < r_squared < limit:
        return []
    rule = f"a Cox-Snell R2 of {r_squared:.4g}, which must be above 0 and below {limit:.4g}"
    reason = "its largest value at this event rate" if top <= shrinkage else "the shrinkage asked for"
    return [Finding("Z03", rule, f"give a smaller one: the limit is {reason}")]
