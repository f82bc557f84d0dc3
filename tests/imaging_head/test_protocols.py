"""The protocols of the radiograph paper with a stub learner: who is trained on and tested, and what the numbers are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import Finding, FitError, ImageError, LeakageError, RunError
from imaging_head.protocol_measures import measure
from imaging_head.protocol_run import Rounds, run_rounds
from imaging_head.protocols import BENIGN_MALIGNANT, SCREENING, Contrast, Round
from imaging_head.radiographs import Squares
from imaging_head.strata import PUBLISHED_COUNTS, GroupsOfStrata, patients_of
from tests.imaging_head.stub_learner import MeanGrey, grey_films, stopped_in

PUBLISHED = {"normal": 260, "benign": 80, "malignant": 180}
AGES = {"normal": 36, "benign": 29, "malignant": 24}


def made_table(seed: int = 1) -> pd.DataFrame:
    """The 520 patients of the paper with ages, in five groups."""
    random = np.random.default_rng(seed)
    strata = random.permutation([name for name, n in PUBLISHED.items() for _ in range(n)])
    ids = [f"K{row:04d}" for row in range(len(strata))]
    ages = np.clip([random.normal(AGES[name], 16) for name in strata], 4, 90)
    table = patients_of(pd.Series(strata, ids), pd.Series(ages, ids))
    return table.assign(group=GroupsOfStrata(5, PUBLISHED_COUNTS).deal(table["stratum"]))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made_table()


@pytest.fixture(scope="module")
def films(table):
    return grey_films(table.index, 0.03 * (table["stratum"] == "malignant"))


@pytest.fixture(scope="module")
def learner():
    return MeanGrey()


@pytest.fixture(scope="module")
def ten(table, films, learner) -> Rounds:
    return run_rounds(BENIGN_MALIGNANT, table, films, learner)


@pytest.fixture(scope="module")
def five(table, films, learner) -> Rounds:
    return run_rounds(SCREENING, table, films, learner)


@pytest.fixture(scope="module")
def measured(ten):
    return measure(ten)


# Groups.


def test_each_of_five_groups_is_52_normal_and_52_tumours(table):
    found = pd.crosstab(table["group"], table["stratum"])
    assert found.shape == (5, 3)
    assert (found[["normal", "benign", "malignant"]].to_numpy() == [52, 16, 36]).all()


def test_groups_do_not_depend_on_the_order_of_patients_and_differ_by_seed(table):
    dealt = GroupsOfStrata(5).deal(table["stratum"])
    pd.testing.assert_series_equal(GroupsOfStrata(5).deal(table["stratum"][::-1])[::-1], dealt)
    assert (dealt != GroupsOfStrata(5, seed=1).deal(table["stratum"])).mean() > 0.6


def test_what_does_not_divide_evenly_is_dealt_round():
    strata = pd.Series(["a"] * 11 + ["b"] * 13 + ["c"] * 9, [f"P{row:02d}" for row in range(33)])
    group = GroupsOfStrata(4).deal(strata)
    assert np.ptp(group.value_counts()) <= 1
    assert (pd.crosstab(group, strata).agg(np.ptp) <= 1).all()


@pytest.mark.parametrize("lost", ["normal", "malignant"])
def test_counts_that_are_not_met_are_refused_by_stratum(table, lost):
    short = table["stratum"].drop(table.index[table["stratum"] == lost][0])
    with pytest.raises(ImageError, match=f"patients of {lost}, declared are 5 groups") as caught:
        GroupsOfStrata(5, PUBLISHED_COUNTS).deal(short)
    assert [finding.code for finding in caught.value.findings] == ["I65"]
    assert np.ptp(GroupsOfStrata(5).deal(short).value_counts()) == 1


def test_a_patient_who_is_listed_twice_is_refused(table):
    twice = table["stratum"].iloc[[0, 1, 0]]
    with pytest.raises(LeakageError, match="listed twice") as caught:
        GroupsOfStrata(2).deal(twice)
    assert caught.value.findings[0].rows == (table.index[0],)
    with pytest.raises(LeakageError, match="I66"):
        BENIGN_MALIGNANT.rounds(table.iloc[[0, 1, 0]])


def test_a_stratum_smaller_than_the_groups_and_a_single_group_are_refused():
    with pytest.raises(ImageError, match="2 patients of b for 3 groups"):
        GroupsOfStrata(3).deal(pd.Series(list("aaabb"), list("vwxyz")))
    with pytest.raises(ImageError, match="I65"):
        GroupsOfStrata(1)


def test_a_patient_without_stratum_or_with_an_impossible_age_is_named():
    strata = pd.Series(["a", None, " ", "b"], list("wxyz"))
    with pytest.raises(ImageError) as caught:
        patients_of(strata, pd.Series([20.0, 30.0, 999.0], list("wxz")))
    assert [(f.code, f.rows) for f in caught.value.findings] == [("I66", ("x", "y")), ("I67", ("y", "z"))]


# Rounds.


def test_ten_rounds_train_on_156_and_test_104_each_film_four_times(ten):
    assert [each.groups for each in ten.made] == list(combinations(range(5), 2))
    for each in ten.made:
        assert (each.train.value_counts()[[1, 0]] == [108, 48]).all()
        assert (each.test.value_counts()[[1, 0]] == [72, 32]).all()
        assert not set(each.train.index) & set(each.test.index)
    assert (ten.predictions["patient"].value_counts() == 4).all()
    assert (ten.patients, ten.times_tested, len(ten.predictions)) == (260, 4, 1040)


def test_five_fold_screening_trains_on_416_and_tests_104_each_film_once(five):
    assert [each.groups for each in five.made] == [(0,), (1,), (2,), (3,), (4,)]
    for each in five.made:
        assert (each.train.value_counts()[[1, 0]] == [208, 208]).all()
        assert (each.test.value_counts()[[1, 0]] == [52, 52]).all()
    assert (five.patients, five.times_tested) == (520, 1)


def test_no_learner_saw_whom_it_is_asked_for(ten, learner):
    asked = {each.number: set(each.test.index) for each in ten.made}
    tasks = [(task, seen) for task, seen in learner.seen if len(seen) == 156]
    assert len({task for task, _ in tasks}) == 10
    assert all(not seen & asked[task[-1]] for task, seen in tasks)


def test_other_numbers_of_groups_and_other_strata_work():
    strata = pd.Series([str(row % 4) for row in range(80)], [f"P{row:02d}" for row in range(80)])
    table = patients_of(strata)
    table["group"] = GroupsOfStrata(4).deal(table["stratum"])
    contrast = Contrast("grades", ("2", "3"), ("0",), 3)
    done = run_rounds(contrast, table, grey_films(table.index, table["stratum"].astype(int) / 50), MeanGrey())
    assert (len(done.made), done.patients, done.times_tested) == (4, 60, 3)
    assert set(done.predictions["stratum"]) == {"0", "2", "3"}
    assert "age" not in done.predictions
    assert contrast.event_name == "2 or 3"


def test_films_of_one_patient_stay_together_and_count_once(table, films):
    more = Squares(np.concatenate([films.pixels, films.pixels[:, ::-1] * 0.9]), films.patients * 2)
    learner = MeanGrey()
    done = run_rounds(SCREENING, table, more, learner)
    assert len(done.predictions) == 520
    assert all(not seen & set(each.test.index) for (_, seen), each in zip(learner.seen, done.made, strict=True))


def test_one_picture_of_two_patients_in_different_groups_is_refused(table, films):
    one, other = (table.index[(table["group"] == group) & (table["stratum"] == "benign")][0] for group in (0, 3))
    pixels = films.pixels.copy()
    pixels[table.index.get_loc(other)] = pixels[table.index.get_loc(one)][:, ::-1]
    with pytest.raises(LeakageError, match="I61"):
        run_rounds(BENIGN_MALIGNANT, table, Squares(pixels, films.patients), MeanGrey())


@pytest.mark.parametrize(
    ("event", "other", "tested", "rule"),
    [((), ("b",), 1, "side without"), (("a",), ("a",), 1, "a on both sides"), (("a",), ("b",), 0, "0 groups")],
)
def test_a_contrast_that_is_none_is_refused(event, other, tested, rule):
    with pytest.raises(ImageError, match=rule) as caught:
        Contrast("x", event, other, tested)
    assert caught.value.code == "I69"


def test_rounds_without_training_or_with_one_side_only_are_refused(table):
    with pytest.raises(ImageError, match="5 groups are tested of 5"):
        Contrast("x", ("malignant",), ("benign",), 5).rounds(table)
    alone = table.assign(group=(table["stratum"] == "malignant").astype(int))
    with pytest.raises(ImageError, match="rounds 1, 2 train or test on one side"):
        Contrast("x", ("malignant",), ("benign",), 1).rounds(alone)


# Learners and the journal.


def test_a_round_that_fails_ends_the_run_and_is_named(table, films):
    fault = FitError(Finding("I53", "the loss is not finite"))
    with pytest.raises(RunError, match="benign-malignant, round 1 could not be done") as caught:
        run_rounds(BENIGN_MALIGNANT, table, films, MeanGrey(fault=fault))
    assert [finding.code for finding in caught.value.findings] == ["I68", "I53"]


def test_an_answer_for_other_patients_or_without_numbers_is_refused(table, films, monkeypatch):
    class Odd(MeanGrey):
        def fit(self, films, outcome):
            fitted = super().fit(films, outcome)
            return type("", (), {"predict": lambda _, x: fitted.predict(x).iloc[1:],
                                 "linear_predictor": fitted.linear_predictor})()  # fmt: skip

        def with_task(self, *task):
            return Odd(task=task)

    with pytest.raises(RunError, match="answers for 103 patients, asked were 104"):
        run_rounds(BENIGN_MALIGNANT, table, films, Odd())


def test_finished_rounds_are_taken_from_the_journal(table, films, ten, tmp_path):
    told, learner = [], MeanGrey()
    with pytest.raises(KeyboardInterrupt), stopped_in(4):
        run_rounds(BENIGN_MALIGNANT, table, films, MeanGrey(), tmp_path)
    done = run_rounds(BENIGN_MALIGNANT, table, films, learner, tmp_path, told.append)
    assert [task[-1] for task, _ in learner.seen] == [4, 5, 6, 7, 8, 9, 10]
    pd.testing.assert_frame_equal(done.predictions, ten.predictions, check_exact=True)
    assert [each.done for each in told] == list(range(3, 11))
    assert told[0].left is None
    assert told[-1].left == 0
    again = MeanGrey(slope=19.0)
    run_rounds(BENIGN_MALIGNANT, table, films, again, tmp_path)
    assert len(again.seen) == 10


# Measures.


def lines_of(table: pd.DataFrame, metric: str, predictor: str = "image") -> pd.DataFrame:
    return table[(table["predictor"] == predictor) & (table["metric"] == metric)]


def test_shares_of_a_round_and_of_all_are_counted_as_by_hand(ten, measured):
    shares = measured.rounds[measured.rounds["predictor"] == "image"].set_index(["round", "metric"])
    totals = np.zeros(4, int)
    for number, lines in ten.predictions.groupby("round"):
        event, positive = lines["event"] == 1, lines["risk"] >= 0.5
        tp, fn = int((event & positive).sum()), int((event & ~positive).sum())
        tn, fp = int((~event & ~positive).sum()), int((~event & positive).sum())
        totals += [tp, fn, tn, fp]
        found = shares.loc[number]
        for metric, count, total in (("sensitivity", tp, 72), ("specificity", tn, 32), ("ppv", tp, tp + fp),
                                     ("npv", tn, tn + fn), ("accuracy", tp + tn, 104)):  # fmt: skip
            assert (found.loc[metric, "count"], found.loc[metric, "total"]) == (count, total)
            assert found.loc[metric, "estimate"] == pytest.approx(count / total, nan_ok=True)
    tp, fn, tn, fp = totals
    assert tp + fn == 720
    assert tn + fp == 320
    pooled = measured.pooled[measured.pooled["predictor"] == "image"].set_index("metric")
    assert pooled.loc["ppv", ["count", "total"]].tolist() == [tp, tp + fp]
    assert pooled.loc["npv", ["count", "total"]].tolist() == [tn, tn + fn]
    assert pooled.loc["accuracy", "estimate"] == pytest.approx((tp + tn) / 1040)


def test_limits_are_exact_in_a_round_and_count_a_patient_once_when_pooled(ten, measured):
    from scipy.stats import beta

    def clopper_pearson(count, total):
        return beta.ppf(0.025, count, total - count + 1), beta.ppf(0.975, count + 1, total - count)

    line = lines_of(measured.rounds, "sensitivity").iloc[2]
    assert (line["lower"], line["upper"]) == pytest.approx(clopper_pearson(line["count"], 72))
    pooled = lines_of(measured.pooled, "sensitivity").iloc[0]
    assert pooled["total"] == 4 * 180
    assert (pooled["lower"], pooled["upper"]) == pytest.approx(clopper_pearson(pooled["count"] / 4, 180))


def test_the_area_is_that_of_all_pairs_and_its_mean_has_the_corrected_interval(ten, measured):
    from scipy.stats import t

    areas = []
    for _, lines in ten.predictions.groupby("round"):
        with_event, without = (lines.loc[lines["event"] == code, "risk"].to_numpy() for code in (1, 0))
        areas.append(((with_event[:, None] > without) + 0.5 * (with_event[:, None] == without)).mean())
    found = lines_of(measured.rounds, "auc")
    assert found["estimate"].to_numpy() == pytest.approx(areas)
    mean, reach = np.mean(areas), t.ppf(0.975, 9) * np.sqrt(1 / 10 + 104 / 156) * np.std(areas, ddof=1)
    line = measured.mean_of("auc")
    assert (line["mean"], line["lower"], line["upper"]) == pytest.approx((mean, mean - reach, mean + reach))
    assert 0.6 < mean < 0.72


def test_the_commoner_side_reaches_its_share_and_the_gain_is_the_difference(measured):
    assert measured.mean_of("accuracy", "majority")["mean"] == pytest.approx(72 / 104)
    gain = measured.gains.set_index(["metric", "over"]).loc[("accuracy", "majority")]
    expected = measured.mean_of("accuracy")["mean"] - 72 / 104
    assert gain["difference"] == pytest.approx(expected)
    assert gain["lower"] < expected < gain["upper"]
    assert gain["p"] > 0.05


def test_age_alone_is_a_logistic_model_of_the_training_patients(ten, table):
    from sklearn.linear_model import LogisticRegression

    each = ten.made[5]
    fit = LogisticRegression(C=np.inf, tol=1e-10).fit(table.loc[each.train.index, ["age"]].to_numpy(), each.train)
    expected = fit.predict_proba(table.loc[each.test.index, ["age"]].to_numpy())[:, 1]
    found = ten.predictions[ten.predictions["round"] == 6]
    # Firth's penalty, which scikit-learn does not have, moves risks by less than this
    assert found["age"].to_numpy() == pytest.approx(expected, abs=0.01)
    assert np.corrcoef(found["age"], expected)[0, 1] > 0.999


def test_age_that_separates_the_sides_is_said_by_its_area(films, table):
    ages = np.where(table["stratum"] == "normal", 60.0, 20.0) + np.arange(520) / 100
    found = measure(run_rounds(SCREENING, table.assign(age=ages), films, MeanGrey()))
    line = found.mean_of("auc", "age")
    assert line["mean"] == 1.0
    # no spread between the rounds: no interval is made of it
    assert np.isnan(line["lower"])
    assert np.isfinite(lines_of(found.pooled, "accuracy", "age")["lower"]).all()


def test_where_nobody_is_called_negative_the_predictive_value_does_not_exist(table, films):
    done = run_rounds(BENIGN_MALIGNANT, table, films, MeanGrey(slope=0.0))
    found = measure(done)
    assert (done.predictions["risk"] > 0.5).all()
    lines = lines_of(found.rounds, "npv")
    assert lines["estimate"].isna().all()
    assert (lines["total"] == 0).all()
    assert lines_of(found.means, "npv").empty
    assert found.mean_of("auc")["mean"] == 0.5
    assert [finding.code for finding in found.warnings if finding.code == "M04"] == ["M04"]
    assert "in round 1, 2, 3, 4, 5, 6, 7, 8, 9, 10" in found.warnings[0].rule


def test_a_round_is_a_value_of_its_own():
    series = pd.Series([1, 0], ["a", "b"])
    assert Round(1, (0,), series, series).groups == (0,)
