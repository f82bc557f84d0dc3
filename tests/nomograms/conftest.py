"""Models on real data that several nomogram tests share; fitted once."""

from __future__ import annotations

import pytest

from cohorts import Codebook, Cohort, TimeToEvent
from nomograms import Nomogram
from prognosis import Study
from prognosis.models import Cox
from tests.nomograms.hand_made import hand_made

MGUS2 = {
    "id": {"kind": "id"},
    "age": {"kind": "numeric", "unit": "years", "label": {"en": "Age", "zh": "年龄"}},
    "sex": {"kind": "binary", "levels": ["F", "M"], "label": {"en": "Sex", "zh": "性别"}},
    "hgb": {"kind": "numeric", "unit": "g/dL", "label": {"en": "Haemoglobin", "zh": "血红蛋白"}},
    "creat": {"kind": "numeric", "unit": "mg/dL", "label": {"en": "Creatinine", "zh": "肌酐"}},
    "mspike": {"kind": "numeric", "unit": "g/dL", "label": {"en": "Monoclonal protein", "zh": "M蛋白"}},
    "futime": {"kind": "time", "unit": "months"},
    "years": {"kind": "time", "unit": "years"},
    "death": {"kind": "event", "values": {"censored": 0, "event": 1}},
}
GBSG = {
    "pid": {"kind": "id"},
    "age": {"kind": "numeric", "unit": "years", "label": {"en": "Age", "zh": "年龄"}},
    "size": {"kind": "numeric", "unit": "mm", "label": {"en": "Tumour size", "zh": "肿瘤大小"}},
    "gradef": {"kind": "ordinal", "levels": ["1", "2", "3"], "label": {"en": "Tumour grade", "zh": "肿瘤分级"}},
    "nodes": {"kind": "numeric", "label": {"en": "Positive nodes", "zh": "阳性淋巴结数"}},
    "pgr": {"kind": "numeric", "unit": "fmol/l", "label": {"en": "Progesterone receptor", "zh": "孕激素受体"}},
    "hormon": {"kind": "binary", "label": {"en": "Hormonal therapy", "zh": "激素治疗"}},
    "therapy": {"kind": "binary", "levels": ["no", "yes"], "label": {"en": "Hormonal therapy", "zh": "激素治疗"}},
    "rfstime": {"kind": "time", "unit": "days"},
    "status": {"kind": "event", "values": {"censored": 0, "event": 1}},
}
DEATH = TimeToEvent(
    "death", time="futime", event="death", unit="months", origin="diagnosis of MGUS", horizons=(24, 60, 120)
)
RECURRENCE = TimeToEvent(
    "recurrence_or_death", time="rfstime", event="status", unit="days", origin="surgery", horizons=(365, 1095)
)


def cohort_of(frame, declared, name):
    book = Codebook.from_dict({"variables": declared})
    return Cohort.from_frame(frame[list(declared)], id=name, codebook=book)


@pytest.fixture(scope="session")
def mgus2(golden_data):
    rows = golden_data("mgus2").dropna(subset=["hgb", "creat", "mspike"])
    return cohort_of(rows.assign(id=rows["id"].astype(str), years=rows["futime"] / 12), MGUS2, "id")


@pytest.fixture(scope="session")
def gbsg(golden_data):
    rows = golden_data("gbsg").astype({"pid": str, "gradef": str})
    return cohort_of(rows.assign(therapy=rows["hormon"].map({0: "no", 1: "yes"})), GBSG, "pid")


@pytest.fixture(scope="session")
def mgus2_model(mgus2):
    """The model of the golden file nomogram_cph_mgus2."""
    return Study(mgus2, DEATH, predictors=["age", "sex", "hgb", "creat"]).fit(Cox(splines={"creat": 3}))


@pytest.fixture(scope="session")
def gbsg_model(gbsg):
    """The model of the golden file nomogram_cph_gbsg."""
    return Study(gbsg, RECURRENCE, predictors=["age", "size", "gradef", "nodes", "hormon"]).fit(Cox())


@pytest.fixture(scope="session")
def crossed_model(gbsg):
    """Age interacts with therapy; a spline of nodes."""
    study = Study(gbsg, RECURRENCE, predictors=["age", "therapy", "gradef", "size", "nodes"])
    return study.fit(Cox(splines={"nodes": 3}, interactions=[("age", "therapy")]))


@pytest.fixture(scope="session")
def folded_model(gbsg):
    """A spline of age that folds back twice, in an interaction."""
    study = Study(gbsg, RECURRENCE, predictors=["age", "size", "gradef", "nodes", "pgr", "therapy"])
    return study.fit(Cox(splines={"age": 4, "nodes": 3}, interactions=[("age", "therapy")]))


@pytest.fixture
def simple():
    """Age 30 to 80 at 0.04 a year, women 0.5 below men: 2.0 and 0.5 on the log hazard, so 50 points a unit."""
    return Nomogram(hand_made([0.04, 0.5]))
