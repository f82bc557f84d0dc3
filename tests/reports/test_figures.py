"""The risk curve: drawn from the content alone, the same bytes twice, user text never read as mathematics."""

from __future__ import annotations

import dataclasses
import io
import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from cohorts.errors import RunError
from prognosis import FittedModel
from reports import PatientReport
from reports.figures import canvas, patient_curve, risk_curve
from reports.fonts import SANS, choose_fonts
from reports.patient_content import Curve
from tests.reports.conftest import with_chinese_font

PATIENT = {"age": 73.0, "sex": "M", "hgb": 14.8, "creat": 1.8, "mspike": 1.9}
ENGLISH = choose_fonts("", "en")


@pytest.fixture(scope="module")
def curve(model: FittedModel) -> Curve:
    return PatientReport(model, PATIENT).page.curve


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures instead of their text."""
    found: list[Figure] = []
    monkeypatch.setattr(patient_curve, "svg_text", lambda figure: found.append(figure) or canvas.svg_text(figure))
    return found


def test_the_same_curve_gives_the_same_text_without_date_or_outside_reference(curve: Curve) -> None:
    first, second = risk_curve(curve, ENGLISH), risk_curve(curve, ENGLISH)
    assert first == second
    ElementTree.fromstring(first)
    assert not re.search(r"<dc:date>|<script|href=\"(?!#)", first)


def test_it_has_the_size_asked_for(curve: Curve) -> None:
    root = ElementTree.fromstring(risk_curve(curve, ENGLISH, width=74.0, height=48.0))
    assert float(root.get("width", "").removesuffix("pt")) == pytest.approx(74 / 25.4 * 72, abs=1e-3)
    assert float(root.get("height", "").removesuffix("pt")) == pytest.approx(48 / 25.4 * 72, abs=1e-3)


def test_matplotlib_is_left_as_it_was(curve: Curve) -> None:
    before = dict(mpl.rcParams)
    risk_curve(curve, ENGLISH)
    assert dict(mpl.rcParams) == before


def test_what_is_drawn_is_the_content(curve: Curve, drawn: list[Figure]) -> None:
    risk_curve(curve, ENGLISH)
    axes = drawn[0].axes[0]
    patient, cohort = axes.lines[0], axes.lines[1]
    assert list(patient.get_xdata()) == list(curve.time)
    assert list(patient.get_ydata()) == pytest.approx([100 * risk for risk in curve.risk])
    assert list(cohort.get_ydata()) == pytest.approx([100 * risk for risk in curve.cohort_risk])
    assert patient.get_drawstyle() == cohort.get_drawstyle() == "steps-post"
    assert [line.get_xdata()[0] for line in axes.lines[2:]] == list(curve.horizons)
    assert axes.get_ylim() == (0, 100)
    texts = [text.get_text() for text in axes.texts]
    assert texts == [*map(str, curve.at_risk), curve.at_risk_label]


def path_of(svg: str, name: str) -> list[tuple[float, float]]:
    """Corners of a path in the drawing, in points."""
    (element,) = [each for each in ElementTree.fromstring(svg).iter() if each.get("id") == name]
    numbers = re.findall(r"-?[\d.]+", element[0].get("d", ""))
    return list(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True))


def test_every_patient_gets_his_own_line_whoever_was_drawn_first(model: FittedModel, drawn: list[Figure]) -> None:
    """The line stands where matplotlib puts the same numbers, and the text does not depend on the order."""
    pages = [PatientReport(model, PATIENT | {"age": age}).page.curve for age in (50.0, 85.0)]
    first, second = (risk_curve(curve, ENGLISH) for curve in pages)
    assert len(drawn) == 1
    assert first != second
    patient_curve._shared.cache_clear()
    assert [risk_curve(curve, ENGLISH) for curve in reversed(pages)] == [second, first]
    figure = drawn[-1]
    for curve, svg in zip(pages, (first, second), strict=True):
        high = float(figure.get_size_inches()[1]) * 72
        for name, values in ((patient_curve.PATIENT, curve.risk), (patient_curve.LIMITS, curve.upper)):
            corners = path_of(svg, name)
            wanted = figure.axes[0].transData.transform([(curve.time[-1], 100 * values[-1])])[0] * 72 / figure.dpi
            assert min(abs(x - wanted[0]) + abs(y - (high - wanted[1])) for x, y in corners) < 0.03
            assert abs(corners[0][1] - (high - figure.axes[0].bbox.y0 * 72 / figure.dpi)) < 0.03


def test_a_drawing_without_a_place_for_the_patient_is_refused(curve: Curve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient_curve, "svg_text", lambda _: "<svg/>")
    with pytest.raises(RunError, match="R41"):
        risk_curve(curve, ENGLISH)


def test_lettering_is_8_points_and_nothing_overlaps_or_leaves_the_figure(curve: Curve, drawn: list[Figure]) -> None:
    risk_curve(curve, ENGLISH)
    figure = drawn[0]
    figure.draw_without_rendering()
    axes = figure.axes[0]
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts, axes.xaxis.label, axes.yaxis.label]
    labels += list(axes.get_legend().get_texts())
    assert {text.get_fontsize() for text in labels} == {8.0}
    boxes = [text.get_window_extent() for text in labels if text.get_text()]
    for k, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0
        assert box.y1 <= figure.bbox.y1
        assert not any(box.shrunk(0.98, 0.9).overlaps(other.shrunk(0.98, 0.9)) for other in boxes[k + 1 :])


def test_r05_user_text_is_never_mathematics(curve: Curve, drawn: list[Figure]) -> None:
    risk_curve(dataclasses.replace(curve, time_label=r"$\frac{a}{$ since \x"), ENGLISH)
    label = drawn[0].axes[0].xaxis.label
    assert label.get_text() == r"$\frac{a}{$ since \x"
    assert not label.get_parse_math()


def test_r05_and_it_is_drawn(curve: Curve) -> None:
    assert "<svg" in risk_curve(dataclasses.replace(curve, time_label=r"$\frac{a}{$ since \x"), ENGLISH)


def test_a_character_without_a_glyph_is_an_error_and_not_a_box(curve: Curve) -> None:
    with pytest.raises(RunError, match="no installed font can draw") as caught:
        risk_curve(dataclasses.replace(curve, time_label="𓀀"), ENGLISH)
    assert caught.value.code == "R13"


@with_chinese_font
def test_chinese_lettering_comes_from_the_chinese_font(curve: Curve, drawn: list[Figure]) -> None:
    risk_curve(dataclasses.replace(curve, time_label="自诊断起"), choose_fonts("自诊断起", "zh"))
    label = drawn[0].axes[0].xaxis.label
    assert label.get_fontfamily() == ["Noto Sans CJK SC", SANS]


def test_svg_text_is_text() -> None:
    figure = Figure(figsize=(1, 1))
    text = canvas.svg_text(figure)
    assert ElementTree.parse(io.StringIO(text)).getroot().tag.endswith("svg")
