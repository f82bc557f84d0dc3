"""The intervals of the AUCs of a table: who made them, and whether they are as wide as they should be."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from prognosis.audit.auc_intervals import (
    METHODS,
    WITH_CLASSES,
    WITHOUT_CLASSES,
    IntervalReading,
    Setting,
    as_share,
    auc_ci_method,
    delong_errors,
)
from prognosis.audit.finding import AuditFinding, joined
from prognosis.audit.published import Performance, Row
from prognosis.audit.rows import RowReading
from prognosis.normal import z_of_level

# Rows whose intervals must agree before a method is named: one alone agrees with several by chance.
ENOUGH = {True: 3, False: 5}
# A limit nearer to the AUC than this share of the width is on the wrong side for every method.
LEAST_SHARE = Fraction(1, 4)


def auc_findings(table: Performance, rows: list[RowReading]) -> list[AuditFinding]:
    """Check every AUC against its own interval and its row's rates, and all intervals against their methods."""
    found = [finding for row in table.rows for finding in _off_centre(table, row)]
    found += [finding for row in rows for finding in _beside_its_rates(table, row)]
    read = _readings(table)
    cuts = {row.name for row in rows if _of_a_cut(table, row)}
    alone = {name: each for name, each in read.items() if name not in cuts}
    return found + _too_narrow(table, alone) + _method(table, read) + _half_widths(table)


def _readings(table: Performance) -> dict[str, IntervalReading]:
    found = {}
    for row in table.rows:
        sides = table.tested(row).sides
        if row.auc is None or row.auc_interval is None or sides is None or min(sides) < 1:
            continue
        lower, upper = row.auc_interval
        if as_share(lower).value < as_share(upper).value:
            found[row.name] = auc_ci_method(row.auc, lower, upper, *sides, level=table.level)
    return found


def _off_centre(table: Performance, row: Row) -> list[AuditFinding]:
    """Find an AUC outside its interval, or at the edge of it to which no method leans."""
    if row.auc is None or row.auc_interval is None:
        return []
    auc, (lower, upper) = as_share(row.auc), (as_share(each) for each in row.auc_interval)
    place, told = f"{table.name}, row {row.name}", f"the AUC {auc.text} with the interval {lower.text} to {upper.text}"
    if upper.value < lower.value:
        return [AuditFinding("A17", "contradiction", place, f"{told}: the limits are in the wrong order")]
    outside = auc.value + auc.unit / 2 < lower.value - lower.unit / 2 or (
        auc.value - auc.unit / 2 > upper.value + upper.unit / 2
    )
    if outside:
        return [AuditFinding("A17", "contradiction", place, f"{told}: the AUC lies outside its own interval")]
    slack = auc.unit / 2 + max(lower.unit, upper.unit) / 2
    width = upper.value - lower.value
    toward = (auc.value - lower.value) if auc.value >= Fraction(1, 2) else (upper.value - auc.value)
    # intervals lean towards 0.5: the limit on that side is the farther one
    if width > 4 * slack and toward + slack < LEAST_SHARE * width:
        words = f"{told} lies at the edge of it: no usual method gives so uneven an interval; it belongs to another AUC"
        return [AuditFinding("A17", "contradiction", place, words)]
    return []


def _beside_its_rates(table: Performance, row: RowReading) -> list[AuditFinding]:
    """Area under a curve that passes through a known point: between those of its lowest and highest course."""
    printed, patients = next(each.auc for each in table.rows if each.name == row.name), row.confusion
    if printed is None or patients is None or not row.labelling.fits:
        return []
    sensitivity, specificity = patients.rate("sensitivity"), patients.rate("specificity")
    if sensitivity is None or specificity is None:
        return []
    low, high = sensitivity * specificity, 1 - (1 - sensitivity) * (1 - specificity)
    if as_share(printed).agrees(low, high) or low <= as_share(printed).value <= high:
        return []
    words = (
        f"AUC {printed.text}: a curve through sensitivity {float(sensitivity):.3f} and specificity "
        f"{float(specificity):.3f} has an area between {float(low):.3f} and {float(high):.3f}, if the calls are a cut "
        "of the score that the AUC is about"
    )
    return [AuditFinding("A18", "contradiction", f"{table.name}, row {row.name}", words)]


