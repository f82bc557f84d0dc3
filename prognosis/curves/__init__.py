"""Curves: what a cohort shows before any model - survival, cumulative incidence, restricted means and their tests.

Every function takes plain arrays (a row a patient, sorted once inside), case weights and delayed entry where the
method knows them, and answers in frozen values. A curve is a step function, never interpolated. May import
`prognosis`'s outcome gate and `cohorts` only.
"""

from __future__ import annotations

# Ours, not lifelines': its Aalen-Johansen jitters ties, and its medians and errors under weights are not R's.
from prognosis.curves.aalen_johansen import IncidenceCurves, aalen_johansen
from prognosis.curves.gray_test import GrayTest, gray_test
from prognosis.curves.kaplan_meier import SurvivalCurve, kaplan_meier
from prognosis.curves.log_rank import LogRankTest, log_rank
from prognosis.curves.restricted_mean import (
    RestrictedMean,
    RestrictedMeanContrast,
    compare_restricted_means,
    restricted_mean,
)
from prognosis.curves.step_curves import quantile_of, restricted_mean_of

__all__ = [
    "GrayTest",
    "IncidenceCurves",
    "LogRankTest",
    "RestrictedMean",
    "RestrictedMeanContrast",
    "SurvivalCurve",
    "aalen_johansen",
    "compare_restricted_means",
    "gray_test",
    "kaplan_meier",
    "log_rank",
    "quantile_of",
    "restricted_mean",
    "restricted_mean_of",
]
