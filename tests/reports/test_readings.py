"""Curves that can be read off: the values and places by hand, the page in a real browser, hostile names, no script."""

from __future__ import annotations

import html
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prognosis import FittedModel, Study
from prognosis.evaluation import Evaluation
from prognosis.outcome import SurvivalArrays
from reports import StudyReport
from reports.contents.judged import Judged
from reports.contents.observed import observed_content, risk_groups_content
from reports.figures import Picture
from reports.figures.observed import ObservedContent, observed_figure
from reports.figures.readings import Curve, Curves, Reading, thinned
from reports.fonts import choose_fonts
from reports.readings import panels_of
from reports.results import results_of
from reports.wording import Wording
from tests.reports.conftest import IMAGE, SCRIPT, with_chinese_font
from tests.reports.in_browser import Opened
from tests.reports.rendered import assert_runs_its_own_script_alone, squeezed

ENGLISH = Wording("en")
# six patients: events at 1, 3, 4 and 6, censored at 2 and 5
SIX = SurvivalArrays(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), np.array([1, 0, 1, 1, 0, 1]))
RISK = {1.0: 1 / 6, 3.0: 1 - 5 / 6 * 3 / 4, 4.0: 1 - 5 / 6 * 3 / 4 * 2 / 3}


def value_at(content: ObservedContent, when: float, name: str = "read", group: int = 0) -> Any:
    return getattr(content.groups[group], name)[content.times.index(when)]


def test_the_observed_curve_is_one_minus_kaplan_meier_by_hand() -> None:
    content = observed_content(SIX, (4.0,), "months", "surgery", ENGLISH)
    assert content is not None
    assert (content.ticks[0], content.ticks[-1], content.times[-1]) == (0.0, 4.0, 4.0)
    for when, risk in RISK.items():
        assert value_at(content, when) == pytest.approx(risk, abs=1e-12)
    assert value_at(content, 2.0) == pytest.approx(1 / 6)
    assert [value_at(content, when, "at_risk") for when in (0.0, 1.0, 2.0, 3.0, 4.0)] == [6, 6, 5, 4, 3]
    # Greenwood on the log scale, R's default: S exp(+-1.96 se(log S))
    spread = 1.959963984540054 * math.sqrt(1 / (6 * 5) + 1 / (4 * 3))
    survival = 5 / 8
    assert value_at(content, 3.0, "read_lower") == pytest.approx(max(0.0, 1 - survival * math.exp(spread)), abs=1e-9)
    assert value_at(content, 3.0, "read_upper") == pytest.approx(1 - survival * math.exp(-spread), abs=1e-9)
    assert content.groups[0].counts == "n 6, events 4"


def test_competing_events_are_observed_by_aalen_johansen() -> None:
    competing = SurvivalArrays(SIX.time, np.array([1, 0, 2, 1, 0, 1]))
    content = observed_content(competing, (4.0,), "months", "surgery", ENGLISH)
    assert content is not None
    # at 4 only those free of both events can have the first: 5/6 x 3/4 x 1/3
    assert value_at(content, 3.0) == pytest.approx(1 / 6)
    assert value_at(content, 4.0) == pytest.approx(1 / 6 + 5 / 6 * 3 / 4 / 3)
    assert content.band_label.startswith("Aalen-Johansen")
    only = SurvivalArrays(SIX.time, np.array([2, 0, 2, 2, 0, 2]))
    none = observed_content(only, (4.0,), "months", "surgery", ENGLISH)
    assert none is not None
    assert set(none.groups[0].read) == {0.0}


def test_late_entry_counts_who_is_watched() -> None:
    late = SurvivalArrays(SIX.time, SIX.event, np.array([0.0, 0.0, 0.0, 2.5, 0.0, 3.5]))
    content = observed_content(late, (4.0,), "months", "surgery", ENGLISH)
    assert content is not None
    assert [value_at(content, when, "at_risk") for when in (1.0, 3.0, 4.0)] == [4, 3, 3]
    assert value_at(content, 3.0) == pytest.approx(1 - 3 / 4 * 2 / 3)


