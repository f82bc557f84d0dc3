"""The whole numbers of patients behind printed rates: all of them, under each meaning that the labels may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.audit.printed import Printed, read_printed
from prognosis.audit.rates import EXCHANGEABLE, RATES, RATIOS, Confusion, narrowed, without_undefined

Ints = NDArray[np.int64]
Rounding = Literal["rounded", "rounded or cut"]
Value = Printed | str | Decimal | float
# Pairs of positives and true positives that a search may look at.
MOST_PAIRS = 200_000
MOST_PATIENTS = 10_000_000
FIELDS = ("tp", "fn", "tn", "fp")


@dataclass(frozen=True)
class Tested:
    """The patients that a row is about.

    Parameters
    ----------
    positives, negatives : with and without the outcome; None where the paper does not say. patients : their sum.
    known : fields (``tp``, ``fn``, ``tn``, ``fp``) that the text gives.

    Raises
    ------
    DataContractError
        A03 numbers that no patients have, or too few of them to search for the others.
    """

    positives: int | None = None
    negatives: int | None = None
    patients: int | None = None
    known: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        given = [self.positives, self.negatives, self.patients, *(count for _, count in self.known)]
        counts = [count for count in given if count is not None]
        faults = []
        if any(count < 0 or count > MOST_PATIENTS for count in counts):
            faults.append("a number of patients below 0 or above 10 million")
        if any(name not in FIELDS for name, _ in self.known):
            faults.append(f"fields are {', '.join(FIELDS)}")
        with_, without, all_ = self.positives, self.negatives, self.patients
        if all_ is not None and (with_ or 0) + (without or 0) > all_:
            faults.append(f"{with_} with and {without} without the outcome are more than {all_} patients")
        elif with_ is not None and without is not None and all_ is not None and with_ + without != all_:
            faults.append(f"{with_} patients with and {without} without the outcome are not {all_}")
        raise_findings([Finding("A03", fault, "correct the numbers") for fault in faults], DataContractError)

    @property
    def total(self) -> int | None:
        """All patients, None where it is not known."""
        if self.patients is not None:
            return self.patients
        return None if self.positives is None or self.negatives is None else self.positives + self.negatives

    @property
    def sides(self) -> tuple[int, int] | None:
        """Patients with and without the outcome, None where one of them is not known."""
        total, with_, without = self.total, self.positives, self.negatives
        if with_ is not None and (without is not None or total is not None):
            return with_, without if without is not None else (total or 0) - with_
        return (total - without, without) if total is not None and without is not None else None

    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Return positives, negatives and true positives of every case to be looked at, (k,) each.

        Raises
        ------
        DataContractError
            A06 the number of patients is not known, or there are too many cases.
        """
        total = self.total
        if total is None:
            way_out = "give positives and negatives, or patients"
            raise DataContractError(Finding("A06", "the numbers of patients are not known", way_out))
        sides = self.sides
        splits = np.arange(1, total, dtype=np.int64) if sides is None else np.array([sides[0]], np.int64)
        if int((splits + 1).sum()) > MOST_PAIRS:
            rule = f"{total} patients are too many to search" + ("" if sides else " without positives and negatives")
            raise DataContractError(Finding("A06", rule, "give positives and negatives, of fewer patients"))
        positives = np.repeat(splits, splits + 1)
        starts = np.repeat(np.cumsum(splits + 1) - splits - 1, splits + 1)
        return positives, total - positives, np.arange(len(positives), dtype=np.int64) - starts


@dataclass(frozen=True)
class Solutions:
    """All numbers of patients that give the printed rates.

    Parameters
    ----------
    positives, negatives, tp : (k,) each. lowest, highest : (k,) true negatives, all from the one to the other.
    """

    positives: Ints
    negatives: Ints
    tp: Ints
    lowest: Ints
    highest: Ints

    def __len__(self) -> int:
        return int((self.highest - self.lowest + 1).sum())

    def __iter__(self) -> Iterator[Confusion]:
        for p, n, t, low, high in zip(self.positives, self.negatives, self.tp, self.lowest, self.highest, strict=True):
            for s in range(int(low), int(high) + 1):
                yield Confusion(int(t), int(p - t), s, int(n) - s)

    @property
    def only(self) -> Confusion | None:
        """The one solution, None where there are several or none."""
        return next(iter(self)) if len(self) == 1 else None

    def first(self, most: int) -> tuple[Confusion, ...]:
        """Return at most so many of them."""
        return tuple(each for each, _ in zip(self, range(most), strict=False))


