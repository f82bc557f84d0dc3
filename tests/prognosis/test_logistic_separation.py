"""C06 and its neighbours: what has no maximum likelihood estimate is found exactly, named, and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from cohorts.errors import FitError
from prognosis.logistic.likelihood import standardise
from prognosis.logistic.regression import fit_logistic
from prognosis.logistic.separation import find_separation
from prognosis.models import Logistic
from tests.prognosis import made_logistic as made


def refused(frame, y, penalty=None, **options):
    with pytest.raises(FitError) as caught:
        Logistic(penalty, **options).fit(frame, y)
    return caught.value


@pytest.fixture
def patients():
    frame, _, y = made.bleeders(120)
    return frame, y


def test_c06_complete_separation_names_the_column_and_the_penalised_fit(patients):
    frame, y = patients
    error = refused(frame.assign(marker=frame["size"] + 100 * y), y)
    assert error.code == "C06"
    assert "column(s) marker separate the events from the others completely" in str(error)
    assert 'penalised fit: Logistic(penalty="firth")' in str(error)
    assert error.findings[0].column == "marker"


def test_c06_ties_on_the_border_are_quasi_complete_separation(patients):
    frame, y = patients
    marker = np.where(y == 1, 2.0, 1.0)
    marker[[np.flatnonzero(y == 0)[0], np.flatnonzero(y == 1)[0]]] = 1.5
    error = refused(frame.assign(marker=marker), y)
    assert error.code == "C06"
    assert "marker separate the events from the others but for ties on the border" in str(error)


def test_c06_a_category_in_which_everybody_has_the_event(patients):
    """One in which nobody has it is found before any fit, as C05."""
    frame, y = patients
    chosen = (y == 1) & (np.arange(len(y)) % 2 == 0)
    assert refused(frame.assign(del17p=chosen.astype(float)), y).code == "C06"
    error = refused(frame.assign(del17p=((y == 0) & (np.arange(len(y)) % 2 == 0)).astype(float)), y)
    assert error.code == "C05"
    assert 'Logistic(penalty="firth")' in str(error)


def test_c06_a_combination_of_columns_is_named_without_the_rest():
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(draw.normal(size=(150, 5)), columns=list("abcde"))
    y = (frame["b"] - 2 * frame["d"] > 0.2).astype(int).to_numpy()
    error = refused(frame, y)
    assert error.code == "C06"
    assert "column(s) b, d separate the events from the others completely" in str(error)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_c06_whatever_the_unit(patients, scale):
    frame, y = patients
    assert refused(frame.assign(marker=scale * (frame["size"] + 100 * y) + scale), y).code == "C06"


def test_c06_published_separations():
    for (frame, y), column in ((made.endometrial(), "NV"), (made.sex2(), "dia")):
        error = refused(frame, y)
        assert (error.code, error.findings[0].column) == ("C06", column)


def test_one_patient_on_the_wrong_side_is_no_separation(patients):
    """The estimate exists, however steep: the slow optimiser finds it too."""
    frame, y = patients
    x = np.sort(frame["age"].to_numpy() + np.linspace(0, 0.5, len(y)))
    outcome = (np.arange(len(y)) >= 60).astype(int)
    outcome[[55, 64]] = 1, 0
    logistic = Logistic().fit(pd.DataFrame({"x": x}), outcome)
    beta, value = made.maximum(lambda b: made.log_likelihood(b, x[:, None] - x.mean(), outcome), x[:, None])
    assert logistic.estimate_.loglik[1] == pytest.approx(value, abs=1e-8)
    assert logistic.estimate_.coefficients[0] == pytest.approx(beta[1], rel=1e-4)


@pytest.mark.parametrize("seed", range(40))
def test_found_if_and_only_if_a_separating_direction_exists(seed):
    """Small tables, about half of them separated; the direction from a plain linear program."""
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 4, size=(9, 2)).astype(float)
    y = draw.permutation([0, 0, 0, 0, 1, 1, 1, 1, int(draw.integers(0, 2))])
    if np.linalg.matrix_rank(np.column_stack([np.ones(9), x])) < 3:
        x[0], x[1] = (0, 3), (3, 0)
    full = np.column_stack([np.ones(9), x]) * np.where(y == 1, 1, -1)[:, None]
    program = linprog(-full.sum(axis=0), A_ub=-full, b_ub=np.zeros(9), bounds=(-1, 1))
    exists = program.fun < -1e-9
    found = find_separation(standardise(x, y == 1, ("a", "b")))
    assert (found is not None) == exists
    if exists:
        strict = linprog(np.zeros(3), A_ub=-full, b_ub=-np.ones(9), bounds=(None, None))
        assert strict.status == 0 or not found.complete
        with pytest.raises(FitError) as caught:
            fit_logistic(x, y == 1, ("a", "b"))
        assert caught.value.code == "C06"
    else:
        fit = fit_logistic(x, y == 1, ("a", "b"))
        assert np.isfinite(fit.coefficients).all()


@pytest.mark.parametrize(
    ("penalty", "options"), [("firth", {}), ("ridge", {"strength": 1.0}), ("lasso", {"strength": 0.05})]
)
def test_every_penalised_fit_is_a_way_out(patients, penalty, options):
    frame, y = patients
    marked = frame.assign(marker=(frame["size"] + 100 * y))
    e = Logistic(penalty, **options).fit(marked, y).estimate_
    assert np.isfinite(e.coefficients).all()
    assert e.coefficients[-1] > 0


def test_c30_a_standard_error_beyond_100_standard_deviations(patients):
    """Two columns that differ in one patient by little: no separation, and nothing known about either."""
    frame, y = patients
    twin = frame["age"].to_numpy() + 1e-3 * np.random.default_rng(0).normal(size=len(y))
    error = refused(frame.assign(twin=twin), y)
    assert error.code == "C30"
    assert "next to nothing is known about age, twin" in str(error)
    assert "above 100 standard deviations" in str(error)


def test_c31_an_outcome_with_one_value_only(patients):
    frame, y = patients
    error = refused(frame, np.ones_like(y))
    assert error.code == "C31"
    assert "all of n=120 rows have the event" in str(error)
    assert refused(frame, np.zeros_like(y)).code == "T11"
    for event, words in ((y > 5, "none of n=120 rows has the event"), (y < 5, "all of n=120 rows have the event")):
        with pytest.raises(FitError, match=words) as caught:
            fit_logistic(frame.to_numpy(), event, tuple(frame))
        assert caught.value.code == "C31"


def test_few_events_of_the_rarer_class_are_warned_of(patients):
    frame, y = (part[:60] for part in patients)
    warned = [finding for finding in Logistic().fit(frame, y).warnings_ if finding.code == "T12"]
    assert len(warned) == 1
    assert f"{min(y.sum(), (1 - y).sum())} events for 4 parameters" in warned[0].rule


def test_s14_a_strength_needs_a_penalty_that_has_one(patients):
    for penalty in (None, "firth"):
        error = refused(*patients, penalty, strength=1.0)
        assert error.code == "S14"
        assert "strength=1.0 without a penalty" in str(error)
    assert "penalty must be None or one of firth, ridge, lasso" in str(refused(*patients, "elastic"))
    assert refused(*patients, "ridge", strength=0.0).code == "S14"
