"""Recipes out of the ``[[models]]`` tables of a study file: kinds and options by name, nested as written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cohorts.errors import Finding, FitError, RunError, raise_findings
from prognosis import Study
from prognosis.models import recipes
from prognosis.recipe import Recipe
from prognosis.selection import selectors
from reports.study_file import ModelTable, StudyFile

# Options whose value is a table of its own, with a kind: what kinds there are, and what one is called.
NESTED: Mapping[str, tuple[Callable[[], Mapping[str, Any]], str]] = {
    "recipe": (recipes, "model"),
    "selector": (selectors, "selector"),
}


def recipe_of(table: ModelTable) -> Recipe:
    """Make the recipe that a ``[[models]]`` table declares.

    Raises
    ------
    RunError
        U04 an unknown kind of model or selector, or none named. T24 an option that this kind does not have (weights,
        say): never ignored.
    """
    made: Recipe = _made(f"model {table.name}", table.kind, table.options, "recipe")
    return made


def recipes_of(declared: StudyFile, study: Study) -> list[Recipe]:
    """Make every recipe before the first fit: what is wrong with the last model must not cost the work on the others.

    Raises
    ------
    RunError
        U04, T24 as `recipe_of`.
    FitError
        S14 a parameter out of its limits, T30 a recipe that cannot answer the endpoint; all models at once.
    """
    made, faults = [], []
    for table in declared.models:
        recipe = recipe_of(table)
        made.append(recipe)
        if study.endpoint.kind not in recipe.answerable:
            rule = f"model {table.name}: {type(recipe).__name__} cannot answer a {study.endpoint.kind} endpoint"
            faults.append(Finding("T30", rule, f"it answers {', '.join(recipe.answerable)}"))
        try:
            recipe.check_parameters()
        except FitError as error:
            faults += error.findings
    raise_findings(faults, FitError)
    return made


def answering_kind(recipe: Recipe, timed: bool) -> str:
    """Kind of the model that will answer: of the recipe inside one that tunes or selects, else its own."""
    while type(recipe).answering_recipe is not Recipe.answering_recipe:
        inner = getattr(recipe, "recipe", None)
        if inner is None:
            return "cox" if timed else "logistic"
        recipe = inner
    return recipe.kind


def has_points(kind: str, *, competing: bool) -> bool:
    """Whether a nomogram is drawn of models of this kind: of those with one linear predictor, from which risk follows.

    Cox models of competing events combine several.
    """
    if competing and kind == "cox":
        return False
    classes = recipes()[kind].estimate_class
    return any(hasattr(made, "risk_at") for made in (classes if isinstance(classes, tuple) else (classes,)))


def _made(where: str, kind: Any, options: Mapping[str, Any], place: str) -> Any:
    """Make a recipe or a selector, and what is nested in its options."""
    walk, what = NESTED[place]
    known = walk()
    if kind not in known:
        rule = f"{where}: unknown kind '{kind}'" if kind else f"{where}: {what} without a kind"
        raise RunError(Finding("U04", rule, f"this version has {', '.join(sorted(known))}"))
    made_class = known[kind]
    allowed = made_class().get_params(deep=False)
    foreign = [key for key in options if key not in allowed]
    if foreign:
        rule = f"{where}: {made_class.__name__} has no option {', '.join(foreign)}"
        raise RunError(Finding("T24", rule, f"its options are {', '.join(sorted(allowed))}"))
    return made_class(**{name: _value(f"{where}, {name}", name, value) for name, value in options.items()})


def _value(where: str, name: str, value: Any) -> Any:
    """Return an option as the recipe takes it: a nested table as what it declares, pairs as tuples."""
    if name == "grid" and isinstance(value, Mapping):
        return {key: _listed(f"{where}.{key}", key, values) for key, values in value.items()}
    own = name.rpartition("__")[2]
    if own in NESTED and isinstance(value, Mapping):
        return _made(where, value.get("kind"), {key: item for key, item in value.items() if key != "kind"}, own)
    return [tuple(pair) for pair in value] if own == "interactions" else value


def _listed(where: str, name: str, values: Any) -> Any:
    """Return the values of a grid, each as the option takes it."""
    return [_value(where, name, value) for value in values] if isinstance(values, list) else values
