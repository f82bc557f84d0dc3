"""What boosted trees ask about most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prognosis.boosting.ensemble import Ensemble


def importance_of(ensemble: Ensemble, variables: tuple[str, ...]) -> pd.DataFrame:
    """Return a line for each raw variable, the largest gain first.

    Parameters
    ----------
    variables : (features,) raw variable of each feature.

    Returns
    -------
    Frame of term; splits, how many nodes ask it; gain, its share of the loss that all splits take away in the training
    rows; cover, mean curvature of the rows at its splits (for Cox about their expected events). Gain favours variables
    of many values and says nothing of direction; see `FittedModel.explain`.

    Notes
    -----
    Sums over the features of a variable of xgboost's ``weight``, ``total_gain`` and ``total_cover``.
    """
    inner = ensemble.feature >= 0
    asked = ensemble.feature[inner]
    names = list(dict.fromkeys(variables))
    place = np.array([names.index(variable) for variable in variables])[asked]
    splits, gain, cover = (
        np.bincount(place, weights=values, minlength=len(names))
        for values in (np.ones(len(asked)), ensemble.gain[inner], ensemble.cover[inner])
    )
    total = gain.sum()
    table = pd.DataFrame(
        {
            "term": names,
            "splits": splits.astype(int),
            "gain": gain / total if total > 0 else gain,
            "cover": np.divide(cover, splits, out=np.zeros(len(names)), where=splits > 0),
        }
    )
    return table.sort_values("gain", ascending=False, kind="stable", ignore_index=True)
