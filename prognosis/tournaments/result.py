"""What a tournament found: the winner, its score where it was chosen, and that score corrected for the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding, FitError, LeakageError, raise_findings
from prognosis.external.result import ExternalValidation
from prognosis.model import FittedModel
from prognosis.patient_overlap import patient_overlap


@dataclass(frozen=True, eq=False, repr=False)
class Tournament:
    """Pipelines compared on identical folds.

    Parameters
    ----------
    table : one line a pipeline, the best first: pipeline, naive (score in patients left out), chosen (share of the
        draws or folds that chose it), corrected (of the winner), failed (why it was out).
    metric : of the scores. horizon : of the metric, None where it has none. higher_is_better : its direction.
    winner : name of the best pipeline. naive : its score in the patients who chose it: too good.
    corrected, lower, upper : what a model chosen this way is worth in other patients, with its interval.
    correction : how, in words. model : the winner fitted to all patients, None where that failed (Y47).
    ids : of the patients. warnings : findings.
    """

    table: pd.DataFrame
    metric: str
    horizon: float | None
    higher_is_better: bool
    winner: str
    naive: float
    corrected: float
    lower: float
    upper: float
    correction: str
    model: FittedModel | None
    ids: tuple[str, ...]
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        by = self.metric if self.horizon is None else f"{self.metric} at {self.horizon:g}"
        return (
            f"Tournament of {len(self.table)} pipelines by {by}: best {self.winner}, naive {self.naive:.3f}, corrected "
            f"{self.corrected:.3f} ({self.lower:.3f} to {self.upper:.3f}; {self.correction})"
        )

    def validate(self, cohort: Cohort, **asked: Any) -> ExternalValidation:
        """Judge the winner in another cohort; arguments as `FittedModel.validate`.

        Raises
        ------
        LeakageError
            C25 a patient's id is one of the tournament's: all of them took part in the choice.
        FitError
            Y47 the winner could not be fitted to all patients.
        """
        ours, theirs = (pd.DataFrame(index=pd.Index(ids, dtype=object)) for ids in (self.ids, cohort.ids))
        raise_findings(patient_overlap(ours, theirs), LeakageError)
        if self.model is None:
            raise FitError(*(finding for finding in self.warnings if finding.code == "Y47"))
        return self.model.validate(cohort, **asked)
