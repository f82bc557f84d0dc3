"""The event within a window, from censored follow-up: by hand, against R, against the truth, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import FitError, PredictionError, PrognosisError, PrognosisWarning
from prognosis import load_model
from prognosis.early_relapse.known import known_within, said_of
from prognosis.metrics.indexes.calibration import calibration_slope
from prognosis.metrics.weights import censoring_weights
from prognosis.models import Cox, EarlyRelapse, GradientBoosting, Logistic, Screened, Tuned
from prognosis.outcome import SurvivalArrays, read_outcome
from tests.prognosis import made
from tests.prognosis.test_live_r import close, r
from tests.prognosis.test_model_file import altered, refused

__all__ = ["r"]
PREDICTORS = ["age", "albumin", "sex"]
# Eight patients and a window of 10; the reverse Kaplan-Meier falls to 6/7 at 2 and to 9/14 at 5.
TIMES = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 12.0, 15.0])
EVENTS = np.array([1, 0, 1, 2, 0, 1, 0, 1])
GROUP = np.array([1, 0, 1, 0, 1, 0, 1, 0])
WEIGHTS = np.array([1, 7 / 6, 7 / 6, 14 / 9, 14 / 9, 14 / 9])


def quietly(fit, *arguments):
    """Fit without the warnings, which are tested for themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return fit(*arguments)


@pytest.fixture(scope="module")
def study():
    return made.study(PREDICTORS, n=300, endpoint=made.ENDPOINT)


