"""Run a study file: read, fit, validate, draw, report; every file whole, every number in results.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cohorts import Cohort, endpoint_from_dict
from cohorts.errors import DataContractError, Finding, RunError
from cohorts.export import neutralise
from cohorts.reading import read_cohort
from nomograms import Nomogram
from nomograms.options import Options
from prognosis import FittedModel, Study
from prognosis.execution import IN_PROCESS, Execution
from prognosis.imputation.chained import Chained
from prognosis.persistence.writing import check_storable
from reports.batch import Language, Limits, write_patient
from reports.calculator_run import check_calculators, write_calculators
from reports.declared_cytogenetics import with_declared_cytogenetics
from reports.declared_diseases import declared_codebook, endpoint_table, with_declared_stages
from reports.declared_recipes import answering_kind, has_points, recipe_of, recipes_of
from reports.declared_scores import declared_folds, declared_scores, score_files, with_declared_scores
from reports.explained_study import explain_and_write
from reports.figures import Picture
from reports.filenames import file_names
from reports.manifest import base_manifest, state_of
from reports.observed_course import draw_observed
from reports.output_folder import MANIFEST, OutputFolder, Run, Say, output_folder
from reports.ranked import draw_ranking, ranking_of, ranking_results
from reports.results import all_warnings, doubtful_hazards, results_of
from reports.resumption import begin, check_same, file_digests
from reports.standards import write_standards
from reports.study_file import ModelTable, NomogramTable, StudyFile, read_study_file
from reports.study_validation import Validated, describe, validate_and_draw
from reports.subgroups import check_subgroups, subgroup_results


def run_study(
    study_file: str | Path,
    out: str | Path,
    say: Say = lambda _: None,
    *,
    resume: bool = False,
    execution: Execution = IN_PROCESS,
) -> Run:
    """Run a study file and write everything into a folder.

    Parameters
    ----------
    study_file : TOML; its paths are relative to itself. out : folder, new or of an earlier run.
    say : told, in one line each, what is being done.
    resume : go on with the run that the folder holds: what its journal has is not done again.
    execution : where the resamples of a validation run; the journal is that of the folder. The results are the same.

    Raises
    ------
    RunError
        K07 the study file, the data or the codebook changed during the run, or before it was resumed.
    PrognosisError
        Anything wrong with the study file, the data, the fit or the folder; the manifest then says "failed".
    """
    path = Path(study_file)
    declared = read_study_file(path)
    _check_horizons(declared)
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        files = _inputs(path, declared)
        inputs = file_digests(files)
        beginning = begin(folder, inputs, resume, execution, say)
        folder.write_json(MANIFEST, _manifest(declared, inputs, folder, started, (), {}, "running"))
        try:
            warnings, patients = _work(declared, path.parent, folder, beginning.execution, say)
            check_same(inputs, file_digests(files), "during the run")
        except BaseException as error:
            folder.write_json(MANIFEST, _manifest(declared, inputs, folder, started, (), {}, state_of(error)))
            raise
        warnings = (*warnings, *beginning.warnings)
        folder.remove_left_over()
        folder.write_json(MANIFEST, _manifest(declared, inputs, folder, started, warnings, patients, "done"))
        return Run(folder.path, tuple(folder.written), warnings)


def _work(
    declared: StudyFile, home: Path, folder: OutputFolder, execution: Execution, say: Say
) -> tuple[tuple[Finding, ...], dict[str, str]]:
    say("reading the cohort")
    cohort = read_cohort(home / declared.cohort.file, codebook=declared_codebook(declared, home))
    cohort = with_declared_stages(with_declared_cytogenetics(cohort, declared, home), declared)
    cohort = with_declared_scores(cohort, declared_scores(declared, home))
    names = file_names(declared.reports.patients)
    _check_patients(cohort, declared)
    study = _study(declared, cohort)
    recipes_of(declared, study)
    check_subgroups(declared, study)
    _check_pages(declared, study)
    check_calculators(declared, study)
    # of all patients read, so that what is missing is seen
    table_one = cohort.table_one(columns=list(study.predictors))
    folder.write("table_one.csv", neutralise(table_one.reset_index()).to_csv(index=False))
    folder.write("table_one.html", table_one.to_html(escape=True))
    found = [_fit_and_validate(declared, table, study, execution, folder, say) for table in declared.models]
    models = [each.model for each in found]
    ranking = ranking_of(models)
    drawing = declared.validation is None or declared.validation.figures
    pictures = draw_observed(study, models[0].created, declared.reports.language, folder) if drawing else {}
    pictures |= draw_ranking(ranking, models, declared.reports.language, folder)
    pictures |= {name: picture for each in found for name, picture in each.pictures.items()}
    for table, model in zip(declared.models, models, strict=True):
        model.save(folder.place(f"models/{model.name}.prognosis"), table.store_reference)
        folder.record(f"models/{model.name}.prognosis")
        _write_imputed(model, folder)
    pictures |= _explain(declared, models, cohort, folder, say)
    chosen = next((m for m in models if declared.nomogram and m.name == declared.nomogram.model), None)
    nomogram = _draw_nomogram(declared, chosen, cohort, folder, say) if chosen is not None else None
    shown = {nomogram.model.name: nomogram} if nomogram else {}
    results = results_of(declared.study.title, study, models, shown, table_one)
    results |= {"ranking": ranking_results(ranking), "figures": sorted(pictures)}
    results |= {"subgroups": subgroup_results([each.subgroups for each in found], study)}
    folder.write_json("results.json", results)
    _write_study_report(declared, results, nomogram, pictures, folder, say)
    write_standards(results, declared.tripod_ai, folder)
    warned = write_calculators(declared, models, folder)
    written = _write_patients(declared, cohort, chosen or models[0], folder, say)
    return (*all_warnings(study, models), *warned), {patient: names[patient] for patient in written}


def _study(declared: StudyFile, cohort: Cohort) -> Study:
    endpoint = endpoint_from_dict(endpoint_table(declared))
    return Study(cohort, endpoint, declared.predictors, folds=declared_folds(cohort), seed=declared.study.seed,
                 missing=_strategy(declared), allow_post_baseline=declared.allow_post_baseline)  # fmt: skip


def _strategy(declared: StudyFile) -> Literal["complete_cases", "own side"] | Chained | None:
    if declared.imputation is None:
        return None
    method = declared.imputation.method
    return Chained(declared.imputation.copies) if method == "chained" else method


def _own_strategy(study: Study) -> Literal["own side"] | Chained | None:
    """Return how a study of some of the predictors handles gaps, those of incomplete patients being left out before."""
    return "own side" if study.missing == "own side" else study.imputation


def _fit_and_validate(
    declared: StudyFile, table: ModelTable, study: Study, execution: Execution, folder: OutputFolder, say: Say
) -> Validated:
    own = study
    if table.predictors != study.predictors:
        own = Study(study.cohort, study.endpoint, table.predictors, folds=study.folds, seed=study.seed,
                    missing=_own_strategy(study), allow_post_baseline=declared.allow_post_baseline)  # fmt: skip
    say(f"fitting {table.name}: {len(own.cohort)} patients, {int((own.outcome.event == 1).sum())} events")
    model = own.fit(recipe_of(table), name=table.name)
    check_storable(model, table.store_reference)
    model = replace(model, warnings=(*model.warnings, *doubtful_hazards(model)))
    if declared.validation is None:
        return Validated(model, {})
    say(f"validating {table.name}: {describe(declared.validation)}")
    return validate_and_draw(own, model, declared.validation, execution, declared.reports.language, folder)


def _explain(
    declared: StudyFile, models: Sequence[FittedModel], cohort: Cohort, folder: OutputFolder, say: Say
) -> dict[str, Picture]:
    """Explain every model's risks: a table and figures each, unless the study file wants none."""
    drawn: dict[str, Picture] = {}
    for model in models if declared.reports.explanations else ():
        say(f"explaining {model.name}")
        drawn |= explain_and_write(model, cohort, declared.reports.language, folder)[1]
    return drawn


