"""A clinical model as the added-value test takes it: columns, outcome, how to deal it out, what a score adds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.added_value.dealing import deal_events, deal_follow_ups
from prognosis.cox.regression import fit_cox
from prognosis.logistic.regression import fit_logistic
from prognosis.risk_sets import RiskSets, build_risk_sets
from prognosis.validation.engine import check_models

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
SCORE = "score"
# Differences of a score below this part of its size are rounding.
CONSTANT = 1e-12


@dataclass(frozen=True, eq=False)
class ClinicalModel:
    """What is known of the patients without the score.

    Parameters
    ----------
    design : (n, p) columns of the model. names : of them. linear_predictor : (n,) log hazards, or log odds.
    time : (n,) or None for a binary outcome. event : (n,). stratum : (n,) or None. efron : ties.
    """

    design: Floats
    names: tuple[str, ...]
    linear_predictor: Floats
    time: Floats | None
    event: NDArray[np.bool_]
    stratum: Integers | None
    efron: bool

    def deal(self, rng: np.random.Generator) -> Integers:
        """Deal the outcomes out anew, (n,): the patient who gets each."""
        if self.time is None:
            return deal_events(self.event, self.linear_predictor, rng)
        return deal_follow_ups(self.time, self.event, self.linear_predictor, self.stratum, rng)

    def signed_root(self, patient: Integers, score: Floats) -> tuple[float, float]:
        """Return what a score adds to the clinical columns, and its coefficient.

        Parameters
        ----------
        patient : (n,) who has each outcome. score : (n,) of those patients.

        Returns
        -------
        The root of the likelihood ratio statistic with the sign of the coefficient; 0 and 0 for a constant score.

        Raises
        ------
        FitError
            As the fits of both models.
        """
        spread = float(np.ptp(score))
        if spread <= CONSTANT * float(np.abs(score).max(initial=0.0)):
            return 0.0, 0.0
        design = self.design[patient]
        # in the score's own standard deviations the fit loses no digits
        unit = float(score.std())
        without = self._fit(design, self.names)
        both = self._fit(np.column_stack([design, score / unit]), (*self.names, SCORE))
        ratio = 2 * (both.loglik[1] - without.loglik[1])
        coefficient = float(both.coefficients[-1])
        return float(np.sign(coefficient) * np.sqrt(max(ratio, 0.0))), coefficient / unit

    def _fit(self, design: Floats, names: tuple[str, ...]) -> Any:
        if self._sets is None:
            return fit_logistic(design, self.event, names)
        return fit_cox(design, self._sets, names, efron=self.efron)

    @cached_property
    def _sets(self) -> RiskSets | None:
        """Risk sets of the follow-ups, which stay the same whoever has them."""
        return None if self.time is None else build_risk_sets(self.time, self.event, None, self.stratum)


def clinical_model(study: Study, model: FittedModel) -> ClinicalModel:
    """Take a fitted model apart.

    Raises
    ------
    FitError
        V01 the model is not of this study; V40 it is no Cox or logistic regression by plain maximum likelihood, or its
        rows have weights, clusters, an offset, delayed entry or imputed values.
    """
    raise_findings(check_models(study, [model], fewer=True), FitError)
    raise_findings(_unsuited(study, model), FitError)
    fitted: Any = model.training.fitted if model.training is not None else None
    kept, estimate = fitted.training_, fitted.estimate_
    timed = study.endpoint.kind != "binary"
    linear_predictor = kept.linear_predictor if timed else estimate.intercept + kept.linear_predictor
    return ClinicalModel(
        np.ascontiguousarray(kept.design),
        tuple(estimate.names),
        linear_predictor,
        kept.outcome.time if timed else None,
        kept.outcome.event == 1,
        kept.special.stratum,
        getattr(model.recipe, "ties", "efron") == "efron",
    )


def _unsuited(study: Study, model: FittedModel) -> list[Finding]:
    recipe, outcome = model.recipe, study.outcome
    declared = [name for name in ("weights", "cluster", "offset", "ridge", "penalty") if getattr(recipe, name, None)]
    faults = [
        (recipe.kind not in ("cox", "logistic") or study.endpoint.kind == "competing",
         f"a {recipe.kind} model of a {study.endpoint.kind} endpoint"),
        (model.pooled is not None, "a model of imputed values"),
        (bool(declared), f"a model with {', '.join(declared)}"),
        (outcome.entry is not None, "delayed entry"),
    ]  # fmt: skip
    way_out = "fit Cox() or Logistic() by plain maximum likelihood to complete rows (splines and strata may be)"
    return [
        Finding("V40", f"{what}: its outcomes cannot be dealt out anew", way_out) for wrong, what in faults if wrong
    ]
