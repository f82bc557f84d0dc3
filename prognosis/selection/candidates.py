"""What a selector chooses from: checked rows of all candidates, the model that is to come, and streams of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.column_checks import check_complete, check_rows
from prognosis.outcome import SurvivalArrays, pairs_of, read_outcome
from prognosis.penalised.penalty_choice import deal_folds
from prognosis.recipe import Recipe
from prognosis.risk_sets import RiskSets, build_risk_sets
from prognosis.selection.columns import OwnedColumns, owned_columns
from prognosis.special_columns import SpecialColumns, keep_weighted, read_special_columns

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Declarations of a recipe by predictor: those of predictors that are not there must go.
BY_PREDICTOR = ("splines", "transforms", "monotone")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Rows and candidates of a choice.

    Parameters
    ----------
    recipe : of the model to come, unfitted. frame : (n, predictors and auxiliary columns) without rows of weight 0.
    y : (n,) outcome as the recipe takes it; outcome, special : the same, read. names : (k,) candidates.
    always : those that are kept in any case. seed : of the random steps.
    """

    recipe: Any
    frame: pd.DataFrame
    y: NDArray[Any]
    outcome: SurvivalArrays
    special: SpecialColumns
    names: tuple[str, ...]
    always: tuple[str, ...] = ()
    seed: tuple[int, ...] = (0, 0)

    @classmethod
    def of(
        cls,
        recipe: Any,
        frame: pd.DataFrame,
        y: NDArray[Any],
        *,
        always: Sequence[str] = (),
        extra: Iterable[str] = (),
        patient: Integers | None = None,
        seed: tuple[int, ...] = (0, 0),
    ) -> Candidates:
        """Check the rows; `extra` are columns that are neither predictors nor the recipe's.

        Raises
        ------
        DataContractError
            C16 missing values, C27 infinite ones; S18, T03 and more an outcome that cannot be read.
        FitError
            Y01 a predictor is forced in that is none.
        """
        declared = innermost(recipe)
        timed = "time" in (getattr(y, "dtype", np.dtype(float)).names or ()) or "binary" not in recipe.endpoints
        outcome = read_outcome(y, timed=timed)
        raise_findings(_check_lengths(frame, outcome), DataContractError)
        special = replace(_special_of(declared, frame), patient=patient)
        kept = special.weight > 0
        frame, outcome, special, _ = keep_weighted(frame, outcome, special)
        others = {*recipe.auxiliary, *extra}
        names = tuple(name for name in map(str, frame.columns) if name not in others)
        raise_findings(_check_always(always, names), FitError)
        raise_findings(check_complete(frame[list(names)]), DataContractError)
        return cls(recipe, frame, np.asarray(y)[kept], outcome, special, names, tuple(always), seed)

    @cached_property
    def columns(self) -> OwnedColumns:
        """Design columns of all candidates."""
        return owned_columns(innermost(self.recipe), self.predictors)

    @property
    def predictors(self) -> pd.DataFrame:
        """Raw candidates, (n, k)."""
        return self.frame[list(self.names)]

    @property
    def free(self) -> tuple[str, ...]:
        """Candidates among which there is a choice."""
        return tuple(name for name in self.names if name not in self.always)

    @property
    def efron(self) -> bool:
        """Tell whether the recipe takes Efron's way with ties."""
        return bool(getattr(innermost(self.recipe), "ties", "efron") == "efron")

    def places(self, names: Iterable[str]) -> Integers:
        """Return the places of some candidates among all."""
        wanted = set(names)
        return np.array([place for place, name in enumerate(self.names) if name in wanted], np.int64)

    def require_events(self) -> None:
        """Refuse (T11, C18) rows without events, or hardly any rows."""
        _, happened = pairs_of(self.outcome)
        if len(happened) < 3 or not happened.any():
            found = check_rows(len(happened), len(self.names), int(happened.sum()), penalised=True)
            raise FitError(*found)

    def risk_sets(self) -> RiskSets:
        """Sort the event of interest; with competing events of its cause-specific hazard."""
        o, s = self.outcome, self.special
        return build_risk_sets(o.time, o.event == 1, o.entry, s.stratum, s.weight)

    def in_order(self) -> Candidates:
        """Return the rows in an order that their values give, so that random steps do not depend on the table's."""
        o, s = self.outcome, self.special
        entry = np.zeros(len(o.time)) if o.entry is None else o.entry
        offset = np.zeros(len(o.time)) if s.offset is None else s.offset
        keys = np.column_stack([np.nan_to_num(o.time), o.event, entry, s.weight, offset, self.columns.design])
        order = np.lexsort(keys.T[::-1])
        return self.take(order)

    def take(self, rows: Integers) -> Candidates:
        """Return some of the rows."""
        return replace(
            self,
            frame=self.frame.iloc[rows],
            y=self.y[rows],
            outcome=self.outcome.take(rows),
            special=self.special.take(rows),
        )

    def with_recipe(self, recipe: Any) -> Candidates:
        """Return the same for another model, where one is given."""
        return self if recipe is None else replace(self, recipe=recipe)

    def draw(self, *stream: int) -> np.random.Generator:
        """Return the random numbers of one stream; streams start at 1, for 0 adds nothing to a sequence."""
        return np.random.default_rng(np.random.SeedSequence([*self.seed, *stream]))

    def folds(self, folds: int, *stream: int) -> Integers:
        """Deal the rows, as they stand, into folds of as many events each, (n,); copies of a patient stay together.

        Raises
        ------
        FitError
            N21 fewer events than folds.
        """
        _, happened = pairs_of(self.outcome)
        seed = int(self.draw(*stream).integers(2**31))
        return deal_folds(happened, folds, seed, cluster=self.special.together)

    def recipe_of(self, names: Iterable[str]) -> Any:
        """Return the recipe for these predictors alone."""
        return narrowed(clone(self.recipe), set(self.names) - set(names))

    def fit(self, names: Sequence[str], rows: Integers | None = None) -> Any:
        """Fit the recipe to some predictors, and some rows.

        Raises
        ------
        PrognosisError
            What the recipe raises.
        """
        part = self if rows is None else self.take(rows)
        wanted = [name for name in self.names if name in set(names)]
        together = part.special.together
        recipe = part.recipe_of(wanted).of_patients(together)
        return recipe.fit(_numbered(part.frame[[*wanted, *self.recipe.auxiliary]]), part.y)


