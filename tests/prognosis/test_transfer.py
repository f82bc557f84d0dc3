"""Transfer from a large cohort to a small one: by hand, against a slow solver, and whether it helps or does no harm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from cohorts.errors import DataContractError, FitError, PrognosisWarning
from prognosis import load_model
from prognosis.models import Cox, Logistic, PenalisedCox, Transfer
from prognosis.transfer.source import source_of
from tests.prognosis import made

EFFECTS = np.array([0.4, -0.3, 0.25, 0.2, 0.2, 0.15, 0.1, 0.0])
NAMES = [f"v{i}" for i in range(len(EFFECTS))]


def cohort(n, seed, effects=EFFECTS):
    """Simulated patients with exponential times, about 60 % events."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, len(effects))), columns=NAMES)
    time, end = rng.exponential(np.exp(-X.to_numpy() @ effects)), rng.exponential(1.4, n)
    y = np.empty(n, dtype=[("event", np.int64), ("time", float)])
    y["event"], y["time"] = time <= end, np.minimum(time, end)
    return X, y


TRUE = dict(zip(NAMES, EFFECTS, strict=True))
FLIPPED = {name: -value for name, value in TRUE.items()}


def codes(fitted):
    return {finding.code for finding in fitted.warnings_}


def test_offset_alone_is_the_weighted_source():
    X, y = cohort(100, 1)
    fitted = Transfer(TRUE, method="offset", weight=0.5).fit(X, y)
    np.testing.assert_array_equal(fitted.estimate_.coefficients, 0.5 * EFFECTS)
    assert fitted.estimate_.weight == 0.5
    # its baseline is that of a Cox model with the same fixed linear predictor
    eta = (X.to_numpy() @ EFFECTS) / 2
    other = Cox(offset="lp").fit(pd.DataFrame({"none": np.resize([1.0, -1.0], 100), "lp": eta}), y)
    ours, beta = fitted.estimate_, other.estimate_.coefficients[0]
    assert abs(beta) < 0.5
    assert ours.loglik[1] == pytest.approx(other.estimate_.loglik[0], abs=1e-8)


def test_columns_new_to_the_source_get_effects_of_their_own():
    X, y = cohort(300, 2)
    known = {name: TRUE[name] for name in NAMES[1:]}
    fitted = Transfer(known, method="offset", weight=1.0).fit(X, y).estimate_
    np.testing.assert_array_equal(fitted.coefficients[1:], EFFECTS[1:])
    assert fitted.coefficients[0] == pytest.approx(0.4, abs=0.2)


def slow_cox(X, y, beta):
    """Log partial likelihood by a loop over the events; no ties."""
    eta = X @ beta
    return sum(eta[i] - np.log(np.exp(eta[y["time"] >= y["time"][i]]).sum()) for i in np.flatnonzero(y["event"]))


def test_shrinkage_is_a_ridge_towards_the_source():
    X, y = cohort(80, 3)
    fitted = Transfer(TRUE, method="shrinkage").fit(X, y).estimate_
    values, sd = X.to_numpy(), X.to_numpy().std(axis=0)

    def cost(beta):
        return -slow_cox(values, y, beta) / 80 + fitted.penalty / 2 * (((beta - EFFECTS) * sd) ** 2).sum()

    found = minimize(cost, np.zeros(8), method="BFGS", options={"gtol": 1e-8}).x
    np.testing.assert_allclose(fitted.coefficients, found, atol=2e-5)
    assert fitted.weight == 1


def test_without_weight_it_is_the_ridge_of_the_target_alone():
    X, y = cohort(120, 4)
    fitted = Transfer(FLIPPED, weight=0.0).fit(X, y).estimate_
    alone = PenalisedCox(alpha=0, penalty=fitted.penalty, ties="efron").fit(X, y).estimate_
    np.testing.assert_allclose(fitted.coefficients, alone.coefficients, atol=1e-9)
    assert fitted.gain == 0


