"""How many patients an external validation of a survival model needs: precise O/E by a horizon, slope and C.

Source: Riley et al., Statistics in Medicine 2022 (41:1280): precision in made-up patients of the new population.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.cox.regression import fit_cox
from prognosis.metrics.concordance import concordance
from prognosis.metrics.observed_expected import observed_expected
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from prognosis.sample_size_external import (
    ExternalSampleSize,
    NormalPredictor,
    Precision,
    Z,
    log_ratio_error,
    outside,
    quantiles,
    unusable,
)

Floats = NDArray[np.float64]
# Patients are spread evenly over predictor, time and end of follow-up (Sobol's sequence), not drawn: a power of 2.
LOG2_PATIENTS = 14
PATIENTS = 2**LOG2_PATIENTS


def sample_size_external_survival(
    risk: float,
    horizon: float,
    linear_predictor: NormalPredictor | ArrayLike,
    censored: tuple[float, float],
    *,
    shape: float = 1.0,
    oe_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
) -> ExternalSampleSize:
    """Patients needed to validate a survival model in other patients.

    Parameters
    ----------
    risk : of the event by the horizon in the new patients, overall. linear_predictor : its distribution in them, log
        hazard ratios; values of patients (at least 20) or a `NormalPredictor` (its mean plays no part).
    censored : earliest and latest end of follow-up, uniform between them, in the unit of the horizon.
    shape : of the Weibull times given the linear predictor, 1 for a constant hazard.
    oe_width, slope_width, c_width : of the 95 % intervals aimed at: observed over expected risk by the horizon, slope
        of the linear predictor in a Cox model, Harrell's C; the latter two from the whole follow-up.

    Raises
    ------
    FitError
        Z07 a value out of its limits, Z08 a linear predictor that is no distribution, Z10 nobody is followed to the
        horizon.

    Notes
    -----
    The model is taken to be calibrated. 16,384 patients are made up, spread evenly over what may happen; the squared
    errors of the three measures there, times 16,384, are those of a single patient. So n is known to about 0.3 %.
    """
    raise_findings([*_faults(risk, horizon, censored, shape, (oe_width, slope_width, c_width)),
                    *unusable(linear_predictor)], FitError)  # fmt: skip
    made = _made_up(risk, horizon, linear_predictor, censored, shape)
    share, spread = float(made.outcome.event.mean()), float(made.linear_predictor.std())
    ratio, slope, (c, of_c) = _ratio_error(made, horizon), _slope_error(made), _concordance(made)
    sized = (
        (f"observed/expected by {horizon:g}", oe_width, ratio / log_ratio_error(oe_width),
         f"the share of events by the horizon, {risk:.3g}"),
        ("calibration slope", slope_width, slope / (slope_width / (2 * Z)),
         f"the spread of the linear predictor, sd {spread:.3g}, and events in all, {share:.3g} a patient"),
        ("C statistic", c_width, of_c / (c_width / (2 * Z)),
         f"events in all, {share:.3g} a patient, and a C of {c:.3g}"),
    )  # fmt: skip
    criteria = tuple(
        Precision(name, width, n := math.ceil(PATIENTS * excess**2), n * share, driver)
        for name, width, excess, driver in sized
    )
    return ExternalSampleSize.of(criteria, risk, c)


class _Made(NamedTuple):
    """Made-up patients of the new population, with the risks that a calibrated model gives them."""

    outcome: SurvivalArrays
    linear_predictor: Floats
    risk: Floats


def _made_up(
    risk: float, horizon: float, given: NormalPredictor | ArrayLike, censored: tuple[float, float], shape: float
) -> _Made:
    from scipy.stats.qmc import Sobol

    # the first point is 0, which no quantile has
    place, survived, followed = Sobol(3, scramble=False).random_base2(LOG2_PATIENTS).T + 0.5 / PATIENTS
    predictor = quantiles(given, place)
    predictor = predictor - predictor.mean()
    level = brentq(lambda a: _risks(a + predictor).mean() - risk, *_bracket(risk, predictor))
    time = horizon * (-np.log(survived) / np.exp(level + predictor)) ** (1 / shape)
    end = censored[0] + (censored[1] - censored[0]) * followed
    event = (time <= end).astype(np.int64)
    return _Made(SurvivalArrays(np.minimum(time, end), event), predictor, _risks(level + predictor))


def _bracket(risk: float, predictor: Floats) -> tuple[float, float]:
    """Levels at which everybody's risk is below, and above, the overall one."""
    middle = math.log(-math.log1p(-risk))
    return middle - float(predictor.max()), middle - float(predictor.min())


def _risks(log_hazard: Floats) -> Floats:
    return np.asarray(-np.expm1(-np.exp(log_hazard)))


def _ratio_error(made: _Made, horizon: float) -> float:
    """Error of log O/E, the predicted risks as constants."""
    found = observed_expected(made.outcome, made.risk[:, None], [horizon], expected="fixed")
    return float(found.std_err[0] / found.estimate[0])


def _slope_error(made: _Made) -> float:
    sets = build_risk_sets(made.outcome.time, made.outcome.event == 1)
    fit = fit_cox(made.linear_predictor[:, None], sets, ("linear predictor",))
    return math.sqrt(fit.covariance[0, 0])


def _concordance(made: _Made) -> tuple[float, float]:
    found = concordance(made.outcome.time, made.outcome.event == 1, made.linear_predictor)
    return found.concordance, found.se


def _faults(
    risk: float, horizon: float, censored: tuple[float, float], shape: float, widths: tuple[float, float, float]
) -> list[Finding]:
    names = ("oe_width", "slope_width", "c_width")
    positive = {"horizon": horizon, "shape": shape} | dict(zip(names, widths, strict=True))
    found = [fault for name, value in positive.items() for fault in outside(name, value, 0, math.inf)]
    found += outside("risk", risk, 0, 1)
    first, last = censored
    if not 0 <= first < last < math.inf:
        way_out = "give the earliest and the latest end of follow-up, the earliest first"
        found.append(Finding("Z07", f"censored={censored!r} are no limits of follow-up", way_out))
    elif last <= horizon:
        rule = f"follow-up ends at {last:g} at the latest: nobody is followed beyond the horizon {horizon:g}"
        found.append(Finding("Z10", rule, "choose an earlier horizon, or plan a longer follow-up"))
    return found
