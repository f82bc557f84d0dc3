"""Grad-CAM of a score by MONAI: coarse, and after the last layer exact."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError
from imaging_head.explained_network import FittedNetwork, Scored, check_background, check_same, tensor_of
from imaging_head.head import Tensor
from imaging_head.heatmap import HeatMap
from imaging_head.one_thread import one_thread
from imaging_head.radiographs import Squares

LAST = "layer4"
LAYERS = ("layer1", "layer2", "layer3", LAST)
BATCH = 16


def grad_cam(
    fitted: FittedNetwork, films: Squares, background: Squares | Tensor | None = None, layer: str = LAST
) -> tuple[HeatMap, ...]:
    """Return which cells of a layer raised or lowered the score of each film.

    Parameters
    ----------
    fitted : whose linear predictor is explained. films : squares as it takes them.
    background : films that it was trained on, some 20 to 100, or their `usual_cells`: cells are then compared with
        their mean over these, so that what all films have, such as air, has no colour. None: compared with no
        activation at all.
    layer : of a ResNet, ``layer1`` to ``layer4``: the later, the closer to the answer, and the coarser (a cell of
        layer4 is 32 pixels of the square).

    Returns
    -------
    One map a film, on the grid of the square. A cell is the mean gradient of the score by each channel times the
    channel's activation. Of ``layer4``, before the average pool and one linear layer, cells and constant add up to the
    score exactly; with a background (and a score that is linear in the outputs) the constant is its mean score.

    Raises
    ------
    ImageError
        I70 no such layer, or a background of no films or another size. I71 a score that is not the learner's own.

    Notes
    -----
    Selvaraju and colleagues 2017 (ICCV); computed by ``monai.visualize.GradCAM``, once for the score and once for its
    negative, whose difference keeps what MONAI sets to 0.
    """
    _check_layer(layer)
    if isinstance(background, Squares):
        check_background(films, background)
        background = usual_cells(fitted, background, layer)
    with one_thread():
        cells, scores = _all_cells(Scored(fitted), films, layer)
        check_same(fitted, films, scores)
        usual = torch.zeros(1) if background is None else background
    return tuple(
        _map(patient, layer, values, float(score), films.pixels.shape[-1])
        for patient, values, score in zip(films.patients, (cells - usual).numpy(), scores, strict=True)
    )


def usual_cells(fitted: FittedNetwork, films: Squares, layer: str = LAST) -> Tensor:
    """Return the mean cells of films, (rows, columns), with which those of other films are compared.

    Raises
    ------
    ImageError
        I70 no such layer, or no films.
    """
    _check_layer(layer)
    check_background(films, films)
    with one_thread():
        return _all_cells(Scored(fitted), films, layer)[0].mean(0)


def _check_layer(layer: str) -> None:
    if layer not in LAYERS:
        raise ImageError(Finding("I70", f"no layer {layer!r}", f"choose one of {', '.join(LAYERS)}"))


def _all_cells(scored: Scored, films: Squares, layer: str) -> tuple[Tensor, Tensor]:
    """Return the cells of each film, (films, rows, columns), and its score, some films at a time."""
    every = tensor_of(films)
    parts = [_cells(scored, every[start : start + BATCH], layer) for start in range(0, len(every), BATCH)]
    cells, scores = (torch.cat(side) for side in zip(*parts, strict=True))
    return cells, scores


def _cells(scored: Scored, films: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """Return the cells of each film, (films, rows, columns), and its score."""
    from monai.visualize.class_activation_maps import GradCAM

    cam = GradCAM(scored, f"network.{layer}")
    raised, lowered = (cam.compute_map(films, class_idx=side)[:, 0].detach() for side in (0, 1))
    cells = raised - lowered
    if scored.mirror:
        cells = cells[: len(films)] + cells[len(films) :].flip(-1)
    return cells, scored.scores(films)


def _map(patient: str, layer: str, cells: NDArray[np.float32], score: float, size: int) -> HeatMap:
    wide = torch.nn.functional.interpolate(torch.as_tensor(cells)[None, None], (size, size), mode="bilinear")
    rows, columns = cells.shape
    constant = score - float(cells.sum(dtype=np.float64))
    return HeatMap(wide[0, 0].numpy(), "grad_cam", layer, (rows, columns), score, constant, patient)
