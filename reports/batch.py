"""Reports on many patients from one model; one who cannot be answered does not stop the others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cohorts import Cohort
from cohorts.errors import DataContractError, Finding, PredictionError, RunError
from nomograms import Nomogram
from prognosis import FittedModel
from reports.filenames import file_names
from reports.manifest import base_manifest
from reports.output_folder import MANIFEST, OutputFolder, Run, Say, output_folder
from reports.patient import PatientReport

Language = Literal["en", "zh"]
Limits = Literal["rms", "centiles"]


def write_patient(model: FittedModel, patient: Any, language: Language, folder: OutputFolder, limits: Limits) -> None:
    """Write one patient's report as PDF and HTML; the file name is a checked slug or a hash of the id.

    `limits` are those of the study's nomogram, so that points on both sheets are the same.
    """
    identity = str(patient.index[0])
    name = file_names([identity])[identity]
    can = not model.estimate.strata and not getattr(model.recipe, "offset", None) and bool(model.horizons)
    # an unknown value has no place on an axis
    can = can and not patient[list(model.predictors)].isna().any(axis=None)
    drawn = Nomogram(model, limits=limits, language=language).svg(patient, caption=False) if can else None
    report = PatientReport(model, patient, language=language, nomogram=drawn)
    for suffix in ("pdf", "html"):
        report.save(folder.place(f"patients/{name}.{suffix}"))
        folder.record(f"patients/{name}.{suffix}")


def report_patients(
    model: FittedModel,
    cohort: Cohort,
    out: str | Path,
    language: Language = "en",
    limits: Limits = "rms",
    say: Say = lambda _: None,
) -> Run:
    """Write a report on every patient of a cohort.

    One patient who cannot be answered goes to ``failures.json``; the others are done.

    Raises
    ------
    RunError
        The folder cannot be used, or U06 not one patient could be answered.
    """
    names = file_names(cohort.ids)
    failures: dict[str, str] = {}
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        for number, patient in enumerate(cohort.ids, 1):
            say(f"reporting patient {patient} ({number} of {len(names)})")
            row = cohort.view(tuple(name for name in model.door.columns if name in cohort.codebook)).loc[[patient]]
            try:
                write_patient(model, row, language, folder, limits)
            except (PredictionError, DataContractError) as error:
                failures[patient] = str(error)
        if failures:
            folder.write_json("failures.json", failures)
        written = {patient: name for patient, name in names.items() if patient not in failures}
        state = "done" if not failures else f"{len(failures)} of {len(names)} patients failed"
        facts = base_manifest(folder, started, state) | {"model_hash": model.hash, "patients": written}
        folder.write_json(MANIFEST, facts)
        if failures:
            rule = f"{len(failures)} of {len(names)} patients could not be answered; see failures.json"
            first = next(iter(failures.values())).splitlines()[0]
            raise RunError(Finding("U06", rule, f"first: {first}", rows=tuple(failures)))
        return Run(folder.path, tuple(folder.written), ())
