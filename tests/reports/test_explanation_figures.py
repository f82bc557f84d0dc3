"""Figures of explanations: what they show in which words, and what they refuse. Boxes: see test_validation_figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import RunError
from cohorts.variable import Variable
from reports.contents import explained
from reports.contents.explained import (
    beeswarm_content,
    decomposition_content,
    dependence_content,
    sentence,
    signed,
    waterfall_content,
)
from reports.figures.beeswarm import swarm
from reports.wording import Wording
from tests.reports.explanation_pictures import LONG, TIMES, explanation, model

ENGLISH, PLACE = Wording("en"), TIMES.index(36.0)


def test_a_waterfall_runs_from_the_average_risk_to_the_patients():
    found = waterfall_content(model(), explanation(), 3, PLACE, ENGLISH)
    assert found.start + sum(found.values) == pytest.approx(found.end, abs=1e-10)
    assert found.end == pytest.approx(100 * explanation().prediction[3, PLACE], abs=1e-12)
    sizes = np.abs(found.values[:-1])
    assert (np.diff(sizes) <= 0).all()
    assert len(found.labels) == 10
    assert found.labels[-1] == "4 other predictors"
    assert found.given[-1] == ""
    assert "within 36 months" in found.title
    assert "not shown to cause it" in found.note[1]


def test_values_stand_with_their_units_in_both_languages():
    named = dict(zip(*_pairs("en"), strict=True))
    assert named["Beta-2 microglobulin"].endswith(" mg/L")
    assert named["del(17p)"] in ("yes", "no")
    chinese = dict(zip(*_pairs("zh"), strict=True))
    assert chinese["β2微球蛋白"].endswith("mg/L")
    assert chinese["17p缺失"] in ("是", "否")


def _pairs(language):
    found = waterfall_content(model(0), explanation("usual", 0), 3, PLACE, Wording(language))
    return found.labels, found.given


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7.4, "Beta-2 microglobulin 6.1 mg/L raises the risk by 7 of 100"),
        (-2.5, "Beta-2 microglobulin 6.1 mg/L lowers the risk by 3 of 100"),
        (0.9, "Beta-2 microglobulin 6.1 mg/L changes the risk by less than 1 of 100"),
        (0.0, "Beta-2 microglobulin 6.1 mg/L changes the risk by less than 1 of 100"),
    ],
)
def test_contributions_in_clinical_words(value, words):
    assert sentence("Beta-2 microglobulin 6.1 mg/L", value, ENGLISH) == words
    assert [signed(x) for x in (1.04, -2.25, 0.0, -0.04)] == ["+1.0", "-2.2", "0.0", "0.0"]


def test_who_cannot_see_the_figure_reads_the_same():
    found = waterfall_content(model(), explanation(), 3, PLACE, ENGLISH)
    assert "average risk: " in found.alt
    assert sentence(f"{found.labels[0]} {found.given[0]}", found.values[0], ENGLISH) in found.alt


def test_a_swarm_shows_the_most_important_first_and_colours_by_value():
    found = beeswarm_content(model(), explanation(), PLACE, ENGLISH)
    sizes = [np.abs(row).mean() for row in found.values]
    assert sizes == sorted(sizes, reverse=True)
    assert len(found.labels) == 10
    rows = dict(zip(found.labels, zip(found.values, found.level, strict=True), strict=True))
    values, level = rows["Beta-2 microglobulin"]
    assert np.corrcoef(values, level)[0, 1] > 0.8
    assert (min(level), max(level)) == (0, 1)
    every = beeswarm_content(model(0), explanation("usual", 0), PLACE, ENGLISH)
    ordered = {label: not np.isnan(level).any() for label, level in zip(every.labels, every.level, strict=True)}
    assert ordered["Stage"]
    assert not ordered["Site"]


def test_of_two_categories_the_dark_one_is_named():
    """They have an order on the page, since the page says which one is dark; three have none."""
    sex = Variable(name="sex", kind="nominal", levels=("female", "male"), label={"en": "Sex"})
    values = pd.Series(pd.Categorical(["male", "female", None], categories=sex.levels))
    np.testing.assert_array_equal(explained._level(values, sex), [1, 0, np.nan])
    assert explained._label_with_dark(sex, ENGLISH) == "Sex (dark: male)"
    three = Variable(name="site", kind="nominal", levels=("a", "b", "c"))
    assert explained._label_with_dark(three, ENGLISH) == "site"
    assert np.isnan(explained._level(pd.Series(pd.Categorical(["a", "b"], categories=three.levels)), three)).all()


def test_dots_of_one_place_stand_apart_and_keep_to_their_line():
    moved = swarm(np.repeat([0.0, 1.0], [200, 3]), 2.0)
    assert len(set(moved[:200])) == 200
    assert np.abs(moved).max() <= 0.39
    assert swarm(np.array([0.0, 1.0]), 2.0).tolist() == [0.0, 0.0]
    assert len(swarm(np.array([]), 1.0)) == 0


def test_contributions_over_time_add_up_at_every_time():
    found = decomposition_content(model(), explanation(), 3, ENGLISH)
    np.testing.assert_allclose(np.sum(found.values, axis=0) + found.base, found.risk, atol=1e-10)
    assert len(found.labels) == 6
    assert found.labels[-1] == "8 other predictors"
    assert found.time[:2] == (0.0, 2.0)
    short = decomposition_content(model(0), explanation("usual", 0), 3, ENGLISH)
    assert len(short.labels) == 5


def test_dependence_has_every_value_and_the_cohorts_ticks():
    found = dependence_content(model(), explanation(), "b2m", PLACE, ENGLISH)
    assert found.x == tuple(explanation().patients["b2m"])
    assert found.x_label == "Beta-2 microglobulin (mg/L)"
    assert len(found.rug) == 120
    given = dependence_content(model(), explanation(), "b2m", PLACE, ENGLISH, pd.Series([1.0, np.nan, 2.0]))
    assert given.rug == (1.0, 2.0)
    assert "Ticks: values of 2 patients." in given.note[0]
    assert dependence_content(model(), explanation(), "del17p", PLACE, ENGLISH).levels == ("no", "yes")
    site = dependence_content(model(), explanation(), "site", PLACE, ENGLISH)
    assert set(site.x) == {0.0, 1.0, 2.0}
    assert site.rug == ()
    assert LONG[:10] in dependence_content(model(), explanation(), "size", PLACE, ENGLISH).title


def test_the_note_says_how_it_was_made():
    rows = explanation().patients.iloc[:3]
    sampled = model().explain(rows, [36.0], method="permutation", background=explanation().patients.iloc[:8])
    found = waterfall_content(model(), sampled, 0, 0, ENGLISH)
    assert "random orders of predictors, averaged over 8 patients; standard errors up to " in found.note[0]
    exact = model().explain(rows, [36.0], background=explanation().patients.iloc[:8])
    assert "exact; averaged over 8 patients" in waterfall_content(model(), exact, 0, 0, ENGLISH).note[0]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda e: waterfall_content(model(), replace(e, scale="linear_predictor"), 0, 0, ENGLISH), "show risks"),
        (lambda e: beeswarm_content(model(), _beyond(e), 1, ENGLISH), "beyond what the model knows"),
        (lambda e: dependence_content(model(), e, "nobody", 0, ENGLISH), "is no predictor"),
        (lambda e: decomposition_content(model(), _at(e, [0]), 0, ENGLISH), "several increasing horizons"),
        (lambda e: decomposition_content(model(), _at(e, [5, 2]), 0, ENGLISH), "several increasing horizons"),
    ],
)
def test_what_no_figure_shows_is_refused(ask, words):
    with pytest.raises(RunError, match=words) as caught:
        ask(explanation())
    assert caught.value.code == "X20"


def _at(found, places):
    parts = {name: getattr(found, name)[..., places] for name in ("values", "base", "prediction", "horizons")}
    return replace(found, **parts)


def _beyond(found):
    unknown = np.arange(len(TIMES)) == 1
    parts = {name: np.where(unknown, np.nan, getattr(found, name)) for name in ("values", "base", "prediction")}
    return replace(found, **parts)
