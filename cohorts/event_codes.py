"""Event codes to 0, 1, 2, ...: only what is declared, or plain 0/1, is understood."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import Finding
from cohorts.variable import Code

Codes = Mapping[str, Code | tuple[Code, ...]]
PLAIN: dict[Any, int] = {0: 0, 1: 1}
ROLES = ("censored", "event", "competing")
VALUES_SHOWN = 10
UNKNOWN = -1


def code_table(values: Mapping[str, Any]) -> dict[Any, int]:
    """Return the mapping from code to 0 (censored), 1 (event), 2, 3, ... (competing, in the order declared).

    Raises
    ------
    ValueError
        A role is unknown, the event is not declared, or one code has two roles.
    """
    unknown = [role for role in values if role not in ROLES]
    if unknown or "event" not in values:
        raise ValueError("event_values needs the keys censored and event, and competing where there is one")
    pairs = [(code, 0) for code in _listed(values.get("censored", ()))]
    pairs += [(code, 1) for code in _listed(values["event"])]
    pairs += [(code, 2 + place) for place, code in enumerate(_listed(values.get("competing", ())))]
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("event_values gives one code two meanings")
    return table


def code_events(
    column: pd.Series, values: Codes | None, name: str | None = None
) -> tuple[npt.NDArray[np.int64], list[Finding]]:
    """Translate an event column into 0 (censored), 1 (event), 2, ... (competing).

    Parameters
    ----------
    column : codes by row id; missing is None or NaN.
    values : the declared meaning of the codes; None means that only 0/1 numbers or booleans are understood.
    name : column name for the messages.

    Returns
    -------
    codes : int64 of the column's length; -1 where the code is missing or unknown.
    findings : T05, T06, T07, T08, T10; empty where every row is understood.
    """
    table = PLAIN if values is None else code_table(values)
    places, found = pd.factorize(column.astype(object), use_na_sentinel=True)
    meaning = np.array([*(table.get(code, UNKNOWN) for code in found), UNKNOWN], dtype=np.int64)
    codes = meaning[places]
    findings = []
    absent = column.index[places < 0]
    if len(absent):
        rule = f"event missing in {len(absent)} of {len(column)} rows"
        way_out = "complete them, or leave these patients out by name with cohort.without"
        findings.append(Finding("T08", rule, way_out, column=name, rows=_ids(absent)))
    strange = column.index[(codes == UNKNOWN) & (places >= 0)]
    if len(strange):
        findings.append(_unknown_codes(list(found), table, values, name, _ids(strange)))
    return codes, findings


def show_values(values: Iterable[Any]) -> str:
    """Write a set of codes as in the messages: ``{1,2}`` or ``{'no','yes'}``."""
    texts = [show_value(value) for value in sorted(values, key=_order)]
    more = ",..." if len(texts) > VALUES_SHOWN else ""
    return "{" + ",".join(texts[:VALUES_SHOWN]) + more + "}"


def show_value(value: Any) -> str:
    """Write one code: text in quotes, whole numbers without a decimal point."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:40] + "...")
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, numbers.Real):
        return f"{float(value):.15g}"
    return str(value)


def _unknown_codes(
    found: list[Any], table: dict[Any, int], values: Codes | None, name: str | None, rows: tuple[str, ...]
) -> Finding:
    strange = [code for code in found if code not in table]
    code = _code_of_fault(found, strange, table)
    rule = f"the event codes are not understood: values {show_values(found)}"
    if code == "T07":
        listed = ",".join(show_value(value) for value in sorted(found, key=_order)[:VALUES_SHOWN])
        rule = f"the event column has string dtype, values {listed}"
    if code == "T10":
        rule = f"the event has an impossible or undeclared value {show_values(strange)} beside {show_values(table)}"
    if values is not None:
        rule += f"; declared are {_show_declared(values)}"
    way_out = "correct the rows, or declare event_values, for example {censored = 0, event = 1}; nothing is guessed"
    return Finding(code, rule, way_out, column=name, rows=rows, value=show_values(strange))


def _code_of_fault(found: list[Any], strange: list[Any], table: dict[Any, int]) -> str:
    if all(isinstance(value, str) for value in found):
        return "T07" if all(_reads_as_number(value) for value in found) else "T06"
    if not all(isinstance(value, numbers.Real) for value in strange):
        return "T06"
    if any(float(value) < 0 or float(value) != int(value) for value in strange):
        return "T10"
    # All declared codes and one more: a stray value. A declared code absent: another coding.
    return "T10" if table is not PLAIN and set(table) <= set(found) else "T05"


def _show_declared(values: Codes) -> str:
    return ", ".join(f"{role} {show_values(_listed(code))}" for role, code in values.items())


def _listed(code: Any) -> tuple[Any, ...]:
    return tuple(code) if isinstance(code, list | tuple) else (code,)


def _order(value: Any) -> tuple[bool, Any]:
    return (True, value) if isinstance(value, str) else (False, float(value) if isinstance(value, numbers.Real) else 0)


def _reads_as_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _ids(index: pd.Index) -> tuple[str, ...]:
    return tuple(str(row) for row in index)
