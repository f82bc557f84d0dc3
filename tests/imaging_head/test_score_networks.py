"""The networks of a score in a folder answer for new patients as they did, or are refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cohorts import Folds, Score
from cohorts.errors import Finding, ModelFileError
from cohorts.raw_table import file_digest
from imaging_head import score_networks
from imaging_head.cross_fit import CrossFitted
from imaging_head.fitted_head import FittedHead
from imaging_head.head import ClassHead
from imaging_head.precision import Precision
from imaging_head.radiographs import Squares
from imaging_head.score_networks import load_networks, save_networks
from imaging_head.temperature import Temperature
from tests.imaging_head.made_learners import FittedPixels
from tests.imaging_head.tiny import tiny


def refused(words, build):
    with pytest.raises(ModelFileError, match=words) as caught:
        build()
    assert caught.value.code == "I58"


@pytest.fixture
def written(monkeypatch):
    """Heads by the digest of their file: how ResNet34 itself is kept is tested beside `save_head`."""
    kept = {}

    def save(head, path):
        path.write_text(f"head {len(kept)}", encoding="utf-8")
        kept[file_digest(path)] = head

    def load(path, sha256):
        if file_digest(path) != sha256:
            raise ModelFileError(Finding("I58", f"SHA-256 is not {sha256}"))
        return kept[sha256]

    monkeypatch.setattr(score_networks, "save_head", save)
    monkeypatch.setattr(score_networks, "load_head", load)


@pytest.mark.usefixtures("written")
def test_saved_networks_score_new_patients_as_before(tmp_path):
    nets = {}
    for fold in range(2):
        network, origin = tiny(2, fold)
        network.eval()
        nets[fold] = FittedHead(network, ClassHead(), Temperature(1.5), origin, 32, True, Precision("cpu", "float32"))
    folds = Folds(pd.Series([0, 1], index=["P0", "P1"]), 2, 1)
    score = Score("film", ("P0", "P1"), np.array([0.1, 0.2]), folds, nested=False)
    found = CrossFitted(score, None, nets)
    new = Squares(np.random.default_rng(1).random((3, 32, 32)).astype(np.float32), ("N1", "N2", "N3"))
    save_networks(found, tmp_path)
    opened = load_networks(tmp_path)
    assert (opened.name, opened.image_size) == ("film", 32)
    pd.testing.assert_series_equal(opened.score(new), found.score_new(new), rtol=1e-5)
    by_hand = sum(net.linear_predictor(new) for net in nets.values()) / 2
    np.testing.assert_allclose(found.score_new(new), by_hand, rtol=1e-6)

    about = tmp_path / "networks.json"
    said = json.loads(about.read_text(encoding="utf-8"))
    swapped = dict(zip(said["files"], reversed(said["files"].values()), strict=True))
    changes = [
        ({"files": swapped}, "SHA-256"),
        ({"schema": "another"}, "no networks"),
        ({"files": {"../x": ""}}, "no networks"),
        ({"files": {"without_0.safetensors": ""}}, "no networks"),
    ]
    for change, words in changes:
        about.write_text(json.dumps(said | change), encoding="utf-8")
        refused(words, lambda: load_networks(tmp_path))
    refused("no networks", lambda: load_networks(tmp_path / "elsewhere"))
    other = FittedPixels(np.zeros(4), np.zeros(4), frozenset())
    refused("only networks of ResNet34Head", lambda: save_networks(CrossFitted(score, None, {0: other}), tmp_path))
