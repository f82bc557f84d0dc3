"""Two or more readings of the same patients (CT and MRI, two readers) against the truth, alone and combined.

What "A or B" gains in sensitivity and "A and B" in specificity they gain by construction, whatever B is: no test is
made of it, and what a reading without any knowledge would have brought stands beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.metrics.agreement import CochranQ, Kappa, cochran_q, cohen_kappa, mcnemar
from prognosis.metrics.classification import METRICS, Proportion
from prognosis.metrics.roc import compare_paired, roc_auc

Flags = NDArray[np.bool_]
WIDTH = 110
# Patients with, or without, the finding below which an exact interval of a share can be 40 points wide.
FEW = 27


@dataclass(frozen=True)
class ReadingComparison:
    """Readings against the truth and against each other.

    Parameters
    ----------
    table : reading, metric, count, total, estimate, lower, upper; each reading, then "or" and "and" of all of them.
        Limits are exact (Clopper and Pearson).
    pairs : metric, first, second, n, only_first, only_second, difference (first - second), p of McNemar's exact test;
        p is not a number where the sign of the difference is fixed by construction. by_construction : bool.
    cochran : Cochran's Q by metric, over the single readings. kappa : agreement of each pair of single readings.
    areas : first, second, difference, lower, upper, p of DeLong's paired test; empty without scores.
    by_chance : reading, or_gain, chance_gain, and_gain, chance_and_gain: see `compare_readings`.
    warnings : A19 what a combination gains by construction; A29 few patients or none of one kind.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    cochran: Mapping[str, CochranQ]
    kappa: Mapping[tuple[str, str], Kappa]
    areas: pd.DataFrame
    by_chance: pd.DataFrame
    warnings: tuple[Finding, ...]

    def text(self) -> str:
        """Return the comparison as a page of plain text."""
        return "\n".join(_page(self)) + "\n"


def compare_readings(
    truth: ArrayLike, readings: Mapping[str, ArrayLike], scores: Mapping[str, ArrayLike] | None = None
) -> ReadingComparison:
    """Compare readings of the same patients with the truth and with each other, alone and combined.

    Parameters
    ----------
    truth : (n,) 1 with the finding, 0 without. readings : two or more by name, (n,) 1 for yes and 0 for no.
    scores : the same names, (n,) degrees of suspicion, high for yes; for DeLong's test.

    Returns
    -------
    Sensitivity, specificity, PPV, NPV and accuracy of every reading and of their "or" and "and" with exact limits;
    McNemar's exact test of each pair; Cochran's Q; Cohen's kappa; DeLong's paired test of the areas. `by_chance` says
    what each single reading gains in sensitivity from "or" (in specificity from "and"), and what it would gain from
    others that know nothing and say yes as often as they do without the finding (no as often as with it).

    Raises
    ------
    DataContractError
        V20 lengths differ; V28 a value other than 0 and 1, no patient, less than two readings, or scores of other
        names; codes of `roc_auc` for scores.

    Notes
    -----
    Sources: Clopper and Pearson (1934), McNemar (1947), Cochran (1950), Cohen (1960), DeLong et al. (1988).
    """
    _check(readings, scores)
    flags = _flags({"truth": truth, **{_reading_key(name): values for name, values in readings.items()}})
    event = flags.pop("truth")
    single = {name: flags[_reading_key(name)] for name in readings}
    stacked = np.column_stack(list(single.values()))
    either, both = " or ".join(single), " and ".join(single)
    every = {**single, either: np.asarray(stacked.any(axis=1)), both: np.asarray(stacked.all(axis=1))}
    among = {"sensitivity": event, "specificity": ~event, "accuracy": np.ones(len(event), bool)}
    q = {metric: cochran_q(*(called[rows] == event[rows] for called in single.values()))
         for metric, rows in among.items() if rows.any()}  # fmt: skip
    return ReadingComparison(
        table=pd.DataFrame([line for name, called in every.items() for line in _shares(name, event, called)]),
        pairs=pd.DataFrame(list(_pairs(event, every, (either, both)))),
        cochran=q,
        kappa={(a, b): cohen_kappa(single[a], single[b]) for a, b in combinations(single, 2)},
        areas=_areas(event, scores or {}),
        by_chance=pd.DataFrame([_by_chance(event, name, single) for name in single]),
        warnings=_warnings(event, either, both),
    )


