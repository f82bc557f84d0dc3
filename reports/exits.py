"""How a command ends: one clear line and an exit code, also where somebody or the system stops it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# As shells count a signal: 128 and its number.
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
STOPPED = (
    "{how}; prognosis run, report and images protocol go on where they stopped: give the same command with --resume"
)
WORDS = {INTERRUPTED: "interrupted", TERMINATED: "terminated"}


class Terminated(BaseException):
    """The system asks the process to end (SIGTERM); raised where it works, so that locks and manifests are written."""


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into `Terminated` while a command works."""
    if threading.current_thread() is not threading.main_thread():
        # only the main thread may say what a signal does
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise Terminated


def stopped_by(error: BaseException | None) -> int | None:
    """Return the exit code of an interrupt or a termination, None for any other error.

    A compiled kernel turns both into another error, of which they are the cause.
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        if isinstance(error, Terminated):
            return TERMINATED
        error = error.__cause__ or error.__context__
    return None


def end_stopped(error: BaseException) -> NoReturn:
    """End the process in one line and with the exit code of what stopped it; raise an error that is no stop again."""
    code = stopped_by(error)
    if code is None:
        raise error
    sys.stderr.write(f"{STOPPED.format(how=WORDS[code])}\n")
    sys.exit(code)
