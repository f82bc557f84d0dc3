"""Boruta: predictors that a forest uses more than the best of their shuffled copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc

from prognosis.limits import Bounds, Limit
from prognosis.selection.candidates import Candidates
from prognosis.selection.forest_importance import importances
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import FLAG, Selector, share, whole, whole_or_none
from prognosis.selection.univariable import benjamini_hochberg

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
CONFIRMED, TENTATIVE, REJECTED = 1, 0, -1
WORDS = {CONFIRMED: "confirmed", TENTATIVE: "tentative", REJECTED: "rejected"}
# Shadows at least, so that the best of them is a bar.
FEWEST_SHADOWS = 5


class Boruta(Selector):
    """Keep predictors that beat the best of all shuffled copies more often than by chance.

    In every round a forest is grown on the predictors and on a copy of each whose rows are shuffled (its shadow). A
    predictor that is more important than the shadows scores a hit; hits are compared with tosses of a coin.

    Parameters
    ----------
    rounds : most forests that are grown. trees : of each.
    alpha : level of the tests.
    percentile : of the shadows' importances that is to be beaten, 100 for the best of them.
    two_step : True corrects the tests of a round by Benjamini and Hochberg and those of the rounds by Bonferroni
        (boruta_py); False for all predictors by Bonferroni (the R package).
    tentative : True keeps also those of which the rounds did not decide.
    depth : of the trees for a binary outcome; None without limit.

    Notes
    -----
    Confirmed predictors stay in the forests, rejected ones leave. Importance is the fall of the Gini impurity for a
    binary outcome (boruta_py's), and the fall of the out-of-bag C by permutation for a time to event, by this
    package's forest. Categories are shuffled and judged whole. All relevant predictors are meant to be found, redundant
    ones included: it is no way to a small model.
    Sources: Kursa and Rudnicki (2010); ``boruta`` 0.4.
    """

    kind: ClassVar[str] = "boruta"
    words: ClassVar[str] = "Boruta"
    limits: ClassVar[Mapping[str, Limit]] = {
        "rounds": whole(1),
        "trees": whole(1),
        "alpha": share(),
        "percentile": Bounds(0.0, 100.0),
        "two_step": FLAG,
        "tentative": FLAG,
        "depth": whole_or_none(1),
    }

    def __init__(
        self,
        rounds: int = 100,
        trees: int = 200,
        alpha: float = 0.05,
        percentile: float = 100.0,
        two_step: bool = False,
        tentative: bool = False,
        depth: int | None = None,
    ) -> None:
        self.rounds = rounds
        self.trees = trees
        self.alpha = alpha
        self.percentile = percentile
        self.two_step = two_step
        self.tentative = tentative
        self.depth = depth

    def choose(self, candidates: Candidates) -> Selection:
        """Grow forests until every predictor is confirmed or rejected, or the rounds are over.

        Raises
        ------
        FitError
            S20 nothing is confirmed; F22 delayed entry, which a forest cannot use; those of the forest.
        """
        candidates.require_events()
        rows = candidates.in_order()
        state = Contest(*np.zeros((3, len(rows.names)), np.int64))
        total, path = np.zeros(len(rows.names)), []
        for number in range(1, self.rounds + 1):
            active = np.flatnonzero(state.decision != REJECTED)
            own, bar = self._round(rows, active, number)
            total[active] += own
            before, state = state, self._tested(state, active[own > bar], number)
            for place in np.flatnonzero(before.decision != state.decision):
                word = "confirm" if state.decision[place] == CONFIRMED else "reject"
                path.append((word, rows.names[place], (float(number), float(bar))))
            if not (state.decision == TENTATIVE).any():
                break
        return self._written(rows, state, total, Path.of(("round", "bar"), path))

    def _written(self, rows: Candidates, state: Contest, total: Floats, path: Path) -> Selection:
        least = TENTATIVE if self.tentative else CONFIRMED
        kept = [name for name, verdict in zip(rows.names, state.decision, strict=True) if verdict >= least]
        numbers = {"hits": state.hits.astype(float), "importance": total / np.maximum(state.played, 1)}
        rank = np.argsort(np.argsort(-state.decision * 1e6 - state.hits, kind="stable")).astype(float)
        words = [WORDS[int(verdict)] for verdict in state.decision]
        return self.selected(rows, kept, numbers, rank=rank, decision=words, path=path)

    def _round(self, rows: Candidates, active: Integers, number: int) -> tuple[Floats, float]:
        """Return the importances of the predictors in the contest, and the bar that the shadows set."""
        draw = rows.draw(number)
        frame = rows.frame[[rows.names[place] for place in active]].reset_index(drop=True)
        copies = -(-FEWEST_SHADOWS // len(active)) if len(active) < FEWEST_SHADOWS else 1
        # longer than any name, hence none of them
        shadows, prefix = {}, f"{max(frame, key=len)} shadow"
        for copy in range(copies):
            for place, name in enumerate(frame):
                shuffled = frame[name].iloc[draw.permutation(len(frame))]
                shadows[f"{prefix} {copy}.{place}"] = shuffled.reset_index(drop=True)
        both = pd.concat([frame, pd.DataFrame(shadows)], axis=1)
        found = importances(rows, both, int(draw.integers(2**31)), self.trees, self.depth)
        return found[: len(active)], float(np.percentile(found[len(active) :], self.percentile))

    def _tested(self, state: Contest, hit: Integers, number: int) -> Contest:
        """Count the hits of a round and decide where they are too many, or too few, for a coin."""
        hits = state.hits.copy()
        hits[hit] += 1
        active = np.flatnonzero(state.decision != REJECTED)
        often = np.where(hits[active] > 0, bdtrc(hits[active] - 1, number, 0.5), 1.0)
        seldom = bdtr(hits[active], number, 0.5)
        decision = state.decision.copy()
        for p, verdict in ((often, CONFIRMED), (seldom, REJECTED)):
            told = active[self._significant(p, number, len(hits)) & (state.decision[active] == TENTATIVE)]
            decision[told] = verdict
        played = np.where(state.decision != REJECTED, number, state.played)
        return Contest(hits, decision, played)

    def _significant(self, p: Floats, number: int, k: int) -> NDArray[np.bool_]:
        if not self.two_step:
            return p <= self.alpha / k
        return (benjamini_hochberg(p) <= self.alpha) & (p <= self.alpha / number)


@dataclass(frozen=True, eq=False)
class Contest:
    """Where the contest stands: hits, decision and rounds played of every predictor, (k,) each."""

    hits: Integers
    decision: Integers
    played: Integers
