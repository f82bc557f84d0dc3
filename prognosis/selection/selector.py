"""What every selector is: plain parameters, and a choice among candidates that every fit repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from cohorts.errors import Finding, FitError
from prognosis.limits import Limit, Shape
from prognosis.selection.candidates import Candidates
from prognosis.selection.result import Path, Selection

Floats = NDArray[np.float64]


def whole(least: int) -> Shape:
    """Limit of a whole number of at least so many."""
    return Shape(f"a whole number of at least {least}", lambda x: _whole(x, least))


def whole_or_none(least: int) -> Shape:
    """Limit of a whole number of at least so many, or None."""
    return Shape(f"a whole number of at least {least}, or None", lambda x: x is None or _whole(x, least))


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= least)


def share(*, none: bool = False) -> Shape:
    """Limit of a number above 0 and at most 1."""
    return Shape(
        "a number above 0 and at most 1" + (", or None" if none else ""),
        lambda x: (none and x is None) or (isinstance(x, float | int) and not isinstance(x, bool) and 0 < x <= 1),
    )


FLAG = Shape("True or False", lambda x: isinstance(x, bool))


class Selector(BaseEstimator):
    """A rule that chooses predictors before a model is fitted to them.

    A new selector is one file in ``prognosis/selection`` with a subclass that sets `kind` and `words`, and whose
    ``choose(candidates)`` returns a `Selection`. Every random step draws from `Candidates.draw`, every inner division
    from `Candidates.folds`: then copies of a patient stay together, and the choice depends on nothing but the rows.
    """

    kind: ClassVar[str] = ""
    # How the choice is called in a sentence: "kept by ...".
    words: ClassVar[str] = ""
    limits: ClassVar[Mapping[str, Limit]] = {}

    def choose(self, candidates: Candidates) -> Selection:
        """Choose among the candidates.

        Raises
        ------
        FitError
            S20 none is left; what the selector names.
        """
        raise NotImplementedError

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns of X that the choice looks at and that are no predictors."""
        return ()

    def check_parameters(self) -> None:
        """Check every parameter that has a declared limit.

        Raises
        ------
        FitError
            S14 naming all parameters out of their limits.
        """
        faults = [
            Finding(
                "S14",
                f"{type(self).__name__}: {name}={getattr(self, name)!r} is not allowed",
                f"{name} must be {limit}",
            )
            for name, limit in self.limits.items()
            if not limit.allows(getattr(self, name))
        ]
        if faults:
            raise FitError(*faults)

    def selected(
        self,
        candidates: Candidates,
        kept: Sequence[str],
        statistics: Mapping[str, Floats],
        *,
        rank: Floats | None = None,
        decision: Sequence[str] | None = None,
        path: Path | None = None,
    ) -> Selection:
        """Write the choice down; those that are forced in are kept.

        Parameters
        ----------
        kept : predictors. statistics : (k,) each, of the candidates. rank : (k,) smallest first in the table.
        decision : (k,) in words, default kept or dropped. path : the steps.

        Raises
        ------
        FitError
            S20 nothing is kept.
        """
        names = candidates.names
        chosen = tuple(name for name in names if name in {*kept, *candidates.always})
        if not chosen:
            rule = f"none of {len(names)} predictors is kept by {self.words}"
            raise FitError(Finding("S20", rule, "a milder limit, or always=[...]: the predictors may say nothing"))
        said = list(decision) if decision is not None else ["kept" if name in chosen else "dropped" for name in names]
        said = ["always" if name in candidates.always else word for name, word in zip(names, said, strict=True)]
        order = np.arange(len(names)) if rank is None else np.lexsort((np.arange(len(names)), rank))
        values = (
            np.column_stack([np.asarray(v, float) for v in statistics.values()])
            if statistics
            else np.empty((len(names), 0))
        )
        return Selection(
            selector=self.kind,
            settings=plain(self.get_params()),
            candidates=names,
            columns=candidates.columns.design.shape[1],
            kept=chosen,
            always=candidates.always,
            statistics=tuple(statistics),
            values=values,
            decision=tuple(said),
            ranking=tuple(names[place] for place in order),
            path=path or Path(),
        )


def plain(value: Any) -> Any:
    """Return parameters as a file keeps them; a recipe by its name and parameters."""
    if isinstance(value, BaseEstimator):
        return {"class": type(value).__name__} | {
            key: plain(item) for key, item in value.get_params(deep=False).items()
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
