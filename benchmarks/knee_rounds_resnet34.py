"""Ten rounds of real films with ResNet34 in a small budget; writes benchmarks/results/knee_rounds_resnet34.json.

798 knees with Kellgren-Lawrence grades (../shared/data/knee_xray_kl; without the folder nothing is done), arthrosis
(grade 2 to 4) against none (grade 0) by all choices of two test groups out of five. 64 pixels, twelve epochs, random
weights, one thread: what the protocol gives and costs, and no measure of what such a network can reach.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from imaging_head import Radiographs
from imaging_head.protocol_measures import measure
from imaging_head.protocol_run import Progress, run_rounds
from imaging_head.protocols import Contrast
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.strata import GROUP, STRATUM, GroupsOfStrata, patients_of

HERE = Path(__file__).resolve().parent
RESULT, FILMS = HERE / "results" / "knee_rounds_resnet34.json", HERE.parents[1] / "shared" / "data" / "knee_xray_kl"
SIZE, EPOCHS, SEED = 64, 12, 1
# A film of the first group is the mirror image, to the last pixel, of one of the second: one patient (I61 refused two).
MIRRORED = {"263": "1173"}
CONTRAST = Contrast("osteoarthritis", ("2", "3", "4"), ("0",), 2)
SHOWN = ("auc", "accuracy", "sensitivity", "specificity", "ppv", "npv", "brier", "calibration_slope")


def knees() -> tuple[pd.DataFrame, Squares]:
    """Return patients with their grade and group, and their films.

    A group of near-duplicates stands for a patient; the few with films of two grades are left out.
    """
    labels = pd.read_csv(FILMS / "labels.csv", dtype=str).replace({"near_duplicate_group": MIRRORED})
    by_patient = labels.groupby("near_duplicate_group")["kl_reader1"]
    labels = labels[by_patient.transform("nunique") == 1]
    films = Radiographs.from_frame(labels, file="file", patient="near_duplicate_group", root=FILMS / "images")
    grades = labels.drop_duplicates("near_duplicate_group").set_index("near_duplicate_group")["kl_reader1"]
    taking = patients_of(grades[grades.isin([*CONTRAST.event, *CONTRAST.other])])
    taking[GROUP] = GroupsOfStrata(5, seed=SEED).deal(taking[STRATUM])
    return taking, films.of(tuple(taking.index)).squares(SIZE)


def told(now: Progress) -> None:
    """Say how far a task is."""
    left = "" if now.left is None else f", {now.left:.0f} s left"
    sys.stderr.write(f"{now.contrast}: {now.done} of {now.rounds}{left}\n")


def measured(journal: Path | None) -> dict[str, Any]:
    """Run the rounds and return their numbers."""
    table, films = knees()
    started = time.process_time()
    learner = ResNet34Head(image_size=SIZE, epochs=EPOCHS, seed=SEED)
    rounds = run_rounds(CONTRAST, table, films, learner, journal, told)
    seconds, found = time.process_time() - started, measure(rounds)
    means = found.means[found.means["metric"].isin(SHOWN)]
    areas = found.rounds[(found.rounds["predictor"] == "image") & (found.rounds["metric"] == "auc")]
    return {
        "event": list(CONTRAST.event),
        "other": list(CONTRAST.other),
        "patients": rounds.patients,
        "films": len(films),
        "times_tested": rounds.times_tested,
        "trained": [len(each.train) for each in rounds.made],
        "tested": [len(each.test) for each in rounds.made],
        "auc_of_rounds": [round(area, 3) for area in areas["estimate"]],
        "means": lines(means[means["predictor"] == "image"]),
        "accuracy_of_the_commoner_side": round(float(found.mean_of("accuracy", "majority")["mean"]), 4),
        "gains": lines(found.gains),
        "pooled": lines(found.pooled[found.pooled["predictor"] == "image"]),
        # of the rounds done here: none of those that the journal held
        "processor_minutes": round(seconds / 60, 1),
    }


def lines(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values of four digits; one that does not exist is null."""
    return json.loads(table.round(4).to_json(orient="records"))  # type: ignore[no-any-return]


def main(journal: Path | None = None) -> None:
    """Measure and write."""
    if not FILMS.is_dir():
        sys.stdout.write(f"{FILMS.name} is not beside this checkout: nothing is measured\n")
        return
    warnings.simplefilter("ignore", PrognosisWarning)
    torch.set_num_threads(1)
    about = {"version": __version__, "pixels": SIZE, "epochs": EPOCHS, "weights": "random", "seed": SEED}
    content = about | measured(journal)
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=1)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
