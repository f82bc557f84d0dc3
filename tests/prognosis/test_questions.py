"""What a fitted model answers beyond risks, from the study's interface, against R and by its definition."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import FitError, PredictionError
from prognosis import load_model
from prognosis.cox.survival_times import restricted_mean
from prognosis.imputation.chained import Chained
from prognosis.models import AcceleratedFailureTime, Cox, FineGray
from tests.prognosis import made

PATIENT = {"age": 60.0, "albumin": 36.0, "sex": "F"}
PREDICTORS = ["age", "albumin", "sex"]


@pytest.fixture(scope="module")
def study():
    return made.study(PREDICTORS, n=300, seed=3)


@pytest.fixture(scope="module")
def model(study):
    return study.fit(Cox(splines={"age": 3}))


def test_residuals_follow_the_rows_and_martingales_sum_to_nothing(model):
    found = model.residuals("martingale")
    assert len(found) == model.n
    assert float(found["residual"].sum()) == pytest.approx(0.0, abs=1e-10)
    assert len(model.residuals("schoenfeld")) == model.events
    assert list(model.residuals("dfbeta").columns) == ["age", "age'", "albumin", "sex=M"]


def test_the_three_tests_agree_in_order_of_size_and_the_first_is_twice_the_gain(model):
    table = model.tests().set_index("test")
    null, full = model.loglik
    assert table.loc["likelihood ratio", "chisq"] == pytest.approx(2 * (full - null), rel=1e-12)
    assert (table["df"] == 4).all()
    assert (table["p"] < 1e-4).all()


def test_anova_gives_the_square_of_z_for_a_single_column(model):
    table = model.anova().set_index("term")
    z = model.summary.set_index("term").loc["albumin", "z"]
    assert table.loc["albumin", "chisq"] == pytest.approx(z**2, rel=1e-10)
    assert "age" in table.index


def test_a_median_is_where_the_curve_passes_one_half(model):
    (row,) = model.survival_time(PATIENT).itertuples()
    curve = model.curve(PATIENT)
    assert curve.at(row.time) >= 0.5 > curve.at(row.time - 0.011)
    assert row.lower < row.time < row.upper
    (early,) = model.survival_time(PATIENT, probability=0.1).itertuples()
    assert early.time < row.time


def test_a_restricted_mean_is_the_area_under_the_curve(model):
    (row,) = model.restricted_mean(PATIENT, 24.0).itertuples()
    curve = model.curve(PATIENT)
    steps = np.concatenate([curve.time[curve.time < 24], [24.0]])
    area = float(((1 - curve.risk[: len(steps) - 1]) * np.diff(steps)).sum())
    assert row.mean == pytest.approx(area, rel=1e-10)
    assert 0 < row.se < 2
    design = model.preparation.design(model.door.admit(PATIENT).frame)
    assert row.se == pytest.approx(float(restricted_mean(model.estimate, design, 24.0).se[0]), rel=1e-12)


def test_an_accelerated_model_has_a_median_too(study):
    model = study.fit(AcceleratedFailureTime())
    (row,) = model.survival_time(PATIENT).itertuples()
    assert model.curve(PATIENT).risk[-1] > 0.5
    assert model.predict(PATIENT, [row.time]).risk[0, 0] == pytest.approx(0.5, abs=1e-8)


def test_shrinkage_takes_the_corrected_slope_and_keeps_the_level(study, model):
    validated = model.with_validation(study.validate(model, repeats=20, progress=lambda done, total: None))
    slope = validated.validation.table.set_index("metric").loc["calibration_slope", "corrected"]
    shrunk = validated.shrunken()
    np.testing.assert_allclose(shrunk.estimate.coefficients, slope * model.estimate.coefficients, rtol=1e-12)
    rows = study.frame
    assert shrunk.predict(rows, [24]).risk.mean() == pytest.approx(model.predict(rows, [24]).risk.mean(), abs=0.01)
    assert shrunk.predict(rows, [24]).risk.std() < model.predict(rows, [24]).risk.std()
    assert shrunk.warnings[-1].code == "Z06"
    assert f"{slope:.4g}" in shrunk.warnings[-1].rule
    assert shrunk.validation is None
    with pytest.raises(FitError, match="training rows"):
        shrunk.residuals("martingale")


def test_without_a_validation_the_heuristic_slope_is_taken(model, tmp_path):
    null, full = model.loglik
    shrunk = model.shrunken()
    expected = (2 * (full - null) - 4) / (2 * (full - null))
    np.testing.assert_allclose(shrunk.estimate.coefficients, expected * model.estimate.coefficients, rtol=1e-12)
    assert "heuristic" in shrunk.warnings[-1].rule
    loaded = load_model(shrunk.save(tmp_path / "s.prognosis"))
    np.testing.assert_array_equal(loaded.predict(PATIENT).risk, shrunk.predict(PATIENT).risk)


@pytest.mark.parametrize("slope", [0.0, -1.0, 1.5, float("nan")])
def test_a_slope_that_does_not_shrink_is_refused(model, slope):
    with pytest.raises(FitError) as caught:
        model.shrunken(slope)
    assert caught.value.code == "Z04"


def test_after_loading_only_what_needs_no_rows_is_answered(model, tmp_path):
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    assert loaded.anova().equals(model.anova())
    assert loaded.survival_time(PATIENT).equals(model.survival_time(PATIENT))
    assert loaded.restricted_mean(PATIENT, 24.0).equals(model.restricted_mean(PATIENT, 24.0))
    for asked in (lambda: loaded.residuals("score"), loaded.tests, loaded.proportional_hazards, loaded.shrunken):
        with pytest.raises(FitError, match="needs the training rows") as caught:
            asked()
        assert caught.value.code == "N03"


def test_a_question_that_a_model_cannot_answer_is_refused_in_words():
    competing = made.study(PREDICTORS, n=300, endpoint=made.ENDPOINTS["competing"], horizons=[12]).fit(FineGray())
    for asked, words in (
        (lambda: competing.residuals("score"), "fine_gray models have no residuals"),
        (lambda: competing.survival_time(PATIENT), "has no survival time"),
        (lambda: competing.restricted_mean(PATIENT, 24), "no restricted mean survival time"),
    ):
        with pytest.raises(FitError, match=words) as caught:
            asked()
        assert caught.value.code == "N03"


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_an_imputed_model_says_why_it_has_no_residuals_and_refuses_times_of_unknown_patients():
    rows = made.patients(200)
    rows["albumin"] = rows["albumin"].mask(rows["age"] > 75)
    model = made.study(PREDICTORS, frame=rows, missing=Chained(copies=2)).fit(Cox())
    with pytest.raises(FitError, match="no residuals after imputation"):
        model.residuals("score")
    assert model.survival_time(PATIENT)["time"].notna().all()
    with pytest.raises(PredictionError, match="not averaged over imputed values"):
        model.survival_time({**PATIENT, "albumin": None})


def test_residuals_of_a_competing_model_are_those_of_the_event_of_interest():
    study = made.study(PREDICTORS, n=300, endpoint=made.ENDPOINTS["competing"])
    model = study.fit(Cox())
    one = made.study(PREDICTORS, n=300, frame=made.patients(300).assign(event=(made.patients(300)["first"] == 1) * 1))
    np.testing.assert_allclose(model.residuals("dfbeta"), one.fit(Cox()).residuals("dfbeta"), rtol=1e-8, atol=1e-12)
    assert model.tests()["df"].tolist() == [3, 3, 3]
