"""The drawn figure, looked at as a machine can: boxes of text, sizes, fonts, pixels, bytes."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pypdf
import pypdfium2
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.text import Text

from cohorts.errors import PredictionError, RunError
from nomograms import Nomogram
from nomograms.drawing import EXAMPLE, figure_of
from nomograms.example import example_of
from nomograms.layout import LEFT, LENGTH, WIDTH
from nomograms.lettering import cjk_fonts
from tests.nomograms.hand_made import FRAME, hand_made

ROOT = Path(__file__).resolve().parents[2]
MGUS2_PATIENT = {"age": 76, "sex": "M", "hgb": 10.1, "creat": 1.8}
GBSG_PATIENT = {"age": 33, "therapy": "yes", "gradef": "3", "size": 45, "nodes": 9, "pgr": 10}
HOSTILE = ["$\\frac{$", "<b>bold</b>", "=cmd|'/C calc'!A0", "{0} %s \\n", "&amp; 'quote' \"double\""]
needs_chinese = pytest.mark.skipif(
    next(cjk_fonts(), None) is None, reason="no font with Chinese characters is installed"
)


def many_levels():
    """Twelve long levels within a tenth of the axis, and a label that fills the column."""
    rng = np.random.default_rng(1)
    levels = [f"site {place}: a rather long description of it" for place in range(12)]
    frame = pd.DataFrame(
        {"age": np.linspace(30, 80, 120), "site": pd.Categorical(rng.permutation(levels * 10), categories=levels)}
    )
    label = {"en": "Anatomical site of the primary tumour as recorded by the treating hospital at first presentation"}
    declared = {
        "age": {"kind": "numeric", "unit": "years"},
        "site": {"kind": "nominal", "levels": levels, "label": label},
    }
    return hand_made([0.1, *np.linspace(0.02, 0.5, 11)], frame, declared)


def hostile():
    """Every text that a user can give is hostile."""
    levels = HOSTILE[1:4]
    frame = pd.DataFrame({"age": FRAME["age"], "sex": pd.Categorical(np.resize(levels, len(FRAME)), categories=levels)})
    declared = {
        "age": {"kind": "numeric", "unit": HOSTILE[0], "label": {"en": HOSTILE[4]}},
        "sex": {"kind": "nominal", "levels": levels, "label": {"en": HOSTILE[2]}},
    }
    return hand_made([0.04, 0.5, 0.2], frame, declared)


CASES = {
    "mgus2": lambda ask: (Nomogram(ask("mgus2_model")), MGUS2_PATIENT),
    "gbsg": lambda ask: (Nomogram(ask("gbsg_model")), None),
    "crossed": lambda ask: (Nomogram(ask("crossed_model")), {k: v for k, v in GBSG_PATIENT.items() if k != "pgr"}),
    "folded": lambda ask: (Nomogram(ask("folded_model"), limits="centiles"), GBSG_PATIENT),
    "levels": lambda ask: (Nomogram(many_levels(), score_table=True), None),
    "hostile": lambda ask: (Nomogram(hostile(), score_table=True), None),
    "beyond": lambda ask: (Nomogram(hand_made([0.04, 0.5])), {"age": 95, "sex": "M"}),
    "narrow": lambda ask: (Nomogram(ask("folded_model"), width=85, score_table=True), GBSG_PATIENT),
    "narrow_levels": lambda ask: (Nomogram(many_levels(), width=85, score_table=True), None),
    "chinese": lambda ask: (Nomogram(ask("folded_model"), limits="centiles", language="zh"), None),
}
ALL = [pytest.param(name, marks=needs_chinese) if name == "chinese" else name for name in CASES]


@pytest.fixture(scope="module")
def drawn(request, tmp_path_factory):
    """Figure of a case, and its texts with their boxes; drawn once for the tests that look at it."""
    nomogram, patient = CASES[request.param](request.getfixturevalue)
    with mpl.rc_context():
        mpl.rcdefaults()
        figure = figure_of(nomogram, example_of(nomogram, patient), tmp_path_factory.mktemp("fonts"))
        figure.dpi = 300
        renderer = FigureCanvasAgg(figure).get_renderer()
        return figure, [(text, text.get_window_extent(renderer)) for text in texts_of(figure)], nomogram.width


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """File of the nomogram of `simple`, by suffix; each is saved once."""

    @functools.cache
    def save(suffix):
        return Nomogram(hand_made([0.04, 0.5])).save(tmp_path_factory.mktemp("saved") / f"n.{suffix}")

    return save


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Files that a process of its own saved, with another seed of Python's hashes; it says whether it saw pyplot."""
    folder = tmp_path_factory.mktemp("fresh")
    code = (
        "import sys; from nomograms import Nomogram; from nomograms.lettering import cjk_fonts\n"
        "from tests.nomograms.hand_made import hand_made\n"
        "languages = ('en', 'zh') if next(cjk_fonts(), None) else ('en',)\n"
        "for language in languages:\n"
        "    n = Nomogram(hand_made([0.04, 0.5]), language=language)\n"
        "    for suffix in ('pdf', 'svg'): n.save(f'{sys.argv[1]}/{language}.{suffix}')\n"
        "raise SystemExit('matplotlib.pyplot' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    return folder, subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, env=environment, check=False
    ).returncode


