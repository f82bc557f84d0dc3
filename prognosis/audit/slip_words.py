"""What is said of rows that no patients can give, and of digits that were cut off."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from prognosis.audit.finding import AuditFinding, joined
from prognosis.audit.printed import Printed
from prognosis.audit.published import Performance
from prognosis.audit.rates import WORDS
from prognosis.audit.rows import RowReading, Slip, exchanged, other_sizes

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
    told = [_told(table, slip) for slip in row.slips] + _exchanged(row)
    if not told:
        told = [f"leaving one of them out does not help; {_other_sizes(row)}"]
    return AuditFinding("A11", "contradiction", place, f"{start}; {'; or '.join(told)}")


def _exchanged(row: RowReading) -> list[str]:
    return [f"{WORDS[a]} and {WORDS[b]} are exchanged in this row" for a, b in exchanged(row)]


def _other_sizes(row: RowReading) -> str:
    sizes = [f"{p} with and {n} without the outcome" for p, n in other_sizes(row)]
    if sizes:
        return f"they would fit {' or '.join(sizes)}"
    return "are the numbers of patients right, and is it no mean over rounds?"


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


def unchecked(table: Performance, rows: Mapping[str, str]) -> list[AuditFinding]:
    """Say which rows cannot be turned into patients, and why: row to reason."""
    found = []
    for reason in dict.fromkeys(rows.values()):
        names = [name for name, why in rows.items() if why == reason]
        told = joined(names) if len(names) <= 10 else f"{', '.join(names[:10])} and {len(names) - 10} more"
        found.append(AuditFinding("A20", "cannot be checked", table.name, f"rates of row {told}: {reason}"))
    return found


def unchecked_columns(table: Performance) -> list[AuditFinding]:
    """Say which summaries have no rows, and which intervals no numbers of patients, to be compared with."""
    found = []
    cells = {name for row in table.rows for name in (*row.cells, *(["auc"] if row.auc else []))}
    for label in table.summary:
        if label not in cells:
            words = f"the summary of {WORDS[label]} has no rows to be compared with"
            found.append(AuditFinding("A20", "cannot be checked", table.name, words))
    open_ = [row.name for row in table.rows if row.auc_interval and (not row.auc or not table.tested(row).sides)]
    if open_:
        told = joined(open_[:10])
        words = f"intervals of AUCs need the AUC and the patients with and without the outcome (row {told})"
        found.append(AuditFinding("A20", "cannot be checked", table.name, words))
    return found