@pytest.fixture(scope="module")
def judged() -> Judged:
    rng = np.random.default_rng(2)
    risk = np.repeat([0.1, 0.3, 0.5, 0.8], 60)
    time = rng.exponential(-10 / np.log1p(-risk))
    outcome = SurvivalArrays(np.minimum(time, 12.0), (time <= 12.0).astype(int))
    return Judged(Evaluation(outcome, risk, horizons=np.array([5.0, 10.0]), risks=np.column_stack([risk / 2, risk])),
                  "cox", "months")  # fmt: skip


def test_groups_by_risk_lie_in_the_order_of_their_risks(judged: Judged) -> None:
    content = risk_groups_content(judged, "surgery", ENGLISH)
    assert content is not None
    assert [group.counts.split(",")[0] for group in content.groups] == ["n 60"] * 4
    assert [group.predicted for group in content.groups] == [
        pytest.approx((risk / 2, risk)) for risk in (0.1, 0.3, 0.5, 0.8)
    ]
    observed = [value_at(content, 10.0, group=group) for group in range(4)]
    assert observed == sorted(observed)
    assert np.abs(np.array(observed) - [0.1, 0.3, 0.5, 0.8]).max() < 0.15
    assert content.groups[0].label == "Group 1: lowest risks"
    few = replace(judged.evaluation.outcome, event=np.where(np.arange(240) < 15, 1, 0))
    assert risk_groups_content(Judged(replace(judged.evaluation, outcome=few), "m", "months"), "x", ENGLISH) is None


def test_places_lie_on_the_drawn_curve() -> None:
    reading = Reading(10.0, 5.0, 50.0, 20.0, (0.0, 100.0), (0.0, 0.5), Curves("t", "r", (0.0, 50.0), ()))
    assert (reading.across(0.0), reading.across(50.0), reading.down(0.5), reading.down(0.0)) == (10, 35, 5, 25)
    curve = Curve("a", (0.25, float("nan")), (0.2, float("nan")), (0.3, float("nan")), (7, 0), "at risk")
    picture = Picture("", "", 70.0, 30.0, "T", "", choose_fonts("", "en"),
                      (replace(reading, shown=Curves("t", "r", (0.0, 50.0), (curve,))),))  # fmt: skip
    (panel,) = panels_of(picture, ENGLISH)
    assert panel["columns"] == ["t", "a (95 % interval)", "at risk"]
    assert panel["rows"] == [
        {"across": 10.0, "down": [15.0], "cells": ["0", "0.250 (0.200 to 0.300)", "7"]},
        {"across": 35.0, "down": [None], "cells": ["50", ENGLISH("figure_unknown"), "0"]},
    ]


def test_a_long_curve_keeps_its_ends() -> None:
    x = tuple(float(k) for k in range(500))
    kept = thinned(Curves("t", "r", x, (Curve("a", x, (), (), tuple(range(500))),)))
    assert (len(kept.x), kept.x[0], kept.x[-1]) == (61, 0.0, 499.0)
    assert kept.curves[0].y == kept.x
    assert kept.curves[0].patients == tuple(int(value) for value in kept.x)


@pytest.fixture(scope="module")
def report(study: Study, model: FittedModel, judged: Judged) -> StudyReport:
    """A report whose curves bear hostile names."""
    found = json.loads(json.dumps(results_of("t", study, [model], {}, study.cohort.table_one(columns=["age"]))))
    content = risk_groups_content(judged, IMAGE, ENGLISH)
    assert content is not None
    groups = tuple(replace(group, label=f"{SCRIPT} {k}") for k, group in enumerate(content.groups))
    label, title = f'{IMAGE} " onload=alert(1) x="', f"{SCRIPT}</caption></script>"
    hostile = replace(content, groups=groups, time_label=label, title=title)
    drawn = observed_figure(hostile, choose_fonts("", "en"))
    return StudyReport(found, {}, "en", {"risk_groups_cox": drawn})


