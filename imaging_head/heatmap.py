"""A heat map: which parts of one film moved the score of a network up or down, on the grid of the film."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cohorts.errors import Finding, ImageError
from imaging_head.film import Film

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]
Method = Literal["grad_cam", "gradient_shap"]


@dataclass(frozen=True, eq=False, repr=False)
class HeatMap:
    """Where a network looked for one score of one film; it says nothing about where a tumour is.

    Parameters
    ----------
    values : (rows, columns), float32: above 0 raised the score, below 0 lowered it, in units of the score by cell of
        the network (Grad-CAM) or by pixel (expected gradients).
    method : ``grad_cam`` or ``gradient_shap``. layer : whose activations were weighed; ``input`` for pixels.
    cells : (rows, columns) of that layer, over the square that the network saw: the map knows nothing finer.
    score : the linear predictor of the film, log-odds or log relative hazard, which the map explains.
    constant : part of the score that no place has: score less the sum over all cells or pixels.
    patient : whose film it is. averaged : number of networks whose maps were averaged.

    Notes
    -----
    Grad-CAM (Selvaraju and colleagues 2017, ICCV) without its last step, which sets to 0 what lowered the score. In the
    last layer before an average pool and one linear layer, cells and constant add up to the score exactly.
    """

    values: Floats
    method: Method
    layer: str
    cells: tuple[int, int]
    score: float
    constant: float
    patient: str
    averaged: int = 1

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        return f"HeatMap({self.method} of {self.patient}: {rows} x {columns}, {self.layer} of {self.cells})"

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return float(self.values.min()), float(self.values.max())

    @property
    def strongest(self) -> float:
        """Largest distance from 0, which a picture shows in full colour; 0 where nothing moved the score."""
        return float(np.abs(self.values).max())

    @property
    def relative(self) -> Floats:
        """Values from -1 to 1, the strongest place at one of them; all 0 where nothing moved the score."""
        return self.values / np.float32(self.strongest or 1.0)

    def smoothed(self, pixels: float) -> HeatMap:
        """Return the map under a normal kernel with this standard deviation: maps of pixels are too fine to see."""
        from scipy.ndimage import gaussian_filter

        values: Floats = gaussian_filter(self.values, pixels, mode="nearest")
        return replace(self, values=values)

    def on(self, film: Film, cut: bool = True) -> HeatMap:
        """Return the map of a square on the film that the square was made of, margins beside the film cut off.

        Parameters
        ----------
        film, cut : as `Film.square` had them.

        Raises
        ------
        ImageError
            I70 the map is no square, or the film would fill another part of it.
        """
        size = self.values.shape[0]
        if self.values.shape != (size, size):
            rule = f"a map of {self.values.shape[0]} x {self.values.shape[1]} is not that of a square"
            raise ImageError(Finding("I70", rule, "make it from Radiographs.squares", file=film.name))
        shown = film.inside if cut else film.pixels
        top, left, height, width = film.placed(size, cut)
        part = replace(self, values=self.values[top : top + height, left : left + width])
        return part.resized((shown.shape[0], shown.shape[1]))

    def resized(self, shape: tuple[int, int]) -> HeatMap:
        """Return the map on another grid, (rows, columns), between whose points it is linear."""
        size = shape[1], shape[0]
        values = np.asarray(Image.fromarray(self.values).resize(size, Image.Resampling.BILINEAR), np.float32)
        return replace(self, values=values)

    def mass_inside(self, box: Box, side: Literal["raised", "lowered"] = "raised") -> float:
        """Return the share of what raised (or lowered) the score that lies inside a box, 0 to 1.

        Not a number where nothing did. To be compared with the share that lies in the boxes of other films: a lesion is
        more often in some places than in others, and a network looks more often there.

        Parameters
        ----------
        box : (top, bottom, left, right) in pixels of the map, the ends excluded. side : of 0.
        """
        moved = np.clip(self.values if side == "raised" else -self.values, 0, None).astype(np.float64)
        total = moved.sum()
        top, bottom, left, right = box
        return float(moved[top:bottom, left:right].sum() / total) if total > 0 else float("nan")


def average(maps: tuple[HeatMap, ...]) -> HeatMap:
    """Return the map of a score that is the mean of several networks' scores of one film.

    Raises
    ------
    ImageError
        I70 no maps, or maps of several patients, methods, layers or grids.
    """
    kinds = {(m.patient, m.method, m.layer, m.cells, m.values.shape) for m in maps}
    if len(kinds) != 1:
        rule = f"{len(maps)} maps of {len(kinds)} kinds of patient, method, layer and grid"
        raise ImageError(Finding("I70", rule, "average maps of one film, made in one way"))
    values = np.mean([each.values.astype(np.float64) for each in maps], axis=0).astype(np.float32)
    score, constant = (float(np.mean([getattr(m, name) for m in maps])) for name in ("score", "constant"))
    return replace(maps[0], values=values, score=score, constant=constant, averaged=sum(m.averaged for m in maps))
