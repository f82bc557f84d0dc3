"""Values that some tasks cannot measure: counted, explained, never given from a remnant, never silently absent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PrognosisWarning
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.models import Cox, Logistic
from prognosis.outcome import read_outcome
from prognosis.validation import Bootstrap, CrossValidation, GroupCombinations, InternalExternal, Temporal
from prognosis.validation.engine import Question, _work, validate_inside
from prognosis.validation.pooled import divisions_of
from prognosis.validation.summary import Scale, corrected_by_632, corrected_by_optimism
from prognosis.validation.tables import Found, summarise
from prognosis.validation.work import values_of
from prognosis.workers import TaskFailure
from tests.prognosis import made

H = np.array([12.0])


@pytest.fixture(scope="module")
def study():
    return made.study(["age", "albumin"], n=240, seed=11, horizons=[12])


@pytest.fixture(scope="module")
def model(study):
    return study.fit(Cox())


def ici(study, train, test):
    """Fit to some patients, measure in others."""
    X, y = study.frame, study.outcome.to_structured()
    fit = Cox().fit(X.iloc[train], y[train])
    risk = fit.estimate_.risk(fit.preparation_.design(X.iloc[test]), H)[0]
    return calibration_curve(read_outcome(y[test]), risk, H).errors().ici[0]


def found_with(study, model, plan, metrics, change):
    """What the engine finds when the values of some tasks are replaced."""
    _, work = _work(study, model, Question(plan, metrics=metrics))
    results = change([work(task) for task in range(plan.count(work.rows))])
    kept = {task: result for task, result in enumerate(results) if not isinstance(result, TaskFailure)}
    everybody = work.judged.evaluation(work.original, np.arange(work.rows.n))
    return Found("cox", work, values_of(everybody, work.chosen), kept, ())


def failing(*tasks):
    return lambda results: [TaskFailure("C05", "") if task in tasks else r for task, r in enumerate(results)]


def test_a_split_in_time_has_an_ici_of_its_later_patients(study, model):
    """It was not a number without a word, since not everybody is left out once."""
    table = study.validate(model, Temporal("age", after=60), metrics=["ici"]).table
    late = study.frame["age"].to_numpy() > 60
    expected = ici(study, np.flatnonzero(~late), np.flatnonzero(late))
    assert table["corrected"][0] == pytest.approx(expected, rel=1e-9)


def test_combinations_of_groups_have_the_mean_ici_of_the_combinations(study, model):
    validation = study.validate(model, GroupCombinations("grade", 2), metrics=["ici"])
    grade = study.cohort.view(("grade",))["grade"].astype(str).to_numpy()
    each = [ici(study, np.flatnonzero(grade == kept), np.flatnonzero(grade != kept)) for kept in set(grade)]
    assert validation.table["corrected"][0] == pytest.approx(np.mean(each), rel=1e-9)
    assert not validation.held_out
    alone = study.validate(model, GroupCombinations("centre", 1), metrics=["ici"])
    by_centre = study.validate(model, InternalExternal("centre"), metrics=["ici"])
    pd.testing.assert_frame_equal(alone.table, by_centre.table, check_exact=True)


def test_a_failed_refit_costs_its_own_repeat_only(study, model):
    """The repeats after it were lost too, and the ICI with them."""
    plan = CrossValidation(folds=4, repeats=3)
    whole = found_with(study, model, plan, ["ici"], failing())
    part = found_with(study, model, plan, ["ici"], failing(1))
    assert whole.together.shape == (3, 1)
    np.testing.assert_array_equal(part.together, whole.together[1:])
    assert summarise(part).table["corrected"][0] == pytest.approx(whole.together[1:].mean(), rel=1e-12)


def test_v05_without_a_whole_repeat_there_is_no_ici_and_the_reason_is_said(study, model):
    found = found_with(study, model, CrossValidation(folds=4, repeats=2), ["ici", "auc"], failing(1, 6))
    summary = summarise(found)
    table = summary.table.set_index("metric")
    assert np.isnan(table.loc["ici", "corrected"])
    assert np.isfinite(table.loc["auc", "corrected"])
    assert [finding.code for finding in summary.warnings] == ["V05"]
    assert "ici at 12 (0 of 0 divisions)" in summary.warnings[0].rule
    assert "in every division of the patients a refit failed" in summary.warnings[0].rule


def test_v05_an_ici_beyond_the_follow_up_of_a_refit_is_not_a_number_with_the_reason():
    """A risk that is not known stopped the whole validation."""
    frame = made.patients(240)
    last = frame["months"].max()
    with pytest.warns(PrognosisWarning, match="P11"):
        study = made.study(["age", "albumin"], frame=frame, seed=11, horizons=[last])
    model = study.fit(Cox())
    with pytest.warns(PrognosisWarning, match=r"V05.*ici at .* \(1 of 1 divisions\).*M01|M05"):
        table = study.validate(model, CrossValidation(4, 1), metrics=["ici"]).table
    assert np.isnan(table["corrected"][0])


def test_v05_counts_values_that_are_missing_in_the_resample_itself(study, model):
    """An optimism needs both: three of 40 resamples without an early event were dropped without a word."""
    plan = Bootstrap(40)

    def change(results):
        for result in results[:3]:
            result[0] = np.nan
        return results

    found = found_with(study, model, plan, ["auc"], change)
    summary = summarise(found)
    assert np.isnan(summary.table["corrected"][0])
    assert "auc at 12 (3 of 40)" in summary.warnings[0].rule


def test_v05_says_why_a_resample_has_no_value():
    """Four events before the horizon: 2 % of the resamples have none of them, and no AUC there."""
    frame = made.patients(240)
    first = frame["event"].to_numpy() * (frame["months"].to_numpy() >= 12)
    first[np.flatnonzero(frame["months"].to_numpy() < 12)[:3]] = 1
    study = made.study(["age"], frame=frame.assign(event=first), seed=11, horizons=[12])
    with pytest.warns(PrognosisWarning, match=r"V05.*auc at 12 \(\d of 60\).*M07 0 events before t=12"):
        study.validate(study.fit(Cox()), "bootstrap", 60, metrics=["auc"])


def test_v05_a_share_that_is_not_defined_is_said_in_words():
    frame = made.patients(240)
    rare = np.zeros(240, int)
    rare[np.random.default_rng(1).choice(240, 12, replace=False)] = 1
    study = made.study(["age"], frame=frame.assign(early=rare), seed=11, endpoint=made.ENDPOINTS["binary"])
    with pytest.warns(PrognosisWarning, match=r"V05.*ppv.*not defined in these patients .*nobody above"):
        study.validate(study.fit(Logistic()), "bootstrap", 20, metrics=["ppv"], thresholds=[0.3])


def test_what_the_table_does_not_give_has_no_gain():
    """The difference came from the few tasks that were left, where the table gave nothing."""
    with pytest.warns(PrognosisWarning, match="P11"):
        study = made.study(["age", "albumin"], n=240, seed=11, horizons=[12, 89])
    models = [study.fit(Cox()), study.fit(Cox(splines={"age": 3}), name="spline")]
    with pytest.warns(PrognosisWarning, match="V05"):
        validation = study.validate(models, CrossValidation(5, 1), metrics=["brier"])
    table = validation.of("spline").set_index("horizon")
    gain = validation.gain("spline", "cox").set_index("horizon")
    assert validation.raw.query("horizon == 89")["held_out"].notna().any()
    assert table["corrected"].isna().tolist() == gain["difference"].isna().tolist() == [False, True]
    assert gain.loc[89.0].isna()[["lower", "upper", "p"]].all()


def test_divisions_by_counting(study, model):
    sizes = {
        CrossValidation(folds=4, repeats=3): [4, 4, 4],
        InternalExternal("centre"): [2],
        Temporal("age", 60): [1],
        GroupCombinations("grade", 1): [3],
        GroupCombinations("grade", 2): [1, 1, 1],
    }
    for plan, expected in sizes.items():
        _, work = _work(study, model, Question(plan, metrics=["harrell_c"]))
        assert [len(tasks) for tasks in divisions_of(work)] == expected


def test_632_plus_of_a_model_that_is_worse_than_no_information():
    """Efron and Tibshirani: no overfitting where the apparent value is not better than both others.

    C of .48 apparent and .55 left out were taken for an overfitting of 3.5 and answered by .5.
    """
    apparent, outside, nothing = np.array([0.48, 0.3, 0.2]), np.array([0.55, 0.25, 0.3]), np.array([0.5, 0.26, 0.26])
    found = np.stack([np.stack([apparent, outside, apparent])] * 3)
    scale = Scale(nothing, np.array([True, False, False]), np.zeros(3, bool), np.tile([0.0, 1.0], (3, 1)))
    plain = 0.368 * apparent + 0.632 * outside
    # the third: a Brier score of .2 apparent and .3 left out, beyond the .26 of no information
    expected = [plain[0], plain[1], 0.26]
    np.testing.assert_allclose(corrected_by_632(apparent, found, scale).corrected, expected, rtol=1e-12)


def test_a_corrected_value_is_a_possible_one():
    """An ICI of -.003 stood in the table, below its own lower limit of 0."""
    apparent, bounds = np.array([0.01, 0.99, 1.0]), np.array([[0.0, 1.0], [0.0, 1.0], [-np.inf, np.inf]])
    found = np.zeros((4, 3, 3))
    found[:, 0] = np.array([0.05, 0.7, -0.2]) + 0.01 * np.arange(4)[:, None]
    found[:, 1] = np.array([0.02, 0.9, -0.4])
    corrected, lower, upper = corrected_by_optimism(apparent, found, np.zeros(3, bool), bounds)
    np.testing.assert_allclose(corrected, [0.0, 1.0, 0.785], rtol=1e-12)
    assert (lower <= corrected).all()
    assert (corrected <= upper).all()


def test_a_validation_without_horizons_keeps_no_risks():
    endpoint = made.TimeToEvent("efs", time="months", event="event", unit="months", origin="registration")
    study = made.study(["age"], n=120, seed=2, endpoint=endpoint)
    validation = validate_inside(study, [study.fit(Cox())], Question(CrossValidation(3, 1)), None)
    assert not validation.held_out
    assert validation.table["metric"].tolist() == ["harrell_c", "calibration_slope"]
