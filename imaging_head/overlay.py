"""A heat map laid over its film: orange raised the score, blue lowered it, and the film's grey stays readable."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cohorts.errors import Finding, ImageError
from imaging_head.heatmap import HeatMap

# Vermilion and blue of Okabe and Ito, told apart by every kind of colour vision.
RAISED, LOWERED = (0.835, 0.369, 0.0), (0.0, 0.447, 0.698)
# The film keeps at least half of its contrast under the strongest colour.
STRENGTH = 0.5
LINE, DASH = 0.5, 10


def overlay(grey: NDArray[np.float32], heat: HeatMap, strength: float = STRENGTH) -> NDArray[np.float32]:
    """Return film and map as one picture, (rows, columns, 3), from 0 to 1.

    Parameters
    ----------
    grey : (rows, columns) of the film, 0 to 1, on the grid of the map: `Film.for_report` and `HeatMap.on`.
    heat : whose strongest place gets the full colour: two pictures have two scales.
    strength : share of colour there, 0 to .5; less in proportion elsewhere, none where the score was not moved.

    Raises
    ------
    ImageError
        I70 film and map are of two grids, or a strength that hides the film.
    """
    if grey.shape != heat.values.shape or not 0 <= strength <= STRENGTH:
        rule = f"a film of {grey.shape} under a map of {heat.values.shape}, strength {strength}"
        raise ImageError(Finding("I70", rule, f"lay the map on the film with HeatMap.on; strength 0 to {STRENGTH}"))
    relative = heat.relative[..., None]
    colour = np.where(relative > 0, np.array(RAISED, np.float32), np.array(LOWERED, np.float32))
    share = strength * np.abs(relative)
    painted = grey[..., None] * (1 - share) + colour * share
    return np.asarray(np.clip(painted, 0, 1), np.float32)


def outlined(picture: NDArray[np.float32], heat: HeatMap, level: float = LINE) -> NDArray[np.float32]:
    """Return a picture with white lines where the map reaches a share of its strongest place.

    A whole line around what raised the score, a broken one around what lowered it: told apart in a grey print too.

    Parameters
    ----------
    picture : (rows, columns, 3), from 0 to 1, on the grid of the map. level : share of the strongest place.
    """
    rows, columns = np.indices(heat.values.shape)
    dashes = (rows + columns) % DASH < DASH // 2
    line = _edge(heat.relative >= level) | (_edge(heat.relative <= -level) & dashes)
    drawn = picture.copy()
    drawn[line] = 1.0
    return drawn


def png_of(picture: NDArray[np.float32]) -> bytes:
    """Return a picture from 0 to 1, (rows, columns) grey or (rows, columns, 3), as PNG; the same bytes every time."""
    buffer = io.BytesIO()
    Image.fromarray(np.round(255 * picture).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _edge(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of an area that have a neighbour outside it; the picture's own edge is no line."""
    padded = np.pad(inside, 1, mode="edge")
    neighbours = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: NDArray[np.bool_] = inside & ~neighbours
    return edge