def _write_imputed(model: FittedModel, folder: OutputFolder) -> None:
    """Write what was imputed for whom; nothing where nothing was."""
    if model.pooled is not None:
        fitted: Any = model.freshly_fitted()
        folder.write(f"imputed_{model.name}.csv", neutralise(fitted.report_.cells).to_csv(index=False))


def _check_horizons(declared: StudyFile) -> None:
    """Refuse a nomogram or a patient's page without horizons before the work; a binary endpoint has no time."""
    endpoint = endpoint_table(declared)
    asked = declared.nomogram or declared.reports.patients or declared.reports.calculator
    if asked and endpoint.get("kind") != "binary" and not endpoint.get("horizons"):
        rule = "[endpoint] declares no horizons, which a nomogram, a calculator and a patient's report need"
        raise RunError(Finding("P12", rule, "add for example horizons = [12, 24] in the endpoint's unit"))


def _check_pages(declared: StudyFile, study: Study) -> None:
    """Refuse a nomogram that a model does not have before the fit, not after it."""
    shown = declared.nomogram.model if declared.nomogram else declared.models[0].name
    table = next(table for table in declared.models if table.name == shown)
    kind = answering_kind(recipe_of(table), timed=study.endpoint.kind != "binary")
    asked = declared.nomogram is not None and not declared.nomogram.approximate
    if asked and not has_points(kind, competing=study.endpoint.kind == "competing"):
        rule = f"[nomogram] names {shown}: no nomogram of a {kind} model of a {study.endpoint.kind} endpoint"
        raise RunError(
            Finding("G04", rule, "say approximate = true, or name a regression (competing events: fine_gray)")
        )


