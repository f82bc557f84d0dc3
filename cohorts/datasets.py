"""Real data that come with the package."""

from __future__ import annotations

from pathlib import Path

from cohorts.cohort import Cohort
from cohorts.endpoint import Competing, TimeToEvent
from cohorts.reading import read_cohort

DATA = Path(__file__).parent / "data"


def load_mgus2() -> Cohort:
    """Read 1,384 patients with monoclonal gammopathy of undetermined significance (Mayo Clinic).

    Notes
    -----
    From the R package survival (LGPL-2 or later), with the derived columns described in ``data/README.md``.
    """
    return read_cohort(DATA / "mgus2.csv", DATA / "mgus2.codebook.toml")


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


def mgus2_progression() -> Competing:
    """Return progression to a plasma-cell malignancy, with death before it as the competing event."""
    return Competing(
        "progression",
        time="etime",
        event="event",
        event_values={"censored": 0, "event": 1, "competing": (2,)},
        unit="months",
        origin="diagnosis of MGUS",
        horizons=(60, 120, 240),
        definition="Time from the diagnosis of MGUS to progression to a plasma-cell malignancy; death without "
        "progression competes.",
        event_label={"en": "Progression to a plasma-cell malignancy", "zh": "进展为浆细胞恶性肿瘤"},
        competing_label={"en": "death without progression", "zh": "未进展而死亡"},
    )
