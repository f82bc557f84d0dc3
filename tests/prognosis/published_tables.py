"""Tables as papers print them, made from patients: what an audit must find nothing in."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from hypothesis import strategies as st

from prognosis.audit import Confusion
from prognosis.audit.auc_intervals import METHODS, Setting

RATES = (
    *("sensitivity", "specificity", "ppv", "npv", "accuracy", "balanced_accuracy", "f1", "youden"),
    *("false_positive_rate", "false_negative_rate", "error_rate"),
)


def printed(value, decimals, rounding=ROUND_HALF_UP):
    """Round an exact fraction as a table does."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=rounding))


@st.composite
def confusions(draw, most=80, positives=None, negatives=None):
    p = positives or draw(st.integers(1, most))
    n = negatives or draw(st.integers(1, most))
    tp, tn = draw(st.integers(0, p)), draw(st.integers(0, n))
    return Confusion(tp, p - tp, tn, n - tn)


@st.composite
def tables(draw):
    """A table of performance made of patients, with its summary and AUCs whose intervals are Hanley and McNeil's."""
    decimals, unit = draw(st.sampled_from([(1, "percent"), (2, "percent"), (0, "percent"), (3, "fraction")]))
    rounding = draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
    labels = draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=5, unique=True))
    sizes = draw(st.sampled_from([(None, None), (72, 32), (31, 57)]))
    patients = draw(st.lists(confusions(60, *sizes), min_size=1, max_size=8))
    scale = 100 if unit == "percent" else 1
    rows, exact = [], {label: [] for label in labels}
    for number, each in enumerate(patients):
        row = {"name": str(number), "positives": each.tp + each.fn, "negatives": each.tn + each.fp}
        for label in labels:
            if (rate := each.rate(label)) is not None:
                row[label] = printed(rate * scale, decimals, rounding)
                exact[label].append(rate * scale)
        rows.append(row | draw(_auc(each)))
    return {"name": "made", "unit": unit, "rows": rows, "summary": draw(_summary(exact, decimals))}


@st.composite
def _auc(draw, each):
    """An AUC that a score with these calls can have, and its interval; or none."""
    sensitivity, specificity = each.rate("sensitivity"), each.rate("specificity")
    low, high = sensitivity * specificity, 1 - (1 - sensitivity) * (1 - specificity)
    if not draw(st.booleans()):
        return {}
    auc = low + (high - low) * draw(st.integers(0, 20)) / 20
    lower, upper = METHODS["Hanley-McNeil"](float(auc), Setting(each.tp + each.fn, each.tn + each.fp))
    if f"{lower:.3f}" == f"{upper:.3f}":
        return {}
    return {"auc": printed(auc, 3), "auc_interval": [f"{lower:.3f}", f"{upper:.3f}"]}


@st.composite
def _summary(draw, exact, decimals):
    """Mean and sample standard deviation of some columns, from the exact rates."""
    found = {}
    for label, values in exact.items():
        if len(values) < 2 or not draw(st.booleans()):
            continue
        mean = sum(values) / len(values)
        square = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        root = (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()
        shown = str(root.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))
        found[label] = [printed(mean, decimals), shown]
    return found
