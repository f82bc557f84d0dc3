"""The optimism bootstrap: an explicit loop as oracle, R's range over seeds, seeds, failures, direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort, TimeToEvent
from cohorts.errors import FitError, PrognosisWarning
from prognosis import Study
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, PenalisedCox
from prognosis.validation.resampling import bootstrap_clusters, bootstrap_rows
from tests.prognosis import made


@pytest.fixture(scope="module")
def study():
    return made.study(["age", "albumin", "sex"], n=250, seed=11)


PLAIN = ("harrell_c", "calibration_slope")


def measures(fitted, X, y, rows):
    """C and slope of a fitted recipe in some rows, by the functions themselves."""
    evaluation = fitted.evaluation(X.iloc[rows], y[rows])
    return [harrell_c(evaluation), evaluation.recalibration.slope]


def test_it_equals_an_explicit_loop(study):
    model = study.fit(Cox())
    validation = study.validate(model, "bootstrap", repeats=12, metrics=PLAIN)
    X, y = study.frame, study.outcome.to_structured()
    everybody = np.arange(len(X))
    original = Cox().fit(X, y)
    optimism, apparent_in_resample, outside = [], [], []
    for index in range(12):
        rows = np.random.default_rng(np.random.SeedSequence([11, index])).integers(0, len(X), len(X))
        refit = Cox().fit(X.iloc[rows], y[rows])
        outside.append(measures(refit, X, y, everybody))
        optimism.append(np.subtract(measures(refit, X, y, rows), outside[-1]))
        apparent_in_resample.append([measures(refit, X, y, rows)[0], measures(original, X, y, rows)[1]])
    mean = np.mean(optimism, axis=0)
    apparent = measures(original, X, y, everybody)
    np.testing.assert_allclose(validation.table["apparent"], apparent, rtol=1e-9)
    np.testing.assert_allclose(validation.table["optimism"], mean, rtol=1e-7)
    np.testing.assert_allclose(validation.table["corrected"], validation.table["apparent"] - mean, rtol=1e-9)
    # C varies in the resamples and in the original rows, the slope (always 1 in its resample) where it is judged
    error = np.sqrt(np.var(apparent_in_resample, axis=0, ddof=1) + [np.var(outside, axis=0, ddof=1)[0], 0]
                    + np.var(optimism, axis=0, ddof=1) / 12)  # fmt: skip
    c, slope = apparent - mean
    width = 1.959963984540054 * error
    odds = np.log(c / (1 - c)) + np.array([-1, 1]) * width[0] / (c * (1 - c))
    limits = np.column_stack([1 / (1 + np.exp(-odds)), slope + np.array([-1, 1]) * width[1]])
    np.testing.assert_allclose(validation.table[["lower", "upper"]].to_numpy().T, limits, rtol=1e-6)


def test_the_table_has_the_keys_that_scripts_rely_on(study):
    validation = study.validate(study.fit(Cox(), name="small"), "bootstrap", repeats=3)
    expected = ["model", "horizon", "metric", "apparent", "optimism", "corrected", "lower", "upper", "threshold"]
    assert list(validation.table.columns) == expected
    names = ["harrell_c"] + ["auc"] * 3 + ["brier"] * 3 + ["ipa"] * 3 + ["calibration_slope"] + ["oe_ratio"] * 3
    assert validation.table["metric"].tolist() == names
    assert validation.table.set_index("metric").loc["auc", "horizon"].tolist() == [12, 24, 48]
    assert len(validation.of("small")) == 14
    assert len(validation.raw) == 42
    assert (validation.method, validation.repeats, validation.seed, validation.failed) == ("bootstrap", 3, 11, 0)


def test_the_apparent_slope_is_one_and_overfitting_lowers_it():
    draw = np.random.default_rng(5)
    noise = {f"noise{k}": draw.normal(size=120) for k in range(12)}
    frame = made.patients(120).assign(**noise)
    book = made.codebook(**{name: {"kind": "numeric"} for name in noise})
    study = made.study(["albumin", *noise], frame=frame, book=book, seed=3, horizons=[24])
    with pytest.warns(PrognosisWarning, match="EPV"):
        model = study.fit(Cox())
    with pytest.warns(PrognosisWarning, match=r"V03.* events for 13 columns, fewer than 10 each"):
        validation = study.validate(model, "bootstrap", repeats=40)
    table = validation.table.set_index("metric")
    assert table.loc["calibration_slope", "apparent"] == pytest.approx(1.0, abs=1e-9)
    assert table.loc["calibration_slope", "corrected"] < 0.85
    assert table.loc["harrell_c", "optimism"] > 0.02
    assert table.loc["harrell_c", "lower"] < table.loc["harrell_c", "corrected"] < table.loc["harrell_c", "upper"]


@pytest.mark.parametrize(
    ("name", "data", "id_column", "time", "event", "predictors", "splines"),
    [
        ("nomogram_cph_gbsg", "gbsg", "pid", "rfstime", "status", ["age", "size", "gradef", "nodes", "hormon"], None),
        ("nomogram_cph_mgus2", "mgus2", "id", "futime", "death", ["age", "sex", "hgb", "creat"], [0.8, 1.1, 1.6]),
    ],
)
def test_corrected_indexes_lie_in_the_range_of_rms_over_seeds(
    golden, golden_data, name, data, id_column, time, event, predictors, splines
):
    """rms::validate keeps the knots, so they are given here; its range over five seeds is widened by two of its sd."""
    r = golden(name)["validate"]
    rows = golden_data(data).dropna(subset=["mspike", *predictors] if data == "mgus2" else predictors)
    kinds = {"gradef": {"kind": "ordinal", "levels": ["1", "2", "3"]}, "sex": {"kind": "binary", "levels": ["F", "M"]}}
    declared = {
        id_column: {"kind": "id"},
        **{column: kinds.get(column, {"kind": "numeric"}) for column in predictors},
        time: {"kind": "time", "unit": "days"},
        event: {"kind": "event", "values": {"censored": 0, "event": 1}},
    }
    frame = rows[list(declared)].astype({id_column: str} | ({"gradef": str} if "gradef" in predictors else {}))
    cohort = Cohort.from_frame(frame, id_column, Codebook.from_dict({"variables": declared}))
    endpoint = TimeToEvent("event", time=time, event=event, unit="days", origin="start")
    study = Study(cohort, endpoint, predictors, seed=1)
    model = study.fit(Cox(splines=None if splines is None else {"creat": splines}))
    table = study.validate(model, "bootstrap", repeats=r["B"]).table.set_index("metric")
    rms = pd.DataFrame(
        {key: r[key] for key in ("apparent", "corrected_min", "corrected_max", "corrected_sd_over_seeds")},
        index=r["rows"],
    )
    dxy = 2 * table.loc["harrell_c", ["apparent", "corrected"]] - 1
    assert dxy["apparent"] == pytest.approx(rms.loc["Dxy", "apparent"], abs=1e-6)
    for found, index in ((dxy["corrected"], "Dxy"), (table.loc["calibration_slope", "corrected"], "Slope")):
        spare = 2 * rms.loc[index, "corrected_sd_over_seeds"]
        assert rms.loc[index, "corrected_min"] - spare <= found <= rms.loc[index, "corrected_max"] + spare


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(study):
    model = study.fit(Cox())
    first, second = (study.validate(model, repeats=5).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    other = made.study(["age", "albumin", "sex"], n=250, seed=12)
    assert other.validate(other.fit(Cox()), repeats=5).table["optimism"].tolist() != first["optimism"].tolist()


def test_a_model_gets_the_same_numbers_alone_and_in_company(study):
    one, two = study.fit(Cox(), name="one"), study.fit(Cox(ties="breslow"), name="two")
    together = study.validate([one, two], repeats=4)
    alone = study.validate(two, repeats=4)
    pd.testing.assert_frame_equal(together.of("two"), alone.of("two"), check_exact=True)


def test_resamples_depend_on_seed_and_index_only():
    np.testing.assert_array_equal(bootstrap_rows(50, 7, 3), bootstrap_rows(50, 7, 3))
    assert bootstrap_rows(50, 7, 3).tolist() != bootstrap_rows(50, 7, 4).tolist()
    assert bootstrap_rows(50, 7, 3).tolist() != bootstrap_rows(50, 8, 3).tolist()
    assert set(bootstrap_rows(5, 1, 1)) <= set(range(5))


def rare(events):
    """Patients of whom a category has few events: some resamples lose them all."""
    frame = made.patients(200)
    grade = np.where(np.arange(200) < 12, "high", frame["grade"].astype(str).replace("high", "low"))
    event = np.where(grade == "high", 0, frame["event"])
    event[:events] = 1
    return frame.assign(grade=pd.Categorical(grade, categories=["low", "middle", "high"]), event=event)


def test_m10_failed_resamples_are_counted_with_their_reasons():
    """Case M10: never dropped silently."""
    study = made.study(["age", "grade"], frame=rare(4), seed=3)
    model = study.fit(Cox())
    with pytest.warns(PrognosisWarning, match=r"M10.* of 60 failed to fit in a resample; reasons: C05"):
        validation = study.validate(model, "bootstrap", repeats=60)
    assert 0 < validation.failed <= 3
    assert {finding.code for finding in validation.warnings} == {"M10"}
    assert len(validation.raw) == 14 * (60 - validation.failed)


def test_m10_more_than_a_twentieth_failed_is_an_error():
    study = made.study(["age", "grade"], frame=rare(1), seed=2)
    with pytest.raises(FitError, match=r"of 40 failed.*C05") as caught:
        study.validate(study.fit(Cox()), "bootstrap", repeats=40)
    assert caught.value.code == "M10"


def test_progress_is_told(study):
    told = []
    model = study.fit(Cox())
    study.validate(
        [model, study.fit(Cox(), name="again")],
        "bootstrap",
        repeats=3,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(k, 6) for k in range(1, 7)]


def test_what_cannot_be_validated_is_refused(study):
    model = study.fit(Cox())
    foreign = made.study(["age", "albumin", "sex"], n=120, horizons=[24]).fit(Cox())
    for act, words in (
        (lambda: study.validate(model, method="holdout"), "unknown validation method"),
        (lambda: study.validate(model, "bootstrap", repeats=1), "at least 2"),
        (lambda: study.validate(foreign), "was not fitted by this study"),
    ):
        with pytest.raises(FitError, match=words):
            act()


def test_a_model_of_another_question_on_the_same_patients_is_refused(study):
    """The refits would be other models than the one judged: a number of nothing, and nobody would see it."""
    more = made.study(["age", "albumin", "sex", "creat"], n=250, seed=11)
    with pytest.raises(FitError, match="model cox was not fitted by this study"):
        more.validate(study.fit(Cox()), repeats=2)
    frame = made.patients(250).assign(other=1 - made.patients(250)["event"])
    book = made.codebook(other={"kind": "event", "values": {"censored": 0, "event": 1}})
    endpoint = made.TimeToEvent("other", time="months", event="other", unit="months", origin="registration")
    turned = made.study(["age", "albumin", "sex"], frame=frame, book=book, endpoint=endpoint, seed=11)
    with pytest.raises(FitError, match="was not fitted by this study"):
        turned.validate(study.fit(Cox()), repeats=2)


def test_no_model_is_refused(study):
    with pytest.raises(FitError, match="no model to validate"):
        study.validate([], repeats=2)


def test_two_models_of_one_name_are_refused(study):
    with pytest.raises(FitError, match="two models are called cox"):
        study.validate([study.fit(Cox()), study.fit(Cox(ties="breslow"))], repeats=2)


def test_strata_weights_and_entry_go_into_every_resample():
    frame = made.patients(300)
    endpoint = made.TimeToEvent(
        "efs", time="months", event="event", entry="start", unit="months", origin="registration", horizons=(12,)
    )
    study = made.study(["age", "albumin"], frame=frame, endpoint=endpoint, seed=4)
    model = study.fit(Cox(strata=["centre"], weights="weight"))
    with pytest.warns(PrognosisWarning, match="V05.*M11 auc at a horizon does not count case weights"):
        table = study.validate(model, "bootstrap", repeats=10).table.set_index("metric")
    assert np.isnan(table.loc["auc", "corrected"])
    assert 0.5 < table.loc["harrell_c", "corrected"] < table.loc["harrell_c", "apparent"] + 0.02
    assert table.loc["calibration_slope", "apparent"] == pytest.approx(1.0, abs=1e-8)


def test_whole_clusters_are_drawn():
    cluster = np.random.default_rng(1).permutation(np.repeat(np.arange(12), [1, 2, 3, 4] * 3))
    rows = bootstrap_clusters(cluster, 5, 2)
    drawn = bootstrap_rows(12, 5, 2)
    np.testing.assert_array_equal(cluster[rows], np.repeat(drawn, np.bincount(cluster)[drawn]))
    for one in np.unique(drawn):
        own = np.sort(rows[cluster[rows] == one])
        np.testing.assert_array_equal(own, np.repeat(np.flatnonzero(cluster == one), (drawn == one).sum()))


def test_rows_of_a_cluster_are_no_independent_evidence():
    """Every patient four times: judged by patients the optimism is that of one copy, judged by rows a quarter."""
    single = made.patients(60, seed=8)
    frame = pd.concat([single] * 4).set_axis([f"P{place:03d}" for place in range(240)]).rename_axis("pid")
    frame["centre"] = pd.Categorical(np.tile([f"c{place}" for place in range(60)], 4))
    levels = {"kind": "nominal", "levels": list(frame["centre"].cat.categories)}
    study = made.study(["age", "albumin", "creat"], frame=frame, book=made.codebook(centre=levels), horizons=[12])
    optimism = {}
    for cluster in (None, "centre"):
        model = study.fit(Cox(ties="breslow", cluster=cluster))
        optimism[cluster] = study.validate(model, "bootstrap", repeats=60).table["optimism"].iloc[1]
    assert optimism["centre"] > 2 * optimism[None] > 0


def test_a_model_that_selects_carries_a_warning():
    study = made.study(["age", "albumin", "creat"], n=200)
    with pytest.warns(PrognosisWarning, match="N20"):
        model = study.fit(PenalisedCox(penalty=0.05), name="lasso")
    with pytest.warns(PrognosisWarning) as caught:
        validation = study.validate(model, "bootstrap", repeats=2)
    assert any("V03" in str(found.message) and "model lasso chooses among" in str(found.message) for found in caught)
    assert [finding.code for finding in validation.warnings] == ["V03"]
