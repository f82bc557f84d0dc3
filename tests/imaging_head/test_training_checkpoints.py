"""A killed training goes on to the same bytes; its log; a fitted head saved and opened; what is foreign is refused."""

from __future__ import annotations

import csv
import json
import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from cohorts.errors import ModelFileError, RunError
from imaging_head import checkpoints
from imaging_head.fitted_head import FittedHead
from imaging_head.head import ClassHead
from imaging_head.head_file import CONTENT, load_head, save_head
from imaging_head.network import make_network
from imaging_head.precision import Precision
from imaging_head.survival_heads import Baseline, CoxHead, DiscreteTimeHead
from imaging_head.temperature import Temperature
from imaging_head.training import Epoch
from imaging_head.training_log import line_of
from tests.imaging_head.tiny import QUICK as LEARNER
from tests.imaging_head.tiny import binary, films

FILMS, OUTCOME = films()
QUICK = replace(LEARNER, epochs=4)


class Killed(BaseException):
    """What no handler of errors takes."""


@pytest.fixture(scope="module")
def whole():
    return QUICK.fit(FILMS, OUTCOME)


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """The folder of a training that was killed behind its second checkpoint."""
    save = checkpoints.Checkpoint.save

    def dying(self, training):
        save(self, training)
        if len(training.history) == 2:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoint, "save", dying)
        with pytest.raises(Killed):
            replace(QUICK, records=tmp_path).fit(FILMS, OUTCOME)
    return tmp_path


def values_of(fitted):
    """What a training decides, without the clock."""
    weights = {name: value.numpy().tobytes() for name, value in fitted.network.state_dict().items()}
    return weights, fitted.temperature, [(e.number, e.training_loss, e.validation_loss) for e in fitted.history]


class TestResume:
    def test_to_the_same_bytes(self, whole, killed):
        resumed = replace(QUICK, records=killed).fit(FILMS, OUTCOME)
        assert values_of(resumed) == values_of(whole)
        # the first two epochs were not trained again: their clock is the old one
        assert resumed.history[:2] == logged(killed)[:2]
        assert len(logged(killed)) == 4
        # at the end only the best weights are kept, and a second call trains nothing
        with safe_open(killed / "training.safetensors", "pt") as opened:
            assert {name.split(".")[0] for name in opened.keys()} == {"best"}  # noqa: SIM118
        again = replace(QUICK, records=killed).fit(FILMS, OUTCOME)
        assert again.history == resumed.history
        assert values_of(again) == values_of(whole)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda: (replace(QUICK, epochs=9), FILMS, OUTCOME), "schedule"),
            (lambda: (replace(QUICK, seed=4), FILMS, OUTCOME), "seed"),
            (lambda: (QUICK, films(seed=2)[0], OUTCOME), "films"),
            (lambda: (QUICK, FILMS, binary(OUTCOME.ids, 1 - OUTCOME.event)), "outcome"),
            (lambda: (replace(QUICK, head=ClassHead(weights=(1.0, 2.0))), FILMS, OUTCOME), "head"),
        ],
    )
    def test_a_checkpoint_of_another_training_is_refused(self, killed, change, words):
        learner, seen, outcome = change()
        with pytest.raises(RunError, match=f"I57.*another training.*{words}"):
            replace(learner, records=killed).fit(seen, outcome)

    def test_damage_is_refused(self, killed):
        file = killed / "training.safetensors"
        with safe_open(file, "pt") as opened:
            about = opened.metadata()
        tensors = load_file(file)
        for tensor in ("best.fc.bias", "average.fc.bias", "moments.0.exp_avg"):
            save_file({name: value for name, value in tensors.items() if name != tensor}, file, about)
            with pytest.raises(RunError, match="I57"):
                replace(QUICK, records=killed).fit(FILMS, OUTCOME)
        file.write_bytes(b"\x80\x04 a pickle")
        with pytest.raises(RunError, match=r"I57.*cannot be read"):
            replace(QUICK, records=killed).fit(FILMS, OUTCOME)

    def test_tasks_have_files_of_their_own(self, tmp_path):
        replace(QUICK, records=tmp_path, epochs=1).with_task(2, 0).fit(FILMS, OUTCOME)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["training-2-0.csv", "training-2-0.safetensors"]

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(RunError, match="I57"):
            replace(QUICK, records=tmp_path / "file").fit(FILMS, OUTCOME)


