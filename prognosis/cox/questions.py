"""What a statistician asks of a fresh Cox fit: residuals, tests, concordance, proportional hazards, shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.cox.diagnostics import Residual, residuals_of
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.hypothesis_tests import CoxTests, cox_tests, robust_score_test
from prognosis.cox.proportional_hazards import Transform, proportional_hazards_test
from prognosis.metrics.concordance import Concordance, TimeWeight, clustered_se, concordance
from prognosis.regression import Regression, TrainingRows
from prognosis.risk_sets import RiskSets
from prognosis.shrinkage import shrink_cox


@dataclass(frozen=True)
class CoxTraining(TrainingRows):
    """The training rows with the risk sets of the event of interest."""

    risk_sets: RiskSets = field(kw_only=True)


class CoxQuestions(Regression):
    """Diagnostics of a fitted Cox model; with competing events those of the event of interest."""

    ties: str
    ridge: float
    penalty: str | None

    @property
    def of_interest(self) -> CoxEstimate:
        """The Cox model of the event of interest."""
        fitted: Any = self
        estimate: CoxEstimate | CauseSpecificEstimate = fitted.estimate_
        return estimate.models[0] if isinstance(estimate, CauseSpecificEstimate) else estimate

    @property
    def _training(self) -> CoxTraining:
        fitted: Any = self
        kept: CoxTraining = fitted.training_
        return kept

    def residuals(self, kind: Residual, by: Sequence[object] | None = None) -> pd.DataFrame:
        """Residuals of the training rows (martingale, deviance, score, schoenfeld, dfbeta, ...); see `residuals_of`."""
        return residuals_of(self.of_interest, self._training, kind, by=by)

    def tests(self) -> CoxTests:
        """Likelihood-ratio, Wald and score test, AIC and BIC; see `cox_tests`."""
        kept, estimate = self._training, self.of_interest
        robust = None
        if estimate.robust:
            special, efron = kept.special, self.ties == "efron"
            robust = robust_score_test(
                kept.design, kept.risk_sets, offset=special.offset, cluster=special.cluster, efron=efron
            )
        events = int((kept.risk_sets.death >= 0).sum())
        return cox_tests(estimate, events, ridge=self.ridge, firth=self.penalty == "firth", robust_score=robust)

    def concordance(self, time_weight: TimeWeight = "n", tau: float | None = None) -> tuple[Concordance, float]:
        """Concordance in the training rows with its standard error, that of the clusters where there are any."""
        kept = self._training
        found = concordance(
            kept.outcome.time,
            kept.outcome.event == 1,
            kept.linear_predictor,
            weight=kept.weight,
            entry=kept.outcome.entry,
            stratum=kept.stratum,
            time_weight=time_weight,
            tau=tau,
        )
        cluster = kept.special.cluster
        return found, found.se if cluster is None else clustered_se(found, cluster)

    def proportional_hazards(self, transform: Transform = "km") -> pd.DataFrame:
        """Score test of proportional hazards for each term and globally, as R's ``cox.zph``."""
        kept: CoxTraining = self._training
        fitted: Any = self
        return proportional_hazards_test(
            kept.design,
            kept.linear_predictor,
            kept.risk_sets,
            fitted.preparation_.terms_of_test(),
            entry=kept.outcome.entry,
            time=kept.outcome.time,
            transform=transform,
            efron=self.ties == "efron",
        )

    def shrunken(self, slope: float) -> CoxEstimate:
        """Return the estimate with all log hazard ratios times `slope`; see `shrink_cox`."""
        kept = self._training
        return shrink_cox(self.of_interest, slope, kept.design, kept.risk_sets, kept.special.offset)
