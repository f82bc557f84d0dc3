"""From total points to risk: the total ruler, the inversion of rms, the choice of ticks."""

from __future__ import annotations

import numpy as np
import pytest

from nomograms import Nomogram
from nomograms.outcomes import ROUND_RISKS, outcome_axis, places, total_ticks
from nomograms.pretty import pretty
from tests.nomograms.hand_made import HAZARD, hand_made


def fitted_linear_predictor(model, cohort):
    """Centred linear predictor of the training rows, which the model itself does not keep."""
    return model.estimate.linear_predictor(model.preparation.design(cohort.frame))


@pytest.mark.parametrize(
    ("largest", "end"), [(0.0, 100), (99.0, 100), (100.0, 100), (101.0, 110), (182.0, 200), (125.0, 130)]
)
def test_the_total_ruler_is_always_long_enough(largest, end):
    ticks = total_ticks(largest)
    assert (ticks[0], ticks[-1]) == (0, end)


@pytest.mark.parametrize("name", ["mgus2", "gbsg"])
def test_ruler_linear_predictor_and_survival_axes_of_rms(name, golden, request):
    """With the range of the fitted linear predictor, as rms takes it: all positions of the golden files to 1e-6."""
    expected = golden(f"nomogram_cph_{name}")
    model = request.getfixturevalue(f"{name}_model")
    scale = Nomogram(model, limits="rms").scale
    centre = float(model.estimate.means @ model.estimate.coefficients)
    fitted = fitted_linear_predictor(model, request.getfixturevalue(name))
    ticks = pretty(fitted.min(), fitted.max())
    constant = scale.constant - centre
    assert ticks.tolist() == pytest.approx(expected["lp_axis"]["x.real"])
    np.testing.assert_allclose((ticks - constant) * scale.per_unit, expected["lp_axis"]["x"], atol=1e-6)
    assert total_ticks(scale.per_unit * (ticks[-1] - constant)).tolist() == expected["total_points"]
    for horizon, axis in zip(expected["times"], expected["fun_axes"].values(), strict=True):
        survival = np.array(axis["x.real"])

        def risk(linear_predictor, horizon=horizon):
            return model.estimate.risk_at(linear_predictor + centre, [horizon])[:, 0]

        found, where = places(risk, 1 - survival, ticks[0], ticks[-1])
        np.testing.assert_allclose(found, 1 - survival)
        np.testing.assert_allclose((where - constant) * scale.per_unit, axis["x"], atol=1e-6)


def test_five_year_survival_of_the_full_mgus2_model(mgus2):
    """Conventions 3.2: totals of five-year survival .9, .7, .5, .3 and .1, and S5 at -1, 0 and 1."""
    from dataclasses import replace

    from prognosis import Study
    from prognosis.models import Cox
    from tests.nomograms.conftest import DEATH

    endpoint = replace(DEATH, time="years", unit="years", horizons=(5,))
    model = Study(mgus2, endpoint, predictors=["age", "sex", "hgb", "creat", "mspike"]).fit(Cox())
    centre = float(model.estimate.means @ model.estimate.coefficients)
    survival = 1 - model.estimate.risk_at(np.array([-1.0, 0.0, 1.0]) + centre, [5.0])[:, 0]
    np.testing.assert_allclose(survival, [0.8778806234, 0.7018457072, 0.3819807399], atol=1e-9)
    fitted = fitted_linear_predictor(model, mgus2)
    ticks = pretty(fitted.min(), fitted.max())

    def answer(linear_predictor):
        return model.estimate.risk_at(linear_predictor + centre, [5.0])[:, 0]

    _, where = places(answer, [0.1, 0.3, 0.5, 0.7, 0.9], ticks[0], ticks[-1])
    scale = Nomogram(model, limits="rms").scale
    totals = (where - scale.constant + centre) * scale.per_unit
    np.testing.assert_allclose(totals, [60.52809114, 87.68848687, 102.4870192, 114.7847829, 129.2266384], atol=1e-6)


def test_inversion_by_hand():
    """A straight line is inverted exactly, ticks outside the range are dropped, falling functions too."""
    found, where = places(lambda x: 2 * x, [-1.0, 0.5, 1.0, 3.0], 0.0, 1.0)
    assert found.tolist() == [0.5, 1.0]
    np.testing.assert_allclose(where, [0.25, 0.5], atol=1e-12)
    found, where = places(lambda x: 1 - x, [0.25], 0.0, 1.0)
    np.testing.assert_allclose(where, [0.75], atol=1e-12)


def test_places_of_risks_by_hand(simple):
    """Constant hazard: risk r by time t lies at log(-log(1 - r) / (hazard t)) above the training mean."""
    model = simple.model
    centre = float(model.estimate.means @ model.estimate.coefficients)
    axis = simple.outcomes[0]
    exact = np.log(-np.log1p(-axis.risks) / (HAZARD * 12)) + centre
    np.testing.assert_allclose(axis.total_points, (exact - simple.scale.constant) * 50, atol=1e-3)


def test_ticks_are_round_risks_and_ranked(simple):
    axis = simple.outcomes[1]
    ranks = {risk / 100: rank for rank, risks in enumerate(ROUND_RISKS) for risk in risks}
    assert [ranks[float(risk)] for risk in axis.risks] == axis.rank.tolist()
    assert (np.diff(axis.risks) > 0).all()
    assert (np.diff(axis.total_points) > 0).all()


def test_low_risks_have_ticks_too():
    """rms starts at survival 0.9; most patients of a rare event lie below a risk of 10 %."""
    model = hand_made([0.04, 0.5])
    axis = outcome_axis(model, Nomogram(model).scale, 1.0, 140.0)
    assert axis.risks[0] <= 0.005
    assert ((axis.risks > 0.001) & (axis.risks < 0.1)).sum() >= 5


def test_a_range_without_round_risks_gets_pretty_ones():
    model = hand_made([0.0004, 0.0005])
    axis = outcome_axis(model, Nomogram(model).scale, 12.0, 140.0)
    assert len(axis.risks) >= 3
    assert axis.rank.tolist() == [0] * len(axis.risks)
