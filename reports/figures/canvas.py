"""Where every figure is drawn: lettering, sizes and colours for print, and SVG or PDF with the same bytes each time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cohorts.errors import Finding, RunError
from reports.figures.readings import Curves, Reading, readings_of
from reports.fonts import SANS, FontChoice
from reports.icons import DARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM = 1 / 25.4
SINGLE, DOUBLE = 85.0, 180.0  # column widths of journals in millimetres
POINTS, SMALL = 7.0, 6.0  # journals ask for 7, never below 6
# told apart by lightness, and by dashes: grey prints and colour-blind eyes read the same
INK, MODEL, SECOND, PALE, BAND, HINT = "#000000", DARK, "#a8400a", "#7b8794", "#c3d3e2", "#4d4d4d"
FAINT = "#8fa5ba"
NOTHING: Mapping[str, Curves] = MappingProxyType({})
DASHED, DOTTED = (0, (4, 2)), (0, (1, 1.5))
SETTINGS: Mapping[str, Any] = {
    "axes.linewidth": 0.6,
    "axes.labelpad": 2.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.labelspacing": 0.3,
    "legend.borderaxespad": 0.2,
    "legend.borderpad": 0.1,
    "svg.hashsalt": "bone-prognosis",
    "text.parse_math": False,
    "text.usetex": False,
    "axes.unicode_minus": False,
    "figure.constrained_layout.use": False,
}


@dataclass(frozen=True)
class Picture:
    """A finished figure.

    Parameters
    ----------
    svg : letters as shapes, so that it looks the same everywhere. lettered : the same with letters as text, for the
        PDF. width, height : in millimetres. title, alt : what it is, and what it shows for who cannot see it.
    fonts : in which the PDF is set. readings : its curves as numbers, for people who look rather than print.
    """

    svg: str
    lettered: str
    width: float
    height: float
    title: str
    alt: str
    fonts: FontChoice
    readings: tuple[Reading, ...] = ()

    def pdf(self, created: str) -> bytes:
        """Return a tagged PDF of one page in the figure's size, fonts embedded.

        Parameters
        ----------
        created : date in the PDF's metadata, YYYY-MM-DD; the same figure and date give the same bytes.

        Raises
        ------
        RunError
            R13 no font has a character; R14 the PDF cannot be made.
        """
        from reports.page import to_pdf

        sizes = {"width": self.width, "height": self.height}
        content = {"language": "en", "created": created, "title": self.title, "alt": self.alt, **sizes}
        return to_pdf("figure.typ", content, {"figure": self.lettered}, self.fonts)


def picture(
    draw: Callable[[Figure], None],
    size: tuple[float, float],
    title: str,
    alt: str,
    fonts: FontChoice,
    readable: Mapping[str, Curves] = NOTHING,
) -> Picture:
    """Draw on an empty figure of a size in millimetres, (width, height).

    Parameters
    ----------
    readable : curves that can be read off, by the label that `draw` gives their axes.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    with drawing(fonts, POINTS, {}):
        figure = blank(*size)
        draw(figure)
        # laid out once, written twice
        texts = [svg_text(figure, letters) for letters in ("path", "none")]
    return Picture(texts[0], texts[1], *size, title, alt, fonts, readings_of(figure, readable))


@contextmanager
def drawing(fonts: FontChoice, points: float, more: Mapping[str, Any]) -> Iterator[None]:
    """Set lettering and reproducibility for one figure, and make a missing glyph an error."""
    import matplotlib as mpl
    from matplotlib import font_manager

    families = [SANS]
    if fonts.chinese is not None:
        _, file = fonts.chinese
        if file not in {entry.fname for entry in font_manager.fontManager.ttflist}:
            font_manager.fontManager.addfont(file)
        families = [font_manager.FontProperties(fname=file).get_name(), SANS]
    sized = ("font.size", "axes.labelsize", "axes.titlesize", "legend.fontsize", "xtick.labelsize", "ytick.labelsize")
    settings: dict[Any, Any] = {**SETTINGS, **dict.fromkeys(sized, points), **more, "font.family": families}
    with mpl.rc_context(), warnings.catch_warnings():
        # a user's own settings must not change the figure
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        warnings.simplefilter("error", UserWarning)
        try:
            yield
        except UserWarning as warning:
            rule = f"a figure has a character that no installed font can draw: {warning}"
            raise RunError(Finding("R13", rule, "replace the character in the label")) from None


def blank(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in millimetres, without any state of pyplot."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * MM, height * MM))
    FigureCanvasSVG(figure)
    return figure


def svg_text(figure: Figure, letters: str = "path") -> str:
    """Return a figure as SVG text without a date; the same figure gives the same text.

    Parameters
    ----------
    letters : ``path`` writes letters as shapes, ``none`` as text.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": letters}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a place in millimetres from the top left corner."""
    inches = figure.get_size_inches()
    across, down = float(inches[0]) / MM, float(inches[1]) / MM
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def time_axis(axes: Axes, ticks: Sequence[float], last: float, label: str) -> None:
    """Let times run from 0 to a little behind the last tick, or the last time where this is later."""
    axes.set_xlim(0, 1.02 * max((*ticks, last)))
    axes.set_xticks(ticks)
    axes.set_xticklabels([f"{tick:g}" for tick in ticks])
    axes.set_xlabel(label)


def write(figure: Figure, left: float, top: float, text: str, **how: Any) -> None:
    """Write a text at a place in millimetres from the top left corner; never read as mathematics."""
    inches = figure.get_size_inches()
    x, y = left * MM / float(inches[0]), 1 - top * MM / float(inches[1])
    figure.text(x, y, text, **{"va": "top", "ha": "left", "parse_math": False, **how})


def shortened(text: str, width: float, points: float = POINTS) -> str:
    """Cut a text that is wider than so many millimetres, with an ellipsis; within `drawing` only."""
    if width_of(text, points) <= width:
        return text
    kept = next((end for end in range(len(text) - 1, 0, -1) if width_of(f"{text[:end]}…", points) <= width), 0)
    return f"{text[:kept]}…"


def with_value(name: str, value: str, width: float, points: float = POINTS) -> str:
    """Join a name and a value, of which the name is cut where both are too wide; within `drawing` only."""
    if not value:
        return shortened(name, width, points)
    room = max(width - width_of(f" {value}", points), width / 3)
    return shortened(f"{shortened(name, room, points)} {value}", width, points)


def width_of(text: str, points: float = POINTS) -> float:
    """Width of a text in millimetres; within `drawing` only."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    wide, _, _ = TextToPath().get_text_width_height_descent(text, FontProperties(size=points), ismath=False)
    return float(wide) * 25.4 / 72


def headline(figure: Figure, text: str, left: float, width: float) -> None:
    """Write a title at the top, a little larger where there is room, cut to so many millimetres."""
    size = next((points for points in (POINTS + 1, POINTS) if width_of(text, points) <= width), SMALL)
    write(figure, left, 2.4, shortened(text, width, size), size=size, color=MODEL)
