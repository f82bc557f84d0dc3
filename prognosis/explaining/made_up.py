"""Made-up patients from what a model file knows of its training cohort: distributions and correlations, no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.profile import QUANTILES, LevelProfile, NumericProfile, Profile

if TYPE_CHECKING:
    from prognosis.joint_distance import JointDistance
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def profile_is_known(profile: Profile) -> bool:
    """Tell whether distributions are known, and not only ranges, as of a published model."""
    return all(each.shares if isinstance(each, LevelProfile) else each.density for each in profile.values())


def made_up_patients(model: FittedModel, count: int, seed: int = 0) -> pd.DataFrame:
    """Return so many made-up patients, index ``made up 1`` and so on: predictors, and columns of strata and offset.

    Each predictor has the distribution of the training cohort: its values stand at the middles of `count` equal parts
    of it. Which values go together follows a normal copula with the correlations of the design columns (Sklar 1959;
    the first column of a spline, the dummies of a category), a little too weak where a distribution is skewed; without
    them, chance. Columns of strata and offset, which
    an explanation takes from the patient, hold the first stratum and 0.

    Parameters
    ----------
    model : whose `profile_is_known`. seed : of the draws.
    """
    latent = _latent(model, count, seed)
    columns: dict[str, Any] = {}
    for name in model.predictors:
        profile, scores = model.profile[name], latent[name]
        if isinstance(profile, LevelProfile):
            columns[name] = _levels(profile, scores)
        else:
            place = np.argsort(np.argsort(scores[:, 0], kind="stable"), kind="stable")
            columns[name] = quantiles(profile, (place + 0.5) / count)
    first = dict(part.split("=", 1) for part in (model.estimate.stratum_names[:1] or ("",))[0].split(", ") if part)
    extra = {name: first.get(name, 0.0) for name in model.door.extra}
    return pd.DataFrame(columns | extra, index=[f"made up {row + 1}" for row in range(count)])


def _latent(model: FittedModel, count: int, seed: int) -> dict[str, Floats]:
    """Return normal scores of the main design columns of each predictor, (count, columns of it)."""
    random = np.random.default_rng(np.random.SeedSequence([model.seed, seed, 2]))
    terms = model.preparation.terms
    width = sum(len(term.names) for term in terms)
    distance: JointDistance | None = model.distance
    if distance is None or len(distance.mean) < width:
        drawn, mean, scale = random.standard_normal((count, width)), np.zeros(width), np.ones(width)
    else:
        drawn = random.standard_normal((count, distance.rank)) * np.sqrt(distance.spread) @ distance.axes.T
        mean, scale = distance.mean, distance.scale
    out, start = {}, 0
    for term in terms:
        own = slice(start, start + len(term.names))
        # those of a category are compared with each other, as shares
        out[term.variable] = mean[own] + scale[own] * drawn[:, own]
        start += len(term.names)
    return out


def _levels(profile: LevelProfile, scores: Floats) -> list[str]:
    """Give each level its share of the patients: those whose score for it is highest, the rarest level first."""
    count = len(scores)
    # the first level has no dummy: whoever is least like the others
    full = np.column_stack([1 - scores.sum(axis=1), scores])
    wanted = _whole_numbers(np.array(profile.shares), count)
    found, free = np.zeros(count, np.int64), np.ones(count, bool)
    for level in np.argsort(wanted, kind="stable")[:-1]:
        rows = np.flatnonzero(free)
        best = rows[np.argsort(-full[rows, level], kind="stable")[: wanted[level]]]
        found[best], free[best] = level, False
    found[free] = int(np.argsort(wanted, kind="stable")[-1])
    return [profile.levels[level] for level in found]


def _whole_numbers(shares: Floats, count: int) -> Integers:
    """Return whole numbers that add up to `count`, the largest remainders rounded up."""
    exact = shares / shares.sum() * count
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: count - int(whole.sum())]] += 1
    return whole


def quantiles(profile: NumericProfile, p: Floats) -> Floats:
    """Return quantiles of a numeric predictor from its stored quantiles and histogram, in between by straight lines.

    A predictor of few distinct values takes only those, by their shares in the histogram.
    """
    cumulated = np.concatenate([[0.0], np.cumsum(profile.density)])
    if profile.values:
        values = np.array(profile.values)
        # up to and with each value: halfway to the next one
        between = np.concatenate([(values[1:] + values[:-1]) / 2, [np.inf]])
        reached = np.interp(between, profile.edges, cumulated / cumulated[-1])
        reached = _two_values(profile) if len(values) == 2 else reached
        return values[np.minimum(np.searchsorted(reached, p, side="left"), len(values) - 1)]
    known = np.array([getattr(profile, name) for name in QUANTILES]), np.array(list(QUANTILES.values()))
    value = np.concatenate([known[0], profile.edges])
    share = np.concatenate([known[1], cumulated / cumulated[-1]])
    order = np.lexsort((share, value))
    return np.interp(p, np.maximum.accumulate(share[order]), value[order])


def _two_values(profile: NumericProfile) -> Floats:
    """Return the cumulated shares of two values, which the mean tells exactly."""
    low, high = profile.values
    return np.array([1 - (profile.mean - low) / (high - low), 1.0])
