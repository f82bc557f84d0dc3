"""Learning machines beside regressions on identical folds: two simulated truths, myeloma, metastasis and recurrence.

`python benchmarks/learning_machines.py simulated`, `myeloma`, `negative_control`, `metastasis`, `metastasis_genes`,
`sarcoma_metastasis` and `sarcoma_recurrence` write benchmarks/results/learning_machines_simulated.json and so on. Data,
predictors and settings were declared here before any was run (then Firth's penalty for the recurrence, which could not
be fitted without); nothing is tuned by hand, every recipe has its defaults. Judged by `REPEATS` times repeated ten-fold
cross-validation (five folds where a tenth has fewer than 10 events), the whole recipe refitted in each fold; intervals
and tests widen by the overlap of the training parts (Nadeau and Bengio 2003).
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cohorts import Binary, Cohort, TimeToEvent
from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from prognosis import Study
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import (
    Cox,
    DecisionTree,
    EarlyRelapse,
    ExtraTrees,
    GradientBoosting,
    Logistic,
    NeuralNetwork,
    RandomSurvivalForest,
    SupportVectorMachine,
)
from prognosis.recipe import Recipe
from prognosis.validation.plans import CrossValidation
from prognosis.validation.result import Validation

HERE = Path(__file__).resolve().parent / "results"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
REPEATS, SEED, SEEDS, PATIENTS, DEALT = 5, 20261121, 20, 2000, 10
FIVE_YEARS = 1826.0
Content = dict[str, object]


def truths(draw: np.random.Generator, n: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Ten predictors, six of them abnormalities, and two log hazards: the exclusive or of two, and a line."""
    carried = (draw.random((n, 6)) < 0.5).astype(float)
    X = pd.DataFrame(np.hstack([carried, draw.normal(size=(n, 4))]), columns=[f"x{j}" for j in range(10)])
    line = 0.5 * X["x0"] + 0.5 * X["x1"] + 0.4 * X["x6"] - 0.3 * X["x7"]
    return X, {"xor": 1.2 * (X["x0"] != X["x1"]).to_numpy(float), "linear": line.to_numpy()}


