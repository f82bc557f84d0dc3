"""How often the interval of a mean over rounds holds the true area; writes benchmarks/results/overlap_coverage.json.

The designs of the radiograph paper: five groups of 36 + 16 patients, all ten choices of two test groups, and each group
tested once. The marker is known beforehand (one normal value, the sides so many standard deviations apart), or learnt
in every round from ten values by linear discriminant analysis. The truth of a learnt marker is the mean area of markers
learnt from as many patients, in endless new ones. Beside it the interval that takes the rounds for independent.
"""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata, t

from cohorts.version import __version__
from prognosis.validation.overlap import overlap_corrected

Floats = NDArray[np.float64]
RESULT = Path(__file__).resolve().parent / "results" / "overlap_coverage.json"
COHORTS, GROUPS, EVENTS, OTHERS, VALUES = 2000, 5, 36, 16, 10
DISTANCES = {"known": (0.0, 0.5, 1.0, 2.0), "learnt": (0.5, 1.0)}
EVENT = np.tile(np.repeat([1, 0], [EVENTS, OTHERS]), GROUPS)
GROUP = np.repeat(np.arange(GROUPS), EVENTS + OTHERS)


def area(event: NDArray[np.int64], marker: Floats) -> float:
    """Area under the ROC curve."""
    events = int(event.sum())
    ranks = float(rankdata(marker)[event == 1].sum())
    return (ranks - events * (events + 1) / 2) / (events * (len(event) - events))


def direction(x: Floats, event: NDArray[np.int64]) -> Floats:
    """Weights of linear discriminant analysis."""
    means = [x[event == side].mean(axis=0) for side in (0, 1)]
    left = x - np.where(event[:, None] == 1, means[1], means[0])
    return np.linalg.solve(left.T @ left, means[1] - means[0])


def rounds(x: Floats, tested: int, *, learnt: bool) -> tuple[list[float], list[float]]:
    """Return the areas in the test groups, and the true areas of the markers of the rounds."""
    found, true = [], []
    for groups in combinations(range(GROUPS), tested):
        test = np.isin(GROUP, groups)
        weights = direction(x[~test], EVENT[~test]) if learnt else np.eye(VALUES)[0]
        found.append(area(EVENT[test], x[test] @ weights))
        true.append(float(weights[0] / np.sqrt(weights @ weights)))
    return found, true


def coverage(distance: float, tested: int, *, learnt: bool) -> dict[str, float]:
    """Return the share of cohorts whose interval holds the truth, corrected and not."""
    draw = np.random.default_rng([int(10 * distance), tested, learnt])
    means, reaches, naive, shares = [], [], [], []
    for _ in range(COHORTS):
        x = draw.normal(size=(len(EVENT), VALUES))
        x[:, 0] += distance * EVENT
        areas, share = rounds(x, tested, learnt=learnt)
        found = overlap_corrected(areas, tested, GROUPS - tested)
        means.append(found.mean)
        reaches.append(found.upper - found.mean)
        naive.append(float(t.ppf(0.975, found.rounds - 1)) * found.sd / np.sqrt(found.rounds))
        # a marker of which a share looks at what tells the sides apart
        shares.append(ndtr(distance * np.array(share) / np.sqrt(2)).mean())
    off = np.abs(np.array(means) - np.mean(shares))
    return {
        "distance": distance,
        "true_auc": round(float(np.mean(shares)), 3),
        "covered": round(float((off <= reaches).mean()), 3),
        "half_width": round(float(np.mean(reaches)), 3),
        "covered_as_if_independent": round(float((off <= naive).mean()), 3),
    }


def main() -> None:
    """Measure and write."""
    content = {
        "version": __version__,
        "cohorts": COHORTS,
        "designs": {
            f"{tested} of {GROUPS} groups tested, marker {marker}": [
                coverage(distance, tested, learnt=marker == "learnt") for distance in distances
            ]
            for tested in (2, 1)
            for marker, distances in DISTANCES.items()
        },
    }
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=1)}\n")


if __name__ == "__main__":
    main()
