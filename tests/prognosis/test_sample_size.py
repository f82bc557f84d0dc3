"""Riley's criteria: the published worked examples, the formulas by hand, laws, and the warning of a short cohort."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from cohorts.errors import FitError
from prognosis.sample_size import (
    cox_snell_from_c,
    max_cox_snell_binary,
    max_cox_snell_survival,
    sample_size_binary,
    sample_size_survival,
)
from prognosis.sample_size_shortfall import events_shortfall, needed_for

# Sizes by pmsampsize's authors' Python port 0.1.0, which has the formulas of R's pmsampsize 1.1; R's versions before
# 1.1 rounded R2 and shrinkage on the way (668 for 662).


def sizes(found):
    return [criterion.n for criterion in found.criteria]


@pytest.mark.parametrize(
    ("parameters", "prevalence", "r_squared", "expected", "final"),
    [
        (24, 0.174, 0.288, [623, 662, 221], 662),  # Riley et al. 2019 part II: Chagas disease; help page of pmsampsize
        (24, 0.174, 0.55, [255, 532, 221], 532),
        (24, 0.25, 0.288, [623, 590, 289], 623),
        (36, 0.174, 0.288, [934, 992, 221], 992),
        (30, 0.05, 0.05, [5249, 1770, 73], 5249),  # Riley et al. 2020: pre-eclampsia
    ],
)
def test_published_examples_of_binary_outcomes(parameters, prevalence, r_squared, expected, final):
    found = sample_size_binary(parameters, prevalence, r_squared=r_squared)
    assert sizes(found) == expected
    assert found.n == found.binding.n == final
    assert found.events == pytest.approx(final * prevalence)
    assert found.events_per_parameter == pytest.approx(final * prevalence / parameters)


@pytest.mark.parametrize(
    ("parameters", "rate", "follow_up", "r_squared", "expected"),
    [
        (30, 0.065, 2.07, 0.051, [5143, 1039]),  # Riley et al. 2020: recurrence of thromboembolism; help page
        (25, 0.065, 2.07, 0.051, [4286, 866]),  # Riley et al. 2019 part II
        (25, 0.065, 2.07, 0.065, [3335, 859]),
        (50, 0.065, 2.07, 0.051, [8572, 1731]),
        (80, 0.03, 5.0, 0.3, [1974, 2272]),
    ],
)
def test_published_examples_of_survival(parameters, rate, follow_up, r_squared, expected):
    found = sample_size_survival(parameters, rate, 2, follow_up, r_squared=r_squared)
    assert sizes(found)[:2] == expected
    assert found.n == max(expected)
    assert found.events == pytest.approx(max(expected) * rate * follow_up)


def test_the_interval_of_the_risk_as_pmsampsize_prints_it():
    """At n = 5143: 95 % CI for overall risk = (0.113, 0.13), for true value of 0.122."""
    found = sample_size_survival(30, 0.065, 2, 2.07, r_squared=0.051)
    assert [round(value, 3) for value in (found.risk, *found.risk_interval)] == [0.122, 0.113, 0.13]
    assert math.ceil(found.events) == 692
    assert round(found.events_per_parameter, 2) == 23.07


@pytest.mark.parametrize(("prevalence", "n"), [(0.5, 385), (0.1, 139), (0.2, 246)])
def test_precision_of_a_proportion_by_hand(prevalence, n):
    """1.96^2 p (1 - p) / 0.05^2, as in box 2 of Riley et al. 2020."""
    assert sizes(sample_size_binary(1, prevalence, nagelkerke=0.5))[2] == n


def test_precision_of_a_survival_risk_is_just_met():
    """The distance of the lower limit of the risk, with a constant rate, is within the margin at n and not at n - 1."""
    found = sample_size_survival(1, 0.3, 2, 1.5, nagelkerke=0.9)
    assert found.binding.name == "(iii) precise overall risk"

    def distance(n):
        low = 0.3 - 1.96 * math.sqrt(0.3 / (1.5 * n))
        return math.exp(-2 * low) - math.exp(-0.6)

    assert distance(found.n) <= 0.05 < distance(found.n - 1)
    assert found.risk - found.risk_interval[0] == pytest.approx(distance(found.n))


def test_largest_r2_by_hand():
    """Half of the patients with the event: 1 - exp(2 log 0.5) = 3/4; one event a patient: 1 - exp(-2)."""
    assert max_cox_snell_binary(0.5) == pytest.approx(0.75, rel=1e-14)
    assert max_cox_snell_survival(0.25, 4.0) == pytest.approx(1 - math.exp(-2), rel=1e-14)
    assert [round(max_cox_snell_binary(p), 2) for p in (0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.01)] == [
        *(0.75, 0.74, 0.71, 0.63, 0.48, 0.33, 0.11),  # table of Riley et al. 2020
    ]


@pytest.mark.parametrize(("c", "prevalence"), [(0.81, 0.77), (0.89, 0.174), (0.6, 0.01), (0.97, 0.5)])
def test_r2_from_c_by_plain_integration(c, prevalence):
    """Kullback-Leibler gain of the true posterior over the prevalence, integrated on a line."""
    shift = math.sqrt(2) * norm.ppf(c)

    def gain(x):
        event, other = prevalence * norm.pdf(x, shift), (1 - prevalence) * norm.pdf(x)
        share = event / (event + other)
        return event * math.log(share / prevalence) + other * math.log((1 - share) / (1 - prevalence))

    expected = 1 - math.exp(-2 * quad(gain, -9, 9 + shift, epsabs=1e-12)[0])
    assert cox_snell_from_c(c, prevalence) == pytest.approx(expected, rel=1e-6)


def test_r2_from_c_as_riley_simulates_it():
    """Riley et al. 2021 draw a million patients; R gave 0.2902 and 0.2124 with pmsampsize's seed."""
    assert cox_snell_from_c(0.89, 0.174) == pytest.approx(0.2902, abs=2e-3)
    assert cox_snell_from_c(0.81, 0.77) == pytest.approx(0.2124, abs=2e-3)
    found = sample_size_binary(24, 0.174, c_statistic=0.89)
    assert found.r_squared == cox_snell_from_c(0.89, 0.174)
    assert found.basis == "a C statistic of 0.89"


