"""A metastasis study on phantoms whose film says more than age and grade: what the combined nomogram gains.

Films of 800 patients with malignant tumours, whose hazard depends on age, grade and what the film shows; the score is
cross-fitted, nested in five folds (15 fits). The same with films that bear on nothing. Then 400 new patients, whose
risk is known: are risks right when their score is the mean of five fits? Twice: ridge regression on the texture of the
films (58 numbers; a minute), and a ResNet34 that learnt Lodwick's types on other phantoms and whose last layer learns
metastasis by ridge regression (some minutes).
Writes benchmarks/results/radiograph_gain.json and, of the first, docs/pictures/radiograph_nomogram.png.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from scipy.ndimage import gaussian_filter

from benchmarks.readme_pictures import render
from cohorts import Outcome, make_folds
from cohorts.version import __version__
from imaging_head.added_value import image_added_value
from imaging_head.cross_fit import CrossFitted, cross_fit, told
from imaging_head.head import ClassHead
from imaging_head.learner import Learner
from imaging_head.phantoms import Phantoms, simulate_knees
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.ridge_head import RidgeHead
from imaging_head.training import Schedule
from nomograms import Nomogram
from prognosis import FittedModel, Study
from prognosis.models import Cox
from tests.imaging_head.made_learners import Pixels

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "radiograph_gain.json"
PICTURE = HERE.parent / "docs" / "pictures" / "radiograph_nomogram.png"
SIZE, FOLDS, SEED, HORIZON = 64, 5, 2026, 60.0
PATIENTS, NEW, EPOCHS = 800, 400, 16
OTHERS = {"benign": 100, "malignant": 500}
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6)
PERMUTATIONS, RIDGE = 199, 30.0
SCALES, WINDOWS, SHARES = (0.7, 1.2, 2.0, 3.5), (3, 6), (0.9, 0.97, 0.99)
Floats = NDArray[np.float64]
See = Callable[[Phantoms], Squares]


def films_of(made: Phantoms) -> Squares:
    """Films of phantoms as the network takes them."""
    return Squares(made.pixels, tuple(made.table.index))


def texture(film: Floats) -> Floats:
    """Return how strong the details of four sizes are where they are strongest, (58,) logarithms."""
    found = list(np.quantile(film, (0.99, 0.999)))
    for scale in SCALES:
        detail = gaussian_filter(film, scale) - gaussian_filter(film, 1.6 * scale)
        found += list(np.quantile(detail, (0.01, 0.99)))
        for window in WINDOWS:
            energy = np.sqrt(gaussian_filter(detail**2, window))
            for each in (energy, energy / (gaussian_filter(film, window) + 0.1)):
                found += list(np.quantile(each, SHARES))
    return np.log(np.abs(found) + 1e-4)


def textures(made: Phantoms) -> Squares:
    """Return the texture of each film in the place of its pixels, in units that all films share."""
    columns = (np.array([texture(film.astype(float)) for film in made.pixels]) + 3) / 0.5
    return Squares(columns[:, None, :].astype(np.float32), tuple(made.table.index))


def trunk(file: Path) -> float:
    """Teach Lodwick's types on other phantoms and write the weights; return the seconds."""
    started = time.process_time()
    made = simulate_knees(OTHERS, seed=100, size=SIZE)
    ids = tuple(made.table.index)
    outcome = Outcome(ids, np.full(len(ids), np.nan), made.lodwick.to_numpy(np.int64) - 1)
    teacher = ResNet34Head(SIZE, EPOCHS, head=ClassHead(5), schedule=Schedule(batch=16))
    fitted = teacher.fit(films_of(made), outcome)
    save_file({name: value.contiguous() for name, value in fitted.network.state_dict().items()}, file)
    return time.process_time() - started


def fitted_study(
    made: Phantoms, films: Squares, learner: Learner
) -> tuple[Study, FittedModel, FittedModel, CrossFitted]:
    """Cross-fit the films and fit the models with and without the score."""
    cohort, endpoint = made.cohort(), made.endpoint
    folds = make_folds(cohort, endpoint, FOLDS, SEED)
    found = cross_fit(learner, films, cohort, endpoint, folds)
    study = Study(cohort.with_score(found.score), endpoint, ["age", "grade", "radiograph"], folds=folds, seed=SEED)
    clinical = study.fit(Cox(), name="clinical", predictors=["age", "grade"])
    return study, clinical, study.fit(Cox(), name="combined"), found


