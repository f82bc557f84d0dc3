"""Every value in R's golden files that we compute is compared; the others are listed with the reason."""

from __future__ import annotations

import pytest

from tests.conftest import GOLDEN
from tests.golden_walk.compared import Compared
from tests.golden_walk.walk import OWNED, walk


def test_every_file_has_a_topic_that_owns_it():
    assert [name for name, _ in OWNED] == sorted(path.stem for path in GOLDEN.glob("*.json"))


@pytest.mark.parametrize(("name", "topic"), OWNED, ids=[name for name, _ in OWNED])
def test_every_value_equals_r(name, topic):
    walked = walk(name, topic)
    wrong = [
        f"{step.path}: worst difference {step.worst:.3g}, allowed {step.tolerance:g}"
        for step in walked.steps
        if not step.worst <= step.tolerance
    ]
    assert not wrong, "\n".join(wrong)
    assert not walked.silent, f"neither compared nor left out with a reason: {', '.join(walked.silent)}"
    assert walked.steps or walked.left_out


@pytest.mark.parametrize(
    ("ours", "theirs", "worst"),
    [
        (1.0, 1.0, 0.0),
        ([1.0, 2.2], [1.0, 2.0], 0.1),
        ([1.0, float("nan")], [1.0, "NA"], 0.0),
        ([1.0, 2.0], [1.0, "NA"], float("inf")),
        ([1.0], [1.0, 2.0], float("inf")),
    ],
)
def test_a_comparison_can_fail(ours, theirs, worst):
    """Shapes and missing values must agree; differences are relative to R's value."""
    assert Compared("x", ours, 1e-8).worst(theirs) == pytest.approx(worst, abs=1e-12)


def test_a_value_next_to_zero_is_judged_by_the_largest_of_its_table():
    assert Compared("x", [1.0, 1e-20], 1e-8).worst([1.0, 3e-20]) < 1e-8
    assert Compared("x", [1.0, 1e-3], 1e-8).worst([1.0, 2e-3]) == pytest.approx(0.5)
