"""Models for the reports: the embedded cohort, and a made one whose every text is hostile."""

from __future__ import annotations

import importlib.util
import shutil
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cohorts import Codebook, Cohort, TimeToEvent
from cohorts.datasets import load_mgus2, mgus2_progression_free
from prognosis import FittedModel, Study
from prognosis.models import Cox

with_chinese_font = pytest.mark.skipif(
    importlib.util.find_spec("mplfonts") is None, reason="needs the font of the extra `chinese`"
)
PREDICTORS = ("age", "sex", "hgb", "creat", "mspike")
SCRIPT = "<script>alert('1')</script>"
IMAGE = '<img src="http://127.0.0.1/x.png">'
LINK = '<link rel="attachment" href="file:///etc/passwd">'
MATH = r"$\frac{a}{$ \input{x}"
MARKUP = '#strong[bold] *b* @cite #image("x.png") {{ 7*7 }} {% raw %}'


@pytest.fixture(scope="session")
def mgus2() -> Cohort:
    return load_mgus2()


@pytest.fixture(scope="session")
def study(mgus2: Cohort) -> Study:
    return Study(mgus2, mgus2_progression_free(), predictors=PREDICTORS, seed=1, missing="complete_cases")


@pytest.fixture(scope="session")
def unvalidated(study: Study) -> FittedModel:
    return study.fit(Cox(splines={"creat": 3}), name="cox")


@pytest.fixture(scope="session")
def model(study: Study, unvalidated: FittedModel) -> FittedModel:
    return unvalidated.with_validation(study.validate(unvalidated, method="bootstrap", repeats=4))


@pytest.fixture(scope="session")
def patients(mgus2: Cohort) -> pd.DataFrame:
    return mgus2.frame[list(PREDICTORS)].dropna()


def made_cohort(codebook: dict[str, object], level: str = "high") -> Cohort:
    """Make 160 patients with one number, one category with a free level name, and an exponential time."""
    random = np.random.default_rng(3)
    n = 160
    marker = random.normal(10.0, 2.0, n).round(2)
    grade = np.where(np.arange(n) % 2 == 0, "low", level)
    time = random.exponential(30.0 / np.exp(0.2 * (marker - 10.0) + 0.5 * (grade == level)))
    frame = pd.DataFrame(
        {
            "pid": [f"P{k:03}" for k in range(n)],
            "marker": marker,
            "grade": grade,
            "time": np.minimum(time, 60.0).round(3) + 0.001,
            "event": (time < 60.0).astype(int),
        }
    )
    return Cohort.from_frame(frame, id="pid", codebook=Codebook.from_dict({"variables": codebook}))


def made_codebook(label: str, unit: str, level: str, event_label: str) -> dict[str, object]:
    """Declare the columns of `made_cohort` with texts of the caller's choice."""
    return {
        "pid": {"kind": "id"},
        "marker": {"kind": "numeric", "unit": unit, "label": {"en": label, "zh": label}},
        "grade": {"kind": "nominal", "levels": ["low", level], "label": {"en": MATH, "zh": MATH}},
        "time": {"kind": "time", "unit": "months"},
        "event": {"kind": "event", "values": {"censored": 0, "event": 1}, "label": {"en": event_label}},
    }


def made_model(cohort: Cohort, origin: str = "surgery", definition: str = "") -> FittedModel:
    """Fit a Cox model to `made_cohort`."""
    endpoint = TimeToEvent(
        "pfs", time="time", event="event", unit="months", origin=origin, definition=definition, horizons=(12, 36)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Study(cohort, endpoint, predictors=["marker", "grade"], seed=1).fit(Cox(), name="cox")


@pytest.fixture(scope="session")
def hostile() -> FittedModel:
    """A model whose labels, unit, level, origin, definition and event are all attacks on a renderer."""
    codebook = made_codebook(SCRIPT, MATH, IMAGE, LINK)
    return made_model(made_cohort(codebook, IMAGE), origin=f"{MATH} {IMAGE}", definition=f"{MARKUP} {SCRIPT}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of the system, without a network."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("needs playwright, of the extra `dev`")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium, which is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program)
        context = started.new_context(viewport={"width": 1280, "height": 900}, offline=True)
        yield context
        context.close()
        started.close()
