"""The other baseline of a Cox model: Breslow's hazard, also after an Efron fit."""

from __future__ import annotations

from dataclasses import replace

from prognosis.cox.baseline import baseline_of
from prognosis.cox.diagnostics import FittedRows
from prognosis.cox.estimate import CoxEstimate


def with_breslow_baseline(estimate: CoxEstimate, training: FittedRows) -> CoxEstimate:
    """Return the same coefficients with Breslow's cumulative hazard, which shares no risk among tied events.

    Everything that follows from the estimate (risk, quantiles, paths) then uses it. It is the hazard of lifelines and
    scikit-survival, smaller than Efron's where events tie.

    Parameters
    ----------
    estimate, training : of the fit, whatever its ties.

    Notes
    -----
    Source: Breslow (1972); R's ``survfit(coxph, stype = 2, ctype = 1)``, also called Aalen's estimate there.
    """
    kept, old = training, estimate.baseline
    baseline = baseline_of(kept.design, kept.linear_predictor, kept.risk_sets, old.end, efron=False)
    return replace(estimate, baseline=baseline)
