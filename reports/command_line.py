"""The command `prognosis`: demo, check, run, predict, report, nomogram and more; what is heavy is imported inside."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cohorts.version import __version__
from reports.command_options import (
    Dask,
    Decimal,
    Digest,
    Encoding,
    Films,
    ModelPath,
    Out,
    PatientsPath,
    Range,
    Resume,
    Separator,
    Workers,
)
from reports.exits import Terminated, end_stopped, terminable
from reports.further_commands import further
from reports.nomogram_command import commands as drawing
from reports.patient_table import read_patients
from reports.validate_command import numbers

if TYPE_CHECKING:
    from cohorts.errors import Finding
    from reports.output_folder import Run

EPILOG = (
    "Research software: no treatment advice. Exit codes: 0 done, 1 the input or the run failed, 2 usage, "
    "130 interrupted, 143 terminated."
)
app = typer.Typer(
    name="prognosis",
    help="Survival and prognosis models for bone oncology: checked cohorts, models, validation, nomograms, reports.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(further)
app.add_typer(drawing)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bone-prognosis {__version__}")
        raise typer.Exit


@app.callback()
def _prepare(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Where no terminal shows a bar, long work tells how far it is in one line now and then."""
    if not version and not sys.stderr.isatty():
        logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
        logging.getLogger("prognosis").setLevel(logging.INFO)


@app.command()
def demo(out: Out = Path("prognosis-demo")) -> None:
    """Run the embedded study on real patients, end to end.

    1,384 people with MGUS; a Cox model for progression or death, its bootstrap validation, a nomogram and three
    patient reports. The study file and its data are written too, to be copied for a study of your own.
    """
    from reports.demonstration import run_demo

    done = run_demo(out, _say)
    _finish(done)


