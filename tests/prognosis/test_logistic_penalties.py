"""Ridge and lasso: optimality conditions, a slow optimiser, and the choice of the strength."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cohorts.errors import FitError
from prognosis.models import Logistic
from prognosis.penalised.logistic_path import PathRows, fit_path, penalty_sequence
from tests.prognosis import made_logistic as made


@pytest.fixture(scope="module")
def patients():
    frame, extra, y = made.bleeders(200, seed=11)
    noise = np.random.default_rng(2).normal(size=(200, 6))
    return frame.join(pd.DataFrame(noise, columns=[f"n{k}" for k in range(6)])), extra, y


def as_rows(patients, **changed):
    frame, _, y = patients
    return PathRows(frame.to_numpy(), y == 1, **({"weight": np.ones(len(y)), "names": tuple(frame)} | changed))


def standardised_score(frame, y, intercept, coefficients):
    x = frame.to_numpy()
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    residual = y - expit(intercept + x @ coefficients)
    return residual @ z / len(y), residual.mean()


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.0])
def test_every_fit_of_the_path_meets_the_optimality_conditions(patients, alpha):
    frame, _, y = patients
    path = fit_path(as_rows(patients), alpha)
    for penalty, intercept, b in zip(path.penalty, path.intercept, path.coefficients, strict=True):
        score, mean = standardised_score(frame, y, intercept, b)
        scaled, l1 = b * frame.to_numpy().std(axis=0), penalty * alpha
        inside = b == 0
        assert mean == pytest.approx(0, abs=1e-9)
        assert (np.abs(score[inside]) <= l1 + 1e-9).all()
        wanted = (l1 * np.sign(scaled) + penalty * (1 - alpha) * scaled)[~inside]
        np.testing.assert_allclose(score[~inside], wanted, atol=1e-9)


def test_the_slow_optimiser_of_the_penalised_likelihood_agrees():
    frame, _, y = made.bleeders(120)
    x, strength = frame.to_numpy(), 0.03
    e = Logistic("lasso", strength=strength).fit(frame, y).estimate_

    def penalised(b):
        return made.log_likelihood(b, x, y) / len(y) - strength * np.abs(b[1:] * x.std(axis=0)).sum()

    out = {1 + place: 0.0 for place in np.flatnonzero(e.coefficients == 0)}
    assert out
    beta, best = made.maximum(penalised, x, out)
    ours = np.append(e.intercept_at_zero, e.coefficients)
    np.testing.assert_allclose(ours, beta, rtol=1e-3, atol=1e-5)
    assert penalised(ours) >= best - 1e-12
    assert e.loglik[1] == pytest.approx(made.log_likelihood(ours, x, y), rel=1e-10)


def test_the_path_starts_where_the_first_predictor_enters(patients):
    rows = as_rows(patients)
    largest = penalty_sequence(rows.standardised(), 1.0)[0]
    just = fit_path(rows, 1.0, np.array([largest * (1 + 1e-6), largest * (1 - 1e-3)]))
    assert just.nonzero.tolist() == [0, 1]
    assert (np.diff(fit_path(rows, 1.0).explained) > 0).all()


def test_more_columns_than_rows():
    draw = np.random.default_rng(4)
    x = draw.normal(size=(40, 120))
    y = (x[:, 0] + draw.normal(size=40) > 0).astype(int)
    frame = pd.DataFrame(x, columns=[f"g{k}" for k in range(120)])
    lasso = Logistic("lasso", strength=0.1).fit(frame, y).estimate_
    assert 0 < np.count_nonzero(lasso.coefficients) < 40
    assert np.argmax(np.abs(lasso.coefficients)) == 0
    ridge = Logistic("ridge", strength=20.0).fit(frame, y).estimate_
    score, mean = standardised_score(frame, y, ridge.intercept_at_zero, ridge.coefficients)
    assert mean == pytest.approx(0, abs=1e-10)
    np.testing.assert_allclose(score * 40, 20 * ridge.coefficients * x.std(axis=0) * 40 / 39, atol=1e-9)
    assert 0 < ridge.freedom < 40


def test_the_ridge_of_the_path_is_the_ridge_of_the_likelihood(patients):
    """glmnet's lambda is a mean over the patients with variance 1/n, lrm's penalty a sum with n - 1."""
    frame, _, y = patients
    path = fit_path(as_rows(patients), 0.0, np.array([0.05]))
    e = Logistic("ridge", strength=0.05 * 199).fit(frame, y).estimate_
    np.testing.assert_allclose(e.coefficients, path.coefficients[0], rtol=1e-8)
    assert e.intercept_at_zero == pytest.approx(path.intercept[0], rel=1e-8)


@pytest.mark.parametrize("penalty", ["ridge", "lasso"])
def test_the_strength_is_chosen_the_same_whatever_the_order_of_the_rows(patients, penalty):
    frame, _, y = patients
    at = np.random.default_rng(9).permutation(len(y))
    one = Logistic(penalty, folds=5).fit(frame, y)
    other = Logistic(penalty, folds=5).fit(frame.iloc[at], y[at])
    assert one.estimate_.strength == pytest.approx(other.estimate_.strength, rel=1e-9)
    np.testing.assert_allclose(one.estimate_.coefficients, other.estimate_.coefficients, rtol=1e-6, atol=1e-10)
    assert one.penalty_curve_.mean.min() < one.penalty_curve_.mean[0]


def test_the_rule_of_one_standard_error_is_the_sparser_model(patients):
    frame, _, y = patients
    smallest, sparser = (
        Logistic("lasso", folds=5, rule=rule).fit(frame, y) for rule in ("minimum", "one-standard-error")
    )
    assert sparser.estimate_.strength > smallest.estimate_.strength
    assert np.count_nonzero(sparser.estimate_.coefficients) < np.count_nonzero(smallest.estimate_.coefficients)
    curve = smallest.penalty_curve_
    assert smallest.estimate_.strength == curve.penalty[np.argmin(curve.mean)]
    assert Logistic("lasso", strength=0.1).fit(frame, y).penalty_curve_ is None


def test_what_selects(patients):
    assert Logistic("lasso").selects
    assert not any(Logistic(penalty).selects for penalty in (None, "firth", "ridge"))


def codes(logistic):
    return {finding.code for finding in logistic.warnings_} - {"T12", "C22", "C08"}


def test_n20_a_lasso_says_that_it_has_no_errors(patients):
    frame, _, y = patients
    logistic = Logistic("lasso", strength=0.02).fit(frame, y)
    assert codes(logistic) == {"N20"}
    assert logistic.estimate_.summary()[["se", "lower", "upper", "p"]].isna().all(axis=None)
    assert np.isfinite(logistic.estimate_.summary()["odds_ratio"]).all()


def test_n23_no_predictor_left_and_n24_no_penalty_needed(patients):
    frame, _, y = patients
    assert codes(Logistic("lasso", strength=3.0).fit(frame, y)) == {"N20", "N23"}
    strong = pd.DataFrame({"marker": y + 0.5 * np.random.default_rng(0).normal(size=len(y))})
    assert codes(Logistic("ridge", folds=5).fit(strong, y)) == {"N24"}


def test_n21_fewer_events_than_folds_and_n22_no_relation():
    frame, _, _ = made.bleeders(60)
    few = np.zeros(60, int)
    few[:4] = 1
    with pytest.raises(FitError, match="4 events cannot be dealt into 5 folds") as caught:
        Logistic("lasso", folds=5).fit(frame[["age"]], few)
    assert caught.value.code == "N21"
    x = np.tile([0.0, 1.0], 20)
    with pytest.raises(FitError, match="score of the null model vanishes") as caught:
        fit_path(PathRows(x[:, None], np.repeat([True, False], 20), np.ones(40), ("x",)), 1.0)
    assert caught.value.code == "N22"


def test_a_column_that_is_constant_within_a_fold_stays_out_of_that_fit(patients):
    frame, _, y = patients
    rare = frame.to_numpy().copy()
    rare[:, -1] = 0.0
    path = fit_path(PathRows(rare, y == 1, np.ones(len(y)), tuple(frame)), 1.0, np.array([0.01]))
    assert path.coefficients[0, -1] == 0
    without = fit_path(PathRows(rare[:, :-1], y == 1, np.ones(len(y)), tuple(frame)[:-1]), 1.0, np.array([0.01]))
    np.testing.assert_allclose(path.coefficients[0, :-1], without.coefficients[0], rtol=1e-9)
