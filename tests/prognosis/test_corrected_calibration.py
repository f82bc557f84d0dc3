"""The corrected calibration curve: an explicit loop as oracle, and what overfitting does to it."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import FitError, PrognosisWarning
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.models import Cox, Logistic
from prognosis.outcome import read_outcome
from prognosis.validation.resampling import bootstrap_rows
from tests.prognosis import made

H = np.array([12.0])


def test_it_equals_an_explicit_loop():
    study = made.study(["age", "albumin"], n=200, seed=5, horizons=[12])
    model = study.fit(Cox())
    found = study.calibration(model, repeats=6)
    X, y = study.frame, study.outcome.to_structured()
    risk = model.predict(X, [12]).risk
    apparent = calibration_curve(read_outcome(y), risk, H)
    optimism = []
    for index in range(6):
        rows = bootstrap_rows(200, 5, index)
        fit = Cox().fit(X.iloc[rows], y[rows])
        refit = fit.estimate_.risk(fit.preparation_.design(X), H)[0]
        inside = calibration_curve(read_outcome(y[rows]), refit[rows], H, at=apparent.predicted[0])
        outside = calibration_curve(read_outcome(y), refit, H, at=apparent.predicted[0])
        optimism.append(inside.observed[0] - outside.observed[0])
    known = np.isfinite(optimism)
    mean = np.where(known, optimism, 0).sum(axis=0) / known.sum(axis=0)
    np.testing.assert_allclose(found.predicted, apparent.predicted[0], rtol=1e-9)
    np.testing.assert_allclose(found.apparent, apparent.observed[0], rtol=1e-7)
    np.testing.assert_allclose(found.corrected, apparent.observed[0] - mean, atol=1e-8)
    assert (found.lower <= found.corrected).all()
    assert (found.corrected <= found.upper).all()
    assert list(found.table) == ["predicted", "apparent", "corrected", "lower", "upper"]


def test_an_overfitted_model_is_too_extreme():
    """Ten columns of noise: low risks are in truth higher, high ones lower, and the corrected curve says so."""
    draw = np.random.default_rng(5)
    noise = {f"noise{k}": draw.normal(size=150) for k in range(10)}
    frame = made.patients(150).assign(**noise)
    book = made.codebook(**{name: {"kind": "numeric"} for name in noise})
    study = made.study(["albumin", *noise], frame=frame, book=book, seed=3, horizons=[12])
    with pytest.warns(PrognosisWarning, match="Z01"):
        model = study.fit(Cox())
    found = study.calibration(model, repeats=30)
    assert (found.corrected - found.apparent)[5] > 0.01
    assert (found.corrected - found.apparent)[-5] < -0.01


@pytest.mark.parametrize(("endpoint", "recipe"), [("binary", Logistic()), ("time_to_event", Cox(weights="weight"))])
def test_what_has_no_such_curve_is_refused(endpoint, recipe):
    study = made.study(["age", "albumin"], n=400, seed=5, endpoint=made.ENDPOINTS[endpoint])
    model = study.fit(recipe)
    with pytest.raises(FitError) as caught:
        study.calibration(model, repeats=2)
    assert caught.value.code == "V08"
