"""Cox proportional hazards regression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.answering import Answering
from prognosis.competing.cause_specific import CauseSpecificEstimate, fit_causes
from prognosis.cox.counted_rows import counted_rows
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.fitting import fit_event, risk_sets_of
from prognosis.cox.questions import CoxQuestions, CoxTraining
from prognosis.cox.recalibration import CoxRecalibrations, counted_alike
from prognosis.cox.refits import cox_refits
from prognosis.evaluation import NONE, Recalibration
from prognosis.imputation.pooled_hazards import pool_cox
from prognosis.imputation.pooling import Pooled, pooled_causes
from prognosis.limits import Bounds, Choice, Limit, Shape
from prognosis.outcome import SurvivalArrays
from prognosis.preparation import Knots
from prognosis.published.estimate import PublishedHazard
from prognosis.refits import Refits
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Rows
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]


class Cox(CoxQuestions):
    """Cox proportional hazards regression for a time to event.

    With competing events every cause is fitted, and the risk is the probability of the event of interest with the
    others competing (Benichou and Gail 1990; R's ``riskRegression::CSC``).

    Parameters
    ----------
    ties : ``efron`` (default, as R) or ``breslow``; the baseline hazard follows.
    splines : restricted cubic splines by variable: a number of knots (Harrell's default places) or the knots.
    interactions : pairs of predictors.
    transforms : by variable, one of log, log1p, sqrt, square, scaled.
    strata : columns whose combinations have a baseline of their own.
    weights : column of case weights; weights that are no whole numbers give robust standard errors, as in R.
    cluster : column of clusters for robust standard errors.
    offset : column with a fixed part of the linear predictor.
    penalty : None, or ``firth`` for separated data or few events: Firth's penalised likelihood with profile limits.
    ridge : penalty ``ridge / 2 * sum(coefficient^2 * variance of the column)``, as R's ``ridge(scale=TRUE)``.

    Notes
    -----
    Sources: Cox (1972), Efron (1977), Lin and Wei (1989). Equal to R's ``coxph`` to 1e-8 on the golden values.
    """

    kind: ClassVar[str] = "cox"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event", "competing")
    limits: ClassVar[Mapping[str, Limit]] = {
        "ties": Choice(("efron", "breslow")),
        "ridge": Bounds(0.0),
        "penalty": Shape('None or "firth"', lambda value: value is None or value == "firth"),
        **TERM_LIMITS,
        **COLUMN_LIMITS,
    }
    estimate_class: ClassVar[Any] = (CoxEstimate, CauseSpecificEstimate, PublishedHazard)

    def __init__(
        self,
        ties: str = "efron",
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        strata: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
        ridge: float = 0.0,
        penalty: str | None = None,
    ) -> None:
        self.ties = ties
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.strata = strata
        self.weights = weights
        self.cluster = cluster
        self.offset = offset
        self.ridge = ridge
        self.penalty = penalty

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Cox:
        """Estimate the model.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time[, entry]).

        Raises
        ------
        FitError
            The likelihood has no maximum, columns depend on each other, too few rows or events (all findings at once).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        rows = self.prepare(X, y, penalised=self.ridge > 0 or self.penalty is not None)
        event = rows.outcome.event
        fit = partial(self._fit_event, rows)
        estimate = fit_causes(fit, event) if (event > 1).any() else fit(event == 1)
        eta = estimate.linear_predictor(rows.design, rows.special.offset)
        centred, sets = rows.design - estimate.means, risk_sets_of(rows, event == 1)
        return self._keep(rows, estimate, CoxTraining(centred, rows.outcome, rows.special, eta, risk_sets=sets))

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Return what refits this recipe to chosen rows, by counts where they give the same numbers."""
        return cox_refits(self, X, y, horizons)

    def recalibration(
        self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats
    ) -> Callable[[NDArray[np.int64]], Recalibration]:
        """Return what recalibrates chosen rows, by counts where they differ in nothing but time and event."""
        if not counted_alike(outcome, special):
            return super().recalibration(outcome, special, linear_predictor)
        rows = counted_rows(outcome.time, outcome.event == 1, NONE)
        return CoxRecalibrations(outcome, linear_predictor, rows, self.ties == "efron")

    def _fit_event(self, rows: Rows, died: NDArray[np.bool_]) -> CoxEstimate:
        sets = risk_sets_of(rows, died)
        return fit_event(
            rows,
            sets,
            tuple(self.strata),
            efron=self.ties == "efron",
            ridge=self.ridge,
            firth=self.penalty == "firth",
        )

    def check_parameters(self) -> None:
        """Check every parameter; a ridge and Firth's penalty exclude each other (S14)."""
        super().check_parameters()
        if self.ridge and self.penalty:
            rule = f"Cox: ridge={self.ridge:g} and penalty='firth' cannot both be"
            raise FitError(Finding("S14", rule, "choose one of them"))

    def marker(self, frame: pd.DataFrame) -> Floats:
        """Linear predictor; with competing events the absolute risk, which the other hazards enter too."""
        if not isinstance(self.estimate_, CauseSpecificEstimate):
            return self.predict(frame)
        last = float(min(self.estimate_.models[0].event_times[-1], self.estimate_.end.min()))
        horizon = np.array([min(self._own("_horizon", last), last)])
        risk, *_ = Answering(self.preparation_, self.estimate_, self.offset, None, 0).risk(frame, horizon, 0.95, "log")
        return risk[:, 0]

    def pool(self, fits: Sequence[Any]) -> tuple[CoxEstimate | CauseSpecificEstimate, Pooled]:
        """Pool Cox models of completed copies of the same rows, every cause by itself; see `pool_cox`."""
        training, first = fits[0].training_, fits[0].estimate_
        designs = [fit.training_.design + fit.estimate_.means for fit in fits]
        offset = training.special.offset
        if not isinstance(first, CauseSpecificEstimate):
            return pool_cox([fit.estimate_ for fit in fits], designs, training.risk_sets, offset)
        models, parts = [], {}
        for place, cause in enumerate(first.causes):
            sets = risk_sets_of(training, training.outcome.event == cause)
            model, parts[cause] = pool_cox([fit.estimate_.models[place] for fit in fits], designs, sets, offset)
            models.append(model)
        return replace(first, models=tuple(models)), pooled_causes(parts)
