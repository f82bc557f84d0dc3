"""C20 for every recipe: a column of scale 1e12 or offset 1e9 has the z of the same column standardised.

Machines that search are as near as their search ends (`SEARCHED`); boosting refuses what its floats cannot tell apart.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from cohorts.errors import FitError
from prognosis.models import recipes
from tests.prognosis import made
from tests.prognosis.quick import quick


def outcome_of(recipe, frame):
    if "binary" in recipe.endpoints:
        return frame["event"].to_numpy()
    event = frame["event"].to_numpy()
    if "time_to_event" not in recipe.endpoints:
        event = event * (1 + (frame["relapse"] == 1)).to_numpy()
    return made.structured(frame["months"].to_numpy(), event)


# Part of the spread of the linear predictor within which a search ends, or its folds fall otherwise by rounding.
SEARCHED = {"neural_network": 1e-3, "ada_boost": 1e-2}


@functools.cache
def fitted(kind, scale, shift, standardise):
    """Fit age and a moved albumin; the standardised twin is made of the moved values, rounded as they are."""
    recipe, frame = recipes()[kind], made.patients(300)
    X = frame[["age", "albumin"]].assign(albumin=frame["albumin"] * scale + shift)
    if standardise:
        X["albumin"] = (X["albumin"] - X["albumin"].mean()) / X["albumin"].std()
    return quick(recipe).fit(X, outcome_of(recipe, frame)), X


def test_boosting_refuses_values_that_its_floats_cannot_tell_apart():
    with pytest.raises(FitError, match="of 139 values of albumin trees tell only 2 apart"):
        fitted("gradient_boosting", 1.0, 1e9, False)


# an inner search deals its folds by the values: those rounded at the ninth digit can fall otherwise
KINDS = [kind for kind in recipes() if kind not in ("tuned", "gradient_boosting")]
MOVED = [
    *((kind, *moved) for kind in KINDS for moved in ((1e12, 0.0), (1e-12, 0.0), (1.0, 1e9), (1e6, -1e9))),
    *((kind, *moved) for kind in ("tuned", "gradient_boosting") for moved in ((1e12, 0.0), (1e-12, 0.0))),
]


@pytest.mark.parametrize(("kind", "scale", "shift"), MOVED)
def test_c20_same_z_as_the_standardised_fit(kind, scale, shift):
    tables = []
    for standardise in (False, True):
        model, _ = fitted(kind, scale, shift, standardise)
        tables.append(model.estimate_.summary().set_index("term").loc[["age", "albumin"]])
    given, standard = tables
    if "coefficient" not in given:
        # mean and spread of a column are those of its own scale
        own = [name for name in given.columns if name not in ("mean", "sd")]
        assert given[own].equals(standard[own])
        return
    if "z" in standard:
        np.testing.assert_allclose(given["z"], standard["z"], rtol=1e-8)
    spread = fitted(kind, scale, shift, False)[1]["albumin"].std()
    unit = given.index.map({"age": 1.0, "albumin": spread})  # a model of several causes has a line for each
    np.testing.assert_allclose(given["coefficient"] * unit, standard["coefficient"], rtol=1e-8)


@pytest.mark.parametrize(("kind", "scale", "shift"), [case for case in MOVED if case[1:] in ((1e12, 0.0), (1.0, 1e9))])
def test_c20_same_linear_predictor(kind, scale, shift):
    predicted = [model.predict(X) for model, X in (fitted(kind, scale, shift, way) for way in (False, True))]
    near = SEARCHED.get(kind, 1e-7) * max(predicted[0].std(), 1.0)
    np.testing.assert_allclose(*predicted, rtol=1e-6, atol=near)
