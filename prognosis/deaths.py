"""How many of the events of an endpoint such as progression or death were deaths, where the endpoint declares it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cohorts.errors import Finding, FitError, ModelFileError, PrognosisWarning
from prognosis.curves.aalen_johansen import aalen_johansen

if TYPE_CHECKING:
    from prognosis.study import Study


@dataclass(frozen=True)
class Deaths:
    """Deaths among the events of the training cohort.

    Parameters
    ----------
    count : events that were deaths. shares : by horizon the share of all patients who had died as their first event,
        by Aalen and Johansen (1978), the other events competing; it is a part of the observed share with the event.
    """

    count: int
    shares: tuple[tuple[float, float], ...]

    def at(self, horizon: float) -> float | None:
        """Share of all patients by a horizon; None where it was not asked for or not observed."""
        return dict(self.shares).get(horizon)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"count": self.count, "shares": [list(pair) for pair in self.shares]}

    @classmethod
    def restore(cls, stored: Mapping[str, Any]) -> Deaths:
        """Rebuild from `to_dict`.

        Raises
        ------
        ModelFileError
            L07 numbers that are no count and no shares.
        """
        pairs = tuple((float(horizon), float(share)) for horizon, share in stored["shares"])
        count = stored["count"]
        whole = isinstance(count, int) and not isinstance(count, bool) and count > 0
        if not (whole and all(horizon > 0 and 0 <= share <= 1 for horizon, share in pairs)):
            raise ModelFileError(Finding("L07", "deaths among the events are no shares", "get the file again"))
        return cls(count, pairs)


def deaths_of(study: Study, weights: str | None) -> Deaths | None:
    """Count the deaths among a study's events; None where the endpoint does not declare which codes are deaths.

    Parameters
    ----------
    weights : column of case weights of the model, which the shares count as its observed curve does.

    Raises
    ------
    FitError
        R40 no event has a code that is declared as a death, or all have: a slip in the codes.
    """
    declared = getattr(study.endpoint, "deaths", None)
    if declared is None:
        return None
    codes = declared if isinstance(declared, tuple) else (declared,)
    outcome, column = study.outcome, study.endpoint.event
    happened = outcome.event == 1
    died = happened & study.cohort.view((column,))[column].isin(codes).to_numpy()
    if not died.any() or died.sum() == happened.sum():
        rule = f"{int(died.sum())} of {int(happened.sum())} events have a code {codes!r} declared as deaths"
        raise FitError(Finding("R40", rule, "correct deaths in the endpoint, or leave it out", column))
    weight = None if weights is None else study.cohort.view((weights,))[weights].to_numpy(float)
    with warnings.catch_warnings():
        # a curve that ends early has no share at later horizons
        warnings.simplefilter("ignore", PrognosisWarning)
        curves = aalen_johansen(outcome.time, np.where(died, 2, happened), entry=outcome.entry, weight=weight)
    shares = curves.at(study.horizons)[:, 2] if study.horizons else ()
    known = [(float(h), float(share)) for h, share in zip(study.horizons, shares, strict=True) if np.isfinite(share)]
    return Deaths(int(died.sum()), tuple(known))
