"""What a Cox recipe makes of the golden cases, beside the walk (tests/golden_walk/cox.py) through all of R's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prognosis.models import Cox
from tests.prognosis.made import COX_CASES, Golden

CASES = [f"{name}_{ties}" for name in COX_CASES for ties in ("efron", "breslow")]
WITH_PROFILES = [case for case in CASES if not case.startswith(("mgus2_strata", "heart"))]
EXACT = 1e-8


@dataclass(frozen=True)
class Fitted:
    """A case: what R found, the rows, and our fit."""

    name: str
    case: Golden
    expected: dict[str, Any]
    rows: pd.DataFrame
    cox: Cox

    @property
    def estimate(self):
        return self.cox.estimate_

    def profiles(self):
        frame = pd.DataFrame(self.expected["profiles"])
        for name, levels in self.case.levels.items():
            frame[name] = pd.Categorical(frame[name].astype(str), categories=list(levels))
        return self.cox.preparation_.design(frame[list(self.case.predictors)])


@pytest.fixture(scope="module")
def fitted(golden, golden_data):
    """Each case, fitted once."""
    known: dict[str, Fitted] = {}

    def get(name):
        if name not in known:
            stem, ties = name.rsplit("_", 1)
            case = COX_CASES[stem]
            rows = case.complete(golden_data(case.data))
            cox = Cox(ties=ties, **case.options).fit(case.frame(rows), case.outcome(rows))
            known[name] = Fitted(name, case, golden(f"cox_{name}"), rows, cox)
        return known[name]

    return get


@pytest.mark.parametrize("name", CASES)
def test_summary_table(fitted, name):
    f = fitted(name)
    table = f.estimate.summary()
    assert table["term"].tolist() == [f.case.terms.get(term, term) for term in f.expected["coef"]]
    np.testing.assert_allclose(np.log(table["hazard_ratio"]), table["coefficient"], rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_baseline_changes_at_event_times_only(fitted, name):
    f = fitted(name)
    died = f.rows.loc[f.rows[f.case.event] == 1, f.case.time]
    np.testing.assert_array_equal(f.estimate.event_times, np.unique(died))


@pytest.mark.parametrize("name", WITH_PROFILES)
def test_risk_from_the_linear_predictor_alone(fitted, name):
    """The way a nomogram takes: uncentred linear predictor to risk."""
    f = fitted(name)
    expected = f.expected["surv_at_times"]["log"]
    eta = f.profiles() @ f.estimate.coefficients
    risk = f.estimate.risk_at(eta, np.array(expected["times"], float))
    np.testing.assert_allclose(1 - risk, np.transpose(expected["surv"]), rtol=EXACT)


@pytest.mark.parametrize("name", CASES)
def test_concordance_of_the_fit(fitted, name):
    f = fitted(name)
    ours = f.cox.score(f.case.frame(f.rows), f.case.outcome(f.rows))
    assert ours == pytest.approx(f.expected["concordance"]["C"], rel=1e-10)


def test_weights_that_are_no_whole_numbers_give_robust_errors(fitted):
    f = fitted("gbsg_weighted_efron")
    assert f.estimate.robust == "robust"
    assert not np.allclose(f.estimate.covariance, f.estimate.naive_covariance, rtol=1e-3)
    assert fitted("gbsg_efron").estimate.robust == ""


MGUS = ["age", "sex", "hgb", "creat", "mspike"]


@pytest.fixture(scope="module")
def mgus_rows(golden_data):
    """The complete cases of mgus2, sex as a category."""
    rows = golden_data("mgus2").dropna(subset=MGUS)
    return rows.assign(sex=pd.Categorical(rows["sex"], categories=["F", "M"])).reset_index(drop=True)


@pytest.fixture(scope="module")
def mgus_outcome(mgus_rows):
    """Death, follow-up in years."""
    return COX_CASES["mgus2"].outcome(mgus_rows.assign(futime=mgus_rows["futime"] / 12))


@pytest.fixture(scope="module")
def mgus(mgus_rows, mgus_outcome):
    """The model behind the reference values of the conventions."""
    return Cox().fit(mgus_rows[MGUS], mgus_outcome)


def test_conventions_1_coefficients_and_likelihood(mgus):
    expected = [0.0561220426833, 0.45552668094, -0.130652850763, 0.0475549335349, 0.0311544355399]
    np.testing.assert_allclose(mgus.estimate_.coefficients, expected, rtol=1e-10)
    assert mgus.estimate_.loglik[1] == pytest.approx(-5851.67555147, rel=1e-12)
    assert mgus.estimate_.names == ("age", "sex=M", "hgb", "creat", "mspike")


def test_conventions_2_standard_error_and_proportional_hazards(mgus):
    assert np.sqrt(mgus.estimate_.covariance[0, 0]) == pytest.approx(0.00348698772336, rel=1e-11)
    table = mgus.proportional_hazards().set_index("term")
    assert table.index.tolist() == [*MGUS, "GLOBAL"]
    assert table.loc["age", "chisq"] == pytest.approx(27.1207, rel=1e-5)
    assert table.loc["GLOBAL", "chisq"] == pytest.approx(46.3147, rel=1e-5)


def test_conventions_3_and_4_survival_with_the_efron_hazard(mgus, mgus_rows):
    design = mgus.preparation_.design(mgus_rows[MGUS].head(2))
    risk, _, upper = mgus.estimate_.risk(design, np.array([1.0, 5.0, 10.0]))
    expected = [[0.802909845912, 0.477919877058, 0.164773297977], [0.851318566373, 0.581930246343, 0.26652792986]]
    np.testing.assert_allclose(1 - risk, expected, rtol=1e-10)
    np.testing.assert_allclose(1 - upper[0], [0.768111995884, 0.423621050699, 0.123593653088], rtol=1e-10)


def test_conventions_8_concordance(mgus, mgus_rows, mgus_outcome):
    assert mgus.score(mgus_rows[MGUS], mgus_outcome) == pytest.approx(0.689810202032, rel=1e-11)


def test_the_breslow_hazard_is_another_one(mgus, mgus_rows, mgus_outcome):
    """What lifelines and scikit-survival give: close, and not the same."""
    breslow = Cox(ties="breslow").fit(mgus_rows[MGUS], mgus_outcome)
    design = mgus.preparation_.design(mgus_rows[MGUS].head(1))
    one, other = (fit.estimate_.risk(design, np.array([5.0]))[0][0, 0] for fit in (mgus, breslow))
    assert 1e-4 < abs(one - other) < 1e-2
