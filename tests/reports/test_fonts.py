"""The right font for every character, or a clear error: never boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

import reports.fonts as fonts
from cohorts.errors import RunError
from reports.fonts import CHINESE, SANS, SERIF, chinese_font, choose_fonts, matplotlib_fonts, needs_chinese
from tests.reports.conftest import with_chinese_font


@pytest.fixture
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "chinese_font", lambda: None)


@pytest.mark.parametrize("text", ["王芳", "a，b", "（", "カタ", "한"])
def test_chinese_is_recognised(text: str) -> None:
    assert needs_chinese(text)


@pytest.mark.parametrize("text", ["", "MM-1", "β₂-microglobulin ≥ 3.5 × 10⁹", "Ärzte", "“quoted”", "▲", "😀"])
def test_other_scripts_are_not_chinese(text: str) -> None:
    assert not needs_chinese(text)


@pytest.mark.usefixtures("no_chinese_font")
def test_an_english_page_needs_no_chinese_font() -> None:
    chosen = choose_fonts("Patient 17", "en")
    assert chosen.families == (SERIF, SANS)
    assert chosen.chinese is None
    assert (Path(chosen.folders[0]) / "DejaVuSans.ttf").is_file()


@pytest.mark.usefixtures("no_chinese_font")
@pytest.mark.parametrize(("text", "language"), [("患者", "zh"), ("plain", "zh"), ("Patient 王芳", "en")])
def test_without_a_chinese_font_the_error_names_the_extra(text: str, language: str) -> None:
    with pytest.raises(RunError, match=r"bone-prognosis\[chinese\]") as caught:
        choose_fonts(text, language)
    assert caught.value.code == "R12"


@with_chinese_font
def test_the_font_of_the_extra_comes_first() -> None:
    found = chinese_font()
    assert found is not None
    assert found[0] == CHINESE
    assert Path(found[1]).is_file()
    assert choose_fonts("患者", "zh").families == (CHINESE, SANS)
    assert choose_fonts("Patient 王芳", "en").families == (SERIF, SANS, CHINESE)


def test_without_the_extra_a_font_of_the_system_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_package_folder", lambda _: None)
    monkeypatch.setattr(fonts, "system_chinese_font", lambda: ("SimSun", "/fonts/simsun.ttc"))
    chinese_font.cache_clear()
    try:
        assert chinese_font() == ("SimSun", "/fonts/simsun.ttc")
    finally:
        chinese_font.cache_clear()


def test_the_system_is_searched_by_known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import typst

    class Font:
        def __init__(self, family: str, weight: int) -> None:
            self.family, self.weight, self.style, self.path = family, weight, "normal", f"/{family}-{weight}"

    class Book:
        def __init__(self, **_: object) -> None: ...

        def fonts(self) -> list[Font]:
            return [Font("SimSun", 400), Font("WenQuanYi Micro Hei", 700), Font("Source Han Sans SC", 400)]

    monkeypatch.setattr(typst, "Fonts", Book)
    assert fonts.system_chinese_font() == ("Source Han Sans SC", "/Source Han Sans SC-400")


def test_without_matplotlib_the_error_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_package_folder", lambda _: None)
    with pytest.raises(RunError, match="matplotlib"):
        matplotlib_fonts()
