"""Files of published and updated models, altered and signed anew: refused as a model file, with no other error."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from cohorts import Binary, TimeToEvent
from prognosis import Publication, published_model
from prognosis.models import Cox
from prognosis.persistence.content import content_of, self_test_of
from tests.prognosis import made
from tests.prognosis.new_cohorts import other_cohort, quiet
from tests.prognosis.test_hostile_model_files import ARRAYS, opened, with_another_value

PAPER = Publication("Doe et al. 2020", "2020-06-01", 400, 120)
TERMS = {"age": 0.02, "sex=M": 0.3}
TIMED = TimeToEvent("efs", time="months", event="event", unit="months", origin="registration")


@functools.cache
def document(name):
    """Content, arrays and self-test of a model."""
    if name == "updated":
        with quiet():
            model = made.fit(Cox(strata=["centre"]), n=150).updated(other_cohort(150), "slope")
    elif name == "odds":
        model = published_model("doe", Binary("b", event="early"), made.codebook(), TERMS, -2.0, "zero", PAPER)
    else:
        model = published_model("doe", TIMED, made.codebook(), TERMS, {12: 0.9, 24: 0.8}, "zero", PAPER)
    return *content_of(model), self_test_of(model)


@pytest.mark.parametrize("name", ["hazard", "odds", "updated"])
def test_an_array_of_another_shape_or_kind_is_refused(name, tmp_path):
    content, arrays, test = document(name)
    assert not opened(tmp_path / "m.prognosis", content, arrays, test)
    accepted = [
        (key, how)
        for key, values in arrays.items()
        for how, change in ARRAYS.items()
        if values.size and not opened(tmp_path / "m.prognosis", content, {**arrays, key: change(values)}, test)
    ]
    assert accepted == []


@pytest.mark.parametrize("name", ["hazard", "odds", "updated"])
def test_a_value_of_another_kind_ends_in_no_other_error(name, tmp_path):
    content, arrays, test = document(name)
    draw = np.random.default_rng(sum(map(ord, name)))
    refused = 0
    for _ in range(10):
        refused += opened(tmp_path / "m.prognosis", with_another_value(content, draw), arrays, test)
    assert refused > 0


@pytest.mark.parametrize(("name", "values"), [("time", [24.0, 12.0]), ("cumulative_hazard", [0.5, 0.1])])
def test_a_hazard_that_falls_is_refused(name, values, tmp_path):
    content, arrays, test = document("hazard")
    assert opened(tmp_path / "m.prognosis", content, {**arrays, f"estimate.{name}": np.array(values)}, test)