def censored_by_risk(n, seed):
    """Return patients of two groups with constant hazards, censored at random, and their true risk at 24."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, 2, n).astype(float)
    rate = np.where(group == 1, 0.05, 0.02)
    time, end = draw.exponential(1 / rate), draw.exponential(30, n)
    truth = 1 - np.exp(-24 * rate)
    return pd.DataFrame({"x": group}), made.structured(np.minimum(time, end), (time <= end).astype(int)), truth


def test_weights_and_labels_of_eight_patients_by_hand():
    known = known_within(SurvivalArrays(TIMES, EVENTS), 10.0, "ipcw")
    np.testing.assert_array_equal(known.rows, [0, 2, 3, 5, 6, 7])
    np.testing.assert_array_equal(known.early, [True, True, False, True, False, False])
    np.testing.assert_allclose(known.weight, WEIGHTS, rtol=1e-14)
    assert known.weight.sum() == pytest.approx(8)
    assert (known.lost, known.other) == (2, 1)
    # the weighted share is the Aalen-Johansen incidence: 1/8 + 7/8 * 1/6 ... = (1 + 7/6 + 14/9) / 8
    assert known.taken_share == pytest.approx((1 + 7 / 6 + 14 / 9) / 8)
    assert known.share == pytest.approx(known.taken_share, abs=1e-14)


def test_a_logistic_model_of_eight_patients_by_hand():
    """One binary predictor: the weighted odds are 39/28 in the one group and 4/7 in the other."""
    fit = EarlyRelapse(window=10.0).fit(pd.DataFrame({"x": GROUP.astype(float)}), made.structured(TIMES, EVENTS))
    odds = np.exp(fit.estimate_.inner.intercept_at_zero + fit.estimate_.coefficients[0] * np.array([0, 1]))
    np.testing.assert_allclose(odds, [4 / 7, 39 / 28], rtol=1e-8)
    assert fit.estimate_.summary()["odds_ratio"][1] == pytest.approx(39 / 16)


@pytest.mark.parametrize(("censoring", "rows"), [("exclude", [0, 2, 3, 5, 6, 7]), ("naive", list(range(8)))])
def test_leaving_the_weights_out(censoring, rows):
    known = known_within(SurvivalArrays(TIMES, EVENTS), 10.0, censoring)
    np.testing.assert_array_equal(known.rows, rows)
    np.testing.assert_array_equal(known.weight, np.ones(len(rows)))
    assert known.taken_share == pytest.approx(3 / len(rows))


def test_who_is_censored_when_the_window_ends_has_come_through_it():
    """Follow-up cut at the window: everybody is known, all weights are 1."""
    known = known_within(SurvivalArrays(np.minimum(TIMES, 3.0), (TIMES <= 3).astype(int)), 3.0, "ipcw")
    assert known.lost == 0
    np.testing.assert_array_equal(known.weight, np.ones(8))


@pytest.mark.parametrize("window", [7.3, 20.1])
def test_between_the_times_the_weights_are_those_that_judge(window):
    outcome = read_outcome(made.outcome_of(made.patients(200)))
    known = known_within(outcome, window, "ipcw")
    theirs = censoring_weights(outcome, [window]).weights[:, 0]
    np.testing.assert_allclose(known.weight, theirs[known.rows], rtol=1e-12)
    assert (np.delete(theirs, known.rows) == 0).all()


def test_without_censoring_it_is_plain_logistic_regression():
    frame = made.patients(200)
    y = made.outcome_of(frame.assign(event=1))
    ours = EarlyRelapse(window=20.0).fit(frame[PREDICTORS], y)
    plain = Logistic().fit(frame[PREDICTORS], (y["time"] <= 20).astype(int))
    assert not {"W04", "W06", "W07"} & {finding.code for finding in ours.warnings_}
    np.testing.assert_array_equal(ours.estimate_.coefficients, plain.estimate_.coefficients)
    np.testing.assert_array_equal(ours.estimate_.covariance, plain.estimate_.covariance)
    assert ours.estimate_.robust == ""


def test_weights_give_the_true_level_and_leaving_them_out_does_not():
    """Mean of 20 simulations of 400 patients: the error of the level lies within three Monte Carlo errors of 0."""
    bias = {censoring: [] for censoring in ("ipcw", "exclude", "naive")}
    for seed in range(20):
        X, y, truth = censored_by_risk(400, seed)
        for censoring, found in bias.items():
            fit = EarlyRelapse(window=24.0, censoring=censoring).fit(X, y)
            found.append(fit.answers(X, y, np.array([24.0])).risk[:, 0].mean() - truth.mean())
    mean = {censoring: np.mean(found) for censoring, found in bias.items()}
    error = np.std(bias["ipcw"], ddof=1) / np.sqrt(20)
    assert abs(mean["ipcw"]) < 3 * error < 0.03
    assert mean["naive"] < -0.1
    assert mean["exclude"] > 0.05


def test_the_bias_is_printed_as_it_is():
    X, y, truth = censored_by_risk(2000, 99)
    for censoring in ("exclude", "naive"):
        fit = EarlyRelapse(window=24.0, censoring=censoring).fit(X, y)
        (said,) = (finding for finding in fit.warnings_ if finding.code == "W06")
        bias = float(said.rule.split("biased by ")[1].split(" ")[0]) / 100
        risk = fit.answers(X, y, np.array([24.0])).risk[:, 0]
        assert bias == pytest.approx(risk.mean() - truth.mean(), abs=0.04)


R_FIT = """
rev <- survfit(Surv(ifelse(d$event > 0, d$time - 1e-4, d$time), d$event == 0) ~ 1)
before <- function(t) { s <- c(1, rev$surv); s[findInterval(t - 2e-4, rev$time) + 1] }
w <- ifelse(d$event > 0 & d$time <= 24, 1 / before(d$time), ifelse(d$time >= 24, 1 / before(24), 0))
d$early <- as.numeric(d$event == 1 & d$time <= 24)
f <- suppressWarnings(glm(early ~ age + albumin + sex, binomial, d, weights = w, subset = w > 0,
  control = list(epsilon = 1e-15, maxit = 100)))
x <- model.matrix(f); s <- x * (weights(f, "prior") * (f$y - fitted(f)))
bread <- solve(t(x) %*% (x * (weights(f, "prior") * fitted(f) * (1 - fitted(f)))))
new <- data.frame(age = 60, albumin = 30, sex = "F")
give(list(n = sum(w > 0), coef = coef(f), vcov = bread %*% crossprod(s) %*% bread,
  risk = predict(f, new, type = "response")))
