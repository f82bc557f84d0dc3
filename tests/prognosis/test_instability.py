"""Instability of risks: an explicit loop as oracle, and what it must show."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import FitError
from prognosis.models import Cox
from prognosis.validation.resampling import bootstrap_rows
from tests.prognosis import made


@pytest.fixture(scope="module")
def study():
    return made.study(["age", "albumin"], n=150, seed=5, horizons=[12, 24])


def test_it_equals_an_explicit_loop(study):
    model = study.fit(Cox())
    found = study.instability(model, horizon=12, repeats=8)
    X, y = study.frame, study.outcome.to_structured()
    for index in range(8):
        rows = bootstrap_rows(150, 5, index)
        fit = Cox().fit(X.iloc[rows], y[rows])
        risk = fit.estimate_.risk(fit.preparation_.design(X), np.array([12.0]))[0][:, 0]
        np.testing.assert_allclose(found.resampled[index], risk, rtol=1e-8)
    np.testing.assert_allclose(found.risk, model.predict(X, [12]).risk[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found.mape, np.abs(found.resampled - found.risk).mean(axis=0), rtol=1e-12)
    assert found.table["id"].tolist() == list(study.outcome.ids)
    assert found.horizon == 12


def test_more_patients_make_risks_more_stable(study):
    large = made.study(["age", "albumin"], n=1200, seed=5, horizons=[24])
    few, many = (s.instability(s.fit(Cox()), repeats=30) for s in (study, large))
    assert few.horizon == 24
    assert few.mape.mean() > 2 * many.mape.mean() > 0
    lower, upper = few.limits()
    assert (lower <= few.risk).mean() > 0.95
    assert (upper >= few.risk).mean() > 0.95


def test_patients_near_the_threshold_change_sides(study):
    found = study.instability(study.fit(Cox()), repeats=30)
    cut = float(np.median(found.risk))
    other = found.classified_otherwise(cut)
    near = np.abs(found.risk - cut) < 0.02
    assert other[near].mean() > 0.2 > other[~near].mean()


def test_a_horizon_is_needed():
    bare = made.study(["age", "albumin"], n=150, horizons=())
    with pytest.raises(FitError, match="at which horizon") as caught:
        bare.instability(bare.fit(Cox()), repeats=2)
    assert caught.value.code == "V07"
