"""A small made-up cohort with its codebook, and ways to break it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort, TimeToEvent
from cohorts.errors import DataContractError

VARIABLES = {
    "pid": {"kind": "id"},
    "age": {"kind": "numeric", "unit": "years", "limits": [18, 110]},
    "albumin": {"kind": "numeric", "unit": "g/L", "limits": [10, 70]},
    "sex": {"kind": "binary", "levels": ["F", "M"]},
    "months": {"kind": "time", "unit": "months", "timing": "post-baseline"},
    "event": {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"},
}


def codebook(file=None, without=(), **changed):
    """Return the codebook of the made cohort, with some declarations replaced, added or (None) removed."""
    variables = {**VARIABLES, **changed}
    kept = {name: fields for name, fields in variables.items() if fields is not None and name not in without}
    return Codebook.from_dict({"variables": kept, "file": file or {}})


def patients(n=40, **changed):
    """Return n rows as they would stand in a file; a changed column replaces or adds one."""
    draw = np.random.default_rng(20260101)
    frame = pd.DataFrame(
        {
            "pid": [f"P{place:03d}" for place in range(n)],
            "age": draw.integers(40, 85, n),
            "albumin": draw.normal(38, 4, n).round(1),
            "sex": np.where(np.arange(n) % 2 == 0, "F", "M"),
            "months": (draw.exponential(30, n) + 0.1).round(2),
            "event": np.tile([1, 0], n)[:n],
        }
    )
    return frame.assign(**changed)


def changed(name, places, value, n=40):
    """Return the made rows with one column holding another value in some places."""
    column = patients(n)[name].astype(object)
    column[list(places)] = value
    return patients(n, **{name: column})


def write_csv(folder, frame, name="cohort.csv", **options):
    """Write a frame as CSV and return the path."""
    path = folder / name
    frame.to_csv(path, index=False, **({"encoding": "utf-8"} | options))
    return path


def made_cohort(frame=None, book=None):
    """Return the cohort of a frame."""
    return Cohort.from_frame(patients() if frame is None else frame, id="pid", codebook=book or codebook())


def endpoint(**changed):
    """Return the endpoint of the made cohort."""
    declared = {"time": "months", "event": "event", "unit": "months", "origin": "registration"}
    return TimeToEvent("efs", **(declared | changed))


def findings_of(action, *args, **kwargs):
    """Return the findings of the error an action raises."""
    with pytest.raises(DataContractError) as caught:
        action(*args, **kwargs)
    return caught.value.findings


def only(findings):
    """Return the one finding there is."""
    assert len(findings) == 1, [str(finding) for finding in findings]
    return findings[0]
