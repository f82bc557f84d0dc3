"""Every kind of model file, altered and signed anew: refused as a model file, and never any other error."""

from __future__ import annotations

import copy
import functools
import warnings

import numpy as np
import pytest

from cohorts.errors import ModelFileError, PrognosisWarning
from prognosis import load_model
from prognosis.imputation.chained import Chained
from prognosis.models import (
    AcceleratedFailureTime,
    AdaBoost,
    Cox,
    DecisionTree,
    EarlyRelapse,
    ExtraTrees,
    FineGray,
    GradientBoosting,
    Logistic,
    NeuralNetwork,
    PenalisedCox,
    RandomSurvivalForest,
    SupportVectorMachine,
)
from prognosis.persistence.content import content_of, hash_of, self_test_of
from tests.prognosis import made
from tests.prognosis.test_model_file import write

MODELS = {
    "cox": (Cox(strata=["centre"], offset="weight"), "time_to_event"),
    "firth": (Cox(penalty="firth"), "time_to_event"),
    "cause_specific": (Cox(), "competing"),
    "fine_gray": (FineGray(), "competing"),
    "logistic": (Logistic(penalty="firth"), "binary"),
    "aft": (AcceleratedFailureTime(), "time_to_event"),
    "lasso": (PenalisedCox(penalty=0.05), "time_to_event"),
    "forest": (RandomSurvivalForest(trees=20), "time_to_event"),
    "competing_forest": (RandomSurvivalForest(trees=20), "competing"),
    "imputed": (Cox(), "time_to_event"),
    "boosted": (GradientBoosting(trees=10), "time_to_event"),
    "boosted_causes": (GradientBoosting(trees=10), "competing"),
    "boosted_odds": (GradientBoosting(trees=10), "binary"),
    "rbf": (SupportVectorMachine(), "binary"),
    "linear": (SupportVectorMachine(kernel="linear", calibration="isotonic"), "binary"),
    "tree": (DecisionTree(pruning=0.0), "binary"),
    "net": (NeuralNetwork(nets=2), "binary"),
    "extra_trees": (ExtraTrees(trees=5, folds=2), "binary"),
    "early": (EarlyRelapse(window=12.0), "time_to_event"),
    "early_firth": (EarlyRelapse(Logistic(penalty="firth"), window=12.0, censoring="naive"), "time_to_event"),
    "early_boosted": (EarlyRelapse(GradientBoosting(trees=10), window=12.0), "competing"),
    "ada_boost": (AdaBoost(rounds=5, folds=2), "binary"),
}
ARRAYS = {
    "short": lambda x: x[:-1],
    "empty": lambda x: x[:0],
    "deep": lambda x: x[None],
    "scalar": lambda x: np.array(0.5),
    "text": lambda x: x.astype(str),
    "complex": lambda x: x + 1j,
}
VALUES = (None, [], {}, "x", "__import__('os')", -1, 0.5, True, 1e308)


@functools.cache
def document(name):
    recipe, kind = MODELS[name]
    missing = Chained(copies=2) if name == "imputed" else None
    frame = made.patients(120)
    if missing:
        frame = frame.assign(albumin=frame["albumin"].mask(frame["age"] > 75))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        endpoint, horizons = made.ENDPOINTS[kind], None if kind == "binary" else [12]
        study = made.study(
            ["age", "albumin", "sex"], frame=frame, endpoint=endpoint, missing=missing, horizons=horizons
        )
        model = study.fit(recipe)
        return *content_of(model), self_test_of(model)


def opened(path, content, arrays, test):
    """Load a file signed anew; True when it was refused as one."""
    write(path, {"content": content, "self_test": test, "sha256": hash_of(content, arrays)}, arrays)
    try:
        load_model(path)
    except ModelFileError:
        return True
    return False


@pytest.mark.parametrize("name", MODELS)
def test_an_array_of_another_shape_or_kind_is_refused(name, tmp_path):
    content, arrays, test = document(name)
    assert not opened(tmp_path / "m.prognosis", content, arrays, test)
    accepted = [
        (key, how)
        for key, values in arrays.items()
        for how, change in ARRAYS.items()
        if values.size and not (values.ndim == 0 and how in ("short", "empty", "scalar"))
        if not opened(tmp_path / "m.prognosis", content, {**arrays, key: change(values)}, test)
    ]
    # fewer times are a coarser drawing; a pooled Firth fit has no profile either, and Wald's limits
    assert set(accepted) <= {(f"estimate.{key}", "empty") for key in ("event_times", "profile")} | {
        ("estimate.event_times", "short")
    }


def leaves(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, (*path, key))


def with_another_value(content, draw):
    """Return the content with one of its values changed at random to another kind."""
    paths = [path for path in leaves(content) if path]
    return changed_at(content, paths[draw.integers(len(paths))], VALUES[draw.integers(len(VALUES))])


def changed_at(value, path, other):
    """Return a value with another one at a place in it; what lies beside the way there is shared."""
    if not path:
        return other
    changed = copy.copy(value)
    changed[path[0]] = changed_at(value[path[0]], path[1:], other)
    return changed


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_a_value_of_another_kind_ends_in_no_other_error(name, seed, tmp_path):
    """Values changed at random and signed anew: refused, or answering everything without a crash."""
    content, arrays, test = document(name)
    draw = np.random.default_rng([seed, sum(map(ord, name))])
    refused = 0
    for _ in range(20):
        refused += opened(tmp_path / "m.prognosis", with_another_value(content, draw), arrays, test)
    assert refused > 0
