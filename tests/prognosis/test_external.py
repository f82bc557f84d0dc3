"""External validation: the metrics of given predictions, limits by resampling, groups, and what is refused or said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Cohort, TimeToEvent
from cohorts.errors import DataContractError, FitError, LeakageError, PredictionError, PrognosisWarning
from prognosis import Publication, load_model, published_model
from prognosis.curves.observed import observe
from prognosis.evaluation import Evaluation
from prognosis.external.judging import judge
from prognosis.external.measures import measure_all
from prognosis.metrics.accuracy import brier
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.metrics.concordance_index import concordance_index
from prognosis.metrics.index import Index, bare
from prognosis.metrics.net_benefit_censored import net_benefit_censored
from prognosis.metrics.observed_expected import calibration_intercept, observed_expected
from prognosis.metrics.time_dependent import auc
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic
from prognosis.new_cohort import read_new_cohort
from prognosis.outcome import SurvivalArrays
from prognosis.special_columns import SpecialColumns
from tests.prognosis import made
from tests.prognosis.new_cohorts import other_cohort, other_patients, quiet

PREDICTORS = ["age", "albumin", "sex", "grade"]
COLUMNS = ["model", "horizon", "metric", "estimate", "lower", "upper", "threshold", "limits"]


@pytest.fixture(scope="module")
def cox():
    return made.fit()


@pytest.fixture(scope="module")
def new():
    return other_cohort(300)


@pytest.fixture(scope="module")
def found(cox, new):
    return cox.validate(new, thresholds=(0.3, 0.5), repeats=30)


def outcome_of(frame):
    return SurvivalArrays(frame["months"].to_numpy(), frame["event"].to_numpy(np.int64))


def test_every_value_is_that_of_its_measure(cox, new, found):
    """Each metric, with its limits, as its own function gives it for the model's predictions."""
    outcome, times = outcome_of(other_patients(300)), np.array([12.0, 24.0, 48.0])
    prediction = cox.predict(new, times)
    risk, eta = prediction.risk, prediction.linear_predictor
    slope = Cox().fit(pd.DataFrame({"eta": eta}), made.outcome_of(other_patients(300))).estimate_
    expected = {
        "harrell_c": concordance_index(outcome, eta),
        "uno_c": concordance_index(outcome, eta, kind="uno", tau=48),
        "auc": auc(outcome, risk, times),
        "brier": brier(outcome, risk, times),
        "oe_ratio": observed_expected(outcome, risk, times),
        "calibration_intercept": calibration_intercept(outcome, risk, times),
    }
    table = found.table.set_index("metric")
    for name, wanted in expected.items():
        rows = table.loc[[name]]
        np.testing.assert_allclose(rows["estimate"], wanted.estimate, rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(rows[["lower", "upper"]].T, wanted.limits(), rtol=1e-9, err_msg=name)
    assert table.loc["calibration_slope", "estimate"] == pytest.approx(slope.coefficients[0])
    width = 1.959964 * np.sqrt(slope.covariance[0, 0])
    assert table.loc["calibration_slope", "lower"] == pytest.approx(slope.coefficients[0] - width)
    errors = calibration_curve(outcome, risk, times).errors()
    np.testing.assert_allclose(table.loc["ici", "estimate"], errors.ici)
    benefit = net_benefit_censored(outcome, risk, times, [0.3, 0.5])["model"]
    np.testing.assert_allclose(table.loc["net_benefit", "estimate"], benefit.estimate.ravel())
    assert table.loc["net_benefit", "threshold"].tolist() == [0.3, 0.5] * 3


def test_the_table_says_how_limits_were_made(found):
    assert list(found.table.columns) == COLUMNS
    how = dict(zip(found.table["metric"], found.table["limits"], strict=True))
    assert {name for name, made_by in how.items() if made_by == "bootstrap"} == {"ici", "e50", "e90", "base_rate"}
    assert set(how.values()) == {"analytic", "bootstrap"}
    assert (found.table["lower"] <= found.table["upper"]).all()
    assert (found.n, found.repeats, found.cohort) == (300, 30, "frame")


def test_limits_by_resampling_are_percentiles_of_resampled_patients(cox, new):
    """The mean risk as a metric: its limits by a loop over the same draws."""
    mean = Index("mean_risk", lambda e, errors: bare(e.risk.mean(axis=0)), 1, by_horizon=True)
    judging = judge(cox, read_new_cohort(cox, new), np.array([12.0, 24.0]), ())
    rows = np.arange(0, 300, 2)
    table = measure_all(judging, [mean], rows, 40, 9).table
    risk = cox.predict(new, [12, 24]).risk[rows]
    draws = [np.random.default_rng(np.random.SeedSequence([9, task])).integers(0, 150, 150) for task in range(40)]
    means = np.array([risk[draw].mean(axis=0) for draw in draws])
    np.testing.assert_allclose(table[["lower", "upper"]].T, np.quantile(means, [0.025, 0.975], axis=0))
    np.testing.assert_allclose(table["estimate"], risk.mean(axis=0))


def test_the_same_patients_give_the_same_limits_again(cox, new, found):
    pd.testing.assert_frame_equal(cox.validate(new, thresholds=(0.3, 0.5), repeats=30).table, found.table)


def test_a_loaded_model_judges_alike(cox, new, found, tmp_path):
    loaded = load_model(cox.save(tmp_path / "m.prognosis"))
    again = loaded.validate(new, thresholds=(0.3, 0.5), repeats=30)
    pd.testing.assert_frame_equal(again.table, found.table)


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [(Logistic(), "binary"), (Cox(), "competing"), (FineGray(), "competing"), (Cox(strata=["centre"]), "time_to_event"),
     (AcceleratedFailureTime(), "time_to_event")],
    ids=lambda value: str(value),
)  # fmt: skip
def test_every_kind_of_model_is_judged(recipe, kind):
    with quiet():
        model = made.study(endpoint=made.ENDPOINTS[kind]).fit(recipe)
        found = model.validate(other_cohort(300), thresholds=(0.3,), repeats=10)
    assert np.isfinite(found.table[["estimate", "lower", "upper"]]).all(axis=None)
    table = found.table.set_index("metric")["estimate"]
    assert 0.55 < table["harrell_c"] < 0.8
    assert 0.5 < table["calibration_slope"] < 1.8
    assert np.abs(np.log(table[["oe_ratio"]])).max() < 0.4
    curve = found.decision_curve["estimate"]
    assert curve.notna().mean() > 0.7
    assert curve.max() <= 1
    assert len(found.risk_groups()) == 4


