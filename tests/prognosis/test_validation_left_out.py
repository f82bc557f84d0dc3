"""Validation in patients left out: an explicit loop as oracle, variance by hand, comparison, choice."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import t as student

from cohorts import make_folds
from cohorts.errors import FitError, PredictionError, PrognosisWarning
from prognosis.metrics.accuracy import brier
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.metrics.discrimination import harrell_c
from prognosis.metrics.time_dependent import auc
from prognosis.models import Cox, Logistic, PenalisedCox
from prognosis.outcome import read_outcome
from prognosis.validation import CrossValidation, GroupCombinations, Temporal
from prognosis.validation.summary import Scale, corrected_by_632, mean_of_tasks
from tests.prognosis import made

H = np.array([12.0])


@pytest.fixture(scope="module")
def study():
    return made.study(["age", "albumin", "sex"], n=240, seed=11, horizons=[12])


@pytest.fixture(scope="module")
def models(study):
    return study.fit(Cox()), study.fit(Cox(splines={"age": 3}), name="splines")


def loop(study, recipe, plan, measure):
    """Refit by hand in every task; `measure` sees outcome, linear predictor and risk of the patients left out."""
    X, y = study.frame, study.outcome.to_structured()
    from prognosis.validation.plans import PlanRows

    known = PlanRows(study.outcome.event.astype(np.int64), study.seed)
    values = []
    for index in range(plan.count(known)):
        task = plan.task(known, index)
        fit = recipe().fit(X.iloc[task.train], y[task.train])
        risk = fit.estimate_.risk(fit.preparation_.design(X.iloc[task.test]), H)[0]
        values.append(measure(read_outcome(y[task.test]), fit.evaluation(X.iloc[task.test], y[task.test]), risk))
    return np.array(values), known


def test_it_equals_an_explicit_loop(study, models):
    plan = CrossValidation(folds=5, repeats=2)

    def measure(outcome, seen, risk):
        values = harrell_c(seen), auc(outcome, risk, H).estimate[0], brier(outcome, risk, H).estimate[0]
        return (*values, seen.recalibration.slope)

    values, _ = loop(study, Cox, plan, measure)
    table = study.validate(models[0], plan, metrics=["harrell_c", "auc", "brier", "calibration_slope"]).table
    np.testing.assert_allclose(table["corrected"], values.mean(axis=0), rtol=1e-8)
    # Nadeau and Bengio (2003), equation for the corrected resampled t-test
    error = np.sqrt((1 / 10 + 48 / 192) * values.var(axis=0, ddof=1))
    reach = student.ppf(0.975, 9) * error
    np.testing.assert_allclose(table["upper"], np.minimum(values.mean(axis=0) + reach, [1, 1, 1, np.inf]), rtol=1e-8)
    np.testing.assert_allclose(table["lower"], values.mean(axis=0) - reach, rtol=1e-8)
    np.testing.assert_allclose(table["optimism"], table["apparent"] - table["corrected"], atol=1e-12)


def test_the_variance_by_hand():
    """Three values 1, 2, 3: variance 1, so (1/3 + 1/4) of it."""
    mean, error, reach = mean_of_tasks(np.array([[1.0], [2.0], [3.0]]), 0.25)
    assert mean[0] == 2
    assert error[0] == pytest.approx(np.sqrt(1 / 3 + 1 / 4), abs=1e-15)
    assert reach[0] == pytest.approx(error[0] * 4.302652729911275, rel=1e-9)
    _, error, reach = mean_of_tasks(np.array([[1.0]]), 0.25)
    assert np.isnan(error[0])
    assert np.isnan(reach[0])


def test_632_plus_by_hand():
    """Efron and Tibshirani (1997): no overfitting .632, all of it the rows left out, beyond it no information."""
    found = np.full((4, 3, 3), 0.9)
    found[:, 1] = [0.7, 0.5, 0.3]
    apparent, nothing, fixed = np.full(3, 0.9), np.full(3, 0.5), np.zeros(3, bool)
    bounds = np.tile([0.0, 1.0], (3, 1))
    up = ~fixed
    corrected = corrected_by_632(apparent, found, Scale(nothing, up, fixed, bounds)).corrected
    share = 0.632 / (1 - 0.368 * 0.5)
    np.testing.assert_allclose(corrected, [(1 - share) * 0.9 + share * 0.7, 0.5, 0.5], rtol=1e-12)
    plain = corrected_by_632(apparent, found, Scale(np.full(3, np.nan), up, fixed, bounds)).corrected
    np.testing.assert_allclose(plain, 0.368 * 0.9 + 0.632 * np.array([0.7, 0.5, 0.3]), rtol=1e-12)


def test_smooth_calibration_is_measured_in_all_patients_left_out_together(study, models):
    """In single folds the curve is mostly noise: an ICI of .15 where all patients together have .03."""
    plan = CrossValidation(folds=5, repeats=2)
    risks = np.full((2, 240), np.nan)

    def measure(outcome, seen, risk):
        return 0.0

    _, known = loop(study, Cox, plan, measure)
    X, y = study.frame, study.outcome.to_structured()
    for index in range(10):
        task = plan.task(known, index)
        fit = Cox().fit(X.iloc[task.train], y[task.train])
        risks[index // 5, task.test] = fit.estimate_.risk(fit.preparation_.design(X.iloc[task.test]), H)[0][:, 0]
    outcome = read_outcome(y)
    expected = np.mean([calibration_curve(outcome, risk[:, None], H).errors().ici[0] for risk in risks])
    validation = study.validate(models[0], plan, metrics=["ici"])
    assert validation.table["corrected"][0] == pytest.approx(expected, rel=1e-7)
    held = validation.held_out["cox"]
    np.testing.assert_allclose(held.risk[:, 0], risks[0], rtol=1e-9)
    assert held.ids == study.outcome.ids


def test_gain_is_the_paired_difference(study, models):
    validation = study.validate(models, CrossValidation(folds=5, repeats=2), metrics=["harrell_c", "brier"])
    gain = validation.gain(models[1], over="cox")
    raw = validation.raw.pivot_table(index="resample", columns=["metric", "model"], values="held_out")
    difference = raw["harrell_c"]["splines"] - raw["harrell_c"]["cox"]
    error = np.sqrt((1 / 10 + 48 / 192) * difference.var())
    line = gain.set_index("metric").loc["harrell_c"]
    assert line["difference"] == pytest.approx(difference.mean(), abs=1e-12)
    assert line["upper"] - line["difference"] == pytest.approx(student.ppf(0.975, 9) * error, rel=1e-9)
    assert line["p"] == pytest.approx(2 * student.sf(abs(difference.mean()) / error, 9), rel=1e-9)
    turned = validation.gain("cox", over=models[1])
    np.testing.assert_allclose(turned["difference"], -gain["difference"], atol=1e-15)
    np.testing.assert_allclose(turned["upper"], -gain["lower"], atol=1e-15)


def test_gain_by_the_bootstrap(study, models):
    validation = study.validate(models, "bootstrap", repeats=40, thresholds=[0.3])
    gain = validation.gain("splines", "cox")
    table = validation.table.pivot_table(index=["metric"], columns="model", values="corrected")
    for name in ("harrell_c", "net_benefit", "brier"):
        line = gain.set_index("metric").loc[name]
        assert line["difference"] == pytest.approx(table["splines"][name] - table["cox"][name], abs=1e-12)
        assert line["lower"] <= line["difference"] <= line["upper"]
    assert gain.set_index("metric").loc["net_benefit", "threshold"] == 0.3
    same = validation.gain("cox", "cox")
    np.testing.assert_allclose(same[["difference", "lower", "upper"]], 0.0, atol=1e-12)


def test_a_model_that_was_not_validated_cannot_be_compared(study, models):
    validation = study.validate(models[0], "bootstrap", repeats=2)
    with pytest.raises(PredictionError, match="model splines was not validated here") as caught:
        validation.gain("splines", "cox")
    assert caught.value.code == "V06"


def test_the_package_chooses_and_says_why(study):
    plain = study.fit(Cox())
    with pytest.warns(PrognosisWarning, match="N20"):
        lasso = study.fit(PenalisedCox(penalty=0.05), name="lasso")
    chosen = study.validate(plain, repeats=2)
    assert chosen.method == "bootstrap"
    assert "no model selects" in chosen.choice
    together = study.validate([plain, lasso], repeats=1)
    assert together.method == "cross-validation"
    assert together.choice.startswith("repeated cross-validation: model lasso chooses among predictors")
    folds = make_folds(study.cohort, study.endpoint, 4, 3)
    own = made.study(["age", "albumin", "sex"], n=240, seed=11, horizons=[12], folds=folds)
    by_folds = own.validate(own.fit(Cox()))
    assert by_folds.choice == "cross-validation by the study's own folds"
    assert sorted(by_folds.raw["trained"].unique()) == [180.0]


def test_too_few_events_a_column_are_left_to_cross_validation():
    study = made.study(["age", "albumin", "sex", "creat"], n=45, seed=2, horizons=[12])
    with pytest.warns(PrognosisWarning, match="EPV|Z01"):
        model = study.fit(Cox(splines={"age": 3}))
    assert "events for 5 columns, fewer than 10 each" in study.validate(model, repeats=1, metrics=["harrell_c"]).choice


def test_centres_are_left_out_one_by_one(study, models):
    validation = study.validate(models[0], "internal-external", by="centre")
    assert validation.raw["task"].unique().tolist() == ["centre=north", "centre=south"]
    assert validation.method == "internal-external"
    pairs = study.validate(models[0], GroupCombinations("grade", 1), metrics=["harrell_c"])
    assert pairs.raw["task"].tolist() == ["grade=low", "grade=middle", "grade=high"]


def test_a_split_in_time_has_one_value_and_no_interval(study, models):
    validation = study.validate(models[0], Temporal("age", after=60), metrics=["harrell_c"])
    assert len(validation.raw) == 1
    assert np.isnan(validation.table["lower"][0])
    assert validation.table["corrected"][0] == validation.raw["held_out"][0]


def test_net_benefit_and_binary_shares():
    study = made.study(["age", "albumin"], n=200, seed=3, endpoint=made.ENDPOINTS["binary"])
    validation = study.validate(study.fit(Logistic()), "cross-validation", repeats=1, thresholds=[0.4, 0.55])
    table = validation.table.set_index(["metric", "threshold"])
    for metric in ("net_benefit", "sensitivity", "specificity", "accuracy"):
        assert table.loc[metric, "corrected"].notna().all()
    assert table.loc[("sensitivity", 0.4), "corrected"] >= table.loc[("sensitivity", 0.55), "corrected"]
    assert {"harrell_c", "auc", "brier", "calibration_slope", "oe_ratio"} <= set(validation.table["metric"])


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        ({"metrics": ["cindex"]}, "no metric cindex", "M12"),
        ({"metrics": ["net_benefit"]}, "net_benefit at which risk", "M12"),
        ({"metrics": ["ibs"]}, "ibs over 1 horizons is no integral", "M12"),
        ({"metrics": ["sensitivity"]}, "a time_to_event endpoint has no metric sensitivity", "M12"),
        ({"thresholds": [1.2]}, "between 0 and 1", "V26"),
        ({"method": "internal-external"}, "by which column", "V04"),
        ({"method": "internal-external", "by": "ward"}, "no column ward", "V04"),
    ],
)
def test_impossible_questions_are_refused(study, models, options, words, code):
    with pytest.raises((FitError, PredictionError), match=words) as caught:
        study.validate(models[0], **options)
    assert caught.value.code == code


def test_the_integrated_brier_score_over_a_grid():
    grid = np.linspace(1, 24, 24)
    study = made.study(["age", "albumin"], n=200, seed=3, horizons=list(grid))
    table = study.validate(study.fit(Cox()), "bootstrap", repeats=3, metrics=["ibs", "brier"]).table
    ibs = table.set_index("metric").loc["ibs"]
    briers = table[table["metric"] == "brier"]["apparent"].to_numpy()
    assert ibs["apparent"] == pytest.approx(briers[:-1].sum() / 24, rel=1e-12)


@pytest.mark.parametrize("recipe", [PenalisedCox, Logistic])
def test_copies_of_a_patient_stay_in_one_inner_fold(recipe):
    """A patient drawn twice would stand on both sides of the folds that choose the penalty, and weaken it."""
    options = {"penalty": "lasso"} if recipe is Logistic else {}
    frame = made.patients(150)
    drawn = np.random.default_rng(3).integers(0, 150, 150)
    X = frame[["age", "albumin", "creat"]].iloc[drawn].reset_index(drop=True)
    y = frame["early"].to_numpy()[drawn] if recipe is Logistic else made.outcome_of(frame)[drawn]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        told = recipe(**options).of_patients(drawn).fit(X, y)
        clustered = recipe(**options, cluster="who").fit(X.assign(who=drawn), y)
        untold = recipe(**options).fit(X, y)
    curves = [getattr(fit, "penalty_curve_", None) or fit.estimate_.curve for fit in (told, clustered, untold)]
    curves = [curve.mean for curve in curves]
    np.testing.assert_array_equal(curves[0], curves[1])
    assert curves[0].tolist() != curves[2].tolist()


def test_smooth_calibration_errors_of_resamples_are_doubted(study, models):
    with pytest.warns(PrognosisWarning, match="V11.*ici, e90: resamples correct smooth calibration errors too little"):
        found = study.validate(models[0], "bootstrap", repeats=3, metrics=["harrell_c", "ici", "e90"])
    assert [finding.code for finding in found.warnings] == ["V11"]
    plain = study.validate(models[0], CrossValidation(folds=5, repeats=1), metrics=["harrell_c", "ici"])
    assert not plain.warnings
