"""Ten rounds on real films with a learner that needs no network; writes benchmarks/results/knee_rounds.json.

798 knees with Kellgren-Lawrence grades (../shared/data/knee_xray_kl; without the folder nothing is done) by all choices
of two test groups out of five: arthrosis (grade 2 to 4) against none (grade 0), severe (3 to 4) against minimal (2).
The learner is a logistic regression on sixty principal components of 48 x 48 pixels, both learnt in the training films
of each round: what the protocol says of films that are easy to tell apart, and of those that are not.
"""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from cohorts.errors import PrognosisWarning
from cohorts.outcome import Outcome
from cohorts.version import __version__
from imaging_head import Radiographs
from imaging_head.protocol_measures import measure
from imaging_head.protocol_run import Rounds, run_rounds
from imaging_head.protocols import Contrast
from imaging_head.radiographs import Squares
from imaging_head.strata import GROUP, STRATUM, GroupsOfStrata, patients_of

HERE = Path(__file__).resolve().parent
RESULT, FILMS = HERE / "results" / "knee_rounds.json", HERE.parents[1] / "shared" / "data" / "knee_xray_kl"
SIZE, COMPONENTS, SEED = 48, 60, 1
# A film of the first group is the mirror image, to the last pixel, of one of the second: one patient (I61 refused two).
MIRRORED = {"263": "1173"}
CONTRASTS = (
    Contrast("arthrosis", ("2", "3", "4"), ("0",), 2),
    Contrast("severe arthrosis", ("3", "4"), ("2",), 2),
)
SHOWN = ("auc", "accuracy", "sensitivity", "specificity", "ppv", "npv", "brier", "calibration_slope")


@dataclass(frozen=True)
class Components:
    """Logistic regression on principal components of the pixels; nothing in it is random."""

    number: int

    def with_task(self, *task: int) -> Components:  # noqa: ARG002
        """Return itself."""
        return self

    def fit(self, films: Squares, outcome: Outcome) -> FittedComponents:
        """Learn components and coefficients from the films of the outcome's patients."""
        event = pd.Series(outcome.event, outcome.ids).loc[list(films.patients)]
        steps = make_pipeline(PCA(self.number, svd_solver="full"), LogisticRegression(max_iter=5000))
        return FittedComponents(steps.fit(films.pixels.reshape(len(films), -1), event))


@dataclass(frozen=True)
class FittedComponents:
    """What was learnt."""

    steps: Pipeline

    def linear_predictor(self, films: Squares) -> pd.Series:
        """Return the mean log-odds of a patient's films."""
        scores = pd.Series(self.steps.decision_function(films.pixels.reshape(len(films), -1)))
        return scores.groupby(np.array(films.patients), sort=False).mean()

    def predict(self, films: Squares) -> pd.Series:
        """Return the probability of the event."""
        scores = self.linear_predictor(films)
        return pd.Series(expit(scores), scores.index)


def graded() -> tuple[Radiographs, pd.Series]:
    """Return films and the grade of each patient.

    A group of near-duplicates stands for a patient; the few with films of two grades are left out.
    """
    labels = pd.read_csv(FILMS / "labels.csv", dtype=str).replace({"near_duplicate_group": MIRRORED})
    by_patient = labels.groupby("near_duplicate_group")["kl_reader1"]
    labels = labels[by_patient.transform("nunique") == 1]
    films = Radiographs.from_frame(labels, file="file", patient="near_duplicate_group", root=FILMS / "images")
    return films, labels.drop_duplicates("near_duplicate_group").set_index("near_duplicate_group")["kl_reader1"]


def dealt(grades: pd.Series) -> pd.DataFrame:
    """Return patients with their grade and one of five groups."""
    patients = patients_of(grades)
    patients[GROUP] = GroupsOfStrata(5, seed=SEED).deal(patients[STRATUM])
    return patients


def told(rounds: Rounds, films: Squares) -> dict[str, Any]:
    """Return the numbers of the rounds."""
    found = measure(rounds)
    means = found.means[found.means["metric"].isin(SHOWN)]
    areas = found.rounds[(found.rounds["predictor"] == "image") & (found.rounds["metric"] == "auc")]
    return {
        "event": list(rounds.contrast.event),
        "other": list(rounds.contrast.other),
        "patients": rounds.patients,
        "films": len(films.of(tuple(rounds.predictions["patient"].unique()))),
        "times_tested": rounds.times_tested,
        "trained": [len(each.train) for each in rounds.made],
        "tested": [len(each.test) for each in rounds.made],
        "auc_of_rounds": [round(area, 3) for area in areas["estimate"]],
        "means": lines(means[means["predictor"] == "image"]),
        "accuracy_of_the_commoner_side": round(float(found.mean_of("accuracy", "majority")["mean"]), 4),
        "gains": lines(found.gains),
        "pooled": lines(found.pooled[found.pooled["predictor"] == "image"]),
    }


def lines(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values of four digits; one that does not exist is null."""
    return json.loads(table.round(4).to_json(orient="records"))  # type: ignore[no-any-return]


def main() -> None:
    """Measure and write."""
    if not FILMS.is_dir():
        sys.stdout.write(f"{FILMS.name} is not beside this checkout: nothing is measured\n")
        return
    warnings.simplefilter("ignore", PrognosisWarning)
    films, grades = graded()
    table, squares = dealt(grades), films.squares(SIZE)
    with threadpool_limits(1):
        rounds = [run_rounds(each, table, squares, Components(COMPONENTS)) for each in CONTRASTS]
    tasks = {each.contrast.name: told(each, squares) for each in rounds}
    learner = f"logistic regression on {COMPONENTS} principal components of {SIZE} x {SIZE} pixels"
    content = {"version": __version__, "learner": learner, "seed": SEED, "tasks": tasks}
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=1)}\n")


if __name__ == "__main__":
    main()
