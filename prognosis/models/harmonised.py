"""Harmonisation of features across scanners as a part of the model: it is learnt anew wherever the model is fitted."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.harmonisation.harmonisation import Harmonisation, learnt
from prognosis.harmonisation.preparation import HarmonisedPreparation
from prognosis.harmonisation.remarks import confounded, is_measured, is_number, said_of, varying
from prognosis.limits import COLUMN, Limit, Names, Shape
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import RecipeRefits, Refits
from prognosis.selection.selector import FLAG, whole
from prognosis.special_columns import level_labels
from prognosis.wrapping import Wrapping, at_task

Floats = NDArray[np.float64]


class Harmonised(Wrapping):
    """A recipe fitted to features from which the effects of scanners were taken by ComBat.

    Parameters
    ----------
    recipe : of the model, one that selects or tunes too; None: `Cox` for a time to event, `Logistic` for a binary
        outcome.
    batch : column that names the scanner, site or protocol; no predictor. None: all patients are one batch, and nothing
        is changed (D66).
    keep : predictors whose effects stay in the features: what truly differs between the patients of the scanners, size
        or grade say. Never the outcome. They are not harmonised themselves.
    features : predictors that are harmonised; None: every number that is not kept and not just 0 and 1. Leave clinical
        numbers such as age out by `keep` or by naming the features.
    shrink : empirical Bayes, each scanner's effects on a feature lean on those on the other features; else least
        squares feature by feature.
    fewest : patients that every scanner must have, at least 2.
    inside : False learns once, from all patients, and validates only what comes after. That leaks the patients who
        judge the model (L12), and a validation refuses it.
    reproduce_published : True lets it run all the same: the honest and the leaky numbers then stand side by side.
    task : number of the resample, set by validations and handed to the recipe.

    Notes
    -----
    Location and scale of each feature in each batch, on top of the covariates; see `batch_effects`. The fitted model
    asks new patients for their scanner and takes its stored effects out; a scanner that the training did not have is
    refused (P03), so that a scanner can be left out of a validation only whole and never judged. A feature that does
    not vary within some batch stays as it is (D73). Case weights do not enter. A scanner that has all events, or none,
    is confounded with the outcome: its effect cannot be told from the event's (D72).
    Source: Johnson, Li and Rabinovic (2007); Fortin et al. (2018), for images.
    """

    kind: ClassVar[str] = "harmonised"
    limits: ClassVar[Mapping[str, Limit]] = {
        "recipe": Shape("a recipe that does not harmonise itself, or None", lambda x: x is None or _other(x)),
        "batch": COLUMN,
        "keep": Names(),
        "features": Shape("a list of column names, or None", lambda x: x is None or Names().allows(x)),
        "shrink": FLAG,
        "fewest": whole(2),
        "inside": FLAG,
        "reproduce_published": FLAG,
        "task": whole(0),
    }

    def __init__(
        self,
        recipe: Recipe | None = None,
        batch: str | None = None,
        keep: Sequence[str] = (),
        features: Sequence[str] | None = None,
        shrink: bool = True,
        fewest: int = 5,
        inside: bool = True,
        reproduce_published: bool = False,
        task: int = 0,
    ) -> None:
        self.recipe = recipe
        self.batch = batch
        self.keep = keep
        self.features = features
        self.shrink = shrink
        self.fewest = fewest
        self.inside = inside
        self.reproduce_published = reproduce_published
        self.task = task

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors: those of the recipe, and the batch."""
        return tuple(dict.fromkeys((*super().auxiliary, *((self.batch,) if self.batch else ()))))

    @property
    def selects(self) -> bool:
        """As the recipe."""
        return self.recipe is not None and self.recipe.selects

    @property
    def held_out_only(self) -> bool:
        """As the recipe."""
        return self.recipe is not None and self.recipe.held_out_only

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """What would reach the training from the patients who judge (L12), by this or by the recipe."""
        inner = () if self.recipe is None else self.recipe.leaks
        if self.inside:
            return inner
        rule = "features were harmonised outside the resamples, with the patients who judge the model"
        way_out = "inside=True harmonises anew in every resample; reproduce_published=True shows both numbers"
        severity: Any = "warning" if self.reproduce_published else "error"
        return (Finding("L12", rule, way_out, severity=severity), *inner)

    @property
    def leaking(self) -> str:
        """What is done outside the resamples."""
        inner = self.recipe.leaking if self.recipe is not None and self.recipe.leaks else ""
        return inner if self.inside else " and ".join(filter(None, ("harmonisation", inner)))

    def honest(self) -> Self:
        """Return the same without what leaks."""
        honest: Self = copy.copy(self).set_params(inside=True)
        return honest if self.recipe is None else honest.set_params(recipe=self.recipe.honest())

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Self:
        """Learn the effects of the batches, take them out, fit the recipe to what is left.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) outcome.

        Raises
        ------
        FitError
            D67 names that are no predictors; D68 a batch of too few patients; D69 covariates that follow from the
            batch; D70 too few features to shrink; D71 no convergence; what the recipe raises.
        DataContractError
            P01 no such column; C10, C16 values; what the recipe raises.
        """
        self.check_parameters()
        frame, recipe = as_frame(X), self._inner(y)
        own, found = self._learnt(frame, y)
        inner = recipe.of_patients(getattr(self, "_patient", None)).fit(self._handed(frame, own), y)
        self._keep(inner, frame.shape[1], tuple(found))
        self.harmonisation_ = own
        if own is not None:
            self.preparation_ = HarmonisedPreparation.of(inner.preparation_, own)
        return self

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Harmonise in every resample; where it was done outside, refit the recipe to what came out of all patients."""
        if self.inside:
            return RecipeRefits(self.fresh(), X, y, horizons)
        own, _ = self._learnt(X, y)
        refits: Refits = self._inner(y).refits(self._handed(X, own), y, horizons)
        return refits

    def _inner(self, y: NDArray[Any]) -> Any:
        """Return an unfitted recipe for this outcome, whose random steps are of this task."""
        return at_task(super()._inner(y), self.task)

    def _learnt(self, frame: pd.DataFrame, y: NDArray[Any]) -> tuple[Harmonisation | None, list[Finding]]:
        """Learn from rows; None where there is but one batch, and what is to be said of it."""
        if self.batch is None:
            rule = "no batch column is named: all patients count as one batch, and nothing is harmonised"
            return None, [Finding("D66", rule, 'Harmonised(recipe, batch="scanner")', severity="warning")]
        raise_findings(self._absent(frame), DataContractError)
        raise_findings(self._misnamed(frame), FitError)
        asked, labels = self._asked(frame), level_labels(frame[self.batch])
        varied = varying(frame, asked, labels)
        own = learnt(frame, self.batch, varied, tuple(self.keep), shrink=self.shrink, fewest=self.fewest)
        return own, [*said_of(own, len(asked) - len(varied)), *confounded(labels, y, self.batch)]

    def _asked(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """Features to be harmonised."""
        if self.features is not None:
            return tuple(self.features)
        others = {*self.auxiliary, *self.keep}
        return tuple(name for name in map(str, frame.columns) if name not in others and is_measured(frame[name]))

    def _absent(self, frame: pd.DataFrame) -> Iterator[Finding]:
        for name in (*self.auxiliary, *self.keep, *(self.features or ())):
            if name not in frame.columns:
                yield Finding("P01", f"column {name} is not in X", "add it to the predictors", name)

    def _misnamed(self, frame: pd.DataFrame) -> Iterator[Finding]:
        for name in self.features or ():
            if name in self.keep or name in self.auxiliary:
                yield Finding("D67", f"{name} is harmonised and kept, or no predictor, at once", "name it once", name)
            elif not is_number(frame[name]):
                rule = f"{name} is no number: it has no location and scale to be harmonised"
                yield Finding("D67", rule, "leave it out of features", name)
        for name in self.keep:
            if name in self.auxiliary:
                yield Finding("D67", f"{name} is kept, but no predictor", "name predictors in keep", name)

    def _handed(self, frame: pd.DataFrame, own: Harmonisation | None) -> pd.DataFrame:
        """Rows as the recipe takes them: harmonised, without the batch unless it is a column of the recipe's own."""
        if own is None:
            return frame
        inner = () if self.recipe is None else self.recipe.auxiliary
        gone = [own.batch] if own.batch not in inner else []
        return own.applied(frame).drop(columns=gone)

    def _handed_on(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return harmonised columns of new rows."""
        return self._handed(frame, self.harmonisation_)


def _other(value: object) -> bool:
    return isinstance(value, Recipe) and not isinstance(value, Harmonised)
