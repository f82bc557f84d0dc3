"""What is said of rows that no patients can give, and of digits that were cut off."""

from __future__ import annotations

from fractions import Fraction

from prognosis.audit.finding import AuditFinding, joined
from prognosis.audit.printed import Printed
from prognosis.audit.published import Performance
from prognosis.audit.rates import WORDS
from prognosis.audit.rows import RowReading, Slip

KINDS = {
    "last digit": "a slip in the last digit, of no consequence",
    "decimal point": "the decimal point has moved",
    "digits exchanged": "two digits are exchanged",
}


def shown(table: Performance, label: str, value: Fraction | float, like: Printed) -> str:
    """Return a rate with the unit of its table and as many decimals as the printed one has, at least one."""
    percent = table.percent(label)
    decimals = max(like.decimals - (2 if percent else 0), 1 if percent else 2)
    scaled = Printed("", Fraction(value), Fraction(1, 10**decimals))
    return scaled.as_printed(scaled.value * (100 if percent else 1)) + (" %" if percent else "")


def row_findings(table: Performance, rows: list[RowReading]) -> list[AuditFinding]:
    """Say which rows contradict themselves, and where digits were cut off."""
    return [*(_contradiction(table, row) for row in rows if not row.labelling.fits), *_cut(table, rows)]


def _contradiction(table: Performance, row: RowReading) -> AuditFinding:
    place = f"{table.name}, row {row.name}"
    if len(row.printed) == 1 and row.slips:
        return AuditFinding("A11", "contradiction", place, _alone(table, row, row.slips[0]))
    cells = joined([f"{WORDS[label]} {cell.text}" for label, cell in row.printed.items()])
    start = f"no numbers of patients give {cells} together"
    if not row.slips:
        end = ", and leaving one of them out does not help: are the numbers of patients right?"
        return AuditFinding("A11", "contradiction", place, start + end)
    return AuditFinding(
        "A11", "contradiction", place, f"{start}; {'; or '.join(_told(table, slip) for slip in row.slips)}"
    )


def _alone(table: Performance, row: RowReading, slip: Slip) -> str:
    value = shown(table, slip.label, slip.value, slip.printed)
    return (
        f"no number of {_patients(row)} gives {WORDS[slip.label]} {slip.printed.text}; the nearest is {value} "
        f"({slip.confusion})"
    )


def _patients(row: RowReading) -> str:
    known = row.tested
    if known.positives is not None and known.negatives is not None:
        return f"{known.positives} patients with and {known.negatives} without the outcome"
    return f"{known.total} patients"


def _told(table: Performance, slip: Slip) -> str:
    value = shown(table, slip.label, slip.value, slip.printed)
    verb = "allow, at the nearest," if slip.several else "give"
    words = f"the other cells {verb} {WORDS[slip.label]} {value} ({slip.confusion}), printed {slip.printed.text}"
    return words + (f": {KINDS[slip.kind]}" if slip.kind in KINDS else "")


def _cut(table: Performance, rows: list[RowReading]) -> list[AuditFinding]:
    cells = []
    for row in rows:
        for label in row.cut:
            rate = next(iter(row.labelling.solutions)).rate(row.labelling.meaning[label])
            if rate is not None:
                exact = float(rate) * (100 if table.percent(label) else 1)
                cells.append(f"row {row.name}: {WORDS[label]} {row.printed[label].text} of {exact:.6g}")
    if not cells:
        return []
    return [
        AuditFinding("A12", "convention", table.name, f"digits are cut off instead of rounded ({'; '.join(cells)})")
    ]


def unchecked(table: Performance, rows: list[str]) -> list[AuditFinding]:
    """Say for which rows the paper does not give enough."""
    if not rows:
        return []
    names = joined(rows) if len(rows) <= 10 else f"{joined(rows[:10])} and {len(rows) - 10} more"
    words = f"the numbers of patients are not given (row {names}), so that the rates cannot be turned into patients"
    return [AuditFinding("A20", "cannot be checked", table.name, words)]


def impossible_without_counts(table: Performance, name: str, printed: dict[str, Printed]) -> list[AuditFinding]:
    """Say where the accuracy lies outside both rates that it is a mean of, whatever the numbers of patients are."""
    found = []
    for first, second in (("sensitivity", "specificity"), ("ppv", "npv")):
        if not {first, second, "accuracy"} <= set(printed):
            continue
        ends = [printed[label].rounded_or_cut for label in (first, second)]
        low, high = printed["accuracy"].rounded_or_cut
        if high < min(end[0] for end in ends) or low > max(end[1] for end in ends):
            cells = f"{WORDS[first]} {printed[first].text} and {WORDS[second]} {printed[second].text}"
            words = (
                f"the accuracy is a mean of {cells}, whatever the numbers of patients, yet {printed['accuracy'].text}"
            )
            found.append(AuditFinding("A11", "contradiction", f"{table.name}, row {name}", words))
    return found
