"""Case M04 where models are validated: a model that tells no two patients apart has a C of one half by ties."""

from __future__ import annotations

import pytest

from cohorts.errors import PrognosisWarning
from prognosis.models import PenalisedCox
from prognosis.validation import CrossValidation
from tests.prognosis import made
from tests.prognosis.new_cohorts import other_cohort, quiet


@pytest.fixture(scope="module")
def fitted():
    """A lasso so strong that every coefficient is 0."""
    study = made.study(["age", "albumin"], n=150, seed=2, horizons=[12])
    with quiet():
        return study, study.fit(PenalisedCox(penalty=5.0), name="nobody")


def test_m04_inside_the_cohort(fitted):
    study, model = fitted
    with pytest.warns(PrognosisWarning) as told:
        found = study.validate(model, CrossValidation(folds=5, repeats=1), metrics=["harrell_c", "brier"])
    assert [finding.code for finding in found.warnings] == ["M04"]
    assert "model nobody: all patients have the same score: C=0.5 by ties" in str(told[0].message)
    assert found.table.loc[0, "corrected"] == 0.5


def test_m04_in_another_cohort(fitted):
    _, model = fitted
    with quiet():
        found = model.validate(other_cohort(120), metrics=["harrell_c", "brier"])
    rule = next(finding.rule for finding in found.warnings if finding.code == "M04")
    assert rule == "all patients have the same score: C=0.5 by ties"
