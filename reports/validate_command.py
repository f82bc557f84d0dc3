"""The command `prognosis validate`: a model file in another cohort."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from reports.command_options import Digest, ModelPath, Out

if TYPE_CHECKING:
    from reports.output_folder import Run

commands = typer.Typer()


@commands.command()
def validate(
    model: ModelPath,
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="CSV, Excel, Parquet, SPSS, Stata or SAS file.")],
    codebook: Annotated[Path, typer.Option("--codebook", "-c", help="Codebook (TOML) of the new cohort.")],
    out: Out,
    horizons: Annotated[str | None, typer.Option(help="Times separated by commas; default the model's own.")] = None,
    by: Annotated[str | None, typer.Option(help="Columns whose groups are judged one by one too: sex,site.")] = None,
    thresholds: Annotated[
        str | None, typer.Option(help="Risks from which on one would treat, for net benefit: .1,.2,.3.")
    ] = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="en or zh.")] = "en",
    record: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write it into a copy of the model file, under this name.")
    ] = None,
    sha256: Digest = None,
) -> None:
    """Judge a model, as it is, in patients of another place or time.

    Nothing is refitted. Discrimination, calibration, accuracy and net benefit with their intervals; who the new
    patients are and whether effects differ there; and how much to update, if at all: the closed test compares the
    model as it is, a new level, a new slope and all coefficients anew, and picks the least change that is not
    rejected.

    Leaves external.json (every number), CSV tables, figures/*.pdf and *.svg, validation_report.pdf and .html, and
    models/NAME_CHANGE.prognosis where the test picks a change. --record "Hospital B, 2015-2020" also leaves
    models/NAME.prognosis, the same model that remembers this validation: patients' pages and the calculator then say
    so. The new cohort's columns have the names, units and
    levels of the model's; its outcome has the columns of the model's endpoint.
    """
    from reports.external_run import Question, Sources, validate_model

    groups = tuple(name.strip() for name in by.split(",")) if by else ()
    question = Question(numbers(horizons, "--horizons"), groups, numbers(thresholds, "--thresholds") or (), language,
                        record)  # fmt: skip
    sources = Sources(model, cohort, codebook, sha256)
    tell(validate_model(sources, out, question, lambda text: typer.echo(text, err=True)))


def numbers(text: str | None, option: str) -> list[float] | None:
    """Read numbers separated by commas."""
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{option} {text}: numbers separated by commas are needed") from None


def tell(done: Run) -> None:
    """Say what was warned of and what was written."""
    for finding in done.warnings:
        typer.echo(f"warning: {finding}", err=True)
    typer.echo(f"wrote {len(done.files)} files into {done.folder}:")
    for name in done.files:
        typer.echo(f"  {done.folder / name}")
