"""Units: two of them in one column are found with and without limits; skewed laboratory values are left in peace."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import datasets
from cohorts.units import FACTORS, unit_faults
from cohorts.variable import Variable
from tests.cohorts.made import only


def column(values):
    return pd.Series(np.asarray(values, dtype=float), index=[f"P{place}" for place in range(len(values))])


def variable(**declared):
    return Variable(**{"name": "albumin", "kind": "numeric", "unit": "g/L"} | declared)


def albumin(n=200, seed=1):
    return np.random.default_rng(seed).normal(38, 5, n).round(1)


def mixed(values, share, factor, seed=2):
    chosen = np.random.default_rng(seed).choice(len(values), int(share * len(values)), replace=False)
    values = np.array(values, dtype=float)
    values[chosen] *= factor
    return column(values), {f"P{place}" for place in chosen}


@pytest.mark.parametrize("limits", [None, (10, 70), (0.1, 1000)])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.45])
@pytest.mark.parametrize("factor", [0.1, 10, 0.01, 1000])
def test_every_row_in_the_other_unit_is_named(limits, share, factor):
    values, wrong = mixed(albumin(), share, factor)
    finding = only(unit_faults(values, variable(limits=limits)))
    assert finding.code == "C11"
    assert set(finding.rows) == wrong
    assert f"{share:.0%}" in finding.rule


def test_without_limits_the_smaller_part_is_named_with_limits_the_wrong_one():
    values, wrong = mixed(albumin(), 0.7, 0.1)
    assert set(only(unit_faults(values, variable())).rows) == set(values.index) - wrong
    assert set(only(unit_faults(values, variable(limits=(10, 70)))).rows) == wrong


@pytest.mark.parametrize("limits", [(10, 70), None])
@pytest.mark.parametrize("factor", [0.1, 10, 1000])
def test_a_whole_column_in_another_unit(limits, factor):
    declared = variable(limits=limits) if limits else variable(plausible=(15, 60))
    finding = only(unit_faults(column(albumin() * factor), declared))
    assert finding.code == "C12"
    verb = "divided" if factor > 1 else "multiplied"
    size = factor if factor > 1 else 1 / factor
    offered = finding.rule.split(f"{verb} by ")[1].removesuffix(" it would fit").split(" or ")
    assert f"{size:g}" in offered
    assert "expected unit g/L" in finding.rule


@pytest.mark.parametrize(("low", "high", "factor"), [(0.3, 15, 88.4), (3.9, 10, 18), (150, 400, 0.001)])
def test_creatinine_glucose_and_platelets(low, high, factor):
    values = np.random.default_rng(3).uniform(low, high, 300)
    found, wrong = mixed(values, 0.3, factor)
    finding = only(unit_faults(found, variable(limits=(low / 1.5, high * 1.5))))
    assert set(finding.rows) == wrong


def test_wrong_rows_within_the_limits_are_named_too():
    values, wrong = mixed(albumin() / 10, 0.3, 10)
    assert set(only(unit_faults(values, variable(limits=(1, 40)))).rows) == wrong


def test_a_few_wrong_rows_are_found_by_the_limits():
    values, wrong = mixed(albumin(), 0.02, 0.1)
    assert set(only(unit_faults(values, variable(limits=(10, 70)))).rows) == wrong


def test_values_outside_that_no_unit_explains_are_no_unit():
    values = albumin()
    values[:5] = [400.0, 95.0, 82.0, 77.0, 300.0]
    assert unit_faults(column(values), variable(limits=(10, 70))) == []


def test_one_impossible_age_is_no_unit():
    values = np.random.default_rng(4).integers(40, 80, 100).astype(float)
    values[7] = 400
    assert unit_faults(column(values), variable(limits=(18, 110))) == []


def test_a_column_that_is_rightly_in_two_clusters():
    values, _ = mixed(albumin(), 0.3, 0.1)
    assert unit_faults(values, variable(one_unit_checked=True)) == []
    way_out = only(unit_faults(values, variable())).way_out
    assert "one_unit_checked" in way_out


def test_missing_zero_and_few_values():
    assert unit_faults(column([]), variable(limits=(1, 2))) == []
    assert unit_faults(column([np.nan] * 30), variable(limits=(1, 2))) == []
    assert unit_faults(column([0.0] * 30), variable()) == []
    assert unit_faults(column([5.0] * 20 + [50.0] * 20), variable()) == []
    values, wrong = mixed(albumin(), 0.3, 0.1)
    values.iloc[:5], known = np.nan, {f"P{place}" for place in range(5)}
    assert set(only(unit_faults(values, variable())).rows) == wrong - known


def test_a_quantity_that_can_be_negative_has_no_unit_to_mistake():
    values, _ = mixed(albumin(), 0.3, 0.1)
    values.iloc[0] = -1
    assert unit_faults(values, variable()) == []


DRAWS = {
    "crp": lambda draw, n: draw.lognormal(1.5, 1.3, n),
    "ldh": lambda draw, n: draw.lognormal(5.2, 0.4, n),
    "b2m": lambda draw, n: draw.lognormal(1.2, 0.7, n),
    "ferritin": lambda draw, n: draw.lognormal(5, 1.2, n),
    "rounded": lambda draw, n: draw.lognormal(0, 2, n).round(1),
    "count": lambda draw, n: draw.poisson(2, n),
    "lesions": lambda draw, n: draw.negative_binomial(1, 0.1, n),
    "waiting": lambda draw, n: draw.exponential(5, n),
    "heavy": lambda draw, n: draw.pareto(1, n) + 1,
    "cauchy": lambda draw, n: np.abs(draw.standard_cauchy(n)),
    "gamma": lambda draw, n: draw.gamma(0.5, 5, n),
    "percentage": lambda draw, n: draw.uniform(0, 100, n),
    "score": lambda draw, n: draw.integers(0, 10, n),
    "two groups": lambda draw, n: np.where(
        draw.random(n) < 0.5, draw.lognormal(1, 0.4, n), draw.lognormal(2.5, 0.5, n)
    ),
}


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("n", [40, 200, 1000])
def test_skewed_columns_do_not_cry_wolf(name, n):
    draw = np.random.default_rng(20260102 + n)
    assert not any(unit_faults(column(DRAWS[name](draw, n)), variable()) for _ in range(40))


def test_real_columns_do_not_cry_wolf():
    frame = datasets.load_mgus2().frame
    for name in ("age", "dxyr", "hgb", "creat", "mspike"):
        assert unit_faults(frame[name], Variable(name=name, kind="numeric")) == []


def test_real_columns_of_other_cohorts_do_not_cry_wolf(shared):
    checked = 0
    for path in sorted(shared.glob("data/*/*.csv")):
        for name, values in pd.read_csv(path).select_dtypes("number").items():
            assert unit_faults(values.astype(float), Variable(name=name, kind="numeric")) == [], (path.name, name)
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(("name", "share"), [("hgb", 0.05), ("hgb", 0.3), ("creat", 0.3)])
def test_real_columns_with_a_second_unit(name, share):
    values = datasets.load_mgus2().frame[name].dropna()
    factor = 10 if name == "hgb" else 88.4
    chosen = np.random.default_rng(5).choice(values.index, int(share * len(values)), replace=False)
    values[chosen] *= factor
    finding = only(unit_faults(values, Variable(name=name, kind="numeric")))
    named = set(finding.rows)
    assert len(named ^ set(chosen)) <= 0.01 * len(values)


@given(st.sampled_from(FACTORS), st.floats(0.01, 1e4), st.integers(0, 10**6))
def test_law_the_finding_does_not_depend_on_the_scale_or_the_order(factor, scale, seed):
    values, wrong = mixed(albumin(120, seed % 7) * scale, 0.25, factor, seed)
    finding = only(unit_faults(values.sample(frac=1, random_state=seed), variable()))
    assert set(finding.rows) == wrong
