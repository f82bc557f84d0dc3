"""The protocols of the radiograph paper on a user's folder of films: rounds, tables, ROC curves and one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cohorts.errors import Finding
from cohorts.export import neutralise
from imaging_head.protocol_measures import Measures, measure
from imaging_head.protocol_run import Progress, Rounds, run_rounds
from imaging_head.protocols import Contrast
from imaging_head.radiographs import Radiographs, Squares
from imaging_head.strata import GROUP, STRATUM, GroupsOfStrata
from prognosis.execution import IN_PROCESS
from reports.contents.rounds_roc import rounds_roc_content
from reports.figures.rounds_roc import rounds_roc_figure
from reports.fonts import choose_fonts
from reports.manifest import base_manifest, state_of
from reports.output_folder import MANIFEST, OutputFolder, Run, Say, output_folder
from reports.page import texts
from reports.protocol_asked import Done, Settings, Sources
from reports.protocol_content import protocol_content
from reports.protocol_labels import Labelled, read_labels, read_sides
from reports.protocol_results import protocol_results
from reports.resumption import begin, file_digests
from reports.study_page import save_study
from reports.wording import Wording

if TYPE_CHECKING:
    from imaging_head.learner import Learner


def run_protocol(
    sources: Sources,
    settings: Settings,
    out: str | Path,
    resume: bool = False,
    say: Say = lambda _: None,
    learner: Learner | None = None,
) -> Run:
    """Run the tasks, write numbers, tables, figures and a page.

    Parameters
    ----------
    out : folder, new or of an earlier run. resume : go on with what the folder's journal holds.
    say : told in one line each what is being done, with the time left. learner : None for ResNet34 by the settings.

    Raises
    ------
    PrognosisError
        Anything wrong with films, table or folder; the manifest then says "failed".
    """
    with output_folder(out) as folder:
        started = datetime.now(UTC)
        read = [sources.index, sources.labels, sources.codebook, sources.weights]
        inputs = file_digests(path for path in read if path is not None)
        beginning = begin(folder, inputs, resume, IN_PROCESS, say)

        def manifest(state: str, warnings: Sequence[Finding]) -> dict[str, Any]:
            told = [{"code": finding.code, "message": str(finding)} for finding in warnings]
            about = {"inputs": inputs, "settings": asdict(settings), "warnings": told}
            return base_manifest(folder, started, state) | about

        # so that a run that is killed can be gone on with
        folder.write_json(MANIFEST, manifest("running", ()))
        try:
            done = _work(sources, settings, beginning.execution.journal, say, learner)
            _write(done, folder, started.strftime("%Y-%m-%d"))
        except BaseException as error:
            folder.write_json(MANIFEST, manifest(state_of(error), ()))
            raise
        folder.remove_left_over()
        warnings = (*beginning.warnings, *done.warnings)
        folder.write_json(MANIFEST, manifest("done", warnings))
        return Run(folder.path, tuple(folder.written), warnings)


def _work(sources: Sources, settings: Settings, journal: Path | None, say: Say, learner: Learner | None) -> Done:
    sides = read_sides(settings.strata)
    contrasts = sides.contrasts(settings.task)
    films = Radiographs.from_index(sources.index)
    labels = sources.index if sources.labels is None else sources.labels
    labelled = read_labels(labels, sources.codebook, sides, contrasts, films.patients)
    strata = labelled.table[STRATUM]
    table = labelled.table.assign(**{GROUP: GroupsOfStrata(settings.groups, seed=settings.seed).deal(strata)})
    for contrast in contrasts:
        # before films are read: a protocol that cannot be is said at once
        contrast.rounds(table)
    chosen = films.of(tuple(table.index))
    say(f"reading {len(chosen)} films of {len(table)} patients")
    squares = chosen.squares(settings.image_size)
    learns = resnet(settings, sources.weights) if learner is None else learner
    tasks = {each.name: _task(each, table, squares, learns, journal, say) for each in contrasts}
    found = [finding for _, measures in tasks.values() for finding in measures.warnings]
    warnings = tuple({str(finding): finding for finding in (*squares.findings, *found)}.values())
    network = _network(settings, sources.weights) if learner is None else type(learner).__name__
    return Done(
        settings, sources.index.name, len(squares), Labelled(table, labelled.left_out), network, tasks, warnings
    )


def _task(
    contrast: Contrast, table: pd.DataFrame, squares: Squares, learner: Learner, journal: Path | None, say: Say
) -> tuple[Rounds, Measures]:
    def told(now: Progress) -> None:
        left = "" if now.left is None else f", about {now.left / 60:.0f} minutes left" if now.left else ""
        say(f"{now.contrast}: {now.done} of {now.rounds} rounds done{left}")

    rounds = run_rounds(contrast, table, squares, learner, journal, told)
    return rounds, measure(rounds)


def resnet(settings: Settings, weights: Path | None) -> Learner:
    """Return the network that the settings declare."""
    from imaging_head.resnet_head import ResNet34Head

    return ResNet34Head(image_size=settings.image_size, epochs=settings.epochs, weights=weights, seed=settings.seed)


def _network(settings: Settings, weights: Path | None) -> str:
    start = "random weights" if weights is None else f"weights from {weights.name}"
    return f"ResNet34, one grey channel, {settings.image_size} pixels, at most {settings.epochs} epochs, {start}"


def _write(done: Done, folder: OutputFolder, created: str) -> None:
    wording = Wording("en")
    tables = {
        "rounds": [(name, measures.rounds) for name, (_, measures) in done.tasks.items()],
        "predictions": [(name, rounds.predictions) for name, (rounds, _) in done.tasks.items()],
    }
    for name, parts in tables.items():
        whole = pd.concat([part.assign(task=task) for task, part in parts], ignore_index=True)
        ordered = whole[["task", *(column for column in whole if column != "task")]]
        folder.write(f"{name}.csv", neutralise(ordered).to_csv(index=False))
    folder.write_json("results.json", protocol_results(done))
    contents = {f"roc_{name}": rounds_roc_content(*found, wording) for name, found in done.tasks.items()}
    fonts = choose_fonts("".join(texts([asdict(content) for content in contents.values()])), wording.language)
    pictures = {name: rounds_roc_figure(content, fonts) for name, content in contents.items()}
    for name, picture in pictures.items():
        folder.write(f"figures/{name}.pdf", picture.pdf(created))
        folder.write(f"figures/{name}.svg", picture.svg)
    page = protocol_content(done, pictures, created, wording)
    drawn = {name: picture.svg for name, picture in pictures.items()}
    for suffix in ("pdf", "html"):
        save_study(folder.place(f"summary.{suffix}"), page, drawn)
        folder.record(f"summary.{suffix}")
