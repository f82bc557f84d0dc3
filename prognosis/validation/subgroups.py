"""Performance in declared groups of a model's own cohort, by risks of patients whom it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, PredictionError, raise_findings
from prognosis.evaluation import Recalibration
from prognosis.execution import IN_PROCESS, Execution
from prognosis.external.judging import Judging
from prognosis.external.measures import measure_all
from prognosis.external.subgroups import subgroup_table
from prognosis.metrics.indexes import chosen_indexes
from prognosis.refits import Answers
from prognosis.validation.plans import CrossValidation
from prognosis.validation.result import HeldOut, Validation

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
TIMED, BINARY = ("harrell_c", "auc", "oe_ratio", "brier"), ("auc", "oe_ratio", "brier")
REPEATS = 200


@dataclass(frozen=True, eq=False)
class SubgroupPerformance:
    """What a model's risks are worth in groups of its own cohort.

    Parameters
    ----------
    model : its name. table : all patients: horizon, metric, threshold, estimate, lower, upper, limits. subgroups : the
        same by column and group, with n and events; what is not computed is not a number. n, events : of all.
    source : which risks: ``validation`` (patients that the validation left out) or ``cross-validation`` (one more
        division, since resamples leave nobody a risk). warnings : E15 groups too small, E13 what cannot be measured.
    """

    model: str
    table: pd.DataFrame
    subgroups: pd.DataFrame
    n: int
    events: int
    source: str
    warnings: tuple[Finding, ...] = ()


def subgroup_performance(
    study: Study,
    model: FittedModel,
    by: Sequence[str],
    *,
    cuts: Mapping[str, Sequence[float]] | None = None,
    validation: Validation | None = None,
    execution: Execution = IN_PROCESS,
) -> SubgroupPerformance:
    """Measure discrimination, agreement and accuracy in groups by out-of-fold risks.

    C is Harrell's, of the risks at the last horizon; 95 % limits hold the fitted models fixed. A group with fewer than
    10 events is named and not computed. Groups differ by chance, too.

    Parameters
    ----------
    study, model : as `Study.validate`. by : columns of the cohort whose values are the groups; predictors or not.
    cuts : where to cut columns of numbers, declared before anybody looked; a group begins at its cut.
    validation : of the model in this study; where it left everybody out once, those risks are judged, else one
        cross-validation is made for them.

    Raises
    ------
    DataContractError
        S01 no such column; G36 cuts that are no increasing numbers, or of another column.
    PredictionError
        G35 a timed endpoint without horizons, E14 a column of too many values.
    FitError, LeakageError
        As `Study.validate`.
    """
    columns = group_columns(study, by, cuts or {})
    held, source = _held_out(study, model, validation, execution)
    judging = _judging(study, model, held)
    kind = study.endpoint.kind
    chosen = chosen_indexes(BINARY if kind == "binary" else TIMED, kind, (), len(judging.horizons), external=True)
    everybody = measure_all(judging, chosen, np.arange(judging.n), REPEATS, study.seed)
    groups, said = subgroup_table(judging, columns, chosen, REPEATS, study.seed)
    events = int((study.outcome.event == 1).sum())
    return SubgroupPerformance(model.name, everybody.table, groups, judging.n, events, source,
                               (*everybody.reasons, *said))  # fmt: skip


def group_columns(study: Study, by: Sequence[str], cuts: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Return the groups of the patients analysed, one column each; raises as `subgroup_performance`."""
    if study.endpoint.kind != "binary" and not study.horizons:
        rule = "groups are judged by risks at horizons, and the endpoint declares none"
        raise PredictionError(Finding("G35", rule, "declare horizons"))
    raise_findings(_cut_faults(by, cuts), DataContractError)
    columns = study.cohort.view(tuple(by)).loc[list(study.outcome.ids)]
    for name, places in cuts.items():
        columns[name] = _cut(columns[name], places)
    return columns


def _cut_faults(by: Sequence[str], cuts: Mapping[str, Sequence[float]]) -> list[Finding]:
    foreign = [name for name in cuts if name not in by]
    found = [Finding("G36", "cuts of a column that is no group", "name it among the subgroups", n) for n in foreign]
    for name, places in cuts.items():
        if not len(places) or not np.isfinite(places).all() or (np.diff(places) <= 0).any():
            rule = f"cuts {list(places)} are not increasing numbers"
            found.append(Finding("G36", rule, "for example [65, 75]", name))
    return found


def _cut(column: pd.Series, places: Sequence[float]) -> pd.Series:
    if not pd.api.types.is_numeric_dtype(column):
        raise DataContractError(Finding("G36", "cuts of a column that holds no numbers", "leave them out", column.name))
    shown = [f"{place:g}" for place in places]
    between = [f"[{low}, {high})" for low, high in pairwise(shown)]
    labels = [f"< {shown[0]}", *between, f">= {shown[-1]}"]
    codes = np.searchsorted(np.asarray(places, float), column.to_numpy(float), side="right")
    known = column.notna().to_numpy()
    return pd.Series(pd.Categorical.from_codes(np.where(known, codes, -1), labels, ordered=True), index=column.index)


def _held_out(
    study: Study, model: FittedModel, validation: Validation | None, execution: Execution
) -> tuple[HeldOut, str]:
    held = None if validation is None else validation.held_out.get(model.name)
    if held is not None and np.isfinite(held.risk).all(axis=0).any():
        return held, "validation"
    found = study.validate(model, CrossValidation(None, 1), metrics=["brier"], execution=execution)
    return found.held_out[model.name], "cross-validation"


def _judging(study: Study, model: FittedModel, held: HeldOut) -> Judging:
    """Put out-of-fold risks and outcome together; horizons that some fold knows nothing of are left out."""
    recipe = model.freshly_fitted()
    known = np.isfinite(held.risk).all(axis=0)
    risk, horizons = held.risk[:, known], held.horizons[known]
    judged = recipe.judged(study.columns_of(recipe), study.outcome.to_structured(), horizons)
    answers = Answers(risk[:, -1], np.empty(0), risk, _unknown)
    return Judging(answers, judged, horizons, {})


def _unknown(_: NDArray[np.int64]) -> Recalibration:
    """Folds have models of their own: there is no one likelihood to refit."""
    return Recalibration(np.nan)
