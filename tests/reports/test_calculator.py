"""The calculator in a real browser: numbers and words of Python, safe, usable by keyboard and on a phone."""

from __future__ import annotations

import itertools
import json
import math
import re
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cohorts.errors import PredictionError, RunError
from nomograms import Nomogram
from prognosis import FittedModel
from prognosis.competing.other_events import others_first
from prognosis.models import Cox, RandomSurvivalForest
from reports.calculator import Calculator, as_data
from reports.calculator_run import check_calculators, write_calculators
from reports.command_line import main
from reports.frequencies import frequency
from reports.output_folder import output_folder
from reports.study_file import StudyFile
from reports.wording import Wording, visible
from tests.prognosis import made
from tests.reports.calculator_cases import NAMES, asked, fitted, patients
from tests.reports.conftest import IMAGE, SCRIPT
from tests.reports.in_browser import Opened

CLOSE = 1e-9
CURVES = ("cox", "causes", "fine_gray", "weibull", "lognormal", "imputed")
NOMOGRAMS = ("cox", "fine_gray", "logistic", "early", "penalised", "weibull", "imputed", "published")
ENTERED = {"Age (years)": "65", "Albumin (g/L)": "31.5", "creat (mg/dL)": "1.2", "sex": "M", "grade": "high",
           "relapse": "no", "centre": "south"}  # fmt: skip
PATIENT = {"age": 65.0, "albumin": 31.5, "creat": 1.2, "sex": "M", "grade": "high", "relapse": 0.0, "centre": "south"}


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Pages by the name of the model; each is written and opened once."""
    folder, pages = tmp_path_factory.mktemp("calculators"), {}

    def open_page(name: str) -> Opened:
        if name not in pages:
            pages[name] = Opened(browser, Calculator(fitted(name)).save(folder / f"{name}.html"))
        return pages[name]

    return open_page


def answers(opened: Opened, values: list[list[float | None]], stratified: bool) -> list[dict[str, Any]]:
    """Return the answers of the page's own script; what is no number comes as None."""
    script = """([rows, stratified]) => JSON.stringify(JSON.parse(rows).map((row) => {
        const values = stratified ? row.slice(0, -1) : row;
        return calculator.answer(values, stratified ? row[row.length - 1] : undefined);
    }))"""
    # as text, which is much faster than value by value; JSON has no infinity, which only overflow makes in a script
    rows = json.dumps(values).replace("Infinity", "1e999")
    found: list[dict[str, Any]] = json.loads(opened.page.evaluate(script, [rows, stratified]))
    return found


def told(remarks: Any) -> set[tuple[Any, ...]]:
    return {(r["code"], r["text"], r["horizon"]) for r in remarks}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:.P16.")
def test_risks_intervals_and_remarks_of_500_patients_are_those_of_python(name: str, opened: Any) -> None:
    model, frame = fitted(name), patients(name)
    expected = model.predict(frame)
    found = answers(opened(name), asked(model, frame), bool(model.estimate.strata))
    assert len(found) == 500
    for part in ("risk", "lower", "upper"):
        numbers = np.array([each[part] for each in found], float)
        np.testing.assert_allclose(numbers, getattr(expected, part), rtol=0, atol=CLOSE, err_msg=part)
    others = others_first(model, frame, np.array(model.horizons, float))
    if name == "causes" or others is None:
        told_others = np.array([each["other"] for each in found], float)
        np.testing.assert_allclose(told_others, np.nan if others is None else others, rtol=0, atol=CLOSE)
    lines = [each["linear_predictor"] for each in found]
    np.testing.assert_allclose(lines, expected.linear_predictor, rtol=0, atol=1e-8)
    own = defaultdict(set)
    for remark in expected.remarks:
        own[remark.patient].add((remark.code, visible(remark.text, 400), remark.horizon))
    for patient, each in zip(expected.ids, found, strict=True):
        assert told(each["remarks"]) == own[patient] | own[None], patient


