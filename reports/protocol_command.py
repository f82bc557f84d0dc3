"""The command `prognosis images protocol`: do films tell groups of patients apart, and better than age alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from reports.command_options import Out, Resume

commands = typer.Typer()


@commands.command()
def protocol(
    index: Annotated[Path, typer.Argument(metavar="INDEX.csv", help="Films: columns film, patient, ..., beside them.")],
    out: Out,
    labels: Annotated[
        Path | None, typer.Option(help="Table with patient, stratum and age; default: these columns of INDEX.csv.")
    ] = None,
    codebook: Annotated[
        Path | None, typer.Option("--codebook", "-c", help="Codebook (TOML) of the table: it is read as a cohort.")
    ] = None,
    strata: Annotated[
        str,
        typer.Option(help="COLUMN=NORMAL/BENIGN/MALIGNANT; levels of one side joined by +. Two sides for one task."),
    ] = "group=normal/benign/malignant",
    task: Annotated[
        Literal["screening", "benign-malignant", "both"], typer.Option(help="Which sides are told apart.")
    ] = "both",
    groups: Annotated[int, typer.Option(min=3, help="Groups that the patients are dealt into.")] = 5,
    image_size: Annotated[int, typer.Option(min=32, help="Pixels of an edge that the network sees.")] = 224,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training films, at most.")] = 30,
    weights: Annotated[
        Path | None, typer.Option(help="File of weights to start from; default random weights. Nothing is downloaded.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of groups and networks; the same seed gives the same numbers.")] = 0,
    resume: Resume = False,
) -> None:
    """Judge a ResNet34 by the protocols of the radiograph paper, on your films.

    Patients are dealt into groups with the same number of every stratum. screening: each group is tested by a network
    trained on the others, normal against the rest. benign-malignant: every choice of two groups is tested by a network
    trained on the others; of five groups, ten rounds, each patient tested four times. All films of a patient stay
    together, and what the network chooses and calibrates it does inside its training films.

    Beside it stand what needs no film: always calling the commoner side, and, where the table has a column age, age
    alone. Intervals of means know that the rounds share patients.

    Leaves results.json (every number), rounds.csv, predictions.csv (of each patient by networks that never saw him),
    figures/roc_TASK.pdf and .svg, summary.pdf and .html. Each round takes minutes to hours: --image-size 64 --epochs 3
    first shows whether everything fits; with --resume a stopped run goes on.

    Example: prognosis images protocol index.csv --labels patients.csv --strata diagnosis=healthy/gct+chondroma/sarcoma
    --out rounds
    """
    from reports.protocol_asked import Settings, Sources
    from reports.protocol_study import run_protocol
    from reports.validate_command import tell

    sources = Sources(index, labels, codebook, weights)
    settings = Settings(strata, task, groups, image_size, epochs, seed)
    tell(run_protocol(sources, settings, out, resume, lambda text: typer.echo(text, err=True)))
