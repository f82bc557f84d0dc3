"""A published coefficient table as a model: its risks by hand, what it refuses to say, and what follows from it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cohorts import Binary, Codebook, Competing, TimeToEvent
from cohorts.errors import DataContractError, FitError, PredictionError
from prognosis import Columns, Publication, load_model, published_model
from prognosis.models import Cox, Logistic
from prognosis.splines import spline_basis
from tests.prognosis import made
from tests.prognosis.new_cohorts import other_cohort, other_patients, quiet

BOOK = Codebook.from_dict(
    {
        "variables": {
            "pid": {"kind": "id"},
            "age": {"kind": "numeric", "unit": "years", "limits": [18, 110]},
            "grade": {"kind": "ordinal", "levels": ["1", "2", "3"]},
            "marker": {"kind": "numeric", "limits": [0.1, 1000]},
            "prior": {"kind": "binary"},
        }
    }
)
ENDPOINT = TimeToEvent("recurrence", time="months", event="event", unit="months", origin="surgery")
PAPER = Publication("Doe et al. 2020", "2020-06-01", 400, 120)
COEFFICIENTS = {"age": 0.02, "grade=2": 0.5, "grade=3": 1.0}
SURVIVAL = {24: 0.9, 60: 0.8}
PATIENT = {"age": 70, "grade": "3"}


def paper(**changed):
    asked = {"name": "doe", "endpoint": ENDPOINT, "codebook": BOOK, "coefficients": COEFFICIENTS}
    asked |= {"baseline": SURVIVAL, "reference": "zero", "publication": PAPER}
    return published_model(**(asked | changed))


def test_risk_by_hand_from_the_patient_with_all_columns_0():
    """Linear predictor .02 * 70 + 1 = 2.4; S(60) = .8 ** exp(2.4)."""
    found = paper().predict(PATIENT)
    assert found.horizons.tolist() == [24, 60]
    assert found.linear_predictor[0] == pytest.approx(2.4)
    np.testing.assert_allclose(found.risk[0], [1 - 0.9 ** math.exp(2.4), 1 - 0.8 ** math.exp(2.4)], rtol=1e-12)


def test_risk_by_hand_from_stated_means_and_from_a_patient():
    """At the means: .02 * (70 - 60) + 1 - .5 * .4 - 1 * .2; from a patient of 60 years and grade 2: .2 + 1 - .5."""
    means = paper(reference={"age": 60, "grade=2": 0.4, "grade=3": 0.2})
    assert means.predict(PATIENT).linear_predictor[0] == pytest.approx(0.2 + 1 - 0.4)
    other = paper(reference={"age": 60, "grade": "2"})
    assert other.predict(PATIENT, 60).risk[0, 0] == pytest.approx(1 - 0.8 ** math.exp(0.2 + 1 - 0.5))
    assert other.predict({"age": 60, "grade": "2"}, 60).risk[0, 0] == pytest.approx(0.2)


def test_a_logistic_model_by_hand():
    model = paper(endpoint=Binary("recurrence", event="event"), baseline=-3.0)
    found = model.predict(PATIENT)
    assert found.risk[0, 0] == pytest.approx(expit(-3.0 + 2.4))
    assert np.isnan(found.lower).all()
    assert model.kind == "logistic"
    assert model.summary["coefficient"].tolist() == pytest.approx([-3.0, 0.02, 0.5, 1.0])


def test_a_competing_event_by_hand():
    """1 minus incidence of the reference patient, as a Fine-Gray model is published."""
    endpoint = Competing("recurrence", time="months", event="event", unit="months", origin="surgery")
    model = paper(endpoint=endpoint)
    assert model.kind == "fine_gray"
    assert model.predict(PATIENT, 24).risk[0, 0] == pytest.approx(1 - 0.9 ** math.exp(2.4))


def test_splines_transforms_and_interactions_by_hand():
    columns = Columns(splines={"age": [40, 60, 80]}, transforms={"marker": "log"}, interactions=[("prior", "marker")])
    terms = {"age": 0.02, "age'": -0.01, "log(marker)": 0.3, "prior": 0.4, "prior * log(marker)": 0.1}
    found = paper(coefficients=terms, columns=columns).predict({"age": 65, "marker": 20, "prior": 1}, 60)
    line, bend = spline_basis(np.array([65.0]), np.array([40.0, 60.0, 80.0]))[0]
    eta = 0.02 * line - 0.01 * bend + 0.3 * math.log(20) + 0.4 + 0.1 * math.log(20)
    assert found.risk[0, 0] == pytest.approx(1 - 0.8 ** math.exp(eta))


def test_higher_hazard_ratios_mean_higher_risk():
    model = paper()
    patients = pd.DataFrame({"age": [50, 60, 50, 50], "grade": ["1", "1", "2", "3"]}, index=list("abcd"))
    risk = model.predict(patients, 60).risk[:, 0]
    assert risk[0] < risk[1]
    assert risk[0] < risk[2] < risk[3]


def test_nothing_is_said_between_the_published_horizons():
    found = paper().predict(PATIENT, [12, 24, 36, 60, 72])
    assert np.isnan(found.risk[0]).tolist() == [True, False, True, False, True]
    said = {remark.horizon for remark in found.remarks if remark.code == "E18"}
    assert said == {12, 36, 72}
    assert np.isnan(found.lower).all()
    assert np.isnan(found.upper).all()
    assert "E19" in {remark.code for remark in found.remarks}
    for ask in (lambda: paper().curve(PATIENT), lambda: paper().observed(PATIENT)):
        with pytest.raises(PredictionError, match="E18"):
            ask()
    with pytest.raises(FitError, match="N03"):
        paper().survival_time(PATIENT)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"coefficients": {"age": 0.02, "grade=3": 1.0}}, "no coefficient of grade=2"),
        ({"coefficients": {**COEFFICIENTS, "grade=4": 2.0}}, "no column is called grade=4"),
        ({"coefficients": {**COEFFICIENTS, "age": float("nan")}}, "coefficient of age is no finite number"),
        ({"coefficients": {"stage=2": 1.0}}, "no coefficient of any predictor"),
        ({"baseline": {24: 0.1, 60: 0.2}}, "rises with time"),
        ({"baseline": {24: 90, 60: 80}}, "no probability"),
        ({"baseline": {24: 0.0}}, "no probability"),
        ({"baseline": {24: 1.0}}, "no probability"),
        ({"baseline": {-24: 0.9}}, "horizons"),
        ({"baseline": {}}, "no survival by horizon"),
        ({"baseline": 0.8}, "no survival by horizon"),
        ({"endpoint": Binary("recurrence", event="event")}, "no intercept"),
        ({"reference": "means"}, "the reference is 'means'"),
        ({"reference": {"age": 60}}, "the reference is"),
        ({"publication": Publication("Doe", "2020", 400, 500)}, "events=500"),
        ({"columns": Columns(splines={"grade": [1, 2, 3]})}, "no numeric predictor"),
        ({"columns": Columns(transforms={"age": "scaled"})}, "unknown transform 'scaled'"),
        ({"columns": Columns(interactions=[("age", "prior")])}, "no coefficient of prior"),
    ],
)
def test_an_incomplete_table_is_refused(changed, words):
    with pytest.raises(DataContractError, match="E17") as caught:
        paper(**changed)
    assert words in str(caught.value)


def test_a_predictor_without_range_is_refused():
    book = Codebook.from_dict({"variables": {"age": {"kind": "numeric"}}})
    with pytest.raises(DataContractError, match=r"E17.*no range of age"):
        paper(codebook=book, coefficients={"age": 0.02})
    known = paper(
        codebook=book, coefficients={"age": 0.02}, publication=Publication("x", "2020", 9, 3, {"age": (20, 80)})
    )
    assert known.predict({"age": 79}, 24).risk[0, 0] > 0
    with pytest.raises(PredictionError, match="P07"):
        known.predict({"age": 150}, 24)


def test_patients_are_checked_as_for_any_model():
    for patient, code in (({"age": 70}, "P01"), ({"age": 70, "grade": "4"}, "P03"), ({"age": 7, "grade": "1"}, "P07")):
        with pytest.raises(PredictionError, match=code):
            paper().predict(patient)


@pytest.mark.parametrize(
    "changed",
    [{}, {"endpoint": Binary("recurrence", event="event"), "baseline": -3.0},
     {"endpoint": Competing("r", time="months", event="event", unit="months", origin="surgery")},
     {"coefficients": {"age": 0.02, "age'": 0.01, "sqrt(marker)": 0.1},
      "columns": Columns(splines={"age": [40, 60, 80]}, transforms={"marker": "sqrt"})}],
)  # fmt: skip
def test_it_survives_its_file(changed, tmp_path):
    model = paper(**changed)
    loaded = load_model(model.save(tmp_path / "doe.prognosis"))
    assert loaded.hash == model.hash
    assert loaded.warnings == model.warnings
    patients = pd.DataFrame({"age": [50, 60], "grade": ["1", "3"], "marker": [3.0, 40.0]}, index=["a", "b"])
    columns = [*loaded.predictors]
    pd.testing.assert_frame_equal(loaded.predict(patients[columns]).table, model.predict(patients[columns]).table)


@pytest.fixture(scope="module")
def fitted():
    return made.fit()


def published_from(model, horizons=(12, 24, 48)):
    """Write down a fitted Cox model as a paper would."""
    estimate = model.estimate
    survival = {h: 1 - float(estimate.risk_at(np.array([estimate.means @ estimate.coefficients]), [h])[0, 0])
                for h in horizons}  # fmt: skip
    means = dict(zip(estimate.names, estimate.means, strict=True))
    terms = dict(zip(estimate.names, estimate.coefficients, strict=True))
    paper = Publication("a paper", "2024-01-01", model.n, model.events)
    return published_model("paper", made.ENDPOINT, made.codebook(), terms, survival, means, paper)


def test_a_fitted_model_written_down_gives_the_same_risks_and_performance(fitted):
    new, written = other_cohort(300), published_from(fitted)
    ours, theirs = (model.predict(new, [12, 24, 48]) for model in (fitted, written))
    np.testing.assert_allclose(theirs.risk, ours.risk, rtol=1e-12)
    metrics = ["harrell_c", "auc", "brier", "calibration_slope", "oe_ratio"]
    tables = [model.validate(new, metrics=metrics, repeats=0).table for model in (fitted, written)]
    for name in ("estimate", "lower", "upper"):
        np.testing.assert_allclose(tables[1][name], tables[0][name], rtol=1e-9)


def test_what_the_publication_does_not_tell_is_not_compared(fitted):
    found = published_from(fitted).validate(other_cohort(300), metrics=["harrell_c"])
    assert "age" not in set(found.transport.shift["column"])
    assert math.isnan(found.transport.membership)
    assert np.isnan(found.transport.drift["p"]).all()
    assert np.isfinite(found.transport.drift["new"]).all()


def test_a_new_slope_is_that_of_the_fitted_model_and_gives_whole_curves(fitted):
    new = other_cohort(300)
    ours, theirs = (model.updating(new, "slope") for model in (fitted, published_from(fitted)))
    assert theirs.slope == pytest.approx(ours.slope)
    np.testing.assert_allclose(theirs.updated.predict(new, [10, 20]).risk, ours.updated.predict(new, [10, 20]).risk)
    # Published coefficients count as known.
    assert (np.diag(theirs.updated.estimate.covariance) < np.diag(ours.updated.estimate.covariance)).all()
    assert not theirs.updated.published
    assert theirs.updated.curve(other_patients(1)[["age", "albumin", "sex", "grade"]]).risk[-1] > 0


def test_a_new_level_is_read_at_the_last_horizon(fitted):
    """Hazards doubled on paper: the level goes back by log 2."""
    right = published_from(fitted)
    estimate = right.estimate
    paper = {float(t): math.exp(-2 * h) for t, h in zip(estimate.time, estimate.cumulative_hazard, strict=True)}
    terms = dict(zip(estimate.names, estimate.coefficients, strict=True))
    means = dict(zip(estimate.names, estimate.means, strict=True))
    wrong = published_model(
        "twice", made.ENDPOINT, made.codebook(), terms, paper, means, Publication("x", "2024", 400, 300)
    )
    new = other_cohort(300)
    levels = [model.updating(new, "intercept") for model in (right, wrong)]
    assert levels[0].intercept - levels[1].intercept == pytest.approx(math.log(2))
    for horizon in (12, 48):
        risks = [level.updated.predict(new, horizon).risk for level in levels]
        np.testing.assert_allclose(*risks, rtol=1e-8)
    with pytest.raises(FitError, match="E07"):
        right.updating(new, "closed-test")


def test_a_published_logistic_model_is_updated_like_a_fitted_one():
    endpoint = made.ENDPOINTS["binary"]
    fitted = made.study(endpoint=endpoint).fit(Logistic())
    estimate = fitted.estimate
    terms = dict(zip(estimate.names, estimate.coefficients, strict=True))
    paper = Publication("a paper", "2024-01-01", fitted.n, fitted.events)
    written = published_model("paper", endpoint, made.codebook(), terms, estimate.intercept_at_zero, "zero", paper)
    new = other_cohort(300)
    np.testing.assert_allclose(written.predict(new).risk, fitted.predict(new).risk)
    for method in ("intercept", "slope", "refit"):
        ours, theirs = (model.updating(new, method) for model in (fitted, written))
        np.testing.assert_allclose(theirs.updated.predict(new).risk, ours.updated.predict(new).risk, rtol=1e-8)
    tables = [model.updating(new, "closed-test").table for model in (fitted, written)]
    pd.testing.assert_frame_equal(tables[0], tables[1])


def test_a_refit_keeps_the_published_knots():
    terms = {"age": 0.02, "age'": 0.01}
    columns = Columns(splines={"age": [45, 60, 75]})
    model = published_model("paper", made.ENDPOINT, made.codebook(), terms, {24: 0.7}, {"age": 60, "age'": 4.0},
                            Publication("x", "2024", 100, 60), columns)  # fmt: skip
    updated = model.updated(other_cohort(300), "refit")
    frame = other_patients(300)
    plain = Cox(splines={"age": [45, 60, 75]}).fit(frame[["age"]], made.outcome_of(frame))
    np.testing.assert_allclose(updated.estimate.coefficients, plain.estimate_.coefficients, rtol=1e-10)


def test_horizons_that_are_not_published_are_not_judged(fitted):
    with quiet():
        found = published_from(fitted, (24,)).validate(other_cohort(300), [24, 36], metrics=["brier"], repeats=0)
    assert np.isfinite(found.table["estimate"]).tolist() == [True, False]
    assert any(finding.code == "E13" and "36" in finding.rule for finding in found.warnings)
