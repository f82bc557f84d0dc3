"""The parts of an audit one by one: values worked out by hand, R's values, the law of a correct table."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import DataContractError
from prognosis.audit import (
    Confusion,
    anova_from_summary,
    auc_ci_method,
    audit,
    chi2,
    confusion_from_rates,
    group_summary,
    over_rounds,
    publication_from_dict,
    sd_convention,
    share_limits,
)
from prognosis.audit.auc_intervals import Setting, delong_errors, hanley_mcneil_error
from prognosis.audit.groups import fisher_p, p_of
from prognosis.audit.printed import read_printed, rounded_text
from prognosis.metrics.roc import roc_auc
from tests.prognosis.published_tables import RATES, confusions, printed, tables


def checked(**tables):
    return audit(publication_from_dict({"title": "made", **tables}))


def codes(found):
    return [each.code for each in found.faults]


# Printed numbers.


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("69.20", "69.2", "0.01"), (".63", "0.63", "0.01"), ("93,1", "93.1", "0.1"), ("−1.5", "-1.5", "0.1"),
     ("0·79", "0.79", "0.01"), ("12 %", "12", "1"), (7, "7", "1"), ("100.", "100", "1")],
)  # fmt: skip
def test_a_number_keeps_its_digits(text, value, unit):
    read = read_printed(text)
    assert (read.value, read.unit) == (Fraction(value), Fraction(unit))


@pytest.mark.parametrize("text", ["", "n/a", "1,365", "1e5", "nan", "6.9.2", "<0.1", True, "1.123456789"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(DataContractError) as refused:
        read_printed(text)
    assert refused.value.code == "A04"


def test_digits_say_between_which_values_a_number_lay():
    read = read_printed("34.3")
    assert read.rounded == (Fraction("34.25"), Fraction("34.35"))
    assert Fraction("34.375") <= read.rounded_or_cut[1] < Fraction("34.4")
    assert read_printed("-0.5").rounded_or_cut == (Fraction("-0.5999"), Fraction("-0.45"))
    assert [rounded_text(x, 1) for x in (Fraction("51.25"), Fraction("-0.04"), Fraction("-1.25"))] == [
        "51.3", "0.0", "-1.3",
    ]  # fmt: skip


# Patients behind rates.


def test_the_patients_behind_rates_by_hand():
    found = confusion_from_rates(72, 32, {"ppv": "93.1", "npv": "21.9", "accuracy": "71.2"})
    assert not found[0].fits
    assert found[0].as_printed
    fitting = [each for each in found if each.fits]
    assert [dict(each.meaning) for each in fitting] == [
        {"ppv": "sensitivity", "npv": "specificity", "accuracy": "accuracy"}
    ]
    assert fitting[0].solutions.only == Confusion(67, 5, 7, 25)
    assert str(fitting[0].solutions.only) == "TP 67, FN 5, TN 7, FP 25"


def test_all_solutions_and_what_the_text_adds():
    """Accuracy alone: 3 of 4 right with two of each kind, in two ways."""
    found = confusion_from_rates(2, 2, {"accuracy": "75"})[0]
    assert list(found.solutions) == [Confusion(1, 1, 2, 0), Confusion(2, 0, 1, 1)]
    assert confusion_from_rates(2, 2, {"accuracy": "75"}, fp=1)[0].solutions.only == Confusion(2, 0, 1, 1)
    assert not confusion_from_rates(2, 2, {"accuracy": "75"}, tp=0)[0].fits


@settings(max_examples=40, deadline=None)
@given(confusions(9), st.lists(st.sampled_from(RATES), min_size=1, max_size=3, unique=True), st.sampled_from([0, 1]))
def test_nothing_is_missed_and_nothing_let_through(patients, names, decimals):
    """The search against every table of four fields in turn."""
    rates = {name: rate for name in names if (rate := patients.rate(name)) is not None}
    digits = {name: printed(rate * 100, decimals) for name, rate in rates.items()}
    p, n = patients.tp + patients.fn, patients.tn + patients.fp
    found = set(confusion_from_rates(p, n, digits)[0].solutions)
    slow = set()
    for tp, tn in product(range(p + 1), range(n + 1)):
        other = Confusion(tp, p - tp, tn, n - tn)
        shares = {name: other.rate(name) for name in rates}
        half = Fraction(1, 2 * 10**decimals)
        if all(
            float(digits[name]) in (0, 100) if share is None else abs(share * 100 - Fraction(digits[name])) <= half
            for name, share in shares.items()
        ):
            slow.add(other)
    assert found == slow
    assert patients in found


def test_likelihood_ratios():
    found = confusion_from_rates(
        50, 50, {"positive_likelihood_ratio": "4.00", "negative_likelihood_ratio": "0.25"}, unit="percent"
    )
    assert found[0].solutions.only == Confusion(40, 10, 40, 10)


@pytest.mark.parametrize(
    ("code", "rates", "unit"),
    [("A05", {"sensitivity": "101"}, "percent"), ("A05", {"sensitivity": "93.1"}, "fraction"),
     ("A05", {"sens": "93.1"}, "percent"), ("A05", {"ppv": "1"}, "per mille"), ("A04", {"ppv": "high"}, "percent")],
)  # fmt: skip
def test_impossible_rates_are_refused(code, rates, unit):
    with pytest.raises(DataContractError) as refused:
        confusion_from_rates(10, 10, rates, unit=unit)
    assert refused.value.code == code


# The law: a table that was made of patients has no fault.


@settings(max_examples=20, deadline=None)
@given(tables())
def test_nothing_is_said_against_a_correct_table(table):
    found = checked(performance=[table])
    assert found.faults == ()
    assert not found.wrong


def test_a_correct_table_says_so():
    row = {"name": "1", "sensitivity": "90.3", "specificity": "34.4", "accuracy": "73.1"}
    found = checked(performance=[{"name": "T", "unit": "percent", "positives": 72, "negatives": 32, "rows": [row]}])
    assert "No fault found" in found.text()
    assert found.tables[0].patients["1"] == Confusion(65, 7, 11, 21)


# Standard deviations.


def test_which_denominator_a_standard_deviation_has():
    """1, 2, 3, 4: variance 5/4 with n and 5/3 with n - 1."""
    rows = ["1.00", "2.00", "3.00", "4.00"]
    assert sd_convention(rows, "1.12", "2.5").convention == "n"
    assert sd_convention(rows, "1.29", "2.5").convention == "n - 1"
    assert sd_convention(rows, "1.2").convention is None
    assert not sd_convention(rows, "1.20").fits
    assert not sd_convention(rows, "1.29", "2.6").fits
    with pytest.raises(DataContractError) as refused:
        sd_convention(["1"], "0")
    assert refused.value.code == "A08"


def test_standard_deviations_of_the_population_are_named():
    rows = [{"name": str(k), "positives": 50, "negatives": 50, "sensitivity": k} for k in (20, 40, 60, 80)]
    found = checked(
        performance=[{"name": "T", "unit": "percent", "rows": rows, "summary": {"sensitivity": [50, 22.4]}}]
    )
    assert [(each.code, each.severity) for each in found.faults] == [("A14", "convention")]
    assert not found.wrong


# Intervals of an AUC.


def test_hanley_and_mcneil_by_hand():
    """A = 0.8: Q1 = 2/3, Q2 = 1.28/1.8; two against two give the variance (.16 + .0267 + .0711) / 4."""
    assert hanley_mcneil_error(0.8, Setting(2, 2)) ** 2 == pytest.approx((0.16 + 2 / 75 + 0.32 / 4.5) / 4, rel=1e-12)


def test_who_made_an_interval():
    """63 of 100 by R's binom.test: 0.52764836 to 0.72443342."""
    exact = auc_ci_method("0.63", "0.528", "0.724", 70, 30)
    assert exact.fitting == ("exact binomial of all patients",)
    assert exact.methods[0].lower == pytest.approx(0.52764836, abs=1e-8)
    assert exact.methods[0].implied == pytest.approx((0.63, 0.63), abs=1e-3)
    proper = auc_ci_method("0.800", "0.713", "0.887", 50, 50)
    assert proper.fitting == ("Hanley-McNeil",)
    assert auc_ci_method("63.0", "52.8", "72.4", 70, 30).fitting == exact.fitting


