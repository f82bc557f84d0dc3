"""Case mix and drift: standard deviations from stored moments, membership by its closed form, refitted coefficients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm

from cohorts.errors import PrognosisWarning
from prognosis import load_model
from prognosis.cohort_shift import cohort_shift
from prognosis.external.transport import described_columns, transport_of
from prognosis.models import Cox
from prognosis.new_cohort import read_new_cohort
from prognosis.profile import profile_of
from tests.prognosis import made
from tests.prognosis.new_cohorts import other_cohort, other_patients, quiet

PREDICTORS = ["age", "albumin", "sex", "grade"]


@pytest.fixture(scope="module")
def cox():
    return made.fit()


def transport(model, frame):
    cohort = other_cohort(frame=frame)
    with quiet():
        return transport_of(model, read_new_cohort(model, cohort), model.linear_predictor(cohort))


def test_spread_of_the_linear_predictor_in_both_cohorts(cox, tmp_path):
    """From stored moments: the same as from the rows, also after loading."""
    frame = other_patients(300)
    loaded = load_model(cox.save(tmp_path / "m.prognosis"))
    for model in (cox, loaded):
        found = transport(model, frame).linear_predictor.set_index("cohort")
        before, after = (model.linear_predictor(rows[PREDICTORS]) for rows in (made.patients(), frame))
        assert found.loc["training", "sd"] == pytest.approx(before.std(ddof=1), rel=1e-9)
        assert found.loc["training", "mean"] == pytest.approx(0.0, abs=1e-12)
        assert found.loc["new", "sd"] == pytest.approx(after.std(ddof=1), rel=1e-12)
        assert found.loc["new", "mean"] == pytest.approx(after.mean(), rel=1e-12)


def test_membership_of_one_column_by_hand():
    """Two normal samples of one column: Phi(|difference of means| / root of the sum of variances)."""
    model = made.fit(predictors=("albumin",))
    frame = other_patients(300)
    frame["albumin"] = frame["albumin"] + 3
    old, new = made.patients()["albumin"], frame["albumin"]
    wanted = norm.cdf((new.mean() - old.mean()) / np.sqrt(old.var() + new.var()))
    assert transport(model, frame).membership == pytest.approx(wanted)
    assert wanted > 0.65


def test_alike_cohorts_cannot_be_told_apart(cox):
    alike = transport(cox, other_patients(2000)).membership
    older = other_patients(2000).assign(age=lambda frame: frame["age"] + 20)
    assert 0.5 <= alike < 0.55
    assert transport(cox, older).membership > 0.85


def test_drift_is_the_difference_of_two_fits(cox):
    frame = other_patients(300)
    found = transport(cox, frame)
    again = Cox().fit(frame[PREDICTORS], made.outcome_of(frame)).estimate_
    difference = again.coefficients - cox.estimate.coefficients
    covariance = again.covariance + cox.estimate.covariance
    np.testing.assert_allclose(found.drift["new"], again.coefficients, rtol=1e-9)
    np.testing.assert_allclose(found.drift["difference"], difference, rtol=1e-8)
    np.testing.assert_allclose(found.drift["z"], difference / np.sqrt(np.diag(covariance)), rtol=1e-8)
    statistic = difference @ np.linalg.solve(covariance, difference)
    assert found.chi_square == pytest.approx(statistic)
    assert (found.df, found.p) == (5, pytest.approx(chi2.sf(statistic, 5)))


def test_drift_of_cause_specific_models_is_that_of_the_event_of_interest():
    with quiet():
        causes = made.study(endpoint=made.ENDPOINTS["competing"]).fit(Cox())
    frame = other_patients(300)
    found = transport(causes, frame)
    again = Cox().fit(frame[PREDICTORS], made.structured(frame["months"], frame["first"] == 1)).estimate_
    np.testing.assert_allclose(found.drift["new"], again.coefficients, rtol=1e-8)


def test_another_effect_is_seen(cox):
    """Albumin turned round in the new cohort: its coefficient changes its sign, the others stay."""
    frame = other_patients(1000)
    turned = frame.assign(albumin=76 - frame["albumin"])
    found = transport(cox, turned)
    drift = found.drift.set_index("term")
    assert drift.loc["albumin", "p"] < 1e-6
    assert drift.loc["albumin", "new"] > 0 > drift.loc["albumin", "old"]
    assert found.p < 1e-6


def test_shift_is_that_of_the_profile(cox):
    frame = other_patients(300)
    wanted = cohort_shift(profile_of(made.patients()[PREDICTORS]), frame)
    pd.testing.assert_frame_equal(transport(cox, frame).shift, wanted)
    assert set(described_columns(cox.profile)) == set(PREDICTORS)


def test_a_shifted_column_is_warned_of(cox):
    frame = other_patients(300).assign(age=lambda rows: rows["age"] + 10)
    with pytest.warns(PrognosisWarning, match=r"C26.*age has shifted"):
        found = cox.validate(other_cohort(frame=frame), metrics=["harrell_c"])
    assert "C26" in {finding.code for finding in found.warnings}


def test_where_nothing_can_be_refitted_the_reason_is_given(cox):
    gaps = other_patients(100)
    gaps.loc[gaps.index[:5], "albumin"] = np.nan
    trained = made.patients(200)
    trained.loc[trained.index[:40], "albumin"] = np.nan
    with quiet():
        imputing = made.fit(frame=trained, missing="chained")
    found = transport(imputing, gaps)
    assert found.drift.empty
    assert [finding.code for finding in found.warnings] == ["E16"]
    assert np.isfinite(found.membership)
    low = other_patients(100)
    low = low[low["grade"] == "low"]
    found = transport(cox, low)
    assert found.drift.empty
    assert "0 rows" in found.warnings[0].rule
