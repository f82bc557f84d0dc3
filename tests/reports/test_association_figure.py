"""The heat map of associations: every pair once, its value and sign, colours by strength, and what the legend names."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from cohorts.errors import RunError
from reports.contents.associations import SIGNS, association_content
from reports.figures import canvas
from reports.figures.associations import MOST, SMALLEST_CELL, AssociationCell, _cell, association_figure
from reports.figures.canvas import SECOND
from reports.fonts import choose_fonts
from reports.wording import Wording
from tests.reports.validation_pictures import associated

ENGLISH = Wording("en")


@pytest.fixture(scope="module")
def content():
    return association_content(associated(), ENGLISH)


def test_every_pair_stands_once_below_the_diagonal_with_its_value_and_sign(content):
    found = associated()
    assert len(content.cells) == 13 * 12 // 2
    for cell in content.cells:
        assert cell.column < cell.row
        value = found.matrix.iloc[cell.row, cell.column]
        assert cell.sign == SIGNS[found.measures.iloc[cell.row, cell.column]]
        if np.isnan(value):
            assert (cell.value, cell.text) == (None, "–")
        else:
            assert cell.value == value
            assert float(cell.text) == pytest.approx(value, abs=0.005)
    assert sum(cell.value is None for cell in content.cells) == 1
    assert "-0.00" not in {cell.text for cell in content.cells}


def test_the_legend_names_the_measures_that_are_drawn_and_the_correction(content):
    assert content.legend[0] == (
        "ρ Spearman's correlation; r point-biserial correlation; φ phi coefficient; V Cramer's V, bias-corrected; "
        "η correlation ratio"
    )
    assert "not comparable" in content.legend[1]


@pytest.mark.parametrize(("value", "strength"), [(-0.8, 0.8), (0.25, 0.25), (None, 0.0)])
def test_a_cell_is_as_dark_as_the_association_is_strong(value, strength):
    axes = Figure().add_subplot()
    _cell(axes, AssociationCell(3, 1, value, "x", "ρ"))
    filled = axes.patches[0]
    assert filled.get_xy() == (1, 3)
    assert filled.get_alpha() == strength
    negative = tuple(int(SECOND[k : k + 2], 16) / 255 for k in (1, 3, 5))
    assert (filled.get_facecolor()[:3] == pytest.approx(negative)) == (value is not None and value < 0)


def test_the_longest_number_fits_the_smallest_cell():
    with canvas.drawing(choose_fonts("", "en"), canvas.POINTS, {}):
        assert canvas.shortened("-1.00", SMALLEST_CELL - 1.0, canvas.SMALL) == "-1.00"


def test_too_many_columns_are_refused():
    with pytest.raises(RunError, match=f"{MOST + 1} columns, of which {MOST} fit") as caught:
        association_content(associated(MOST + 1), ENGLISH)
    assert caught.value.code == "W17"


def test_the_same_table_gives_the_same_picture(content):
    fonts = choose_fonts("", "en")
    assert association_figure(content, fonts).svg == association_figure(content, fonts).svg
