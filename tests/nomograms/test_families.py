"""Nomograms of every regression but the plain Cox: rms's logistic points, and reading back equals the model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cohorts import Binary, Codebook, Competing, TimeToEvent
from cohorts.errors import DataContractError, PredictionError
from nomograms import Nomogram
from nomograms.caption import caption_of
from nomograms.example import example_of
from nomograms.outcomes import places, total_ticks
from nomograms.pretty import pretty
from prognosis import Study
from prognosis.models import AcceleratedFailureTime, Cox, EarlyRelapse, FineGray, Logistic, PenalisedCox
from prognosis.published.model import Publication
from tests.nomograms.conftest import DEATH, MGUS2, cohort_of
from tests.nomograms.test_sheet import sheet

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
ROTTERDAM = {
    "id": {"kind": "id"},
    "age": {"kind": "numeric", "unit": "years"},
    "size": {"kind": "ordinal", "levels": ["<=20", "20-50", ">50"]},
    "grade": {"kind": "numeric"},
    "nodes": {"kind": "numeric"},
    "chemo": {"kind": "binary"},
    "rec5": {"kind": "event", "values": {"censored": 0, "event": 1}, "label": {"en": "Recurrence within 5 years"}},
}
PROGRESSION = Competing(
    "progression", time="etime", event="event", unit="months", origin="diagnosis of MGUS", horizons=(60, 240),
    event_values={"censored": 0, "event": 1, "competing": [2]},
)  # fmt: skip
PATIENT = {"age": 66.5, "sex": "M", "hgb": 11.3, "creat": 1.7}
FOUR = list(PATIENT)


@pytest.fixture(scope="module")
def logistic(golden_data):
    """The model of the golden file nomogram_lrm_rotterdam."""
    rows = golden_data("rotterdam_even_rec5").astype({"grade": float, "nodes": float})
    cohort = cohort_of(rows.assign(id=[f"p{place}" for place in range(len(rows))]), ROTTERDAM, "id")
    endpoint = Binary("recurrence_within_5_years", event="rec5")
    return Study(cohort, endpoint, ["age", "size", "grade", "nodes", "chemo"]).fit(Logistic())


@pytest.fixture(scope="module")
def stratified(mgus2):
    return Study(mgus2, DEATH, ["age", "hgb", "creat"]).fit(Cox(strata=["sex"]))


@pytest.fixture(scope="module")
def competing(golden_data):
    """The first 600 patients with progression and death before it."""
    rows = golden_data("mgus2").dropna(subset=["hgb", "creat", "mspike"]).head(600)
    event = np.where(rows["pstat"] == 1, 1, 2 * rows["death"])
    when = np.where(rows["pstat"] == 1, rows["ptime"], rows["futime"])
    book = {name: entry for name, entry in MGUS2.items() if name not in ("years", "futime", "death")} | {
        "etime": {"kind": "time", "unit": "months"},
        "event": {"kind": "event", "values": {"censored": 0, "event": 1, "competing": [2]}},
    }
    return cohort_of(rows.assign(id=rows["id"].astype(str), etime=when, event=event), book, "id")


@pytest.fixture(scope="module")
def families(logistic, competing, mgus2):
    """One model of each family, by name, with a patient of it."""
    death, small = Study(mgus2, DEATH, FOUR), competing
    rows = mgus2.frame.assign(id=mgus2.ids)
    earlier, later = (cohort_of(part, MGUS2, "id") for part in (rows.head(700), rows.tail(500)))
    return {
        "logistic": (logistic, {"age": 41, "size": ">50", "grade": 3, "nodes": 8, "chemo": 1}),
        "fine_gray": (Study(small, PROGRESSION, FOUR).fit(FineGray()), PATIENT),
        "aft": (death.fit(AcceleratedFailureTime("loglogistic")), PATIENT),
        "penalised": (death.fit(PenalisedCox(penalty=0.15)), PATIENT),
        "early": (death.fit(EarlyRelapse(window=24.0)), PATIENT),
        "updated": (Study(earlier, DEATH, FOUR).fit(Cox()).updated(later, "slope"), PATIENT),
    }


def test_logistic_points_and_risk_axis_of_rms(logistic, golden):
    """Every number of the golden file that the figure shows, to 1e-6."""
    expected = golden("nomogram_lrm_rotterdam")
    nomogram = Nomogram(logistic, limits="rms")
    for variable, axis in expected["points"].items():
        table = nomogram.table[nomogram.table["variable"] == variable]
        assert [str(value).removesuffix(".0") for value in table["value"]] == [str(v) for v in axis[variable]]
        np.testing.assert_allclose(table["points"], axis["points"], atol=1e-6)
    scale, intercept = nomogram.scale, logistic.estimate.intercept_at_zero
    constant = scale.constant + intercept
    assert scale.per_unit == pytest.approx(expected["info"]["points_per_unit_lp"], abs=1e-6)
    assert constant == pytest.approx(expected["info"]["Intercept"], abs=1e-6)
    frame = logistic.training.fitted.training_.design + logistic.estimate.means
    fitted = frame @ logistic.estimate.coefficients + intercept
    ticks = pretty(fitted.min(), fitted.max())
    assert ticks.tolist() == pytest.approx(expected["lp_axis"]["x.real"])
    np.testing.assert_allclose((ticks - constant) * scale.per_unit, expected["lp_axis"]["x"], atol=1e-6)
    assert total_ticks(scale.per_unit * (ticks[-1] - constant)).tolist() == expected["total_points"]
    axis = expected["fun_axes"]["risk"]
    found, where = places(lambda lp: 1 / (1 + np.exp(-lp)), axis["x.real"], ticks[0], ticks[-1])
    np.testing.assert_allclose(found, axis["x.real"])
    np.testing.assert_allclose((where - constant) * scale.per_unit, axis["x"], atol=1e-6)
    for place, risk in enumerate(expected["pred_profiles"]):
        patient = {name: values[place] for name, values in expected["profiles"].items()}
        assert nomogram.risk(nomogram.total(patient)).iloc[0] == pytest.approx(risk, abs=1e-6)


@pytest.mark.parametrize("name", ["logistic", "fine_gray", "aft", "penalised", "early", "updated"])
def test_reading_back_equals_the_model(families, name):
    """Sum of points to risk is `predict` to 1e-10 in every family, and the axes give it back to their step."""
    model, patient = families[name]
    nomogram = Nomogram(model)
    total = nomogram.total(patient)
    expected = model.predict(patient, nomogram.horizons or None)
    np.testing.assert_allclose(nomogram.risk(total), expected.risk[0], atol=1e-10)
    assert nomogram.linear_predictor(total) == pytest.approx(expected.linear_predictor[0], abs=1e-10)
    assert [axis.horizon for axis in nomogram.outcomes] == list(nomogram.questions)
    for axis, risk in zip(nomogram.outcomes, expected.risk[0], strict=True):
        assert np.interp(total, axis.total_points, axis.risks) == pytest.approx(risk, abs=0.01)
    assert 0 < nomogram.reading_error.mean < nomogram.reading_error.largest < 0.02
    assert json.loads(json.dumps(nomogram.to_dict(), allow_nan=False)) == nomogram.to_dict()


CAPTIONS = {
    "logistic": (r"Logistic regression on 1,370 patients", "Endpoint: recurrence within 5 years. Model of"),
    "fine_gray": ("Fine-Gray regression on 600 patients", "cumulative incidence: other events can come first"),
    "aft": ("Log-logistic regression (accelerated failure time)", "risk by 24, 60, 120 months"),
    "penalised": ("Penalised Cox regression", "without effect in the model: Sex, Creatinine."),
    "early": ("Logistic regression of the event within 24\u00a0months", "risk by 24 months"),
    "updated": ("Cox regression on 700 patients", "Updated in frame (n=500, events=", "cox (new slope)."),
}


@pytest.mark.parametrize("name", list(CAPTIONS))
def test_the_caption_says_what_the_risk_is(families, name):
    model, patient = families[name]
    nomogram = Nomogram(model)
    caption = " ".join(caption_of(nomogram, example_of(nomogram, patient)))
    assert all(part in caption for part in CAPTIONS[name])
    assert ("other events can come first" in caption) == (name == "fine_gray")


def test_predictors_without_effect_have_no_line_and_no_points(families):
    model, patient = families["penalised"]
    nomogram = Nomogram(model)
    assert model.estimate.selected == ("age", "hgb")
    assert [row.label[0] for row in sheet(nomogram).rows[1:3]] == ["Age, years", "Haemoglobin, g/dL"]
    assert sheet(nomogram).rows[3].kind == "total"
    assert nomogram.points(patient)["sex"] == 0


def test_a_binary_endpoint_has_one_axis_and_no_horizon(logistic):
    nomogram = Nomogram(logistic)
    (axis,) = nomogram.outcomes
    assert axis.horizon is None
    assert nomogram.horizons == ()
    label = " ".join(sheet(nomogram).rows[-1].label).replace("\u00a0", " ")
    assert label == "Risk of recurrence within 5 years, %"
    assert nomogram.to_dict()["outcomes"][0]["horizon"] is None
    with pytest.raises(PredictionError, match=r"\[P12\].*a binary endpoint has no time.*leave the horizons out"):
        Nomogram(logistic, horizons=[60])


def test_each_stratum_has_its_own_risk_axes_on_the_same_points(stratified):
    """Checked against `predict` in both strata; the drop line ends in the patient's stratum."""
    nomogram = Nomogram(stratified)
    woman = {"age": 66.5, "sex": "F", "hgb": 11.3, "creat": 1.7}
    total = nomogram.total(woman)
    for sex in "FM":
        patient = woman | {"sex": sex}
        assert nomogram.total(patient) == total
        expected = stratified.predict(patient).risk[0]
        np.testing.assert_allclose(nomogram.risk(total, stratum=f"sex={sex}"), expected, atol=1e-10)
        axes = [axis for axis in nomogram.outcomes if axis.stratum == "FM".index(sex)]
        read = [np.interp(total, axis.total_points, axis.risks) for axis in axes]
        np.testing.assert_allclose(read, expected, atol=0.01)
        rows = sheet(nomogram, patient).rows
        marked = [" ".join(row.label).replace("\u00a0", " ") for row in rows if row.kind == "risk" and row.mark]
        assert len(marked) == 3
        assert all(f"(sex = {sex})" in label for label in marked)
    assert [told["stratum"] for told in nomogram.to_dict()["outcomes"]] == ["sex=F"] * 3 + ["sex=M"] * 3
    assert example_of(nomogram, None).stratum == 1  # most patients are men


