"""The nomogram as a value: points, totals, risks, what it refuses, what it tells."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cohorts import TimeToEvent
from cohorts.errors import PredictionError
from nomograms import Nomogram
from prognosis import load_model
from tests.nomograms.hand_made import hand_made

PATIENT = {"age": 66.5, "sex": "M"}


def test_points_total_and_risk_by_hand(simple):
    """36.5 years above 30 are 73 points, a man has 25; 98 points are 1.96 above the constant of 1.2."""
    points = simple.points(PATIENT)
    assert points == {"age": pytest.approx(73.0), "sex": pytest.approx(25.0)}
    assert simple.total(PATIENT) == pytest.approx(98.0)
    centre = 55 * 0.04 + 0.5 / 3
    assert simple.linear_predictor(98.0) == pytest.approx(1.2 + 1.96 - centre)
    risk = simple.risk(98.0)
    assert risk[60] == pytest.approx(1 - np.exp(-0.6 * np.exp(1.2 + 1.96 - centre)))
    assert (risk.index.name, risk.index.tolist()) == ("horizon", [12.0, 60.0])


def test_a_mapping_of_points_is_as_good_as_their_sum(simple):
    points = simple.points(PATIENT)
    pd.testing.assert_series_equal(simple.risk(points), simple.risk(98.0))
    assert simple.linear_predictor(points) == pytest.approx(simple.linear_predictor(98.0))


def test_some_variables_give_some_points(simple):
    assert simple.points({"sex": "M", "centre": "A"}) == {"sex": pytest.approx(25.0)}
    with pytest.raises(PredictionError, match=r"\[P01\] column age: column age is missing: the total needs all"):
        simple.total({"sex": "M"})
    with pytest.raises(PredictionError, match=r"column age is missing"):
        simple.risk({"sex": 25.0})
    with pytest.raises(PredictionError, match=r"\[P01\].*none of the predictors.*age, sex"):
        simple.points({"Age": 60})


@pytest.mark.parametrize(
    ("patient", "message"),
    [
        ({"age": 60, "sex": "X"}, r"\[P03\].*unknown category 'X'; known levels: F, M"),
        ({"age": 400, "sex": "M"}, r"\[P07\].*400"),
        ({"age": None, "sex": "M"}, r"\[P02\].*age"),
        ({"age": float("nan"), "sex": "M"}, r"\[P02\].*age"),
    ],
)
def test_values_are_refused_as_predict_refuses_them(simple, patient, message):
    with pytest.raises(PredictionError, match=message):
        simple.points(patient)


def test_values_beyond_the_axis_get_points_beyond_it(simple):
    assert simple.points({"age": 25})["age"] == pytest.approx(-10.0)
    assert simple.points({"age": 85})["age"] == pytest.approx(110.0)


@pytest.mark.parametrize("fixture", ["mgus2_model", "gbsg_model", "crossed_model", "folded_model"])
@pytest.mark.parametrize("limits", ["rms", "centiles"])
def test_reading_back_equals_the_model(fixture, limits, request):
    """Sum of points to risk equals predict to 1e-10, for every patient tried, at every horizon."""
    model = request.getfixturevalue(fixture)
    nomogram = Nomogram(model, limits=limits)
    cohort = request.getfixturevalue("mgus2" if fixture == "mgus2_model" else "gbsg")
    for _, row in cohort.frame[list(model.predictors)].iloc[7::60].iterrows():
        patient = row.to_dict()
        points = nomogram.points(patient)
        answer = model.predict(patient)
        np.testing.assert_allclose(nomogram.risk(sum(points.values())), answer.risk[0], atol=1e-10)
        np.testing.assert_allclose(nomogram.risk(points), answer.risk[0], atol=1e-10)
        assert nomogram.linear_predictor(points) == pytest.approx(answer.linear_predictor[0], abs=1e-10)


def test_profiles_of_the_golden_file(mgus2_model, golden):
    expected = golden("nomogram_cph_mgus2")
    nomogram = Nomogram(mgus2_model)
    for place in (0, 1):
        patient = {name: values[place] for name, values in expected["profiles"].items()}
        assert nomogram.linear_predictor(nomogram.total(patient)) == pytest.approx(
            expected["lp_profiles"][place], abs=1e-6
        )
        np.testing.assert_allclose(
            1 - nomogram.risk(nomogram.points(patient)), expected["pred_profiles"][place], atol=1e-6
        )


def test_interacting_predictors_share_an_entry(crossed_model):
    nomogram = Nomogram(crossed_model)
    patient = {"age": 33, "therapy": "yes", "gradef": "3", "size": 45, "nodes": 9}
    assert set(nomogram.points(patient)) == {"age", "gradef", "size", "nodes"}
    assert set(nomogram.points({"age": 33, "size": 45})) == {"size"}
    with pytest.raises(PredictionError, match="column therapy is missing"):
        nomogram.total({name: value for name, value in patient.items() if name != "therapy"})


def test_table_has_all_axes(simple, crossed_model):
    assert simple.table.columns.tolist() == ["variable", "value", "points"]
    assert simple.table["variable"].value_counts().to_dict() == {"age": 11, "sex": 2}
    assert {"age (therapy=no)", "age (therapy=yes)"} < set(Nomogram(crossed_model).table["variable"])


def test_a_frozen_value(simple):
    with pytest.raises(dataclasses.FrozenInstanceError):
        simple.limits = "centiles"


def test_horizons_default_sort_and_lose_doubles(simple):
    assert simple.horizons == (12.0, 60.0)
    assert Nomogram(simple.model, horizons=[60, 24, 60]).horizons == (24.0, 60.0)


@pytest.mark.parametrize(
    ("horizons", "message"),
    [
        ([], r"\[G02\] no horizon.*give horizons="),
        ([0], r"\[P12\].*horizon 0 is no positive time"),
        ([-5], r"\[P12\].*horizon -5"),
        ([float("nan")], r"\[P12\].*horizon nan"),
        ([121], r"\[P10\].*horizon 121 months lies beyond the max follow-up of 120 months"),
    ],
)
def test_horizons_that_cannot_be_answered(simple, horizons, message):
    with pytest.raises(PredictionError, match=message):
        Nomogram(simple.model, horizons=horizons)


def test_all_findings_are_shown_at_once(simple):
    with pytest.raises(PredictionError) as caught:
        Nomogram(simple.model, horizons=[-1, 500], limits="full")
    assert [finding.code for finding in caught.value.findings] == ["P12", "P10", "G08"]


def test_models_without_points_are_refused_with_the_way_out():
    forest = hand_made([0.04, 0.5])
    forest.kind, forest.estimate = "random_survival_forest", SimpleNamespace()
    with pytest.raises(PredictionError, match=r"\[G04\].*random_survival_forest.*approximate"):
        Nomogram(forest)


def test_an_offset_is_refused():
    model = hand_made([0.04, 0.5])
    model.recipe = SimpleNamespace(offset="known_risk")
    with pytest.raises(PredictionError, match=r"\[G09\] column known_risk: the model has an offset"):
        Nomogram(model)


def test_unknown_language_and_limits_are_refused(simple):
    with pytest.raises(PredictionError, match=r"\[G07\].*'fr'.*en, zh"):
        Nomogram(simple.model, language="fr")
    with pytest.raises(PredictionError, match=r"\[G08\].*'full'.*'centiles' or 'rms'"):
        Nomogram(simple.model, limits="full")


def test_plain_values_for_results_json(crossed_model):
    told = Nomogram(crossed_model, horizons=[365], limits="rms").to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert set(told) == {"scales", "total", "outcomes", "reading_error"}
    first = told["scales"][0]
    assert (first["variable"], first["label"], first["unit"], first["setting"]) == (
        "age",
        "Age",
        "years",
        {"therapy": "no"},
    )
    assert first["ticks"][0] == {"value": 20.0, "points": pytest.approx(25.608097130639, abs=1e-6)}
    assert told["total"]["ticks"][-1] >= told["total"]["largest"]
    assert told["outcomes"][0]["label"] == "Risk of recurrence or death by 365\u00a0days,\u00a0%"
    assert 0 < told["reading_error"]["mean"] < told["reading_error"]["largest"] < 0.1


def test_a_loaded_model_gives_the_same_nomogram(mgus2_model, tmp_path):
    loaded = load_model(mgus2_model.save(tmp_path / "m.prognosis"))
    assert Nomogram(loaded).to_dict() == Nomogram(mgus2_model).to_dict()
    Nomogram(mgus2_model).save(tmp_path / "fresh.pdf")
    Nomogram(loaded).save(tmp_path / "loaded.pdf")
    assert (tmp_path / "fresh.pdf").read_bytes() == (tmp_path / "loaded.pdf").read_bytes()


def test_delayed_horizons_come_from_the_endpoint(mgus2_model):
    assert isinstance(mgus2_model.endpoint, TimeToEvent)
    assert Nomogram(mgus2_model).horizons == (24.0, 60.0, 120.0)


def test_the_import_draws_nothing():
    """matplotlib is imported only when a figure is saved."""
    code = "import sys, nomograms.nomogram; raise SystemExit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
