"""Tests and information criteria of a Cox model; those of R are compared in the golden walk."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import FitError
from prognosis.cox.hypothesis_tests import chi_square, cox_tests, robust_score_test, wald_test, wald_tests
from prognosis.models import Cox
from prognosis.risk_sets import build_risk_sets
from tests.prognosis.made import outcome_of, patients, structured
from tests.prognosis.test_cox_by_hand import BRESLOW, six


def test_a_p_value_by_hand_also_in_the_far_tail():
    assert chi_square(1.959963984540054**2, 1).p == pytest.approx(0.05, rel=1e-12)
    assert chi_square(10.0, 2).p == pytest.approx(math.exp(-5), rel=1e-14)
    assert chi_square(1000.0, 2).p == pytest.approx(math.exp(-500), rel=1e-12)


def test_wald_by_hand():
    beta, covariance = np.array([1.0, 2.0]), np.array([[2.0, 1.0], [1.0, 2.0]])
    assert wald_test(beta, covariance) == pytest.approx((2.0, 2, math.exp(-1)))
    assert wald_test(beta, covariance, [1])[:2] == pytest.approx((2.0, 1))


def test_six_rows_by_hand():
    """One column: all three statistics are squares of closed forms."""
    cox, r = six("breslow"), math.exp(BRESLOW)
    found = cox_tests(cox.estimate_, 4)
    null, full = -math.log(6) - 2 * math.log(4), 2 * BRESLOW - math.log(3 * r + 3) - 2 * math.log(r + 3)
    assert found.likelihood_ratio.statistic == pytest.approx(2 * (full - null), rel=1e-12)
    information = r / (r + 1) ** 2 + 2 * 3 * r / (r + 3) ** 2
    assert found.wald.statistic == pytest.approx(BRESLOW**2 * information, rel=1e-12)
    assert found.score.statistic == pytest.approx(1**2 / (1 / 4 + 2 * 3 / 16), rel=1e-12)
    assert found.aic == pytest.approx(2 - 2 * full, rel=1e-12)
    assert found.bic == pytest.approx(math.log(4) - 2 * full, rel=1e-12)


def test_the_table_lists_every_test():
    cox = six()
    score = robust_score_test(cox.training_.design, cox.training_.risk_sets)
    table = cox_tests(cox.estimate_, 4, robust_score=score).table()
    assert table["test"].tolist() == ["likelihood ratio", "Wald", "score", "robust score"]
    assert table["df"].tolist() == [1] * 4
    assert cox_tests(cox.estimate_, 4).table()["test"].tolist()[-1] == "score"


def test_a_penalised_fit_has_no_such_tests():
    with pytest.raises(FitError, match=r"ridge penalty of 0\.5 shrinks the coefficients") as caught:
        cox_tests(six(ridge=0.5).estimate_, 4, ridge=0.5)
    assert caught.value.code == "N26"


def test_robust_score_by_hand():
    """At zero under Breslow the rows' scores of the six sum to 1; the statistic is its square over their squares."""
    sets = build_risk_sets(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]))
    x = np.array([[1.0], [0.0], [2.0]])
    # Means 1 and 1; hazards 1/3 and 1/2.
    scores = np.array([0 - 0 / 3, (0 - 1) - (0 - 1) / 3 - (0 - 1) / 2, -(2 - 1) / 3 - (2 - 1) / 2])
    expected = scores.sum() ** 2 / (scores**2).sum()
    assert robust_score_test(x, sets, efron=False).statistic == pytest.approx(expected, rel=1e-12)
    together = robust_score_test(x, sets, efron=False, cluster=np.array([0, 0, 1]))
    summed = np.array([scores[:2].sum(), scores[2]])
    assert together.statistic == pytest.approx(scores.sum() ** 2 / (summed**2).sum(), rel=1e-12)


