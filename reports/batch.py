"""Reports on many patients from one model; one who cannot be answered does not stop the others."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding, PredictionError, RunError
from nomograms import Nomogram
from nomograms.refusals import why_no_points
from prognosis import FittedModel
from prognosis.environment import code_digest, environment
from prognosis.execution import IN_PROCESS, Execution, TaskFailure, run_noted
from prognosis.progress import shown
from reports.contents.radiograph import PatientFilm
from reports.filenames import file_names
from reports.film_files import FilmFiles
from reports.manifest import base_manifest, state_of
from reports.output_folder import MANIFEST, OutputFolder, Run, Say, output_folder
from reports.patient import PatientReport
from reports.resumption import begin

Language = Literal["en", "zh"]
Limits = Literal["rms", "centiles"]
Files = dict[str, str]
# What a page looks like depends on them besides the numbers.
PRINTERS = ("jinja2", "matplotlib", "typst")
# Errors of a page that concern its patient, not the run: a character that no font has, a figure that is refused.
OF_ONE_PATIENT = ("R13", "R14")


def write_patient(
    model: FittedModel,
    patient: pd.DataFrame,
    language: Language,
    folder: Path,
    limits: Limits,
    radiograph: PatientFilm | None = None,
) -> Files:
    """Write one patient's report as PDF and HTML; the file name is a checked slug or a hash of the id.

    `limits` are those of the study's nomogram, so that points on both sheets are the same.

    Returns
    -------
    SHA-256 of the files by their names relative to the folder.
    """
    identity = str(patient.index[0])
    name = file_names([identity])[identity]
    # an unknown value has no place on an axis
    can = not why_no_points(model) and not patient[list(model.predictors)].isna().any(axis=None)
    can = can and (bool(model.horizons) or model.endpoint.kind == "binary")
    drawn = _nomogram(model, limits, language).svg(patient, caption=False) if can else None
    report = PatientReport(model, patient, language=language, nomogram=drawn, explanation="own", radiograph=radiograph)
    (folder / "patients").mkdir(parents=True, exist_ok=True)
    written = [f"patients/{name}.{suffix}" for suffix in ("pdf", "html")]
    return {file: _digest(report.save(folder / file)) for file in written}


@lru_cache(maxsize=4)
def _nomogram(model: FittedModel, limits: Limits, language: Language) -> Nomogram:
    """Return the nomogram of a model, made once for all its patients."""
    return Nomogram(model, limits=limits, language=language)


class _Met:
    """A model that is equal to another object of the same content."""

    def __init__(self, model: FittedModel) -> None:
        self.model = model
        self._content = model.hash, model.verified

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Met) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)


@lru_cache(maxsize=2)
def _met(model: _Met) -> FittedModel:
    """Return the object that was met first: work travels to a process again and again, what is drawn is kept by it."""
    return model.model


@dataclass(frozen=True)
class Looks:
    """How pages look, and what of them comes from other files; see `write_patient`.

    `films` : the index and networks from which each page gets its radiograph; None without.
    """

    language: Language = "en"
    limits: Limits = "centiles"
    films: FilmFiles | None = None


@dataclass(frozen=True, eq=False)
class PatientPages:
    """Writes the pages of one patient of a table, given its number; it travels to other processes.

    Parameters
    ----------
    model : that answers. rows : (n, columns of the model), index = ids. folder : of the run. looks : of the pages.
    """

    model: FittedModel
    rows: pd.DataFrame
    folder: Path
    looks: Looks

    def __call__(self, task: int) -> Files:
        """Write the pages and return their digests."""
        model, row, looks = _met(_Met(self.model)), self.rows.iloc[[task]], self.looks
        try:
            film = None if looks.films is None else looks.films.of(str(row.index[0]))
            return write_patient(model, row, looks.language, self.folder, looks.limits, film)
        except RunError as error:
            if error.code in OF_ONE_PATIENT:
                raise PredictionError(*error.findings) from None
            raise

    @property
    def key(self) -> str:
        """Digest of everything that decides the pages."""
        rooms = ("nomograms", "reports", *(() if self.looks.films is None else ("imaging_head",)))
        made_by = (environment(), code_digest(rooms), [version(name) for name in PRINTERS])
        films = self.looks.films and (self.looks.films.layer, self.looks.films.digests())
        asked = repr((made_by, self.model.hash, self.model.verified, self.looks.language, self.looks.limits, films))
        return hashlib.sha256((asked + rows_digest(self.rows)).encode()).hexdigest()


@dataclass(frozen=True)
class PageNotation:
    """Digests of a patient's files in the journal; believed as long as the files are still those."""

    folder: Path

    def write(self, result: Files) -> str:
        """Return the digests as JSON."""
        return json.dumps(result, sort_keys=True)

    def read(self, text: str) -> Files | None:
        """Return the digests; None where a file is gone or another, and the page is written again."""
        files: Files = json.loads(text)
        same = all((self.folder / n).is_file() and _digest(self.folder / n) == d for n, d in files.items())
        return files if same else None