def test_the_marker_of_cause_specific_models_is_the_absolute_risk(new):
    with quiet():
        model = made.study(endpoint=made.ENDPOINTS["competing"]).fit(Cox())
        found = model.validate(new, metrics=["harrell_c"])
    frame = other_patients(300)
    outcome = SurvivalArrays(frame["months"].to_numpy(), frame["first"].to_numpy(np.int64))
    wanted = concordance_index(outcome, model.predict(new, 48).risk[:, 0]).estimate
    np.testing.assert_allclose(found.table["estimate"], wanted)


def test_pairs_are_compared_within_strata(new):
    model = made.fit(Cox(strata=["centre"]))
    found = model.validate(new, metrics=["harrell_c", "calibration_slope"])
    frame = other_patients(300)
    eta = model.linear_predictor(new)
    plain = Cox(strata=["centre"]).fit(frame[["centre"]].assign(eta=eta), made.outcome_of(frame))
    assert found.table["estimate"].tolist() == pytest.approx(
        [plain.score(frame[["centre"]].assign(eta=eta), made.outcome_of(frame)), plain.estimate_.coefficients[0]]
    )


def test_calibration_is_perfect_where_risks_are_observed_ones(found):
    """Groups: the observed curve of each, and more risk where more is predicted."""
    groups = found.risk_groups(3)
    assert sum(group.n for group in groups) == 300
    predicted = [group.predicted[1] for group in groups]
    observed = [1 - group.observed.at(24) for group in groups]
    assert predicted == sorted(predicted)
    assert observed == sorted(observed)
    inside = found.evaluation.marker <= np.quantile(found.evaluation.marker, 1 / 3)
    part = found.evaluation.outcome.take(inside)
    np.testing.assert_array_equal(groups[0].observed.survival, observe(part.time, part.event).survival)
    lower, upper = found.calibration.limits()
    assert ((lower <= found.calibration.observed) & (found.calibration.observed <= upper)).all()
    assert found.calibration_groups(5).table()["patients"].sum() == 900


def test_the_decision_curve_meets_treat_all_at_low_risks(found):
    curve = found.decision_curve.set_index(["strategy", "horizon", "threshold"])["estimate"]
    assert curve["model", 48.0, 0.02] == pytest.approx(curve["treat all", 48.0, 0.02], abs=0.01)
    assert len(curve) == 2 * 3 * 49


def test_groups_are_judged_one_by_one(cox, new):
    found = cox.validate(new, metrics=["harrell_c", "brier"], by=("sex", "grade"), repeats=0)
    assert set(found.subgroups["column"]) == {"sex", "grade"}
    frame = other_patients(300)
    women = frame[frame["sex"] == "F"]
    with quiet():
        alone = cox.validate(other_cohort(frame=women), metrics=["harrell_c", "brier"], repeats=0)
    lines = found.subgroups.query("column == 'sex' and group == 'F'")
    np.testing.assert_allclose(lines[["estimate", "lower", "upper"]], alone.table[["estimate", "lower", "upper"]])
    assert set(lines["n"]) == {len(women)}
    assert set(lines["events"]) == {int(women["event"].sum())}


