"""Residuals of a Cox model: six rows by hand, laws on made-up cohorts, and R's numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import PredictionError
from prognosis.cox.diagnostics import residuals_of
from prognosis.cox.residuals import deviance_residuals, martingale_residuals, score_residuals
from prognosis.cox.schoenfeld import scaled_schoenfeld, schoenfeld_residuals
from prognosis.models import Cox
from prognosis.risk_sets import build_risk_sets
from tests.prognosis.made import outcome_of, patients
from tests.prognosis.test_cox_by_hand import DIED, TIME, six
from tests.prognosis.test_cox_by_hand import X as SIX
from tests.prognosis.test_cox_residuals import rows

KINDS = ("martingale", "deviance", "score", "schoenfeld", "scaled_schoenfeld", "dfbeta", "dfbetas")
COLUMNS = ["age", "albumin"]


def sets_of(drawn):
    return build_risk_sets(*(drawn[key] for key in ("time", "event", "entry", "stratum", "weight")))


@pytest.mark.parametrize("beta", [0.0, 0.7, -1.3])
@pytest.mark.parametrize("efron", [False, True])
def test_martingale_residuals_by_hand(beta, efron):
    """The hazard passes 1/(3r+3) at time 1, two tied events at 6, and 1 at time 9."""
    r = np.exp(beta)
    first, tied, last = 1 / (3 * r + 3), (1 / (r + 3), 2 / (r + 5) if efron else 1 / (r + 3)), 1.0
    own = tied[0] + (tied[1] / 2 if efron else tied[1])  # a tied event is half gone when the second step comes
    passed = np.array([first, first, first + own, first + own, first + sum(tied), first + sum(tied) + last])
    sets = build_risk_sets(TIME, DIED == 1)
    np.testing.assert_allclose(martingale_residuals(beta * SIX, sets, efron), DIED - r**SIX * passed, rtol=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.7, -1.3])
@pytest.mark.parametrize("efron", [False, True])
def test_schoenfeld_residuals_by_hand(beta, efron):
    r = np.exp(beta)
    tied = (r / (r + 3) + r / (r + 5)) / 2 if efron else r / (r + 3)
    sets = build_risk_sets(TIME, DIED == 1)
    residuals, places = schoenfeld_residuals(SIX[:, None].copy(), beta * SIX, sets, efron)
    np.testing.assert_allclose(residuals[:, 0], [1 - r / (r + 1), 1 - tied, -tied, 0], rtol=1e-12, atol=1e-15)
    assert places.tolist() == [0, 2, 3, 5]


def test_scaled_schoenfeld_by_hand():
    scaled = scaled_schoenfeld(np.array([[0.5], [-0.25]]), np.array([1.0]), np.array([[2.0]]))
    np.testing.assert_array_equal(scaled[:, 0], [1 + 0.5 * 2 * 2, 1 - 0.25 * 2 * 2])


def test_deviance_residuals_by_hand():
    """Twice the Poisson log-likelihood between the observed and the expected number of events."""
    observed, expected = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.5, 1.0, 0.1, 0.5])
    ours = deviance_residuals(observed - expected, observed)
    twice = [2 * 0.5, 0, 2 * (np.log(10) - 0.9), 2 * (2 * np.log(4) - 1.5)]
    np.testing.assert_allclose(ours, np.array([-1, 0, 1, 1]) * np.sqrt(twice), rtol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_r_equals_the_table_of_six_rows(golden, ties):
    cox, expected = six(ties), golden(f"cox_tiny_{ties}")["resid"]
    for kind, theirs in expected.items():
        table = residuals_of(cox.estimate_, cox.training_, kind)
        np.testing.assert_allclose(table.iloc[:6], theirs["first6"], rtol=1e-12, atol=1e-14, err_msg=kind)


@settings(max_examples=50)
@given(rows, st.booleans())
def test_weighted_martingale_residuals_sum_to_zero_at_any_coefficients(drawn, efron):
    sets = sets_of(drawn)
    residual = martingale_residuals(drawn["eta"], sets, efron)
    assert sets.weight @ residual == pytest.approx(0, abs=1e-9)
    assert (residual <= (sets.death >= 0)).all()


@settings(max_examples=50)
@given(rows, st.booleans())
def test_schoenfeld_and_score_residuals_have_the_same_weighted_sum(drawn, efron):
    """Both are ways to write the score."""
    sets = sets_of(drawn)
    schoenfeld, places = schoenfeld_residuals(drawn["design"], drawn["eta"], sets, efron)
    score = score_residuals(drawn["design"], drawn["eta"], sets, efron)
    # Efron's mean over tied events goes with their mean weight.
    mean_weight = (sets.death_weight / sets.events)[sets.death[places]]
    excess = ((sets.weight[places] - mean_weight)[:, None] * drawn["design"][places]).sum(axis=0)
    np.testing.assert_allclose(sets.weight @ score, mean_weight @ schoenfeld + excess, atol=1e-9)


def split_at(frame, cut):
    """Every patient under observation at `cut` in two counting-process rows."""
    early, late = frame.copy(), frame[frame["months"] > cut].copy()
    later = early["months"] > cut
    early.loc[later, "event"], early.loc[later, "months"] = 0, cut
    return pd.concat([early.assign(start=0.0), late.assign(start=cut)])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta", "dfbetas"])
def test_a_patient_in_two_rows_has_the_same_sum(ties, kind):
    frame = patients(120)
    frame["months"] = np.ceil(frame["months"])
    parts = split_at(frame, 7.0)
    whole = Cox(ties=ties).fit(frame[COLUMNS], outcome_of(frame))
    split = Cox(ties=ties).fit(parts[COLUMNS], outcome_of(parts, entry=True))
    expected = residuals_of(whole.estimate_, whole.training_, kind, by=frame.index)
    found = residuals_of(split.estimate_, split.training_, kind, by=parts.index)
    assert found.index.tolist() == expected.index.tolist() == sorted(frame.index)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_a_weight_of_two_is_two_rows_under_breslow():
    frame = patients(100)
    weight = 1 + np.arange(100) % 2
    twice = frame.loc[np.repeat(frame.index, weight)]
    weighted = Cox(ties="breslow", weights="w").fit(frame[COLUMNS].assign(w=weight), outcome_of(frame))
    repeated = Cox(ties="breslow").fit(twice[COLUMNS], outcome_of(twice))
    for kind in ("martingale", "deviance", "score"):
        ours = residuals_of(weighted.estimate_, weighted.training_, kind)
        theirs = residuals_of(repeated.estimate_, repeated.training_, kind)
        np.testing.assert_allclose(np.repeat(ours.to_numpy(), weight, axis=0), theirs, rtol=1e-8, atol=1e-10)
    summed = residuals_of(repeated.estimate_, repeated.training_, "dfbeta", by=twice.index)
    ours = residuals_of(weighted.estimate_, weighted.training_, "dfbeta")
    np.testing.assert_allclose(ours, summed, rtol=1e-7, atol=1e-12)


def test_dfbeta_is_about_the_change_without_the_row():
    frame = patients(150)
    whole = Cox().fit(frame[COLUMNS], outcome_of(frame))
    influence = residuals_of(whole.estimate_, whole.training_, "dfbeta").to_numpy()
    # The first-order change is closest where it is neither tiny nor the largest of all.
    for place in np.argsort(np.abs(influence[:, 0]))[100:110]:
        rest = frame.drop(index=frame.index[place])
        change = whole.estimate_.coefficients - Cox().fit(rest[COLUMNS], outcome_of(rest)).estimate_.coefficients
        assert influence[place, 0] == pytest.approx(change[0], rel=0.15)


def test_the_table_names_terms_times_and_strata():
    frame = patients(80)
    cox = Cox(strata=["centre"]).fit(frame[["age", "sex", "centre"]], outcome_of(frame))
    for kind in KINDS:
        table = residuals_of(cox.estimate_, cox.training_, kind)
        assert list(table.columns) == (["residual"] if kind in KINDS[:2] else ["age", "sex=M"])
        assert len(table) == (frame["event"].sum() if "schoenfeld" in kind else 80)
    index = residuals_of(cox.estimate_, cox.training_, "schoenfeld").index
    assert index.names == ["stratum", "time"]
    assert index.get_level_values("stratum").unique().tolist() == ["centre=north", "centre=south"]
    north = frame[(frame["centre"] == "north") & (frame["event"] == 1)]
    assert index.get_level_values("time")[: len(north)].tolist() == sorted(north["months"])


def test_scaled_schoenfeld_and_collapsed_residuals_equal_r(golden_data):
    """residuals(f, "scaledsch")[1:3, ] and sums by institution, from coxph(..., cluster = inst)."""
    columns = ["age", "sex", "ph.ecog", "inst"]
    lung = golden_data("lung").dropna(subset=columns)
    outcome = outcome_of(lung.rename(columns={"time": "months", "dead": "event"}))
    cox = Cox(cluster="inst").fit(lung[columns], outcome)
    scaled = residuals_of(cox.estimate_, cox.training_, "scaled_schoenfeld")
    expected = [
        [0.05795925597985, 3.019416418897, -2.251457341464],
        [0.12732348000481, -1.947192017513, 1.922712614391],
        [0.28270143448936, -1.588047615033, -2.536829957324],
    ]
    np.testing.assert_allclose(scaled.iloc[:3], expected, rtol=1e-10)
    assert scaled.index[:3].tolist() == [5, 11, 11]
    by = residuals_of(cox.estimate_, cox.training_, "martingale", by=lung["inst"])
    expected = [6.5089095665740, 2.1979734819942, -0.4496451461039]
    np.testing.assert_allclose(by["residual"].iloc[:3], expected, rtol=1e-10)
    assert by.index[:3].tolist() == [1, 2, 3]
    dfbeta = residuals_of(cox.estimate_, cox.training_, "dfbeta", by=lung["inst"])
    assert (dfbeta.to_numpy() ** 2).sum() == pytest.approx(0.02648926550891, rel=1e-10)
    np.testing.assert_allclose(dfbeta.T @ dfbeta, cox.estimate_.covariance, rtol=1e-10)


@pytest.mark.parametrize(
    ("kind", "by", "words"),
    [
        ("pearson", None, "unknown kind of residual 'pearson'.*martingale, deviance"),
        ("schoenfeld", range(6), "not summed over the rows of a patient"),
        ("score", range(5), "5 labels .0 missing. for 6 training rows"),
        ("score", [1, 1, 2, 2, None, 3], "6 labels .1 missing. for 6 training rows"),
    ],
)
def test_what_has_no_answer_is_refused(kind, by, words):
    cox = six()
    with pytest.raises(PredictionError, match=words) as caught:
        residuals_of(cox.estimate_, cox.training_, kind, by=by)
    assert caught.value.code == "N25"
