"""The command `prognosis nomogram`: a model file as a figure, a table of points or a page of text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from reports.command_options import Digest, ModelPath, Range
from reports.patient_table import read_patients
from reports.validate_command import numbers

commands = typer.Typer()


@commands.command()
def nomogram(
    model: ModelPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: .pdf, .svg, .png, .csv or .txt.")],
    patient: Annotated[str | None, typer.Option(help="Id of the patient to draw as the worked example.")] = None,
    patients: Annotated[Path | None, typer.Option(help="Table that holds this patient.")] = None,
    horizons: Annotated[str | None, typer.Option(help="Times separated by commas; default the model's own.")] = None,
    limits: Range = "centiles",
    language: Annotated[Literal["en", "zh"], typer.Option(help="en or zh.")] = "en",
    approximate: Annotated[
        bool, typer.Option("--approximate", help="Draw a surrogate of a model without points; it prints its fidelity.")
    ] = False,
    width: Annotated[float, typer.Option(help="Of the figure in millimetres: 85 for one column, 180 for two.")] = 180.0,
    median: Annotated[bool, typer.Option("--median", help="Draw the median time to the event too.")] = False,
    score_table: Annotated[
        bool | None,
        typer.Option(
            help="Print points and risks in numbers; default where lines alone miss the reading error's bound."
        ),
    ] = None,
    sha256: Digest = None,
) -> None:
    """Draw the nomogram of a model with a worked patient on it: .pdf, .svg, .png, or .csv and .txt for its points.

    Warns where reading the print back may miss the model's risk by more than half a percentage point.
    """
    from cohorts.errors import Finding, RunError
    from nomograms import Nomogram
    from nomograms.options import Options
    from prognosis import load_model

    if (patient is None) != (patients is None):
        raise typer.BadParameter("--patient and --patients belong together")
    times = numbers(horizons, "--horizons")
    fitted = load_model(model, sha256)
    row = None
    if patient is not None and patients is not None:
        cohort = read_patients(fitted, patients, ",", ".", "utf-8")
        if patient not in cohort.ids:
            raise RunError(Finding("U05", "this patient is not in the table", "correct the id", rows=(patient,)))
        row = cohort.frame.loc[[patient]]
    make = Nomogram.approximate if approximate else Nomogram
    options: Options = {"limits": limits, "language": language, "width": width, "median": median}
    drawn = make(fitted, horizons=times, **options | {"score_table": score_table})
    drawn.save(out, patient=row)
    for finding in drawn.findings:
        typer.echo(str(finding), err=True)
    typer.echo(str(out))