def test_that_simulation_in_small():
    """The likelihood-ratio R2 of drawn patients comes near the integral."""
    draw, c, prevalence, n = np.random.default_rng(5), 0.8, 0.3, 200_000
    shift = math.sqrt(2) * norm.ppf(c)
    event = draw.random(n) < prevalence
    x = draw.normal(size=n) + shift * event
    p = expit(math.log(prevalence / (1 - prevalence)) + shift * x - shift**2 / 2)
    gain = np.where(event, np.log(p / prevalence), np.log((1 - p) / (1 - prevalence))).mean()
    assert cox_snell_from_c(c, prevalence) == pytest.approx(1 - math.exp(-2 * gain), abs=4e-3)


def test_without_knowledge_the_r2_is_15_percent_of_its_largest_value():
    found = sample_size_survival(10, 0.1, 2, 3)
    assert found.r_squared == pytest.approx(0.15 * found.max_r_squared)
    assert found.nagelkerke == pytest.approx(0.15)
    assert "nothing known: 15 %" in found.basis
    assert found.n == sample_size_survival(10, 0.1, 2, 3, nagelkerke=0.15).n
    assert found.n == sample_size_survival(10, 0.1, 2, 3, r_squared=found.r_squared).n


def test_the_table_has_a_line_a_criterion():
    table = sample_size_binary(24, 0.174, r_squared=0.288).table()
    assert list(table.columns) == ["name", "n", "events", "events_per_parameter", "shrinkage"]
    assert list(table["n"]) == [623, 662, 221]
    assert table["shrinkage"][1] == pytest.approx(0.288 / (0.288 + 0.05 * max_cox_snell_binary(0.174)))


@given(st.integers(1, 80), st.floats(0.02, 0.98), st.floats(0.05, 0.9))
def test_the_first_criterion_reaches_its_shrinkage(parameters, prevalence, nagelkerke):
    """Expected shrinkage 1 + p / (n log(1 - R2 / s)), equation (8) of part II, is at least .9 at n and not below n."""
    found = sample_size_binary(parameters, prevalence, nagelkerke=nagelkerke)

    def reached(n):
        return 1 + parameters / (n * math.log(1 - found.r_squared / 0.9))

    n = sizes(found)[0]
    assert reached(n) >= 0.9 - 1e-12
    assert n == 1 or reached(n - 1) < 0.9 + 1e-12


