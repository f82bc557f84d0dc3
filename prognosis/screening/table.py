"""Screening of many rare binary features, cytogenetic abnormalities say: one model a feature, alone and adjusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings, warn_findings
from prognosis.limits import Shape
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.preparation import Preparation
from prognosis.screening.effects import FIRTH, Effect, FeatureRows, Measure, estimate_effect
from prognosis.screening.presence import Presence, read_presence
from prognosis.screening.result import AbnormalityTable
from prognosis.selection.selector import whole
from prognosis.selection.univariable import benjamini_hochberg
from prognosis.special_columns import read_special_columns
from prognosis.study_checks import check_predictors, check_special

if TYPE_CHECKING:
    from prognosis.study import Study

Flags = NDArray[np.bool_]
Hazard = Literal["cause-specific", "subdistribution"]
NO_EVENT = "0 events {} it: no maximum likelihood exists, Firth's penalised likelihood instead"
SHARE = Shape("a number from 0 to below 1", lambda x: isinstance(x, int | float) and 0 <= x < 1)
WHOLE = whole(1)
SEPARATES = "a column separates the events: no maximum likelihood exists, Firth's penalised likelihood instead"


def screen_abnormalities(
    study: Study,
    features: Sequence[str],
    *,
    adjusted_for: Sequence[str] = (),
    strata: Sequence[str] = (),
    hazard: Hazard = "cause-specific",
    prevalence: float = 0.05,
    carriers: int = 10,
    events: int = 10,
) -> AbnormalityTable:
    """Estimate the effect of each of many binary features on the study's endpoint, by one model a feature.

    Parameters
    ----------
    study : patients and endpoint; its predictors play no part. features : binary columns of its cohort.
    adjusted_for : covariates of a second model a feature. strata : columns whose groups have a baseline hazard each
        (Cox only).
    hazard : with competing events: ``cause-specific`` (others leave the risk set) or ``subdistribution`` (Fine-Gray).
    prevalence : a rarer feature is listed and not tested. carriers : so is one with fewer carriers, or fewer patients
        without it. events : so is one with fewer events among the patients assessed.

    Returns
    -------
    AbnormalityTable: hazard ratios of Cox models with Efron's ties (odds ratios for a binary endpoint).

    Raises
    ------
    DataContractError
        W11 a feature that is not binary; W12 a feature that is also a covariate or stratum, or names as a text; those
        of a study's predictors: S15, C02, S01, C08, S17, L11; C16 a stratum is missing.
    FitError
        W13 strata, or a kind of hazard, that these models do not have; T30 events known to lie between two visits.

    Notes
    -----
    A patient in whom a feature could not be assessed is left out of that feature's models alone, and counted. A feature
    that is the same in every patient as one before it (two names of one abnormality) is listed and not tested. Where
    carriers, or the others, have no event, or the columns separate the events otherwise, no maximum likelihood exists:
    Firth's penalised likelihood is used and the table says so. Every test counts for the false discovery rate, which
    holds where the tests are independent or positively dependent. Equal to R's ``coxph``, ``cmprsk::crr``, ``glm`` and
    ``logistf`` on the same rows. Sources: Benjamini and Hochberg (1995); Heinze and Schemper (2001, 2002).
    """
    names = [
        tuple(columns) if not isinstance(columns, str) else columns for columns in (features, adjusted_for, strata)
    ]
    raise_findings(_name_faults(names), DataContractError)
    asked = Asked(study, tuple(adjusted_for), tuple(strata), hazard, prevalence, carriers, events)
    raise_findings(asked.faults, FitError)
    endpoint, allowed = study.endpoint, study.allow_post_baseline
    if adjusted_for:
        raise_findings(check_predictors(study.cohort, endpoint, asked.adjusted_for, allowed), DataContractError)
    raise_findings(check_special(study.cohort, endpoint, asked.strata, allowed), DataContractError)
    read = read_presence(study.cohort, endpoint, tuple(features), allowed)
    asked = replace(asked, same=_same(read))
    table = pd.DataFrame([asked.line(feature) for feature in read])
    for prefix in ("", "adjusted_") if adjusted_for else ("",):
        tested = table[f"{prefix}p"].notna()
        table.loc[tested, f"{prefix}q"] = benjamini_hochberg(table.loc[tested, f"{prefix}p"].to_numpy(float))
    warnings = _doubts(table)
    warn_findings(warnings)
    happened = int((asked.outcome.event == 1).sum())
    return AbnormalityTable(
        table, asked.measure, endpoint.name, asked.adjusted_for, asked.strata, len(study.cohort), happened, warnings
    )


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of every feature; see `screen_abnormalities`."""

    study: Study
    adjusted_for: tuple[str, ...]
    strata: tuple[str, ...]
    hazard: str
    prevalence: float
    carriers: int
    events: int
    same: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def outcome(self) -> SurvivalArrays:
        """Outcome of the study's patients, (n,)."""
        return read_outcome(self.study.outcome.to_structured(), timed=self.study.endpoint.kind != "binary")

    @property
    def measure(self) -> Measure:
        """What the ratio is."""
        if self.study.endpoint.kind == "binary":
            return "odds_ratio"
        subdistribution = self.study.endpoint.kind == "competing" and self.hazard == "subdistribution"
        return "subdistribution_hazard_ratio" if subdistribution else "hazard_ratio"

    @property
    def faults(self) -> list[Finding]:
        """What these models cannot do (S14, W13, T30)."""
        faults = [
            Finding("S14", f"{name}={value!r} is not allowed", f"{name} must be {limit}")
            for name, value, limit, ok in (
                ("hazard", self.hazard, f"one of {', '.join(get_args(Hazard))}", self.hazard in get_args(Hazard)),
                ("prevalence", self.prevalence, SHARE, SHARE.allows(self.prevalence)),
                ("carriers", self.carriers, WHOLE, WHOLE.allows(self.carriers)),
                ("events", self.events, WHOLE, WHOLE.allows(self.events)),
            )
            if not ok
        ]
        if self.hazard == "subdistribution" and self.study.endpoint.kind != "competing":
            rule = f"a {self.study.endpoint.kind} endpoint has no subdistribution hazard"
            faults.append(Finding("W13", rule, "declare a Competing endpoint, or leave hazard out"))
        if self.strata and self.measure != "hazard_ratio":
            rule = f"strata are those of a Cox model; these are models of the {self.measure.replace('_', ' ')}"
            faults.append(Finding("W13", rule, "adjusted_for the column instead"))
        if self.outcome.last_free is not None:
            rule = "events are known to lie between two visits (last_free), which these models cannot use"
            faults.append(Finding("T30", rule, "choose an endpoint without last_free"))
        return faults

    @cached_property
    def stratum(self) -> NDArray[np.int64] | None:
        """Index of each patient's stratum, or None."""
        if not self.strata:
            return None
        frame = self.study.cohort.view(self.strata)
        return read_special_columns(frame, strata=self.strata, weights=None, cluster=None, offset=None).stratum

    @cached_property
    def covariates(self) -> pd.DataFrame:
        """Covariates of the study's patients."""
        return self.study.cohort.view(self.adjusted_for)

    def line(self, feature: Presence) -> dict[str, Any]:
        """Return one line of the table."""
        line = {"feature": feature.name, "label": feature.label, "present": feature.present}
        line |= self._model(feature, feature.assessed, np.empty((len(feature.value), 0)), (), "")
        if not self.adjusted_for:
            return line
        complete = feature.assessed & self.covariates.notna().all(axis=1).to_numpy()
        design, names = np.empty((len(complete), 0)), tuple[str, ...]()
        if complete.any():
            known = self.covariates[complete].apply(_seen_levels)
            preparation = Preparation.fit(known)
            design, names = np.full((len(complete), len(preparation.names)), np.nan), preparation.names
            design[complete] = preparation.design(known)
        return line | self._model(feature, complete, design, names, "adjusted_")

    def _model(
        self, feature: Presence, kept: Flags, covariates: NDArray[np.float64], names: tuple[str, ...], prefix: str
    ) -> dict[str, Any]:
        """Count, and estimate where there are carriers and events enough."""
        value, event = feature.value[kept], self.outcome.event[kept] == 1
        with_it = value == 1
        counts = {
            "n": len(value),
            "missing": len(kept) - len(value),
            "carriers": int(with_it.sum()),
            "prevalence": float(with_it.mean()) if len(value) else np.nan,
            "events_with": int(event[with_it].sum()),
            "events_without": int(event[~with_it].sum()),
        }
        effect, reason = None, self._same_as(feature) or self._too_few(counts)
        if not reason:
            stratum = None if self.stratum is None else self.stratum[kept]
            design = np.column_stack([value, covariates[kept]])
            rows = FeatureRows(design, (feature.name, *names), self.outcome.take(kept), stratum)
            effect, reason = _estimated(rows, self.measure, counts)
        found = counts | _numbers(effect, self.measure) | {"reason": reason}
        return {f"{prefix}{key}": value for key, value in found.items()}

    def _same_as(self, feature: Presence) -> str:
        """Name the feature before it that is the same in every patient, "" where none is."""
        first = self.same.get(feature.name)
        return f"the same in every patient as {first}, which is tested" if first else ""

    def _too_few(self, counts: dict[str, Any]) -> str:
        """Say why a feature is not tested, "" where it is."""
        rarer, happened = counts["n"] - counts["carriers"], counts["events_with"] + counts["events_without"]
        if not counts["prevalence"] >= self.prevalence:
            return f"{counts['carriers']} carriers of {counts['n']}: rarer than {100 * self.prevalence:g} %"
        if counts["carriers"] < self.carriers:
            return f"{counts['carriers']} carriers: fewer than {self.carriers}"
        if rarer < self.carriers:
            return f"{rarer} patients without it: fewer than {self.carriers}"
        if happened < self.events:
            return f"{happened} events: fewer than {self.events}"
        return ""


