"""Nomograms: points, axes and the printed figure of a fitted model, with the error of reading it.

This room may import cohorts and prognosis, never imaging_head or reports.
"""

from __future__ import annotations

from cohorts.neighbours import check_neighbours

check_neighbours(__file__, "cohorts", "prognosis")

from nomograms.nomogram import Nomogram  # noqa: E402

__all__ = ["Nomogram"]
