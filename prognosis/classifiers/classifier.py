"""What every classifier shares: checked rows, a machine trained on all of them, probabilities learnt out of fold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cohorts.errors import Finding, FitError
from prognosis.classifiers.calibration import KINDS, Calibration, Kind, calibrate, doubts_of
from prognosis.classifiers.cross_fitting import out_of_fold, seed_of
from prognosis.classifiers.estimate import ClassifierEstimate
from prognosis.classifiers.machine import EventWeight, LabelledRows, train
from prognosis.evaluation import Recalibration
from prognosis.limits import COLUMN, Bounds, Choice, Limit, Shape
from prognosis.logistic.regression import fit_logistic
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.refits import RecipeRefits, Refits
from prognosis.regression import Regression, Rows, TrainingRows
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]


def whole(least: int) -> Shape:
    """Declare a whole number of at least so much."""

    def allows(value: object) -> bool:
        return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)

    return Shape(f"a whole number of at least {least}", allows)


def _weight(value: object) -> bool:
    return value == "balanced" if isinstance(value, str) else Bounds(1e-6, 1e6).allows(value)


CLASSIFIER_LIMITS: Mapping[str, Limit] = {
    "calibration": Choice(KINDS),
    "folds": whole(2),
    "event_weight": Shape('a number from 1e-6 to 1e6, or "balanced"', _weight),
    "weights": COLUMN,
    "cluster": COLUMN,
    "seed": whole(0),
    "task": whole(0),
}


class Classifier(Regression):
    """A recipe for a binary endpoint: a machine, and a calibration that is a part of the fit.

    Parameters that all of them have
    --------------------------------
    calibration : ``platt`` fits a sigmoid, ``isotonic`` steps that never fall, to decision values of rows that the
        machine did not see; ``none`` takes the machine's own probability, where it has one.
    folds : of that inner division. Events are spread evenly; rows of one cluster, or copies of one patient in a
        resample, stay together. The machine itself is trained on all rows.
    event_weight : weight of a patient with the event against one without, while the machine is trained;
        ``balanced``: both groups weigh the same. The calibration undoes what it does to the level of the risks.
    weights : column of case weights: a weight of 2 counts as two patients. cluster : column of patients or centres.
    seed : of folds and random steps. task : number of the resample, set by validations.
    """

    endpoints: ClassVar[tuple[str, ...]] = ("binary",)
    remedy: ClassVar[str] = "fewer predictors, or Logistic"
    elsewhere: ClassVar[str] = "EarlyRelapse around this recipe, for the event within a window; Cox for its time"
    estimate_class: ClassVar[Any] = None
    # False where the machine has decision values only.
    own_probability: ClassVar[bool] = True

    calibration: Kind
    folds: int
    event_weight: EventWeight
    seed: int
    task: int

    @abstractmethod
    def learn_machine(self, rows: LabelledRows, seed: int) -> Any:
        """Train the machine on standardised columns of rows in a fixed order; `seed` is that of this training."""

    @property
    def held_out_only(self) -> bool:
        """True: machines follow their training rows closely."""
        return True

    def check_parameters(self) -> None:
        """Check every parameter; without a calibration the probabilities must be the machine's own (B22, B23)."""
        super().check_parameters()
        if self.calibration != "none":
            return
        who = type(self).__name__
        if not self.own_probability:
            rule = f"{who} gives decision values, no probabilities of its own"
            raise FitError(Finding("B22", rule, 'calibration="platt" or "isotonic"'))
        if self.event_weight != 1:
            rule = f"event_weight={self.event_weight!r} moves the level of every risk, which calibration='none' leaves"
            raise FitError(Finding("B23", rule, 'calibration="platt" or "isotonic", or event_weight=1.0'))

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Classifier:
        """Train the machine and learn its probabilities.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) outcome, 0 or 1 (or the field event).

        Raises
        ------
        FitError
            B20, B21 rows that cannot be divided into the inner folds; B22, B23 no probability without a calibration;
            C31 all rows have the event; a constant column, too few rows or no events.
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        _check_both(read_outcome(y, timed=False).event == 1)
        rows = self.prepare(X, y, penalised=True)
        labelled = LabelledRows(
            rows.design, rows.outcome.event == 1, rows.special.weight, rows.special.together
        ).in_order()
        _check_both(labelled.event)
        with threadpool_limits(1):
            estimate = self._estimate(rows, labelled)
        eta = estimate.linear_predictor(rows.design)
        training = TrainingRows(rows.design - estimate.means, rows.outcome, rows.special, eta)
        level = doubts_of(estimate.calibration, estimate.decision(labelled.design), labelled)
        doubts = [*estimate.trained.machine.doubts(), *level, _no_errors()]
        return self._keep(rows, estimate, training, tuple(doubts))

    def _estimate(self, rows: Rows, labelled: LabelledRows) -> ClassifierEstimate:
        seed = (int(self.seed), int(self.task))
        trained = train(labelled, self.learn_machine, self.event_weight, seed_of(*seed, 3))
        calibration = Calibration("none")
        if self.calibration != "none":
            way_out = ', or calibration="none"' if self.own_probability else ", or Logistic"
            decision = out_of_fold(labelled, self.learn_machine, self.folds, self.event_weight, seed, way_out)
            calibration = calibrate(self.calibration, decision, trained.decision(labelled.design), labelled)
        variables = tuple(column.variables[0] for column in rows.preparation.columns)
        kind = self.estimate_kind(trained.machine)
        estimate: ClassifierEstimate = kind(rows.preparation.names, variables, trained, calibration, labelled.share)
        return estimate

    def estimate_kind(self, machine: Any) -> Any:
        """Return the class of the estimate for a machine."""
        classes = self.estimate_class if isinstance(self.estimate_class, tuple) else (self.estimate_class,)
        return next(kind for kind in classes if kind.machine_class is type(machine))

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Refit unfitted copies: machines and training rows need not travel to other processes."""
        return RecipeRefits(self.fresh(), X, y, horizons)

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit intercept and slope of the log odds by maximum likelihood of a logistic model."""
        column, event = linear_predictor[:, None], outcome.event == 1
        fit = fit_logistic(column, event, ("linear predictor",), weight=special.weight)
        return Recalibration(float(fit.coefficients[0]), null=fit.loglik[0], refitted=fit.loglik[1])


def _check_both(event: NDArray[np.bool_]) -> None:
    if len(event) and event.all():
        rule = f"all of n={len(event)} rows have the event: there is nothing to compare"
        raise FitError(Finding("C31", rule, "check the event column, its codes and the rows left out"))


def _no_errors() -> Finding:
    rule = "a classifier has no standard errors: risks come without intervals"
    return Finding("B24", rule, "its error is that of patients left out: validate", severity="warning")
