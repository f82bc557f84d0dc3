"""Score test of proportional hazards, term by term and for all terms together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
Transform = Literal["km", "rank", "identity", "log"]


def proportional_hazards_test(
    design: Floats,
    eta: Floats,
    risk_sets: RiskSets,
    terms: Mapping[str, Sequence[int]],
    *,
    entry: Floats | None = None,
    time: Floats,
    transform: Transform = "km",
    efron: bool = True,
) -> pd.DataFrame:
    """Test whether coefficients change with a transform g(t) of time.

    The score test of adding ``g(t) * x`` to the model, for each term (given as its columns) and globally.
    Source: Grambsch and Therneau (1994) in the exact form of R's ``cox.zph`` since survival 3.0.

    Returns
    -------
    DataFrame with the columns term, chisq, df, p; the last row is GLOBAL.

    Raises
    ------
    FitError
        N02 for an unknown transform; N05 when columns depend on each other, which only a penalty can fit.
    """
    if transform not in get_args(Transform):
        raise FitError(
            Finding("N02", f"unknown transform of time '{transform}'", f"one of {', '.join(get_args(Transform))}")
        )
    r = risk_sets
    died = r.death >= 0
    moments = event_sums(design, eta, risk_sets, efron)
    stretched = _stretch(time, died, entry, transform)
    by_row = stretched - stretched[died].mean()
    g = np.zeros(len(r.time))
    g[r.death[died]] = by_row[died]
    _, s1, _, d1, ties = moments
    expected = ties[:, 1, None] * s1 - ties[:, 2, None] * d1
    p = design.shape[1]
    score = ((r.weight * by_row)[died, None] * design[died]).sum(axis=0) - (g[:, None] * expected).sum(axis=0)
    plain, linear, square = (
        _information(design, eta, r, (s1, d1, ties), power) for power in (np.ones_like(g), g, g * g)
    )
    information = np.block([[plain, linear], [linear.T, square]])
    rows = [(name, *_score_test(score, information, p, list(columns))) for name, columns in terms.items()]
    rows.append(("GLOBAL", *_score_test(score, information, p, list(range(p)))))
    return pd.DataFrame(rows, columns=["term", "chisq", "df", "p"])


def _stretch(time: Floats, died: NDArray[np.bool_], entry: Floats | None, transform: Transform) -> Floats:
    """Transform of time for every row; only those with an event are used."""
    from scipy.stats import rankdata

    out = np.zeros(len(time))
    if transform == "identity":
        return time
    if transform == "log":
        out[died] = np.log(time[died])
    elif transform == "rank":
        # cox.zph ranks all times, censored ones too
        out[:] = rankdata(time)
    else:
        out[died] = _one_minus_km_before(time, died, entry)
    return out


def _one_minus_km_before(time: Floats, died: NDArray[np.bool_], entry: Floats | None) -> Floats:
    """1 - S(t-) of the whole cohort at each event, strata and weights left aside as cox.zph does."""
    events, count = np.unique(time[died], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), events, side="left")
    if entry is not None:
        at_risk = at_risk - (len(time) - np.searchsorted(np.sort(entry), events, side="left"))
    before = np.concatenate([[1.0], np.cumprod(1 - count / at_risk)])
    return 1 - before[np.searchsorted(events, time[died], side="left")]


def _information(
    design: Floats, eta: Floats, r: RiskSets, sums: tuple[Floats, Floats, Floats], factor: Floats
) -> Floats:
    """Sum over event times of `factor` times the covariance of the covariates in the risk set."""
    s1, d1, ties = sums
    scaled = ties * factor[:, None]
    own = over_risk_time(scaled[:, 1:2].copy(), r)[:, 0]
    died = r.death >= 0
    own[died] -= scaled[r.death[died], 2]
    spread = design.T @ (design * (r.weight * np.exp(eta) * own)[:, None])
    cross = s1.T @ (scaled[:, 4, None] * d1)
    return spread - (s1.T @ (scaled[:, 3, None] * s1) - cross - cross.T + d1.T @ (scaled[:, 5, None] * d1))


def _score_test(score: Floats, information: Floats, p: int, columns: list[int]) -> tuple[float, int, float]:
    from scipy.stats import chi2

    keep = list(range(p)) + [p + column for column in columns]
    u = np.concatenate([np.zeros(p), score[columns]])
    try:
        statistic = float(u @ np.linalg.solve(information[np.ix_(keep, keep)], u))
    except np.linalg.LinAlgError:
        rule = "the test has no answer: columns depend on each other"
        raise FitError(Finding("N05", rule, "leave one of them out and fit without a penalty")) from None
    return statistic, len(columns), float(chi2.sf(statistic, len(columns)))
