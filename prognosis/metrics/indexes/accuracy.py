"""How far predicted risks lie from what happened: Brier score, index of prediction accuracy, integrated Brier score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.evaluation import Evaluation
from prognosis.metrics.accuracy import accuracy_of, brier, brier_of, integrated_brier, null_brier_of
from prognosis.metrics.by_horizon import checked_risk
from prognosis.metrics.index import TIMED, Index, Reading, bare, binary_reading, reading, refuse_weights
from prognosis.metrics.weights import check_events

Floats = NDArray[np.float64]


def _brier(e: Evaluation, errors: bool) -> Reading:
    refuse_weights(e, "brier")
    if not e.outcome.timed:
        return binary_reading(e, "brier") if errors else bare(np.array([_squared(e)]))
    return reading(brier_of(e.censoring, checked_risk(e.risk, e.risk.shape), errors=errors), errors)


def _unrelated(e: Evaluation) -> Floats:
    """Mean squared distance of risks and outcomes that are paired at random. Source: Efron and Tibshirani (1997)."""
    observed = e.censoring.observed if e.outcome.timed else np.array([(e.outcome.event == 1).mean()])
    return observed * (1 - 2 * e.risk.mean(axis=0)) + (e.risk**2).mean(axis=0)


def _unrelated_ipa(e: Evaluation) -> Floats:
    observed = e.censoring.observed if e.outcome.timed else np.array([(e.outcome.event == 1).mean()])
    return 1 - _unrelated(e) / (observed * (1 - observed))


def _ipa(e: Evaluation, errors: bool) -> Reading:
    refuse_weights(e, "ipa")
    if not e.outcome.timed:
        check_events(e.outcome)
        base = float((e.outcome.event == 1).mean())
        if base == 1:
            rule = f"all {len(e.marker)} patients had the event: the null model is never wrong"
            raise PredictionError(Finding("M16", rule, "judge in patients with and without the event"))
        return binary_reading(e, "ipa") if errors else bare(np.array([1 - _squared(e) / (base * (1 - base))]))
    model = brier_of(e.censoring, checked_risk(e.risk, e.risk.shape), errors=errors)
    return reading(accuracy_of(model, null_brier_of(e.censoring, errors=errors)), errors)


def _ibs(e: Evaluation, errors: bool) -> Reading:
    """Integrate over the horizons, from the first to the last."""
    refuse_weights(e, "ibs")
    score = brier(e.outcome, e.risk, e.horizons, errors=errors)
    found = integrated_brier(score)
    whole = reading(found, errors)
    return Reading(*(part[..., -1:] for part in (whole.estimate, whole.lower, whole.upper, whole.influence)))


def _squared(e: Evaluation) -> float:
    return float(((e.risk[:, 0] - (e.outcome.event == 1)) ** 2).mean())


BRIER = Index("brier", _brier, 30, by_horizon=True, internal=True, perfect=0.0, higher_is_better=False,
              bounds=(0.0, 1.0), no_information=_unrelated)  # fmt: skip
IPA = Index("ipa", _ipa, 31, by_horizon=True, internal=True, perfect=1.0, higher_is_better=True,
            bounds=(-np.inf, 1.0), no_information=_unrelated_ipa)  # fmt: skip
IBS = Index("ibs", _ibs, 32, TIMED, external=False, perfect=0.0, higher_is_better=False,
            bounds=(0.0, 1.0), grid=True)  # fmt: skip
