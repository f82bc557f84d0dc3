"""Univariable screening as a part of the model: the predictors are chosen anew wherever the model is fitted anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from prognosis.limits import Limit
from prognosis.recipe import Recipe
from prognosis.selection.choosing import CHOOSING_LIMITS, Choosing
from prognosis.selection.univariable import Univariable


class Screened(Choosing):
    """A recipe fitted to the predictors that pass a univariable score test; short for `Selected` with `Univariable`.

    Parameters
    ----------
    recipe : of the model; None: `Cox` for a time to event, `Logistic` for a binary outcome. Its splines, transforms,
        strata, weights, offset and ties are those of the tests; what it declares of predictors that are not kept is
        left out.
    keep : most predictors that are kept, those with the smallest p-values; None without limit.
    alpha : p-value that they must be below; None without limit.
    inside : False chooses once, on all patients, and validates only what comes after. That leaks the outcome of the
        patients who judge the model (L12), and a validation refuses it.
    reproduce_published : True lets it run all the same: the honest and the leaky numbers then stand side by side.
    fdr : false discovery rate (Benjamini and Hochberg) of those kept; None without limit.

    Notes
    -----
    The tests are those of `Univariable`, equal to the score test of R's ``coxph``. A fitted model asks new patients for
    the kept predictors only, and keeps all tests as its `selection`. Its standard errors and p-values do not know of
    the choice (S21). Missing values are refused; imputed copies would each choose for themselves, so that
    ``missing="chained"`` is refused (C34).
    Sources, on the harm of a choice outside: Ambroise and McLachlan (2002); Simon et al. (2003).
    """

    kind: ClassVar[str] = "screened"
    limits: ClassVar[Mapping[str, Limit]] = {**CHOOSING_LIMITS, **Univariable.limits}

    def __init__(
        self,
        recipe: Recipe | None = None,
        keep: int | None = 10,
        alpha: float | None = None,
        inside: bool = True,
        reproduce_published: bool = False,
        fdr: float | None = None,
    ) -> None:
        self.recipe = recipe
        self.keep = keep
        self.alpha = alpha
        self.inside = inside
        self.reproduce_published = reproduce_published
        self.fdr = fdr

    @property
    def chooser(self) -> Univariable:
        """The tests."""
        return Univariable(self.keep, self.alpha, self.fdr)
