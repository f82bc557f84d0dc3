"""Figures of validation, looked at as a machine can: boxes of text, sizes, fonts, pixels, bytes; and what they draw."""

from __future__ import annotations

import io
import itertools
import warnings
from dataclasses import replace

import numpy as np
import pypdf
import pypdfium2
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from cohorts.errors import RunError
from prognosis.metrics.accuracy import brier, null_brier
from prognosis.metrics.binary_calibration import binary_calibration, smooth_calibration
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.metrics.calibration_groups import calibration_groups
from prognosis.metrics.net_benefit import decision_curve
from prognosis.metrics.net_benefit_censored import net_benefit_censored
from prognosis.metrics.time_dependent import auc
from prognosis.outcome import SurvivalArrays
from reports.contents.calibration import calibration_content
from reports.contents.decision import decision_content, drawn_thresholds
from reports.contents.instability import instability_content
from reports.contents.judged import Judged, with_limits
from reports.contents.optimism import optimism_content
from reports.contents.over_time import over_time_content, times_to_judge
from reports.figures import canvas
from reports.figures.calibration import calibration_figure, risk_ticks, shown_range
from reports.figures.decision import dots
from reports.fonts import choose_fonts
from reports.wording import Wording
from tests.reports.conftest import MATH, with_chinese_font
from tests.reports.validation_pictures import (
    HORIZON,
    KINDS,
    LONG,
    PICTURES,
    evaluation,
    instability,
    judged,
    over_time,
    risks,
    validation,
)  # fmt: skip

# made patients may all have one risk, which the measures warn of
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
ENGLISH, CHINESE = Wording("en"), "zh"
LANGUAGES = ["en", pytest.param("zh", marks=with_chinese_font)]
MM = 72 / 25.4


def draw(name: str, language: str) -> canvas.Picture:
    return PICTURES[name](choose_fonts("", language), Wording(language))


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Figure, list[tuple[Text, object]]]]:
    """Collect each figure with the boxes of its texts, measured while its fonts are set."""
    found = []

    def measured(figure: Figure, letters: str) -> str:
        if letters == "none":  # the same figure, written a second time
            return "<svg/>"
        figure.dpi = 300
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()
        shown = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        hidden = _hidden_ticks(figure)
        shown = [text for text in shown if text not in hidden]
        found.append((figure, [(text, text.get_window_extent(renderer)) for text in shown]))
        return "<svg/>"

    monkeypatch.setattr(canvas, "svg_text", measured)
    return found


def _hidden_ticks(figure: Figure) -> set[Text]:
    """Labels of ticks outside the range of their axis, which are not drawn."""
    found = set()
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = min(limits), max(limits)
            for tick in axis.get_major_ticks():
                if not (low - 1e-9 <= tick.get_loc() <= high + 1e-9) or not axes.axison:
                    found |= {tick.label1, tick.label2}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PICTURES)
def test_texts_lie_on_the_page_apart_from_each_other_and_are_legible(name, language, figures):
    picture = draw(name, language)
    figure, texts = figures[0]
    width, height = (size * 300 for size in figure.get_size_inches())
    assert (width / 300 * 25.4, height / 300 * 25.4) == pytest.approx((picture.width, picture.height))
    assert picture.width in (85.0, 115.0, 180.0)
    for text, box in texts:
        assert 0 <= box.x0 < box.x1 <= width, text.get_text()
        assert 0 <= box.y0 < box.y1 <= height, text.get_text()
        assert text.get_fontsize() >= 6
        assert not text.get_parse_math()
    pairs = itertools.combinations(texts, 2)
    touching = [(a.get_text(), b.get_text()) for (a, one), (b, two) in pairs if _overlap(one, two)]
    assert touching == []


