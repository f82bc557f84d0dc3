"""Progress of long work: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

logger = logging.getLogger("prognosis")
LINES = 10

Report = Callable[[int, int, int], None]


@contextmanager
def shown(what: str, progress: Callable[[int, int], None] | None = None) -> Iterator[Report]:
    """Yield a function of (already done, all, done since) that shows how far the work is.

    `progress`, a function of (done, all), takes the place of the bar or the log where it is given.
    """
    if progress is not None:
        yield lambda before, total, done: progress(before + done, total)
    elif sys.stderr.isatty():
        with _bar(what) as report:
            yield report
    else:
        yield _log(what)


def _log(what: str) -> Report:
    def report(before: int, total: int, done: int) -> None:
        now = before + done
        if now == total or now % max(1, total // LINES) == 0:
            logger.info("%s: %d of %d", what, now, total)

    return report


@contextmanager
def _bar(what: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)
        yield lambda before, total, done: bar.update(task, completed=before + done, total=total)
