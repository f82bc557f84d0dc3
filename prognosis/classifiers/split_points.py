"""Where a decision tree cuts, in the units of its columns, and whom it finds on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cohorts.errors import Finding, PredictionError
from prognosis.classifiers.leaf_shares import LeafSharesEstimate


def split_points(estimate: Any) -> pd.DataFrame:
    """Tell the cuts of a decision tree as a reader writes them down.

    Parameters
    ----------
    estimate : of a fitted `DecisionTree` (``model.estimate``).

    Returns
    -------
    pandas.DataFrame
        A row a cut, from the root: `depth` (0 the root), `within` (the conditions above it, empty at the root), `term`
        (a design column: a variable, or a dummy of one), `threshold` in the unit of that column, `share_up_to` and
        `share_above` : shares of events among the training rows with values up to it and above it, weighted as the
        tree was trained. No rows where nothing is split.

    Notes
    -----
    A threshold lies midway between two neighbouring values of the training rows. It is an estimate, and one with a
    wide and odd distribution: bootstrap it before it is printed as a rule.

    Raises
    ------
    PredictionError
        I94 another model than one tree.
    """
    if not isinstance(estimate, LeafSharesEstimate) or estimate.trained.machine.trees.trees != 1:
        rule = f"{type(estimate).__name__} is no single decision tree: it has no thresholds to read"
        raise PredictionError(Finding("I94", rule, "fit DecisionTree; model.summary tells what other machines use"))
    scale, tree = estimate.trained.scale, estimate.trained.machine.trees
    cuts: list[dict[str, Any]] = []
    above: list[tuple[int, int, str]] = [(0, 0, "")]
    while above:
        node, depth, within = above.pop(0)
        column, child = int(tree.feature[node]), int(tree.child[node])
        if column < 0:
            continue
        threshold = float(tree.threshold[node] * scale.sds[column] + scale.rest[column] + scale.means[column])
        term, shares = estimate.names[column], np.asarray(tree.leaf[[child, child + 1]], float)
        cuts.append({"depth": depth, "within": within, "term": term, "threshold": threshold,
                     "share_up_to": float(shares[0]), "share_above": float(shares[1])})  # fmt: skip
        start = f"{within} and " if within else ""
        above += [(child, depth + 1, f"{start}{term} <= {threshold:.4g}"),
                  (child + 1, depth + 1, f"{start}{term} > {threshold:.4g}")]  # fmt: skip
    columns = ["depth", "within", "term", "threshold", "share_up_to", "share_above"]
    return pd.DataFrame(cuts, columns=columns)