def narrowed(recipe: Any, dropped: set[str]) -> Any:
    """Rid the recipe, or the one inside, of declarations of dropped predictors; unknown names stay, to be refused."""
    changed: dict[str, Any] = {}
    declaring = innermost(recipe)
    for name in BY_PREDICTOR:
        declared = getattr(declaring, name, None)
        if declared:
            changed[name] = {key: value for key, value in declared.items() if key not in dropped}
    pairs = getattr(declaring, "interactions", ())
    if pairs:
        changed["interactions"] = [pair for pair in pairs if not dropped & set(pair)]
    declaring.set_params(**changed)
    return recipe


def innermost(recipe: Any) -> Any:
    """Return the recipe that declares splines, strata, weights, clusters: the one inside those that tune or weigh."""
    while getattr(recipe, "recipe", None) is not None:
        recipe = recipe.recipe
    return recipe


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    # a patient drawn twice is two rows: ids must be unique
    return frame.set_axis(pd.RangeIndex(len(frame)), axis="index")


def _check_lengths(frame: pd.DataFrame, outcome: SurvivalArrays) -> list[Finding]:
    if len(frame) == len(outcome.event):
        return []
    rule = f"X has {len(frame)} rows, y has {len(outcome.event)}"
    return [Finding("S18", rule, "give one outcome for each row")]


def _check_always(always: Sequence[str], names: tuple[str, ...]) -> list[Finding]:
    return [
        Finding("Y01", f"always names '{name}', which is not a predictor", f"predictors: {', '.join(names)}", name)
        for name in always
        if name not in names
    ]


def _special_of(recipe: Recipe, frame: pd.DataFrame) -> SpecialColumns:
    return read_special_columns(
        frame,
        strata=tuple(getattr(recipe, "strata", ())),
        weights=getattr(recipe, "weights", None),
        cluster=getattr(recipe, "cluster", None),
        offset=getattr(recipe, "offset", None),
    )
