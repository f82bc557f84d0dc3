"""Which ways of explaining a model has, and which one answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.explaining.enumeration import MOST, USUAL
from prognosis.explaining.explanation import SCALES
from prognosis.forest.estimate import ForestEstimate

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Method = Literal["path-dependent", "interventional", "linear", "native", "enumeration", "permutation"]
WORDS: dict[Method, str] = {
    "path-dependent": "exact, path-dependent",
    "interventional": "exact, interventional",
    "linear": "exact on the linear predictor, interactions shared equally",
    "native": "exact on the model's own linear predictor, path-dependent by column",
    "enumeration": "exact, all coalitions of variables over a background",
    "permutation": "sampled, random orders of variables over a background",
}
# These average over rows of their own; the others need a background.
WITHOUT: tuple[Method, ...] = ("path-dependent", "linear", "native")


def chosen_method(
    model: FittedModel, scale: str, method: str | None, horizons: Sequence[float] | None, *, given: bool
) -> Method:
    """Return the method that answers; `given` : whether a background was.

    Raises
    ------
    PredictionError
        S14 an unknown scale or method; X03 a method that this model does not have on this scale, or that has no use for
        a background; X06 too many variables for all coalitions; P12 horizons of a linear predictor.
    """
    raise_findings(_unknown(scale, method, horizons), PredictionError)
    own = _own(model.estimate, scale)
    count = len(model.predictors)
    general: list[Method] = ["enumeration", "permutation"] if count <= USUAL else ["permutation", "enumeration"]
    possible = [*own, *general]
    if method is None:
        return next(name for name in possible if not (given and name in WITHOUT))
    chosen = next((name for name in possible if name == method), None)
    if chosen is None:
        rule = f'method="{method}" does not explain {model.kind} models with scale="{scale}"'
        raise PredictionError(Finding("X03", rule, f"one of {', '.join(possible)}"))
    if given and chosen in WITHOUT:
        rule = f'method="{method}" averages over the training rows and has no use for a background'
        raise PredictionError(Finding("X03", rule, "leave the background out, or choose another method"))
    if chosen == "enumeration" and count > MOST:
        rule = f"{count} variables have {2**count} coalitions; at most {MOST} variables are enumerated"
        raise PredictionError(Finding("X06", rule, 'method="permutation"'))
    return chosen


def _unknown(scale: str, method: str | None, horizons: Sequence[float] | None) -> list[Finding]:
    found = []
    if scale not in SCALES:
        found.append(Finding("S14", f"scale={scale!r} is not allowed", f"one of {', '.join(SCALES)}"))
    if method is not None and method not in WORDS:
        found.append(Finding("S14", f"method={method!r} is not allowed", f"None or one of {', '.join(WORDS)}"))
    if scale == "linear_predictor" and horizons is not None:
        rule = f"horizons={horizons!r}, but the linear predictor has no time"
        found.append(Finding("P12", rule, 'leave the horizons out, or scale="risk"'))
    return found


def _own(estimate: Any, scale: str) -> list[Method]:
    """Methods that only this kind of model has, the usual one first."""
    if scale == "risk":
        return ["path-dependent", "interventional"] if isinstance(estimate, ForestEstimate) else []
    if hasattr(estimate, "linear_contributions"):
        return ["native"]
    return ["linear"] if hasattr(estimate, "coefficients") else []
