"""What a validation inside the cohort found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.validation.comparison import gain_of
from prognosis.validation.ranking import Asked, Ranking, rank_models
from prognosis.validation.risk_bands import RiskBands

Floats = NDArray[np.float64]
COLUMNS = ("model", "horizon", "metric", "apparent", "optimism", "corrected", "lower", "upper", "threshold")


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Risks of patients from models that were fitted without them (the first repeat of a cross-validation).

    Parameters
    ----------
    ids : (n,) patients of the study. horizons : (h,). risk : (n, h).
    """

    ids: tuple[str, ...]
    horizons: Floats
    risk: Floats


@dataclass(frozen=True)
class Validation:
    """Performance of models inside their own cohort, corrected for optimism or in patients left out.

    Parameters
    ----------
    table : one line a model, metric, horizon and threshold (not a number where a metric has none): model, horizon,
        metric, apparent, optimism, corrected, lower, upper, threshold.
    raw : one line a model, metric, place and task: task (label), resample (number), held_out; for the bootstrap
        in_resample, in_original, original_model_in_resample.
    method, repeats, seed : how. failed : refits that could not be done. warnings : findings.
    choice : why this method, where the package chose it. held_out : risks of patients left out, by model.
    bands : by model, for each horizon what was observed in patients of a similar out-of-fold risk; see `bands_of`.

    Notes
    -----
    Bootstrap: corrected = apparent minus mean optimism, at most the largest and at least the smallest possible value;
    normal interval (on the logit scale for what lies between 0 and
    1) whose variance is that of the index over the resamples plus that of the refits in the original rows, see
    `corrected_by_optimism`; for an index that is fixed by construction when apparent (the slope, always 1) that of the
    original model in the resamples. Patients left out:
    corrected = mean over the tasks, optimism = apparent minus it; interval by t with the variance of Nadeau and Bengio
    (2003), (1 / tasks + tested / trained) times that of the tasks, which counts that training sets overlap.
    """

    table: pd.DataFrame
    raw: pd.DataFrame
    method: str
    repeats: int
    seed: int
    failed: int
    warnings: tuple[Finding, ...] = ()
    choice: str = ""
    held_out: Mapping[str, HeldOut] = field(default_factory=dict)
    bands: Mapping[str, tuple[RiskBands, ...]] = field(default_factory=dict)

    def of(self, model: str) -> pd.DataFrame:
        """Lines of one model."""
        return self.table[self.table["model"] == model].reset_index(drop=True)

    def gain(self, of: object, over: object, level: float = 0.95) -> pd.DataFrame:
        """Estimate by how much one model is better or worse than another in the same resamples.

        Parameters
        ----------
        of, over : fitted models or their names. level : of the interval.

        Returns
        -------
        One line a metric, horizon and threshold: metric, horizon, threshold, difference (of - over, corrected), lower,
        upper, p (of a normal test for resamples, else of a t-test with the variance of Nadeau and Bengio).

        Raises
        ------
        PredictionError
            V06 a model that was not validated here; `level` out of its range (S14).
        """
        return gain_of(self.table, self.raw, str(getattr(of, "name", of)), str(getattr(over, "name", over)), level)

    def ranking(
        self,
        metric: str | None = None,
        horizon: float | None = None,
        *,
        threshold: float | None = None,
        reference: object | None = None,
    ) -> Ranking:
        """Rank the models by one metric, with the paired difference of each to the best.

        Parameters
        ----------
        metric : default Harrell's C, for a binary outcome ``auc``. horizon : default the last where all have a value.
        threshold : of metrics that have one. reference : a model, or its name, that all are compared with too.

        Raises
        ------
        PredictionError
            Y40 models with other clusters, weights or strata; Y41 a metric that ranks nothing, or a place where it
            was not measured; V06 an unknown reference.
        """
        name = None if reference is None else str(getattr(reference, "name", reference))
        return rank_models(self.table, self.raw, self.method, self.warnings, Asked(metric, horizon, threshold, name))
