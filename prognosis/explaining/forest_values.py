"""Exact Shapley values of a survival forest: whole risk curves, path-dependent or against background rows."""

from __future__ import annotations

from functools import partial
from math import factorial

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.explaining.background import Background
from prognosis.explaining.explanation import Parts
from prognosis.forest.estimate import ForestEstimate
from prognosis.forest.trees import over_threads
from prognosis.kernels.forest_shap import MOST, Nodes, add_interventional, add_path_dependent, longest_path

Floats = NDArray[np.float64]
# Patients explained at a time by one thread.
BLOCK = 32


def forest_values(
    estimate: ForestEstimate,
    predictors: tuple[str, ...],
    design: Floats,
    horizons: Floats,
    background: Background | None,
) -> Parts:
    """Return what each variable adds to the risk by each horizon; all features of a variable enter together.

    Parameters
    ----------
    predictors : variables, in order. design : (m, columns). horizons : (h,). background : rows whose values stand in
    for a variable that is left out (interventional); None for the mean over the training rows that reached the same
    nodes (path-dependent).

    Raises
    ------
    PredictionError
        X05 a path asks more variables than the arithmetic has places for.

    Notes
    -----
    Path-dependent: Lundberg et al. (2020), with the bags' rows as covers, as shap's
    ``TreeExplainer(feature_perturbation="tree_path_dependent")``; interventional: as its ``interventional``.
    """
    times, place = np.unique(horizons, return_inverse=True)
    nodes, X = nodes_of(estimate, predictors, times), estimate.features(design)
    longest = longest_path(nodes)
    if longest > MOST:
        rule = f"a tree asks {longest} variables on the way to one leaf, at most {MOST} can be told apart"
        raise PredictionError(Finding("X05", rule, "larger leaves, or fewer predictors"))
    if background is None:
        add = partial(_path_dependent, nodes=nodes, rules=quadrature(longest))
    else:
        Z = estimate.features(background.design)
        add = partial(_interventional, nodes=nodes, Z=Z, weight=background.weight, gain=gains(longest))
    blocks = [X[first : first + BLOCK] for first in range(0, len(X), BLOCK)]
    shape = (len(predictors), len(times) + 1)
    answers = over_threads(partial(_block, add, shape), blocks)
    values = np.concatenate([np.empty((0, *shape)), *(rises for rises, _ in answers)])
    base = answers[0][1] if answers else np.zeros(shape[1])
    curves = np.cumsum(values, axis=2)[:, :, place] / estimate.forest.trees
    means = np.cumsum(base)[place] / estimate.forest.trees
    unknown = horizons > estimate.forest.end
    curves[:, :, unknown] = np.nan
    return Parts(curves, np.tile(np.where(unknown, np.nan, means), (len(X), 1)), None)


def nodes_of(estimate: ForestEstimate, predictors: tuple[str, ...], times: Floats) -> Nodes:
    """Return the forest as the kernel walks it; times : (h,) increasing."""
    forest = estimate.forest
    step, rise = forest.steps(times)
    player = np.array([predictors.index(variable) for variable in estimate.variables], np.int64)
    gap_left = np.zeros(len(forest.feature), np.int8) if forest.gap_left is None else forest.gap_left
    tree = (forest.roots, forest.feature, forest.threshold, forest.child, forest.cover, gap_left)
    return Nodes(*tree, forest.start, player, step, rise)


def quadrature(longest: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on 0 to 1, row q for q nodes; exact for paths of up to `longest` variables."""
    most = (longest + 1) // 2
    points, weights = np.zeros((2, most + 1, max(most, 1)))
    for q in range(1, most + 1):
        x, w = np.polynomial.legendre.leggauss(q)
        points[q, :q], weights[q, :q] = (x + 1) / 2, w / 2
    return points, weights


def gains(longest: int) -> Floats:
    """Shapley weight of one of a variables against b others, (a - 1)! b! / (a + b)!, (longest + 1, longest + 1)."""
    out = np.zeros((longest + 1,) * 2)
    for a in range(1, longest + 1):
        for b in range(longest + 1 - a):
            out[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b)
    return out


def _block(add: partial[None], shape: tuple[int, int], X: Floats) -> tuple[Floats, Floats]:
    rises, base = np.zeros((len(X), *shape)), np.zeros(shape[1])
    add(np.ascontiguousarray(X), out=rises, base=base)
    return rises, base


def _path_dependent(X: Floats, *, nodes: Nodes, rules: tuple[Floats, Floats], out: Floats, base: Floats) -> None:
    add_path_dependent(X, nodes, *rules, out, base)


def _interventional(
    X: Floats, *, nodes: Nodes, Z: Floats, weight: Floats, gain: Floats, out: Floats, base: Floats
) -> None:
    add_interventional(X, np.ascontiguousarray(Z), weight, nodes, gain, out, base)
