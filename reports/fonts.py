"""Which fonts a page is set in, so that every character is drawn and the bytes are the same on every machine."""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cohorts.errors import Finding, RunError

SERIF = "Libertinus Serif"  # comes inside typst
SANS = "DejaVu Sans"  # comes with matplotlib
CHINESE = "Noto Sans CJK SC"  # comes with the extra `chinese`
CHINESE_FILE = "NotoSansCJKsc-Regular.otf"
SYSTEM_CHINESE = (
    CHINESE,
    "Source Han Sans SC",
    "Noto Sans SC",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "SimSun",
)


@dataclass(frozen=True)
class FontChoice:
    """Families in the order they are tried, the folders they lie in, and the file of the Chinese one."""

    families: tuple[str, ...]
    folders: tuple[str, ...]
    chinese: tuple[str, str] | None = None


def needs_chinese(text: str) -> bool:
    """Return whether a text has Chinese characters or their punctuation."""
    return any(
        unicodedata.east_asian_width(character) in "WF" and unicodedata.category(character) != "So"
        for character in set(text)  # a drawing has a hundred thousand characters, and few different ones
        if character > "⹿"
    )


def choose_fonts(text: str, language: str) -> FontChoice:
    """Return the fonts for everything that stands on a page.

    Parameters
    ----------
    text : all text of the page.
    language : ``zh`` sets the whole page in the Chinese font; in ``en`` it serves single words only.

    Raises
    ------
    RunError
        R12: the text is Chinese and no Chinese font is installed.
    """
    folder = str(matplotlib_fonts())
    if language != "zh" and not needs_chinese(text):
        return FontChoice((SERIF, SANS), (folder,))
    found = chinese_font()
    if found is None:
        rule = "the page has Chinese text and no Chinese font is installed"
        way_out = (
            "install the extra `chinese` (pip install 'bone-prognosis[chinese]') or a system font such as Noto Sans CJK"
        )
        raise RunError(Finding("R12", rule, way_out))
    family, file = found
    families = (family, SANS) if language == "zh" else (SERIF, SANS, family)
    return FontChoice(families, (folder, str(Path(file).parent)), found)


def _package_folder(name: str) -> Path | None:
    # find_spec only: importing mplfonts changes matplotlib's settings
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def matplotlib_fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib."""
    folder = _package_folder("matplotlib")
    if folder is None:
        raise RunError(Finding("R12", "matplotlib is not installed", "install bone-prognosis with its dependencies"))
    return folder / "mpl-data" / "fonts" / "ttf"


@lru_cache(maxsize=1)
def chinese_font() -> tuple[str, str] | None:
    """Return family and file of the Chinese font: that of the extra `chinese`, else one of the system, else None."""
    package = _package_folder("mplfonts")
    if package is not None and (package / "fonts" / CHINESE_FILE).is_file():
        return CHINESE, str(package / "fonts" / CHINESE_FILE)
    return system_chinese_font()


def system_chinese_font() -> tuple[str, str] | None:
    """Return family and file of the first known Chinese font among the system's, or None."""
    import typst

    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False).fonts()
    regular = {font.family: font.path for font in fonts if font.style == "normal" and font.weight == 400 and font.path}
    family = next((family for family in SYSTEM_CHINESE if family in regular), None)
    return None if family is None else (family, str(regular[family]))


@lru_cache(maxsize=4)
def typst_fonts(folders: tuple[str, ...]) -> Any:
    """Return typst's font book of the embedded fonts and some folders; read once, it serves a batch of pages."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(folders))
