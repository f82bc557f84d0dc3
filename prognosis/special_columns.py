"""Columns of X that are no predictors: strata, case weights, cluster and offset, checked."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpecialColumns:
    """Stratum and cluster as indices, weight and offset as numbers; None where not declared.

    `patient` : who each row is, where a resample holds some rows more than once.
    """

    weight: Floats
    stratum: NDArray[np.int64] | None = None
    stratum_names: tuple[str, ...] = ()
    cluster: NDArray[np.int64] | None = None
    offset: Floats | None = None
    patient: NDArray[np.int64] | None = None

    @property
    def together(self) -> NDArray[np.int64] | None:
        """Rows of one cluster, or copies of one patient, which must not be divided between folds; None without."""
        return self.patient if self.cluster is None else self.cluster

    def take(self, rows: NDArray[np.int64]) -> SpecialColumns:
        """Return those of some rows."""
        parts = {name: getattr(self, name) for name in ("stratum", "cluster", "offset", "patient")}
        kept = {name: None if part is None else part[rows] for name, part in parts.items()}
        return SpecialColumns(self.weight[rows], stratum_names=self.stratum_names, **kept)


def stratum_labels(frame: pd.DataFrame, strata: tuple[str, ...]) -> pd.Series:
    """Label of each row's stratum, ``sex=F, centre=2``."""
    parts = [f"{name}=" + level_labels(frame[name]) for name in strata]
    label = parts[0]
    for part in parts[1:]:
        label = label + ", " + part
    return label


def level_labels(column: pd.Series) -> pd.Series:
    """Label of each row's level, ``2`` for 2, 2.0 and "2"."""
    return column.map(_text).astype(object)


def _text(value: object) -> str:
    """Write 1, 1.0 and True alike, so that a stratum is found again whatever the dtype."""
    if isinstance(value, numbers.Real) and float(value).is_integer():
        return str(int(float(value)))
    return str(value)


def read_special_columns(
    frame: pd.DataFrame, *, strata: tuple[str, ...], weights: str | None, cluster: str | None, offset: str | None
) -> SpecialColumns:
    """Read and check the declared columns of X.

    Raises
    ------
    DataContractError
        P01 a column is absent; C16 missing values in it; T23 weights negative, not finite or all zero.
    """
    declared = (*strata, *(name for name in (weights, cluster, offset) if name))
    absent = [name for name in declared if name not in frame.columns]
    raise_findings(
        (Finding("P01", f"column {name} is not in X", "add the column", name) for name in absent), DataContractError
    )
    raise_findings(_check_numbers(frame, [name for name in (weights, offset) if name]), DataContractError)
    weight = frame[weights].to_numpy(float) if weights else np.ones(len(frame))
    raise_findings(_check_weights(frame, weight, weights), DataContractError)
    others = [name for name in declared if name != weights and frame[name].isna().any()]
    raise_findings(
        (
            Finding(
                "C16",
                "missing values",
                "complete the column or leave the rows out",
                name,
                _ids(frame, frame[name].isna()),
            )
            for name in others
        ),
        DataContractError,
    )
    special = SpecialColumns(weight=weight)
    if strata:
        labels = stratum_labels(frame, strata)
        raise_findings(_check_labels(frame, strata, labels), DataContractError)
        codes, names = pd.factorize(labels, sort=True)
        special = replace(special, stratum=codes.astype(np.int64), stratum_names=tuple(str(name) for name in names))
    if cluster:
        special = replace(special, cluster=pd.factorize(frame[cluster])[0].astype(np.int64))
    if offset:
        special = replace(special, offset=read_offset(frame, offset))
    return special


def read_offset(frame: pd.DataFrame, name: str) -> Floats:
    """Read and check the fixed part of the linear predictor, (n,), in training or for new patients.

    Raises
    ------
    DataContractError
        P01 the column is absent; C10 it is text; C16 a value is missing, C27 infinite.
    """
    if name not in frame.columns:
        raise DataContractError(Finding("P01", f"column {name} is not in X", "add the column", name))
    raise_findings(_check_numbers(frame, [name]), DataContractError)
    offset = frame[name].to_numpy(float, na_value=np.nan)
    faults = [("C16", "missing values", np.isnan(offset)), ("C27", "the value is infinite", np.isinf(offset))]
    raise_findings(
        [
            Finding(code, rule, "complete or correct it", name, _ids(frame, rows))
            for code, rule, rows in faults
            if rows.any()
        ],
        DataContractError,
    )
    return np.asarray(offset, float)


def _check_labels(frame: pd.DataFrame, strata: tuple[str, ...], labels: pd.Series) -> list[Finding]:
    """Different strata must read differently, since a model file finds them by their label (C41)."""
    combinations = len(frame[list(strata)].map(_text).drop_duplicates())
    if combinations == labels.nunique():
        return []
    rule = f"{combinations} strata read as {labels.nunique()}: their values hold a comma and an equals sign"
    return [Finding("C41", rule, "write the values otherwise", ", ".join(strata))]


def _ids(frame: pd.DataFrame, mask: pd.Series | NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(str(row) for row in frame.index[np.asarray(mask)])


def _check_numbers(frame: pd.DataFrame, names: list[str]) -> list[Finding]:
    return [
        Finding("C10", f"string dtype ({frame[name].dtype}): numbers are needed", "give numbers", name)
        for name in names
        if not pd.api.types.is_numeric_dtype(frame[name])
    ]


def check_strata(special: SpecialColumns, died: NDArray[np.bool_]) -> list[Finding]:
    """Warn (C28) of strata without an event: their curve stays at risk 0 for want of information."""
    if special.stratum is None:
        return []
    findings = []
    for index, name in enumerate(special.stratum_names):
        rows = special.stratum == index
        if not died[rows].any():
            rule = f"stratum {name} has 0 events of n={int(rows.sum())}: its predicted risk is 0 for everybody"
            findings.append(Finding("C28", rule, "merge strata", name.split("=", 1)[0], severity="warning"))
    return findings


def _check_weights(frame: pd.DataFrame, weight: Floats, name: str | None) -> list[Finding]:
    unusable = ~np.isfinite(weight) | (weight < 0)
    if unusable.any():
        rule = "weights must be finite and not negative"
        return [Finding("T23", rule, "correct the weights", name, _ids(frame, unusable))]
    if len(weight) and not weight.any():
        return [Finding("T23", "all weights are zero", "correct the weights", name, _ids(frame, weight == 0))]
    return []


def keep_weighted(
    frame: pd.DataFrame, outcome: SurvivalArrays, special: SpecialColumns
) -> tuple[pd.DataFrame, SurvivalArrays, SpecialColumns, list[Finding]]:
    """Leave out rows of weight zero, with a finding that counts them."""
    keep = special.weight > 0
    if keep.all():
        return frame, outcome, special, []
    rule = f"{int((~keep).sum())} rows have zero weights and are left out"
    finding = Finding("T23", rule, "none needed", rows=_ids(frame, ~keep), severity="warning")
    stratum, names = special.stratum, special.stratum_names
    if stratum is not None:
        used, stratum = np.unique(stratum[keep], return_inverse=True)
        names = tuple(names[index] for index in used)
    chosen = SpecialColumns(
        weight=special.weight[keep],
        stratum=stratum,
        stratum_names=names,
        cluster=None if special.cluster is None else special.cluster[keep],
        offset=None if special.offset is None else special.offset[keep],
        patient=None if special.patient is None else special.patient[keep],
    )
    return frame[keep], outcome.take(keep), chosen, [finding]
