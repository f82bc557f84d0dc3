"""Associations of mixed columns: closed forms by hand, scipy and R, which measure a pair gets, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cohorts import Codebook, Cohort
from cohorts.errors import DataContractError, PrognosisWarning
from prognosis.association import associations
from prognosis.association.measures import (
    correlation_ratio,
    cramers_v,
    phi,
    point_biserial,
    spearman,
    theils_u,
)
from tests.prognosis.test_live_r import close, r

__all__ = ["r"]
KINDS = {
    "pid": {"kind": "id"},
    "age": {"kind": "numeric", "label": {"en": "Age at diagnosis"}},
    "ldh": {"kind": "numeric"},
    "stage": {"kind": "ordinal", "levels": ["I", "II", "III"]},
    "sex": {"kind": "binary", "levels": ["F", "M"]},
    "del17p": {"kind": "binary"},
    "isotype": {"kind": "nominal", "levels": ["IgG", "IgA", "light"]},
    "site": {"kind": "nominal", "levels": ["north", "south", "west"]},
    "months": {"kind": "time", "unit": "months", "timing": "post-baseline"},
}
COLUMNS = ["age", "ldh", "stage", "sex", "del17p", "isotype", "site"]


def rows(n=300, seed=3):
    draw = np.random.default_rng(seed)
    age = draw.normal(65, 9, n).round()
    stage = np.digitize(age + draw.normal(0, 12, n), [60, 72])
    isotype = np.where(draw.random(n) < 0.3, stage, draw.integers(0, 3, n))
    pick = lambda levels, codes: pd.Categorical(np.array(levels)[codes], categories=levels)  # noqa: E731
    frame = pd.DataFrame(
        {
            "age": age,
            "ldh": np.exp(draw.normal(5, 0.4, n) + 0.1 * isotype),
            "stage": pick(["I", "II", "III"], stage),
            "sex": pick(["F", "M"], draw.integers(0, 2, n)),
            "del17p": (draw.random(n) < 0.15 + 0.1 * (stage == 2)).astype(float),
            "isotype": pick(["IgG", "IgA", "light"], isotype),
            "site": pick(["north", "south", "west"], draw.integers(0, 3, n)),
            "months": draw.exponential(20, n),
        },
        index=pd.Index([f"p{i}" for i in range(n)], name="pid"),
    )
    return frame.assign(
        del17p=frame["del17p"].where(draw.random(n) > 0.2), ldh=frame["ldh"].where(draw.random(n) > 0.1)
    )


def cohort(frame=None):
    return Cohort.from_frame(rows() if frame is None else frame, "pid", Codebook.from_dict({"variables": KINDS}))


@pytest.fixture(scope="module")
def found():
    return associations(cohort(), COLUMNS)


def test_phi_cramers_v_and_theils_u_by_hand():
    """40, 10 / 20, 30: phi = (40 x 30 - 10 x 20) / sqrt(50 x 50 x 60 x 40) = 0.40825, chi-squared 16.667."""
    x = np.repeat([1, 1, 0, 0], [40, 10, 20, 30])
    y = np.repeat([1, 0, 1, 0], [40, 10, 20, 30])
    expected = 1000 / np.sqrt(50 * 50 * 60 * 40)
    assert phi(x.astype(float), y.astype(float)).value == pytest.approx(expected)
    assert phi(1.0 - x, y.astype(float)).value == pytest.approx(-expected)
    assert cramers_v(x, y, corrected=False).value == pytest.approx(expected)
    # Bergsma: phi^2 - 1/99 over 2 - 1/99 - 1
    assert cramers_v(x, y).value == pytest.approx(np.sqrt((expected**2 - 1 / 99) / (1 - 1 / 99)))
    given = lambda *share: -sum(s * np.log(s) for s in share)  # noqa: E731
    conditional = 0.6 * given(40 / 60, 20 / 60) + 0.4 * given(10 / 40, 30 / 40)
    assert theils_u(x, y).value == pytest.approx(1 - conditional / np.log(2))
    other = 0.5 * given(0.8, 0.2) + 0.5 * given(0.4, 0.6)
    assert theils_u(y, x).value == pytest.approx(1 - other / given(0.6, 0.4))


def test_a_correlation_ratio_by_hand():
    """Groups 1, 3 and 5, 7: 16 of 20 lie between; F = 16 / (4 / 2) = 8 on 1 and 2 degrees of freedom."""
    eta = correlation_ratio(np.array([0, 0, 4, 4]), np.array([1.0, 3.0, 5.0, 7.0]))
    assert eta.value == pytest.approx(np.sqrt(0.8))
    assert eta.p == pytest.approx(stats.f.sf(8, 1, 2))


def test_ranks_with_ties_by_hand():
    """Ranks 1, 2.5, 2.5, 4 against 1, 2, 4, 3: products 3, squares 4.5 and 5."""
    rho = spearman(np.array([1.0, 2.0, 2.0, 9.0]), np.array([10.0, 20.0, 40.0, 30.0]))
    assert rho.value == pytest.approx(3 / np.sqrt(4.5 * 5))


def test_against_scipy():
    frame = rows().dropna()
    x, y = frame["age"].to_numpy(), frame["ldh"].to_numpy()
    theirs = stats.spearmanr(x, y)
    ours = spearman(x, y)
    assert (ours.value, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)
    binary = frame["del17p"].to_numpy()
    theirs, ours = stats.pearsonr(binary, y), point_biserial(binary, y)
    assert (ours.value, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)
    assert (ours.lower, ours.upper) == pytest.approx(tuple(theirs.confidence_interval()), rel=1e-10)
    assert ours.p == pytest.approx(stats.ttest_ind(y[binary == 1], y[binary == 0]).pvalue)
    one, other = (frame[name].cat.codes.to_numpy() for name in ("isotype", "stage"))
    table = stats.contingency.crosstab(one, other).count
    theirs = stats.chi2_contingency(table, correction=False)
    ours = cramers_v(one, other, corrected=False)
    assert ours.value == pytest.approx(stats.contingency.association(table, method="cramer"))
    assert ours.p == pytest.approx(theirs.pvalue)
    eta = correlation_ratio(one, y)
    assert eta.p == pytest.approx(stats.f_oneway(*(y[one == level] for level in range(3))).pvalue)


def test_r_gives_the_same(r):
    frame = rows().dropna()
    theirs = r(
        """
        s <- suppressWarnings(cor.test(d$age, d$ldh, method = "spearman", exact = FALSE))
        b <- cor.test(d$del17p, d$ldh)
        k <- suppressWarnings(chisq.test(d$isotype, d$stage, correct = FALSE)); a <- anova(lm(ldh ~ isotype, d))
        give(list(spearman = c(s$estimate, s$p.value), biserial = c(b$estimate, b$conf.int, b$p.value),
          cramer = c(sqrt(k$statistic / nrow(d) / 2), k$p.value), eta = c(sqrt(a[1, 2] / sum(a[, 2])), a[1, 5]),
          phi = c(cor(d$del17p, d$sex == "M"), chisq.test(d$del17p, d$sex, correct = FALSE)$p.value)))
        """,
        d=frame,
    )
    lines = associations(cohort(frame), COLUMNS, bias_corrected=False).table.set_index(["first", "second", "measure"])
    close(lines.loc[("age", "ldh", "spearman"), ["value", "p"]].astype(float), theirs["spearman"])
    biserial = lines.loc[("ldh", "del17p", "point_biserial"), ["value", "lower", "upper", "p"]].astype(float)
    close(biserial, theirs["biserial"])
    plain = associations(cohort(frame), ["isotype", "stage"], bias_corrected=False).table.iloc[0]
    close([plain["value"], plain["p"]], theirs["cramer"])
    close(lines.loc[("ldh", "isotype", "correlation_ratio"), ["value", "p"]].astype(float), theirs["eta"])
    close(lines.loc[("sex", "del17p", "phi"), ["value", "p"]].astype(float), theirs["phi"])


def test_each_pair_gets_the_measure_of_its_kinds(found):
    measures = found.measures
    expected = {
        ("age", "ldh"): "spearman",
        ("age", "stage"): "spearman",
        ("age", "sex"): "point_biserial",
        ("age", "isotype"): "correlation_ratio",
        ("stage", "sex"): "spearman",
        ("stage", "isotype"): "cramers_v",
        ("sex", "del17p"): "phi",
        ("sex", "site"): "cramers_v",
        ("isotype", "site"): "cramers_v",
    }
    assert {pair: measures.loc[pair] for pair in expected} == expected
    assert found.kinds == ("numeric", "numeric", "ordinal", "binary", "binary", "nominal", "nominal")
    assert found.labels[0] == "Age at diagnosis"
    matrix = found.matrix
    pd.testing.assert_frame_equal(matrix, matrix.T)
    assert (np.diag(matrix) == 1).all()
    assert matrix.loc["age", "stage"] > 0.3
    assert repr(found) == "Associations(7 columns, 300 patients)"


def test_theils_u_goes_both_ways_and_its_matrix_is_not_symmetric(found):
    both = found.theils_u()
    assert both.loc["del17p", "stage"] != pytest.approx(both.loc["stage", "del17p"], rel=0.05)
    asked = associations(cohort(), ["stage", "del17p", "isotype"], measure="theils_u").matrix
    assert asked.loc["stage", "del17p"] == both.loc["stage", "del17p"]
    assert asked.loc["del17p", "stage"] == both.loc["del17p", "stage"]


def test_missing_values_are_left_out_pair_by_pair_and_counted(found):
    frame = rows()
    line = found.table[(found.table["first"] == "ldh") & (found.table["second"] == "del17p")].iloc[0]
    complete = frame[["ldh", "del17p"]].dropna()
    assert (line["n"], line["missing"]) == (len(complete), 300 - len(complete))
    theirs = stats.pearsonr(complete["del17p"], complete["ldh"])
    assert line["value"] == pytest.approx(theirs.statistic)


@pytest.mark.parametrize(
    ("columns", "measure", "words"),
    [
        (["age", "isotype"], "spearman", "the codes of isotype have no order; age is numeric, isotype nominal"),
        (["isotype", "site"], "spearman", "the codes of isotype and site have no order"),
        (["isotype", "sex"], "point_biserial", "a binary column with a number; isotype is nominal, sex binary"),
        (["age", "ldh"], "point_biserial", "a binary column with a number"),
        (["age", "sex"], "cramers_v", "that of two categories"),
        (["age", "sex"], "theils_u", "that of two categories"),
        (["stage", "sex"], "phi", "that of two binary columns"),
        (["isotype", "site"], "correlation_ratio", "a number between the groups"),
    ],
)
def test_a_measure_is_refused_where_it_means_nothing(columns, measure, words):
    with pytest.raises(DataContractError, match=words) as caught:
        associations(cohort(), columns, measure=measure)
    assert caught.value.code == "W21"
    assert "leave measure out" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "options", "code"),
    [
        ("age", {}, "W20"),
        (["age"], {}, "W20"),
        (["age", "months"], {}, "W20"),
        (["age", "absent"], {}, "S01"),
        (["age", "age"], {}, "C02"),
        (["age", "sex"], {"measure": "pearson"}, "S14"),
    ],
)
def test_refusals(columns, options, code):
    with pytest.raises(DataContractError) as caught:
        associations(cohort(), columns, **options)
    assert caught.value.code == code


def test_pairs_without_a_value_say_why():
    frame = rows(20).assign(ldh=[1.0, 2.0] + [np.nan] * 18, site="north")
    frame["del17p"] = [np.nan, np.nan] + [0.0, 1.0] * 9
    frame["site"] = pd.Categorical(frame["site"], categories=["north", "south", "west"])
    with pytest.warns(PrognosisWarning, match="pairs have no value"):
        lines = associations(cohort(frame), ["ldh", "del17p", "site"]).table
    reasons = dict(zip(zip(lines["first"], lines["second"], strict=True), lines["reason"], strict=True))
    assert reasons["ldh", "del17p"] == "0 patients in whom both are known"
    assert "site has one value" in reasons["del17p", "site"]
    assert lines["value"].isna().all()


def test_few_expected_patients_are_doubted():
    with pytest.warns(PrognosisWarning, match="fewer than 5 expected patients"):
        associations(cohort(rows(20)), ["isotype", "site"])


def test_as_many_categories_as_patients():
    assert np.isnan(cramers_v(np.arange(3), np.arange(3)).value)
    assert cramers_v(np.arange(3), np.arange(3), corrected=False).value == pytest.approx(1)


def test_independence_is_near_zero_and_equality_one():
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 5, 2000), draw.integers(0, 5, 2000)
    assert cramers_v(x, y).value < cramers_v(x, y, corrected=False).value < 0.08
    assert theils_u(x, y).value < 0.01
    for same in (cramers_v(x, x), theils_u(x, x), spearman(x.astype(float), x.astype(float))):
        assert same.value == pytest.approx(1)


codes = st.lists(st.integers(0, 3), min_size=8, max_size=40).filter(lambda values: len(set(values)) > 1)


@given(codes, st.randoms(use_true_random=False))
def test_laws(values, random):
    """Between 0 and 1 (or -1 and 1), the same for other names of the categories and another order of the patients."""
    x = np.array(values)
    y = np.array(random.sample(values, len(values)))
    for measure in (cramers_v, theils_u):
        value = measure(x, y).value
        assert np.isnan(value) or -1e-12 <= value <= 1 + 1e-9
        np.testing.assert_allclose(measure(3 - x, y).value, value, rtol=1e-9, atol=1e-9)
        order = np.argsort(y, kind="stable")
        np.testing.assert_allclose(measure(x[order], y[order]).value, value, rtol=1e-9, atol=1e-9)
    rho = spearman(x.astype(float), y.astype(float))
    assert rho.lower <= rho.value <= rho.upper or abs(rho.value) == 1
    assert spearman(np.exp(x.astype(float)), y.astype(float)).value == pytest.approx(rho.value, abs=1e-12)
    assert spearman(-x.astype(float), y.astype(float)).value == pytest.approx(-rho.value, abs=1e-12)
    assert 0 <= correlation_ratio(x, y.astype(float)).value <= 1
