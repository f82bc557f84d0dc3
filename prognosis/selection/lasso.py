"""Predictors that the lasso leaves in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from prognosis.limits import Choice, Limit
from prognosis.penalised.penalty_choice import RULES, Rule
from prognosis.selection.candidates import Candidates
from prognosis.selection.lasso_path import cross_validated
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import Selector, whole

Floats = NDArray[np.float64]
DEALING = 1


class Lasso(Selector):
    """Keep predictors with a coefficient that is not zero at the penalty that cross-validation chooses.

    Parameters
    ----------
    rule : ``minimum`` of the cross-validated loss, or the largest penalty within ``one-standard-error`` of it.
    folds : of the cross-validation inside the rows of the fit, at least 3.

    Notes
    -----
    The lasso is that of `PenalisedCox` (of the cause-specific hazard with competing events), or of `Logistic` for a
    binary outcome. A category or a spline is kept when any of its columns is. Predictors that are forced in are
    penalised like all others, and kept. The model that follows is fitted anew without the penalty of the choice.
    Sources: Tibshirani (1996); ``glmnet``.
    """

    kind: ClassVar[str] = "lasso"
    words: ClassVar[str] = "the lasso"
    limits: ClassVar[Mapping[str, Limit]] = {"rule": Choice(RULES), "folds": whole(3)}

    def __init__(self, rule: Rule = "minimum", folds: int = 10) -> None:
        self.rule = rule
        self.folds = folds

    def choose(self, candidates: Candidates) -> Selection:
        """Fit the path, choose the penalty, keep what is in.

        Raises
        ------
        FitError
            N21 fewer events than folds; N17, N22 as `PenalisedCox`; S20 nothing is in.
        """
        candidates.require_events()
        rows = candidates.in_order()
        curve, coefficients = cross_validated(rows, rows.folds(self.folds, DEALING))
        columns, place = rows.columns, curve.chosen(self.rule)
        entered = np.stack([columns.any_of(beta != 0) for beta in coefficients])
        first = np.where(entered.any(axis=0), curve.penalty[entered.argmax(axis=0)], 0.0)
        scaled = np.abs(coefficients[place]) * columns.design.std(axis=0)
        size = np.zeros(len(columns.names))
        np.maximum.at(size, columns.owner, scaled)
        kept = [name for name, told in zip(columns.names, entered[place], strict=True) if told]
        steps = [
            ("chosen" if step == place else "", "", (penalty, entered[step].sum(), curve.mean[step], curve.se[step]))
            for step, penalty in enumerate(curve.penalty)
        ]
        path = Path.of(("penalty", "predictors", "loss", "se"), steps)
        numbers = {"coefficient": size, "penalty_of_entry": first}
        return self.selected(candidates, kept, numbers, rank=-first, path=path)
