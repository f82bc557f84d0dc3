"""The command `prognosis images demo`: from films to a nomogram with a radiograph axis, on made-up patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.command_options import Out

commands = typer.Typer()


@commands.command()
def demo(
    out: Out = Path("prognosis-radiographs"),
    workers: Annotated[int, typer.Option(min=1, help="Processes that train. The result is the same to the bit.")] = 2,
) -> None:
    """Make up knees with a tumour, and go all the way from their films to a nomogram and pages with heat maps.

    A network learns Lodwick's types of lesions on 600 knees of others. On 450 patients of the study 15 heads learn
    metastasis, so that each patient is scored by some that never saw the patient; then a Cox model with age, grade and
    the radiograph, what the radiograph adds in patients left out, a nomogram, three patient reports. Some minutes on
    two cores. README.txt says which file is what; study/ holds the films, the table and the study file.
    """
    from reports.radiograph_demonstration import Size, run_radiograph_demo

    done = run_radiograph_demo(out, lambda text: typer.echo(text, err=True), Size(workers=workers))
    for finding in done.warnings:
        typer.echo(f"warning: {finding}", err=True)
    typer.echo((done.folder / "README.txt").read_text(encoding="utf-8"))
    typer.echo(f"wrote {len(done.files)} files into {done.folder}")
