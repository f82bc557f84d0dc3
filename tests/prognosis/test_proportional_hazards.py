"""The score test of proportional hazards, by its definition: add x * g(t) as a time-dependent covariate and test it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, rankdata

from cohorts.errors import FitError
from prognosis.cox.likelihood import evaluate
from prognosis.models import Cox
from prognosis.risk_sets import build_risk_sets
from tests.prognosis.made import outcome_of, patients, structured

PREDICTORS = ["age", "albumin", "grade"]


def expanded(rows, stretch):
    """Cut every row at every event time: one row a patient and event time, with the columns x and x * g(t)."""
    parts = []
    for s in np.unique(rows["stratum"]):
        previous = -1.0
        for t in np.unique(rows["time"][rows["event"] & (rows["stratum"] == s)]):
            at_risk = (rows["stratum"] == s) & (rows["entry"] < t) & (rows["time"] >= t)
            x = rows["x"][at_risk]
            parts.append(
                {
                    "x": np.hstack([x, x * stretch[t]]),
                    "entry": np.full(len(x), previous),
                    "time": np.full(len(x), t),
                    "event": rows["event"][at_risk] & (rows["time"][at_risk] == t),
                    "stratum": np.full(len(x), s),
                    "weight": rows["weight"][at_risk],
                }
            )
            previous = t
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def score_test(rows, beta, stretch, columns, efron):
    """Rao's statistic for the coefficients of x * g(t) at (beta, 0)."""
    long = expanded(rows, stretch)
    sets = build_risk_sets(long["time"], long["event"], long["entry"], long["stratum"], long["weight"])
    p = len(beta)
    point = np.concatenate([beta, np.zeros(p)])
    _, score, information = evaluate(np.ascontiguousarray(long["x"]), np.zeros(len(long["time"])), sets, point, efron)
    keep = [*range(p), *(p + column for column in columns)]
    score[:p] = 0.0
    return score[keep] @ np.linalg.solve(information[np.ix_(keep, keep)], score[keep])


def draw(seed, *, entry, strata, weights):
    generator = np.random.default_rng(seed)
    n = 36
    x = generator.normal(size=(n, 2))
    time = np.ceil(generator.exponential(5 * np.exp(-0.5 * x[:, 0]))) + 1
    return {
        "x": x,
        "time": time,
        "event": generator.random(n) < 0.75,
        "entry": np.floor(generator.random(n) * (time - 1)) if entry else np.full(n, 0.0),
        "stratum": generator.integers(0, 2, n) if strata else np.zeros(n, int),
        "weight": generator.choice([1.0, 2.0], n) if weights else np.ones(n),
    }


@settings(max_examples=30)
@given(
    st.integers(0, 100_000),
    st.fixed_dictionaries({name: st.booleans() for name in ("entry", "strata", "weights")}),
    st.sampled_from(["identity", "log", "rank"]),
    st.sampled_from(["efron", "breslow"]),
)
def test_it_is_the_score_test_of_a_time_dependent_covariate(seed, kinds, transform, ties):
    rows = draw(seed, **kinds)
    frame = pd.DataFrame(rows["x"], columns=["a", "b"]).assign(s=rows["stratum"], w=rows["weight"])
    options = {"strata": ["s"]} if kinds["strata"] else {}
    options |= {"weights": "w"} if kinds["weights"] else {}
    y = structured(rows["time"], rows["event"], rows["entry"] if kinds["entry"] else None)
    columns = ["a", "b", *(["s"] if kinds["strata"] else []), *(["w"] if kinds["weights"] else [])]
    try:
        cox = Cox(ties=ties, **options).fit(frame[columns], y)
        table = cox.proportional_hazards(transform).set_index("term")
    except FitError:
        assume(False)
    times = np.unique(rows["time"])
    scale = {"identity": times, "log": np.log(times), "rank": _ranks(rows["time"], times)}[transform]
    stretch = dict(zip(times, scale - scale.mean(), strict=True))
    beta = cox.estimate_.coefficients
    for place, name in enumerate(("a", "b")):
        expected = score_test(rows, beta, stretch, [place], ties == "efron")
        assert table.loc[name, "chisq"] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert table.loc["GLOBAL", "chisq"] == pytest.approx(
        score_test(rows, beta, stretch, [0, 1], ties == "efron"), rel=1e-6, abs=1e-9
    )