def _same(features: Sequence[Presence]) -> dict[str, str]:
    """Return features that repeat one before them, with its name: a second test of it would count twice."""
    first: dict[bytes, str] = {}
    values = {feature.name: np.where(feature.assessed, feature.value, 2.0).tobytes() for feature in features}
    return {name: first[value] for name, value in values.items() if first.setdefault(value, name) != name}


def _seen_levels(column: pd.Series) -> pd.Series:
    """Leave out levels that none of these patients has, as R leaves out their coefficient; one level alone stays."""
    if not isinstance(column.dtype, pd.CategoricalDtype) or column.nunique() < 2:
        return column
    return column.cat.remove_unused_categories()


def _estimated(rows: FeatureRows, measure: Measure, counts: dict[str, Any]) -> tuple[Effect | None, str]:
    """Return the effect and what must be said of it: why Firth's penalty, or why there is none."""
    empty = [group for group, key in (("with", "events_with"), ("without", "events_without")) if not counts[key]]
    try:
        effect = estimate_effect(rows, measure, separated=bool(empty))
    except FitError as error:
        return None, error.findings[0].rule
    if effect.method != FIRTH:
        return effect, ""
    return effect, NO_EVENT.format(empty[0]) if empty else SEPARATES


def _numbers(effect: Effect | None, measure: Measure) -> dict[str, Any]:
    nan = float("nan")
    found = Effect(nan, nan, nan, nan, "") if effect is None else effect
    with np.errstate(over="ignore"):
        ratio, lower, upper = map(float, np.exp([found.estimate, found.lower, found.upper]))
    return {measure: ratio, "lower": lower, "upper": upper, "p": found.p, "q": nan, "method": found.method} | (
        {"proportional_hazards_p": found.proportional} if measure == "hazard_ratio" else {}
    )


