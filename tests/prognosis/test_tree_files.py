"""Every tampering case of model files, on boosted models and forests: refused with its code, and nothing is run."""

from __future__ import annotations

import functools
import pickle
import warnings

import numpy as np
import pytest

from cohorts.errors import ModelFileError, PrognosisWarning
from prognosis import load_model
from prognosis.models import GradientBoosting, RandomSurvivalForest
from prognosis.persistence.content import SCHEMA, content_of, hash_of, self_test_of
from tests.prognosis import made
from tests.prognosis.test_model_file import altered, refused, write

RECIPES = {
    "boosted": GradientBoosting(trees=10, early_stopping=None),
    "forest": RandomSurvivalForest(trees=10),
}
# what a leaf answers
ANSWER = {"boosted": "value", "forest": "hazard"}


@functools.cache
def model(kind, machine="boosted"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.fit(RECIPES[machine], ["age", "albumin", "sex"], 120, endpoint=made.ENDPOINTS[kind])


@pytest.fixture(params=RECIPES)
def machine(request):
    return request.param


@pytest.fixture
def saved(tmp_path, machine):
    return model("time_to_event", machine).save(tmp_path / "saved.prognosis")


def test_l01_a_pickle_in_place_of_the_trees(saved, machine, tmp_path):
    def change(content, arrays):
        arrays[f"estimate.{ANSWER[machine]}"] = np.array([{}], dtype=object)

    refused(altered(saved, tmp_path / "m.prognosis", change, sign=False), "L01", "pickle not accepted")
    (tmp_path / "n.prognosis").write_bytes(pickle.dumps(RECIPES[machine]))
    refused(tmp_path / "n.prognosis", "L01", "pickle not accepted")


@pytest.mark.parametrize(
    ("machine", "name"),
    [("boosted", name) for name in ("threshold", "value", "cover", "feature", "cumulative_hazard")]
    + [("forest", name) for name in ("threshold", "hazard", "cover", "feature", "time", "event_times")],
)
def test_l02_one_number_changed(saved, tmp_path, name):
    def change(content, arrays):
        arrays[f"estimate.{name}"][0] += 1

    refused(altered(saved, tmp_path / "m.prognosis", change, sign=False), "L02", "sha256 expected", "actual")


def test_l03_verified_means_a_digest_from_elsewhere(saved):
    assert not load_model(saved).verified
    assert load_model(saved, sha256=load_model(saved).hash).verified
    with pytest.raises(ModelFileError) as caught:
        load_model(saved, sha256="0" * 64)
    assert caught.value.code == "L02"


def test_l04_another_schema(saved, tmp_path):
    def change(content, arrays):
        content["schema"] = SCHEMA + 1

    refused(altered(saved, tmp_path / "m.prognosis", change), "L04", "file version", "supported")


@pytest.mark.parametrize("text", ["__import__('os').system('id')", "eval(x)"])
def test_l05_code_in_a_parameter_is_never_run(saved, tmp_path, text):
    def change(content, arrays):
        content["recipe"]["callback"] = text

    refused(altered(saved, tmp_path / "m.prognosis", change), "L05", "callback")


@pytest.mark.parametrize(
    ("machine", "name", "change"),
    [
        ("boosted", "value", lambda x: x * np.float32("nan")),
        ("boosted", "threshold", lambda x: np.where(x != 0, np.float32("inf"), x)),
        ("boosted", "feature", lambda x: x + 1000),
        ("boosted", "left", lambda x: np.where(x > 0, 2**30, x).astype(np.int32)),
        ("boosted", "cover", lambda x: -x),
        ("boosted", "cumulative_hazard", lambda x: -x),
        ("boosted", "cumulative_hazard", lambda x: x[::-1]),
        ("boosted", "roots", lambda x: np.zeros_like(x)),
        ("forest", "hazard", lambda x: x * np.nan),
        ("forest", "hazard", lambda x: -x),
        ("forest", "threshold", lambda x: np.where(x != 0, np.inf, x)),
        ("forest", "feature", lambda x: x + 1000),
        ("forest", "child", lambda x: np.where(x > 0, 2**30, x).astype(np.int32)),
        ("forest", "cover", lambda x: -x),
        ("forest", "event_times", lambda x: x[::-1]),
        ("forest", "roots", lambda x: np.zeros_like(x)),
    ],
)
def test_l07_trees_that_cannot_be(saved, tmp_path, name, change):
    """With an inner hash that fits: the numbers themselves are looked at."""

    def forge(content, arrays):
        arrays[f"estimate.{name}"] = change(arrays[f"estimate.{name}"])

    refused(altered(saved, tmp_path / "m.prognosis", forge), "L07")


def test_l09_example_patients_must_get_their_stored_risks(saved, machine, tmp_path):
    def forge(content, arrays):
        # of a forest less: a hazard of 1 cannot grow
        arrays[f"estimate.{ANSWER[machine]}"] *= np.float32({"boosted": 1.01, "forest": 0.99}[machine])

    refused(altered(saved, tmp_path / "m.prognosis", forge), "L09", "stored example patients")


@pytest.mark.parametrize("machine", ["boosted"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("slope", -1.0),
        ("slope", 0.0),
        ("intercept", 0.5),
        ("variables", ["age"]),
        ("feature_names", []),
        ("level", "x"),
    ],
)
def test_values_that_do_not_fit_the_trees_are_refused(saved, tmp_path, key, value):
    def forge(content, arrays):
        content["estimate"][key] = value

    with pytest.raises(ModelFileError):
        load_model(altered(saved, tmp_path / "m.prognosis", forge))


@pytest.mark.parametrize("kind", made.ENDPOINTS)
@pytest.mark.parametrize("other", made.ENDPOINTS)
def test_the_trees_of_one_kind_of_endpoint_do_not_answer_another(kind, other, tmp_path):
    """The estimate of one model in the file of another, with examples and hash made to fit."""
    content, arrays = content_of(model(kind))
    foreign, foreign_arrays = content_of(model(other))
    arrays = {key: value for key, value in arrays.items() if not key.startswith("estimate.")}
    arrays |= {key: value for key, value in foreign_arrays.items() if key.startswith("estimate.")}
    content |= {key: foreign[key] for key in ("estimate", "estimate_class")}
    test = self_test_of(model(kind))
    document = {"content": content, "self_test": test, "sha256": hash_of(content, arrays)}
    path = write(tmp_path / "m.prognosis", document, arrays)
    if kind == other:
        assert load_model(path).hash == model(kind).hash
    else:
        with pytest.raises(ModelFileError):
            load_model(path)
