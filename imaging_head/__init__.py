"""The imaging room: radiographs become an out-of-fold risk score that enters a cohort like any other column.

It may import cohorts and prognosis, never nomograms or reports, and it is the only room that imports torch: in
the network, its heads, training and maps, which are imported by their own names, so that reading films needs no torch.
"""

from __future__ import annotations

from cohorts.neighbours import check_neighbours

check_neighbours(__file__, "cohorts", "prognosis")

from imaging_head.film import Film  # noqa: E402
from imaging_head.limits import Limits  # noqa: E402
from imaging_head.linking import Expected  # noqa: E402
from imaging_head.phantoms import simulate_knees  # noqa: E402
from imaging_head.radiographs import Radiographs  # noqa: E402

__all__ = ["Expected", "Film", "Limits", "Radiographs", "simulate_knees"]
