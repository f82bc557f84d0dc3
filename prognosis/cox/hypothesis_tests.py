"""Tests and information criteria of a fitted Cox model: all terms together, and term by term."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from cohorts.errors import Finding, FitError
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.residuals import score_residuals
from prognosis.newton import inverse_of
from prognosis.preparation import Preparation
from prognosis.risk_sets import RiskSets
from prognosis.robust_errors import sum_by

Floats = NDArray[np.float64]


class ChiSquare(NamedTuple):
    """A chi-square test: statistic, degrees of freedom, p-value."""

    statistic: float
    df: int
    p: float


@dataclass(frozen=True)
class CoxTests:
    """Tests of all coefficients at once, and information criteria.

    Parameters
    ----------
    likelihood_ratio, wald, score : Wald's with the covariance of the estimate, robust where that is robust; the
        other two take rows as independent. robust_score : allows for clusters and weights; None where not asked for.
    aic : 2 p - 2 log L. bic : p log(events) - 2 log L, as R (Volinsky and Raftery, 2000).
    """

    likelihood_ratio: ChiSquare
    wald: ChiSquare
    score: ChiSquare
    aic: float
    bic: float
    robust_score: ChiSquare | None = None

    def table(self) -> pd.DataFrame:
        """One row a test: test, chisq, df, p."""
        found = {"likelihood ratio": self.likelihood_ratio, "Wald": self.wald, "score": self.score}
        if self.robust_score is not None:
            found["robust score"] = self.robust_score
        return pd.DataFrame([(name, *test) for name, test in found.items()], columns=["test", "chisq", "df", "p"])


def chi_square(statistic: float, df: int) -> ChiSquare:
    """Attach the p-value, accurate in the far tail."""
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)))


def wald_test(coefficients: Floats, covariance: Floats, columns: Iterable[int] | None = None) -> ChiSquare:
    """Wald's test that some (default: all) coefficients are zero together."""
    chosen = list(range(len(coefficients)) if columns is None else columns)
    beta = coefficients[chosen]
    return chi_square(float(beta @ np.linalg.solve(covariance[np.ix_(chosen, chosen)], beta)), len(chosen))


def cox_tests(
    estimate: CoxEstimate,
    events: int,
    *,
    ridge: float = 0.0,
    firth: bool = False,
    robust_score: ChiSquare | None = None,
) -> CoxTests:
    """Likelihood-ratio, Wald and score test of the whole model, AIC and BIC.

    Parameters
    ----------
    estimate : of the fit. events : number of rows with the event (not their weight, as R counts).
    ridge, firth : penalty of the fit. robust_score : from `robust_score_test`.

    Raises
    ------
    FitError
        N26 the fit is penalised: the statistics have no chi-square distribution on p degrees of freedom.

    Notes
    -----
    Source: Therneau and Grambsch (2000), section 3.4; R's ``summary(coxph)``, ``AIC`` and ``BIC``. R prints
    Wald's statistic of all terms rounded to two digits.
    """
    if ridge or firth:
        penalty = "Firth's penalty" if firth else f"a ridge penalty of {ridge:g}"
        rule = f"{penalty} shrinks the coefficients: tests on p degrees of freedom and AIC do not hold"
        raise FitError(Finding("N26", rule, "fit without a penalty, or judge the model by validation"))
    p, (null, full) = len(estimate.coefficients), estimate.loglik
    return CoxTests(
        likelihood_ratio=chi_square(2 * (full - null), p),
        wald=wald_test(estimate.coefficients, estimate.covariance),
        score=chi_square(estimate.score_test, p),
        aic=2 * p - 2 * full,
        bic=p * float(np.log(events)) - 2 * full,
        robust_score=robust_score,
    )


def robust_score_test(
    design: Floats,
    risk_sets: RiskSets,
    *,
    offset: Floats | None = None,
    cluster: NDArray[np.int64] | None = None,
    efron: bool = True,
) -> ChiSquare:
    """Score test at zero whose variance is the sum of squares of the clusters' own scores.

    Parameters
    ----------
    design : (n, p). offset : (n,). cluster : (n,) index 0, 1, ...; None: each row is its own.

    Notes
    -----
    Not a number where the scores of the clusters have no inverse. Source: Lin and Wei (1989); ``robscore`` of R's
    ``summary(coxph)`` (which leaves an offset out at zero; here it stays in).
    """
    eta = np.zeros(len(design)) if offset is None else offset
    scores = score_residuals(design, eta, risk_sets, efron) * risk_sets.weight[:, None]
    if cluster is not None:
        scores = sum_by(scores, cluster)
    total = scores.sum(axis=0)
    return chi_square(float(total @ inverse_of(scores.T @ scores) @ total), design.shape[1])


def wald_tests(estimate: CoxEstimate, preparation: Preparation) -> pd.DataFrame:
    """Wald test of each term: all its columns together, its non-linear part, and its interactions.

    Returns
    -------
    DataFrame with the columns term, part, chisq, df, p. `part` is ``total`` (a main effect together with the
    interactions that hold it), ``interactions``, ``nonlinear`` (spline columns beyond the first, in interactions
    too). The terms TOTAL (with its non-linear part and all interactions) end the table.

    Notes
    -----
    Source: Harrell, Regression Modeling Strategies, section 2.6; R's ``rms::anova`` (its rows Factor+Higher Order
    Factors, All Interactions, Nonlinear, TOTAL NONLINEAR, TOTAL INTERACTION, TOTAL NONLINEAR + INTERACTION, TOTAL).
    """
    parts = _parts(preparation)
    tested = {key: wald_test(estimate.coefficients, estimate.covariance, columns) for key, columns in parts.items()}
    rows = [(*key, *test) for key, test in tested.items()]
    return pd.DataFrame(rows, columns=["term", "part", "chisq", "df", "p"])


def _parts(preparation: Preparation) -> dict[tuple[str, str], list[int]]:
    """Design columns of each test, in rms's order; tests without a column are left out."""
    pieces = _pieces(preparation)
    bent = {(term.variable, name) for term in preparation.terms if term.knots for name in term.names[1:]}
    crossed = [place for place, piece in enumerate(pieces) if len(piece) > 1]
    parts: dict[tuple[str, str], list[int]] = {}
    for group in [(term.variable,) for term in preparation.terms] + list(preparation.interactions):
        name = " * ".join(group)
        held = [place for place, piece in enumerate(pieces) if set(group) <= {variable for variable, _ in piece}]
        own = {piece for piece in bent if piece[0] in group}
        parts[name, "total"] = held
        parts[name, "interactions"] = sorted(set(held) & set(crossed)) if len(group) == 1 else []
        parts[name, "nonlinear"] = [place for place in held if own & set(pieces[place])]
    nonlinear = [place for place, piece in enumerate(pieces) if bent & set(piece)]
    parts["TOTAL", "nonlinear"] = nonlinear
    parts["TOTAL", "interactions"] = crossed
    parts["TOTAL", "nonlinear or interaction"] = sorted({*nonlinear, *crossed}) if nonlinear and crossed else []
    parts["TOTAL", "total"] = list(range(len(pieces)))
    return {key: columns for key, columns in parts.items() if columns}


def _pieces(preparation: Preparation) -> list[tuple[tuple[str, str], ...]]:
    """List what each design column multiplies: (variable, column of its main effect), in the order of the design."""
    names = {term.variable: term.names for term in preparation.terms}
    main: list[tuple[tuple[str, str], ...]] = [((variable, name),) for variable in names for name in names[variable]]
    crossed = [((a, left), (b, right)) for a, b in preparation.interactions for right in names[b] for left in names[a]]
    return [*main, *crossed]
