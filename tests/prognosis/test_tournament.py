"""Tournaments: scores within folds by hand, the corrected winner, noise, failures, workers, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, make_folds
from cohorts.errors import FitError, LeakageError, PredictionError, PrognosisWarning
from prognosis import BootstrapCorrected, Nested, tournament
from prognosis.execution import Execution
from prognosis.kernels.concordance import concordance_counts
from prognosis.metrics.accuracy import brier
from prognosis.models import Cox, Logistic, RandomSurvivalForest, Screened, Tuned
from prognosis.outcome import SurvivalArrays
from prognosis.tournaments.correction import corrected_by_draws
from prognosis.tournaments.scores import MeanLoss, Measure, WithinGroups, losses_of
from prognosis.tuning.inner_folds import Dealing, inner_folds
from prognosis.validation import Bootstrap, CrossValidation
from prognosis.validation.rows import plan_rows
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex", "creat"]
FAST = {"plan": CrossValidation(4, 1), "correction": BootstrapCorrected(200)}
quiet = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def refused(code, words, build, family=FitError):
    with pytest.raises(family, match=words) as caught:
        build()
    assert caught.value.code == code


# Scores ------------------------------------------------------------------------------------------------------------


def within(time, event, marker, group):
    outcome = SurvivalArrays(np.array(time, float), np.array(event, np.int64))
    return WithinGroups(outcome, np.array([[marker]], float), np.array([group], np.int64))


def test_pairs_are_compared_within_one_fold_by_hand():
    """Two folds of three, all events.

    Fold 0: times 1, 2, 3 with markers 3, 2, 1: three pairs, all concordant. Fold 1: times 1, 2, 3 with markers 10, 30,
    20: (1,2) and (1,3) discordant, (2,3) concordant. Together 4 of 6; compared over the folds it would be otherwise.
    """
    scores = within([1, 2, 3, 1, 2, 3], [1] * 6, [3, 2, 1, 10, 30, 20], [0, 0, 0, 1, 1, 1])
    assert scores.of(np.ones((1, 6)), 0)[0] == 4 / 6
    assert within([1, 2, 3, 1, 2, 3], [1] * 6, [3, 2, 1, 10, 30, 20], [0] * 6).of(np.ones((1, 6)), 0)[0] != 4 / 6


def test_draws_weigh_pairs_by_how_often_both_were_drawn():
    """First of fold 0 drawn twice, second once, third not: the pair (1, 2) counts twice; fold 1 undrawn but for one."""
    scores = within([1, 2, 3, 1, 2, 3], [1, 1, 1, 1, 0, 1], [3, 2, 1, 10, 30, 20], [0, 0, 0, 1, 1, 1])
    weight = np.array([[2, 1, 0, 0, 1, 0], [0, 0, 0, 1, 1, 1], [1, 0, 0, 0, 1, 1]], float)
    found = scores.of(weight, 0)
    assert found[0] == 1.0
    assert found[1] == 0.0  # (1, censored 2) and (1, 3) discordant; the censored one is compared with nobody later
    assert np.isnan(found[2])


def test_ties_and_many_draws_equal_the_concordance_with_weights_and_strata():
    draw = np.random.default_rng(3)
    n = 80
    time, event = draw.integers(1, 15, n).astype(float), (draw.random(n) < 0.6).astype(np.int64)
    marker, group = draw.integers(0, 8, n).astype(float), draw.integers(0, 5, n)
    weight = draw.integers(0, 4, (30, n)) * draw.choice([0.5, 1.0, 2.0], n)
    ours = within(time, event, marker, group).of(weight, 0)
    theirs = [
        concordance_counts(time, event == 1, marker, weight=one, stratum=group).concordance for one in weight
    ]  # fmt: skip
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_delayed_entry_counts_and_competing_events_are_never_overtaken():
    outcome = SurvivalArrays(np.array([2.0, 3, 4]), np.array([1, 1, 0]), entry=np.array([0.0, 2.5, 0.0]))
    scores = WithinGroups(outcome, np.array([[[1.0, 5, 0]]]), np.zeros((1, 3), np.int64))
    # the second enters after the first event: pairs (1, 3) and (2, 3) remain, both concordant
    assert scores.of(np.ones((1, 3)), 0)[0] == 1.0
    competing = SurvivalArrays(np.array([2.0, 1, 3]), np.array([1, 2, 1]))
    scores = WithinGroups(competing, np.array([[[3.0, 1, 2]]]), np.zeros((1, 3), np.int64))
    assert scores.of(np.ones((1, 3)), 0)[0] == 1.0


def test_repeats_are_averaged_and_strata_kept_apart():
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 4]), np.ones(4, np.int64))
    marker = np.array([[[4.0, 3, 2, 1], [1, 2, 3, 4]]])
    fold = np.zeros((2, 4), np.int64)
    assert Measure("harrell_c", None).scores(outcome, None, marker, marker, fold).of(np.ones((1, 4)), 0)[0] == 0.5
    stratum = np.array([0, 1, 0, 1])
    mixed = np.array([[[4.0, 1, 2, 3]]])
    apart = Measure("harrell_c", None).scores(outcome, stratum, mixed, mixed, fold[:1])
    assert apart.of(np.ones((1, 4)), 0)[0] == 0.5  # (1, 3) concordant, (2, 4) not


def test_losses_are_those_of_the_metrics():
    draw = np.random.default_rng(4)
    outcome = SurvivalArrays(draw.exponential(10, 60), (draw.random(60) < 0.7).astype(np.int64))
    risk = draw.random((2, 1, 60))
    losses = losses_of("brier", outcome, risk, 8.0)
    for pipeline in range(2):
        expected = brier(outcome, risk[pipeline, 0][:, None], [8.0]).estimate[0]
        assert MeanLoss(losses).of(np.ones((1, 60)), pipeline)[0] == pytest.approx(expected, rel=1e-12)
    binary = SurvivalArrays(np.full(2, np.nan), np.array([1, 0]))
    two = np.array([[[0.8, 0.4]]])
    assert losses_of("log_loss", binary, two, None)[0] == pytest.approx(-np.log([0.8, 0.6]))
    assert losses_of("brier", binary, two, None)[0] == pytest.approx([0.04, 0.16])


# The correction ----------------------------------------------------------------------------------------------------


def test_the_correction_equals_an_explicit_loop():
    loss = np.random.default_rng(8).random((5, 40))
    contenders = np.array([0, 2, 3])
    found = corrected_by_draws(MeanLoss(loss), np.ones(40), np.arange(40), 11, 150, contenders, upwards=False)
    values, chosen = [], []
    for draw in range(150):
        rows = np.random.default_rng(np.random.SeedSequence([11, draw, 32])).integers(0, 40, 40)
        out = np.setdiff1d(np.arange(40), rows)
        best = min(contenders, key=lambda c: (loss[c, rows].mean(), c))
        chosen.append(best)
        values.append(loss[best, out].mean())
    assert found.estimate == pytest.approx(np.mean(values), rel=1e-12)
    assert (found.lower, found.upper) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), rel=1e-12)
    np.testing.assert_allclose(found.shares, [np.mean(np.array(chosen) == c) for c in contenders])


def test_whole_clusters_are_drawn():
    loss = np.zeros((1, 6))
    loss[0, :2] = 1.0
    found = corrected_by_draws(
        MeanLoss(loss), np.ones(6), np.array([0, 0, 1, 1, 2, 2]), 0, 300, np.array([0]), upwards=False
    )
    assert found.unknown > 0  # all three clusters drawn: nobody is left to judge
    assert found.estimate == pytest.approx(1 / 3, abs=0.08)


def noise_study(seed, n=120, columns=12):
    draw = np.random.default_rng([seed, 77])
    names = [f"g{j}" for j in range(columns)]
    frame = pd.DataFrame(draw.normal(size=(n, columns)), columns=names, index=[f"P{i}" for i in range(n)])
    frame = frame.rename_axis("pid").assign(early=np.arange(n) % 2)
    known = {name: made.VARIABLES[name] for name in ("pid", "early")}
    book = Codebook.from_dict({"variables": {**known, **{name: {"kind": "numeric"} for name in names}}})
    return made.study(names, frame=frame, book=book, endpoint=made.ENDPOINTS["binary"], seed=seed)


def test_the_best_of_38_noise_markers_looks_good_and_is_worth_nothing():
    """Binary outcome, 120 patients in 5 folds, 40 cohorts: the best of 38 has a mean AUC above .6."""
    found = []
    for seed in range(40):
        draw = np.random.default_rng([seed, 5])
        outcome = SurvivalArrays(np.full(120, np.nan), np.arange(120) % 2)
        scores = WithinGroups(outcome, draw.normal(size=(38, 1, 120)), draw.permutation(np.arange(120) % 5)[None])
        corrected = corrected_by_draws(
            scores, np.ones(120), np.arange(120), seed, 100, np.arange(38), upwards=True
        ).estimate
        found.append((max(scores.of(np.ones((1, 120)), c)[0] for c in range(38)), corrected))
    naive, corrected = np.mean(found, axis=0)
    assert naive > 0.6
    assert corrected == pytest.approx(0.5, abs=0.02)


@quiet
def test_pipelines_fitted_to_noise_are_worth_nothing_once_corrected():
    """Whole pipelines, fewer; 38 of them in benchmarks/tournament_noise.py."""
    found = []
    for seed in range(4):
        pipelines = {f"keep {k}": Screened(Logistic(), keep=k) for k in (1, 3, 6)}
        pipelines |= {f"spline g{j}": Logistic(splines={f"g{j}": 3}, penalty="ridge", strength=10.0) for j in range(4)}
        result = tournament(
            noise_study(seed), pipelines, plan=CrossValidation(5, 1), correction=BootstrapCorrected(200)
        )
        found.append((result.naive, result.corrected))
    naive, corrected = np.mean(found, axis=0)
    assert naive > corrected + 0.02
    assert corrected == pytest.approx(0.5, abs=0.05)


# The whole tournament ----------------------------------------------------------------------------------------------

PIPELINES = {
    "cox": Cox(),
    "screened": Screened(keep=1),
    "forest": RandomSurvivalForest(trees=10),
    "broken": RandomSurvivalForest(features=40),
}


@pytest.fixture(scope="module")
def study():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.study(PREDICTORS, n=150)


@pytest.fixture(scope="module")
def found(study):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return tournament(study, PIPELINES, **FAST)


@quiet
def test_the_naive_score_is_the_stratified_c_of_the_patients_left_out(study, found):
    """The same numbers from an explicit loop over the folds of `Study.validate`."""
    model = study.fit(Cox())
    X, y = study.columns_of(model.recipe), study.outcome.to_structured()
    plan, marker, fold = FAST["plan"], np.empty(150), np.empty(150, int)
    rows = plan_rows(study, X, model.recipe, None)
    for task in range(4):
        train, test, _ = plan.task(rows, task)
        marker[test], fold[test] = Cox().fit(X.iloc[train], y[train]).predict(X.iloc[test]), task
    expected = concordance_counts(y["time"], y["event"] == 1, marker, stratum=fold).concordance
    line = found.table.set_index("pipeline").loc["cox"]
    assert line["naive"] == pytest.approx(expected, abs=1e-12)


def test_the_naive_score_is_never_given_alone(found):
    assert found.winner == found.table["pipeline"].iloc[0]
    assert found.naive == found.table["naive"].iloc[0] == found.table["naive"].max()
    assert found.table["corrected"].iloc[0] == found.corrected
    assert found.lower < found.corrected < found.upper
    said = repr(found)
    assert f"naive {found.naive:.3f}, corrected {found.corrected:.3f}" in said
    assert "bootstrap bias-corrected cross-validation, 4 folds, 200 draws" in said
    assert found.table["chosen"].sum() == pytest.approx(1.0)
    assert found.model.name == found.winner


def test_a_failing_pipeline_is_listed_with_its_reason(found):
    line = found.table.iloc[-1]
    assert line["pipeline"] == "broken"
    assert np.isnan(line["naive"])
    assert line["failed"].startswith("4 of 4 fits failed; for example: [F21] features=40")
    assert [finding.code for finding in found.warnings] == ["Y45"]


@quiet
def test_nested_folds_choose_anew_and_agree_with_a_single_pipeline(study):
    """With equal pipelines nothing is chosen: nested, corrected and naive are the same but for the draws."""
    same = {"one": Cox(), "two": Cox()}
    nested = tournament(study, same, plan=CrossValidation(4, 1), correction=Nested(3))
    assert nested.corrected == pytest.approx(nested.naive, abs=1e-12)
    assert nested.winner == "one"
    assert "nested cross-validation, 4 folds, 3 inner ones" in repr(nested)
    drawn = tournament(study, same, **FAST)
    assert drawn.corrected == pytest.approx(drawn.naive, abs=0.02)
    assert drawn.naive == nested.naive


@quiet
def test_nested_by_hand(study):
    """Two pipelines, the inner choice and the pooled score from explicit loops."""
    pipelines = {"a": Cox(), "b": Screened(keep=1)}
    plan = CrossValidation(3, 1)
    result = tournament(study, pipelines, plan=plan, correction=Nested(3))
    X, y = study.columns_of(Cox()), study.outcome.to_structured()
    rows, marker, fold = plan_rows(study, X, Cox(), None), np.empty(150), np.empty(150, int)
    outcome = SurvivalArrays(y["time"].astype(float), y["event"].astype(np.int64))
    for task in range(3):
        train, test, _ = plan.task(rows, task)
        inner = inner_folds(X.iloc[train], outcome.take(train), None, Dealing(3, 1, 0, task + 1))
        scores = []
        for recipe in pipelines.values():
            own, group = np.empty(len(train)), np.empty(len(train), int)
            for number, (fit, judge) in enumerate(inner):
                fitted = recipe.fresh().fit(X.iloc[train[fit]], y[train[fit]])
                own[judge], group[judge] = fitted.predict(X.iloc[train[judge]]), number
            pairs = concordance_counts(y["time"][train], y["event"][train] == 1, own, stratum=group)
            scores.append(pairs.concordance)
        best = list(pipelines.values())[int(np.argmax(scores))]
        marker[test], fold[test] = best.fresh().fit(X.iloc[train], y[train]).predict(X.iloc[test]), task
    expected = concordance_counts(y["time"], y["event"] == 1, marker, stratum=fold).concordance
    assert result.corrected == pytest.approx(expected, abs=1e-12)


@quiet
@pytest.mark.parametrize(("kind", "metric"), [("competing", None), ("competing", "brier"), ("binary", "log_loss")])
def test_other_endpoints_and_losses(kind, metric):
    recipe = Logistic if kind == "binary" else Cox
    study = made.study(PREDICTORS, n=150, endpoint=made.ENDPOINTS[kind], horizons=None if kind == "binary" else [12])
    result = tournament(study, {"all": recipe(), "one": Screened(recipe(), keep=1)}, metric=metric, **FAST)
    assert result.higher_is_better == (metric is None)
    assert result.horizon == (12 if metric == "brier" else None)
    worse = -1 if result.higher_is_better else 1
    assert worse * (result.corrected - result.naive) > -0.02


@quiet
def test_the_number_of_workers_and_a_journal_change_nothing(study, tmp_path):
    pipelines = {"forest": RandomSurvivalForest(trees=5), "tuned": Tuned(Cox(), grid={"ridge": [10.0, 0.0]}, folds=2)}
    ask = {"plan": CrossValidation(2, 1), "correction": Nested(2)}
    seen = []
    alone = tournament(study, pipelines, progress=lambda done, total: seen.append((done, total)), **ask)
    others = tournament(study, pipelines, execution=Execution(workers=2, journal=tmp_path / "journal"), **ask)
    again = tournament(study, pipelines, execution=Execution(journal=tmp_path / "journal"), **ask)
    for other in (others, again):
        pd.testing.assert_frame_equal(other.table, alone.table, check_exact=True)
        assert (other.corrected, other.lower) == (alone.corrected, alone.lower)
    assert seen[-1] == (6, 6)


@quiet
def test_the_study_own_folds_and_clusters_are_kept():
    frame = made.patients(150).assign(ward=np.repeat(np.arange(50.0), 3))
    book = made.codebook(ward={"kind": "numeric"})
    cohort = made.cohort(frame=frame, book=book)
    folds = make_folds(cohort, made.ENDPOINT, 3, 1, together="ward")
    study = made.study(["age", "sex"], frame=frame, book=book, folds=folds)
    ask = {"correction": BootstrapCorrected(100)}
    result = tournament(study, {"a": Cox(cluster="ward"), "b": Screened(keep=1)}, **ask)
    assert "3 folds" in result.correction
    divided = make_folds(cohort, made.ENDPOINT, 3, 1)
    study = made.study(["age", "sex"], frame=frame, book=book, folds=divided)
    refused("L19", "training and test", lambda: tournament(study, {"a": Cox(cluster="ward"), "b": Cox()}), LeakageError)


# Refused -----------------------------------------------------------------------------------------------------------


@quiet
def test_what_is_no_contest_is_refused_before_the_first_fit(study):
    two = {"a": Cox(), "b": Screened(keep=1)}
    refused("V01", "a tournament of 1", lambda: tournament(study, [Cox()]))
    refused("V01", "two pipelines are called cox", lambda: tournament(study, [Cox(), Cox(ridge=1.0)]))
    refused("T30", "pipeline b: Logistic cannot", lambda: tournament(study, {"a": Cox(), "b": Logistic()}))
    refused("S14", "pipeline b: Cox: ridge=-1", lambda: tournament(study, {"a": Cox(), "b": Cox(ridge=-1.0)}))
    refused("L12", "pipeline b", lambda: tournament(study, {"a": Cox(), "b": Screened(inside=False)}), LeakageError)
    shown = Screened(inside=False, reproduce_published=True)
    refused("L12", "pipeline b", lambda: tournament(study, {"a": Cox(), "b": shown}), LeakageError)
    refused("Y43", "every patient out exactly once", lambda: tournament(study, two, plan=Bootstrap(5)))
    refused("M12", "judged by uno_c.*harrell_c, brier", lambda: tournament(study, two, metric="uno_c"), PredictionError)
    refused("V01", "at least 100 draws", lambda: BootstrapCorrected(10))
    strata = {"a": Cox(), "b": Cox(strata=["centre"])}
    refused("Y44", "other weights or strata", lambda: tournament(study, strata))
    broken = {"a": RandomSurvivalForest(features=40), "b": RandomSurvivalForest(features=41)}
    refused("Y45", "every pipeline failed: a:.*b:", lambda: tournament(study, broken, **FAST))


@quiet
def test_an_external_cohort_that_shares_patients_is_refused(found):
    refused("C25", "60 shared ids", lambda: found.validate(made.cohort(60)), LeakageError)
    others = made.patients(60, seed=9)
    others.index = pd.Index([f"Q{i}" for i in range(60)], name="pid")
    outside = found.validate(made.cohort(frame=others), metrics=["harrell_c"])
    assert outside.table["metric"].tolist() == ["harrell_c"]
