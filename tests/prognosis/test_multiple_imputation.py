"""Missing predictors through the whole chain: imputed, pooled, predicted, validated, saved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, FitError, PredictionError
from nomograms import Nomogram
from prognosis import load_model
from prognosis.imputation.chained import Chained, impute_training
from prognosis.imputation.multiply_imputed import MultiplyImputed
from prognosis.imputation.pooling import pool
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic, PenalisedCox
from prognosis.outcome import read_outcome
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex", "grade"]
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def with_gaps(n=300, share=0.25):
    """Albumin is missing more often in the old (at random given age), sex and grade sometimes."""
    frame, draw = made.patients(n), np.random.default_rng(4)
    old = draw.random(n) < share * 2 * (frame["age"] > 62)
    return frame.assign(
        albumin=frame["albumin"].mask(old),
        sex=frame["sex"].mask(draw.random(n) < 0.05),
        grade=frame["grade"].mask(draw.random(n) < 0.05),
    )


@pytest.fixture(scope="module")
def frame():
    return with_gaps()


@pytest.fixture(scope="module")
def study(frame):
    return made.study(PREDICTORS, frame=frame, missing=Chained(copies=4), seed=5)


@pytest.fixture(scope="module")
def model(study):
    return study.fit(Cox(splines={"age": 3}))


def test_nobody_is_left_out_and_the_report_says_what_was_imputed(study, model, frame):
    gone = frame[PREDICTORS].isna()
    assert model.n == len(frame) > (~gone.any(axis=1)).sum()
    assert [f.code for f in model.warnings if "are imputed" in f.rule] == ["C16"]
    report = study.fit(Cox()).training.fitted.report_
    assert report.incomplete == gone.any(axis=1).sum()
    assert report.variables.set_index("variable")["missing"].to_dict() == gone.sum().to_dict()


def test_estimates_are_those_of_rubins_rules_on_the_copies(study, model):
    """By hand: impute, fit each copy with the knots of all copies, pool."""
    recipe, X, y = Cox(splines={"age": 3}), study.frame, study.outcome.to_structured()
    copies = impute_training(X, read_outcome(y), copies=4, seed=5).copies
    knots = recipe.learn(pd.concat(copies)).terms[0].knots
    fits = [Cox(splines={"age": list(knots)}).fit(copy, y).estimate_ for copy in copies]
    by_hand = pool(
        [fit.names for fit in fits],
        [fit.coefficients for fit in fits],
        [fit.covariance for fit in fits],
        int((y["event"] == 1).sum()) - len(fits[0].names),
    )
    table = model.summary.set_index("term")
    np.testing.assert_allclose(table["coefficient"], by_hand.estimate, rtol=1e-10)
    np.testing.assert_allclose(table["se"], np.sqrt(np.diag(by_hand.total)), rtol=1e-10)
    np.testing.assert_allclose(table["df"], by_hand.freedom, rtol=1e-10)
    assert {"t", "fmi"} <= set(table.columns)
    assert table.loc["albumin", "fmi"] > table.loc["age", "fmi"]


def test_the_pooled_model_predicts_at_the_right_level(model, frame):
    """With nothing missing its mean risk is the observed one; low albumin raises it."""
    whole = made.patients(300)
    risk = model.predict(whole[PREDICTORS], [24]).risk
    assert risk.mean() == pytest.approx(1 - model.follow_up.at(24), abs=0.03)
    patient = {"age": 60.0, "albumin": 30.0, "sex": "F", "grade": "low"}
    assert model.predict(patient, [24]).risk > model.predict({**patient, "albumin": 45.0}, [24]).risk + 0.1


@pytest.mark.parametrize("unknown", [None, np.nan, pd.NA], ids=str)
@pytest.mark.parametrize("name", ["albumin", "sex"])
def test_p02_an_unknown_predictor_is_averaged_over_and_said(model, name, unknown):
    patient = {"age": 70.0, "albumin": 36.0, "sex": "M", "grade": "high"}
    answer = model.predict({**patient, name: unknown}, [24])
    ends = [
        model.predict({**patient, name: value}, [24]).risk[0, 0] for value in {"albumin": (26.0, 48.0)}.get(name, "FM")
    ]
    assert min(ends) < answer.risk[0, 0] < max(ends)
    (remark,) = [remark for remark in answer.remarks if remark.code == "P02"]
    assert remark.patient == "patient"
    assert remark.column == name
    assert f"{name} is not known: imputed" in remark.text
    assert not [remark for remark in model.predict(patient, [24]).remarks if remark.code == "P02"]


def test_a_patients_answer_does_not_depend_on_the_others(model, frame):
    rows = frame[PREDICTORS].iloc[:40]
    together = model.predict(rows, [24]).risk
    alone = [model.predict(rows.iloc[[place]], [24]).risk[0] for place in range(40)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)
    complete = rows.notna().all(axis=1).to_numpy()
    own, _, _ = model.estimate.risk(model.preparation.design(rows[complete]), np.array([24.0]))
    np.testing.assert_array_equal(together[complete], own)


def test_the_outcome_of_held_out_patients_is_never_seen(study, frame):
    """Two outcomes of the same test patients give the same linear predictors, to the bit."""
    fitted = MultiplyImputed(Cox(), copies=3, seed=5).fit(study.frame, study.outcome.to_structured())
    other = made.structured(np.full(300, 3.0), np.ones(300, int))
    seen = fitted.evaluation(study.frame, study.outcome.to_structured()).linear_predictor
    np.testing.assert_array_equal(fitted.evaluation(study.frame, other).linear_predictor, seen)
    np.testing.assert_array_equal(fitted.predict(study.frame), seen)


def test_a_resample_imputes_anew(study, model):
    table = study.validate(model, repeats=12, progress=lambda done, total: None).table.set_index("metric")
    assert table.loc["harrell_c", "corrected"] == pytest.approx(table.loc["harrell_c", "apparent"], abs=0.03)
    assert table.loc["calibration_slope", "corrected"] < table.loc["calibration_slope", "apparent"]


def test_saved_and_loaded_it_answers_the_same_and_draws_a_nomogram(model, frame, tmp_path):
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    np.testing.assert_array_equal(loaded.predict(frame[PREDICTORS]).risk, model.predict(frame[PREDICTORS]).risk)
    assert loaded.summary.equals(model.summary)
    assert loaded.hash == model.hash
    nomogram = Nomogram(loaded, horizons=[24])
    patient = {"age": 60.0, "albumin": 30.0, "sex": "F", "grade": "low"}
    risk = nomogram.risk(sum(nomogram.points(patient).values()))
    assert float(risk[24.0]) == pytest.approx(model.predict(patient, [24]).risk[0, 0], abs=1e-10)


def test_nothing_is_imputed_for_a_patient_of_whom_nothing_is_known(model):
    with pytest.raises(PredictionError, match="no predictor is known") as caught:
        model.predict(dict.fromkeys(PREDICTORS), [24])
    assert caught.value.code == "P17"


def test_strata_weights_and_offset_are_never_imputed(frame):
    rows = frame.assign(centre=frame["centre"].mask(frame["age"] > 80))
    study = made.study(["age", "albumin"], frame=rows, missing=Chained(copies=2))
    with pytest.raises(DataContractError, match="missing values") as caught:
        study.fit(Cox(strata=["centre"]))
    assert caught.value.code == "C16"


def test_a_fit_without_rubins_rules_is_refused(study):
    with pytest.raises(FitError, match="PenalisedCox to imputed copies cannot be pooled") as caught:
        study.fit(PenalisedCox())
    assert caught.value.code == "C34"


def test_a_stratified_weighted_model_is_pooled_as_well(frame):
    study = made.study(["age", "albumin"], frame=frame, missing=Chained(copies=3), seed=2)
    model = study.fit(Cox(strata=["centre"], weights="weight"))
    answer = model.predict(frame[["age", "albumin", "centre"]].iloc[:20], [12, 24])
    assert np.isfinite(answer.risk).all()
    assert model.estimate.stratum_names == ("centre=north", "centre=south")


@pytest.mark.parametrize(("recipe", "kind"), [(Cox(), "competing"), (FineGray(), "competing"), (Logistic(), "binary"),
                                              (AcceleratedFailureTime(), "time_to_event")], ids=str)  # fmt: skip
def test_other_regressions_are_pooled_too(frame, recipe, kind, tmp_path):
    """Every cause, the subdistribution, the odds and the times: pooled, at the right level, saved."""
    endpoint = made.ENDPOINTS[kind]
    study = made.study(["age", "albumin", "sex"], frame=frame, missing=Chained(copies=3), endpoint=endpoint)
    model = study.fit(recipe)
    horizons = None if kind == "binary" else [24]
    rows = frame[["age", "albumin", "sex"]]
    risk = model.predict(rows, horizons).risk
    observed = frame["early"].mean() if kind == "binary" else 1 - model.follow_up.at(24)
    assert risk.mean() == pytest.approx(observed, abs=0.04)
    table = model.summary.set_index("term")
    albumin = table.loc["albumin"] if table.index.is_unique else table.loc["albumin"].iloc[0]
    assert albumin["fmi"] > 0.02
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    np.testing.assert_array_equal(loaded.predict(rows, horizons).risk, risk)


def test_the_test_of_proportional_hazards_is_pooled(model):
    table = model.proportional_hazards()
    assert table["term"].tolist() == ["age", "albumin", "sex", "grade", "GLOBAL"]
    each = np.array([fit.proportional_hazards()["chisq"] for fit in model.freshly_fitted().fits_])
    np.testing.assert_allclose(table["chisq"], each.mean(axis=0), rtol=1e-12)
    assert table["p"].between(0, 1).all()


def test_every_cause_keeps_its_own_limits_and_p(frame):
    """Each event as if it were the only one modelled: not the lines of the first event twice."""
    missing = Chained(copies=3)
    both = made.study(["age", "albumin"], frame=frame, missing=missing, endpoint=made.ENDPOINTS["competing"]).fit(Cox())
    for cause in (1, 2):
        lines = both.summary[both.summary["cause"] == cause].set_index("term")
        se = (np.log(lines["upper"]) - np.log(lines["lower"])) / 2 / lines["se"]
        assert se.between(1.95, 2.1).all()
        np.testing.assert_allclose(np.log(lines["hazard_ratio"]), lines["coefficient"], rtol=1e-12)
        middle = (np.log(lines["upper"]) + np.log(lines["lower"])) / 2
        np.testing.assert_allclose(middle, lines["coefficient"], rtol=1e-9)
        np.testing.assert_allclose(lines["t"], lines["coefficient"] / lines["se"], rtol=1e-9)
        np.testing.assert_allclose(lines["p"] < 0.05, np.abs(lines["t"]) > 1.98)
    assert both.pooled.names == ("1 age", "1 albumin", "2 age", "2 albumin")
    events = [int((frame["first"] == cause).sum()) - 2 for cause in (1, 1, 2, 2)]
    np.testing.assert_array_equal(both.pooled.complete_freedom, events)


def test_resamples_draw_from_streams_of_their_own(study):
    """Task 0 is the study, task k + 1 resample k: the same rows are imputed otherwise."""
    y = study.outcome.to_structured()
    first, second = (MultiplyImputed(Cox(), copies=2, seed=5, task=task).fit(study.frame, y) for task in (0, 1))
    assert (first.estimate_.coefficients != second.estimate_.coefficients).all()


def test_an_offset_stays_with_its_patient_when_rows_are_drawn_twice(frame):
    rows = frame.assign(known=0.3 * (frame["age"] > 60))
    fitted = MultiplyImputed(Cox(offset="known"), copies=2).fit(
        rows[["albumin", "sex", "known"]], made.outcome_of(rows)
    )
    twice = rows[["albumin", "sex", "known"]].iloc[[0, 0, 1]]
    apart = [fitted.predict(twice.iloc[[place]].set_axis([0]))[0] for place in range(3)]
    np.testing.assert_allclose(fitted.predict(twice.reset_index(drop=True)), apart, rtol=1e-13)


def test_the_seed_decides_and_nothing_else(study, model):
    again = study.fit(Cox(splines={"age": 3}))
    assert again.hash == model.hash
    other = made.study(PREDICTORS, frame=with_gaps(), missing=Chained(copies=4), seed=6).fit(Cox(splines={"age": 3}))
    assert other.hash != model.hash
    np.testing.assert_allclose(other.estimate.coefficients, model.estimate.coefficients, atol=0.15)
