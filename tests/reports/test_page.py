"""The rendered patient page: what is printed is the content, readable, escaped, tagged, the same bytes twice."""

from __future__ import annotations

import dataclasses
import html
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from cohorts.errors import RunError
from nomograms import Nomogram
from prognosis import FittedModel
from reports import PatientReport, page
from reports.fonts import chinese_font, choose_fonts
from reports.page import data_uri, fixed_time, save_document, texts, to_pdf, write_whole
from tests.reports.conftest import with_chinese_font
from tests.reports.rendered import assert_asks_for_nothing, pdf_text, squeezed

LANGUAGES = ["en", pytest.param("zh", marks=with_chinese_font)]
Rendered = tuple[PatientReport, bytes, str]


@pytest.fixture(scope="module")
def render(
    model: FittedModel, patients: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Rendered]:
    """Make the report of patient 203 with the nomogram: the report, its PDF and its HTML."""
    made: dict[str, Rendered] = {}

    def once(language: str) -> Rendered:
        if language not in made:
            folder, patient = tmp_path_factory.mktemp(language), patients.loc[["203"]]
            drawing = Nomogram(model, language=language).svg(patient, caption=False)
            report = PatientReport(model, patient, language=language, nomogram=drawing)
            pdf, page_file = report.save(folder / "p.pdf"), report.save(folder / "p.html")
            made[language] = (report, pdf.read_bytes(), page_file.read_text(encoding="utf-8"))
        return made[language]

    return once


