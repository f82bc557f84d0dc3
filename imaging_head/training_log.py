"""What a training says while it runs: a CSV line an epoch, and a bar or lines with films a second and time left."""

from __future__ import annotations

import contextlib
import csv
import io
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from cohorts.errors import Finding, RunError
from cohorts.whole_file import write_whole_file
from imaging_head.training import Epoch

logger = logging.getLogger("imaging_head")
COLUMNS = tuple(each.name for each in fields(Epoch))
Say = Callable[[Sequence[Epoch]], None]


def write_log(file: Path, history: Sequence[Epoch]) -> None:
    """Write the epochs as CSV: whole, so that a resumed training's log has no line twice.

    Raises
    ------
    RunError
        I57 the file cannot be written.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(epoch) for epoch in history)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole_file(file, text.getvalue().encode())
    except OSError as error:
        rule = f"the training log cannot be written: {error.strerror}"
        raise RunError(Finding("I57", rule, "choose another folder, or make room", file=file.name)) from None


def line_of(history: Sequence[Epoch], epochs: int, films: int) -> str:
    """Return one line on the last epoch, with the time that the remaining ones will take at its pace."""
    last = history[-1]
    left = (epochs - last.number) * films / last.images_per_second
    return (
        f"epoch {last.number} of {epochs}, {last.images_per_second:.0f} images/s, {_duration(left)} left, "
        f"loss {last.training_loss:.3f}, validation {last.validation_loss:.3f}"
    )


@contextlib.contextmanager
def told(what: str, epochs: int, films: int) -> Iterator[Say]:
    """Yield a function of the epochs so far that shows them: a bar on a terminal, else about ten lines of the log.

    Parameters
    ----------
    what : is trained. epochs : of the schedule. films : an epoch passes through the network.
    """
    if not sys.stderr.isatty():
        yield lambda history: _log(what, history, epochs, films)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(
        TextColumn(what), BarColumn(), TextColumn("{task.fields[now]}"), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task(what, total=epochs, now="")
        yield lambda history: bar.update(task, completed=len(history), now=line_of(history, epochs, films))


def _log(what: str, history: Sequence[Epoch], epochs: int, films: int) -> None:
    if len(history) == epochs or len(history) % max(1, epochs // 10) == 0:
        logger.info("%s: %s", what, line_of(history, epochs, films))


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
