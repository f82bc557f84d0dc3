"""What resampling takes off the apparent values: every index with its corrected value, interval and reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.figures.canvas import (
    DASHED,
    DOUBLE,
    HINT,
    INK,
    MODEL,
    SMALL,
    Picture,
    panel,
    picture,
    shortened,
    write,
)
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, GAP, HEAD, FOOT = 4.6, 9.0, 11.0, 3.0
LEFT, PLOT, WIDE, APPARENT, CORRECTED = 2.0, 52.0, 66.0, 134.0, 178.0


@dataclass(frozen=True)
class OptimismRow:
    """One index: values are not a number where they do not exist; texts are what is printed beside it."""

    label: str
    apparent: float
    corrected: float
    lower: float
    upper: float
    apparent_text: str
    corrected_text: str


@dataclass(frozen=True)
class OptimismBlock:
    """Indexes on one scale, with the value that they are compared with and what it means."""

    rows: tuple[OptimismRow, ...]
    reference: float
    reference_label: str


@dataclass(frozen=True)
class OptimismContent:
    """What the figure shows."""

    blocks: tuple[OptimismBlock, ...]
    apparent_label: str
    corrected_label: str
    title: str
    alt: str


def optimism_figure(content: OptimismContent, fonts: FontChoice) -> Picture:
    """Draw apparent and corrected values as a forest plot, 180 mm wide; each block has a scale of its own.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    rows = sum(len(block.rows) for block in content.blocks)
    height = HEAD + ROW * rows + GAP * len(content.blocks) + FOOT
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: OptimismContent) -> None:
    write(figure, APPARENT, 3.0, content.apparent_label, ha="right", color=HINT)
    write(figure, CORRECTED, 3.0, content.corrected_label, ha="right", color=HINT)
    _key(figure, content)
    top = HEAD
    for block in content.blocks:
        _block(figure, block, top)
        top += ROW * len(block.rows) + GAP


def _key(figure: Figure, content: OptimismContent) -> None:
    """Explain the two marks, above the plots."""
    axes = panel(figure, PLOT, 2.0, WIDE, 5.0)
    axes.set_axis_off()
    axes.plot([], [], **_open_mark(), label=content.apparent_label)
    axes.plot([], [], color=MODEL, marker="o", markersize=3.6, linewidth=0.9, label=content.corrected_label)
    axes.legend(loc="center left", bbox_to_anchor=(-0.02, 0.5), ncols=2, columnspacing=1.2)


def _open_mark() -> dict[str, Any]:
    return {"color": INK, "linestyle": "none", "marker": "|", "markersize": 6.0, "markeredgewidth": 1.0}


def _block(figure: Figure, block: OptimismBlock, top: float) -> None:
    tall = ROW * len(block.rows)
    axes = panel(figure, PLOT, top, WIDE, tall)
    axes.axvline(block.reference, color=HINT, linewidth=0.7, linestyle=DASHED, zorder=0)
    for number, row in enumerate(block.rows):
        axes.plot([row.lower, row.upper], [number, number], color=MODEL, linewidth=0.9)
        axes.plot([row.corrected], [number], color=MODEL, marker="o", markersize=3.6)
        axes.plot([row.apparent], [number], **_open_mark())
        middle = top + ROW * (number + 0.5)
        write(figure, LEFT, middle, shortened(row.label, PLOT - LEFT - 2.0), va="center")
        write(figure, APPARENT, middle, row.apparent_text, ha="right", va="center")
        write(figure, CORRECTED, middle, row.corrected_text, ha="right", va="center")
    axes.set_ylim(len(block.rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(*_range(block))
    axes.locator_params(axis="x", nbins=6)
    axes.tick_params(labelsize=SMALL)
    write(figure, LEFT, top + tall + 0.8, block.reference_label, size=SMALL, color=HINT)


def _range(block: OptimismBlock) -> tuple[float, float]:
    """Hold the reference and all values, with some air."""
    values = [value for row in block.rows for value in (row.apparent, row.corrected, row.lower, row.upper)]
    known = [value for value in values if value == value] + [block.reference]
    air = max(0.06 * (max(known) - min(known)), 0.01)
    return min(known) - air, max(known) + air
