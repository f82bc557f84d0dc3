"""Declarations of the diseases: whole, labelled, fit for each other, and usable by name."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts import Cohort, read_cohort
from cohorts.diseases.named import DISEASES, disease_named
from cohorts.errors import DataContractError, PrognosisWarning
from cohorts.simulation import SIMULATORS
from cohorts.staging import AboveNormal, Category, Measured
from cohorts.staging.classes import plain
from cohorts.staging.system import flat
from prognosis import Study

ALL = [disease_named(name) for name in DISEASES]


def by_name(disease):
    return disease.name


@pytest.mark.parametrize("disease", ALL, ids=by_name)
def test_every_column_is_labelled_in_both_languages(disease):
    for name, variable in disease.codebook.items():
        assert set(variable.label) == {"en", "zh"}, name
        assert variable.label["en"] != variable.label["zh"], name
    assert disease.codebook.id == "patient"


@pytest.mark.parametrize("disease", ALL, ids=by_name)
def test_every_measurement_has_limits_and_a_unit_where_it_has_one(disease):
    for name, variable in disease.codebook.items():
        if variable.kind == "numeric":
            assert variable.limits, name
            assert variable.unit or name.endswith("segments"), name


@pytest.mark.parametrize("disease", ALL, ids=by_name)
def test_endpoints_read_columns_of_the_codebook_of_their_kind(disease):
    for name, endpoint in disease.endpoints.items():
        assert endpoint.name == name
        assert endpoint.definition.endswith(".")
        for column in endpoint.columns:
            variable = disease.codebook[column]
            assert variable.kind in ("time", "event", "binary"), column
            if variable.kind in ("time", "event"):
                assert variable.timing == "post-baseline", column
                assert variable.unit in (None, endpoint.unit)


@pytest.mark.parametrize("disease", ALL, ids=by_name)
def test_stages_read_columns_of_the_codebook_in_its_unit(disease):
    for name, system in disease.stages.items():
        assert set(system.label) == {"en", "zh"}
        assert len(set(system.stages)) == len(system.stages)
        for each in flat(system, ()).inputs:
            if each.name == "grade" and name == "ajcc7":
                continue  # four tiers, which the codebooks of today do not have
            variable = disease.codebook[each.column]
            if isinstance(each, Measured):
                assert variable.kind == "numeric", each.name
                assert not each.units or plain(variable.unit) in {plain(unit) for unit in each.units}, each.name
            elif isinstance(each, Category):
                meaning = {plain(text) for text in (*each.classes, *each.spellings)}
                assert {plain(level) for level in variable.levels} <= meaning, each.name
            else:
                assert variable.kind == ("numeric" if isinstance(each, AboveNormal) else "binary"), each.name


def test_treatment_and_response_are_known_later_only():
    late = {"surgery", "margin", "chemotherapy", "radiotherapy", "response_at_transplant", "best_response",
            "first_line", "autologous_transplant", "necrosis_percent", "denosumab_after_surgery"}  # fmt: skip
    for disease in ALL:
        for name, variable in disease.codebook.items():
            if name in late:
                assert variable.timing == "post-baseline", (disease.name, name)


def patients(n=60):
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "patient": [f"P{row}" for row in range(n)],
            "hospital": "A",
            "age": draw.integers(40, 85, n),
            "b2m_mg_l": draw.lognormal(1.3, 0.5, n).round(2),
            "albumin_g_dl": draw.normal(3.7, 0.5, n).round(1),
            "best_response": np.tile(["CR", "VGPR", "PR", "MR", "SD", "PD"], n // 6),
            "pfs_months": draw.exponential(30, n).round(2) + 0.1,
            "pfs_event": draw.integers(0, 2, n),
        }
    )


def test_a_file_is_read_by_the_name_of_a_disease(tmp_path):
    path = tmp_path / "myeloma.csv"
    patients().to_csv(path, index=False)
    with pytest.warns(PrognosisWarning, match="not declared in the codebook and left out: hospital"):
        cohort = read_cohort(path, "myeloma")
    assert list(cohort.codebook) == [name for name in patients() if name != "hospital"]
    staged = cohort.with_stage(disease_named("myeloma").stage("iss"))
    assert staged.frame["iss"].notna().all()
    patients().rename(columns={"patient": "pid"}).to_csv(path, index=False)
    with pytest.raises(DataContractError, match="takes the row ids from patient") as caught:
        read_cohort(path, "myeloma")
    assert caught.value.code == "S05"


def test_a_stage_is_a_predictor_and_a_response_is_refused():
    disease = disease_named("myeloma")
    frame = patients().drop(columns="hospital")
    cohort = Cohort.from_frame(frame, "patient", disease.codebook_of(list(frame))).with_stage(disease.stage("iss"))
    study = Study(cohort, disease.endpoint("pfs", horizons=[12, 24]), ["iss", "age"])
    assert study.horizons == (12.0, 24.0)
    with pytest.raises(DataContractError, match="post-baseline"):
        Study(cohort, disease.endpoint("pfs", horizons=[12]), ["iss", "best_response"])


def test_unknown_names():
    for action in (
        lambda: disease_named("lymphoma"),
        lambda: disease_named("myeloma").endpoint("dfs"),
        lambda: disease_named("osteosarcoma").stage("r_iss"),
    ):
        with pytest.raises(DataContractError) as caught:
            action()
        assert caught.value.code == "D18"


@pytest.mark.parametrize("disease", ALL, ids=by_name)
def test_simulated_patients_are_read_by_the_name_of_their_disease(disease, tmp_path):
    made = SIMULATORS[disease.name](200, 1).cohort
    path = tmp_path / "made.csv"
    made.frame.reset_index().to_csv(path, index=False)
    with warnings.catch_warnings():
        # 200 made-up patients have rare levels
        warnings.simplefilter("ignore", PrognosisWarning)
        cohort = read_cohort(path, disease.name)
    assert list(cohort.codebook) == list(made.codebook)
    endpoint = disease.endpoints["local_recurrence" if disease.name == "giant_cell_tumour" else "os"]
    assert (endpoint.outcome(cohort).event > 0).sum() > 10
