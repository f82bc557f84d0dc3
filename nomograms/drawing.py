"""Draws a laid out nomogram with matplotlib: PDF with embedded TrueType fonts, SVG or PNG, the same bytes each time."""

from __future__ import annotations

import io
import tempfile
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cohorts.errors import Finding, RunError
from nomograms.axes import LONG
from nomograms.caption import caption_of
from nomograms.example import Example, example_of
from nomograms.layout import MARGIN
from nomograms.lettering import Lettering, lettering_for
from nomograms.metadata import metadata_of, title_of
from nomograms.rows import AIR, BAR, CROWD, LINE, Row
from nomograms.sheet import CAPTION_LINE, Sheet, sheet_of, texts_of
from nomograms.text_page import plain_page, points_csv

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram
    from nomograms.options import Patient

SIZE, SMALL = 7.0, 6.5  # points; journals ask for 7, never below 6
INK, GREY = "#000000", "#4d4d4d"
PALE = "#c9c9c9"
EXAMPLE = "#a8400a"  # dark vermilion: told from black by colour-blind readers, and by its dashes in grey
PATIENT_PALE = "#ecc3a8"
PAPER: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
DPI = 600
PICTURES, TEXTS = ("pdf", "svg", "png"), ("csv", "txt")
MM = 1 / 25.4
UNDER = "drop-lines"
Parts = tuple[Literal["paper", "own"], ...]
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "nomogram",
    "text.hinting": "none",
    "text.usetex": False,
    "axes.unicode_minus": True,
}


