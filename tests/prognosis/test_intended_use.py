"""P16: a model says whom it was made for, and tells a patient whom its cohort would not have included."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts import Codebook, Cohort
from cohorts.errors import DataContractError, PrognosisWarning
from prognosis import Study, load_model
from prognosis.models import Cox
from tests.prognosis import made

ADULTS = {"kind": "numeric", "unit": "years", "limits": [18, 110], "inclusion": [40, 84], "label": {"en": "Age"}}
WOMEN_AND_MEN = {"kind": "nominal", "levels": ["low", "middle", "high"], "inclusion": ["low", "middle", "high"]}
PATIENT = {"age": 60.0, "grade": "low"}


def model_of(frame=None, **changed):
    book = made.codebook(age=ADULTS, grade=WOMEN_AND_MEN, **changed)
    rows = made.patients(300) if frame is None else frame
    return Study(Cohort.from_frame(rows, "pid", book), made.ENDPOINT, ["age", "grade"]).fit(Cox())


@pytest.fixture(scope="module")
def model():
    return model_of()


def test_p16_a_patient_of_another_population_is_told_so(model, tmp_path):
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    for answering in (model, loaded):
        with pytest.warns(PrognosisWarning, match=r"inclusion criterion Age 40 to 84 years") as caught:
            answer = answering.predict({**PATIENT, "age": 86.0}, [24])
        assert "P16" in str(caught[0].message)
        (remark,) = [remark for remark in answer.remarks if remark.code == "P16"]
        assert (remark.patient, remark.column) == ("patient", "age")
        assert np.isfinite(answer.risk).all()


def test_a_patient_inside_hears_nothing_at_the_edges_too(model):
    for age in (40.0, 84.0):
        assert not [r for r in model.predict({**PATIENT, "age": age}, [24]).remarks if r.code == "P16"]


def test_a_level_can_be_outside():
    rows = made.patients(300)
    rows = rows[rows["grade"] != "high"]
    grade = {"kind": "nominal", "levels": ["low", "middle"], "inclusion": ["low", "middle"]}
    narrow = {"kind": "nominal", "levels": ["F", "M"], "inclusion": ["F"]}
    only_women = rows[rows["sex"] == "F"]
    book = made.codebook(age=ADULTS, sex=narrow, grade=grade)
    cohort = Cohort.from_frame(only_women.assign(grade=only_women["grade"].cat.remove_categories("high")), "pid", book)
    assert cohort.codebook["sex"].inclusion == ("F",)
    with pytest.raises(DataContractError, match="do not meet the inclusion criterion F") as caught:
        Cohort.from_frame(rows.assign(grade=rows["grade"].cat.remove_categories("high")), "pid", book)
    assert caught.value.code == "C40"


def test_a_training_patient_who_breaks_the_criterion_is_an_error():
    rows = made.patients(300)
    rows.loc["P007", "age"] = 90.0
    with pytest.raises(
        DataContractError, match="1 patients do not meet the inclusion criterion 40 to 84 years"
    ) as caught:
        model_of(rows)
    assert caught.value.findings[0].rows == ("P007",)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"kind": "numeric", "inclusion": [75, 18]}, "inclusion must be"),
        ({"kind": "numeric", "inclusion": ["old"]}, "some of the levels"),
        ({"kind": "nominal", "levels": ["a", "b"], "inclusion": [1, 2]}, "some of the levels"),
        ({"kind": "nominal", "levels": ["a", "b"], "inclusion": ["c"]}, "not declared"),
        ({"kind": "nominal", "levels": ["a", "b"], "inclusion": []}, "not declared"),
        ({"kind": "id", "inclusion": [1, 2]}, "some of the levels"),
    ],
)
def test_a_criterion_that_cannot_be_is_refused(declared, words):
    with pytest.raises(DataContractError, match=words):
        Codebook.from_dict({"variables": {"x": declared}})
