"""A cross-fitted score in a study: what it adds, in paired differences and by permutation; what would leak."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts import Cohort, Score, make_folds
from cohorts.errors import DataContractError, FitError, LeakageError
from imaging_head.added_value import image_added_value
from imaging_head.cross_fit import cross_fit
from prognosis import Study
from prognosis.models import Cox
from tests.imaging_head.made_learners import Pixels
from tests.imaging_head.test_cross_fit import ENDPOINT, K, refused, study_of

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def scored(seed, signal, n=160, pixels=6, **options):
    cohort, films = study_of(n, seed, signal, pixels)
    folds = make_folds(cohort, ENDPOINT, K, seed)
    return cohort, films, cross_fit(Pixels(**options), films, cohort, ENDPOINT, folds).score


@pytest.fixture(scope="module")
def informative():
    """A film whose first pixel moves the log hazard by one standard deviation each way."""
    cohort, films, score = scored(1, 1.0)
    study = Study(cohort.with_score(score), ENDPOINT, ["age", "radiograph"], folds=score.folds, horizons=[0.5])
    clinical = study.fit(Cox(), name="clinical", predictors=["age"])
    combined = study.fit(Cox(), name="combined")
    return films, score, study, clinical, combined


# What it adds -------------------------------------------------------------------------------------------------------


def test_the_gain_of_the_combined_over_the_clinical_model_in_the_same_folds(informative):
    _films, score, study, clinical, combined = informative
    found = study.validate([combined, clinical], metrics=["harrell_c", "net_benefit"], thresholds=[0.4])
    gain = found.gain(of=combined, over=clinical).set_index("metric")
    assert found.method == "cross-validation"
    assert gain.loc["harrell_c", "lower"] > 0.02
    assert np.isfinite(gain.loc["net_benefit", ["difference", "lower", "upper"]].astype(float)).all()
    c = found.raw[found.raw["metric"] == "harrell_c"].pivot_table(index="resample", columns="model", values="held_out")
    assert gain.loc["harrell_c", "difference"] == pytest.approx((c["combined"] - c["clinical"]).mean(), rel=1e-12)
    # the clinical model is judged as in a study of its own
    alone = Study(study.cohort, ENDPOINT, ["age"], folds=score.folds, horizons=[0.5])
    by_itself = alone.validate(alone.fit(Cox()), metrics=["harrell_c"]).raw["held_out"]
    np.testing.assert_array_equal(by_itself, c["clinical"])


def test_a_model_of_some_predictors_belongs_to_its_part_of_the_study(informative):
    _films, _score, study, clinical, combined = informative
    part = study.of(["age"])
    assert (part.predictors, study.predictors) == (("age",), ("age", "radiograph"))
    assert part.outcome is study.outcome
    assert clinical.predictors == ("age",)
    assert part.validate(clinical, metrics=["harrell_c"]).table["corrected"].notna().all()
    refused(FitError, "V01", "not fitted by this study", lambda: study.instability(clinical, repeats=2))
    refused(FitError, "V01", "not fitted by this study", lambda: part.validate(combined))
    own = Study(study.cohort, ENDPOINT, ["age"], folds=study.folds).fit(Cox(), name="own")
    refused(FitError, "V01", "model own was not fitted by this study", lambda: study.validate([combined, own]))
    for code, words, some in (("S01", "no such predictor.*age, radiograph", ["grade"]), ("C02", "twice", ["age"] * 2),
                              ("S15", "no predictor", [])):  # fmt: skip
        refused(DataContractError, code, words, lambda some=some: study.of(some))


def test_the_permutation_test_finds_what_the_film_knows_and_nothing_else(informative):
    films, _score, study, clinical, _combined = informative
    found = image_added_value(Pixels(), films, study, clinical, 19)
    assert found.p == pytest.approx(0.05)
    # the observed statistic is that of the stored score itself
    both = study.fit(Cox()).estimate
    assert found.statistic == pytest.approx(np.sqrt(2 * (both.loglik[1] - clinical.estimate.loglik[1])), rel=1e-6)
    assert found.coefficient == pytest.approx(both.coefficients[1], rel=1e-6)
    assert found.score == "radiograph"
    cohort, useless, _score = scored(2, 0.0)
    nothing = Study(cohort, ENDPOINT, ["age"], folds=make_folds(cohort, ENDPOINT, K, 2))
    assert image_added_value(Pixels(), useless, nothing, nothing.fit(Cox()), 19).p > 0.05
    bare = Study(cohort, ENDPOINT, ["age"])
    refused(FitError, "V42", "no folds", lambda: image_added_value(Pixels(), useless, bare, bare.fit(Cox()), 19))


# What would leak ------------------------------------------------------------------------------------------------------


def test_useless_films_scored_in_sample_look_like_a_discovery_and_cross_fitted_they_do_not():
    """36 pixels of noise, 160 patients: C of what the network remembers, and of what it knows."""
    remembered, honest = [], []
    for seed in range(3):
        cohort, films, score = scored(seed + 10, 0.0)
        net = Pixels().fit(films, ENDPOINT.outcome(cohort))
        seen = net.linear_predictor(films).loc[list(cohort.ids)].to_numpy()
        smuggled = Cohort(cohort.table.assign(entry=seen), cohort.codebook)
        book = type(cohort.codebook)({**cohort.codebook, "entry": cohort.codebook["age"]})
        plain = Study(Cohort(smuggled.table, book), ENDPOINT, ["entry"], folds=score.folds)
        study = Study(cohort.with_score(score), ENDPOINT, ["radiograph"], folds=score.folds)
        for told, one in ((remembered, plain), (honest, study)):
            told.append(one.validate(one.fit(Cox()), metrics=["harrell_c"]).table["corrected"].iloc[0])
        stored = Score("radiograph", cohort.ids, seen, score.folds, nested=False, out_of_fold=False)
        refused(LeakageError, "L15", "in-sample", lambda cohort=cohort, stored=stored: cohort.with_score(stored))
    assert np.mean(remembered) > 0.65
    assert 0.4 < np.mean(honest) < 0.58


def test_neither_plain_nor_bootstrapped_nor_in_other_folds(informative):
    films, score, study, _clinical, combined = informative
    refused(LeakageError, "L17", "radiograph is stored", lambda: study.validate(combined, "bootstrap", 5))
    bare = study.cohort.codebook
    cohort = Cohort(study.cohort.table.drop(columns="radiograph"), type(bare)({k: bare[k] for k in bare if k !=
                    "radiograph"}))  # fmt: skip
    plain = cross_fit(Pixels(), films, cohort, ENDPOINT, score.folds, nested=False).score
    leaky = Study(cohort.with_score(plain), ENDPOINT, ["age", "radiograph"], folds=score.folds)
    model = leaky.fit(Cox())
    np.testing.assert_allclose(model.estimate.coefficients, combined.estimate.coefficients, rtol=1e-9)
    refused(LeakageError, "L16", "plain.*nested=True", lambda: leaky.validate(model))
    others = Study(study.cohort, ENDPOINT, ["radiograph"], folds=make_folds(cohort, ENDPOINT, K, 77))
    refused(LeakageError, "L18", "other folds", lambda: others.validate(others.fit(Cox())))
