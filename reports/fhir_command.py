"""The command `prognosis fhir`: a RiskAssessment of every new patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from reports.command_options import Decimal, Digest, Encoding, ModelPath, Out, PatientsPath, Separator

if TYPE_CHECKING:
    from cohorts import Cohort
    from prognosis import FittedModel
    from reports.fhir import Release

commands = typer.Typer()


@commands.command()
def fhir(
    model: ModelPath,
    patients: PatientsPath,
    out: Out,
    release: Annotated[str, typer.Option(help="R4B or R5.")] = "R5",
    sha256: Digest = None,
    separator: Separator = ",",
    decimal: Decimal = ".",
    encoding: Encoding = "utf-8",
) -> None:
    """Write a FHIR RiskAssessment of every patient, one JSON file each.

    Probabilities are percentages, as FHIR has them. Each file is validated where the extra "fhir" is installed.

        prognosis fhir results/models/cox.prognosis patients.csv --out fhir --release R4B
    """
    from prognosis import load_model
    from reports.patient_table import read_patients

    fitted = load_model(model, sha256)
    cohort = read_patients(fitted, patients, separator, decimal, encoding)
    written, validated = write_assessments(fitted, cohort, out, release)
    checked = f"valid FHIR {release}" if validated else "not validated: install the extra fhir"
    typer.echo(f"{written} patients, {checked}: {out}")


def write_assessments(fitted: FittedModel, cohort: Cohort, out: Path, release: str) -> tuple[int, bool]:
    """Write ``ID.json`` of every patient of a cohort; return how many, and whether they were validated.

    Raises
    ------
    RunError
        R70 another release; R71 what was made is not valid; K04, K05, U03 the folder cannot be used.
    """
    from datetime import UTC, datetime

    from reports.fhir import check_release, risk_assessment, validate
    from reports.filenames import file_names
    from reports.manifest import base_manifest
    from reports.output_folder import MANIFEST, output_folder

    check_release(release)
    prediction, names, valid = fitted.predict(cohort), file_names(cohort.ids), True
    frame = cohort.view(fitted.door.columns)
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        for patient in prediction.ids:
            found = risk_assessment(fitted, prediction, patient, frame.loc[patient].to_dict())
            valid = validate(found, cast("Release", release)) and valid
            folder.write_json(f"{names[patient]}.json", found)
        folder.remove_left_over()
        folder.write_json(MANIFEST, base_manifest(folder, started, "done") | {"release": release, "model": fitted.hash})
    return len(prediction.ids), valid