def _overlap(one, two) -> bool:
    return bool(one.shrunk(0.96, 0.8).overlaps(two.shrunk(0.96, 0.8)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["calibration usual", "subgroups"])
def test_the_pdf_is_one_page_of_the_size_with_embedded_fonts_and_the_same_bytes(name, language):
    picture, again = draw(name, language), draw(name, language)
    data = picture.pdf("2026-01-02")
    assert data == again.pdf("2026-01-02")
    assert picture.svg == again.svg
    document = pypdf.PdfReader(io.BytesIO(data))
    assert len(document.pages) == 1
    page = document.pages[0]
    assert (float(page.mediabox.width) / MM, float(page.mediabox.height) / MM) == pytest.approx(
        (picture.width, picture.height), abs=0.1
    )
    fonts = _fonts(page["/Resources"])
    assert document.metadata.title == picture.title
    word = Wording(language)("figure_numbers" if name == "subgroups" else "figure_observed").split()[0]
    assert word in page.extract_text()
    assert fonts
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(inner)


def _fonts(resources) -> list:
    """Return the fonts of a page and of the forms that are placed on it."""
    found = [font.get_object() for font in resources.get("/Font", {}).values()]
    for form in resources.get("/XObject", {}).values():
        found += _fonts(form.get_object().get("/Resources", {}))
    return found


def pixels_of(picture: canvas.Picture, scale: float = 4.0) -> tuple[np.ndarray, float]:
    """Render the PDF without matplotlib: RGB pixels, and pixels in a millimetre."""
    with pypdfium2.PdfDocument(picture.pdf("2026-01-02")) as document:
        pixels = np.array(document[0].render(scale=scale).to_numpy())[:, :, 2::-1]
    return pixels, pixels.shape[1] / picture.width


def test_the_curve_is_drawn_where_its_numbers_say():
    """The dark line crosses the column of a predicted risk at its observed risk; the margins are white."""
    content = calibration_content(judged("usual"), 0, ENGLISH)
    pixels, per_mm = pixels_of(calibration_figure(content, choose_fonts("", "en")))
    low, high = shown_range(content)
    dark = (np.abs(pixels.astype(int) - [0x17, 0x3F, 0x5F]) < 40).all(axis=2)
    for place in (20, 50, 80):
        across = 13 + 58 * (content.predicted[place] - low) / (high - low)
        down = 6 + 58 * (1 - (content.observed[place] - low) / (high - low))
        rows = np.flatnonzero(dark[:, round(across * per_mm)])
        assert np.abs(rows / per_mm - down).min() < 0.4
    margin = int(1.0 * per_mm)
    assert (pixels[:margin] == 255).all()
    assert (pixels[:, :margin] == 255).all()
    assert (pixels[:, -margin:] == 255).all()


@pytest.mark.parametrize("name", ["calibration usual", "decision usual", "over time usual", "optimism", "instability"])
def test_in_grey_the_marks_are_still_told_apart(name):
    """Band, lines and paper differ in lightness, not by hue alone."""
    grey = {
        colour: 0.2126 * red + 0.7152 * green + 0.0722 * blue
        for colour in (canvas.BAND, canvas.MODEL, canvas.SECOND, "#ffffff")
        for red, green, blue in [tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))]
    }
    assert abs(grey[canvas.BAND] - grey[canvas.MODEL]) > 100
    assert abs(grey[canvas.BAND] - grey["#ffffff"]) > 40
    pixels, _ = pixels_of(draw(name, "en"), 2.0)
    assert (np.abs(pixels.astype(int) - [0x17, 0x3F, 0x5F]) < 30).all(axis=2).any()


def test_user_text_is_never_mathematics_and_a_missing_glyph_is_an_error():
    shown = replace(judged("usual"), model=MATH)
    content = calibration_content(shown, 0, ENGLISH)
    assert MATH in calibration_figure(content, choose_fonts("", "en")).title
    svg = calibration_figure(replace(content, predicted_label=MATH), choose_fonts("", "en")).lettered
    assert "\\frac" in svg
    with pytest.raises(RunError, match="no installed font can draw") as caught:
        calibration_figure(replace(content, predicted_label="𓀀"), choose_fonts("", "en"))
    assert caught.value.code == "R13"


# What is drawn is what was estimated.


def test_calibration_content_is_the_curve_the_groups_and_all_patients():
    e = evaluation(risks("usual"))
    content = calibration_content(judged("usual"), 0, ENGLISH)
    curve = calibration_curve(e.outcome, e.risk, e.horizons)
    groups = calibration_groups(e.outcome, e.risk, e.horizons)
    np.testing.assert_array_equal(content.predicted, curve.predicted[0])
    np.testing.assert_array_equal(content.observed, curve.observed[0])
    np.testing.assert_array_equal([content.lower, content.upper], [part[0] for part in curve.limits()])
    np.testing.assert_array_equal(content.group_observed, groups.observed)
    assert sum(content.patients) == 400
    assert dict(content.facts)["ICI"] == f"{curve.errors().ici[0]:.3f}"
    events = int(((e.outcome.event == 1) & (e.outcome.time <= HORIZON)).sum())
    assert content.facts[0][1] == f"400 / {events}"


