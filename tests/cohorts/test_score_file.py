"""A score in files: the same bits back, and nothing that was changed by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cohorts import Folds, Score, read_score, write_score
from cohorts.errors import DataContractError

IDS = ("=1+1", "P2", "病人", "0004", "P5", "P6")


def score(**changed):
    values = np.random.default_rng(3).normal(size=(6, 3)) * np.array([1.0, 1e-30, 1e20])
    folds = Folds(pd.Series([0, 1, 2, 0, 1, 2], index=list(IDS)), 3, seed=7)
    declared = {"label": {"en": "radiograph score", "zh": "影像评分"}, "provenance": "ResNet34", **changed}
    return Score("film", IDS, declared.pop("values", values), folds, **declared)


def refused(words, build):
    with pytest.raises(DataContractError, match=words) as caught:
        build()
    assert caught.value.code == "L13"


@pytest.mark.parametrize("nested", [True, False])
def test_what_is_written_is_read(tmp_path, nested):
    made = score() if nested else score(values=np.arange(6.0) / 3, nested=False)
    write_score(made, tmp_path / "film.csv")
    again = read_score(tmp_path / "film.csv")
    np.testing.assert_array_equal(again.values, made.values)
    pd.testing.assert_series_equal(again.folds.assignment, made.folds.assignment, check_names=False)
    for name in ("name", "ids", "nested", "out_of_fold", "label", "provenance"):
        assert getattr(again, name) == getattr(made, name), name
    assert (again.folds.k, again.folds.seed) == (3, 7)
    assert (tmp_path / "film.csv").read_text(encoding="utf-8").splitlines()[1].startswith("'=1+1,0,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.csv", "film.json"]


def test_l13_a_table_changed_by_hand_and_files_that_are_no_score(tmp_path):
    file, about = tmp_path / "film.csv", tmp_path / "film.json"
    write_score(score(), file)
    table, said = file.read_text(encoding="utf-8"), json.loads(about.read_text(encoding="utf-8"))
    file.write_text(table.replace(",1,", ",0,", 1), encoding="utf-8")
    refused("not the one that was written", lambda: read_score(file))
    file.write_text(table, encoding="utf-8")
    changes = [
        ({"schema": "another"}, "no bone-prognosis score 1"),
        ({"k": 1}, "impossible entries: k"),
        ({"nested": "yes"}, "impossible entries: nested"),
        ({"k": 4}, "no column without_3"),
    ]
    for change, words in changes:
        about.write_text(json.dumps(said | change), encoding="utf-8")
        refused(words, lambda: read_score(file))
    for content, words in (("{", "no JSON"), ("[1]", "no bone-prognosis score 1"), (" " * (2 << 20), "too large")):
        about.write_text(content, encoding="utf-8")
        refused(words, lambda: read_score(file))
    about.unlink()
    refused("film.json is absent", lambda: read_score(file))


def test_l13_what_is_not_written(tmp_path):
    refused("a score in a file .txt", lambda: write_score(score(), tmp_path / "film.txt"))
    seen = score(values=np.arange(6.0), nested=False, out_of_fold=False)
    refused("in-sample", lambda: write_score(seen, tmp_path / "film.csv"))
    assert not list(tmp_path.iterdir())
