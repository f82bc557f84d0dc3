"""Made validations for the figures: usual and extreme, with every text as long as it may be."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pandas as pd

from cohorts import Cohort, TimeToEvent
from cohorts.errors import PrognosisWarning
from prognosis import Study
from prognosis.association import Associations, associations
from prognosis.evaluation import Evaluation
from prognosis.outcome import SurvivalArrays
from prognosis.screening import AbnormalityTable, screen_abnormalities
from prognosis.validation import Ranking, Validation
from prognosis.validation.instability import Instability
from reports.contents.abnormalities import abnormality_content
from reports.contents.associations import association_content
from reports.contents.calibration import calibration_content
from reports.contents.decision import decision_content
from reports.contents.instability import instability_content
from reports.contents.judged import Judged
from reports.contents.optimism import optimism_content
from reports.contents.over_time import over_time_content, times_to_judge
from reports.contents.ranking import ranking_content
from reports.figures import Picture
from reports.figures.abnormalities import abnormality_figure
from reports.figures.associations import association_figure
from reports.figures.calibration import calibration_figure
from reports.figures.decision import decision_figure
from reports.figures.instability import instability_figure
from reports.figures.optimism import optimism_figure
from reports.figures.over_time import over_time_figure
from reports.figures.ranking import ranking_figure
from reports.figures.subgroups import SubgroupColumn, SubgroupContent, subgroup_figure
from reports.fonts import FontChoice
from reports.wording import Wording
from tests.reports import explanation_pictures

HORIZON = 60.0
LONG = "a_very_long_name_of_a_model_that_nobody_types"
ORIGIN = "first diagnosis of the disease at any hospital"
METRICS = (
    *("harrell_c", "uno_c", "auc", "brier", "ipa", "ibs", "calibration_slope", "calibration_intercept"),
    *("oe_ratio", "ici", "e50", "e90", "net_benefit"),
)
Draw = Callable[[FontChoice, Wording], Picture]


def evaluation(risk: np.ndarray, seed: int = 3) -> Evaluation:
    """Exponential times with these risks by the horizon, censored between .6 and 1.8 horizons."""
    rng = np.random.default_rng(seed)
    rate = -np.log1p(-np.clip(risk, 1e-6, 1 - 1e-6)) / HORIZON
    time, censoring = rng.exponential(1 / rate), rng.uniform(0.6 * HORIZON, 1.8 * HORIZON, len(risk))
    outcome = SurvivalArrays(np.minimum(time, censoring) + 1e-6, (time <= censoring).astype(np.int64))
    return Evaluation(outcome, risk, horizons=np.array([HORIZON]), risks=risk[:, None])


def risks(kind: str) -> np.ndarray:
    """Risks of made patients: usual, few patients, all the same, near 0, near 1."""
    rng = np.random.default_rng(7)
    return {
        "usual": rng.beta(2, 3, 400),
        "few": rng.uniform(0.1, 0.9, 20),
        "equal": np.full(100, 0.3),
        "low": rng.beta(1, 40, 800),
        "high": 1 - rng.beta(1, 25, 300),
    }[kind]


def judged(kind: str) -> Judged:
    return Judged(evaluation(risks(kind)), LONG, "months")


def over_time(kind: str) -> Judged:
    """The same at many times, the risk at each that of an exponential time."""
    e = evaluation(risks(kind))
    times = times_to_judge(e.outcome, HORIZON)
    risk = 1 - (1 - e.risk) ** (times / HORIZON)
    return Judged(Evaluation(e.outcome, e.marker, horizons=times, risks=risk), LONG, "months")


def validation() -> Validation:
    """Every metric at two horizons, one of them unknown."""
    lines = [
        (LONG, horizon, metric, 0.71, 0.02, 0.69, 0.61, 0.77, 0.2 if metric == "net_benefit" else np.nan)
        for metric in METRICS
        for horizon in (12.0, 120.0)
    ]
    names = ("model", "horizon", "metric", "apparent", "optimism", "corrected", "lower", "upper", "threshold")
    table = pd.DataFrame(lines, columns=list(names))
    table.loc[3, ["corrected", "lower", "upper"]] = np.nan
    return Validation(table, pd.DataFrame(), "bootstrap", 200, 1, 0)


def instability(n: int = 300) -> Instability:
    rng = np.random.default_rng(5)
    risk = rng.beta(2, 3, n)
    resampled = np.clip(risk + rng.normal(0, 0.05, (40, n)), 0, 1)
    resampled[0, :3] = np.nan
    return Instability(LONG, tuple(map(str, range(n))), HORIZON, risk, resampled, 0)


def subgroups(wording: Wording) -> SubgroupContent:
    """Six groups with long names, one of them without values."""
    groups = tuple(f"Anatomical site of the primary tumour as recorded: {place}" for place in range(6))
    values = (0.71, 0.65, 0.8, 0.55, 0.6, float("nan"))
    spread = tuple(value - 0.07 for value in values), tuple(value + 0.07 for value in values)
    text = (*["0.71 (0.64 to 0.78)"] * 5, wording("figure_unknown"))
    columns = [
        SubgroupColumn(wording(f"metric_{name}"), reference, values, *spread, text)
        for name, reference in (("harrell_c", 0.5), ("calibration_slope", 1.0), ("brier", None))
    ]
    labels = (wording("figure_group"), wording("figure_numbers"))
    return SubgroupContent(groups, ("12345 / 2345",) * 6, tuple(columns), *labels, title="t", alt="a")


@cache
def screened(adjusted_for: tuple[str, ...] = ()) -> AbnormalityTable:
    """Made features: usual, with a name nobody types, one that separates the events, one too rare to test."""
    draw = np.random.default_rng(5)
    n = 300
    features = {
        name: (draw.random(n) < share).astype(float) for name, share in (("gain", 0.4), (LONG, 0.1), ("few", 0.01))
    }
    event = draw.random(n) < 0.4
    frame = pd.DataFrame(
        {"pid": [f"p{i}" for i in range(n)], **features, "never": np.where(event, 0.0, features["gain"])}
    )
    frame = frame.assign(age=draw.normal(60, 9, n).round(), t=draw.exponential(20, n) + 0.1, e=event.astype(int))
    endpoint = TimeToEvent("efs", time="t", event="e", unit="months", origin=ORIGIN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        study = Study(Cohort.from_frame(frame, "pid"), endpoint, ["age"])
        return screen_abnormalities(study, ["gain", LONG, "few", "never"], adjusted_for=adjusted_for)


@cache
def associated(many: int = 13) -> Associations:
    """Made columns of every kind, one with a name nobody types, two that nobody has both of."""
    draw = np.random.default_rng(6)
    n = 200
    half = np.arange(n) < 100
    columns = {f"number {j}": draw.normal(size=n) for j in range(many - 6)}
    columns |= {"copy": -columns["number 0"], LONG: np.where(half, draw.normal(size=n), np.nan)}
    columns |= {"del": np.where(half, np.nan, draw.integers(0, 2, n)), "gain": draw.integers(0, 2, n).astype(float)}
    frame = pd.DataFrame({"pid": [f"p{i}" for i in range(n)], **columns})
    for name in ("site", "group"):
        frame[name] = pd.Categorical(draw.choice(["a", "b", "c"], n))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return associations(Cohort.from_frame(frame, "pid"), list(frame.columns[1:]))


def ranking() -> Ranking:
    """A ranking with long names, a clear difference and a model without any value."""
    unknown = float("nan")
    lines = [
        (1, LONG, 0.713, 0.651, 0.775, 0.0, unknown, unknown, unknown, unknown),
        (2, "cox", 0.705, 0.64, 0.77, -0.008, -0.031, 0.015, 0.48, 0.9),
        (3, "boosting", 0.66, 0.6, 0.72, -0.053, -0.1, -0.006, 0.0004, 0.0008),
        (None, "nothing known", *[unknown] * 8),
    ]
    names = ("difference", "lower", "upper", "p", "p_holm")
    columns = ["rank", "model", "estimate", "lower", "upper", *(f"best_{name}" for name in names)]
    table = pd.DataFrame(lines, columns=columns)
    return Ranking(table, "brier", 24.0, unknown, False, LONG, None, "cross-validation: paired differences")


def _decision(kind: str) -> Draw:
    def draw(fonts: FontChoice, wording: Wording) -> Picture:
        content = decision_content(judged(kind), 0, wording)
        assert content is not None
        return decision_figure(content, fonts)

    return draw


def _over_time(kind: str) -> Draw:
    def draw(fonts: FontChoice, wording: Wording) -> Picture:
        content = over_time_content(over_time(kind), (HORIZON,), ORIGIN, wording)
        assert content is not None
        return over_time_figure(content, fonts)

    return draw


def _calibration(kind: str) -> Draw:
    return lambda fonts, wording: calibration_figure(calibration_content(judged(kind), 0, wording), fonts)


KINDS = ("usual", "few", "equal", "low", "high")
PICTURES: Mapping[str, Draw] = {
    **{f"calibration {kind}": _calibration(kind) for kind in KINDS},
    **{f"decision {kind}": _decision(kind) for kind in KINDS},
    **{f"over time {kind}": _over_time(kind) for kind in ("usual", "equal", "high")},
    "optimism": lambda fonts, wording: optimism_figure(optimism_content(validation(), LONG, "months", wording), fonts),
    "instability": lambda fonts, wording: instability_figure(
        instability_content(instability(), "months", wording), fonts
    ),
    "ranking": lambda fonts, wording: ranking_figure(ranking_content(ranking(), "months", wording), fonts),
    **explanation_pictures.PICTURES,
    "subgroups": lambda fonts, wording: subgroup_figure(subgroups(wording), fonts),
    "associations": lambda fonts, wording: association_figure(association_content(associated(9), wording), fonts),
    "abnormalities": lambda fonts, wording: abnormality_figure(
        abnormality_content(screened(("age",)), wording, "effect"), fonts
    ),
}
