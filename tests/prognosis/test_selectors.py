"""Selectors, each against closed forms, other programs or an honest loop; and what they all must keep."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import prognosis.selection
from cohorts.errors import DataContractError, FitError, PrognosisWarning
from prognosis import load_model
from prognosis.models import Cox, Logistic, PenalisedCox, Selected, SupportVectorMachine
from prognosis.selection import (
    Backward,
    Boruta,
    ForestRanked,
    Lasso,
    Reproducible,
    Sequential,
    StabilitySelection,
    Uncorrelated,
    Univariable,
    selectors,
)
from prognosis.selection.reproducible import intraclass_correlation
from prognosis.selection.univariable import benjamini_hochberg
from tests.prognosis import made
from tests.prognosis.made_selection import noise, redundant

quiet = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
CANDIDATES = ["age", "albumin", "creat", "sex", "grade", "relapse"]
# Each selector with parameters that make it fast and let it choose among six predictors.
READY = {
    "univariable": Univariable(keep=3),
    "backward": Backward(),
    "lasso": Lasso(folds=3),
    "sequential": Sequential(keep=2, folds=3),
    "boruta": Boruta(rounds=4, trees=15, tentative=True),
    "forest_ranked": ForestRanked(drop=0.6, trees=15, folds=2),
    "stability": StabilitySelection(0.7, errors=2.0, halves=20),
    "uncorrelated": Uncorrelated(above=0.5),
    "reproducible": Reproducible({"creat": "again"}),
}
every = pytest.mark.parametrize("kind", READY)


def refused(error, code, words, build):
    with pytest.raises(error, match=words) as caught:
        build()
    assert caught.value.code == code


def rows(n=150, seed=1):
    frame = made.patients(n)
    again = frame["creat"] + np.random.default_rng(seed).normal(0, 3.0, n)
    return frame[CANDIDATES].assign(again=again), made.outcome_of(frame), frame["early"].to_numpy()


def chosen(selector, X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return Selected(None, selector, **options).choose(X, y)


# All of them ---------------------------------------------------------------------------------------------------------


def test_the_walk_finds_the_selectors_by_kind_and_name():
    assert set(selectors()) == set(READY)
    assert prognosis.selection.Boruta is selectors()["boruta"]
    with pytest.raises(AttributeError, match="no selector Oracle"):
        _ = prognosis.selection.Oracle
    for selector in READY.values():
        assert clone(selector).get_params() == selector.get_params()
        assert set(selector.limits) == set(selector.get_params())


@every
@pytest.mark.parametrize("binary", [False, True])
def test_it_chooses_the_same_whatever_the_order_of_the_rows_and_keeps_what_is_forced_in(kind, binary):
    X, timed, early = rows()
    X = X if kind == "reproducible" else X.drop(columns="again")
    y = early if binary else timed
    first = chosen(READY[kind], X, y, always=["relapse"], seed=3)
    shuffled = np.random.default_rng(0).permutation(len(X))
    second = chosen(READY[kind], X.iloc[shuffled], y[shuffled], always=["relapse"], seed=3)
    assert first.kept == second.kept
    np.testing.assert_allclose(first.values, second.values, rtol=1e-6, atol=1e-9)
    assert "relapse" in first.kept
    assert first.consistent
    table = first.table.set_index("predictor")
    assert table.loc["relapse", "decision"] == "always"
    assert tuple(name for name in CANDIDATES if table.loc[name, "kept"]) == first.kept
    assert len(first.path.table) == len(first.path.action)


@every
def test_the_model_is_that_of_the_kept_and_its_file_tells_how_they_were_chosen(kind, tmp_path):
    frame = made.patients(150)
    book = made.codebook(again={"kind": "numeric"})
    frame = frame.assign(again=frame["creat"] * 1.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        model = made.study(CANDIDATES, frame=frame, book=book).fit(Selected(Cox(), READY[kind], seed=2))
        plain = made.study(model.predictors, frame=frame, book=book).fit(Cox())
        loaded = load_model(model.save(tmp_path / "m.prognosis"))
    assert model.summary.equals(plain.summary)
    assert model.candidates == tuple(CANDIDATES)
    assert loaded.selection.table.equals(model.selection.table)
    assert loaded.selection.path.table.equals(model.selection.path.table)
    assert loaded.selection.selector == kind
    assert loaded.selection.settings == model.selection.settings
    assert ("S21" in [finding.code for finding in model.warnings]) == (len(model.predictors) < 6)


@quiet
@every
def test_a_refit_chooses_anew_and_copies_of_a_patient_do_not_tell_on_each_other(kind):
    X, y, _ = rows(120)
    X = X if kind == "reproducible" else X.drop(columns="again")
    recipe = Selected(Cox(), READY[kind], seed=5)
    train = np.random.default_rng(4).integers(0, 120, 120)
    answers = recipe.refits(X, y, np.array([12.0]))(train, 7)
    again = Selected(Cox(), READY[kind], seed=5, task=7).of_patients(train)
    again = again.fit(X.iloc[train].reset_index(drop=True), y[train])
    np.testing.assert_array_equal(answers.linear_predictor, again.predict(X))


@every
def test_parameters_out_of_their_limits_are_refused(kind):
    X, y, _ = rows(60)
    wrong = {"univariable": {"fdr": 0.0}, "backward": {"criterion": "bic"}, "lasso": {"folds": 2}}
    wrong |= {"sequential": {"score": "brier"}, "boruta": {"percentile": 101.0}, "forest_ranked": {"drop": 1.0}}
    wrong |= {"stability": {"threshold": 0.5}, "uncorrelated": {"above": 0.0}, "reproducible": {"readings": {}}}
    selector = clone(READY[kind]).set_params(**wrong[kind])
    refused(FitError, "S14", next(iter(wrong[kind])), lambda: Selected(Cox(), selector).fit(X, y))


def test_what_is_no_selector_is_refused():
    X, y, _ = rows(60)
    refused(FitError, "S14", "selector='lasso'", lambda: Selected(Cox(), "lasso").fit(X, y))
    refused(FitError, "S14", "recipe=Selected", lambda: Selected(Selected()).fit(X, y))
    refused(FitError, "S19", "keep every predictor", lambda: Selected(None, Univariable(None)).fit(X, y))


# False discovery rate ------------------------------------------------------------------------------------------------


def test_adjusted_p_values_by_hand():
    p = np.array([0.01, 0.04, 0.03, 0.5])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.04, 0.16 / 3, 0.16 / 3, 0.5], rtol=1e-15)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_as_scipy(p):
    from scipy.stats import false_discovery_control

    np.testing.assert_allclose(benjamini_hochberg(np.array(p)), false_discovery_control(p), rtol=1e-12, atol=1e-300)


def test_a_false_discovery_rate_keeps_by_adjusted_p_values_of_the_free_ones():
    X, _, y = redundant(0)
    found = chosen(Univariable(None, fdr=0.05), X, y)
    table = found.table
    assert table["adjusted_p"].to_numpy() == pytest.approx(benjamini_hochberg(table["p"].to_numpy()))
    assert set(found.kept) == set(table["predictor"][table["adjusted_p"] <= 0.05]) >= {"x0", "x5"}
    fewer = chosen(Univariable(None, fdr=0.05), X[["x0", "x20", "x21"]], y, always=["x21"]).table.set_index("predictor")
    assert fewer["adjusted_p"]["x20"] == pytest.approx(min(fewer["p"]["x20"], 1.0))
    assert np.isnan(fewer["adjusted_p"]["x21"])
    none, y = noise(3)
    refused(FitError, "S20", "adjusted p-value below 1e-09", lambda: chosen(Univariable(None, fdr=1e-9), none, y))


# Lasso ---------------------------------------------------------------------------------------------------------------


def test_the_lasso_keeps_what_the_penalised_model_keeps():
    X, y, _ = rows(200)
    X = X[["age", "albumin", "creat", "relapse"]]
    found = chosen(Lasso(), X, y)
    path = found.path.table
    penalty = path["penalty"][path["action"] == "chosen"].item()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        same = PenalisedCox(penalty=penalty, ties="efron").fit(X, y).estimate_
    assert found.kept == tuple(name for name, beta in zip(same.names, same.coefficients, strict=True) if beta)
    size = dict(zip(found.candidates, found.values[:, 0], strict=True))
    np.testing.assert_allclose(
        [size[name] for name in same.names], np.abs(same.coefficients) * X.std(ddof=0), rtol=1e-5, atol=1e-8
    )


# Correlations --------------------------------------------------------------------------------------------------------


def test_of_the_strongest_pair_the_one_goes_that_is_closer_to_all():
    draw = np.random.default_rng(0)
    a, b, c = draw.normal(size=(3, 400))
    X = pd.DataFrame({"a": a, "a2": a + 0.1 * b, "mix": a + 0.5 * c, "c": c, "flat": 1.0})
    y = made.structured(draw.exponential(1, 400), np.ones(400, int))
    found = chosen(Uncorrelated(0.8), X, y)
    strongest = X[["a", "a2", "mix", "c"]].corr().abs()
    assert found.path.table["predictor"].tolist()[0] == "flat"
    going = max(["a", "a2"], key=lambda name: strongest[name].sum())
    assert found.path.table["predictor"][1] == going
    assert found.path.table["correlation"][1] == pytest.approx(strongest.loc["a", "a2"], rel=1e-12)
    left = X[list(found.kept)].corr().abs().to_numpy()
    assert np.triu(left, 1).max() <= 0.8
    assert {"a", "a2"} <= set(chosen(Uncorrelated(0.8), X, y, always=["a", "a2"]).kept)
    ranks = chosen(Uncorrelated(0.999, "spearman"), X.assign(cubed=a**3)[["a", "cubed", "c"]], y)
    assert len(ranks.kept) == 2


def test_categories_have_no_correlation_and_stay():
    X, y, _ = rows()
    found = chosen(Uncorrelated(0.05), X[CANDIDATES].assign(twin=X["creat"]), y)
    assert "grade" in found.kept
    assert len({"creat", "twin"} & set(found.kept)) <= 1
    assert np.isnan(found.table.set_index("predictor")["strongest"]["grade"])


# Repeated readings ---------------------------------------------------------------------------------------------------


def test_intraclass_correlation_of_shrout_and_fleiss():
    """Six targets and four judges, Psychological Bulletin 86 (1979), tables 2 and 4: .29 and .71."""
    judged = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    assert intraclass_correlation(judged, absolute=True) == pytest.approx(0.29, abs=0.005)
    assert intraclass_correlation(judged, absolute=False) == pytest.approx(0.71, abs=0.006)
    assert intraclass_correlation(np.ones((5, 2)), absolute=True) == 0.0
    moved = judged[:, :1] + np.array([0.0, 3.0])
    assert intraclass_correlation(moved, absolute=False) == pytest.approx(1.0)
    assert intraclass_correlation(moved, absolute=True) < 0.5


@quiet
def test_readings_that_disagree_go_and_clinical_ones_stay():
    X, y, _ = rows()
    X = X.assign(age_again=X["age"] + 0.5)
    X.loc[X.index[30:], "again"] = np.nan
    found = Selected(Cox(), Reproducible({"creat": "again", "age": ["age_again"]})).fit(X, y).selection_
    table = found.table.set_index("predictor")
    assert "creat" not in found.kept
    assert set(found.kept) == set(CANDIDATES) - {"creat"}
    assert table["pairs"][["creat", "age"]].tolist() == [30, 150]
    assert table["icc"]["age"] > 0.99
    assert np.isnan(table["icc"]["sex"])


def test_readings_are_refused_where_they_cannot_be_compared():
    X, y, _ = rows()
    refused(FitError, "Y03", "names 'ldh'", lambda: chosen(Reproducible({"ldh": "again"}), X, y))
    few = X.assign(again=np.where(np.arange(150) < 5, X["again"], np.nan))
    refused(FitError, "Y04", "5 patients have all readings", lambda: chosen(Reproducible({"creat": "again"}), few, y))
    text = X.assign(again=pd.Categorical(["a"] * 150))
    refused(DataContractError, "C10", "compared as numbers", lambda: chosen(Reproducible({"creat": "again"}), text, y))
    absent = Reproducible({"creat": "third"})
    refused(DataContractError, "P01", "third is not in X", lambda: chosen(absent, X.drop(columns="again"), y))
    refused(FitError, "S14", "readings=None", lambda: chosen(Reproducible(), X, y))


# Stability selection -------------------------------------------------------------------------------------------------


def test_the_bound_of_meinshausen_and_buehlmann_by_hand():
    """q^2 / ((2 * .75 - 1) * 200) <= 1 gives q = 10."""
    assert StabilitySelection(0.75, errors=1.0).first(200) == 10
    assert StabilitySelection(0.9, errors=2.0).first(50) == 8
    assert StabilitySelection(0.9, errors=2.0).first(3) == 2
    refused(FitError, "Y05", "leaves no place", lambda: StabilitySelection(0.6, errors=0.1).first(10))


def test_stable_predictors_are_found_and_noise_is_not():
    X, y, timed = redundant(1, n=200, noise=15)
    X = X[["x0", "x1", "x2", *[f"x{j}" for j in range(10, 25)]]]
    for outcome in (y, timed):
        found = chosen(StabilitySelection(errors=1.0, halves=20), X, outcome)
        assert {"x0", "x2"} <= set(found.kept) <= {"x0", "x1", "x2"}
        bound = found.path.table.iloc[0]
        assert bound["q"] == 3
        assert bound["errors_expected_at_most"] == pytest.approx(1.0)
    none, y = noise(0, n=100, columns=50, events=40)
    refused(FitError, "S20", "stability selection", lambda: chosen(StabilitySelection(halves=20), none, y))


# Sequential search ---------------------------------------------------------------------------------------------------


@quiet
@pytest.mark.parametrize("score", ["auc", "accuracy"])
def test_a_forward_step_is_the_best_of_all_by_plain_fits(score):
    from prognosis.metrics.discrimination import harrell_c

    X, y, _ = redundant(2, n=120, noise=2)
    X = X[["x0", "x1", "x10", "x11"]]
    found = Selected(Logistic(), Sequential(2, score=score, folds=3), seed=1).choose(X, y)
    from prognosis.selection.candidates import Candidates

    ordered = Candidates.of(Logistic(), X, y, seed=(1, 0)).in_order()
    fold = ordered.folds(3, 1)

    def scored(names):
        right = total = 0.0
        for k in range(3):
            fitted = Logistic().fit(ordered.frame[names][fold != k], ordered.y[fold != k])
            answers = fitted.evaluation(ordered.frame[names][fold == k], ordered.y[fold == k])
            out = ordered.y[fold == k]
            if score == "auc":
                pairs = out.sum() * (len(out) - out.sum())
                right, total = right + harrell_c(answers) * pairs, total + pairs
            else:
                risk = fitted.answers(ordered.frame[names][fold == k], out, np.array([np.nan])).risk[:, 0]
                right, total = right + ((risk >= 0.5) == out).sum(), total + len(out)
        return right / total

    one = {name: scored([name]) for name in X}
    best = max(one, key=one.get)
    path = found.path.table
    assert path["predictor"][1] == best
    assert path["score"][1] == pytest.approx(one[best], rel=1e-12)
    two = {name: scored([n for n in X if n in (best, name)]) for name in X if name != best}
    assert path["score"][2] == pytest.approx(max(two.values()), rel=1e-12)


def test_backwards_and_until_nothing_is_gained():
    X, y, timed = redundant(3, n=150, noise=2)
    X = X[["x0", "x1", "x10", "x11"]]
    down = chosen(Sequential(2, direction="backward", folds=3), X, timed)
    assert set(down.kept) == {"x0", "x1"}
    assert down.path.table["action"].tolist() == ["start", "drop", "drop"]
    free = chosen(Sequential(None, folds=3, gain=0.02), X, timed)
    assert set(free.kept) == {"x0", "x1"}
    assert chosen(Sequential(1, folds=3), X, timed, always=["x11"]).kept == ("x11",)
    refused(FitError, "Y08", "2 predictors are forced", lambda: chosen(Sequential(1), X, y, always=["x10", "x11"]))
    refused(FitError, "Y06", "has a time", lambda: chosen(Sequential(1, score="auc"), X, timed))
    refused(FitError, "Y06", "is binary", lambda: chosen(Sequential(1, score="c"), X, y))
    refused(FitError, "N21", "folds", lambda: chosen(Sequential(1, folds=100), X, timed))


def test_a_model_that_cannot_be_fitted_in_the_folds_is_refused():
    """Perfectly separated: maximum likelihood has no fit with the one predictor there is."""
    X, y = noise(0, columns=1)
    X = X.assign(g0=y + 0.001 * X["g0"])
    refused(FitError, "Y07", "can be fitted with none", lambda: chosen(Sequential(1, folds=3), X, y))


def test_support_vector_machines_are_searched_by_a_faster_solver_with_scikit_learn_s_answers():
    from sklearn.svm import SVC

    from prognosis.kernels.support_vectors import decisions_of

    draw = np.random.default_rng(0)
    for gamma, cost in ((0.3, 1.0), (0.0, 0.05), (1.0, 2.0)):
        X, y = draw.normal(size=(60, 3)), np.arange(60) % 3 == 0
        weight, fold = draw.choice([0.5, 1.0, 2.0], 60), draw.permutation(60) % 4
        for k in range(4):
            own = fold != k
            mean = np.average(X[own], axis=0, weights=weight[own])
            z = (X - mean) / np.sqrt(np.average((X[own] - mean) ** 2, axis=0, weights=weight[own]))
            machine = SVC(C=cost, kernel="rbf" if gamma else "linear", gamma=gamma or 1.0, max_iter=100_000)
            machine.fit(z[own], y[own], sample_weight=weight[own])
            ours = decisions_of(z, np.where(y, 1.0, -1.0), cost * weight, own, gamma, 1e-5)
            np.testing.assert_allclose(ours, machine.decision_function(z), atol=0.01)


def test_the_faster_way_scores_as_the_machine_itself():
    from prognosis.selection.candidates import Candidates
    from prognosis.selection.inner_scores import _Machines, _SupportVectors, judge_of

    X, y, _ = redundant(4, n=80, noise=2)
    for event_weight in ("balanced", 1.0, 3.0):
        rows = Candidates.of(SupportVectorMachine(event_weight=event_weight), X, y).in_order()
        fold = rows.folds(4, 1)
        for score in ("auc", "accuracy"):
            judge = judge_of(rows, fold, score)
            assert isinstance(judge, _SupportVectors)
            for names in (["x0"], ["x0", "x1", "x10"]):
                assert judge(names) == pytest.approx(_Machines(rows, fold, score)(names), abs=2e-3)


# Forests -------------------------------------------------------------------------------------------------------------


def test_boruta_confirms_relevant_predictors_and_rejects_noise():
    """With redundant ones, and more of noise: `benchmarks/boruta.py`."""
    X, y, timed = redundant(5, n=200, noise=5)
    X = X.drop(columns=["x2", "x4", "x5", "x6", "x7", "x8", "x9"])
    for outcome, selector in ((y, Boruta(trees=30, rounds=16)), (timed, Boruta(trees=20, rounds=12))):
        found = chosen(selector, X, outcome)
        assert {"x0", "x1", "x3"} <= set(found.kept)
        assert len(found.kept) <= 4
        table = found.table
        assert set(table["decision"]) <= {"confirmed", "tentative", "rejected"}
        assert (table["kept"] == (table["decision"] == "confirmed")).all()
    both = chosen(Boruta(trees=10, rounds=3, tentative=True), X, y)
    assert set(both.table["decision"]) == {"tentative"}
    assert len(both.kept) == 8


def test_the_tests_of_boruta_by_hand():
    """Of 3 predictors, 12 hits in 12 rounds: p = 2^-12 <= .05 / 3; 9 hits: .073; none: rejected."""
    from prognosis.selection.boruta import Contest

    before = Contest(np.array([11, 9, 0]), np.zeros(3, int), np.full(3, 11))
    after = Boruta()._tested(before, np.array([0]), 12)
    assert after.hits.tolist() == [12, 9, 0]
    assert after.decision.tolist() == [1, 0, -1]
    # five of five: 1/32 <= .05, but not <= .05 / 3 nor .05 / 5
    early = Contest(np.array([4, 2, 2]), np.zeros(3, int), np.full(3, 4))
    assert Boruta()._tested(early, np.array([0]), 5).decision.tolist() == [0, 0, 0]
    assert Boruta(two_step=True)._tested(early, np.array([0]), 5).decision.tolist() == [0, 0, 0]
    late = Contest(np.array([9, 5, 5]), np.zeros(3, int), np.full(3, 9))
    assert Boruta(two_step=True)._tested(late, np.array([0]), 10).decision.tolist() == [1, 0, 0]


def test_boruta_as_the_package():
    boruta = pytest.importorskip("boruta")
    from sklearn.ensemble import RandomForestClassifier

    X, y, _ = redundant(6, n=200, noise=5)
    X = X.drop(columns=["x2", "x4", "x5", "x6", "x7", "x8", "x9"])
    found = chosen(Boruta(trees=30, rounds=16), X, y)
    package = boruta.BorutaPy(
        RandomForestClassifier(n_jobs=1), n_estimators=30, perc=100, two_step=False, max_iter=17, random_state=1
    ).fit(X.to_numpy(), y)
    assert (np.isin(X.columns, found.kept) == package.support_).mean() >= 7 / 8


def test_sets_ranked_by_a_forest():
    X, y, timed = redundant(7, n=150, noise=4)
    X = X[["x0", "x1", "x2", "x10", "x11", "x12", "x13"]]
    assert ForestRanked(0.2).sizes(7) == [7, 5, 4, 3, 2, 1]
    assert ForestRanked(0.9).sizes(5) == [5, 1]
    selector = ForestRanked(0.4, trees=40, folds=3)
    for outcome in (y, timed):
        found = chosen(selector, X, outcome)
        assert {"x0", "x1", "x2"} <= set(found.kept)
        path = found.path.table
        assert path["error"].min() == path["error"][path["action"] == "chosen"].item()
        smaller = chosen(ForestRanked(0.5, trees=5, folds=3, tolerance=1.0), X, outcome)
        assert len(smaller.kept) == 1
