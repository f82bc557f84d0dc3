"""New patients: every way in gives the same numbers, every number has its reason, and nothing is guessed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts import Cohort
from cohorts.errors import PredictionError, PrognosisWarning
from prognosis.models import Cox
from prognosis.patients import Door
from prognosis.prediction import Prediction, Remark, RiskCurve
from tests.prognosis.made import ENDPOINT, VARIABLES, codebook, cohort, fit, patients, study

COLUMNS = ["age", "albumin", "sex", "grade", "relapse"]
PATIENT = {"age": 60, "albumin": 38.0, "sex": "F", "grade": "low", "relapse": 0}


@pytest.fixture(scope="module")
def model():
    return fit(Cox(splines={"albumin": 3}, interactions=[("age", "sex")]), COLUMNS, n=400)


@pytest.fixture(scope="module")
def new():
    return patients(12, seed=77)[COLUMNS]


def refused(act, code, *words):
    with pytest.raises(PredictionError) as caught:
        act()
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value), str(caught.value)


# ---------------------------------------------------------------- ways in


def test_a_frame_a_mapping_and_a_cohort_get_the_same_numbers(model):
    everybody = cohort(12)
    by_cohort = model.predict(everybody)
    by_frame = model.predict(everybody.frame[COLUMNS])
    np.testing.assert_array_equal(by_cohort.risk, by_frame.risk)
    np.testing.assert_array_equal(by_cohort.upper, by_frame.upper)
    assert by_cohort.ids == by_frame.ids == everybody.ids
    for place, (row, values) in enumerate(everybody.frame[COLUMNS].iterrows()):
        alone = model.predict({**values.to_dict(), "pid": row})
        assert alone.ids == (row,)
        np.testing.assert_allclose(alone.risk[0], by_frame.risk[place], rtol=1e-13)
        np.testing.assert_allclose(alone.lower[0], by_frame.lower[place], rtol=1e-12)


def test_the_training_rows_get_the_numbers_of_the_recipe(model):
    rows = patients(400)[COLUMNS]
    np.testing.assert_array_equal(model.predict(rows).linear_predictor, model.freshly_fitted().predict(rows))
    np.testing.assert_array_equal(model.linear_predictor(rows), model.predict(rows).linear_predictor)


@settings(max_examples=20)
@given(st.permutations(COLUMNS), st.permutations(range(12)))
def test_order_of_columns_and_rows_is_of_no_importance(model, new, columns, rows):
    mixed = model.predict(new[columns].iloc[list(rows)])
    np.testing.assert_allclose(mixed.risk, model.predict(new).risk[list(rows)], rtol=1e-13)
    np.testing.assert_array_equal(mixed.linear_predictor, model.predict(new).linear_predictor[list(rows)])
    assert mixed.ids == tuple(new.index[list(rows)])


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new.astype({"sex": str, "grade": str}),
        lambda new: new.assign(sex=pd.Categorical(new["sex"].astype(str), categories=["M", "F"])),
        lambda new: new.assign(
            grade=pd.Categorical(new["grade"].astype(str), categories=["high", "none", "middle", "low"])
        ),
        lambda new: new.assign(grade=new["grade"].cat.remove_unused_categories()),
        lambda new: new.assign(grade=pd.Categorical(new["grade"], ordered=True)),
        lambda new: new.astype({"age": "int8", "relapse": bool}),
        lambda new: new.astype({"age": "Int64", "relapse": "Int8", "albumin": "Float64"}),
        lambda new: new.rename_axis("pid").reset_index(),
    ],
    ids=["text", "turned levels", "more levels", "fewer levels", "ordered", "narrow", "nullable", "id column"],
)
def test_dtypes_and_order_of_levels_are_of_no_importance(model, new, change):
    found = model.predict(change(new))
    np.testing.assert_array_equal(found.risk, model.predict(new).risk)
    assert found.ids == model.predict(new).ids


def test_the_frame_given_is_not_changed(model, new):
    before = new.copy(deep=True)
    model.predict(new)
    model.contributions(new)
    pd.testing.assert_frame_equal(new, before)


def test_ids_are_text(model, new):
    assert model.predict(new.set_axis(range(12))).ids == tuple(map(str, range(12)))
    assert model.predict(new.set_axis(["00123", "1e5", *map(str, range(10))])).ids[:2] == ("00123", "1e5")
    assert model.predict(PATIENT).ids == ("patient",)


# ---------------------------------------------------------------- what is refused (besides test_bad_inputs)


def test_two_patients_of_one_id_are_refused(model, new):
    refused(lambda: model.predict(new.set_axis(["a", "b"] * 6)), "I01", "row ids a, b", "duplicate patient id")


def test_two_columns_of_one_name_are_refused(model, new):
    twice = pd.concat([new, new[["age"]] + 30], axis=1)
    refused(lambda: model.predict(twice), "C02", "column age")


@pytest.mark.parametrize("nobody", [[PATIENT], PATIENT.values(), None, "patient", np.zeros((1, 5))])
def test_p05_what_has_no_column_names_is_refused(model, nobody):
    refused(lambda: model.predict(nobody), "P05", "column names required")


def test_p01_all_absent_columns_are_named_at_once(model):
    with pytest.raises(PredictionError) as caught:
        model.predict({"age": 60})
    assert [finding.column for finding in caught.value.findings] == ["albumin", "sex", "grade", "relapse"]


def test_p02_missing_values_are_named_by_column_and_patient(model, new):
    gaps = new.assign(age=np.where(np.arange(12) < 2, np.nan, new["age"]), sex=new["sex"].where(new.index != "P003"))
    with pytest.raises(PredictionError) as caught:
        model.predict(gaps)
    assert [(f.code, f.column, f.rows) for f in caught.value.findings] == [
        ("P02", "age", ("P000", "P001")),
        ("P02", "sex", ("P003",)),
    ]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_p02_whatever_missing_looks_like(model, missing):
    refused(lambda: model.predict({**PATIENT, "albumin": missing}), "P02", "albumin")


def test_faults_of_all_columns_are_told_at_once(model):
    with pytest.raises(PredictionError) as caught:
        model.predict({**PATIENT, "age": 400, "albumin": 3.8, "sex": "X", "relapse": 3})
    assert [f.code for f in caught.value.findings] == ["P07", "P09", "P03", "P03"]


@pytest.mark.parametrize("sex", ["f", "F ", "female", "", "nan", 0, True])
def test_p03_a_level_is_never_guessed(model, sex):
    refused(lambda: model.predict({**PATIENT, "sex": sex}), "P03", "known levels: F, M")


def test_c10_lists_and_text_are_no_numbers(model):
    refused(lambda: model.predict({**PATIENT, "age": [60, 70]}), "C10", "column age")
    refused(lambda: model.predict({**PATIENT, "albumin": "38,5"}), "C10", "column albumin")


def test_p07_without_declared_limits_no_further_than_the_training_range_is_wide():
    made = study(["creat"], n=200, book=codebook(creat={"kind": "numeric"})).fit(Cox())
    profile = made.profile["creat"]
    width = profile.maximum - profile.minimum
    assert np.isfinite(made.predict({"creat": profile.maximum + 0.99 * width}).risk).all()
    refused(lambda: made.predict({"creat": profile.maximum + 1.01 * width}), "P07", "creat", "allowed range")


def test_p09_a_cohort_in_another_unit_is_refused_whatever_its_values(model):
    """The codebooks speak for themselves: no value need look odd."""
    other = codebook(albumin={**VARIABLES["albumin"], "unit": "g/dL"})
    refused(lambda: model.predict(cohort(12, book=other)), "P09", "column albumin", "g/dL", "expected g/L")


def test_p09_a_unit_factor_is_told_from_an_odd_value(model):
    refused(lambda: model.predict({**PATIENT, "albumin": 3.9}), "P09", "expected in g/L")
    refused(lambda: model.predict({**PATIENT, "albumin": 90.0}), "P07", "allowed range 5 to 80")


def test_p14_no_patients_in_any_dtype_give_typed_empty_results(model, new):
    for nobody in (new.iloc[:0], pd.DataFrame(columns=COLUMNS), cohort(12).without(cohort(12).ids, "all")):
        found = model.predict(nobody, [12, 24])
        assert found.ids == ()
        assert found.risk.shape == found.lower.shape == found.upper.shape == (0, 2)
        assert found.linear_predictor.shape == (0,)
        assert found.table.columns.tolist() == model.predict(new, [12]).table.columns.tolist()
        assert found.table["risk"].dtype == float
        assert len(model.contributions(nobody)) == 0


# ---------------------------------------------------------------- remarks


def test_p06_extra_columns_change_nothing_and_are_named(model, new):
    with pytest.warns(PrognosisWarning, match=r"\[P06\] column shoe, hat"):
        found = model.predict(new.assign(shoe=41, hat=7))
    np.testing.assert_array_equal(found.risk, model.predict(new).risk)
    assert [(r.code, r.column) for r in found.remarks if r.code == "P06"] == [("P06", "shoe"), ("P06", "hat")]


def test_a_cohort_may_have_more_columns(model):
    """A cohort is declared as a whole: its other columns are no surprise."""
    assert "P06" not in {remark.code for remark in model.predict(cohort(12)).remarks}


def test_p08_is_about_one_patient_and_column(model, new):
    found = model.predict(new.assign(age=[95.0, *new["age"].iloc[1:]]))
    about = [remark for remark in found.remarks if remark.code == "P08" and remark.column == "age"]
    assert [remark.patient for remark in about] == ["P000"]
    assert "age 95 years lies outside the training 1st-99th percentile" in about[0].text
    table = found.table
    assert table.loc[table["id"] == "P000", "remarks"].str.contains("percentile").all()
    assert not table.loc[table["id"] == "P001", "remarks"].str.contains("age 95").any()


def test_p08_begins_beyond_the_first_and_last_percentile(model):
    profile = model.profile["albumin"]
    assert profile.minimum < profile.p1 < profile.p99 < profile.maximum
    for value, told in ((profile.p1, False), (profile.minimum, True), (profile.p99, False), (profile.maximum, True)):
        found = model.predict({**PATIENT, "albumin": value})
        assert ("P08" in {remark.code for remark in found.remarks}) == told


def test_p10_beyond_follow_up_is_no_number_with_the_reason(model, new):
    """No flat extension, and the other horizons keep their numbers."""
    last = model.max_follow_up
    found = model.predict(new, [12, last, np.nextafter(last, np.inf), 500])
    assert np.isfinite(found.risk[:, :2]).all()
    for values in (found.risk, found.lower, found.upper):
        assert np.isnan(values[:, 2:]).all()
    reasons = [remark for remark in found.remarks if remark.code == "P10"]
    assert [remark.horizon for remark in reasons] == [found.horizons[2], 500]
    assert f"beyond the max follow-up of {last:g} months: no risk is given" in reasons[1].text
    np.testing.assert_array_equal(found.risk[:, 0], model.predict(new, [12]).risk[:, 0])
    assert found.table.query("horizon == 500")["remarks"].str.contains("max follow-up").all()
    assert not found.table.query("horizon == 12")["remarks"].str.contains("max follow-up").any()


def test_p11_few_at_risk_are_counted(model):
    times = model.follow_up.time
    last_ten, last_nine = times[-10], times[-9]
    assert (model.follow_up.number_at_risk(last_ten), model.follow_up.number_at_risk(last_nine)) == (10, 9)
    found = model.predict(PATIENT, [last_ten, last_nine])
    (remark,) = [remark for remark in found.remarks if remark.code == "P11"]
    assert remark.horizon == last_nine
    assert "only n at risk = 9 in the training cohort" in remark.text


def test_remarks_on_a_patient_and_a_horizon():
    remarks = (Remark("A", "all"), Remark("B", "one", patient="x"), Remark("C", "late", horizon=60.0))
    zero = np.zeros((2, 2))
    found = Prediction(
        ("x", "y"), np.array([12.0, 60.0]), "months", zero, zero, zero, 0.95, "log", np.zeros(2), remarks
    )
    assert [r.code for r in found.remarks_on("x")] == ["A", "B", "C"]
    assert [r.code for r in found.remarks_on("y", 12.0)] == ["A"]
    assert found.table["remarks"].tolist() == ["all; one", "all; one; late", "all", "all; late"]
    assert found.table["id"].tolist() == ["x", "x", "y", "y"]


# ---------------------------------------------------------------- answers


def test_horizons_default_to_those_of_the_study(model, new):
    assert tuple(model.predict(new).horizons) == ENDPOINT.horizons == model.horizons


def test_horizons_in_any_order(model, new):
    up, down = model.predict(new, [6, 12, 24]), model.predict(new, [24, 12, 6])
    np.testing.assert_array_equal(up.risk, down.risk[:, ::-1])
    assert model.predict(new, 12).risk.shape == (12, 1)


def test_s14_level_and_interval(model):
    for level in (0, 1, 2, -0.5, float("nan")):
        refused(lambda level=level: model.predict(PATIENT, level=level), "S14", "level")
    refused(lambda: model.predict(PATIENT, interval="logit"), "S14", "one of log, log-log, plain")


def test_p12_no_horizon_at_all():
    bare = study(["age"], n=100, horizons=[]).fit(Cox())
    refused(lambda: bare.predict({"age": 60}), "P12", "no horizon is declared")
    refused(lambda: bare.predict({"age": 60}, []), "P12", "no horizon is declared")


def test_an_answer_is_a_value(model):
    found = model.predict(PATIENT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.risk = 0


@settings(max_examples=25)
@given(st.integers(0, 11))
def test_the_curve_is_the_prediction_at_all_times(model, new, place):
    one = new.iloc[[place]]
    curve = model.curve(one)
    found = model.predict(one, curve.time[1:])
    for name in ("risk", "lower", "upper"):
        np.testing.assert_allclose(getattr(curve, name)[1:], getattr(found, name)[0], rtol=1e-13)
    between = (curve.time[5] + curve.time[6]) / 2
    assert curve.at(between) == curve.at(curve.time[5]) == curve.risk[5]
    assert curve.time[-1] == model.max_follow_up


def test_a_curve_is_read_within_its_times_only():
    curve = RiskCurve(np.array([0.0, 2.0, 5.0]), *(np.array([0.0, 0.1, 0.3]) * k for k in (1, 0.5, 2)))
    assert [curve.at(t) for t in (0, 1.999, 2, 4.9, 5)] == [0, 0, 0.1, 0.1, 0.3]
    assert np.isnan(curve.at(5.001))
    for impossible in (-1.0, float("nan")):
        refused(lambda t=impossible: curve.at(t), "P12", "no time since the origin")


def test_p15_a_curve_is_drawn_for_one_patient(model, new):
    refused(lambda: model.curve(new), "P15", "12 patients given")
    refused(lambda: model.curve(new.iloc[:0]), "P15", "0 patients given")


def test_contributions_sum_to_the_linear_predictor(model, new):
    parts = model.contributions(new)
    assert parts.columns.tolist() == list(model.predictors)
    assert parts.index.tolist() == new.index.tolist()
    np.testing.assert_allclose(parts.sum(axis=1), model.predict(new).linear_predictor, rtol=1e-10, atol=1e-12)


def test_contributions_average_to_zero_in_the_training_rows(model):
    parts = model.contributions(patients(400)[COLUMNS])
    np.testing.assert_allclose(parts.mean(), 0, atol=1e-9)


def test_an_interaction_is_shared_equally(model, new):
    e, design = model.estimate, model.preparation.design(new)
    terms = (design - e.means) * e.coefficients
    names = list(e.names)
    expected = terms[:, names.index("sex=M")] + 0.5 * terms[:, names.index("age * sex=M")]
    np.testing.assert_allclose(model.contributions(new)["sex"], expected, rtol=1e-12)


# ---------------------------------------------------------------- strata and offset


@pytest.fixture(scope="module")
def stratified():
    rows = patients(400)
    short = rows["centre"] == "north"
    rows.loc[short & (rows["months"] > 20), "event"] = 0
    rows.loc[short, "months"] = rows.loc[short, "months"].clip(upper=20.0)
    return fit(Cox(strata=["centre"]), ["age", "albumin"], frame=rows)


def test_each_patient_gets_the_curve_of_the_own_stratum(stratified):
    both = pd.DataFrame({"age": 60.0, "albumin": 38.0, "centre": ["south", "north"]}, index=["s", "n"])
    found = stratified.predict(both, [12])
    assert found.linear_predictor[0] == found.linear_predictor[1]
    assert found.risk[0, 0] != found.risk[1, 0]
    turned = stratified.predict(both.iloc[::-1], [12])
    np.testing.assert_array_equal(found.risk[::-1], turned.risk)
    for stratum, row in (("centre=north", 1), ("centre=south", 0)):
        index = stratified.estimate.stratum_names.index(stratum)
        eta = stratified.preparation.design(both) @ stratified.estimate.coefficients
        expected = stratified.estimate.risk_at(eta, np.array([12.0]), index)[row, 0]
        assert found.risk[row, 0] == pytest.approx(expected, rel=1e-12)


def test_no_risk_beyond_the_follow_up_of_the_own_stratum(stratified):
    both = pd.DataFrame({"age": 60.0, "albumin": 38.0, "centre": ["south", "north"]}, index=["s", "n"])
    found = stratified.predict(both, [12, 48])
    assert np.isfinite(found.risk[:, 0]).all()
    assert np.isfinite(found.risk[0, 1])
    assert np.isnan(found.risk[1, 1])
    assert stratified.curve(both.iloc[[1]]).time[-1] <= 20.0


def test_p03_an_unknown_stratum_is_refused(stratified):
    patient = {"age": 60, "albumin": 38, "centre": "west"}
    refused(lambda: stratified.predict(patient), "P03", "centre=west", "centre=north; centre=south")
    refused(lambda: stratified.predict({"age": 60, "albumin": 38}), "P01", "column centre")


def test_an_offset_is_asked_for_and_counts():
    made = fit(Cox(offset="weight"), ["age", "albumin"])
    one, two = (made.predict({"age": 60, "albumin": 38, "weight": w}, [24]) for w in (0.0, 0.7))
    assert two.linear_predictor[0] - one.linear_predictor[0] == pytest.approx(0.7)
    assert np.log1p(-two.risk[0, 0]) / np.log1p(-one.risk[0, 0]) == pytest.approx(np.exp(0.7), rel=1e-10)
    refused(lambda: made.predict({"age": 60, "albumin": 38}), "P01", "column weight")


def test_weights_and_clusters_are_not_asked_for():
    made = fit(Cox(weights="weight", cluster="grade"), ["age", "albumin"])
    assert np.isfinite(made.predict({"age": 60, "albumin": 38}).risk).all()


def test_the_door_knows_what_a_patient_must_have(stratified):
    assert isinstance(stratified.door, Door)
    assert stratified.door.columns == ("age", "albumin", "centre")


def test_a_transform_outside_of_its_domain_is_named():
    """A protein of zero cannot be logged, though its limits allow it."""
    book = codebook(creat={"kind": "numeric", "unit": "mg/dL", "limits": [0, 30]})
    made = Cohort.from_frame(patients(100), "pid", book)
    asked = study(["creat", "age"], frame=made.frame.rename_axis("pid"), book=book, horizons=[24])
    logged = asked.fit(Cox(transforms={"creat": "log"}))
    refused(lambda: logged.predict({"creat": 0.0, "age": 60}), "S13", "creat", "log is not defined")
