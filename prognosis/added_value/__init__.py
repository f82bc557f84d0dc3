"""Whether a score that is learnt from the outcome adds to a clinical model: a test that repeats the learning."""

from __future__ import annotations

from prognosis.added_value.permutation_test import AddedValue, Scores, added_value

__all__ = ["AddedValue", "Scores", "added_value"]
