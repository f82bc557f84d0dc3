"""What a tuning must tell its reader: the budget, the candidates that failed, and that errors do not know of it."""

from __future__ import annotations

from cohorts.errors import Finding
from prognosis.tuning.result import Tuning


def remarks_on(tuning: Tuning) -> tuple[Finding, ...]:
    """Return warnings: Y34 a grid cut by the budget, Y36 failed candidates, Y35 a choice that errors do not know of."""
    found = []
    count = len(tuning.settings)
    if count < tuning.size:
        rule = f"the grid has {tuning.size} settings, the budget is {tuning.budget}: {count} drawn at random were tried"
        found.append(Finding("Y34", rule, f"budget={tuning.size} tries them all", severity="warning"))
    reasons = [reason for reason in tuning.failed if reason]
    if reasons:
        rule = f"{len(reasons)} of {count} candidates could not be fitted and judged in every inner fold"
        advice = "their reasons are in tuning.table; take them out of the grid"
        found.append(Finding("Y36", f"{rule}; for example: {reasons[0]}", advice, severity="warning"))
    if count > 1:
        found.append(_choice(tuning))
    return tuple(found)


def _choice(tuning: Tuning) -> Finding:
    chosen = ", ".join(f"{name}={value}" for name, value in tuning.best.items())
    by = tuning.metric if tuning.horizon is None else f"{tuning.metric} at {tuning.horizon:g}"
    rule = (
        f"{chosen} chosen among {len(tuning.settings)} candidates by {by} in {tuning.folds} inner folds "
        f"({tuning.fits} fits): standard errors, intervals and p-values of the model do not know of the choice"
    )
    return Finding("Y35", rule, "validate: the tuning is repeated in every resample", severity="warning")
