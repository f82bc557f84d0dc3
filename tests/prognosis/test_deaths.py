"""Deaths among the events of progression or death: a part of the observed share, kept with the model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cohorts import Codebook, Cohort, Competing, TimeToEvent
from cohorts.datasets import load_mgus2
from cohorts.errors import DataContractError, FitError, ModelFileError
from prognosis import Study, load_model
from prognosis.deaths import Deaths
from prognosis.models import Cox
from prognosis.persistence.content import content_of
from prognosis.persistence.restoring import model_from
from reports import PatientReport

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
CODES = {"censored": 0, "event": (1, 2)}
PATIENT = {"age": 73.0, "sex": "M", "mspike": 1.9}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    """The embedded cohort, both codes of its event column counting as the event, one of them rare."""
    frame = load_mgus2().frame.reset_index(names="id")
    book = load_mgus2().codebook.to_dict()
    book["variables"]["event"] |= {"values": {"censored": 0, "event": [1, 2]}, "label": {"en": "Progression or death"}}
    book["variables"]["sex"] = {"kind": "nominal", "levels": ["F", "M", "other"]}
    sex = np.where(np.arange(len(frame)) < 30, "other", frame["sex"].astype(str))
    return Cohort.from_frame(frame.assign(sex=sex), id="id", codebook=Codebook.from_dict(book))


def endpoint(**more) -> TimeToEvent:
    return TimeToEvent(
        "pfs", time="etime", event="event", unit="months", origin="diagnosis", horizons=(60, 240), **more
    )


@pytest.fixture(scope="module")
def model(cohort):
    declared = endpoint(
        event_values=CODES, deaths=[2], deaths_label={"en": "death without progression", "zh": "未进展而死亡"}
    )
    return Study(cohort, declared, list(PATIENT), seed=1, missing="complete_cases").fit(Cox(), name="cox")


def test_the_shares_are_a_part_of_what_was_observed(cohort, model):
    """By hand: the sum over times of S(t-) times deaths over those at risk."""
    kept = cohort.frame.loc[list(model.training.ids)]
    time, event = kept["etime"].to_numpy(float), kept["event"].to_numpy(int)
    assert model.deaths.count == (event == 2).sum()
    for horizon in (60.0, 240.0):
        free, died = 1.0, 0.0
        for t in np.unique(time[(time <= horizon) & (event > 0)]):
            at_risk, now = (time >= t).sum(), time == t
            died += free * (now & (event == 2)).sum() / at_risk
            free *= 1 - (now & (event > 0)).sum() / at_risk
        assert model.deaths.at(horizon) == pytest.approx(died, abs=1e-12)
        assert 1 - model.follow_up.at(horizon) == pytest.approx(1 - free, abs=1e-12)
    assert model.deaths.at(61.0) is None


def test_the_page_says_how_many_and_that_the_patients_own_is_not_divided(model):
    page = PatientReport(model, PATIENT).page
    people = round(100 * model.deaths.at(60.0))
    assert page.answers[0].cohort_text.endswith(f"of them {people}: death without progression")
    assert (
        f"{model.deaths.count} of the {model.events:,} events: death without progression"
        in dict(page.about)["Made from"]
    )
    assert any("how it divides for this patient, the model does not tell" in limit for limit in page.limits)
    assert "未进展而死亡" in PatientReport(model, PATIENT, language="zh").page.answers[1].cohort_text


def test_a_category_of_few_patients_is_flagged(model):
    rows = {row.name: row for row in PatientReport(model, PATIENT | {"sex": "other"}).page.inputs}
    assert rows["sex"].flags == ("only about 30 of the patients the model was made from have this value: less certain",)
    assert {row.name: row.flags for row in PatientReport(model, PATIENT).page.inputs}["sex"] == ()


def test_the_file_keeps_them_and_an_older_file_has_none(model, cohort, tmp_path):
    assert load_model(model.save(tmp_path / "m.prognosis")).deaths == model.deaths
    plain = Study(cohort, endpoint(event_values=CODES), ["age"], seed=1).fit(Cox())
    content, arrays = content_of(plain)
    assert "deaths" not in content
    assert model_from(json.loads(json.dumps(content)), arrays, verified=False).deaths is None


@pytest.mark.parametrize("stored", [{"count": 0, "shares": []}, {"count": 3, "shares": [[60, 1.2]]},
                                    {"count": 2.5, "shares": []}, {"count": 3, "shares": [[-1, 0.2]]}])  # fmt: skip
def test_deaths_that_cannot_be_are_refused(stored):
    with pytest.raises(ModelFileError, match="L07"):
        Deaths.restore(stored)


@pytest.mark.parametrize(
    "wrong", [{"deaths": 3}, {"deaths": [1, 2]}, {"deaths": []}, {"deaths": 2, "deaths_label": "x"}]
)
def test_a_declaration_that_cannot_be_is_refused(wrong):
    with pytest.raises(DataContractError, match="S03"):
        endpoint(event_values=CODES, **wrong)


def test_competing_deaths_are_declared_as_competing():
    with pytest.raises(DataContractError, match="competing deaths are competing codes"):
        Competing("p", time="t", event="e", unit="days", origin="x", deaths=2,
                  event_values={"censored": 0, "event": (1, 2), "competing": 3})  # fmt: skip


def test_a_slip_in_codes_that_the_codebook_declares_is_met_at_the_fit(cohort):
    with pytest.raises(FitError, match="0 of 975 events have a code") as caught:
        Study(cohort, endpoint(deaths=7), ["age"], seed=1).fit(Cox())
    assert caught.value.code == "R40"
