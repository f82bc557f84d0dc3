"""New patients with missing values: same draws wherever they stand, right distribution, nothing of the outcome."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PredictionError
from prognosis.imputation.chained import impute_training
from prognosis.imputation.number_scale import NumberScale
from prognosis.imputation.patient_draws import patient_keys, uniforms
from prognosis.imputation.stored import StoredImputation
from tests.prognosis.incomplete import incomplete, same


@pytest.fixture(scope="module")
def imputed():
    return impute_training(*incomplete(400), copies=3, iterations=3)


@pytest.fixture(scope="module")
def patients():
    """New patients with every pattern of missing values but none known."""
    frame = incomplete(80, seed=2)[0]
    frame.iloc[:3, 1:] = np.nan
    return frame


def test_complete_patients_come_back_bit_for_bit(imputed, patients):
    complete = patients.dropna()
    assert same(imputed.stored.draws(complete, 2), [complete, complete])
    before = patients.copy()
    for drawn in imputed.stored.draws(patients, 3):
        assert not drawn.isna().to_numpy().any()
        pd.testing.assert_frame_equal(drawn.where(patients.notna()), patients)
        assert (drawn.dtypes == patients.dtypes).all()
    pd.testing.assert_frame_equal(patients, before)


def test_draws_of_a_patient_do_not_depend_on_the_others(imputed, patients):
    together = imputed.stored.draws(patients, 4, seed=1)
    mixed = patients.iloc[::-1]
    assert same([drawn.iloc[::-1] for drawn in imputed.stored.draws(mixed, 4, seed=1)], together)
    alone = patients.iloc[[7]]
    assert same(imputed.stored.draws(alone, 4, seed=1), [drawn.iloc[[7]] for drawn in together])
    twice = pd.concat([alone, alone])
    for drawn in imputed.stored.draws(twice, 4):
        assert drawn.iloc[0].equals(drawn.iloc[1])


def test_more_draws_keep_the_first_ones_and_another_seed_gives_others(imputed, patients):
    few = imputed.stored.draws(patients, 2, seed=1)
    assert same(imputed.stored.draws(patients, 5, seed=1)[:2], few)
    assert not same(imputed.stored.draws(patients, 2, seed=2), few)


def test_draws_stay_within_training_and_whole(imputed, patients):
    seen = incomplete(400)[0]
    for drawn in imputed.stored.draws(patients, 5):
        assert drawn["ldh"].between(seen["ldh"].min(), seen["ldh"].max())[patients["ldh"].isna()].all()
        assert (drawn["ldh"] == drawn["ldh"].round()).all()
        assert set(drawn["female"]) == {0.0, 1.0}


def test_saved_and_loaded_it_draws_the_same(imputed, patients):
    stored = imputed.stored
    back = StoredImputation.restore(json.loads(json.dumps(stored.to_dict())), stored.arrays())
    assert same(back.draws(patients, 3), stored.draws(patients, 3))
    assert back.predictors == ("age", "ldh", "female", "stage", "site")


def test_it_keeps_neither_rows_nor_the_outcome(imputed):
    # 1 distribution and 1 model a predictor, on 1 + 1 + 1 + 2 + 2 covariate columns
    sizes = {name: array.shape for name, array in imputed.stored.arrays().items()}
    assert sizes == {"percentiles": (2, 101), "shares": (8,), "coefficients": (7, 8), "residual": (5,)}
    frame, outcome = incomplete(400)
    shuffled = outcome.take(np.random.default_rng(3).permutation(400))
    assert impute_training(frame.dropna(), None).stored.arrays()["coefficients"].tolist() == (
        impute_training(frame.dropna(), shuffled.take(frame.notna().all(axis=1).to_numpy()))
        .stored.arrays()["coefficients"]
        .tolist()
    )


def test_draws_have_the_conditional_distribution():
    g = np.random.default_rng(4)
    x = g.normal(size=2000)
    train = pd.DataFrame({
        "x": x,
        "y": np.exp(0.8 * x + 0.6 * g.normal(size=2000)),
        "k": pd.Categorical(np.where(g.random(2000) < 1 / (1 + np.exp(-2 * x)), "high", "low"), ["low", "high"]),
    })  # fmt: skip
    stored = impute_training(train, None, copies=2, iterations=1).stored
    patients = pd.DataFrame({"x": [-1.0, 0.0, 1.0], "y": np.nan, "k": pd.Categorical([None] * 3, ["low", "high"])})
    drawn = stored.draws(patients, 800)
    y = np.log([copy["y"] for copy in drawn])
    np.testing.assert_allclose(y.mean(axis=0), [-0.8, 0.0, 0.8], atol=0.08)
    np.testing.assert_allclose(y.std(axis=0), 0.6, atol=0.08)
    high = np.mean([copy["k"] == "high" for copy in drawn], axis=0)
    np.testing.assert_allclose(high, 1 / (1 + np.exp([2.0, 0.0, -2.0])), atol=0.06)
    # two unknown predictors agree with each other, not only with the known one
    nothing_else = pd.DataFrame({"x": np.nan, "y": [8.0], "k": pd.Categorical([None], ["low", "high"])})
    both = pd.concat(stored.draws(nothing_else, 800))
    assert both["x"].mean() > 1
    assert both["x"][both["k"] == "high"].mean() > both["x"][both["k"] == "low"].mean() + 0.1


def test_averages_change_incomplete_patients_only(imputed, patients):
    def answer(frame):
        return (frame["ldh"].to_numpy(float), np.column_stack([frame["age"], frame["ldh"]]))

    first, second = imputed.stored.averaged(patients, answer, copies=7, seed=3)
    gone = patients.isna().any(axis=1).to_numpy()
    assert (first[~gone] == patients["ldh"][~gone]).all()
    drawn = imputed.stored.draws(patients, 7, seed=3)
    np.testing.assert_allclose(first, np.mean([copy["ldh"] for copy in drawn], axis=0))
    np.testing.assert_allclose(second[:, 1], first)
    complete = patients.dropna()
    assert (imputed.stored.averaged(complete, answer)[0] == complete["ldh"]).all()


def test_levels_by_another_order_or_as_text_mean_the_same(imputed, patients):
    text = patients.assign(
        stage=patients["stage"].astype(object),
        site=patients["site"].cat.reorder_categories(["tibia", "pelvis", "femur"]),
    )
    for ours, theirs in zip(imputed.stored.draws(patients, 2), imputed.stored.draws(text, 2), strict=True):
        assert (ours.astype(str) == theirs.astype(str)).to_numpy().all()


def test_a_yes_no_column_of_a_constant_and_an_unseen_level():
    frame, outcome = incomplete()
    frame = frame.assign(one=2.0, site=frame["site"].cat.set_categories(["toe", *frame["site"].cat.categories]))
    frame.iloc[:5, frame.columns.get_loc("one")] = np.nan
    stored = impute_training(frame, outcome, copies=2, iterations=2).stored
    back = StoredImputation.restore(stored.to_dict(), stored.arrays())
    for drawn in back.draws(frame, 20):
        assert (drawn["one"] == 2).all()
        assert (drawn["site"] != "toe").all()


def test_what_cannot_be_answered_is_named(imputed, patients):
    unknown = patients.assign(site="rib").iloc[:2]
    unknown.loc[unknown.index[0], list(patients.columns)] = np.nan
    with pytest.raises(PredictionError, match="no predictor is known") as caught:
        imputed.stored.draws(unknown)
    assert {(finding.code, finding.rows) for finding in caught.value.findings} == {("P18", ("P1",)), ("P17", ("P0",))}
    with pytest.raises(PredictionError, match="column site is no column of the table") as caught:
        imputed.stored.draws(patients.drop(columns="site"))
    assert caught.value.code == "P19"


def test_number_scale_round_trip_ties_and_ends():
    x = np.exp(np.random.default_rng(1).normal(size=5000))
    scale = NumberScale.of(x)
    middle = np.quantile(x, [0.05, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(scale.value(scale.score(middle)), middle, rtol=0.05)
    assert scale.score(np.array([-5.0, 1e9])).tolist() == scale.score(np.array([x.min(), x.max()])).tolist()
    assert scale.value(np.array([-40.0, 40.0])).tolist() == [x.min(), x.max()]
    tied = NumberScale.of(np.repeat([0.0, 1.0, 2.0], [60, 30, 10]))
    drawn = tied.value(np.random.default_rng(2).normal(size=5000))
    np.testing.assert_allclose([(drawn == value).mean() for value in (0, 1, 2)], [0.6, 0.3, 0.1], atol=0.03)


def test_patient_numbers_are_uniform_and_belong_to_the_values():
    values = np.random.default_rng(1).normal(size=(1000, 3))
    values[::2, 1] = np.nan
    keys = patient_keys(values, seed=4)
    assert len(np.unique(keys)) == 1000
    assert (patient_keys(values[5:6], 4) == keys[5]).all()
    assert (patient_keys(values, 5) != keys).all()
    assert patient_keys(np.array([[0.0]]), 1) == patient_keys(np.array([[-0.0]]), 1)
    numbers = uniforms(keys, np.arange(50))
    assert (uniforms(keys, np.arange(10, 15)) == numbers[:, 10:15]).all()
    assert numbers.min() > 0
    assert numbers.max() < 1
    share = np.histogram(numbers, bins=20, range=(0, 1))[0] / numbers.size
    np.testing.assert_allclose(share, 0.05, atol=0.004)
    assert np.abs(np.corrcoef(numbers[:, :5].T) - np.eye(5)).max() < 0.12
