"""The commands `prognosis images ...`: what is done with the files of radiographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.cross_fit_command import commands as cross_fitting
from reports.protocol_command import commands as protocol
from reports.radiograph_demo_command import commands as demonstration
from reports.radiomics_command import radiomics

commands = typer.Typer()
images = typer.Typer(
    no_args_is_help=True,
    help="Radiographs: copies without names, scores out of fold, rounds of a protocol, radiomics, a demonstration.",
)
commands.add_typer(images, name="images")
images.command()(radiomics)
images.add_typer(protocol)
images.add_typer(cross_fitting)
images.add_typer(demonstration)


@images.callback()
def _images() -> None:
    """Keep the name of a single command."""


@images.command()
def deidentify(
    index: Annotated[Path, typer.Argument(metavar="INDEX.csv", help="Columns film, patient, view, laterality, date.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the copies: new or empty.")],
    key: Annotated[Path, typer.Option("--key", help="File for the exchanged names, outside DIR: it stays with you.")],
    root: Annotated[Path | None, typer.Option(help="Folder of the films; default that of the index.")] = None,
) -> None:
    """Copy films without anything that names the patient, under new names, with a new index.

    DICOM: only the attributes of a short list remain, pixels as stored and uncompressed. PNG and JPEG become PNG. A
    name burned into the picture is seen by people only: films whose BurnedInAnnotation is not NO are left out unless
    the index has cleared = yes. Exit code 1 where a film was left out; all others are copied.
    """
    from imaging_head.deidentification import deidentify as copy_films
    from imaging_head.radiographs import Radiographs

    films = Radiographs.from_index(index, root)
    done = copy_films(films, out, key, lambda line: typer.echo(line, err=True))
    typer.echo(f"{done.films} of {len(films)} films copied into {out}; the key is {key}")
    raise typer.Exit(1 if done.findings else 0)
