"""The study file: one TOML that says everything a run needs. Unknown words are refused, nothing is evaluated."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cohorts.errors import Finding, RunError
from reports.tripod_items import check_authors


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyTable(_Table):
    """``[study]``: title and the seed of every random step."""

    title: str
    seed: int = Field(default=0, ge=0)


class CohortTable(_Table):
    """``[cohort]``: data and codebook, relative to the study file, or the name of a disease for its codebook."""

    file: str
    codebook: str


class CytogeneticsTable(_Table):
    """``[cytogenetics]``: text columns of karyotypes and FISH, or a table of FISH, that become abnormalities."""

    karyotype: str | None = None
    fish: str | None = None
    fish_table: str | None = None
    features: tuple[str, ...] | None = None
    prevalence: float = Field(default=0.0, ge=0, lt=1)
    purified: bool | None = None
    precedence: Literal["presence", "fish", "karyotype"] = "presence"
    disease: Literal["myeloma", "any"] = "myeloma"

    @model_validator(mode="after")
    def _one_fish(self) -> CytogeneticsTable:
        if self.fish is not None and self.fish_table is not None:
            message = "fish names a column and fish_table a file: give one of them"
            raise ValueError(message)
        return self


class StageTable(_Table):
    """``[[stages]]``: a staging system of a disease becomes a column; false stands for "assessed in nobody"."""

    disease: str
    system: str
    name: str | None = None
    columns: Mapping[str, str | Literal[False]] = {}
    normal: Mapping[str, float | str] = {}
    read_as: Mapping[str, Mapping[str, str | Literal[False]]] = {}


class ScoreTable(_Table):
    """``[[scores]]``: a cross-fitted image score, the file that `prognosis images cross-fit` wrote."""

    file: str


class ImputationTable(_Table):
    """``[imputation]``: how missing predictors are handled; never silently."""

    method: Literal["complete_cases", "chained", "own side"]
    copies: int = Field(default=5, ge=2, le=1000)


Method = Literal["bootstrap", "632+", "cross-validation", "internal-external", "group-combinations", "temporal"]
# What a method needs, and what else it takes.
NEEDS = {"internal-external": {"by"}, "group-combinations": {"by"}, "temporal": {"by", "after"}}
TAKES = {
    "bootstrap": {"repeats"},
    "632+": {"repeats"},
    "cross-validation": {"repeats", "folds"},
    "group-combinations": {"k"},
}


class ValidationTable(_Table):
    """``[validation]``: internal validation; without a method the package chooses, and says why.

    `subgroups` : columns in whose groups every model is judged too; `cuts` : where numbers among them are cut.
    """

    method: Method | None = None
    repeats: int | None = Field(default=None, ge=1)
    folds: int | None = Field(default=None, ge=2)
    by: str | None = None
    k: int | None = Field(default=None, ge=1)
    after: float | str | None = None
    metrics: tuple[str, ...] | Literal["all"] | None = None
    thresholds: tuple[float, ...] = ()
    figures: bool = True
    subgroups: tuple[str, ...] = ()
    cuts: Mapping[str, tuple[float, ...]] = {}

    @model_validator(mode="after")
    def _fits_the_method(self) -> ValidationTable:
        given = {name for name in ("repeats", "folds", "by", "k", "after") if getattr(self, name) is not None}
        needed = NEEDS.get(self.method or "", set())
        allowed = needed | (TAKES.get(self.method, set()) if self.method else {"repeats"})
        name = f'method = "{self.method}"' if self.method else "a method that the package chooses"
        if needed - given:
            message = f"{name} needs {', '.join(sorted(needed - given))}"
            raise ValueError(message)
        if given - allowed:
            message = f"{name} takes no {', '.join(sorted(given - allowed))}"
            raise ValueError(message)
        if self.method in ("bootstrap", "632+") and self.repeats == 1:
            message = "a bootstrap needs repeats = 2 or more; 200 is usual"
            raise ValueError(message)
        return self


class NomogramTable(_Table):
    """``[nomogram]``: of which model, over which range of the predictors; `approximate` one that has no points.

    `fidelity` : the least R2 of an approximation. `width` : of the figure in millimetres, `bound` : of its reading
    error. `median` : draw the median time too. `score_table` : print points and risks in numbers always, or never;
    without it where the lines alone miss the bound.
    """

    model: str
    limits: Literal["rms", "centiles"] = "centiles"
    language: Literal["en", "zh"] = "en"
    width: float = Field(default=180.0, ge=80, le=300)
    bound: float = Field(default=0.005, gt=0, lt=1)
    median: bool = False
    score_table: bool | None = None
    approximate: bool = False
    fidelity: float = Field(default=0.9, ge=0.5, lt=1)


class ReportsTable(_Table):
    """``[reports]``: ids of the patients; `languages` makes exceptions by id; `explanations` of every model's risks.

    `calculator` : write a page that computes the risk, of every regression.
    """

    patients: tuple[str, ...] = ()
    language: Literal["en", "zh"] = "en"
    languages: Mapping[str, Literal["en", "zh"]] = {}
    explanations: bool = True
    calculator: bool = False


class ModelTable(BaseModel):
    """``[[models]]``: name, kind, predictors, and the options of the recipe as further keys.

    `store_reference` : the model file may hold patients' rows, of which some kinds of model are made.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$")
    kind: str
    predictors: tuple[str, ...] = Field(min_length=1)
    store_reference: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Options of the recipe."""
        return dict(self.model_extra or {})


class StudyFile(_Table):
    """A whole study file."""

    study: StudyTable
    cohort: CohortTable
    endpoint: dict[str, Any]
    models: tuple[ModelTable, ...] = Field(min_length=1)
    cytogenetics: CytogeneticsTable | None = None
    stages: tuple[StageTable, ...] = ()
    scores: tuple[ScoreTable, ...] = ()
    imputation: ImputationTable | None = None
    validation: ValidationTable | None = None
    nomogram: NomogramTable | None = None
    reports: ReportsTable = ReportsTable()
    tripod_ai: Mapping[str, str] = {}
    allow_post_baseline: tuple[str, ...] = ()

    @property
    def predictors(self) -> tuple[str, ...]:
        """Predictors of all models: their complete cases are the rows of the study."""
        return tuple(dict.fromkeys(name for model in self.models for name in model.predictors))


def read_study_file(path: str | Path) -> StudyFile:
    """Read and check a study file.

    Raises
    ------
    RunError
        U01 the file is absent or no TOML; U02 a key is unknown, missing or has an impossible value (all at once).
    """
    path = Path(path)
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RunError(
            Finding("U01", f"cannot read the study file: {error.strerror}", "check the path", file=str(path))
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunError(
            Finding("U01", f"the study file is not valid TOML: {error}", "correct the line", file=path.name)
        ) from None
    try:
        study = StudyFile.model_validate(declared)
    except ValidationError as error:
        items = error.errors()
        # a table that has a fault of its own makes its list too short: that is not a second fault
        nested = {item["loc"][0] for item in items if len(item["loc"]) > 1}
        own = [item for item in items if len(item["loc"]) > 1 or item["loc"][0] not in nested]
        raise RunError(*(_fault(item, path) for item in own)) from None
    _check_names(study, path)
    check_authors(study.tripod_ai)
    return study


def _fault(item: Mapping[str, Any], path: Path) -> Finding:
    place = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return Finding("U02", f"unknown key {place}", "see docs/study_file.md for all keys", file=path.name)
    return Finding("U02", f"{place}: {item['msg']}", "see docs/study_file.md", file=path.name)


def _check_names(study: StudyFile, path: Path) -> None:
    names = [model.name for model in study.models]
    findings = [
        Finding("U02", f"two models are called {name}", "give each a name of its own", file=path.name)
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if study.nomogram and study.nomogram.model not in names:
        rule = f"[nomogram] names the model {study.nomogram.model}"
        findings.append(Finding("U02", rule, f"the models are {', '.join(names)}", file=path.name))
    if findings:
        raise RunError(*findings)