def outcome(draw: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Exponential times of a median of 30 months at a log hazard of 0, censored evenly between 12 and 96."""
    y = np.empty(len(eta), dtype=[("event", np.int64), ("time", float)])
    time, censored = draw.exponential(30 / math.log(2) * np.exp(-eta)), draw.uniform(12, 96, len(eta))
    y["event"], y["time"] = time <= censored, np.minimum(time, censored)
    return y


def simulated() -> Content:
    """C of Cox and of a forest of 2,000 patients in 2,000 others, 20 seeds of each truth."""
    found: dict[str, list[tuple[float, float]]] = {"xor": [], "linear": []}
    for seed in range(SEEDS):
        draw = np.random.default_rng([SEED, seed])
        X, log_hazards = truths(draw, 2 * PATIENTS)
        train, test = slice(0, PATIENTS), slice(PATIENTS, None)
        for truth, eta in log_hazards.items():
            y = outcome(draw, eta)
            recipes = (Cox(), RandomSurvivalForest(seed=seed))
            kept = [recipe.fit(X[train], y[train]).evaluation(X[test], y[test]) for recipe in recipes]
            found[truth].append((harrell_c(kept[0]), harrell_c(kept[1])))
    return {truth: _compared(np.array(pairs)) for truth, pairs in found.items()}


def _compared(pairs: np.ndarray) -> Content:
    difference = pairs[:, 1] - pairs[:, 0]
    return {
        "cox": float(pairs[:, 0].mean()),
        "forest": float(pairs[:, 1].mean()),
        "forest_minus_cox": float(difference.mean()),
        "se": float(difference.std(ddof=1) / math.sqrt(len(pairs))),
        "smallest": float(difference.min()),
        "largest": float(difference.max()),
    }


MYELOMA = ("age", "sex", "b2m_mg_l", "ldh_u_l", "albumin_g_dl", "creatinine_mg_dl", "hgb_g_dl", "cyto_abnormal")
LOGS = {"b2m_mg_l": "log", "ldh_u_l": "log", "creatinine_mg_dl": "log", "mri_focal_lesions": "log1p"}
EFS = TimeToEvent(
    "efs",
    time="efs_months",
    event="efs_event",
    unit="months",
    origin="enrolment",
    horizons=[24, 48],
    zero_time="drop",
)


def uams() -> pd.DataFrame:
    """Total Therapy 2, 351 patients."""
    frame = pd.read_csv(SHARED / "mm_uams_tt2" / "mm_uams_tt2.csv")
    frame["sex"] = pd.Categorical(frame["sex"])
    return frame[["pid", *MYELOMA, "mri_focal_lesions", "efs_months", "efs_event", "negative_control_endpoint"]]


def myeloma() -> Content:
    """Event-free survival: Cox, forest, boosting."""
    study = _study(uams(), EFS, [*MYELOMA, "mri_focal_lesions"])
    return _judged(study, _timed(), ["harrell_c", "auc", "brier", "ipa", "calibration_slope", "oe_ratio"])


def negative_control() -> Content:
    """Look for what is not there: a random endpoint, and event-free survival dealt out anew among the patients."""
    frame = uams()
    control = Binary("negative_control", event="negative_control_endpoint")
    study = _study(frame, control, [*MYELOMA, "mri_focal_lesions"])
    machines = {
        "logistic": Logistic(transforms=LOGS),
        "forest": ExtraTrees(),
        "boosting": GradientBoosting(),
    }
    found: Content = {"random_endpoint": _judged(study, machines, ["auc", "brier"])}
    drawn: dict[str, list[float]] = {}
    for seed in range(DEALT):
        dealt = frame.copy()
        order = np.random.default_rng([SEED, seed]).permutation(len(frame))
        dealt[["efs_months", "efs_event"]] = frame[["efs_months", "efs_event"]].to_numpy()[order]
        judged = _validated(_study(dealt, EFS, [*MYELOMA, "mri_focal_lesions"]), _timed(), ["harrell_c"], 1)
        for name, c in judged.table.set_index("model")["corrected"].items():
            drawn.setdefault(str(name), []).append(float(c))
    found["dealt_out_anew"] = {
        name: {"mean_c": float(np.mean(c)), "se": float(np.std(c, ddof=1) / math.sqrt(len(c)))}
        for name, c in drawn.items()
    }
    return found


def _timed() -> dict[str, Recipe]:
    return {"cox": Cox(transforms=LOGS), "forest": RandomSurvivalForest(), "boosting": GradientBoosting()}


JUDGED = ["auc", "brier", "calibration_slope", "calibration_intercept", "oe_ratio", "net_benefit"]
CUTS = (0.1, 0.2, 0.3)
CLINICAL = ("age", "er", "grade", "size")
GRADES = {"well differentiated": 1.0, "intermediate": 2.0, "poorly differentiated": 3.0}


def metastasis() -> Content:
    """Distant metastasis of breast cancer within five years, by clinical predictors."""
    return _within_five_years(list(CLINICAL), Logistic())


def metastasis_genes() -> Content:
    """Distant metastasis within five years by clinical predictors and 76 probes, the regression with a ridge."""
    return _within_five_years([*CLINICAL, *_probes()], Logistic(penalty="ridge"))


def gse7390() -> pd.DataFrame:
    """TRANSBIG, 198 patients; a grade that is not known is missing."""
    frame = pd.read_csv(SHARED / "metastasis_gse7390" / "metastasis_gse7390.csv").reset_index(names="pid")
    return frame.assign(er=pd.Categorical(frame["er"]), grade=frame["grade"].map(GRADES))


def _probes() -> list[str]:
    return [name for name in gse7390().columns if name.startswith("X")]


def _within_five_years(predictors: list[str], logistic: Recipe) -> Content:
    columns = {"time": "t_tdm_days", "event": "e_tdm", "unit": "days", "origin": "surgery"}
    endpoint = TimeToEvent("metastasis", **columns, horizons=[FIVE_YEARS])
    recipes = {name: EarlyRelapse(recipe, window=FIVE_YEARS) for name, recipe in _binary(logistic).items()}
    return _judged(_study(gse7390(), endpoint, predictors), recipes, JUDGED, CUTS)


def sarcoma_metastasis() -> Content:
    """Metastasis of soft-tissue sarcoma, ever."""
    return _of_sarcoma("metastasis_confirmed", Logistic())


def sarcoma_recurrence() -> Content:
    """Local recurrence, ever: 29 events, of which a site may have none in a fold, hence Firth's penalty."""
    return _of_sarcoma("local_recurrence", Logistic(penalty="firth"))


def _of_sarcoma(column: str, logistic: Recipe) -> Content:
    study = _study(sarcoma(column), Binary(column, event=column), list(SARCOMA))
    return _judged(study, _binary(logistic), JUDGED, CUTS)


SARCOMA = ("age", "sex", "histology", "site", "residual")
HISTOLOGY = {"Leiomyosarcoma": "leiomyosarcoma", "liposarcoma": "liposarcoma", "leomorphic": "pleomorphic"}
SITE = {"Retroperitoneum": "trunk", "abdominal": "trunk", "Gynecological": "gynaecological", "Extremity": "limb"}


def sarcoma(column: str) -> pd.DataFrame:
    """Soft-tissue sarcoma: patients in whom it is known whether the event came; rare levels together."""
    frame = pd.read_csv(SHARED / "sarcoma_tcga" / "sarcoma_tcga.csv")
    frame = frame[frame[column].isin(["YES", "NO"])]
    return pd.DataFrame(
        {
            "pid": frame["pid"],
            "age": frame["age"],
            "sex": pd.Categorical(frame["sex"]),
            "histology": pd.Categorical(frame["histology"].map(lambda text: _first(text, HISTOLOGY))),
            "site": pd.Categorical(frame["site"].map(lambda text: _first(text, SITE), na_action="ignore")),
            "residual": pd.Categorical(frame["residual"].replace({"R1": "R1-2", "R2": "R1-2"})),
            column: (frame[column] == "YES").astype(float),
        }
    )


def _first(text: str, levels: dict[str, str]) -> str:
    return next((level for part, level in levels.items() if part in text), "other")


def _binary(logistic: Recipe) -> dict[str, Recipe]:
    return {
        "logistic": logistic,
        "svm": SupportVectorMachine(),
        "tree": DecisionTree(),
        "net": NeuralNetwork(),
        "boosting": GradientBoosting(),
    }


def _study(frame: pd.DataFrame, endpoint: TimeToEvent | Binary, predictors: Sequence[str]) -> Study:
    return Study(Cohort.from_frame(frame), endpoint, predictors, seed=SEED, missing="complete_cases")


def _validated(
    study: Study, recipes: dict[str, Recipe], metrics: list[str], repeats: int, thresholds: Sequence[float] = ()
) -> Validation:
    models = [study.fit(recipe, name=name) for name, recipe in recipes.items()]
    return study.validate(models, CrossValidation(repeats=repeats), metrics=metrics, thresholds=thresholds)


def _judged(study: Study, recipes: dict[str, Recipe], metrics: list[str], thresholds: Sequence[float] = ()) -> Content:
    """Values of every model, and its paired differences to the first one, the regression."""
    found = _validated(study, recipes, metrics, REPEATS, thresholds)
    first, *others = recipes
    values = found.table[["model", "metric", "horizon", "threshold", "apparent", "corrected", "lower", "upper"]]
    gains = [found.gain(of=other, over=first).assign(model=other, over=first) for other in others]
    sys.stdout.write(f"{values.round(4).to_string()}\n")
    sys.stdout.flush()
    return {
        "patients": len(study.cohort),
        "events": int((study.outcome.event == 1).sum()),
        "failed": found.failed,
        "values": _lines(values),
        "differences": _lines(pd.concat(gains)),
    }


def _lines(table: pd.DataFrame) -> list[dict[str, object]]:
    rows = table.to_dict(orient="records")
    return [{str(k): _plain(v) for k, v in row.items() if not (isinstance(v, float) and math.isnan(v))} for row in rows]


def _plain(value: object) -> object:
    return round(value, 5) if isinstance(value, float) else value


def main() -> None:
    """Run one part and write its numbers."""
    timed = (simulated, myeloma, negative_control, metastasis, metastasis_genes)
    parts = {part.__name__: part for part in (*timed, sarcoma_metastasis, sarcoma_recurrence)}
    asked = sys.argv[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        content = {"version": __version__, "repeats": REPEATS, "seed": SEED, asked: parts[asked]()}
    HERE.mkdir(exist_ok=True)
    (HERE / f"learning_machines_{asked}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
