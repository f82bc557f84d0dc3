"""Faults that sceptical readers found, each kept from coming back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort
from cohorts.errors import DataContractError, FitError, PredictionError
from prognosis import Study
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.evaluation import Evaluation
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, FineGray
from prognosis.outcome import read_outcome
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex"]
PATIENT = {"age": 60.0, "albumin": 36.0, "sex": "F"}


@pytest.fixture(scope="module")
def competing():
    study = made.study(PREDICTORS, n=300, endpoint=made.ENDPOINTS["competing"])
    return study, study.fit(Cox())


def test_zph_takes_times_that_differ_by_rounding_as_one_time():
    """The same times written 0.3 and 0.1 + 0.2; R's cox.zph gives one table for both."""
    frame = made.patients(200)
    tenths = np.ceil(frame["months"].to_numpy())
    exact, rounded = (
        tenths / 10,
        np.where(np.arange(200) % 2, np.cumsum(np.full(2000, 0.1))[tenths.astype(int) - 1], tenths / 10),
    )
    assert (exact != rounded).any()
    X = frame[["age", "albumin"]]
    for transform in ("km", "rank", "identity", "log"):
        fits = [Cox().fit(X, made.structured(time, frame["event"])) for time in (exact, rounded)]
        tables = [fit.proportional_hazards(transform) for fit in fits]
        np.testing.assert_allclose(tables[0]["chisq"], tables[1]["chisq"], rtol=1e-8)


def test_strata_that_read_alike_are_refused():
    frame = made.patients(120).assign(a=np.tile(["1", "1, b=2"], 60), b=np.repeat(["2", "2, b=2"], 60))
    with pytest.raises(DataContractError, match="4 strata read as 3") as caught:
        Cox(strata=["a", "b"]).fit(frame[["age", "a", "b"]], made.outcome_of(frame))
    assert caught.value.code == "C41"


@pytest.mark.parametrize(
    ("extra", "options"),
    [("age * albumin", {"interactions": [("age", "albumin")]}), ("age'", {"splines": {"age": 3}}), ("sex=M", {})],
)
def test_two_terms_of_one_name_are_refused(extra, options):
    frame = made.patients(120)
    X = frame[["age", "albumin", "sex"]].assign(**{extra: frame["creat"]})
    with pytest.raises(FitError, match="two columns of the model are called") as caught:
        Cox(**options).fit(X, made.outcome_of(frame))
    assert caught.value.code == "C02"


def test_a_level_of_numbers_is_found_as_the_codebook_writes_it():
    """Levels 1.0 and 2.0 of a column that once held a gap: predict takes the frame the model was trained on."""
    rows = made.patients(200)
    stage = pd.Categorical(np.tile([1.0, 2.0], 100))
    frame = pd.DataFrame({"age": rows["age"], "stage": stage, "months": rows["months"], "event": rows["event"]})
    frame.index = [f"p{k}" for k in range(200)]
    book = Codebook.from_dict({
        "variables": {
            "pid": {"kind": "id"},
            "age": {"kind": "numeric", "unit": "years"},
            "stage": {"kind": "nominal", "levels": ["1", "2"]},
            "months": made.VARIABLES["months"],
            "event": made.VARIABLES["event"],
        }
    })  # fmt: skip
    cohort = Cohort.from_frame(frame.assign(stage=[f"{value:g}" for value in stage]).rename_axis("pid"), "pid", book)
    model = Study(cohort, made.ENDPOINT, ["age", "stage"], horizons=[12]).fit(Cox())
    written = model.predict({"age": 60.0, "stage": "2"}).risk
    np.testing.assert_array_equal(model.predict({"age": 60.0, "stage": 2.0}).risk, written)
    np.testing.assert_array_equal(model.predict({"age": 60.0, "stage": 2}).risk, written)