def test_small_groups_are_said_and_not_computed(cox):
    frame = other_patients(300)
    frame["centre"] = pd.Categorical(["south"] * 12 + ["north"] * 288, categories=["north", "south"])
    frame.loc[frame.index[4:12], "event"] = 0
    with pytest.warns(PrognosisWarning, match=r"E15.* events among 12 patients in centre=south"):
        found = cox.validate(other_cohort(frame=frame), metrics=["harrell_c", "auc"], by="centre", repeats=0)
    south = found.subgroups.query("group == 'south'")
    assert len(south) == 4
    assert south["estimate"].isna().all()
    assert np.isfinite(found.subgroups.query("group == 'north'")["estimate"]).all()


def test_patients_of_no_known_group_are_a_group(cox):
    frame = other_patients(300)
    frame.loc[frame.index[:60], "centre"] = np.nan
    found = cox.validate(other_cohort(frame=frame), metrics=["harrell_c"], by="centre", repeats=0)
    assert found.subgroups["group"].tolist() == ["north", "south", "not known"]
    assert found.subgroups["n"].sum() == 300


def test_horizons_beyond_any_knowledge_are_not_a_number_with_the_reason(cox):
    short = other_patients(300)
    late = short["months"] > 40
    short = short.assign(months=short["months"].clip(upper=40), event=np.where(late, 0, short["event"]))
    with pytest.warns(PrognosisWarning, match=r"E13.*beyond the follow-up of the new cohort \(40\)"):
        found = cox.validate(other_cohort(frame=short), [24, 48], metrics=["auc", "uno_c"], repeats=0)
    by_horizon = found.table.query("metric == 'auc'").set_index("horizon")["estimate"]
    assert np.isfinite(by_horizon[24.0])
    assert np.isnan(by_horizon[48.0])
    assert found.horizons.tolist() == [24.0]
    with pytest.warns(PrognosisWarning, match=r"E13.*gives no risk at 200"):
        cox.validate(other_cohort(frame=short), [24, 200], metrics=["auc"], repeats=0)


def test_one_metric_that_cannot_be_measured_does_not_spoil_the_others(cox):
    """Delayed entry has no weights for censoring: the Brier score says so, C is given."""
    delayed = TimeToEvent("efs", time="months", event="event", unit="months", origin="registration", entry="start")
    with pytest.warns(PrognosisWarning, match=r"E13.*brier.*N29"):
        found = cox.validate(other_cohort(300), metrics=["brier", "harrell_c"], endpoint=delayed, repeats=0)
    assert np.isnan(found.table.query("metric == 'brier'")["estimate"]).all()
    assert np.isfinite(found.table.query("metric == 'harrell_c'")["estimate"]).all()


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_one_reason_is_given_once_for_all_that_it_hinders(cox):
    delayed = TimeToEvent("efs", time="months", event="event", unit="months", origin="registration", entry="start")
    asked = {"metrics": ["brier", "ipa", "auc"], "endpoint": delayed, "repeats": 0}
    found = cox.validate(other_cohort(300), [24, 48], **asked)
    (reason,) = [finding for finding in found.warnings if finding.code == "E13"]
    assert reason.rule.startswith("auc at 24 and 48, brier at 24 and 48, ipa at 24 and 48 cannot be measured: N29")


def test_no_horizon_is_needed_for_what_has_none():
    endpoint = TimeToEvent("efs", time="months", event="event", unit="months", origin="registration")
    found = made.fit(endpoint=endpoint).validate(other_cohort(300), repeats=0)
    assert set(found.table["metric"]) >= {"harrell_c", "calibration_slope"}
    assert found.table["horizon"].isna().all()


def test_survival_given_for_risk_is_doubted():
    """A table whose signs and level are those of survival: C below one half, and risks that mirror the observed."""
    terms = {"age": -0.03, "albumin": 0.08}
    turned = published_model("turned", made.ENDPOINT, made.codebook(), terms, {48: 0.85}, {"age": 62, "albumin": 38},
                             Publication("x", "2024", 400, 300))  # fmt: skip
    with pytest.warns(PrognosisWarning, match="M02") as shown:
        found = turned.validate(other_cohort(300), metrics=["harrell_c"])
    assert [finding.code for finding in found.warnings].count("M02") == len(shown) == 1
    assert found.table["estimate"][0] < 0.45


def test_patients_of_the_training_are_refused(cox):
    frame = pd.concat([other_patients(100), made.patients(400).head(3)]).rename_axis("pid")
    with pytest.raises(LeakageError, match=r"C25.*P000, P001, P002"):
        cox.validate(other_cohort(frame=frame))
    renamed = frame.set_axis(pd.Index([f"X{place}" for place in range(103)], name="pid"))
    with pytest.warns(PrognosisWarning, match=r"C25.*X100, X101, X102"):
        cox.validate(other_cohort(frame=renamed), metrics=["harrell_c"])


