"""What the linear predictor explains by its own likelihood: the indexes of ``rms::validate``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.evaluation import Evaluation
from prognosis.metrics.index import EVERY, Index, Reading, bare

Floats = NDArray[np.float64]


def nagelkerke_r2(e: Evaluation) -> float:
    """Estimate Nagelkerke's R2 of the recalibrated linear predictor. Source: Nagelkerke (1991)."""
    at, n = e.recalibration, len(e.marker)
    _unit(e)
    explained, possible = (-np.expm1(-2 * gain / n) for gain in (at.refitted - at.null, -at.null))
    return float(explained / possible)


def discrimination(e: Evaluation) -> float:
    """Estimate D: (likelihood ratio - 1) over -2 null log-likelihood; a binary outcome over n."""
    return float((2 * (e.recalibration.refitted - e.recalibration.null) - 1) / _unit(e))


def unreliability(e: Evaluation) -> float:
    """Estimate U: what refitting the slope gains, over the same unit; less 2 where that is all fit.

    In the rows of the fit the slope is 1 and nothing is gained: there U is -2 over the unit, as in ``rms``.
    """
    gain = 2 * (e.recalibration.refitted - e.recalibration.given)
    return float((gain if gain > TINY else gain - 2) / _unit(e))


def quality(e: Evaluation) -> float:
    """Estimate Q = D - U."""
    return discrimination(e) - unreliability(e)


def gini_mean_difference(e: Evaluation) -> float:
    """Estimate g: the mean difference in linear predictor between two patients, times the slope's size."""
    ordered, n = np.sort(e.score), len(e.score)
    if n < 2:
        raise PredictionError(Finding("M18", "one patient has no difference to another", "judge in more patients"))
    difference = 2 * float(ordered @ (2 * np.arange(1, n + 1) - n - 1)) / (n * (n - 1))
    return abs(e.recalibration.slope) * difference


TINY = 1e-7


def _unit(e: Evaluation) -> float:
    if e.recalibration.null == 0:
        rule = "the outcome of these patients is certain without any predictor: nothing is left to explain"
        raise PredictionError(Finding("M17", rule, "judge in patients with and without the event, several at risk"))
    return -2 * e.recalibration.null if e.outcome.timed else float(len(e.marker))


def _plain(measure: Callable[[Evaluation], float]) -> Callable[[Evaluation, bool], Reading]:
    def read(e: Evaluation, errors: bool) -> Reading:  # noqa: ARG001
        return bare(np.array([measure(e)]))

    return read


R2 = Index("r2", _plain(nagelkerke_r2), 50, EVERY, external=False, perfect=1.0, higher_is_better=True,
           bounds=(-np.inf, 1.0))  # fmt: skip
D = Index("d_index", _plain(discrimination), 51, external=False, higher_is_better=True)
U = Index("u_index", _plain(unreliability), 52, ("time_to_event",), external=False, higher_is_better=False)
Q = Index("q_index", _plain(quality), 53, ("time_to_event",), external=False, higher_is_better=True)
G = Index("g_index", _plain(gini_mean_difference), 54, external=False, higher_is_better=True)
