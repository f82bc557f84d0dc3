"""The report of missing values on a table that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prognosis.imputation.chained import impute_training
from prognosis.imputation.missing_report import missing_report
from tests.prognosis.incomplete import incomplete


@pytest.fixture
def frame():
    return pd.DataFrame({
        "age": [50.0, 60, 70, 80, 90],
        "ldh": [100.0, np.nan, 200, np.nan, 300],
        "sex": pd.Categorical(["F", None, "M", "F", None], ["F", "M"]),
    })  # fmt: skip


@pytest.fixture
def report(frame):
    copies = [
        frame.assign(ldh=[100.0, 150, 200, 250, 300], sex=pd.Categorical(list("FFMFM"), ["F", "M"])),
        frame.assign(ldh=[100.0, 170, 200, 230, 300], sex=pd.Categorical(list("FFMFF"), ["F", "M"])),
    ]
    return missing_report(frame, copies)


def test_counts(report):
    assert (report.n, report.incomplete, report.copies) == (5, 3, 2)
    assert report.variables["missing"].tolist() == [0, 2, 2]
    assert report.variables["percent"].tolist() == [0, 40, 40]


def test_patterns_the_commonest_first(report):
    assert report.patterns["n"].tolist() == [2, 1, 1, 1]
    assert report.patterns.iloc[0].to_dict() == {"n": 2, "percent": 40.0, "missing": 0, "ldh": True, "sex": True}
    assert report.patterns["missing"].tolist() == [0, 1, 1, 2]
    assert report.patterns["n"].sum() == 5


def test_what_was_imputed_beside_what_was_observed(report):
    number = report.values.iloc[0]
    assert number["missing"] == 2
    assert (number["observed"], number["imputed"]) == (200, 200)
    assert number["imputed_sd"] == pytest.approx(np.std([150, 250, 170, 230], ddof=1))
    shares = report.values[report.values["variable"] == "sex"].set_index("level")
    assert shares["observed"].to_dict() == pytest.approx({"F": 2 / 3, "M": 1 / 3})
    assert shares["imputed"].to_dict() == {"F": 0.75, "M": 0.25}


def test_the_sentence_and_the_advice(report):
    assert report.sentence == (
        "3 of 5 patients lack a predictor and were imputed 2 times: ldh 2 (40.0 percent), sex 2 (40.0 percent)"
    )
    assert report.advised_copies == 60


def test_nothing_missing():
    report = missing_report(pd.DataFrame({"age": [1.0, 2.0]}), [])
    assert report.sentence == "No predictor is missing in the 2 patients."
    assert report.advised_copies == 0
    assert report.values.empty
    assert report.patterns["n"].tolist() == [2]


def test_imputation_hands_over_its_report():
    frame, outcome = incomplete()
    report = impute_training(frame, outcome, copies=2, iterations=1).report
    assert report.incomplete == int(frame.isna().any(axis=1).sum())
    assert report.copies == 2
    stage = report.values[report.values["variable"] == "stage"]
    assert stage["imputed"].sum() == pytest.approx(1.0)


def test_what_was_imputed_for_whom():
    frame = pd.DataFrame(
        {"x": [1.0, np.nan, 3.0], "g": pd.Categorical(["a", "b", None], categories=["a", "b"])},
        index=["p1", "p2", "p3"],
    )
    copies = [
        frame.assign(x=[1.0, 2.0, 3.0], g=pd.Categorical(["a", "b", "a"], categories=["a", "b"])),
        frame.assign(x=[1.0, 2.5, 3.0], g=pd.Categorical(["a", "b", "b"], categories=["a", "b"])),
    ]
    cells = missing_report(frame, copies).cells
    assert cells.to_dict(orient="list") == {
        "id": ["p2", "p3"],
        "variable": ["x", "g"],
        "copy_1": [2.0, "a"],
        "copy_2": [2.5, "b"],
    }
    assert missing_report(frame.iloc[:1], []).cells.empty
