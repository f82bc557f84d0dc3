"""Shapes that the arrays of a model file must have: the same letter, the same length within one part of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError

Shape = tuple[str | int, ...]
ESTIMATE: Mapping[str, Shape] = {
    "coefficients": ("columns",),
    "means": ("columns",),
    "covariance": ("columns", "columns"),
    "naive_covariance": ("parameters", "parameters"),
    "joint_covariance": ("joint", "joint"),
    "profile": ("limits", 3),
    "time": ("times",),
    "cumulative_hazard": ("times",),
    "variance": ("times",),
    "mean_hazard": ("times", "columns"),
    "edges": ("edges",),
    "end": ("strata",),
    "event_times": ("events",),
    "curve_penalty": ("path",),
    "curve_nonzero": ("path",),
    "curve_mean": ("judged",),
    "curve_se": ("judged",),
    "source": ("columns",),
    "tried": ("tried",),
    "tried_loss": ("tried",),
    "column_feature": ("columns",),
    "column_step": ("columns",),
    "feature_origin": ("features",),
    "rest": ("columns",),
    "sds": ("columns",),
    "calibration_knots": ("knots",),
    "calibration_risk": ("knots",),
    "plane": ("columns",),
    "support": ("supports", "columns"),
    "dual": ("supports",),
    "weights": ("nets", "numbers"),
    "leaf": ("nodes",),
    "tree_weight": ("trees",),
    "roots": ("roots",),
    "feature": ("nodes",),
    "threshold": ("nodes",),
    "child": ("nodes",),
    "gap_left": ("nodes",),
    "left": ("nodes",),
    "right": ("nodes",),
    "value": ("nodes",),
    "gain": ("nodes",),
    "start": ("cuts",),
    "hazard": ("times", "causes"),
    "cover": ("nodes",),
    "last": (1,),
}
PARTS: Mapping[str, Mapping[str, Shape]] = {
    "estimate": ESTIMATE,
    "follow_up": {"time": ("times",), "survival": ("times",), "at_risk": ("times",)},
    "distance": {
        "mean": ("columns",),
        "scale": ("columns",),
        "axes": ("columns", "rank"),
        "spread": ("rank",),
    },
    "selection": {
        "values": ("candidates", "statistics"),
        "values_known": ("candidates", "statistics"),
        "path": ("steps", "measures"),
        "path_known": ("steps", "measures"),
    },
    "pooled": {"estimate": ("terms",), "within": ("terms", "terms"), "between": ("terms", "terms")},
    "imputation": {
        "percentiles": ("numbers", "percentiles"),
        "shares": ("shares",),
        "coefficients": ("models", "covariates"),
        "residual": ("predictors",),
    },
}
# Lengths that depend on another: longer or shorter by this much.
OFF_BY: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("edges", "strata"): (1,),
    ("parameters", "columns"): (0, 1),
    ("limits", "columns"): (0, 1),
    ("joint", "columns"): (1, 2),
    ("cuts", "nodes"): (1,),
    ("roots", "trees"): (1,),
}


def check_shapes(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that do not fit each other.

    Raises
    ------
    ModelFileError
        L07 an array of another dimension or length than its part of the model has, or of no known name.
    """
    groups: dict[str, dict[str, int]] = {}
    for name, values in arrays.items():
        group, _, own = name.rpartition(".")
        shape = PARTS.get(name.partition(".")[0], {}).get(own)
        lengths = groups.setdefault(group, {})
        if shape is None or len(shape) != values.ndim or not _fits(shape, values.shape, lengths):
            rule = f"field {name} has the shape {values.shape}, which does not fit the model"
            raise ModelFileError(Finding("L07", rule, "get the file again"))
    for lengths in groups.values():
        for (longer, shorter), allowed in OFF_BY.items():
            # a fit without a profile keeps none
            if not lengths.get(longer) or shorter not in lengths:
                continue
            if lengths[longer] - lengths[shorter] not in allowed:
                rule = f"{lengths[longer]} {longer} beside {lengths[shorter]} {shorter}"
                raise ModelFileError(Finding("L07", f"fields do not fit each other: {rule}", "get the file again"))


def _fits(shape: Shape, actual: tuple[int, ...], lengths: dict[str, int]) -> bool:
    """Tell whether each side has its length, the one met first."""
    return all(
        side == length if isinstance(side, int) else lengths.setdefault(side, length) == length
        for side, length in zip(shape, actual, strict=True)
    )
