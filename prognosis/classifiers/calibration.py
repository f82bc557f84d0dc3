"""Probabilities out of decision values: Platt's sigmoid or isotonic steps, learnt on rows the machine has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from cohorts.errors import Finding
from prognosis.classifiers.machine import LabelledRows
from prognosis.logistic.regression import fit_logistic

Floats = NDArray[np.float64]
Kind = Literal["platt", "isotonic", "none"]
KINDS = ("platt", "isotonic", "none")
# Rows below which isotonic steps follow the noise. Source: Niculescu-Mizil and Caruana (2005).
FEWEST_FOR_STEPS = 1000
NOTHING = np.empty(0)
# Decision values of all machines are of the order of 1; what differs by less is the error of a search.
SAME = 1e-4
# Mean risk of the training rows, less their share of events, beyond which the level is doubted.
LEVEL_OFF = 0.05


@dataclass(frozen=True, eq=False)
class Calibration:
    """How a decision value becomes a probability of the event.

    Parameters
    ----------
    kind : ``platt``: log odds = intercept + slope * decision value; ``isotonic``: interpolated between knots, level
        beyond them; ``none``: the decision value is the log odds.
    slope, intercept : of the sigmoid. knots, risk : (k,) decision values and probabilities of isotonic steps.
    """

    kind: Kind
    slope: float = 1.0
    intercept: float = 0.0
    knots: Floats = field(default_factory=lambda: NOTHING)
    risk: Floats = field(default_factory=lambda: NOTHING)

    def log_odds(self, decision: Floats) -> Floats:
        """Log odds of the event, (m,)."""
        if self.kind == "isotonic":
            stepped: Floats = logit(np.interp(decision, self.knots, self.risk))
            return stepped
        return self.intercept + self.slope * decision

    @property
    def flat(self) -> bool:
        """True when everybody gets the same risk."""
        return bool((np.ptp(self.risk) == 0) if self.kind == "isotonic" else self.slope == 0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        steps = self.kind == "isotonic"
        return {"calibration_knots": self.knots, "calibration_risk": self.risk} if steps else {}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {"kind": self.kind, "slope": self.slope, "intercept": self.intercept}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """Rebuild from `to_dict` and `arrays`; raises ValueError for what no calibration can be."""
        kind, slope, intercept = stored["kind"], float(stored["slope"]), float(stored["intercept"])
        knots, risk = arrays.get("calibration_knots", NOTHING), arrays.get("calibration_risk", NOTHING)
        rises = len(knots) > 0 and bool((np.diff(knots) > 0).all() and (np.diff(risk) >= 0).all())
        inside = bool(((risk > 0) & (risk < 1)).all())
        if kind not in KINDS or not 0 <= slope < np.inf or not np.isfinite(intercept):
            raise ValueError("the calibration is none")
        if (kind == "isotonic") != rises or not inside:
            raise ValueError("the steps of the calibration do not rise")
        return cls(kind, slope, intercept, np.asarray(knots, float), np.asarray(risk, float))


def platt(decision: Floats, rows: LabelledRows) -> Calibration:
    """Fit Platt's sigmoid by maximum likelihood to his targets.

    Parameters
    ----------
    decision : (n,) of rows that the machine did not see. rows : of the same order.

    Notes
    -----
    A row without the event counts as one with the event in the part 1 / (N- + 2), one with it in the part
    (N+ + 1) / (N+ + 2), so that a finite maximum exists where decision values separate the events. A slope below 0
    would turn the machine upside down: it is 0, and everybody gets the observed share. Source: Platt (1999); the
    sigmoid of scikit-learn's ``CalibratedClassifierCV`` has the same targets.
    """
    low, high = rows.targets
    target = np.where(rows.event, high, low)
    column = np.concatenate([decision, decision])[:, None]
    having = np.arange(len(column)) < len(decision)
    weight = np.concatenate([rows.weight * target, rows.weight * (1 - target)])
    fit = fit_logistic(column, having, ("decision value",), weight=weight)
    if not fit.coefficients[0] > 0:
        return level("platt", rows)
    return Calibration("platt", float(fit.coefficients[0]), float(fit.intercept - fit.means @ fit.coefficients))


def isotonic(decision: Floats, rows: LabelledRows) -> Calibration:
    """Fit the steps that never fall and lie nearest to the outcomes (scikit-learn's ``IsotonicRegression``).

    Steps end at Platt's targets (its ``y_min`` and ``y_max``): that of a few patients at the end is neither 0 nor 1.
    Between steps probabilities are interpolated.
    """
    from sklearn.isotonic import IsotonicRegression

    low, high = rows.targets
    steps = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip")
    steps.fit(decision, rows.event.astype(float), sample_weight=rows.weight)
    return Calibration("isotonic", knots=steps.X_thresholds_.astype(float), risk=steps.y_thresholds_.astype(float))


def level(kind: Kind, rows: LabelledRows) -> Calibration:
    """Give everybody the observed share."""
    if kind == "isotonic":
        return Calibration("isotonic", knots=np.zeros(1), risk=np.array([rows.share]))
    return Calibration("platt", 0.0, float(logit(rows.share)))


def calibrate(kind: Kind, decision: Floats, seen: Floats, rows: LabelledRows) -> Calibration:
    """Fit a calibration to decision values that were made without their own rows.

    Everybody gets the observed share where these do not differ, or those of the machine trained on all rows, `seen`.
    """
    if min(np.ptp(decision), np.ptp(seen)) <= SAME:
        return level(kind, rows)
    return platt(decision, rows) if kind == "platt" else isotonic(decision, rows)


def doubts_of(found: Calibration, decision: Floats, rows: LabelledRows) -> list[Finding]:
    """Warn of a machine that learnt nothing (B25), steps on few rows (B26) and a level that is off (B30).

    `decision` : of the rows by the machine that was trained on all of them.
    """
    said: list[Finding] = []
    mean = float(np.average(expit(found.log_odds(decision)), weights=rows.weight))
    if abs(mean - rows.share) > LEVEL_OFF:
        rule = f"the mean risk of the training rows is {mean:.3f}, the share with the event {rows.share:.3f}"
        said.append(Finding("B30", rule, 'calibration="platt", and more folds', severity="warning"))
    if found.flat:
        rule = "in patients left out, decision values do not rise with the events: everybody gets the observed share"
        said.append(Finding("B25", rule, "the predictors may say nothing; more patients", severity="warning"))
    if found.kind == "isotonic" and len(decision) < FEWEST_FOR_STEPS:
        rule = f"isotonic steps from n={len(decision)} rows, below {FEWEST_FOR_STEPS}, follow the noise"
        said.append(Finding("B26", rule, 'calibration="platt"', severity="warning"))
    return said


def share_to_log_odds(share: Floats, targets: tuple[float, float]) -> Floats:
    """Log odds of shares of a leaf, which are not taken for more certain than Platt's targets."""
    odds: Floats = logit(np.clip(share, *targets))
    return odds


def risk_of(log_odds: Floats) -> Floats:
    """Probability of the event, (m, 1)."""
    risk: Floats = expit(log_odds)[:, None]
    return risk