def texts_of(figure):
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


@pytest.mark.parametrize("drawn", ALL, indirect=True)
def test_no_two_texts_overlap(drawn):
    _, texts, _ = drawn
    pairs = itertools.combinations(texts, 2)
    touching = [(a.get_text(), b.get_text()) for (a, one), (b, two) in pairs if one.overlaps(two)]
    assert touching == []


@pytest.mark.parametrize("drawn", ALL, indirect=True)
def test_all_texts_lie_on_the_page_in_print_size(drawn):
    figure, texts, millimetres = drawn
    width, height = figure.get_size_inches() * 300
    assert width / 300 * 25.4 == pytest.approx(millimetres)
    for text, box in texts:
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert text.get_fontsize() >= 6
        assert not text.get_parse_math()


@pytest.mark.parametrize("drawn", ALL, indirect=True)
def test_no_axis_runs_through_a_text(drawn):
    """Lines and ticks of the axes, in black; the example's drop lines pass behind labels, which cover them.

    Nor do the bars of a distribution.
    """
    figure, texts, _ = drawn
    bars = [
        collection.get_transform().transform_path(path).get_extents()
        for collection in figure.findobj(PatchCollection)
        for path in collection.get_paths()
    ]
    assert [t.get_text() for t, box in texts if any(bar.padded(-1.0).overlaps(box) for bar in bars)] == []
    black = [c for c in figure.findobj(LineCollection) if mpl.colors.to_hex(c.get_color()[0]) == "#000000"]
    boxes = [(text.get_text(), box.padded(-1.0)) for text, box in texts]
    for collection in black:
        for segment in (
            collection.get_transform().transform(np.concatenate(collection.get_segments())).reshape(-1, 2, 2)
        ):
            (x0, y0), (x1, y1) = segment.min(axis=0), segment.max(axis=0)
            crossed = [t for t, box in boxes if x0 <= box.x1 and x1 >= box.x0 and y0 <= box.y1 and y1 >= box.y0]
            assert crossed == []


def page_of(path, scale=4.0):
    """RGB pixels of the first page, rendered without matplotlib; pixels in a millimetre."""
    with pypdfium2.PdfDocument(path) as document:
        assert len(document) == 1
        bitmap = document[0].render(scale=scale)
        pixels = np.array(bitmap.to_numpy())[:, :, :3]
    return pixels, pixels.shape[1] / WIDTH


def is_example(pixels):
    red, green, blue = (pixels[:, :, channel].astype(int) for channel in (2, 1, 0))  # pdfium gives BGR
    return (red - blue > 60) & (red - green > 40)


