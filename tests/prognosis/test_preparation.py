"""Design columns: rms's names, reference levels, transforms with their domains, splines and interactions."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, FitError
from prognosis.preparation import Preparation
from prognosis.splines import spline_basis

FRAME = pd.DataFrame(
    {
        "age": [50.0, 60.0, 70.0, 80.0],
        "sex": pd.Categorical(["F", "M", "F", "M"], categories=["F", "M"]),
        "grade": pd.Categorical(["2", "3", "1", "2"], categories=["1", "2", "3"]),
        "bili": [1.0, 10.0, 100.0, 1000.0],
        "old": [False, False, True, True],
    },
    index=["a", "b", "c", "d"],
)
KNOTS = [50.0, 60.0, 75.0]


def test_names_are_those_of_rms():
    prepared = Preparation.fit(FRAME, {"age": KNOTS}, {"bili": "log"}, [("age", "sex")])
    assert prepared.names == (
        "age", "age'", "sex=M", "grade=2", "grade=3", "log(bili)", "old", "age * sex=M", "age' * sex=M",
    )  # fmt: skip
    assert prepared.columns[-1].variables == ("age", "sex")
    assert prepared.predictors == ("age", "sex", "grade", "bili", "old")


def test_values_by_hand():
    prepared = Preparation.fit(FRAME, {"age": KNOTS}, {"bili": "log"}, [("age", "sex")])
    design = prepared.design(FRAME)
    bend = spline_basis(FRAME["age"].to_numpy(), np.array(KNOTS))[:, 1]
    male = np.array([0.0, 1.0, 0.0, 1.0])
    expected = [FRAME["age"], bend, male, [1, 0, 0, 1], [0, 1, 0, 0], np.log(FRAME["bili"]), [0, 0, 1, 1],
                FRAME["age"] * male, bend * male]  # fmt: skip
    np.testing.assert_allclose(design, np.column_stack(expected), rtol=1e-15)
    assert design.flags.c_contiguous
    assert design.dtype == np.float64


def test_the_reference_is_the_first_declared_level_not_the_first_seen():
    seen_last = FRAME.assign(sex=pd.Categorical(["M", "M", "M", "F"], categories=["F", "M"]))
    assert Preparation.fit(seen_last[["sex"]]).names == ("sex=M",)


def test_new_patients_get_the_levels_of_training_whatever_their_own_order():
    prepared = Preparation.fit(FRAME[["sex", "grade"]])
    other = pd.DataFrame(
        {"sex": pd.Categorical(["M"], categories=["M"]), "grade": pd.Categorical(["3"], categories=["3", "1"])}
    )
    np.testing.assert_array_equal(prepared.design(other), [[1.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("name", "function"),
    [("log", np.log), ("log1p", np.log1p), ("sqrt", np.sqrt), ("square", np.square)],
)
def test_transforms_of_the_closed_list(name, function):
    prepared = Preparation.fit(FRAME[["bili"]], transforms={"bili": name})
    np.testing.assert_allclose(prepared.design(FRAME)[:, 0], function(FRAME["bili"]))


def test_scaled_remembers_the_training_mean_and_spread():
    prepared = Preparation.fit(FRAME[["age"]], transforms={"age": "scaled"})
    new = pd.DataFrame({"age": [65.0, 65.0 + FRAME["age"].std()]})
    np.testing.assert_allclose(prepared.design(new)[:, 0], [0.0, 1.0], atol=1e-15)


def test_a_spline_on_a_transformed_variable_has_its_knots_there():
    prepared = Preparation.fit(FRAME[["bili"]], {"bili": [1.0, 10.0, 1000.0]}, {"bili": "log"})
    expected = spline_basis(np.log(FRAME["bili"].to_numpy()), np.log([1.0, 10.0, 1000.0]))
    np.testing.assert_allclose(prepared.design(FRAME), expected)


@pytest.mark.parametrize(("transform", "bad"), [("log", 0.0), ("log", -1.0), ("sqrt", -0.1), ("log1p", -1.0)])
def test_a_value_outside_the_domain_names_its_row(transform, bad):
    frame = FRAME.assign(bili=[1.0, bad, 2.0, 3.0])
    with pytest.raises(DataContractError, match=f"row ids b: {transform} is not defined") as caught:
        Preparation.fit(frame[["bili"]], transforms={"bili": transform})
    assert caught.value.code == "S13"


def test_zero_is_in_the_domain_of_the_square_root():
    assert (
        Preparation.fit(FRAME.assign(bili=0.0)[["bili"]], transforms={"bili": "sqrt"})
        .design(FRAME.assign(bili=0.0))
        .sum()
        == 0
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"splines": {"agee": 3}}, "splines names 'agee'"),
        ({"transforms": {"agee": "log"}}, "transforms names 'agee'"),
        ({"transforms": {"age": "exp"}}, "unknown transform 'exp'"),
        ({"transforms": {"age": "__import__('os')"}}, "unknown transform"),
        ({"interactions": [("age", "gender")]}, "interactions names 'gender'"),
        ({"interactions": [("age", "age")]}, "cannot interact with itself"),
        ({"splines": {"sex": 3}}, "a category has no spline"),
    ],
)
def test_wrong_declarations_are_refused(options, words):
    with pytest.raises(FitError) as caught:
        Preparation.fit(FRAME, **options)
    assert words in str(caught.value)


def test_text_is_never_a_number():
    with pytest.raises(FitError, match="string dtype"):
        Preparation.fit(FRAME.assign(age=["50", "60", "70", "80"]))


def test_stored_and_restored_it_gives_the_same_columns():
    prepared = Preparation.fit(FRAME, {"age": KNOTS}, {"bili": "scaled"}, [("age", "sex"), ("grade", "old")])
    again = Preparation.from_dict(json.loads(json.dumps(prepared.to_dict())))
    assert again == prepared
    np.testing.assert_array_equal(again.design(FRAME), prepared.design(FRAME))


def test_terms_are_tested_as_r_groups_them():
    prepared = Preparation.fit(FRAME, {"age": KNOTS}, interactions=[("age", "sex")])
    assert prepared.terms_of_test() == {
        "age": [0, 1], "sex": [2], "grade": [3, 4], "bili": [5], "old": [6], "age * sex": [7, 8],
    }  # fmt: skip
