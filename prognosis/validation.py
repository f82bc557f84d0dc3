"""Internal validation by Harrell's optimism bootstrap: apparent, optimism and corrected performance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PrognosisError, raise_findings
from prognosis.metrics.calibration import calibration_slope
from prognosis.metrics.discrimination import harrell_c
from prognosis.progress import shown
from prognosis.recipe import Evaluation, Recipe
from prognosis.resampling import bootstrap_clusters, bootstrap_rows

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.study import Study

Floats = NDArray[np.float64]
Method = Literal["bootstrap"]
METRICS: Mapping[str, Callable[[Evaluation], float]] = {"harrell_c": harrell_c, "calibration_slope": calibration_slope}
# Indexes whose apparent value is fixed by construction: their sampling spread is that of the original model.
FIXED_WHEN_APPARENT = ("calibration_slope",)
FAILED_SHARE = 0.05
COLUMNS = ("model", "horizon", "metric", "apparent", "optimism", "corrected", "lower", "upper")


@dataclass(frozen=True)
class Validation:
    """Performance of models inside their own cohort, corrected for optimism.

    Parameters
    ----------
    table : one line a model and metric: model, horizon (not a number for C and slope), metric, apparent, optimism,
        corrected, lower, upper.
    raw : one line a model, metric and resample: in_resample, in_original, original_model_in_resample.
    method, repeats, seed : how. failed : resamples that could not be fitted. warnings : findings.

    Notes
    -----
    Corrected = apparent minus mean optimism. Interval: 2.5 and 97.5 percentiles of the bootstrap of the apparent index,
    shifted by the mean optimism (Noma et al. 2021, location-shifted); where the apparent index is fixed by
    construction (the slope, always 1), those of the original model in the resamples.
    """

    table: pd.DataFrame
    raw: pd.DataFrame
    method: str
    repeats: int
    seed: int
    failed: int
    warnings: tuple[Finding, ...] = ()

    def of(self, model: str) -> pd.DataFrame:
        """Lines of one model."""
        return self.table[self.table["model"] == model].reset_index(drop=True)


@dataclass(frozen=True)
class _Rows:
    """Raw columns and outcome of some rows, the model's own special columns included."""

    X: pd.DataFrame
    y: NDArray[np.void]

    def take(self, rows: NDArray[np.int64]) -> _Rows:
        # A patient drawn twice is two rows: ids must be unique, so that no later step can mistake them.
        return _Rows(self.X.iloc[rows].set_axis(pd.RangeIndex(len(rows)), axis="index"), self.y[rows])


def validate_by_bootstrap(
    study: Study, models: Sequence[FittedModel], repeats: int, progress: Callable[[int, int], None] | None
) -> Validation:
    """Refit every model in `repeats` resamples of the study's rows and estimate the optimism of each metric.

    Source: Harrell, Lee and Mark (1996); `rms::validate`, but with knots, levels and scales learnt anew. A model with
    clusters is judged in resamples of clusters. A model that selects predictors carries a warning (V03).

    Raises
    ------
    FitError
        V01 for a model of another question (the refits would be other models than the one judged), or two models of
        one name.
    """
    raise_findings(_check_models(study, models), FitError)
    tables, raws, warnings, failed = [], [], [], 0
    with shown("bootstrap", progress) as report:
        for number, model in enumerate(models):
            apparent, found, reasons = _optimism(
                study, model, repeats, partial(report, number * repeats, len(models) * repeats)
            )
            warnings += [*_flattered(model), *_failures(model.name, reasons, repeats)]
            failed += len(reasons)
            tables.append(_table(model.name, apparent, found))
            raws.append(_raw(model.name, found))
    return Validation(
        pd.concat(tables, ignore_index=True),
        pd.concat(raws, ignore_index=True),
        "bootstrap",
        repeats,
        study.seed,
        failed,
        tuple(warnings),
    )