def test_a_good_source_helps_and_a_reversed_one_is_left_aside():
    source, test = cohort(2000, 100), cohort(2000, 101)
    effects = dict(zip(NAMES, Cox().fit(*source).estimate_.coefficients, strict=True))
    against = {name: -value for name, value in effects.items()}
    gains, losses = [], []
    for seed in range(4):
        X, y = cohort(70, seed)
        alone = Cox().fit(X, y).score(*test)
        helped, misled = Transfer(effects).fit(X, y), Transfer(against).fit(X, y)
        gains.append(helped.score(*test) - alone)
        losses.append(alone - misled.score(*test))
        assert misled.estimate_.weight == 0
        assert misled.estimate_.slope < 0
        assert "Y63" in codes(misled)
        assert not {"Y63", "Y64"} & codes(helped)
        assert helped.estimate_.gain > 0
        assert helped.estimate_.slope_p < 0.01
    assert min(gains) > 0
    assert np.mean(gains) > 0.01
    assert np.mean(losses) < 0.01


def test_a_fixed_weight_that_does_harm_is_named():
    X, y = cohort(150, 5)
    fitted = Transfer(FLIPPED, method="shrinkage").fit(X, y)
    assert fitted.estimate_.gain < 0
    (told,) = [finding for finding in fitted.warnings_ if finding.code == "Y63"]
    assert "without the source patients left out are predicted better" in told.rule


def test_without_a_source_it_says_so():
    X, y = cohort(100, 6)
    assert "Y64" in codes(Transfer().fit(X, y))
    assert "Y64" in codes(Transfer({"v0": 0.0}).fit(X, y))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"source": {"v0": 0.1, "w": 0.2}}, "Y61"),
        ({"source": {"v0": 0.1}, "transforms": {"v0": "square"}}, "Y61"),
        ({"source": {"v0": 0.1, "v0'": 0.1}, "splines": {"v0": 3}}, "Y62"),
        ({"source": {"scaled(v0)": 0.1}, "transforms": {"v0": "scaled"}}, "Y62"),
        ({"source": {"v0": float("nan")}}, "S14"),
        ({"source": {"v0": "0.1"}}, "S14"),
        ({"source": [0.1]}, "S14"),
        ({"method": "merge"}, "S14"),
        ({"weight": -1.0}, "S14"),
        ({"folds": 2}, "S14"),
    ],
)
def test_what_cannot_be_carried_over_is_refused(options, code):
    X, y = cohort(60, 7)
    with pytest.raises(FitError) as caught:
        Transfer(**options).fit(X, y)
    assert caught.value.code == code


def test_a_spline_of_another_variable_is_no_matter():
    X, y = cohort(200, 8)
    fitted = Transfer({"v0": 0.4}, splines={"v1": 3}).fit(X, y)
    assert fitted.estimate_.names[:3] == ("v0", "v1", "v1'")


def test_copies_of_a_patient_stay_in_one_fold():
    X, y = cohort(60, 9)
    twice = np.repeat(np.arange(60), 2)
    double = X.iloc[twice].set_axis(pd.RangeIndex(120), axis="index")
    torn = Transfer(TRUE).fit(double, y[twice]).estimate_
    whole = Transfer(TRUE).of_patients(twice).fit(double, y[twice]).estimate_
    # with its copy in training every patient left out is known already, and hardly a penalty is wanted
    assert torn.alone < whole.alone


def test_source_of_a_fitted_model_and_the_model_file(tmp_path):
    model = made.study(["age", "albumin", "sex"], n=200).fit(Cox())
    source = source_of(model)
    assert list(source) == ["age", "albumin", "sex=M"]
    np.testing.assert_array_equal(list(source.values()), model.estimate.coefficients)
    with pytest.warns(PrognosisWarning, match="N20"):
        target = made.study(["age", "albumin", "sex"], n=150, horizons=[24]).fit(Transfer(source))
    loaded = load_model(target.save(tmp_path / "t.prognosis"))
    assert loaded.recipe.source == source
    for name in ("weight", "method", "slope", "gain"):
        assert getattr(loaded.estimate, name) == getattr(target.estimate, name)
    np.testing.assert_array_equal(loaded.estimate.source, target.estimate.source)


def test_a_model_without_log_hazard_ratios_is_no_source():
    spline = made.study(["age", "albumin"], n=200, horizons=[24]).fit(Cox(splines={"age": 3}))
    binary = made.study(["age", "albumin"], n=200, endpoint=made.ENDPOINTS["binary"]).fit(Logistic())
    for model, code in ((spline, "Y62"), (binary, "Y60")):
        with pytest.raises(FitError) as caught:
            source_of(model)
        assert caught.value.code == code


def test_missing_values_are_refused():
    X, y = cohort(60, 10)
    with pytest.raises(DataContractError, match="C16"):
        Transfer(TRUE).fit(X.mask(X > 2), y)