def test_some_of_these_patients_are_unusual_foreign_and_not_wholly_known() -> None:
    """Else the comparison of remarks would compare nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        remarks = [
            remark
            for name in ("cox", "imputed", "published")
            for remark in fitted(name).predict(patients(name)).remarks
        ]
        early = fitted("early").predict(patients("early"))
    assert {"P02", "P08", "P10", "P11", "P16", "E19"} <= {remark.code for remark in remarks}
    assert any("combination" in remark.text for remark in remarks)
    assert np.isnan(early.risk[:, 0]).all()


@pytest.mark.parametrize("name", CURVES)
def test_the_curve_over_time_is_that_of_python(name: str, opened: Any) -> None:
    model = fitted(name)
    row = patients(name).iloc[[-1]]
    values = asked(model, row)[0]
    values, stratum = (values[:-1], int(values[-1] or 0)) if model.estimate.strata else (values, 0)
    found = opened(name).page.evaluate("([values, stratum]) => calculator.curve(values, stratum)", [values, stratum])
    expected = model.curve(row)
    for part in ("time", "risk", "lower", "upper"):
        np.testing.assert_allclose(found[part], getattr(expected, part), rtol=0, atol=CLOSE, err_msg=part)


@pytest.mark.parametrize("name", NOMOGRAMS)
def test_points_are_those_of_the_nomogram(name: str, opened: Any) -> None:
    model = fitted(name)
    nomogram = Nomogram(model)
    row = patients(name).dropna().iloc[[3]]
    values = asked(model, row)[0][: len(model.predictors)]
    found = opened(name).page.evaluate("(values) => calculator.points(values)", values)
    points = nomogram.points(row)
    np.testing.assert_allclose(found["parts"], [points[g.variables[0]] for g in nomogram.scale.groups], atol=1e-8)
    assert found["total"] == pytest.approx(nomogram.total(row), abs=1e-8)


REFUSED = [
    *(("age", value) for value in (17.999, 110.5, -3.0, 2e50, math.inf)),
    *(("albumin", value) for value in (3.8, 380.0, 38000.0, 4.9, 81.0)),
    *(("creat", value) for value in (0.0, -1e-9, 1e3)),
]


@pytest.mark.parametrize("name", ["cox", "weibull", "published"])
def test_what_python_refuses_is_refused_in_the_same_words(name: str, opened: Any) -> None:
    model, usual = fitted(name), patients(name).dropna().iloc[[0]]
    cases = [(column, value) for column, value in REFUSED if column in model.predictors]
    rows = [usual.assign(**{column: value}) for column, value in cases]
    found = answers(opened(name), [asked(model, row)[0] for row in rows], bool(model.estimate.strata))
    for case, row, each in zip(cases, rows, found, strict=True):
        with pytest.raises(PredictionError) as refused:
            model.predict(row)
        own = [(f.code, f.rule, f.way_out) for f in refused.value.findings]
        assert [(r["code"], r["rule"], r["way_out"]) for r in each["refusals"]] == own, case


def test_nobody_known_and_values_missing_are_refused_in_the_same_words(opened: Any) -> None:
    nothing = patients("imputed").iloc[[0]].assign(**dict.fromkeys(fitted("imputed").predictors, np.nan))
    missing = patients("cox").iloc[[0]].assign(age=np.nan)
    for name, row in (("imputed", nothing), ("cox", missing)):
        with pytest.raises(PredictionError) as refused:
            fitted(name).predict(row)
        values = asked(fitted(name), row.assign(**({"centre": "south"} if name == "cox" else {})))
        found = answers(opened(name), values, name == "cox")[0]
        own = [(f.code, f.rule, f.way_out) for f in refused.value.findings]
        assert [(r["code"], r["rule"], r["way_out"]) for r in found["refusals"]] == own


def test_only_categories_that_the_model_knows_can_be_chosen(opened: Any) -> None:
    texts = opened("weibull").page.locator("#field-4 option").all_text_contents()
    assert texts == ["choose …", "low", "middle", "high"]


def enter(page: Any, entered: dict[str, str]) -> None:
    """Fill fields at one go; what typing does is a test of its own."""
    script = """(entered) => {
        for (const [text, value] of Object.entries(entered)) {
            const label = [...document.querySelectorAll("label")].find((each) => each.textContent === text);
            const field = document.getElementById(label.htmlFor), option = [...(field.options || [])];
            field.value = field.options ? option.find((each) => each.textContent === value).value : value;
        }
        document.getElementById("form").dispatchEvent(new Event("input"));
    }"""
    page.evaluate(script, entered)


@pytest.fixture
def cox_page(opened: Any) -> Any:
    """The page of the stratified Cox model with a patient entered."""
    page = opened("cox").page
    page.evaluate("document.getElementById('clear').click()")
    enter(page, ENTERED)
    return page


def test_the_page_shows_the_risks_of_python(cox_page: Any) -> None:
    expected = fitted("cox").predict(PATIENT)
    for place, people in enumerate(
        frequency(*(float(part[0, place]) for part in (expected.risk, expected.lower, expected.upper)), Wording("en"))
        for place in range(2)
    ):
        box = cox_page.locator(f"#answer-{place}")
        assert float(box.get_attribute("data-risk")) == pytest.approx(expected.risk[0, place], abs=CLOSE)
        shown = " ".join(box.inner_text().split())
        assert f"{people.event_text} of 100 ({people.interval_event}) people like this" in shown
        assert f"{people.without_text} of 100 ({people.interval_without}) are expected not to" in shown
        assert box.locator("g.event").count() == people.event
        assert people.lower is not None
        assert people.upper is not None
        assert box.locator("circle.range").count() == people.upper - people.lower
    assert cox_page.locator("#curve path.patient").count() == cox_page.locator("#curve path.observed").count() == 1


def test_beyond_the_follow_up_of_the_stratum_there_is_a_reason_and_no_number(cox_page: Any) -> None:
    last = cox_page.locator("#answer-2")
    assert "followed longer than 40 months" in last.locator(".reason").inner_text()
    assert not last.locator(".known").is_visible()
    assert last.get_attribute("data-risk") == "NaN"
    enter(cox_page, {"centre": "north"})
    assert last.locator(".known").is_visible()
    assert "only" in last.locator(".few").inner_text()


def test_without_a_nomogram_the_reason_stands_there(opened: Any) -> None:
    said = opened("exponential").page.locator("text=This model has no nomogram").text_content()
    assert "interact: no line can show both" in said


def test_a_value_out_of_range_withdraws_the_result_and_says_why(cox_page: Any) -> None:
    age = cox_page.get_by_label("Age (years)", exact=True)
    for value, said in (
        ("200", "200: outside the allowed range 18 to 110 years of Age. Way out: correct the value [P07]"),
        ("6,5", "6,5: This is not a number."),
        ("65 y", "65 y: This is not a number."),
        ("0x41", "0x41: This is not a number."),
    ):
        age.fill(value)
        age.blur()
        assert said in cox_page.locator("#message-0").inner_text()
        assert age.get_attribute("aria-invalid") == "true"
        assert not cox_page.locator("#result").is_visible()
    age.fill("６５")
    assert cox_page.locator("#result").is_visible()
    assert cox_page.locator("#message-0").inner_text() == ""
    age.fill("")
    assert not cox_page.locator("#result").is_visible()
    cox_page.get_by_text("Still needed: Age.").wait_for()
    # in the same moment as the result is shown, the sentence that there is none is gone
    typed = """() => {
        const age = document.getElementById("field-0");
        age.value = "65";
        age.dispatchEvent(new Event("input", { bubbles: true }));
        return [document.getElementById("result").hidden, document.getElementById("status").textContent];
    }"""
    assert cox_page.evaluate(typed) == [False, ""]
    age.fill("")
    cox_page.get_by_text("Still needed: Age.").wait_for()


def test_the_form_is_filled_and_printed_by_keyboard(cox_page: Any) -> None:
    cox_page.get_by_role("button", name="Clear all").press("Enter")
    assert cox_page.evaluate("document.activeElement.id") == "field-0"
    for place, (_, value) in enumerate(ENTERED.items()):
        cox_page.keyboard.type(value)
        assert cox_page.evaluate("document.activeElement.id") == f"field-{place}"
        cox_page.keyboard.press("Tab")
    risk = float(cox_page.locator("#answer-0").get_attribute("data-risk"))
    assert risk == pytest.approx(fitted("cox").predict(PATIENT).risk[0, 0], abs=CLOSE)
    assert cox_page.evaluate("document.activeElement.id") == "clear"
    assert cox_page.locator("#status").get_attribute("role") == "status"
    unnamed = """[...document.querySelectorAll("input, select, svg[role=img]")].filter(
        (each) => each.checkVisibility() && !(each.labels || []).length && !each.getAttribute("aria-label")).length"""
    assert cox_page.evaluate(unnamed) == 0


def test_it_fits_a_phone_and_a_sheet_of_paper(cox_page: Any) -> None:
    cox_page.set_viewport_size({"width": 360, "height": 740})
    try:
        # drawn anew in the room that is left between the margins
        cox_page.locator("#nomogram[viewBox^='0 0 328 ']").wait_for()
        assert cox_page.evaluate("document.documentElement.scrollWidth") == 360
        small = "[...document.querySelectorAll('input[type=text], select, button')].filter((e) => e.offsetHeight < 44)"
        assert cox_page.evaluate(f"{small}.length") == 0
        boxes = [box.bounding_box() for box in cox_page.locator("#nomogram text").all()]
        assert min(box["height"] for box in boxes if box) > 10
        assert min(box["x"] for box in boxes if box) >= 0
        assert max(box["x"] + box["width"] for box in boxes if box) <= 360
    finally:
        cox_page.set_viewport_size({"width": 1280, "height": 900})
    cox_page.emulate_media(media="print")
    assert not cox_page.get_by_role("button", name="Print").is_visible()
    assert cox_page.locator("#answer-0").is_visible()
    cox_page.emulate_media(media="screen")


def test_labels_of_the_nomogram_do_not_overlap(cox_page: Any) -> None:
    script = """() => [...document.querySelectorAll('#nomogram text')].map((text) => {
        const box = text.getBBox();
        return [box.x, box.y, box.width, box.height];
    })"""
    boxes = cox_page.evaluate(script)
    assert len(boxes) > 40
    for (x, y, w, h), (u, v, a, b) in itertools.combinations(boxes, 2):
        assert x + w <= u or u + a <= x or y + h - 2 <= v or v + b - 2 <= y


def test_an_unknown_value_is_averaged_and_said(opened: Any) -> None:
    page = opened("imputed").page
    enter(page, {key: value for key, value in ENTERED.items() if key not in ("centre", "Albumin (g/L)")})
    assert not page.locator("#result").is_visible()
    page.locator("#unknown-1").check()
    row = {name: PATIENT[name] for name in fitted("imputed").predictors} | {"albumin": np.nan}
    risk = fitted("imputed").predict(row).risk[0, 0]
    assert float(page.locator("#answer-0").get_attribute("data-risk")) == pytest.approx(risk, abs=CLOSE)
    assert (
        "Albumin" in page.locator("#remarks").inner_text()
        or "albumin is not known" in page.locator("#remarks").inner_text()
    )
    assert page.locator("#not-drawn").is_visible()
    assert not page.locator("#nomogram").is_visible()


def test_nothing_is_asked_for_and_no_foreign_script_runs(opened: Any, cox_page: Any) -> None:
    assert [url for url in opened("cox").asked if not url.startswith("file://")] == []
    assert len(opened("cox").asked) == 1
    assert opened("cox").said == []
    policy = cox_page.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    tried = """() => new Promise((done) => {
        const caught = [];
        addEventListener("securitypolicyviolation", (event) => caught.push(event.effectiveDirective));
        const image = document.createElement("img");
        image.src = "http://127.0.0.1:9/x.png";
        document.body.append(image);
        fetch("http://127.0.0.1:9/").catch(() => 0);
        try { document.body.innerHTML += "<p>x"; } catch (error) { caught.push(error.name); }
        image.remove();
        setTimeout(() => done(caught), 100);
    })"""
    caught = cox_page.evaluate(tried)
    assert {"img-src", "connect-src", "TypeError"} <= set(caught)


def test_hostile_texts_are_shown_and_not_obeyed(hostile: Any, browser: Any, tmp_path: Path) -> None:
    text = Calculator(hostile).html()
    assert text.count("<script") == 2
    opened = Opened(browser, Calculator(hostile).save(tmp_path / "hostile.html"))
    assert opened.page.locator("label[for=field-0]").inner_text().startswith(SCRIPT)
    opened.page.locator("#field-0").fill("10")
    opened.page.locator("#field-1").select_option(label=IMAGE)
    assert opened.page.locator("#result").is_visible()
    assert opened.page.evaluate("document.images.length + document.scripts.length") == 2
    assert opened.said == []
    assert opened.asked == [(tmp_path / "hostile.html").as_uri()]


def test_the_chinese_page_speaks_chinese_and_gives_the_words_of_python_too(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, Calculator(fitted("cox"), "zh").save(tmp_path / "zh.html"))
    age = opened.page.get_by_label("年龄（岁）")
    age.fill("200")
    age.blur()
    message = opened.page.locator("#message-0")
    assert message.locator("span").first.inner_text() == "数值超出允许范围，请核对。"
    assert "outside the allowed range 18 to 110 years of Age" in message.locator("span[lang=en]").inner_text()
    assert opened.page.locator("html").get_attribute("lang") == "zh"


# Without a browser.


def test_the_file_is_the_same_each_time_and_holds_no_patient() -> None:
    model = fitted("cox")
    text = Calculator(model).html()
    assert text == Calculator(model).html()
    assert not re.search(r"\bP\d{3}\b", text)


def test_data_cannot_end_the_block_that_holds_it() -> None:
    values = {"label": "</script><!-- & \u2028 \u202e 年"}
    text = as_data(values)
    assert not set("<>&") & set(text)
    assert text.isascii()
    assert json.loads(text) == values


@pytest.fixture(scope="module")
def forest() -> FittedModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made.fit(RandomSurvivalForest(trees=5))


def test_other_models_are_refused_with_the_way_out(forest: FittedModel) -> None:
    with pytest.raises(PredictionError, match=r"Nomogram\.approximate") as refused:
        Calculator(forest)
    assert refused.value.code == "R60"


def test_causes_that_compete_have_a_calculator_without_a_nomogram(opened: Any) -> None:
    said = opened("causes").page.locator("text=This model has no nomogram").text_content()
    assert "cause-specific models combine into risk without a single points axis" in said
    assert opened("causes").said == []


def test_three_outcomes_add_up_to_100_as_on_a_patients_page(opened: Any) -> None:
    draw = np.random.default_rng(3)
    risk = draw.random(400)
    other = draw.random(400) * (1 - risk)
    script = "(pairs) => pairs.map(([risk, other]) => calculator.others(risk, other))"
    found = opened("causes").page.evaluate(script, np.column_stack([risk, other]).tolist())
    pairs = zip(risk.tolist(), other.tolist(), strict=True)
    assert found == [frequency(r, math.nan, math.nan, Wording("en"), o).other for r, o in pairs]
    page = opened("causes").page
    enter(page, ENTERED)
    box = page.locator("#answer-0")
    shown = " ".join(box.inner_text().split())
    people = frequency(*(float(box.get_attribute(f"data-{part}")) for part in ("risk", "lower", "upper")),
                       Wording("en"), float(box.get_attribute("data-other")))  # fmt: skip
    assert f"{people.event_text} of 100" in shown
    assert f"{people.other_text} of 100 are expected to have first: another event" in shown
    assert f"{people.without_text} of 100 are expected to have neither" in shown
    assert [box.locator(f"g.{name}").count() for name in ("event", "other", "none")] == [
        people.event, people.other, people.without]  # fmt: skip


def study_of(*kinds: str) -> StudyFile:
    """Declare a study of models of some kinds that wants calculators."""
    return StudyFile.model_validate(
        {
            "study": {"title": "Made-up"},
            "cohort": {"file": "a.csv", "codebook": "a.toml"},
            "endpoint": {"kind": "time_to_event"},
            "models": [{"name": kind, "kind": kind, "predictors": ["age"]} for kind in kinds],
            "reports": {"calculator": True},
        }
    )


def test_a_run_of_machines_alone_is_refused_before_the_fit() -> None:
    study = made.study(["age"])
    with pytest.raises(RunError, match="random_survival_forest") as refused:
        check_calculators(study_of("random_survival_forest"), study)
    assert refused.value.code == "R60"
    check_calculators(study_of("random_survival_forest", "cox"), study)


def test_a_run_warns_of_models_without_a_calculator(forest: FittedModel, tmp_path: Path) -> None:
    with output_folder(tmp_path) as folder:
        warned = write_calculators(study_of("random_survival_forest", "cox"), [forest, fitted("weibull")], folder)
    assert [(found.code, found.severity) for found in warned] == [("R60", "warning")]
    assert [path.name for path in tmp_path.glob("calculator_*")] == [f"calculator_{fitted('weibull').name}.html"]


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, out = fitted("weibull").save(tmp_path / "aft.prognosis"), tmp_path / "aft.html"
    monkeypatch.setattr("sys.argv", ["prognosis", "calculator", str(model), "--out", str(out), "--language", "zh"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert out.read_text(encoding="utf-8") == Calculator(fitted("weibull"), "zh").html()


def test_an_offset_and_another_suffix_are_refused(tmp_path: Path) -> None:
    shifted = made.fit(Cox(offset="weight"))
    with pytest.raises(PredictionError, match="offset") as refused:
        Calculator(shifted)
    assert refused.value.code == "R61"
    with pytest.raises(RunError, match=r"\.html") as other:
        Calculator(fitted("weibull")).save(tmp_path / "calculator.pdf")
    assert other.value.code == "R63"
