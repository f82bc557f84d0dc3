"""Endpoints from dates and laboratory series: who had which event when, and for every patient why.

This folder imports the other files of `cohorts` only; it may use numpy and pandas.
"""

from cohorts.timeline.assessments import Assessments
from cohorts.timeline.derived import Derived
from cohorts.timeline.endpoints import DISTANT_METASTASIS, LOCAL_RECURRENCE, OS, PFS, TTNT, Rule, event_free
from cohorts.timeline.imwg import ProgressionRule
from cohorts.timeline.measures import MEASURES, Measure
from cohorts.timeline.patients import Timeline
from cohorts.timeline.progression import Progression

__all__ = [
    "DISTANT_METASTASIS",
    "LOCAL_RECURRENCE",
    "MEASURES",
    "OS",
    "PFS",
    "TTNT",
    "Assessments",
    "Derived",
    "Measure",
    "Progression",
    "ProgressionRule",
    "Rule",
    "Timeline",
    "event_free",
]
