"""Gradient boosting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.answering import Answering
from prognosis.boosting.competing import CauseSpecificBoosted
from prognosis.boosting.doubts import about_cause, check_single, doubts_of, doubts_of_gaps
from prognosis.boosting.estimate import Asked, BoostedEstimate
from prognosis.boosting.fitting import Inner, fit_boosted
from prognosis.boosting.growing import Growth
from prognosis.boosting.losses import CoxLoss, LogisticLoss
from prognosis.boosting.rows import BoostedRows, asked_of, order_of
from prognosis.evaluation import Recalibration
from prognosis.forest.estimate import Features
from prognosis.limits import COLUMN, Bounds, Choice, Limit, Shape
from prognosis.logistic.regression import fit_logistic
from prognosis.outcome import SurvivalArrays, has_time, read_outcome
from prognosis.recipe import as_frame
from prognosis.refits import RecipeRefits, Refits
from prognosis.regression import Regression, Rows, TrainingRows
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]


def _whole(value: object, least: int, most: float = math.inf) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(least <= value <= most)


def _share(value: object) -> bool:
    return Bounds(0.0, 1.0).allows(value) and value != 0


def _directions(value: object) -> bool:
    return value is None or (
        isinstance(value, Mapping) and all(isinstance(k, str) and _whole(v, -1, 1) for k, v in value.items())
    )


COUNT = Shape("a whole number of at least 1", lambda x: _whole(x, 1))
SEED = Shape("a whole number of at least 0", lambda x: _whole(x, 0))
SHARE = Shape("a number above 0 and at most 1", _share)


class GradientBoosting(Regression):
    """Gradient boosting: small trees grown one after another, each on what those before it leave unexplained.

    Cox's partial likelihood for a time to event, of every cause for competing events, and the logistic likelihood for
    a binary outcome. xgboost grows the trees; likelihood, baseline hazard, calibration and answers are ours.

    Parameters
    ----------
    trees : most. learning_rate : by which each is scaled down. depth : splits on the longest way to a leaf.
    min_child_weight : least curvature of the loss in a leaf; for Cox about the expected events, of a weight of 1 each.
    subsample : share of the patients, columns : share of the features, drawn anew for each tree. ridge : penalty of
        leaves (xgboost's ``lambda``).
    early_stopping : trees without a smaller loss in the patients left out after which no more are grown; the number
        with the smallest loss is then grown on all patients. None grows all `trees`.
    folds : into which the training patients are dealt for that, by event; trees of the other folds answer for each, so
        that a share of 1 / folds is left out at a time. Copies of a patient, and a cluster, stay together.
    calibrate : True takes slope, baseline hazard and log odds from the same patients left out: margins are multiplied
        by their maximum-likelihood slope there (between .05 and 20). False takes them from the training margins, which
        are too extreme (B07).
    ties : ``breslow`` (as xgboost; exact in whole weights) or ``efron``, of the loss and of the baseline hazard.
    monotone : by variable, 1 where the risk must not fall as it grows, -1 where it must not rise.
    weights : column of case weights: a weight of 2 counts as two patients, in the risk sets too.
    cluster : column of patients or centres whose rows are drawn, and left out, together.
    missing : ``refuse``, or ``own side``: at each split the patients who lack the value go to the side where the loss
        is less, and a newcomer with them; of a predictor that nobody in training lacked, a newcomer without it goes to
        the heavier side. For a study with ``missing="own side"``.
    bins : most values of a feature that are told apart; more are grouped by quantiles.
    seed : of draws and folds; task : number of the resample, set by validations.

    Notes
    -----
    With competing events the trees of all causes are combined into the absolute risk. Delayed entry counts in risk sets
    and baseline. Categories become dummies; those declared ordinal become one feature, the place of the level. There
    are no intervals. Neither the order of
    the rows nor the number of threads changes the trees.
    Sources: Friedman (2001); Chen and Guestrin (2016); Ridgeway (1999), Cox's loss; van Houwelingen (2000), the slope.
    After a fit, `held_out_loss_` has the negative log likelihood of the patients left out by the number of trees, by
    cause.
    xgboost's own Cox loss leaves weights out of the risk sets and misses part of the ties; without either, the trees
    are the same.
    """

    kind: ClassVar[str] = "gradient_boosting"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event", "competing", "binary")
    remedy: ClassVar[str] = "GradientBoosting with fewer predictors"
    limits: ClassVar[Mapping[str, Limit]] = {
        "trees": COUNT,
        "learning_rate": SHARE,
        "depth": Shape("a whole number from 1 to 12", lambda x: _whole(x, 1, 12)),
        "min_child_weight": Bounds(0.0),
        "subsample": SHARE,
        "columns": SHARE,
        "ridge": Bounds(0.0),
        "early_stopping": Shape("None or a whole number of at least 1", lambda x: x is None or _whole(x, 1)),
        "folds": Shape("a whole number of at least 2", lambda x: _whole(x, 2)),
        "calibrate": Shape("True or False", lambda x: isinstance(x, bool)),
        "ties": Choice(("breslow", "efron")),
        "monotone": Shape("None, or 1, 0 or -1 by variable", _directions),
        "weights": COLUMN,
        "cluster": COLUMN,
        "missing": Choice(("refuse", "own side")),
        "bins": Shape("a whole number from 2 to 65535", lambda x: _whole(x, 2, 65535)),
        "seed": SEED,
        "task": SEED,
    }
    estimate_class: ClassVar[Any] = (BoostedEstimate, CauseSpecificBoosted)

    def __init__(
        self,
        trees: int = 500,
        learning_rate: float = 0.05,
        depth: int = 3,
        min_child_weight: float = 5.0,
        subsample: float = 0.8,
        columns: float = 0.8,
        ridge: float = 1.0,
        early_stopping: int | None = 30,
        folds: int = 5,
        calibrate: bool = True,
        ties: Literal["breslow", "efron"] = "breslow",
        monotone: Mapping[str, int] | None = None,
        weights: str | None = None,
        cluster: str | None = None,
        missing: Literal["refuse", "own side"] = "refuse",
        bins: int = 256,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.trees = trees
        self.learning_rate = learning_rate
        self.depth = depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.columns = columns
        self.ridge = ridge
        self.early_stopping = early_stopping
        self.folds = folds
        self.calibrate = calibrate
        self.ties = ties
        self.monotone = monotone
        self.weights = weights
        self.cluster = cluster
        self.missing = missing
        self.bins = bins
        self.seed = seed
        self.task = task

    @property
    def held_out_only(self) -> bool:
        """True: trees follow their training rows closely."""
        return True

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> GradientBoosting:
        """Choose the number of trees, grow them, and calibrate.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time[, entry]), or
            0 and 1 (or the field event) for a binary one.

        Raises
        ------
        FitError
            B02 fewer events (of some cause) than inner folds; B05 a direction that no one feature can have; C31 all
            rows have the binary event; B08 margins that run away; B09 values that 32 bits cannot
            tell apart; a constant column, too few rows or no events.
        DataContractError
            Missing values without a rule (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        _check_both(y, self.endpoints)
        rows = self.prepare(X, y, penalised=True)
        features = Features.of(rows.preparation, _ordered(as_frame(X), rows))
        asked = asked_of(rows, features)
        values = asked.features(rows.design)
        raise_findings([*self._misdirected(rows, features), *check_single(values, features.names)], FitError)
        estimate = self._estimate(rows, features, asked)
        eta = estimate.linear_predictor(rows.design)
        training = TrainingRows(rows.design - estimate.means, rows.outcome, rows.special, eta)
        return self._keep(rows, estimate, training, self._doubts(estimate, values))

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Refit unfitted copies: trees and training rows need not travel to other processes."""
        return RecipeRefits(self.fresh(), X, y, horizons)

    def marker(self, frame: pd.DataFrame) -> Floats:
        """Linear predictor; with competing events the absolute risk, which the other hazards enter too."""
        fitted: Any = self
        estimate = fitted.estimate_
        if not isinstance(estimate, CauseSpecificBoosted):
            return self.predict(frame)
        last = float(estimate.event_times[-1])
        horizon = np.array([min(self._own("_horizon", last), last)])
        risk, *_ = Answering(fitted.preparation_, estimate, None, None, 0).risk(frame, horizon, 0.95, "log")
        return risk[:, 0]

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit the slope of the linear predictor: a Cox model's, or a logistic model's for a binary outcome."""
        if outcome.timed:
            return super().recalibrated(outcome, special, linear_predictor)
        column, event = linear_predictor[:, None], outcome.event == 1
        fit = fit_logistic(column, event, ("linear predictor",), weight=special.weight)
        return Recalibration(float(fit.coefficients[0]), null=fit.loglik[0], refitted=fit.loglik[1])

    def _estimate(self, rows: Rows, features: Features, asked: Asked) -> BoostedEstimate | CauseSpecificBoosted:
        order, unit = order_of(rows)
        outcome, weight = rows.outcome.take(order), rows.special.weight[order]
        X = np.ascontiguousarray(asked.features(rows.design)[order])
        if not outcome.timed:
            binary = BoostedRows(X, LogisticLoss(outcome.event == 1, weight), unit)
            found = fit_boosted(binary, asked, self._growth(features, 0), self._inner, float("nan"))
            self.held_out_loss_ = {1: found[1]}
            return found[0]
        causes = (1, *(int(code) for code in np.unique(outcome.event) if code > 1))
        end, fits = float(outcome.time.max()), []
        for cause in causes:
            timed = BoostedRows(X, CoxLoss(outcome, cause, weight, self.ties == "efron"), unit)
            try:
                fits.append(fit_boosted(timed, asked, self._growth(features, cause), self._inner, end))
            except FitError as error:
                raise FitError(*(about_cause(finding, cause) for finding in error.findings)) from None
        self.held_out_loss_ = {cause: loss for cause, (_, loss) in zip(causes, fits, strict=True)}
        models = tuple(model for model, _ in fits)
        return models[0] if len(models) == 1 else CauseSpecificBoosted(models, causes)

    def _growth(self, features: Features, stream: int) -> Growth:
        direction = dict(self.monotone or {})
        return Growth(
            learning_rate=float(self.learning_rate),
            depth=int(self.depth),
            min_child_weight=float(self.min_child_weight),
            ridge=float(self.ridge),
            subsample=float(self.subsample),
            columns=float(self.columns),
            bins=int(self.bins),
            monotone=tuple(int(direction.get(variable, 0)) for variable in features.variables),
            seed=(int(self.seed), int(self.task), stream),
        )

    @property
    def _inner(self) -> Inner:
        patience = None if self.early_stopping is None else int(self.early_stopping)
        return Inner(int(self.trees), patience, int(self.folds), self.calibrate)

    def _misdirected(self, rows: Rows, features: Features) -> list[Finding]:
        """Directions of variables that do not exist, or whose categories have no order (B05)."""
        found = []
        for name, direction in (self.monotone or {}).items():
            if name not in rows.preparation.predictors:
                rule, known = (
                    f"monotone names '{name}', which is not a predictor",
                    ", ".join(rows.preparation.predictors),
                )
                found.append(Finding("B05", rule, f"predictors: {known}", name))
            elif direction and features.variables.count(name) > 1:
                rule = f"the categories of {name} have no order, so that the risk cannot rise or fall along them"
                found.append(Finding("B05", rule, "declare it ordinal, or take it out of monotone", name))
        return found

    def _doubts(self, estimate: BoostedEstimate | CauseSpecificBoosted, values: Floats) -> tuple[Finding, ...]:
        """Warn of what a reader would otherwise take for granted."""
        rule = "gradient boosting has no standard errors: risks come without intervals"
        found = [Finding("B01", rule, "its error is that of patients left out: validate", severity="warning")]
        if not self.calibrate:
            rule = "slope and baseline come from the training margins: the risks of new patients are too extreme"
            found.append(Finding("B07", rule, "calibrate=True", severity="warning"))
        found += doubts_of_gaps(values)
        return (*found, *doubts_of(estimate, self.trees, self.early_stopping is not None, self.min_child_weight))


def _check_both(y: NDArray[Any], endpoints: tuple[str, ...]) -> None:
    """Refuse a binary outcome that everybody has (C31)."""
    if has_time(y, endpoints):
        return
    event = read_outcome(y, timed=False).event
    if len(event) and event.all():
        rule = f"all of n={len(event)} rows have the event: there is nothing to compare"
        raise FitError(Finding("C31", rule, "check the event column, its codes and the rows left out"))


def _ordered(frame: pd.DataFrame, rows: Rows) -> tuple[str, ...]:
    """Categories whose levels were declared to have an order."""
    kinds = {name: frame[name].dtype for name in rows.preparation.predictors}
    return tuple(name for name, kind in kinds.items() if isinstance(kind, pd.CategoricalDtype) and kind.ordered)
