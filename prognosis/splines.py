"""Restricted cubic splines: Harrell's basis and default knots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]

FEWEST_KNOTS, MOST_KNOTS = 3, 10
# Hmisc's `fractied`: a value at an end that holds this share of the rows would swallow the outer knot.
TIED_SHARE = 0.05
# Below this many rows the outer knots are the fifth smallest and fifth largest value.
SMALL_SAMPLE = 100


def default_knots(values: Floats, count: int, name: str = "x") -> Floats:
    """Place knots at Harrell's default quantiles.

    Parameters
    ----------
    values : (n,) training values. count : number of knots, 3 to 10.

    Raises
    ------
    FitError
        S11 when the column has too few distinct values for that many knots.

    Notes
    -----
    Source: ``Hmisc::rcspline.eval`` (its defaults, including the rules for ties at the ends and for fewer than
    100 rows).
    """
    if not FEWEST_KNOTS <= count <= MOST_KNOTS:
        raise FitError(
            Finding(
                "S10",
                f"{count} knots asked for",
                f"a restricted cubic spline has {FEWEST_KNOTS} to {MOST_KNOTS} knots",
                name,
            )
        )
    if len(np.unique(values)) - 2 <= count:
        raise _too_few(values, count, name)
    inner, first, last = _without_tied_ends(np.sort(values))
    wanted = count - (first is not None) - (last is not None)
    outer = 0.1 if count == FEWEST_KNOTS else 0.025 if count > 6 else 0.05
    if wanted == 1:
        knots = np.array([np.median(inner)])
    else:
        probabilities = np.linspace(outer, 1 - outer, wanted) if wanted > 2 else np.array([0.5, 1 - outer])
        knots = np.quantile(inner, probabilities)
        if len(inner) < SMALL_SAMPLE:
            knots[0] = knots[0] if first is not None or len(inner) < 5 else inner[4]
            knots[-1] = knots[-1] if last is not None or len(inner) < 5 else inner[-5]
    ends = [np.array([end]) for end in (first, last) if end is not None]
    knots = np.unique(np.concatenate([*ends, knots]))
    if len(knots) != count:
        raise _too_few(values, count, name)
    return knots


def given_knots(knots: Floats, name: str = "x") -> Floats:
    """Check knots that the user gave, and sort them.

    Raises
    ------
    FitError
        S10 when they are not 3 to 10 different finite numbers.
    """
    if knots.ndim != 1 or not FEWEST_KNOTS <= len(knots) <= MOST_KNOTS or not np.isfinite(knots).all():
        wrong = f"knots {knots.tolist()}: {FEWEST_KNOTS} to {MOST_KNOTS} finite numbers are needed"
        raise FitError(Finding("S10", wrong, "give other knots, or their number (where a transform is used: inside "
                               "its domain)", name))  # fmt: skip
    if len(np.unique(knots)) < len(knots):
        raise FitError(Finding("S10", f"knots {knots.tolist()}: a knot is given twice", "give different knots", name))
    return np.sort(knots)


def _too_few(values: Floats, count: int, name: str) -> FitError:
    distinct = len(np.unique(values))
    why = (
        f"too few distinct values ({distinct})" if distinct - 2 <= count else "so many rows tie that quantiles coincide"
    )
    rule = f"{count} knots cannot be placed: {why}"
    return FitError(Finding("S11", rule, "use fewer knots, or give the knots as a list", column=name))


def _without_tied_ends(ordered: Floats) -> tuple[Floats, float | None, float | None]:
    """Set aside an end value that holds 5 % of the rows; the knot goes to the next value inside."""
    distinct, count = np.unique(ordered, return_counts=True)
    share = count / len(ordered)
    if len(distinct) < 3 or share[1:-1].max() >= TIED_SHARE:
        return ordered, None, None
    first = last = None
    if share[0] >= TIED_SHARE:
        first = float(distinct[1])
        ordered = ordered[ordered > first]
    if share[-1] >= TIED_SHARE:
        last = float(distinct[-2])
        ordered = ordered[ordered < last]
    return ordered, first, last


def spline_basis(values: Floats, knots: Floats) -> Floats:
    """Restricted cubic spline basis: the value itself and k - 2 non-linear columns, (n, k - 1).

    Linear beyond the outer knots; non-linear columns are divided by the squared distance of the outer knots, so that
    all are on the scale of the variable. Source: Harrell, Regression Modeling Strategies, 2.4.5;
    ``Hmisc::rcspline.eval(norm=2, inclx=TRUE)``.
    """
    end, before = knots[-1], knots[-2]
    x = values[:, None]
    scale = (end - knots[0]) ** (2 / 3)

    def cubed(knot: Floats) -> Floats:
        return np.maximum((x - knot) / scale, 0.0) ** 3

    inner = knots[:-2]
    bent = cubed(inner) + ((before - inner) * cubed(np.array([end])) - (end - inner) * cubed(np.array([before]))) / (
        end - before
    )
    return np.column_stack([values, bent])
