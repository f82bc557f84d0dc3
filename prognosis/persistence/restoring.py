"""A model out of its checked content: only declared, plain values are ever used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from cohorts import Codebook
from cohorts.endpoint import endpoint_from_dict
from cohorts.errors import Finding, ModelFileError
from prognosis.deaths import Deaths
from prognosis.external.record import ExternalRecord
from prognosis.harmonisation.preparation import preparation_from
from prognosis.imputation.pooling import Pooled
from prognosis.imputation.stored import StoredImputation
from prognosis.joint_distance import JointDistance
from prognosis.model import FittedModel
from prognosis.models import recipes
from prognosis.persistence.content import FOLLOW_UP
from prognosis.profile import ObservedCurve, profile_from_dict
from prognosis.recipe import Recipe
from prognosis.selection.result import Selection
from prognosis.transforms import TRANSFORM_NAMES
from prognosis.tuning.result import Tuning
from prognosis.validation import COLUMNS, Validation
from prognosis.validation.risk_bands import RiskBands


def model_from(content: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], verified: bool) -> FittedModel:
    """Rebuild a model from checked content.

    Raises
    ------
    ModelFileError
        L06 an unknown kind of model; L05 a recipe or preparation with anything but plain declared values.
    """
    recipe_class = _kind(content["kind"])
    endpoint = endpoint_from_dict(content["endpoint"])
    if endpoint.kind not in recipe_class.endpoints:
        rule = f"a {content['kind']} model of a {endpoint.kind} endpoint"
        raise ModelFileError(Finding("L06", rule, f"it answers {', '.join(recipe_class.endpoints)}"))
    _check_terms(content["preparation"])
    recipe = _recipe(recipe_class, content["recipe"])
    curves = [_follow_up(number, stored, arrays) for number, stored in enumerate(content["follow_up"])]
    return FittedModel(
        name=content["name"],
        recipe=recipe,
        preparation=preparation_from(content["preparation"]),
        estimate=_estimate(recipe, content["estimate_class"], content["estimate"], _below("estimate", arrays)),
        codebook=Codebook.from_dict(content["codebook"]),
        endpoint=endpoint,
        horizons=tuple(content["horizons"]),
        event_label=content["event_label"],
        n=content["n"],
        events=content["events"],
        profile=profile_from_dict(content["profile"]),
        follow_up=curves[0] if curves else None,
        strata_follow_up=tuple(curves[1:]),
        seed=content["seed"],
        missing=content["missing"],
        flow=tuple((step, n) for step, n in content["flow"]),
        warnings=tuple(_finding_from_dict(finding) for finding in content["warnings"]),
        created=content["created"],
        version=content["version"],
        id_column=content["id_column"],
        cohort=content["cohort"],
        validation=_validation_from_dict(content["validation"]),
        imputation=_part(StoredImputation, "imputation", content, arrays),
        pooled=_part(Pooled, "pooled", content, arrays),
        selection=_part(Selection, "selection", content, arrays),
        tuning=_part(Tuning, "tuning", content, arrays),
        distance=_part(JointDistance, "distance", content, arrays),
        deaths=Deaths.restore(content["deaths"]) if "deaths" in content else None,
        external=tuple(ExternalRecord.restore(record) for record in content.get("external", ())),
        verified=verified,
    )


def _below(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of one part of the model, by their own names."""
    return {key.removeprefix(f"{name}."): value for key, value in arrays.items() if key.startswith(f"{name}.")}


def _part(kind: Any, name: str, content: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Any:
    return None if content[name] is None else kind.restore(content[name], _below(name, arrays))


def _kind(kind: str) -> type[Recipe]:
    found = recipes().get(kind)
    if found is None:
        rule = f"unknown kind of model '{kind}'"
        raise ModelFileError(Finding("L06", rule, f"this version knows {', '.join(sorted(recipes()))}"))
    return found


def _estimate(recipe: Recipe, name: str, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Rebuild an estimate, and within it that of the recipe inside, where there is one."""
    found = _estimate_class(type(recipe), name)
    if recipe.around is None:
        return found.restore(stored, arrays)
    return found.around(_estimate(recipe.around, stored["inner_class"], stored["inner"], arrays), stored)


def _estimate_class(recipe_class: type[Recipe], name: str) -> Any:
    """Find the class among those that the recipe declares; a file can name no other."""
    declared = recipe_class.estimate_class
    classes = declared if isinstance(declared, tuple) else (declared,)
    found = next((one for one in classes if one.__name__ == name), None)
    if found is None:
        rule = f"unknown kind of estimate '{name}'"
        raise ModelFileError(Finding("L06", rule, f"this version knows {', '.join(one.__name__ for one in classes)}"))
    return found


def _follow_up(number: int, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ObservedCurve:
    time, survival, at_risk = (arrays[f"follow_up.{number}.{key}"] for key in FOLLOW_UP)
    return ObservedCurve(time, survival, at_risk, stored["median"], stored["median_follow_up"])


def _recipe(recipe_class: type[Recipe], stored: Mapping[str, Any]) -> Recipe:
    known = set(recipe_class().get_params(deep=False))
    if set(stored) != known:
        rule = f"the recipe has the parameters {', '.join(sorted(set(stored) ^ known))} too many or too few"
        raise ModelFileError(Finding("L05", rule, "the file comes from another version"))
    parameters: dict[str, Any] = {
        key: [tuple(pair) for pair in value] if key == "interactions" else value for key, value in stored.items()
    }
    if "recipe" in known and parameters["recipe"] is not None:
        inner = parameters["recipe"]
        parameters["recipe"] = _recipe(_kind(inner["kind"]), inner["parameters"])
    recipe = recipe_class(**parameters)
    recipe.check_parameters()
    return recipe


def _check_terms(preparation: Mapping[str, Any]) -> None:
    """Only declared transforms are ever applied; a text that asks for anything else is refused."""
    for term in preparation["terms"]:
        if term["transform"] is not None and term["transform"] not in TRANSFORM_NAMES:
            rule = f"token {term['transform']!r} is no declared transform"
            raise ModelFileError(Finding("L05", rule, f"one of {', '.join(TRANSFORM_NAMES)}", term["variable"]))


def _finding_from_dict(stored: Mapping[str, Any]) -> Finding:
    return Finding(**stored)


def _validation_from_dict(stored: Mapping[str, Any] | None) -> Validation | None:
    if stored is None:
        return None
    table = pd.DataFrame(stored["table"], columns=list(COLUMNS))
    numbers = [name for name in COLUMNS if name not in ("model", "metric")]
    return Validation(
        table=table.astype(dict.fromkeys(numbers, float)),
        raw=pd.DataFrame(),
        method=stored["method"],
        repeats=stored["repeats"],
        seed=stored["seed"],
        failed=stored["failed"],
        choice=stored["choice"],
        warnings=tuple(_finding_from_dict(finding) for finding in stored["warnings"]),
        bands={
            str(name): tuple(RiskBands.restore(each) for each in found)
            for name, found in stored.get("bands", {}).items()
        },
    )