@pytest.fixture(scope="module")
def page(report: StudyReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report.save(tmp_path_factory.mktemp("page") / "s.html")


def test_the_page_runs_the_packages_script_alone(page: Path, report: StudyReport) -> None:
    markup = page.read_text(encoding="utf-8")
    assert_runs_its_own_script_alone(markup)
    on_page = squeezed(html.unescape(re.sub(r"<script>.*?</script>|<[^>]+>", "", markup, flags=re.DOTALL)))
    (figure,) = (figure for table in report.content["tables"] for figure in table["figures"])
    (panel,) = figure["panels"]
    for text in (SCRIPT, IMAGE, panel["title"], *panel["columns"], *panel["rows"][10]["cells"]):
        assert squeezed(text) in on_page


def test_values_are_told_by_pointer_and_by_keys(browser: Any, page: Path, report: StudyReport) -> None:
    opened = Opened(browser, page)
    (figure,) = (figure for table in report.content["tables"] for figure in table["figures"])
    (panel,) = figure["panels"]
    rows, readout = panel["rows"], opened.page.locator(".readout")

    def told(row: dict[str, Any]) -> list[str]:
        return [f"{head}: {cell}" for head, cell in zip(panel["columns"], row["cells"], strict=True)]

    assert readout.inner_text() == report.content["headings"]["read"]
    opened.page.locator(".readable").scroll_into_view_if_needed()
    area = opened.page.locator("g.panel rect").bounding_box()
    left, _, width, _ = panel["area"]
    share = (rows[20]["across"] - left) / width
    opened.page.mouse.move(area["x"] + share * area["width"], area["y"] + area["height"] / 2)
    assert readout.inner_text().split("\n") == told(rows[20])
    assert float(opened.page.locator("g.panel line").get_attribute("x1")) == rows[20]["across"]
    dots = opened.page.locator("g.panel circle")
    assert [float(dots.nth(k).get_attribute("cy")) for k in range(4)] == rows[20]["down"]
    opened.page.mouse.move(0, 0)
    assert readout.inner_text() == report.content["headings"]["read"]
    slider = opened.page.get_by_role("slider")
    slider.focus()
    for key, place in (("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("ArrowLeft", 10), ("End", len(rows) - 1)):
        opened.page.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext").split("\n") == told(rows[place]), key
        assert slider.get_attribute("aria-valuenow") == str(place)
    assert slider.get_attribute("aria-label") == panel["title"]
    assert [url for url in opened.asked if not url.startswith("data:")] == [page.as_uri()]
    assert opened.said == []


def test_without_script_figure_and_values_are_there(browser: Any, page: Path) -> None:
    context = browser.browser.new_context(java_script_enabled=False, offline=True)
    opened = Opened(context, page)
    assert opened.page.locator(".drawn img").bounding_box()["width"] > 500
    assert not opened.page.locator(".readout").is_visible()
    assert not opened.page.locator("svg.over").is_visible()
    assert not opened.page.locator("details table").is_visible()
    opened.page.locator("summary").click()
    assert opened.page.locator("details table").is_visible()
    assert opened.said == []
    context.close()


@with_chinese_font
def test_chinese_values_are_in_chinese(judged: Judged) -> None:
    wording = Wording("zh")
    content = risk_groups_content(judged, "手术", wording)
    assert content is not None
    (panel,) = panels_of(observed_figure(content, choose_fonts("手术", "zh")), wording)
    assert panel["columns"][1] == "第1组：风险最低（95%置信区间）; 风险集人数"
    assert re.fullmatch(r"0\.\d{3}（0\.\d{3}至0\.\d{3}）; \d+", panel["rows"][10]["cells"][1])
