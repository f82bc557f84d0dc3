"""Diseases by name, for study files: their codebook, endpoints and staging systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from cohorts.endpoint import Endpoint, endpoint_from_dict
from cohorts.errors import DataContractError, Finding
from cohorts.staging import StagingSystem
from cohorts.variable import Codebook

T = TypeVar("T")
DISEASES = ("myeloma", "chondrosarcoma", "osteosarcoma", "giant_cell_tumour")


@dataclass(frozen=True)
class Disease:
    """What is declared of a disease."""

    name: str
    codebook: Codebook
    endpoints: Mapping[str, Endpoint]
    stages: Mapping[str, StagingSystem]

    def codebook_of(self, columns: Sequence[str]) -> Codebook:
        """Return the declarations of those columns that a table has, in its order.

        Raises
        ------
        DataContractError
            S05 the table has no column of the name of the codebook's id.
        """
        if self.codebook.id not in columns:
            rule = (
                f"the codebook {self.name} takes the row ids from {self.codebook.id}, and the table has no such column"
            )
            way_out = "rename the column, or write a codebook of your own"
            raise DataContractError(Finding("S05", rule, way_out, self.codebook.id))
        return self.codebook.only(tuple(columns))

    def endpoint(self, name: str, **changed: Any) -> Endpoint:
        """Return an endpoint by name, with other horizons, columns, unit or origin where they are given.

        Raises
        ------
        DataContractError
            D18 the disease has no such endpoint, besides the endpoint's own faults.
        """
        found = _chosen(self.endpoints, name, f"endpoint of {self.name}")
        return endpoint_from_dict(found.to_dict() | changed)

    def stage(self, name: str) -> StagingSystem:
        """Return a staging system by name.

        Raises
        ------
        DataContractError
            D18 the disease has no such system.
        """
        return _chosen(self.stages, name, f"staging system of {self.name}")


def disease_named(name: str) -> Disease:
    """Return a disease by the name of its file.

    Raises
    ------
    DataContractError
        D18 there is no such disease.
    """
    if name not in DISEASES:
        raise DataContractError(Finding("D18", f"unknown disease {name!r}", f"give one of {', '.join(DISEASES)}"))
    declared = import_module(f"cohorts.diseases.{name}")
    return Disease(name, declared.CODEBOOK, declared.ENDPOINTS, declared.STAGES)


def _chosen(options: Mapping[str, T], name: str, what: str) -> T:
    if name not in options:
        raise DataContractError(Finding("D18", f"no {what} is called {name!r}", f"give one of {', '.join(options)}"))
    return options[name]