@pytest.mark.parametrize(
    ("values", "code"),
    [((".7", ".8", ".6", 5, 5), "A05"), ((".7", ".6", ".8", 0, 5), "A03"), (("-.7", ".6", ".8", 5, 5), "A05")],
)
def test_impossible_intervals_are_refused(values, code):
    with pytest.raises(DataContractError) as refused:
        auc_ci_method(*values)
    assert refused.value.code == code


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.floats(-2, 2), st.floats(0.1, 5), st.integers(0, 10**6))
def test_no_scores_leave_the_bounds_of_delongs_error(p, n, shift, spread, seed):
    draw = np.random.default_rng(seed)
    score = np.concatenate([draw.normal(shift, spread, p), draw.normal(size=n)])
    area = roc_auc(np.repeat([1, 0], [p, n]), score)
    least, most = delong_errors(float(area.estimate[0]), Setting(p, n))
    largest = np.sqrt(max(p / (p - 1), n / (n - 1)))
    assert least - 1e-9 <= float(area.std_err[0]) <= most * largest + 1e-9


def test_an_auc_at_the_edge_of_its_interval():
    row = {"name": "training", "auc": "0.789", "auc_interval": ["0.789", "0.808"], "positives": 45, "negatives": 615}
    found = checked(performance=[{"name": "T", "unit": "percent", "rows": [row]}])
    assert codes(found) == ["A17", "A16"]
    assert "lies at the edge of it" in found.faults[0].words
    assert "Hanley-McNeil: 0.709 to 0.869" in found.faults[1].words
    outside = row | {"auc": "0.92", "auc_interval": ["0.80", "0.90"], "positives": 90, "negatives": 90}
    assert codes(checked(performance=[{"name": "T", "unit": "percent", "rows": [outside]}])) == ["A17"]


