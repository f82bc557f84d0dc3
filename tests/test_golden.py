"""The golden values are whole, and the fixtures find them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import settings

from tests.conftest import GOLDEN, find_golden, find_shared

# cox_uams_* come from a script of their own, make_uams.R, which keeps no versions.
FILES = sorted(file for file in GOLDEN.glob("*.json") if not file.stem.startswith("cox_uams"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_golden_file_names_the_versions_that_made_it(file):
    meta = json.loads(file.read_text(encoding="utf-8"))["meta"]
    assert {"R", "survival", "rms", "name"} <= set(meta)
    assert meta["name"] == file.stem


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(
    "case", ["tiny", "tinycounting", "lung", "gbsg", "gbsg_weighted", "mgus2", "mgus2_strata", "heart_counting"]
)
def test_every_cox_case_is_here(golden, case, ties):
    values = golden(f"cox_{case}_{ties}")
    assert values["ties"] == ties
    assert values["loglik"][1] > values["loglik"][0]


def test_six_rows_by_hand(golden, golden_data):
    """Breslow on six rows: the likelihood of the three deaths, written out (Therneau's first test case)."""
    rows = golden_data("tiny6")
    assert rows["time"].tolist() == [1, 1, 6, 6, 8, 9]
    hazard = math.exp(golden("cox_tiny_breslow")["coef"]["x"])
    likelihood = hazard / (3 * hazard + 3) * hazard / (hazard + 3) ** 2 * 1
    assert math.log(likelihood) == pytest.approx(golden("cox_tiny_breslow")["loglik"][1], rel=1e-12)


def test_an_absent_golden_file_skips_with_a_reason():
    with pytest.raises(pytest.skip.Exception, match=r"needs the golden file no_such\.json"):
        find_golden("no_such.json")


def test_the_absent_reference_folder_skips_with_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr("tests.conftest.SHARED", tmp_path / "absent")
    with pytest.raises(pytest.skip.Exception, match=r"needs the reference folder \.\./shared"):
        find_shared()


def test_hypothesis_draws_the_same_examples_every_time():
    assert settings.default.derandomize
    assert settings.default.database is None