def test_patients_of_an_imputed_training_are_refused():
    frame = made.patients(200)
    frame.loc[frame.index[50:90], "albumin"] = np.nan
    with quiet():
        model = made.fit(frame=frame, missing="chained")
    with pytest.raises(LeakageError, match=r"C25.*P000, P001"):
        model.validate(made.cohort(frame=pd.concat([frame.head(2), other_patients(100)]).rename_axis("pid")))


def test_the_cohort_of_the_update_is_recognised(cox, new):
    updated = cox.updated(new, "slope")
    with pytest.warns(PrognosisWarning, match=r"E09.*apparent"):
        updated.validate(new, metrics=["harrell_c"])


def test_patients_of_another_population_are_recorded():
    """A cohort whose own codebook knows no inclusion criterion, for a model that has one."""
    book = made.codebook(age={"kind": "numeric", "unit": "years", "limits": [18, 110], "inclusion": [18, 80]})
    frame = made.patients()
    model = made.fit(frame=frame[frame["age"] <= 80], book=book)
    older = other_patients(300)
    with pytest.warns(PrognosisWarning, match="P16"):
        found = model.validate(other_cohort(frame=older), metrics=["harrell_c"])
    recorded = [finding for finding in found.warnings if finding.code == "P16"]
    assert len(recorded) == 1
    assert len(recorded[0].rows) == (older["age"] > 80).sum()


def test_what_cannot_be_judged_is_refused(cox, new):
    with pytest.raises(PredictionError, match="E01"):
        cox.validate(other_patients(50))
    with pytest.raises(PredictionError, match="M12"):
        cox.validate(new, metrics=["r_squared"])
    with pytest.raises(PredictionError, match="V26"):
        cox.validate(new, thresholds=(30,))
    with pytest.raises(PredictionError, match="P12"):
        cox.validate(new, horizons="24")
    with pytest.raises(FitError, match="S14"):
        cox.validate(new, repeats=-1)
    with pytest.raises(PredictionError, match=r"E14.*age"):
        cox.validate(new, metrics=["harrell_c"], by="age")
    with pytest.raises(DataContractError, match="S01"):
        cox.validate(new, metrics=["harrell_c"], by="hospital")
    frame = other_patients(50)
    with pytest.raises(PredictionError, match="P02"):
        cox.validate(other_cohort(frame=frame.assign(age=frame["age"].where(frame["age"] > 50))))
    with pytest.raises(PrognosisErrors, match=r"T11|M03"):
        cox.validate(other_cohort(frame=frame.assign(event=0)))
    binary = made.study(endpoint=made.ENDPOINTS["binary"]).fit(Logistic())
    with pytest.raises(PredictionError, match="P12"):
        binary.validate(new, horizons=[12])


PrognosisErrors = (DataContractError, PredictionError)


def test_an_outcome_in_other_columns_is_declared(cox, new, found):
    frame = other_patients(300).rename(columns={"months": "followup", "event": "relapsed"})
    endpoint = TimeToEvent("efs", time="followup", event="relapsed", unit="months", origin="registration")
    cohort = Cohort.from_frame(frame[[*PREDICTORS, "followup", "relapsed"]])
    again = cox.validate(cohort, thresholds=(0.3, 0.5), repeats=30, endpoint=endpoint)
    pd.testing.assert_frame_equal(again.table, found.table)


def test_missing_predictors_are_imputed_as_for_any_patient():
    frame = made.patients(200)
    frame.loc[frame.index[:40], "albumin"] = np.nan
    gaps = other_patients(200)
    gaps.loc[gaps.index[:30], "albumin"] = np.nan
    with quiet():
        model = made.fit(frame=frame, missing="chained")
        found = model.validate(other_cohort(frame=gaps), 24, metrics=["brier"])
    np.testing.assert_allclose(found.evaluation.risk, model.predict(other_cohort(frame=gaps), 24).risk)
    assert "E16" in {finding.code for finding in found.warnings}


def test_recalibration_counts_every_patient_once():
    """A model fitted with weights is judged without: the slope is that of equal patients."""
    model = made.fit(Cox(weights="weight"))
    frame = other_patients(300)
    with quiet():
        found = model.validate(other_cohort(300), metrics=["calibration_slope"])
    eta = model.linear_predictor(other_cohort(300))
    wanted = Cox().recalibrated(outcome_of(frame), SpecialColumns(np.ones(300)), eta)
    assert found.table["estimate"][0] == pytest.approx(wanted.slope)
    assert isinstance(found.evaluation, Evaluation)
