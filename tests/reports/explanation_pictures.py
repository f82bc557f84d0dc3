"""Made explanations for the figures: usual and extreme, with every text as long as it may be."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from cohorts import Codebook, Cohort, TimeToEvent
from prognosis import FittedModel, Study
from prognosis.explaining.explanation import Explanation
from prognosis.models import RandomSurvivalForest
from reports.contents.explained import beeswarm_content, decomposition_content, dependence_content, waterfall_content
from reports.figures import Picture
from reports.figures.beeswarm import beeswarm_figure
from reports.figures.dependence import dependence_figure
from reports.figures.over_time_explained import decomposition_figure
from reports.figures.waterfall import waterfall_figure
from reports.fonts import FontChoice
from reports.wording import Wording

LONG = "Largest diameter of the primary tumour as measured on magnetic resonance images"
LEVELS = ("distal femur and proximal tibia", "pelvis or sacrum", "anywhere else in the skeleton")
TIMES = tuple(float(month) for month in range(2, 62, 2))
Draw = Callable[[FontChoice, Wording], Picture]


@cache
def model(extra: int = 8) -> FittedModel:
    """Fit a small forest to made patients with long names; `extra` : more predictors than a figure shows."""
    draw = np.random.default_rng(5)
    n, more = 200, [f"x{j}" for j in range(extra)]
    frame = pd.DataFrame(
        {
            "pid": [f"a-very-long-id-of-a-patient-{k:03d}" for k in range(n)],
            "b2m": np.exp(draw.normal(1.2, 0.5, n)).round(1),
            "size": draw.gamma(4, 20, n).round(),
            "stage": pd.Categorical(draw.choice(["I", "II", "III"], n), ["I", "II", "III"]),
            "site": pd.Categorical(draw.choice(LEVELS, n), list(LEVELS)),
            "del17p": (draw.random(n) < 0.2).astype(float),
            **{name: draw.normal(size=n).round(3) for name in more},
        }
    )
    eta = 0.7 * np.log(frame["b2m"]) + 0.01 * frame["size"] + 0.8 * frame["del17p"] + 0.5 * (frame["stage"] == "III")
    time = draw.exponential(60 / np.exp(eta - 1.5)).round(1) + 0.1
    frame = frame.assign(months=np.minimum(time, 90.0), event=(time < 90).astype(int))
    label = {"en": "Beta-2 microglobulin", "zh": "β2微球蛋白"}
    declared: dict[str, dict[str, object]] = {
        "pid": {"kind": "id"},
        "b2m": {"kind": "numeric", "unit": "mg/L", "label": label},
        "size": {"kind": "numeric", "unit": "mm", "label": {"en": LONG, "zh": LONG}},
        "stage": {"kind": "ordinal", "levels": ["I", "II", "III"], "label": {"en": "Stage", "zh": "分期"}},
        "site": {"kind": "nominal", "levels": list(LEVELS), "label": {"en": "Site", "zh": "部位"}},
        "del17p": {"kind": "binary", "label": {"en": "del(17p)", "zh": "17p缺失"}},
        **{name: {"kind": "numeric"} for name in more},
        "months": {"kind": "time", "unit": "months", "timing": "post-baseline"},
        "event": {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"},
    }
    cohort = Cohort.from_frame(frame, "pid", Codebook.from_dict({"variables": declared}))
    origin = "first diagnosis of the disease at any hospital"
    endpoint = TimeToEvent("pfs", time="months", event="event", unit="months", origin=origin, horizons=(12.0, 36.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predictors = ["b2m", "size", "stage", "site", "del17p", *more]
        return Study(cohort, endpoint, predictors, seed=1).fit(RandomSurvivalForest(trees=40))


@cache
def explanation(kind: str = "usual", extra: int = 8) -> Explanation:
    """Explain the training patients; "none": nothing adds anything, "large": the contributions fill the axis."""
    fitted = model(extra)
    assert fitted.training is not None
    draw = np.random.default_rng(5)
    rows = pd.DataFrame(
        {name: draw.choice(_values(fitted, name), 120) for name in fitted.predictors},
        index=[f"a-very-long-id-of-a-patient-{k:03d}" for k in range(120)],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fitted.explain(rows, TIMES)
    scale = {"usual": 1.0, "none": 0.0, "large": 1.0}[kind]
    values = found.values * scale
    if kind == "large":
        values = np.zeros_like(values)
        values[:, 0], values[:, 1] = 0.98 - found.base, -0.97
        values[:, 1, 0] = -0.5
    return replace(found, values=values, prediction=found.base + values.sum(axis=1))


def _values(fitted: FittedModel, name: str) -> list[object]:
    profile = fitted.profile[name]
    if hasattr(profile, "levels"):
        return list(profile.levels)
    if fitted.codebook[name].kind == "binary":
        return [0.0, 1.0]
    return [profile.p5, profile.p1, profile.median, profile.p95, profile.p99]


def _waterfall(kind: str, extra: int = 8) -> Draw:
    return lambda fonts, wording: waterfall_figure(
        waterfall_content(model(extra), explanation(kind, extra), 3, 17, wording), fonts
    )


def _beeswarm(kind: str) -> Draw:
    return lambda fonts, wording: beeswarm_figure(beeswarm_content(model(), explanation(kind), 17, wording), fonts)


def _decomposition(kind: str) -> Draw:
    return lambda fonts, wording: decomposition_figure(
        decomposition_content(model(), explanation(kind), 3, wording), fonts
    )


def _dependence(name: str, kind: str = "usual") -> Draw:
    return lambda fonts, wording: dependence_figure(
        dependence_content(model(), explanation(kind), name, 17, wording), fonts
    )


PICTURES: Mapping[str, Draw] = {
    **{f"waterfall {kind}": _waterfall(kind) for kind in ("usual", "none", "large")},
    "waterfall few": _waterfall("usual", 0),
    **{f"beeswarm {kind}": _beeswarm(kind) for kind in ("usual", "none", "large")},
    **{f"decomposition {kind}": _decomposition(kind) for kind in ("usual", "none")},
    **{f"dependence {name}": _dependence(name) for name in ("b2m", "size", "stage", "site", "del17p")},
    "dependence none": _dependence("b2m", "none"),
}
