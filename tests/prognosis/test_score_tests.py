"""Univariate score tests: by hand, by the fits of every predictor alone, and by R where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.logistic.likelihood import Likelihood, standardise
from prognosis.models import Cox
from prognosis.risk_sets import build_risk_sets
from prognosis.score_tests import cox_score_tests, logistic_score_tests
from tests.prognosis.made import outcome_of, patients
from tests.prognosis.test_live_r import close, r

__all__ = ["r"]
NAMES = ["age", "albumin", "creat", "relapse", "grade"]
OWNER = np.array([0, 1, 2, 3, 4, 4])


def rows(n=300):
    """Return tied counting-process rows with weights, strata and an offset."""
    frame = patients(n)
    frame = frame.assign(months=np.ceil(frame["months"]), start=np.floor(frame["start"]))
    return frame.assign(start=np.minimum(frame["start"], frame["months"] - 1))


def design_of(frame):
    grade = np.column_stack([frame["grade"] == level for level in ("middle", "high")])
    return np.column_stack([frame[NAMES[:4]].to_numpy(float), grade.astype(float)])


def test_log_rank_test_of_two_groups_by_hand():
    """Six patients, no ties: events at 1, 2, 4 with 6, 5, 3 at risk, of whom 3, 2, 1 in the group."""
    time, event = np.array([1.0, 2, 3, 4, 5, 6]), np.array([True, True, False, True, False, False])
    group = np.array([1.0, 0, 1, 1, 0, 0])
    observed, expected = 2, 3 / 6 + 2 / 5 + 1 / 3 * 1
    share = np.array([3 / 6, 2 / 5, 1 / 3])
    found = cox_score_tests(group[:, None], np.array([0]), build_risk_sets(time, event))
    assert found.statistic[0] == pytest.approx((observed - expected) ** 2 / (share * (1 - share)).sum(), rel=1e-14)
    assert found.df[0] == 1


def test_chi_square_of_a_two_by_two_table_by_hand():
    """Pearson's statistic without correction: n (ad - bc)^2 over the product of the margins; table 8 2, 3 7."""
    exposed = np.repeat([1.0, 0.0], 10)
    event = np.concatenate([np.arange(10) < 8, np.arange(10) < 3])
    found = logistic_score_tests(exposed[:, None], np.array([0]), event, np.ones(20))
    assert found.statistic[0] == pytest.approx(20 * (8 * 7 - 2 * 3) ** 2 / (10 * 10 * 11 * 9), rel=1e-13)
    assert found.p[0] == pytest.approx(0.0246, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "entry"),
    [
        ({}, False),
        ({"ties": "breslow"}, True),
        ({"strata": ["centre"]}, True),
        ({"weights": "weight"}, False),
        ({"offset": "response", "weights": "weight", "strata": ["sex"]}, True),
    ],
)
def test_equal_to_the_score_test_of_each_fit_alone(options, entry):
    frame = rows()
    y = outcome_of(frame, entry)
    stratum = frame[options["strata"][0]].cat.codes.to_numpy(np.int64) if "strata" in options else None
    weight = frame["weight"].to_numpy() if "weights" in options else None
    sets = build_risk_sets(y["time"], y["event"] == 1, y["entry"] if entry else None, stratum, weight)
    offset = frame["response"].to_numpy() if "offset" in options else None
    found = cox_score_tests(design_of(frame), OWNER, sets, offset, efron=options.get("ties") != "breslow")
    recipe = Cox(**options)
    alone = [Cox(**options).fit(frame[[name, *recipe.auxiliary]], y).estimate_.score_test for name in NAMES]
    np.testing.assert_allclose(found.statistic, alone, rtol=1e-11)
    np.testing.assert_array_equal(found.df, [1, 1, 1, 1, 2])


def test_logistic_equal_to_the_whole_information_at_the_null():
    """With weights and an offset: score and information of intercept and column together, at the fitted intercept."""
    frame = patients(200)
    event, weight = frame["event"].to_numpy() == 1, frame["weight"].to_numpy()
    offset, design = frame["response"].to_numpy(), design_of(frame)
    found = logistic_score_tests(design, OWNER, event, weight, offset)
    for predictor in range(5):
        likelihood = Likelihood(
            standardise(design[:, predictor == OWNER], event, ("a", "b")[: (predictor == OWNER).sum()], weight, offset)
        )
        beta = np.zeros(1 + (predictor == OWNER).sum())
        for _ in range(30):
            _, score, information = likelihood(beta)
            beta[0] += score[0] / information[0, 0]
        _, score, information = likelihood(beta)
        assert found.statistic[predictor] == pytest.approx(score @ np.linalg.solve(information, score), rel=1e-10)