def test_a_competing_cox_is_ranked_by_the_risk_that_it_predicts(competing):
    """Not by the hazard of one event, which leaves out who dies first."""
    study, model = competing
    y = study.outcome.to_structured()
    seen = model.freshly_fitted().evaluation(study.columns_of(model.recipe), y)
    risk = model.predict(study.frame, [48]).risk[:, 0]
    assert harrell_c(seen) == pytest.approx(harrell_c(Evaluation(read_outcome(y), risk)), abs=1e-12)
    table = study.validate(model, repeats=3, progress=lambda done, total: None).table.set_index("metric")
    assert table.loc["harrell_c", "apparent"] == pytest.approx(harrell_c(seen), abs=1e-12)


def test_every_hazard_of_a_competing_cox_is_tested(competing):
    table = competing[1].proportional_hazards()
    assert table["cause"].tolist() == [1] * 4 + [2] * 4
    second = made.patients(300)
    alone = made.study(PREDICTORS, frame=second.assign(event=(second["first"] == 2).astype(int))).fit(Cox())
    np.testing.assert_allclose(
        table.loc[table["cause"] == 2, "chisq"], alone.proportional_hazards()["chisq"], rtol=1e-8
    )


def test_one_slope_shrinks_no_competing_model(competing):
    with pytest.raises(FitError, match="several events") as caught:
        competing[1].shrunken(0.9)
    assert caught.value.code == "Z04"
    firth = made.study(PREDICTORS, n=200).fit(Cox(penalty="firth"))
    with pytest.raises(FitError, match="Firth's penalty has shrunken"):
        firth.shrunken(0.9)


def test_a_mean_beyond_the_follow_up_is_refused():
    model = made.study(PREDICTORS, n=300).fit(Cox())
    with pytest.raises(PredictionError, match="lies beyond the max follow-up") as caught:
        model.restricted_mean(PATIENT, 1e5)
    assert caught.value.code == "P10"


def test_a_summary_at_another_level_and_a_short_name():
    model = made.study(PREDICTORS, n=300).fit(Cox())
    narrow, wide = model.summary_at(0.5), model.summary_at(0.99)
    assert (narrow["lower"] > wide["lower"]).all()
    pd.testing.assert_frame_equal(model.summary_at(0.95), model.summary)
    assert repr(model) == "FittedModel(cox: cox, 300 patients, 236 events, predictors age, albumin, sex)"


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_mean_risk_of_both_competing_models_is_the_observed_incidence(competing):
    study, model = competing
    rows = made.patients(300)
    observed = aalen_johansen(rows["months"], rows["first"].to_numpy(int)).at(np.array([24.0]))[0, 1]
    for one in (model, study.fit(FineGray())):
        assert one.predict(study.frame, [24]).risk.mean() == pytest.approx(observed, abs=0.02)


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_a_patient_of_a_stratum_without_events_is_told_so():
    frame = made.patients(200)
    frame["event"] = np.where(frame["centre"] == "south", 0, frame["event"])
    model = made.study(["age", "albumin"], frame=frame, horizons=[12]).fit(Cox(strata=["centre"]))
    answer = model.predict(frame[["age", "albumin", "centre"]].iloc[:20], [12])
    south = frame["centre"].iloc[:20].to_numpy() == "south"
    told = {remark.patient for remark in answer.remarks if remark.code == "C28"}
    assert told == set(frame.index[:20][south])
    assert (answer.risk[south] == 0).all()
    assert (answer.risk[~south] > 0).all()


def test_one_predictor_and_one_horizon_need_no_list():
    study = Study(made.cohort(200), made.ENDPOINT, "age", horizons=24)
    assert study.predictors == ("age",)
    assert study.horizons == (24.0,)


@pytest.mark.parametrize("wrong", [Cox, "cox", None])
def test_what_is_no_recipe_is_refused_in_words(wrong):
    with pytest.raises(FitError, match="is no recipe") as caught:
        made.study(["age"], n=100, horizons=[12]).fit(wrong)
    assert caught.value.code == "S14"


def test_categories_that_read_alike_are_a_fault_of_the_data():
    frame = pd.DataFrame({"g": pd.Categorical([1, "1", 2, "1"])}, index=list("abcd"))
    with pytest.raises(DataContractError, match="a level is declared twice"):
        Cohort.from_frame(frame)
