"""Staging: stages computed from what they are made of, and only where what is not known could not change them.

This folder may import what `cohorts` may; it imports nothing of the rooms above.
"""

from cohorts.staging.inputs import AboveNormal, Category, Cut, Input, Measured, Presence
from cohorts.staging.staged import Staged
from cohorts.staging.system import Derived, StagingSystem

__all__ = [
    "AboveNormal",
    "Category",
    "Cut",
    "Derived",
    "Input",
    "Measured",
    "Presence",
    "Staged",
    "StagingSystem",
]
