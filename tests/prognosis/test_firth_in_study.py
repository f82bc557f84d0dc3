"""Cox(penalty="firth") from the study: finite answers on separated data, profile limits, kept in the file."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import FitError, PredictionError
from prognosis import load_model
from prognosis.cox.firth import fit_firth_cox
from prognosis.models import Cox
from tests.prognosis import made

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
PREDICTORS = ["age", "grade"]


@pytest.fixture(scope="module")
def separated():
    """Nobody of the middle grade has the event."""
    frame = made.patients(200)
    return frame.assign(event=np.where(frame["grade"] == "middle", 0, frame["event"]))


@pytest.fixture(scope="module")
def model(separated):
    return made.study(PREDICTORS, frame=separated, horizons=[24]).fit(Cox(penalty="firth"))


def test_what_maximum_likelihood_refuses_names_firth_and_firth_answers(separated, model):
    with pytest.raises(FitError, match=r"0 events of n=.*Cox\(penalty=\"firth\"\)") as caught:
        made.study(PREDICTORS, frame=separated, horizons=[24]).fit(Cox())
    assert caught.value.code == "C05"
    row = model.summary.set_index("term").loc["grade=middle"]
    assert -8 < row["coefficient"] < -2
    assert row["se"] < 2
    assert row["upper"] < 0.2
    assert row["p"] < 1e-6


def test_limits_and_p_are_the_profiles_not_walds(model):
    fitted = model.freshly_fitted()
    kept = fitted.training_
    direct = fit_firth_cox(kept.design, kept.risk_sets, model.estimate.names)
    table = model.summary
    np.testing.assert_allclose(np.log(table["lower"]), direct.lower, rtol=1e-8)
    np.testing.assert_allclose(np.log(table["upper"]), direct.upper, rtol=1e-8)
    np.testing.assert_allclose(table["p"], direct.p, rtol=1e-8)
    np.testing.assert_allclose(np.sign(table["z"]), np.sign(table["coefficient"]))
    wald = table["coefficient"] + 1.959964 * table["se"]
    assert abs(np.log(table["upper"]) - wald).max() > 0.05


def test_another_level_is_refused(model):
    with pytest.raises(PredictionError, match="keeps its profile limits for the level") as caught:
        model.estimate.summary(level=0.9)
    assert caught.value.code == "C33"


def test_it_comes_back_from_a_file_with_its_profile(model, separated, tmp_path):
    loaded = load_model(model.save(tmp_path / "f.prognosis"))
    assert loaded.summary.equals(model.summary)
    rows = separated[PREDICTORS]
    np.testing.assert_array_equal(loaded.predict(rows).risk, model.predict(rows).risk)
    risk = loaded.predict(rows).risk[:, 0]
    assert 0 < risk[separated["grade"] == "middle"].max() < 0.05
    assert risk[separated["grade"] == "high"].mean() > 0.5


def test_two_penalties_are_refused_and_tests_of_a_penalised_fit_too(model, separated):
    with pytest.raises(FitError, match="cannot both be") as caught:
        made.study(PREDICTORS, frame=separated, horizons=[24]).fit(Cox(penalty="firth", ridge=1.0))
    assert caught.value.code == "S14"
    with pytest.raises(FitError, match="Firth's penalty shrinks") as caught:
        model.tests()
    assert caught.value.code == "N26"
    with pytest.raises(FitError, match="penalty='lasso'"):
        Cox(penalty="lasso").fit(separated[["age"]], made.outcome_of(separated))


def test_robust_errors_are_walds(separated):
    rows = separated.assign(weight=np.tile([0.5, 1.5], 100))
    study = made.study(PREDICTORS, frame=rows, horizons=[24])
    model = study.fit(Cox(penalty="firth", weights="weight"))
    assert model.estimate.profile is None
    table = model.summary
    np.testing.assert_allclose(table["z"], table["coefficient"] / table["se"], rtol=1e-12)


def test_with_many_events_it_is_close_to_maximum_likelihood():
    study = made.study(["age", "albumin"], n=400)
    firth, plain = study.fit(Cox(penalty="firth")), study.fit(Cox())
    np.testing.assert_allclose(firth.estimate.coefficients, plain.estimate.coefficients, rtol=0.05)
