"""SHAP values of pixels by expected gradients: fine, and noisy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError
from imaging_head.explained_network import FittedNetwork, Scored, check_background, check_same, tensor_of
from imaging_head.head import Tensor
from imaging_head.heatmap import HeatMap
from imaging_head.one_thread import one_thread
from imaging_head.radiographs import Squares

TASK = 70


def gradient_shap(
    fitted: FittedNetwork, films: Squares, background: Squares, samples: int = 200, seed: int = 0
) -> tuple[HeatMap, ...]:
    """Return what each pixel adds to the score of each film, against films of the training part.

    Parameters
    ----------
    fitted : whose linear predictor is explained. films : squares as it takes them.
    background : films that stand for "unknown", some 20 to 100 of those trained on. samples : gradients a film.
    seed : of the films and places at which gradients are taken.

    Returns
    -------
    One map a film, on the grid of the square. Pixels add up to the score less the mean score of the background, but for
    the error of sampling; `HeatMap.constant` is the score less the sum.

    Raises
    ------
    ImageError
        I70 no background, films of another size, fewer than one sample. I71 a score that is not the learner's own.

    Notes
    -----
    Expected gradients (Erion and colleagues 2021, Nat Mach Intell 3:620), ``shap.GradientExplainer``.
    """
    check_background(films, background)
    if samples < 1:
        raise ImageError(Finding("I70", f"{samples} samples", "take at least one, better 200"))
    explain = _explainer()
    with one_thread():
        scored = Scored(fitted)
        every = tensor_of(films)
        scores = scored.scores(every)
        check_same(fitted, films, scores)
        explainer = explain(_Single(scored), tensor_of(background))
        drawn = int(np.random.SeedSequence([seed, TASK]).generate_state(1)[0])
        with _own_random_numbers():
            # one by one from the same seed: a film's map does not depend on the others
            found = [np.asarray(explainer.shap_values(film[None], samples, rseed=drawn)) for film in every]
    size = every.shape[-1]
    return tuple(
        _map(patient, values.reshape(size, size), float(score))
        for patient, values, score in zip(films.patients, found, scores, strict=True)
    )


def _explainer() -> Callable[..., Any]:
    """Import shap, which calls what matplotlib is about to drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        from shap import GradientExplainer  # type: ignore[import-untyped]

    made: Callable[..., Any] = GradientExplainer
    return made


class _Single(torch.nn.Module):
    """The score alone, (films, 1), as shap takes it."""

    def __init__(self, scored: Scored) -> None:
        super().__init__()
        self.scored = scored

    def forward(self, films: Tensor) -> Tensor:
        """Return the score of each film."""
        score: Tensor = self.scored(films)[:, :1]
        return score


def _map(patient: str, values: NDArray[np.float64], score: float) -> HeatMap:
    rows, columns = values.shape
    constant = score - float(values.sum())
    return HeatMap(values.astype(np.float32), "gradient_shap", "input", (rows, columns), score, constant, patient)


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """Put numpy's common generator, which shap seeds, back as it was."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
