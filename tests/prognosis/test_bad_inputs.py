"""Required behaviour on bad input in fitting and prediction, each case by its id: the kind and the words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, FitError, PredictionError, PrognosisError, PrognosisWarning
from prognosis.models import Cox, PenalisedCox
from tests.prognosis import made
from tests.prognosis.made import outcome_of, patients, structured

NUMBERS = ["age", "albumin"]


def fit(frame, columns=None, **options):
    columns = list(columns or NUMBERS)
    recipe = Cox(**options)
    return recipe.fit(frame[[*columns, *recipe.auxiliary]], outcome_of(frame))


def refused(error, code, words, act):
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value), str(caught.value)
    return caught.value


# ---------------------------------------------------------------- fitting: the case and what must be said


def t12_below_one(frame):
    few = frame.assign(event=np.r_[1, np.zeros(len(frame) - 1, int)])
    fit(few)


def t23(bad):
    def act(frame):
        weight = frame["weight"].to_numpy().copy()
        weight[3] = bad
        fit(frame.assign(weight=weight), weights="weight")

    return act


def c03(frame):
    dummies = {f"d{k}": (frame["grade"].cat.codes == k).astype(float) for k in range(3)}
    fit(frame.assign(**dummies), [*dummies, "age"])


def c04(frame):
    noise = np.random.default_rng(1).normal(size=len(frame))
    fit(frame.assign(twin=frame["age"] + 1e-6 * noise), ["age", "twin"])


def c05_category(frame):
    fit(frame.assign(event=np.where(frame["grade"] == "middle", 0, frame["event"])), ["age", "grade"])


def c05_number(frame):
    fit(frame.assign(mark=-frame["months"]), ["age", "mark"])


def c16(frame):
    fit(frame.assign(albumin=np.where(np.arange(len(frame)) < 8, np.nan, frame["albumin"])))


def c17(frame):
    rows = frame.iloc[:20]
    draw = np.random.default_rng(2)
    noise = {f"n{k}": draw.normal(size=20) for k in range(25)}
    fit(rows.assign(**noise), list(noise))


FITTING = [
    ("T11", FitError, ["0 events", "n="], lambda f: fit(f.assign(event=0))),
    ("T12", FitError, ["1 events", "2 parameters", "EPV"], t12_below_one),
    ("T23", DataContractError, ["weights", "row ids P003"], t23(-1.0)),
    ("T23", DataContractError, ["weights", "row ids P003"], t23(np.nan)),
    ("T23", DataContractError, ["weights", "row ids"], lambda f: fit(f.assign(weight=0.0), weights="weight")),
    ("C01", FitError, ["column relapse", "constant"], lambda f: fit(f.assign(relapse=7.0), ["age", "relapse"])),
    ("C02", FitError, ["age", "again"], lambda f: fit(f.assign(again=f["age"]), ["age", "again"])),
    ("C03", FitError, ["d0", "d1", "d2", "rank 3 of 4"], c03),
    ("C04", FitError, ["condition number", "age", "twin"], c04),
    ("C05", FitError, ["column grade", "'middle'", "0 events of n=", "Cox(penalty"], c05_category),
    ("C05", FitError, ["mark", "separates the events", "Cox(penalty"], c05_number),
    ("C10", FitError, ["column age", "string dtype"], lambda f: fit(f.assign(age=f["age"].astype(str)))),
    ("C16", DataContractError, ["albumin", "8", "2.0 percent", "complete_cases"], c16),
    ("C17", FitError, ["n=20", "p=25"], c17),
    ("C18", FitError, ["n=1"], lambda f: fit(f.iloc[:1])),
    ("C18", FitError, ["n=2"], lambda f: fit(f.iloc[:2])),
    ("C18", FitError, ["n=0"], lambda f: fit(f.iloc[:0])),
]


@pytest.mark.parametrize(("code", "error", "words", "act"), FITTING, ids=[f"{c[0]}-{i}" for i, c in enumerate(FITTING)])
def test_a_fit_is_refused_in_the_language_of_the_trade(code, error, words, act):
    refused(error, code, words, lambda: act(patients(400)))


def test_t12_few_events_are_a_warning_that_stays_in_the_result():
    frame = patients(400)
    few = frame.assign(event=np.where(np.arange(400) < 20, 1, 0))
    (finding,) = [f for f in fit(few, ["age", "albumin", "creat"]).warnings_ if f.code == "T12"]
    assert finding.severity == "warning"
    for word in ("20 events", "3 parameters", "EPV 6.7"):
        assert word in str(finding)


def test_t12_is_shown_and_recorded_by_a_study():
    frame = patients(400)
    with pytest.warns(PrognosisWarning, match="EPV"):
        model = made.study(NUMBERS, frame=frame.assign(event=np.where(np.arange(400) < 15, 1, 0))).fit(Cox())
    assert "T12" in {finding.code for finding in model.warnings}


def test_t12_a_penalised_fit_of_few_events_is_allowed():
    fitted = fit(patients(400).assign(event=np.r_[1, np.zeros(399, int)]), ridge=1.0)
    assert np.isfinite(fitted.estimate_.coefficients).all()


def test_t13_a_cohort_without_censoring_is_fitted():
    assert fit(patients(400).assign(event=1)).estimate_.coefficients[1] < 0


def test_t14_all_times_tied_is_fitted_as_r_does():
    """With one risk set the Cox model is a conditional regression; no index error, a finite answer."""
    frame = patients(400).assign(months=12.0)
    assert np.isfinite(fit(frame, ties="breslow").estimate_.coefficients).all()


def test_t22_delayed_entry_counts_in_coefficients_and_in_the_baseline():
    """The level to 1e-8 is in test_cox_golden; here the direction: ignoring entry gives another hazard."""
    frame = patients(400)
    late = Cox().fit(frame[NUMBERS], outcome_of(frame, entry=True)).estimate_
    naive = fit(frame).estimate_
    assert not np.allclose(late.coefficients, naive.coefficients, rtol=1e-6)
    assert late.baseline.cumulative_hazard[0] > naive.baseline.cumulative_hazard[0]


def test_t23_rows_of_weight_zero_are_left_out_and_counted():
    frame = patients(400)
    weight = frame["weight"].to_numpy().copy()
    weight[:5] = 0.0
    fitted = fit(frame.assign(weight=weight), weights="weight")
    (finding,) = [f for f in fitted.warnings_ if f.code == "T23"]
    assert "5 rows" in str(finding)
    expected = fit(frame.iloc[5:], weights="weight").estimate_.coefficients
    np.testing.assert_allclose(fitted.estimate_.coefficients, expected, rtol=1e-12)


def test_t24_no_recipe_takes_an_option_that_it_does_not_know():
    """In a study file the error is T24 (tests/reports/test_study_file.py); in Python the constructor refuses."""
    with pytest.raises(TypeError, match="sample_weight"):
        Cox(sample_weight="w")


@pytest.mark.parametrize(("scale", "shift"), [(1e12, 0.0), (1e-12, 0.0), (1.0, 1e9), (1e6, -1e9)])
def test_c20_scale_and_offset_cost_no_digits(scale, shift):
    frame = patients(400)
    plain = fit(frame).estimate_.summary()
    moved = fit(frame.assign(albumin=frame["albumin"] * scale + shift)).estimate_.summary()
    np.testing.assert_allclose(moved["z"], plain["z"], rtol=1e-6 if shift else 1e-8)
    assert moved["coefficient"][1] * scale == pytest.approx(plain["coefficient"][1], rel=1e-6)


def test_c08_a_column_that_orders_the_outcome_is_named():
    frame = patients(400)
    noise = np.random.default_rng(3).normal(0, 0.5, 400)
    leaky = frame.assign(response=-np.log(frame["months"]) + 0.05 * noise)
    (finding,) = [f for f in fit(leaky, ["age", "response"], ridge=1.0).warnings_ if f.code == "C08"]
    assert "response" in str(finding)
    assert "univariate C > 0.95" in str(finding)


def test_c08_a_column_of_the_outcome_list_is_refused():
    refused(DataContractError, "C08", ["event", "outcome list"], lambda: made.study(["age", "event"], n=100))


def test_c22_a_rare_level_is_named():
    frame = patients(400)
    grade = frame["grade"].to_numpy(object).copy()
    grade[grade == "high"] = "low"
    grade[:6] = "high"
    frame = frame.assign(grade=pd.Categorical(grade, categories=["low", "middle", "high"]), event=1)
    (finding,) = [f for f in fit(frame, ["age", "grade"]).warnings_ if f.code == "C22"]
    for word in ("column grade", "'high'", "n=6"):
        assert word in str(finding)


def test_all_faults_of_a_study_are_told_at_once():
    with pytest.raises(DataContractError) as caught:
        made.study(["age", "nothing", "event", "response"], n=100)
    assert {finding.code for finding in caught.value.findings} == {"S01", "C08", "L11"}


# ---------------------------------------------------------------- prediction


@pytest.fixture(scope="module")
def model():
    return made.study(["age", "albumin", "sex", "relapse"], n=400).fit(Cox())


PATIENT = {"age": 60.0, "albumin": 38.0, "sex": "F", "relapse": 0}

PREDICTION = [
    ("P01", {"age": None}, ["column age"]),
    ("P02", {"age": float("nan")}, ["age", "row ids patient"]),
    ("P03", {"sex": "X"}, ["column sex", "'X'", "F, M"]),
    ("P03", {"relapse": 2}, ["column relapse", "2"]),
    ("P07", {"age": 400.0}, ["age", "400", "allowed range 18 to 110"]),
    ("P07", {"age": float("inf")}, ["age", "inf", "allowed range"]),
    ("P09", {"albumin": 3.8}, ["albumin", "expected g/L", "3.8"]),
    ("P09", {"albumin": 380.0}, ["albumin", "expected g/L", "380"]),
    ("C10", {"age": "60"}, ["column age", "string dtype"]),
]


@pytest.mark.parametrize(("code", "change", "words"), PREDICTION, ids=[f"{c[0]}-{i}" for i, c in enumerate(PREDICTION)])
def test_a_patient_who_cannot_be_answered_is_refused(model, code, change, words):
    patient = {key: value for key, value in {**PATIENT, **change}.items() if value is not None}
    refused(PredictionError, code, words, lambda: model.predict(patient))


def test_p05_a_bare_array_is_refused(model):
    refused(PredictionError, "P05", ["column names required"], lambda: model.predict(np.zeros((2, 4))))


def test_p06_an_extra_column_is_ignored_and_said(model):
    with pytest.warns(PrognosisWarning, match="shoe_size"):
        prediction = model.predict(pd.DataFrame([{**PATIENT, "shoe_size": 41}], index=["a"]))
    assert [remark.column for remark in prediction.remarks if remark.code == "P06"] == ["shoe_size"]
    assert prediction.risk[0, 0] == model.predict(PATIENT).risk[0, 0]


def test_p08_outside_the_usual_range_is_flagged_beside_the_risk(model):
    prediction = model.predict({**PATIENT, "age": 90.0})
    (remark,) = [remark for remark in prediction.remarks if remark.code == "P08"]
    assert remark.column == "age"
    for word in ("90", "1st-99th percentile"):
        assert word in remark.text
    assert np.isfinite(prediction.risk).all()


def test_p10_beyond_the_follow_up_is_not_a_number_with_the_reason(model):
    prediction = model.predict(PATIENT, horizons=[12, 5000])
    assert np.isfinite(prediction.risk[0, 0])
    assert np.isnan(prediction.risk[0, 1])
    assert np.isnan(prediction.lower[0, 1])
    (remark,) = [remark for remark in prediction.remarks if remark.code == "P10"]
    for word in ("horizon 5000", "max follow-up"):
        assert word in remark.text


def test_p11_few_at_risk_is_said(model):
    horizon = model.max_follow_up - 0.01
    (remark,) = [remark for remark in model.predict(PATIENT, horizons=[horizon]).remarks if remark.code == "P11"]
    assert "n at risk" in remark.text
    assert remark.horizon == pytest.approx(horizon)


@pytest.mark.parametrize("horizon", [0.0, -5.0, float("nan"), float("inf")])
def test_p12_a_horizon_is_a_positive_time(model, horizon):
    refused(PredictionError, "P12", ["horizon"], lambda: model.predict(PATIENT, horizons=[horizon]))


def test_p14_no_patients_give_a_typed_empty_answer(model):
    frame = pd.DataFrame([PATIENT]).iloc[:0]
    prediction = model.predict(frame, horizons=[12, 24])
    assert prediction.risk.shape == (0, 2)
    assert len(prediction.table) == 0
    assert {"id", "horizon", "risk", "lower", "upper"} <= set(prediction.table.columns)


def test_every_refusal_is_one_family():
    for error in (DataContractError, FitError, PredictionError):
        assert issubclass(error, PrognosisError)


def test_a_competing_outcome_is_refused_by_a_model_of_one_event():
    y = structured([1.0, 2.0, 3.0, 4.0], [1, 2, 0, 1])
    refused(FitError, "T30", ["competing"], lambda: PenalisedCox().fit(pd.DataFrame({"x": [1.0, 0.5, 0.2, 0.9]}), y))


def test_codes_1_and_2_without_a_0_are_doubted():
    """Codes 1 (censored) and 2 (dead) of other packages would be read as the event and a competing one."""
    rows = patients(200)
    y = structured(rows["months"], rows["event"] + 1)
    with pytest.warns(PrognosisWarning, match=r"no row is censored, and there are competing events") as caught:
        study_like = Cox().fit(rows[["age", "albumin"]], y)
    assert "T13" in str(caught[0].message)
    assert [finding.code for finding in study_like.warnings_] == ["T13"]


@pytest.fixture(scope="module")
def stratified():
    frame = made.patients(400)
    short = (frame["centre"] == "north") & (frame["months"] > 20)
    frame = frame.assign(months=np.where(short, 20.0, frame["months"]), event=np.where(short, 0, frame["event"]))
    return made.study(["age", "albumin"], frame=frame).fit(Cox(strata=["centre"]))


def test_p10_in_a_stratum_followed_for_a_shorter_time_the_reason_names_it(stratified):
    patients = pd.DataFrame(
        {"age": 60.0, "albumin": 38.0, "centre": pd.Categorical(["north", "south"])}, index=["n", "s"]
    )
    prediction = stratified.predict(patients, horizons=[12, 40])
    assert np.isnan(prediction.risk).tolist() == [[False, True], [False, False]]
    (remark,) = [remark for remark in prediction.remarks if remark.code == "P10"]
    assert (remark.patient, remark.horizon) == ("n", 40.0)
    assert "max follow-up of 20 months of stratum centre=north" in remark.text
    assert stratified.observed(patients.iloc[[0]]).time[-1] == 20.0


def test_p11_counts_the_stratum(stratified):
    table = pd.DataFrame({"age": [60.0], "albumin": [38.0], "centre": pd.Categorical(["south"])}, index=["s"])
    curve = stratified.observed(table)
    horizon = float(curve.time[curve.at_risk < 10][0])
    (remark,) = [remark for remark in stratified.predict(table, horizons=[horizon]).remarks if remark.code == "P11"]
    assert "of stratum centre=south" in remark.text
    assert f"n at risk = {curve.number_at_risk(horizon)}" in remark.text


@pytest.mark.parametrize("horizons", ["24", [[12], [24]], [12 + 0j], [True], {"a": 1}, ["12"], []])
def test_p12_horizons_are_a_list_of_numbers(model, horizons):
    refused(PredictionError, "P12", ["horizon"], lambda: model.predict(PATIENT, horizons=horizons))


@pytest.mark.parametrize("options", [{"level": "0.95"}, {"level": None}, {"level": 1.0}, {"interval": "logit"}])
def test_levels_and_scales_are_checked(model, options):
    refused(PredictionError, "S14", ["not allowed"], lambda: model.predict(PATIENT, horizons=[12], **options))


@pytest.mark.parametrize(
    "options",
    [
        {"splines": ["age"]}, {"splines": {"age": ["a", "b", "c"]}}, {"splines": {"age": {"a": 1}}},
        {"splines": {"age": [50, 50, 60]}}, {"transforms": ["age"]}, {"transforms": {"age": 3}},
        {"weights": ["age"]}, {"cluster": 3}, {"offset": True}, {"strata": "centre"}, {"strata": 3},
        {"interactions": 3}, {"interactions": [("age",)]}, {"interactions": "ab"},
    ],
)  # fmt: skip
def test_options_of_the_wrong_type_are_refused_by_name(options):
    (name,) = options
    refused(FitError, "S14", [f"Cox: {name}=", "is not allowed"], lambda: made.study(NUMBERS).fit(Cox(**options)))
