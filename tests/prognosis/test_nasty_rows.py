"""Rows at which arithmetic breaks: every recipe answers, or refuses in words; never another exception or a warning."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, FitError, PrognosisError, PrognosisWarning
from prognosis.imputation.multiply_imputed import MultiplyImputed
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic, PenalisedCox
from prognosis.outcome import read_outcome
from prognosis.parametric.distributions import DISTRIBUTIONS
from prognosis.parametric.likelihood import log_times
from prognosis.parametric.regression import fit_parametric
from prognosis.penalised.penalty_choice import loss_curve
from prognosis.robust_errors import robust_covariance
from tests.prognosis.made import structured

RECIPES = {
    "cox": Cox,
    "breslow": lambda **options: Cox(ties="breslow", **options),
    "ridge": lambda **options: Cox(ridge=0.1, **options),
    "firth": lambda **options: Cox(penalty="firth", **options),
    "lasso": lambda **options: PenalisedCox(folds=3, **options),
    "penalised": lambda **options: PenalisedCox(penalty=1e-6, **options),
    "fine_gray": FineGray,
    "finegray": lambda **options: FineGray(weighting="finegray", **options),
    "logistic": Logistic,
    "logistic_firth": lambda **options: Logistic("firth", **options),
    "logistic_lasso": lambda **options: Logistic("lasso", folds=3, **options),
    "weibull": AcceleratedFailureTime,
    "exponential": lambda **options: AcceleratedFailureTime("exponential", **options),
}


def column(draw, n):
    """One of the columns that break things."""
    kinds = [
        lambda: np.full(n, draw.normal()),
        lambda: draw.integers(0, 2, n).astype(float),
        lambda: draw.normal(size=n) * 10.0 ** draw.integers(-300, 300),
        lambda: draw.normal(size=n) * 1e-3 + 1e9,
        lambda: pd.Categorical(draw.choice(["a", "b", "c"], n), categories=["a", "b", "c", "unused"]),
        lambda: pd.Categorical(draw.choice(["a", "b", "c"], n), categories=["a", "b", "c"]),
        lambda: np.where(draw.random(n) < 0.3, np.nan, draw.normal(size=n)),
        lambda: np.where(np.arange(n) == 0, 10.0 ** draw.integers(3, 200), draw.normal(size=n)),
        lambda: draw.standard_cauchy(n),
        lambda: draw.normal(size=n),
    ]
    return kinds[int(draw.integers(len(kinds)))]()


@functools.cache
def nasty(seed):
    """A few rows with columns and an outcome that somebody might send."""
    draw = np.random.default_rng(seed)
    n = int(draw.choice([1, 2, 3, 4, 5, 8, 15, 40]))
    frame = pd.DataFrame({f"x{place}": column(draw, n) for place in range(int(draw.integers(1, 4)))})
    times = [draw.exponential(1, n), np.ceil(draw.exponential(3, n)), np.full(n, 5.0), 10 ** draw.uniform(-300, 300, n)]
    events = [np.ones(n, int), (np.arange(n) == 0).astype(int), draw.integers(0, 2, n), draw.integers(0, 3, n)]
    time, event = times[int(draw.integers(4))], events[int(draw.integers(4))]
    extra = {"weights": draw.choice([0, 0.5, 1, 2], n), "cluster": draw.integers(0, 4, n)}
    options = {name: name for name in extra if draw.random() < 0.25}
    entry = 0.9 * time * draw.random(n) if draw.random() < 0.2 else None
    return frame.assign(**{name: extra[name] for name in options}), structured(time, event, entry), options


@pytest.mark.parametrize("name", RECIPES)
def test_an_answer_or_a_refusal_in_words(name):
    answered = refused = 0
    for seed in range(120):
        frame, y, options = nasty(seed)
        recipe = RECIPES[name](**options)
        binary = "binary" in recipe.endpoints
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", PrognosisWarning)
            try:
                recipe.fit(frame, (y["event"] == 1).astype(int) if binary else y)
            except PrognosisError:
                refused += 1
                continue
            estimate, design = recipe.estimate_, recipe.preparation_.design(frame.head(3))
            horizons = [np.nan] if binary else [y["time"].min() / 2, np.median(y["time"]), y["time"].max()]
            risk, lower, upper = estimate.risk(design, np.array(horizons))
            estimate.summary()
            recipe.score(frame, (y["event"] == 1).astype(int) if binary else y)
        assert ((risk >= 0) & (risk <= 1)).all()
        assert not (lower > risk + 1e-9).any()
        assert not (upper < risk - 1e-9).any()
        answered += 1
    assert answered >= 3
    assert refused >= 3


@pytest.fixture(scope="module")
def with_offset():
    """A fit with an offset, and its rows."""
    draw = np.random.default_rng(5)
    frame = pd.DataFrame({"x": draw.normal(size=60), "fixed": 0.1 * draw.normal(size=60)})
    y = structured(draw.exponential(size=60), draw.integers(0, 2, 60))
    return Cox(splines={"x": 3}, offset="fixed").fit(frame, y), frame


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("x", "much", "C10"),
        ("x", pd.Timestamp("2026-01-01"), "C10"),
        ("x", 1j, "C10"),
        ("x", 1e200, "C27"),
        ("x", np.inf, "C27"),
        ("fixed", "much", "C10"),
        ("fixed", np.nan, "C16"),
        ("fixed", np.inf, "C27"),
    ],
)
def test_new_patients_with_values_that_are_no_numbers_are_refused(with_offset, column, value, code):
    cox, frame = with_offset
    with pytest.raises(PrognosisError) as caught:
        cox.predict(frame.assign(**{column: value}))
    assert caught.value.code == code
    assert caught.value.findings[0].column == column


def test_new_patients_without_the_offset_are_refused(with_offset):
    cox, frame = with_offset
    with pytest.raises(DataContractError, match=r"P01.*column fixed"):
        cox.predict(frame[["x"]])


def test_numbers_that_a_frame_holds_as_objects_are_numbers(with_offset):
    cox, frame = with_offset
    np.testing.assert_array_equal(cox.predict(frame.astype({"x": object})), cox.predict(frame))


def test_complex_predictors_are_refused():
    frame = pd.DataFrame({"x": np.arange(10) * 1j})
    with pytest.raises(PrognosisError, match="C10"):
        Cox().fit(frame, structured(np.arange(1.0, 11), np.ones(10)))


@pytest.mark.parametrize("value", [1e145, -1e60])
def test_values_that_leave_the_arithmetic_are_refused(value):
    frame = pd.DataFrame({"x": np.append(np.arange(9.0), value)})
    with pytest.raises(DataContractError, match=r"C27.*column x, row ids 9.*too large to compute with"):
        Cox(splines={"x": 3}).fit(frame, structured(np.arange(1.0, 11), np.ones(10)))


def test_values_that_leave_the_arithmetic_are_refused_before_anything_is_imputed():
    frame = pd.DataFrame({"x": np.append(np.arange(9.0), -1e200), "z": [np.nan, *np.arange(9.0)]})
    with pytest.raises(DataContractError, match=r"C27.*column x, row ids 9.*too large to compute with"):
        MultiplyImputed(Cox(), 2, 2).fit(frame, structured(np.arange(1.0, 11), np.ones(10)))


@pytest.mark.parametrize("recipe", [Cox(), Cox(ridge=1.0), Cox(penalty="firth"), FineGray(), AcceleratedFailureTime()])
def test_a_column_that_hardly_varies_is_constant(recipe):
    draw = np.random.default_rng(3)
    frame = pd.DataFrame({"x": draw.normal(size=30) * 1e-200})
    with pytest.raises(FitError, match=r"C01.*column x is constant but for \d"):
        recipe.fit(frame, structured(draw.exponential(size=30), draw.integers(0, 2, 30)))


def test_robust_errors_of_scores_that_all_vanish_are_refused():
    """All events at one time, nobody censored: under Breslow every row's score is zero, and so would be its error."""
    x = np.random.default_rng(1).normal(size=(6, 1))
    with pytest.raises(FitError, match=r"C29.*a robust error is zero"):
        robust_covariance(np.zeros_like(x), np.ones(6), np.eye(1))
    frame = pd.DataFrame({"x": x[:, 0], "g": np.arange(6)})
    for recipe in (Cox(ties="breslow", cluster="g"), FineGray(cluster="g")):
        with pytest.raises(FitError, match="C29"):
            recipe.fit(frame, structured(np.full(6, 5.0), np.ones(6)))