def test_a_shrunken_model_says_so(stratified):
    shrunken, patient = stratified.shrunken(0.8), {"age": 66.5, "sex": "F", "hgb": 11.3, "creat": 1.7}
    nomogram = Nomogram(shrunken)
    found = nomogram.risk(nomogram.total(patient), stratum="sex=F")
    np.testing.assert_allclose(found, shrunken.predict(patient).risk[0], atol=1e-10)
    assert "All coefficients are shrunk by one factor" in " ".join(caption_of(nomogram, example_of(nomogram, patient)))


@pytest.mark.parametrize(("stratum", "words"), [(None, "differs between strata"), ("sex=X", "one of sex=F; sex=M")])
def test_a_risk_without_its_stratum_is_refused(stratified, stratum, words):
    with pytest.raises(PredictionError, match=rf"\[G20\].*{words}"):
        Nomogram(stratified).risk(50.0, stratum=stratum)
    with pytest.raises(PredictionError, match=r"\[P01\].*column sex is missing: each stratum"):
        Nomogram(stratified).save("n.pdf", patient={"age": 66, "hgb": 11.3, "creat": 1.7})


def test_a_stratum_that_was_not_observed_so_long_has_no_line_and_the_caption_says_so(mgus2):
    """Women only of whom none is followed beyond ten years: no axis of theirs at 200 months."""
    rows = mgus2.frame.assign(id=mgus2.ids)
    rows.loc[(rows["sex"] == "F") & (rows["futime"] > 120), ["futime", "death"]] = [120, 0]
    cohort = cohort_of(rows, MGUS2, "id")
    nomogram = Nomogram(Study(cohort, DEATH, ["age", "hgb"]).fit(Cox(strata=["sex"])), horizons=[60, 200])
    assert [(axis.stratum, axis.horizon) for axis in nomogram.outcomes] == [(0, 60), (1, 60), (1, 200)]
    woman = {"age": 60, "sex": "F", "hgb": 12}
    assert np.isnan(nomogram.risk_in(nomogram.total(woman), 0)[200])
    caption = " ".join(caption_of(nomogram, example_of(nomogram, woman))).replace("\u00a0", " ")
    assert "No risk line for sex = F by 200 months: nobody there was observed that long" in caption


