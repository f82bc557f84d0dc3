"""A harmonisation that was learnt from the rows of a fit, and takes the effect of a known batch out of any row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, PredictionError, raise_findings
from prognosis.column_checks import check_complete
from prognosis.harmonisation.combat import BatchEffects, batch_effects
from prognosis.preparation import Preparation
from prognosis.special_columns import level_labels

Floats = NDArray[np.float64]
ARRAYS = ("mean", "coefficients", "scale", "shift", "spread")


@dataclass(frozen=True, eq=False)
class Harmonisation:
    """Effects of batches on features.

    Parameters
    ----------
    batch : column that says by which scanner a row was measured. levels : the batches of the training.
    features : columns that are adjusted. covariates : design of the columns whose effect stays, None without.
    effects : by the order of levels, features and columns of the design.
    """

    batch: str
    levels: tuple[str, ...]
    features: tuple[str, ...]
    covariates: Preparation | None
    effects: BatchEffects

    @property
    def needed(self) -> Mapping[str, object]:
        """Columns that rows must have besides the features, with a value for an example."""
        terms = () if self.covariates is None else self.covariates.terms
        return {self.batch: self.levels[0], **{term.variable: (term.levels or (0.0,))[0] for term in terms}}

    def applied(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with harmonised features; other columns, absent features too, are as they were.

        Raises
        ------
        PredictionError
            P01 a needed column is absent; P02, P03, C10 its values; P03 a batch that the training did not have.
        """
        raise_findings(self._unknown(frame), PredictionError)
        here = [place for place, name in enumerate(self.features) if name in frame.columns]
        names = [self.features[place] for place in here]
        raise_findings(_no_numbers(frame[names]), PredictionError)
        known = {level: code for code, level in enumerate(self.levels)}
        batch = level_labels(frame[self.batch]).map(known).to_numpy(np.int64)
        design = np.empty((len(frame), 0)) if self.covariates is None else self.covariates.design(frame)
        adjusted = _narrowed(self.effects, here).removed(frame[names].to_numpy(float), batch, design)
        return frame.assign(**dict(zip(names, adjusted.T, strict=True)))

    def only(self, names: Sequence[str]) -> Harmonisation:
        """Return the same for some of the features."""
        here = [place for place, name in enumerate(self.features) if name in set(names)]
        kept = tuple(self.features[place] for place in here)
        return Harmonisation(self.batch, self.levels, kept, self.covariates, _narrowed(self.effects, here))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the model file."""
        return {
            "batch": self.batch,
            "levels": list(self.levels),
            "features": list(self.features),
            "covariates": None if self.covariates is None else self.covariates.to_dict(),
            **{name: getattr(self.effects, name).tolist() for name in ARRAYS},
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Harmonisation:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            Parts that do not fit each other, or numbers that no harmonisation has.
        """
        covariates = None if stored["covariates"] is None else Preparation.from_dict(stored["covariates"])
        if covariates is not None and any(term.transform or term.knots for term in covariates.terms):
            raise ValueError("covariates of a harmonisation have no transforms")
        levels, features = tuple(map(str, stored["levels"])), tuple(map(str, stored["features"]))
        b, p, q = len(levels), len(features), 0 if covariates is None else len(covariates.names)
        shapes = {"mean": (p,), "coefficients": (q, p), "scale": (p,), "shift": (b, p), "spread": (b, p)}
        arrays = {name: np.array(stored[name], float).reshape(shape) for name, shape in shapes.items()}
        sound = all(np.isfinite(array).all() for array in arrays.values())
        if not sound or not ((arrays["scale"] > 0).all() and (arrays["spread"] > 0).all()):
            raise ValueError("a harmonisation with numbers that are not finite or a spread that is not positive")
        return cls(str(stored["batch"]), levels, features, covariates, BatchEffects(**arrays))

    def _unknown(self, frame: pd.DataFrame) -> Iterator[Finding]:
        for name in self.needed:
            if name not in frame.columns:
                rule = f"column {name} is missing: features were harmonised by it"
                yield Finding("P01", rule, "add the column", name)
        if self.batch not in frame.columns:
            return
        unknown = ~level_labels(frame[self.batch]).isin(self.levels).to_numpy()
        if unknown.any():
            values = ", ".join(repr(value) for value in level_labels(frame[self.batch])[unknown].unique())
            rule = f"{values} is no {self.batch} of the training ({', '.join(self.levels)}): its effect is not known"
            way_out = "fit again with patients of it; nothing is taken for another scanner"
            rows = tuple(str(row) for row in frame.index[unknown])
            yield Finding("P03", rule, way_out, self.batch, rows, values)


def learnt(
    frame: pd.DataFrame, batch: str, features: Sequence[str], keep: Sequence[str], *, shrink: bool, fewest: int
) -> Harmonisation:
    """Learn a harmonisation from rows.

    Parameters
    ----------
    frame : (n, columns). batch : column of the scanner. features : columns to be adjusted, each with some spread in
        every batch. keep : columns whose effects stay. shrink : see `batch_effects`. fewest : patients a batch.

    Raises
    ------
    DataContractError
        C16 missing values.
    FitError
        D68 a batch of too few patients; D69 covariates that the batches explain; D70 too few features to shrink.
    """
    raise_findings(check_complete(frame[[batch, *features, *keep]]), DataContractError)
    codes, levels = _coded(level_labels(frame[batch]))
    covariates = Preparation.fit(frame[list(keep)]) if keep else None
    design = np.empty((len(frame), 0)) if covariates is None else covariates.design(frame)
    raise_findings(_faults(codes, levels, design, (batch, len(features), shrink, fewest)), FitError)
    effects = batch_effects(frame[list(features)].to_numpy(float), codes, design, shrink=shrink)
    return Harmonisation(batch, levels, tuple(features), covariates, effects)


def _coded(labels: pd.Series) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    codes, levels = pd.factorize(labels, sort=True)
    return codes.astype(np.int64), tuple(str(level) for level in levels)


def _faults(
    codes: NDArray[np.int64], levels: tuple[str, ...], design: Floats, asked: tuple[str, int, bool, int]
) -> Iterator[Finding]:
    batch, features, shrink, fewest = asked
    for level, count in zip(levels, np.bincount(codes), strict=True):
        if count < fewest:
            rule = f"{count} patients of {batch} {level}, of at least {fewest}: its location and spread are not known"
            yield Finding("D68", rule, "leave them out, or join scanners that measure alike", batch)
    member = (codes[:, None] == np.arange(len(levels))).astype(float)
    whole = np.hstack([member, design])
    size = np.abs(whole).max(axis=0)
    if np.linalg.matrix_rank(whole / np.where(size > 0, size, 1.0)) < whole.shape[1]:
        rule = f"the covariates to be kept follow from each other or from {batch}: their effects cannot be told apart"
        yield Finding("D69", rule, "keep fewer covariates", batch)
    if shrink and features < 2:
        rule = f"{features} feature(s): there are no others whose effects the shrinkage could lean on"
        yield Finding("D70", rule, "shrink=False estimates each feature by itself")


def _no_numbers(features: pd.DataFrame) -> list[Finding]:
    return [
        Finding("C10", f"{column.dtype} dtype: features are harmonised as numbers", "give numbers", str(name))
        for name, column in features.items()
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column)
    ]


def _narrowed(effects: BatchEffects, places: Sequence[int]) -> BatchEffects:
    return BatchEffects(**{name: getattr(effects, name)[..., list(places)] for name in ARRAYS})
