"""The page from every kind of model: what it does not know is said, three outcomes add up to 100 people."""

from __future__ import annotations

import html
import io
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Binary, Cohort, Competing
from cohorts.datasets import mgus2_progression
from cohorts.errors import DataContractError
from prognosis import FittedModel, Study, load_model
from prognosis.competing.other_events import others_first
from prognosis.models import (
    AcceleratedFailureTime,
    Cox,
    EarlyRelapse,
    FineGray,
    GradientBoosting,
    Logistic,
    RandomSurvivalForest,
    SupportVectorMachine,
    recipes,
)
from prognosis.published.model import Publication, published_model
from reports import PatientReport
from reports.frequencies import frequency
from reports.icons import icon_array
from reports.patient_content import PatientPage
from reports.patient_kinds import SCALES
from reports.wording import Wording
from tests.reports.conftest import PREDICTORS, with_chinese_font
from tests.reports.rendered import pdf_text, squeezed

PATIENT = {"id": "MM-1", "age": 73.0, "sex": "M", "hgb": 11.8, "creat": 1.8, "mspike": 1.9}
LANGUAGES = ["en", pytest.param("zh", marks=with_chinese_font)]
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
COMPETING = {"cause": Cox(), "fine_gray": FineGray(), "forest": RandomSurvivalForest(trees=4, min_leaf=60),
             "boosting": GradientBoosting(trees=4, early_stopping=None, folds=2)}  # fmt: skip
SURVIVAL = {"forest": COMPETING["forest"], "aft": AcceleratedFailureTime()}
BINARY = {"logistic": Logistic(), "machine": SupportVectorMachine(folds=2)}


@pytest.fixture(scope="module")
def competing(mgus2: Cohort) -> dict[str, FittedModel]:
    study = Study(mgus2, mgus2_progression(), PREDICTORS, seed=1, missing="complete_cases")
    return {name: study.fit(recipe, name=name) for name, recipe in COMPETING.items()}


@pytest.fixture(scope="module")
def others(mgus2: Cohort, study: Study) -> dict[str, FittedModel]:
    """Models of times and of a binary endpoint, an updated and a published one."""
    ids = list(study.cohort.ids)
    few, rest = (study.cohort.without(part, "halved") for part in (ids[400:], ids[:400]))
    few_rows = Study(few, Binary("death", event="death"), PREDICTORS, seed=1)
    early = Study(mgus2, replace(study.endpoint, horizons=(24, 60)), PREDICTORS, seed=1, missing="complete_cases")
    found = {name: study.fit(recipe, name=name) for name, recipe in SURVIVAL.items()}
    found |= {name: few_rows.fit(recipe, name=name) for name, recipe in BINARY.items()}
    found["early"] = early.fit(EarlyRelapse(window=24.0))
    found["updated"] = Study(rest, study.endpoint, PREDICTORS).fit(Cox()).updated(few, method="slope")
    ranges = Publication("Doe et al. 2020", "2020-01-01", 900, 300, {"age": (30, 90)})
    table: dict[str, float] = {"age": 0.06, "sex=M": 0.35}
    reference = {"age": 60.0, "sex": "F"}
    found["published"] = published_model(
        "doe", study.endpoint, mgus2.codebook, table, {60: 0.8, 120: 0.6}, reference, ranges
    )
    return found


def page_of(model: FittedModel, language: str = "en", **changed: Any) -> PatientPage:
    patient = {name: value for name, value in (PATIENT | changed).items() if name == "id" or name in model.predictors}
    return PatientReport(model, patient, language=language).page


def test_every_kind_of_model_has_a_name_and_every_regression_a_scale() -> None:
    assert {kind for kind in recipes() if not Wording("zh").has(f"kind_{kind}")} == set()
    regressions = {
        kind
        for kind, recipe in recipes().items()
        for made in (recipe.estimate_class if isinstance(recipe.estimate_class, tuple) else (recipe.estimate_class,))
        if hasattr(made, "risk_at") and recipe.answering_recipe is type(recipe()).answering_recipe
    } - {"tuned", "selected", "screened", "harmonised"}
    assert regressions == set(SCALES)
    assert all(Wording("zh").has(f"effect_of_{scale}") and Wording("zh").has(f"together_{scale}")
               for scale in {*SCALES.values(), "cause"})  # fmt: skip


