"""Fine-Gray regression for an event with competing events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.competing.fine_gray_estimate import FineGrayEstimate, estimate_fine_gray
from prognosis.competing.fine_gray_regression import REMEDY, fit_fine_gray
from prognosis.competing.subdistribution import CompetingRows, build_subdistribution
from prognosis.competing.summed_incidence import check_summed_incidence
from prognosis.evaluation import Recalibration
from prognosis.imputation.pooled_hazards import pool_fine_gray
from prognosis.imputation.pooling import Pooled
from prognosis.limits import Choice, Limit, Names
from prognosis.outcome import SurvivalArrays
from prognosis.preparation import Knots
from prognosis.published.estimate import PublishedHazard
from prognosis.recipe import as_frame
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Regression, Rows, TrainingRows
from prognosis.special_columns import SpecialColumns, read_special_columns

Floats = NDArray[np.float64]


class FineGray(Regression):
    """Proportional subdistribution hazards regression: the incidence of one event while others compete.

    Parameters
    ----------
    weighting : how those who had a competing event count afterwards. ``crr`` (default) is R's ``cmprsk::crr``:
        Breslow's ties, ordinary Kaplan-Meier of censoring (who has an event at the time of a censoring is still at risk
        of it), Fine and Gray's errors with the censoring term. ``finegray`` is R's ``coxph(cluster = id)`` on the rows
        of ``survival::finegray``: Efron's ties, events leave before censorings, weights taken as known. On mgus2
        coefficients differ by 0.3 percent, errors by 0.5 percent.
    splines : restricted cubic splines by variable: a number of knots (Harrell's default places) or the knots.
    interactions : pairs of predictors.
    transforms : by variable, one of log, log1p, sqrt, square, scaled.
    censoring_strata : columns whose combinations have a distribution of censoring of their own (crr's ``cengroup``);
        a predictor that also shapes censoring needs a second column with its values.
    weights : column of case weights. Under ``crr`` whole numbers count equal patients, others are sampling weights
        with robust errors; both enter the distribution of censoring. Under ``finegray``, as in R, they do not.
    cluster : column of clusters for robust standard errors.
    offset : column with a fixed part of the linear predictor.

    Notes
    -----
    Delayed entry by the weights of Geskus (2011), which with ``finegray`` are R's; ``crr`` knows none. Sources: Fine
    and Gray (1999); Zhou et al. (2012) for clusters. Equal to R to 1e-12 on the golden values. One R call is not
    matched on purpose: ``coxph`` on those rows without ``id`` counts every row as a patient.
    """

    kind: ClassVar[str] = "fine_gray"
    endpoints: ClassVar[tuple[str, ...]] = ("competing",)
    remedy: ClassVar[str] = REMEDY
    limits: ClassVar[Mapping[str, Limit]] = {
        "weighting": Choice(("crr", "finegray")),
        "censoring_strata": Names(),
        **TERM_LIMITS,
        **{name: limit for name, limit in COLUMN_LIMITS.items() if name != "strata"},
    }
    estimate_class: ClassVar[Any] = (FineGrayEstimate, PublishedHazard)

    def __init__(
        self,
        weighting: str = "crr",
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        censoring_strata: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
    ) -> None:
        self.weighting = weighting
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.censoring_strata = censoring_strata
        self.weights = weights
        self.cluster = cluster
        self.offset = offset

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return (*self.censoring_strata, *super().auxiliary)

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> FineGray:
        """Estimate the model for event 1; 2, 3, ... compete.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time[, entry]).

        Raises
        ------
        FitError
            The likelihood has no maximum (C05, C04, N01, N04), columns depend on each other, too few rows or events,
            delayed entry leaves nobody to tell how long patients are followed (T32).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        frame = as_frame(X)
        labels = read_special_columns(
            frame, strata=tuple(self.censoring_strata), weights=None, cluster=None, offset=None
        ).stratum
        rows = self.prepare(frame, y)
        competing = self._competing(rows, labels, frame)
        special = rows.special
        estimate = estimate_fine_gray(competing, 1, self.weighting, special.cluster)
        eta = estimate.linear_predictor(rows.design, special.offset)
        judged = min(getattr(self, "_horizon", np.inf), float(estimate.end[0]))
        uncentred = rows.design @ estimate.coefficients + (0.0 if special.offset is None else special.offset)
        known = estimate.risk_at(uncentred, np.array([judged]))[:, 0]
        warnings = check_summed_incidence(competing, judged, known, self.weighting)
        training = TrainingRows(rows.design - estimate.means, rows.outcome, special, eta)
        return self._keep(rows, estimate, training, tuple(warnings))

    def pool(self, fits: Sequence[Any]) -> tuple[FineGrayEstimate, Pooled]:
        """Pool fits to completed copies of the same rows; see `pool_fine_gray`."""
        events = int((fits[0].training_.outcome.event == 1).sum())
        return pool_fine_gray([fit.estimate_ for fit in fits], events - len(fits[0].estimate_.names))

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit the linear predictor by this model's own likelihood; one distribution of censoring."""
        column = np.ascontiguousarray(linear_predictor[:, None])
        rows = CompetingRows(column, ("linear predictor",), outcome, special.weight)
        sets = build_subdistribution(rows, 1, self.weighting)
        fit = fit_fine_gray(rows, sets, efron=self.weighting == "finegray")
        return Recalibration(float(fit.coefficients[0]), null=fit.loglik[0], refitted=fit.loglik[1])

    def _competing(self, rows: Rows, labels: NDArray[np.int64] | None, frame: pd.DataFrame) -> CompetingRows:
        """Put the checked rows together with their censoring groups; `labels` has the rows of weight 0 too."""
        special = rows.special
        whole = CompetingRows(rows.design, rows.preparation.names, rows.outcome, special.weight, special.offset)
        if labels is None:
            return whole
        kept = slice(None) if self.weights is None else frame[self.weights].to_numpy(float) > 0
        return replace(whole, group=np.unique(labels[kept], return_inverse=True)[1].astype(np.int64))