def test_rendered_pixels_of_the_worked_patient(mgus2_model, tmp_path):
    """A dot and a dashed line stand at the patient's points of each axis; margins are white."""
    nomogram = Nomogram(mgus2_model)
    pixels, per_mm = page_of(nomogram.save(tmp_path / "n.pdf", patient=MGUS2_PATIENT))
    coloured = is_example(pixels)
    for points in nomogram.points(MGUS2_PATIENT).values():
        column = round((LEFT + points * LENGTH / 100) * per_mm)
        assert coloured[:, column - 2 : column + 3].any(axis=1).sum() > 3 * per_mm
    total = nomogram.total(MGUS2_PATIENT) * LENGTH / nomogram.total_ticks[-1]
    column = round((LEFT + total) * per_mm)
    assert coloured[:, column - 2 : column + 3].any(axis=1).sum() > 10 * per_mm
    assert mpl.colors.to_hex(EXAMPLE) == EXAMPLE
    margin = int(1.5 * per_mm)
    assert (pixels[:margin] == 255).all()
    assert (pixels[:, :margin] == 255).all()
    assert (pixels[-margin:] == 255).all()
    assert (pixels[:, -margin:] == 255).all()


def test_the_points_ruler_lies_where_the_numbers_say(saved):
    """The longest black line of the page runs over 120 mm, beginning behind the label column."""
    pixels, per_mm = page_of(saved("pdf"))
    dark = pixels.max(axis=2) < 100
    row = dark[:, int(LEFT * per_mm) : int((LEFT + LENGTH) * per_mm)].sum(axis=1).argmax()
    line = np.flatnonzero(dark[row])
    line = line[(line > (LEFT - 1) * per_mm) & (line < (LEFT + LENGTH + 1) * per_mm)]
    assert line[0] / per_mm == pytest.approx(LEFT, abs=0.3)
    assert line[-1] / per_mm == pytest.approx(LEFT + LENGTH, abs=0.3)


@pytest.mark.parametrize("name", ["mgus2", pytest.param("chinese", marks=needs_chinese)])
def test_fonts_are_embedded_as_truetype(name, request, tmp_path):
    nomogram, patient = CASES[name](request.getfixturevalue)
    page = pypdf.PdfReader(nomogram.save(tmp_path / "n.pdf", patient=patient)).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object() if font["/Subtype"] == "/Type0" else font
        assert inner["/Subtype"] in ("/CIDFontType2", "/TrueType")
        data = inner["/FontDescriptor"].get_object()["/FontFile2"].get_object().get_data()
        assert data[:4] == b"\x00\x01\x00\x00"


@needs_chinese
def test_chinese_characters_are_drawn_and_not_boxes(tmp_path):
    """Text extraction passes on boxes; the rendered pixels of different characters must differ."""
    path = Nomogram(hand_made([0.04, 0.5]), language="zh").save(tmp_path / "n.pdf")
    pictures = {}
    with pypdfium2.PdfDocument(path) as document:
        page = document[0]
        pixels = np.array(page.render(scale=6, grayscale=True).to_numpy()).squeeze()
        text = page.get_textpage()
        for place, character in enumerate(text.get_text_range()[: text.count_chars()]):
            if character in "年龄性别总分单项得":
                left, bottom, right, top = (round(6 * side) for side in text.get_charbox(place, loose=True))
                crop = pixels[pixels.shape[0] - top : pixels.shape[0] - bottom, left:right]
                pictures.setdefault(character, crop[:40, :40] < 128)
    assert set(pictures) == set("年龄性别总分单项得")
    assert all(0.05 < picture.mean() < 0.6 for picture in pictures.values())
    for (_, one), (_, two) in itertools.combinations(pictures.items(), 2):
        rows, columns = min(one.shape[0], two.shape[0]), min(one.shape[1], two.shape[1])
        assert (one[:rows, :columns] != two[:rows, :columns]).mean() > 0.05


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_the_same_call_gives_the_same_bytes(simple, saved, tmp_path, suffix):
    one, two = saved(suffix).read_bytes(), simple.save(tmp_path / f"again.{suffix}").read_bytes()
    assert one == two
    assert len(one) > 5000


