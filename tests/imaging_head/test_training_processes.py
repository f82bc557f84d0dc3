"""Two processes train one network: equal weights at the end, near those of one process; other films are refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import distributed

from cohorts.errors import FitError, RunError
from imaging_head.one_thread import one_thread
from imaging_head.processes import Processes, join
from tests.imaging_head.tiny import QUICK, films, no_normalisation, tiny

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from tests.imaging_head.test_training_processes import train; train(sys.argv[1], 1)"
NETWORKS = {"plain": no_normalisation, "normalised": tiny}


def learner_of(name, folder=None):
    records = folder and f"{folder}/{name}"
    return replace(QUICK, epochs=3, network=NETWORKS[name], records=records)


def saved(fitted, path):
    save_file({key: value.contiguous() for key, value in fitted.network.state_dict().items()}, path)


def train(folder, rank):
    """Do what every process does: two networks, then films that differ from the other process's."""
    seen, outcome = films()
    with one_thread():
        for name in NETWORKS:
            saved(learner_of(name, folder).fit(seen, outcome), f"{folder}/{name}-{rank}")
        seen.pixels[0] *= 1 - 0.1 * rank
        with pytest.raises(RunError, match=r"I57.*2 processes were given different films"):
            learner_of("plain", folder).fit(seen, outcome)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where two processes left their weights: this one and another, joined as torchrun joins them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path_factory.mktemp("two")
    given = {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    environment = {**os.environ, **given, "PYTHONPATH": str(ROOT)}
    other = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", timedelta(minutes=2), world_size=2, rank=0)
    try:
        train(path, 0)
        _, said = other.communicate(timeout=120)
    finally:
        distributed.destroy_process_group()
        other.kill()
    assert other.returncode == 0, said
    return path


def test_both_end_with_equal_weights(folder):
    for name in ("plain", "normalised"):
        first, second = (load_file(folder / f"{name}-{rank}") for rank in (0, 1))
        assert all(torch.equal(value, second[key]) for key, value in first.items())
        # process 0 alone writes
        assert sorted(file.name for file in (folder / name).iterdir()) == ["training.csv", "training.safetensors"]


@pytest.mark.parametrize(("name", "atol"), [("plain", 2e-3), ("normalised", 0.2)])
def test_they_end_near_one_process(folder, name, atol):
    # without batch normalisation the gradient of a shared batch is that of the batch, up to rounding; with it each
    # process normalises by its own films
    one = learner_of(name).fit(*films()).network.state_dict()
    two = load_file(folder / f"{name}-0")
    for key, value in one.items():
        if not key.startswith("bn1.running"):
            np.testing.assert_allclose(two[key], value, atol=atol)


def test_shares_of_a_batch():
    rows = np.arange(7)
    assert [rows[Processes(rank, 3).mine].tolist() for rank in range(3)] == [[0, 3, 6], [1, 4], [2, 5]]
    with pytest.raises(FitError, match="I52"):
        Processes(0, 3).check_batch(5)
    assert join("cpu") == Processes()
