"""A film, with or without its heat map, as SVG text: the picture and a letter for the side."""

from __future__ import annotations

from reports.patient_content import FilmPart

# Letters as strokes of a pen in a box of 6 x 10: a page shows no font inside a picture.
STROKES = {
    "R": "M0 10V0H3.4A2.7 2.7 0 0 1 3.4 5.4H0M3 5.4L6 10",
    "L": "M0 0V10H5.4",
    "B": "M0 0V10H3.4A2.6 2.6 0 0 0 3.4 4.8H0M3 4.8A2.4 2.4 0 0 0 3 0H0",
}
LETTER = 0.055  # of the picture's longer edge, by a tenth of the letter's height


def pictures(part: FilmPart) -> dict[str, str]:
    """Return the film, and the film under its heat map where there is one, by name."""
    named = {"film": part.film, "heat": part.heat}
    return {name: film_picture(png, part.width, part.height, part.side) for name, png in named.items() if png}


def film_picture(png: str, width: int, height: int, side: str) -> str:
    """Return a picture with the letter of the side in its lower left corner, white on black.

    Parameters
    ----------
    png : the picture, base64. width, height : in pixels. side : R, L, B, or "" where it is not known.
    """
    scale = max(width, height) * LETTER / 10
    letter = ""
    if side in STROKES:
        at = f"translate({5 * scale:.2f} {height - 15 * scale:.2f}) scale({scale:.4f})"
        strokes = "".join(
            f'<path d="{STROKES[side]}" stroke="{paint}" stroke-width="{wide}"/>'
            for paint, wide in (("#000000", 4), ("#ffffff", 1.5))
        )
        letter = f'<g transform="{at}" fill="none" stroke-linejoin="round" stroke-linecap="round">{strokes}</g>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{png}"/>{letter}</svg>'
    )
