"""Real data that come with the package."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cohorts.cohort import Cohort
from cohorts.endpoint import TimeToEvent
from cohorts.variable import Codebook

DATA = Path(__file__).parent / "data"
MGUS2 = DATA / "mgus2.csv"
MGUS2_CODEBOOK = DATA / "mgus2.codebook.toml"


def load_mgus2() -> Cohort:
    """Read 1,384 patients with monoclonal gammopathy of undetermined significance (Mayo Clinic).

    Notes
    -----
    From the R package survival (LGPL-2 or later), with the derived columns described in ``data/README.md``.
    """
    book = Codebook.from_toml(MGUS2_CODEBOOK)
    raw = pd.read_csv(MGUS2, dtype={"id": str})
    return Cohort.from_frame(raw, id="id", codebook=book)


def mgus2_progression_free() -> TimeToEvent:
    """Return the endpoint of the embedded study: progression to a plasma-cell malignancy, or death."""
    return TimeToEvent(
        "progression_free_survival",
        time="pfs_months",
        event="pfs_event",
        unit="months",
        origin="diagnosis of MGUS",
        horizons=(60, 120, 240),
        definition="Time from the diagnosis of MGUS to progression to a plasma-cell malignancy or death, "
        "whichever comes first.",
    )
