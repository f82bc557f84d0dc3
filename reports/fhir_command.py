"""The command `prognosis fhir`: a RiskAssessment of every new patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from reports.command_options import Decimal, Digest, Encoding, ModelPath, Out, PatientsPath, Separator

if TYPE_CHECKING:
    import pandas as pd

    from cohorts import Cohort
    from prognosis import FittedModel
    from prognosis.prediction import Prediction
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

    Probabilities are percentages, as FHIR has them. Each file is validated where the extra "fhir" is installed. A
    patient who cannot be answered goes to failures.json, all others are done, and the exit code is 1.

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

    A patient who cannot be answered goes to ``failures.json``; the others are done.

    Raises
    ------
    RunError
        R70 another release; R71 what was made is not valid; K04, K05, U03 the folder cannot be used; U06 patients who
        could not be answered.
    """
    from datetime import UTC, datetime

    from reports.batch import raise_failures
    from reports.fhir import check_release, risk_assessment, validate
    from reports.filenames import file_names
    from reports.manifest import base_manifest
    from reports.output_folder import MANIFEST, output_folder

    check_release(release)
    names, valid = file_names(cohort.ids), True
    frame = cohort.view(fitted.door.columns)
    answered, failures = _answered(fitted, frame)
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        for patient, prediction in answered.items():
            found = risk_assessment(fitted, prediction, patient, frame.loc[patient].to_dict())
            valid = validate(found, cast("Release", release)) and valid
            folder.write_json(f"{names[patient]}.json", found)
        if failures:
            folder.write_json("failures.json", failures)
        folder.remove_left_over()
        state = "done" if not failures else f"{len(failures)} of {len(names)} patients failed"
        folder.write_json(MANIFEST, base_manifest(folder, started, state) | {"release": release, "model": fitted.hash})
        raise_failures(failures, len(names))
    return len(answered), valid


def _answered(fitted: FittedModel, frame: pd.DataFrame) -> tuple[dict[str, Prediction], dict[str, str]]:
    """Return the prediction of each patient who can be answered, and why the others cannot, by id."""
    from cohorts.errors import PrognosisError

    try:
        together = fitted.predict(frame)
        return dict.fromkeys(together.ids, together), {}
    except PrognosisError:
        # one patient's fault is not the others'
        pass
    answered, failures = {}, {}
    for patient in map(str, frame.index):
        try:
            answered[patient] = fitted.predict(frame.loc[[patient]])
        except PrognosisError as error:
            failures[patient] = str(error)
    return answered, failures
