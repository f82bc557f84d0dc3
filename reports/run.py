"""Run a study file: read, fit, validate, draw, report; every file whole, every number in results.json."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cohorts import Cohort, endpoint_from_dict
from cohorts.errors import DataContractError, Finding, PredictionError, RunError
from cohorts.export import neutralise
from cohorts.reading import read_cohort
from nomograms import Nomogram
from prognosis import FittedModel, Study
from prognosis.models import recipes
from prognosis.recipe import Recipe
from reports.filenames import file_names
from reports.output_folder import MANIFEST, OutputFolder, output_folder
from reports.patient import PatientReport
from reports.results import all_warnings, doubtful_hazards, results_of, software
from reports.study_file import ModelTable, NomogramTable, StudyFile, read_study_file

Say = Callable[[str], None]
Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Run:
    """What a run left: the folder and its files (relative names, in the order written), and the warnings."""

    folder: Path
    files: tuple[str, ...]
    warnings: tuple[Finding, ...]


def run_study(study_file: str | Path, out: str | Path, say: Say = lambda _: None) -> Run:
    """Run a study file and write everything into a folder.

    Parameters
    ----------
    study_file : TOML; its paths are relative to itself. out : folder, new or of an earlier run.
    say : told, in one line each, what is being done.

    Raises
    ------
    PrognosisError
        Anything wrong with the study file, the data, the fit or the folder; the manifest then says "failed".
    """
    path = Path(study_file)
    declared = read_study_file(path)
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        inputs = _digests(path, declared)
        try:
            warnings, patients = _work(declared, path.parent, folder, say)
        except BaseException as error:
            folder.write_json(
                MANIFEST, _manifest(declared, inputs, folder, started, (), {}, f"failed: {type(error).__name__}")
            )
            raise
        folder.write_json(MANIFEST, _manifest(declared, inputs, folder, started, warnings, patients, "done"))
        return Run(folder.path, tuple(folder.written), warnings)


def _work(
    declared: StudyFile, home: Path, folder: OutputFolder, say: Say
) -> tuple[tuple[Finding, ...], dict[str, str]]:
    say("reading the cohort")
    cohort = read_cohort(home / declared.cohort.file, codebook=home / declared.cohort.codebook)
    names = file_names(declared.reports.patients)
    _check_patients(cohort, declared)
    study = _study(declared, cohort)
    # of all patients read, so that what is missing is seen
    table_one = cohort.table_one(columns=list(study.predictors))
    folder.write("table_one.csv", neutralise(table_one.reset_index()).to_csv(index=False))
    folder.write("table_one.html", table_one.to_html(escape=True))
    models = [_fit_and_validate(declared, table, study, say) for table in declared.models]
    for model in models:
        model.save(folder.place(f"models/{model.name}.prognosis"))
        folder.record(f"models/{model.name}.prognosis")
    chosen = next((m for m in models if declared.nomogram and m.name == declared.nomogram.model), None)
    nomogram = _draw_nomogram(declared, chosen, cohort, folder, say) if chosen is not None else None
    results = results_of(
        declared.study.title, study, models, {nomogram.model.name: nomogram} if nomogram else {}, table_one
    )
    folder.write_json("results.json", results)
    _write_study_report(declared, results, nomogram, folder, say)
    written = _write_patients(declared, cohort, chosen or models[0], nomogram, folder, say)
    return tuple(all_warnings(study, models)), {patient: names[patient] for patient in written}


def _study(declared: StudyFile, cohort: Cohort) -> Study:
    endpoint = endpoint_from_dict(declared.endpoint)
    return Study(
        cohort,
        endpoint,
        declared.predictors,
        seed=declared.study.seed,
        missing=declared.imputation.method if declared.imputation else None,
        allow_post_baseline=declared.allow_post_baseline,
    )


def recipe_of(table: ModelTable) -> Recipe:
    """Make the recipe that a ``[[models]]`` table declares.

    Raises
    ------
    RunError
        U04 an unknown kind of model. T24 an option that this kind of model does not have (weights, say): never ignored.
    """
    known = recipes()
    if table.kind not in known:
        rule = f"model {table.name}: unknown kind '{table.kind}'"
        raise RunError(Finding("U04", rule, f"this version has {', '.join(sorted(known))}"))
    recipe_class = known[table.kind]
    allowed = recipe_class().get_params()
    foreign = [key for key in table.options if key not in allowed]
    if foreign:
        rule = f"model {table.name}: {recipe_class.__name__} has no option {', '.join(foreign)}"
        raise RunError(Finding("T24", rule, f"its options are {', '.join(sorted(allowed))}"))
    options: dict[str, Any] = dict(table.options)
    if "interactions" in options:
        options["interactions"] = [tuple(pair) for pair in options["interactions"]]
    return recipe_class(**options)


def _fit_and_validate(declared: StudyFile, table: ModelTable, study: Study, say: Say) -> FittedModel:
    own = study
    if table.predictors != study.predictors:
        own = Study(study.cohort, study.endpoint, table.predictors, seed=study.seed,
                    allow_post_baseline=declared.allow_post_baseline)  # fmt: skip
    say(f"fitting {table.name}: {len(own.cohort)} patients, {int((own.outcome.event == 1).sum())} events")
    model = own.fit(recipe_of(table), name=table.name)
    model = replace(model, warnings=(*model.warnings, *doubtful_hazards(model)))
    if declared.validation is None:
        return model
    say(f"validating {table.name}: {declared.validation.repeats} bootstrap resamples")
    return model.with_validation(
        own.validate(model, method=declared.validation.method, repeats=declared.validation.repeats)
    )


def _check_patients(cohort: Cohort, declared: StudyFile) -> None:
    absent = [patient for patient in declared.reports.patients if patient not in set(cohort.ids)]
    if absent:
        rule = "[reports] asks for patients who are not in the cohort"
        raise DataContractError(Finding("U05", rule, "correct the ids", rows=tuple(absent)))


def _draw_nomogram(declared: StudyFile, model: FittedModel, cohort: Cohort, folder: OutputFolder, say: Say) -> Nomogram:
    say(f"drawing the nomogram of {model.name}")
    options = declared.nomogram or NomogramTable(model=model.name)
    nomogram = Nomogram(model, limits=options.limits, language=options.language)
    first = declared.reports.patients[:1]
    patient = cohort.view(model.predictors).loc[list(first)] if first else None
    for suffix in ("pdf", "svg"):
        nomogram.save(folder.place(f"nomogram_{model.name}.{suffix}"), patient=patient)
        folder.record(f"nomogram_{model.name}.{suffix}")
    folder.write_json(f"nomogram_{model.name}.json", nomogram.to_dict())
    return nomogram


def _write_study_report(
    declared: StudyFile, results: dict[str, Any], nomogram: Nomogram | None, folder: OutputFolder, say: Say
) -> None:
    from reports.study import StudyReport

    say("writing the study report")
    figures = {}
    if nomogram is not None:
        figures["nomogram"] = (folder.path / f"nomogram_{nomogram.model.name}.svg").read_text(encoding="utf-8")
    report = StudyReport(results, figures, declared.reports.language)
    for suffix in ("pdf", "html"):
        report.save(folder.place(f"study_report.{suffix}"))
        folder.record(f"study_report.{suffix}")


def _write_patients(
    declared: StudyFile, cohort: Cohort, model: FittedModel, nomogram: Nomogram | None, folder: OutputFolder, say: Say
) -> list[str]:
    frame = cohort.view(model.predictors)
    for patient in declared.reports.patients:
        say(f"reporting patient {patient}")
        language: Language = declared.reports.languages.get(patient, declared.reports.language)
        write_patient(model, frame.loc[[patient]], language, folder, with_nomogram=nomogram is not None)
    return list(declared.reports.patients)


def write_patient(
    model: FittedModel, patient: Any, language: Language, folder: OutputFolder, *, with_nomogram: bool
) -> None:
    """Write one patient's report as PDF and HTML; the file name is a checked slug or a hash of the id."""
    identity = str(patient.index[0])
    name = file_names([identity])[identity]
    drawn = Nomogram(model, language=language).svg(patient, caption=False) if with_nomogram else None
    report = PatientReport(model, patient, language=language, nomogram=drawn)
    for suffix in ("pdf", "html"):
        report.save(folder.place(f"patients/{name}.{suffix}"))
        folder.record(f"patients/{name}.{suffix}")


