"""Shift between cohorts (C26) and patients in both (C25): differences by hand, laws, the words of the findings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import DataContractError, LeakageError, raise_findings
from prognosis.cohort_shift import cohort_shift, multinomial_distance, shift_findings
from prognosis.patient_overlap import patient_overlap
from prognosis.profile import profile_of
from tests.prognosis import made


def compare(old, new):
    return cohort_shift(profile_of(pd.DataFrame({"x": old})), pd.DataFrame({"x": new})).iloc[0]


def text(values, levels=None):
    return pd.Categorical(values, categories=levels or sorted(set(values)))


def test_numbers_by_hand():
    """Means 2 and 4, variances 1 and 4: (4 - 2) / sqrt(2.5)."""
    line = compare([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    assert line.smd == pytest.approx(2 / np.sqrt(2.5))
    assert (line.training, line.new, line.missing) == ("mean 2", "mean 4", 0)
    assert compare([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]).smd == pytest.approx(-2 / np.sqrt(2.5))


def test_shares_by_hand():
    """0.5 and 0.8: 0.3 / sqrt((0.25 + 0.16) / 2), of numbers 0/1 and of a category alike (Austin 2009)."""
    expected = 0.3 / np.sqrt(0.205)
    assert compare([0.0, 1.0] * 5, [1.0] * 8 + [0.0] * 2).smd == pytest.approx(expected)
    assert compare(text(["F", "M"] * 5), ["M"] * 8 + ["F"] * 2).smd == pytest.approx(expected)


def test_three_levels_by_the_inverse_without_the_last():
    """Yang and Dalton leave out one level and invert; the result does not depend on which."""
    old, new = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    for kept in ([0, 1], [0, 2], [1, 2]):
        a, b = old[kept], new[kept]
        covariance = (np.diag(a) - np.outer(a, a) + np.diag(b) - np.outer(b, b)) / 2
        expected = np.sqrt((a - b) @ np.linalg.inv(covariance) @ (a - b))
        assert multinomial_distance(old, new) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (text(["a", "b"]), ["c", "d"]),
        (text(["a", "a"]), ["b", "b"]),
        (text(["2019"] * 5), ["2020"] * 5),
        ([3.0, 3.0], [4.0, 4.0]),
    ],
)
def test_cohorts_without_anything_in_common_are_infinitely_apart(old, new):
    line = compare(old, new)
    assert line.smd == np.inf
    assert "SMD inf" in str(shift_findings(pd.DataFrame([line]))[0])


@pytest.mark.parametrize("values", [[3.0, 3.0], [1.0, 2.0, 5.0], text(["a", "a"]), text(["a", "b", "b"])])
def test_a_cohort_does_not_differ_from_itself(values):
    assert compare(values, values).smd == pytest.approx(0, abs=1e-12)


def test_a_level_that_only_one_cohort_has_still_counts():
    few = compare(text(["a"] * 50 + ["b"] * 50), ["a"] * 45 + ["b"] * 45 + ["new"] * 10)
    assert few.smd == pytest.approx(multinomial_distance(np.array([0.5, 0.5, 0]), np.array([0.45, 0.45, 0.1])))
    assert few.new == "a 45 %, b 45 %, new 10 %"
    gone = compare(text(["a"] * 50 + ["b"] * 50, ["a", "b", "c"]), ["a"] * 50 + ["b"] * 50)
    assert gone.smd == pytest.approx(0, abs=1e-12)


@given(st.floats(-50, 50), st.floats(0.01, 100), st.integers(0, 500))
def test_unit_and_origin_do_not_matter(shift, scale, seed):
    draw = np.random.default_rng(seed)
    old, new = draw.normal(size=30), draw.normal(0.5, 2, 20)
    assert compare(scale * old + shift, scale * new + shift).smd == pytest.approx(compare(old, new).smd, rel=1e-6)


def test_missing_values_are_left_out_and_counted():
    line = compare([1.0, 2.0, 3.0], [2.0, np.nan, 4.0, 6.0])
    assert line.smd == pytest.approx(2 / np.sqrt(2.5))
    assert line.missing == 1


def test_the_table_starts_with_the_largest_difference():
    frame = made.patients(300)
    training = profile_of(frame[["age", "albumin", "sex", "grade", "relapse"]])
    new = made.patients(300, seed=3).assign(albumin=lambda f: f["albumin"] - 4, grade="high")
    table = cohort_shift(training, new)
    assert list(table.columns) == ["column", "training", "new", "smd", "missing"]
    assert list(table["column"][:2]) == ["grade", "albumin"]
    assert table["smd"][1] == pytest.approx(-1, abs=0.2)
    assert (table["smd"].abs()[2:] < 0.25).all()


def test_c26_names_column_and_smd():
    """Case C26: another site and later years; age has not shifted."""
    draw = np.random.default_rng(2)
    train = pd.DataFrame({"site": text(["A"] * 80 + ["B"] * 20), "year": draw.integers(2010, 2015, 100).astype(float)})
    test = pd.DataFrame({"site": ["A"] * 20 + ["B"] * 80, "year": draw.integers(2013, 2018, 100).astype(float)})
    train["age"] = test["age"] = draw.normal(60, 8, 100)
    findings = shift_findings(cohort_shift(profile_of(train), test))
    assert {finding.column for finding in findings} == {"site", "year"}
    for finding in findings:
        assert (finding.code, finding.severity) == ("C26", "warning")
        assert f"column {finding.column}" in str(finding)
        assert "SMD" in str(finding)
        assert "above 0.25" in str(finding)
    assert "SMD 1.50 (above 0.25 in size); training A 80 %, B 20 %, new cohort A 20 %, B 80 %" in str(findings)


def test_the_limit_can_be_chosen():
    table = pd.DataFrame([compare([1.0, 2.0, 3.0], [1.1, 2.1, 3.1])])
    assert table["smd"][0] == pytest.approx(0.1)
    assert shift_findings(table) == []
    assert len(shift_findings(table, limit=0.05)) == 1


@pytest.mark.parametrize(("new", "words"), [({"y": [1.0]}, "no such column"), ({"x": [np.nan]}, "no value of it")])
def test_a_column_that_cannot_be_compared_is_refused(new, words):
    with pytest.raises(DataContractError, match=words) as caught:
        cohort_shift(profile_of(pd.DataFrame({"x": [1.0, 2.0]})), pd.DataFrame(new))
    assert caught.value.code == "Z06"


COLUMNS = ["age", "albumin", "sex", "months", "event"]


def test_c25_by_id():
    """Case C25: three patients of the training stand in the test under their own ids."""
    frame = made.patients(60)
    train, test = frame.iloc[:40], frame.iloc[37:]
    (finding,) = patient_overlap(train[COLUMNS], test[COLUMNS])
    assert finding.code == "C25"
    assert "3 shared ids" in str(finding)
    assert finding.rows == ("P037", "P038", "P039")
    with pytest.raises(LeakageError, match="shared ids"):
        raise_findings([finding], LeakageError)


def test_c25_by_equal_rows_under_another_id():
    """Numbers as whole numbers, categories as text: the same patients all the same."""
    frame = made.patients(60)
    train, test = frame.iloc[:40], frame.iloc[38:].rename(index=lambda row: f"N{row}")
    test = test.assign(age=test["age"].astype(int), sex=test["sex"].astype(str))
    (finding,) = patient_overlap(train[COLUMNS], test[COLUMNS])
    assert "2 patients of the test have rows identical" in str(finding)
    assert finding.rows == ("NP038", "NP039")
    assert patient_overlap(train[COLUMNS], test[COLUMNS], identical_rows="warning")[0].severity == "warning"


def test_patients_apart_are_no_finding():
    frame = made.patients(60)
    assert patient_overlap(frame.iloc[:40][COLUMNS], frame.iloc[40:][COLUMNS]) == []
    assert patient_overlap(frame.iloc[:40][["age"]], frame.iloc[40:][["sex"]]) == []


def test_a_row_that_many_training_patients_share_shows_nothing():
    train = pd.DataFrame({"sex": ["F", "F", "M"]}, index=["a", "b", "c"])
    test = pd.DataFrame({"sex": ["F", "M"]}, index=["d", "e"])
    (finding,) = patient_overlap(train, test)
    assert finding.rows == ("e",)


def test_missing_values_agree_with_missing_values():
    train = pd.DataFrame({"x": [1.0, np.nan], "y": ["a", None]}, index=["a", "b"])
    (finding,) = patient_overlap(train, train.iloc[1:].set_axis(["c"]))
    assert finding.rows == ("c",)
