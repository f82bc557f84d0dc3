"""Rubin's rules: one set of estimates, errors and degrees of freedom from the fits to several completed data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import block_diag
from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from cohorts.errors import Finding, FitError, raise_findings

Floats = NDArray[np.float64]

# mice: a smaller share of variance from missing values would make Rubin's degrees of freedom endless.
SMALLEST_SHARE = 1e-4
# Statistics that do not differ between the copies are one chi-square test.
SMALLEST_INCREASE = 1e-10


@dataclass(frozen=True)
class Pooled:
    """Estimates pooled over completed data sets, as ``mice::pool``.

    Parameters
    ----------
    names : (p,) terms. copies : completed data sets. estimate : (p,) mean of the estimates.
    within : (p, p) mean of their covariances. between : (p, p) covariance of the estimates over the copies.
    complete_freedom : (p,) residual degrees of freedom if nothing were missing (mice's dfcom): events minus
        coefficients for Cox, patients minus coefficients (with the intercept) for logistic regression, at least 1.

    Notes
    -----
    Sources: Rubin (1987), Barnard and Rubin (1999), van Buuren (2018) section 2.3.
    """

    names: tuple[str, ...]
    copies: int
    estimate: Floats
    within: Floats
    between: Floats
    complete_freedom: Floats

    @property
    def total(self) -> Floats:
        """Total covariance, (p, p): within plus (1 + 1 / copies) times between."""
        return self.within + (1 + 1 / self.copies) * self.between

    @property
    def share(self) -> Floats:
        """Share of each term's variance that comes from missing values, (p,): mice's lambda."""
        return (1 + 1 / self.copies) * np.diag(self.between) / np.diag(self.total)

    @property
    def increase(self) -> Floats:
        """Relative increase of the variance by missing values, (p,): mice's riv."""
        return (1 + 1 / self.copies) * np.diag(self.between) / np.diag(self.within)

    @property
    def freedom(self) -> Floats:
        """Degrees of freedom of each term, (p,), by Barnard and Rubin."""
        share, complete = np.maximum(self.share, SMALLEST_SHARE), self.complete_freedom
        large_sample = (self.copies - 1) / share**2
        endless = np.isinf(complete)
        finite = np.where(endless, 1.0, complete)
        observed = (finite + 1) / (finite + 3) * finite * (1 - share)
        return np.where(endless, large_sample, large_sample * observed / (large_sample + observed))

    @property
    def missing_information(self) -> Floats:
        """Fraction of missing information about each term, (p,): mice's fmi."""
        return (self.increase + 2 / (self.freedom + 3)) / (self.increase + 1)

    @property
    def table(self) -> pd.DataFrame:
        """Table of the pooling: term, m, estimate, ubar, b, t, dfcom, df, riv, lambda, fmi, as mice prints them."""
        return pd.DataFrame(
            {
                "term": self.names,
                "m": self.copies,
                "estimate": self.estimate,
                "ubar": np.diag(self.within),
                "b": np.diag(self.between),
                "t": np.diag(self.total),
                "dfcom": self.complete_freedom,
                "df": self.freedom,
                "riv": self.increase,
                "lambda": self.share,
                "fmi": self.missing_information,
            }
        )

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of terms: estimate, se, statistic, df, p, lower and upper by the t distribution, fmi."""
        se, df = np.sqrt(np.diag(self.total)), self.freedom
        width = stdtrit(df, 0.5 + level / 2) * se
        return pd.DataFrame(
            {
                "term": self.names,
                "estimate": self.estimate,
                "se": se,
                "statistic": self.estimate / se,
                "df": df,
                "p": 2 * stdtr(df, -np.abs(self.estimate / se)),
                "lower": self.estimate - width,
                "upper": self.estimate + width,
                "fmi": self.missing_information,
            }
        )

    def with_t(self, terms: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
        """Return the summary of an estimate with limits and p by t in place of z, and the columns df and fmi.

        Limits stay on the scale of the summary: of the ratio where there is a column ``*_ratio``. Terms that were not
        pooled keep their line. Where every cause has coefficients of its own, the pooled names are those of `of_cause`.
        """
        own, ratio = self.summary(level).set_index("term"), any(str(name).endswith("_ratio") for name in terms)
        out = terms.assign(df=np.nan, fmi=np.nan)
        keys = out["term"]
        if "cause" in out:
            keys = pd.Series([of_cause(cause, term) for cause, term in zip(out["cause"], out["term"], strict=True)])
        rows = keys.isin(own.index).to_numpy()
        found = own.loc[keys[rows]]
        for name in ("p", "df", "fmi"):
            out.loc[rows, name] = found[name].to_numpy()
        with np.errstate(over="ignore"):
            for name in ("lower", "upper"):
                limit = found[name].to_numpy()
                out.loc[rows, name] = np.exp(limit) if ratio else limit
        return out.rename(columns={"z": "t"})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {"estimate": self.estimate, "within": self.within, "between": self.between}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array; endless degrees of freedom are null."""
        complete = [None if np.isinf(freedom) else float(freedom) for freedom in self.complete_freedom]
        return {"names": list(self.names), "copies": self.copies, "complete_freedom": complete}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Pooled:
        """Rebuild from `to_dict` and `arrays`."""
        complete = [np.inf if freedom is None else freedom for freedom in stored["complete_freedom"]]
        return cls(
            names=tuple(stored["names"]),
            copies=stored["copies"],
            estimate=arrays["estimate"],
            within=arrays["within"],
            between=arrays["between"],
            complete_freedom=np.array(complete, float),
        )


def pool(
    names: Sequence[Sequence[str]],
    coefficients: Sequence[Floats],
    covariances: Sequence[Floats],
    complete_freedom: float = np.inf,
) -> Pooled:
    """Pool the fits to several completed data sets.

    Parameters
    ----------
    names : of the terms of every fit. coefficients : (p,) each. covariances : (p, p) each.
    complete_freedom : degrees of freedom if nothing were missing; below 1 they count as 1.

    Raises
    ------
    FitError
        C39 fewer than two fits, or fits of different terms.
    """
    raise_findings(_check_fits(names), FitError)
    estimates = np.array(coefficients, float)
    centred = estimates - estimates.mean(axis=0)
    return Pooled(
        names=tuple(names[0]),
        copies=len(estimates),
        estimate=estimates.mean(axis=0),
        within=np.mean(covariances, axis=0),
        between=centred.T @ centred / (len(estimates) - 1),
        complete_freedom=np.full(estimates.shape[1], max(complete_freedom, 1.0)),
    )


def of_cause(cause: int, term: str) -> str:
    """Name of a term of one cause among those of all causes."""
    return f"{cause} {term}"


def pooled_causes(parts: Mapping[int, Pooled]) -> Pooled:
    """Put the poolings of all causes together; they are estimated apart, so what lies off the blocks is zero."""
    return Pooled(
        names=tuple(of_cause(cause, name) for cause, part in parts.items() for name in part.names),
        copies=next(iter(parts.values())).copies,
        estimate=np.concatenate([part.estimate for part in parts.values()]),
        within=block_diag(*(part.within for part in parts.values())),
        between=block_diag(*(part.between for part in parts.values())),
        complete_freedom=np.concatenate([part.complete_freedom for part in parts.values()]),
    )


def _check_fits(names: Sequence[Sequence[str]]) -> list[Finding]:
    if len(names) < 2:
        rule = f"{len(names)} fit: Rubin's rules need the fits to at least two completed data sets"
        return [Finding("C39", rule, "copies=5 or more")]
    if any(tuple(terms) != tuple(names[0]) for terms in names):
        rule = "the fits to the completed data sets have different terms"
        return [Finding("C39", rule, "fit one recipe with the same knots and levels to every copy")]
    return []


def pool_chi_squares(statistics: Floats, df: int) -> tuple[float, float]:
    """Pool a chi-square test over completed data sets: mean statistic, and the p-value of the D2 rule.

    Parameters
    ----------
    statistics : (m,) one a copy. df : degrees of freedom of each.

    Notes
    -----
    Source: Li, Meng, Raghunathan and Rubin (1991), Statistica Sinica 1:65-92.
    """
    copies, roots = len(statistics), np.sqrt(np.maximum(statistics, 0.0))
    mean, increase = float(statistics.mean()), (1 + 1 / copies) * float(roots.var(ddof=1))
    if increase < SMALLEST_INCREASE:
        return mean, float(chdtrc(df, mean))
    ratio = (mean / df - (copies + 1) / (copies - 1) * increase) / (1 + increase)
    freedom = df ** (-3 / copies) * (copies - 1) * (1 + 1 / increase) ** 2
    return mean, float(fdtrc(df, freedom, max(ratio, 0.0)))
