"""CT and MRI of 15 simulated patients, read alone and together; then 2,000 such studies, where the truth is known.

python examples/two_readings/readings.py
"""

from __future__ import annotations

import sys

import numpy as np

from prognosis.readings import ReadingComparison, compare_readings

SENSITIVITY, SPECIFICITY, SHARED = 0.70, 0.80, 0.5  # of both modalities; SHARED: the reading is the same in both


def study(n: int, seed: int) -> ReadingComparison:
    """Return the comparison of CT and MRI, which are equally good, in n patients of whom 9 of 15 have the finding."""
    draw = np.random.default_rng(seed)
    truth = (np.arange(n) < round(n * 0.6)).astype(int)
    chance = np.where(truth == 1, SENSITIVITY, 1 - SPECIFICITY)
    ct, other = (draw.random((2, n)) < chance).astype(int)
    mri = np.where(draw.random(n) < SHARED, ct, other)
    return compare_readings(truth, {"CT": ct, "MRI": mri})


def joint_beats_single(seeds: range, n: int = 15) -> dict[str, float]:
    """Return in what share of studies "or" is more sensitive than CT, is more accurate, and tests so (p < .05)."""
    found = []
    for seed in seeds:
        pairs = study(n, seed).pairs.query("first == 'CT' and second == 'CT or MRI'").set_index("metric")
        accuracy = pairs.loc["accuracy"]
        better = accuracy["difference"] < 0
        found.append((pairs.loc["sensitivity", "difference"] < 0, better, better and accuracy["p"] < 0.05))
    return dict(zip(("more sensitive", "more accurate", "significantly"), np.mean(found, axis=0), strict=True))


if __name__ == "__main__":
    sys.stdout.write(study(15, 15).text() + "\nOf 2,000 such studies, CT or MRI against CT alone:\n")
    sys.stdout.writelines(f"  {name}: {share:.1%}\n" for name, share in joint_beats_single(range(2000)).items())
