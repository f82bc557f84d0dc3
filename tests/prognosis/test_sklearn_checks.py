"""scikit-learn's own test suite of estimators, on every recipe; what fails by intention is listed with its reason."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from cohorts.errors import PrognosisError
from prognosis.models import recipes
from tests.prognosis.quick import quick

# Checks that a recipe fails by intention: the check, and what stands against it.
EXPECTED = {
    "check_estimators_empty_data_messages": "no predictor is refused in our words (S15), not in numpy's shapes",
    "check_estimators_nan_inf": "missing values are refused with columns and counts (C16, P02), without the word NaN",
    "check_fit2d_1sample": "one patient is refused in our words (C18), n=1 instead of n_samples",
}


def outcome_for(recipe, y):
    """Return an outcome of the kind that the recipe answers; the order of the plain y is the order in time.

    With competing events each third is the other event; a binary event is that of every other place in the order.
    """
    y = np.asarray(y)
    if y.dtype.names:
        return y
    place = np.argsort(np.argsort(y.astype(str) if y.dtype == object else y, kind="stable"), kind="stable")
    if "binary" in recipe.endpoints:
        return place % 2
    out = np.empty(len(place), dtype=[("event", np.int64), ("time", float)])
    # the middle of the order lies at the end of the window of a recipe that has one
    out["time"] = (place + 1.0) * (2 * recipe().window / (len(place) + 1) if "window" in recipe().get_params() else 1)
    out["event"] = np.where((place % 3 == 0) & ("competing" in recipe.endpoints), 2, 1)
    return out


def in_their_words(method):
    """Raise a ValueError, which the checks wait for, where the package raises its own errors."""

    @functools.wraps(method)
    def translated(self, X, y=None):
        try:
            return method(self, X) if y is None else method(self, X, y)
        except PrognosisError as error:
            raise ValueError(str(error)) from error

    return translated


def with_plain_outcomes(recipe):
    """Return a subclass of a recipe that takes the plain y of the checks."""

    class Checked(recipe):
        __init__ = recipe.__init__

        @in_their_words
        def fit(self, X, y):
            return super().fit(X, outcome_for(recipe, y))

        @in_their_words
        def predict(self, X):
            return super().predict(X)

        @in_their_words
        def score(self, X, y):
            return super().score(X, outcome_for(recipe, y))

    Checked.__name__ = Checked.__qualname__ = recipe.__name__
    Checked.__module__ = __name__
    return Checked


CHECKED = {recipe.__name__: with_plain_outcomes(recipe) for recipe in recipes().values()}
globals().update(CHECKED)  # so that pickle finds them


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings, and look at some themselves
def test_scikit_learn_checks(name):
    """Every check passes but the listed ones, and those fail: the list is neither short nor out of date."""
    results = check_estimator(quick(CHECKED[name]), on_skip=None, on_fail=None, expected_failed_checks=EXPECTED)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed == {}
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(EXPECTED)
    assert sum(result["status"] == "passed" for result in results) >= 30
