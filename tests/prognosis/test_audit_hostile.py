"""Tables that try an audit: other units, empty cells, unknown and varying numbers of patients, slips of every kind."""

from __future__ import annotations

import pytest

from cohorts.errors import DataContractError
from prognosis.audit import Confusion, audit, publication_from_dict

SIZES = {"positives": 72, "negatives": 32}
GOOD = {"sensitivity": "93.1", "specificity": "21.9", "accuracy": "71.2"}
BETTER = {"sensitivity": "87.5", "specificity": "31.3", "accuracy": "70.2"}


def found_in(*rows, unit="percent", **table):
    named = [{"name": str(number)} | row for number, row in enumerate(rows, 1)]
    declared = {"name": "T", "unit": unit, "rows": named} | table
    return audit(publication_from_dict({"title": "made", "performance": [declared]}))


def faults(found):
    return [(each.code, each.severity) for each in found.faults]


def words(found):
    return " | ".join(each.words for each in found.faults)


def test_fractions_missing_cells_and_decimals():
    assert faults(found_in({"sensitivity": ".93", "specificity": ".22"}, unit="fraction", **SIZES)) == []
    assert faults(found_in(GOOD, {"auc": ".7"}, {"accuracy": "75.0"}, **SIZES)) == []
    assert faults(found_in({"sensitivity": "93.06", "specificity": "21.88", "accuracy": "71.15"}, **SIZES)) == []
    found = found_in({"sensitivity": "93.06", "specificity": "21.88", "accuracy": "71.17"}, **SIZES)
    assert faults(found) == [("A11", "contradiction")]
    assert "accuracy 71.15 % (TP 67, FN 5, TN 7, FP 25), printed 71.17" in words(found)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"accuracy": "0.712"}, "accuracy 71.154 % (TP 67, FN 5, TN 7, FP 25), printed 0.712: the decimal point"),
        ({"accuracy": "72.1"}, "printed 72.1: two digits are exchanged"),
        ({"specificity": "22.0"}, "specificity 21.9 % (TP 67, FN 5, TN 7, FP 25), printed 22.0: a slip in the last"),
        ({"sensitivity": "21.9", "specificity": "93.1"}, "sensitivity and specificity are exchanged in this row"),
        ({"accuracy": "99.0", "sensitivity": "50.1"}, "is it no mean over rounds?"),
    ],
)  # fmt: skip
def test_slips(cell, said):
    found = found_in(GOOD | cell, BETTER, {"sensitivity": "97.2", "specificity": "15.6", "accuracy": "72.1"}, **SIZES)
    assert faults(found) == [("A11", "contradiction")]
    assert said in words(found)


def test_unknown_numbers_of_patients():
    assert faults(found_in(GOOD)) == [("A20", "cannot be checked")]
    assert "the numbers of patients are not known" in words(found_in(GOOD))
    for wrong, said in (
        ({"accuracy": "95.0"}, "the accuracy is a mean of sensitivity 93.1 and specificity 21.9, yet 95.0"),
        ({"balanced_accuracy": "60.0"}, "balanced accuracy follows from sensitivity 93.1 and specificity 21.9"),
        ({"ppv": "72.0", "f1": "50.0"}, "F1 follows from PPV 72.0 and sensitivity 93.1, yet 50.0"),
        ({"positive_likelihood_ratio": "2.0"}, "positive likelihood ratio follows from"),
    ):
        found = found_in(GOOD | wrong)
        assert faults(found) == [("A11", "contradiction"), ("A20", "cannot be checked")]
        assert said in words(found)
    right = {"balanced_accuracy": "57.5", "youden": "15.0", "positive_likelihood_ratio": "1.19", "npv": "58.3"}
    assert faults(found_in(GOOD | right)) == [("A20", "cannot be checked")]


def test_only_the_sum_of_patients_is_known():
    found = found_in(GOOD, patients=104)
    assert found.tables[0].patients["1"] == Confusion(67, 5, 7, 25)
    assert faults(found) == []
    assert faults(found_in(GOOD | {"accuracy": "91.2"}, patients=104)) == [("A11", "contradiction")]
    assert "5000 patients are too many to search without positives" in words(found_in(GOOD, patients=5000))


