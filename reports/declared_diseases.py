"""What a study file takes from a disease by name: its codebook, an endpoint, staging systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cohorts import Cohort
from cohorts.diseases.named import DISEASES, disease_named
from reports.study_file import StudyFile


def declared_codebook(declared: StudyFile, home: Path) -> str | Path:
    """Return the name of the disease whose codebook is meant, else the place of the codebook."""
    name = declared.cohort.codebook
    return name if name in DISEASES else home / name


def endpoint_table(declared: StudyFile) -> dict[str, Any]:
    """Return the keys of the endpoint; ``disease`` and ``name`` stand for those of a declared one, others change it.

    Raises
    ------
    DataContractError
        D18 no such disease or endpoint.
    """
    given = dict(declared.endpoint)
    disease = given.pop("disease", None)
    return given if disease is None else disease_named(disease).endpoint(given.pop("name", ""), **given).to_dict()


def with_declared_stages(cohort: Cohort, declared: StudyFile) -> Cohort:
    """Return the cohort with the stages of ``[[stages]]``, in their order.

    Raises
    ------
    DataContractError
        D18 no such disease or system, and what `StagingSystem.stage` raises.
    """
    for asked in declared.stages:
        system = disease_named(asked.disease).stage(asked.system)
        read_as = {name: _given(each) for name, each in asked.read_as.items()}
        cohort = cohort.with_stage(system, _given(asked.columns), name=asked.name, normal=asked.normal, read_as=read_as)
    return cohort


def _given(table: Mapping[str, Any]) -> dict[str, str | None]:
    # TOML has no word for nothing
    return {key: None if value is False else str(value) for key, value in table.items()}
