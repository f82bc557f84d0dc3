"""Judge a model file in a new cohort and write all of it into a folder: numbers, figures, report, updating advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding, FitError
from cohorts.export import neutralise
from cohorts.reading import read_cohort
from prognosis import FittedModel, load_model
from reports.batch import Language
from reports.external_content import Findings, external_content
from reports.external_figures import external_figures
from reports.external_results import external_results
from reports.figures import Picture
from reports.fonts import choose_fonts
from reports.manifest import base_manifest, state_of
from reports.output_folder import MANIFEST, OutputFolder, Run, Say, output_folder
from reports.page import texts
from reports.resumption import file_digests
from reports.study_page import save_study
from reports.wording import Wording


@dataclass(frozen=True)
class Sources:
    """Files of an external validation; `sha256` is the model's digest as the user got it elsewhere."""

    model: Path
    cohort: Path
    codebook: Path
    sha256: str | None = None


@dataclass(frozen=True)
class Question:
    """What is asked of the new cohort; see `FittedModel.validate`. `record` : its name in a copy of the model file."""

    horizons: Sequence[float] | None = None
    by: Sequence[str] = ()
    thresholds: Sequence[float] = ()
    language: Language = "en"
    record: str | None = None


def validate_model(sources: Sources, out: str | Path, question: Question, say: Say = lambda _: None) -> Run:
    """Judge a model file in a new cohort.

    Parameters
    ----------
    out : folder, new or of an earlier run. say : told, in one line each, what is being done.

    Raises
    ------
    PrognosisError
        Anything wrong with model, cohort or folder; the manifest then says "failed".
    """
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        inputs = file_digests((sources.model, sources.cohort, sources.codebook))

        def manifest(state: str, warnings: Sequence[Finding]) -> dict[str, Any]:
            told = [{"code": finding.code, "message": str(finding)} for finding in warnings]
            return base_manifest(folder, started, state) | {"inputs": inputs, "warnings": told}

        try:
            found = _work(sources, question, folder, say)
        except BaseException as error:
            folder.write_json(MANIFEST, manifest(state_of(error), ()))
            raise
        folder.remove_left_over()
        folder.write_json(MANIFEST, manifest("done", found.warnings))
        return Run(folder.path, tuple(folder.written), found.warnings)


def _work(sources: Sources, question: Question, folder: OutputFolder, say: Say) -> Findings:
    model = load_model(sources.model, sources.sha256)
    say("reading the cohort")
    cohort = read_cohort(sources.cohort, codebook=sources.codebook)
    say(f"judging {model.name} in {len(cohort)} patients")
    found = _find(model, cohort, question, sources.cohort.name)
    recorded = model if question.record is None else model.with_external(found.external, question.record)
    folder.write_json("external.json", external_results(found, cohort, recorded))
    _write_tables(found, folder)
    if recorded is not model:
        # who may hold patients' rows was asked when the file was made
        recorded.save(folder.place(f"models/{model.name}.prognosis"), store_reference=True)
        folder.record(f"models/{model.name}.prognosis")
    if found.updating is not None and found.updating.chosen != "original":
        name = f"models/{model.name}_{found.updating.chosen}.prognosis"
        found.updating.updated.save(folder.place(name))
        folder.record(name)
    say("drawing and writing the report")
    wording = Wording(question.language)
    fonts = choose_fonts(
        "".join(texts([external_content(found, {}, wording), _labels(cohort, question.language)])), question.language
    )
    pictures = external_figures(model, cohort, found.external, question.thresholds, fonts, wording)
    write_pictures(pictures, model.created, folder)
    _write_report(found, pictures, wording, folder)
    return found


def _find(model: FittedModel, cohort: Cohort, question: Question, file: str) -> Findings:
    external = model.validate(cohort, question.horizons, thresholds=tuple(question.thresholds), by=tuple(question.by))
    try:
        return Findings(model, external, model.updating(cohort, "closed-test"), "", file)
    except FitError as error:
        return Findings(model, external, None, f"{error.code} {error.findings[0].rule}", file)


def _labels(cohort: Cohort, language: str) -> list[str]:
    return [variable.text(language) for variable in cohort.codebook.values()]


def write_pictures(pictures: Mapping[str, Picture], created: str, folder: OutputFolder) -> None:
    """Write every figure as PDF and SVG into ``figures/``; `created` is the date in the PDF's metadata."""
    for name, picture in pictures.items():
        folder.write(f"figures/{name}.pdf", picture.pdf(created))
        folder.write(f"figures/{name}.svg", picture.svg)


def _write_tables(found: Findings, folder: OutputFolder) -> None:
    external, transport = found.external, found.external.transport
    tables: dict[str, pd.DataFrame] = {
        "performance": external.table,
        "subgroups": external.subgroups,
        "case_mix": transport.shift,
        "drift": transport.drift,
        "updating": pd.DataFrame() if found.updating is None else found.updating.table,
    }
    for name, table in tables.items():
        if not table.empty:
            folder.write(f"{name}.csv", neutralise(table).to_csv(index=False))


def _write_report(found: Findings, pictures: Mapping[str, Picture], wording: Wording, folder: OutputFolder) -> None:
    content = external_content(found, pictures, wording)
    drawn = {name: picture.svg for name, picture in pictures.items()}
    for suffix in ("pdf", "html"):
        save_study(folder.place(f"validation_report.{suffix}"), content, drawn)
        folder.record(f"validation_report.{suffix}")