def _ranks(time, times):
    return pd.Series(rankdata(time), index=time).groupby(level=0).first().loc[times].to_numpy()


@pytest.fixture(scope="module")
def cox():
    rows = patients(300)
    return Cox(splines={"age": 3}).fit(rows[PREDICTORS], outcome_of(rows))


def test_terms_are_tested_whole(cox):
    """A spline has two degrees of freedom, a category of three levels two, all together five."""
    table = cox.proportional_hazards()
    assert table["term"].tolist() == ["age", "albumin", "grade", "GLOBAL"]
    assert table["df"].tolist() == [2, 1, 2, 5]
    np.testing.assert_allclose(table["p"], chi2.sf(table["chisq"], table["df"]), rtol=1e-12)


def test_an_interaction_is_a_term_of_its_own():
    rows = patients(300)
    cox = Cox(interactions=[("age", "grade")]).fit(rows[PREDICTORS], outcome_of(rows))
    table = cox.proportional_hazards()
    assert table["term"].tolist() == [*PREDICTORS, "age * grade", "GLOBAL"]
    assert table["df"].tolist() == [1, 1, 2, 2, 6]


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
def test_the_coding_of_the_columns_does_not_matter(cox, transform):
    rows = patients(300)
    order = ["high", "middle", "low"]
    turned = rows.assign(
        age=1e3 - 7 * rows["age"], albumin=rows["albumin"] * 1e6, grade=rows["grade"].cat.reorder_categories(order)
    )
    other = Cox(splines={"age": 3}).fit(turned[PREDICTORS], outcome_of(rows)).proportional_hazards(transform)
    np.testing.assert_allclose(other["chisq"], cox.proportional_hazards(transform)["chisq"], rtol=1e-6)


def test_the_origin_and_unit_of_transformed_time_do_not_matter(cox):
    rows = patients(300)
    late = Cox(splines={"age": 3}).fit(rows[PREDICTORS], structured(30 * rows["months"] + 100, rows["event"]))
    for transform in ("identity", "rank", "km"):
        np.testing.assert_allclose(
            late.proportional_hazards(transform)["chisq"], cox.proportional_hazards(transform)["chisq"], rtol=1e-7
        )


def test_it_finds_an_effect_that_turns_round():
    """The marker is harmful for half a year and protective after it."""
    generator = np.random.default_rng(2)
    x = generator.integers(0, 2, 400).astype(float)
    early = generator.exponential(12 * np.exp(-1.2 * x))
    time = np.where(early < 6, early, 6 + generator.exponential(12 * np.exp(1.2 * x)))
    frame = pd.DataFrame({"marker": x, "noise": generator.normal(size=400)})
    table = Cox().fit(frame, structured(time, np.ones(400, int))).proportional_hazards().set_index("term")
    assert table.loc["marker", "p"] < 1e-8
    assert table.loc["noise", "p"] > 0.01
    assert table.loc["GLOBAL", "p"] < 1e-7


def test_under_proportional_hazards_it_keeps_its_level():
    """Two hundred data sets with constant effects: about one in twenty is below .05."""
    below = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(120, 2))
        time = generator.exponential(np.exp(-0.7 * x[:, 0]))
        cox = Cox().fit(x, structured(time, generator.random(120) < 0.8))
        below.append((cox.proportional_hazards()["p"] < 0.05).to_numpy())
    np.testing.assert_array_less(np.mean(below, axis=0), 0.1)
    np.testing.assert_array_less(0.01, np.mean(below, axis=0))
