"""The FineGray recipe: its parameters, warnings and refusals by their words, and what is kept of it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cohorts.datasets import load_mgus2, mgus2_progression
from cohorts.errors import DataContractError, FitError, PrognosisWarning
from prognosis import Study
from prognosis.competing.fine_gray_estimate import FineGrayEstimate, estimate_fine_gray
from prognosis.competing.summed_incidence import check_summed_incidence, summed_incidence
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.models import FineGray
from tests.prognosis.made import patients, structured
from tests.prognosis.test_fine_gray_by_hand import competing


@pytest.fixture(scope="module")
def frame():
    return patients(400)


def outcome(frame, entry=False):
    start = frame["start"].to_numpy() if entry else None
    return structured(frame["months"].to_numpy(), frame["first"].to_numpy(int), start)


def fitted(frame, columns=("age", "albumin", "sex"), entry=False, **options):
    return FineGray(**options).fit(frame[list(columns)], outcome(frame, entry))


def test_mean_predicted_incidence_is_that_of_aalen_johansen(frame):
    model = fitted(frame)
    times = np.array([6.0, 12, 24, 48])
    risk, _, _ = model.estimate_.risk(model.preparation_.design(frame), times)
    observed = aalen_johansen(frame["months"], frame["first"].to_numpy(int)).at(times)[:, 1]
    np.testing.assert_allclose(risk.mean(axis=0), observed, atol=0.015)
    assert observed[-1] > 0.2
    assert model.estimate_.coefficients[model.preparation_.names.index("albumin")] < 0


def test_the_slope_is_one_in_the_training_rows(frame):
    model = fitted(frame)
    evaluation = model.evaluation(frame[["age", "albumin", "sex"]], outcome(frame))
    assert evaluation.recalibration.slope == pytest.approx(1, abs=1e-8)
    assert 0.55 < model.score(frame[["age", "albumin", "sex"]], outcome(frame)) < 0.9


def test_terms_offset_weights_and_clusters_go_into_the_fit(frame):
    columns = ("age", "albumin", "sex")
    splines = fitted(frame, columns, splines={"age": 4}, interactions=[("albumin", "sex")])
    assert splines.preparation_.names == ("age", "age'", "age''", "albumin", "sex=M", "albumin * sex=M")
    plain = fitted(frame, columns).estimate_
    moved = fitted(frame.assign(shift=0.01 * frame["age"]), (*columns, "shift"), offset="shift").estimate_
    np.testing.assert_allclose(moved.coefficients + np.array([0.01, 0, 0]), plain.coefficients, atol=1e-9)
    weighted = fitted(frame, (*columns, "weight"), weights="weight").estimate_
    doubled = fitted(frame.assign(weight=2 * frame["weight"] + 0.25), (*columns, "weight"), weights="weight").estimate_
    assert np.abs(weighted.coefficients - plain.coefficients).max() > 1e-3
    assert np.abs(doubled.coefficients - weighted.coefficients).max() > 1e-6
    places = frame.assign(ward=np.arange(400) % 40)
    clustered = fitted(places, (*columns, "ward"), cluster="ward").estimate_
    np.testing.assert_array_equal(clustered.coefficients, plain.coefficients)
    assert clustered.robust == "cluster"
    ratios = np.diag(clustered.covariance) / np.diag(plain.covariance)
    assert (np.abs(ratios - 1) > 1e-3).all()


def test_scale_of_sampling_weights_does_not_matter(frame):
    columns = ("age", "albumin", "weight")
    one = fitted(frame, columns, weights="weight").estimate_
    other = fitted(frame.assign(weight=0.3 * frame["weight"]), columns, weights="weight").estimate_
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-9)
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-8)
    design = frame[["age", "albumin"]].to_numpy(float)[:5]
    for ours, theirs in zip(one.risk(design, np.array([24.0])), other.risk(design, np.array([24.0])), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_censoring_strata_name_columns(frame):
    changed = frame.assign(late=np.where(frame["age"] > 60, 2, 1))
    grouped = fitted(changed, ("age", "albumin", "late"), censoring_strata=["late"])
    assert grouped.auxiliary == ("late",)
    assert grouped.preparation_.predictors == ("age", "albumin")
    assert (
        np.abs(grouped.estimate_.coefficients - fitted(frame, ("age", "albumin")).estimate_.coefficients).max() > 1e-6
    )
    # Rows of weight 0 leave the censoring groups too.
    some = changed.assign(weight=np.where(np.arange(400) % 4 == 0, 0.0, 1.0))
    kept = fitted(some, ("age", "albumin", "late", "weight"), censoring_strata=["late"], weights="weight").estimate_
    alone = fitted(some[some["weight"] > 0], ("age", "albumin", "late"), censoring_strata=["late"]).estimate_
    np.testing.assert_allclose(kept.coefficients, alone.coefficients, rtol=1e-10)
    with pytest.raises(DataContractError, match="column ward is not in X"):
        fitted(frame, censoring_strata=["ward"])
    with pytest.raises(DataContractError, match="missing values"):
        fitted(changed.assign(late=[np.nan] + [1.0] * 399), ("age", "albumin", "late"), censoring_strata=["late"])


def test_delayed_entry_changes_who_is_at_risk(frame):
    whole, late = fitted(frame).estimate_, fitted(frame, entry=True).estimate_
    assert np.abs(whole.coefficients - late.coefficients).max() > 1e-3
    np.testing.assert_allclose(whole.coefficients, late.coefficients, atol=0.25)


def test_restored_it_is_the_same(frame):
    estimate = fitted(frame).estimate_
    again = FineGrayEstimate.restore(estimate.to_dict(), estimate.arrays())
    design = np.column_stack([frame["age"], frame["albumin"], frame["sex"] == "M"]).astype(float)
    for one, other in zip(estimate.risk(design, np.array([12.0])), again.risk(design, np.array([12.0])), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.summary().equals(estimate.summary())
    at = estimate.risk_at(design @ estimate.coefficients, np.array([12.0, 1e4]))
    np.testing.assert_allclose(at[:, 0], estimate.risk(design, np.array([12.0]))[0][:, 0], rtol=1e-12)
    assert np.isnan(at[:, 1]).all()
    ratio = estimate.summary()["subdistribution_hazard_ratio"]
    np.testing.assert_allclose(ratio, np.exp(estimate.coefficients))


def test_incidences_that_sum_to_more_than_one_are_told():
    """Both causes come faster with x, and nobody is censored: each model alone promises too much to the highest x."""
    draw = np.random.default_rng(4)
    x = draw.normal(size=600)
    times = draw.exponential(np.exp(-1.2 * x), (2, 600))
    rows = competing(x, times.min(axis=0), 1 + times.argmin(axis=0))
    end = float(rows.outcome.time.max())
    known = estimate_fine_gray(rows).risk(rows.design, np.array([end]))[0][:, 0]
    total = summed_incidence(rows, end, known=known)
    np.testing.assert_allclose(total, summed_incidence(rows, end), rtol=1e-12)
    assert (total > 1).sum() > 50
    (finding,) = check_summed_incidence(rows, end, known)
    assert (finding.code, finding.severity) == ("T31", "warning")
    assert f"sum to more than 1 for {(total > 1).sum()} of 600 training patients" in finding.rule
    early = float(np.quantile(rows.outcome.time, 0.05))
    assert (summed_incidence(rows, early) <= 1).all()


def test_the_recipe_keeps_the_warnings(frame):
    draw = np.random.default_rng(4)
    x = draw.normal(size=600)
    times = draw.exponential(np.exp(-1.2 * x), (2, 600))
    codes = 1 + times.argmin(axis=0)
    codes[0] = 0  # without any 0 the codes would be doubted
    model = FineGray().fit(x[:, None], structured(times.min(axis=0), codes))
    assert [finding.code for finding in model.warnings_] == ["T31"]
    alone = FineGray().fit(frame[["age"]], structured(frame["months"], (frame["first"] == 1).astype(int)))
    assert "no competing event" in {finding.code: finding.rule for finding in alone.warnings_}["T33"]
    rare = (frame["first"] == 1).to_numpy(int)
    rare[np.argmin(frame["albumin"])] = 2
    unchecked = FineGray().fit(frame[["age", "albumin"]], structured(frame["months"], rare))
    (told,) = [finding.rule for finding in unchecked.warnings_ if finding.code == "T31"]
    assert "the sum of all incidences was not checked" in told


def test_delayed_entry_that_leaves_nobody_to_tell_is_refused():
    rows = competing([0, 1, 0, 1, 1], [1, 4, 5, 6, 7], [2, 1, 0, 1, 0], entry=[0, 2, 2, 3, 3])
    with pytest.raises(FitError, match=r"T32.*at time 2 everybody under observation has just entered"):
        estimate_fine_gray(rows)
    gone = competing([0, 1, 0, 1, 1], [1, 2, 2, 6, 7], [2, 0, 0, 1, 0], entry=[0, 0, 0, 3, 3])
    with pytest.raises(FitError, match=r"T32.*everybody under observation"):
        estimate_fine_gray(gone)


def test_what_has_no_estimate_is_refused_in_words(frame):
    separated = competing(np.arange(8.0), [8, 7, 6, 5, 4, 3, 2, 1], [0, 0, 0, 0, 1, 1, 1, 1])
    with pytest.raises(FitError, match=r"C05.*x0 separates the events.*monotone"):
        estimate_fine_gray(separated)
    draw = np.random.default_rng(1)
    x = draw.normal(size=60)
    twins = competing(np.column_stack([x, x + 1e-9 * draw.normal(size=60)]), np.arange(1, 61), np.arange(60) % 3)
    with pytest.raises(FitError, match=r"C04.*x0, x1 are nearly dependent"):
        estimate_fine_gray(twins)
    with pytest.raises(FitError, match=r"C01.*x0 is constant"):
        estimate_fine_gray(competing(np.ones(6), np.arange(6), [1, 2, 0, 1, 2, 0]))
    far = np.where(np.arange(60) == 0, 1e4, x)
    with pytest.raises(FitError, match=r"N04.*most of it from x0"):
        estimate_fine_gray(competing(far, np.arange(1, 61), np.arange(60) % 3, offset=np.where(far > 100, -2e3, 0.0)))
    with pytest.raises(FitError, match="2 clusters for 3 parameters"):
        fitted(frame.assign(ward=np.arange(400) % 2), ("age", "albumin", "sex", "ward"), cluster="ward")
    with pytest.raises(FitError, match="weighting must be one of crr, finegray"):
        fitted(frame, weighting="geskus")


def test_t31_a_study_judges_the_summed_incidences_at_its_own_last_horizon():
    """On mgus2 they pass 1 at the end of follow-up, and for nobody by five years."""
    cohort = load_mgus2()
    columns = ["age", "sex", "mspike"]
    for horizons, expected in (((60,), False), ((400,), True)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PrognosisWarning)
            study = Study(cohort, mgus2_progression(), columns, horizons=horizons, missing="complete_cases")
            model = study.fit(FineGray())
        assert ("T31" in [finding.code for finding in model.warnings]) is expected
