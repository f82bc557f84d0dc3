"""How wide the figure is, where its rulers lie in it, and how near their ticks may stand; in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

from cohorts.errors import Finding, PredictionError

# The usual figure is 180 mm wide: labels on the left, rulers of 120 mm, and the example's points on the right.
WIDTH, LEFT, LENGTH = 180.0, 45.5, 120.0
NARROW = 120.0  # below this the labels stand above their lines, which then take the whole width
SIDE = 5.0  # free on both sides of the rulers of a narrow figure
MARGIN = 2.5
NARROWEST, WIDEST = 80.0, 300.0
CLOSEST = 0.8  # smallest distance between ticks that can be told apart
# Distances tried, the roomiest first: as few ticks as the bound of the reading error allows.
DISTANCES = (2.4, 1.6, 1.2, CLOSEST)
STAND_OUT = 4.5  # labels of ticks at the left end stand out to the left


@dataclass(frozen=True)
class Layout:
    """Width of the figure, and the smallest distance between neighbouring ticks."""

    width: float = WIDTH
    closest: float = CLOSEST

    @property
    def stacked(self) -> bool:
        """Whether labels stand above the lines and not beside them."""
        return self.width < NARROW

    @property
    def left(self) -> float:
        """Where the rulers begin."""
        return SIDE if self.stacked else LEFT

    @property
    def length(self) -> float:
        """How long the rulers are."""
        return self.width - 2 * SIDE if self.stacked else self.width - (WIDTH - LENGTH)

    @property
    def label_width(self) -> float:
        """Room for the label of a line; above a line the example's number stands beside it."""
        return self.width - 2 * MARGIN - LABEL_LEAVES if self.stacked else LEFT - MARGIN - STAND_OUT


LABEL_LEAVES = 22.0
LAYOUT = Layout()


def check_width(width: float) -> None:
    """Refuse a width at which 7 pt lettering has no room, or that no page has (G24)."""
    if not NARROWEST <= width <= WIDEST:
        rule = f"a nomogram is not drawn {width:g} mm wide"
        advice = f"from {NARROWEST:g} to {WIDEST:g} mm: 85 for one column, 180 for two, 260 across an A4 page"
        raise PredictionError(Finding("G24", rule, advice, value=f"{width:g}"))
