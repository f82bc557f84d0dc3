"""Leaks: the harm of each, on outcomes that nothing predicts, and that it is refused or named."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort, Folds, Score, make_folds
from cohorts.errors import DataContractError, LeakageError, PrognosisWarning
from prognosis import Study
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, Screened
from prognosis.patient_overlap import patient_overlap
from prognosis.validation import Bootstrap, CrossValidation, GivenFolds
from prognosis.validation.identity import key_of
from prognosis.validation.rows import plan_rows
from prognosis.validation.stored_scores import ScoredRefits, refits_in
from prognosis.validation.work import Work
from tests.prognosis import made, made_noise

SEEDS = 20
K = 5
quiet = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def refused(code, words, build):
    with pytest.raises(LeakageError, match=words) as caught:
        build()
    assert caught.value.code == code


# Selection ---------------------------------------------------------------------------------------------------------


def test_selection_inside_is_honest_and_outside_is_not():
    """1000 columns of noise, 100 patients. Over 20 cohorts the mean has an error of .015; of 100: `make evidence`."""
    book = made_noise.codebook(1000)
    found = np.array([made_noise.honest_and_leaky_c(seed, book=book) for seed in range(SEEDS)])
    honest, leaky = found.mean(axis=0)
    assert 0.45 < honest < 0.55
    assert leaky > 0.65
    assert (found[:, 1] > found[:, 0]).all()


@pytest.fixture(scope="module")
def noise():
    """A study of 60 columns of noise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return Study(made_noise.cohort(3, genes=60), made_noise.ENDPOINT, [f"g{j}" for j in range(60)])


@quiet
def test_l12_selection_outside_is_refused_with_the_way_out(noise):
    model = noise.fit(Screened(keep=3, inside=False))
    refused("L12", "selected outside the resamples.*inside=True.*reproduce_published", lambda: noise.validate(model))


def test_l12_reproduced_numbers_stand_beside_the_honest_ones(noise):
    plan = CrossValidation(folds=5, repeats=1)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = noise.fit(Screened(keep=3, inside=False, reproduce_published=True))
        both = noise.validate(model, plan, metrics=["harrell_c", "auc"])
        alone = noise.validate(noise.fit(Screened(keep=3)), plan, metrics=["harrell_c", "auc"])
    leaky = "screened (leaky: selection outside the resamples)"
    assert list(dict.fromkeys(both.table["model"])) == ["screened", leaky]
    assert both.of("screened").equals(alone.of("screened"))
    c = both.table.set_index(["model", "metric"])["corrected"]
    assert c[leaky, "harrell_c"] > c["screened", "harrell_c"] + 0.1
    finding = next(f for f in both.warnings if f.code == "L12")
    assert f"harrell_c {c['screened', 'harrell_c']:.3g} honest, {c[leaky, 'harrell_c']:.3g} leaky" in finding.rule
    assert f"auc at 6 {c['screened', 'auc']:.3g} honest" in finding.rule
    assert any("[L12]" in str(warning.message) for warning in told)
    assert "L12" not in [f.code for f in alone.warnings]


@quiet
def test_a_screened_model_is_judged_by_patients_left_out_unless_asked_otherwise(noise):
    validation = noise.validate(noise.fit(Screened(keep=3)), repeats=1, metrics=["harrell_c"])
    assert validation.method == "cross-validation"
    assert "chooses among predictors" in validation.choice
    forced = noise.validate(noise.fit(Screened(keep=3)), "bootstrap", 5, metrics=["harrell_c"])
    assert "V03" in [finding.code for finding in forced.warnings]


# Image scores ------------------------------------------------------------------------------------------------------


def films(n, pixels=50, seed=0):
    """Images of noise, (n, pixels)."""
    return np.random.default_rng([seed, 7]).normal(size=(n, pixels))


def network(images, time, event, train):
    """An overfitting 'network': the log-rank weights of all pixels, learnt from some patients; scores everybody."""
    rank = np.argsort(np.argsort(-time[train])) * np.where(event[train] == 1, 1.0, 0.3)
    return images @ np.linalg.lstsq(images[train], rank - rank.mean(), rcond=None)[0]


