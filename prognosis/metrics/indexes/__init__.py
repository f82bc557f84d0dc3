"""Metrics of a validation, some to a file. The folder is walked: a new `Index` needs no entry anywhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.metrics.index import FINE, Index


@cache
def indexes() -> dict[str, Index]:
    """All metrics by their names, in the order of tables."""
    found: dict[str, Index] = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        found |= {value.name: value for value in vars(module).values() if isinstance(value, Index)}
    return dict(sorted(found.items(), key=lambda item: item[1].rank))


def chosen_indexes(
    metrics: Sequence[str] | str | None,
    kind: str,
    thresholds: Sequence[float],
    horizons: int,
    *,
    external: bool = False,
) -> tuple[Index, ...]:
    """Return the metrics that are asked for; by default those in use for this kind of endpoint.

    Parameters
    ----------
    metrics : names, ``"all"``, or None. kind : of the endpoint. thresholds : without any, metrics that need one are
        left out by default. horizons : how many are declared. external : defaults of a validation in other patients.

    Raises
    ------
    PredictionError
        M12 an unknown name, a metric that this kind of endpoint does not have, or one without its threshold or
        horizons; M15 an empty list.
    """
    known = {name: index for name, index in indexes().items() if kind in index.endpoints}
    lacks = {name: why for name, index in known.items() if (why := _lacking(index, kind, thresholds, horizons))}
    ready = {name: index for name, index in known.items() if name not in lacks}
    if metrics == "all":
        return tuple(ready.values())
    if metrics is None:
        return tuple(i for i in ready.values() if (i.external if external else i.internal) or i.by_threshold)
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    if not names:
        raise PredictionError(Finding("M15", "no metric is asked for", "leave metrics out for those in use"))
    wrong = [name for name in names if name not in known]
    if wrong:
        rule = f"a {kind} endpoint has no metric {', '.join(map(str, wrong))}"
        raise PredictionError(Finding("M12", rule, f"choose among {', '.join(known)}"))
    faults = [Finding("M12", f"{name} {lacks[name][0]}", lacks[name][1]) for name in names if name in lacks]
    raise_findings(faults, PredictionError)
    return tuple(index for name, index in ready.items() if name in names)


def _lacking(index: Index, kind: str, thresholds: Sequence[float], horizons: int) -> tuple[str, str] | None:
    """Say what a metric needs and does not have, and the way out."""
    if index.by_threshold and not len(thresholds):
        return "at which risk?", "give thresholds=(...), the risks from which on one would treat"
    if index.grid and horizons < FINE:
        return f"over {horizons} horizons is no integral", f"declare at least {FINE} horizons, or ask for brier"
    if index.by_horizon and kind != "binary" and not horizons:
        return "at which time?", "declare horizons"
    return None
