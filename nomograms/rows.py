"""One line of the figure as a value: its layout, its words, the patient's mark, and the height that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nomograms.axes import LONG, Strip

Kind = Literal["points", "predictor", "total", "risk"]

LINE = 3.0  # height of a line of lettering
LEADER = 2.4  # height of the slanted leaders
AIR = 0.5  # between a tick and its label
CROWD = 2.6  # height of the tallest bar of a distribution
BAR = 0.9  # height that each interval above a risk line takes
ENTRY = LINE + 1.4  # room above a line for the patient's risk, with the interval on the line


@dataclass(frozen=True)
class Bar:
    """A grey bar of a distribution over `start` to `end`, millimetres, of a height between 0 and 1."""

    start: float
    end: float
    height: float


@dataclass(frozen=True)
class Span:
    """An interval from `start` to `end` around `middle`, millimetres on the total ruler."""

    middle: float
    start: float
    end: float


@dataclass(frozen=True)
class Row:
    """One axis of the figure.

    Parameters
    ----------
    kind : what the axis is. strip : its layout. label, note : lines of words; the note is set smaller.
    entry : the example's number on the right. entry_note : its interval. mark : the example's place in millimetres;
        None off this axis.
    tails : whether values of the cohort lie beyond the left and right end.
    crowd : how the cohort is spread along the line. spans : intervals of usual patients. own : that of the example.
    stacked : whether the words stand above the line. y : of the line, from the top of the figure.
    """

    kind: Kind
    strip: Strip
    label: tuple[str, ...]
    note: tuple[str, ...] = ()
    entry: str = ""
    entry_note: str = ""
    mark: float | None = None
    tails: tuple[bool, bool] = (False, False)
    crowd: tuple[Bar, ...] = ()
    spans: tuple[Span, ...] = ()
    own: Span | None = None
    stacked: bool = False
    y: float = 0.0

    @property
    def above(self) -> float:
        """Height that the row takes above its line."""
        if self.stacked:
            return self._side(up=True) + self.words
        return max(self._side(up=True), self.words / 2, ENTRY if self.entry_note else 0.0)

    @property
    def below(self) -> float:
        """Height that the row takes below its line."""
        return self._side(up=False) if self.stacked else max(self._side(up=False), self.words / 2)

    @property
    def words(self) -> float:
        """Height of label and note."""
        return LINE * (len(self.label) + len(self.note))

    @property
    def lift(self) -> float:
        """Height of what stands on the line, over which labels above it are written."""
        return max(CROWD if self.crowd else LONG, LONG + BAR * len(self.spans) if self.spans else 0.0)

    def leader(self, *, up: bool) -> float:
        """Height of the leaders on one side, 0 where no label was moved."""
        return LEADER if any(label.up == up and label.is_moved for label in self.strip.labels) else 0.0

    def _side(self, *, up: bool) -> float:
        near = self.lift if up else LONG
        lines = max((label.lines for label in self.strip.labels if label.up == up), default=0)
        return near + AIR + self.leader(up=up) + lines * LINE if lines else near
