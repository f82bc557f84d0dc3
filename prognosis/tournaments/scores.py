"""Scores of pipelines by their answers for patients left out, for any weighing of the patients."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PredictionError
from prognosis.kernels.concordance import concordance_counts, ranks_of
from prognosis.kernels.drawn_concordance import drawn_pairs
from prognosis.metrics.indexes.log_loss import CERTAIN
from prognosis.metrics.weights import censoring_weights
from prognosis.outcome import SurvivalArrays, pairs_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
CONCORDANCE, LOSSES = ("harrell_c", "auc"), ("brier", "log_loss")


class Scores(Protocol):
    """What judges pipelines."""

    def of(self, weight: Floats, pipeline: int) -> Floats:
        """Score one pipeline with the weights of each draw, (D, n) to (D,); not a number where nobody compares."""


@dataclass(frozen=True, eq=False)
class WithinGroups:
    """Harrell's C (the area under the ROC curve of a binary outcome) of pairs within one fold, and one stratum.

    Answers of models fitted to different folds are never compared. The pairs of all folds count together, as in R's
    ``concordance(... + strata(fold))``; over repeats of the folds the values are averaged.

    Parameters
    ----------
    outcome : (n,). marker : (C, R, n) by pipeline and repeat. group : (R, n) fold and stratum of each patient.
    """

    outcome: SurvivalArrays
    marker: Floats
    group: Integers

    def of(self, weight: Floats, pipeline: int) -> Floats:
        """Score one pipeline, (D,)."""
        values = [self._pairs(weight, pipeline, repeat) for repeat in range(len(self.group))]
        with np.errstate(invalid="ignore", divide="ignore"):
            by_repeat = np.array([pairs[:, 0] / pairs[:, 1] for pairs in values])
        out: Floats = by_repeat.mean(axis=0)
        return out

    def _pairs(self, weight: Floats, pipeline: int, repeat: int) -> Floats:
        group, marker = self.group[repeat], self.marker[pipeline, repeat]
        time, happened = pairs_of(self.outcome)
        if self.outcome.entry is not None:
            return self._entered(weight, marker, group)
        order = np.lexsort((time, group))
        edges = np.append(np.flatnonzero(np.diff(group[order], prepend=-1)), len(order))
        new = np.diff(time[order], prepend=np.nan) != 0
        new[edges[:-1]] = True
        ranks = [ranks_of(marker[order[low:high]]) for low, high in pairwise(edges)]
        rows = (edges, np.cumsum(new), happened[order], np.concatenate(ranks))
        found: Floats = drawn_pairs(*rows, np.ascontiguousarray(weight[:, order]))
        return found

    def _entered(self, weight: Floats, marker: Floats, group: Integers) -> Floats:
        """Delayed entry: who was not yet under observation is compared with nobody."""
        rows = (self.outcome.time, self.outcome.event == 1, marker)
        found = [
            concordance_counts(*rows, weight=one, entry=self.outcome.entry, stratum=group.astype(np.int64))
            for one in weight
        ]
        return np.array([(pairs.concordant + 0.5 * pairs.tied_marker, pairs.comparable) for pairs in found])


@dataclass(frozen=True, eq=False)
class MeanLoss:
    """Mean loss of each patient, averaged over the repeats of the folds.

    Parameters
    ----------
    loss : (C, n).
    """

    loss: Floats

    def of(self, weight: Floats, pipeline: int) -> Floats:
        """Score one pipeline, (D,)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: Floats = weight @ self.loss[pipeline] / weight.sum(axis=1)
        return mean


def losses_of(metric: str, outcome: SurvivalArrays, risk: Floats, horizon: float | None) -> Floats:
    """Loss of each patient by each pipeline, (C, n), averaged over the repeats.

    Parameters
    ----------
    risk : (C, R, n) at the horizon. metric : ``brier``, or ``log_loss`` of a binary outcome.

    Notes
    -----
    With censoring the Brier score's weights are those of all patients (``riskRegression::Score``'s rule).
    """
    happened = (outcome.event == 1).astype(float)
    if metric == "log_loss":
        sure = np.clip(risk, CERTAIN, 1 - CERTAIN)
        return np.asarray(-np.log(np.where(happened == 1, sure, 1 - sure)).mean(axis=1))
    if not outcome.timed:
        return np.asarray(((risk - happened) ** 2).mean(axis=1))
    weights = censoring_weights(outcome, np.array([horizon], float)).weights[:, 0]
    by_then = happened * (outcome.time <= (horizon or np.inf))
    return np.asarray((weights * (risk - by_then) ** 2).mean(axis=1))


def checked_metric(metric: str | None, kind: str, horizon: float | None, *, weighted: bool) -> str:
    """Return the metric of a tournament; default Harrell's C, for a binary outcome the area under the ROC curve.

    Raises
    ------
    PredictionError
        M12 a metric that tournaments or this kind of endpoint do not have; M11 case weights, which losses do not count.
    FitError
        V07 no horizon.
    """
    name = metric or ("auc" if kind == "binary" else "harrell_c")
    known = ("auc", "harrell_c", *LOSSES) if kind == "binary" else ("harrell_c", "brier")
    if name not in known:
        rule = f"a tournament of a {kind} endpoint cannot be judged by {name}"
        raise PredictionError(Finding("M12", rule, f"choose among {', '.join(known)}"))
    if name == "brier" and kind != "binary" and horizon is None:
        raise FitError(Finding("V07", "brier at which time?", "declare horizons in the study"))
    if name in LOSSES and weighted:
        raise PredictionError(Finding("M11", f"{name} does not count case weights", "ask for harrell_c"))
    return name


@dataclass(frozen=True)
class Measure:
    """By what a tournament is judged: metric, its horizon (None without), and the kind of outcome's direction."""

    metric: str
    horizon: float | None

    @property
    def upwards(self) -> bool:
        """True where higher is better."""
        return self.metric in CONCORDANCE

    def scores(
        self, outcome: SurvivalArrays, stratum: Integers | None, marker: Floats, risk: Floats, fold: Integers
    ) -> Scores:
        """Return what scores pipelines.

        Parameters
        ----------
        outcome, stratum : (n,). marker, risk : (C, R, n) of patients left out. fold : (R, n).
        """
        if self.metric in LOSSES:
            return MeanLoss(losses_of(self.metric, outcome, risk, self.horizon))
        group = fold if stratum is None else fold * (int(stratum.max()) + 1) + stratum
        return WithinGroups(outcome, marker, group)