def test_the_other_events_are_what_a_model_of_them_says(mgus2: Cohort, competing: dict[str, FittedModel]) -> None:
    """Slow way: fit the competing event as the event of interest."""
    codes = mgus2.frame["event"].map({0: 0, 1: 2, 2: 1}).astype(mgus2.frame["event"].dtype)
    swapped = Cohort.from_frame(
        mgus2.frame.assign(event=codes).reset_index(names="id"), id="id", codebook=mgus2.codebook
    )
    turned = Study(swapped, mgus2_progression(), PREDICTORS, seed=1, missing="complete_cases").fit(Cox())
    times = np.array([240.0, 60.0])
    two = mgus2.frame.loc[["90", "203"], list(PREDICTORS)]
    np.testing.assert_allclose(
        others_first(competing["cause"], two, times), turned.predict(two, times).risk, rtol=1e-12
    )
    assert others_first(competing["fine_gray"], two, times) is None


def test_events_of_a_forest_add_up_tree_by_tree(competing: dict[str, FittedModel]) -> None:
    model, forest = competing["forest"], competing["forest"].estimate.forest
    patient = {name: PATIENT[name] for name in PREDICTORS}
    design = model.preparation.design(model.door.admit(patient).frame)
    free = []
    for (leaf,) in forest.leaves(model.estimate.features(design)):
        entries = slice(forest.start[leaf], forest.start[leaf + 1])
        before = forest.event_times[forest.time[entries]] <= 120
        free.append(np.prod(1 - forest.hazard[entries].sum(axis=1)[before]))
    first = others_first(model, patient, np.array([120.0]))[0, 0]
    assert model.predict(patient, [120.0]).risk[0, 0] + first == pytest.approx(1 - np.mean(free), abs=1e-12)


def test_events_of_boosted_trees_add_up(competing: dict[str, FittedModel]) -> None:
    model, estimate = competing["boosting"], competing["boosting"].estimate
    patient = {name: PATIENT[name] for name in PREDICTORS}
    design = model.preparation.design(model.door.admit(patient).frame)
    ratio = np.exp([each.linear_predictor(design)[0] for each in estimate.models])
    hazard: dict[float, float] = {}
    for each, times in zip(estimate.models, ratio, strict=True):
        for time, step in zip(each.steps.time, np.diff(each.steps.cumulative_hazard, prepend=0.0), strict=True):
            hazard[time] = hazard.get(time, 0.0) + step * times
    free = math.prod(1 - step for time, step in hazard.items() if time <= 120)
    first = others_first(model, patient, np.array([120.0]))[0, 0]
    assert model.predict(patient, [120.0]).risk[0, 0] + first == pytest.approx(1 - free, abs=1e-12)


@given(st.floats(0, 1), st.floats(0, 1))
def test_three_outcomes_add_up_to_100_people(risk: float, share: float) -> None:
    other = (1 - risk) * share
    people = frequency(risk, math.nan, math.nan, Wording("en"), other)
    assert people.event + people.other + people.without == 100
    assert min(people.event, people.other, people.without) >= 0
    for count, exact in ((people.event, risk), (people.other, other), (people.without, 1 - risk - other)):
        assert abs(count - 100 * exact) <= 1 + 1e-6
    assert people.event == frequency(risk, math.nan, math.nan, Wording("en")).event
    drawn = icon_array(people)
    assert [drawn.count(f'class="{kind}"') for kind in ("event", "other", "none", "range")] == [
        people.event, people.other, people.without, 0]  # fmt: skip


def test_what_can_happen_is_not_printed_as_nought() -> None:
    people = frequency(0.002, math.nan, math.nan, Wording("en"), 0.003)
    assert (people.event_text, people.other_text, people.without_text) == (
        "fewer than 1",
        "fewer than 1",
        "more than 99",
    )
    certain = frequency(1.0, 1.0, 1.0, Wording("en"), 0.0)
    assert (certain.event_text, certain.other_text, certain.without_text) == ("100", "0", "0")


