"""Masks of lesions from pixels: fuzzy clusters, a vector machine or a small net per pixel, judged patient by patient.

Made to draw masks for radiomics near a lesion that a reader has found. It detects nothing and plans no dose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cohorts.errors import Finding, FitError, ImageError
from imaging_head.contour import contour_at, optimum_contour
from imaging_head.fuzzy_c_means import fuzzy_c_means
from imaging_head.marked_images import WINDOWS, MarkedImages, folds_of, pixel_features
from imaging_head.mask_agreement import dice, hd95

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class FittedDelineator(Protocol):
    """What gives every pixel of a picture a score."""

    def scores(self, image: NDArray[Any]) -> Floats:
        """Return how much each pixel belongs to the lesion, 0 to 1, the image's shape without channels."""
        ...


class Delineator(Protocol):
    """Declared and unfitted."""

    def fit(self, marked: MarkedImages) -> FittedDelineator:
        """Learn from images with their masks; whatever is scaled or chosen is so inside these images."""
        ...


@dataclass(frozen=True)
class FuzzyDelineator:
    """Fuzzy c-means of each picture by itself: nothing is learnt, masks are not looked at.

    Parameters
    ----------
    clusters : the lesion and as many surroundings as the picture has; with one too few, a surrounding is taken for
        lesion. fuzziness : see `fuzzy_c_means`. channel : the lesion is the cluster whose centre is highest in it (PET,
        or a map of enhancement); ``lowest=True`` turns that round. windows : see `pixel_features`; none by default.
    """

    clusters: int = 3
    fuzziness: float = 2.0
    channel: int = 0
    lowest: bool = False
    windows: tuple[int, ...] = ()

    def fit(self, marked: MarkedImages) -> FuzzyDelineator:  # noqa: ARG002
        """Return itself."""
        return self

    def scores(self, image: NDArray[Any]) -> Floats:
        """Return the membership of the lesion's cluster.

        Raises
        ------
        FitError
            I92 a picture in which nothing divides the pixels. ImageError: I90 no such channel.
        """
        channels = np.shape(image)[-1]
        if not 0 <= self.channel < channels:
            raise ImageError(Finding("I90", f"channel {self.channel} of {channels}", "count channels from 0"))
        features = pixel_features(image, self.windows)
        spread, column = features.std(axis=0), self.channel * (1 + 2 * len(self.windows))
        if spread[column] == 0:
            rule = f"channel {self.channel} is constant: no cluster is highest in it"
            raise FitError(Finding("I92", rule, "choose the channel that shows the lesion"))
        standard = features[:, spread > 0] / spread[spread > 0]
        found = fuzzy_c_means(standard, self.clusters, self.fuzziness)
        place = int(np.sum(spread[:column] > 0))
        level = found.centres[:, place]
        lesion = int(np.argmin(level) if self.lowest else np.argmax(level))
        return found.memberships(standard)[:, lesion].astype(np.float64).reshape(np.shape(image)[:-1])


