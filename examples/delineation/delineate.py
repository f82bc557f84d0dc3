"""Three ways to delineate, each learnt from other patients: run from the root with PYTHONPATH=. set."""

import sys

import pandas as pd

from imaging_head.delineation import FuzzyDelineator, PixelMachine, delineate_left_out
from imaging_head.phantom_tumours import PUBLISHED, simulate_tumours

PET, CT = 0, 1
WAYS = {
    "fuzzy c-means": FuzzyDelineator(clusters=3, channel=PET),
    "net (ANN)": PixelMachine("ann", seed=2017),
    "vector machine (SVM)": PixelMachine("svm", seed=2017),
}


def compared(kinds: dict[str, int] | None = None, seed: int = 2017, edge_channel: int | None = None) -> pd.DataFrame:
    """Return mean and standard deviation over patients of Dice, and the median HD95, by way and kind of tumour."""
    marked = simulate_tumours(kinds or dict(PUBLISHED), seed)
    lines = {}
    for name, way in WAYS.items():
        found = delineate_left_out(marked, way, edge_channel=edge_channel).by_patient
        groups = {"all": found, **dict(tuple(found.groupby(found.index.str[0])))}
        for group, part in groups.items():
            lines[name, group] = (len(part), part["dice"].mean(), part["dice"].std(), part["hd95"].median())
    columns = ["patients", "dice", "dice_sd", "hd95_median_mm"]
    return pd.DataFrame.from_dict(lines, orient="index", columns=columns)


if __name__ == "__main__":
    sys.stdout.write(compared().round(3).to_string() + "\n")