def cross_fit(cohort, folds, images, nested):
    """Score by networks that did not see the patient; nested: nor, for training patients, the test fold."""
    rows, n = cohort.frame, len(cohort)
    time, event = rows["months"].to_numpy(), rows["event"].to_numpy()
    fold = folds.assignment.loc[list(cohort.ids)].to_numpy()
    if not nested:
        out = np.empty(n)
        for j in range(folds.k):
            out[fold == j] = network(images, time, event, np.flatnonzero(fold != j))[fold == j]
        return Score("film", cohort.ids, out, folds, nested=False)
    values = np.empty((n, folds.k))
    for j in range(folds.k):
        values[fold == j, j] = network(images, time, event, np.flatnonzero(fold != j))[fold == j]
        for inner in set(range(folds.k)) - {j}:
            train = np.flatnonzero((fold != j) & (fold != inner))
            values[fold == inner, j] = network(images, time, event, train)[fold == inner]
    return Score("film", cohort.ids, values, folds)


def scored(seed=0, nested=True, n=100):
    cohort = made_noise.cohort(seed, genes=2, n=n)
    folds = make_folds(cohort, made_noise.ENDPOINT, K, seed)
    return cohort, cross_fit(cohort, folds, films(n, seed=seed), nested)


def study_of(cohort, score, **options):
    return Study(cohort.with_score(score), made_noise.ENDPOINT, ["film", "g0"], **options)


@quiet
def test_an_in_sample_score_of_noise_looks_like_a_discovery_and_the_nested_one_does_not():
    in_sample, honest = [], []
    for seed in range(5):
        cohort, score = scored(seed)
        rows = cohort.frame
        seen = network(films(100, seed=seed), rows["months"].to_numpy(), rows["event"].to_numpy(), np.arange(100))
        # as an ordinary column nothing tells the package where it is from: that is why a score says how it was made
        smuggled = Cohort.from_frame(rows.assign(film=seen)[["film", "g0", "months", "event"]], "pid", smuggled_book())
        plain = Study(smuggled, made_noise.ENDPOINT, ["film"], folds=score.folds)
        in_sample.append(c_of(plain, plain.fit(Cox())))
        study = study_of(cohort, score, folds=score.folds)
        honest.append(c_of(study, study.fit(Cox())))
        refused("L15", "in-sample", lambda cohort=cohort, score=score, seen=seen: cohort.with_score(
            Score("film", cohort.ids, seen, score.folds, nested=False, out_of_fold=False)))  # fmt: skip
    assert np.mean(in_sample) > 0.7
    assert 0.42 < np.mean(honest) < 0.58


def smuggled_book():
    book = dict(made_noise.codebook(1))
    return type(made_noise.codebook(1))({**book, "film": book["g0"].model_copy(update={"name": "film"})})


def c_of(study, model):
    return float(study.validate(model, metrics=["harrell_c"]).table["corrected"].iloc[0])


@quiet
def test_in_each_fold_its_own_column_serves_training_and_test():
    """The engine against a loop: fold k fits and judges with column k; the final model uses each patient's own."""
    cohort, score = scored()
    study = study_of(cohort, score, folds=score.folds)
    model = study.fit(Cox())
    assert study.frame["film"].to_numpy() == pytest.approx(score.of(cohort.ids), rel=1e-15)
    raw = study.validate(model, metrics=["harrell_c"]).raw
    y, fold = study.outcome.to_structured(), score.folds.assignment.loc[list(cohort.ids)].to_numpy()
    for j in range(K):
        X = study.frame.assign(film=score.values[:, j])
        fitted = Cox().fit(X[fold != j], y[fold != j])
        assert raw["held_out"][j] == pytest.approx(harrell_c(fitted.evaluation(X[fold == j], y[fold == j])), rel=1e-12)


@quiet
def test_a_plain_score_fits_the_same_final_model_and_does_not_validate():
    cohort, nested = scored()
    _, plain = scored(nested=False)
    ours = study_of(cohort, nested, folds=nested.folds).fit(Cox())
    study = study_of(cohort, plain, folds=plain.folds)
    model = study.fit(Cox())
    np.testing.assert_array_equal(model.estimate.coefficients, ours.estimate.coefficients)
    refused("L16", "plain.*nested=True", lambda: study.validate(model))


@quiet
@pytest.mark.parametrize("nested", [True, False])
def test_l17_no_stored_score_is_bootstrapped(nested):
    cohort, score = scored(nested=nested)
    study = study_of(cohort, score, folds=score.folds)
    model = study.fit(Cox())
    for method in ("bootstrap", "632+", Bootstrap(5)):
        refused("L17", "film is stored", lambda method=method: study.validate(model, method))
    refused("L17", "film is stored", lambda: study.instability(model, repeats=5))


