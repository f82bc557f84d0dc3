"""The first process compiles the kernels and says so; the second loads them and says nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from prognosis.kernels.compiling import NOTICE
from tests.conftest import ROOT

USE = """
import logging, numpy as np
logging.basicConfig(level=logging.INFO, format="%(message)s")
from prognosis.kernels.concordance import concordance_counts
c = concordance_counts(np.array([1.0, 2.0]), np.ones(2, bool), np.array([1.0, 0.0])).concordance
assert c == 1.0
"""


@pytest.fixture
def environment(tmp_path):
    """A process of its own with an empty kernel cache."""
    return {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}


def heard(environment, terminal):
    if not terminal:
        done = subprocess.run([sys.executable, "-c", USE], env=environment, capture_output=True, text=True, check=True)
        return done.stderr
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen:
        subprocess.run([sys.executable, "-c", USE], env=environment, stderr=theirs, check=True)
        os.set_blocking(screen.fileno(), False)
        said = screen.read() or b""  # before the other end closes, which would be an error here
        os.close(theirs)
        return said.decode()


@pytest.mark.parametrize("terminal", [False, True], ids=["log", "terminal"])
def test_compiling_is_said_once_and_a_second_process_does_not_compile(environment, terminal):
    assert heard(environment, terminal).count(NOTICE) == 1
    assert NOTICE not in heard(environment, terminal)