@pytest.mark.parametrize("name", ["cause", "forest", "boosting"])
def test_competing_outcomes_add_up_on_the_page(competing: dict[str, FittedModel], name: str) -> None:
    page = page_of(competing[name])
    model = competing[name]
    first = others_first(model, {key: PATIENT[key] for key in PREDICTORS}, np.array(model.horizons))[0]
    for answer, other in zip(page.answers, first, strict=True):
        assert answer.other == pytest.approx(other, abs=1e-15)
        assert answer.people.event + answer.people.other + answer.people.without == 100
        assert answer.other_count == f"{answer.people.other_text} of 100"
        assert answer.other_sentence == "are expected to have first: death without progression"
        assert answer.without_sentence == "are expected to have neither"
    assert page.key_other == "death without progression"
    assert page.headings["answers"].endswith("Progression to a plasma-cell malignancy")
    assert "Aalen-Johansen" in page.curve.caption
    assert page.intervals == (name == "cause")
    # a high creatinine "lowers" progression where death comes first
    assert "A lowered risk can mean that death without progression comes first more often." in page.inputs_note


def test_fine_gray_does_not_tell_the_others_apart_and_says_so(competing: dict[str, FittedModel]) -> None:
    page = page_of(competing["fine_gray"])
    assert [answer.other for answer in page.answers] == [None] * 3
    assert page.key_other == ""
    assert "does not tell these two apart" in page.answers[0].without_sentence
    assert "death without progression" in page.answers[0].without_sentence
    assert page.headings["effect"] == "Subdistribution hazard, against average"
    assert "(7 to 18)" not in page.answers[2].other_count
    assert page.answers[2].event_interval


def test_a_competing_endpoint_is_never_named_by_the_label_of_all_its_codes(mgus2: Cohort) -> None:
    bare = replace(mgus2_progression(), event_label=None, competing_label=None)
    model = Study(mgus2, bare, ["age"], seed=1).fit(Cox())
    page = page_of(model)
    assert page.headings["answers"].endswith("the event of the endpoint “progression”")
    undefined = replace(model, endpoint=replace(model.endpoint, definition=""))
    words = "the event of the endpoint “progression” (no definition was declared)"
    assert page_of(undefined).headings["answers"].endswith(words)
    assert page.answers[0].other_sentence == "are expected to have first: another event"


