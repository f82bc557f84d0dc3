"""Judge a fitted model in another cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PredictionError, warn_findings
from prognosis.cohort_shift import shift_findings
from prognosis.estimate import NO_HORIZON
from prognosis.evaluation import NONE
from prognosis.external.judging import Judging, judge
from prognosis.external.measures import measure_all
from prognosis.external.result import COLUMNS, ExternalValidation
from prognosis.external.subgroups import subgroup_table
from prognosis.external.transport import Transport, transport_of
from prognosis.horizons import checked_horizons
from prognosis.metrics.direction import check_direction
from prognosis.metrics.indexes import chosen_indexes
from prognosis.metrics.net_benefit import read_thresholds
from prognosis.metrics.time_dependent import find_constant
from prognosis.metrics.weights import check_events
from prognosis.new_cohort import NewCohort, read_new_cohort

if TYPE_CHECKING:
    from cohorts import Cohort
    from cohorts.endpoint import Endpoint
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
REPEATS = 200


@dataclass(frozen=True)
class Asked:
    """What an external validation is asked for; see `FittedModel.validate`."""

    horizons: Sequence[float] | float | None = None
    metrics: Sequence[str] | str | None = None
    thresholds: Sequence[float] = ()
    by: Sequence[str] | str = ()
    endpoint: Endpoint | None = None
    repeats: Any = REPEATS


def validate_outside(model: FittedModel, cohort: Cohort, asked: Asked) -> ExternalValidation:
    """See `FittedModel.validate`."""
    whole = isinstance(asked.repeats, int) and not isinstance(asked.repeats, bool)
    if not whole or asked.repeats < 0:
        rule = f"repeats={asked.repeats!r} is not allowed"
        raise FitError(Finding("S14", rule, "a whole number; 0: no limits where they need resamples"))
    new = read_new_cohort(model, cohort, asked.endpoint)
    check_events(new.outcome)
    cuts = tuple(map(float, read_thresholds(asked.thresholds))) if len(asked.thresholds) else ()
    judging = judge(model, new, _horizons(model, new, asked), cuts)
    chosen = chosen_indexes(asked.metrics, model.endpoint.kind, cuts, len(judging.horizons), external=True)
    everybody = np.arange(judging.n)
    found = measure_all(judging, chosen, everybody, asked.repeats, model.seed)
    by = [asked.by] if isinstance(asked.by, str) else list(asked.by)
    groups, said = subgroup_table(judging, new.columns(by), chosen, asked.repeats, model.seed)
    transport = transport_of(model, new, judging.answers.linear_predictor)
    doubts = (
        *judging.beyond.values(),
        *found.reasons,
        *said,
        *_same_cohort(model, new),
        *_training(model, new, transport),
    )
    doubts += transport.warnings
    doubts += (*shift_findings(transport.shift), *find_constant(judging.answers.marker[:, None]))
    warn_findings(doubts, stacklevel=4)
    return ExternalValidation(
        model=model.name,
        table=found.table.assign(model=model.name)[list(COLUMNS)],
        subgroups=groups,
        transport=transport,
        cohort=new.cohort.name,
        n=new.n,
        events=new.events,
        repeats=asked.repeats,
        seed=model.seed,
        evaluation=judging.evaluation(),
        warnings=(*new.warnings, *_direction(new, judging), *doubts),
        answers=model.answers_hash,
        source=new.cohort.sha256 or "",
    )


def _horizons(model: FittedModel, new: NewCohort, asked: Asked) -> Floats:
    if not new.outcome.timed:
        if asked.horizons is not None:
            rule = f"horizons={asked.horizons!r}, but a binary endpoint has no time"
            raise PredictionError(Finding("P12", rule, "validate without horizons"))
        return NO_HORIZON
    if asked.horizons is None and not model.horizons:
        return NONE
    return np.unique(checked_horizons(model.horizons if asked.horizons is None else asked.horizons))


def _same_cohort(model: FittedModel, new: NewCohort) -> list[Finding]:
    """Doubt that patients in whom the model was updated can judge it."""
    size = f"n={new.n}, events={new.events}"
    if not any(note.code == "E10" and (note.file, note.value) == (new.cohort.name, size) for note in model.warnings):
        return []
    rule = f"this seems to be the cohort in which the model was updated ({new.cohort.name}, {size})"
    return [Finding("E09", rule, "validate it in other patients: these figures are apparent", severity="warning")]


def _training(model: FittedModel, new: NewCohort, transport: Transport) -> list[Finding]:
    """Warn (U20) of a cohort that has the training's patients, events and means: that is no external validation."""
    shift = transport.shift["smd"]
    alike = len(shift) > 0 and bool((shift.abs() < 1e-9).all())
    if not alike or (new.n, new.events) != (model.n, model.events):
        return []
    rule = (
        f"the new cohort has the {model.n} patients, the {model.events} events and the means of the training "
        "cohort: these are the patients the model was made from, and it looks better in them than in any others"
    )
    return [Finding("U20", rule, "give patients of another place or time", severity="warning")]


def _direction(new: NewCohort, judging: Judging) -> tuple[Finding, ...]:
    """Doubt the direction of the risks; shown by the check itself."""
    risk = judging.answers.risk
    return check_direction(new.outcome, risk, judging.judged.horizons, external=True) if risk.shape[1] else ()
