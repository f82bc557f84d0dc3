"""Validation inside the cohort: plans of resampling, one engine for all of them, corrected values with intervals."""

from prognosis.validation.divisions import GivenFolds, GroupCombinations, InternalExternal, Temporal
from prognosis.validation.plans import Bootstrap, Bootstrap632, CrossValidation, Plan
from prognosis.validation.ranking import Ranking
from prognosis.validation.result import COLUMNS, HeldOut, Validation

__all__ = [
    "COLUMNS",
    "Bootstrap",
    "Bootstrap632",
    "CrossValidation",
    "GivenFolds",
    "GroupCombinations",
    "HeldOut",
    "InternalExternal",
    "Plan",
    "Ranking",
    "Temporal",
    "Validation",
]
