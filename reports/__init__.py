"""Patient and study reports, the study runner and the command line: what people hold in their hands.

This room is the roof: it may import cohorts, prognosis, nomograms and imaging_head, and nothing imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cohorts.neighbours import check_neighbours

check_neighbours(__file__, "cohorts", "prognosis", "nomograms", "imaging_head")

if TYPE_CHECKING:
    from reports.calculator import Calculator
    from reports.patient import PatientReport
    from reports.study import StudyReport

__all__ = ["Calculator", "PatientReport", "StudyReport"]


def __getattr__(name: str) -> Any:
    # imported on first use, so that the command line answers --help without the renderers
    if name == "Calculator":
        from reports.calculator import Calculator

        return Calculator
    if name == "PatientReport":
        from reports.patient import PatientReport

        return PatientReport
    if name == "StudyReport":
        from reports.study import StudyReport

        return StudyReport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