def save_figure(nomogram: Nomogram, path: Path, patient: Patient | None) -> Path:
    """Draw and write a nomogram; see `Nomogram.save`."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in (*PICTURES, *TEXTS):
        rule = f"a nomogram cannot be written as {path.suffix or 'a file without suffix'}"
        raise RunError(Finding("G10", rule, "end the name in .pdf, .svg or .png, or .csv or .txt", file=str(path)))
    drawn = drawn_figure(nomogram, patient, kind) if kind in PICTURES else _written(nomogram, patient, kind)
    try:
        path.write_bytes(drawn)
    except OSError as error:
        rule = f"the nomogram cannot be written: {error.strerror}"
        raise RunError(Finding("G13", rule, "check the folder and its rights", file=str(path))) from error
    return path


def _written(nomogram: Nomogram, patient: Patient | None, kind: str) -> bytes:
    text = points_csv(nomogram) if kind == "csv" else plain_page(nomogram, example_of(nomogram, patient))
    return text.encode()


def drawn_figure(nomogram: Nomogram, patient: Patient | None, kind: str) -> bytes:
    """Draw a nomogram and return the bytes of the file; `kind` is pdf, svg or png."""
    example = example_of(nomogram, patient)
    told = " ".join(caption_of(nomogram, example))
    drawn = drawn_parts(nomogram, example, kind, told)
    return described(drawn, title_of(nomogram), told) if kind == "svg" else drawn


def drawn_parts(nomogram: Nomogram, example: Example, kind: str, told: str, **how: Any) -> bytes:
    """Draw the figure, or a part of it, into a file in memory; `how` : see `figure_of`."""
    written = io.BytesIO()
    # a user's own matplotlib settings must not change the figure, and stay as they are
    with tempfile.TemporaryDirectory() as folder, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        figure = figure_of(nomogram, example, Path(folder), **how)
        figure.savefig(written, format=kind, dpi=DPI, metadata=metadata_of(nomogram, told, kind))
    return written.getvalue()


def described(svg: bytes, title: str, told: str) -> bytes:
    """Give the picture a title and a description, which screen readers read."""
    start = svg.index(b"<svg")
    end = svg.index(b">", start) + 1
    opened = svg[start : end - 1] + b' role="img">'
    return (
        svg[:start] + opened + f"\n <title>{escape(title)}</title>\n <desc>{escape(told)}</desc>".encode() + svg[end:]
    )


def figure_of(
    nomogram: Nomogram, example: Example, folder: Path, *, caption: bool = True, parts: Parts = ("paper", "own")
) -> Figure:
    """Draw a nomogram, as wide as its layout and as high as it needs, without any state of pyplot.

    Parameters
    ----------
    folder : must exist until the figure is written; a cut-down CJK font may lie there.
    parts : ``paper``, what is the same for every example, and ``own``, the example's.
    """
    lettering = lettering_for(texts_of(nomogram, example, caption=caption), folder)
    small = partial(lettering.width, size=SMALL) if caption else None
    sheet = sheet_of(nomogram, example, partial(lettering.width, size=SIZE), small)
    size = (sheet.layout.width * MM, sheet.height * MM)
    figure = Figure(figsize=size, facecolor="white", frameon="paper" in parts)
    canvas = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    canvas.set_axis_off()
    canvas.set_xlim(0.0, sheet.layout.width)
    canvas.set_ylim(sheet.height, 0.0)
    pen = _Pen(canvas, lettering, sheet)
    if "paper" in parts:
        pen.draw_paper()
    if "own" in parts:
        pen.draw_own()
    return figure


class _Pen:
    """Draws the parts of a sheet; all positions in millimetres from the top left corner."""

    def __init__(self, canvas: Axes, lettering: Lettering, sheet: Sheet) -> None:
        self.canvas, self.lettering, self.sheet = canvas, lettering, sheet
        self.left, self.length, self.right = sheet.layout.left, sheet.layout.length, sheet.layout.width - MARGIN

    def draw_paper(self) -> None:
        """Draw what is the same for every example."""
        self._lines()
        self._crowds()
        self._intervals()
        for row in self.sheet.rows:
            self._label(row)
            self._tick_labels(row)
        self._scores()
        for place, line in enumerate(self.sheet.caption):
            self._text(MARGIN, self.sheet.caption_top + place * CAPTION_LINE, line, size=SMALL, ha="left", va="top")

    def _scores(self) -> None:
        """Draw the numbers of the score table, and thin rules between its blocks."""
        top = self.sheet.scores_top
        rules = [[(MARGIN, top + y), (self.right, top + y)] for y in self.sheet.scores.rules]
        self._strokes(rules, 0.4, PALE)
        for each in self.sheet.scores.texts:
            color, ha = (GREY if each.is_head else INK), ("left" if each.is_left else "center")
            self._text(each.x, top + each.y, each.text, size=SMALL, color=color, ha=ha, va="top")

    def draw_own(self) -> None:
        """Draw the example's drop lines, places, numbers and intervals."""
        self._drop_lines()
        self._own_intervals()
        for row in self.sheet.rows:
            self._entry(row)
        top = self.sheet.rows[0]
        self._text(
            self.right, self._entry_line(top), self.sheet.heading, size=SMALL, ha="right", va="center", color=EXAMPLE
        )

    def _text(self, x: float, y: float, text: str, *, size: float = SIZE, color: str = INK, **how: Any) -> None:
        font = self.lettering.properties(size)
        self.canvas.text(
            x, y, self.lettering.written(text), fontproperties=font, color=color, parse_math=False, zorder=5, **how
        )

    def _strokes(
        self, strokes: list[Any], width: float, color: str = INK, zorder: float = 3, dashes: Any = "solid", **more: Any
    ) -> None:
        lines = LineCollection(
            strokes, colors=color, linewidths=width, linestyles=dashes, zorder=zorder, capstyle="butt", **more
        )
        self.canvas.add_collection(lines, autolim=False)

    def _lines(self) -> None:
        axes, ticks, leaders = [], [], []
        for row in self.sheet.rows:
            y = row.y
            axes.append([(self.left + row.strip.start, y), (self.left + row.strip.end, y)])
            for tick in row.strip.ticks:
                ticks.append([(self.left + tick.x, y), (self.left + tick.x, y + tick.length * (-1 if tick.up else 1))])
            for label in row.strip.labels:
                if row.leader(up=label.up):
                    way = -1 if label.up else 1
                    near = y + way * self._stem(row, up=label.up)
                    far = near + way * row.leader(up=label.up)
                    leaders.append([(self.left + label.anchor, near), (self.left + label.x, far)])
                if label.up and not any(tick.up for tick in row.strip.ticks):
                    ticks.append([(self.left + label.anchor, y), (self.left + label.anchor, y - row.lift)])
            self._tails(row)
        self._strokes(axes, 0.8)
        self._strokes(ticks, 0.5)
        self._strokes(leaders, 0.4, GREY)

    def _tails(self, row: Row) -> None:
        for beyond, end, way in ((row.tails[0], row.strip.start, -1), (row.tails[1], row.strip.end, 1)):
            if beyond:
                tip = self.left + end + way * 3.0
                self.canvas.plot([tip], [row.y], marker="<" if way < 0 else ">", markersize=2.6, color=INK, zorder=3)
                self._strokes([[(self.left + end, row.y), (tip, row.y)]], 0.6, dashes=(0, (1.5, 1.5)))

    def _label(self, row: Row) -> None:
        lines = [*((line, SIZE, INK) for line in row.label), *((line, SMALL, GREY) for line in row.note)]
        top = row.y - row.above if row.stacked else row.y - LINE * len(lines) / 2
        # drop lines pass behind words that stand above a line
        paper = {"bbox": PAPER} if row.stacked else {}
        for place, (line, size, color) in enumerate(lines):
            self._text(
                MARGIN, top + LINE * (place + 0.5), line, size=size, color=color, ha="left", va="center_baseline",
                **paper,
            )  # fmt: skip

    def _stem(self, row: Row, *, up: bool) -> float:
        """Distance from the line at which labels, or their leaders, begin."""
        return row.lift if up else LONG

    def _entry_line(self, row: Row) -> float:
        """Where the example's number stands: on the line, or beside words that stand above it."""
        return row.y - row.above + LINE / 2 if row.stacked else row.y

    def _tick_labels(self, row: Row) -> None:
        for label in row.strip.labels:
            way = -1 if label.up else 1
            y = row.y + way * (self._stem(row, up=label.up) + AIR + row.leader(up=label.up))
            self._text(self.left + label.x, y, label.text, ha="center", va="bottom" if label.up else "top",
                       linespacing=1.1, bbox=PAPER)  # fmt: skip

    def _entry(self, row: Row) -> None:
        if not row.entry:
            return
        y = self._entry_line(row)
        if row.stacked:
            whole = f"{row.entry} {row.entry_note}".strip()
            self._text(self.right, y, whole, ha="right", va="center_baseline", color=EXAMPLE, bbox=PAPER)
        elif row.entry_note:
            self._text(self.right, y - LINE, row.entry, ha="right", va="center", color=EXAMPLE)
            self._text(self.right, y, row.entry_note, size=SMALL, ha="right", va="center", color=EXAMPLE)
        else:
            self._text(self.right, y, row.entry, ha="right", va="center", color=EXAMPLE)
        if row.mark is not None:
            shown = min(max(row.mark, 0.0), self.length)
            shape = "o" if shown == row.mark else ("<" if row.mark < 0 else ">")
            self.canvas.plot([self.left + shown], [row.y], marker=shape, markersize=3.2, color=EXAMPLE, zorder=4)

    def _crowds(self) -> None:
        """Draw how the cohort is spread along each line."""
        for row in self.sheet.rows:
            boxes = [
                Rectangle((self.left + bar.start, row.y - CROWD * bar.height), bar.end - bar.start, CROWD * bar.height)
                for bar in row.crowd
            ]
            self.canvas.add_collection(PatchCollection(boxes, facecolor=PALE, edgecolor="white", linewidth=0.3,
                                                       zorder=1.5), autolim=False)  # fmt: skip

    def _intervals(self) -> None:
        """Draw intervals over the risk lines."""
        grey = []
        for row in self.sheet.rows:
            for place, span in enumerate(row.spans):
                y = row.y - LONG - BAR * (place + 0.3)
                start, end = (self.left + min(max(x, 0.0), self.length) for x in (span.start, span.end))
                grey += [[(start, y), (end, y)]]
                grey += [[(x, y - 0.3), (x, y + 0.3)] for x in (start, end, self.left + span.middle)]
        self._strokes(grey, 0.6, GREY, zorder=2)

    def _own_intervals(self) -> None:
        """Draw the intervals of the example on its risk lines."""
        own = []
        for row in self.sheet.rows:
            if row.own is not None:
                start, end = (self.left + min(max(x, 0.0), self.length) for x in (row.own.start, row.own.end))
                own.append([(start, row.y), (end, row.y)])
        self._strokes(own, 3.2, PATIENT_PALE, zorder=1.6)

    def _drop_lines(self) -> None:
        rows = self.sheet.rows
        top, total = rows[0].y, next(row for row in rows if row.kind == "total")
        marked = [(row, self.left + row.mark) for row in rows if row.mark is not None and 0 <= row.mark <= self.length]
        drops = [[(x, top), (x, row.y)] for row, x in marked if row.kind == "predictor"]
        # down to the last line of the patient's stratum
        last = max((row.y for row, _ in marked if row.kind == "risk"), default=total.y)
        drops += [[(x, total.y), (x, last)] for row, x in marked if row is total]
        self._strokes(drops, 0.5, EXAMPLE, zorder=1, dashes=(0, (4, 2)), gid=UNDER)
