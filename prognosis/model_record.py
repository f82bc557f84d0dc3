"""What is kept of a fitted model: the question, the estimates, the cohort in aggregate, where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from cohorts import Binary, Codebook, Competing, TimeToEvent
from cohorts.errors import Finding
from prognosis.answering import Answering
from prognosis.deaths import Deaths
from prognosis.external.record import ExternalRecord, answers_hash, record_of, with_record
from prognosis.harmonisation.preparation import needed_besides
from prognosis.imputation.pooling import Pooled
from prognosis.imputation.stored import StoredImputation
from prognosis.joint_distance import JointDistance
from prognosis.patients import Door
from prognosis.preparation import Preparation
from prognosis.profile import ObservedCurve, Profile
from prognosis.published.estimate import PublishedHazard
from prognosis.recipe import Recipe
from prognosis.selection.result import Selection
from prognosis.tuning.result import Tuning
from prognosis.validation import Validation

if TYPE_CHECKING:
    from prognosis.external.result import ExternalValidation


@dataclass(frozen=True)
class Training:
    """What only a freshly fitted model has: ids and digest of its rows, and the fitted recipe. Never saved."""

    ids: tuple[str, ...]
    fitted: Recipe
    rows: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class ModelRecord:
    """A model and everything it needs to answer for new patients.

    Parameters
    ----------
    name : in tables and files. recipe : unfitted parameters. preparation : from raw predictors to columns.
    estimate : the numbers. codebook : of the predictors. endpoint, horizons : the question.
    event_label : what the event is called, by language. n, events : training patients and events.
    profile : aggregate distribution of the predictors. seed : of the study.
    follow_up : observed curve of the training cohort, None for a binary endpoint; strata_follow_up : of each stratum.
    missing : declared strategy for missing values. flow : rows read, left out and kept. warnings : findings.
    created : date. version : of the package. id_column : name of the id column. cohort : name of the file.
    validation : attached by `with_validation`. training : None after loading.
    imputation : completes patients whose predictors are not all known, None where they are refused.
    pooled : details of the pooling over imputed copies. selection : how the predictors were chosen, or None.
    tuning : how the parameters were chosen, or None. distance : from the centre of the training cohort.
    deaths : among the events, where the endpoint declares them. external : validations in other patients, as recorded.
    verified : True when `load_model` matched a digest that the user got elsewhere.
    """

    name: str
    recipe: Recipe
    preparation: Preparation
    estimate: Any
    codebook: Codebook
    endpoint: TimeToEvent | Competing | Binary
    horizons: tuple[float, ...]
    event_label: Mapping[str, str]
    n: int
    events: int
    profile: Profile
    follow_up: ObservedCurve | None
    strata_follow_up: tuple[ObservedCurve, ...]
    seed: int
    missing: str | None
    flow: tuple[tuple[str, int], ...]
    warnings: tuple[Finding, ...]
    created: str
    version: str
    id_column: str
    cohort: str
    validation: Validation | None = None
    imputation: StoredImputation | None = field(default=None, repr=False)
    pooled: Pooled | None = field(default=None, repr=False)
    selection: Selection | None = field(default=None, repr=False)
    tuning: Tuning | None = field(default=None, repr=False)
    distance: JointDistance | None = field(default=None, repr=False)
    deaths: Deaths | None = field(default=None, repr=False)
    external: tuple[ExternalRecord, ...] = field(default=(), repr=False)
    training: Training | None = field(default=None, repr=False)
    verified: bool = False

    def __repr__(self) -> str:
        listed = ", ".join(self.predictors)
        return f"FittedModel({self.name}: {self.kind}, {self.n} patients, {self.events} events, predictors {listed})"

    @cached_property
    def answers_hash(self) -> str:
        """SHA-256 of what the model answers by: the same before and after a validation is attached or recorded."""
        return answers_hash(self)

    def with_external(self, found: ExternalValidation, cohort: str, day: str | None = None) -> Self:
        """Return the model that remembers a validation in other patients, for its file and for pages.

        Parameters
        ----------
        found : what `validate` of this model returned. cohort : what pages call the patients. day : YYYY-MM-DD, default
            today.

        Raises
        ------
        PredictionError
            G37 the model has learnt from these patients; G38 fewer than 10 events; G39 another model was judged, or a
            name or day that cannot be.
        """
        return replace(self, external=with_record(self.external, record_of(self, found, cohort, day)))

    @property
    def kind(self) -> str:
        """Kind of the recipe, ``cox``."""
        return self.recipe.kind

    @property
    def predictors(self) -> tuple[str, ...]:
        """Raw predictors in order."""
        return self.preparation.predictors

    @property
    def candidates(self) -> tuple[str, ...]:
        """Predictors that the model was offered: those it has, and those that its selection left out."""
        return self.predictors if self.selection is None else self.selection.candidates

    @property
    def unit(self) -> str:
        """Time unit of horizons and curves, "" for a binary endpoint."""
        return str(getattr(self.endpoint, "unit", ""))

    @property
    def origin(self) -> str:
        """What time 0 is, "" for a binary endpoint."""
        return str(getattr(self.endpoint, "origin", ""))

    @property
    def published(self) -> bool:
        """True for a published hazard model, of which nothing is known between the horizons and nobody was observed."""
        return isinstance(self.estimate, PublishedHazard)

    @property
    def max_follow_up(self) -> float | None:
        """Last observed time, in the endpoint's unit; there is no risk beyond it. None for a binary endpoint."""
        if self.published and self.follow_up is not None:
            return float(self.estimate.event_times[-1])
        return None if self.follow_up is None else float(self.follow_up.time[-1])

    @property
    def median_follow_up(self) -> float | None:
        """Median follow-up by reverse Kaplan-Meier; None if not reached, or for a binary endpoint."""
        return None if self.follow_up is None else self.follow_up.median_follow_up

    @property
    def summary(self) -> pd.DataFrame:
        """Terms with coefficient, se, hazard (or odds, time) ratio, 95 % limits, z and p."""
        table: pd.DataFrame = self.estimate.summary()
        return table if self.pooled is None else self.pooled.with_t(table)

    @property
    def loglik(self) -> tuple[float, float]:
        """Log (partial) likelihood without predictors and at the estimate."""
        return self.estimate.loglik[0], self.estimate.loglik[1]

    def event_text(self, language: str = "en") -> str:
        """Name the event: the codebook's label of the event column in this language, else the endpoint's name."""
        return self.event_label.get(language) or self.endpoint.name

    @property
    def door(self) -> Door:
        """What new patients are checked by."""
        extra = tuple(self.estimate.strata) + ((self.recipe.offset,) if getattr(self.recipe, "offset", None) else ())
        extra = tuple(dict.fromkeys((*extra, *needed_besides(self.preparation))))
        imputes, gaps = self.imputation is not None, self.preparation.gaps
        return Door(self.codebook, self.profile, self.id_column, extra, imputes=imputes, gaps=gaps)

    @property
    def answering(self) -> Answering:
        """What turns checked patients into numbers."""
        offset = getattr(self.recipe, "offset", None)
        return Answering(self.preparation, self.estimate, offset, self.imputation, self.seed)
