"""Readings compared: a table worked out by hand, the laws of "or" and "and", what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import DataContractError
from prognosis.metrics.roc import compare_paired, roc_auc
from prognosis.readings import compare_readings

# 20 with the finding: both yes 8, only A 2, only B 7, none 3. 10 without: both no 6, only A yes 1, only B yes 3.
TRUTH = np.repeat([1, 0], [20, 10])
A = np.repeat([1, 1, 0, 0, 0, 1, 0], [8, 2, 7, 3, 6, 1, 3])
B = np.repeat([1, 0, 1, 0, 0, 0, 1], [8, 2, 7, 3, 6, 1, 3])


@pytest.fixture(scope="module")
def found():
    return compare_readings(TRUTH, {"A": A, "B": B}, {"A": A + TRUTH / 2, "B": B + np.arange(30) / 100})


def share(found, reading, metric):
    line = found.table.set_index(["reading", "metric"]).loc[(reading, metric)]
    return line["count"], line["total"]


def test_shares_by_hand(found):
    assert [share(found, name, "sensitivity") for name in ("A", "B", "A or B", "A and B")] == [
        (10, 20), (15, 20), (17, 20), (8, 20),
    ]  # fmt: skip
    assert [share(found, name, "specificity") for name in ("A", "B", "A or B", "A and B")] == [
        (9, 10), (7, 10), (6, 10), (10, 10),
    ]  # fmt: skip
    assert share(found, "A or B", "ppv") == (17, 21)
    line = found.table.set_index(["reading", "metric"]).loc[("B", "sensitivity")]
    # by binom.test of R for 15 of 20
    assert (line["lower"], line["upper"]) == pytest.approx((0.508954128, 0.913428531), abs=1e-9)


def test_tests_by_hand(found):
    pairs = found.pairs.set_index(["metric", "first", "second"])
    single = pairs.loc[("sensitivity", "A", "B")]
    assert (single["only_first"], single["only_second"], single["difference"]) == (2, 7, -0.25)
    # the sum of 9 over 0, 1 and 2 is 46, of 512; both sides
    assert single["p"] == pytest.approx(92 / 512, rel=1e-12)
    # right by one only: 2 + 3 against 7 + 1, twice the sum of 13 over 0 to 5
    assert pairs.loc[("accuracy", "A", "B"), "p"] == pytest.approx(2 * 2380 / 8192, rel=1e-12)
    q = found.cochran["sensitivity"]
    assert (q.statistic, q.freedom) == (pytest.approx(25 / 9, rel=1e-12), 1)
    # read alike: 8 as yes and 3 + 6 as no
    expected = (11 * 18 + 19 * 12) / 900
    assert found.kappa["A", "B"].estimate[0] == pytest.approx((17 / 30 - expected) / (1 - expected), rel=1e-12)
    areas = [roc_auc(TRUTH, scores) for scores in (A + TRUTH / 2, B + np.arange(30) / 100)]
    assert found.areas.loc[0, "p"] == pytest.approx(compare_paired(*areas).p, rel=1e-12)


def test_what_is_so_by_construction_is_not_tested(found):
    pairs = found.pairs
    fixed = pairs[pairs["by_construction"]]
    assert set(fixed["second"]) == {"A or B", "A and B"}
    assert fixed["p"].isna().all()
    assert pairs.loc[~pairs["by_construction"], "p"].notna().all()
    assert set(fixed["metric"]) == {"sensitivity", "specificity"}
    assert [warning.code for warning in found.warnings] == ["A19", "A29", "A29"]
    assert "by construction" in found.warnings[0].rule
    gains = found.by_chance.set_index("reading")
    # A misses 10 of 20; B says yes in 7 of these, and in 3 of 10 without the finding
    assert tuple(gains.loc["A"]) == pytest.approx((7 / 20, 0.5 * 0.3, 1 / 10, 0.1 * 5 / 20))


def test_the_page(found):
    page = found.text()
    assert "A or B   sensitivity    17 of 20    85.0%   62.1% to  96.8%" in page
    assert "sensitivity  A - B: -25.0% (2 right by the first only, 7 by the second only), p = 0.180" in page
    assert "sensitivity  A - A or B: -35.0% (0 right by the first only, 7 by the second only), by construction" in page
    assert "or +35.0% (by chance +15.0%), and +10.0% (by chance +2.5%)" in page
    assert "[A19]" in page


def test_patients_of_one_kind_only():
    """Fifteen patients who all have the finding, as small series do: there is no specificity to speak of."""
    yes = np.ones(15, int)
    found = compare_readings(yes, {"CT": np.arange(15) < 9, "MRI": np.arange(15) < 12})
    specificity = found.table.query("metric == 'specificity'")
    assert specificity["estimate"].isna().all()
    assert "specificity" not in found.cochran
    assert "unknown" in found.text()
    assert "there is no specificity" in found.warnings[-1].rule


def test_three_readings_that_agree():
    same = np.array([1, 1, 0, 0])
    found = compare_readings(same, {"A": same, "B": same, "C": same})
    assert list(found.table["reading"].unique()) == ["A", "B", "C", "A or B or C", "A and B and C"]
    assert "the readings never differ" in found.text()
    assert len(found.kappa) == 3


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=1, max_size=25))
def test_or_and_and(rows):
    truth, a, b = np.array(rows).T
    found = compare_readings(truth, {"A": a, "B": b})
    right = found.table.set_index(["metric", "reading"])["count"]
    for name in ("A", "B"):
        assert right["sensitivity", "A or B"] >= right["sensitivity", name] >= right["sensitivity", "A and B"]
        assert right["specificity", "A or B"] <= right["specificity", name] <= right["specificity", "A and B"]
    assert "nan" not in found.text()


def test_the_order_of_patients_does_not_matter(found):
    turned = compare_readings(TRUTH[::-1], {"A": A[::-1], "B": B[::-1]})
    assert turned.table.equals(found.table)
    assert turned.pairs.equals(found.pairs)


@pytest.mark.parametrize(
    ("truth", "readings", "scores", "code", "words"),
    [
        ([1, 0], {"A": [1, 0]}, None, "V28", "a single reading"),
        ([1, 0], {"A": [1, 0], "B": [1]}, None, "V20", "reading B (1,)"),
        ([1, 0], {"A": [1, 2], "B": [1, 0]}, None, "V28", "reading A"),
        ([1, 0], {"A": [1, np.nan], "B": [1, 0]}, None, "V28", "leave out patients who were not read by all"),
        ([1, 0], {"A": ["yes", "no"], "B": [1, 0]}, None, "V28", "code no as 0"),
        ([], {"A": [], "B": []}, None, "V28", "0 patients"),
        ([1, 0], {"A": [1, 0], "B": [1, 0]}, {"A": [1, 2]}, "V28", "give a score for each of A, B"),
        ([1, 1], {"A": [1, 0], "B": [1, 0]}, {"A": [1, 2], "B": [1, 2]}, "M03", ""),
    ],
)
def test_what_cannot_be_compared_is_refused(truth, readings, scores, code, words):
    with pytest.raises(DataContractError) as refused:
        compare_readings(truth, readings, scores)
    assert refused.value.code == code
    assert words in str(refused.value)
