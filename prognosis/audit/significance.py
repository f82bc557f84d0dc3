"""Printed tests against the table they stand in, and printed p-values against their own statistic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cohorts.errors import PrognosisError
from prognosis.audit.finding import AuditFinding
from prognosis.audit.groups import FREEDOMS, Statistic, anova_from_summary, chi2, fisher_p, group_summary, p_of
from prognosis.audit.printed import Printed
from prognosis.audit.published import Counts, Means, PrintedTest
from prognosis.normal import two_sided_p

PValue = tuple[bool, Printed]


def counts_findings(table: Counts) -> list[AuditFinding]:
    """Make the tests of a table of counts again and compare what is printed with them."""
    try:
        made = chi2(table.counts)
        exact = fisher_p(table.counts)
    except PrognosisError as error:
        return [AuditFinding("A20", "cannot be checked", table.name, _rule(error))]
    return _compared(table.name, made, table.statistic, table.p, [] if exact is None else [exact])


def means_findings(table: Means) -> list[AuditFinding]:
    """Make the analysis of variance of a table of means again; say where groups differ by much."""
    try:
        groups = [group_summary(group.n, group.mean, group.sd, group.name) for group in table.groups]
        made = anova_from_summary(groups)
    except PrognosisError as error:
        return [AuditFinding("A20", "cannot be checked", table.name, _rule(error))]
    found = _compared(table.name, made, table.statistic, table.p, [])
    return found + _told_apart(table)


def _told_apart(table: Means) -> list[AuditFinding]:
    """Say how well the measurement alone would do what the model is praised for."""
    if table.told_apart is None:
        return []
    (n1, one, spread1), (n2, two, spread2) = (_together(table, names) for names in table.told_apart)
    spread = float(np.sqrt((spread1**2 + spread2**2) / 2))
    if not spread:
        return []
    difference = abs(one - two) / spread
    auc = 1 - float(two_sided_p(np.array([difference / np.sqrt(2)]))[0]) / 2
    first, second = (" and ".join(names) for names in table.told_apart)
    words = (
        f"mean {one:.1f} of {first} ({n1}) and {two:.1f} of {second} ({n2}), {difference:.2f} standard deviations "
        f"apart: were it normal, {table.name} alone would tell them apart with an AUC of about {auc:.2f}"
    )
    return [AuditFinding("A22", "remark", table.name, words)]


def _together(table: Means, names: Sequence[str]) -> tuple[int, float, float]:
    """Return number, mean and standard deviation of groups put together."""
    groups = [group for group in table.groups if group.name in names]
    n = sum(group.n for group in groups)
    mean = sum(group.n * float(group.mean.value) for group in groups) / n
    squares = sum(
        (group.n - 1) * float(group.sd.value) ** 2 + group.n * (float(group.mean.value) - mean) ** 2 for group in groups
    )
    return n, mean, float(np.sqrt(squares / (n - 1)))


def printed_test_findings(test: PrintedTest) -> list[AuditFinding]:
    """Compare a printed p-value with its own statistic and degrees of freedom."""
    if len(test.df) != FREEDOMS[test.kind]:
        words = f"{test.kind} has {FREEDOMS[test.kind]} number(s) of degrees of freedom, df gives {len(test.df)}"
        return [AuditFinding("A20", "cannot be checked", test.name, words)]
    found = _own_p(test.name, test, test.statistic, test.p)
    return found + _nought(test.name, test.p)


def _compared(
    place: str, made: Sequence[Statistic], statistic: Printed | None, p: PValue | None, exact: Sequence[float]
) -> list[AuditFinding]:
    """Compare a printed statistic and p-value with those made again, of which any one may be meant."""
    main, found = made[0], []
    told = f"{main.name} {_span(main)}, {_p_text(main)}"
    if statistic is not None and not any(statistic.agrees(each.least, each.most, 1e-6) for each in made):
        others = [f"{each.name} {_span(each)}" for each in made[1:]]
        more = f" ({', '.join(others)})" if others else ""
        found.append(
            AuditFinding(
                "A23", "contradiction", place, f"printed {statistic.text}; made again from the table it is {told}{more}"
            )
        )
    if p is not None:
        ranges = [each.p for each in made] + [(value, value) for value in exact]
        if not any(_agree(p, least, most) for least, most in ranges):
            also = f", Fisher {_p(exact[0])}" if exact else ""
            found.append(
                AuditFinding(
                    "A24", "contradiction", place, f"printed p {_told(p)}; made again from the table it is {told}{also}"
                )
            )
        if statistic is not None and found and not any(_own_p(place, each, statistic, p) == [] for each in made):
            found += _own_p(place, main, statistic, p)
        found += _nought(place, p)
    return found


def _own_p(place: str, of: Statistic | PrintedTest, statistic: Printed, p: PValue) -> list[AuditFinding]:
    """Compare a printed p-value with that of the printed statistic."""
    kind, freedom = (of.kind, of.df) if isinstance(of, PrintedTest) else (of.distribution, of.freedom)
    low, high = (float(end) for end in statistic.rounded)
    least, most = sorted(p_of(kind, value, freedom) for value in (low, high))
    if low <= 0 <= high:
        most = 1.0
    if _agree(p, least, most):
        return []
    degrees = f" with {' and '.join(f'{each:g}' for each in freedom)} degrees of freedom" if freedom else ""
    right = _p(p_of(kind, float(statistic.value), freedom))
    words = f"p {_told(p)} is not that of its own statistic: {kind} {statistic.text}{degrees} has p = {right}"
    return [AuditFinding("A25", "contradiction", place, words)]


def _nought(place: str, p: PValue) -> list[AuditFinding]:
    if p[0] or p[1].value != 0:
        return []
    words = f"p is printed as {p[1].text}, which no p-value is: write p < {float(p[1].unit):g}"
    return [AuditFinding("A26", "convention", place, words)]


def _agree(p: PValue, least: float, most: float) -> bool:
    """Whether a p-value between two numbers can be printed so; digits that were cut off are no fault here."""
    below, printed = p
    if below:
        return least <= float(printed.value)
    low, high = printed.rounded_or_cut
    return least <= float(high) * (1 + 1e-6) + 1e-12 and most >= float(low) * (1 - 1e-6) - 1e-12


def _told(p: PValue) -> str:
    return f"{'< ' if p[0] else '= '}{p[1].text}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.0001 else "< 0.0001"


def _p_text(statistic: Statistic) -> str:
    least, most = (_p(each) for each in statistic.p)
    return f"p = {least}" if least == most else f"p {least} to {most}"


def _span(statistic: Statistic) -> str:
    least, most = f"{statistic.least:.3g}", f"{statistic.most:.3g}"
    middle = f"{statistic.value:.3g}"
    return middle if least == most else f"{middle} ({least} to {most} by the printed digits)"


def _rule(error: PrognosisError) -> str:
    return "; ".join(finding.rule for finding in error.findings)
