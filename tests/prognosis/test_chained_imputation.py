"""Completed copies of the training rows: what stays, what is drawn, from what, and how often the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError
from prognosis.imputation.chained import impute_training
from prognosis.imputation.outcome_covariates import nelson_aalen, outcome_covariates
from prognosis.outcome import SurvivalArrays
from prognosis.preparation import Preparation
from tests.prognosis.incomplete import incomplete, same


def test_observed_cells_index_order_and_dtypes_stay_and_the_input_too():
    frame, outcome = incomplete()
    before = frame.copy()
    imputed = impute_training(frame, outcome, copies=3, iterations=2)
    pd.testing.assert_frame_equal(frame, before)
    known = frame.notna()
    for copy in imputed.copies:
        assert not copy.isna().to_numpy().any()
        assert copy.index.equals(frame.index)
        assert (copy.dtypes == frame.dtypes).all()
        pd.testing.assert_frame_equal(copy.where(known), frame)


def test_copies_differ_where_something_was_missing_only():
    frame, outcome = incomplete()
    first, second = impute_training(frame, outcome, copies=2, iterations=2).copies
    assert (first["age"] == second["age"]).all()
    gone = frame["ldh"].isna()
    assert (first["ldh"] != second["ldh"])[gone].mean() > 0.5


def test_numbers_stay_within_what_was_observed_and_whole():
    frame, outcome = incomplete()
    for copy in impute_training(frame, outcome, copies=3, iterations=3).copies:
        assert set(copy["ldh"]) == set(frame["ldh"].dropna())
        assert set(copy["female"]) == {0.0, 1.0}


def test_a_copy_depends_on_seed_task_and_number_alone():
    frame, outcome = incomplete()
    few = impute_training(frame, outcome, copies=2, iterations=2, seed=5, task=3).copies
    many = impute_training(frame, outcome, copies=4, iterations=2, seed=5, task=3).copies
    assert same(few, many[:2])
    assert not same(few, impute_training(frame, outcome, copies=2, iterations=2, seed=5, task=4).copies)
    assert not same(few, impute_training(frame, outcome, copies=2, iterations=2, seed=6, task=3).copies)


def test_nothing_missing_gives_equal_copies():
    frame = incomplete()[0].dropna()
    imputed = impute_training(frame, None, copies=2)
    assert same(imputed.copies, (frame, frame))
    assert imputed.chains.empty


def test_resampled_rows_that_share_an_id_are_imputed_one_by_one():
    frame, outcome = incomplete()
    rows = np.random.default_rng(1).integers(0, len(frame), len(frame))
    copy = impute_training(frame.iloc[rows], outcome.take(rows), copies=2, iterations=2).copies[0]
    assert not copy.isna().to_numpy().any()
    assert copy.index.tolist() == frame.index[rows].tolist()


def test_booleans_and_nullable_numbers_keep_their_dtype():
    frame, outcome = incomplete(60)
    nullable = frame.assign(female=frame["female"].astype("boolean"), ldh=frame["ldh"].astype("Int64"), old=True)
    copy = impute_training(nullable, outcome, copies=2, iterations=2).copies[0]
    assert [str(copy[name].dtype) for name in ("female", "ldh", "old")] == ["boolean", "Int64", "bool"]
    plain = impute_training(frame, outcome, copies=2, iterations=2).copies[0]
    assert not plain.isna().to_numpy().any()


def test_splines_transforms_and_interactions_follow_the_completed_predictors():
    # passive by construction: the design is derived from raw predictors, so no column contradicts another
    frame, outcome = incomplete()
    copy = impute_training(frame, outcome, copies=2, iterations=2).copies[1]
    made = Preparation.fit(copy, {"age": 3}, {"ldh": "log"}, [("age", "female")])
    design = pd.DataFrame(made.design(copy), columns=list(made.names))
    np.testing.assert_array_equal(design["log(ldh)"], np.log(copy["ldh"]))
    np.testing.assert_array_equal(design["age * female"], copy["age"] * copy["female"])
    np.testing.assert_array_equal(design["age' * female"], design["age'"] * copy["female"].to_numpy())


def test_imputed_values_follow_the_other_predictors():
    frame, outcome = incomplete(600)
    copy = impute_training(frame, outcome, copies=2, iterations=5).copies[0]
    gone = frame["ldh"].isna()
    slopes = [np.polyfit(part["age"], np.log(part["ldh"]), 1)[0] for part in (copy[gone], copy[~gone])]
    assert slopes[0] == pytest.approx(slopes[1], abs=0.006)
    assert slopes[1] > 0.007


def test_auxiliary_columns_carry_information_and_are_not_returned():
    g = np.random.default_rng(3)
    x = g.normal(size=400)
    frame = pd.DataFrame({"x": x, "z": g.normal(size=400)})
    frame.loc[g.random(400) < 0.5, "x"] = np.nan
    helper = pd.DataFrame({"near": x + 0.1 * g.normal(size=400)})
    helper.loc[::7, "near"] = np.nan
    gone = frame["x"].isna()
    with_help, without = (
        impute_training(frame, None, copies=2, iterations=4, auxiliary=extra).copies[0] for extra in (helper, None)
    )
    assert list(with_help.columns) == ["x", "z"]
    assert np.corrcoef(with_help["x"][gone], x[gone])[0, 1] > 0.75
    assert abs(np.corrcoef(without["x"][gone], x[gone])[0, 1]) < 0.3


def test_collinear_constant_and_separated_predictors_do_not_crash():
    frame, outcome = incomplete()
    hard = frame.assign(
        twice=2 * frame["age"], sum=frame["age"] + frame["ldh"], one=1.0, split=(frame["age"] > 60).astype(float)
    )
    hard["lonely"] = pd.Categorical(np.where(np.arange(len(frame)) < 5, None, "only"), categories=["only", "never"])
    hard.loc[hard.index[:30], ["split", "one", "twice"]] = np.nan
    copy = impute_training(hard, outcome, copies=2, iterations=3).copies[0]
    assert not copy.isna().to_numpy().any()
    assert (copy["one"] == 1).all()
    assert (copy["lonely"] == "only").all()
    assert ((copy["split"] == 1) == (copy["age"] > 60))[:30].mean() > 0.8


def test_chains_tell_mean_and_sd_of_every_sweep():
    frame, outcome = incomplete()
    imputed = impute_training(frame, outcome, copies=3, iterations=4)
    assert len(imputed.chains) == 3 * 4 * 4
    last = imputed.chains.set_index(["copy", "iteration", "variable"]).loc[(2, 4, "ldh")]
    drawn = imputed.copies[2]["ldh"][frame["ldh"].isna()]
    assert (last["mean"], last["sd"]) == pytest.approx((drawn.mean(), drawn.std()))


def test_more_than_half_missing_is_a_warning():
    frame, outcome = incomplete()
    frame.loc[frame.index[:200], "ldh"] = np.nan
    (finding,) = impute_training(frame, outcome, copies=2, iterations=1).findings
    assert (finding.code, finding.severity, finding.column) == ("C36", "warning", "ldh")
    assert "percent of the patients" in str(finding)


def test_all_faults_at_once():
    frame = pd.DataFrame({"empty": [np.nan] * 3, "text": ["a", "b", None], "far": [1.0, np.inf, np.nan]})
    with pytest.raises(DataContractError, match="nothing to impute it from") as caught:
        impute_training(frame, None)
    assert {finding.code for finding in caught.value.findings} == {"C35", "C38", "C27"}
    with pytest.raises(DataContractError, match="cannot tell how uncertain") as caught:
        impute_training(frame[["far"]], None, copies=1, iterations=0)
    assert [finding.code for finding in caught.value.findings] == ["C37", "C37"]


def test_nelson_aalen_by_hand():
    # times 1 2 2 3 4, events at 1, 2, 2 and 4: hazards 1/5, 2/4, 1/1
    outcome = SurvivalArrays(np.array([1.0, 2, 2, 3, 4]), np.array([1, 1, 1, 0, 1]))
    np.testing.assert_allclose(nelson_aalen(outcome), [0.2, 0.7, 0.7, 0.7, 1.7])


def test_under_delayed_entry_the_hazard_is_that_gathered_since_entry():
    # the third enters at 1: not at risk at time 1 (2 at risk), at risk at 2 (2 at risk)
    outcome = SurvivalArrays(np.array([1.0, 2, 3]), np.array([1, 1, 0]), np.array([0.0, 0, 1]))
    np.testing.assert_allclose(nelson_aalen(outcome), [1 / 2, 1, 1 / 2])


def test_every_cause_has_a_hazard_and_an_indicator():
    outcome = SurvivalArrays(np.array([1.0, 2, 3]), np.array([2, 1, 0]))
    np.testing.assert_allclose(
        outcome_covariates(outcome), [[0, 1 / 3, 0, 1], [1 / 2, 1 / 3, 1, 0], [1 / 2, 1 / 3, 0, 0]]
    )


def test_a_binary_outcome_enters_as_it_is():
    outcome = SurvivalArrays(np.full(3, np.nan), np.array([1, 0, 1]))
    assert outcome_covariates(outcome).tolist() == [[1], [0], [1]]
    nobody = SurvivalArrays(np.arange(1.0, 4), np.zeros(3, np.int64))
    assert outcome_covariates(nobody).shape == (3, 0)
