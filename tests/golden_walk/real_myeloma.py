"""A model of real patients whose rows are not kept here: compared where the reference folder is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from tests.golden_walk.compared import Compared

FILES = ("cox_uams_*",)
REASON = "the rows are not kept in the project: compared by tests/reports/test_uams.py where the reference folder is"
VALUES = ("n", "events", "coef", "se", "loglik", "concordance", "zph_chisq", "zph_df", "R", "survival")
LEFT_OUT = dict.fromkeys(VALUES, REASON)


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare nothing: see `REASON`."""
    yield from ()