def printed(report: PatientReport) -> list[str]:
    """Every text of the content that stands on the page as text."""
    content = report.to_dict()
    skipped = {"nomogram", "nomogram_alt", "model_hash", "created", "language", "curve"}
    content["headings"].pop("alerts")  # printed where there is an alert only
    found = list(texts({key: value for key, value in content.items() if key not in skipped}))
    names = {name for row in content["inputs"] for name in (row["name"], row["direction"])}
    people = {
        text for answer in content["answers"] for text in (answer["people"] or {}).values() if isinstance(text, str)
    }
    pictures = {answer["icons_alt"] for answer in content["answers"]}
    return [text for text in found if text not in names | people | pictures] + [content["curve"]["caption"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_content_is_on_both_pages(render: Callable[..., Rendered], language: str) -> None:
    report, pdf, markup = render(language)
    on_pdf, on_html = pdf_text(pdf), squeezed(html.unescape(re.sub(r"<[^>]+>", "", markup)))
    shown = printed(report)
    assert len(shown) > 60
    assert [text for text in shown if squeezed(text) not in on_pdf] == []
    footer = report.page.footer
    assert [
        text for text in shown if squeezed(text) not in on_html and text not in (footer, report.page.headings["page"])
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_tagged_a4_page_in_its_language(render: Callable[..., Rendered], language: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(language)[1]))
    assert len(reader.pages) == 1
    assert [round(float(side) / 72 * 25.4) for side in reader.pages[0].mediabox[2:]] == [210, 297]
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert str(root["/Lang"]).startswith(language)
    assert not {"/Names", "/AA", "/OpenAction", "/AcroForm"} & set(root)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_fonts_are_embedded(render: Callable[..., Rendered], language: str) -> None:
    fonts: Any = pypdf.PdfReader(io.BytesIO(render(language)[1])).pages[0]["/Resources"]["/Font"]
    assert fonts
    for font in fonts.values():
        font = font.get_object()
        descriptor = font.get("/FontDescriptor") or font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.get_object())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_report_gives_the_same_bytes(
    render: Callable[..., Rendered], model: FittedModel, patients: pd.DataFrame, language: str, tmp_path: Path
) -> None:
    report, pdf, markup = render(language)
    again = PatientReport(model, patients.loc[["203"]], language=language, nomogram=report.page.nomogram)
    assert again.save(tmp_path / "a.pdf").read_bytes() == pdf
    assert again.save(tmp_path / "a.html").read_text(encoding="utf-8") == markup
    assert model.created.replace("-", "") in str(pypdf.PdfReader(io.BytesIO(pdf)).metadata["/CreationDate"])  # type: ignore[index]


def test_json_is_the_content(render: Callable[..., Rendered], tmp_path: Path) -> None:
    report = render("en")[0]
    stored = json.loads(report.save(tmp_path / "p.JSON").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(report.to_dict()))
    assert stored["answers"][0]["risk"] == report.page.answers[0].risk


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_asks_for_nothing_outside(render: Callable[..., Rendered], language: str) -> None:
    assert_asks_for_nothing(render(language)[2])
    assert f'<html lang="{language}">' in render(language)[2]


def picture(data: bytes, dpi: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Render the first page to grey pixels."""
    document = pypdfium2.PdfDocument(data)
    try:
        return np.asarray(document[0].render(scale=dpi / 72).to_pil().convert("L"))
    finally:
        document.close()


def characters(data: bytes) -> list[tuple[str, tuple[float, float, float, float], float]]:
    """Characters of the first page with their boxes (left, bottom, right, top; points) and sizes."""
    document = pypdfium2.PdfDocument(data)
    try:
        text = document[0].get_textpage()
        return [
            (
                text.get_text_range(k, 1),
                text.get_charbox(k),
                pypdfium2.raw.FPDFText_GetFontSize(text, k),
            )
            for k in range(text.count_chars())
        ]
    finally:
        document.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_lettering_is_at_least_8_points(render: Callable[..., Rendered], language: str) -> None:
    sizes = {round(size, 2) for character, _, size in characters(render(language)[1]) if character.strip()}
    assert min(sizes) >= 8.0


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_character_lies_on_another_or_outside_the_margins(render: Callable[..., Rendered], language: str) -> None:
    boxes = np.array([box for text, box, _ in characters(render(language)[1]) if text.strip() and box[2] > box[0]])
    assert len(boxes) > 1000
    left, bottom, right, top = boxes.T
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    height = np.minimum(top[:, None], top) - np.maximum(bottom[:, None], bottom)
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    area = (right - left) * (top - bottom)
    share = shared / np.minimum(area[:, None], area)
    np.fill_diagonal(share, 0.0)
    assert share.max() < 0.3
    assert left.min() >= 12 / 25.4 * 72 - 1
    assert right.max() <= (210 - 12) / 25.4 * 72 + 1


@with_chinese_font
def test_chinese_glyphs_are_drawn_and_are_no_boxes(render: Callable[..., Rendered]) -> None:
    report, pdf, _ = render("zh")
    title = report.page.headings["title"]
    found = characters(pdf)
    start = next(k for k in range(len(found)) if "".join(c for c, _, _ in found[k : k + len(title)]) == title)
    scale, page_picture = 6.0, picture(pdf, 432)
    drawn = []
    for character, (left, bottom, right, top), _ in found[start : start + len(title)]:
        height = page_picture.shape[0]
        crop = page_picture[
            int(height - top * scale) : int(height - bottom * scale), int(left * scale) : int(right * scale)
        ]
        drawn.append(ink(crop))
        likeness = {other: correlation(drawn[-1], reference(other)) for other in set(title) | {"□"}}
        assert max(likeness, key=lambda other: likeness[other]) == character
        assert likeness[character] > 0.6
    assert len({glyph.tobytes() for glyph in drawn}) == len(set(title))


def ink(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Cut a drawing to its ink and bring it to 40 x 40 cells of darkness."""
    dark = 255 - pixels.astype(float)
    rows, columns = (np.flatnonzero(dark.max(axis=axis) > 60) for axis in (1, 0))
    cut = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(Image.fromarray(cut.astype(np.uint8)).resize((40, 40), Image.Resampling.BOX), dtype=float)


def reference(character: str) -> np.ndarray[Any, Any]:
    """Draw a character with the font file itself, by another library."""
    found = chinese_font()
    assert found is not None
    sheet = Image.new("L", (160, 160), 255)
    ImageDraw.Draw(sheet).text((20, 10), character, font=ImageFont.truetype(found[1], 90), fill=0)
    return ink(np.asarray(sheet))


def correlation(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def test_a_character_without_a_glyph_stops_the_pdf(model: FittedModel, patients: pd.DataFrame, tmp_path: Path) -> None:
    report = PatientReport(model, patients.loc[["203"]].set_axis(["𓀀"]))
    with pytest.raises(RunError, match="none of the fonts") as caught:
        report.save(tmp_path / "p.pdf")
    assert caught.value.code == "R13"
    assert list(tmp_path.iterdir()) == []


def test_a_broken_drawing_stops_the_pdf(model: FittedModel, patients: pd.DataFrame, tmp_path: Path) -> None:
    report = PatientReport(model, patients.loc[["203"]], nomogram='<svg viewBox="0 0 9 9"')
    with pytest.raises(RunError, match="PDF cannot be made") as caught:
        report.save(tmp_path / "p.pdf")
    assert caught.value.code == "R14"


@pytest.mark.parametrize("suffix", [".docx", "", ".PDFX"])
def test_another_suffix_is_refused(model: FittedModel, patients: pd.DataFrame, suffix: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="R17"):
        PatientReport(model, patients.loc[["203"]]).save(tmp_path / f"p{suffix}")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="R18"):
        write_whole(tmp_path / "no" / "p.json", b"x")


def test_nothing_half_written_bears_the_final_name(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "p.json", b"x").read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_beyond_the_follow_up_the_page_says_why(model: FittedModel, patients: pd.DataFrame, tmp_path: Path) -> None:
    report = PatientReport(dataclasses.replace(model, horizons=(60.0, 500.0)), patients.loc[["203"]])
    assert squeezed(str(report.page.answers[1].reason)) in pdf_text(report.save(tmp_path / "p.pdf").read_bytes())
    assert str(report.page.answers[1].reason) in report.save(tmp_path / "p.html").read_text(encoding="utf-8")


def test_flags_stand_beside_their_value(model: FittedModel, patients: pd.DataFrame, tmp_path: Path) -> None:
    report = PatientReport(model, patients.loc[["203"]].assign(creat=9.0))
    assert squeezed("▲ Creatinine: outside the usual range") in pdf_text(report.save(tmp_path / "p.pdf").read_bytes())


def test_alerts_stand_in_a_box_above_the_risks(model: FittedModel, patients: pd.DataFrame, tmp_path: Path) -> None:
    report = PatientReport(model, patients.loc[["203"]])
    object.__setattr__(report, "page", dataclasses.replace(report.page, alerts=("<b>made for adults</b>",)))
    text = pdf_text(report.save(tmp_path / "p.pdf").read_bytes())
    assert text.index("Attention.<b>madeforadults</b>") < text.index(squeezed(report.page.headings["answers"]))
    assert "&lt;b&gt;made for adults" in report.save(tmp_path / "p.html").read_text(encoding="utf-8")


def test_the_date_is_printed_or_left_to_be_written(model: FittedModel, patients: pd.DataFrame, tmp_path: Path) -> None:
    dated = PatientReport(model, patients.loc[["203"]], date="2026-12-01")
    assert "Date:2026-12-01" in pdf_text(dated.save(tmp_path / "p.pdf").read_bytes())
    assert "2026-12-01" in dated.save(tmp_path / "p.html").read_text(encoding="utf-8")


def test_a_missing_value_in_a_template_is_an_error(tmp_path: Path) -> None:
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        save_document(tmp_path / "p.html", {"language": "en"}, "patient", lambda _: {})


def test_the_pdf_is_made_from_the_folder_of_templates_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "t.typ").write_text("#read(sys.inputs.data)")
    monkeypatch.setattr(page, "TEMPLATES", tmp_path)
    with pytest.raises(RunError, match="R14"):
        to_pdf("t.typ", {"created": "2026-01-01", "language": "en"}, {}, choose_fonts("", "en"))


def test_small_parts() -> None:
    assert fixed_time("1970-01-02") == 86400
    assert data_uri("<svg/>") == "data:image/svg+xml;base64,PHN2Zy8+"
    assert list(texts({"a": ["b", {"c": ("d", 1, None)}]})) == ["b", "d"]


def test_importing_the_room_imports_no_renderer() -> None:
    code = (
        "import reports, sys; print([m for m in ('typst', 'matplotlib', 'jinja2', 'scipy.stats') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(page.__file__).parents[1]
    )
    assert done.stdout.strip() == "[]"
