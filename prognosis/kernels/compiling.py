"""Kernels are compiled at their first use and kept on disk; whoever waits for that is told so, once a process."""

from __future__ import annotations

import logging
import sys
from typing import Any

from numba.core.event import Event, Listener, register

logger = logging.getLogger("prognosis")
PACKAGE = "prognosis.kernels."
NOTICE = "compiling numerical kernels: once on this machine, some seconds; later processes load them from disk"


class _Announcer(Listener):
    """Tell of the first compilation of a kernel of this package; other users of numba are none of our business."""

    def __init__(self) -> None:
        self.told = False

    def on_start(self, event: Event) -> None:
        function: Any = event.data["dispatcher"].py_func
        if self.told or not function.__module__.startswith(PACKAGE):
            return
        self.told = True
        if sys.stderr.isatty():
            sys.stderr.write(f"{NOTICE}\n")
        else:
            logger.info(NOTICE)

    def on_end(self, event: Event) -> None:
        """Nothing is said at the end: the work itself goes on."""


def announce_compiling() -> None:
    """Listen to numba's own event; a kernel loaded from the disk cache raises none."""
    register("numba:compile", _Announcer())