def report_patients(
    model: FittedModel, cohort: Cohort, out: str | Path, language: Language = "en", say: Say = lambda _: None
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
                write_patient(model, row, language, folder, with_nomogram=_has_nomogram(model))
            except (PredictionError, DataContractError) as error:
                failures[patient] = str(error)
        if failures:
            folder.write_json("failures.json", failures)
        written = {patient: name for patient, name in names.items() if patient not in failures}
        state = "done" if not failures else f"{len(failures)} of {len(names)} patients failed"
        facts = _base_manifest(folder, started, state) | {"model_hash": model.hash, "patients": written}
        folder.write_json(MANIFEST, facts)
        if failures:
            rule = f"{len(failures)} of {len(names)} patients could not be answered; see failures.json"
            first = next(iter(failures.values())).splitlines()[0]
            raise RunError(Finding("U06", rule, f"first: {first}", rows=tuple(failures)))
        return Run(folder.path, tuple(folder.written), ())


def _has_nomogram(model: FittedModel) -> bool:
    return not model.estimate.strata and bool(model.horizons)


def _digests(path: Path, declared: StudyFile) -> dict[str, str]:
    files = (path, path.parent / declared.cohort.file, path.parent / declared.cohort.codebook)
    found = {}
    for file in files:
        try:
            found[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise RunError(
                Finding("U01", f"cannot read it: {error.strerror}", "check the path", file=str(file))
            ) from None
    return found


def _base_manifest(folder: OutputFolder, started: datetime, state: str) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "exit_state": state,
        "start": started.isoformat(timespec="seconds"),
        "end": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": software(),
        "platform": f"{platform.system()} {platform.machine()}",
        "outputs": dict(sorted(folder.written.items())),
    }


def _manifest(
    declared: StudyFile,
    inputs: dict[str, str],
    folder: OutputFolder,
    started: datetime,
    warnings: Sequence[Finding],
    patients: dict[str, str],
    state: str,
) -> dict[str, Any]:
    return _base_manifest(folder, started, state) | {
        "seed": declared.study.seed,
        "inputs": inputs,
        "warnings": [{"code": finding.code, "message": str(finding)} for finding in warnings],
        "patients": patients,
    }
