"""The audit of the radiograph paper says everything that can be said of its printed numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from prognosis.audit import audit_file

FILE = Path(__file__).resolve().parents[2] / "examples" / "radiograph_paper_audit" / "published.toml"
TWO, THREE = "Table 2, tumour against normal", "Table 3, malignant against benign"
# TP, FN, TN, FP of the ten rounds, worked out by hand beforehand.
ROUNDS = [
    (72, 0, 0, 32), (67, 5, 7, 25), (71, 1, 1, 31), (51, 21, 21, 11), (68, 4, 7, 25),
    (63, 9, 10, 22), (70, 2, 5, 27), (70, 2, 5, 27), (65, 7, 11, 21), (65, 7, 11, 21),
]  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return audit_file(FILE)


def said(found, severity, place):
    """Return what is said of a place, as one text."""
    return " | ".join(each.words for each in found.findings if (each.severity, each.place) == (severity, place))


def test_the_patients_of_every_round(found):
    lines = found.tables[1].lines()
    assert [tuple(line[field] for field in ("tp", "fn", "tn", "fp")) for line in lines] == ROUNDS
    assert [round(line["accuracy"] * 100, 1) for line in lines[:4]] == [69.2, 71.2, 69.2, 69.2]
    assert lines[0]["npv"] is None
    assert lines[3]["ppv"] == pytest.approx(51 / 62)
    assert lines[3]["balanced_accuracy"] == pytest.approx(0.682, abs=5e-4)


def test_the_labels(found):
    words = said(found, "mislabelled", THREE)
    assert "what is called PPV and NPV is sensitivity and specificity" in words
    assert "7 of 10 rows under these names, 0 of 10 rows under the printed ones" in words
    # one normal knee was called a tumour: then PPV is 52/53 and NPV 1, the reverse of what is printed
    assert "what is called PPV and NPV is sensitivity and specificity" in said(found, "mislabelled", TWO)
    first = found.tables[0].lines()[0]
    assert (first["ppv"], first["npv"]) == (52 / 53, 1.0)


def test_rows_that_no_patients_give(found):
    contradicted = {each.place for each in found.findings if each.code == "A11"}
    assert contradicted == {f"{THREE}, row {number}" for number in (3, 4, 10)}
    assert "NPV 3.13 % (TP 71, FN 1, TN 1, FP 31), printed 0.31: the decimal point has moved" in said(
        found, "contradiction", f"{THREE}, row 3"
    )
    assert "NPV 65.6 % (TP 51, FN 21, TN 21, FP 11), printed 65.5: a slip in the last digit" in said(
        found, "contradiction", f"{THREE}, row 4"
    )
    assert "accuracy 73.1 % (TP 65, FN 7, TN 11, FP 21), printed 71.2" in said(
        found, "contradiction", f"{THREE}, row 10"
    )
    assert "row 9: NPV 34.3 of 34.375" in said(found, "convention", THREE)


def test_the_summary(found):
    of_npv = said(found, "contradiction", f"{THREE}, summary of NPV")
    assert of_npv == (
        "24.1 ± 19.1 was computed with the 0.31 of the table; with 3.1 in row 3 it is 24.4 ± 18.7 (with n - 1; 17.7 "
        "with n)"
    )
    assert "71.2 ± 1.6 needs 73.1 in row 10" in said(found, "contradiction", f"{THREE}, summary of accuracy")
    assert found.tables[0].convention == ("n", False)
    assert found.tables[1].convention == ("n - 1", True)
    assert "the tables differ in the denominator" in said(found, "remark", "all tables")


def test_what_the_rounds_say_together(found):
    words = said(found, "remark", THREE)
    assert "TP 662, FN 58, TN 78, FP 242" in words
    for part in ("PPV 73.2 %", "NPV 57.4 %", "balanced accuracy 58.2 %", "71.2 % beside 69.2 %", "(base rate 69.2 %)"):
        assert part in words
    assert "mean AUC 0.618, 95 % interval 0.498 to 0.738" in words
    assert "accuracy gains 1.9 points (-1.2 to 5.0, p = 0.195) over calling everybody alike, which cannot be" in words


def test_intervals_that_ignore_the_class_split(found):
    words = said(found, "too narrow", THREE)
    assert "0.089 to 0.106, are below those of Hanley-McNeil for 72 and 32 patients, 0.098 to 0.119" in words
    assert "exact binomial of all 104 patients, which ignores the class split, gives 0.089 to 0.099" in words


def test_tests_and_shares(found):
    assert "printed 16.2; made again from the table it is F 26.8" in said(found, "contradiction", "age")
    site = said(found, "contradiction", "site (femur, tibia, fibula) of malignant and benign")
    assert "printed 5.971; made again from the table it is Pearson 4.59, p = 0.1 (likelihood ratio 4.64)" in site
    assert "chi-squared 5.971 with 2 degrees of freedom has p = 0.051" in site
    assert "chi-squared 1.533 with 2 degrees of freedom has p = 0.46" in said(found, "contradiction", "sex")
    assert "41/80 is 51.3 %, printed 50.6" in said(found, "contradiction", "sex of benign, the one")
    assert "39/80 is 48.8 %, printed 49.5" in said(found, "contradiction", "sex of benign, the other")
    screened = said(found, "remark", "tumour against normal, all rounds")
    assert screened == "519 of 520 are 99.81 %, exact 95 % limits 98.9 to 99.995"
    assert "mean 26.0 of malignant and benign (260) and 36.1 of normal (260)" in said(found, "remark", "age")
    # parts that add up are not spoken of
    assert not [each for each in found.findings if each.code == "A28"]
    assert found.wrong


def test_the_page_holds_every_finding(found):
    page = " ".join(found.text().split())
    assert all(str(each) in page for each in found.findings)
    assert max(len(line) for line in found.text().splitlines()) <= 110
    assert "12 contradictions, 2 mislabelled, 1 too narrow, 2 conventions to be named" in page
    assert "10 65 7 11 21 73.1 90.3 34.4 75.6 61.1 62.3" in page
