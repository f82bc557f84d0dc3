"""The parts of the simulators against closed forms and slow sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.diseases import myeloma
from cohorts.simulation import simulate_myeloma
from cohorts.simulation.effects import Effect, linear_predictor
from cohorts.simulation.latent import classes, loaded, picked, present
from cohorts.simulation.missingness import missing_probability
from cohorts.simulation.times import CompetingWeibulls, Weibull, death_after_progression

N = 200_000


def test_a_weibull_has_its_median_and_doubles_its_hazard():
    law, none = Weibull(1.3, 20.0), np.zeros(1)
    assert law.risk(20.0, none) == pytest.approx(0.5)
    assert law.cumulative_hazard(20.0, none + np.log(2)) == pytest.approx(2 * np.log(2))
    assert law.time_at(np.array([np.log(2)]), none) == pytest.approx(20.0)


@given(st.floats(0.2, 3), st.floats(1, 500), st.floats(1e-3, 20), st.floats(-3, 3))
def test_the_time_of_a_hazard_has_that_hazard(shape, median, hazard, predictor):
    law, lp = Weibull(shape, median), np.array([predictor])
    assert law.cumulative_hazard(law.time_at(np.array([hazard]), lp), lp) == pytest.approx(hazard)


def test_cumulative_incidence_is_the_integral_of_hazard_times_survival():
    both, one, two = CompetingWeibulls(Weibull(0.8, 30), Weibull(0.8, 70)), np.array([0.4]), np.array([-0.3])
    grid = np.linspace(0, 50, 200_001)
    hazards = [law.cumulative_hazard(grid, lp) for law, lp in ((both.first, one), (both.second, two))]
    middle = np.exp(-(hazards[0] + hazards[1]))
    slow = np.sum(np.diff(hazards[0]) * (middle[1:] + middle[:-1]) / 2)
    assert both.risk(50, one, two) == pytest.approx(slow, rel=1e-5)


def test_competing_times_fall_as_their_law_says():
    both = CompetingWeibulls(Weibull(0.8, 30), Weibull(0.8, 70))
    one, two = np.full(N, 0.4), np.full(N, -0.3)
    time, first = both.draw(one, two, np.random.default_rng(1))
    for horizon in (5, 20, 80):
        expected = both.risk(horizon, one[:1], two[:1])[0]
        assert (first & (time <= horizon)).mean() == pytest.approx(expected, abs=0.004)


def test_causes_with_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        CompetingWeibulls(Weibull(1, 30), Weibull(2, 30))


@pytest.mark.parametrize("ratio", [0.1, 0.4, 0.8, 0.95])
@pytest.mark.parametrize("share", [0.0, 1 / 3, 0.9])
def test_death_after_progression_makes_overall_survival_proportional(ratio, share):
    """Survival in the time of the other hazard is exponential with the ratio as its rate."""
    rng = np.random.default_rng(3)
    start = rng.standard_exponential(N)
    first = np.full(N, share * ratio)
    later = death_after_progression(start, np.full(N, ratio), first, rng)
    assert (later > start).all()
    death = np.where(rng.random(N) < first, start, later) * ratio
    for point in (0.05, 0.3, 1.0, 2.5):
        assert (death > point).mean() == pytest.approx(np.exp(-point), abs=0.005)


def test_latent_variables_cut_at_shares_and_correlate_as_asked():
    rng = np.random.default_rng(5)
    shared = rng.standard_normal(N)
    other = loaded(shared, 0.4, rng)
    assert np.corrcoef(shared, other)[0, 1] == pytest.approx(0.4, abs=0.01)
    assert present(other, 0.12).mean() == pytest.approx(0.12, abs=0.004)
    cut = np.bincount(classes(other, {"a": 0.2, "b": 0.5, "c": 0.3})) / N
    assert cut == pytest.approx([0.2, 0.5, 0.3], abs=0.005)
    assert np.bincount(picked(rng, (0.1, 0.6, 0.3), N)) / N == pytest.approx([0.1, 0.6, 0.3], abs=0.005)


@given(st.floats(0.01, 0.9), st.sampled_from(["mcar", "mar"]))
def test_missing_values_have_the_share_asked_for(share, mechanism):
    chance = missing_probability(share, mechanism, np.linspace(30, 90, 50))
    assert chance.mean() == pytest.approx(share, abs=1e-6)
    assert (np.diff(chance) > 0).all() if mechanism == "mar" else np.ptp(chance) == 0


def test_one_age_for_all_leaves_nothing_to_depend_on():
    assert missing_probability(0.3, "mar", np.full(5, 60.0)) == pytest.approx(np.full(5, 0.3))


def test_a_linear_predictor_by_hand():
    effects = (
        Effect("os", "age", 2.0, "chosen", 60),
        Effect("os", "x", 0.5, "chosen"),
        Effect("pfs", "x", 9, "chosen"),
    )
    terms = {"age": np.array([60, 62]), "x": np.array([True, False])}
    assert linear_predictor(effects, "os", terms) == pytest.approx([np.log(0.5), 2 * np.log(2)])


def test_the_staging_of_the_package_finds_the_stages_that_act():
    made = simulate_myeloma(500, 2)
    staged = made.cohort.with_stage(myeloma.ISS).with_stage(myeloma.R_ISS, normal={"ldh": 250}).frame
    x = made.tables["complete"].astype(bool)
    iss = np.select([x["iss=III"], x["iss=II"]], ["III", "II"], "I")
    high = x["ldh_high"] | x["del17p"] | x["t_4_14"] | x["t_14_16"]
    revised = np.select([(iss == "I") & ~high, (iss == "III") & high], ["I", "III"], "II")
    by_name = {name: staged[name].astype(str).tolist() for name in staged.columns[-2:]}
    assert list(by_name.values()) == [iss.tolist(), revised.tolist()]