def _of_a_cut(table: Performance, row: RowReading) -> bool:
    """Whether the AUC is that of the calls themselves, whose ties make DeLong's error smaller."""
    printed = next(each.auc for each in table.rows if each.name == row.name)
    balanced = row.confusion.rate("balanced_accuracy") if row.confusion else None
    return printed is not None and balanced is not None and as_share(printed).agrees(balanced, balanced)


def _too_narrow(table: Performance, read: dict[str, IntervalReading]) -> list[AuditFinding]:
    found = []
    for name, each in read.items():
        if each.narrower_than_any:
            lower, upper = each.limits_by("Hanley-McNeil")
            words = (
                f"the interval {each.lower.text} to {each.upper.text} of the AUC {each.auc.text} is narrower than "
                f"DeLong's method can give for any scores without ties of {_patients(each)} (at least ± "
                f"{each.delong[0]:.3f}); Hanley-McNeil: {lower:.3f} to {upper:.3f}"
            )
            found.append(AuditFinding("A16", "too narrow", f"{table.name}, row {name}", words))
    return found


def _patients(each: IntervalReading) -> str:
    return f"{each.setting.positives} patients with and {each.setting.negatives} without the outcome"


def _method(table: Performance, read: dict[str, IntervalReading]) -> list[AuditFinding]:
    """Name the method of a column of intervals; it is a fault if it forgets the class split and is narrower for it."""
    counts = {method: sum(each.methods[place].fits for each in read.values()) for place, method in enumerate(METHODS)}
    if not read or not any(counts.values()):
        return []
    told = joined([f"{method} ({count} of {len(read)})" for method, count in counts.items() if count])
    without, with_classes = (max(counts[name] for name in names) for names in (WITHOUT_CLASSES, WITH_CLASSES))
    fine = all(each.lower.unit <= Fraction(1, 1000) for each in read.values())
    found = [AuditFinding("A21", "remark", table.name, f"the intervals of the AUCs agree with: {told}")]
    if len(read) < ENOUGH[fine] or without < len(read) or with_classes > len(read) / 2:
        return found
    widths = [(each.half_width, _width_by(each, "Hanley-McNeil")) for each in read.values()]
    narrower = sum(printed < right for printed, right in widths) > len(read) / 2
    words = (
        f"all {len(read)} intervals of the AUCs are those of a share of all patients ({told}): they ignore how many "
        f"had the outcome. Half-widths {_span([printed for printed, _ in widths])}, Hanley-McNeil "
        f"{_span([right for _, right in widths])}"
    )
    return [*found, AuditFinding("A16", "too narrow" if narrower else "convention", table.name, words)]


def _width_by(each: IntervalReading, method: str) -> float:
    lower, upper = each.limits_by(method)
    return (upper - lower) / 2


def _half_widths(table: Performance) -> list[AuditFinding]:
    """Where only the smallest and largest half-width are known: against what each method gives for the AUCs."""
    sides = table.tested(table.rows[0]).sides
    aucs = [float(as_share(row.auc).value) for row in table.rows if row.auc is not None]
    if table.auc_half_widths is None or not aucs or sides is None or min(sides) < 1:
        return []
    setting = Setting(*sides, table.level)
    right, ignoring = (
        _ends([(high - low) / 2 for low, high in (METHODS[name](auc, setting) for auc in aucs)])
        for name in ("Hanley-McNeil", "exact binomial of all patients")
    )
    printed = tuple(float(as_share(each).value) for each in table.auc_half_widths)
    least = min(z_of_level(table.level) * delong_errors(auc, setting)[0] for auc in aucs)
    slack = [float(each.unit) / 2 for each in table.auc_half_widths]
    if not (printed[0] + slack[0] < right[0] and printed[1] + slack[1] < right[1]):
        return []
    words = (
        f"the half-widths of the intervals of the AUCs, {_span(printed)}, are below those of Hanley-McNeil for "
        f"{setting.positives} and {setting.negatives} patients, {_span(right)}; the exact binomial of all "
        f"{sum(setting[:2])} patients, which ignores the class split, gives {_span(ignoring)}"
    )
    if printed[0] + slack[0] < least:
        words += f"; DeLong's method cannot give less than {least:.3f} for scores without ties"
    return [AuditFinding("A16", "too narrow", table.name, words)]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _span(values: Sequence[float]) -> str:
    return f"{min(values):.3f} to {max(values):.3f}"
