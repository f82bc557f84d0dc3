"""The commands `prognosis images cross-fit` and `score`: films become a predictor of the study, and of new patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.command_options import Workers

commands = typer.Typer()
Index = Annotated[
    Path, typer.Argument(metavar="INDEX.csv", help="Films: columns film, patient, ...; the files lie beside it.")
]


@commands.command(name="cross-fit")
def cross_fit(
    index: Index,
    cohort: Annotated[Path, typer.Option(help="Table of the patients, whose ids the index uses.")],
    codebook: Annotated[Path, typer.Option("--codebook", "-c", help="Codebook (TOML) that declares every column.")],
    endpoint: Annotated[Path, typer.Option(help="TOML with an [endpoint] table: the study file, say.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The score, NAME.csv; NAME becomes its name.")],
    folds: Annotated[int, typer.Option(min=3, help="Folds; networks to train: 15 for 5.")] = 5,
    seed: Annotated[int, typer.Option(help="Of folds and networks; the same seed gives the same numbers.")] = 0,
    image_size: Annotated[int, typer.Option(min=32, help="Pixels of an edge that the network sees.")] = 224,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training films, at most.")] = 30,
    weights: Annotated[
        Path | None, typer.Option(help="File of weights to start from; default random weights. Nothing is downloaded.")
    ] = None,
    frozen: Annotated[bool, typer.Option("--frozen", help="Only the last layer learns.")] = False,
    workers: Workers = 1,
) -> None:
    """Train ResNet34 so that every patient is scored by networks that never saw the patient.

    NAME.csv and NAME.json hold the score in its nested form: name it in a study file with [[scores]] file = "NAME.csv"
    and use NAME among the predictors; the study is then validated by the same folds, and nothing leaks. NAME_networks
    holds the networks that score new patients (prognosis images score), about 85 MB each, and the state of every
    training: the same command goes on where it was stopped.

    Example: prognosis images cross-fit index.csv --cohort cohort.csv -c codebook.toml --endpoint study.toml
    -o radiograph.csv
    """
    from reports.cross_fit_run import Asked, cross_fit_files

    asked = Asked(folds, seed, image_size, epochs, weights, frozen, workers)
    cross_fit_files(index, cohort, codebook, endpoint, out, asked, lambda text: typer.echo(text, err=True))
    typer.echo(f"{out} and {out.with_suffix('.json')}: the score; {out.with_suffix('')}_networks: for new patients")


@commands.command()
def score(
    networks: Annotated[Path, typer.Argument(metavar="NETWORKS", help="Folder NAME_networks of images cross-fit.")],
    index: Index,
    out: Annotated[Path, typer.Option("--out", "-o", help="Table with patient and score.")],
) -> None:
    """Score new patients' films, for a model that has a cross-fitted score among its predictors.

    A patient's score is the mean of the networks that were each trained without one fold. Never score patients of the
    study itself in this way: most networks saw them.
    """
    from reports.cross_fit_run import score_files

    typer.echo(f"{score_files(networks, index, out)} patients scored in {out}")
