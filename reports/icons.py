"""Small drawings without lettering, as SVG text: the icon array of 100 people and the bar of one contribution."""

from __future__ import annotations

from reports.frequencies import PEOPLE, Frequency

COLUMNS = 10
CELL = 10.0
# light and dark are far apart in lightness, so that a grey print or a colour-blind eye reads the same
DARK, LIGHT, LINE = "#173f5f", "#eef1f4", "#7b8794"
OTHER = "#c3d0dc"
RAISES, LOWERS = "#173f5f", "#b9c6d2"
BAR_WIDTH, BAR_HEIGHT, BAR_REACH = 120.0, 12.0, 54.0
HEAD = "M5 1.1a1.55 1.55 0 1 1 0 3.1a1.55 1.55 0 1 1 0-3.1Z"
BODY = "M3.6 4.7h2.8a1.3 1.3 0 0 1 1.3 1.3v3.2h-5.4v-3.2a1.3 1.3 0 0 1 1.3-1.3Z"
CROSS = "M2.3 9.2L7.7 4.7"
OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
)


def icon_array(people: Frequency) -> str:
    """Return 100 figures: `people.event` dark ones first, and a dot on each that lies inside the interval.

    Parameters
    ----------
    people : the risk as people of 100; figures number ``lower + 1`` to ``upper`` carry the dot. Those with a competing
        event first follow, grey and crossed through.
    """
    figures = "".join(_person(number, people) for number in range(1, PEOPLE + 1))
    side = COLUMNS * CELL
    return f"{OPEN.format(width=side, height=side)}{figures}</svg>"


def _person(number: int, people: Frequency) -> str:
    row, column = divmod(number - 1, COLUMNS)
    event = number <= people.event
    other = not event and number <= people.event + (people.other or 0)
    name, fill, line = _looks(event, other)
    body = f'<path class="{name}" d="{HEAD}{BODY}" fill="{fill}" stroke="{line}" stroke-width=".5"/>'
    cross = f'<path d="{CROSS}" stroke="{DARK}" stroke-width=".6"/>' if other else ""
    dot = f'<circle class="range" cx="5" cy="7" r="1.1" fill="{LIGHT if event else DARK}"/>'
    dot = dot if _inside(number, people) else ""
    return f'<g transform="translate({column * CELL:g} {row * CELL:g})">{body}{cross}{dot}</g>'


def _looks(event: bool, other: bool) -> tuple[str, str, str]:
    """Class, fill and line of a figure."""
    if event:
        return "event", DARK, DARK
    return ("other", OTHER, LINE) if other else ("none", LIGHT, LINE)


def _inside(number: int, people: Frequency) -> bool:
    """Tell whether a figure lies between the limits of the risk."""
    return people.lower is not None and people.upper is not None and people.lower < number <= people.upper


def effect_bar(contribution: float, largest: float) -> str:
    """Return one bar from the middle line: to the right and dark raises the risk, to the left and pale lowers it.

    Parameters
    ----------
    contribution : distance from the average patient on the log hazard scale.
    largest : the largest absolute contribution of the patient, which has the full length.
    """
    length = BAR_REACH * abs(contribution) / largest if largest > 0 else 0.0
    middle = BAR_WIDTH / 2
    start = middle if contribution > 0 else middle - length
    fill = RAISES if contribution > 0 else LOWERS
    return (
        f"{OPEN.format(width=BAR_WIDTH, height=BAR_HEIGHT)}"
        f'<rect x="{start:.2f}" y="2" width="{length:.2f}" height="8" fill="{fill}"'
        f' stroke="{RAISES}" stroke-width=".5"/>'
        f'<path d="M{middle:g} 0V{BAR_HEIGHT:g}" stroke="{LINE}" stroke-width=".8"/></svg>'
    )
