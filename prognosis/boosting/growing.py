"""Growth of boosted trees: xgboost splits, the derivatives are ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.boosting.ensemble import Ensemble, in_single
from prognosis.boosting.losses import Loss

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Between margins: beyond it a hazard is none besides another.
FARTHEST = 100.0


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    Parameters
    ----------
    learning_rate, depth, min_child_weight, ridge : as xgboost's ``eta``, ``max_depth``, ``min_child_weight`` and
        ``lambda``. subsample : share of patients, columns : share of features, drawn for each tree.
    bins : most different values of a feature; more are grouped. monotone : (features,) 1, 0 or -1.
    seed : whole numbers, of the draws.
    """

    learning_rate: float
    depth: int
    min_child_weight: float
    ridge: float
    subsample: float
    columns: float
    bins: int
    monotone: tuple[int, ...]
    seed: tuple[int, ...]

    def settings(self) -> dict[str, Any]:
        """Return xgboost's parameters; one thread, since sums over threads depend on their number."""
        draw = np.random.SeedSequence([*self.seed, 1])
        # without any direction xgboost need not keep to bounds at every cut that it tries
        directions = {"monotone_constraints": self.monotone} if any(self.monotone) else {}
        return directions | {
            "tree_method": "hist",
            "nthread": 1,
            "eta": self.learning_rate,
            "max_depth": self.depth,
            "min_child_weight": self.min_child_weight,
            "lambda": self.ridge,
            "colsample_bytree": self.columns,
            "max_bin": self.bins,
            "base_score": 0.0,
            # a tree's draw depends on its number alone, not on what else the thread has grown
            "seed": int(draw.generate_state(1)[0] >> 8),
            "seed_per_iteration": True,
        }


@dataclass(frozen=True)
class Stage:
    """Where the growth stands after a tree: the booster, and the margins of rows that only answer, (m,)."""

    booster: Any
    held_out: Floats


def _derivatives(margin: Floats, loss: Loss, used: NDArray[np.bool_] | None) -> tuple[Floats, Floats]:
    """Return the derivatives of the rows that the next tree draws, 0 of the others."""
    if not margin.max() - margin.min() < FARTHEST:
        rule = "the margins run away: leaves follow single patients without a limit"
        raise FitError(Finding("B08", rule, "ridge=1, a larger min_child_weight, or a smaller learning_rate"))
    gradient, curvature = loss.derivatives(loss.start + margin)
    return (gradient, curvature) if used is None else (gradient * used, curvature * used)


def stages(X: Floats, loss: Loss, growth: Growth, unit: Integers, held_out: Floats | None = None) -> Iterator[Stage]:
    """Grow one tree after another, without end.

    Parameters
    ----------
    X : (n, features). loss : of the rows. unit : (n,) 0, 1, ...: rows of one unit are drawn together.
    held_out : (m, features) rows that only answer; () without.
    """
    import xgboost

    rows = xgboost.DMatrix(in_single(X), nthread=1)
    others = None if held_out is None else xgboost.DMatrix(in_single(held_out), nthread=1)
    booster = xgboost.Booster(growth.settings(), [rows] if others is None else [rows, others])
    draw, units = np.random.default_rng(np.random.SeedSequence([*growth.seed, 2])), int(unit.max()) + 1
    for place in count():
        used = None
        if growth.subsample < 1:
            used = (draw.permutation(units) < max(1, round(growth.subsample * units)))[unit]
        # as `update` with an objective does it, which would compare the names of the features three times a tree
        margin = booster.predict(rows, output_margin=True, training=True, validate_features=False)
        gradient, curvature = _derivatives(np.asarray(margin, float), loss, used)
        booster.boost(rows, place, grad=gradient, hess=curvature)
        answer = np.empty(0)
        if others is not None:
            answer = booster.predict(others, output_margin=True, validate_features=False)
        yield Stage(booster, loss.start + np.asarray(answer, float))


def grow(X: Floats, loss: Loss, growth: Growth, unit: Integers, trees: int) -> Ensemble:
    """Return an ensemble of so many trees."""
    *_, last = islice(stages(X, loss, growth, unit), trees)
    return trees_of(last.booster, X)


def trees_of(booster: Any, X: Floats, most: int | None = None) -> Ensemble:
    """Return the trees that a booster of xgboost has grown on rows (n, features), or the first of them."""
    document = json.loads(booster.save_raw("json"))
    lacking: NDArray[np.bool_] = np.any(np.isnan(X), axis=0)
    return Ensemble.of(document["learner"]["gradient_booster"]["model"]["trees"][:most], lacking)
