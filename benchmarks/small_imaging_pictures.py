"""The pictures of docs/small_imaging.md: a dynamic series with its curves, and three tumours with their contours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

from imaging_head.contour import contour_at
from imaging_head.delineation import FuzzyDelineator, PixelMachine
from imaging_head.kinetics import REFERENCE, hot_spot_curves
from imaging_head.phantom_series import simulate_series
from imaging_head.phantom_tumours import simulate_tumours

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
FRAMES = (0, 1, 2, 4, 8, 11)
DARK, ORANGE, GREY = "#1f4e79", "#a8400a", "#7b8794"
LINES = {"drawn": ("#ffffff", "-"), "fuzzy c-means": ("#ffb000", "--"), "vector machine": ("#5fd3ff", ":")}


def dynamic_series() -> None:
    """Draw six frames of one patient and the hot-spot curves of 61."""
    made = simulate_series(61, seed=2019)
    curves, event = hot_spot_curves(made.series, made.lesions), made.table["event"].to_numpy() == 1
    figure = plt.figure(figsize=(7.1, 4.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 2))
    for axes, frame in zip(above.subplots(1, len(FRAMES)), FRAMES, strict=True):
        axes.imshow(made.series.frames[0, frame], cmap="gray", vmin=40, vmax=330)
        axes.contour(made.lesions[0], [0.5], colors=["#ffb000"], linewidths=0.8)
        axes.set_title(f"{made.series.seconds[frame]:g} s", fontsize=7)
        axes.axis("off")
    axes = below.subplots()
    for group, colour, name in ((~event, ORANGE, "other"), (event, DARK, "lung")):
        own = curves[group]
        axes.plot(curves.columns, own.to_numpy().T, color=colour, linewidth=0.4, alpha=0.4)
        axes.plot(
            curves.columns, own.mean(), color=colour, linewidth=2, label=f"{name}, {len(own)} patients and their mean"
        )
    axes.axvline(REFERENCE, color=GREY, linewidth=0.8, linestyle="--")
    axes.annotate("wash-out counts from here", (REFERENCE + 1.5, 8), fontsize=7, color=GREY)
    axes.set_xlabel("seconds after the injection", fontsize=7)
    axes.set_ylabel("hot spot, % above the signal without contrast", fontsize=7)
    finish(figure, axes, "dynamic_series.png")


def delineation() -> None:
    """Draw one tumour of each kind, CT and PET, with contours learnt from others."""
    marked = simulate_tumours(seed=2017)
    machine = PixelMachine("svm", seed=2017)
    figure, grid = plt.subplots(2, 3, figsize=(7.1, 5.2), layout="constrained")
    for column, patient in enumerate(("S01", "G02", "P01")):
        place = marked.patients.index(patient)
        image = marked.images[place]
        learnt = machine.fit(marked.take([row for row in range(len(marked)) if row != place]))
        masks = {
            "drawn": marked.masks[place],
            "fuzzy c-means": contour_at(FuzzyDelineator(clusters=3).scores(image)),
            "vector machine": contour_at(learnt.scores(image)),
        }
        for axes, channel, limits in ((grid[0, column], 1, (-1000, 200)), (grid[1, column], 0, (0, 6))):
            axes.imshow(image[..., channel], cmap="gray", vmin=limits[0], vmax=limits[1])
            for name, mask in masks.items():
                axes.contour(mask, [0.5], colors=[LINES[name][0]], linestyles=[LINES[name][1]], linewidths=1.3)
            axes.axis("off")
        grid[0, column].set_title({"S": "solid", "G": "ground glass", "P": "part-solid"}[patient[0]], fontsize=8)
    lines = [plt.Line2D([], [], color=colour, linestyle=style) for colour, style in LINES.values()]
    figure.legend(
        lines, list(LINES), loc="outside lower center", ncols=3, fontsize=7, facecolor="#333333", labelcolor="w"
    )
    figure.savefig(PICTURES / "delineation.png", dpi=110)


def finish(figure: Any, axes: Any, name: str) -> None:
    """Set small letters, and write."""
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, np.max(axes.get_lines()[0].get_xdata()))
    axes.legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    figure.savefig(PICTURES / name, dpi=110)


if __name__ == "__main__":
    dynamic_series()
    delineation()
