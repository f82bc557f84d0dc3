"""Table 1 against hand counts, and the folds against their law."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Cohort, datasets, make_folds
from tests.cohorts.made import changed, codebook, endpoint, findings_of, made_cohort, only, patients

COHORT = made_cohort(changed("albumin", [0, 2], np.nan))


def row(table, label):
    return table.loc[[index for index in table.index if index[0].startswith(label)]]


def test_hand_counts():
    table = COHORT.table_one()
    age = patients()["age"]
    assert row(table, "age")["Overall"].tolist() == [f"{age.mean():.1f} ({age.std():.1f})"]
    assert row(table, "sex")["Overall"].tolist() == ["20 (50.0)", "20 (50.0)"]
    assert row(table, "albumin")["Missing"].tolist() == ["2"]
    assert table.iloc[0]["Overall"] == "40"
    assert table.index.names == ["variable", "level"]


def test_groups_and_standardised_differences():
    table = COHORT.table_one(by="sex", columns=["age", "albumin", "event"])
    assert list(table.columns) == ["Missing", "Overall", "F", "M", "SMD (F,M)"]
    groups = [group for _, group in patients().groupby("sex")["age"]]
    spread = np.sqrt((groups[0].var() + groups[1].var()) / 2)
    assert float(row(table, "age")["SMD (F,M)"].iloc[0]) == pytest.approx(
        (groups[1].mean() - groups[0].mean()) / spread, abs=6e-4
    )
    assert table.iloc[0][["Overall", "F", "M"]].tolist() == ["40", "20", "20"]


def test_missing_levels_and_groups_are_counted():
    cohort = made_cohort(changed("sex", [0, 1, 2], None))
    assert row(cohort.table_one(columns=["sex"]), "sex")["Missing"].tolist() == ["3", ""]
    table = cohort.table_one(by="sex", columns=["age"])
    assert table.iloc[0]["(missing)"] == "3"


def test_skewed_variables_are_told_by_quartiles():
    table = datasets.load_mgus2().table_one(columns=["creat", "hgb"])
    assert row(table, "Creatinine (mg/dL), median [Q1,Q3]")["Overall"].tolist() == ["1.1 [0.9,1.3]"]
    assert row(table, "Haemoglobin (g/dL), mean (SD)")["Overall"].tolist() == ["13.3 (2.0)"]


def test_event_codes_and_zero_one_columns_are_categories():
    table = made_cohort(book=codebook(event={"kind": "binary"})).table_one(columns=["event"])
    assert table.index.get_level_values("level").tolist() == ["", "0", "1"]


def test_files_and_pages():
    table = datasets.load_mgus2().table_one(by="sex")
    again = pd.read_csv(io.StringIO(table.to_csv()), dtype=str, keep_default_na=False)
    assert len(again) == len(table)
    assert again.columns[:2].tolist() == ["variable", "level"]
    assert "<table" in table.to_html()


def test_labels_in_chinese():
    from cohorts.table_one import table_one

    cohort = datasets.load_mgus2()
    assert "诊断年龄 (years), mean (SD)" in table_one(
        cohort.table, cohort.codebook, language="zh"
    ).index.get_level_values(0)


def test_levels_in_chinese_stand_in_the_declared_order():
    chinese = datasets.load_mgus2().codebook
    from cohorts.table_one import table_one

    table = datasets.load_mgus2().table
    rows = table_one(table, chinese, columns=["sex"], language="zh").loc["性别, n (%)"]
    plain = datasets.load_mgus2().table_one(columns=["sex"]).loc["Sex, n (%)"]
    assert rows.index.tolist() == ["女", "男"]
    assert plain.index.tolist() == ["F", "M"]
    assert rows["Overall"].tolist() == plain["Overall"].tolist()


def test_two_variables_of_one_label_stay_two():
    label = {"en": "Value"}
    book = codebook(age={"kind": "numeric", "label": label}, albumin={"kind": "numeric", "label": label})
    table = made_cohort(book=book).table_one(columns=["age", "albumin"])
    assert len(table) == 3


def test_faulty_questions():
    assert only(findings_of(COHORT.table_one, by="stage")).column == "stage"
    assert only(findings_of(COHORT.table_one, columns=["age", "weight"])).column == "weight"
    assert only(findings_of(COHORT.table_one, by="age")).code == "S09"


class TestFolds:
    def test_same_seed_same_folds(self):
        first, again, other = (make_folds(COHORT, endpoint(), 5, seed) for seed in (1, 1, 2))
        pd.testing.assert_series_equal(first.assignment, again.assignment)
        assert (first.assignment != other.assignment).any()

    def test_a_fold_of_ids(self):
        folds = make_folds(COHORT, endpoint(), 4, 0)
        parts = [folds.test_ids(fold) for fold in range(4)]
        assert sorted(row for part in parts for row in part) == sorted(COHORT.ids)

    def test_left_out_patients_have_no_fold(self):
        cohort = made_cohort(changed("months", [0], 0))
        folds = make_folds(cohort, endpoint(zero_time="drop"), 3, 0)
        assert "P000" not in folds.assignment.index

    @pytest.mark.parametrize("k", [0, 1, 21])
    def test_impossible_numbers_of_folds(self, k):
        assert only(findings_of(make_folds, COHORT, endpoint(), k, 0)).code == "V01"

    @given(st.integers(2, 8), st.integers(0, 2**32 - 1), st.lists(st.integers(0, 1), min_size=20, max_size=60))
    def test_law_sizes_and_events_differ_by_one_at_most(self, k, seed, event):
        event = [*event, *[1] * k]
        frame = pd.DataFrame({"pid": range(len(event)), "months": np.arange(1.0, len(event) + 1), "event": event})
        folds = make_folds(Cohort.from_frame(frame), endpoint(), k, seed).assignment
        events = pd.Series(event, index=folds.index)
        for counts in (folds.value_counts(), folds[events == 1].value_counts(), folds[events == 0].value_counts()):
            sizes = counts.reindex(range(k), fill_value=0)
            assert sizes.max() - sizes.min() <= 1
