"""Fonts: one that has every character, embedded as TrueType, or an error that names what is missing."""

from __future__ import annotations

import pytest
from fontTools.ttLib import TTFont

from cohorts.errors import RunError
from nomograms import lettering
from nomograms.lettering import Lettering, cjk_fonts, lettering_for


def chinese_font():
    return next(cjk_fonts(), None) or pytest.skip("no font with Chinese characters is installed")


def test_latin_text_uses_the_font_of_matplotlib(tmp_path):
    found = lettering_for(["Haemoglobin, g/dL", "β2-microglobulin ≥ 5.5", "−3\n"], tmp_path)
    assert found.file.name == "DejaVuSans.ttf"
    assert found.written("−3") == "−3"
    assert list(tmp_path.iterdir()) == []


def test_chinese_text_uses_a_small_truetype_font(tmp_path):
    chinese_font()
    found = lettering_for(["诊断年龄 age −3"], tmp_path)
    assert found.file.parent == tmp_path
    with TTFont(found.file) as font:
        assert "glyf" in font
        assert "CFF " not in font
        assert {ord(character) for character in "诊断年龄age3-"} <= set(font.getBestCmap())
    assert found.file.stat().st_size < 100_000
    assert found.written("−3") == "-3"


def test_the_cut_down_font_keeps_shapes_and_widths(tmp_path):
    source = chinese_font()
    found = lettering_for(["诊断年龄"], tmp_path)
    with TTFont(source, fontNumber=0, lazy=True) as whole, TTFont(found.file) as cut:
        scale = whole["head"].unitsPerEm
        assert cut["head"].unitsPerEm == scale
        for character in "诊断年龄":
            old, new = whole.getBestCmap()[ord(character)], cut.getBestCmap()[ord(character)]
            assert whole["hmtx"][old][0] == cut["hmtx"][new][0]
            assert cut["glyf"][new].numberOfContours > 1


def test_widths_in_millimetres(tmp_path):
    """DejaVu Sans digits are 0.636 of the size wide: at 7 pt 1.571 mm."""
    found = lettering_for(["0"], tmp_path)
    assert found.width("0000000000", 7.0) == pytest.approx(15.71, abs=0.2)
    assert found.width("0", 14.0) == pytest.approx(2 * found.width("0", 7.0), rel=0.02)
    assert isinstance(found, Lettering)


def test_no_chinese_font_is_an_error_and_never_boxes(monkeypatch, tmp_path):
    monkeypatch.setattr(lettering, "cjk_fonts", lambda: iter(()))
    with pytest.raises(RunError, match=r"\[G11\] value 年 \(U\+5E74\).*bone-prognosis\[chinese\]"):
        lettering_for(["年"], tmp_path)


def test_a_character_that_no_font_has_is_named(tmp_path):
    chinese_font()
    with pytest.raises(RunError, match=r"\[G12\] value . \(U\+1F9B4\).*print as boxes.*labels"):
        lettering_for(["bone \U0001f9b4"], tmp_path)


def test_without_the_extra_the_fonts_of_the_system_are_tried(monkeypatch):
    class Entry:
        name, fname = "WenQuanYi Zen Hei", "/fonts/zenhei.ttc"

    monkeypatch.setattr(lettering.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(lettering.font_manager.fontManager, "ttflist", [Entry])
    assert [str(file) for file in cjk_fonts()] == ["/fonts/zenhei.ttc"]
