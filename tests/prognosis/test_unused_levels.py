"""Declared categories without a patient: left out of the model, said, and no risk for who has one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Cohort
from cohorts.errors import FitError, PrognosisError, PrognosisWarning
from prognosis import load_model
from prognosis.models import Cox
from tests.prognosis import made

LEVELS = ["unknown", "low", "middle", "very high", "high"]
GRADE = {"kind": "nominal", "levels": LEVELS, "inclusion": ["low", "middle", "high", "very high"]}


def wider():
    """The made-up patients, with two grades that nobody has, one of them the reference."""
    frame = made.patients(300)
    return frame.assign(grade=pd.Categorical(frame["grade"].astype(str), categories=LEVELS))


@pytest.fixture(scope="module")
def model():
    study_of = made.study(["age", "grade"], frame=wider(), book=made.codebook(grade=GRADE), horizons=[12])
    return study_of.fit(Cox())


def test_the_study_leaves_them_out_and_says_which():
    with pytest.warns(
        PrognosisWarning, match=r"C42.*categories 'unknown', 'very high' of grade.*the reference is 'low'"
    ):
        study = made.study(["age", "grade"], frame=wider(), book=made.codebook(grade=GRADE))
    assert [finding.code for finding in study.warnings].count("C42") == 1
    assert study.cohort.codebook["grade"].levels == ("low", "middle", "high")
    assert study.cohort.codebook["grade"].inclusion == ("low", "middle", "high")
    assert study.frame["grade"].cat.categories.tolist() == ["low", "middle", "high"]


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_the_fit_is_that_of_the_narrow_codebook(model):
    frame = made.patients(300)
    narrow = made.study(["age", "grade"], frame=frame, horizons=[12]).fit(Cox())
    np.testing.assert_array_equal(model.estimate.coefficients, narrow.estimate.coefficients)


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_a_patient_with_such_a_level_gets_no_risk(model, tmp_path):
    patient = wider().iloc[:1].assign(grade=pd.Categorical(["very high"], categories=LEVELS))[["age", "grade"]]
    model.save(tmp_path / "m.prognosis")
    for asked in (model, load_model(tmp_path / "m.prognosis")):
        with pytest.raises(PrognosisError, match="very high"):
            asked.predict(patient)


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_a_column_with_one_level_in_use_is_still_refused():
    frame = wider().assign(grade=pd.Categorical(["low"] * 300, categories=LEVELS))
    study = made.study(["age", "grade"], frame=frame, book=made.codebook(grade=GRADE))
    assert len(study.cohort.codebook["grade"].levels) == len(LEVELS)
    with pytest.raises(FitError, match="grade"):
        study.fit(Cox())


def test_other_columns_of_the_cohort_stay_as_declared():
    cohort = Cohort.from_frame(wider(), "pid", made.codebook(grade=GRADE))
    with pytest.warns(PrognosisWarning):
        made.study(["age", "grade"], frame=wider(), book=made.codebook(grade=GRADE))
    assert made.study(["age"], frame=wider(), book=made.codebook(grade=GRADE)).cohort.codebook == cohort.codebook
