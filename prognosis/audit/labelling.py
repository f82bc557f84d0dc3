"""Do the labels of a table mean what they say: which meaning gives whole numbers of patients in its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prognosis.audit.confusion import Tested, labelled, meanings
from prognosis.audit.finding import AuditFinding, joined
from prognosis.audit.printed import Printed
from prognosis.audit.rates import EXCHANGEABLE, WORDS, Confusion
from prognosis.audit.rows import FEW_PATIENTS

Row = tuple[Tested, Mapping[str, Printed]]


@dataclass(frozen=True)
class Meaning:
    """The meaning that labels are given.

    Parameters
    ----------
    of : printed label to rate. fitting : rows that it fits. as_printed : rows that the printed labels fit.
    rows : all that could be checked. others : further meanings that fit as many rows.
    """

    of: Mapping[str, str]
    fitting: int
    as_printed: int
    rows: int
    others: tuple[Mapping[str, str], ...] = ()

    @property
    def mislabelled(self) -> bool:
        """Whether the labels say something else."""
        return any(label != meant for label, meant in self.of.items())


def choose_meaning(rows: Sequence[Row]) -> Meaning:
    """Take the labels at their word, unless most rows contradict them and agree with another meaning.

    Only rows that agree with some meanings and not with others can tell. Where the labels hold in half of these they
    are kept, so that slips in single rows never rename a column.
    """
    labels = tuple(dict.fromkeys(label for _, printed in rows for label in printed))
    stated, *others = meanings(labels)
    right = _fitting(rows, stated)
    if all(right) or not others:
        return Meaning(stated, sum(right), sum(right), len(rows))
    fits = [_fitting(rows, meaning) for meaning in others]
    telling = [0 < sum(row) < len(row) for row in zip(right, *fits, strict=True)]
    counts = [sum(fit and tells for fit, tells in zip(row, telling, strict=True)) for row in (right, *fits)]
    most = max(counts)
    best = [place for place, count in enumerate(counts[1:]) if count == most]
    large = max((tested.total or 0) for tested, _ in rows) > FEW_PATIENTS
    if 2 * counts[0] >= sum(telling) or 2 * most < sum(telling) or (most == 1 and large):
        return Meaning(stated, sum(right), sum(right), len(rows))
    patients = _patients(rows, others[best[0]])
    further = tuple(others[place] for place in best[1:] if _patients(rows, others[place]) != patients)
    return Meaning(others[best[0]], sum(fits[best[0]]), sum(right), len(rows), further)


def _fitting(rows: Sequence[Row], meaning: Mapping[str, str]) -> list[bool]:
    return [labelled(tested, printed, {label: meaning[label] for label in printed}).fits for tested, printed in rows]


def _patients(rows: Sequence[Row], meaning: Mapping[str, str]) -> list[tuple[Confusion, ...]]:
    """Return the first patients of every row, by which two meanings are the same or not."""
    found = [labelled(tested, printed, {label: meaning[label] for label in printed}) for tested, printed in rows]
    return [each.solutions.first(2) for each in found]


def label_findings(place: str, meaning: Meaning) -> list[AuditFinding]:
    """Say under which names the numbers are right, where these are not the printed ones."""
    if not meaning.mislabelled:
        return []
    called, are = (joined(list(words)) for words in zip(*_pairs(meaning.of), strict=True))
    words = (
        f"what is called {called} is {are}: whole numbers of patients give {_of(meaning.fitting, meaning.rows)} "
        f"under these names, {_of(meaning.as_printed, meaning.rows)} under the printed ones"
    )
    if _classes_exchanged(meaning.of):
        words += "; or the patients with and without the outcome are exchanged"
    if meaning.others:
        also = [joined([are for _, are in _pairs(other)]) for other in meaning.others]
        words += f" (as well: {'; '.join(also)})"
    return [AuditFinding("A10", "mislabelled", place, words)]


def _of(count: int, rows: int) -> str:
    return f"{count} of {rows} rows" if rows > 1 else ("the row" if count else "nothing")


def _pairs(of: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(WORDS[label], WORDS[meant]) for label, meant in of.items() if label in EXCHANGEABLE and label != meant]


def _classes_exchanged(of: Mapping[str, str]) -> bool:
    mirrored = {"sensitivity": "specificity", "specificity": "sensitivity", "ppv": "npv", "npv": "ppv"}
    return all(mirrored[label] == meant for label, meant in of.items() if label in EXCHANGEABLE)
