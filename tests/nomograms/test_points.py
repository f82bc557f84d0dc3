"""Points: by hand on one small model, against rms on real data, and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import PredictionError
from nomograms import Nomogram
from nomograms.points import contribution, grid_of, groups_of, points_of, typical_patient
from tests.nomograms.hand_made import DECLARED, FRAME, hand_made

# rms 6.5.0: cph(Surv(rfstime, status) ~ age * therapy + gradef + size + rcs(nodes, 3)) on gbsg, eps 1e-12
RMS_CROSSED = {
    "per_unit": 42.178474125989,
    "constant": -2.0434035458417,
    "age (therapy=no)": (25.608097130639, 20.652503738206),
    "age (therapy=yes)": (0.0, 11.26551535920664),
    "gradef": (0.0, 40.281420786667),
    "size": (0.0, 22.7849626047073),
    "nodes": (0.0, 100.0),
}


def axis_points(scale, name):
    return next(axis for axis in scale.axes if axis.name == name)


def test_by_hand():
    """0.04 a year over 50 years is 2.0, the largest span: 50 points a unit. Women are the reference, men 0.5 above."""
    scale = points_of(hand_made([0.04, 0.5]))
    age, sex = scale.axes
    assert age.values == (30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80)
    np.testing.assert_allclose(age.points, np.arange(0, 101, 10), atol=1e-12)
    assert (sex.values, sex.points.tolist()) == (("F", "M"), [0.0, pytest.approx(25.0)])
    assert scale.per_unit == pytest.approx(50.0, rel=1e-14)
    assert scale.constant == pytest.approx(30 * 0.04, rel=1e-14)
    assert scale.largest_total == pytest.approx(125.0)


def test_a_protective_predictor_runs_from_right_to_left():
    age, sex = points_of(hand_made([-0.04, -0.5])).axes
    np.testing.assert_allclose(age.points, np.arange(100, -1, -10), atol=1e-12)
    assert sex.points.tolist() == [pytest.approx(25.0), 0.0]


def test_numbers_with_ten_values_are_discrete_and_with_eleven_are_not():
    for count, discrete in ((10, True), (11, False)):
        frame = pd.DataFrame({"nodes": np.resize(np.arange(count, dtype=float), 60)})
        grid = grid_of(hand_made([0.1], frame, {"nodes": {"kind": "numeric"}}), "nodes")
        assert grid.discrete is discrete
        assert grid.values == (tuple(range(10)) if discrete else (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))


def test_levels_without_patients_have_no_place():
    frame = pd.DataFrame({"sex": pd.Categorical(["F", "M"] * 20, categories=["F", "M", "unknown"])})
    declared = {"sex": {"kind": "nominal", "levels": ["F", "M", "unknown"]}}
    assert grid_of(hand_made([0.5, 0.0], frame, declared), "sex").values == ("F", "M")


def test_centiles_shorten_the_axis_and_keep_points_beyond_it():
    values = np.concatenate([np.linspace(0.5, 2.5, 99), [22.0]])
    frame = pd.DataFrame({"creat": values})
    model = hand_made([1.0], frame, {"creat": {"kind": "numeric"}})
    assert grid_of(model, "creat", "rms").values[-1] == 22
    assert grid_of(model, "creat", "centiles").values[-1] <= 3
    cut = Nomogram(model, limits="centiles")
    top = cut.scale.axes[0].values[-1]
    assert cut.points({"creat": 22.0})["creat"] == pytest.approx(
        100 * (22 - cut.scale.axes[0].values[0]) / (top - cut.scale.axes[0].values[0])
    )


def test_a_logarithm_starts_at_the_smallest_value_seen():
    frame = pd.DataFrame({"ldh": np.linspace(0.4, 22, 60)})
    model = hand_made([1.0], frame, {"ldh": {"kind": "numeric"}}, transforms={"ldh": "log"})
    axis = points_of(model).axes[0]
    assert axis.values[:2] == (0.4, 2)
    np.testing.assert_allclose(axis.points, 100 * np.log(np.array(axis.values) / 0.4) / np.log(22 / 0.4), atol=1e-9)


def test_whole_numbers_get_no_finer_candidates():
    whole = pd.DataFrame({"nodes": np.arange(0.0, 41.0)})
    measured = pd.DataFrame({"nodes": np.linspace(0.3, 39.8, 41)})
    declared = {"nodes": {"kind": "numeric"}}
    for frame, step in ((whole, 1.0), (measured, 0.1)):
        fine = np.array(grid_of(hand_made([0.1], frame, declared), "nodes").fine)
        np.testing.assert_allclose(np.diff(fine), step)


def test_the_typical_patient_exists():
    """The median of a 0/1 column with as many 0 as 1 is 0.5; the example takes a value that patients have."""
    frame = pd.DataFrame({"drug": [0.0, 1.0] * 30, "sex": pd.Categorical(["F", "M", "M"] * 20)})
    declared = {"drug": {"kind": "binary"}, "sex": DECLARED["sex"]}
    assert typical_patient(hand_made([0.5, 0.1], frame, declared)) == {"drug": 0.0, "sex": "M"}


@pytest.mark.parametrize("name", ["mgus2", "gbsg"])
def test_points_of_rms(name, golden, request):
    """Every labelled point of every axis, the scale and the constant: golden nomogram_cph_*.json to 1e-6."""
    expected = golden(f"nomogram_cph_{name}")
    nomogram = Nomogram(request.getfixturevalue(f"{name}_model"), limits="rms")
    for variable, axis in expected["points"].items():
        table = nomogram.table[nomogram.table["variable"] == variable]
        assert [str(value) for value in table["value"]] == [
            str(value) if isinstance(value, str) else str(float(value)) for value in axis[variable]
        ]
        np.testing.assert_allclose(table["points"], axis["points"], atol=1e-6)
    assert nomogram.scale.per_unit == pytest.approx(expected["info"]["points_per_unit_lp"], abs=1e-6)
    assert nomogram.linear_predictor(0.0) == pytest.approx(expected["info"]["Intercept"], abs=1e-6)
    assert set(nomogram.table["variable"]) == set(expected["points"])


def test_reference_values_of_the_full_mgus2_model(mgus2):
    """Conventions 3.2: age + sex + hgb + creat + mspike on complete cases."""
    from prognosis import Study
    from prognosis.models import Cox
    from tests.nomograms.conftest import DEATH

    model = Study(mgus2, DEATH, predictors=["age", "sex", "hgb", "creat", "mspike"]).fit(Cox())
    nomogram = Nomogram(model, limits="rms")
    assert nomogram.scale.per_unit == pytest.approx(22.27288852, abs=1e-6)
    assert nomogram.linear_predictor(0.0) == pytest.approx(-3.929597281, abs=1e-6)
    points = nomogram.table.groupby("variable", sort=False)["points"]
    assert points.apply(list)["age"] == pytest.approx(list(np.arange(0, 101, 12.5)), abs=1e-6)
    assert points.max()["sex"] == pytest.approx(10.145895, abs=1e-6)
    assert points.max()["hgb"] == pytest.approx(40.7402293, abs=1e-6)
    assert points.max()["creat"] == pytest.approx(23.3020861, abs=1e-6)
    assert points.max()["mspike"] == pytest.approx(2.08169781, abs=1e-6)


def test_interactions_of_rms(crossed_model):
    """One axis a level of the partner, holding both main effects and the interaction."""
    scale = points_of(crossed_model)
    centre = float(crossed_model.estimate.means @ crossed_model.estimate.coefficients)
    assert scale.per_unit == pytest.approx(RMS_CROSSED["per_unit"], abs=1e-6)
    assert scale.constant - centre == pytest.approx(RMS_CROSSED["constant"], abs=1e-6)
    assert {axis.name for axis in scale.axes} == set(RMS_CROSSED) - {"per_unit", "constant"}
    for axis in scale.axes:
        assert (axis.points[0], axis.points[-1]) == pytest.approx(RMS_CROSSED[axis.name], abs=1e-6)


def test_axes_of_an_interaction_add_up_to_the_linear_predictor(crossed_model):
    """The law: contributions over all groups sum to the uncentred linear predictor of any patient."""
    frame = pd.DataFrame(
        {"age": [30.0, 71.0], "therapy": ["yes", "no"], "gradef": ["3", "1"], "size": [50.0, 12.0], "nodes": [9.0, 0.0]}
    )
    total = sum(
        contribution(crossed_model, group, {name: list(frame[name]) for name in group})
        for group in groups_of(crossed_model)
    )
    whole = crossed_model.preparation.design(frame) @ crossed_model.estimate.coefficients
    np.testing.assert_allclose(total, whole, rtol=1e-12)


def test_predictors_linked_through_a_third_share_axes():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: pd.Categorical(rng.choice(["0", "1"], 60)) for name in "abc"})
    frame["age"] = np.linspace(30, 80, 60)
    declared = {name: {"kind": "binary", "levels": ["0", "1"]} for name in "abc"} | {"age": DECLARED["age"]}
    model = hand_made(np.arange(1, 7) / 10, frame, declared, interactions=[("a", "b"), ("b", "age")])
    assert groups_of(model) == (("age", "a", "b"), ("c",))
    names = [axis.name for axis in points_of(model).axes]
    assert names == ["age (a=0 b=0)", "age (a=1 b=0)", "age (a=0 b=1)", "age (a=1 b=1)", "c"]


def test_two_continuous_predictors_that_interact_are_refused():
    frame = pd.DataFrame({"age": np.linspace(30, 80, 50), "ldh": np.linspace(100, 700, 50) ** 1.1})
    declared = {"age": DECLARED["age"], "ldh": {"kind": "numeric"}}
    with pytest.raises(PredictionError, match=r"\[G05\].*age and ldh interact.*category with levels"):
        Nomogram(hand_made([0.1, 0.1, 0.1], frame, declared, interactions=[("age", "ldh")]))


def test_a_model_without_effects_is_refused():
    with pytest.raises(PredictionError, match=r"\[G06\] no predictor changes the risk"):
        Nomogram(hand_made([0.0, 0.0]))


coefficients = st.tuples(st.floats(-0.2, 0.2), st.floats(-3, 3)).filter(lambda pair: max(map(abs, pair)) > 1e-3)


@given(coefficients)
def test_exactly_the_largest_span_takes_0_to_100(pair):
    scale = points_of(hand_made(pair))
    tops = [max(axis.points.max() for axis in group.axes) for group in scale.groups]
    assert max(tops) == pytest.approx(100.0)
    assert all(min(axis.points.min() for axis in group.axes) == pytest.approx(0.0, abs=1e-9) for group in scale.groups)


@given(coefficients, st.sampled_from(["F", "M"]), st.floats(30, 80))
def test_points_carry_the_whole_model(pair, sex, age):
    """Total points divided by the scale, plus the constant, is the linear predictor."""
    model = hand_made(pair)
    nomogram = Nomogram(model)
    row = FRAME.iloc[:1].assign(age=age, sex=pd.Categorical([sex], categories=["F", "M"]))
    centred = (model.preparation.design(row) - model.estimate.means) @ model.estimate.coefficients
    assert nomogram.linear_predictor(nomogram.total({"age": age, "sex": sex})) == pytest.approx(centred[0], abs=1e-10)