@dataclass(frozen=True)
class PixelMachine:
    """A classifier of pixels learnt from other patients' masks.

    Parameters
    ----------
    kind : ``svm``, a vector machine with a Gaussian kernel; ``ann``, a net of one hidden layer.
    per_image : pixels drawn of each training image, half of them from the mask; a picture's size does not count.
    penalty : C of the vector machine. hidden : units of the net. windows : see `pixel_features`.
    seed, task : of the draws and of the net's start.

    Notes
    -----
    Because lesion and surroundings are drawn alike often, the score answers for pictures of which half is lesion; what
    that means for the contour is left to the level, or to `optimum_contour`. Columns are standardised by the training
    pixels. The score of the vector machine is a sigmoid of its decision value, which orders pixels and is no
    probability. scikit-learn trains.
    """

    kind: Literal["svm", "ann"] = "svm"
    per_image: int = 200
    penalty: float = 1.0
    hidden: int = 12
    windows: tuple[int, ...] = WINDOWS
    seed: int = 0
    task: tuple[int, ...] = ()

    def with_task(self, *task: int) -> PixelMachine:
        """Return the machine with random numbers of its own."""
        return replace(self, task=task)

    def fit(self, marked: MarkedImages) -> FittedPixelMachine:
        """Train on drawn pixels.

        Raises
        ------
        ImageError
            I90 settings that mean nothing.
        """
        if self.kind not in ("svm", "ann") or min(self.per_image, self.hidden) < 2 or not self.penalty > 0:
            rule = f"kind {self.kind}, {self.per_image} pixels an image, {self.hidden} units, penalty {self.penalty}"
            raise ImageError(Finding("I90", rule, "svm or ann, at least 2 pixels and units, a positive penalty"))
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, *self.task]))
        drawn = [self._drawn(image, mask, rng) for image, mask in zip(marked.images, marked.masks, strict=True)]
        values = np.concatenate([values for values, _ in drawn]).astype(np.float64)
        inside = np.concatenate([inside for _, inside in drawn])
        mean, spread = values.mean(axis=0), values.std(axis=0)
        spread[spread == 0] = 1.0
        machine = self._machine(int(rng.integers(2**31)))
        with threadpool_limits(1):
            machine.fit((values - mean) / spread, inside)
        return FittedPixelMachine(machine, mean, spread, self.windows)

    def _drawn(self, image: NDArray[Any], mask: Mask, rng: np.random.Generator) -> tuple[Floats, Mask]:
        features, inside = pixel_features(image, self.windows), mask.ravel()
        sides = [np.flatnonzero(inside == side) for side in (True, False)]
        rows = np.concatenate([rng.choice(side, min(len(side), self.per_image // 2), replace=False) for side in sides])
        return features[rows], inside[rows]

    def _machine(self, seed: int) -> Any:
        if self.kind == "svm":
            from sklearn.svm import SVC

            return SVC(C=self.penalty, gamma="scale")
        from sklearn.neural_network import MLPClassifier

        # lbfgs ends at an optimum on a few thousand pixels and has no learning rate to choose
        return MLPClassifier((self.hidden,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=seed)


@dataclass(frozen=True, eq=False)
class FittedPixelMachine:
    """A trained classifier of pixels, and the scale of its columns."""

    machine: Any
    mean: Floats
    spread: Floats
    windows: tuple[int, ...]

    def scores(self, image: NDArray[Any]) -> Floats:
        """Return the net's probability, or a sigmoid of the vector machine's decision value.

        Raises
        ------
        ImageError
            I90 an image of other channels than those learnt from.
        """
        from scipy.special import expit

        features = pixel_features(image, self.windows)
        if features.shape[1] != len(self.mean):
            raise ImageError(Finding("I90", "an image of other channels than the training's", "give the same channels"))
        z = (features - self.mean) / self.spread
        with threadpool_limits(1):
            if hasattr(self.machine, "decision_function"):
                score = expit(self.machine.decision_function(z))
            else:
                score = self.machine.predict_proba(z)[:, 1]
        return np.asarray(score, np.float64).reshape(np.shape(image)[:-1])


@dataclass(frozen=True, eq=False)
class Delineations:
    """Masks of patients who were left out, with their agreement.

    Parameters
    ----------
    masks : in the order of the images. table : a row an image: patient, dice, hd95 (millimetres).
    """

    masks: tuple[Mask, ...]
    table: pd.DataFrame

    @property
    def by_patient(self) -> pd.DataFrame:
        """Mean over each patient's images: a patient counts once."""
        return self.table.groupby("patient", sort=False).mean()


def delineate_left_out(
    marked: MarkedImages,
    delineator: Delineator,
    folds: Sequence[Any] | None = None,
    edge_channel: int | None = None,
) -> Delineations:
    """Delineate every image by what was learnt from other patients.

    Parameters
    ----------
    folds : of the images; by default each patient is left out in turn.
    edge_channel : channel for `optimum_contour`; None cuts the score at one half.

    Raises
    ------
    LeakageError
        I91 pixels of one patient in two folds. ImageError: I90 impossible folds or channel.
    """
    fold = folds_of(marked.patients, folds)
    masks: list[Mask] = [np.empty(0, bool)] * len(marked)
    for number, out in enumerate(np.unique(fold)):
        own = delineator.with_task(number) if isinstance(delineator, PixelMachine) else delineator
        fitted = own.fit(marked.take(np.flatnonzero(fold != out).tolist()))
        for place in np.flatnonzero(fold == out).tolist():
            image = marked.images[place]
            score = fitted.scores(image)
            masks[place] = (
                contour_at(score) if edge_channel is None else optimum_contour(score, image[..., edge_channel])
            )
    pairs = list(zip(masks, marked.masks, strict=True))
    table = pd.DataFrame(
        {
            "patient": marked.patients,
            "dice": [dice(mask, truth) for mask, truth in pairs],
            "hd95": [hd95(mask, truth, marked.spacing) for mask, truth in pairs],
        }
    )
    return Delineations(tuple(masks), table)