@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-8, 1.0, 1e8]), shift=st.sampled_from([0.0, 1e4]))
@settings(max_examples=25, deadline=None)
def test_unit_origin_order_and_company_change_nothing(seed, scale, shift):
    draw = np.random.default_rng(seed)
    n, p = 60, 7
    design, time = draw.normal(size=(n, p)), np.ceil(draw.exponential(8, n))
    event, shuffled = draw.random(n) < 0.6, draw.permutation(n)
    event[:3] = [True, False, True]
    for test in (
        lambda x, rows: cox_score_tests(x, np.arange(x.shape[1]), build_risk_sets(time[rows], event[rows])),
        lambda x, rows: logistic_score_tests(x, np.arange(x.shape[1]), event[rows], np.ones(n)),
    ):
        whole = test(design, np.arange(n))
        np.testing.assert_allclose(
            test(scale * design + scale * shift, np.arange(n)).statistic, whole.statistic, rtol=1e-6
        )
        np.testing.assert_allclose(test(design[shuffled], shuffled).statistic, whole.statistic, rtol=1e-10)
        np.testing.assert_allclose(test(design[:, 3:4], np.arange(n)).statistic, whole.statistic[3:4], rtol=1e-12)
        assert ((whole.p >= 0) & (whole.p <= 1)).all()


def test_columns_that_say_nothing_have_no_degrees_of_freedom():
    """A constant column, and a factor with an empty level, which counts one degree less."""
    frame = rows()
    y = outcome_of(frame)
    sets = build_risk_sets(y["time"], y["event"] == 1)
    empty = np.column_stack([np.full(300, 0.1), frame["relapse"], np.zeros(300)])
    found = cox_score_tests(empty, np.array([0, 1, 1]), sets)
    alone = cox_score_tests(empty[:, 1:2], np.array([0]), sets)
    np.testing.assert_array_equal(found.df, [0, 1])
    assert found.p[0] == 1
    assert found.statistic[1] == pytest.approx(alone.statistic[0], rel=1e-12)


def test_many_columns_are_tested_block_by_block(monkeypatch):
    frame = rows()
    y, design = outcome_of(frame), np.tile(design_of(frame), 4)
    owner = np.concatenate([OWNER + 5 * time for time in range(4)])
    sets = build_risk_sets(y["time"], y["event"] == 1)
    whole = cox_score_tests(design, owner, sets)
    monkeypatch.setattr("prognosis.score_tests.BLOCK", 900)
    cut = cox_score_tests(design, owner, sets)
    np.testing.assert_allclose(cut.statistic, whole.statistic, rtol=1e-12)
    np.testing.assert_array_equal(cut.df, whole.df)


def test_nothing_to_compare_is_refused():
    with pytest.raises(FitError) as caught:
        logistic_score_tests(np.ones((4, 1)), np.array([0]), np.ones(4, bool), np.ones(4))
    assert caught.value.code == "C31"


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_live_r_coxph(r, ties):
    """R's summary(coxph)$sctest and glm's Rao test of each predictor alone."""
    frame = rows()
    expected = r(
        f"""
        one <- function(v) coxph(as.formula(paste("Surv(start, months, event) ~", v, "+ strata(centre)")), d, weight,
          ties = "{ties}", robust = FALSE)$score
        rao <- function(v) anova(glm(as.formula(paste("early ~", v)), binomial, d, control = glm.control(1e-14, 99)),
          test = "Rao")$Rao[2]
        v <- c("age", "albumin", "creat", "relapse", "grade"); give(list(cox = sapply(v, one), rao = sapply(v, rao)))
        """,
        d=frame,
    )
    y = outcome_of(frame, entry=True)
    centre, weight = frame["centre"].cat.codes.to_numpy(np.int64), frame["weight"].to_numpy()
    sets = build_risk_sets(y["time"], y["event"] == 1, y["entry"], centre, weight)
    close(cox_score_tests(design_of(frame), OWNER, sets, efron=ties == "efron").statistic, expected["cox"])
    early = frame["early"].to_numpy() == 1
    close(logistic_score_tests(design_of(frame), OWNER, early, np.ones(300)).statistic, expected["rao"])
