"""The cuts of a tree in the units of its columns, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prognosis.classifiers.split_points import split_points
from prognosis.models import DecisionTree

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def grown(X, event, **how):
    outcome = np.array([(code,) for code in event], [("event", np.int64)])
    return DecisionTree(min_leaf=1, calibration="none", **{"pruning": 0.0, **how}).fit(X, outcome).estimate_


def test_two_questions_by_hand():
    # events where x is at least 1000; of the others those with y = a
    X = pd.DataFrame(
        {"x": [900.0, 910, 920, 930, 1070, 1080, 1090, 1100, 1110, 1120], "y": pd.Categorical(list("ababababab"))}
    )
    cuts = split_points(grown(X, [1, 0, 1, 0, 1, 1, 1, 1, 1, 1], depth=2))
    assert cuts["depth"].tolist() == [0, 1]
    assert cuts["threshold"].tolist() == pytest.approx([1000, 0.5])
    assert cuts["within"].tolist() == ["", "x <= 1000"]
    assert cuts.loc[0, ["share_up_to", "share_above"]].tolist() == [0.5, 1.0]
    assert cuts.loc[1, ["share_up_to", "share_above"]].tolist() == [1.0, 0.0]
    assert cuts["term"].tolist() == ["x", "y=b"]


def test_a_tree_without_cuts_has_none_to_tell():
    X = pd.DataFrame({"x": [1.0, 2, 3, 4]})
    cuts = split_points(grown(X, [0, 1, 0, 1], pruning=1.0))
    assert len(cuts) == 0
    assert list(cuts) == ["depth", "within", "term", "threshold", "share_up_to", "share_above"]
