"""Heat maps of a cross-fitted score: each film explained by the networks that made its score, and by no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from imaging_head.averaged_learner import AveragedFit
from imaging_head.cross_fit import CrossFitted
from imaging_head.explained_network import FittedNetwork
from imaging_head.grad_cam import grad_cam
from imaging_head.heatmap import HeatMap, average
from imaging_head.radiographs import Squares

Explain = Callable[[FittedNetwork, Squares, Squares], tuple[HeatMap, ...]]
BACKGROUND = 40
STREAM = 71


def explain_score(
    crossed: CrossFitted, films: Squares, explain: Explain = grad_cam, background: int = BACKGROUND, seed: int = 0
) -> tuple[HeatMap, ...]:
    """Return a heat map of each film's score.

    Parameters
    ----------
    crossed : the score, with its networks. films : squares, of patients of the study or of new ones.
    explain : `grad_cam`, or another function of a fitted network, films and a background.
    background : number of films, of patients that a network was trained on, which its maps are compared with.
    seed : of their choice.

    Returns
    -------
    One map a film, in their order. A patient of the study by the network of the score, which never saw the patient; a
    new one by the mean over all networks, as `CrossFitted.score_new` scores.

    Raises
    ------
    ImageError
        I70, I71; see `grad_cam`.
    """
    fold = {patient: int(own) for patient, own in zip(crossed.networks.outcome.ids, crossed.networks.fold, strict=True)}
    own = np.array([fold.get(patient, -1) for patient in films.patients])
    found: dict[int, list[HeatMap]] = {row: [] for row in range(len(films))}
    for without in range(crossed.score.folds.k):
        rows = np.flatnonzero((own == without) | (own == -1))
        if len(rows):
            behind = _background(crossed, without, background, seed)
            for row, heat in zip(rows, _maps(crossed.net(without), _taken(films, rows), behind, explain), strict=True):
                found[int(row)].append(heat)
    return tuple(average(tuple(maps)) for maps in found.values())


def _maps(net: Any, films: Squares, behind: Squares, explain: Explain) -> tuple[HeatMap, ...]:
    """Explain a network, or the mean of the members of an averaged learner."""
    if not isinstance(net, AveragedFit):
        return explain(net, films, behind)
    by_member = [_maps(member, films, behind, explain) for member in net.members]
    return tuple(average(maps) for maps in zip(*by_member, strict=True))


def _background(crossed: CrossFitted, without: int, count: int, seed: int) -> Squares:
    """Return films that the network without a fold was trained on, one a patient, drawn by the fold."""
    networks = crossed.networks
    seen = sorted(p for p, fold in zip(networks.outcome.ids, networks.fold, strict=True) if fold != without)
    rng = np.random.default_rng(np.random.SeedSequence([seed, STREAM, without]))
    drawn = {seen[place] for place in rng.choice(len(seen), min(count, len(seen)), replace=False)}
    first = {patient: row for row, patient in reversed(list(enumerate(networks.films.patients))) if patient in drawn}
    return _taken(networks.films, sorted(first.values()))


def _taken(films: Squares, rows: Sequence[int] | np.ndarray[Any, Any]) -> Squares:
    return Squares(films.pixels[rows], tuple(films.patients[row] for row in rows))
