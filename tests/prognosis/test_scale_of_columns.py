"""C20 for every recipe: a column of scale 1e12 or offset 1e9 has the z of the same column standardised."""

from __future__ import annotations

import functools

import numpy as np
import pytest

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


@functools.cache
def fitted(kind, scale, shift, standardise):
    """Fit age and a moved albumin; the standardised twin is made of the moved values, rounded as they are."""
    recipe, frame = recipes()[kind], made.patients(300)
    X = frame[["age", "albumin"]].assign(albumin=frame["albumin"] * scale + shift)
    if standardise:
        X["albumin"] = (X["albumin"] - X["albumin"].mean()) / X["albumin"].std()
    return quick(recipe).fit(X, outcome_of(recipe, frame)), X


@pytest.mark.parametrize("kind", recipes())
@pytest.mark.parametrize(("scale", "shift"), [(1e12, 0.0), (1e-12, 0.0), (1.0, 1e9), (1e6, -1e9)])
def test_c20_same_z_as_the_standardised_fit(kind, scale, shift):
    tables = []
    for standardise in (False, True):
        model, _ = fitted(kind, scale, shift, standardise)
        tables.append(model.estimate_.summary().set_index("term").loc[["age", "albumin"]])
    given, standard = tables
    if "coefficient" not in given:
        assert given.drop(columns=["mean", "sd"], errors="ignore").equals(
            standard.drop(columns=["mean", "sd"], errors="ignore")
        )
        if "mean" in given:
            X = fitted(kind, scale, shift, False)[1]
            np.testing.assert_allclose(given["mean"], X.mean()[given.index], rtol=1e-12)
            np.testing.assert_allclose(given["sd"], X.std(ddof=0)[given.index], rtol=1e-9)
        return
    if "z" in standard:
        np.testing.assert_allclose(given["z"], standard["z"], rtol=1e-8)
    spread = fitted(kind, scale, shift, False)[1]["albumin"].std()
    unit = given.index.map({"age": 1.0, "albumin": spread})  # a model of several causes has a line for each
    np.testing.assert_allclose(given["coefficient"] * unit, standard["coefficient"], rtol=1e-8)


@pytest.mark.parametrize("kind", recipes())
@pytest.mark.parametrize(("scale", "shift"), [(1e12, 0.0), (1.0, 1e9)])
def test_c20_same_linear_predictor(kind, scale, shift):
    predicted = [model.predict(X) for model, X in (fitted(kind, scale, shift, way) for way in (False, True))]
    np.testing.assert_allclose(*predicted, rtol=1e-6, atol=1e-7)
