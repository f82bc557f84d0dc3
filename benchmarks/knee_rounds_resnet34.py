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

import torch

from benchmarks.knee_rounds import FILMS, SEED, dealt, graded, told
from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from imaging_head.protocol_run import Progress, run_rounds
from imaging_head.protocols import Contrast
from imaging_head.resnet_head import ResNet34Head

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "knee_rounds_resnet34.json"
SIZE, EPOCHS = 64, 12
CONTRAST = Contrast("osteoarthritis", ("2", "3", "4"), ("0",), 2)


def say(now: Progress) -> None:
    """Say how far a task is."""
    left = "" if now.left is None else f", {now.left:.0f} s left"
    sys.stderr.write(f"{now.contrast}: {now.done} of {now.rounds}{left}\n")


def measured(journal: Path | None) -> dict[str, Any]:
    """Run the rounds and return their numbers."""
    films, grades = graded()
    table = dealt(grades[grades.isin([*CONTRAST.event, *CONTRAST.other])])
    squares = films.of(tuple(table.index)).squares(SIZE)
    started = time.process_time()
    learner = ResNet34Head(image_size=SIZE, epochs=EPOCHS, seed=SEED)
    rounds = run_rounds(CONTRAST, table, squares, learner, journal, say)
    # of the rounds done here: none of those that the journal held
    return told(rounds, squares) | {"processor_minutes": round((time.process_time() - started) / 60, 1)}


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
