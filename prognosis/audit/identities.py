"""What rates of one row must be to each other whatever the numbers of patients are, which a paper may not give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product

from prognosis.audit.finding import AuditFinding
from prognosis.audit.printed import Printed
from prognosis.audit.rates import WORDS

Formula = Callable[[Fraction, Fraction], Fraction]
# Every formula rises or falls in each of its two rates.
IDENTITIES: Mapping[str, tuple[str, str, Formula]] = {
    "balanced_accuracy": ("sensitivity", "specificity", lambda a, b: (a + b) / 2),
    "youden": ("sensitivity", "specificity", lambda a, b: a + b - 1),
    "f1": ("ppv", "sensitivity", lambda a, b: 2 * a * b / (a + b)),
    "positive_likelihood_ratio": ("sensitivity", "specificity", lambda a, b: a / (1 - b)),
    "negative_likelihood_ratio": ("sensitivity", "specificity", lambda a, b: (1 - a) / b),
}
# The accuracy is a weighted mean of either pair.
MEANS = (("sensitivity", "specificity"), ("ppv", "npv"))


def identity_findings(place: str, printed: Mapping[str, Printed]) -> list[AuditFinding]:
    """Say which rates of a row contradict each other for every number of patients.

    Parameters
    ----------
    place : of the row. printed : shares by label, as the labels stand.
    """
    told = []
    for name, (first, second, formula) in IDENTITIES.items():
        if {name, first, second} <= set(printed):
            ends = _range_of(formula, printed[first], printed[second])
            if ends and _apart(printed[name], ends):
                told.append((f"{WORDS[name]} follows from", first, second, printed[name]))
    for first, second in MEANS:
        if {"accuracy", first, second} <= set(printed):
            limits = [end for label in (first, second) for end in printed[label].rounded_or_cut]
            if _apart(printed["accuracy"], (min(limits), max(limits))):
                told.append(("the accuracy is a mean of", first, second, printed["accuracy"]))
    return [
        AuditFinding("A11", "contradiction", place, f"{start} {_cells(printed, a, b)}, yet {cell.text} is printed")
        for start, a, b, cell in told
    ]


def _range_of(formula: Formula, first: Printed, second: Printed) -> tuple[Fraction, Fraction] | None:
    """Return the least and largest value that the digits allow, None where it may be infinite."""
    corners = [[min(max(end, Fraction(0)), Fraction(1)) for end in cell.rounded_or_cut] for cell in (first, second)]
    try:
        values = [formula(a, b) for a, b in product(*corners)]
    except ZeroDivisionError:
        return None
    return min(values), max(values)


def _apart(cell: Printed, ends: tuple[Fraction, Fraction]) -> bool:
    low, high = cell.rounded_or_cut
    return high < ends[0] or low > ends[1]


def _cells(printed: Mapping[str, Printed], first: str, second: str) -> str:
    return f"{WORDS[first]} {printed[first].text} and {WORDS[second]} {printed[second].text}"
