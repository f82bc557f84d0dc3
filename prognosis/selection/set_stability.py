"""How much the chosen predictors depend on who happened to be in the training cohort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings, warn_findings
from prognosis.execution import Execution
from prognosis.normal import z_of_level
from prognosis.validation.engine import check_models
from prognosis.validation.plans import Bootstrap, PlanRows
from prognosis.validation.resampled import over_resamples
from prognosis.validation.rows import plan_rows

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SelectionStability:
    """Predictors chosen in bootstrap resamples.

    Parameters
    ----------
    model : name. candidates : (k,). kept : by the model itself. chosen : (B, k) by the resamples.
    failed : resamples in which nothing could be chosen or fitted. warnings : findings.
    """

    model: str
    candidates: tuple[str, ...]
    kept: tuple[str, ...]
    chosen: Flags
    failed: int
    warnings: tuple[Finding, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """One line a candidate, the most frequent first: predictor, frequency, kept."""
        kept = [name in self.kept for name in self.candidates]
        table = pd.DataFrame({"predictor": self.candidates, "frequency": self.chosen.mean(axis=0), "kept": kept})
        return table.sort_values("frequency", ascending=False, kind="stable").reset_index(drop=True)

    @property
    def mean_size(self) -> float:
        """Mean number of predictors chosen."""
        return float(self.chosen.sum(axis=1).mean())

    @property
    def jaccard(self) -> float:
        """Mean over pairs of resamples of the shared among all that either chose (1 where both chose none).

        It rises with the number chosen, also of sets drawn by chance: Nogueira's measure does not.
        """
        sets = self.chosen.astype(float)
        both = sets @ sets.T
        size = sets.sum(axis=1)
        either = size[:, None] + size - both
        shared = np.where(either > 0, both / np.where(either > 0, either, 1.0), 1.0)
        return float(shared[np.triu_indices(len(sets), 1)].mean())

    @property
    def nogueira(self) -> float:
        """Nogueira's stability: 1 for the same set every time, 0 on average for sets drawn by chance.

        Not a number where every resample chose all or none. Source: Nogueira, Sechidis and Brown (2018), definition 4.
        """
        return nogueira(self.chosen)[0]

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """Interval of Nogueira's stability for so many resamples, by its asymptotic normality (corollary 9)."""
        value, error = nogueira(self.chosen)
        reach = z_of_level(level) * error
        return value - reach, value + reach


def nogueira(chosen: Flags) -> tuple[float, float]:
    """Stability of sets and its standard error.

    Parameters
    ----------
    chosen : (B, k), B at least 2.

    Notes
    -----
    1 minus the mean over candidates of the unbiased variance B/(B-1) p(1-p) against that of sets of the mean size drawn
    at random, m/k (1 - m/k). Source: Nogueira, Sechidis and Brown (2018), JMLR 18(174), definition 4 and theorem 7.
    """
    sets = chosen.astype(float)
    count, k = sets.shape
    frequency, share = sets.mean(axis=0), sets.mean()
    by_chance = share * (1 - share)
    if by_chance == 0:
        return float("nan"), float("nan")
    value = 1 - (count / (count - 1) * frequency * (1 - frequency)).mean() / by_chance
    sizes = sets.sum(axis=1)
    own = sizes / k
    # the influence of each set on the estimate, about its mean
    part = (sets * frequency).mean(axis=1) - own * share + value / 2 * (2 * share * own - own - share + 1)
    part = part / by_chance
    influence = part - part.mean()
    variance = 4 / count**2 * (influence**2).sum()
    return float(value), float(np.sqrt(variance))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """Task: which candidates the recipe chooses in one resample."""

    recipe: Any
    X: pd.DataFrame
    y: NDArray[Any]
    rows: PlanRows
    plan: Bootstrap
    candidates: tuple[str, ...]

    def __call__(self, index: int) -> Floats:
        train = self.plan.task(self.rows, index).train
        fresh = self.recipe.fresh().of_patients(train)
        if "task" in fresh.get_params(deep=False):
            fresh.set_params(task=index + 1)
        X = self.X.iloc[train].set_axis(pd.RangeIndex(len(train)), axis="index")
        kept = kept_by(fresh.choose(X, self.y[train]) if hasattr(fresh, "choose") else fresh.fit(X, self.y[train]))
        return np.isin(self.candidates, kept).astype(float)


def kept_by(fitted: Any) -> tuple[str, ...]:
    """Return the predictors that a selection, or a lasso, kept."""
    if hasattr(fitted, "kept"):
        return tuple(fitted.kept)
    beta, columns = fitted.estimate_.coefficients, fitted.preparation_.columns
    used = {name for value, column in zip(beta, columns, strict=True) if value != 0 for name in column.variables}
    return tuple(name for name in fitted.preparation_.predictors if name in used)


def selection_stability_of(
    study: Study,
    model: FittedModel,
    repeats: int,
    execution: Execution,
    progress: Callable[[int, int], None] | None,
) -> SelectionStability:
    """Choose anew in bootstrap resamples of a model's own patients.

    Raises
    ------
    FitError
        V01 a model of another study, or too few resamples; Y09 a model that chooses nothing; M10 when more than 5 % of
        the resamples choose nothing or cannot be fitted.
    """
    raise_findings(check_models(study, [model]), FitError)
    fitted: Any = model.freshly_fitted().honest()
    selection = getattr(fitted, "selection_", None)
    if selection is None and not (fitted.selects and hasattr(model.estimate, "coefficients")):
        rule = f"a {model.kind} model chooses no predictors: there is no chosen set"
        raise FitError(Finding("Y09", rule, "Selected, Screened or a lasso"))
    plan, y = Bootstrap(repeats), study.outcome.to_structured()
    X = study.columns_of(fitted)
    rows = plan_rows(study, X, fitted, None)
    work = _Chosen(fitted.fresh(), X, y, rows, plan, model.candidates)
    found, said = over_resamples("selection", model.name, work, repeats, execution, progress)
    kept = kept_by(fitted if selection is None else selection)
    stability = SelectionStability(model.name, model.candidates, kept, found > 0, repeats - len(found))
    warn_findings(said)
    return replace(stability, warnings=tuple(said))