@app.command()
def check(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="CSV, Excel, Parquet, SPSS, Stata or SAS file.")],
    codebook: Annotated[Path, typer.Option("--codebook", "-c", help="Codebook (TOML) that declares every column.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Read and check a cohort; every finding names row, rule and way out. Exit code 1 on an error."""
    from cohorts import Codebook
    from cohorts.errors import PrognosisError
    from cohorts.reading import check_file, read_cohort

    findings: Sequence[Finding]
    flow = missing = None
    try:
        book = Codebook.from_toml(codebook)
        findings = check_file(cohort, book)
        if all(finding.severity == "warning" for finding in findings):
            table = read_cohort(cohort, codebook=book)
            flow, missing = table.flow, table.frame.isna().sum()
    except PrognosisError as error:
        findings = error.findings
    failed = any(finding.severity == "error" for finding in findings)
    if as_json:
        counts = {} if missing is None else {str(name): int(n) for name, n in missing.items()}
        steps = [] if flow is None else [{"step": step, "n": int(n)} for step, n in flow.itertuples(index=False)]
        answer = {"ok": not failed, "findings": [f.to_dict() for f in findings], "flow": steps, "missing": counts}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            typer.echo(f"{finding.severity}: {finding}")
        if flow is not None and missing is not None:
            typer.echo(flow.to_string(index=False, header=False))
            for name, n in missing[missing > 0].items():
                typer.echo(f"missing: {name} {n}")
        typer.echo(
            f"{'failed' if failed else 'ok'}: {len(findings)} finding(s); the endpoint is checked by prognosis run"
        )
    raise typer.Exit(1 if failed else 0)


@app.command()
def run(
    study: Annotated[Path, typer.Argument(metavar="STUDY.toml", help="Study file.")],
    out: Out,
    resume: Resume = False,
    workers: Workers = 1,
    dask: Dask = None,
) -> None:
    """Run a study file: fit, validate, draw, report. Everything is written into one folder.

    Every finished resample is written into DIR/journal, so that a run that was stopped, killed or out of disk goes on
    with --resume and ends with the same bytes, whatever the number of workers.
    """
    from prognosis.execution import Execution
    from reports.run import run_study

    done = run_study(study, out, _say, resume=resume, execution=Execution(workers, dask))
    _finish(done)


@app.command()
def predict(
    model: ModelPath,
    patients: PatientsPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file for the risks.")],
    horizons: Annotated[str | None, typer.Option(help="Times separated by commas; default the model's own.")] = None,
    sha256: Digest = None,
    separator: Separator = ",",
    decimal: Decimal = ".",
    encoding: Encoding = "utf-8",
) -> None:
    """Write the probability of the event by each horizon, with its interval, for new patients."""
    from cohorts.export import neutralise
    from prognosis import load_model
    from reports.page import write_whole

    times = numbers(horizons, "--horizons")
    _check_table_path(out, (model, patients))
    fitted = load_model(model, sha256)
    cohort = read_patients(fitted, patients, separator, decimal, encoding)
    prediction = fitted.predict(cohort, times)
    write_whole(out, neutralise(prediction.table).to_csv(index=False).encode())
    for text in dict.fromkeys(remark.text for remark in prediction.remarks if remark.patient is None):
        typer.echo(f"remark: {text}", err=True)
    flagged = {remark.patient for remark in prediction.remarks if remark.patient is not None}
    typer.echo(f"{len(prediction.ids)} patients, {len(flagged)} with remarks: {out}")


@app.command()
def report(
    model: ModelPath,
    patients: PatientsPath,
    out: Out,
    language: Annotated[Literal["en", "zh"], typer.Option(help="en or zh.")] = "en",
    limits: Range = "centiles",
    sha256: Digest = None,
    separator: Separator = ",",
    decimal: Decimal = ".",
    encoding: Encoding = "utf-8",
    resume: Resume = False,
    workers: Workers = 1,
    radiographs: Films = None,
) -> None:
    """Write a one-page report on every patient, as PDF and HTML.

    Every finished patient is a line in DIR/journal: --resume skips these. A patient who cannot be answered goes to
    failures.json, all others are done, and the exit code is 1.

    A model with a radiograph score shows each patient's film beside its heat map: --radiographs FILMS.toml, with the
    lines index = "index.csv" (the films) and networks = "NAME_networks" (of images cross-fit). The table holds the
    scores (new patients: prognosis images score); a map of another score than that in the table is refused, and so is a
    film that may show a name. For patients of the study itself add score = "NAME.csv", so that a map comes from the
    network that never saw the patient; background = "study_index.csv" compares with films of the study (without it a
    map may colour what all films have); layer = "layer3" shows finer cells.
    """
    from prognosis import load_model
    from prognosis.execution import Execution
    from reports.batch import Looks, report_patients
    from reports.film_files import read_film_files

    films = None if radiographs is None else read_film_files(radiographs)
    fitted = load_model(model, sha256)
    cohort = read_patients(fitted, patients, separator, decimal, encoding)
    looks = Looks(language, limits, films)
    done = report_patients(fitted, cohort, out, looks, _say, resume=resume, execution=Execution(workers))
    _finish(done)


def _check_table_path(out: Path, inputs: tuple[Path, ...]) -> None:
    """Make sure that the table is a CSV file of its own, never one of the inputs."""
    if out.suffix.lower() != ".csv":
        raise typer.BadParameter(f"--out {out}: the risks are written as CSV, end the name in .csv")
    if any(out.exists() and out.samefile(path) for path in inputs if path.exists()):
        raise typer.BadParameter(f"--out {out} is an input: it would be overwritten")


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _finish(done: Run) -> None:
    for finding in done.warnings:
        typer.echo(f"warning: {finding}", err=True)
    typer.echo(f"wrote {len(done.files)} files into {done.folder}:")
    for name in done.files:
        typer.echo(f"  {done.folder / name}")


def main() -> None:
    """Entry point: a fault is one clear message and exit code 1, never a traceback."""
    from cohorts.errors import PrognosisError, PrognosisWarning

    warnings.simplefilter("ignore", PrognosisWarning)
    try:
        with terminable():
            app()
    except PrognosisError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        typer.echo(f"error: {error.strerror or error}: {error.filename or ''}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, SystemError, SystemExit, Terminated) as error:
        end_stopped(error)


if __name__ == "__main__":
    main()