def test_a_group_without_events_has_the_exact_limit():
    """Nobody of 10 patients, none censored before the horizon: the upper limit is 1 - .025 ** (1 / 10)."""
    time = np.full(20, 90.0)
    time[10:15] = 30.0
    outcome = SurvivalArrays(time, (time < HORIZON).astype(np.int64))
    risk = np.repeat([0.1, 0.6], 10) + np.linspace(0, 0.05, 20)
    shown = Judged(replace(evaluation(risk), outcome=outcome), "m", "months")
    content = calibration_content(shown, 0, ENGLISH)
    assert content.group_observed == (0.0, 0.5)
    assert (content.group_lower[0], content.group_upper[0]) == pytest.approx((0.0, 1 - 0.025**0.1))


def test_without_a_curve_the_figure_says_so():
    content = calibration_content(judged("equal"), 0, ENGLISH)
    assert content.predicted == content.group_predicted == ()
    assert content.note == "no smooth curve can be estimated (V35)"
    assert dict(content.facts)["ICI"] == "not known"
    assert "V35" in calibration_figure(content, choose_fonts("", "en")).lettered


@pytest.mark.parametrize("kind", KINDS)
def test_both_axes_have_one_range_that_holds_curve_and_groups(kind):
    content = calibration_content(judged(kind), 0, ENGLISH)
    low, high = shown_range(content)
    values = [*content.predicted, *content.observed, *content.group_observed, *content.edges]
    assert low <= min(values)
    assert max(values) <= high
    assert low == 0 or min(values) >= 0.5
    ticks = risk_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] == low
    assert ticks[-1] <= high + 1e-9


def test_decision_content_is_net_benefit_and_of_1000_patients():
    e = evaluation(risks("usual"))
    content = decision_content(judged("usual"), 0, ENGLISH, (0.2, 0.4))
    assert content is not None
    found = net_benefit_censored(e.outcome, e.risk, e.horizons, [0.2, 0.4])
    places = [content.thresholds.index(cut) for cut in (0.2, 0.4)]
    assert [content.model[k] for k in places] == found["model"].estimate[0].tolist()
    assert [content.treat_all[k] for k in places] == found["treat all"].estimate[0].tolist()
    assert [content.high_risk[k] for k in places] == (1000 * found["model"].treated[0]).tolist()
    pairs = zip(content.with_event, content.high_risk, strict=True)
    assert all(some <= every + 1e-9 for some, every in pairs)
    assert drawn_thresholds(risks("low"), ())[-1] == pytest.approx(np.quantile(risks("low"), 0.99))
    nobody = replace(e, outcome=SurvivalArrays(e.outcome.time, np.zeros_like(e.outcome.event)))
    assert decision_content(Judged(nobody, "m", "months"), 0, ENGLISH) is None


def test_asked_thresholds_are_marked_and_end_the_curve_only_beyond_the_risks():
    e = evaluation(risks("low"))
    assert e.risk.max() < 0.3
    cuts = drawn_thresholds(e.risk[:, 0], (0.5, 0.3))
    assert cuts[0] == pytest.approx(0.01)
    assert cuts[-1] == 0.5
    assert np.isin([0.3, 0.5], cuts).all()
    assert (np.diff(cuts) > 0).all()
    usual = risks("usual")
    assert drawn_thresholds(usual, (0.05,))[-1] == pytest.approx(np.quantile(usual, 0.99))
    content = decision_content(judged("usual"), 0, ENGLISH, (0.4, 0.2))
    assert content is not None
    assert content.marked == (0.2, 0.4)
    assert [content.thresholds[place] for place in dots(content)["markevery"]] == [0.2, 0.4]
    assert dots(replace(content, marked=())) == {}


