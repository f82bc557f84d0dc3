"""What the page says of patients who were given a similar risk, and how well the model does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pypdf
import pytest

from cohorts import Binary, Cohort
from prognosis import FittedModel, Study, load_model
from prognosis.models import Logistic
from prognosis.validation import Validation
from prognosis.validation.risk_bands import RiskBand, RiskBands
from reports import PatientReport
from reports.batch import write_patient
from reports.patient_similar import similar_text
from reports.performance import performance_sentences
from reports.wording import Wording
from tests.reports.conftest import PREDICTORS, with_chinese_font
from tests.reports.rendered import pdf_text, squeezed

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


@pytest.fixture(scope="module")
def banded(study: Study, unvalidated: FittedModel) -> FittedModel:
    return unvalidated.with_validation(study.validate(unvalidated, "bootstrap", 20, metrics="harrell_c"))


def with_bands(model: FittedModel, *bands: RiskBands) -> FittedModel:
    assert isinstance(model.validation, Validation)
    return model.with_validation(replace(model.validation, bands={model.name: bands}))


def test_the_sentence_is_that_of_the_patients_band(banded: FittedModel, patients: pd.DataFrame, tmp_path) -> None:
    report = PatientReport(load_model(banded.save(tmp_path / "m.prognosis")), patients.loc[["203"]])
    assert banded.validation is not None
    for answer, bands in zip(report.page.answers, banded.validation.bands["cox"], strict=True):
        band = next(each for each in bands.bands if each.low <= answer.risk < each.high)
        assert answer.similar == band
        low, high, mean, share, lower, upper = (
            f"{100 * x + 1e-9:.0f}"
            for x in (band.low, band.high, band.predicted, band.observed, band.lower, band.upper)
        )
        # a band whose last patient had the event is printed as it is: 100 of 100, its lower limit below
        assert answer.similar_text == (
            f"Patients given a similar risk ({low} to {high} of 100, on average {mean}) by models made without them, "
            f"{band.people} patients: {share} of 100 had the event, as observed ({lower} to {upper})."
        )
    text = pdf_text(report.save(tmp_path / "p.pdf").read_bytes())
    assert squeezed(report.page.answers[0].similar_text) in text
    assert report.page.answers[0].similar_text in report.save(tmp_path / "p.html").read_text(encoding="utf-8")


def test_a_wide_band_is_not_called_similar(banded: FittedModel) -> None:
    """Whose risk lies more than 20 of 100 from an end of the band is not told that its patients are alike."""
    band = RiskBand(0.24, 0.92, 116, 30, 0.45, 0.45, 0.36, 0.55)
    other = RiskBand(0.10, 0.24, 116, 15, 0.18, 0.17, 0.1, 0.3)
    model, said = with_bands(banded, RiskBands(60.0, (other, band))), Wording("en")
    assert similar_text(model, 60.0, 0.37, said) == (
        "Too few had a risk near this one. Of a wide group, given 24 to 92 of 100 (on average 45) by models made "
        "without them, 116 patients: 45 of 100 had the event, as observed (36 to 55)."
    )
    near = similar_text(model, 60.0, 0.2, said)
    assert near.startswith("Patients given a similar risk (10 to 24 of 100, on average 18)")


def test_beyond_all_bands_and_where_there_are_too_few_it_is_said(banded: FittedModel, patients: pd.DataFrame) -> None:
    assert banded.validation is not None
    first, second, _ = banded.validation.bands["cox"]
    low = replace(first, bands=first.bands[:2])
    high = replace(second, bands=second.bands[-2:])
    page = PatientReport(with_bands(banded, low, high, RiskBands(240.0, ())), patients.loc[["203"]]).page
    assert [answer.similar for answer in page.answers] == [None] * 3
    assert page.answers[0].similar_text.startswith("No patient was given so high a risk")
    assert page.answers[1].similar_text.startswith("No patient was given so low a risk")
    assert page.answers[2].similar_text.endswith("(50 patients and 10 events are needed).")


def test_a_validation_without_bands_says_so(model: FittedModel, unvalidated: FittedModel, patients) -> None:
    page = PatientReport(model, patients.loc[["203"]]).page
    assert [answer.similar_text for answer in page.answers] == [""] * 3
    assert "What was observed in patients given a similar risk was not computed by this validation." in page.performance
    assert "similar" not in " ".join(PatientReport(unvalidated, patients.loc[["203"]]).page.performance)


def test_subgroups_are_named_as_untested(model: FittedModel) -> None:
    assert "nor apart in subgroups such as this patient's" in performance_sentences(model, Wording("en"))[-1]


def test_a_binary_model_is_measured_in_pairs_of_event_and_none(mgus2: Cohort) -> None:
    study = Study(mgus2, Binary("death", event="death"), PREDICTORS, seed=1, missing="complete_cases")
    model = study.fit(Logistic(), name="logistic")
    model = model.with_validation(study.validate(model, "bootstrap", 20))
    sentences = performance_sentences(model, Wording("en"))
    assert "pairs of a patient with the event and one without" in sentences[0]
    page = PatientReport(model, mgus2.frame.loc[["203"], list(PREDICTORS)]).page
    assert page.answers[0].similar_text.startswith("Patients given a similar risk (")
    assert model.validation is not None
    table = model.validation.table
    without = table.assign(corrected=np.where(table["metric"] == "calibration_slope", np.nan, table["corrected"]))
    bare = performance_sentences(model.with_validation(replace(model.validation, table=without)), Wording("en"))
    assert bare[1].startswith("Observed over predicted events 1.0")


@with_chinese_font
def test_a_page_full_of_words_keeps_its_nomogram(banded: FittedModel, patients: pd.DataFrame, tmp_path) -> None:
    """Three long sentences on bands in Chinese: the curve gives way a little, and all stays on one page."""
    long = replace(banded, endpoint=replace(banded.endpoint, definition="定义文字用于占据版面。" * 12))
    write_patient(long, patients.loc[["402"]], "zh", tmp_path, "centiles")
    assert len(pypdf.PdfReader(tmp_path / "patients" / "402.pdf").pages) == 1