def test_intervals_of_a_share_of_all_patients():
    """Ten AUCs with the exact binomial limits of 104 patients, 72 against 32."""
    rows = []
    for hits in range(56, 76, 2):
        limits = share_limits(hits, 104)["exact (Clopper-Pearson)"]
        rows.append({"name": str(hits), "auc": f"{hits / 104:.3f}", "auc_interval": [f"{x:.3f}" for x in limits]})
    table = {"name": "T", "unit": "percent", "positives": 72, "negatives": 32, "rows": rows}
    found = checked(performance=[table])
    whole = [each for each in found.faults if each.place == "T"]
    assert [(each.code, each.severity) for each in whole] == [("A16", "too narrow")]
    assert "exact binomial of all patients (10 of 10)" in whole[0].words
    # one row agrees by chance with several methods: it is not accused
    assert not [each for each in checked(performance=[table | {"rows": rows[:2]}]).faults if each.place == "T"]


def test_an_auc_that_its_own_calls_exclude():
    row = {"name": "1", "sensitivity": 90, "specificity": 90, "auc": "0.70"}
    found = checked(performance=[{"name": "T", "unit": "percent", "positives": 50, "negatives": 50, "rows": [row]}])
    assert codes(found) == ["A18"]
    assert "between 0.810 and 0.990" in found.faults[0].words


# Rounds that overlap.


def test_rounds_that_overlap():
    """Nadeau and Bengio: variance 1/30 of the values 0.5, 0.7, 0.9 times 1/3 + 1/2, t with 2 degrees of freedom."""
    found = over_rounds([0.5, 0.7, 0.9], tested=50, trained=100)
    assert found.mean == pytest.approx(0.7)
    assert found.std_err**2 == pytest.approx(0.04 * (1 / 3 + 1 / 2), rel=1e-12)
    assert found.upper - found.mean == pytest.approx(4.302652729911275 * found.std_err, rel=1e-9)
    with pytest.raises(DataContractError):
        over_rounds([0.5], 50, 100)


# Tests made again. R: chisq.test, fisher.test, oneway.test, t.test on data with these moments.


def test_chi_squared():
    pearson, ratio, yates = chi2([[10, 20], [30, 25]])
    assert (pearson.value, pearson.freedom) == (pytest.approx(3.505892256, abs=1e-9), (1.0,))
    assert yates.value == pytest.approx(2.706155303, abs=1e-9)
    assert ratio.value == pytest.approx(3.558866865, abs=1e-9)
    assert p_of("chi-squared", 1.533, [2]) == pytest.approx(np.exp(-1.533 / 2), rel=1e-12)
    assert fisher_p([[3, 1], [1, 3]]) == pytest.approx(34 / 70, rel=1e-12)
    assert fisher_p([[6, 10], [11, 35]]) == pytest.approx(0.3381747, abs=1e-7)
    assert fisher_p([[3, 1, 1], [1, 3, 1]]) is None
    # a category without patients says nothing
    assert chi2([[10, 20, 0], [30, 25, 0]])[0].value == pearson.value
    for counts in ([[1, 2]], [[1, 2], [3]], [[0, 0], [1, 2]], [[-1, 2], [3, 4]]):
        with pytest.raises(DataContractError):
            chi2(counts)