def report_patients(
    model: FittedModel,
    cohort: Cohort,
    out: str | Path,
    looks: Looks = Looks(),
    say: Say = lambda _: None,
    *,
    resume: bool = False,
    execution: Execution = IN_PROCESS,
) -> Run:
    """Write a report on every patient of a cohort.

    One patient who cannot be answered goes to ``failures.json``; the others are done. Each finished patient is a line
    in the folder's journal: after a kill, `resume` goes on with the others, and the folder ends with the same bytes.

    Raises
    ------
    PredictionError, DataContractError, ModelFileError, ImageError
        Films and networks that can give no page; see `FilmFiles.check`.
    RunError
        The folder cannot be used; K07 to resume with another model or table;
        U06 patients who could not be answered.
    """
    names = file_names(cohort.ids)
    columns = tuple(name for name in model.door.columns if name in cohort.codebook)
    rows = cohort.view(columns).loc[list(cohort.ids)]
    inputs = {"model": model.hash, cohort.name: cohort.sha256 or rows_digest(rows)}
    if looks.films is not None:
        looks.films.check(model, cohort.ids)
        inputs |= looks.films.digests()
    with output_folder(out) as folder:
        facts: dict[str, Any] = {"model_hash": model.hash, "inputs": inputs}
        started = datetime.now(UTC)
        beginning = begin(folder, inputs, resume, execution, say)
        folder.write_json(MANIFEST, base_manifest(folder, started, "running") | facts)
        work = PatientPages(model, rows, folder.path.resolve(), looks)
        try:
            failures = _write_all(work, folder, beginning.execution)
        except BaseException as error:
            folder.write_json(MANIFEST, base_manifest(folder, started, state_of(error)) | facts)
            raise
        written = {patient: name for patient, name in names.items() if patient not in failures}
        state = "done" if not failures else f"{len(failures)} of {len(names)} patients failed"
        facts["warnings"] = [{"code": finding.code, "message": str(finding)} for finding in beginning.warnings]
        folder.remove_left_over()
        folder.write_json(MANIFEST, base_manifest(folder, started, state) | facts | {"patients": written})
        raise_failures(failures, len(names))
        return Run(folder.path, tuple(folder.written), beginning.warnings)


def _write_all(work: PatientPages, folder: OutputFolder, execution: Execution) -> dict[str, str]:
    """Write the pages of all patients and return why some could not be, by id."""
    count = len(work.rows)
    with shown("reporting patients") as report:
        done = partial(report, 0, count)
        results = run_noted(work, range(count), execution, work.key, done, PageNotation(work.folder))
    failures = {}
    for patient, result in zip(work.rows.index, results, strict=True):
        if isinstance(result, TaskFailure):
            failures[str(patient)] = result.message
        else:
            folder.written.update(result)
    if failures:
        folder.write_json("failures.json", failures)
    return failures


def raise_failures(failures: dict[str, str], count: int) -> None:
    """Say (U06) that some patients of a batch could not be answered, and the first reason."""
    if failures:
        rule = f"{len(failures)} of {count} patients could not be answered; see failures.json"
        first = next(iter(failures.values())).splitlines()[0]
        raise RunError(Finding("U06", rule, f"first: {first}", rows=tuple(failures)))


def rows_digest(rows: pd.DataFrame) -> str:
    """SHA-256 of a table's values, with its columns and ids."""
    hashed: Any = pd.util.hash_pandas_object(rows, index=True)
    return hashlib.sha256(repr(list(rows.columns)).encode() + hashed.to_numpy().tobytes()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
