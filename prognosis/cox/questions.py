"""What a statistician asks of a fresh Cox fit: residuals, tests, concordance, proportional hazards, shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.cox.diagnostics import Residual, residuals_of
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.fitting import risk_sets_of
from prognosis.cox.hypothesis_tests import CoxTests, cox_tests, robust_score_test
from prognosis.cox.proportional_hazards import Transform, proportional_hazards_test
from prognosis.metrics.concordance import Concordance, TimeWeight, clustered_se, concordance
from prognosis.regression import Regression, TrainingRows
from prognosis.risk_sets import RiskSets, merge_close_times
from prognosis.shrinkage import shrink_cox

Floats = NDArray[np.float64]


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
    def _fitted(self) -> Any:
        return self

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
        fitted: Any = self
        kept, estimate = self._training, fitted.estimate_
        if not isinstance(estimate, CauseSpecificEstimate):
            return self._proportional_hazards(kept.linear_predictor, kept.risk_sets, transform)
        # every hazard enters the risk: each event is tested
        tables = []
        for cause, model in zip(estimate.causes, estimate.models, strict=True):
            eta = kept.design @ model.coefficients + (0.0 if kept.special.offset is None else kept.special.offset)
            sets = risk_sets_of(kept, kept.outcome.event == cause)
            tables.append(self._proportional_hazards(eta, sets, transform).assign(cause=cause))
        return pd.concat(tables, ignore_index=True)

    def _proportional_hazards(self, eta: Floats, risk_sets: RiskSets, transform: Transform) -> pd.DataFrame:
        fitted: Any = self
        kept = self._training
        entry = kept.outcome.entry
        # times that differ by rounding are one time here too, as they were in the fit
        time, *late = merge_close_times(kept.outcome.time, *(() if entry is None else (entry,)))
        return proportional_hazards_test(
            kept.design,
            eta,
            risk_sets,
            fitted.preparation_.terms_of_test(),
            entry=late[0] if late else None,
            time=time,
            transform=transform,
            efron=self.ties == "efron",
        )

    def shrunken(self, slope: float) -> CoxEstimate:
        """Return the estimate with all log hazard ratios times `slope`; see `shrink_cox`.

        Raises
        ------
        FitError
            Z04 with competing events, where one slope says nothing of the other hazards; or after Firth's fit.
        """
        kept, fitted = self._training, self._fitted
        if isinstance(fitted.estimate_, CauseSpecificEstimate):
            rule = "one slope cannot shrink the hazards of several events"
            raise FitError(Finding("Z04", rule, "shrink a Cox model of one event"))
        if self.penalty is not None:
            raise FitError(Finding("Z04", "Firth's penalty has shrunken the model already", "leave it as it is"))
        return shrink_cox(self.of_interest, slope, kept.design, kept.risk_sets, kept.special.offset)
