"""Figure of learning curves: what it shows is the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import RunError
from prognosis.learning_curve import LearningCurve
from reports.contents.learning_curve import learning_content
from reports.figures.learning_curve import learning_figure
from reports.fonts import choose_fonts
from reports.wording import Wording


def curve(names: list[str], metric: str = "harrell_c", horizon: float = float("nan")) -> LearningCurve:
    """Return a learning curve of made-up values."""
    rows = [(name, size, 0.55 + 0.02 * i + size / 2000) for i, name in enumerate(names) for size in (50, 100, 150)]
    table = pd.DataFrame(rows, columns=["model", "size", "mean"])
    table = table.assign(lower=table["mean"] - 0.04, upper=table["mean"] + 0.03, fitted=10)
    runs = pd.DataFrame({"repeat": range(10), "model": names[0], "size": 50, "value": 0.5})
    return LearningCurve(metric, horizon, 70, runs, table)


def test_it_shows_the_table() -> None:
    found = curve(["cox", "transfer <both>"])
    content = learning_content(found, "months", Wording("en"))
    assert content.sizes == (50, 100, 150)
    assert content.lines[0].mean == tuple(found.table["mean"][:3])
    np.testing.assert_array_equal(content.lines[1].upper, found.table["upper"][3:])
    assert content.reference == 0.5
    picture = learning_figure(content, choose_fonts("", "en"))
    assert picture.width == 180
    assert "10 samples" in content.note
    assert "70 patients" in content.note


def test_a_score_at_a_horizon_has_no_line_of_chance() -> None:
    content = learning_content(curve(["cox"], "brier", 24.0), "months", Wording("zh"))
    assert content.reference is None
    assert "24" in content.metric_label


def test_more_models_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(RunError, match="Y69"):
        learning_content(curve([f"m{i}" for i in range(7)]), "months", Wording("en"))