"""


@pytest.mark.parametrize("kind", ["time_to_event", "competing"])
def test_r_fits_the_same_with_the_same_weights(r, kind):
    """glm with the weights of survfit, and the sandwich; months are rounded, so that times tie."""
    frame = made.patients(300)
    frame = frame.assign(months=np.maximum(frame["months"].round(), 1.0))
    event = frame["event" if kind == "time_to_event" else "first"].to_numpy()
    rows = frame[PREDICTORS].assign(time=frame["months"], event=event)
    theirs = r(R_FIT, d=rows)
    fit = EarlyRelapse().fit(frame[PREDICTORS], made.structured(frame["months"].to_numpy(), event))
    inner = fit.estimate_.inner
    close(len(fit.known_.rows), theirs["n"])
    close([inner.intercept_at_zero, *inner.coefficients], theirs["coef"], 1e-7)
    close(inner.covariance_at_zero, theirs["vcov"], 1e-6)
    patient = pd.DataFrame({"age": [60.0], "albumin": [30.0], "sex": pd.Categorical(["F"], categories=["F", "M"])})
    answers = fit.answers(patient, made.structured(np.array([1.0]), np.array([1])), np.array([24.0]))
    close(answers.risk, theirs["risk"], 1e-7)


def test_it_answers_at_its_window_only(study, tmp_path):
    model = quietly(study.fit, EarlyRelapse())
    answer = model.predict({"age": 60.0, "albumin": 38.0, "sex": "F"}, [12, 24])
    assert np.isnan(answer.risk[0, 0])
    assert 0 < answer.lower[0, 1] < answer.risk[0, 1] < answer.upper[0, 1] < 1
    assert [(remark.code, remark.horizon) for remark in answer.remarks] == [("W08", 12.0)]
    loaded = load_model(model.save(tmp_path / "early.prognosis"))
    for each in (model, loaded):
        with pytest.raises(PredictionError, match="window of 24 months only") as caught:
            each.curve({"age": 60.0, "albumin": 38.0, "sex": "F"})
        assert caught.value.code == "W08"


def test_labels_and_weights_are_made_anew_in_every_resample(study):
    """A validation measures at the window alone, and its refits are those of the resampled rows by hand."""
    model = quietly(study.fit, EarlyRelapse())
    table = quietly(study.validate, model, "cross-validation", 1).table.set_index(["metric", "horizon"])
    assert 0.6 < table.loc[("auc", 24.0), "corrected"] < 0.85
    assert np.isnan(table.loc[("auc", 12.0), "corrected"])
    assert table.loc[("oe_ratio", 24.0), "corrected"] == pytest.approx(1, abs=0.1)
    X, y = study.columns_of(model.freshly_fitted()), study.outcome.to_structured()
    train = np.random.default_rng(4).integers(0, len(X), len(X))
    refit = model.freshly_fitted().refits(X, y, np.array([24.0]))(train, 1)
    by_hand = EarlyRelapse().fit(X.iloc[train].reset_index(drop=True), y[train])
    np.testing.assert_allclose(refit.risk, by_hand.answers(X, y, np.array([24.0])).risk, rtol=1e-12)
    assert by_hand.known_.weight.max() != model.freshly_fitted().known_.weight.max()


def test_the_slope_in_the_training_rows_is_one_with_competing_events_too():
    study = made.study(PREDICTORS, n=300, endpoint=made.ENDPOINTS["competing"])
    kept = quietly(study.fit, EarlyRelapse(window=18.0)).freshly_fitted()
    seen = kept.evaluation(study.columns_of(kept), study.outcome.to_structured())
    assert calibration_slope(seen) == pytest.approx(1, abs=1e-6)
    assert {"W04", "W07"} <= {finding.code for finding in kept.warnings_}


def test_a_choice_inside_is_repeated_and_the_file_holds_what_answers(study, tmp_path):
    model = quietly(study.fit, EarlyRelapse(Screened(Logistic(), keep=1)))
    assert model.freshly_fitted().selects
    assert len(model.predictors) == 1
    loaded = load_model(model.save(tmp_path / "chosen.prognosis"))
    assert loaded.hash == model.hash
    assert isinstance(loaded.recipe.recipe, Logistic)
    patient = {name: {"age": 60.0, "albumin": 38.0, "sex": "F"}[name] for name in model.predictors}
    np.testing.assert_array_equal(loaded.predict(patient, [24]).risk, model.predict(patient, [24]).risk)


@pytest.mark.parametrize(
    "around",
    [
        Screened(EarlyRelapse(), keep=2),
        Tuned(EarlyRelapse(Logistic(penalty="ridge", strength=1.0)), grid={"recipe__strength": [1.0, 30.0]}, folds=3),
    ],
)
def test_a_recipe_around_it_answers_at_the_window_too(study, around, tmp_path):
    """Follow-up and observed curve are those of all patients, whoever is fitted around whom."""
    model = quietly(study.fit, around)
    plain = quietly(study.fit, EarlyRelapse())
    assert model.max_follow_up == plain.max_follow_up > 48
    patient = {name: {"age": 60.0, "albumin": 38.0, "sex": "F"}[name] for name in model.predictors}
    assert 0 < model.predict(patient, [24]).risk[0, 0] < 1
    loaded = load_model(model.save(tmp_path / "around.prognosis"))
    assert loaded.predict(patient, [24]).risk[0, 0] == model.predict(patient, [24]).risk[0, 0]


def test_boosting_inside_has_the_observed_level(study, tmp_path):
    model = quietly(study.fit, EarlyRelapse(GradientBoosting(trees=20, early_stopping=None)))
    frame = study.frame
    observed = 1 - model.follow_up.at(24)
    assert model.predict(frame, [24]).risk.mean() == pytest.approx(observed, abs=0.04)
    loaded = load_model(model.save(tmp_path / "boosted.prognosis"))
    np.testing.assert_array_equal(loaded.predict(frame, [24]).risk, model.predict(frame, [24]).risk)


@pytest.mark.parametrize(
    ("inner", "code"),
    [({"kind": "oracle", "parameters": {}}, "L06"), ({"kind": "cox", "parameters": {}}, "L05"), ("os.system", "L02")],
)
def test_a_recipe_inside_a_file_is_one_of_those_that_are_known(study, tmp_path, inner, code):
    """A file can name no other inner recipe than those of binary endpoints, with their own parameters."""
    model = quietly(study.fit, EarlyRelapse(Logistic(penalty="ridge", strength=1.0)))
    saved = model.save(tmp_path / "early.prognosis")

    def change(content, _):
        content["recipe"]["recipe"] = inner

    refused(altered(saved, tmp_path / "changed.prognosis", change), code)


def test_an_offset_and_a_cluster_inside_are_those_of_the_inner_recipe(study):
    model = quietly(study.fit, EarlyRelapse(Logistic(offset="creat")))
    low, high = (model.predict({"age": 60.0, "albumin": 38.0, "sex": "F", "creat": c}, [24]) for c in (0.0, 1.0))
    assert high.linear_predictor[0] - low.linear_predictor[0] == pytest.approx(1)
    frame = made.patients(200).assign(site=np.arange(200) % 40)
    fit = EarlyRelapse(Logistic(cluster="site")).fit(frame[[*PREDICTORS, "site"]], made.outcome_of(frame))
    assert fit.estimate_.robust == "cluster"


@pytest.mark.parametrize(
    ("recipe", "code", "words"),
    [
        (EarlyRelapse(window=1000.0), "W01", "beyond the follow-up"),
        (EarlyRelapse(window=0.01), "W02", "0 of 300 patients"),
        (EarlyRelapse(window=0.0), "S14", "window=0.0"),
        (EarlyRelapse(censoring="ignore"), "S14", "censoring='ignore'"),
        (EarlyRelapse(Cox()), "S14", "a recipe of a binary endpoint"),
        (EarlyRelapse(Screened()), "W09", "Screened takes no weights"),
        (EarlyRelapse(Logistic(weights="weight")), "W09", "weights of its own"),
        (EarlyRelapse(Screened(Logistic(), inside=False)), "W09", "outside the resamples"),
        (EarlyRelapse(Logistic(penalty="firth")), "C32", "sampling weights"),
    ],
)
def test_refusals(study, recipe, code, words):
    with pytest.raises(FitError, match=words) as caught:
        quietly(study.fit, recipe)
    assert caught.value.code == code


def test_delayed_entry_and_visits_are_refused():
    frame = made.patients(100)
    with pytest.raises(FitError, match="delayed entry") as caught:
        EarlyRelapse().fit(frame[["age"]], made.outcome_of(frame, entry=True))
    assert caught.value.code == "W03"
    visits = np.empty(100, dtype=[("event", int), ("time", float), ("last_free", float)])
    visits["event"], visits["time"], visits["last_free"] = frame["event"], frame["months"], frame["months"] / 2
    with pytest.raises(PrognosisError, match="between two visits") as caught:
        EarlyRelapse().fit(frame[["age"]], visits)
    assert caught.value.code == "T30"


def test_a_patient_who_stands_for_very_many_is_doubted():
    """After 30 censorings two are left of 33: each stands for 16."""
    time, event = np.array([1.0, *np.full(30, 2.0), 3.0, 9.0]), np.array([1, *np.zeros(30, int), 1, 0])
    known = known_within(SurvivalArrays(time, event), 8.0, "ipcw")
    np.testing.assert_allclose(known.weight, [1, 16, 16])
    assert [finding.code for finding in said_of(known, 8.0, "ipcw")] == ["W04", "W05"]
