"""The command `prognosis calculator`: a model file as one HTML page that computes its risks in any browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from reports.command_options import Digest, ModelPath, Range

commands = typer.Typer()


@commands.command()
def calculator(
    model: ModelPath,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, ending in .html.")],
    language: Annotated[Literal["en", "zh"], typer.Option(help="en or zh.")] = "en",
    limits: Range = "centiles",
    sha256: Digest = None,
) -> None:
    """Write a page on which anybody computes the risk of a patient, without a server and without a network.

    The numbers are those of prognosis predict; values that it refuses are refused in the same words. Of regressions:
    Cox, Fine-Gray, accelerated failure time, logistic, and published ones.
    """
    from prognosis import load_model
    from reports.calculator import Calculator

    typer.echo(str(Calculator(load_model(model, sha256), language, limits).save(out)))