def test_a_patient_beyond_all_numbers_has_a_risk_of_one_after_the_first_event():
    draw = np.random.default_rng(2)
    frame, y = pd.DataFrame({"x": draw.normal(size=40)}), structured(np.arange(1.0, 41), draw.integers(0, 2, 40))
    y["event"][3:] |= draw.random(37) < 0.5
    cox = Cox(ridge=1.0).fit(frame, y)
    far = np.sign(cox.estimate_.coefficients[0]) * np.array([[1e145], [1e5]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        risk, _, _ = cox.estimate_.risk(far, np.array([0.5, 40.0]))
    np.testing.assert_array_equal(risk, [[0.0, 1.0], [0.0, 1.0]])


def test_a_constant_linear_predictor_has_no_slope_of_survival_times():
    times = log_times(read_outcome(structured(np.arange(1.0, 7), np.ones(6))))
    with pytest.raises(FitError, match=r"C01.*linear predictor is constant"):
        fit_parametric(np.zeros((6, 1)), times, DISTRIBUTIONS["weibull"], ("linear predictor",))


def test_infinite_losses_are_never_the_smallest():
    loss = np.array([[1.0, np.inf, 3.0], [1.5, 2.0, np.inf]])
    curve = loss_curve(np.array([3.0, 2.0, 1.0]), np.zeros(3, np.int64), loss, np.ones(2))
    assert curve.chosen("minimum") == 0
    with pytest.raises(FitError, match=r"N04.*infinite at every penalty"):
        loss_curve(np.array([1.0]), np.zeros(1, np.int64), np.full((2, 1), np.inf), np.ones(2))