def solutions(tested: Tested, rates: Mapping[str, Printed], rounding: Rounding = "rounded") -> Solutions:
    """Return all numbers of patients that give printed rates.

    Parameters
    ----------
    tested : the patients. rates : name of `RATES` to the printed share (not percentage).
    rounding : what was done to the digits: rounded (a half either way), or perhaps cut off.

    Raises
    ------
    DataContractError
        A06 too many cases.

    Notes
    -----
    Integer arithmetic throughout, in the share that the digits stand for: nothing is missed and nothing is let through
    by binary rounding. Cost O(positives), and O(patients^2) where only their sum is known.
    """
    p, n, t = tested.pairs()
    low, high = np.zeros_like(t), n.copy()
    for field, count in tested.known:
        low, high = _with_field(field, count, (p, n, t), low, high)
    for name, printed in rates.items():
        form = RATES[name](t, p, n)
        between = printed.rounded if rounding == "rounded" else printed.rounded_or_cut
        low, high = narrowed(low, high, form, between)
        if printed.value not in (0, 1):  # what cannot be computed is printed as 0 or 1, or not at all
            low, high = without_undefined(low, high, form)
    found = low <= high
    return Solutions(p[found], n[found], t[found], low[found], high[found])


def _with_field(field: str, count: int, cases: tuple[Ints, Ints, Ints], low: Ints, high: Ints) -> tuple[Ints, Ints]:
    p, n, t = cases
    if field in ("tp", "fn"):
        right = t == (count if field == "tp" else p - count)
        return low, np.where(right, high, low - 1)
    s = np.full_like(n, count) if field == "tn" else n - count
    return np.maximum(low, s), np.minimum(high, s)


@dataclass(frozen=True)
class Labelling:
    """One meaning of the printed labels, and what follows from it.

    Parameters
    ----------
    meaning : printed label to the rate that it may be. solutions : numbers of patients that give the rates then.
    rounding : ``rounded``, or ``rounded or cut`` where rounding alone gave no solution.
    """

    meaning: Mapping[str, str]
    solutions: Solutions
    rounding: Rounding = "rounded"

    @property
    def as_printed(self) -> bool:
        """Whether every label means what it says."""
        return all(label == meant for label, meant in self.meaning.items())

    @property
    def fits(self) -> bool:
        """Whether any patients give the numbers."""
        return len(self.solutions) > 0


def meanings(labels: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield what labels may mean: first what they say, then sensitivity for PPV and the like, by likelihood."""
    told = [label for label in labels if label in EXCHANGEABLE]
    yield {label: label for label in labels}
    for others in permutations(EXCHANGEABLE, len(told)):
        if list(others) != told:
            yield {label: label for label in labels} | dict(zip(told, others, strict=True))


def confusion_from_rates(
    positives: int, negatives: int, rates: Mapping[str, Value], *, unit: str = "percent", **known: int
) -> tuple[Labelling, ...]:
    """Find the numbers of patients behind printed rates, under each meaning that their labels may have.

    Parameters
    ----------
    positives, negatives : patients with and without the outcome.
    rates : name of `RATES` to the number as printed, best as text, so that a last 0 counts.
    unit : ``percent`` or ``fraction``; likelihood ratios are never in percent.
    known : any of ``tp``, ``fn``, ``tn``, ``fp`` that the text gives.

    Returns
    -------
    The labels as they stand first, then every exchange among sensitivity, specificity, PPV and NPV; each with all
    solutions, which may be none. Digits cut off instead of rounded are tried where rounding fits nothing.

    Raises
    ------
    DataContractError
        A03 impossible numbers of patients; A04 no printed number; A05 an unknown rate, or one outside its range.
    """
    printed = shares(rates, unit)
    tested = Tested(positives, negatives, known=tuple(known.items()))
    return tuple(labelled(tested, printed, meaning) for meaning in meanings(tuple(printed)))


def labelled(tested: Tested, printed: Mapping[str, Printed], meaning: Mapping[str, str]) -> Labelling:
    """Return the solutions under one meaning of the labels, digits cut off only where rounding fits nothing."""
    rates = {meaning[label]: value for label, value in printed.items()}
    found = solutions(tested, rates)
    if len(found):
        return Labelling(meaning, found)
    return Labelling(meaning, solutions(tested, rates, "rounded or cut"), "rounded or cut")


def shares(rates: Mapping[str, Value], unit: str) -> dict[str, Printed]:
    """Read printed rates as shares.

    Raises
    ------
    DataContractError
        A04 no printed number; A05 an unknown name or unit, or a rate outside its range (all at once).
    """
    known = ", ".join(RATES)
    faults = [Finding("A05", f"unknown rate {name}", f"one of {known}") for name in rates if name not in RATES]
    if unit not in ("percent", "fraction"):
        faults.append(Finding("A05", f"unknown unit {unit}", 'unit = "percent" or "fraction"'))
    raise_findings(faults, DataContractError)
    read = {name: read_printed(value) for name, value in rates.items()}
    found = {
        name: value.of_percent() if unit == "percent" and name not in RATIOS else value for name, value in read.items()
    }
    raise_findings([fault for name, value in found.items() for fault in _range_fault(name, value, unit)],
                   DataContractError)  # fmt: skip
    return found


def _range_fault(name: str, value: Printed, unit: str) -> Iterator[Finding]:
    least = -1 if name == "youden" else 0
    if value.value < least or (value.value > 1 and name not in RATIOS):
        other = "percent" if unit == "fraction" else "fraction"
        rule = f"{name} lies outside its range as a {unit}"
        yield Finding("A05", rule, f'correct it, or say unit = "{other}"', value=value.text)
