"""How the rounds of a protocol did: each one, all pooled, their mean, and the gain over what needs no film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from imaging_head.protocol_run import AGE_ONLY, IMAGE, MAJORITY, Rounds
from prognosis.metrics.binary_calibration import binary_calibration
from prognosis.metrics.classification import METRICS as SHARES
from prognosis.metrics.classification import Classification, classify
from prognosis.metrics.roc import roc_auc
from prognosis.validation.overlap import overlap_corrected

Floats = NDArray[np.float64]
EVENLY = 0.5
CALIBRATION = ("brier", "calibration_intercept", "calibration_slope")
BOUNDS = {**dict.fromkeys(("auc", "brier", "base_rate", *SHARES), (0.0, 1.0))}
UNBOUNDED = (-np.inf, np.inf)
# What the films are compared in, and with what: accuracy against the commoner side is what Table 3 of the paper lacks.
GAINS = (
    ("accuracy", MAJORITY), ("brier", MAJORITY), ("auc", MAJORITY), ("auc", AGE_ONLY), ("accuracy", AGE_ONLY),
    ("brier", AGE_ONLY),
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Measures:
    """Tables of how the rounds did, by predictor: image, majority (always the commoner side), age.

    Parameters
    ----------
    rounds : one row a round, predictor and metric: count and total of a share, estimate, lower and upper (shares exact,
        the area by DeLong, the others by Wald).
    pooled : the decisions of all rounds; limits as if each patient had been judged once.
    means : mean over the rounds with the interval of Nadeau and Bengio, sd, and the number of rounds that have a value.
    gains : mean difference of the films from another predictor in the same rounds, with interval and p.
    threshold : probability from which a patient is called positive. warnings : each once, with the rounds it is from.
    """

    rounds: pd.DataFrame
    pooled: pd.DataFrame
    means: pd.DataFrame
    gains: pd.DataFrame
    threshold: float
    warnings: tuple[Finding, ...]

    def mean_of(self, metric: str, predictor: str = IMAGE) -> pd.Series:
        """Return the line of a metric in `means`."""
        return self.means.set_index(["predictor", "metric"]).loc[(predictor, metric)]


def measure(rounds: Rounds, threshold: float = EVENLY) -> Measures:
    """Measure discrimination, shares at a threshold and calibration of every predictor.

    Parameters
    ----------
    threshold : fixed beforehand; .5 is the more probable side.

    Notes
    -----
    Rounds train on the same patients again and again, and test patients more than once. So the interval of a mean is
    Nadeau and Bengio's (`overlap_corrected`), and the pooled shares count each patient once in their limits.
    """
    found = [
        _round(lines, name, column, threshold)
        for _, lines in rounds.predictions.groupby("round")
        for name, column in rounds.predictors.items()
    ]
    table = pd.concat([lines for lines, _ in found], ignore_index=True)
    sizes = (sum(len(each.test) for each in rounds.made), sum(len(each.train) for each in rounds.made))
    return Measures(
        rounds=table,
        pooled=_pooled(rounds, threshold),
        means=_means(table, sizes),
        gains=_gains(table, sizes),
        threshold=threshold,
        warnings=_gathered([finding for _, findings in found for finding in findings]),
    )


def _round(
    lines: pd.DataFrame, name: str, column: str, threshold: float
) -> tuple[pd.DataFrame, list[tuple[int, Finding]]]:
    """Measure one predictor in one round; the findings are those on the films."""
    number, event, risk = int(lines["round"].iloc[0]), lines["event"].to_numpy(), lines[column].to_numpy(float)
    shares = classify(event, risk, threshold)
    area, agreement = roc_auc(event, risk), binary_calibration(event, risk)
    rows = [*_shares(shares, 1), ("auc", None, None, float(area.estimate[0]), *_limits(area.limits()))]
    lower, upper = agreement.limits()
    for metric in CALIBRATION:
        at = agreement.names.index(metric)
        rows.append((metric, None, None, float(agreement.estimate[at]), float(lower[at]), float(upper[at])))
    table = pd.DataFrame(rows, columns=["metric", "count", "total", "estimate", "lower", "upper"])
    table.insert(0, "predictor", name)
    table.insert(0, "round", number)
    # a constant has no area with an error and no slope, and needs no warning
    blank = table["metric"].isin(CALIBRATION[1:]) if name == MAJORITY else pd.Series(False, index=table.index)
    table.loc[blank, ["estimate", "lower", "upper"]] = np.nan
    findings = (*area.warnings, *agreement.warnings) if name == IMAGE else ()
    return table, [(number, finding) for finding in findings]


def _limits(pair: tuple[Floats, Floats]) -> tuple[float, float]:
    return float(pair[0][0]), float(pair[1][0])


def _shares(found: Classification, times: int) -> Iterator[tuple[str, int, int, float, float, float]]:
    for metric, share in found.proportions.items():
        yield metric, share.count, share.total, share.estimate, *share.limits(times=times)


def _pooled(rounds: Rounds, threshold: float) -> pd.DataFrame:
    """Count the decisions of all rounds."""
    event = rounds.predictions["event"].to_numpy()
    rows = [
        (name, *line)
        for name, column in rounds.predictors.items()
        for line in _shares(classify(event, rounds.predictions[column].to_numpy(float), threshold), rounds.times_tested)
    ]
    return pd.DataFrame(rows, columns=["predictor", "metric", "count", "total", "estimate", "lower", "upper"])


def _means(table: pd.DataFrame, sizes: tuple[int, int]) -> pd.DataFrame:
    rows = []
    for (name, metric), lines in table.groupby(["predictor", "metric"], sort=False):
        found = overlap_corrected(lines["estimate"].tolist(), *sizes, bounds=BOUNDS.get(metric, UNBOUNDED))
        if found.rounds:
            rows.append((name, metric, found.mean, found.sd, found.lower, found.upper, found.rounds))
    return pd.DataFrame(rows, columns=["predictor", "metric", "mean", "sd", "lower", "upper", "rounds"])


def _gains(table: pd.DataFrame, sizes: tuple[int, int]) -> pd.DataFrame:
    wide = table.pivot(index="round", columns=["predictor", "metric"], values="estimate")
    rows = []
    for metric, over in GAINS:
        if (over, metric) in wide:
            found = overlap_corrected((wide[IMAGE, metric] - wide[over, metric]).tolist(), *sizes)
            rows.append((metric, IMAGE, over, found.mean, found.lower, found.upper, found.p, found.rounds))
    return pd.DataFrame(rows, columns=["metric", "of", "over", "difference", "lower", "upper", "p", "rounds"])


def _gathered(found: list[tuple[int, Finding]]) -> tuple[Finding, ...]:
    """Say once what is true of several rounds; the rule as the first of them has it."""
    places: dict[str, list[int]] = {}
    first: dict[str, Finding] = {}
    for number, finding in found:
        first.setdefault(finding.code, finding)
        places.setdefault(finding.code, []).append(number)
    return tuple(
        replace(finding, rule=f"in round {', '.join(map(str, dict.fromkeys(places[code])))}: {finding.rule}")
        for code, finding in first.items()
    )
