"""Random survival forest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.evaluation import Evaluation
from prognosis.forest.estimate import Features, ForestEstimate, features_of
from prognosis.forest.growing import GROWERS, Grower, grow_forest
from prognosis.forest.out_of_bag import OutOfBag
from prognosis.forest.sampling import MOST_CODES, Drawn, draw_from
from prognosis.forest.scikit_survival import check_single
from prognosis.forest.trees import Forest
from prognosis.kernels.forest_rows import Rule
from prognosis.limits import COLUMN, Choice, Limit, Shape
from prognosis.outcome import SurvivalArrays
from prognosis.recipe import as_frame
from prognosis.refits import RecipeRefits, Refits
from prognosis.regression import Regression, Rows, TrainingRows

Floats = NDArray[np.float64]


def _whole(value: object, least: int, most: float = math.inf) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(least <= value <= most)


COUNT = Shape("a whole number of at least 1", lambda x: _whole(x, 1))
SEED = Shape("a whole number of at least 0", lambda x: _whole(x, 0))


class RandomSurvivalForest(Regression):
    """Random survival forest: trees grown on bootstrap samples by log-rank splits, averaged.

    Splits are exact: of every value of the features drawn, on the raw event times, nothing is put on a grid.

    Parameters
    ----------
    trees : how many. min_leaf : fewest different patients of a leaf; a patient drawn twice is one.
    features : drawn at each node: ``sqrt``, the whole part of the root of their number, ``all``, or how many.
    thresholds : None tries every value; a number groups a feature of more different values into so many groups of
        equal size, which is faster on large cohorts. Above 65,535 different values there are always that many groups.
    weights : column of case weights: a weight of 2 counts as two patients, but as one for `min_leaf`.
    cluster : column of patients or centres whose rows are drawn together into a tree.
    competing : what a split compares where there are competing events: ``composite``, all causes in one log-rank
        statistic (numerators and variances added up), or ``cause-specific``, the event of interest alone, at whose risk
        those with another event no longer are.
    grower : ``ours``, or ``scikit-survival``, where it is installed, for comparison: the same bags, many times slower.
    missing : ``refuse``, or ``own side``: at each cut the patients who lack the value go to the side where the
        statistic is better, and they alone against all others are tried too. A new patient who lacks a value that
        nobody at the split lacked goes to the heavier side. For a study with ``missing="own side"``.
    seed : of bags and draws of features; task : number of the resample, set by validations.

    Notes
    -----
    With competing events the risk is the mean Aalen-Johansen incidence of the leaves, and patients are ordered by the
    time that they lose to the event. Categories become dummies; those declared ordinal become one feature, the place
    of the level. There are no intervals: see `ForestEstimate`. Neither the order of the rows nor the number of threads
    changes the forest. With ``missing="own side"`` a value that lacks for a reason can itself predict: where patients
    to come lack values for other reasons than those of the training, their risks are wrong (F28).
    Sources: Ishwaran, Kogalur, Blackstone and Lauer (2008); Ishwaran et al. (2014), with the risk sets of each cause;
    scikit-survival's splits, leaves (Kaplan-Meier) and draws; Twala, Jones and Hand (2008), missingness incorporated in
    attributes.
    """

    kind: ClassVar[str] = "random_survival_forest"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event", "competing")
    remedy: ClassVar[str] = "RandomSurvivalForest with fewer predictors"
    limits: ClassVar[Mapping[str, Limit]] = {
        "trees": COUNT,
        "min_leaf": COUNT,
        "features": Shape(
            '"sqrt", "all" or a whole number of at least 1', lambda x: x in ("sqrt", "all") or _whole(x, 1)
        ),
        "thresholds": Shape(
            f"None or a whole number from 2 to {MOST_CODES}", lambda x: x is None or _whole(x, 2, MOST_CODES)
        ),
        "weights": COLUMN,
        "cluster": COLUMN,
        "competing": Choice(("composite", "cause-specific")),
        "grower": Choice(GROWERS),
        "missing": Choice(("refuse", "own side")),
        "seed": SEED,
        "task": SEED,
    }
    estimate_class: ClassVar[Any] = ForestEstimate

    def __init__(
        self,
        trees: int = 500,
        min_leaf: int = 15,
        features: int | Literal["sqrt", "all"] = "sqrt",
        thresholds: int | None = None,
        weights: str | None = None,
        cluster: str | None = None,
        competing: Literal["composite", "cause-specific"] = "composite",
        grower: Grower = "ours",
        missing: Literal["refuse", "own side"] = "refuse",
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.trees = trees
        self.min_leaf = min_leaf
        self.features = features
        self.thresholds = thresholds
        self.weights = weights
        self.cluster = cluster
        self.competing = competing
        self.grower = grower
        self.missing = missing
        self.seed = seed
        self.task = task

    @property
    def held_out_only(self) -> bool:
        """True: trees follow their training rows closely."""
        return True

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> RandomSurvivalForest:
        """Grow the forest.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time).

        Raises
        ------
        FitError
            F20, F30 another grower that cannot grow it; F21 more features drawn than there are; F22 delayed entry; F25
            values too fine for that grower; F27 no event in any bag; K11 too large for the memory; a constant column,
            too few rows or no events.
        DataContractError
            Missing values without a rule (C16), weights (T23) or columns that cannot be used.
        """
        if self._rounded and self.takes_missing:
            why = "grower='scikit-survival' has another rule for missing values"
            raise FitError(Finding("F30", why, 'grower="ours", or missing="refuse"'))
        rows = self.prepare(X, y, penalised=True)
        features = Features.of(rows.preparation, _ordered(as_frame(X), rows))
        if self._rounded:
            check_single(features_of(rows.design, features.feature, features.step), features.names)
        drawn, rule = self._drawn(rows, features), self._rule(len(features.names), int(rows.outcome.event.max()))
        forest = grow_forest(drawn, rule, self.trees, self.grower, gaps=self.takes_missing)
        estimate = self._estimate(rows, features, forest, drawn)
        eta = estimate.linear_predictor(rows.design)
        training = TrainingRows(rows.design - estimate.means, rows.outcome, rows.special, eta)
        self.drawn_ = drawn
        return self._keep(rows, estimate, training, self._doubts(forest, drawn))

    def out_of_bag(self, horizons: Sequence[float] = ()) -> Evaluation:
        """Return the training rows as the trees answer that did not see them, for any metric; horizons in their unit.

        Raises
        ------
        FitError
            F26 too few trees for anybody to be out of a bag.
        """
        return self._out_of_bag().evaluation(np.array(horizons, float))

    def importance(self, repeats: int = 10) -> pd.DataFrame:
        """Return the fall of the out-of-bag C when a variable is permuted; see `OutOfBag.importance`."""
        raise_findings(_check_repeats(repeats), FitError)
        fitted: Any = self
        return self._out_of_bag().importance(fitted.estimate_.variables, repeats)

    def _out_of_bag(self) -> OutOfBag:
        check_is_fitted(self, "estimate_")
        fitted: Any = self
        return OutOfBag.of(fitted.drawn_, fitted.estimate_.forest, fitted.training_.outcome)

    @property
    def _rounded(self) -> bool:
        return self.grower == "scikit-survival"

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Refit unfitted copies: trees and training rows need not travel to other processes."""
        return RecipeRefits(self.fresh(), X, y, horizons)

    def marker(self, frame: pd.DataFrame) -> Floats:
        """Return the mortality, (n,): it has no floor, unlike the linear predictor."""
        fitted: Any = self
        mortality: Floats = fitted.estimate_.mortality(fitted.preparation_.design(frame))
        return mortality

    def _drawn(self, rows: Rows, features: Features) -> Drawn:
        X = features_of(rows.design, features.feature, features.step, rounded=self._rounded)
        special = rows.special
        return draw_from(X, rows.outcome, special.weight, special.together, (self.seed, self.task), self.thresholds)

    def _rule(self, p: int, causes: int) -> Rule:
        if self.features not in ("sqrt", "all") and int(self.features) > p:
            rule = f"features={self.features}, but there are {p} to draw from"
            raise FitError(Finding("F21", rule, 'features="all", or fewer'))
        draws = {"sqrt": math.isqrt(p), "all": p}.get(str(self.features)) or int(self.features)
        cause = np.ones(causes) if self.competing == "composite" else np.eye(causes)[0]
        return Rule(draws, int(self.min_leaf), cause)

    def _estimate(self, rows: Rows, features: Features, forest: Forest, drawn: Drawn) -> ForestEstimate:
        level = float(np.average(forest.mortality(drawn.X), weights=drawn.weight))
        if level == 0:
            rule = f"no event is in the bags of {self.trees} trees: everybody would have the risk 0"
            raise FitError(Finding("F27", rule, "grow more trees; consider whether there are events enough"))
        return ForestEstimate(
            names=rows.preparation.names,
            means=_known_means(rows.design, rows.special.weight),
            variables=features.variables,
            feature_names=features.names,
            feature=features.feature,
            step=features.step,
            forest=forest,
            rounded=self._rounded,
            level=level,
        )

    def _unanswerable(self, outcome: SurvivalArrays) -> list[Finding]:
        """Delayed entry: a tree would count patients at risk before they were under observation."""
        found = super()._unanswerable(outcome)
        if outcome.entry is not None and outcome.entry.any():
            rule = "patients enter after time 0 (delayed entry), which a random survival forest cannot use"
            found.append(Finding("F22", rule, "choose Cox, or an endpoint that starts at entry"))
        return found

    def _doubts(self, forest: Forest, drawn: Drawn) -> tuple[Finding, ...]:
        """Warn of what a reader would otherwise take for granted."""
        rule = "a random survival forest has no standard errors: risks come without intervals"
        found = [Finding("F23", rule, "its error is that of patients left out: validate", severity="warning")]
        if (forest.feature < 0).all():
            rule = f"no tree has a split at min_leaf={self.min_leaf}: everybody has the same risk"
            found.append(Finding("F24", rule, "a smaller min_leaf, more patients, or Cox", severity="warning"))
        lacking = int(np.isnan(drawn.X).any(axis=1).sum())
        if lacking:
            rule = f"{lacking} of {len(drawn.X)} patients lack a predictor: that a value is missing can itself predict"
            advice = "ask why values are missing, and whether they will be for the same reasons in patients to come"
            found.append(Finding("F28", rule, advice, severity="warning"))
        return tuple(found)


def _known_means(design: Floats, weight: Floats) -> Floats:
    """Return the weighted mean of the known values of each column, (columns,)."""
    known = ~np.isnan(design)
    means: Floats = np.average(np.where(known, design, 0.0), axis=0, weights=weight)
    if known.all():
        return means
    return means / np.average(known, axis=0, weights=weight)


def _check_repeats(repeats: int) -> list[Finding]:
    if _whole(repeats, 1):
        return []
    return [Finding("S14", f"repeats={repeats!r} is not allowed", "repeats must be a whole number of at least 1")]


def _ordered(frame: pd.DataFrame, rows: Rows) -> tuple[str, ...]:
    """Categories whose levels were declared to have an order."""
    kinds = {name: frame[name].dtype for name in rows.preparation.predictors}
    return tuple(name for name, kind in kinds.items() if isinstance(kind, pd.CategoricalDtype) and kind.ordered)
