"""Cases R03 to R05: a user's text is text, in HTML, in PDF and in figures; drawings reach no file and no network."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pandas as pd
import pypdf
import pytest

from cohorts.errors import RunError
from prognosis import FittedModel
from reports import PatientReport
from tests.reports.conftest import IMAGE, LINK, MARKUP, MATH, SCRIPT
from tests.reports.rendered import assert_asks_for_nothing, pdf_text, squeezed


@pytest.fixture(scope="module")
def attacked(hostile: FittedModel) -> PatientReport:
    return PatientReport(hostile, {"pid": f"{SCRIPT}{LINK}{MATH}", "marker": 14.5, "grade": IMAGE})


def test_r03_r04_html_in_texts_is_text(attacked: PatientReport, tmp_path: Path) -> None:
    markup = attacked.save(tmp_path / "p.html").read_text(encoding="utf-8")
    assert_asks_for_nothing(markup)
    shown = html.unescape(re.sub(r"<[^>]+>", "", markup))
    for text in (SCRIPT, IMAGE, LINK, MATH, "{{ 7*7 }}"):
        assert text in shown


def test_r03_r04_r05_markup_in_texts_is_literal_text_in_the_pdf(attacked: PatientReport, tmp_path: Path) -> None:
    data = attacked.save(tmp_path / "p.pdf").read_bytes()
    on_page = pdf_text(data)
    for text in (SCRIPT, IMAGE, LINK, MATH, MARKUP):
        assert squeezed(text) in on_page
    reader = pypdf.PdfReader(io.BytesIO(data))
    assert not reader.attachments
    assert all("/Annots" not in sheet for sheet in reader.pages)
    assert b"/URI" not in data


@pytest.mark.parametrize("kind", ["absolute", "uri", "relative"])
def test_r04_a_drawing_that_asks_for_a_file_is_refused(
    model: FittedModel, patients: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>')
    place = {"absolute": str(secret), "uri": secret.as_uri(), "relative": "../../tests/golden/x.svg"}[kind]
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 9"><image href="{place}" width="9" height="9"/></svg>'
    )
    report = PatientReport(model, patients.loc[["203"]], nomogram=drawing)
    assert_asks_for_nothing(report.save(tmp_path / "p.html").read_text(encoding="utf-8"))
    with pytest.raises(RunError, match="R14"):
        report.save(tmp_path / "p.pdf")


def test_r03_a_script_in_a_drawing_stays_inside_an_image(
    model: FittedModel, patients: pd.DataFrame, tmp_path: Path
) -> None:
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 9">{SCRIPT}</svg>'
    report = PatientReport(model, patients.loc[["203"]], nomogram=drawing)
    markup = report.save(tmp_path / "p.html").read_text(encoding="utf-8")
    assert_asks_for_nothing(markup)
    assert SCRIPT not in markup
    assert b"alert" not in report.save(tmp_path / "p.pdf").read_bytes()
