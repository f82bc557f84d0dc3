"""A selection of predictors as a part of the model: they are chosen anew wherever the model is fitted anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from prognosis.limits import Limit, Names, Shape
from prognosis.recipe import Recipe
from prognosis.selection.choosing import CHOOSING_LIMITS, Choosing
from prognosis.selection.selector import Selector, whole
from prognosis.selection.univariable import Univariable


class Selected(Choosing):
    """A recipe fitted to the predictors that a selector keeps; categories and splines are kept or dropped whole.

    Parameters
    ----------
    recipe : of the model; None: `Cox` for a time to event, `Logistic` for a binary outcome. What it declares of
        predictors that are not kept is left out.
    selector : one of `prognosis.selection`, ``Backward()`` say; None: `Univariable`, the ten best score tests.
    always : predictors that are kept in any case.
    inside : False chooses once, on all patients, and validates only what comes after. That leaks the outcome of the
        patients who judge the model (L12), and a validation refuses it.
    reproduce_published : True lets it run all the same: the honest and the leaky numbers then stand side by side.
    seed : of the selector's random steps. task : number of the resample, set by validations.

    Notes
    -----
    Whatever the selector learns (folds, penalties, forests, correlations) it learns from the rows of the fit alone;
    copies of a patient in a resample stay together in its inner folds. A fitted model asks new patients for the kept
    predictors only, and keeps what was chosen, with the statistics and the steps, as its `selection`. Standard errors
    and p-values do not know of the choice (S21). Missing values are refused, imputed copies too (C34).
    Sources, on the harm of a choice outside: Ambroise and McLachlan (2002); Simon et al. (2003).
    """

    kind: ClassVar[str] = "selected"
    limits: ClassVar[Mapping[str, Limit]] = {
        **CHOOSING_LIMITS,
        "selector": Shape("a selector of prognosis.selection, or None", lambda x: x is None or isinstance(x, Selector)),
        "always": Names(),
        "seed": whole(0),
        "task": whole(0),
    }

    def __init__(
        self,
        recipe: Recipe | None = None,
        selector: Selector | None = None,
        always: Sequence[str] = (),
        inside: bool = True,
        reproduce_published: bool = False,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.recipe = recipe
        self.selector = selector
        self.always = always
        self.inside = inside
        self.reproduce_published = reproduce_published
        self.seed = seed
        self.task = task

    @property
    def chooser(self) -> Selector:
        """What chooses."""
        return Univariable() if self.selector is None else self.selector

    @property
    def forced(self) -> tuple[str, ...]:
        """Predictors that are kept in any case."""
        return tuple(self.always)

    @property
    def stream(self) -> tuple[int, ...]:
        """Seed and task of the random steps."""
        return (int(self.seed), int(self.task))