@pytest.mark.parametrize("language", ["en", pytest.param("zh", marks=needs_chinese)])
@pytest.mark.parametrize("suffix", ["pdf", "svg"])
def test_a_fresh_process_gives_the_same_bytes(fresh, saved, tmp_path, language, suffix):
    """Also with another seed of Python's hashes, on which the order of sets depends."""
    folder, _ = fresh
    chinese = Nomogram(hand_made([0.04, 0.5]), language="zh")
    here = saved(suffix) if language == "en" else chinese.save(tmp_path / f"here.{suffix}")
    assert (folder / f"{language}.{suffix}").read_bytes() == here.read_bytes()


def test_settings_of_the_user_neither_matter_nor_change(simple, saved, tmp_path):
    plain = saved("pdf").read_bytes()
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "pdf.fonttype": 3, "axes.facecolor": "red"}):
        assert simple.save(tmp_path / "b.pdf").read_bytes() == plain
        assert mpl.rcParams["pdf.fonttype"] == 3


def test_pyplot_is_not_touched(fresh):
    folder, returned = fresh
    assert (folder / "en.svg").is_file()
    assert returned == 0


def test_hostile_texts_are_literal(tmp_path):
    nomogram = Nomogram(hostile())
    text = pypdf.PdfReader(nomogram.save(tmp_path / "n.pdf")).pages[0].extract_text()
    flat = "".join(text.split())
    for given in HOSTILE:
        assert "".join(given.split()) in flat
    tree = ET.parse(nomogram.save(tmp_path / "n.svg"))
    names = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert names.isdisjoint({"b", "script", "image", "foreignObject", "text"})
    links = [v for element in tree.iter() for k, v in element.attrib.items() if k.endswith("href")]
    assert all(link.startswith("#") for link in links)


def test_the_file_says_what_it_is(saved):
    told = pypdf.PdfReader(saved("pdf")).metadata
    assert told.title == "Nomogram: progression or death"
    assert told.subject.startswith("How to read: find the patient's value")
    assert told.creation_date.strftime("%Y-%m-%d") == "2026-01-31"


def test_numbers_on_the_page_are_those_of_the_object(simple, tmp_path):
    text = pypdf.PdfReader(simple.save(tmp_path / "n.pdf", patient={"age": 66.5, "sex": "M"})).pages[0].extract_text()
    for part in ("73.0", "25.0", "98.0", f"{100 * simple.risk(98.0)[60]:.0f} %", "Total points", "Sex", "reference: F"):
        assert part in text


def test_a_png_is_sharp_enough_for_print(saved):
    """600 dpi at 180 mm."""
    data = saved("png").read_bytes()
    assert int.from_bytes(data[16:20]) == pytest.approx(180 / 25.4 * 600, abs=1)


@pytest.mark.parametrize("name", ["n.jpg", "n"])
def test_other_formats_are_refused(simple, tmp_path, name):
    with pytest.raises(RunError, match=r"\[G10\].*\.pdf, \.svg or \.png"):
        simple.save(tmp_path / name)


def test_a_folder_that_is_not_there_is_named(simple, tmp_path):
    with pytest.raises(RunError, match=r"\[G13\] file .*n\.pdf: the nomogram cannot be written"):
        simple.save(tmp_path / "absent" / "n.pdf")


def test_a_patient_that_cannot_be_placed_is_refused(simple, tmp_path):
    with pytest.raises(PredictionError, match="column sex is missing"):
        simple.save(tmp_path / "n.pdf", patient={"age": 60})
    assert not (tmp_path / "n.pdf").exists()


def test_suffixes_in_capitals_and_plain_text_paths(simple, tmp_path):
    assert simple.save(str(tmp_path / "N.PDF")).read_bytes().startswith(b"%PDF")
