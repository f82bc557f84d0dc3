"""Draws a laid out nomogram with matplotlib: PDF with embedded TrueType fonts, SVG or PNG, the same bytes each time."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from cohorts.errors import Finding, RunError
from nomograms.axes import LEFT, LENGTH, LONG, WIDTH
from nomograms.caption import caption_of
from nomograms.example import Example, example_of
from nomograms.lettering import Lettering, lettering_for
from nomograms.sheet import AIR, CAPTION_LINE, LINE, MARGIN, Row, Sheet, sheet_of, texts_of
from nomograms.wording import event_name

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram, Patient

SIZE, SMALL = 7.0, 6.5  # points; journals ask for 7, never below 6
INK, GREY = "#000000", "#4d4d4d"
EXAMPLE = "#a8400a"  # dark vermilion: told from black by colour-blind readers, and by its dashes in grey
DPI = 600
MM = 1 / 25.4
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
    if kind not in ("pdf", "svg", "png"):
        rule = f"a nomogram cannot be written as {path.suffix or 'a file without suffix'}"
        raise RunError(Finding("G10", rule, "end the name in .pdf, .svg or .png", file=str(path)))
    drawn = drawn_figure(nomogram, patient, kind)
    try:
        path.write_bytes(drawn)
    except OSError as error:
        rule = f"the nomogram cannot be written: {error.strerror}"
        raise RunError(Finding("G13", rule, "check the folder and its rights", file=str(path))) from error
    return path


def drawn_figure(nomogram: Nomogram, patient: Patient | None, kind: str, *, caption: bool = True) -> bytes:
    """Draw a nomogram and return the bytes of the file; `kind` is pdf, svg or png."""
    example = example_of(nomogram, patient)
    written = io.BytesIO()
    # a user's own matplotlib settings must not change the figure, and stay as they are
    with tempfile.TemporaryDirectory() as folder, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        figure = figure_of(nomogram, example, Path(folder), caption=caption)
        figure.savefig(written, format=kind, dpi=DPI, metadata=_metadata(nomogram, example, kind))
    return written.getvalue()


def _metadata(nomogram: Nomogram, example: Example, kind: str) -> dict[str, Any]:
    # the date of the model, not of the drawing: the same call must give the same bytes
    made = dt.datetime.fromisoformat(nomogram.model.created)
    title = f"Nomogram: {event_name(nomogram.model, nomogram.language)}"
    caption = " ".join(caption_of(nomogram, example))
    if kind == "pdf":
        return {"Title": title, "Subject": caption, "CreationDate": made}
    if kind == "svg":
        return {"Title": title, "Description": caption, "Date": nomogram.model.created}
    return {"Title": title, "Description": caption}


def figure_of(nomogram: Nomogram, example: Example, folder: Path, *, caption: bool = True) -> Figure:
    """Draw a nomogram, 180 mm wide and as high as it needs, without any state of pyplot.

    Parameters
    ----------
    folder : must exist until the figure is written; a cut-down CJK font may lie there.
    """
    lettering = lettering_for(texts_of(nomogram, example), folder)
    small = partial(lettering.width, size=SMALL) if caption else None
    sheet = sheet_of(nomogram, example, partial(lettering.width, size=SIZE), small)
    figure = Figure(figsize=(WIDTH * MM, sheet.height * MM), facecolor="white")
    canvas = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    canvas.set_axis_off()
    canvas.set_xlim(0.0, WIDTH)
    canvas.set_ylim(sheet.height, 0.0)
    _Pen(canvas, lettering, sheet).draw()
    return figure


class _Pen:
    """Draws the parts of a sheet; all positions in millimetres from the top left corner."""

    def __init__(self, canvas: Axes, lettering: Lettering, sheet: Sheet) -> None:
        self.canvas, self.lettering, self.sheet = canvas, lettering, sheet

    def draw(self) -> None:
        self._lines()
        self._drop_lines()
        for row in self.sheet.rows:
            self._label(row)
            self._tick_labels(row)
            self._entry(row)
        top, right = self.sheet.rows[0], WIDTH - MARGIN
        self._text(right, top.y, self.sheet.heading, size=SMALL, ha="right", va="center", color=EXAMPLE)
        for place, line in enumerate(self.sheet.caption):
            self._text(MARGIN, self.sheet.caption_top + place * CAPTION_LINE, line, size=SMALL, ha="left", va="top")

    def _text(self, x: float, y: float, text: str, *, size: float = SIZE, color: str = INK, **how: Any) -> None:
        font = self.lettering.properties(size)
        self.canvas.text(
            x, y, self.lettering.written(text), fontproperties=font, color=color, parse_math=False, zorder=5, **how
        )

    def _strokes(
        self, strokes: list[Any], width: float, color: str = INK, zorder: float = 3, dashes: Any = "solid"
    ) -> None:
        lines = LineCollection(
            strokes, colors=color, linewidths=width, linestyles=dashes, zorder=zorder, capstyle="butt"
        )
        self.canvas.add_collection(lines, autolim=False)

    def _lines(self) -> None:
        axes, ticks, leaders = [], [], []
        for row in self.sheet.rows:
            y = row.y
            axes.append([(LEFT + row.strip.start, y), (LEFT + row.strip.end, y)])
            for tick in row.strip.ticks:
                ticks.append([(LEFT + tick.x, y), (LEFT + tick.x, y + tick.length * (-1 if tick.up else 1))])
            for label in row.strip.labels:
                if row.leader(up=label.up):
                    way = -1 if label.up else 1
                    near, far = y + way * LONG, y + way * (LONG + row.leader(up=label.up))
                    leaders.append([(LEFT + label.anchor, near), (LEFT + label.x, far)])
                if label.up and not any(tick.up for tick in row.strip.ticks):
                    ticks.append([(LEFT + label.anchor, y), (LEFT + label.anchor, y - LONG)])
            self._tails(row)
        self._strokes(axes, 0.8)
        self._strokes(ticks, 0.5)
        self._strokes(leaders, 0.4, GREY)

    def _tails(self, row: Row) -> None:
        for beyond, end, way in ((row.tails[0], row.strip.start, -1), (row.tails[1], row.strip.end, 1)):
            if beyond:
                tip = LEFT + end + way * 3.0
                self.canvas.plot([tip], [row.y], marker="<" if way < 0 else ">", markersize=2.6, color=INK, zorder=3)
                self._strokes([[(LEFT + end, row.y), (tip, row.y)]], 0.6, dashes=(0, (1.5, 1.5)))

    def _label(self, row: Row) -> None:
        lines = [*((line, SIZE, INK) for line in row.label), *((line, SMALL, GREY) for line in row.note)]
        top = row.y - LINE * len(lines) / 2
        for place, (line, size, color) in enumerate(lines):
            self._text(
                MARGIN, top + LINE * (place + 0.5), line, size=size, color=color, ha="left", va="center_baseline"
            )

    def _tick_labels(self, row: Row) -> None:
        for label in row.strip.labels:
            way = -1 if label.up else 1
            y = row.y + way * (LONG + AIR + row.leader(up=label.up))
            self._text(LEFT + label.x, y, label.text, ha="center", va="bottom" if label.up else "top", linespacing=1.1,
                       bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4})  # fmt: skip

    def _entry(self, row: Row) -> None:
        if not row.entry:
            return
        self._text(WIDTH - MARGIN, row.y, row.entry, ha="right", va="center", color=EXAMPLE)
        if row.mark is not None:
            shown = min(max(row.mark, 0.0), LENGTH)
            shape = "o" if shown == row.mark else ("<" if row.mark < 0 else ">")
            self.canvas.plot([LEFT + shown], [row.y], marker=shape, markersize=3.2, color=EXAMPLE, zorder=4)

    def _drop_lines(self) -> None:
        rows = self.sheet.rows
        top, total = rows[0].y, next(row for row in rows if row.kind == "total")
        marked = [(row, LEFT + row.mark) for row in rows if row.mark is not None and 0 <= row.mark <= LENGTH]
        drops = [[(x, top), (x, row.y)] for row, x in marked if row.kind == "predictor"]
        # down to the last line of the patient's stratum
        last = max((row.y for row, _ in marked if row.kind == "risk"), default=total.y)
        drops += [[(x, total.y), (x, last)] for row, x in marked if row is total]
        self._strokes(drops, 0.5, EXAMPLE, zorder=1, dashes=(0, (4, 2)))