@quiet
def test_l18_no_other_division_of_the_patients():
    cohort, score = scored()
    with_score = study_of(cohort, score)
    model = with_score.fit(Cox())
    others = make_folds(cohort, made_noise.ENDPOINT, K, seed=99)
    for method in (CrossValidation(repeats=1), GivenFolds(tuple(others.assignment))):
        refused("L18", "other folds.*folds=score.folds", lambda method=method: with_score.validate(model, method))
    elsewhere = study_of(cohort, score, folds=others)
    refused("L18", "other folds", lambda: elsewhere.validate(elsewhere.fit(Cox())))
    own = with_score.validate(model, GivenFolds(tuple(score.folds.assignment)), metrics=["harrell_c"])
    assert own.table["corrected"].notna().all()


@quiet
def test_a_stored_score_as_an_offset_is_watched_too():
    cohort, score = scored(nested=False)
    study = Study(cohort.with_score(score), made_noise.ENDPOINT, ["g0", "g1"])
    refused("L17", "film", lambda: study.validate(study.fit(Cox(offset="film")), "bootstrap", 5))
    without = study.validate(study.fit(Cox()), "bootstrap", 5, metrics=["harrell_c"])
    assert without.table["corrected"].notna().all()


@quiet
def test_the_values_of_every_fold_are_part_of_a_journal_s_key():
    cohort, score = scored()
    moved = score.values.copy()
    off = np.arange(K)[None, :] != score.folds.assignment.loc[list(cohort.ids)].to_numpy()[:, None]
    other = Score("film", cohort.ids, np.where(off, moved + 1, moved), score.folds)
    keys = []
    for one in (score, other, score):
        study = study_of(cohort, one, folds=one.folds)
        recipe = study.fit(Cox()).freshly_fitted()
        X, y, times = study.columns_of(recipe), study.outcome.to_structured(), np.array([6.0])
        plan = GivenFolds(tuple(one.folds.assignment))
        refits = refits_in(study, recipe, X, y, times, plan)
        assert isinstance(refits, ScoredRefits)
        rows = plan_rows(study, X, recipe, None)
        work = Work(refits, recipe.judged(X, y, times), plan, rows, ("harrell_c",), recipe.answers(X, y, times))
        keys.append(key_of("cox", work, recipe, X))
    assert keys[0] == keys[2] != keys[1]


# Patients on both sides ----------------------------------------------------------------------------------------------