def _check(readings: Mapping[str, ArrayLike], scores: Mapping[str, ArrayLike] | None) -> None:
    faults = []
    if len(readings) < 2:
        faults.append(Finding("V28", "a single reading", "give two or more of the same patients"))
    if scores is not None and set(scores) != set(readings):
        way_out = f"give a score for each of {', '.join(readings)}"
        faults.append(Finding("V28", f"scores of {', '.join(scores)}", way_out))
    raise_findings(faults, DataContractError)


def _reading_key(name: str) -> str:
    return f"reading {name}"


def _flags(columns: Mapping[str, ArrayLike]) -> dict[str, Flags]:
    """Read 0 and 1; every column that is something else is named."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1 or any(array.ndim != 1 for array in arrays.values()):
        told = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        way_out = "give one value a patient, in the same order"
        raise DataContractError(Finding("V20", f"readings of other shapes: {told}", way_out))
    if not next(iter(shapes))[0]:
        raise DataContractError(Finding("V28", "0 patients", "give at least one"))
    wrong = [
        name for name, array in arrays.items() if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all()
    ]
    way_out = "code no as 0 and yes as 1, and leave out patients who were not read by all"
    raise_findings(
        [Finding("V28", "a value other than 0 and 1", way_out, column=name) for name in wrong], DataContractError
    )
    return {name: array.astype(bool) for name, array in arrays.items()}


def _shares(name: str, event: Flags, called: Flags) -> Iterator[dict[str, Any]]:
    """Yield a line for each of the five shares."""
    asked = (event, ~event, called, ~called, np.ones(len(event), bool))
    for metric, rows in zip(METRICS, asked, strict=True):
        part = Proportion(int((called == event)[rows].sum()), int(rows.sum()))
        lower, upper = part.limits()
        line = {"reading": name, "metric": metric, "count": part.count, "total": part.total}
        yield {**line, "estimate": part.estimate, "lower": lower, "upper": upper}


def _pairs(event: Flags, every: Mapping[str, Flags], combined: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """Yield McNemar's test of each two readings, a combination second; the two combinations are not compared."""
    among = {"sensitivity": event, "specificity": ~event, "accuracy": np.ones(len(event), bool)}
    for first, second in combinations(every, 2):
        if first in combined:
            continue
        for metric, rows in among.items():
            if not rows.any():
                continue
            right = [(every[name] == event)[rows].astype(int) for name in (first, second)]
            test = mcnemar(right[0], right[1])
            fixed = second in combined and metric != "accuracy"
            yield {
                "metric": metric, "first": first, "second": second, "n": test.n, "only_first": test.only_first,
                "only_second": test.only_second, "difference": test.difference,
                "p": float("nan") if fixed else test.exact_p, "by_construction": fixed,
            }  # fmt: skip


def _by_chance(event: Flags, name: str, single: Mapping[str, Flags]) -> dict[str, Any]:
    """Say what a reading gains from the others, and what it would gain from others that know nothing."""
    own, others = single[name], [called for other, called in single.items() if other != name]
    any_other, all_others = np.any(others, axis=0), np.all(others, axis=0)
    with_, without = own[event], ~own[~event]
    rate = float(any_other[~event].mean()) if (~event).any() else float("nan")
    denied = float((~all_others)[event].mean()) if event.any() else float("nan")
    return {
        "reading": name,
        "or_gain": float((any_other[event] & ~with_).mean()) if event.any() else float("nan"),
        "chance_gain": float((~with_).mean()) * rate if event.any() else float("nan"),
        "and_gain": float((~all_others[~event] & ~without).mean()) if (~event).any() else float("nan"),
        "chance_and_gain": float((~without).mean()) * denied if (~event).any() else float("nan"),
    }


