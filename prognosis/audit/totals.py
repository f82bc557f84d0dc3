"""Shares against their numbers of patients, limits of shares against the methods that make them, parts against sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from prognosis.audit.finding import AuditFinding
from prognosis.audit.printed import Printed
from prognosis.audit.published import Share, Sum
from prognosis.metrics.classification import Proportion
from prognosis.normal import z_of_level

Limits = tuple[float, float]


def _wilson(count: int, n: int, z: float) -> Limits:
    share = count / n
    centre, reach = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return float((centre - reach) / (1 + z**2 / n)), float((centre + reach) / (1 + z**2 / n))


def _wald(count: float, n: float, z: float) -> Limits:
    share = count / n
    reach = z * float(np.sqrt(share * (1 - share) / n))
    return max(share - reach, 0.0), min(share + reach, 1.0)


METHODS: Mapping[str, Callable[[int, int, float], Limits]] = {
    "exact (Clopper-Pearson)": lambda count, n, level: Proportion(count, n).limits(level),
    "Wilson": lambda count, n, level: _wilson(count, n, z_of_level(level)),
    "Wald": lambda count, n, level: _wald(count, n, z_of_level(level)),
    "Agresti-Coull": lambda count, n, level: _wald(
        count + z_of_level(level) ** 2 / 2, n + z_of_level(level) ** 2, z_of_level(level)
    ),
}


def share_limits(count: int, of: int, level: float = 0.95) -> dict[str, Limits]:
    """Return the limits of a share by each method that papers use."""
    return {name: limits(count, of, level) for name, limits in METHODS.items()}


def share_findings(share: Share) -> list[AuditFinding]:
    """Check a printed share and its limits against the numbers of patients; give the exact limits."""
    exact = Proportion(share.count, share.of)
    scale = 100 if share.unit == "percent" else 1
    unit = " %" if scale == 100 else ""
    found, right = [], Fraction(share.count * scale, share.of)
    if share.printed is not None and not share.printed.agrees(right, right):
        found.append(_other_share(share, right, unit))
    limits = share_limits(share.count, share.of, share.level)
    if share.interval is not None:
        found += _limits_findings(share, {name: (a * scale, b * scale) for name, (a, b) in limits.items()})
    lower, upper = (each * scale for each in limits["exact (Clopper-Pearson)"])
    words = (
        f"{share.count} of {share.of} are {exact.estimate * scale:.4g}{unit}, exact {share.level * 100:g} % limits "
        f"{_digits(lower, scale)} to {_digits(upper, scale)}"
    )
    return [*found, AuditFinding("A22", "remark", share.name, words)]


def _other_share(share: Share, right: Fraction, unit: str) -> AuditFinding:
    printed = share.printed
    assert printed is not None
    low, high = printed.rounded_or_cut
    if low <= right <= high:
        words = (
            f"{share.count}/{share.of} is {float(right):.6g}{unit}, printed {printed.text}: cut off instead of rounded"
        )
        return AuditFinding("A12", "convention", share.name, words)
    words = f"{share.count}/{share.of} is {printed.as_printed(right)}{unit}, printed {printed.text}"
    meant = float(printed.value) / (100 if unit else 1) * share.of
    near = round(meant)
    words += (
        f"; {printed.text} of {share.of} would be {near}"
        if near != share.count and _gives(near, share.of, printed, unit)
        else ""
    )
    others = [
        n
        for n in (share.of - 2, share.of - 1, share.of + 1, share.of + 2)
        if n >= share.count and _gives(share.count, n, printed, unit)
    ]
    words += "".join(f"; {share.count} of {n} would be {printed.text}" for n in others[:1])
    return AuditFinding("A27", "contradiction", share.name, words)


def _gives(count: int, of: int, printed: Printed, unit: str) -> bool:
    share = count / of * (100 if unit else 1) if of else float("nan")
    return printed.agrees(share, share)


def _limits_findings(share: Share, limits: Mapping[str, Limits]) -> list[AuditFinding]:
    assert share.interval is not None
    lower, upper = share.interval
    fitting = [name for name, (a, b) in limits.items() if lower.agrees(a, a) and upper.agrees(b, b)]
    printed = f"{lower.text} to {upper.text}"
    if fitting:
        return [AuditFinding("A21", "remark", share.name, f"the limits {printed} are those of {' or '.join(fitting)}")]
    exact = limits["exact (Clopper-Pearson)"]
    slack = float(lower.unit + upper.unit) / 2
    width, least = float(upper.value - lower.value), min(b - a for a, b in limits.values())
    told = ", ".join(f"{name} {lower.as_printed(a)} to {upper.as_printed(b)}" for name, (a, b) in limits.items())
    if width + slack < least:
        return [
            AuditFinding(
                "A16", "too narrow", share.name, f"the limits {printed} are narrower than by any method: {told}"
            )
        ]
    words = f"the limits {printed} are those of no method in use: {told}"
    severity = "convention" if width >= exact[1] - exact[0] - slack else "cannot be checked"
    return [AuditFinding("A16", severity, share.name, words)]  # type: ignore[arg-type]


def _digits(value: float, scale: float) -> str:
    """Return a limit with so many digits that it is not rounded to none or all."""
    edge = min(value, scale - value)
    decimals = 1 if scale == 100 else 3
    while 0 < edge < 10**-decimals and decimals < 8:
        decimals += 1
    return f"{value:.{decimals}f}"


def sum_findings(total: Sum) -> list[AuditFinding]:
    """Check that parts add up to their total."""
    found = sum(total.parts)
    if found == total.total:
        return []
    gap = total.total - found
    told = " + ".join(map(str, total.parts))
    missing = f"{gap} are missing" if gap > 0 else f"{-gap} are counted twice"
    return [AuditFinding("A28", "contradiction", total.name, f"{told} = {found}, not {total.total}: {missing}")]
