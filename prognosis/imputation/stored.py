"""What a model keeps of its imputation: each predictor given the others, without the outcome and without any row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.imputation.number_scale import SHARES, NumberScale
from prognosis.imputation.patient_draws import patient_keys, uniforms
from prognosis.imputation.raw_columns import RawColumn
from prognosis.imputation.stored_column import StoredColumn, store_columns

Floats = NDArray[np.float64]

DRAWS = 20
SWEEPS = 20
# Rows of several draws that are answered in one go.
AT_ONCE = 1000


@dataclass(frozen=True)
class StoredImputation:
    """Imputes new (and held-out) patients, whose outcome nobody knows, for any pattern of missing predictors.

    Every missing predictor is drawn from its model given the others in turn, `SWEEPS` times (Gibbs). Numbers follow a
    linear model with normal residuals on the normal scores of training, so drawn values keep skewness and never leave
    the training range; categories a multinomial one. The random numbers of a patient are made from his known values
    and the seed: his draws are the same alone, in any table and in any order, and copy c does not depend on how many
    copies there are. Nothing of the outcome and no training row is kept.

    Parameters
    ----------
    columns : conditional model of each predictor.
    """

    columns: tuple[StoredColumn, ...]

    @property
    def predictors(self) -> tuple[str, ...]:
        """Columns it completes, in order."""
        return tuple(column.name for column in self.columns)

    def draws(self, frame: pd.DataFrame, copies: int = DRAWS, seed: int = 0) -> list[pd.DataFrame]:
        """Complete patients, (m, predictors and other columns), `copies` times; known cells stay bit for bit.

        Raises
        ------
        PredictionError
            All findings at once: P17 a patient of whom no predictor is known, P18 an unknown category, P19 a predictor
            is no column of the table.
        """
        absent = [name for name in self.predictors if name not in frame.columns]
        raise_findings(
            (Finding("P19", f"column {name} is no column of the table", "add it, empty where unknown", name)
             for name in absent), PredictionError,
        )  # fmt: skip
        state = np.column_stack([column.state(frame[column.name]) for column in self.columns])
        raise_findings([*self._unknown(state, frame.index), *_nothing_known(state, frame.index)], PredictionError)
        gone = np.isnan(state)
        rows = np.flatnonzero(gone.any(axis=1))
        completed = self._gibbs(state[rows], copies, seed)
        return [self._filled(frame, gone, rows, completed[:, copy]) for copy in range(copies)]

    def _gibbs(self, state: Floats, copies: int, seed: int) -> Floats:
        """Complete states, (r, copies, predictors), of incomplete ones, (r, predictors)."""
        m, p = state.shape
        keys = patient_keys(state, seed)
        firsts = np.arange(copies) * (SWEEPS + 1) * p

        def random(sweep: int, place: int) -> Floats:
            return uniforms(keys[np.isnan(state[:, place])], firsts + sweep * p + place).ravel()

        out = np.repeat(state, copies, axis=0)
        gone = np.isnan(out)
        for place, column in enumerate(self.columns):
            out[gone[:, place], place] = column.started(random(0, place))
        covariates = np.hstack([column.block(out[:, place]) for place, column in enumerate(self.columns)])
        edges = np.cumsum([0, *(column.width for column in self.columns)])
        for sweep in range(1, SWEEPS + 1):
            for place, column in enumerate(self.columns):
                where = gone[:, place]
                if where.any():
                    out[where, place] = column.drawn(covariates[where], random(sweep, place))
                    covariates[where, edges[place] : edges[place + 1]] = column.block(out[where, place])
        return out.reshape(m, copies, p)

    def _filled(
        self, frame: pd.DataFrame, gone: NDArray[np.bool_], rows: NDArray[np.int64], completed: Floats
    ) -> pd.DataFrame:
        out = frame.copy()
        for place, column in enumerate(self.columns):
            where = gone[:, place]
            if where.any():
                out[column.name] = column.filled(frame[column.name], where, completed[where[rows], place])
        return out

    def averaged(
        self,
        frame: pd.DataFrame,
        answer: Callable[[pd.DataFrame], Sequence[Floats]],
        copies: int = DRAWS,
        seed: int = 0,
    ) -> tuple[Floats, ...]:
        """Average a model's answers, each (m, ...), over the draws; complete patients get their own answer's bits.

        `answer` is asked once for all patients with the first draw, then for the incomplete ones only.
        """
        gone = frame[list(self.predictors)].isna().any(axis=1).to_numpy()
        if not gone.any():
            return tuple(answer(frame))
        first, *others = self.draws(frame, copies, seed)
        out = [np.array(part, float) for part in answer(first)]
        together = max(1, AT_ONCE // int(gone.sum()))
        stacks = [others[start : start + together] for start in range(0, len(others), together)]
        more = [(len(stack), answer(pd.concat([drawn[gone] for drawn in stack]))) for stack in stacks]
        for place, part in enumerate(out):
            drawn = [values for size, parts in more for values in np.split(parts[place], size)]
            part[gone] = np.mean([part[gone], *drawn], axis=0)
        return tuple(out)

    def _unknown(self, state: Floats, index: pd.Index) -> list[Finding]:
        return [
            Finding("P18", "unknown category", f"known levels: {', '.join(column.levels or ('0', '1'))}", column.name,
                    tuple(map(str, index[states == -1])))
            for column, states in zip(self.columns, state.T, strict=True)
            if not column.scale and (states == -1).any()
        ]  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        percentiles = [column.scale.percentiles for column in self.columns if column.scale]
        return {
            "percentiles": np.array(percentiles).reshape(-1, len(SHARES)),
            "shares": np.concatenate([column.shares for column in self.columns]),
            "coefficients": np.vstack([column.coefficients for column in self.columns]),
            "residual": np.array([column.residual for column in self.columns]),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "columns": [
                {
                    "name": column.name,
                    "levels": list(column.levels),
                    "number": column.scale is not None,
                    "whole": bool(column.scale and column.scale.whole),
                }
                for column in self.columns
            ]
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> StoredImputation:
        """Rebuild from `to_dict` and `arrays`."""
        columns, share, row, number = [], 0, 0, 0
        for place, entry in enumerate(stored["columns"]):
            levels = tuple(entry["levels"])
            scale, classes = None, len(levels) or 2
            if entry["number"]:
                scale, classes = NumberScale(arrays["percentiles"][number], entry["whole"]), 0
                number += 1
            height = max(classes - 1, 1) if entry["number"] else classes - 1
            columns.append(
                StoredColumn(
                    name=entry["name"],
                    levels=levels,
                    scale=scale,
                    shares=arrays["shares"][share : share + classes],
                    coefficients=arrays["coefficients"][row : row + height],
                    residual=float(arrays["residual"][place]),
                )
            )
            share, row = share + classes, row + height
        found = (
            len(arrays["shares"]),
            len(arrays["coefficients"]),
            len(arrays["percentiles"]),
            len(arrays["residual"]),
        )
        if found != (share, row, number, len(columns)):
            raise ValueError("the arrays of the imputation do not fit its columns")
        return cls(tuple(columns))


def store_imputation(columns: Sequence[RawColumn], completed: Sequence[Sequence[Floats]]) -> StoredImputation:
    """Learn from completed copies of the training rows, each a list of (n,) values."""
    return StoredImputation(store_columns(columns, completed))


def _nothing_known(state: Floats, index: pd.Index) -> list[Finding]:
    nothing = np.isnan(state).all(axis=1)
    if not nothing.any():
        return []
    rule = "no predictor is known: the answer would be the average of the cohort, not of this patient"
    return [Finding("P17", rule, "give at least one predictor", rows=tuple(map(str, index[nothing])))]
