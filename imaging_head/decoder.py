"""Films are decoded in a process of their own, with caps on memory and time, so that a hostile file ends only that."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError, raise_findings
from imaging_head.limits import Limits
from imaging_head.refusal import RefusedError

# The room's modules without the room's own `__init__`: tables and models are not needed, and the process starts sooner.
START = """
import json, sys, types
room, limits, sys.path[:] = json.loads(sys.argv[1])
package = types.ModuleType("imaging_head")
package.__path__ = [room]
sys.modules["imaging_head"] = package
from imaging_head.decoding import serve
from imaging_head.limits import Limits
serve(Limits(**limits))
"""
DTYPES = ("<f4", "|u1", "<u2", "|i1", "<i2", "<u4", "<i4")
LONGEST_ANSWER, LONGEST_START = 64 << 20, 120.0
INSTALL = "pip install 'bone-prognosis[imaging]'"


class Decoder:
    """A decoding process that is started when first needed and again after its death; use it in a ``with`` block.

    Parameters
    ----------
    limits : sizes refused before decoding, and the caps on memory and time.

    Examples
    --------
    >>> with Decoder() as decoder:  # doctest: +SKIP
    ...     about, pixels = decoder.read(path)
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        faults = [
            Finding("I08", f"the limit {name} is {value}, a positive number is needed", "raise it")
            for name, value in asdict(self.limits).items()
            if not value > 0
        ]
        raise_findings(faults, ImageError)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: Path, what: Literal["film", "stored"] = "film") -> tuple[dict[str, Any], NDArray[Any]]:
        """Return what is known of a film and its pixels, (rows, columns); see `decoding.read_film`.

        Raises
        ------
        ImageError
            I04 several frames or colour, I05 cut short, I08 above a limit, I09 shows nothing, I13 no decoder,
            I15 memory or time used up or the decoder died, I16 not readable, I17 contradicting attributes,
            I18 there is no such file.
        """
        if not path.is_file():
            raise ImageError(Finding("I18", "there is no such file", "check the path", file=str(path)))
        try:
            self.limits.check_bytes(path.stat().st_size)
            about, pixels = self._ask({"read": what, "file": str(path.resolve())})
            if "refused" in about:
                raise RefusedError(*about["refused"])
        except RefusedError as refused:
            raise ImageError(Finding(refused.code, refused.rule, refused.way_out, file=str(path))) from None
        return about, pixels

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, request: dict[str, str]) -> tuple[dict[str, Any], NDArray[Any]]:
        process = self._process = self._process or self._started()
        late: list[bool] = []
        watch = Timer(self.limits.seconds, _kill, (process, late))
        watch.daemon = True
        watch.start()
        try:
            if process.stdin is None or process.stdout is None:  # both were asked for
                raise EOFError
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            return self._received(process.stdout)
        except (EOFError, BrokenPipeError):
            process.kill()
            code = process.wait()
            self.close()
            raise self._died(code, bool(late)) from None
        finally:
            watch.cancel()

    def _received(self, answers: IO[bytes]) -> tuple[dict[str, Any], NDArray[Any]]:
        """Read one answer; its shape is checked against the limits before its bytes are taken."""
        line = answers.readline(LONGEST_ANSWER)
        if not line.endswith(b"\n"):
            raise EOFError
        about = json.loads(line)
        rows, columns = about["shape"]
        if about["dtype"] not in DTYPES or rows * columns > self.limits.pixels:
            raise EOFError
        dtype = np.dtype(about["dtype"])
        data = bytearray(rows * columns * dtype.itemsize)
        if answers.readinto(data) != len(data):  # type: ignore[attr-defined]
            raise EOFError
        return about, np.frombuffer(data, dtype).reshape(rows, columns)

    def _started(self) -> subprocess.Popen[bytes]:
        if find_spec("pydicom") is None:
            raise ImageError(Finding("I13", "pydicom is not installed: no transfer syntax can be decoded", INSTALL))
        places: Sequence[Any] = (str(Path(__file__).resolve().parent), asdict(self.limits), sys.path)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(places)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        watch = Timer(LONGEST_START, process.kill)
        watch.start()
        ready = process.stdout is not None and process.stdout.readline(16) == b"ready\n"
        watch.cancel()
        if not ready:
            process.kill()
            process.communicate()
            rule = "the decoding process does not start"
            raise ImageError(Finding("I15", rule, f"see whether pydicom and pillow are whole; {INSTALL}"))
        return process

    def _died(self, code: int, late: bool) -> RefusedError:
        if late:
            rule = f"decoding takes longer than the limit of {self.limits.seconds:g} s"
            return RefusedError("I15", rule, "give a single radiograph, or raise Limits(seconds=...)")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        rule = f"the decoding process died ({how}); its memory limit is {self.limits.memory:,} bytes"
        return RefusedError("I15", rule, "the file is damaged or hostile: leave it out, or export it again")


def _kill(process: subprocess.Popen[bytes], late: list[bool]) -> None:
    """End a process that takes too long, and remember why."""
    late.append(True)
    process.kill()
