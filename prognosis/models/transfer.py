"""Cox regression of a small target cohort that leans on the coefficients of a large source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.cox.baseline import estimate_baseline
from prognosis.cox.fitting import last_times
from prognosis.cox.regression import CoxRegression, fit_cox
from prognosis.limits import Bounds, Choice, Limit, Shape
from prognosis.normal import two_sided_p
from prognosis.penalised.cox_path import log_partial_likelihood
from prognosis.penalised.cox_validation import CoxRows
from prognosis.preparation import Knots
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Regression, Rows, TrainingRows
from prognosis.transfer.choice import WEIGHTS, choose
from prognosis.transfer.choice import Choice as Chosen
from prognosis.transfer.estimate import TransferEstimate
from prognosis.transfer.source import aligned, is_source

Floats = NDArray[np.float64]
METHODS = ("offset", "shrinkage", "both")
FEWEST_FOLDS = 3


def _whole(least: int) -> Shape:
    def allowed(value: object) -> bool:
        return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)

    return Shape(f"a whole number of at least {least}", allowed)


class Transfer(Regression):
    """Cox regression of a small cohort that starts from the coefficients of a large one.

    Parameters
    ----------
    source : log hazard ratio by term (``{"age": 0.02, "grade=3": 0.7}``): of `source_of` a fitted model, or a published
        table. None: the target alone, by a ridge (Y64 says so).
    method : ``offset``: the source's linear predictor times a weight; only columns that the source does not have get
        coefficients of their own. ``shrinkage``: all coefficients, by a ridge towards the source's. ``both`` (default):
        a ridge towards the weighted source; with weight 0 it is a ridge of the target alone, so that a source that
        misleads can be left aside.
    weight : of the source; None: chosen in inner folds among 0, 0.25, 0.5, 0.75 and 1 (1 for ``shrinkage``).
    folds : of the inner cross-validation; copies of one patient, and clusters, stay together.
    splines, interactions, transforms, strata, weights, cluster, offset, ties : see `Cox`. Terms that the source has can
        be neither splines nor scaled: their coefficients belong to the source's rows.
    seed, task : of the folds; validations set `task`.

    Notes
    -----
    A ridge towards b0 is a ridge of the difference with the offset X b0. Its penalty is chosen together with the
    weight by the cross-validated partial likelihood (Verweij and van Houwelingen 1993), on columns of unit variance in
    the target. There are no standard errors (N20). The target alone is judged in the same folds: where it predicts
    better, or the chosen weight is 0, the model says so (Y63: negative transfer).
    """

    kind: ClassVar[str] = "transfer"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event",)
    remedy: ClassVar[str] = "Transfer with fewer predictors"
    limits: ClassVar[Mapping[str, Limit]] = {
        "source": Shape("a mapping of terms to finite log hazard ratios, or None", is_source),
        "method": Choice(METHODS),
        "weight": Shape("a number of at least 0, or None", lambda x: x is None or Bounds(0.0).allows(x)),
        "folds": _whole(FEWEST_FOLDS),
        "ties": Choice(("efron", "breslow")),
        "seed": _whole(0),
        "task": _whole(0),
        **TERM_LIMITS,
        **COLUMN_LIMITS,
    }
    estimate_class: ClassVar[Any] = TransferEstimate

    def __init__(
        self,
        source: Mapping[str, float] | None = None,
        method: Literal["offset", "shrinkage", "both"] = "both",
        weight: float | None = None,
        folds: int = 5,
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        strata: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
        ties: Literal["efron", "breslow"] = "efron",
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.source = source
        self.method = method
        self.weight = weight
        self.folds = folds
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.strata = strata
        self.weights = weights
        self.cluster = cluster
        self.offset = offset
        self.ties = ties
        self.seed = seed
        self.task = task

    @property
    def held_out_only(self) -> bool:
        """True: weight and penalty are chosen by patients left out, and the fit is shrunk on purpose."""
        return True

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Transfer:
        """Choose weight and penalty in inner folds, and estimate the model.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time[, entry]).

        Raises
        ------
        FitError
            Y61, Y62 terms of the source that cannot be carried over; N21 fewer events than folds; N17 no convergence;
            a constant column, too few rows or no events (all findings at once).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        rows = self.prepare(X, y, penalised=True)
        outcome, special = rows.outcome, rows.special
        source, shared = aligned(self.source or {}, rows.preparation)
        kept = CoxRows(
            rows.design,
            outcome.time,
            outcome.event == 1,
            special.weight,
            outcome.entry,
            special.stratum,
            special.offset,
            self.ties == "efron",
        )
        fold = kept.deal(self.folds, self._stream(), special.together)
        free = ~shared if self.method == "offset" else np.ones_like(shared)
        chosen = choose(kept, source, free, self._tried(source), fold)
        estimate = self._estimate(rows, kept, chosen, source)
        eta = estimate.linear_predictor(rows.design, special.offset)
        training = TrainingRows(rows.design - estimate.means, outcome, special, eta)
        return self._keep(rows, estimate, training, self._doubts(estimate))

    def _stream(self) -> int:
        """Seed of the folds of this task."""
        return int(np.random.SeedSequence([self.seed, self.task]).generate_state(1)[0]) if self.task else self.seed

    def _tried(self, source: Floats) -> tuple[float, ...]:
        if not source.any():
            return (0.0,)
        if self.weight is not None:
            return (float(self.weight),)
        return (1.0,) if self.method == "shrinkage" else WEIGHTS

    def _estimate(self, rows: Rows, kept: CoxRows, chosen: Chosen, source: Floats) -> TransferEstimate:
        special, beta = rows.special, chosen.coefficients
        sets, given = kept.risk_sets(), np.zeros(len(kept.time)) if kept.offset is None else kept.offset
        unknown = np.full((len(beta), len(beta)), np.nan)
        fit = CoxRegression(
            coefficients=beta,
            covariance=unknown,
            means=np.average(rows.design, axis=0, weights=special.weight),
            loglik=(
                log_partial_likelihood(given, sets, kept.efron),
                log_partial_likelihood(given + rows.design @ beta, sets, kept.efron),
            ),
            score_test=float("nan"),
            iterations=0,
        )
        slope, error, p = self._slope(kept, source)
        return TransferEstimate(
            names=rows.preparation.names,
            coefficients=beta,
            means=fit.means,
            covariance=unknown,
            naive_covariance=unknown,
            baseline=estimate_baseline(fit, rows.design, sets, last_times(rows), special.offset, kept.efron),
            loglik=fit.loglik,
            score_test=fit.score_test,
            ties=self.ties,
            strata=tuple(self.strata),
            stratum_names=special.stratum_names,
            alpha=0.0,
            penalty=chosen.penalty,
            rule="minimum",
            folds=int(self.folds),
            curve=chosen.curve,
            method=self.method,
            weight=chosen.weight,
            alone=chosen.alone,
            slope=slope,
            slope_se=error,
            slope_p=p,
            source=source,
            tried=chosen.tried,
            tried_loss=chosen.loss,
        )

    def _slope(self, kept: CoxRows, source: Floats) -> tuple[float | None, float | None, float | None]:
        """Coefficient of the source's linear predictor in the target, its error, and the likelihood-ratio p."""
        eta = kept.design @ source
        if not np.ptp(eta) > 0:
            return None, None, None
        fit = fit_cox(eta[:, None], kept.risk_sets(), ("the source",), offset=kept.offset, efron=kept.efron)
        ratio = max(2 * (fit.loglik[1] - fit.loglik[0]), 0.0)
        p = float(two_sided_p(np.array([np.sqrt(ratio)]))[0])
        return float(fit.coefficients[0]), float(np.sqrt(fit.covariance[0, 0])), p

    def _doubts(self, estimate: TransferEstimate) -> tuple[Finding, ...]:
        """Say that there are no errors, that there is no source, or that it does harm."""
        rule = "a penalised fit has no honest standard errors: coefficients and risks come without intervals"
        found = [Finding("N20", rule, "intervals need a bootstrap of the whole fit", severity="warning")]
        if estimate.slope is None:
            rule = "no source, or one without effects in these rows: this is a ridge of the target alone"
            found.append(Finding("Y64", rule, "give source=source_of(model) or a published table", severity="warning"))
            return tuple(found)
        said = f"slope of its linear predictor here {estimate.slope:.2f}, p={estimate.slope_p:.2g}"
        if estimate.gain < 0:
            rule = (
                f"negative transfer: without the source patients left out are predicted better, by {-estimate.gain:.3g}"
            )
            rule += f" deviance an event ({said})"
            found.append(Finding("Y63", rule, "method='both', or Cox on the target alone", severity="warning"))
        elif estimate.weight == 0:
            rule = f"negative transfer: the chosen weight of the source is 0, it is not used ({said})"
            found.append(Finding("Y63", rule, "ask whether source and target are alike", severity="warning"))
        return tuple(found)
