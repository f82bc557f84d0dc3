"""Cross-fitting: who saw whom, the same numbers by hand, what is refused, what a leak does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from cohorts import Binary, Cohort, Competing, Folds, TimeToEvent, make_folds
from cohorts.errors import DataContractError, FitError, ImageError, LeakageError
from imaging_head.cross_fit import cross_fit, left_out, taken
from imaging_head.radiographs import Squares
from prognosis.execution import Execution
from tests.imaging_head.made_learners import Pixels

BOOK = {"variables": {
    "pid": {"kind": "id"}, "age": {"kind": "numeric"}, "months": {"kind": "time", "unit": "months"},
    "entry": {"kind": "time", "unit": "months"}, "event": {"kind": "event", "label": {"en": "Metastasis", "zh": "转移"},
    "values": {"censored": 0, "event": 1}},
}}  # fmt: skip
TIMED = {"time": "months", "event": "event", "unit": "months", "origin": "diagnosis"}
ENDPOINT = TimeToEvent("metastasis", **TIMED)
BINARY = Binary("metastasis", event="event")
K = 4


def study_of(n=60, seed=0, signal=0.0, pixels=6):
    """A cohort and one film a patient; the first pixel bears on the hazard by `signal`."""
    from cohorts import Codebook

    rng = np.random.default_rng(seed)
    films = rng.random((n, pixels, pixels)).astype(np.float32)
    time = rng.exponential(np.exp(-signal * (films[:, 0, 0] - 0.5) * np.sqrt(12)))
    end = rng.uniform(0.5, 2.5, n)
    table = {
        "age": rng.normal(60, 10, n), "months": np.minimum(time, end) + 0.01, "entry": np.zeros(n),
        "event": (time <= end).astype(int),
    }  # fmt: skip
    frame = pd.DataFrame(table, index=pd.Index([f"P{row}" for row in range(n)], name="pid"))
    return Cohort(frame, Codebook.from_dict(BOOK)), Squares(films, tuple(frame.index))


def refused(error, code, words, build):
    with pytest.raises(error, match=words) as caught:
        build()
    assert caught.value.code == code
    return caught.value.findings


@pytest.fixture(scope="module")
def made():
    cohort, films = study_of()
    folds = make_folds(cohort, ENDPOINT, K, seed=2)
    return cohort, films, folds, cross_fit(Pixels(noise=0.1), films, cohort, ENDPOINT, folds)


# Who saw whom ----------------------------------------------------------------------------------------


def test_every_value_is_by_the_network_that_saw_neither_the_patient_nor_the_fold(made):
    """By hand: column j at fold m is the network of all patients outside j and m."""
    cohort, films, folds, found = made
    outcome = ENDPOINT.outcome(cohort)
    fold = folds.assignment.loc[list(outcome.ids)].to_numpy()
    for j in range(K):
        for m in range(K):
            without = tuple(sorted({j, m}))
            part = taken(outcome, np.flatnonzero(~np.isin(fold, without)))
            net = Pixels(noise=0.1).with_task(1, *without).fit(films.of(part.ids), part)
            wanted = [patient for patient, own in zip(outcome.ids, fold, strict=True) if own == m]
            assert not net.saw & {patient for patient, own in folds.assignment.items() if own in without}
            by_hand = net.linear_predictor(films.of(wanted)).loc[wanted]
            np.testing.assert_allclose(found.score.values[fold == m, j], by_hand, rtol=1e-9, atol=1e-12)
    assert found.score.ids == cohort.ids
    assert found.score.nested


def test_ten_networks_serve_four_folds(made, monkeypatch):
    cohort, films, folds, _found = made
    assert left_out(K, nested=True) == [(0,), (1,), (2,), (3,), (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert len(left_out(5, nested=True)) == 15
    fitted = []
    fit = Pixels.fit
    monkeypatch.setattr(Pixels, "fit", lambda self, *given: fitted.append(self.task) or fit(self, *given))
    cross_fit(Pixels(noise=0.1), films, cohort, ENDPOINT, folds, nested=False)
    assert fitted == [(1, 0), (1, 1), (1, 2), (1, 3)]


def test_a_plain_score_is_the_diagonal_of_the_nested_one(made):
    cohort, films, folds, found = made
    plain = cross_fit(Pixels(noise=0.1), films, cohort, ENDPOINT, folds, nested=False).score
    assert not plain.nested
    np.testing.assert_array_equal(plain.of(cohort.ids), found.score.of(cohort.ids))


def test_a_change_of_one_outcome_leaves_the_own_fold_s_column_as_it_was(made):
    """Nothing in column j depends on the outcomes of fold j, for nobody: that is what validation rests on."""
    cohort, films, folds, found = made
    test = list(folds.test_ids(1))
    table = cohort.table.copy()
    table.loc[test, "months"] = table.loc[test, "months"].to_numpy()[::-1] * 3
    other = cross_fit(Pixels(noise=0.1), films, Cohort(table, cohort.codebook), ENDPOINT, folds).score
    np.testing.assert_array_equal(other.values[:, 1], found.score.values[:, 1])
    assert (other.values[:, 0] != found.score.values[:, 0]).any()


def test_the_order_of_the_films_does_not_matter_and_several_films_count_by_their_mean(made):
    cohort, films, folds, found = made
    order = np.random.default_rng(1).permutation(len(films))
    mixed = Squares(films.pixels[order], tuple(films.patients[row] for row in order))
    again = cross_fit(Pixels(noise=0.1), mixed, cohort, ENDPOINT, folds).score
    np.testing.assert_allclose(again.values, found.score.values, rtol=1e-9, atol=1e-12)
    twice = Squares(np.concatenate([films.pixels] * 2), films.patients * 2)
    doubled = cross_fit(Pixels(ridge=2.0, noise=0.1), twice, cohort, ENDPOINT, folds).score
    np.testing.assert_allclose(doubled.values, found.score.values, rtol=1e-9, atol=1e-12)


# New patients, words, resuming ----------------------------------------------------------------------------------------


def test_a_new_patient_has_the_mean_of_the_networks_without_one_fold(made):
    _cohort, _films, _folds, found = made
    new = Squares(np.random.default_rng(9).random((3, 6, 6)).astype(np.float32), ("N1", "N2", "N1"))
    scores = found.score_new(new)
    wanted = np.mean([found.net(fold).linear_predictor(new) for fold in range(K)], axis=0)
    np.testing.assert_allclose(scores.loc[["N1", "N2"]], wanted, rtol=1e-12)
    assert scores.name == "radiograph"


def test_the_score_says_what_it_is(made):
    cohort, films, _folds, found = made
    variable = cohort.with_score(found.score).codebook["radiograph"]
    assert variable.text() == "Radiograph score (log hazard of metastasis)"
    assert variable.text("zh") == "影像评分（转移的对数风险）"
    assert "Pixels(ridge=1.0, noise=0.1), cross-fitted in 4 folds" in found.score.provenance
    binary = cross_fit(Pixels(), films, cohort, BINARY, make_folds(cohort, BINARY, K, 1), name="film").score
    assert binary.label["en"] == "Film score (log odds of metastasis)"
    assert np.isfinite(binary.values).all()


def test_a_journal_gives_the_same_score_and_networks_are_fitted_again_when_asked_for(made, tmp_path, monkeypatch):
    cohort, films, folds, found = made
    given = (Pixels(noise=0.1), films, cohort, ENDPOINT, folds)
    first = cross_fit(*given, execution=Execution(journal=tmp_path))
    fitted = []
    fit = Pixels.fit
    monkeypatch.setattr(Pixels, "fit", lambda self, *given: fitted.append(self.task) or fit(self, *given))
    again = cross_fit(*given, execution=Execution(journal=tmp_path))
    assert fitted == []
    np.testing.assert_array_equal(again.score.values, first.score.values)
    new = films.of(cohort.ids[:2])
    pd.testing.assert_series_equal(again.score_new(new), found.score_new(new))
    assert fitted == [(1, fold) for fold in range(K)]
    cross_fit(Pixels(noise=0.2), *given[1:], execution=Execution(journal=tmp_path))
    assert len(fitted) == K + 10


# What is refused ----------------------------------------------------------------------------------------


def fits(cohort, films, folds, endpoint=ENDPOINT, learner=None, **options):
    return lambda: cross_fit(learner or Pixels(), films, cohort, endpoint, folds, **options)


def test_i22_patients_and_films_that_do_not_belong_together(made):
    cohort, films, folds, _ = made
    found = refused(ImageError, "I22", "without", fits(cohort, films.of(cohort.ids[2:]), folds))
    assert found[0].rows == ("P0", "P1")
    fewer = cohort.without(["P7"], "moved")
    found = refused(ImageError, "I22", "1 patients with films are not in the cohort: #", fits(fewer, films, folds))
    assert "P7" not in str(found)


def test_i60_outcomes_that_no_network_answers(made):
    cohort, films, folds, _ = made
    late = TimeToEvent("metastasis", entry="entry", **TIMED)
    table = cohort.table.assign(entry=cohort.table["months"] / 2)
    refused(FitError, "I60", "delayed entry", fits(Cohort(table, cohort.codebook), films, folds, late))
    codes = {"censored": 0, "event": 1, "competing": [2]}
    book = dict(cohort.codebook)
    plain = type(cohort.codebook)({**book, "event": book["event"].model_copy(update={"values": None})})
    table = cohort.table.assign(event=np.arange(60) % 3)
    both = Competing("metastasis", event_values=codes, **TIMED)
    refused(FitError, "I60", "competing", fits(Cohort(table, plain), films, folds, both))
    at_visits = TimeToEvent("metastasis", last_free="entry", **TIMED)
    refused(FitError, "I60", "visit", fits(cohort, films, folds, at_visits))


def test_i61_one_picture_of_two_patients_in_training_and_test(made):
    cohort, films, folds, _ = made
    one, other = folds.test_ids(0)[0], folds.test_ids(1)[0]
    rows = [films.patients.index(patient) for patient in (one, other)]
    for copy in (films.pixels[rows[0]], films.pixels[rows[0]][:, ::-1]):
        pixels = films.pixels.copy()
        pixels[rows[1]] = copy
        found = refused(LeakageError, "I61", "mirror image", fits(cohort, replace(films, pixels=pixels), folds))
        assert set(found[0].rows) == {one, other}
    # both on one side of every split, the pair does no harm
    pixels = films.pixels.copy()
    same = [films.patients.index(patient) for patient in folds.test_ids(0)[:2]]
    pixels[same[1]] = pixels[same[0]]
    assert fits(cohort, replace(films, pixels=pixels), folds)().score.nested


def test_i62_too_few_folds_or_events(made):
    cohort, films, folds, _ = made
    two = make_folds(cohort, ENDPOINT, 2, seed=1)
    refused(FitError, "I62", "three folds", fits(cohort, films, two))
    assert not fits(cohort, films, two, nested=False)().score.nested
    table = cohort.table.assign(event=(np.arange(60) < 3).astype(int))
    rare = Cohort(table, cohort.codebook)
    three = make_folds(rare, ENDPOINT, 3, seed=1)
    refused(FitError, "I62", "trained on 1 events", fits(rare, films, three))
    alone = Folds(pd.concat([folds.assignment, pd.Series({"X": 4})]), 5, 1)
    refused(FitError, "I62", "nobody.*fold 4", fits(cohort, films, alone))
    elsewhere = make_folds(cohort.without(["P3"], "moved"), ENDPOINT, 4, 1)
    refused(DataContractError, "V02", "place 1", fits(cohort, films, elsewhere))


@dataclass(frozen=True)
class Broken(Pixels):
    """Scores that are not finite, or a fit that fails, in one task."""

    fails: bool = False

    def fit(self, films, outcome):
        if self.task != (1, 0, 2):
            return super().fit(films, outcome)
        if self.fails:
            from cohorts.errors import Finding

            raise FitError(Finding("I35", "no such luck", "try again"))
        found = super().fit(films, outcome)
        return replace(found, weights=found.weights * np.nan)


def test_i63_i64_networks_that_fail_leave_no_score(made):
    cohort, films, folds, _ = made
    refused(FitError, "I64", "1 of 10.*without fold 0 and 2 gives no finite", fits(cohort, films, folds,
            learner=Broken()))  # fmt: skip
    refused(FitError, "I64", "1 of 10.*no such luck", fits(cohort, films, folds, learner=Broken(fails=True)))
