"""One year is no plural."""

from __future__ import annotations

import pytest

from cohorts.time_words import time_words


@pytest.mark.parametrize(
    ("time", "unit", "words"),
    [(1, "years", "1 year"), (1.0, "months", "1 month"), (1.5, "years", "1.5 years"), (12, "months", "12 months"),
     (0, "days", "0 days"), (1, "Wochen", "1 Wochen")],
)  # fmt: skip
def test_a_time_in_words(time, unit, words):
    assert time_words(time, unit) == words
