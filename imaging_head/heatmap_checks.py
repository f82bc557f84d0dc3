"""Does a heat map depend on what the network learnt? Weights are made random, layer after layer, and maps compared."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from cohorts.errors import Finding, ImageError
from imaging_head.explained_network import FittedNetwork, Scored, tensor_of
from imaging_head.head import Head
from imaging_head.heatmap import HeatMap
from imaging_head.one_thread import one_thread
from imaging_head.radiographs import Squares
from imaging_head.temperature import Temperature

Mapper = Callable[[FittedNetwork, Squares], tuple[HeatMap, ...]]
# From the answer backwards.
CASCADE = ("fc", "layer4", "layer3", "layer2", "layer1", "conv1")
ALIKE = 0.5


@dataclass(frozen=True, eq=False)
class WeightsCheck:
    """How alike the maps of a trained network are to those of its copies with random weights.

    Parameters
    ----------
    table : one row a film and layer: patient, random_from (all layers from the answer back to this one were made
        random), spearman (of all places, signed), ssim (of the maps as pictures, -1 to 1).
    """

    table: pd.DataFrame

    @property
    def means(self) -> pd.DataFrame:
        """Mean absolute rank correlation and mean structural similarity over the films, index random_from."""
        table = self.table.assign(spearman=self.table["spearman"].abs())
        return table.groupby("random_from", sort=False)[["spearman", "ssim"]].mean()

    @property
    def passed(self) -> bool:
        """Whether maps of the wholly random network are no longer alike: mean rank correlation below .5 either way."""
        return bool(self.means["spearman"].iloc[-1] < ALIKE)


def random_weights_check(
    fitted: FittedNetwork, films: Squares, mapper: Mapper, layers: tuple[str, ...] = CASCADE, seed: int = 0
) -> WeightsCheck:
    """Compare maps with those of the network after its layers were made random, from the answer backwards.

    Parameters
    ----------
    fitted : whose maps are judged. films : on which; some 10 to 50. mapper : makes the maps, such as `grad_cam`.
    layers : of the ResNet, in this order; each step keeps those before it random. seed : of the weights.

    Returns
    -------
    A map that stays the same shows edges of the film and not what was learnt: it must not be shown.

    Raises
    ------
    ImageError
        I70 no such layer, or no films. Besides, those of the mapper.

    Notes
    -----
    Cascading randomisation of Adebayo and colleagues 2018 (NeurIPS), with their two measures.
    """
    unknown = [layer for layer in layers if not hasattr(fitted.network, layer)]
    if unknown or not layers or not len(films):
        rule = f"layers {', '.join(unknown) or layers} on {len(films)} films"
        raise ImageError(Finding("I70", rule, f"name layers among {', '.join(CASCADE)}, and give films"))
    own = mapper(fitted, films)
    rows = []
    for step, layer in enumerate(layers):
        other = mapper(randomised(fitted, layers[: step + 1], seed), films)
        rows += [
            {"patient": a.patient, "random_from": layer, "spearman": _spearman(a, b), "ssim": _similarity(a, b)}
            for a, b in zip(own, other, strict=True)
        ]
    return WeightsCheck(pd.DataFrame(rows))


@dataclass(frozen=True, eq=False)
class Randomised:
    """A learner some of whose layers are random; see `FittedNetwork`."""

    network: nn.Module
    head: Head
    temperature: Temperature
    mirror: bool = False
    horizon: float | None = None

    def linear_predictor(self, films: Squares) -> pd.Series:
        """Return the score of each patient."""
        with one_thread():
            score = Scored(self).scores(tensor_of(films)).double().numpy()
        return pd.Series(score).groupby(list(films.patients), sort=False).mean()


def randomised(fitted: FittedNetwork, layers: tuple[str, ...], seed: int) -> Randomised:
    """Return the learner with these layers as if never trained; the state of torch's own generator stays as it was."""
    network = copy.deepcopy(fitted.network).cpu().float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in layers:
            for part in getattr(network, layer).modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()
    return Randomised(network, fitted.head, fitted.temperature, fitted.mirror, fitted.horizon)


def _spearman(first: HeatMap, second: HeatMap) -> float:
    """Return the rank correlation of two maps; 0 where one is flat and orders nothing."""
    from scipy.stats import rankdata

    ranks = [rankdata(each.values.ravel()) for each in (first, second)]
    if any(np.ptp(each) == 0 for each in ranks):
        return 0.0
    return float(np.corrcoef(ranks)[0, 1])


def _similarity(first: HeatMap, second: HeatMap) -> float:
    from monai.metrics.regression import SSIMMetric

    pair: list[Any] = [torch.as_tensor(each.relative)[None, None] for each in (first, second)]
    found: Any = SSIMMetric(spatial_dims=2, data_range=2.0)(*pair)
    return float(found.reshape(-1)[0])