def _check_patients(cohort: Cohort, declared: StudyFile) -> None:
    absent = [patient for patient in declared.reports.patients if patient not in set(cohort.ids)]
    if absent:
        rule = "[reports] asks for patients who are not in the cohort"
        raise DataContractError(Finding("U05", rule, "correct the ids", rows=tuple(absent)))


def _draw_nomogram(declared: StudyFile, model: FittedModel, cohort: Cohort, folder: OutputFolder, say: Say) -> Nomogram:
    say(f"drawing the nomogram of {model.name}")
    options = declared.nomogram or NomogramTable(model=model.name)
    drawn: Options = {
        "limits": options.limits,
        "language": options.language,
        "width": options.width,
        "bound": options.bound,
        "median": options.median,
        "score_table": options.score_table,
    }
    if options.approximate:
        nomogram = Nomogram.approximate(model, fidelity=options.fidelity, **drawn)
    else:
        nomogram = Nomogram(model, **drawn)
    # the first patient of whom everything is known: an unknown value has no place on an axis
    known = cohort.view(model.door.columns).loc[list(declared.reports.patients)].dropna()
    patient = known.iloc[:1] if len(known) else None
    for suffix in ("pdf", "svg", "csv", "txt"):
        nomogram.save(folder.place(f"nomogram_{model.name}.{suffix}"), patient=patient)
        folder.record(f"nomogram_{model.name}.{suffix}")
    # those whom the model learnt from: others may be too unlike them to be read
    learnt = cohort.view(model.door.columns).loc[list(model.training.ids)] if model.training else cohort.frame
    seen = nomogram.reading_error_in(learnt[list(model.door.columns)].dropna())
    folder.write_json(f"nomogram_{model.name}.json", nomogram.to_dict() | {"reading_error_in_cohort": seen.to_dict()})
    return nomogram


def _write_study_report(
    declared: StudyFile,
    results: dict[str, Any],
    nomogram: Nomogram | None,
    pictures: dict[str, Picture],
    folder: OutputFolder,
    say: Say,
) -> None:
    from reports.study import StudyReport

    say("writing the study report")
    figures = {}
    if nomogram is not None:
        figures["nomogram"] = (folder.path / f"nomogram_{nomogram.model.name}.svg").read_text(encoding="utf-8")
    report = StudyReport(results, figures, declared.reports.language, pictures)
    for suffix in ("pdf", "html"):
        report.save(folder.place(f"study_report.{suffix}"))
        folder.record(f"study_report.{suffix}")


def _write_patients(
    declared: StudyFile, cohort: Cohort, model: FittedModel, folder: OutputFolder, say: Say
) -> list[str]:
    frame = cohort.view(model.door.columns)
    limits: Limits = declared.nomogram.limits if declared.nomogram else "centiles"
    for patient in declared.reports.patients:
        say(f"reporting patient {patient}")
        language: Language = declared.reports.languages.get(patient, declared.reports.language)
        folder.written.update(write_patient(model, frame.loc[[patient]], language, folder.path, limits))
    return list(declared.reports.patients)


def _inputs(path: Path, declared: StudyFile) -> tuple[Path, ...]:
    table = declared.cytogenetics.fish_table if declared.cytogenetics else None
    codebook = declared_codebook(declared, path.parent)
    more = [*([path.parent / table] if table else []), *score_files(declared, path.parent)]
    # the codebook of a disease is the package's own: the manifest's version stands for it
    own = [codebook] if isinstance(codebook, Path) else []
    return path, path.parent / declared.cohort.file, *own, *more


def _manifest(
    declared: StudyFile,
    inputs: dict[str, str],
    folder: OutputFolder,
    started: datetime,
    warnings: Sequence[Finding],
    patients: dict[str, str],
    state: str,
) -> dict[str, Any]:
    return base_manifest(folder, started, state) | {
        "seed": declared.study.seed,
        "inputs": inputs,
        "warnings": [{"code": finding.code, "message": str(finding)} for finding in warnings],
        "patients": patients,
    }
