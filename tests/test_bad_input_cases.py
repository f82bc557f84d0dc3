"""The list of required behaviours is complete, and what it calls covered is a test."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.bad_input_cases import COVERED, LATER, not_yet_covered

ROOT = Path(__file__).resolve().parents[1]
PLACES = sorted({place for place in COVERED.values() if not place.startswith(LATER)})


def test_every_required_case_is_listed_and_none_besides(shared):
    required = yaml.safe_load((shared / "reference" / "bad_inputs.yaml").read_text(encoding="utf-8"))["cases"]
    assert {case["id"] for case in required} == set(COVERED)


@pytest.mark.parametrize("place", PLACES)
def test_a_case_called_covered_stands_in_the_test_file(place):
    path = ROOT / place
    if not path.is_file():
        pytest.skip(f"{place} is not written yet")
    written = set(re.findall(r"(?<![A-Z0-9])[A-Z]\d{2}(?!\d)", path.read_text(encoding="utf-8").upper()))
    assert {case for case, where in COVERED.items() if where == place} <= written


def test_cases_not_yet_covered_are_printed(capsys, record_property):
    waiting = not_yet_covered()
    record_property("not_yet_covered", ", ".join(waiting))
    with capsys.disabled():
        features = sorted(set(waiting.values()))
        lines = [
            f"  {feature}: {', '.join(case for case in waiting if waiting[case] == feature)}" for feature in features
        ]
        sys.stdout.write("\nbad inputs not yet covered:\n" + "\n".join(lines) + "\n")
    assert not {case for case in waiting if case.startswith(("T", "F"))}