def _name_faults(names: list[Any]) -> list[Finding]:
    """Names as a text would be read letter by letter; a feature cannot adjust for itself (W12)."""
    texts = [value for value in names if isinstance(value, str)]
    if texts:
        return [Finding("W12", f"{texts[0]!r} is a text, not a list of columns", f'give ["{texts[0]}"]')]
    features, adjusted_for, strata = names
    return [
        Finding("W12", "a feature cannot be a covariate or stratum of its own model", "take it out of one", name)
        for name in dict.fromkeys(features)
        if name in (*adjusted_for, *strata)
    ]


def _doubts(table: pd.DataFrame) -> tuple[Finding, ...]:
    """Warn (W14) of features that were not tested, and (W15) of those that needed Firth's penalty."""
    out = table[table["p"].isna()]
    found = []
    if len(out):
        rule = f"{len(out)} of {len(table)} features were not tested: {', '.join(map(str, out['feature'][:5]))}"
        rule += " and others" if len(out) > 5 else ""
        found.append(Finding("W14", rule, "the column reason says why", severity="warning"))
    methods = table[[name for name in ("method", "adjusted_method") if name in table]]
    firth = table[(methods == FIRTH).any(axis=1)]
    if len(firth):
        rule = f"{len(firth)} features separate the events: {', '.join(map(str, firth['feature'][:5]))}"
        rule += " and others" if len(firth) > 5 else ""
        advice = "their ratios are Firth's, with limits of the profile likelihood"
        found.append(Finding("W15", rule, advice, severity="warning"))
    return tuple(found)