def test_a_binary_endpoint_has_no_time(others: dict[str, FittedModel]) -> None:
    model, page = others["logistic"], page_of(others["logistic"])
    (answer,) = page.answers
    assert (answer.horizon, answer.horizon_text) == (None, "The event, yes or no")
    assert answer.cohort == pytest.approx(model.events / model.n)
    assert page.curve is None
    assert "no time" in page.no_curve
    odds = math.exp(model.predict({name: PATIENT[name] for name in PREDICTORS}).linear_predictor[0])
    assert page.together_ratio == pytest.approx(odds)
    assert page.together_text.startswith("All together: odds of the event")
    assert "at the time their values were taken" in " ".join(page.limits)
    json.dumps(page.to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", ["machine", "forest"])
def test_without_interval_nothing_pretends_to_one(others: dict[str, FittedModel], name: str) -> None:
    page = page_of(others[name])
    answer = page.answers[0]
    assert (answer.lower, answer.upper, answer.event_interval, answer.without_interval) == (None, None, "", "")
    assert (answer.people.lower, answer.people.interval_event) == (None, "")
    assert page.answers_note.startswith("No interval: this kind of model")
    # without coefficients the page explains the risk by itself
    assert all(row.people is not None and row.hazard_ratio is None for row in page.inputs)
    assert page.together_ratio is None
    assert page.headings["effect"].startswith("Added to the risk")
    assert "interval" not in answer.icons_alt
    if page.curve is not None:
        assert (page.curve.lower, page.curve.band_label) == ((), "")
        assert "Without a band" in page.curve.caption
    json.dumps(page.to_dict(), allow_nan=False)


def test_an_explanation_that_takes_too_long_is_said_to_be_absent(
    others: dict[str, FittedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.patient_explained.is_costly", lambda _: True)
    page = page_of(others["machine"])
    assert page.inputs_note.startswith("What each value adds to the risk was not computed for this page.")
    assert {(row.direction, row.people, row.effect_text) for row in page.inputs} == {
        ("unknown", None, "not told apart")
    }
    assert page.together_text == "This kind of model has no single number for the effect of a value."


def test_time_ratios_stand_for_an_accelerated_failure_time(others: dict[str, FittedModel]) -> None:
    model, page = others["aft"], page_of(others["aft"])
    patient = {name: PATIENT[name] for name in PREDICTORS}
    known = model.survival_time(patient)["time"].iloc[0]
    # half of a Weibull time: location + scale * log(log 2) on the log scale, for the average patient
    average = math.exp(model.estimate.location + model.estimate.scale * math.log(math.log(2)))
    assert page.together_ratio == pytest.approx(known / average, rel=1e-9)
    row = page.inputs[0]
    assert row.direction == "raises"
    assert row.hazard_ratio < 1
    assert row.effect_text == f"raises, time × {row.hazard_ratio:.2f}"


def test_one_window_answers_at_its_time_only(others: dict[str, FittedModel]) -> None:
    page = page_of(others["early"])
    near, far = page.answers
    assert near.people is not None
    assert (far.risk, far.people) == (None, None)
    assert far.reason == "No number can be given: this model answers for 24 months (2 years) only."
    assert page.curve is None
    assert "one time only" in page.no_curve


def test_a_published_model_says_what_is_not_known(others: dict[str, FittedModel]) -> None:
    page = page_of(others["published"])
    assert dict(page.model)["Model"] == "doe (Cox regression, as published)"
    assert "by the publication (Doe et al. 2020); how long they were followed is not known here" in dict(page.about)[
        "Made from"]  # fmt: skip
    assert [answer.cohort for answer in page.answers] == [None, None]
    assert [answer.remarks for answer in page.answers] == [(), ()]
    assert page.answers_note.startswith("No interval: the publication does not say")
    assert page.alerts == ()
    assert {row.name: row.typical_text for row in page.inputs} == {"age": "range 30 to 90", "sex": "not published"}
    assert page.together_text.endswith("times that of the reference patient of the publication.")
    assert any("All that is known of the model is its publication" in limit for limit in page.limits)


def test_an_updated_model_says_so(others: dict[str, FittedModel]) -> None:
    page = page_of(others["updated"])
    assert any("was updated in other patients" in limit for limit in page.limits)
    assert page.performance == ("Not validated: how well these risks hold in other patients is unknown.",)


@pytest.mark.parametrize(("kind", "name", "language"), [
    ("competing", "cause", "en"), ("others", "machine", "en"),
    pytest.param("competing", "forest", "zh", marks=with_chinese_font)])  # fmt: skip
def test_it_is_one_page_with_all_its_words(
    competing: dict[str, FittedModel],
    others: dict[str, FittedModel],
    tmp_path: Any,
    kind: str,
    name: str,
    language: str,
) -> None:
    model = {"competing": competing, "others": others}[kind][name]
    patient = {key: value for key, value in PATIENT.items() if key == "id" or key in model.predictors}
    report = PatientReport(model, patient, language=language)
    data = report.save(tmp_path / "p.pdf").read_bytes()
    assert len(pypdf.PdfReader(io.BytesIO(data)).pages) == 1
    text, markup = pdf_text(data), html.unescape(report.save(tmp_path / "p.html").read_text(encoding="utf-8"))
    page = report.page
    said = [answer.other_sentence for answer in page.answers if answer.other_count]
    said += [page.answers_note, page.no_curve, page.key_other, *(answer.other_count for answer in page.answers)]
    for words in filter(None, said):
        assert squeezed(words) in text
        assert words in markup
    assert (squeezed(page.headings["key_range"]) in text) == page.intervals


def test_the_page_of_a_loaded_model_is_the_same(competing: dict[str, FittedModel], tmp_path: Any) -> None:
    loaded = load_model(competing["cause"].save(tmp_path / "m.prognosis"))
    assert page_of(loaded) == page_of(competing["cause"])


@pytest.mark.parametrize("wrong", [{"competing_label": "death"}, {"event_label": {"en": ""}}, {"deaths": (2,)},
                                   {"competing_label": {}}])  # fmt: skip
def test_labels_of_an_endpoint_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataContractError, match="S03"):
        Competing("p", time="t", event="e", unit="days", origin="x", **wrong)
