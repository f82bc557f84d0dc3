"""Which change is needed? The nested models compared, and the closed test that picks the least."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from prognosis.updating.likelihoods import Level

COLUMNS = ("model", "parameters", "loglik", "against", "chi_square", "df", "p", "chosen")
LEVEL = 0.05


def closed_test(models: Mapping[str, Level], level: float = LEVEL) -> tuple[str, pd.DataFrame]:
    """Pick the least change that the data do not reject against estimating everything anew.

    Parameters
    ----------
    models : original, intercept, slope and refit. level : of each test.

    Returns
    -------
    Name of the model, and the table of `compared`. The original is tested first; if it is not rejected nothing is
    changed, else the new level is tested, and so on: the chance to change a model that is right is at most `level`.

    Notes
    -----
    Source: Vergouwe et al. (2017), Statistics in Medicine 36:4529.
    """
    table = compared(models, "refit")
    kept = table[(table["p"] > level) | (table["model"] == "refit")]
    chosen = str(kept["model"].iloc[0])
    return chosen, table.assign(chosen=table["model"] == chosen)


def compared(models: Mapping[str, Level], against: str) -> pd.DataFrame:
    """Test each of the nested models against a larger one by the likelihood ratio.

    Returns
    -------
    Table model, parameters (estimated in the new cohort), loglik, against, chi_square, df, p, chosen (the larger one).
    """
    largest = models[against]
    lines = []
    for name, model in models.items():
        df = largest.parameters - model.parameters
        # The larger model cannot fit worse; what rounding makes of that is 0.
        chi_square = max(2 * (largest.loglik - model.loglik), 0.0) if df > 0 else np.nan
        p = float(chdtrc(df, chi_square)) if df > 0 else np.nan
        other = against if df > 0 else ""
        lines.append((name, model.parameters, model.loglik, other, chi_square, df, p, name == against))
    return pd.DataFrame(lines, columns=list(COLUMNS))
