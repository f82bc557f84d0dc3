"""A recipe as a study asks it: checked against the endpoint, judged at its last horizon, imputing where declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import clone

from cohorts.errors import Finding, FitError
from prognosis.imputation.multiply_imputed import MultiplyImputed
from prognosis.recipe import Recipe

if TYPE_CHECKING:
    from prognosis.study import Study


def asked_of(study: Study, recipe: Any) -> Any:
    """Return an unfitted copy of a recipe, ready to be fitted to the study's rows.

    Raises
    ------
    FitError
        S14 no recipe, or parameters out of their limits; T30 a recipe that cannot answer this kind of endpoint.
    """
    if not isinstance(recipe, Recipe):
        rule = f"{recipe!r} is no recipe"
        raise FitError(Finding("S14", rule, "give an unfitted one, for example study.fit(Cox())"))
    recipe.check_parameters()
    if study.endpoint.kind not in recipe.answerable:
        rule = f"{type(recipe).__name__} cannot answer a {study.endpoint.kind} endpoint"
        advice = f"it answers {', '.join(recipe.answerable)}: declare such an endpoint, or {recipe.elsewhere}"
        raise FitError(Finding("T30", rule, advice))
    asked: Any = clone(recipe)
    if study.horizons:
        asked = asked.judged_at(max(study.horizons))
    if study.imputation:
        asked = MultiplyImputed(asked, study.imputation.copies, study.imputation.iterations, study.seed)
    return asked
