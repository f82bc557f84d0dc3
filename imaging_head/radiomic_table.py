"""Tables of radiomic features, as pyradiomics writes them, become a cohort; every column left out has its reason."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Codebook, Cohort, Variable, read_cohort
from cohorts.csv_file import read_csv_file
from cohorts.errors import DataContractError, Finding, PrognosisWarning, warn_findings
from imaging_head.radiomic_names import DIAGNOSTICS, FAMILIES, FeatureName, feature_name

EQUAL = "in every patient equal to "
COVERAGE = ("prefix", "image", "family", "found", "of", "absent")


@dataclass(frozen=True, eq=False, repr=False)
class RadiomicTable:
    """Features by patient, and what was made of every other column.

    Parameters
    ----------
    cohort : patients with features and the declared clinical columns.
    features : usable ones by column name, in the order of the file. left_out : by column the reason.
    settings : what the table says of the extraction, by the names of the diagnostics. warnings : findings.
    """

    cohort: Cohort
    features: Mapping[str, FeatureName]
    left_out: Mapping[str, str]
    settings: Mapping[str, str]
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return (
            f"RadiomicTable({len(self.cohort)} patients, {len(self.features)} features, {len(self.left_out)} left out)"
        )

    def names(self, *, prefix: str | None = None, image: str | None = None, family: str | None = None) -> list[str]:
        """Return the features of a prefix, image type and family; None: of all."""
        return [
            column
            for column, one in self.features.items()
            if prefix in (None, one.prefix) and image in (None, one.image) and family in (None, one.family)
        ]

    @property
    def coverage(self) -> pd.DataFrame:
        """Features of each family that the file has: prefix, image, family, found, of, absent (names, by comma).

        Features that pyradiomics computes when asked for by name only do not count.
        """
        columns = [one for name in (*self.features, *self.left_out) if (one := feature_name(name)) is not None]
        have: dict[tuple[str, str, str], set[str]] = {}
        for one in columns:
            have.setdefault((one.prefix, one.image, one.family), set()).add(one.name)
        rows = [
            (*group, len(names & {*FAMILIES[group[2]]}), len(FAMILIES[group[2]]),
             ", ".join(name for name in FAMILIES[group[2]] if name not in names))
            for group, names in have.items()
            if group[2] in FAMILIES
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=list(COVERAGE))


def read_radiomics(
    table: str | Path | pd.DataFrame,
    id: str = "pid",  # noqa: A002
    codebook: Codebook | str | Path | None = None,
) -> RadiomicTable:
    """Read a table of radiomic features.

    Parameters
    ----------
    table : CSV file, or a frame; one row a patient. Columns are named as pyradiomics names
        them, ``original_glcm_Contrast`` or, with a prefix for the sequence, ``T1_wavelet-LLH_glcm_Contrast``.
    id : column of the patients' ids. codebook : of the clinical columns that are to be kept (the id may stand in it);
        what it does not declare and is no feature is left out, with that reason.

    Returns
    -------
    RadiomicTable. Left out, each with its reason and together in one warning (I80): diagnostics, features that
    pyradiomics does not know, features that are missing or infinite in a patient, that are the same in all patients, or
    in every patient equal to an earlier one. Outcomes are not looked at.

    Raises
    ------
    DataContractError
        I78 no column is a feature; I81 no feature is left; what `Cohort.from_frame` and the CSV reader find.
    """
    raw = table.rename(columns=str) if isinstance(table, pd.DataFrame) else _text_table(Path(table))
    book = codebook if isinstance(codebook, Codebook) else Codebook.from_toml(codebook) if codebook else Codebook({})
    clinical = {id: book[id] if id in book else Variable(name=id, kind="id"), **book}
    named = {name: one for name in raw.columns if name not in clinical and (one := feature_name(name)) is not None}
    if not named:
        rule = "no column is named as pyradiomics names its features"
        raise DataContractError(Finding("I78", rule, "original_glcm_Contrast, say, or T1_original_glcm_Contrast"))
    left_out = _others(raw, {*named, *clinical}) | _unusable(raw, named)
    kept = {column: named[column] for column in named if column not in left_out}
    if not kept:
        raise DataContractError(Finding("I81", f"no feature is left: {_counted(left_out)}", "look at the table"))
    settings, doubts = _settings(raw)
    whole = Codebook({**clinical, **{column: _variable(column, one) for column, one in kept.items()}}, book.file)
    if isinstance(table, pd.DataFrame):
        cohort = Cohort.from_frame(raw[[name for name in whole if name in raw.columns]], id, whole)
    else:
        with warnings.catch_warnings():
            # the warning below says of every column why it is not declared
            warnings.filterwarnings("ignore", r"\[S04\]", PrognosisWarning)
            cohort = read_cohort(table, whole)
    if left_out:
        rule = f"{len(left_out)} columns are left out: {_counted(left_out)}"
        doubts.append(Finding("I80", rule, "left_out names each with its reason", severity="warning"))
    warn_findings(doubts)
    return RadiomicTable(cohort, kept, left_out, settings, tuple(doubts))


def _text_table(path: Path) -> pd.DataFrame:
    """Read all columns of a CSV file as texts."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = tuple(name.strip().strip('"') for name in file.readline().split(","))
    return read_csv_file(path, ",", None, header).frame


def _variable(column: str, one: FeatureName) -> Variable:
    # textures have no unit, and a factor of 1,000 between patients is nothing unusual in them
    return Variable(name=column, kind="numeric", label={"en": one.text}, one_unit_checked=True)


def _others(raw: pd.DataFrame, wanted: set[str]) -> dict[str, str]:
    """Columns that are neither features nor declared."""
    return {
        column: "diagnostics" if column.startswith(DIAGNOSTICS) else "not declared in a codebook"
        for column in raw.columns
        if column not in wanted
    }


def _unusable(raw: pd.DataFrame, named: Mapping[str, FeatureName]) -> dict[str, str]:
    """Features that cannot be predictors, with the reason."""
    left_out: dict[str, str] = {}
    seen: dict[bytes, str] = {}
    for column, one in named.items():
        x = np.array([_number(cell) for cell in raw[column]])
        if not one.known:
            left_out[column] = f"pyradiomics has no {one.family} feature {one.name}"
        elif not np.isfinite(x).all():
            left_out[column] = "missing or not finite in some patient"
        elif len(x) > 1 and np.ptp(x) == 0:
            left_out[column] = "the same in all patients"
        elif (earlier := seen.setdefault(x.tobytes(), column)) != column:
            left_out[column] = f"{EQUAL}{earlier}"
    return left_out


def _number(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return float("nan")


def _counted(left_out: Mapping[str, str]) -> str:
    kinds = Counter(EQUAL + "an earlier one" if why.startswith(EQUAL) else why for why in left_out.values())
    return "; ".join(f"{count} {why}" for why, count in kinds.items())


def _settings(raw: pd.DataFrame) -> tuple[dict[str, str], list[Finding]]:
    """Return how the features were extracted, and a doubt (I82) where that is not the same for all patients."""
    found: dict[str, str] = {}
    doubts: list[Finding] = []
    for column in (name for name in raw.columns if name.startswith(DIAGNOSTICS)):
        texts: Sequence[Any] = raw[column].astype(str).unique()
        name = column.removeprefix(DIAGNOSTICS)
        if name.startswith(("Versions", "Configuration")):
            found[name] = "; ".join(texts)
            if len(texts) > 1:
                rule = (
                    f"{len(texts)} settings or versions in one table: features of other bins or voxels do not compare"
                )
                doubts.append(Finding("I82", rule, "extract all patients in one way", column, severity="warning"))
    return found, doubts
