"""One font for a whole figure: found, checked to have every character, and measured.

Latin text is set in DejaVu Sans, which comes with matplotlib, so that a figure looks the same everywhere. Where a text
needs Chinese characters, an installed CJK font is taken for all of the figure; without one it is an error, never boxes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont, newTable  # type: ignore[import-untyped]
from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from cohorts.errors import Finding, RunError

MM_PER_POINT = 25.4 / 72
CURVE_TOLERANCE = 1.0  # in thousandths of the letter height
FAMILIES = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Droid Sans Fallback", "Microsoft YaHei", "PingFang SC", "Heiti SC", "SimHei",
)  # fmt: skip


@dataclass(frozen=True)
class Lettering:
    """A font file and the widths of texts set in it.

    Parameters
    ----------
    file : TrueType font. minus : sign for it; the true minus of a CJK font is as wide as a character.
    """

    file: Path
    minus: str = "−"

    def written(self, text: str) -> str:
        """Return a text with the minus sign of this font."""
        return text.replace("−", self.minus)

    def properties(self, size: float) -> FontProperties:
        """Return the font in a size in points."""
        return FontProperties(fname=str(self.file), size=size)

    def width(self, text: str, size: float) -> float:
        """Return the width of a line of text in millimetres."""
        return _measured(str(self.file), self.written(text), size)


@lru_cache(maxsize=8192)
def _measured(file: str, text: str, size: float) -> float:
    """Measure a line of text in millimetres, once in a process: figures of one model repeat most of theirs."""
    font = FontProperties(fname=file, size=size)
    width, _, _ = TextToPath().get_text_width_height_descent(text, font, ismath=False)
    return float(width) * MM_PER_POINT


def lettering_for(texts: Iterable[str], folder: Path) -> Lettering:
    """Return the font that has every character of the texts.

    Parameters
    ----------
    texts : everything that will be written. folder : where a cut-down CJK font may be put while the figure is made.

    Raises
    ------
    RunError
        G11: no CJK font is installed; G12: a character is in no font at hand.
    """
    needed = {character for text in texts for character in text if character != "\n"}
    latin = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    absent_in_latin = _absent(needed, latin)
    if not absent_in_latin:
        return Lettering(latin)
    missing: list[str] | None = None
    for file in cjk_fonts():
        absent = _absent(needed, file)
        if not absent:
            return Lettering(_laid_down(_cut_down(file, frozenset(needed | {"-"})), folder), minus="-")
        missing = absent if missing is None else min(missing, absent, key=len)
    raise RunError(_no_font(missing, absent_in_latin))


def _open(file: Path) -> Any:
    # a collection's first face serves: the faces differ in the forms of few characters
    return TTFont(file, fontNumber=0, lazy=True, recalcTimestamp=False)


def _absent(needed: set[str], file: Path) -> list[str]:
    known = _known(file)
    return sorted(character for character in needed if ord(character) not in known)


@lru_cache(maxsize=16)
def _known(file: Path) -> frozenset[int]:
    with _open(file) as font:
        return frozenset(font.getBestCmap())


def _no_font(missing: list[str] | None, absent_in_latin: list[str]) -> Finding:
    if missing is None:
        shown = "".join(absent_in_latin[:10])
        rule = "the standard font lacks these characters, and no font with Chinese characters is installed"
        way_out = "install the extra: pip install 'bone-prognosis[chinese]', or a system font such as Noto Sans CJK"
        return Finding("G11", rule, way_out, value=_named(shown))
    rule = "no font at hand has these characters, which would print as boxes"
    return Finding("G12", rule, "change the labels in the codebook", value=_named("".join(missing[:10])))


def _named(characters: str) -> str:
    return ", ".join(f"{c} (U+{ord(c):04X})" if c.isprintable() else f"U+{ord(c):04X}" for c in characters)


def cjk_fonts() -> Iterator[Path]:
    """Find installed fonts with Chinese characters: that of the extra ``chinese`` first, then those of the system."""
    package = importlib.util.find_spec("mplfonts")
    for folder in (package.submodule_search_locations or ()) if package else ():
        file = Path(folder) / "fonts" / "NotoSansCJKsc-Regular.otf"
        if file.is_file():
            yield file
    entries = {entry.name: Path(entry.fname) for entry in reversed(font_manager.fontManager.ttflist)}
    yield from (entries[family] for family in FAMILIES if family in entries)


def _laid_down(font: bytes, folder: Path) -> Path:
    """Write a font into a folder; another font gets another name, since matplotlib remembers fonts by their path."""
    file = folder / f"lettering-{hashlib.sha256(font).hexdigest()[:16]}.ttf"
    file.write_bytes(font)
    return file


@lru_cache(maxsize=8)
def _cut_down(source: Path, characters: frozenset[str]) -> bytes:
    """Make a small TrueType font with the characters that are needed, once in a process.

    PDF Type 42 takes TrueType outlines only; matplotlib would embed a PostScript-flavoured OpenType font in a way that
    readers refuse, so its cubic curves are made quadratic.
    """
    options = subset.Options(layout_features=[], name_IDs=["*"], notdef_outline=True)
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(character) for character in characters | {" "}])
    with _open(source) as font:
        cutter.subset(font)
        if "CFF " in font:
            _make_quadratic(font)
        written = io.BytesIO()
        font.save(written)
    return written.getvalue()


def _make_quadratic(font: Any) -> None:
    order, drawn = font.getGlyphOrder(), font.getGlyphSet()
    table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, {}
    for name in order:
        pen = TTGlyphPen(None)
        drawn[name].draw(Cu2QuPen(pen, CURVE_TOLERANCE, reverse_direction=True))
        glyph = pen.glyph()
        glyph.recalcBounds(table)
        table.glyphs[name] = glyph
        font["hmtx"].metrics[name] = (font["hmtx"].metrics[name][0], getattr(glyph, "xMin", 0))
    font["loca"], font["glyf"] = newTable("loca"), table
    sizes = font["maxp"]
    sizes.tableVersion, sizes.maxZones = 0x00010000, 1
    for limit in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions",
                  "ComponentElements"):  # fmt: skip
        setattr(sizes, f"max{limit}", 0)
    font["post"].formatType, font["post"].extraNames, font["post"].mapping = 2.0, [], {}
    font["post"].glyphOrder = order
    del font["CFF "]
    font.sfntVersion = "\000\001\000\000"
