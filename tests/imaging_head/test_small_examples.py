"""The examples of dynamic series and delineation run, small; what their pages say of the papers is recomputed."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from prognosis.metrics.classification import Proportion

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def script(folder):
    path = next((EXAMPLES / folder).glob("*.py"))
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tree_and_networks_are_judged_in_the_same_folds():
    found = script("dce_kinetics").compared(patients=24, epochs=1, k=2)
    assert list(found.index) == ["the rule itself", "kinetic tree", "conv_lstm", "mean_frame"]
    assert (found["total"] == 24).all()
    assert found.loc["the rule itself", "estimate"] == found["estimate"].max() > 0.75
    assert (found["lower"] < found["estimate"]).all()


def test_delineation_leaves_whole_patients_out():
    found = script("delineation").compared({"solid": 2, "ground glass": 1})
    assert found["patients"].tolist() == [3, 1, 2] * 3
    assert found["dice"].between(0, 1).all()


@pytest.mark.parametrize("folder", ["dce_kinetics", "delineation"])
def test_scripts_and_pages_are_short(folder):
    page = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    path = next((EXAMPLES / folder).glob("*.py"))
    assert f"examples/{folder}/{path.name}" in page
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 40
    assert len(page.splitlines()) <= 60


def test_the_published_tree_and_network_cannot_be_told_apart():
    page = (EXAMPLES / "dce_kinetics" / "README.md").read_text(encoding="utf-8")
    limits = {count: Proportion(count, 61).limits() for count in (43, 48, 49)}
    for count, (lower, upper) in limits.items():
        assert f"{lower:.2f} to {upper:.2f}".replace("0.", ".") in page, count
    # each estimate lies well inside the other's limits
    assert limits[48][0] < 49 / 61 < limits[48][1]
    assert limits[49][0] < 48 / 61 < limits[49][1]
