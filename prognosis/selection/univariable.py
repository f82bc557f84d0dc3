"""Score tests of every predictor alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.limits import Limit
from prognosis.score_tests import ScoreTests, cox_score_tests, logistic_score_tests
from prognosis.selection.candidates import Candidates
from prognosis.selection.result import Selection
from prognosis.selection.selector import Selector, share, whole_or_none

Floats = NDArray[np.float64]


class Univariable(Selector):
    """Keep predictors whose score test, each alone, is small enough.

    Parameters
    ----------
    keep : most predictors that are kept, those with the smallest p-values; None without limit.
    alpha : p-value that they must be below; None without limit.
    fdr : false discovery rate: those whose p-value, adjusted by Benjamini and Hochberg, is at most this; None without.

    Notes
    -----
    A predictor is tested with all its columns (levels, spline): degrees of freedom differ, p-values compare. Splines,
    transforms, strata, weights, offset and ties are those of the recipe. Equal to the score test of R's ``coxph``, or
    of its ``glm``; adjusted p-values as ``p.adjust(method = "BH")`` over all candidates but those forced in. With
    competing events by the cause-specific hazard of the event of interest; delayed entry counts. Of equal p-values the
    larger statistic comes first, then the earlier column.
    Source: Benjamini and Hochberg (1995).
    """

    kind: ClassVar[str] = "univariable"
    words: ClassVar[str] = "univariate score tests"
    limits: ClassVar[Mapping[str, Limit]] = {
        "keep": whole_or_none(1),
        "alpha": share(none=True),
        "fdr": share(none=True),
    }

    def __init__(self, keep: int | None = 10, alpha: float | None = None, fdr: float | None = None) -> None:
        self.keep = keep
        self.alpha = alpha
        self.fdr = fdr

    def check_parameters(self) -> None:
        """Check every parameter; something must limit the choice (S19)."""
        super().check_parameters()
        if self.keep is None and self.alpha is None and self.fdr is None:
            rule = "keep=None, alpha=None and fdr=None keep every predictor"
            raise FitError(Finding("S19", rule, "give keep=10, alpha=0.05 or fdr=0.05"))

    def choose(self, candidates: Candidates) -> Selection:
        """Test every predictor and keep the best.

        Raises
        ------
        FitError
            S20 no predictor passes, or none has any spread; T11, C18 no events or hardly any rows.
        """
        tests = score_tests(candidates)
        free = np.isin(candidates.names, candidates.free)
        adjusted = np.full(len(free), np.nan)
        adjusted[free] = benjamini_hochberg(tests.p[free])
        ranked = np.lexsort((np.arange(len(free)), -tests.statistic, tests.p))
        chosen = ranked[self._usable(tests, adjusted, free)[ranked]][: self.keep]
        if not len(chosen) and not candidates.always:
            raise FitError(self._none_passes(tests, adjusted))
        kept = [candidates.names[place] for place in chosen]
        rank = np.empty(len(free))
        rank[ranked] = np.arange(len(free))
        numbers = {"chisq": tests.statistic, "df": tests.df, "p": tests.p, "adjusted_p": adjusted}
        return self.selected(candidates, kept, numbers, rank=rank)

    def _usable(self, tests: ScoreTests, adjusted: Floats, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which may be kept; a predictor without any spread is never among them."""
        usable = (tests.df > 0) & free
        if self.alpha is not None:
            usable &= tests.p < self.alpha
        if self.fdr is not None:
            usable &= np.nan_to_num(adjusted, nan=2.0) <= self.fdr
        return usable

    def _none_passes(self, tests: ScoreTests, adjusted: Floats) -> Finding:
        if (self.alpha is None and self.fdr is None) or not tests.df.any():
            return Finding("S20", f"none of {len(tests.p)} predictors differs between patients", "check the columns")
        which, limit = ("p-value", self.alpha) if self.alpha is not None else ("adjusted p-value", self.fdr)
        smallest = np.nanmin(tests.p if self.alpha is not None else adjusted)
        rule = f"none of {len(tests.p)} predictors has a {which} below {limit:g}; the smallest is {smallest:.3g}"
        return Finding("S20", rule, "a larger limit, or none with keep=10: the predictors may say nothing")


def score_tests(candidates: Candidates) -> ScoreTests:
    """Test every candidate alone, with the strata, weights, offset and ties of the recipe."""
    candidates.require_events()
    columns, special, outcome = candidates.columns, candidates.special, candidates.outcome
    if not outcome.timed:
        event = outcome.event == 1
        tests = logistic_score_tests(columns.design, columns.owner, event, special.weight, special.offset)
    else:
        sets = candidates.risk_sets()
        tests = cox_score_tests(columns.design, columns.owner, sets, special.offset, efron=candidates.efron)
    # a category of one level at the end has no column, and so no place in the tests
    lacking = len(columns.names) - len(tests.p)
    return ScoreTests(
        np.append(tests.statistic, np.zeros(lacking)),
        np.append(tests.df, [0] * lacking).astype(np.int64),
        np.append(tests.p, np.ones(lacking)),
    )


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjust p-values, (k,): the smallest false discovery rate at which each would be found."""
    k, order = len(p), np.argsort(p)[::-1]
    out = np.empty(k)
    out[order] = np.minimum.accumulate(np.minimum(p[order] * k / np.arange(k, 0, -1), 1.0))
    return out