def _areas(event: Flags, scores: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """DeLong's test of each two scores."""
    areas = {name: roc_auc(event.astype(int), np.asarray(values)) for name, values in scores.items()}
    lines = []
    for first, second in combinations(areas, 2):
        test = compare_paired(areas[first], areas[second])
        lower, upper = test.limits()
        values = {"first_auc": float(areas[first].estimate[0]), "second_auc": float(areas[second].estimate[0])}
        lines.append({"first": first, "second": second, **values, "difference": test.difference,
                      "lower": lower, "upper": upper, "p": test.p})  # fmt: skip
    columns = ["first", "second", "first_auc", "second_auc", "difference", "lower", "upper", "p"]
    return pd.DataFrame(lines, columns=columns)


def _warnings(event: Flags, either: str, both: str) -> tuple[Finding, ...]:
    rule = (
        f'"{either}" is never less sensitive, and "{both}" never less specific, than each reading alone: that is so by '
        "construction, whatever was read, and is no finding"
    )
    advice = "judge a combination by accuracy, by both shares together, or by what a decision costs"
    found = [Finding("A19", rule, advice, severity="warning")]
    for count, kind, share in (
        (int(event.sum()), "with", "sensitivity"),
        (int((~event).sum()), "without", "specificity"),
    ):
        if count < FEW:
            lower, upper = Proportion(count // 2, count).limits()
            told = f"the interval of a {share} can be {(upper - lower) * 100:.0f} points wide"
            rule = f"{count} patients {kind} the finding: {told if count else f'there is no {share}'}"
            found.append(Finding("A29", rule, "read the intervals, not the estimates", severity="warning"))
    return tuple(found)


def _page(found: ReadingComparison) -> Iterator[str]:
    yield "Readings against the truth (exact 95 % limits)"
    names = list(dict.fromkeys(found.table["reading"]))
    width = max(len(name) for name in names)
    for name, lines in found.table.groupby("reading", sort=False):
        for line in lines.itertuples():
            share = "unknown" if not line.total else f"{line.estimate:6.1%}  {line.lower:6.1%} to {line.upper:6.1%}"
            yield f"  {name:<{width}}  {line.metric:<12} {line.count:>4} of {line.total:<4} {share}"
    yield "Against each other (McNemar's exact test)"
    for pair in found.pairs.itertuples():
        test = "by construction, no test" if pair.by_construction else f"p = {pair.p:.3f}"
        discordant = f"{pair.only_first} right by the first only, {pair.only_second} by the second only"
        yield f"  {pair.metric:<12} {pair.first} - {pair.second}: {pair.difference:+.1%} ({discordant}), {test}"
    for metric, q in found.cochran.items():
        told = "the readings never differ" if np.isnan(q.p) else f"Q {q.statistic:.2f} on {q.freedom}, p = {q.p:.3f}"
        yield f"  {metric:<12} Cochran over all readings: {told}"
    for (a, b), kappa in found.kappa.items():
        lower, upper = (float(end[0]) for end in kappa.limits())
        value = float(kappa.estimate[0])
        told = "unknown, all were read alike" if np.isnan(value) else f"{value:.2f} ({lower:.2f} to {upper:.2f})"
        yield f"  agreement of {a} and {b}: kappa {told}"
    for area in found.areas.itertuples():
        told = f"{area.difference:+.3f} ({area.lower:+.3f} to {area.upper:+.3f}), p = {area.p:.3f}"
        yield f"  AUC of {area.first} {area.first_auc:.3f}, of {area.second} {area.second_auc:.3f}: {told} (DeLong)"
    yield 'What a reading gains from the others by "or" (sensitivity) and "and" (specificity), and from ignorant ones'
    for line in found.by_chance.itertuples():
        yield (
            f"  {line.reading:<{width}}  or {_points(line.or_gain)} (by chance {_points(line.chance_gain)}), and "
            f"{_points(line.and_gain)} (by chance {_points(line.chance_and_gain)})"
        )
    for warning in found.warnings:
        yield from textwrap.wrap(str(warning), WIDTH, subsequent_indent="  ")


def _points(gain: float) -> str:
    return "unknown" if np.isnan(gain) else f"{gain:+.1%}"