BOOK = Codebook.from_dict(
    {
        "variables": {
            "age": {"kind": "numeric", "unit": "years", "limits": [20, 90]},
            "grade": {"kind": "ordinal", "levels": ["1", "2", "3"]},
        }
    }
)
DEATH_OF_SARCOMA = TimeToEvent("death_of_sarcoma", time="t", event="e", unit="months", origin="surgery", horizons=(60,))


def test_a_published_table_becomes_a_nomogram():
    """By hand: 70 years at .02 are 1.4 and the longest axis; grade 3 is .7 or 50 points; S(60) .9 at 50 years."""
    told = ("sarcoma", DEATH_OF_SARCOMA, BOOK, {"age": 0.02, "grade=2": 0.3, "grade=3": 0.7})
    origin = Publication("Smith et al. 2020, J Bone Oncol", "2020-05-01", 400, 120)
    nomogram = Nomogram.from_published(
        *told, {60: 0.9, 120: 0.8}, {"age": 50, "grade": "1"}, origin, horizons=[60], language="en"
    )
    points = nomogram.points({"age": 55, "grade": "3"})
    assert points == {"age": pytest.approx(50.0), "grade": pytest.approx(50.0)}
    assert nomogram.risk(points)[60] == pytest.approx(1 - 0.9 ** np.exp(0.02 * 5 + 0.7))
    caption = " ".join(caption_of(nomogram, example_of(nomogram, None)))
    assert "Cox regression as published (Smith et al. 2020, J Bone Oncol) on 400 patients" in caption
    assert "published ranges, evenly" in caption
    with pytest.raises(PredictionError, match=r"\[G21\].*36 months.*horizons are 60, 120"):
        Nomogram(nomogram.model, horizons=[36])
    with pytest.raises(DataContractError, match=r"\[E17\]"):
        Nomogram.from_published(*told, {60: 1.9}, "zero", origin)


def test_cause_specific_models_are_refused_with_the_way_out(competing):
    model = Study(competing, PROGRESSION, ["age", "hgb"]).fit(Cox())
    with pytest.raises(PredictionError, match=r"\[G03\].*without a single points axis.*fit FineGray.*approximate"):
        Nomogram(model)
