"""The forest plot of screened features: what is listed, in which order, and what its note says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from cohorts.errors import RunError
from reports.contents.abnormalities import abnormality_content
from reports.figures.abnormalities import NARROWEST, WIDEST, Bar, _bars, abnormality_figure, shown_range
from reports.fonts import choose_fonts
from reports.wording import Wording
from tests.reports.validation_pictures import LONG, screened

ENGLISH = Wording("en")


def test_the_order_is_that_of_prevalence_or_of_the_ratio():
    found = screened()
    by_prevalence = abnormality_content(found, ENGLISH)
    by_effect = abnormality_content(found, ENGLISH, "effect")
    tested = found.table[found.table["p"].notna()]
    assert [line.name for line in by_prevalence.lines] == list(
        tested.sort_values("prevalence", ascending=False)["label"]
    )
    ratios = [line.bars[0].estimate for line in by_effect.lines]
    assert ratios == sorted(ratios, reverse=True)
    assert {line.name for line in by_effect.lines} == {"gain", LONG, "never"}


def test_every_number_is_that_of_the_table():
    found = screened(("age",))
    content = abnormality_content(found, ENGLISH)
    for line in content.lines:
        row = found.table.set_index("label").loc[line.name]
        assert line.events == f"{row['events_with']} / {row['events_without']}"
        assert line.carriers.startswith(f"{row['carriers']} (")
        for bar, prefix in zip(line.bars, ("", "adjusted_"), strict=True):
            assert (bar.estimate, bar.lower, bar.upper) == (
                row[f"{prefix}hazard_ratio"],
                row[f"{prefix}lower"],
                row[f"{prefix}upper"],
            )
            assert bar.penalised == (row[f"{prefix}method"] == "Firth")
    assert [bar.penalised for line in content.lines for bar in line.bars].count(True) == 2


def test_the_note_says_what_is_drawn_how_and_what_is_not():
    note = " ".join(abnormality_content(screened(("age",)), ENGLISH).note)
    for words in ("Benjamini", "adjusted for age", "Firth", "Features not tested: 1"):
        assert words in note
    assert "Diamond" not in " ".join(abnormality_content(screened(), ENGLISH).note)


def test_bars_stand_where_their_numbers_say_and_far_ones_are_cut():
    bars = [Bar(2.0, 1.5, 3.0, "", "", False), Bar(0.01, 0.001, 0.4, "", "", True)]
    assert shown_range(bars) == (NARROWEST, pytest.approx(3.45))
    assert shown_range([Bar(1.0, 1e-9, 1e9, "", "", False)]) == (NARROWEST, WIDEST)
    content = abnormality_content(screened(), ENGLISH)
    drawn = replace(content, lines=tuple(replace(content.lines[0], bars=(bar,)) for bar in bars))
    axes = Figure().add_subplot()
    _bars(axes, drawn)
    segments = [line.get_xdata() for line in axes.get_lines() if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(segments[1:], [[1.5, 3.0], [NARROWEST, 0.4]])
    assert [line.get_marker() for line in axes.get_lines()].count("<") == 1


def test_nothing_tested_is_refused():
    found = screened()
    with pytest.raises(RunError, match="none of 4 features") as caught:
        abnormality_content(replace(found, table=found.table.assign(p=np.nan)), ENGLISH)
    assert caught.value.code == "W16"


def test_the_same_table_gives_the_same_picture():
    content = abnormality_content(screened(), ENGLISH)
    fonts = choose_fonts("", "en")
    assert abnormality_figure(content, fonts).svg == abnormality_figure(content, fonts).svg
