"""Cleveland's lowess: R's numbers, local lines by their definition, its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis.kernels.lowess import lowess
from tests.prognosis.made_binary import EVENT, RISK


def local_lines(x, y, span=2 / 3):
    """Weighted straight line at every point, by least squares."""
    seen, found = int(span * len(x) + 1e-7), []
    for at in x:
        distance = np.abs(x - at)
        width = np.sort(distance)[seen - 1]
        weight = np.where(distance <= 0.999 * width, (1 - np.minimum(distance / width, 1) ** 3) ** 3, 0.0)
        found.append(np.polyval(np.polyfit(x - at, y, 1, w=np.sqrt(weight)), 0.0))
    return np.array(found)


def test_r_says_the_same():
    """R 4.2: lowess(x, y, iter = 0), with ties and with points nearer than 1 % of the range."""
    smooth = [0.312038683112229, 0.312038683112229, 0.312038683112229, 0.349724694594078, 0.349724694594078,
              0.352230266279874, 0.416879297641777, 0.418911131322074, 0.418911131322074, 0.526009461828527,
              0.560889466990765, 0.586735226923984, 0.586735226923984, 0.586735226923984, 0.589230928885277,
              0.629833161067319, 0.607744732141109, 0.607744732141109, 0.678678598525741,
              0.750658108928099]  # fmt: skip
    x, fitted = lowess(RISK, EVENT.astype(float))
    assert x.tolist() == RISK.tolist()
    assert fitted == pytest.approx(smooth, rel=1e-13)


def test_local_lines_by_definition():
    draw = np.random.default_rng(2)
    x = np.sort(np.arange(30) + draw.uniform(-0.3, 0.3, 30))
    y = np.sin(x / 5) + draw.normal(0, 0.3, 30)
    assert lowess(x, y)[1] == pytest.approx(local_lines(x, y), rel=1e-9)


@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 1000))
def test_a_line_stays_a_line(intercept, slope, seed):
    x = np.random.default_rng(seed).random(40)
    across, smooth = lowess(x, intercept + slope * x)
    assert smooth == pytest.approx(intercept + slope * across, abs=1e-9)


@given(st.integers(0, 1000))
def test_scale_and_order_do_not_matter(seed):
    draw = np.random.default_rng(seed)
    x, y = draw.integers(0, 16, 25) / 16, draw.integers(0, 2, 25).astype(float)
    _, smooth = lowess(x, y)
    order = np.lexsort((draw.random(25),))
    assert lowess(4 * x + 2, 2 * y)[1] == pytest.approx(2 * smooth, abs=1e-9)
    assert lowess(x[order], y[order])[1] == pytest.approx(smooth, abs=1e-9)


def test_all_points_on_one_spot_have_their_mean():
    assert lowess(np.full(6, 0.3), np.array([0.0, 0, 0, 1, 1, 1]), span=1.0)[1] == pytest.approx(np.full(6, 0.5))


def test_many_points_are_joined_linearly():
    draw = np.random.default_rng(1)
    x = draw.random(20_000)
    across, smooth = lowess(x, (draw.random(20_000) < x).astype(float))
    assert np.abs(smooth - across).max() < 0.05
    bends = np.abs(np.diff(np.diff(smooth) / np.diff(across))) > 1e-6
    assert bends.sum() <= 110