def test_numbers_that_vary_by_row():
    one = {"positives": 10, "negatives": 12, "sensitivity": "90.0", "specificity": "91.7"}
    other = {"positives": 11, "negatives": 11, "sensitivity": "90.9", "specificity": "81.8"}
    assert faults(found_in(one, other)) == []
    found = found_in(one | {"positives": 11, "negatives": 11}, other)
    assert faults(found) == [("A11", "contradiction")]
    assert "they would fit 10 with and 12 without the outcome" in words(found)


def test_positives_and_negatives_exchanged():
    found = found_in(GOOD, BETTER, positives=32, negatives=72)
    assert faults(found) == [("A10", "mislabelled")]
    assert "or the patients with and without the outcome are exchanged" in words(found)


def test_no_label_is_changed_for_one_row_of_many_patients():
    """With a thousand patients some exchange fits nearly every row; a slip stays a slip."""
    row = {"positives": 600, "negatives": 600, "ppv": "90.0", "npv": "60.0"}
    assert faults(found_in(row)) == []
    odd = {"positives": 997, "negatives": 3, "sensitivity": "93.1", "specificity": "21.9", "accuracy": "92.9"}
    assert [code for code, _ in faults(found_in(odd))] == ["A11"]


def test_one_kind_of_patients_only():
    assert faults(found_in({"sensitivity": "86.7"}, positives=15, negatives=0)) == []
    found = found_in({"sensitivity": "86.0"}, positives=15, negatives=0)
    assert "the nearest is 86.7 % (TP 13, FN 2, TN 0, FP 0)" in words(found)
    assert faults(found_in({"specificity": "50.0"}, positives=0, negatives=32)) == []


def test_means_over_rounds_have_no_whole_patients():
    mean = {"sensitivity": "93.17", "specificity": "21.93", "accuracy": "71.21"}
    assert faults(found_in(mean, **SIZES)) == [("A11", "contradiction")]
    assert faults(found_in(mean, averaged=True, **SIZES)) == [("A20", "cannot be checked")]


def test_summaries_of_all_kinds():
    rows = [{"positives": 50, "negatives": 50, "sensitivity": value} for value in (20, 40, 60, 80, 90)]
    assert faults(found_in(*rows, summary={"sensitivity": ["58.0", "28.6"]})) == []
    error = found_in(*rows, summary={"sensitivity": ["58.0", "12.8"]})
    assert faults(error) == [("A13", "contradiction")]
    assert "standard error of the mean" in words(error)
    assert "58.0 ± 28.6 (with n - 1; 25.6 with n)" in words(found_in(*rows, summary={"sensitivity": ["58.0", "9.9"]}))
    assert faults(found_in(*rows, summary={"sensitivity": ["61.0"], "npv": ["1", "2"]})) == [
        ("A13", "contradiction"), ("A20", "cannot be checked"),
    ]  # fmt: skip
    aucs = [{"auc": f"0.9{digit}"} for digit in range(5)]
    assert faults(found_in(*aucs, summary={"auc": ["0.92", "0.02"]}, **SIZES)) == []


def test_an_auc_of_the_calls_themselves_may_be_surer():
    """Sensitivity 1: DeLong's error of the calls is less than that of any scores without ties."""
    row = {"sensitivity": "100.0", "specificity": "26.0", "auc": "0.630"}
    sizes = {"positives": 50, "negatives": 50}
    narrow = {"auc_interval": ["0.569", "0.691"]}
    assert faults(found_in(row | narrow, **sizes)) == []
    assert faults(found_in({"auc": "0.630"} | narrow, **sizes)) == [("A16", "too narrow")]


@pytest.mark.parametrize(
    ("row", "said"),
    [({"auc": "1.2"}, "an AUC lies between 0 and 1"), ({"accuracy": float("nan")}, "no printed number"),
     ({"accuracy": ""}, "no printed number"), ({"positives": True}, "positives"), ({"name": "1\x1b[2J"}, "control"),
     ({"kappa": "0.3"}, "unknown key performance 'T' rows '1' kappa"), ({"patients": 3, "tp": -1}, "tp")],
)  # fmt: skip
def test_what_no_paper_prints_is_refused_once(row, said):
    with pytest.raises(DataContractError) as refused:
        found_in(row)
    assert [finding.code for finding in refused.value.findings] == ["A02"]
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)