@given(st.integers(2, 60), st.floats(0.01, 0.5), st.floats(0.1, 0.8))
def test_more_parameters_or_a_weaker_model_need_more_patients(parameters, rate, nagelkerke):
    n = sizes(sample_size_survival(parameters, rate, 2, 1.5, nagelkerke=nagelkerke))
    more = sizes(sample_size_survival(parameters + 5, rate, 2, 1.5, nagelkerke=nagelkerke))
    weaker = sizes(sample_size_survival(parameters, rate, 2, 1.5, nagelkerke=nagelkerke / 2))
    assert more[0] > n[0]
    assert weaker[0] > n[0]
    assert more[2] == n[2]


@given(st.floats(0.5, 100))
def test_the_unit_of_time_does_not_matter(unit):
    years = sample_size_survival(20, 0.065, 2, 2.07, r_squared=0.051)
    other = sample_size_survival(20, 0.065 / unit, 2 * unit, 2.07 * unit, r_squared=0.051)
    assert sizes(other) == pytest.approx(sizes(years), abs=1)
    assert other.risk == pytest.approx(years.risk)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"prevalence": 1.0}, "Z02", "prevalence=1.0"),
        ({"parameters": 0}, "Z02", "parameters=0"),
        ({"parameters": 2.5}, "Z02", "parameters=2.5"),
        ({"shrinkage": 1.0}, "Z02", "shrinkage=1.0"),
        ({"margin": 0.0}, "Z02", "margin=0.0"),
        ({"c_statistic": 0.5}, "Z02", "c_statistic=0.5"),
        ({"c_statistic": 0.8, "nagelkerke": 0.2}, "Z02", "more than one of"),
        ({"r_squared": 0.7}, "Z03", "below 0.614"),
        ({"nagelkerke": 0.0}, "Z03", "above 0"),
        ({"prevalence": 0.5, "r_squared": 0.72, "shrinkage": 0.71}, "Z03", "the shrinkage asked for"),
    ],
)
def test_impossible_questions_are_refused(options, code, words):
    with pytest.raises(FitError, match=words) as caught:
        sample_size_binary(**{"parameters": 10, "prevalence": 0.174 if code == "Z02" else 0.183, **options})
    assert caught.value.code == code


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"timepoint": -1.0}, {"mean_follow_up": math.nan}])
def test_impossible_times_are_refused(wrong):
    with pytest.raises(FitError, match=next(iter(wrong))) as caught:
        sample_size_survival(**{"parameters": 10, "rate": 0.1, "timepoint": 2.0, "mean_follow_up": 2.0, **wrong})
    assert caught.value.code == "Z02"


def test_a_short_cohort_is_told_with_what_it_has_and_what_it_needs():
    """lung: 228 patients, 165 deaths, 69593 days; 4 parameters."""
    needed = needed_for(228, 165, 4, follow_up=69593.0, timepoint=365.0)
    (warning,) = events_shortfall(228, 165, 4, follow_up=69593.0, timepoint=365.0)
    assert (warning.code, warning.severity) == ("Z01", "warning")
    for words in ("228 patients with 165 events", "4 parameters", f"{needed.n} patients", "Nagelkerke R2 is 0.15"):
        assert words in str(warning)
    assert needed.n == sample_size_survival(4, 165 / 69593, 365, 69593 / 228).n > 228


def test_at_the_needed_number_the_warning_ends():
    """Twice and a hundred times the patients at the same rate."""
    enough = needed_for(228, 165, 4, follow_up=69593.0).n
    times = math.ceil(enough / 228)
    assert events_shortfall(228 * times, 165 * times, 4, follow_up=69593.0 * times) == []
    assert len(events_shortfall(228, 165, 4, follow_up=69593.0, nagelkerke=0.01)) == 1
    assert events_shortfall(1000, 300, 2) == []
    assert "patients with" in events_shortfall(100, 30, 10)[0].rule


@pytest.mark.parametrize(("events", "parameters"), [(0, 5), (50, 5), (10, 0)])
def test_nothing_is_said_where_no_model_can_be_fitted(events, parameters):
    assert events_shortfall(50, events, parameters) == []
