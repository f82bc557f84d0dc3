"""Patients of another hospital: made up as those of `made`, under other ids."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
import pandas as pd

from cohorts import Cohort
from cohorts.errors import PrognosisWarning
from tests.prognosis import made


def other_patients(n=300, seed=77, **changed):
    """Return n patients drawn as those of the training, with ids of their own, followed for 80 months at most."""
    frame = made.patients(n, seed)
    late = frame["months"] > 80
    frame = frame.assign(event=np.where(late, 0, frame["event"]), first=np.where(late, 0, frame["first"]),
                         months=frame["months"].clip(upper=80.0)).assign(**changed)  # fmt: skip
    return frame.set_axis(pd.Index([f"N{place:03d}" for place in range(n)], name="pid"))


def other_cohort(n=300, seed=77, frame=None, book=None):
    """Return their checked cohort."""
    return Cohort.from_frame(other_patients(n, seed) if frame is None else frame, "pid", book or made.codebook())


@contextlib.contextmanager
def quiet():
    """Ignore the findings of a step that is not the point of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        yield