def test_a_binary_outcome_is_judged_as_one_without_censoring():
    rng = np.random.default_rng(2)
    risk = rng.beta(2, 3, 300)
    event = (rng.random(300) < risk).astype(np.int64)
    binary = replace(evaluation(risk), outcome=SurvivalArrays(np.full(300, np.nan), event), horizons=np.array([np.nan]))
    shown = Judged(binary, "m", "")
    content = decision_content(shown, 0, ENGLISH, (0.2, 0.5))
    assert content is not None
    found = decision_curve(event, risk, list(content.thresholds))
    np.testing.assert_allclose(content.model, found.model.estimate, rtol=0, atol=1e-12)
    np.testing.assert_allclose(content.lower, found.model.limits()[0], rtol=0, atol=1e-3)
    calibration = calibration_content(shown, 0, ENGLISH)
    assert calibration.title == "Calibration of m"
    assert calibration.predicted_label == "Predicted risk"
    assert calibration.facts[0][1] == f"300 / {event.sum()}"
    # the numbers of the tables: log odds and lowess
    tabled = binary_calibration(event, risk)
    slope = tabled.estimate[tabled.names.index("calibration_slope")]
    assert dict(calibration.facts)["Calibration slope"].startswith(f"{slope:.2f} (")
    assert dict(calibration.facts)["ICI"] == f"{smooth_calibration(event, risk).ici:.3f}"


def test_over_time_content_is_both_measures_beside_no_predictor():
    shown = over_time("usual")
    e = shown.evaluation
    content = over_time_content(shown, (HORIZON,), "surgery", ENGLISH)
    assert content is not None
    np.testing.assert_array_equal(content.auc, auc(e.outcome, e.risk, e.horizons).estimate)
    np.testing.assert_array_equal(content.brier, brier(e.outcome, e.risk, e.horizons).estimate)
    np.testing.assert_array_equal(content.null_brier, null_brier(e.outcome, e.horizons).estimate)
    assert content.ticks[-1] == HORIZON
    assert content.at_risk == tuple(int((e.outcome.time >= tick).sum()) for tick in content.ticks)
    times = times_to_judge(e.outcome, HORIZON)
    assert ((e.outcome.event == 1) & (e.outcome.time <= times[0])).sum() >= 10
    assert (e.outcome.time >= times[-1]).sum() >= 10
    late = replace(shown, evaluation=replace(e, horizons=np.array([1e6]), risks=e.risk[:, -1:]))
    assert over_time_content(late, (), "surgery", ENGLISH) is None


def test_optimism_content_has_one_scale_a_block_and_says_what_is_unknown():
    content = optimism_content(validation(), LONG, "months", ENGLISH)
    assert [block.reference for block in content.blocks] == [0.5, 1.0, 0.0, 0.0, 0.0]
    assert sum(len(block.rows) for block in content.blocks) == len(validation().table)
    row = content.blocks[0].rows[0]
    assert (row.label, row.apparent_text, row.corrected_text) == (
        "Harrell's C at 12 months",
        "0.71",
        "0.69 (0.61 to 0.77)",
    )
    texts = [row.corrected_text for block in content.blocks for row in block.rows]
    assert texts.count("not known") == 1


def test_numbers_are_rounded_without_a_sign_before_nought():
    assert with_limits(-0.001, -0.2, 0.001, ENGLISH) == "0.00 (-0.20 to 0.00)"
    assert with_limits(0.5, float("nan"), 0.6, ENGLISH) == "0.50"
    assert with_limits(float("nan"), 0.1, 0.2, ENGLISH) == "not known"


def test_instability_content_draws_some_patients_and_states_the_error_of_all():
    found = instability()
    content = instability_content(found, "months", ENGLISH)
    assert len(content.risk) == 200
    assert list(content.risk) == sorted(content.risk)
    assert (min(content.risk), max(content.risk)) == (found.risk.min(), found.risk.max())
    assert content.mean_error == pytest.approx(np.nanmean(np.abs(found.resampled - found.risk)), rel=1e-3)
    assert np.isfinite(content.resampled).all()
    assert "200 of 300 patients" in content.alt


def test_a_users_own_matplotlib_settings_change_nothing_and_stay(monkeypatch):
    import matplotlib as mpl

    usual = draw("subgroups", "en").svg
    with mpl.rc_context({"lines.linewidth": 7.0, "axes.facecolor": "red"}), warnings.catch_warnings():
        assert draw("subgroups", "en").svg == usual
        assert mpl.rcParams["lines.linewidth"] == 7.0
