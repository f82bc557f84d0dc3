"""Small drawings without lettering, as SVG text: the icon array of 100 people and the bar of one contribution."""

from __future__ import annotations

from reports.frequencies import PEOPLE, Frequency

COLUMNS = 10
CELL = 10.0
# light and dark are far apart in lightness, so that a grey print or a colour-blind eye reads the same
DARK, LIGHT, LINE = "#173f5f", "#eef1f4", "#7b8794"
RAISES, LOWERS = "#173f5f", "#b9c6d2"
BAR_WIDTH, BAR_HEIGHT, BAR_REACH = 120.0, 12.0, 54.0
HEAD = "M5 1.1a1.55 1.55 0 1 1 0 3.1a1.55 1.55 0 1 1 0-3.1Z"
BODY = "M3.6 4.7h2.8a1.3 1.3 0 0 1 1.3 1.3v3.2h-5.4v-3.2a1.3 1.3 0 0 1 1.3-1.3Z"
OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
)


def icon_array(people: Frequency) -> str:
    """Return 100 figures: `people.event` dark ones first, and a dot on each that lies inside the interval.

    Parameters
    ----------
    people : the risk as people of 100; figures number ``lower + 1`` to ``upper`` carry the dot.
    """
    figures = "".join(_person(number, people) for number in range(1, PEOPLE + 1))
    side = COLUMNS * CELL
    return f"{OPEN.format(width=side, height=side)}{figures}</svg>"


def _person(number: int, people: Frequency) -> str:
    row, column = divmod(number - 1, COLUMNS)
    event = number <= people.event
    inside = people.lower < number <= people.upper
    name, fill, line = ("event", DARK, DARK) if event else ("none", LIGHT, LINE)
    body = f'<path class="{name}" d="{HEAD}{BODY}" fill="{fill}" stroke="{line}" stroke-width=".5"/>'
    dot = f'<circle class="range" cx="5" cy="7" r="1.1" fill="{LIGHT if event else DARK}"/>' if inside else ""
    return f'<g transform="translate({column * CELL:g} {row * CELL:g})">{body}{dot}</g>'


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