class TestLog:
    def test_a_line_says_speed_and_time_left(self):
        history = [Epoch(2, 0.41234, 0.5, 1e-3, 40.0)]
        assert line_of(history, 30, 400) == "epoch 2 of 30, 40 images/s, 5 min left, loss 0.412, validation 0.500"
        assert "10 s left" in line_of(history, 3, 400)

    def test_lines_are_logged(self, caplog):
        with caplog.at_level(logging.INFO, logger="imaging_head"):
            replace(QUICK, epochs=2).fit(FILMS, OUTCOME)
        assert [record.getMessage()[:23] for record in caplog.records] == [
            "ResNet34: epoch 1 of 2,",
            "ResNet34: epoch 2 of 2,",
        ]


def logged(folder):
    with (folder / "training.csv").open() as file:
        return tuple(
            Epoch(**{name: float(value) if name != "number" else int(value) for name, value in row.items()})
            for row in csv.DictReader(file)
        )


def resnet(head, **more):
    """A fitted head around ResNet34 that was never trained: its file has all that a trained one's has."""
    network, origin = make_network(head.outputs, seed=4)
    network = Precision("cpu", "float32").placed(network)
    network.eval().requires_grad_(False)
    history = (Epoch(1, 0.7, 0.6, 1e-3, 20.0),)
    return FittedHead(network, head, Temperature(1.3, 0.7, 0.6), origin, 32, True, Precision("cpu", "float32"),
                      history=history, **more)  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    baseline = Baseline(np.array([1.0, 2.5]), np.array([0.1, 0.4]), 7.0)
    fitted = resnet(CoxHead(), horizon=2.0, baseline=baseline)
    file = tmp_path_factory.mktemp("heads") / "cox.safetensors"
    save_head(fitted, file)
    return fitted, file


class TestFile:
    def test_it_answers_as_before(self, saved):
        fitted, file = saved
        opened = load_head(file)
        few = FILMS.of(OUTCOME.ids[:3])
        pd.testing.assert_series_equal(opened.linear_predictor(few), fitted.linear_predictor(few), check_exact=True)
        pd.testing.assert_frame_equal(opened.risks(few, [1, 3, 9]), fitted.risks(few, [1, 3, 9]), check_exact=True)
        assert (opened.head, opened.temperature, opened.origin) == (fitted.head, fitted.temperature, fitted.origin)
        assert (opened.history, opened.horizon, opened.mirror) == (fitted.history, 2.0, True)

    def test_other_heads_come_back(self, tmp_path):
        for head in (ClassHead(3, (1.0, 2.0, 0.5)), DiscreteTimeHead((0.0, 1.5, 4.0))):
            save_head(resnet(head), tmp_path / "head")
            assert load_head(tmp_path / "head").head == head

    def test_foreign_files_are_refused(self, saved, tmp_path):
        _, file = saved
        tensors, (key, text) = load_file(file), about(file)
        values = json.loads(text)
        assert key == CONTENT
        first = "network.conv1.weight"
        odd = [
            (tensors, {}),
            (tensors, {key: "[]"}),
            (tensors, {key: "[" * 100_000}),
            (tensors, {key: json.dumps({**values, "schema": 99})}),
            (tensors, {key: json.dumps({**values, "head": {"kind": "open"}})}),
            (tensors, {key: json.dumps({**values, "image_size": "wide"})}),
            ({**tensors, first: tensors[first] * 1.5}, {key: text}),
            ({**tensors, first: tensors[first][:32].clone()}, {key: text}),
            ({**tensors, first: tensors[first] * float("nan")}, {key: text}),
            ({name: value for name, value in tensors.items() if name != first}, {key: text}),
            ({**tensors, "network.more": tensors[first].clone()}, {key: text}),
        ]
        other = tmp_path / "other.safetensors"
        for wrong, said in odd:
            save_file(wrong, other, said)
            with pytest.raises(ModelFileError, match="I58"):
                load_head(other)
        other.write_bytes(b"\x80\x04 a pickle")
        for path in (other, tmp_path / "absent"):
            with pytest.raises(ModelFileError, match="I58"):
                load_head(path)
        with pytest.raises(ModelFileError, match=r"I58.*SHA-256"):
            load_head(file, sha256="0" * 64)

    def test_another_network_is_not_saved(self, whole, tmp_path):
        with pytest.raises(ModelFileError, match=r"I58.*only ResNet34"):
            save_head(whole, tmp_path / "tiny")
        assert not list(tmp_path.iterdir())


def about(file):
    with safe_open(file, "pt") as opened:
        return next(iter(opened.metadata().items()))


def test_weights_stay_where_they_were(whole):
    # training goes on in copies: the films and the outcome are as before
    assert FILMS.pixels.max() <= 0.95
    assert torch.is_grad_enabled()
    assert not any(part.requires_grad for part in whole.network.parameters())