def gains(study: Study, clinical: FittedModel, combined: FittedModel) -> list[dict[str, Any]]:
    """Differences of the models in patients left out, with their intervals."""
    found = study.validate([combined, clinical], metrics=["harrell_c", "auc", "brier", "net_benefit"],
                           thresholds=THRESHOLDS)  # fmt: skip
    gain = found.gain(of=combined, over=clinical)
    gain = gain[gain["horizon"].isna() | (gain["horizon"] == HORIZON)]
    return [{name: None if value != value else (round(value, 4) if isinstance(value, float) else value)
             for name, value in line.items()} for line in gain.to_dict("records")]  # fmt: skip


def in_new_patients(combined: FittedModel, clinical: FittedModel, found: CrossFitted, see: See) -> dict[str, Any]:
    """Predicted risks of new patients against the true ones, by the mean of the fits and by a single one."""
    new = simulate_knees({"malignant": NEW}, seed=SEED + 1, size=SIZE)
    truth = new.truth[f"risk_{HORIZON:g}"].to_numpy()
    films, table = see(new), new.cohort().view(["age", "grade"])
    scores = {"mean_of_networks": found.score_new(films), "one_network": found.net(0).linear_predictor(films)}
    risks = {"clinical": clinical.predict(table, horizons=[HORIZON]).risk[:, 0]}
    for name, score in scores.items():
        rows = table.assign(radiograph=score.loc[table.index].to_numpy())
        risks[name] = combined.predict(rows, horizons=[HORIZON]).risk[:, 0]
    return {name: against(risk, truth) for name, risk in risks.items()}


def against(risk: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Compare risks with true ones: error, mean ratio, and the slope of the true on the predicted log-log scale."""
    predicted, true = (np.log(-np.log1p(-np.clip(each, 1e-6, 1 - 1e-6))) for each in (risk, truth))
    return {
        "root_mean_square_error": round(float(np.sqrt(np.mean((risk - truth) ** 2))), 4),
        "correlation": round(float(np.corrcoef(predicted, true)[0, 1]), 4),
        "true_over_predicted": round(float(truth.mean() / risk.mean()), 4),
        "calibration_slope": round(float(np.polyfit(predicted, true, 1)[0]), 4),
    }


def measured(informative: bool, learner: Learner, see: See, tested: bool) -> tuple[dict[str, Any], Nomogram]:
    """Measure one cohort; `tested` : by permutations too."""
    started = time.process_time()
    made = simulate_knees({"malignant": PATIENTS}, seed=SEED, size=SIZE, informative=informative)
    films = see(made)
    study, clinical, combined, found = fitted_study(made, films, learner)
    score = found.score.of(study.outcome.ids)
    shown = made.truth["aggression"].loc[list(study.outcome.ids)]
    about: dict[str, Any] = {
        "events": int((study.outcome.event == 1).sum()),
        "correlation_of_score_and_aggression": round(float(np.corrcoef(score, shown)[0, 1]), 4),
        "log_hazard_ratio_of_a_standard_deviation": round(float(combined.estimate.coefficients[-1] * score.std()), 4),
        "gain_of_the_combined_over_the_clinical_model": gains(study, clinical, combined),
    }
    if tested:
        test = image_added_value(learner, films, study, clinical, PERMUTATIONS)
        root = round(test.statistic, 3)
        about["added_value"] = {"p": test.p, "signed_root": root, "permutations": test.permutations}
    if informative:
        about["new_patients"] = in_new_patients(combined, clinical, found, see)
    return about | {"processor_s": round(time.process_time() - started, 1)}, Nomogram(combined, horizons=[24, 60])


def both(learner: Learner, see: See, tested: bool, picture: Path | None) -> dict[str, Any]:
    """Measure with films that say something, and with films that do not."""
    about: dict[str, Any] = {"learner": told(learner)}
    for name, informative in (("informative", True), ("useless", False)):
        about[name], nomogram = measured(informative, learner, see, tested)
        sys.stdout.write(f"{name}: {json.dumps(about[name])}\n")
        sys.stdout.flush()
        if informative and picture is not None:
            with tempfile.TemporaryDirectory() as folder:
                nomogram.save(Path(folder) / "nomogram.pdf")
                render(Path(folder) / "nomogram.pdf", picture)
    return about


def main() -> None:
    """Measure and write; what is measured first is written first."""
    torch.set_num_threads(1)
    content: dict[str, Any] = {"version": __version__, "patients": PATIENTS, "pixels": SIZE, "folds": FOLDS}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content["texture"] = both(Pixels(RIDGE), textures, True, PICTURE)
        RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        weights = Path(folder) / "trunk.safetensors"
        content["trunk_processor_s"] = round(trunk(weights), 1)
        learner = RidgeHead(weights, SIZE, seed=SEED)
        content["resnet34"] = both(learner, films_of, False, None) | {"learner": "RidgeHead, ResNet34"}
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