def _check_models(study: Study, models: Sequence[FittedModel]) -> list[Finding]:
    if not models:
        return [Finding("V01", "no model to validate", "give the models that study.fit returned")]
    names = [model.name for model in models]
    findings = [
        Finding("V01", f"model {model.name} was not fitted by this study", "fit it with study.fit")
        for model in models
        if (model.endpoint, model.predictors) != (study.endpoint, study.predictors)
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    return findings + [
        Finding("V01", f"two models are called {name}", 'name them: study.fit(recipe, name="...")') for name in twice
    ]


def _optimism(
    study: Study, model: FittedModel, repeats: int, done: Callable[[int], None]
) -> tuple[Floats, Floats, list[str]]:
    """Apparent metrics (m,), those of every resample (B, 3, m), and the codes of the resamples that failed."""
    original = model.freshly_fitted()
    rows = _Rows(study.columns_of(original), study.outcome.to_structured())
    found, reasons = [], []
    for index in range(repeats):
        drawn = rows.take(_draw(original, rows.X, study.seed, index))
        try:
            found.append(_resample(original, rows, drawn, index))
        except PrognosisError as error:
            reasons.append(error.code)
        done(index + 1)
    return _performance(original, rows), np.array(found).reshape(-1, 3, len(METRICS)), reasons


def _draw(recipe: Recipe, frame: pd.DataFrame, seed: int, index: int) -> NDArray[np.int64]:
    """Rows of a resample; where the model knows clusters, whole clusters."""
    name = getattr(getattr(recipe, "recipe", recipe), "cluster", None)
    if name is None:
        return bootstrap_rows(len(frame), seed, index)
    return bootstrap_clusters(pd.factorize(frame[name])[0].astype(np.int64), seed, index)


def _resample(recipe: Recipe, rows: _Rows, drawn: _Rows, index: int) -> Floats:
    """Metrics (3, m): the refit in its resample, the refit in the original rows, the original model in the resample."""
    refit = recipe.fresh()
    if "task" in refit.get_params(deep=False):
        # a recipe with random steps of its own has a stream for each resample
        refit.set_params(task=index + 1)
    refit = refit.fit(drawn.X, drawn.y)
    return np.array([_performance(refit, drawn), _performance(refit, rows), _performance(recipe, drawn)])


def _performance(fitted: Recipe, rows: _Rows) -> Floats:
    evaluation = fitted.evaluation(rows.X, rows.y)
    return np.array([metric(evaluation) for metric in METRICS.values()])


def _flattered(model: FittedModel) -> list[Finding]:
    if not model.freshly_fitted().selects:
        return []
    rule = f"model {model.name} chooses among predictors: the optimism bootstrap leaves some of its optimism in"
    return [Finding("V03", rule, "read the corrected values as the best case", severity="warning")]


def _failures(name: str, reasons: list[str], repeats: int) -> list[Finding]:
    if not reasons:
        return []
    counted = ", ".join(f"{code} {reasons.count(code)}" for code in sorted(set(reasons)))
    rule = f"model {name}: {len(reasons)} of {repeats} failed to fit in a resample; reasons: {counted}"
    advice = "merge rare categories, use fewer predictors, or a penalty"
    if len(reasons) > FAILED_SHARE * repeats:
        raise FitError(Finding("M10", rule, advice))
    return [Finding("M10", rule, advice, severity="warning")]


def _table(name: str, apparent: Floats, found: Floats) -> pd.DataFrame:
    optimism = (found[:, 0] - found[:, 1]).mean(axis=0)
    fixed = np.isin(list(METRICS), FIXED_WHEN_APPARENT)
    spread = np.where(fixed, found[:, 2], found[:, 0])
    lower, upper = np.quantile(spread, [0.025, 0.975], axis=0) - optimism
    return pd.DataFrame(
        {
            "model": name,
            "horizon": np.nan,
            "metric": list(METRICS),
            "apparent": apparent,
            "optimism": optimism,
            "corrected": apparent - optimism,
            "lower": lower,
            "upper": upper,
        }
    )[list(COLUMNS)]


def _raw(name: str, found: Floats) -> pd.DataFrame:
    columns = ("in_resample", "in_original", "original_model_in_resample")
    parts = [
        pd.DataFrame({"model": name, "metric": metric, "resample": range(len(found))}).assign(
            **{column: found[:, place, m] for place, column in enumerate(columns)}
        )
        for m, metric in enumerate(METRICS)
    ]
    return pd.concat(parts, ignore_index=True)