@quiet
def test_l19_rows_of_one_patient_in_two_folds():
    frame = made.patients(200).assign(weight=np.arange(200) // 2 + 1.0)
    cohort = made.cohort(frame=frame)
    divided = make_folds(cohort, made.ENDPOINT, 5, seed=1)
    study = made.study(["age"], frame=frame, folds=divided)
    model = study.fit(Cox(cluster="weight"))
    refused("L19", "clusters.*training and test.*together", lambda: study.validate(model))
    whole = make_folds(cohort, made.ENDPOINT, 5, seed=1, together="weight")
    study = made.study(["age"], frame=frame, folds=whole)
    validation = study.validate(study.fit(Cox(cluster="weight")), metrics=["harrell_c"])
    assert validation.table["corrected"].notna().all()
    study = made.study(["age"], frame=frame)
    study.validate(study.fit(Cox(cluster="weight")), CrossValidation(repeats=1), metrics=["harrell_c"])


@quiet
def test_l19_a_patient_of_two_centres():
    frame = made.patients(200).assign(weight=np.arange(200) // 2 + 1.0)
    study = made.study(["age"], frame=frame)
    refused("L19", "training and test", lambda: study.validate(
        study.fit(Cox(cluster="weight")), "internal-external", by="centre"))  # fmt: skip


def test_a_patient_on_both_sides_flatters_and_is_found():
    """Nearest-neighbour memory of noise: patients who are in the training too are 'predicted' perfectly."""
    cohort = made_noise.cohort(5, genes=20)
    rows = cohort.frame
    x, time = rows.filter(like="g").to_numpy(), rows["months"].to_numpy()
    train, fresh = np.arange(50), np.arange(50, 100)

    def remembered(test):
        return -time[train][np.argmin(((x[test][:, None] - x[train]) ** 2).sum(axis=2), axis=1)]

    def c(test):
        pairs = np.sign(time[test][:, None] - time[test]) * np.sign(remembered(test) - remembered(test)[:, None])
        return 0.5 + pairs.sum() / (2 * len(test) * (len(test) - 1))

    assert c(train) == pytest.approx(1.0, abs=0.01)
    assert 0.3 < c(fresh) < 0.7
    columns = rows.columns.difference(["months", "event"])
    mixed = rows.iloc[np.r_[fresh[:40], train[:10]]]
    found = patient_overlap(rows.iloc[train][columns], mixed[columns])
    assert [(finding.code, len(finding.rows)) for finding in found] == [("C25", 10)]
    assert patient_overlap(rows.iloc[train][columns], rows.iloc[fresh][columns]) == []


@quiet
def test_a_post_baseline_predictor_is_a_discovery_and_refused():
    """Response at six months is worse in those who die soon: C far above chance, and not known at time zero."""
    frame = made.patients(300)
    frame["response"] = -np.log(frame["months"]) + np.random.default_rng(1).normal(0, 0.3, 300)
    with pytest.raises(DataContractError, match="post-baseline") as caught:
        made.study(["age", "response"], frame=frame)
    assert caught.value.code == "L11"
    forced = made.study(["age", "response"], frame=frame, allow_post_baseline=["response"])
    assert "L11" in [finding.code for finding in forced.warnings]
    honest = made.study(["age"], frame=frame)
    cs = [
        study.validate(study.fit(Cox()), "bootstrap", 5, metrics=["harrell_c"]).table["corrected"].iloc[0]
        for study in (honest, forced)
    ]
    assert cs[1] > 0.85 > 0.7 > cs[0]


def test_folds_that_name_a_patient_twice_are_no_folds():
    ids = pd.Index(["P0", "P1", "P1"])
    refused("L19", "two folds", lambda: Folds(pd.Series([0, 1, 0], index=ids), 2, 1))


@quiet
def test_screening_and_scores_travel_to_other_processes():
    """What a task needs survives pickling and answers the same there."""
    cohort, score = scored()
    study = study_of(cohort, score, folds=score.folds)
    plan, times = GivenFolds(tuple(score.folds.assignment)), np.array([6.0])
    recipe = study.fit(Screened(keep=1)).freshly_fitted()
    X, y = study.columns_of(recipe), study.outcome.to_structured()
    refits = refits_in(study, recipe, X, y, times, plan)
    train = plan.task(plan_rows(study, X, recipe, None), 2).train
    here, there = refits(train, 3), pickle.loads(pickle.dumps(refits))(train, 3)
    np.testing.assert_array_equal(here.risk, there.risk)
    np.testing.assert_array_equal(here.linear_predictor, there.linear_predictor)
    again = Screened(keep=1).fit(X.assign(film=score.values[:, 2]).iloc[train], y[train])
    np.testing.assert_allclose(here.linear_predictor, again.predict(X.assign(film=score.values[:, 2])), rtol=1e-9)


# Selectors ---------------------------------------------------------------------------------------------------------


@quiet
def test_a_search_outside_the_resamples_makes_a_discovery_of_noise():
    """62 patients, 17 events, 25 columns of noise: as `benchmarks/noise_selection.py` shows on 20 larger cohorts."""
    from cohorts import Binary
    from prognosis.models import Selected, SupportVectorMachine
    from prognosis.selection import Sequential
    from tests.prognosis.made_selection import noise as of_noise

    found = []
    for seed in range(2):
        X, y = of_noise(seed, columns=25)
        variables = {"pid": {"kind": "id"}, **{name: {"kind": "numeric"} for name in X}}
        variables["event"] = {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"}
        frame = X.assign(event=y).set_axis(pd.Index([f"P{row}" for row in range(62)], name="pid"), axis="index")
        study = Study(Cohort(frame, Codebook.from_dict({"variables": variables})), Binary("r", event="event"), list(X))
        recipe = Selected(SupportVectorMachine(), Sequential(3, folds=4), inside=False, reproduce_published=True)
        both = study.validate(study.fit(recipe), CrossValidation(folds=5, repeats=1), metrics=["auc"])
        found.append(both.table["corrected"].to_numpy())
        assert both.table["model"].iloc[1] == both.table["model"].iloc[0] + " (leaky: selection outside the resamples)"
        assert "L12" in [finding.code for finding in both.warnings]
    honest, leaky = np.mean(found, axis=0)
    assert leaky > 0.65
    assert leaky > honest + 0.15