def test_clustered_tests_equal_r(golden_data):
    """summary(coxph(..., cluster = inst)): robscore 7.2686, Wald 33.86 on 3 df with p 2.1189e-07."""
    columns = ["age", "sex", "ph.ecog", "inst"]
    lung = golden_data("lung").dropna(subset=columns)
    cox = Cox(cluster="inst").fit(lung[columns], structured(lung["time"].to_numpy(float), lung["dead"]))
    kept = cox.training_
    robust = robust_score_test(kept.design, kept.risk_sets, cluster=kept.special.cluster)
    assert robust == pytest.approx((7.26862522140254, 3, 0.06381118860016), rel=1e-10)
    assert cox_tests(cox.estimate_, 1).wald.p == pytest.approx(2.118936759779e-07, rel=1e-10)


# rms 6.5: anova(cph(Surv(rfstime, status) ~ rcs(age, 4) * hormon + rcs(pgr, 3) + gradef + nodes)), but for its rows
# that repeat another (and TOTAL INTERACTION, which rms leaves out where there is one interaction).
ANOVA = [
    ("age", "total", 22.77493392787, 6),
    ("age", "interactions", 4.43520956416, 3),
    ("age", "nonlinear", 22.10377762502, 4),
    ("hormon", "total", 12.63603033788, 4),
    ("hormon", "interactions", 4.43520956416, 3),
    ("pgr", "total", 26.89940434564, 2),
    ("pgr", "nonlinear", 11.06660765048, 1),
    ("gradef", "total", 4.48457212344, 2),
    ("nodes", "total", 57.01676770757, 1),
    ("age * hormon", "total", 4.43520956416, 3),
    ("age * hormon", "nonlinear", 4.43302260314, 2),
    ("TOTAL", "nonlinear", 32.89171222855, 5),
    ("TOTAL", "interactions", 4.43520956416, 3),
    ("TOTAL", "nonlinear or interaction", 33.23813431402, 6),
    ("TOTAL", "total", 148.21522514604, 12),
]


def test_wald_tests_of_terms_equal_rms(golden_data):
    gbsg = golden_data("gbsg")
    gbsg["gradef"] = pd.Categorical(gbsg["grade"].astype(str), categories=["1", "2", "3"])
    cox = Cox(splines={"age": 4, "pgr": 3}, interactions=[("age", "hormon")])
    cox.fit(gbsg[["age", "hormon", "pgr", "gradef", "nodes"]], structured(gbsg["rfstime"], gbsg["status"]))
    table = wald_tests(cox.estimate_, cox.preparation_)
    expected = pd.DataFrame(ANOVA, columns=["term", "part", "chisq", "df"])
    pd.testing.assert_frame_equal(table.drop(columns="p"), expected, rtol=1e-8, check_dtype=False)
    assert table["p"].iloc[0] == pytest.approx(8.75471453488e-04, rel=1e-8)


def test_wald_tests_without_splines_or_interactions_are_one_a_term():
    frame = patients(200)
    cox = Cox().fit(frame[["age", "grade", "sex"]], outcome_of(frame))
    table = wald_tests(cox.estimate_, cox.preparation_)
    assert table[["term", "part", "df"]].values.tolist() == [
        ["age", "total", 1], ["grade", "total", 2], ["sex", "total", 1], ["TOTAL", "total", 4]
    ]  # fmt: skip
    z = cox.estimate_.summary().set_index("term")["z"]
    assert table["chisq"][0] == pytest.approx(z["age"] ** 2, rel=1e-12)


def test_a_level_named_like_an_interaction_confuses_nothing():
    frame = patients(200)
    odd = frame["grade"].cat.rename_categories({"high": "high * very"})
    frame = frame.assign(grade=odd)
    cox = Cox(splines={"age": 3}, interactions=[("age", "grade")]).fit(frame[["age", "grade"]], outcome_of(frame))
    table = wald_tests(cox.estimate_, cox.preparation_).set_index(["term", "part"])
    assert table.loc[("age", "nonlinear"), "df"] == 3
    assert table.loc[("grade", "interactions"), "df"] == 4
