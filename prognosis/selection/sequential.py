"""Predictors one after another, by how well the model does with them in patients left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from cohorts.errors import Finding, FitError
from prognosis.limits import Bounds, Choice, Limit, Shape
from prognosis.recipe import Recipe
from prognosis.selection.candidates import Candidates
from prognosis.selection.inner_scores import SCORES, Judge, Score, default_score, judge_of
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import Selector, whole, whole_or_none

DEALING = 1


class Sequential(Selector):
    """Add (or drop) the predictor with which the model does best in the inner folds, one after another.

    Parameters
    ----------
    keep : how many predictors are kept in the end, those forced in included; None: as long as the score rises (forward)
        or does not fall (backward) by more than `gain`.
    direction : ``forward`` or ``backward``.
    score : ``c``, ``auc`` or ``accuracy``, see `judge_of`; None: C, or AUC for a binary outcome.
    folds : of the inner cross-validation, the same for all sets of predictors.
    gain : see `keep`.
    recipe : whose fits are scored; None: that of the model to come.

    Notes
    -----
    Any recipe: it is fitted as often as sets times folds, 10 of 107 predictors in 10 folds are 10,250 fits. Machines
    (`SupportVectorMachine` and its like) are scored before their calibration. Of equal scores the earlier column is
    taken. The inner scores are those of the best of many and flatter the model: only a validation of the whole
    recipe, with the selection in it, says how good it is.
    Source: Whitney (1971); scikit-learn's ``SequentialFeatureSelector``.
    """

    kind: ClassVar[str] = "sequential"
    words: ClassVar[str] = "a sequential search"
    limits: ClassVar[Mapping[str, Limit]] = {
        "keep": whole_or_none(1),
        "direction": Choice(("forward", "backward")),
        "score": Shape(f"None or one of {', '.join(SCORES)}", lambda x: x is None or x in SCORES),
        "folds": whole(2),
        "gain": Bounds(0.0),
        "recipe": Shape("a recipe, or None", lambda x: x is None or isinstance(x, Recipe)),
    }

    def __init__(
        self,
        keep: int | None = 10,
        direction: Literal["forward", "backward"] = "forward",
        score: Score | None = None,
        folds: int = 10,
        gain: float = 0.0,
        recipe: Any = None,
    ) -> None:
        self.keep = keep
        self.direction = direction
        self.score = score
        self.folds = folds
        self.gain = gain
        self.recipe = recipe

    def choose(self, candidates: Candidates) -> Selection:
        """Search.

        Raises
        ------
        FitError
            N21 fewer events than folds; Y06 a score that the outcome does not have; Y07 the model cannot be fitted with
            any of the next predictors; Y08 fewer kept than forced in.
        """
        candidates.require_events()
        self._check_number(candidates)
        rows = candidates.in_order().with_recipe(self.recipe)
        judge = judge_of(rows, rows.folds(self.folds, DEALING), self.score or default_score(rows))
        forward = self.direction == "forward"
        kept = list(rows.always) if forward else list(rows.names)
        open_ = list(rows.free)
        best = judge(kept) if kept else np.nan
        path = [("start", "", (float(len(kept)), best))]
        while open_ and (self.keep is None or len(kept) != min(self.keep, len(rows.names))):
            name, score = _next(judge, kept, open_, forward=forward)
            if (
                self.keep is None
                and not np.isnan(best)
                and (score <= best + self.gain if forward else score < best - self.gain)
            ):
                break
            open_.remove(name)
            kept = [*kept, name] if forward else [other for other in kept if other != name]
            best = score
            path.append(("add" if forward else "drop", name, (float(len(kept)), score)))
            if not kept:
                break
        when = {name: step for step, (_, name, _) in enumerate(path)}
        rank = np.array([when.get(name, 0 if name in kept else len(path)) for name in rows.names], float)
        steps = Path.of(("predictors", "score"), path)
        return self.selected(rows, kept, {}, rank=rank if forward else -rank, path=steps)

    def _check_number(self, candidates: Candidates) -> None:
        if self.keep is not None and self.keep < len(candidates.always):
            rule = f"keep={self.keep}, but {len(candidates.always)} predictors are forced in"
            raise FitError(Finding("Y08", rule, "keep more, or force fewer in"))


def _next(judge: Judge, kept: Sequence[str], open_: Sequence[str], *, forward: bool) -> tuple[str, float]:
    """Return the predictor to add or drop, and the score without or with it."""
    sets = [[*kept, name] if forward else [other for other in kept if other != name] for name in open_]
    # an empty set has no model, so the last predictor is not dropped by its score
    scores = np.array([judge(names) if names else -np.inf for names in sets])
    if np.isnan(scores).all():
        rule = f"the model can be fitted with none of the {len(open_)} predictors that are left, in some inner fold"
        raise FitError(Finding("Y07", rule, "fewer folds, a model with a penalty, or another selector"))
    place = int(np.nanargmax(scores))
    return open_[place], float(scores[place])
