"""Made-up patients of a profile: exact margins, near correlations, and explanations close to those of the cohort."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort, TimeToEvent
from cohorts.datasets import load_mgus2, mgus2_progression
from cohorts.errors import PredictionError
from prognosis import Study, load_model
from prognosis.explaining.background import answer_seconds, is_costly, rows_for
from prognosis.explaining.made_up import made_up_patients, quantiles
from prognosis.models import Cox, FineGray
from prognosis.patients import PatientTable
from prognosis.profile import profile_of

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
PREDICTORS = ("age", "sex", "hgb", "creat", "mspike")


@pytest.fixture(scope="module")
def made():
    """A cohort with correlated numbers, a category of three levels and strata."""
    random, n = np.random.default_rng(5), 600
    z = random.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], n)
    grade = np.select([z[:, 0] + random.normal(0, 0.5, n) > 0.8, z[:, 0] < -0.3], ["high", "low"], "middle")
    time = random.exponential(20 / np.exp(0.5 * z[:, 0]))
    frame = pd.DataFrame({
        "pid": [f"P{k}" for k in range(n)], "x": np.exp(z[:, 0]).round(3), "y": (10 + 2 * z[:, 1]).round(2),
        "grade": grade, "site": np.where(random.random(n) < 0.5, "A", "B"), "count": random.poisson(1.5, n).clip(0, 4),
        "time": np.minimum(time, 30).round(3) + 0.001, "event": (time < 30).astype(int)})  # fmt: skip
    kinds = {
        "pid": {"kind": "id"}, "x": {"kind": "numeric"}, "y": {"kind": "numeric"}, "count": {"kind": "numeric"},
        "grade": {"kind": "nominal", "levels": ["low", "middle", "high"]},
        "site": {"kind": "nominal", "levels": ["A", "B"]},
        "time": {"kind": "time", "unit": "months"}, "event": {"kind": "event", "values": {"censored": 0, "event": 1}},
    }  # fmt: skip
    cohort = Cohort.from_frame(frame, id="pid", codebook=Codebook.from_dict({"variables": kinds}))
    endpoint = TimeToEvent("e", time="time", event="event", unit="months", origin="surgery", horizons=(12,))
    study = Study(cohort, endpoint, ["x", "y", "grade", "count"], seed=3)
    return cohort, study.fit(Cox(splines={"x": 3}, strata=["site"]))


@pytest.fixture(scope="module")
def competing():
    study = Study(load_mgus2(), mgus2_progression(), PREDICTORS, seed=1, missing="complete_cases")
    return {"cause": study.fit(Cox()), "fine_gray": study.fit(FineGray())}


def test_margins_are_those_of_the_cohort_and_relations_are_kept(made):
    cohort, model = made
    found = made_up_patients(model, 400)
    shares = cohort.frame["grade"].value_counts(normalize=True)
    for level, share in found["grade"].value_counts(normalize=True).items():
        assert share == pytest.approx(shares[level], abs=1 / 400)
    for p in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert found["y"].quantile(p) == pytest.approx(cohort.frame["y"].quantile(p), abs=0.25)
    assert set(found["count"]) <= {0, 1, 2, 3, 4}
    assert found["count"].mean() == pytest.approx(cohort.frame["count"].mean(), abs=0.1)
    # the correlation of a skewed column is weaker than that of its ranks
    assert 0.5 < found["x"].corr(found["y"], method="spearman") < 0.8
    means = found.groupby("grade")["x"].median()
    assert means["low"] < means["middle"] < means["high"]
    assert set(found["site"]) == {"A"}


def test_no_patient_of_the_cohort_is_among_them(made):
    cohort, model = made
    found = made_up_patients(model, 100)[["x", "y"]].round(3)
    assert not set(map(tuple, found.to_numpy())) & set(map(tuple, cohort.frame[["x", "y"]].to_numpy()))


def test_the_same_from_the_file_and_by_chance_without_correlations(made, tmp_path):
    _, model = made
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    pd.testing.assert_frame_equal(made_up_patients(loaded, 50), made_up_patients(model, 50))
    apart = made_up_patients(replace(model, distance=None), 400)
    assert abs(apart["x"].corr(apart["y"])) < 0.15
    assert apart["grade"].value_counts()["high"] == made_up_patients(model, 400)["grade"].value_counts()["high"]


@pytest.mark.parametrize(("values", "p", "expected"), [
    ([0, 0, 0, 1], [0.1, 0.74, 0.76], [0, 0, 1]),
    ([2, 2, 3, 3, 3, 5, 5, 5, 5, 5], [0.19, 0.21, 0.49, 0.51], [2, 3, 3, 5]),
    (list(range(101)), [0.25, 0.5, 0.99], [25, 50, 99]),
])  # fmt: skip
def test_quantiles_by_hand(values, p, expected):
    profile = profile_of(pd.DataFrame({"x": np.array(values, float)}))["x"]
    np.testing.assert_allclose(quantiles(profile, np.array(p)), expected, atol=0.2)


def test_explanations_are_near_those_over_the_whole_cohort(competing):
    model = competing["cause"]
    rows = load_mgus2().frame[list(PREDICTORS)].dropna()
    some, half = rows.iloc[5:1000:200], rows.iloc[::3]
    near = model.explain(some, [240.0], background="profile")
    whole = model.explain(some, [240.0], background=half)
    assert 100 * np.abs(near.values - whole.values).max() < 0.5
    assert 100 * np.abs(near.base - whole.base).max() < 1
    assert near.made_up
    assert not whole.made_up
    assert near.reference.startswith("100 made-up patients")


def test_short_cuts_give_what_whole_answers_give(competing, monkeypatch):
    """Sums of parts, and risks without errors, against designs and risks with them."""
    rows = load_mgus2().frame.loc[["90", "203"], list(PREDICTORS)]
    for model in competing.values():
        quick = model.explain(rows, [240.0, 60.0], background="profile")
        with monkeypatch.context() as patch:
            patch.setattr("prognosis.explaining.played.is_additive", lambda _: False)
            patch.delattr(type(model.estimate), "risk_alone", raising=False)
            slow = model.explain(rows, [240.0, 60.0], background="profile")
        np.testing.assert_allclose(quick.values, slow.values, rtol=0, atol=1e-12)
        np.testing.assert_allclose(quick.base, slow.base, rtol=0, atol=1e-12)


def test_strata_and_offset_stay_those_of_the_patient(made):
    cohort, model = made
    two = cohort.frame.loc[["P0", "P1"]].assign(site=["A", "B"])
    found = model.explain(two, background="profile")
    assert found.base[0, 0] != found.base[1, 0]


def test_costly_models_have_fewer_made_up_patients(competing):
    """Costs are counted, not timed: a regression is cheap, five hundred deep trees of ten predictors are not."""
    model = competing["fine_gray"]
    assert rows_for(model) == 100
    assert not is_costly(model)
    trees = {"roots": np.zeros(500), "feature": np.zeros(500 * 256)}
    forest = SimpleNamespace(arrays=lambda: trees)
    assert answer_seconds(forest) == pytest.approx((2000 + 40 * 500 * 8) * 1e-9)
    causes = competing["cause"].estimate
    times = sum(len(each.baseline.time) for each in causes.models)
    assert answer_seconds(causes) == pytest.approx((2 * 2000 + 3 * times) * 1e-9)
    machine = SimpleNamespace(arrays=lambda: {"support": np.zeros((600, 12))})
    assert answer_seconds(machine) == pytest.approx((2000 + 3 * 7200) * 1e-9)
    for predictors, rows, costly in ((5, 48, False), (7, 12, False), (8, 10, True), (14, 10, True)):
        asked = SimpleNamespace(estimate=forest, predictors=range(predictors), preparation=model.preparation)
        assert (rows_for(asked), is_costly(asked)) == (rows, costly)


def test_another_word_is_refused(made):
    with pytest.raises(PredictionError, match="S14"):
        made[1].explain(made[0].frame.iloc[:1], background="cohort")


def test_checked_patients_are_taken_by_their_own_door_only(made, competing):
    table = competing["cause"].door.admit(dict(zip(PREDICTORS, (70.0, "M", 12.0, 1.0, 1.0), strict=True)))
    assert competing["cause"].door.admit(table) is table
    again = competing["fine_gray"].door.admit(PatientTable(table.frame, (), competing["cause"].door))
    assert again is not table
    with pytest.raises(PredictionError, match="P01"):
        made[1].predict(table)