def test_anova_by_hand():
    """Means 0, 1, 2 of ten each with sd 1: F = 10 / 1; the digits allow a range around it."""
    whole = anova_from_summary([group_summary(10, mean, "1.0000") for mean in ("0.0000", "1.0000", "2.0000")])[0]
    assert (whole.freedom, whole.value) == ((2.0, 27.0), pytest.approx(10, rel=1e-3))
    coarse = anova_from_summary([group_summary(10, mean, "1.0") for mean in ("0.0", "1.0", "2.0")])[0]
    assert coarse.least < whole.least < 10 < whole.most < coarse.most
    assert coarse.least == pytest.approx(10 * 0.95**2 / 1.05**2, rel=1e-6)
    assert coarse.most == pytest.approx((10 * (2 * 1.05**2 + 0.05**2 - 0.05**2 / 3) / 2) / 0.95**2, rel=0.02)
    f, t, welch = anova_from_summary([group_summary(10, "0.000", "1.000"), group_summary(20, "1.000", "2.000")])
    assert t.value**2 == pytest.approx(f.value, rel=2e-2)
    assert welch.value == pytest.approx(1 / np.sqrt(1 / 10 + 4 / 20), rel=2e-3)
    with pytest.raises(DataContractError):
        group_summary(1, "3", "1")
    with pytest.raises(DataContractError):
        anova_from_summary([group_summary(9, "3", "0.00001")] * 1)


def test_printed_tests():
    counts = {"name": "c", "counts": [[10, 20], [30, 25]]}
    for statistic, p in ((3.506, 0.061), (2.706, 0.100), (3.51, "<0.1"), (2.7, "0.1")):
        assert codes(checked(counts=[counts | {"statistic": statistic, "p": p}])) == []
    assert codes(checked(counts=[counts | {"statistic": 4.1, "p": 0.043}])) == ["A23", "A24"]
    assert codes(checked(counts=[counts | {"p": "<0.05"}])) == ["A24"]
    groups = [{"name": "a", "n": 10, "mean": 0.0, "sd": 1.0}, {"name": "b", "n": 20, "mean": "1.0", "sd": "2.0"}]
    means = {"name": "m", "groups": groups}
    assert codes(checked(means=[means | {"statistic": "1.83"}])) == []
    assert codes(checked(means=[means | {"statistic": "2.9", "p": 0.007}])) == ["A23", "A24"]
    assert codes(checked(means=[means | {"statistic": "2.9", "p": 0.03}])) == ["A23", "A24", "A25"]
    told = {"name": "t", "kind": "t", "statistic": "-2.10", "df": [18], "p": "0.05"}
    assert codes(checked(tests=[told])) == []
    assert codes(checked(tests=[told | {"p": "0.03"}])) == ["A25"]
    assert codes(checked(tests=[told | {"df": []}])) == ["A20"]
    assert codes(checked(tests=[{"name": "z", "kind": "z", "statistic": "1.96", "p": 0.05}])) == []
    assert codes(checked(tests=[{"name": "z", "kind": "z", "statistic": "4.5", "p": "0.000"}])) == ["A26"]


# Shares and sums.


def test_shares_and_sums():
    share = {"name": "s", "count": 69, "of": 1365}
    assert codes(checked(shares=[share | {"printed": "5.1"}])) == []
    wrong = checked(shares=[share | {"printed": "6.8"}])
    assert codes(wrong) == ["A27"]
    assert "69/1365 is 5.1 %, printed 6.8; 6.8 of 1365 would be 93" in wrong.faults[0].words
    assert codes(checked(shares=[share | {"printed": "5.0"}])) == ["A12"]
    total = checked(sums=[{"name": "split", "parts": [644, 280], "total": 944}])
    assert [each.words for each in total.faults] == ["644 + 280 = 924, not 944: 20 are missing"]
    assert codes(checked(sums=[{"name": "split", "parts": [644, 300], "total": 944}])) == []


def test_limits_of_shares():
    """R: binom.test(12, 16), prop.test without correction (Wilson)."""
    limits = share_limits(12, 16)
    assert limits["exact (Clopper-Pearson)"] == pytest.approx((0.47622918, 0.92733796), abs=1e-8)
    assert limits["Wilson"] == pytest.approx((0.50501683, 0.89817933), abs=1e-8)
    share = {"name": "s", "count": 12, "of": 16, "printed": 75}
    for interval in (["47.6", "92.7"], ["50.5", "89.8"], ["53.8", "96.2"]):
        assert codes(checked(shares=[share | {"interval": interval}])) == []
    assert [each.severity for each in checked(shares=[share | {"interval": ["70.0", "80.0"]}]).faults] == ["too narrow"]
