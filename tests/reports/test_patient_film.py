"""The radiograph on the page: whose film it is, what the map explains, and how it is printed."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest
from PIL import Image

from cohorts.errors import ImageError, PredictionError
from imaging_head import Film, Radiographs
from imaging_head.heatmap import HeatMap
from prognosis import FittedModel
from prognosis.profile import NumericProfile
from reports import PatientReport
from reports.contents.radiograph import PatientFilm, film_part
from reports.figures.radiograph import film_picture
from reports.wording import Wording
from tests.reports.conftest import with_chinese_font
from tests.reports.rendered import assert_asks_for_nothing, pdf_text, squeezed

PIXELS = np.tile(np.linspace(0, 1, 120, dtype=np.float32), (160, 1))
EN, ZH = Wording("en"), Wording("zh")


def heat_of(score: float, **more: Any) -> HeatMap:
    """Make a map that raises in the upper left and lowers in the lower right."""
    values = np.zeros((160, 160), np.float32)
    values[30:50, 40:60], values[120:140, 100:120] = 1.0, -0.6
    return dataclasses.replace(HeatMap(values, "grad_cam", "layer4", (7, 7), score, 0.0, "203"), **more)


def given(score: float, **more: Any) -> PatientFilm:
    """Take haemoglobin for a score that was made from the film."""
    film = Film(PIXELS, "film.png", cleared=True)
    made = PatientFilm(film, "203", heat_of(score), "hgb", side="L", view="AP", date="2024-03-05")
    return dataclasses.replace(made, **more)


@pytest.fixture(scope="module")
def row(patients: pd.DataFrame) -> pd.DataFrame:
    return patients.loc[["203"]]


@pytest.fixture(scope="module")
def score(row: pd.DataFrame) -> float:
    return float(row["hgb"].iloc[0])


@pytest.fixture(scope="module")
def part(model: FittedModel, row: pd.DataFrame, score: float) -> Callable[..., Any]:
    def make(wording: Wording = EN, **more: Any) -> Any:
        return film_part(model, "203", row.iloc[0].to_dict(), dataclasses.replace(given(score), **more), wording)

    return make


def pixels_of(png: str) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def test_what_the_film_is_and_where_the_score_lies(part: Callable[..., Any], model: FittedModel, score: float) -> None:
    found = part()
    assert found.described == "Left side. View AP. Taken 2024-03-05."
    below = np.interp(score, model.profile["hgb"].edges, np.r_[0, np.cumsum(model.profile["hgb"].density)])  # type: ignore[union-attr]
    assert (
        found.score_text
        == f"Haemoglobin: {score:.2f}, higher than in {100 * below:.0f} of 100 patients the model was made from."
    )
    assert "not where disease is" in found.caption
    assert "7 x 7 places" in found.caption
    assert found.heat_alt.endswith("The strongest place, upper left of the picture, raised the score.")
    assert part(ZH).heat_alt.endswith("最强之处位于图像上部左侧，升高评分。")
    assert part(side="", view="", date="", films=2).described == (
        "Side not given. Date not given. One of 2 films, of which the score is the mean."
    )


def test_the_pictures_are_the_film_and_the_film_under_the_map(part: Callable[..., Any]) -> None:
    found = part()
    film, heat = pixels_of(found.film), pixels_of(found.heat)
    assert (found.height, found.width) == film.shape == heat.shape[:2] == (320, 240)
    assert film[:, 200].mean() > film[:, 20].mean() + 150
    red, _, blue = (heat[..., channel].astype(int) for channel in range(3))
    assert (red - blue)[70:90, 50:70].min() > 20
    assert (blue - red)[250:270, 170:190].min() > 10
    assert np.array_equal(heat[150:220, 5:60, 0], film[150:220, 5:60])
    assert found == part()


def test_a_map_on_the_films_own_grid_is_the_same(part: Callable[..., Any], score: float) -> None:
    film = Film(PIXELS, "film.png", cleared=True)
    on_film = heat_of(score).on(film)
    assert on_film.values.shape == (160, 120)
    assert part(heat=on_film) == part()


def test_maps_without_a_place_and_means_of_maps_say_so(part: Callable[..., Any], score: float) -> None:
    empty = part(heat=heat_of(score, values=np.zeros((160, 160), np.float32)))
    assert empty.caption == "No place of the film moved the score: the map is empty."
    assert empty.heat_alt.endswith("No place moved the score.")
    assert "Mean of the maps of 5 networks." in part(heat=heat_of(score, averaged=5)).caption
    fine = part(heat=heat_of(score, method="gradient_shap", cells=(160, 160)))
    assert "places, nothing finer" not in fine.caption
    lowered = heat_of(score)
    assert (
        "lower right of the picture, lowered"
        in part(heat=dataclasses.replace(lowered, values=np.minimum(lowered.values, 0))).heat_alt
    )
    alone = part(heat=None)
    assert (alone.heat, alone.heat_alt, alone.caption) == (None, "", "")


@pytest.mark.parametrize(
    ("value", "words"),
    [("minimum", "higher than in fewer than 1 of 100"), ("maximum", "higher than in more than 99 of 100")],
)
def test_scores_at_the_ends(model: FittedModel, value: str, words: str) -> None:
    profile = model.profile["hgb"]
    assert isinstance(profile, NumericProfile)
    end = getattr(profile, value)
    assert words in film_part(model, None, {"hgb": end}, given(end), EN).score_text
    beyond = end + (1 if value == "maximum" else -1)
    assert "in any patient" in film_part(model, None, {"hgb": beyond}, given(beyond), EN).score_text
    bare = dataclasses.replace(model, profile={**model.profile, "hgb": dataclasses.replace(profile, density=())})
    assert film_part(bare, None, {"hgb": end}, given(end), EN).score_text == f"Haemoglobin: {end:.2f}."


def test_i07_a_film_that_may_show_a_name_is_on_no_page(
    part: Callable[..., Any], model: FittedModel, row: pd.DataFrame, score: float
) -> None:
    hidden = Film(PIXELS, "film.dcm", {"BurnedInAnnotation": "YES"})
    with pytest.raises(ImageError, match=r"I07.*film\.dcm"):
        part(film=hidden)
    with pytest.raises(ImageError, match="I07"):
        PatientReport(model, row, radiograph=given(score, film=hidden))
    assert part(film=dataclasses.replace(hidden, tags={"BurnedInAnnotation": "NO"})).film == part().film


def test_what_does_not_belong_to_the_page_is_refused(
    part: Callable[..., Any], model: FittedModel, score: float
) -> None:
    for more, words in (
        ({"score": "radiograph"}, "G30.*radiograph"),
        ({"score": "sex"}, "G30.*sex"),
        ({"patient": "204"}, "G31"),
        ({"heat": heat_of(score + 0.1)}, "G32"),
        ({"heat": heat_of(float("nan"))}, "G32"),
    ):
        with pytest.raises(PredictionError, match=words):
            part(**more)
    with pytest.raises(ImageError, match="I70"):
        part(heat=heat_of(score, values=np.zeros((10, 20), np.float32)))
    # of several films the score is the mean: the map of one need not have it
    assert part(heat=heat_of(score + 0.1), films=2).heat is not None


def test_films_come_from_an_index(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        Image.fromarray((255 * PIXELS).astype(np.uint8)).save(tmp_path / name)
    rows = {
        "film": ["one.png", "two.png"],
        "patient": ["203", "203"],
        "view": ["ap", "lat"],
        "laterality": ["left", ""],
    }
    pd.DataFrame({**rows, "date": ["2024-03-05", ""], "cleared": ["yes", "yes"]}).to_csv(
        tmp_path / "index.csv", index=False
    )
    found = PatientFilm.of(Radiographs.from_index(tmp_path / "index.csv"), "203", score="hgb")
    assert (found.side, found.view, found.date, found.films, found.patient) == ("L", "AP", "2024-03-05", 2, "203")
    assert found.film.may_be_shown
    with pytest.raises(ImageError, match="I22"):
        PatientFilm.of(Radiographs.from_index(tmp_path / "index.csv"), "999")


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=with_chinese_font)])
def test_the_page_with_a_radiograph(
    model: FittedModel, row: pd.DataFrame, score: float, language: str, tmp_path: Path
) -> None:
    report = PatientReport(model, row, language=language, radiograph=given(score))
    pdf, html = (report.save(tmp_path / f"p.{suffix}").read_bytes() for suffix in ("pdf", "html"))
    found = report.page.radiograph
    assert found is not None
    document = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(document.pages) == 1
    assert report.save(tmp_path / "again.pdf").read_bytes() == pdf
    assert_asks_for_nothing(html.decode())
    text = pdf_text(pdf)
    for words in (found.described, found.score_text, found.caption, found.heading, found.raised, found.lowered):
        assert squeezed(words) in text
        assert words in html.decode()
    assert html.decode().count("data:image/svg+xml") == 3 + len(report.page.inputs) + 1 + 2
    # the alternative texts are in the tree of tags, as UTF-16
    assert all(alt.encode("utf-16-be") in raw_of(document) for alt in (found.film_alt, found.heat_alt))
    shown = next(entry for entry in report.page.inputs if entry.name == "hgb")
    assert shown.value_text == found.score_value == f"{score:.2f}"


def raw_of(document: pypdf.PdfReader) -> bytes:
    """Return all alternative texts of a PDF."""
    texts = []
    for number in range(1, len(document.xref_objStm) + len(document.xref.get(0, {})) + 1):
        found = document.get_object(pypdf.generic.IndirectObject(number, 0, document))
        if isinstance(found, pypdf.generic.DictionaryObject) and "/Alt" in found:
            texts.append(str(found["/Alt"]).encode("utf-16-be"))
    return b"".join(texts)


def test_the_letter_of_the_side_is_drawn() -> None:
    drawn = {side: film_picture("AA==", 20, 40, side) for side in ("R", "L", "B", "")}
    assert len(set(drawn.values())) == 4
    assert all(('<path d="M' in svg) == bool(side) for side, svg in drawn.items())
    assert all(svg.startswith("<svg") and 'viewBox="0 0 20 40"' in svg for svg in drawn.values())
