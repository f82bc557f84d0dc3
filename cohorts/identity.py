"""Who a row is: ids as text, byte for byte and unique; and columns that would name a person."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from cohorts.errors import Finding
from cohorts.export import restore

MAX_ID_LENGTH = 1000
# Above 2**53 a float, above 15 digits a spreadsheet number, no longer holds every digit.
MAX_EXACT_ID = 10**15
PERSONAL_WORDS = frozenset(
    (
        *(
            "surname",
            "firstname",
            "lastname",
            "forename",
            "fullname",
            "patientname",
            "birthdate",
            "birthday",
            "datebirth",
            "dob",
        ),
        *("ssn", "passport", "phone", "telephone", "mobile", "email", "address", "street", "nhs", "insurance"),
        *("idcard", "nationalid"),
    )
)
PERSONAL_PAIRS = (
    *[(owner, "name") for owner in ("patient", "first", "last", "family", "given", "full", "middle", "maiden")],
    *[("birth", word) for word in ("date", "day", "name")],
    *[(word, "birth") for word in ("date", "day")],
    *[("national", word) for word in ("id", "identity", "number")],
    *[(word, "number") for word in ("security", "insurance", "phone", "passport")],
    ("id", "card"),
)
PERSONAL_CHINESE = ("姓名", "身份证", "出生日期", "出生年月", "电话", "手机", "住址", "地址", "护照")
CHINESE_NATIONAL_ID = r"[1-9]\d{16}[\dXx]"


def row_ids(column: pd.Series, text: bool) -> tuple[list[str], list[Finding]]:
    """Return the ids as text and what is wrong with them.

    Parameters
    ----------
    column : the id column as read.
    text : True where the file holds text only (CSV), so that ids pass byte for byte.

    Returns
    -------
    ids : one text a row; a missing id is shown as ``row N``.
    findings : I01 duplicate, I02 missing, I03 no text or digits lost, R07 too long, R08 national ids.
    """
    ids = restore(column).astype(str).tolist() if text else [_id_text(cell) for cell in column]
    findings = [] if text else _inexact(column)
    absent = [place for place, cell in enumerate(ids) if cell == ""]
    if absent:
        rule = f"the row id is missing in {len(absent)} rows (rows are counted from 1 after the header)"
        rows = tuple(f"row {place + 1}" for place in absent)
        findings.append(Finding("I02", rule, "give every patient an id", column=str(column.name), rows=rows))
        for place in absent:
            ids[place] = f"row {place + 1}"
    return ids, findings + _duplicates(ids, str(column.name)) + _odd_ids(ids, str(column.name))


def personal_columns(names: Iterable[str], file: str | None = None) -> list[Finding]:
    """Warn (R08) of columns whose names speak of a person's name, birth date or national number."""
    found = [name for name in names if _is_personal(name)]
    if not found:
        return []
    rule = f"columns that may identify a person directly: {', '.join(found)}"
    way_out = "remove them from the file; a cohort needs a pseudonymous id only"
    return [Finding("R08", rule, way_out, column=", ".join(found), file=file, severity="warning")]


def _id_text(cell: object) -> str:
    if cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


def _inexact(column: pd.Series) -> list[Finding]:
    """Find ids a typed file cannot hold: fractions, dates, numbers with more digits than a float keeps."""
    bad = [cell for cell in column if not isinstance(cell, str) and _id_text(cell) and not _is_exact(cell)]
    if not bad:
        return []
    rule = f"{len(bad)} ids are stored as fractions, dates or numbers of more than 15 digits: digits may be lost"
    return [Finding("I03", rule, "store the ids as text", column=str(column.name), rows=tuple(map(_id_text, bad)))]


def _is_exact(cell: object) -> bool:
    if isinstance(cell, bool | np.bool_):
        return False
    if isinstance(cell, int | np.integer):
        return True
    return isinstance(cell, float | np.floating) and float(cell).is_integer() and abs(float(cell)) < MAX_EXACT_ID


def _duplicates(ids: list[str], name: str) -> list[Finding]:
    series = pd.Series(ids, dtype=object)
    repeated = series[series.duplicated(keep=False)]
    if repeated.empty:
        return []
    places = {key: [str(place + 1) for place in group.index] for key, group in repeated.groupby(repeated, sort=False)}
    shown = "; ".join(f"{key} in rows {' and '.join(rows[:5])}" for key, rows in list(places.items())[:5])
    rule = f"duplicate patient id: {shown} (rows are counted from 1 after the header)"
    way_out = "one row a patient: remove the repeated row or correct the id"
    return [Finding("I01", rule, way_out, column=name, rows=tuple(places))]


def _odd_ids(ids: list[str], name: str) -> list[Finding]:
    findings = []
    longest = max(map(len, ids), default=0)
    if longest > MAX_ID_LENGTH:
        rule = f"an id has the length {longest}, the limit is {MAX_ID_LENGTH} characters"
        findings.append(Finding("R07", rule, "use short pseudonymous ids", column=name))
    if ids and all(re.fullmatch(CHINESE_NATIONAL_ID, cell) for cell in ids):
        rule = "columns that may identify a person directly: the ids have the form of national identity numbers"
        way_out = "replace them by pseudonyms before sharing models or reports"
        findings.append(Finding("R08", rule, way_out, column=name, severity="warning"))
    return findings


def _is_personal(name: str) -> bool:
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    words = [word for word in re.findall(r"[a-z]+", spaced) if word != "of"]
    return (
        words == ["name"]
        or any(word in PERSONAL_WORDS for word in (*words, "".join(words)))
        or any(words[place : place + 2] == list(pair) for pair in PERSONAL_PAIRS for place in range(len(words)))
        or any(word in name for word in PERSONAL_CHINESE)
    )
